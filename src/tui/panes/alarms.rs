//! What is wrong now, the worst first: alerts of the plan's rules, then services that are not well, objectives that do not hold,
//! numbers that are missing.

use std::collections::HashMap;
use std::time::Duration;

use ratatui::layout::Rect;

use crate::clock::clock_span;
use crate::fact::ServiceState;
use crate::notice::Severity;
use crate::room::alarms::{AlertNow, Shown};
use crate::room::alert::State;
use crate::room::alerts::RuleLive;
use crate::room::{Room, causes, verdict};
use crate::text::escape;
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::{Alarmed, View};
use crate::tui::widgets::pen::{Pen, cells};

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// How bad.
    pub role: Role,
    /// What it is about.
    pub about: Alarmed,
    /// What.
    pub name: String,
    /// The word for it.
    pub word: String,
    /// More of it.
    pub reason: String,
    /// For how long.
    pub lasted: Option<Duration>,
    /// The service whose failure this one follows from; such a one is listed, and not counted as firing.
    pub cause: Option<String>,
    /// How many it stands for.
    pub many: usize,
}

/// More alerts of one rule than this that stand alike are one row.
const APART: usize = 3;

/// What is wrong now, the worst first: alerts that nobody has, then what is down, then the rest, each the newest first.
pub fn list(room: &Room) -> Vec<Alarm> {
    let causes = causes::causes(room);
    let alerts = room.alerts();
    let mut out: Vec<Alarm> = rows(room, &alerts);
    let (services, metrics) = spoken_of(room);
    let mut rest = Vec::new();
    for (ix, (plan, live)) in room.plan.services.iter().zip(&room.live.services).enumerate() {
        let state = super::services::state(room, ix);
        let role = match state {
            ServiceState::Down => Role::Bad,
            ServiceState::Stale if live.asked.is_some() => Role::Bad,
            ServiceState::Stale | ServiceState::Degraded => Role::Warn,
            _ => continue,
        };
        if services.contains(&ix) {
            continue;
        }
        let reason = if state == ServiceState::Stale && live.state != state {
            "no answer in time".to_owned()
        } else {
            live.reason.clone()
        };
        let cause = room.because(&causes, ix).map(escape);
        let reason = match &cause {
            Some(cause) => format!("because {cause} is down: {}", escape(&reason)),
            None => escape(&reason),
        };
        rest.push(Alarm {
            role,
            about: Alarmed::Service(ix),
            name: escape(&plan.name),
            word: state.to_string(),
            reason,
            lasted: Some(room.now.since(live.since)),
            cause,
            many: 1,
        });
    }
    for (ix, (plan, live)) in room.plan.metrics.iter().zip(&room.live.metrics).enumerate() {
        if metrics.contains(&ix) {
            continue;
        }
        if live.holds == Some(false) {
            let value = live.series.last().map(|p| verdict::number(plan, p.value)).unwrap_or_default();
            let objective = plan.objective.as_ref().map(|o| o.text.clone()).unwrap_or_default();
            rest.push(Alarm {
                role: Role::Bad,
                about: Alarmed::Metric(ix),
                name: escape(&plan.name),
                word: escape(&value),
                reason: format!("should be {}", escape(&objective)),
                lasted: Some(room.now.since(live.since)),
                cause: None,
                many: 1,
            });
        } else if live.trouble.is_some() || live.stale && live.fresh.is_some() {
            let reason = live.trouble.as_deref().map_or_else(|| "no value in time".to_owned(), escape);
            rest.push(Alarm {
                role: Role::Warn,
                about: Alarmed::Metric(ix),
                name: escape(&plan.name),
                word: "no data".to_owned(),
                reason,
                lasted: live.fresh.map(|at| room.now.since(at)),
                cause: None,
                many: 1,
            });
        }
    }
    rest.sort_by_key(|a| (a.role != Role::Bad, a.cause.is_some(), a.word != "down", a.lasted));
    // What is over comes last.
    let over = out.iter().position(|a| a.role == Role::Good).unwrap_or(out.len());
    out.splice(over..over, rest);
    out
}

