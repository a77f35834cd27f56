//! How things stand, as one JSON document with stable field names.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::rfc3339;
use crate::fact::StepId;
use crate::probe::Phases;
use crate::probe::slo::{Burn, BurnState};
use crate::room::{Room, Row, slo};
use crate::text::Untrusted;

/// What would run for a step, as a client of the control socket is told; secrets masked.
pub fn would_run(room: &Room, id: &Value, step: &StepId) -> Value {
    let commands = room.would_run(step);
    let commands: Vec<Value> = commands
        .iter()
        .map(|c| {
            json!({
                "command": c.index,
                "class": c.class,
                "reason": c.reason,
                "interpreter": c.reads.argv.join(" "),
                "terminal": c.terminal,
                "script": Untrusted::new(c.script.shown()),
                "folder": c.dir,
                "host": c.host,
                "environment": c.environment,
                "env": c.env,
                "timeout": c.timeout.as_secs_f64(),
                "word": c.word,
                "twice": c.twice,
                "against": c.against,
                "blocked": c.blocked,
                "warnings": c.warnings,
                "hash": c.hash,
            })
        })
        .collect();
    json!({ "id": id, "step": step, "would_run": commands })
}

/// The room as `status` tells it: times in RFC 3339 UTC, durations in seconds.
pub fn json(room: &Room) -> Value {
    let overall = room.overall();
    let late = room.book.leaves().filter(|s| room.late(s)).count();
    let next: Vec<Value> = if room.plan.roles.is_empty() {
        let mine = room.next_for(None);
        mine.map(|n| json!({ "role": room.me.author.role, "text": n.text, "why": n.why, "step": n.step }))
            .into_iter()
            .collect()
    } else {
        let each = room.next_by_role().into_iter();
        each.map(|(role, n)| json!({ "role": role, "text": n.text, "why": n.why, "step": n.step })).collect()
    };
    let causes = crate::room::causes::causes(room);
    let services: Vec<Value> = room
        .plan
        .services
        .iter()
        .zip(&room.live.services)
        .enumerate()
        .map(|(ix, (plan, live))| {
            let running = live.versions.running(plan.target_version.as_deref(), room.now);
            let versions = live.versions.counts(room.now).into_iter();
            let versions = versions.map(|(version, answers)| json!({ "version": version, "answers": answers }));
            json!({
                "name": plan.name,
                "kind": plan.kind,
                "state": live.state,
                "reason": live.reason,
                "since": rfc3339(live.since.utc),
                "age": live.asked.map(|at| room.now.since(at).as_secs_f64()),
                "latency": live.took.map(|t| t.as_secs_f64()),
                "code": live.last.as_ref().and_then(|r| r.code),
                "version": live.last.as_ref().and_then(|r| r.version.clone()),
                "target_version": plan.target_version,
                "running": running.word(),
                "versions": versions.collect::<Vec<_>>(),
                "says": live.last.as_ref().and_then(|r| r.says.clone()),
                "phases": phases(live.phases()),
                "tls_days": live.last.as_ref().and_then(|r| r.tls_days),
                "body": live.last.as_ref().map(|r| &r.excerpt).filter(|body| !body.raw().is_empty()),
                "because": room.because(&causes, ix),
            })
        })
        .collect();
    let metrics: Vec<Value> = room
        .plan
        .metrics
        .iter()
        .zip(&room.live.metrics)
        .map(|(plan, live)| {
            let state = match (live.current(), live.holds) {
                (None, _) => "no data",
                (Some(_), Some(true)) => "met",
                (Some(_), Some(false)) => "broken",
                (Some(_), None) => "no objective",
            };
            json!({
                "name": plan.name,
                "value": live.current(),
                "unit": plan.unit,
                "state": state,
                "reason": live.trouble,
                "age": live.series.last().map(|p| (room.now.utc - p.at).num_milliseconds() as f64 / 1000.0),
            })
        })
        .collect();
    let (own, because) = room.failures();
    let mut status = json!({
        "room": room.plan.room.name,
        "at": rfc3339(room.now.utc),
        "t": room.t().map(|t| t.0),
        "phase": room.current_phase().map(|p| p.title.clone()),
        "verdict": room.live.verdict.verdict,
        "reason": room.live.verdict.reason,
        "next": next,
        "services": services,
        "failures": { "own": own, "because_of_them": because },
        "metrics": metrics,
        "alerts": alerts(room),
        "paged_everybody": room.paged().map(|paged| json!({
            "at": rfc3339(paged.at.utc()),
            "text": paged.summary,
            "over": paged.over,
            "channels": paged.channels.iter().map(|(channel, how)| json!({ "channel": channel, "delivery": how })).collect::<Vec<_>>(),
        })),
        "board": room.trust(),
        "slos": slos(room),
        "gates": room.gates().iter().map(super::gate::json).collect::<Vec<_>>(),
        "level": super::way_back::level(room),
        "rollbacks": super::way_back::rollbacks(room),
        "breakers": super::way_back::breakers(room),
        "steps": { "done": overall.done, "total": overall.total, "late": late },
        "unsaved": room.unsaved.len(),
        "watch": match &room.live.watch {
            crate::room::Watch::Me { .. } => "here",
            crate::room::Watch::Other { .. } => "elsewhere",
            crate::room::Watch::Nobody => "nobody",
            crate::room::Watch::Unknown => "unknown",
        },
        "trouble": room.trouble,
        "hold": room.hold().map(|h| json!({
            "since": rfc3339(h.since), "lasted": h.lasted.as_secs_f64(), "reason": h.reason, "waits": h.waits,
        })),
        "clock": clock(room),
    });
    escape_strings(&mut status);
    status
}

