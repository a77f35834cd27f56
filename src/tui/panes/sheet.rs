//! What is laid over the panes from below: questions, a line to type, the palette, the help, short messages.

use ratatui::layout::Rect;

use super::detail::Line as Pieces;
use super::palette;
use crate::fact::gate::Vote;
use crate::room::Room;
use crate::text::{escape, wrap};
use crate::tui::gate_keys::Offer;
use crate::tui::keys::{Action, KeyMode, Line};
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::{Line as Typed, Mode, Purpose, Tone, View};
use crate::tui::widgets::pen::{Pen, cells};

/// Rows of the palette.
pub const PALETTE_ROWS: u16 = 14;

/// Rows of the dialog that is open.
pub fn rows(room: &Room, view: &View, width: u16) -> u16 {
    match &view.mode {
        Mode::Prompt { purpose, .. } => 4 + u16::from(!help_for(room, view, purpose).1.is_empty()),
        Mode::Choose { options, .. } => 4 + options.len() as u16,
        Mode::Confirm { question, .. } => 4 + wrap(question, width.saturating_sub(8).into()).len() as u16,
        Mode::Gate { gate, .. } => super::gate::rows(room, gate, width),
        Mode::Run(_) => super::run::rows(room, view, width),
        Mode::Way { sheet, at, .. } => super::way::rows(room, *sheet, *at, width),
        _ => 0,
    }
}

/// The keys of a sheet, as many in a row as fit; faint where what they do may not be done now.
pub(super) fn key_rows(offers: &[Offer], more: &[(&str, &str)], width: u16) -> Vec<Pieces> {
    let mut rows: Vec<Pieces> = Vec::new();
    let mut used = 0;
    let offered = offers.iter().map(|o| (o.key.to_string(), o.says, o.next.is_ok()));
    for (key, says, ready) in offered.chain(more.iter().map(|(key, says)| ((*key).to_owned(), *says, true))) {
        let wide = cells(&key) + 1 + cells(says);
        let pair = [
            (key, if ready { Role::Accent } else { Role::Faint }),
            (format!(" {says}"), if ready { Role::Text } else { Role::Faint }),
        ];
        match rows.last_mut() {
            Some(row) if used + 3 + wide <= width => {
                row.push(("   ".to_owned(), Role::Text));
                row.extend(pair);
                used += 3 + wide;
            }
            _ => {
                rows.push(pair.into());
                used = wide;
            }
        }
    }
    rows
}

/// Draws a prompt, a choice or a question.
pub fn dialog(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    if let Mode::Run(_) = &view.mode {
        return super::run::paint(room, view, area, pen);
    }
    pen.rule(area.x, area.y, area.width);
    let (x, width) = (area.x + 4, area.width.saturating_sub(8));
    match &view.mode {
        Mode::Prompt { purpose, input, line } => {
            let (title, more) = help_for(room, view, purpose);
            pen.put(x, area.y + 1, width, &title, Role::Title);
            let mut y = area.y + 2;
            if !more.is_empty() {
                pen.put(x, y, width, &more, Role::Dim);
                y += 1;
            }
            let end = typed(pen, x, y, width, input.value(), input.visual_cursor());
            if *line == Typed::Offered {
                pen.tint(Rect::new(x, y, end.saturating_sub(x + 1), 1), Role::Selected);
            }
            hint(pen, x, y + 1, &[("enter", "record"), ("esc", "cancel")]);
        }
        Mode::Choose { title, options, .. } => {
            pen.put(x, area.y + 1, width, title, Role::Title);
            let mut y = area.y + 2;
            for (key, says, _) in options {
                let at = pen.put(x, y, 2, &key.to_string(), Role::Accent);
                pen.put(at + 2, y, width.saturating_sub(3), says, Role::Text);
                y += 1;
            }
            hint(pen, x, y, &[("any other key", "cancels")]);
        }
        Mode::Confirm { question, .. } => {
            let mut y = area.y + 1;
            for line in wrap(question, width.into()) {
                pen.put(x, y, width, &line, Role::Title);
                y += 1;
            }
            hint(pen, x, y + 1, &[("y", "yes, do it"), ("any other key", "cancels")]);
        }
        Mode::Gate { gate, .. } => super::gate::sheet(room, gate, area, pen),
        Mode::Way { sheet, at, .. } => super::way::paint(room, *sheet, *at, area, pen),
        _ => {}
    }
}

