//! Keys, pastes and the mouse: what they change on this screen, and what they ask of the room.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;
use tui_input::Input;

use super::derive::NONE;
use super::gate_keys;
use super::keys::{Action, KeyMode, Keymap};
use super::layout::Pane;
use super::move_keys::{back, cycle, fold, open, set_layout, step_by, unfold};
use super::panes::{alarms, services};
use super::param_keys;
use super::run_sheet;
use super::step_keys::change;
use super::typing::{confirm, find_typing, follow, help, jump, palette_typing, prompt, seek};
use super::view::{Detail, Frozen, Line, Mode, Next, Tone, View};
use super::way_keys;
use crate::room::{Intent, Room, Whose};

/// A dialog ignores its keys for this long, so that type-ahead decides nothing.
pub const DEAD_TIME: Duration = Duration::from_millis(300);
/// A pasted or typed line is cut here.
pub(super) const MAX_LINE: usize = 4_096;

/// What a key asks of the loop.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Ask the room.
    Intent(Intent),
    /// Leave.
    Quit,
    /// Stop, as for Ctrl-Z.
    Suspend,
    /// Give the terminal to the run that stands still.
    Resume,
    /// Put this (already escaped) on the terminal's clipboard.
    Copy(String),
    /// Forget what the terminal shows and draw everything.
    Redraw,
    /// Load this theme; empty: the next one.
    Theme(String),
    /// Leave once the runs of this process have ended.
    LeaveAfter(After),
}

/// What becomes of runs before this process leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// They come to their end by themselves.
    Wait,
    /// They are stopped.
    Kill,
}

/// One key. The view changes at once; what touches the room or the terminal comes back.
pub fn on_key(room: &Room, view: &mut View, keymap: &Keymap, key: KeyEvent) -> Vec<Act> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    view.refresh(room);
    view.epoch += 1;
    match std::mem::take(&mut view.mode) {
        Mode::Normal => normal(room, view, keymap, &key),
        Mode::Find(input) => find_typing(room, view, keymap, &key, input),
        Mode::Prompt { purpose, input, line } => prompt(room, view, keymap, &key, purpose, (input, line)),
        Mode::Choose { title, options, opened } => {
            if room.now.since(opened) < DEAD_TIME || key.kind == KeyEventKind::Repeat {
                view.mode = Mode::Choose { title, options, opened };
                return Vec::new();
            }
            let chosen = options.into_iter().find(|(c, ..)| key.code == KeyCode::Char(*c));
            chosen.map_or_else(Vec::new, |(_, _, next)| follow(room, view, next))
        }
        Mode::Confirm { question, then, opened } => {
            if room.now.since(opened) < DEAD_TIME || key.kind == KeyEventKind::Repeat {
                view.mode = Mode::Confirm { question, then, opened };
                return Vec::new();
            }
            if keymap.action(KeyMode::Confirm, &key) == Some(Action::Accept) {
                return follow(room, view, *then);
            }
            // Who pressed esc knows; who pressed something else may have meant a yes.
            if key.code != KeyCode::Esc {
                view.toast(room.now, Tone::Quiet, "cancelled");
            }
            Vec::new()
        }
        Mode::Gate { gate, opened } => {
            if room.now.since(opened) < DEAD_TIME || key.kind == KeyEventKind::Repeat {
                view.mode = Mode::Gate { gate, opened };
                return Vec::new();
            }
            gate_keys::key(room, view, gate, opened, key.code)
        }
        Mode::Way { sheet, at, opened } => {
            if room.now.since(opened) < DEAD_TIME || key.kind == KeyEventKind::Repeat {
                view.mode = Mode::Way { sheet, at, opened };
                return Vec::new();
            }
            way_keys::key(room, view, (sheet, at), opened, key.code)
        }
        Mode::Help => {
            help(view, keymap, &key);
            Vec::new()
        }
        Mode::Palette { input, at } => palette_typing(room, view, keymap, &key, input, at),
        Mode::Run(sheet) => run_sheet::on_key(room, view, &key, sheet),
    }
}

/// Pasted text goes into the line being typed, and nowhere else: it is never read as keys.
pub fn on_paste(room: &Room, view: &mut View, text: &str) -> Vec<Act> {
    view.refresh(room);
    view.epoch += 1;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_LINE).collect();
    let add = |input: &Input| {
        let mut value: Vec<char> = input.value().chars().collect();
        let at = input.cursor().min(value.len());
        let line: Vec<char> = line.chars().take(MAX_LINE.saturating_sub(value.len())).collect();
        let cursor = at + line.len();
        value.splice(at..at, line);
        Input::new(value.into_iter().collect()).with_cursor(cursor)
    };
    match &mut view.mode {
        Mode::Find(input) => {
            *input = add(input);
            let query = input.value().to_owned();
            seek(room, view, &query);
        }
        Mode::Prompt { input, line: from, .. } => {
            let offered = std::mem::take(from) == Line::Offered;
            *input = add(&if offered { Input::default() } else { input.clone() });
        }
        Mode::Palette { input, at } => {
            *input = add(input);
            *at = 0;
        }
        Mode::Run(sheet) if sheet.stage == run_sheet::Stage::Answer => sheet.input = add(&sheet.input),
        _ => view.toast(room.now, Tone::Quiet, "pasted text was ignored: paste into a note, a reason or a find"),
    }
    Vec::new()
}