/// The countdown: windows in force, the forecast, the latest safe moment, calls and timers.
fn clock(room: &Room) -> Value {
    let forecast = room.forecast();
    let windows: Vec<&str> = room.windows().map(|w| w.name.as_str()).collect();
    let phases: Vec<Value> = forecast
        .phases
        .iter()
        .filter_map(|(row, eta)| {
            let (book, phase) = (*row)?;
            let phase = room.book.phase_at(Row::Phase { book, phase })?;
            let due = room.phase_due(phase).map(rfc3339);
            Some(json!({ "phase": phase.title, "due": due, "begins": rfc3339(eta.begins), "ends": rfc3339(eta.ends) }))
        })
        .collect();
    let safe = forecast.drop_dead.map(|safe| {
        json!({
            "at": rfc3339(safe.at),
            "left": (safe.at - room.now.utc).num_seconds(),
            "window": rfc3339(safe.window),
            "work": safe.work.as_secs_f64(),
            "rollback": safe.rollback.map(|r| r.as_secs_f64()),
            "rollback_measured": safe.measured,
            "dwell": safe.dwell.as_secs_f64(),
            "unknown": safe.unknown,
        })
    });
    let calls: Vec<Value> = room
        .calls()
        .into_iter()
        .map(|c| json!({ "kind": c.kind, "name": c.name, "role": c.role, "due": rfc3339(c.due), "missed": room.now.utc >= c.missed_at() }))
        .collect();
    let timers: Vec<Value> = room
        .timers()
        .into_iter()
        .map(|t| json!({ "id": t.id, "due": rfc3339(t.due), "text": t.text, "for": t.whom }))
        .collect();
    json!({
        "t0": room.t0().map(rfc3339),
        "announced": room.announced_t0().map(rfc3339),
        "windows": windows,
        "profile": room.profile().map(|p| p.name.as_str()),
        "watched_until": room.watched_until().map(rfc3339),
        "every": room.live.pace.map(|every| every.as_secs_f64()),
        "phases": phases,
        "ends": forecast.ends.map(rfc3339),
        "latest_go": safe,
        "calls": calls,
        "timers": timers,
        "jump": room.clock_trouble(),
    })
}

/// Seconds of each phase that took place.
fn phases(phases: Phases) -> Value {
    let seconds = |span: Option<std::time::Duration>| span.map(|span| span.as_secs_f64());
    json!({
        "connect": seconds(phases.connect),
        "wait": seconds(phases.wait),
        "transfer": seconds(phases.transfer),
    })
}

/// Every alert that is not inactive, the worst first.
fn alerts(room: &Room) -> Vec<Value> {
    let alerts = room.alerts();
    let said = alerts.iter().map(|alert| {
        let rule = alert.rule(room);
        json!({
            "name": alert.name,
            "state": alert.state,
            "since": rfc3339(alert.since),
            "severity": alert.severity,
            "why": alert.why,
            "note": alert.note,
            "source": alert.source(room),
            "held": alert.held.map(|(held, _)| held.as_secs_f64()),
            "for": rule.map(|r| r.for_.as_secs_f64()),
            "episode": alert.episode,
            "flaps": alert.flaps,
            "looks": rule.map(|r| crate::room::judge::looks_of(room, r)),
            "told": alert.episode.map(|episode| told(room, episode)),
        })
    });
    said.collect()
}

/// Whom an episode was told, in the order it was queued.
fn told(room: &Room, episode: Uuid) -> Vec<Value> {
    let said = room.progress.episodes.notices_about(episode).into_iter().map(|(stamp, notice, delivery)| {
        json!({
            "channel": notice.channel,
            "action": notice.action,
            "at": rfc3339(stamp.utc()),
            "delivery": delivery.or_else(|| room.telling(notice.id)),
        })
    });
    said.collect()
}

/// Objectives with budgets: counts of requests, burn rates, and words for what is not known.
fn slos(room: &Room) -> Vec<Value> {
    let all = room.plan.slos.iter().zip(slo::judge_all(room));
    all.map(|(plan, now)| {
        let burn: Vec<Value> = now.burns.iter().map(burn).collect();
        let budget = now.budget.as_ref().ok();
        let spend = now.spend.as_ref().and_then(|s| s.as_ref().ok());
        json!({
            "name": plan.name,
            "target": plan.target,
            "state": now.state.word(),
            "reason": slo::sentence(&now),
            "budget_left": budget.map(|b| b.share_left * 100.0),
            "spent": budget.map(|b| b.spent),
            "allowed": budget.map(|b| b.allowed),
            "spend": plan.spend,
            "spend_left": spend.map(|s| s.spend.left()),
            "burn": burn,
        })
    })
    .collect()
}

fn burn(burn: &Burn) -> Value {
    let (state, reason) = match &burn.state {
        BurnState::Firing => ("firing", None),
        BurnState::Quiet => ("quiet", None),
        BurnState::NoData(why) => ("no data", Some(why)),
    };
    json!({
        "long": burn.pair.long.as_secs(),
        "short": burn.pair.short.as_secs(),
        "factor": burn.factor,
        "long_burn": burn.long,
        "short_burn": burn.short,
        "state": state,
        "reason": reason,
    })
}

/// Names and reasons of a plan come from its author: whatever could drive a terminal is made visible.
pub fn escape_strings(value: &mut Value) {
    match value {
        Value::String(text) if !crate::text::is_plain(text) => *text = crate::text::escape_block(text),
        Value::Array(items) => items.iter_mut().for_each(escape_strings),
        Value::Object(fields) => fields.values_mut().for_each(escape_strings),
        _ => {}
    }
}
