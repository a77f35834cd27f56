//! Keys, pastes and the mouse: what they change on this screen, and what they ask of the room.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::derive::NONE;
use super::keys::{Action, KeyMode, Keymap};
use super::layout::{LayoutName, Pane};
use super::panes::{palette, services};
use super::view::{Detail, Filter, Find, Frozen, Mode, Next, Purpose, Tone, View};
use crate::clock;
use crate::fact::StepId;
use crate::room::{Intent, Room, Status};
use crate::text::Untrusted;

/// A dialog ignores its keys for this long, so that type-ahead decides nothing.
pub const DEAD_TIME: Duration = Duration::from_millis(300);
/// A pasted or typed line is cut here.
const MAX_LINE: usize = 4_096;

/// What a key asks of the loop.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Ask the room.
    Intent(Intent),
    /// Leave.
    Quit,
    /// Stop, as for Ctrl-Z.
    Suspend,
    /// Put this (already escaped) on the terminal's clipboard.
    Copy(String),
    /// Forget what the terminal shows and draw everything.
    Redraw,
    /// Load this theme; empty: the next one.
    Theme(String),
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
        Mode::Prompt { purpose, input } => prompt(room, view, keymap, &key, purpose, input),
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
            view.toast(room.now, Tone::Quiet, "cancelled");
            Vec::new()
        }
        Mode::Help => {
            help(view, keymap, &key);
            Vec::new()
        }
        Mode::Palette { input, at } => palette_typing(room, view, keymap, &key, input, at),
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
        Mode::Prompt { input, .. } => *input = add(input),
        Mode::Palette { input, at } => {
            *input = add(input);
            *at = 0;
        }
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
fn perform(room: &Room, view: &mut View, action: Action) -> Vec<Act> {
    use Action as A;
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
        A::NextPane => cycle(view, 1),
        A::PreviousPane => cycle(view, Pane::FOCUSABLE.len() - 1),
        A::Pane1 => view.focus = Pane::Checklist,
        A::Pane2 => view.focus = Pane::Detail,
        A::Pane3 => view.focus = Pane::Services,
        A::Pane4 => view.focus = Pane::Errors,
        A::Pane5 => view.focus = Pane::Latency,
        A::Pane6 => view.focus = Pane::Alarms,
        A::Pane7 => view.focus = Pane::Metrics,
        A::Pane8 => view.focus = Pane::Timeline,
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
        A::Open => open(view),
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

/// Actions that want something of the room; a read-only screen asks for nothing.
fn change(room: &Room, view: &mut View, action: Action) -> Vec<Act> {
    use Action as A;
    if room.me.read_only {
        view.toast(room.now, Tone::Bad, "this screen is read-only: start without --read-only to record anything");
        return Vec::new();
    }
    let ask = |view: &mut View, purpose: Purpose| {
        let input = match &purpose {
            Purpose::Owner(_) => Input::new(room.me.author.person.escaped()),
            _ => Input::default(),
        };
        view.mode = Mode::Prompt { purpose, input };
        Vec::new()
    };
    match action {
        A::Undo => return vec![Act::Intent(Intent::Undo)],
        A::RoomNote => return ask(view, Purpose::Note(None)),
        A::Clock => return clock_dialog(room, view),
        _ => {}
    }
    let on_steps = view.focus == Pane::Checklist || view.focus == Pane::Detail && view.detail == Detail::Step;
    let step = view.current_step(room).filter(|_| on_steps);
    match (action, step) {
        (A::Note, step) => ask(view, Purpose::Note(step)),
        (A::Add, step) => ask(view, Purpose::Add(step)),
        (A::Tick, Some(step)) => tick(room, view, step),
        (A::Start, Some(step)) => vec![Act::Intent(Intent::Start { step })],
        (A::Fail, Some(step)) => ask(view, Purpose::Fail(step)),
        (A::Owner, Some(step)) => ask(view, Purpose::Owner(step)),
        (A::Reopen, Some(step)) => confirm(
            room,
            view,
            format!("Open \"{}\" again?", title(room, view, &step)),
            Next::Do(Intent::Reopen { step }),
        ),
        (A::LeaveOut, Some(step)) => {
            view.mode = Mode::Choose {
                title: format!("Leave out \"{}\"", title(room, view, &step)),
                options: vec![
                    ('s', "skip it on this run".to_owned(), Next::Prompt(Purpose::Skip(step.clone()))),
                    ('n', "it does not apply here".to_owned(), Next::Prompt(Purpose::NotApplicable(step.clone()))),
                    ('w', "waive it by authority".to_owned(), Next::Prompt(Purpose::Waive(step))),
                ],
                opened: room.now,
            };
            Vec::new()
        }
        (A::Tick | A::Start | A::Fail | A::Owner | A::Reopen | A::LeaveOut, None) => {
            let text = if on_steps {
                "this is a phase: choose one of its steps"
            } else {
                "choose a step first: 1 goes to the checklist"
            };
            view.toast(room.now, Tone::Quiet, text);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn tick(room: &Room, view: &mut View, step: StepId) -> Vec<Act> {
    let node = view.current().unwrap_or(NONE);
    if view.derived.is_leaf(node) {
        if view.derived.status_of(node) == Status::Done && by_me(room, &step) {
            view.toast(
                room.now,
                Tone::Quiet,
                "already done, by you: u takes your last mark back, U opens the step again",
            );
            return Vec::new();
        }
        return vec![Act::Intent(Intent::Tick { step })];
    }
    let (done, all) = view.derived.counts.get(node as usize).copied().unwrap_or_default();
    if done == all {
        view.toast(room.now, Tone::Quiet, "all of it is done");
        return Vec::new();
    }
    let question = format!("Tick the {} remaining steps of \"{}\"?", all - done, title(room, view, &step));
    confirm(room, view, question, Next::Do(Intent::Tick { step }))
}

fn by_me(room: &Room, step: &StepId) -> bool {
    let by = room.progress.step(step).and_then(|s| s.by.as_ref());
    by.is_some_and(|(author, _)| author.person == room.me.author.person)
}

fn title(room: &Room, view: &View, step: &StepId) -> String {
    view.derived.node_of(step).map(|n| view.derived.text(room, n)).unwrap_or_default()
}

fn confirm(room: &Room, view: &mut View, question: String, then: Next) -> Vec<Act> {
    view.mode = Mode::Confirm { question, then: Box::new(then), opened: room.now };
    Vec::new()
}

fn follow(room: &Room, view: &mut View, next: Next) -> Vec<Act> {
    match next {
        Next::Prompt(purpose) => {
            view.mode = Mode::Prompt { purpose, input: Input::default() };
            Vec::new()
        }
        Next::Do(intent) => vec![Act::Intent(intent)],
        Next::Confirm(question, intent) => confirm(room, view, question, Next::Do(intent)),
        Next::Quit => vec![Act::Quit],
    }
}

fn clock_dialog(room: &Room, view: &mut View) -> Vec<Act> {
    let set = |t0| Intent::SetT0 { t0 };
    let now = room.now.utc;
    let place = place(room);
    let mut options = vec![
        ('n', "now".to_owned(), Next::Confirm(format!("Set T-0{place} to now, {}?", when(room, now)), set(Some(now)))),
        ('a', "at a time…".to_owned(), Next::Prompt(Purpose::T0)),
    ];
    if let Some(t0) = room.t0() {
        let question = format!("Unset T-0{place}? It is {} now; offsets will sleep.", when(room, t0));
        options.push(('u', "unset it".to_owned(), Next::Confirm(question, set(None))));
    }
    view.mode =
        Mode::Choose { title: "T-0, the moment everything is counted from".to_owned(), options, opened: room.now };
    Vec::new()
}

fn place(room: &Room) -> String {
    room.plan
        .room
        .environment
        .as_ref()
        .map(|e| format!(" on {}", crate::text::escape(&e.to_uppercase())))
        .unwrap_or_default()
}

fn when(room: &Room, at: DateTime<Utc>) -> String {
    let zone = room.plan.room.zone;
    at.with_timezone(&zone).format("%-d %b %H:%M:%S %Z").to_string()
}

fn prompt(
    room: &Room,
    view: &mut View,
    keymap: &Keymap,
    key: &KeyEvent,
    purpose: Purpose,
    mut input: Input,
) -> Vec<Act> {
    match keymap.action(KeyMode::Prompt, key) {
        Some(Action::Cancel) => {
            view.toast(room.now, Tone::Quiet, "cancelled");
            return Vec::new();
        }
        Some(Action::Accept) => return submit(room, view, purpose, input),
        _ => {}
    }
    if input.value().len() < MAX_LINE || !matches!(key.code, KeyCode::Char(_)) {
        input.handle_event(&Event::Key(*key));
    }
    view.mode = Mode::Prompt { purpose, input };
    Vec::new()
}

fn submit(room: &Room, view: &mut View, purpose: Purpose, input: Input) -> Vec<Act> {
    let line = input.value().trim().to_owned();
    let text = Untrusted::new(line.clone());
    if line.is_empty() && !matches!(purpose, Purpose::Owner(_)) {
        view.toast(room.now, Tone::Bad, "write something first, or esc to cancel");
        view.mode = Mode::Prompt { purpose, input };
        return Vec::new();
    }
    let intent = match purpose {
        Purpose::Note(step) => Intent::Note { step, text },
        Purpose::Fail(step) => Intent::Fail { step, reason: text },
        Purpose::Skip(step) => Intent::Skip { step, reason: text },
        Purpose::NotApplicable(step) => Intent::NotApplicable { step, reason: text },
        Purpose::Waive(step) => Intent::Waive { step, reason: text },
        Purpose::Owner(step) => Intent::Own { step, owner: text },
        Purpose::Add(after) => Intent::Add { after, text },
        Purpose::T0 => match read_moment(room, &line) {
            Ok(at) => {
                let question = format!("Set T-0{} to {}?", place(room), when(room, at));
                return confirm(room, view, question, Next::Do(Intent::SetT0 { t0: Some(at) }));
            }
            Err(sentence) => {
                view.toast(room.now, Tone::Bad, sentence);
                view.mode = Mode::Prompt { purpose: Purpose::T0, input };
                return Vec::new();
            }
        },
    };
    vec![Act::Intent(intent)]
}

/// `12:30` or `12:30:00` today in the room's zone, `+10m`, `-5m`, or RFC 3339.
fn read_moment(room: &Room, line: &str) -> Result<DateTime<Utc>, String> {
    let now = room.now.utc;
    if line == "now" {
        return Ok(now);
    }
    if let Some(span) = line.strip_prefix(['+', '-']) {
        let span = clock::parse_duration(span.trim()).map_err(|e| e.to_string())?;
        let span = TimeDelta::from_std(span).map_err(|e| e.to_string())?;
        let at = if line.starts_with('-') { now.checked_sub_signed(span) } else { now.checked_add_signed(span) };
        return at.ok_or_else(|| format!("{line} is out of range"));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(line) {
        return Ok(at.with_timezone(&Utc));
    }
    let zone = room.plan.room.zone;
    ["%H:%M", "%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(line, form).ok())
        .and_then(|time| zone.from_local_datetime(&now.with_timezone(&zone).date_naive().and_time(time)).earliest())
        .map(|at| at.with_timezone(&Utc))
        .ok_or_else(|| {
            format!("\"{}\" is no time; write 12:30, 12:30:00, +10m or 2025-10-21T12:00:00Z", crate::text::escape(line))
        })
}

fn find_typing(room: &Room, view: &mut View, keymap: &Keymap, key: &KeyEvent, mut input: Input) -> Vec<Act> {
    match keymap.action(KeyMode::Find, key) {
        Some(Action::Cancel) => {
            view.find = None;
            return Vec::new();
        }
        Some(Action::Accept) => {
            if view.find.as_ref().is_none_or(|f| f.matches.is_empty()) {
                if !input.value().is_empty() {
                    view.toast(room.now, Tone::Quiet, "nothing found");
                }
                view.find = None;
            }
            return Vec::new();
        }
        _ => {}
    }
    if input.value().len() < 256 || !matches!(key.code, KeyCode::Char(_)) {
        input.handle_event(&Event::Key(*key));
    }
    let query = input.value().to_owned();
    view.mode = Mode::Find(input);
    seek(room, view, &query);
    Vec::new()
}

/// Finds as it is typed: the first match at or below the selected row.
fn seek(room: &Room, view: &mut View, query: &str) {
    let matches = view.derived.find(room, query);
    let from = view.selected_node().unwrap_or(0);
    let to = matches.iter().copied().find(|m| *m >= from).or_else(|| matches.first().copied());
    view.find = Some(Find { query: query.to_owned(), matches, outline: view.derived.outline });
    view.focus = Pane::Checklist;
    if let Some(node) = to {
        view.reveal(room, node);
    }
}

fn jump(room: &Room, view: &mut View, forward: bool) {
    let Some(find) = &view.find else { return };
    let from = view.selected_node().unwrap_or(0);
    let found = &find.matches;
    let to = if forward {
        found.iter().copied().find(|m| *m > from).or_else(|| found.first().copied())
    } else {
        found.iter().rev().copied().find(|m| *m < from).or_else(|| found.last().copied())
    };
    if let Some(node) = to {
        view.reveal(room, node);
        view.focus = Pane::Checklist;
    }
}

fn palette_typing(
    room: &Room,
    view: &mut View,
    keymap: &Keymap,
    key: &KeyEvent,
    mut input: Input,
    mut at: usize,
) -> Vec<Act> {
    let found = palette::matches(keymap, input.value());
    let last = found.len().saturating_sub(1);
    match keymap.action(KeyMode::Palette, key) {
        Some(Action::Cancel) => return Vec::new(),
        Some(Action::Accept) => {
            return match found.get(at.min(last)).map(|m| m.command) {
                Some(palette::Command::Action(action)) => perform(room, view, action),
                Some(palette::Command::Layout(name)) => {
                    set_layout(room, view, name);
                    Vec::new()
                }
                Some(palette::Command::Filter(filter)) => {
                    view.filter = filter;
                    view.focus = Pane::Checklist;
                    Vec::new()
                }
                None => {
                    view.toast(room.now, Tone::Quiet, "no such action");
                    Vec::new()
                }
            };
        }
        Some(Action::Down) => at = (at + 1).min(last),
        Some(Action::Up) => at = at.saturating_sub(1),
        _ => {
            if input.value().len() < 256 || !matches!(key.code, KeyCode::Char(_)) {
                input.handle_event(&Event::Key(*key));
            }
            at = 0;
        }
    }
    view.mode = Mode::Palette { input, at };
    Vec::new()
}

fn help(view: &mut View, keymap: &Keymap, key: &KeyEvent) {
    view.mode = Mode::Help;
    let page = 10;
    let Some(at) = view.scroll.get_mut(Pane::Tabs.index()) else { return };
    match keymap.action(KeyMode::Help, key) {
        Some(Action::Cancel) => view.mode = Mode::Normal,
        Some(Action::Down) => *at = at.saturating_add(1),
        Some(Action::Up) => *at = at.saturating_sub(1),
        Some(Action::PageDown) => *at = at.saturating_add(page),
        Some(Action::PageUp) => *at = at.saturating_sub(page),
        Some(Action::First) => *at = 0,
        Some(Action::Last) => *at = usize::MAX / 2,
        _ => {}
    }
}

/// Moves the selection or the offset of a pane; drawing clamps offsets.
fn step_by(room: &Room, view: &mut View, pane: Pane, by: i64) {
    let moved = |at: usize| usize::try_from((at as i64).saturating_add(by).max(0)).unwrap_or(usize::MAX);
    match pane {
        Pane::Checklist => {
            let row = moved(view.selected_row());
            view.select_row(room, row);
            view.detail = Detail::Step;
            if let Some(at) = view.scroll.get_mut(Pane::Detail.index()) {
                *at = 0;
            }
        }
        Pane::Services => {
            let order = services::order(room);
            let at = order.iter().position(|(ix, _)| *ix == view.service).unwrap_or(0);
            if let Some((ix, _)) = order.get(moved(at).min(order.len().saturating_sub(1))) {
                view.service = *ix;
            }
        }
        _ => {
            if let Some(at) = view.scroll.get_mut(pane.index()) {
                *at = moved(*at);
            }
        }
    }
}

fn fold(room: &Room, view: &mut View) {
    if view.focus != Pane::Checklist {
        return;
    }
    let Some(i) = view.current() else { return };
    let Some(node) = view.derived.node(i) else { return };
    if node.end > i + 1 && !view.folded.contains(&node.key) {
        view.folded.insert(node.key);
        view.refold();
        return;
    }
    let up = if node.parent == NONE { node.phase } else { node.parent };
    if up != i {
        view.select_node(room, up);
    }
}

fn unfold(room: &Room, view: &mut View) {
    if view.focus != Pane::Checklist {
        return;
    }
    let Some(i) = view.current() else { return };
    let Some((key, end)) = view.derived.node(i).map(|n| (n.key, n.end)) else { return };
    if view.folded.remove(&key) {
        view.refold();
    } else if end > i + 1 {
        view.select_node(room, i + 1);
    }
}

fn open(view: &mut View) {
    match view.focus {
        Pane::Checklist => {
            let Some(i) = view.current() else { return };
            let Some(node) = view.derived.node(i) else { return };
            if node.is_phase() {
                if !view.folded.remove(&node.key) {
                    view.folded.insert(node.key);
                }
                view.refold();
                return;
            }
            view.detail = Detail::Step;
            view.focus = Pane::Detail;
        }
        Pane::Services => {
            view.detail = Detail::Service;
            view.focus = Pane::Detail;
        }
        Pane::Detail => view.zoom = !view.zoom,
        _ => view.zoom = true,
    }
    if let Some(at) = view.scroll.get_mut(Pane::Detail.index()) {
        *at = 0;
    }
}

/// One thing at a time, the innermost first.
fn back(room: &Room, view: &mut View) {
    if view.hair.take().is_some() || view.find.take().is_some() {
        return;
    }
    if view.zoom {
        view.zoom = false;
    } else if view.focus == Pane::Detail && view.detail == Detail::Service {
        view.detail = Detail::Step;
        view.focus = Pane::Services;
    } else if view.focus != Pane::Checklist {
        view.focus = Pane::Checklist;
    } else if view.filter != Filter::All {
        view.filter = Filter::All;
        view.refresh(room);
    }
}

fn cycle(view: &mut View, by: usize) {
    let all = Pane::FOCUSABLE;
    let at = all.iter().position(|p| *p == view.focus).unwrap_or(0);
    // Panes that are on the screen come round; where one is shown at a time, all of them do.
    let several = view.drawn.iter().filter(|(p, _)| all.contains(&p.pane)).count() > 1;
    let mut i = at;
    for _ in 0..all.len() {
        i = (i + by) % all.len();
        let Some(pane) = all.get(i) else { return };
        if !several || view.region(*pane).is_some() {
            view.focus = *pane;
            return;
        }
    }
}

fn set_layout(room: &Room, view: &mut View, name: LayoutName) {
    view.layout = name;
    view.zoom = false;
    view.focus = if name == LayoutName::Oncall { Pane::Services } else { Pane::Checklist };
    view.toast(room.now, Tone::Quiet, format!("layout {}", name.name()));
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
