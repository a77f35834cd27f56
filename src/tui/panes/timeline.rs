//! What happened, newest first.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use ratatui::layout::Rect;

use super::checklist::scrollbar;
use crate::clock::{Stamp, age};
use crate::fact::gate::{Stand, Vote};
use crate::fact::retreat::Hand;
use crate::fact::{AlertWord, Entry, Fact, Mark, RunVerdict, ServiceState, There, Verdict};
use crate::notice::{Delivery, Severity};
use crate::room::{JournalHealth, Room, apply};
use crate::text::escape;
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::View;
use crate::tui::widgets::glyphs::Glyphs;
use crate::tui::widgets::pen::{Pen, cells};

/// Changes of one service within so many milliseconds are one line.
const FLAP: i64 = 60_000;

/// Cells that the words have at least before something gives way.
const LEAST: u16 = 16;

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let total = room.progress.timeline.len();
    let says = match total {
        0 => String::new(),
        n if n >= apply::TIMELINE => format!("the last {n}"),
        n => format!("{n}"),
    };
    pen.head(area, "Timeline", view.focus == Pane::Timeline, &[], &[(says.as_str(), Role::Dim)]);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if total == 0 && list.height > 0 {
        let says =
            if room.journal == JournalHealth::Opening { "reading the journal…" } else { "nothing has happened yet" };
        pen.put(list.x + 2, list.y, list.width.saturating_sub(2), says, Role::Dim);
        return;
    }
    let from = view.scroll.get(Pane::Timeline.index()).copied().unwrap_or_default();
    let lines = lines(room);
    let shown: Vec<_> = lines.iter().skip(from).take(usize::from(list.height)).collect();
    let people =
        shown.iter().map(|line| cells(&line.newest.by.person.to_string())).max().unwrap_or_default().clamp(2, 12);
    // Where little would be left for what happened, it goes before who and the second.
    let narrow = list.width < 2 + 8 + 2 + 2 + people + 1 + LEAST + 1;
    let form = if narrow { "%H:%M" } else { "%H:%M:%S" };
    for (i, line) in shown.into_iter().enumerate() {
        let entry = line.newest;
        let y = list.y + i as u16;
        let time = entry.stamp.utc().with_timezone(&room.plan.room.zone).format(form).to_string();
        let mut x = pen.put(list.x + 2, y, 8, &time, Role::Faint) + 2;
        let (glyph, role) = picture(pen.glyphs(), &entry.fact);
        let end = list.right().saturating_sub(1);
        x = pen.put(x, y, 1, glyph, role) + 1;
        let by_machine = matches!(
            entry.fact,
            Fact::ServiceChanged { .. }
                | Fact::VerdictChanged { .. }
                | Fact::TaskFailed { .. }
                | Fact::AlertChanged { .. }
                | Fact::NoticeQueued { .. }
                | Fact::NoticeTold { .. }
                | Fact::ChannelLeads { .. }
                | Fact::GateTurned { .. }
                | Fact::LevelChanged { .. }
                | Fact::RollbackMoved { hand: Hand::Room, .. }
        );
        if narrow && matches!(entry.fact, Fact::WatchTaken { .. }) {
            // Here the person is what happened.
            x = pen.put(x, y, people.min(end.saturating_sub(x)), &entry.by.person.to_string(), Role::Dim) + 1;
        } else if !by_machine && !narrow {
            pen.put(x, y, people.min(end.saturating_sub(x)), &entry.by.person.to_string(), Role::Dim);
            x += people + 1;
        }
        let tone = match role {
            Role::Bad | Role::Warn | Role::Accent => role,
            Role::Good if by_machine => role,
            _ => Role::Text,
        };
        pen.put(x, y, end.saturating_sub(x), &line.words(room, view), tone);
    }
    scrollbar(pen, list, from, lines.len());
}

/// How many lines there are to scroll through.
pub fn count(room: &Room) -> usize {
    lines(room).len()
}

/// An entry, or what a service went through within [`FLAP`].
struct Line<'a> {
    newest: &'a Entry,
    /// When the first of them was.
    since: Stamp,
    /// How many entries it stands for.
    changes: usize,
}

impl Line<'_> {
    fn words(&self, room: &Room, view: &View) -> String {
        match &self.newest.fact {
            Fact::ServiceChanged { service, to, reason, .. } if self.changes > 1 => {
                let span = age(Duration::from_millis((self.newest.stamp.ms - self.since.ms).unsigned_abs()));
                let head = format!("{service} {to} ({} changes in {span})", self.changes);
                if reason.raw().is_empty() { head } else { format!("{head}, {reason}") }
            }
            Fact::AlertChanged { alert, to, .. } if self.changes > 1 => {
                format!("{} ×{} {to}", escape(kind(alert.raw())), self.changes)
            }
            _ => words(room, view, self.newest),
        }
    }
}