/// Services and metrics of which an alert says it already: twice is noise.
fn spoken_of(room: &Room) -> (Vec<usize>, Vec<usize>) {
    let (mut services, mut metrics) = (Vec::new(), Vec::new());
    let fires = |live: &RuleLive| live.main.alert.state == State::Firing;
    for (rule, _) in room.plan.rules.iter().zip(&room.live.rules).filter(|(_, live)| fires(live)) {
        for test in rule.when.expr.leaves() {
            services.extend(test.service().map(|s| s.ix.0 as usize));
            metrics.extend(test.metric().map(|m| m.ix.0 as usize));
        }
    }
    (services, metrics)
}

fn of_alert(room: &Room, alert: &AlertNow) -> Alarm {
    let role = match (alert.state, alert.severity) {
        (Shown::Firing, s) if s >= Severity::Page => Role::Bad,
        (Shown::Firing | Shown::Acknowledged, _) => Role::Warn,
        (Shown::Resolved, _) => Role::Good,
        _ => Role::Dim,
    };
    let mut word = alert.state.word().to_owned();
    if let Some((held, for_)) = alert.held {
        word = format!("{word} {}/{}", clock_span(held), clock_span(for_));
    }
    let mut reason = escape(&alert.why);
    if !alert.note.is_empty() {
        let note = escape(&alert.note);
        let first = alert.state == Shown::Firing || note.starts_with("will ");
        reason = if first { format!("{reason}; {note}") } else { format!("{note}; {reason}") };
    }
    if alert.flaps > 2 {
        reason = format!("{}th time this hour; {reason}", alert.flaps);
    }
    let lasted = (room.now.utc - alert.since).to_std().ok();
    Alarm {
        role,
        about: Alarmed::Alert(alert.name.clone()),
        name: escape(&alert.name),
        word,
        reason,
        lasted,
        cause: None,
        many: 1,
    }
}

/// Alerts as rows: of one rule that stand alike more than a few are one, where the first of them stands.
fn rows(room: &Room, alerts: &[AlertNow]) -> Vec<Alarm> {
    let kind = |a: &AlertNow| a.name.split_once('{').map(|(base, _)| (base.to_owned(), a.state, a.severity));
    let mut kinds: HashMap<_, Vec<&AlertNow>> = HashMap::new();
    for (kind, alert) in alerts.iter().filter_map(|a| Some((kind(a)?, a))) {
        kinds.entry(kind).or_default().push(alert);
    }
    let mut out = Vec::new();
    for alert in alerts {
        let Some(of) = kind(alert) else {
            out.push(of_alert(room, alert));
            continue;
        };
        match kinds.get(&of).map_or(0, Vec::len) {
            // The first of them has said it for all.
            0 => {}
            n if n <= APART => out.push(of_alert(room, alert)),
            _ => {
                let all = kinds.remove(&of).unwrap_or_default();
                out.push(of_kind(room, &of.0, alert, &all));
            }
        }
    }
    out
}

fn of_kind(room: &Room, base: &str, first: &AlertNow, all: &[&AlertNow]) -> Alarm {
    let firsts = || all.iter().take(APART).map(|a| escape(a.name.strip_prefix(base).unwrap_or(&a.name)));
    let names = firsts().collect::<Vec<_>>().join(", ");
    let note = if first.note.is_empty() { String::new() } else { format!("{}; ", escape(&first.note)) };
    let since = all.iter().map(|a| a.since).min();
    let first = of_alert(room, first);
    Alarm {
        about: Alarmed::Kind(base.to_owned()),
        name: format!("{} ×{}", escape(base), all.len()),
        reason: format!("{note}{names} and {} more", all.len().saturating_sub(APART)),
        lasted: since.and_then(|since| (room.now.utc - since).to_std().ok()),
        many: all.len(),
        ..first
    }
}

/// How many are firing by themselves, and how many there are, without a word said: cheap enough for every frame.
pub fn count(room: &Room) -> (usize, usize) {
    let (mut firing, mut all) = room.alert_counts();
    let causes = causes::causes(room);
    // What an alert says already counts there.
    let (services, metrics) = spoken_of(room);
    for (ix, live) in room.live.services.iter().enumerate().filter(|(ix, _)| !services.contains(ix)) {
        let bad = match super::services::state(room, ix) {
            ServiceState::Down => causes.get(ix).copied().flatten().is_none(),
            ServiceState::Stale => live.asked.is_some(),
            ServiceState::Degraded => false,
            _ => continue,
        };
        firing += usize::from(bad);
        all += 1;
    }
    for (_, live) in room.live.metrics.iter().enumerate().filter(|(ix, _)| !metrics.contains(ix)) {
        let broken = live.holds == Some(false);
        firing += usize::from(broken);
        all += usize::from(broken || live.trouble.is_some() || live.stale && live.fresh.is_some());
    }
    (firing, all)
}

