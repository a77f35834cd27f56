//! Dialogs and lines being typed: prompts, questions, finds, the palette, the help.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::gate_keys;
use super::keys::{Action, KeyMode, Keymap};
use super::layout::Pane;
use super::move_keys::set_layout;
use super::on_key::{Act, MAX_LINE, perform};
use super::panes::palette;
use super::view::{Alarmed, Find, Line, Mode, Next, Purpose, Tone, View};
use super::way_keys;
use crate::clock;
use crate::fact::gate::Vote;
use crate::probe::rules::is_instance_of;
use crate::room::alarms::AlertNow;
use crate::room::{Intent, Room};
use crate::text::Untrusted;

/// Asks before doing something.
pub fn confirm(room: &Room, view: &mut View, question: String, then: Next) -> Vec<Act> {
    view.mode = Mode::Confirm { question, then: Box::new(then), opened: room.now };
    Vec::new()
}

/// What a dialog leads to.
pub fn follow(room: &Room, view: &mut View, next: Next) -> Vec<Act> {
    match next {
        Next::Prompt(purpose) => {
            view.mode = Mode::Prompt { purpose, input: Input::default(), line: Line::Typed };
            Vec::new()
        }
        Next::Do(intent) => vec![Act::Intent(intent)],
        Next::Confirm(question, intent) => confirm(room, view, question, Next::Do(intent)),
        Next::Recycle => super::clock_keys::recycle_dialog(room, view),
        Next::Quit => vec![Act::Quit],
        Next::LeaveAfter(after) => vec![Act::LeaveAfter(after)],
        Next::Declare => {
            way_keys::declare(room, view);
            Vec::new()
        }
        Next::Run(step) => super::run_sheet::open(room, view, step),
        Next::Rollbacks => {
            way_keys::open_rollbacks(room, view);
            Vec::new()
        }
    }
}

/// What can be done about the alert in question: the one that is open or selected, else the first that fires.
pub fn alert_dialog(room: &Room, view: &mut View) -> Vec<Act> {
    let alerts = room.alerts();
    let chosen = match (&view.alarm, view.focus) {
        (Some(Alarmed::Alert(name)), Pane::Alarms | Pane::Detail) => alerts.iter().find(|a| a.name == *name),
        _ => None,
    };
    let kind = match (&view.alarm, view.focus) {
        (Some(Alarmed::Kind(name)), Pane::Alarms | Pane::Detail) => Some(name),
        _ => None,
    };
    if let Some(name) = kind {
        return kind_dialog(room, view, &alerts, &name.clone());
    }
    let alert = chosen.or_else(|| alerts.iter().find(|a| a.state.fires())).or_else(|| alerts.first());
    let mut options = Vec::new();
    if let Some(alert) = alert {
        let name = crate::text::escape(&alert.name);
        if alert.state.fires() {
            let next = Next::Prompt(Purpose::Acknowledge(alert.name.clone()));
            options.push(('a', format!("take on \"{name}\": it is yours, nobody further is told"), next));
        }
        if let Some(silence) = room.progress.episodes.silenced(&alert.name, room.now.utc) {
            let question = format!("End the silence of \"{name}\"? ({}, by {})", silence.reason, silence.by.person);
            let next = Next::Confirm(question, Intent::Lift { silence: silence.id });
            options.push(('e', format!("end the silence of \"{name}\""), next));
        } else {
            let next = Next::Prompt(Purpose::Silence(Some(alert.name.clone())));
            options.push(('s', format!("silence \"{name}\": judged as ever, nobody is told"), next));
        }
    }
    if !(room.plan.rules.is_empty() && room.plan.imported.is_empty()) {
        options.push(('S', "silence every alert".to_owned(), Next::Prompt(Purpose::Silence(None))));
    }
    if !room.plan.notify.is_empty() {
        let what = "page everybody: every channel of the plan, at once".to_owned();
        options.push(('P', what, Next::Prompt(Purpose::PageAll)));
    }
    if let Some(paged) = room.paged().filter(|paged| !paged.over) {
        let question = format!("Say to everybody that it is over? ({})", paged.summary);
        let next = Next::Confirm(question, Intent::PageAllOver { text: Untrusted::default() });
        options.push(('o', "say that the page to everybody is over".to_owned(), next));
    }
    // Letters that mean nothing else here, where there are more channels than digits.
    let keys = ('1'..='9').chain("0bcdfghiklmnpqrtuvwxyz".chars());
    for (channel, digit) in room.plan.notify.iter().zip(keys) {
        let name = crate::text::escape(&channel.name);
        let question = format!("Send a test to \"{name}\"? Whoever listens there will get it.");
        let next = Next::Confirm(question, Intent::TestChannel { channel: channel.name.clone() });
        options.push((digit, format!("test the channel \"{name}\""), next));
    }
    if options.is_empty() {
        view.toast(room.now, Tone::Quiet, "the plan has no rule and no channel: [[rule]] and [notify.NAME] make them");
        return Vec::new();
    }
    view.mode = Mode::Choose { title: "Alerts".to_owned(), options, opened: room.now };
    Vec::new()
}

