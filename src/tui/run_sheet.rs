//! The sheet before a command runs: all of it has to be seen, a change takes its word, and nothing typed ahead starts it.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;
use uuid::Uuid;

use super::layout::Pane;
use super::on_key::{Act, DEAD_TIME};
use super::panes::run;
use super::param_keys;
use super::view::{Detail, Mode, Tone, View};
use crate::clock::Now;
use crate::fact::StepId;
use crate::room::command::Planned;
use crate::room::{Confirmed, Intent, Room};
use crate::text::Untrusted;

/// What a step's command would do, before it does it; or a run that goes on.
#[derive(Clone, Debug)]
pub struct RunSheet {
    /// Of which step.
    pub step: StepId,
    /// What would run, one for each command.
    pub plans: Vec<Planned>,
    /// Which of them.
    pub at: usize,
    /// What the keys are for.
    pub stage: Stage,
    /// The line being typed.
    pub input: Input,
    /// The reason, once it was given.
    pub reason: Option<String>,
    /// Rows scrolled away at the top.
    pub scroll: usize,
    /// Rows seen so far, at which width.
    pub seen: (u16, usize),
    /// Keys are ignored for 300 ms from here, and as long as they do not pause.
    pub opened: Now,
}

/// What the keys of the sheet are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// One key starts it.
    Look,
    /// The first parameter it waits for is answered.
    Answer,
    /// Why it is run against an order.
    Reason,
    /// The word that a change takes.
    Word,
    /// The second confirmation.
    Sure,
    /// A run goes on; one key stops it.
    Watch(Uuid),
}

impl RunSheet {
    /// The command in question.
    pub fn plan(&self) -> Option<&Planned> {
        self.plans.get(self.at)
    }

    fn first_stage(&self) -> Stage {
        match self.plan() {
            Some(plan) if !plan.asks.is_empty() => Stage::Answer,
            Some(plan) if plan.against.is_some() && self.reason.is_none() => Stage::Reason,
            Some(plan) if plan.word.is_some() => Stage::Word,
            _ => Stage::Look,
        }
    }
}

/// Opens the sheet of a step.
pub fn open(room: &Room, view: &mut View, step: StepId) -> Vec<Act> {
    let plans = room.would_run(&step);
    let running = room.progress.running(&step).map(|(run, _)| run);
    if plans.is_empty() && running.is_none() {
        view.toast(room.now, Tone::Quiet, "this step has no command to run: space ticks it");
        return Vec::new();
    }
    let mut sheet = RunSheet {
        step,
        plans,
        at: 0,
        stage: Stage::Look,
        input: Input::default(),
        reason: None,
        scroll: 0,
        seen: (0, 0),
        opened: room.now,
    };
    sheet.stage = running.map_or_else(|| sheet.first_stage(), Stage::Watch);
    view.mode = Mode::Run(Box::new(sheet));
    Vec::new()
}

/// Takes over what was answered meanwhile, here or by somebody else: what is shown is what would run now.
pub fn refresh(room: &Room, sheet: &mut RunSheet) {
    if sheet.stage != Stage::Answer {
        return;
    }
    let plans = room.would_run(&sheet.step);
    let asks = |plans: &[Planned]| plans.get(sheet.at).map(|p| (p.asks.clone(), p.hash.clone()));
    if asks(&plans) != asks(&sheet.plans) {
        sheet.plans = plans;
        sheet.input = Input::default();
        sheet.stage = sheet.first_stage();
        (sheet.scroll, sheet.seen, sheet.opened) = (0, (0, 0), room.now);
    }
}

