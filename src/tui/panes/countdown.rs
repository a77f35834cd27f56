//! The countdown in words: holds, windows, the latest safe moment, timers and calls, for whichever pane has room for them.

use chrono::{DateTime, Utc};

use super::checklist::clock_time;
use crate::clock::{clock_span, duration_text};
use crate::fact::{CallKind, Fact, HoldUntil};
use crate::room::Room;
use crate::room::schedule::TimerSet;
use crate::text::escape;
use crate::tui::theme::Role;

/// `HOLD 2:10 waiting for gate canary-5`; the header says it beside the T-clock.
pub fn hold(room: &Room) -> Option<String> {
    let hold = room.hold()?;
    Some(format!("HOLD {} {}", clock_span(hold.lasted), hold.waits))
}

/// The windows in force, with how often is asked, and the profile: `critical 30s · hotfix until 12:15`.
pub fn windows(room: &Room) -> Option<String> {
    let names: Vec<String> = room.windows().map(|w| escape(&w.name)).collect();
    let every = room.live.pace.map(|every| format!(" {}", duration_text(every))).unwrap_or_default();
    let until = room.watched_until().map(|at| format!("until {}", clock_time(room, at)));
    let profile = room.profile().map(|p| {
        let until = until.map(|until| format!(" {until}")).unwrap_or_default();
        format!("{}{until}", escape(&p.name))
    });
    let windows = (!names.is_empty()).then(|| format!("{}{every}", names.join(", ")));
    match (windows, profile) {
        (Some(windows), Some(profile)) => Some(format!("{windows} · {profile}")),
        (one, other) => one.or(other),
    }
}

/// `latest go 13:42 (in 0:31), way back 1m12s measured`, with what is not known; red when it has passed.
pub fn drop_dead(room: &Room) -> Option<(String, Role)> {
    let safe = room.live.forecast.drop_dead?;
    let now = room.now.utc;
    let at = clock_time(room, safe.at);
    let mut text = match (safe.at - now).to_std() {
        Ok(left) => format!("latest go {at} (in {})", clock_span(left)),
        Err(_) => format!("latest go {at} PASSED {} ago", clock_span((now - safe.at).to_std().unwrap_or_default())),
    };
    let role = if safe.at <= now { Role::Bad } else { Role::Dim };
    if safe.rollback.is_some() && safe.unknown > 0 {
        text.push_str(", at most");
    }
    text.push_str(", ");
    text.push_str(&safe.way_back());
    Some((text, role))
}

/// The next timer to ring: `4:10 back to X`.
pub fn timer(room: &Room) -> Option<(String, Role)> {
    let timers = room.timers();
    let first = timers.first()?;
    let whom = first.whom.as_ref().map(|whom| format!("{whom}: ")).unwrap_or_default();
    let more = if timers.len() > 1 { format!(" (+{})", timers.len() - 1) } else { String::new() };
    if first.rings(room.now.utc) {
        return Some((format!("TIMER {whom}{}{more}", first.text), Role::Warn));
    }
    let left = (first.due - room.now.utc).to_std().unwrap_or_default();
    Some((format!("{} {whom}{}{more}", clock_span(left), first.text), Role::Dim))
}

/// What of the countdown nobody may overlook: a jump of the clock, timers that ring, calls that are due.
pub fn troubles(room: &Room) -> Vec<String> {
    let now = room.now.utc;
    let mut out: Vec<String> = room.clock_trouble().map(str::to_owned).into_iter().collect();
    let late = |due: DateTime<Utc>| clock_span((now - due).to_std().unwrap_or_default());
    // Whose it is sees a due one as what is next; a missed one is everybody's business.
    for call in room.calls().iter().filter(|call| now >= call.missed_at()) {
        let who = call.role.as_ref().map(|role| format!("{}: ", escape(role))).unwrap_or_default();
        out.push(format!("{who}{} (MISSED {})", call.asks(), late(call.due)));
    }
    for timer in room.timers().iter().filter(|timer| timer.rings(now)) {
        let whom = timer.whom.as_ref().map(|whom| format!("{whom}: ")).unwrap_or_default();
        out.push(format!("TIMER {whom}{} ({} ago)", timer.text, late(timer.due)));
    }
    out
}

/// What a fact about the countdown says, escaped; `None` for every other fact.
pub fn words(room: &Room, fact: &Fact) -> Option<String> {
    let clock = |at: &DateTime<Utc>| at.with_timezone(&room.plan.room.zone).format("%H:%M:%S").to_string();
    let timer = |id: &uuid::Uuid| {
        let set: Option<&TimerSet> = room.progress.schedule.timers.get(id).and_then(|timer| timer.set.as_ref());
        set.map_or_else(|| "a timer".to_owned(), |set| set.text.to_string())
    };
    Some(match fact {
        Fact::HoldBegan { reason, until, .. } => {
            let until = match until {
                HoldUntil::Said => "until somebody who decides says so".to_owned(),
                HoldUntil::Time { at } => format!("until {}", clock(at)),
                HoldUntil::Gate { gate } => format!("until gate {}", escape(gate)),
                HoldUntil::Steps { not_before: None } => "until every step before it is settled".to_owned(),
                HoldUntil::Steps { not_before: Some(at) } => {
                    format!("until every step before it is settled, not before {}", clock(at))
                }
            };
            format!("HOLD {until}: {reason}")
        }
        Fact::HoldEnded { hold, at, reason } => {
            let began = room.progress.schedule.holds.get(hold).and_then(|hold| hold.began.as_ref());
            let held = began.and_then(|began| (*at - began.at).to_std().ok());
            let held = held.map(|held| format!(" after {}", clock_span(held))).unwrap_or_default();
            format!("the clock goes on{held}: {reason}")
        }
        Fact::Recycled { phase, t0, reason, .. } => format!("back to {phase}, T-0 is {}: {reason}", clock(t0)),
        Fact::Irregular { step, how } => {
            format!("out of turn, {how}: {}", room.step_text(step).unwrap_or_else(|| format!("step {step}")))
        }
        Fact::WindowsChanged { windows, every } => {
            let every = every.map(std::time::Duration::try_from_secs_f64).and_then(Result::ok);
            let every = every.map(|every| format!(", asking every {}", duration_text(every))).unwrap_or_default();
            if windows.is_empty() {
                format!("no window is in force{every}")
            } else {
                format!("window {}{every}", escape(&windows.join(", ")))
            }
        }
        Fact::WindowExtended { window, minutes, reason } => {
            format!("window {} lasts {minutes} min longer: {reason}", escape(window))
        }
        Fact::CallAnswered { call: CallKind::CheckIn, name, text, .. } => {
            format!("checks in for {}: {text}", escape(name))
        }
        Fact::CallAnswered { call: CallKind::Drumbeat, name, text, .. } => format!("said {}: {text}", escape(name)),
        Fact::TimerSet { due, text, whom, .. } => {
            let whom = whom.as_ref().map(|whom| format!("{whom}: ")).unwrap_or_default();
            format!("timer for {}: {whom}{text}", clock(due))
        }
        Fact::TimerRang { timer: id } => format!("TIMER {}", timer(id)),
        Fact::TimerEnded { timer: id, text } => format!("timer {} is done with: {text}", timer(id)),
        Fact::ClockStepped { by_ms } => format!("clock stepped {:+} s", (*by_ms as f64 / 1_000.0).round() as i64),
        Fact::Suspended { ms } => {
            format!("the machine was suspended {}", duration_text(std::time::Duration::from_secs(ms / 1_000)))
        }
        _ => return None,
    })
}
