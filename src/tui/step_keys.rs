//! Keys that want something recorded, most of them of the step under the arrow: what they ask of the room, and what they ask
//! the person first.

use tui_input::Input;

use super::clock_keys::{answer_dialog, clock_dialog};
use super::derive::NONE;
use super::keys::Action;
use super::layout::Pane;
use super::on_key::Act;
use super::typing::{alert_dialog, confirm};
use super::view::{Detail, Line, Mode, Next, Purpose, Tone, View};
use super::way_keys;
use crate::fact::StepId;
use crate::room::{Intent, Room, Status};

/// Actions that want something of the room; a read-only screen asks for nothing.
pub fn change(room: &Room, view: &mut View, action: Action) -> Vec<Act> {
    use Action as A;
    if room.me.read_only {
        view.toast(room.now, Tone::Bad, "this screen is read-only: start without --read-only to record anything");
        return Vec::new();
    }
    let ask = |view: &mut View, purpose: Purpose| {
        let (input, line) = match &purpose {
            Purpose::Owner(_) => (Input::new(room.me.author.person.escaped()), Line::Offered),
            _ => (Input::default(), Line::Typed),
        };
        view.mode = Mode::Prompt { purpose, input, line };
        Vec::new()
    };
    match action {
        A::Undo => return vec![Act::Intent(Intent::Undo)],
        A::RoomNote => return ask(view, Purpose::Note(None)),
        A::Clock => return clock_dialog(room, view),
        A::Alerts => return alert_dialog(room, view),
        A::CheckIn => return answer_dialog(room, view),
        _ => {}
    }
    let on_steps = view.focus == Pane::Checklist || view.focus == Pane::Detail && view.detail == Detail::Step;
    let step = view.current_step(room).filter(|_| on_steps);
    match (action, step) {
        (A::Note, step) => ask(view, Purpose::Note(step)),
        (A::Add, step) => ask(view, Purpose::Add(step)),
        (A::Tick, Some(step)) => tick(room, view, step),
        (A::Run, Some(step)) => way_keys::open_aborted(room, view, step),
        (A::Start, Some(step)) => turn(room, view, step, true),
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
        (A::Run | A::Tick | A::Start | A::Fail | A::Owner | A::Reopen | A::LeaveOut, None) => {
            let text = if on_steps && view.gate_selected().is_some() {
                "this is a gate: g votes on it and decides it"
            } else if on_steps {
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
        return turn(room, view, step, false);
    }
    let (done, all) = view.derived.counts.get(node as usize).copied().unwrap_or_default();
    if done == all {
        view.toast(room.now, Tone::Quiet, "all of it is done");
        return Vec::new();
    }
    let question = format!("Tick the {} remaining steps of \"{}\"?", all - done, title(room, view, &step));
    confirm(room, view, question, Next::Do(Intent::Tick { step }))
}

/// Ticks or begins a step; where it is not its turn, says so, and where the plan is strict about that, asks why.
fn turn(room: &Room, view: &mut View, step: StepId, begin: bool) -> Vec<Act> {
    let open = !room.status(&step).settled();
    if open && room.out_of_turn(&step).is_some() {
        let purpose = if begin { Purpose::StartAnyway(step) } else { Purpose::TickAnyway(step) };
        view.mode = Mode::Prompt { purpose, input: Input::default(), line: Line::Typed };
        return Vec::new();
    }
    if let Some(how) = room.irregular(&step).filter(|_| open) {
        view.toast(room.now, Tone::Bad, format!("out of turn, {how}: recorded so; u takes it back"));
    }
    vec![Act::Intent(if begin { Intent::Start { step } } else { Intent::Tick { step } })]
}

fn by_me(room: &Room, step: &StepId) -> bool {
    let by = room.progress.step(step).and_then(|s| s.by.as_ref());
    by.is_some_and(|(author, _)| author.person == room.me.author.person)
}

fn title(room: &Room, view: &View, step: &StepId) -> String {
    view.derived.node_of(step).map(|n| view.derived.text(room, n)).unwrap_or_default()
}