/// What alerts of one rule have in common: the name before the labels.
fn kind(alert: &str) -> &str {
    alert.split_once('{').map_or(alert, |(name, _)| name)
}

/// The lines, newest first. Alerts of one rule that go the same way one after the other are one line with their number. A
/// service that comes and goes is one line with a count for each minute, though the verdict and other services change with it;
/// what a person did stays where it was between the changes.
fn lines(room: &Room) -> Vec<Line<'_>> {
    let mut out: Vec<Line<'_>> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    let mut alike: HashMap<(&str, Discriminant<AlertWord>), usize> = HashMap::new();
    for entry in room.progress.timeline.values().rev() {
        match &entry.fact {
            Fact::ServiceChanged { service, .. } => {
                let line = open.get(service.raw()).and_then(|at| out.get_mut(*at));
                if let Some(line) = line.filter(|line| line.newest.stamp.ms - entry.stamp.ms <= FLAP) {
                    line.changes += 1;
                    line.since = entry.stamp;
                    continue;
                }
                open.insert(service.raw(), out.len());
            }
            Fact::AlertChanged { alert, to, .. } if alert.raw().contains('{') => {
                let of = (kind(alert.raw()), discriminant(to));
                let line = alike.get(&of).and_then(|at| out.get_mut(*at));
                if let Some(line) = line.filter(|line| line.newest.stamp.ms - entry.stamp.ms <= FLAP) {
                    line.changes += 1;
                    line.since = entry.stamp;
                    continue;
                }
                open.clear();
                alike.insert(of, out.len());
            }
            Fact::VerdictChanged { .. } => {}
            // Criteria that begin to hold, or to be waited for, are seen at the gate itself.
            Fact::GateTurned { to, .. } if *to != Stand::Broken => continue,
            _ => {
                open.clear();
                alike.clear();
            }
        }
        out.push(Line { newest: entry, since: entry.stamp, changes: 1 });
    }
    out
}

fn picture(g: &Glyphs, fact: &Fact) -> (&'static str, Role) {
    match fact {
        Fact::StepMarked { mark, .. } => match mark {
            Mark::Todo => (g.todo, Role::Dim),
            Mark::Running => (g.running, Role::Accent),
            Mark::Done => (g.done, Role::Good),
            Mark::Failed => (g.failed, Role::Bad),
            Mark::Skipped => (g.skipped, Role::Dim),
            Mark::NotApplicable => (g.not_applicable, Role::Dim),
            Mark::Waived => (g.waived, Role::Dim),
        },
        Fact::ServiceChanged { to, .. } => match to {
            ServiceState::Up => (g.up, Role::Good),
            ServiceState::Down => (g.failed, Role::Bad),
            ServiceState::Degraded => (g.degraded, Role::Warn),
            ServiceState::Stale => (g.pending, Role::Warn),
            _ => (g.maintenance, Role::Dim),
        },
        Fact::VerdictChanged { verdict, .. } => match verdict {
            Verdict::Go => (g.done, Role::Good),
            Verdict::NoGo => (g.alarm, Role::Bad),
            Verdict::Wait => (g.warning, Role::Warn),
        },
        Fact::AlertChanged { to, severity, .. } => match to {
            AlertWord::Firing if *severity >= Severity::Page => (g.alarm, Role::Bad),
            AlertWord::Firing => (g.warning, Role::Warn),
            AlertWord::Pending => (g.pending, Role::Dim),
            AlertWord::Resolved => (g.done, Role::Good),
            AlertWord::Withdrawn => (g.dot, Role::Dim),
        },
        Fact::PlanReloaded { accepted: false, .. }
        | Fact::HoldBegan { .. }
        | Fact::TimerRang { .. }
        | Fact::Irregular { .. }
        | Fact::Recycled { .. }
        | Fact::ClockStepped { .. }
        | Fact::GateTurned { to: Stand::Broken, .. }
        | Fact::CommandLeft { .. }
        | Fact::Suspended { .. } => (g.warning, Role::Warn),
        Fact::ChannelLeads { left_open, .. } if !left_open.is_empty() => (g.warning, Role::Warn),
        Fact::NoticeTold { delivery: Delivery::Refused { .. } | Delivery::Trying { .. }, .. }
        | Fact::TaskFailed { .. }
        | Fact::TerminalLost
        | Fact::CommandStopped { because: Some(_), .. }
        | Fact::GateDecided { overridden: true, .. } => (g.alarm, Role::Bad),
        Fact::StepTicked(_)
        | Fact::GateDecided { verdict: Verdict::Go, .. }
        | Fact::GateVoted { vote: Vote::Go, .. }
        | Fact::CallAnswered { .. } => (g.done, Role::Good),
        Fact::GateDecided { .. } | Fact::GateVoted { vote: Vote::NoGo, .. } => (g.failed, Role::Bad),
        Fact::CommandStarted(_) => (g.running, Role::Accent),
        Fact::CommandEnded(end) => match end.verdict {
            RunVerdict::Pass => (g.done, Role::Good),
            RunVerdict::Fail => (g.failed, Role::Bad),
            RunVerdict::Unknown => (g.warning, Role::Warn),
        },
        other => super::way::picture(g, other).unwrap_or((g.dot, Role::Dim)),
    }
}

