//! `warroom status`: one look at the room, out of its journal and tape where somebody watches, else by asking everything once.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commands::{Seated, journal_seen, say, sit, usable};
use super::desk::Desk;
use super::status;
use crate::cli;
use crate::clock::{age, clock_span, duration_text};
use crate::fact::ServiceState;
use crate::journal;
use crate::notice::Delivery;
use crate::probe::slo::{Burn, BurnState};
use crate::room::alerts::many;
use crate::room::trust::Trust;
use crate::room::{JournalHealth, Room, Watch, causes, slo, verdict};
use crate::text::escape;

/// Longer than this nobody waits for one look.
const MOST: Duration = Duration::from_secs(30);
/// Characters of a body that a line shows; all that is kept of it is in the JSON.
const BODY: usize = 120;
/// How long the tape of a room that is watched is read for numbers that are not there yet.
const TAPE: Duration = Duration::from_millis(1_500);

/// Looks once, prints, ends.
pub fn main(args: &cli::Show) -> anyhow::Result<ExitCode> {
    let setup = match usable(args.plan.as_deref())? {
        Ok(setup) => setup,
        Err(code) => return Ok(code),
    };
    let (journal_at, begun) = journal_seen(&setup, None)?;
    let seat = cli::Seat { read_only: true, ..cli::Seat::default() };
    let mut seated = sit(setup, &seat, journal_at, None)?;
    look(&mut seated, begun, Asking::Once);
    let room = &seated.desk.room;
    let text = match args.format {
        cli::Format::Json => serde_json::to_string_pretty(&status::json(room))?,
        cli::Format::Text => text(room),
    };
    seated.runtime.shutdown_background();
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a failure counts at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// One look does not ask twice: it does.
    Once,
    /// Whoever stays is asked again, as the plan says.
    Twice,
}