/// What can be done about all alerts of one name.
fn kind_dialog(room: &Room, view: &mut View, alerts: &[AlertNow], name: &str) -> Vec<Act> {
    let fire = alerts.iter().filter(|a| a.state.fires() && is_instance_of(&a.name, name)).count();
    let shown = crate::text::escape(name);
    let mut options = Vec::new();
    if fire > 0 {
        let next = Next::Prompt(Purpose::Acknowledge(name.to_owned()));
        options.push(('a', format!("take on all {fire} of \"{shown}\": they are yours, nobody further is told"), next));
    }
    if let Some(silence) = room.progress.episodes.silenced(name, room.now.utc) {
        let question = format!("End the silence of \"{shown}\"? ({}, by {})", silence.reason, silence.by.person);
        let next = Next::Confirm(question, Intent::Lift { silence: silence.id });
        options.push(('e', format!("end the silence of \"{shown}\""), next));
    } else {
        let next = Next::Prompt(Purpose::Silence(Some(name.to_owned())));
        options.push(('s', format!("silence all of \"{shown}\": judged as ever, nobody is told"), next));
    }
    view.mode = Mode::Choose { title: "Alerts".to_owned(), options, opened: room.now };
    Vec::new()
}

pub(super) fn place(room: &Room) -> String {
    room.plan
        .room
        .environment
        .as_ref()
        .map(|e| format!(" on {}", crate::text::escape(&e.to_uppercase())))
        .unwrap_or_default()
}

pub(super) fn when(room: &Room, at: DateTime<Utc>) -> String {
    let zone = room.plan.room.zone;
    at.with_timezone(&zone).format("%-d %b %H:%M:%S %Z").to_string()
}

/// A key while a line is typed.
pub fn prompt(
    room: &Room,
    view: &mut View,
    keymap: &Keymap,
    key: &KeyEvent,
    purpose: Purpose,
    (mut input, line): (Input, Line),
) -> Vec<Act> {
    match keymap.action(KeyMode::Prompt, key) {
        Some(Action::Cancel) => return Vec::new(),
        Some(Action::Accept) => return submit(room, view, purpose, input),
        _ => {}
    }
    let types =
        matches!(key.code, KeyCode::Char(_)) && !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    if line == Line::Offered && (types || matches!(key.code, KeyCode::Backspace | KeyCode::Delete)) {
        input = Input::default();
    }
    if input.value().len() < MAX_LINE || !matches!(key.code, KeyCode::Char(_)) {
        input.handle_event(&Event::Key(*key));
    }
    view.mode = Mode::Prompt { purpose, input, line: Line::Typed };
    Vec::new()
}

