//! What is wrong now, the worst first: services that are not well, objectives that do not hold, numbers that are missing.

use ratatui::layout::Rect;

use crate::clock::{Now, clock_span};
use crate::fact::ServiceState;
use crate::room::{Room, causes, verdict};
use crate::text::escape;
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::View;
use crate::tui::widgets::pen::{Pen, cells};

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// How bad.
    pub role: Role,
    /// What.
    pub name: String,
    /// The word for it.
    pub word: String,
    /// More of it.
    pub reason: String,
    /// Since when.
    pub since: Option<Now>,
    /// The service whose failure this one follows from; such a one is listed, and not counted as firing.
    pub cause: Option<String>,
}

/// What is wrong now, the worst first: what is down, then the newest.
pub fn list(room: &Room) -> Vec<Alarm> {
    let mut out = Vec::new();
    let causes = causes::causes(room);
    for (ix, (plan, live)) in room.plan.services.iter().zip(&room.live.services).enumerate() {
        let state = super::services::state(room, ix);
        let role = match state {
            ServiceState::Down => Role::Bad,
            ServiceState::Stale if live.asked.is_some() => Role::Bad,
            ServiceState::Stale | ServiceState::Degraded => Role::Warn,
            _ => continue,
        };
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
        out.push(Alarm {
            role,
            name: escape(&plan.name),
            word: state.to_string(),
            reason,
            since: Some(live.since),
            cause,
        });
    }
    for (plan, live) in room.plan.metrics.iter().zip(&room.live.metrics) {
        if live.holds == Some(false) {
            let value = live.series.last().map(|p| verdict::number(plan, p.value)).unwrap_or_default();
            let objective = plan.objective.as_ref().map(|o| o.text.clone()).unwrap_or_default();
            out.push(Alarm {
                role: Role::Bad,
                name: escape(&plan.name),
                word: escape(&value),
                reason: format!("should be {}", escape(&objective)),
                since: Some(live.since),
                cause: None,
            });
        } else if live.trouble.is_some() || live.stale && live.fresh.is_some() {
            let reason = live.trouble.as_deref().map_or_else(|| "no value in time".to_owned(), escape);
            out.push(Alarm {
                role: Role::Warn,
                name: escape(&plan.name),
                word: "no data".to_owned(),
                reason,
                since: live.fresh,
                cause: None,
            });
        }
    }
    out.sort_by_key(|a| {
        (a.role != Role::Bad, a.cause.is_some(), a.word != "down", std::cmp::Reverse(a.since.map(|s| s.mono)))
    });
    out
}

/// How many are firing by themselves, and how many there are, without a word said: cheap enough for every frame.
pub fn count(room: &Room) -> (usize, usize) {
    let (mut firing, mut all) = (0, 0);
    let causes = causes::causes(room);
    for (ix, live) in room.live.services.iter().enumerate() {
        let bad = match super::services::state(room, ix) {
            ServiceState::Down => causes.get(ix).copied().flatten().is_none(),
            ServiceState::Stale => live.asked.is_some(),
            ServiceState::Degraded => false,
            _ => continue,
        };
        firing += usize::from(bad);
        all += 1;
    }
    for live in &room.live.metrics {
        let broken = live.holds == Some(false);
        firing += usize::from(broken);
        all += usize::from(broken || live.trouble.is_some() || live.stale && live.fresh.is_some());
    }
    (firing, all)
}

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let alarms = list(room);
    let firing = alarms.iter().filter(|a| a.role == Role::Bad && a.cause.is_none()).count();
    let (says, role) = match (firing, alarms.len()) {
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
    let names = alarms.iter().map(|a| cells(&a.name)).max().unwrap_or_default().clamp(8, (list.width / 3).max(8));
    // Where the words do not fit beside the name they stand under it, as far as there are rows to spare.
    let narrow = list.width < 70;
    let mut spare = if narrow { usize::from(list.height).saturating_sub(alarms.len()) } else { 0 };
    let mut y = list.y;
    for alarm in alarms.iter().skip(from) {
        if y >= list.bottom() {
            break;
        }
        let end = list.right();
        let glyph = if alarm.role == Role::Bad { pen.glyphs().alarm } else { pen.glyphs().warning };
        pen.put(list.x + 2, y, 1, glyph, alarm.role);
        pen.put(list.x + 4, y, names, &alarm.name, Role::Strong);
        let span = alarm.since.map(|s| clock_span(room.now.since(s))).unwrap_or_default();
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
