//! The dialog of the clock: T-0, hold and resume, recycle, windows, calls, timers.

use super::on_key::Act;
use super::typing::{confirm, minutes_and_words, place, when};
use super::view::{Mode, Next, Purpose, Tone, View};
use crate::fact::CallKind;
use crate::room::{Intent, Room};
use crate::text::{Untrusted, escape};

/// Phases offered at most, the latest first: more than this nobody goes back.
const PHASES: usize = 9;

/// The choices for the clock.
pub fn clock_dialog(room: &Room, view: &mut View) -> Vec<Act> {
    let set = |t0| Intent::SetT0 { t0 };
    let now = room.now.utc;
    let place = place(room);
    let mut options = Vec::new();
    match room.hold() {
        Some(hold) => {
            let question = format!("Let the clock{place} go on? It is held: {}", hold.reason);
            let resume = Intent::Resume { reason: Untrusted::new("") };
            options.push(('h', "let the clock go on".to_owned(), Next::Confirm(question, resume)));
        }
        None if room.t0().is_some() => {
            let says = "hold: the clock stands still, what is planned moves".to_owned();
            options.push(('h', says, Next::Prompt(Purpose::Hold)));
        }
        None => {}
    }
    options.push((
        'n',
        "T-0 is now".to_owned(),
        Next::Confirm(format!("Set T-0{place} to now, {}?", when(room, now)), set(Some(now))),
    ));
    options.push(('a', "T-0 at a time…".to_owned(), Next::Prompt(Purpose::T0)));
    if let Some(t0) = room.t0() {
        let question = format!("Unset T-0{place}? It is {} now; offsets will sleep.", when(room, t0));
        options.push(('u', "unset T-0".to_owned(), Next::Confirm(question, set(None))));
        if earlier(room).next().is_some() {
            options.push(('r', "recycle: back to an earlier phase…".to_owned(), Next::Recycle));
        }
    }
    options.push(('t', "timer: back to something in 5 min…".to_owned(), Next::Prompt(Purpose::Timer)));
    for (timer, digit) in room.timers().into_iter().zip('1'..='9') {
        let done = Intent::TimerDone { timer: timer.id, text: Untrusted::new("") };
        options.push((digit, format!("done with the timer \"{}\"", timer.text), Next::Do(done)));
    }
    if let Some(window) = room.windows().next() {
        let says = format!("extend the window {}…", escape(&window.name));
        options.push(('w', says, Next::Prompt(Purpose::Extend(window.name.clone()))));
    }
    options.push((
        'b',
        "take the last 30 minutes as the baseline".to_owned(),
        Next::Confirm("Compare later values with those of the last 30 minutes?".to_owned(), Intent::TakeBaseline),
    ));
    view.mode = Mode::Choose { title: "The clock".to_owned(), options, opened: room.now };
    Vec::new()
}

/// Titles of phases whose time has come, the latest first.
fn earlier(room: &Room) -> impl Iterator<Item = String> {
    let all: Vec<&str> = room.timed_phases().map(|phase| phase.title.raw()).collect();
    let can: Vec<String> = all.into_iter().filter(|title| room.recycle(title).is_ok()).map(str::to_owned).collect();
    can.into_iter().rev()
}

/// Which phase to go back to.
pub fn recycle_dialog(room: &Room, view: &mut View) -> Vec<Act> {
    let mut options = Vec::new();
    for (title, digit) in earlier(room).take(PHASES).zip('1'..='9') {
        let Ok(back) = room.recycle(&title) else { continue };
        let says = format!("{}  {}  (opens {} again)", back.t, escape(&title), steps(back.reopens.len()));
        options.push((digit, says, Next::Prompt(Purpose::Recycle(title))));
    }
    view.mode = Mode::Choose { title: "Back to which phase?".to_owned(), options, opened: room.now };
    Vec::new()
}

fn steps(n: usize) -> String {
    format!("{n} step{}", if n == 1 { "" } else { "s" })
}

/// The call that this person would answer: the first due one that is theirs, else the first that is.
pub fn answer_dialog(room: &Room, view: &mut View) -> Vec<Act> {
    let me = room.me.author.role.as_ref().map(|role| role.raw().to_owned());
    let calls = room.calls();
    let theirs = |role: &Option<String>| match (role, &me) {
        (Some(role), Some(me)) => role.eq_ignore_ascii_case(me),
        (None, _) => true,
        _ => room.plan.roles.is_empty(),
    };
    let call = calls.iter().find(|call| theirs(&call.role)).or_else(|| calls.first());
    let Some(call) = call else {
        view.toast(room.now, Tone::Quiet, "no window asks for a check-in now, and no drumbeat is due");
        return Vec::new();
    };
    let offered = match call.kind {
        CallKind::CheckIn => "all is well".to_owned(),
        CallKind::Drumbeat => drafted(room),
    };
    let purpose = Purpose::Answer(call.kind, call.name.clone());
    view.mode = Mode::Prompt { purpose, input: offered.into(), line: super::view::Line::Offered };
    Vec::new()
}