/// The alarm that the keys act on: the selected one, else the first.
pub fn current(room: &Room, view: &View) -> Option<Alarm> {
    let mut list = list(room);
    let at = place(&list, view)?;
    Some(list.swap_remove(at))
}

/// Where in the list the selected alarm stands.
pub fn place(list: &[Alarm], view: &View) -> Option<usize> {
    let chosen = view.alarm.as_ref().and_then(|about| list.iter().position(|a| a.about == *about));
    chosen.or(if list.is_empty() { None } else { Some(0) })
}

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let alarms = list(room);
    let firing: usize = alarms.iter().filter(|a| a.role == Role::Bad && a.cause.is_none()).map(|a| a.many).sum();
    let open: usize = alarms.iter().filter(|a| a.role != Role::Good).map(|a| a.many).sum();
    let (says, role) = match (firing, open) {
        (0, 0) => (String::new(), Role::Dim),
        (0, n) => (format!("{n} to watch"), Role::Warn),
        (n, _) => (format!("{n} firing"), Role::Bad),
    };
    pen.head(area, "Alarms", view.focus == Pane::Alarms, &[], &[(says.as_str(), role)]);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if alarms.is_empty() {
        let asked =
            room.live.services.iter().any(|s| s.asked.is_some()) || room.live.metrics.iter().any(|m| m.fresh.is_some());
        let judged = !room.plan.services.is_empty() || !room.plan.metrics.is_empty();
        let (glyph, says, role) = match (judged, asked) {
            (false, _) => ("", "nothing is watched", Role::Dim),
            (true, false) => (pen.glyphs().pending, "waiting for the first answers", Role::Dim),
            (true, true) => (pen.glyphs().done, "nothing is wrong", Role::Good),
        };
        if list.height > 0 {
            let x = pen.put(list.x + 2, list.y, list.width.saturating_sub(2), glyph, role);
            pen.put(if glyph.is_empty() { x } else { x + 1 }, list.y, list.width.saturating_sub(4), says, Role::Dim);
        }
        return;
    }
    let from = view.scroll.get(Pane::Alarms.index()).copied().unwrap_or_default();
    let selected = place(&alarms, view).filter(|_| view.focus == Pane::Alarms);
    let names = alarms.iter().map(|a| cells(&a.name)).max().unwrap_or_default().clamp(8, (list.width / 3).max(8));
    // Where the words do not fit beside the name they stand under it, as far as there are rows to spare.
    let narrow = list.width < 70;
    let mut spare = if narrow { usize::from(list.height).saturating_sub(alarms.len()) } else { 0 };
    let mut y = list.y;
    for (ix, alarm) in alarms.iter().enumerate().skip(from) {
        if y >= list.bottom() {
            break;
        }
        let end = list.right();
        let glyph = match alarm.role {
            Role::Bad => pen.glyphs().alarm,
            Role::Good => pen.glyphs().done,
            Role::Dim => pen.glyphs().pending,
            _ => pen.glyphs().warning,
        };
        if selected == Some(ix) {
            pen.tint(Rect { y, height: 1, ..list }, Role::Selected);
            let cursor = pen.glyphs().cursor;
            pen.put(list.x, y, 1, cursor, Role::Accent);
        }
        pen.put(list.x + 2, y, 1, glyph, alarm.role);
        pen.put(list.x + 4, y, names, &alarm.name, Role::Strong);
        let span = alarm.lasted.map(clock_span).unwrap_or_default();
        let tail = 8.min(list.width / 4);
        pen.right(end.saturating_sub(tail), y, tail, &span, Role::Dim);
        let mut x = list.x + 4 + names + 2;
        let limit = end.saturating_sub(tail + 1);
        x = pen.put(x, y, limit.saturating_sub(x), &alarm.word, alarm.role) + 2;
        if spare > 0 {
            spare -= 1;
            y += 1;
            pen.put(list.x + 4, y, end.saturating_sub(list.x + 4), &alarm.reason, Role::Dim);
        } else if limit >= x + 12 {
            pen.put(x, y, limit.saturating_sub(x), &alarm.reason, Role::Dim);
        }
        y += 1;
    }
}