/// Lets the room see what there is to see.
#[expect(clippy::disallowed_methods, reason = "an edge of time: it waits for answers, each of which has its deadline")]
pub fn look(seated: &mut Seated, begun: bool, asking: Asking) {
    let Seated { desk, lanes, runtime, .. } = seated;
    let began = Instant::now();
    if !begun {
        desk.on_journal(journal::Event::Loaded);
        desk.on_journal(journal::Event::WatchNobody);
        at_once(desk, asking);
    }
    let longest = desk.room.plan.probes.iter().map(|p| p.every.min(MOST) + p.timeout).max().unwrap_or_default();
    let patience = longest.min(MOST) + Duration::from_secs(1);
    runtime.block_on(async {
        while began.elapsed() < patience && !seen(&desk.room, began.elapsed()) {
            tokio::select! {
                Some(event) = lanes.journal.recv() => {
                    let alone = matches!(event, journal::Event::WatchNobody);
                    desk.on_journal(event);
                    if alone {
                        at_once(desk, asking);
                    }
                }
                Some(event) = lanes.poll.recv() => { desk.on_poll(event); }
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
        }
    });
    desk.tick();
}

fn at_once(desk: &mut Desk, asking: Asking) {
    if asking == Asking::Twice {
        return;
    }
    let plan = Arc::make_mut(&mut desk.room.plan);
    plan.services.iter_mut().for_each(|s| s.retries = 0);
}

/// Whether there is nothing more to wait for.
fn seen(room: &Room, waited: Duration) -> bool {
    if room.journal == JournalHealth::Opening || room.live.watch == Watch::Unknown {
        return false;
    }
    let services = room.live.services.iter().all(|s| s.asked.is_some() || s.unknown.is_some());
    let metrics = room.live.metrics.iter().all(|m| m.fresh.is_some() || m.trouble.is_some());
    let probed = room.plan.metrics.iter().all(|m| m.from_probe.is_some());
    let elsewhere = matches!(room.live.watch, Watch::Other { .. });
    let mut counts = room.live.slos.iter().flat_map(|slo| &slo.counts);
    let counted = counts.all(|c| c.fresh.is_some() || c.trouble.is_some());
    services && (metrics || probed) && counted && many::all_heard(room) || elsewhere && waited > TAPE
}

/// The room in lines: where it stands, what is next, services, metrics, alerts.
fn text(room: &Room) -> String {
    let mut lines = Vec::new();
    let mut head = vec![escape(&room.plan.room.name)];
    head.extend(room.plan.room.environment.as_ref().map(|e| escape(&e.to_uppercase())));
    head.extend(room.t().map(|t| t.to_string()));
    head.extend(room.current_phase().map(|p| p.title.to_string()));
    lines.push(head.join(" · "));
    lines.push(format!("{}  {}", room.live.verdict.verdict, escape(&room.live.verdict.reason)));
    let overall = room.overall();
    if overall.total > 0 {
        let next = room.next_step().and_then(|n| room.step_text(&n.step));
        let next = next.map(|text| format!(", next: {}", escape(&text))).unwrap_or_default();
        lines.push(format!("{} of {} steps settled{next}", overall.done, overall.total));
    }
    lines.extend(countdown(room));
    match &room.live.watch {
        Watch::Other { by: Some(by), .. } => lines.push(format!("{} watches", by.person)),
        Watch::Nobody => lines.push("nobody watches: everything was asked once for this look".to_owned()),
        _ => {}
    }
    let trust = room.trust();
    if !trust.sound {
        lines.push(format!("the board is impaired: {}", escape(&trust.line())));
    }
    let causes = causes::causes(room);
    let rows: Vec<[String; 4]> = room
        .plan
        .services
        .iter()
        .zip(&room.live.services)
        .enumerate()
        .map(|(ix, (plan, live))| {
            let mut facts: Vec<String> = Vec::new();
            if live.state != ServiceState::Pending || live.asked.is_some() {
                facts.extend(live.last.as_ref().and_then(|l| l.code).map(|c| c.to_string()));
                facts.extend(live.last.as_ref().and_then(|l| l.version.as_ref()).map(ToString::to_string));
                facts.extend(live.last.as_ref().and_then(|l| l.says.as_ref()).map(ToString::to_string));
                let answered = matches!(live.state, ServiceState::Up | ServiceState::Degraded);
                facts.extend(live.took.filter(|_| answered).map(|t| format!("{} ms", t.as_millis())));
            }
            let cause = room.because(&causes, ix).map(|cause| format!("because {} is down: ", escape(cause)));
            let reason = format!("{}{}", cause.unwrap_or_default(), escape(&live.reason));
            [live.state.to_string(), escape(&plan.name), facts.join(" "), reason]
        })
        .collect();
    section(&mut lines, "services", &rows);
    let rows = room.plan.metrics.iter().zip(&room.live.metrics).map(|(plan, live)| {
        let (state, value) = match (live.current(), live.holds) {
            (Some(v), Some(true)) => ("met", verdict::number(plan, v)),
            (Some(v), Some(false)) => ("broken", verdict::number(plan, v)),
            (Some(v), None) => ("", verdict::number(plan, v)),
            (None, _) => ("no data", String::new()),
        };
        let mut more = plan.objective.as_ref().map(|o| format!("should be {}", escape(&o.text))).unwrap_or_default();
        if live.current().is_none() {
            more = escape(&verdict::missing(room, live));
        }
        [state.to_owned(), escape(&plan.name), escape(&value), more]
    });
    section(&mut lines, "metrics", &rows.collect::<Vec<_>>());
    let rows = room.plan.slos.iter().zip(slo::judge_all(room)).map(|(plan, now)| {
        [now.state.word().to_owned(), escape(&plan.name), escape(&plan.target), escape(&slo::sentence(&now))]
    });
    section(&mut lines, "budgets", &rows.collect::<Vec<_>>());
    section(&mut lines, "burning", &burns(room));
    let rows = room.alerts().into_iter().map(|a| {
        let lasted = (room.now.utc - a.since).to_std().unwrap_or_default();
        let held = a.held.map(|(held, of)| format!("for {} of {}", clock_span(held), clock_span(of)));
        let words = [escape(&a.why), held.unwrap_or_default(), escape(&a.note)];
        let note: Vec<String> = words.into_iter().filter(|words| !words.is_empty()).collect();
        let note = note.join("; ");
        [a.state.word().to_owned(), escape(&a.name), age(lasted), note]
    });
    section(&mut lines, "alerts", &rows.collect::<Vec<_>>());
    let rows = room.gates().into_iter().map(|g| {
        let (have, all) = g.counted;
        let votes = if all == 0 { String::new() } else { format!("votes {have}/{all}") };
        let word = if g.begun { g.verdict.to_string() } else { "not begun".to_owned() };
        [word, escape(&g.name), votes, escape(&g.reason)]
    });
    section(&mut lines, "gates", &rows.collect::<Vec<_>>());
    section(&mut lines, "sources", &sources(&trust));
    section(&mut lines, "channels", &channels(room, &trust));
    section(&mut lines, "last answers", &answers(room));
    lines.join("\n")
}

/// Each pair of windows of each objective.
fn burns(room: &Room) -> Vec<[String; 4]> {
    let all = room.plan.slos.iter().zip(slo::judge_all(room));
    let rows = all.flat_map(|(plan, now)| {
        let row = |burn: &Burn| {
            let windows = format!("{}/{}", duration_text(burn.pair.long), duration_text(burn.pair.short));
            let (state, why) = match &burn.state {
                BurnState::Firing => ("burning", String::new()),
                BurnState::Quiet => ("quiet", String::new()),
                BurnState::NoData(why) => ("no data", escape(why)),
            };
            let (long, short) = (slo::times(burn.long), slo::times(burn.short));
            let rates = format!("{long} and {short} of {}", slo::times(Some(burn.factor)));
            [state.to_owned(), escape(&plan.name), windows, format!("{rates} {why}").trim_end().to_owned()]
        };
        now.burns.iter().map(row).collect::<Vec<_>>()
    });
    rows.collect()
}

/// Where numbers come from.
fn sources(trust: &Trust) -> Vec<[String; 4]> {
    let rows = trust.sources.iter().map(|source| {
        let old = source.age.map(|s| format!("newest {} old", age(Duration::from_secs_f64(s.max(0.0)))));
        let mut more = vec![old.unwrap_or_else(|| "never answered".to_owned())];
        more.extend(source.latency.map(|s| format!("in {:.0} ms", s * 1e3)));
        more.extend(source.trouble.as_deref().map(escape));
        more.extend(source.last_error.as_deref().map(escape));
        [format!("{} of {}", source.seen, source.of), escape(&source.name), source.kind.to_owned(), more.join(", ")]
    });
    rows.collect()
}

/// Who is told, and how a page to everybody went.
fn channels(room: &Room, trust: &Trust) -> Vec<[String; 4]> {
    let rows = trust.channels.iter().map(|channel| {
        let (state, when) = match (&channel.delivered, channel.tested) {
            (Some(at), true) => ("tested", at.clone()),
            (Some(at), false) => ("delivered", at.clone()),
            (None, _) => ("never tried", String::new()),
        };
        let trouble = channel.trouble.as_deref().map(|why| format!("NOT delivered: {}", escape(why)));
        let state = if trouble.is_some() { "failing" } else { state };
        let more = [when, trouble.unwrap_or_default()].join(" ").trim().to_owned();
        [state.to_owned(), escape(&channel.name), channel.kind.to_owned(), more]
    });
    let mut rows: Vec<[String; 4]> = rows.collect();
    for (channel, how) in room.paged().map(|paged| paged.channels).unwrap_or_default() {
        let how = match how {
            Some(Delivery::Delivered { .. }) => "delivered".to_owned(),
            Some(Delivery::Refused { why, .. } | Delivery::Trying { why, .. }) => {
                format!("NOT delivered: {}", escape(why))
            }
            None => "on its way".to_owned(),
        };
        rows.push(["everybody".to_owned(), escape(channel), String::new(), how]);
    }
    rows
}

/// Where the time of the last answers went, and how they begin.
fn answers(room: &Room) -> Vec<[String; 4]> {
    let rows = room.plan.services.iter().zip(&room.live.services).filter_map(|(plan, live)| {
        let last = live.last.as_ref()?;
        let spans = [("connect", last.phases.connect), ("wait", last.phases.wait), ("transfer", last.phases.transfer)];
        let spans = spans.into_iter().filter_map(|(word, span)| Some(format!("{word} {} ms", span?.as_millis())));
        let mut facts: Vec<String> = spans.collect();
        facts.extend(last.tls_days.map(|days| format!("certificate {days} d")));
        let body: String = last.excerpt.escaped().chars().take(BODY).collect();
        if facts.is_empty() && body.is_empty() {
            return None;
        }
        Some([live.state.to_string(), escape(&plan.name), facts.join(" "), body])
    });
    rows.collect()
}

/// The countdown in lines: what holds it, until when going on is safe, the windows in force, what is next for each role.
fn countdown(room: &Room) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(hold) = room.hold() {
        lines.push(format!("HOLD {}: {}, {}", clock_span(hold.lasted), hold.reason, hold.waits));
    }
    if let Some(safe) = room.forecast().drop_dead {
        let at = safe.at.with_timezone(&room.plan.room.zone).format("%H:%M %Z");
        let left = match (safe.at - room.now.utc).to_std() {
            Ok(left) => format!("in {}", clock_span(left)),
            Err(_) => "PASSED".to_owned(),
        };
        let back = safe.way_back();
        lines.push(format!("latest go {at} ({left}), {back}"));
    }
    let windows: Vec<String> = room.windows().map(|w| escape(&w.name)).collect();
    if !windows.is_empty() {
        lines.push(format!("window {}", windows.join(", ")));
    }
    if let Some(profile) = room.profile() {
        let zone = room.plan.room.zone;
        let until =
            room.watched_until().map(|at| format!(", watched until {}", at.with_timezone(&zone).format("%H:%M %Z")));
        lines.push(format!("profile {}{}", escape(&profile.name), until.unwrap_or_default()));
    }
    for (role, next) in room.next_by_role() {
        if let Some(role) = role {
            lines.push(format!("next for {role}: {} ({})", next.text, next.why));
        }
    }
    lines
}

/// A titled table; nothing at all without rows.
fn section(lines: &mut Vec<String>, title: &str, rows: &[[String; 4]]) {
    if rows.is_empty() {
        return;
    }
    let wide = |ix: usize| rows.iter().filter_map(|r| r.get(ix)).map(|t| t.chars().count()).max().unwrap_or_default();
    let (a, b, c) = (wide(0), wide(1), wide(2));
    lines.push(String::new());
    lines.push(title.to_owned());
    for [state, name, facts, more] in rows {
        lines.push(format!("  {state:<a$}  {name:<b$}  {facts:<c$}  {more}").trim_end().to_owned());
    }
}
