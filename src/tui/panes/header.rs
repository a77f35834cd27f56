//! The first line: environment, room, phase, T-clock, clocks, who is here, alarms.

use ratatui::layout::Rect;

use super::{alarms, countdown};
use crate::fact::Author;
use crate::room::{Room, Watch};
use crate::text::escape;
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::View;
use crate::tui::widgets::pen::{Pen, cells};

/// Draws the line.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    pen.fill(area, Role::Bar);
    let (y, end) = (area.y, area.right());
    // The clocks keep their place; what is left of them is cut, what is right of them gives way.
    let zone = room.plan.room.zone;
    let t = room.t().map_or_else(|| "T –".to_owned(), |t| t.to_string());
    let mut clocks = vec![(t, Role::Strong), ("  ".to_owned(), Role::Text)];
    if let Some(hold) = countdown::hold(room) {
        let most = usize::from(area.width / 3).max(10);
        clocks.insert(1, (format!(" {}", crate::text::truncate(&hold, most)), Role::Warn));
    }
    clocks.push((format!("{}", room.now.utc.with_timezone(&zone).format("%H:%M:%S %Z")), Role::Text));
    if let Some(window) = countdown::windows(room).filter(|_| area.width >= 120) {
        clocks.push((format!("  {window}"), Role::Accent));
    }
    if area.width >= 140 {
        let mut zones = room.plan.room.show_zones.clone();
        if zone != chrono_tz::Tz::UTC {
            zones.insert(0, chrono_tz::Tz::UTC);
        }
        for other in zones.iter().filter(|z| **z != zone).take(2) {
            let city = other.name().rsplit('/').next().unwrap_or_default().replace('_', " ");
            clocks.push((format!("  {} {city}", room.now.utc.with_timezone(other).format("%H:%M")), Role::Dim));
        }
    }
    let clocks_wide: u16 = clocks.iter().map(|(text, _)| cells(text)).sum();
    let mut ranked = people(room, pen);
    let badge =
        room.plan.room.environment.as_ref().map(|e| format!(" {} ", escape(&e.to_uppercase()))).unwrap_or_default();
    let name = escape(&room.plan.room.name);
    let phase = view.derived.current_phase().map(|phase| view.derived.text(room, phase));
    // The phase pushes the clocks only over blanks; on a narrow screen who is here is none of the line's business.
    let wanted = cells(&badge).min(16) + 1 + cells(&name) + phase.as_ref().map_or(0, |p| 3 + cells(p)) + 1;
    let spoken_for: u16 =
        ranked.iter().filter(|(rank, ..)| area.width >= 100 || *rank == ALARMS).map(|(_, t, _)| cells(t) + 2).sum();
    let push = (area.x + wanted).min(end.saturating_sub(clocks_wide + (spoken_for + 2).max(14)));
    let clocks_at = (area.x + area.width * 41 / 100).max(push).min(end.saturating_sub(clocks_wide + 1)).max(area.x);

    let mut x = pen.put(area.x, y, 16, &badge, Role::Danger);
    let left = clocks_at.saturating_sub(1);
    x = (x + 1).min(left);
    x = pen.put(x, y, left.saturating_sub(x), &name, Role::Strong);
    if let Some(phase) = phase.filter(|_| left > x + 8) {
        x += 3;
        pen.put(x, y, left.saturating_sub(x), &phase, Role::Dim);
    }
    let after = pen.line(clocks_at, y, end.saturating_sub(clocks_at), &clocks);

    let mut free = end.saturating_sub(after + 3);
    ranked.retain(|(_, text, _)| {
        let wide = cells(text) + 2;
        let fits = wide <= free + 1;
        free = if fits { free.saturating_sub(wide) } else { free };
        fits
    });
    ranked.sort_by_key(|(place, ..)| *place);
    let mut at = end.saturating_sub(1);
    for (_, text, role) in &ranked {
        at = at.saturating_sub(cells(text));
        pen.put(at, y, cells(text), text, *role);
        at = at.saturating_sub(2);
    }
}

/// The place of the alarms in the line, counted from the right.
const ALARMS: u8 = 3;

/// By rank: alarms, who I am, who watches; shown from left to right the other way about, me last.
fn people(room: &Room, pen: &Pen<'_>) -> Vec<(u8, String, Role)> {
    let dot = pen.glyphs().up;
    let alarms = alarms::count(room).0;
    let me = &room.me.author;
    let mine = if room.me.read_only { format!("{} read-only", me.person) } else { name(me) };
    let mut ranked = vec![(1, format!("{dot} you {mine}"), Role::Accent)];
    if alarms > 0 {
        let says = format!("{} {alarms} alarm{}", pen.glyphs().alarm, if alarms == 1 { "" } else { "s" });
        ranked.insert(0, (ALARMS, says, Role::Bad));
    }
    if let Watch::Other { by: Some(by), .. } = &room.live.watch {
        ranked.push((2, format!("{dot} {} watches", name(by)), Role::Good));
    }
    ranked
}

/// Person and role: `ic (incident commander)`; the role alone where both are the same.
pub fn name(author: &Author) -> String {
    match &author.role {
        Some(role) if role != &author.person => format!("{} ({role})", author.person),
        _ => author.person.to_string(),
    }
}

/// The line of tabs, where one pane is shown at a time.
pub fn tabs(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let alarms = alarms::count(room).1;
    let mut x = area.x + 1;
    let there = |pane: Pane| pane != Pane::Budgets || !room.plan.slos.is_empty();
    for (i, pane) in Pane::FOCUSABLE.iter().enumerate().filter(|(_, pane)| there(**pane)) {
        let name = match pane {
            Pane::Checklist if area.width < 100 => "Steps",
            Pane::Timeline if area.width < 100 => "Log",
            Pane::Budgets if area.width < 100 => "SLO",
            _ if area.width < 76 => pane.title().get(..3).unwrap_or_default(),
            _ => pane.title(),
        };
        let mut title = format!("{} {name}", i + 1);
        if *pane == Pane::Alarms && alarms > 0 {
            title = format!("{title} {alarms}");
        }
        let role = if view.focus == *pane { Role::Title } else { Role::Dim };
        let start = x;
        x = pen.put(x, area.y, area.right().saturating_sub(x), &title, role);
        if view.focus == *pane {
            pen.tint(Rect::new(start, area.y, x - start, 1), Role::Accent);
            let style = pen.theme.style(Role::Accent).add_modifier(ratatui::style::Modifier::UNDERLINED);
            pen.buf.set_style(Rect::new(start, area.y, x - start, 1), style);
        }
        x += if area.width < 100 { 1 } else { 2 };
        if x >= area.right() {
            break;
        }
    }
}