/// The mouse, where the operator asked for it: a click chooses a pane and a row, the wheel scrolls what it is over.
pub fn on_mouse(room: &Room, view: &mut View, mouse: MouseEvent) -> Vec<Act> {
    if !view.mouse || !matches!(view.mode, Mode::Normal) {
        return Vec::new();
    }
    view.refresh(room);
    view.epoch += 1;
    let at = Position::new(mouse.column, mouse.row);
    let Some(plot) = view.drawn.iter().map(|(p, _)| *p).find(|p| p.area.contains(at)) else { return Vec::new() };
    if !Pane::FOCUSABLE.contains(&plot.pane) {
        return Vec::new();
    }
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => {
            view.focus = plot.pane;
            let row = usize::from(mouse.row.saturating_sub(plot.area.y));
            let first = super::panes::head_rows(plot.pane);
            if row >= first {
                let row = row - first + view.scroll.get(plot.pane.index()).copied().unwrap_or_default();
                match plot.pane {
                    Pane::Checklist => view.select_row(room, row),
                    Pane::Alarms => view.alarm = alarms::list(room).get(row).map(|a| a.about.clone()),
                    Pane::Services => {
                        if let Some(ix) = services::order(room).get(row) {
                            view.service = ix.0;
                        }
                    }
                    _ => {}
                }
            }
        }
        MouseEventKind::ScrollDown => step_by(room, view, plot.pane, 3),
        MouseEventKind::ScrollUp => step_by(room, view, plot.pane, -3),
        _ => {}
    }
    Vec::new()
}

fn normal(room: &Room, view: &mut View, keymap: &Keymap, key: &KeyEvent) -> Vec<Act> {
    let chart = matches!(view.focus, Pane::Errors | Pane::Latency);
    let action = view
        .find
        .as_ref()
        .and_then(|_| keymap.action(KeyMode::Found, key))
        .or_else(|| keymap.action(KeyMode::Charts, key).filter(|_| chart))
        .or_else(|| keymap.action(KeyMode::Normal, key));
    match action {
        // Holding a key down moves; it does not record.
        Some(action) if key.kind == KeyEventKind::Repeat && !moves(action) => Vec::new(),
        Some(action) => perform(room, view, action),
        None => Vec::new(),
    }
}

fn moves(action: Action) -> bool {
    use Action::{Down, Fold, HairLeft, HairRight, NextPane, PageDown, PageUp, PreviousPane, Unfold, Up};
    matches!(
        action,
        Down | Up
            | Fold
            | Unfold
            | PageDown
            | PageUp
            | HairLeft
            | HairRight
            | NextPane
            | PreviousPane
            | Action::FindNext
            | Action::FindPrevious
    )
}