pub(super) fn hint(pen: &mut Pen<'_>, x: u16, y: u16, hints: &[(&str, &str)]) {
    let mut at = x;
    for (key, says) in hints {
        at = pen.put(at, y, cells(key), key, Role::Accent);
        at = pen.put(at + 1, y, cells(says), says, Role::Dim) + 3;
    }
}

fn help_for(room: &Room, view: &View, purpose: &Purpose) -> (String, String) {
    if let Some(asks) = crate::tui::way_keys::asks(room, purpose) {
        return asks;
    }
    let name = |id| view.derived.node_of(id).map(|n| view.derived.text(room, n)).unwrap_or_default();
    match purpose {
        Purpose::Note(Some(id)) => (format!("Note on \"{}\"", name(id)), String::new()),
        Purpose::Note(None) => ("Note on the room".to_owned(), String::new()),
        Purpose::Fail(id) => (format!("Why did \"{}\" fail?", name(id)), String::new()),
        Purpose::Skip(id) => (format!("Why is \"{}\" skipped?", name(id)), String::new()),
        Purpose::NotApplicable(id) => (format!("Why does \"{}\" not apply?", name(id)), String::new()),
        Purpose::Waive(id) => (format!("Why is \"{}\" waived?", name(id)), String::new()),
        Purpose::Owner(id) => (
            format!("Who does \"{}\"?", name(id)),
            "what you type replaces this; an empty line takes the owner away".to_owned(),
        ),
        Purpose::Add(Some(id)) => (format!("New step behind \"{}\"", name(id)), String::new()),
        Purpose::Add(None) => ("New step at the end".to_owned(), String::new()),
        Purpose::Acknowledge(alert) => (
            format!("You take \"{}\" on", escape(alert)),
            "a word on it, if you like; 30m before it for that long only, @dba where somebody else has it".to_owned(),
        ),
        Purpose::Silence(alert) => (
            alert.as_ref().map_or_else(|| "Silence every alert".to_owned(), |a| format!("Silence \"{}\"", escape(a))),
            "for how long and why: 30m known failover".to_owned(),
        ),
        Purpose::PageAll => (
            "Page everybody".to_owned(),
            "why? every channel gets it, whatever the hour; you are asked once more".to_owned(),
        ),
        Purpose::Hold
        | Purpose::Timer
        | Purpose::Extend(_)
        | Purpose::Recycle(_)
        | Purpose::Answer(..)
        | Purpose::TickAnyway(_)
        | Purpose::StartAnyway(_) => crate::tui::clock_keys::help(room, purpose),
        Purpose::Vote(gate, Vote::Withdrawn) => {
            (format!("Your vote on \"{}\" is taken back", escape(gate)), "a word on it, if you like".to_owned())
        }
        Purpose::Vote(gate, Vote::NoGo) => (
            format!("Your vote on \"{}\": NO-GO", escape(gate)),
            "say why; it stands until you take it back".to_owned(),
        ),
        Purpose::Vote(gate, vote) => {
            (format!("Your vote on \"{}\": {vote}", escape(gate)), "a word on it, if you like".to_owned())
        }
        Purpose::NoGo(gate) => (format!("Why is \"{}\" a NO-GO?", escape(gate)), String::new()),
        Purpose::Override(gate) => (
            format!("Decide GO at \"{}\" against what is computed", escape(gate)),
            format!("write {} and why: it is marked in the record and wherever it shows", crate::tui::gate_keys::WORD),
        ),
        Purpose::Reopen(gate) => {
            (format!("Why is \"{}\" opened again?", escape(gate)), "votes for GO are to be given again".to_owned())
        }
        // Asked above.
        Purpose::FireRollback(..)
        | Purpose::AbortRollback(_)
        | Purpose::DecideLevel(..)
        | Purpose::Declare(..)
        | Purpose::Withdraw(..)
        | Purpose::Pull(..) => (String::new(), String::new()),
        Purpose::Param(name) => crate::tui::param_keys::help(room, name),
        Purpose::T0 => (
            "When is T-0?".to_owned(),
            format!("12:30 ({} today), +10m, -5m or 2025-10-21T12:00:00Z", room.plan.room.zone.name()),
        ),
    }
}

