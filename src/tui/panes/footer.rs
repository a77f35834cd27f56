//! The last line: the keys that matter here, and whether what was done is safe.

use ratatui::layout::Rect;

use crate::room::{JournalHealth, Room, Watch};
use crate::text::escape;
use crate::tui::keys::{Action, KeyMode};
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::{Detail, Mode, View};
use crate::tui::widgets::pen::{Pen, cells};

/// Draws the line.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    pen.fill(area, Role::Bar);
    let dot = pen.glyphs().dot;
    let (safe, role) = match &room.journal {
        JournalHealth::Opening => ("opening the journal".to_owned(), Role::Dim),
        JournalHealth::Broken(_) => ("journal NOT SAFE".to_owned(), Role::Bad),
        JournalHealth::Safe if room.unsaved.is_empty() => ("journal safe".to_owned(), Role::Good),
        JournalHealth::Safe => (format!("saving {}", room.unsaved.len()), Role::Accent),
    };
    let watch = match &room.live.watch {
        Watch::Unknown => String::new(),
        Watch::Me { .. } => format!("you watch {dot} "),
        Watch::Other { by: Some(by), .. } => format!("{} watches {dot} ", by.person),
        Watch::Other { .. } => format!("another watches {dot} "),
        Watch::Nobody => format!("nobody watches {dot} "),
    };
    let watch = if area.width < 100 { String::new() } else { watch };
    // What keeps the board from being believed is said where everybody looks at the end; W says more.
    let trust = room.trust();
    let board = if trust.sound || room.live.watch == Watch::Unknown {
        String::new()
    } else {
        format!("board impaired (W) {dot} ")
    };
    let wide = cells(&safe) + cells(&watch) + cells(&board);
    let right = area.right().saturating_sub(wide + 1);
    pen.put(right, area.y, cells(&board), &board, Role::Warn);
    let right = right + cells(&board);
    pen.put(right, area.y, cells(&watch), &watch, if room.live.watch == Watch::Nobody { Role::Bad } else { Role::Dim });
    pen.put(right + cells(&watch), area.y, cells(&safe), &safe, role);
    // The next timer counts in sight, where there is room for it beside the keys.
    let timer = super::countdown::timer(room).filter(|_| area.width >= 80);
    let (says, role) = timer.map_or((String::new(), Role::Dim), |(text, role)| {
        (format!("{}  ", crate::text::truncate(&text, usize::from(area.width / 3))), role)
    });
    let right = right.saturating_sub(cells(&board) + cells(&says));
    pen.put(right, area.y, cells(&says), &says, role);
    let end = right.saturating_sub(2);
    if let Mode::Find(input) = &view.mode {
        find(view, input.value(), input.visual_cursor(), Rect { width: end.saturating_sub(area.x), ..area }, pen);
        return;
    }
    if !matches!(view.mode, Mode::Normal) {
        return;
    }
    let mut x = area.x + 2;
    if let Some(find) = &view.find {
        let at = find.matches.iter().position(|m| Some(*m) == view.selected_node()).map_or(0, |i| i + 1);
        let says = format!("/{}  {at} of {}   ", escape(&find.query), find.matches.len());
        let end = end.saturating_sub(kept(view));
        x = pen.put(x, area.y, end.saturating_sub(x), &says, Role::Strong);
        x = hints(view, KeyMode::Found, area.y, x, end, pen);
    }
    hints(view, KeyMode::Normal, area.y, x, end, pen);
}

/// Hints that give way to no other.
const ALWAYS: [Action; 2] = [Action::Help, Action::Quit];

/// Cells of those, each with the gap behind it.
fn kept(view: &View) -> u16 {
    let lines = view.keymap.lines().iter();
    let lines = lines.filter(|l| l.mode == KeyMode::Normal && ALWAYS.contains(&l.action) && !l.hint.is_empty());
    lines.filter_map(|l| Some(cells(&l.keys.first()?.to_string()) + 1 + cells(&l.hint) + 3)).sum()
}

/// Hints while they fit whole, the way to the help and the way out before all others; the keys of the checklist only
/// where they do something.
fn hints(view: &View, mode: KeyMode, y: u16, mut x: u16, end: u16, pen: &mut Pen<'_>) -> u16 {
    use Action as A;
    let on_steps = view.focus == Pane::Checklist || view.focus == Pane::Detail && view.detail == Detail::Step;
    let on_charts = matches!(view.focus, Pane::Errors | Pane::Latency);
    let on_alerts = view.focus == Pane::Alarms || view.focus == Pane::Detail && view.detail == Detail::Alert;
    let mut found: Vec<(&str, String, bool)> = Vec::new();
    for line in view.keymap.lines().iter().filter(|l| l.mode == mode && !l.hint.is_empty()) {
        let fits = match line.action {
            A::Tick | A::Start | A::Run | A::LeaveOut | A::Owner => on_steps,
            A::Undo | A::Clock | A::Back | A::NextPane => false,
            A::Freeze => on_charts,
            A::Alerts => on_alerts,
            A::Gate => view.derived.gates > 0,
            A::Open => !on_charts,
            _ => true,
        };
        if let Some(key) = line.keys.first().filter(|_| fits) {
            found.push((&line.hint, key.to_string(), ALWAYS.contains(&line.action)));
        }
    }
    let wide = |(hint, key, _): &(&str, String, bool)| cells(key) + 1 + cells(hint) + 3;
    // The gap behind the last one may be cut off.
    let mut free = (end + 3).saturating_sub(x);
    if mode == KeyMode::Normal {
        free = free.saturating_sub(kept(view));
    }
    let mut full = false;
    for hint in &found {
        let (says, key, always) = hint;
        if !always {
            full |= wide(hint) > free;
            if full {
                continue;
            }
            free -= wide(hint);
        }
        if x + wide(hint) > end + 3 {
            break;
        }
        x = pen.put(x, y, cells(key), key, Role::Accent);
        x = pen.put(x + 1, y, cells(says), says, Role::Dim) + 3;
    }
    x
}

fn find(view: &View, query: &str, cursor: usize, area: Rect, pen: &mut Pen<'_>) {
    let x = pen.put(area.x + 2, area.y, area.width, "/", Role::Accent);
    let count = match &view.find {
        Some(f) if !f.query.is_empty() && f.matches.is_empty() => "nothing found".to_owned(),
        Some(f) if !f.query.is_empty() => format!("{} found", f.matches.len()),
        _ => "words of a step".to_owned(),
    };
    let room_for = area.right().saturating_sub(x + cells(&count) + 4);
    let end = super::sheet::typed(pen, x, area.y, room_for, query, cursor);
    pen.put(end + 2, area.y, area.right().saturating_sub(end + 2), &count, Role::Dim);
}