/// Does an action of the normal mode.
pub(super) fn perform(room: &Room, view: &mut View, action: Action) -> Vec<Act> {
    use Action as A;
    // Looking around leaves the arrow to the run; moving it or changing a step takes it over.
    let looks =
        [A::NextPane, A::PreviousPane, A::Pane1, A::Pane2, A::Pane3, A::Pane4, A::Pane5, A::Pane6, A::Pane7, A::Pane8]
            .into_iter()
            .chain([
                A::Pane9,
                A::Zoom,
                A::Layout,
                A::Freeze,
                A::Shorter,
                A::Longer,
                A::HairLeft,
                A::HairRight,
                A::Help,
                A::Redraw,
                A::Theme,
            ])
            .chain([A::Suspend, A::Quit, A::Palette, A::Back, A::Gate, A::Rollback, A::Breakers]);
    view.follow = action == A::NextStep || (view.follow && looks.into_iter().any(|look| look == action));
    let page = view.heights.get(view.focus.index()).map_or(10, |h| i64::from(*h).saturating_sub(2).max(1));
    match action {
        A::Down => step_by(room, view, view.focus, 1),
        A::Up => step_by(room, view, view.focus, -1),
        A::PageDown => step_by(room, view, view.focus, page),
        A::PageUp => step_by(room, view, view.focus, -page),
        A::First => step_by(room, view, view.focus, i64::MIN / 2),
        A::Last => step_by(room, view, view.focus, i64::MAX / 2),
        A::Fold => fold(room, view),
        A::Unfold => unfold(room, view),
        A::FoldAll => {
            view.folded = view.derived.nodes.iter().filter(|n| n.is_phase()).map(|n| n.key).collect();
            view.refold();
            view.refresh(room);
            view.select_row(room, view.selected_row());
        }
        A::UnfoldAll => {
            view.folded.clear();
            view.refold();
        }
        A::NextStep => {
            let node = if view.derived.next_mine == NONE { view.derived.next } else { view.derived.next_mine };
            view.reveal(room, node);
            view.focus = Pane::Checklist;
        }
        A::NextPane => cycle(room, view, 1),
        A::PreviousPane => cycle(room, view, Pane::FOCUSABLE.len() - 1),
        A::Pane1 => view.focus = Pane::Checklist,
        A::Pane2 => view.focus = Pane::Detail,
        A::Pane3 => view.focus = Pane::Services,
        A::Pane4 => view.focus = Pane::Errors,
        A::Pane5 => view.focus = Pane::Latency,
        A::Pane6 => view.focus = Pane::Alarms,
        A::Pane7 => view.focus = Pane::Metrics,
        A::Pane8 => view.focus = Pane::Timeline,
        A::Pane9 => view.focus = Pane::Budgets,
        A::Zoom => view.zoom = !view.zoom,
        A::Layout => set_layout(room, view, view.layout.next()),
        A::Freeze => freeze(room, view),
        A::Shorter => view.span = (view.span / 2).max(Duration::from_mins(1)),
        A::Longer => view.span = (view.span * 2).min(Duration::from_hours(2)),
        A::HairLeft => view.hair = Some(view.hair.map_or(0, |h| h.saturating_add(1).min(400))),
        A::HairRight => view.hair = view.hair.and_then(|h| h.checked_sub(1)),
        A::Find => view.mode = Mode::Find(Input::default()),
        A::FindNext => jump(room, view, true),
        A::FindPrevious => jump(room, view, false),
        A::Filter => {
            view.filter = view.filter.next();
            view.refresh(room);
        }
        A::Palette => view.mode = Mode::Palette { input: Input::default(), at: 0 },
        A::Help => {
            view.mode = Mode::Help;
            if let Some(at) = view.scroll.get_mut(Pane::Tabs.index()) {
                *at = 0;
            }
        }
        A::Board => {
            view.detail = Detail::Board;
            view.focus = Pane::Detail;
        }
        A::Gate => gate_keys::open(room, view),
        A::Rollback => way_keys::open_rollbacks(room, view),
        A::Breakers => way_keys::open_breakers(room, view),
        A::Params => return param_keys::dialog(room, view),
        A::Open => open(room, view),
        A::Back => back(room, view),
        A::Redraw => {
            view.invalidate();
            return vec![Act::Redraw];
        }
        A::Suspend => return vec![Act::Suspend],
        A::Theme => return vec![Act::Theme(String::new())],
        A::Copy => return copy(room, view),
        A::Quit => return quit(room, view),
        _ => return change(room, view, action),
    }
    Vec::new()
}

fn freeze(room: &Room, view: &mut View) {
    view.frozen = match view.frozen.take() {
        Some(_) => None,
        None => Some(Frozen { at: room.now, metrics: room.live.metrics.iter().map(|m| m.series.clone()).collect() }),
    };
}

fn copy(room: &Room, view: &mut View) -> Vec<Act> {
    let text = match (view.focus, view.current()) {
        (Pane::Services, _) => room.plan.services.get(view.service).map(|s| crate::text::escape(&s.target)),
        (_, Some(node)) => Some(view.derived.text(room, node)),
        _ => None,
    };
    text.map_or_else(Vec::new, |text| {
        view.toast(room.now, Tone::Quiet, "copied");
        vec![Act::Copy(text)]
    })
}

fn quit(room: &Room, view: &mut View) -> Vec<Act> {
    let running = room.live.runs.values().filter(|run| run.whose == Whose::Mine).count();
    if running > 0 {
        view.mode = Mode::Choose {
            title: format!("{} still going on", count(running, "command is", "commands are")),
            options: vec![
                ('w', "wait for the end, then leave".to_owned(), Next::LeaveAfter(After::Wait)),
                ('k', "stop, then leave".to_owned(), Next::LeaveAfter(After::Kill)),
                ('l', "leave now and let it run: the record says so".to_owned(), Next::Quit),
            ],
            opened: room.now,
        };
        return Vec::new();
    }
    if room.unsaved.is_empty() {
        return vec![Act::Quit];
    }
    let question = format!(
        "{} not saved yet. Leave and lose {}?",
        count(room.unsaved.len(), "change is", "changes are"),
        if room.unsaved.len() == 1 { "it" } else { "them" }
    );
    confirm(room, view, question, Next::Quit)
}

/// `1 change is`, `2 changes are`.
fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