/// A line being typed, with its cursor; scrolls so that the cursor is seen. Gives the column after it.
pub fn typed(pen: &mut Pen<'_>, x: u16, y: u16, width: u16, value: &str, cursor: usize) -> u16 {
    if width < 2 {
        return x;
    }
    // Foreign characters in a pasted text are shown by their escapes, one for one where they are harmless.
    let shown: String = value.chars().map(|c| if crate::text::is_unsafe(c) { '?' } else { c }).collect();
    let skip = cursor.saturating_sub(usize::from(width) - 1);
    let mut at = x;
    let mut passed = 0;
    for grapheme in unicode_segmentation::UnicodeSegmentation::graphemes(shown.as_str(), true) {
        let wide = usize::from(cells(grapheme));
        passed += wide;
        if passed <= skip {
            continue;
        }
        if at + wide as u16 >= x + width {
            break;
        }
        at = pen.put(at, y, wide as u16, grapheme, Role::Strong);
    }
    let cursor_at = x + (cursor - skip).min(usize::from(width) - 1) as u16;
    pen.tint(Rect::new(cursor_at, y, 1, 1), Role::Cursor);
    at.max(cursor_at + 1)
}

/// Draws the palette.
pub fn palette(view: &View, area: Rect, pen: &mut Pen<'_>) {
    let Mode::Palette { input, at } = &view.mode else { return };
    pen.rule(area.x, area.y, area.width);
    let (x, width) = (area.x + 4, area.width.saturating_sub(8));
    let start = pen.put(x, area.y + 1, 2, ": ", Role::Accent);
    typed(pen, start, area.y + 1, width.saturating_sub(2), input.value(), input.visual_cursor());
    let found = palette::matches(&view.keymap, input.value());
    let rows = usize::from(area.height.saturating_sub(3));
    let from = (at + 1).saturating_sub(rows);
    if found.is_empty() {
        pen.put(x, area.y + 2, width, "no such action", Role::Dim);
    }
    for (i, (place, found)) in found.iter().enumerate().skip(from).take(rows).enumerate() {
        let y = area.y + 2 + i as u16;
        if place == *at {
            pen.tint(Rect { x: area.x + 2, y, width: area.width.saturating_sub(4), height: 1 }, Role::Selected);
            let cursor = pen.glyphs().cursor;
            pen.put(area.x + 2, y, 1, cursor, Role::Accent);
        }
        pen.put(x, y, 18, &found.name, Role::Strong);
        pen.put(x + 19, y, 8, &found.key, Role::Accent);
        pen.put(x + 28, y, width.saturating_sub(28), &found.say, Role::Dim);
    }
}

/// To the panes, in their order.
const PANES: [Action; 9] = [
    Action::Pane1,
    Action::Pane2,
    Action::Pane3,
    Action::Pane4,
    Action::Pane5,
    Action::Pane6,
    Action::Pane7,
    Action::Pane8,
    Action::Pane9,
];

