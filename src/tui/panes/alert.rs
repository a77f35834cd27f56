//! An alert in full: why it fires, whom that was told, who has it, and what became of it.

use uuid::Uuid;

use super::board::delivered;
use super::detail::{Line, labelled, say};
use super::timeline;
use crate::clock::{age, clock_span, duration_text};
use crate::fact::Fact;
use crate::notice::{Action, Severity};
use crate::plan::decisions::RulePlan;
use crate::probe::rules::is_instance_of;
use crate::room::alarms::{AlertNow, Shown};
use crate::room::{Room, judge, verdict};
use crate::text::escape;
use crate::tui::theme::Role;
use crate::tui::view::{Alarmed, View};
use crate::tui::widgets::pen::Pen;

/// Entries of its past shown at most.
const PAST: usize = 30;
/// Alerts of one name and state listed at most.
const LISTED: usize = 200;

/// Title, place and lines of the selected alert.
pub fn lines(room: &Room, view: &View, width: u16, pen: &Pen<'_>) -> (String, String, Vec<Line>) {
    let mut lines: Vec<Line> = Vec::new();
    if let Some(Alarmed::Kind(name)) = &view.alarm {
        return kind(room, view, name, width, pen);
    }
    let Some(Alarmed::Alert(name)) = &view.alarm else {
        return ("Alert".to_owned(), String::new(), vec![vec![("no alert is selected".to_owned(), Role::Dim)]]);
    };
    let alerts = room.alerts();
    let Some(alert) = alerts.iter().find(|a| a.name == *name) else {
        lines.push(vec![("it neither holds nor fires now".to_owned(), Role::Dim)]);
        past(room, view, name, width, &mut lines);
        return (escape(name), "alert".to_owned(), lines);
    };
    let (glyph, role) = match alert.state {
        Shown::Firing if alert.severity >= Severity::Page => (pen.glyphs().alarm, Role::Bad),
        Shown::Firing | Shown::Acknowledged => (pen.glyphs().warning, Role::Warn),
        Shown::Resolved => (pen.glyphs().done, Role::Good),
        _ => (pen.glyphs().pending, Role::Dim),
    };
    let lasted = clock_span((room.now.utc - alert.since).to_std().unwrap_or_default());
    lines.push(vec![(format!("{glyph} {}", alert.state.word()), role), (format!(" for {lasted}"), Role::Dim)]);
    if let Some((held, for_)) = alert.held {
        labelled(&mut lines, "held", &format!("{} of {}", clock_span(held), clock_span(for_)), width, Role::Text);
    }
    labelled(&mut lines, "because", &escape(&alert.why), width, Role::Text);
    if !alert.note.is_empty() {
        labelled(&mut lines, "and", &escape(&alert.note), width, Role::Text);
    }
    lines.push(Vec::new());
    match alert.rule(room) {
        Some(rule) => of_rule(room, rule, width, &mut lines),
        None => of_many(room, alert, width, &mut lines),
    }
    if alert.flaps > 1 {
        labelled(&mut lines, "flaps", &format!("{} times within the hour", alert.flaps), width, Role::Warn);
    }
    told(room, alert.episode, width, &mut lines);
    past(room, view, name, width, &mut lines);
    let hint = match alert.state {
        Shown::Resolved | Shown::Pending => "A silences it",
        _ => "A takes it on or silences it",
    };
    lines.push(Vec::new());
    lines.push(vec![(hint.to_owned(), Role::Faint)]);
    (escape(name), "alert".to_owned(), lines)
}

/// All alerts of one name: how many stand where, whom they were told, and each by its labels.
fn kind(room: &Room, view: &View, name: &str, width: u16, pen: &Pen<'_>) -> (String, String, Vec<Line>) {
    let mut lines: Vec<Line> = Vec::new();
    let mut all = room.alerts();
    all.retain(|a| is_instance_of(&a.name, name));
    let place = format!("{} alerts", all.len());
    for state in [
        Shown::Firing,
        Shown::Acknowledged,
        Shown::Inhibited,
        Shown::Silenced,
        Shown::Stale,
        Shown::Pending,
        Shown::Resolved,
    ] {
        let of: Vec<&AlertNow> = all.iter().filter(|a| a.state == state).collect();
        let Some(first) = of.first() else { continue };
        let (glyph, role) = match state {
            Shown::Firing if first.severity >= Severity::Page => (pen.glyphs().alarm, Role::Bad),
            Shown::Firing | Shown::Acknowledged => (pen.glyphs().warning, Role::Warn),
            Shown::Resolved => (pen.glyphs().done, Role::Good),
            _ => (pen.glyphs().pending, Role::Dim),
        };
        lines.push(vec![(format!("{glyph} {} {}", of.len(), state.word()), role)]);
        if !first.note.is_empty() {
            labelled(&mut lines, "and", &escape(&first.note), width, Role::Text);
        }
        for alert in of.iter().take(LISTED) {
            let labels = alert.name.strip_prefix(name).unwrap_or(&alert.name);
            let lasted = clock_span((room.now.utc - alert.since).to_std().unwrap_or_default());
            let words = format!("{}  {lasted}  {}", escape(labels), escape(&alert.why));
            say(&mut lines, &words, width, Role::Dim);
        }
        if of.len() > LISTED {
            say(&mut lines, &format!("… and {} more", of.len() - LISTED), width, Role::Faint);
        }
        lines.push(Vec::new());
    }
    if let Some(first) = all.iter().find(|a| a.state.fires()) {
        told(room, first.episode, width, &mut lines);
    }
    past(room, view, name, width, &mut lines);
    lines.push(Vec::new());
    lines.push(vec![("A takes them all on or silences them".to_owned(), Role::Faint)]);
    (escape(name), place, lines)
}