/// A key while the sheet is open.
pub fn on_key(room: &Room, view: &mut View, key: &KeyEvent, mut sheet: Box<RunSheet>) -> Vec<Act> {
    let early = room.now.since(sheet.opened) < DEAD_TIME;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let leaves = key.code == KeyCode::Esc || control && key.code == KeyCode::Char('c');
    if early && !leaves {
        // Whatever streams in, typed ahead or pasted, has to pause before it means anything here.
        sheet.opened = room.now;
        view.mode = Mode::Run(sheet);
        return Vec::new();
    }
    if leaves {
        return Vec::new();
    }
    let (width, height, rows) = measure(room, view, &sheet);
    if sheet.seen.0 != width {
        sheet.seen = (width, 0);
    }
    let last = rows.saturating_sub(height);
    sheet.scroll = sheet.scroll.min(last);
    sheet.seen.1 = sheet.seen.1.max(sheet.scroll + height);
    let page = height.saturating_sub(1).max(1);
    let scroll = match key.code {
        KeyCode::Up => Some(sheet.scroll.saturating_sub(1)),
        KeyCode::Down => Some(sheet.scroll + 1),
        KeyCode::PageUp => Some(sheet.scroll.saturating_sub(page)),
        KeyCode::PageDown => Some(sheet.scroll + page),
        KeyCode::Home => Some(0),
        KeyCode::End => Some(last),
        _ => None,
    };
    if let Some(to) = scroll {
        // A jump to the end is no look at what lies between.
        let to = to.min(last);
        if key.code != KeyCode::End || sheet.seen.1 >= last {
            sheet.seen.1 = sheet.seen.1.max(to + height);
        } else {
            view.toast(room.now, Tone::Quiet, "pgdn goes through all of it; then it can be run");
        }
        sheet.scroll = to;
        view.mode = Mode::Run(sheet);
        return Vec::new();
    }
    if key.kind == KeyEventKind::Repeat {
        view.mode = Mode::Run(sheet);
        return Vec::new();
    }
    match (sheet.stage, key.code) {
        (Stage::Watch(run), KeyCode::Char('K')) => {
            view.mode = Mode::Run(sheet);
            return vec![Act::Intent(Intent::Stop { run })];
        }
        (Stage::Watch(run), KeyCode::Enter) if room.live.runs.get(&run).is_some_and(|live| live.paused) => {
            return vec![Act::Resume];
        }
        (Stage::Watch(_), _) => {}
        (Stage::Sure, KeyCode::Char('y')) => return submit(view, &sheet, Confirmed::Twice),
        (Stage::Sure, _) => {
            view.toast(room.now, Tone::Quiet, "cancelled: nothing ran");
            return Vec::new();
        }
        (_, KeyCode::Tab) if sheet.plans.len() > 1 => {
            sheet.at = (sheet.at + 1) % sheet.plans.len();
            sheet.input = Input::default();
            sheet.stage = sheet.first_stage();
            (sheet.scroll, sheet.seen, sheet.opened) = (0, (0, 0), room.now);
        }
        (_, KeyCode::Enter) => return enter(room, view, sheet, rows),
        (Stage::Reason | Stage::Word | Stage::Answer, _) if sheet.input.value().len() < 1_024 => {
            sheet.input.handle_event(&Event::Key(*key));
        }
        _ => {}
    }
    view.mode = Mode::Run(sheet);
    Vec::new()
}

fn enter(room: &Room, view: &mut View, mut sheet: Box<RunSheet>, rows: usize) -> Vec<Act> {
    let Some(plan) = sheet.plan() else { return Vec::new() };
    let typed = sheet.input.value().trim().to_owned();
    if sheet.stage == Stage::Answer
        && let Some(name) = plan.asks.first()
    {
        let asked = param_keys::submitted(room, name, &typed);
        let acts = match asked {
            Ok(intent) => vec![Act::Intent(intent)],
            Err(why) => {
                view.toast(room.now, Tone::Bad, why);
                Vec::new()
            }
        };
        view.mode = Mode::Run(sheet);
        return acts;
    }
    let refused = if let Some(why) = plan.blocked.first() {
        Some(format!("it cannot run: {why}"))
    } else if sheet.seen.1 < rows {
        Some("look at all of it first: pgdn shows the rest".to_owned())
    } else {
        match sheet.stage {
            Stage::Reason if typed.is_empty() => Some("write why it runs now, or esc to cancel".to_owned()),
            Stage::Word if plan.word.as_deref() != Some(sheet.input.value()) => {
                Some(format!("to run it, type {} just so", plan.word.as_deref().unwrap_or_default()))
            }
            _ => None,
        }
    };
    if let Some(why) = refused {
        view.toast(room.now, Tone::Bad, why);
        view.mode = Mode::Run(sheet);
        return Vec::new();
    }
    let twice = plan.twice.is_some();
    if sheet.stage == Stage::Reason {
        sheet.reason = Some(typed);
        sheet.input = Input::default();
        sheet.stage = sheet.first_stage();
        sheet.opened = room.now;
    } else if twice {
        sheet.stage = Stage::Sure;
        sheet.opened = room.now;
    } else {
        return submit(view, &sheet, Confirmed::Once);
    }
    view.mode = Mode::Run(sheet);
    Vec::new()
}

/// What is asked of the room carries the hash of what was shown: anything else is refused there.
fn submit(view: &mut View, sheet: &RunSheet, confirmed: Confirmed) -> Vec<Act> {
    let Some(plan) = sheet.plan() else { return Vec::new() };
    view.detail = Detail::Step;
    if let Some(at) = view.scroll.get_mut(Pane::Detail.index()) {
        *at = 0;
    }
    vec![Act::Intent(Intent::Run {
        step: sheet.step.clone(),
        command: plan.index,
        hash: plan.hash.clone(),
        word: plan.word.clone(),
        reason: sheet.reason.clone().map(Untrusted::new),
        confirmed,
    })]
}

/// Width and height of the sheet's body, and how many rows it has.
fn measure(room: &Room, view: &View, sheet: &RunSheet) -> (u16, usize, usize) {
    let all = view.drawn.iter().map(|(plot, _)| plot.area).reduce(Rect::union);
    let area = all.unwrap_or(Rect::new(0, 0, 80, 24));
    let rows = run::body(room, view, sheet, run::body_width(area.width)).len();
    (area.width, run::body_height(area, rows), rows)
}