fn told(room: &Room, id: uuid::Uuid, delivery: &Delivery) -> String {
    let (channel, summary) = room.progress.episodes.notice(id).map_or_else(
        || ("somebody".to_owned(), "something".to_owned()),
        |n| (crate::text::escape(&n.channel), n.summary.to_string()),
    );
    match delivery {
        Delivery::Delivered { .. } => format!("{channel} was told: {summary}"),
        Delivery::Refused { why, .. } => {
            format!("{channel} was NOT told, it refused ({}): {summary}", crate::text::escape(why))
        }
        Delivery::Trying { tries, why, .. } => {
            let times = if *tries == 1 { "try" } else { "tries" };
            format!("{channel} is NOT told yet, {tries} {times} ({}): {summary}", crate::text::escape(why))
        }
    }
}

fn of_run(room: &Room, run: uuid::Uuid) -> String {
    let started = room.progress.attempts.get(run).and_then(|a| a.started.as_ref());
    started.map_or_else(|| "a run".to_owned(), |(.., run)| run.what.to_string())
}

/// What an entry says, in words; everything from outside escaped.
pub fn words(room: &Room, view: &View, entry: &Entry) -> String {
    let step = |id| match view.derived.node_of(id) {
        Some(node) => view.derived.text(room, node),
        None => format!("step {id}"),
    };
    let why = |reason: &Option<crate::text::Untrusted>| reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
    match &entry.fact {
        Fact::StepMarked { step: id, mark: Mark::Done, .. } => step(id),
        Fact::StepMarked { step: id, mark, reason, .. } => {
            format!("{} {}{}", apply::mark_word(*mark), step(id), why(reason))
        }
        Fact::StepTicked(it) => format!("{}, {}", step(&it.step), crate::text::escape(&it.to_string())),
        Fact::Noted { step: Some(id), text } => format!("\"{text}\" on {}", step(id)),
        Fact::Noted { step: None, text } => format!("\"{text}\""),
        Fact::StepOwned { step: id, owner: Some(owner) } => format!("{owner} owns {}", step(id)),
        Fact::StepOwned { step: id, owner: None } => format!("nobody owns {}", step(id)),
        Fact::StepAdded { text, .. } => format!("added {text}"),
        Fact::T0Set { t0: Some(t0) } => {
            format!("T-0 is {}", t0.with_timezone(&room.plan.room.zone).format("%-d %b %H:%M:%S %Z"))
        }
        Fact::T0Set { t0: None } => "T-0 is unset".to_owned(),
        Fact::ParamSet { name, value: Some(value) } => format!("{} is {value}", crate::text::escape(name)),
        Fact::ParamSet { name, value: None } => format!("{} is open again", crate::text::escape(name)),
        Fact::ProfileChosen { profile: Some(name) } => {
            let plan = room.plan.profiles.iter().find(|p| p.name == *name);
            let watched =
                plan.and_then(|p| p.monitor).map(|m| format!(", watched for {}", crate::clock::duration_text(m)));
            format!("profile {}{}", crate::text::escape(name), watched.unwrap_or_default())
        }
        Fact::ProfileChosen { profile: None } => "all of the runbook, without a profile".to_owned(),
        Fact::ServiceChanged { service, to, reason, .. } => {
            let reason = reason.to_string();
            if reason.is_empty() { format!("{service} {to}") } else { format!("{service} {to}, {reason}") }
        }
        Fact::VerdictChanged { verdict, reason } => format!("{verdict}: {reason}"),
        Fact::RoomOpened { name, .. } => format!("opened the room {name}"),
        Fact::RunbookLoaded { renames, .. } if renames.is_empty() => "runbook read".to_owned(),
        Fact::RunbookLoaded { renames, .. } => format!("runbook read again, {} steps moved", renames.len()),
        Fact::WatchTaken { .. } => "has the watch".to_owned(),
        Fact::PlanReloaded { accepted: true, summary } => format!("plan read again: {summary}"),
        Fact::PlanReloaded { accepted: false, summary } => format!("plan not taken: {summary}"),
        Fact::TaskFailed { task, message } => {
            format!("{} broke and was started again: {message}", crate::text::escape(task))
        }
        Fact::TerminalLost => "lost the terminal".to_owned(),
        Fact::JournalMended { why, carried, .. } => format!("journal mended: {why}; {carried} entries carried over"),
        Fact::RoomClosed { reason } => format!("closed the room: {reason}"),
        Fact::AlertChanged { alert, to, why, .. } => format!("{alert} {to}: {why}"),
        Fact::AlertAcknowledged { alert, owner: Some(owner), text, .. } => {
            format!("{owner} looks after {alert}: {text}")
        }
        Fact::AlertAcknowledged { alert, text, .. } => format!("looks after {alert}: {text}"),
        Fact::Silenced { alert, until, reason, .. } => {
            let what = alert.as_ref().map_or_else(|| "every alert".to_owned(), ToString::to_string);
            let until = until.with_timezone(&room.plan.room.zone).format("%H:%M");
            format!("silenced {what} until {until}: {reason}")
        }
        Fact::SilenceLifted { silence } => {
            let of = room.progress.episodes.silence(*silence).and_then(|s| s.alert.clone());
            format!("ended the silence of {}", of.map_or_else(|| "every alert".to_owned(), |name| name.to_string()))
        }
        Fact::SilencedThere { silence, there } => {
            let of = room.progress.episodes.silence(*silence).and_then(|s| s.alert.clone());
            let of = of.map_or_else(|| "an alert".to_owned(), |name| name.to_string());
            match there {
                There::Created { .. } => format!("{of} is silenced where it is judged"),
                There::Failed { why } => format!("{of} is NOT silenced where it is judged: {why}"),
            }
        }
        Fact::NoticeQueued { notice } => {
            format!("to {}: {}", crate::text::escape(&notice.channel), notice.summary)
        }
        Fact::NoticeTold { notice, delivery } => told(room, *notice, delivery),
        Fact::ChannelLeads { channel, left_open, .. } if left_open.is_empty() => {
            format!("where {} leads is noted: a change will be told", crate::text::escape(channel))
        }
        Fact::ChannelLeads { channel, left_open, .. } => {
            let channel = crate::text::escape(channel);
            let open: Vec<String> = left_open.iter().map(ToString::to_string).collect();
            format!("{channel} leads elsewhere now; open where it led before: {}", open.join(", "))
        }
        Fact::BaselineTaken { from, until, metrics } => {
            let zone = &room.plan.room.zone;
            let clock = |at: &chrono::DateTime<chrono::Utc>| at.with_timezone(zone).format("%H:%M:%S").to_string();
            format!("baseline of {} metrics, {} to {}", metrics.len(), clock(from), clock(until))
        }
        Fact::GateVoted { gate, role, vote, comment } => {
            let comment = if comment.raw().is_empty() { String::new() } else { format!(": {comment}") };
            match vote {
                Vote::Withdrawn => format!("takes the vote on {gate} back{comment}"),
                vote => format!("{vote} on {gate} for {role}{comment}"),
            }
        }
        Fact::GateTurned { gate, to, why, .. } => format!("gate {gate} {to}: {why}"),
        Fact::GateDecided { gate, verdict, overridden, reason, .. } => {
            let how = if *overridden { " BY OVERRIDE" } else { "" };
            let why = if reason.raw().is_empty() { String::new() } else { format!(": {reason}") };
            format!("gate {gate}: {verdict}{how}{why}")
        }
        Fact::GateReopened { gate, reason, .. } => format!("opened the gate {gate} again: {reason}"),
        Fact::CommandStarted(run) => {
            let attempt = if run.attempt > 1 { format!(", attempt {}", run.attempt) } else { String::new() };
            let reason = run.reason.as_ref().map(|r| format!(", because {r}")).unwrap_or_default();
            format!("runs {} on {}{attempt}{reason}: {}", run.what, run.host, step(&run.step))
        }
        Fact::CommandStopped { run, because: Some(because) } => {
            format!("ABORTED {} by itself: {because}", of_run(room, *run))
        }
        Fact::CommandStopped { run, because: None } => format!("stops {}", of_run(room, *run)),
        Fact::CommandLeft { run, pid } => format!("went away and left {} running, pid {pid}", of_run(room, *run)),
        Fact::CommandEnded(end) => {
            let took = age(Duration::from_millis(end.took));
            format!("{} {} after {took}: {}", of_run(room, end.run), end.verdict, end.why)
        }
        Fact::Unknown => "something this version does not know".to_owned(),
        other => super::countdown::words(room, other).or_else(|| super::way::words(other)).unwrap_or_default(),
    }
}