/// A row of the help.
enum HelpRow {
    Blank,
    Title(&'static str),
    /// Keys, where they begin here, and a line of what they do.
    Keys(String, String),
}

/// Draws the help: every key in force, by situation.
pub fn help(view: &View, area: Rect, pen: &mut Pen<'_>) {
    pen.head(area, "Keys", true, &[], &[("esc closes", Role::Dim)]);
    let (x, width) = (area.x + 4, area.width.saturating_sub(7));
    let mut lines: Vec<HelpRow> = Vec::new();
    for mode in KeyMode::ALL {
        let of = rows_of(view, *mode);
        if of.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(HelpRow::Blank);
        }
        lines.push(HelpRow::Title(situation(*mode)));
        for (mut keys, says) in of {
            let wrapped = wrap(&says, usize::from(width.saturating_sub(17)));
            lines.extend(wrapped.iter().map(|says| HelpRow::Keys(std::mem::take(&mut keys), says.to_string())));
        }
    }
    let rows = usize::from(area.height.saturating_sub(2));
    let wanted = view.scroll.get(Pane::Tabs.index()).copied().unwrap_or_default();
    let from = wanted.min(lines.len().saturating_sub(rows));
    for (i, line) in lines.iter().skip(from).take(rows).enumerate() {
        let y = area.y + 1 + i as u16;
        match line {
            HelpRow::Blank => {}
            HelpRow::Title(title) => {
                pen.put(x, y, width, title, Role::Title);
            }
            HelpRow::Keys(keys, says) => {
                pen.put(x + 2, y, 14, keys, Role::Accent);
                pen.put(x + 17, y, width.saturating_sub(17), says, Role::Text);
            }
        }
    }
    super::checklist::scrollbar(pen, Rect { y: area.y + 1, height: rows as u16, ..area }, from, lines.len());
}

/// Keys and meanings of one situation; the panes, where each is on its number, in one row.
fn rows_of(view: &View, mode: KeyMode) -> Vec<(String, String)> {
    let pane = |line: &Line| PANES.iter().position(|a| *a == line.action).map(|i| i + 1);
    let numbered = |line: &Line| match (pane(line), line.keys.as_slice()) {
        (Some(number), [key]) => key.to_string() == number.to_string(),
        _ => false,
    };
    let of: Vec<&Line> = view.keymap.lines().iter().filter(|l| l.mode == mode && !l.keys.is_empty()).collect();
    let merge = of.iter().filter(|l| numbered(l)).count() == PANES.len();
    let mut out = Vec::new();
    for line in of {
        if merge && line.action == Action::Pane1 {
            let names: Vec<String> = Pane::FOCUSABLE.iter().map(|p| p.title().to_lowercase()).collect();
            out.push((format!("1–{}", PANES.len()), format!("To a pane: {}", names.join(", "))));
        } else if !(merge && pane(line).is_some()) {
            let keys: Vec<String> = line.keys.iter().map(ToString::to_string).collect();
            out.push((keys.join("  "), line.say.clone()));
        }
    }
    out
}

fn situation(mode: KeyMode) -> &'static str {
    match mode {
        KeyMode::Normal => "Everywhere",
        KeyMode::Found => "While a find is on",
        KeyMode::Charts => "On a chart",
        KeyMode::Find => "Typing what to find",
        KeyMode::Prompt => "Typing a line",
        KeyMode::Confirm => "Answering a question",
        KeyMode::Help => "In this help",
        KeyMode::Palette => "In the palette",
    }
}

/// Draws a short message.
pub fn toast(view: &View, i: usize, area: Rect, pen: &mut Pen<'_>) {
    let Some(toast) = view.toasts.get(i) else { return };
    let (glyph, role) = match toast.tone {
        Tone::Quiet => (pen.glyphs().dot, Role::Strong),
        Tone::Bad => (pen.glyphs().failed, Role::Bad),
    };
    pen.put(area.x + 1, area.y, 1, glyph, role);
    pen.put(area.x + 3, area.y, area.width.saturating_sub(4), &escape(&toast.text), role);
}