/// How things stand, in a line that can be sent as it is.
fn drafted(room: &Room) -> String {
    let overall = room.overall();
    let t = room.t().map(|t| format!("{t} · ")).unwrap_or_default();
    let ends = room.live.forecast.ends.map(|at| format!(" · ends {}", when(room, at))).unwrap_or_default();
    let verdict = &room.live.verdict;
    let reason = escape(&verdict.reason);
    format!("{t}{}: {reason} · {} of {} steps done{ends}", verdict.verdict, overall.done, overall.total)
}

/// What a typed line about the clock asks of the room; `Err` is what to write instead.
pub fn submit(room: &Room, view: &mut View, purpose: &Purpose, line: &str) -> Result<Vec<Act>, &'static str> {
    let text = Untrusted::new(line);
    let (minutes, words) = minutes_and_words(line);
    let intent = match purpose {
        Purpose::Hold => {
            let reason = Untrusted::new(words);
            Intent::Hold { reason, minutes, gate: None }
        }
        Purpose::Timer => {
            let minutes =
                minutes.filter(|_| !words.is_empty()).ok_or("write when and what, as in: 5m back to the database")?;
            let (whom, words) = match words.split_once(": ") {
                Some((whom, rest)) if room.plan.roles.iter().any(|r| r.name.eq_ignore_ascii_case(whom)) => {
                    (Some(whom), rest)
                }
                _ => (None, words.as_str()),
            };
            Intent::Timer { minutes, text: Untrusted::new(words), whom: whom.map(Untrusted::new) }
        }
        Purpose::Extend(window) => {
            let minutes = minutes
                .filter(|_| !words.is_empty())
                .ok_or("write by how much and why, as in: 30m errors are not gone")?;
            Intent::ExtendWindow { window: window.clone(), minutes, reason: Untrusted::new(words) }
        }
        Purpose::Recycle(phase) => {
            let back = room.recycle(phase).map_err(|_| "the clock cannot go back there any more")?;
            let names: Vec<String> = back.reopens.iter().take(3).map(|step| room.shown(&step.text)).collect();
            let more = back.reopens.len().saturating_sub(names.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let opens = if names.is_empty() {
                "opens no step".to_owned()
            } else {
                format!("opens {}{more} again", names.join(", "))
            };
            let question = format!(
                "Go back{} to {} ({})? This {opens}; T-0 moves to {}.",
                place(room),
                escape(phase),
                back.t,
                when(room, back.t0)
            );
            let intent = Intent::Recycle { phase: phase.clone(), reason: text };
            return Ok(confirm(room, view, question, Next::Do(intent)));
        }
        Purpose::Answer(CallKind::CheckIn, name) => Intent::CheckIn { window: name.clone(), text },
        Purpose::Answer(CallKind::Drumbeat, name) => Intent::Said { drumbeat: name.clone(), text },
        Purpose::TickAnyway(step) => Intent::TickAnyway { step: step.clone(), reason: text },
        Purpose::StartAnyway(step) => Intent::StartAnyway { step: step.clone(), reason: text },
        _ => return Ok(Vec::new()),
    };
    Ok(vec![Act::Intent(intent)])
}

/// What stands above such a line, and how to write it.
pub fn help(room: &Room, purpose: &Purpose) -> (String, String) {
    let step = |id| room.step_text(id).unwrap_or_default();
    match purpose {
        Purpose::Hold => ("Why is the clock held?".to_owned(), "begin with 10m to hold for that long only".to_owned()),
        Purpose::Timer => {
            ("Of what, and when?".to_owned(), "5m back to the database; 5m ROLE: words for one role".to_owned())
        }
        Purpose::Extend(window) => {
            (format!("Extend the window {}", escape(window)), "by how much and why: 30m errors are not gone".to_owned())
        }
        Purpose::Recycle(phase) => (format!("Why back to {}?", escape(phase)), String::new()),
        Purpose::Answer(CallKind::CheckIn, name) => {
            (format!("Check in for {}", escape(name)), "what you see; what you type replaces this".to_owned())
        }
        Purpose::Answer(CallKind::Drumbeat, name) => {
            (format!("Said: {}", escape(name)), "what was said; what you type replaces this".to_owned())
        }
        Purpose::TickAnyway(id) | Purpose::StartAnyway(id) => (
            format!("Why \"{}\" now?", step(id)),
            room.irregular(id).map(|how| format!("it is {how}")).unwrap_or_default(),
        ),
        _ => (String::new(), String::new()),
    }
}