/// What a rule of a file or a source says of it.
fn of_many(room: &Room, alert: &AlertNow, width: u16, lines: &mut Vec<Line>) {
    for (word, value) in alert.words(room) {
        labelled(lines, &escape(&word), &escape(&value), width, Role::Dim);
    }
}

/// What a rule of the plan asks, and what it saw.
fn of_rule(room: &Room, rule: &RulePlan, width: u16, lines: &mut Vec<Line>) {
    labelled(lines, "rule", &escape(&rule.when.text), width, Role::Text);
    let mut terms = Vec::new();
    if !rule.for_.is_zero() {
        terms.push(format!("for {}", duration_text(rule.for_)));
    }
    if !rule.keep_for.is_zero() {
        terms.push(format!("kept {}", duration_text(rule.keep_for)));
    }
    if rule.latch {
        terms.push("stays until somebody takes it on".to_owned());
    }
    if !terms.is_empty() {
        labelled(lines, "terms", &terms.join(", "), width, Role::Dim);
    }
    let window = duration_text(judge::window(rule));
    for look in judge::looks_of(room, rule) {
        let metric = room.plan.metrics.iter().find(|m| look.text.starts_with(&m.name));
        let number = |value: f64| metric.map_or_else(|| format!("{value}"), |m| verdict::bound(m, value));
        let stands = match look.holds {
            Some(true) => "holds",
            Some(false) => "does not hold",
            None => "no data",
        };
        let mut facts = vec![stands.to_owned()];
        facts.extend(look.value.map(|v| format!("value {}", number(v))));
        facts.extend(look.threshold.map(|v| format!("threshold {}", number(v))));
        facts.push(format!("{} sample{} in {window}", look.samples, if look.samples == 1 { "" } else { "s" }));
        facts.extend(look.age.map(|s| format!("{} old", age(std::time::Duration::from_secs_f64(s.max(0.0))))));
        facts.extend(look.source.as_ref().map(|s| format!("from {}", escape(s))));
        let role = if look.holds.is_none() { Role::Warn } else { Role::Dim };
        labelled(lines, "seen", &format!("{}: {}", escape(&look.text), facts.join(", ")), width, role);
    }
    let tells: Vec<String> = rule.notify.iter().map(|name| escape(name)).collect();
    let tells = if tells.is_empty() { "nobody".to_owned() } else { tells.join(", ") };
    labelled(lines, "tells", &tells, width, Role::Dim);
    if let Some(place) = &rule.runbook {
        let line = place.line.map(|l| format!(", line {l}")).unwrap_or_default();
        labelled(lines, "what to do", &format!("{}{line}", escape(&place.name)), width, Role::Accent);
    }
    if let Some(service) = &rule.service {
        labelled(lines, "service", &escape(&service.name), width, Role::Dim);
    }
}

/// Whom it was told, and how that went.
fn told(room: &Room, episode: Option<Uuid>, width: u16, lines: &mut Vec<Line>) {
    let Some(episode) = episode else { return };
    let notices = room.progress.episodes.notices_about(episode);
    if !notices.is_empty() {
        lines.push(Vec::new());
    }
    for (stamp, notice, delivery) in notices {
        let what = match notice.action {
            Action::Trigger => "told",
            Action::Acknowledge => "told who has it",
            Action::Resolve | Action::Inform => "told that it is over",
            Action::Change | Action::Test => "a word",
        };
        let time = stamp.utc().with_timezone(&room.plan.room.zone).format("%H:%M:%S");
        let (how, role) = delivered(delivery.or_else(|| room.telling(notice.id)));
        labelled(lines, &escape(&notice.channel), &format!("{time}  {what}, {how}"), width, role);
    }
}

/// What the record says of it, the newest first.
fn past(room: &Room, view: &View, name: &str, width: u16, lines: &mut Vec<Line>) {
    let of = room.progress.timeline.values().rev().filter(|entry| match &entry.fact {
        Fact::AlertChanged { alert, .. } => alert.raw() == name,
        Fact::AlertAcknowledged { alert, .. } => alert.raw() == name || is_instance_of(name, alert.raw()),
        Fact::Silenced { alert, .. } => alert.as_ref().is_none_or(|a| a.raw() == name || is_instance_of(name, a.raw())),
        _ => false,
    });
    let mut first = true;
    for entry in of.take(PAST) {
        if first {
            lines.push(Vec::new());
            first = false;
        }
        let time = entry.stamp.utc().with_timezone(&room.plan.room.zone).format("%H:%M:%S");
        say(lines, &format!("{time}  {}", timeline::words(room, view, entry)), width, Role::Dim);
    }
}