fn submit(room: &Room, view: &mut View, purpose: Purpose, input: Input) -> Vec<Act> {
    let line = input.value().trim().to_owned();
    let text = Untrusted::new(line.clone());
    let silent = matches!(purpose, Purpose::Vote(_, Vote::Go | Vote::Abstain | Vote::Withdrawn));
    if line.is_empty() && !silent && !matches!(purpose, Purpose::Owner(_) | Purpose::Acknowledge(_)) {
        view.toast(room.now, Tone::Bad, "write something first, or esc to cancel");
        view.mode = Mode::Prompt { purpose, input, line: Line::Typed };
        return Vec::new();
    }
    match gate_keys::submitted(&purpose, &line) {
        Some(Ok(intent)) => return vec![Act::Intent(intent)],
        Some(Err(why)) => {
            view.toast(room.now, Tone::Bad, why);
            view.mode = Mode::Prompt { purpose, input, line: Line::Typed };
            return Vec::new();
        }
        None => {}
    }
    match way_keys::submitted(room, view, &purpose, &line) {
        Some(Ok(intent)) => return vec![Act::Intent(intent)],
        Some(Err(why)) => {
            view.toast(room.now, Tone::Bad, why);
            if way_keys::shown_again(room, view, &purpose) {
                return Vec::new();
            }
            view.mode = Mode::Prompt { purpose, input, line: Line::Typed };
            return Vec::new();
        }
        None => {}
    }
    let intent = match purpose {
        // Taken above.
        Purpose::Vote(..)
        | Purpose::NoGo(_)
        | Purpose::Override(_)
        | Purpose::Reopen(_)
        | Purpose::FireRollback(..)
        | Purpose::AbortRollback(_)
        | Purpose::DecideLevel(..)
        | Purpose::Declare(..)
        | Purpose::Withdraw(..)
        | Purpose::Pull(..) => return Vec::new(),
        Purpose::Note(step) => Intent::Note { step, text },
        Purpose::Fail(step) => Intent::Fail { step, reason: text },
        Purpose::Skip(step) => Intent::Skip { step, reason: text },
        Purpose::NotApplicable(step) => Intent::NotApplicable { step, reason: text },
        Purpose::Waive(step) => Intent::Waive { step, reason: text },
        Purpose::Owner(step) => Intent::Own { step, owner: text },
        Purpose::Add(after) => Intent::Add { after, text },
        Purpose::Acknowledge(alert) => {
            let (minutes, words) = minutes_and_words(&line);
            let (owner, words) = owner_and_words(&words);
            Intent::Acknowledge { alert, owner, minutes, text: Untrusted::new(words) }
        }
        Purpose::PageAll => {
            let channels: Vec<String> = room.plan.notify.iter().map(|c| crate::text::escape(&c.name)).collect();
            let (n, place) = (channels.len(), place(room));
            let question = format!("Page everybody{place}? {n} channels: {}", channels.join(", "));
            return confirm(room, view, question, Next::Do(Intent::PageAll { text }));
        }
        Purpose::Silence(alert) => match minutes_and_words(&line) {
            (Some(minutes), words) if !words.is_empty() => {
                Intent::Silence { alert, minutes, reason: Untrusted::new(words) }
            }
            _ => {
                view.toast(room.now, Tone::Bad, "write for how long and why, as in: 30m known failover");
                view.mode = Mode::Prompt { purpose: Purpose::Silence(alert), input, line: Line::Typed };
                return Vec::new();
            }
        },
        purpose @ (Purpose::Hold
        | Purpose::Timer
        | Purpose::Extend(_)
        | Purpose::Recycle(_)
        | Purpose::Answer(..)
        | Purpose::TickAnyway(_)
        | Purpose::StartAnyway(_)) => match super::clock_keys::submit(room, view, &purpose, &line) {
            Ok(acts) => return acts,
            Err(instead) => {
                view.toast(room.now, Tone::Bad, instead);
                view.mode = Mode::Prompt { purpose, input, line: Line::Typed };
                return Vec::new();
            }
        },
        Purpose::Param(name) => match super::param_keys::submitted(room, &name, &line) {
            Ok(intent) => intent,
            Err(why) => {
                view.toast(room.now, Tone::Bad, why);
                view.mode = Mode::Prompt { purpose: Purpose::Param(name), input, line: Line::Typed };
                return Vec::new();
            }
        },
        Purpose::T0 => match read_moment(room, &line) {
            Ok(at) => {
                let question = format!("Set T-0{} to {}?", place(room), when(room, at));
                return confirm(room, view, question, Next::Do(Intent::SetT0 { t0: Some(at) }));
            }
            Err(sentence) => {
                view.toast(room.now, Tone::Bad, sentence);
                view.mode = Mode::Prompt { purpose: Purpose::T0, input, line: Line::Typed };
                return Vec::new();
            }
        },
    };
    vec![Act::Intent(intent)]
}

/// `30m looking at the pool`: whole minutes, rounded up, and the words.
pub(super) fn minutes_and_words(line: &str) -> (Option<u32>, String) {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match clock::parse_duration(first) {
        Ok(span) => (u32::try_from(span.as_secs().div_ceil(60)).ok(), rest.trim().to_owned()),
        Err(_) => (None, line.to_owned()),
    }
}

/// `@dba looking`: who has it, and a word.
fn owner_and_words(line: &str) -> (Option<Untrusted>, String) {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match first.strip_prefix('@').filter(|name| !name.is_empty()) {
        Some(name) => (Some(Untrusted::new(name)), rest.trim().to_owned()),
        None => (None, line.to_owned()),
    }
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
    let time =
        ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(line, form).ok()).ok_or_else(|| {
            format!("\"{}\" is no time; write 12:30, 12:30:00, +10m or 2025-10-21T12:00:00Z", crate::text::escape(line))
        })?;
    clock::zones::local(zone, now.with_timezone(&zone).date_naive().and_time(time))
}

/// A key while a find is typed.
pub fn find_typing(room: &Room, view: &mut View, keymap: &Keymap, key: &KeyEvent, mut input: Input) -> Vec<Act> {
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
pub fn seek(room: &Room, view: &mut View, query: &str) {
    let matches = view.derived.find(room, query);
    let from = view.selected_node().unwrap_or(0);
    let to = matches.iter().copied().find(|m| *m >= from).or_else(|| matches.first().copied());
    view.find = Some(Find { query: query.to_owned(), matches, outline: view.derived.outline });
    view.focus = Pane::Checklist;
    if let Some(node) = to {
        view.reveal(room, node);
    }
}

/// To the next or the previous match, round and round.
pub fn jump(room: &Room, view: &mut View, forward: bool) {
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

/// A key in the palette.
pub fn palette_typing(
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

/// A key in the help.
pub fn help(view: &mut View, keymap: &Keymap, key: &KeyEvent) {
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
