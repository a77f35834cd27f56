//! Parameters on the screen: which there are, what each is asked as, and the line that answers one.

use super::on_key::Act;
use super::view::{Mode, Next, Purpose, Tone, View};
use crate::plan::Param;
use crate::room::{Intent, Room};
use crate::text::{Untrusted, escape};

/// Keys of the choices, in order.
const KEYS: &str = "123456789abcdefghijklmnopqrstuvwxyz";

/// The choices: every parameter of the plan that is asked for, with its value as it is now. One alone is asked at once.
pub fn dialog(room: &Room, view: &mut View) -> Vec<Act> {
    let asked: Vec<&Param> = room.plan.params.iter().filter(|p| p.asked()).collect();
    if asked.is_empty() {
        view.toast(room.now, Tone::Quiet, "the plan asks for no parameter: [params] declares them");
        return Vec::new();
    }
    // What is open comes first.
    let (open, known): (Vec<&Param>, Vec<&Param>) = asked.into_iter().partition(|p| room.param(&p.name).is_none());
    let options = open.into_iter().chain(known).zip(KEYS.chars()).map(|(param, key)| {
        let value = room.param(&param.name).map_or_else(|| "OPEN".to_owned(), |v| escape(&v));
        (key, format!("{}: {value}", asks(param)), Next::Prompt(Purpose::Param(param.name.clone())))
    });
    view.mode = Mode::Choose { title: "Parameters".to_owned(), options: options.collect(), opened: room.now };
    Vec::new()
}

/// A parameter as it is asked for: `release tag (version)`.
pub fn asks(param: &Param) -> String {
    match &param.ask {
        Some(ask) => format!("{} ({})", escape(ask), escape(&param.name)),
        None => escape(&param.name),
    }
}

/// What an answer has to look like; empty where anything will do.
pub fn form(param: &Param) -> String {
    param.r#match.as_ref().map(|m| format!("must match {}", escape(m))).unwrap_or_default()
}

/// Title and hint of the line that answers one.
pub fn help(room: &Room, name: &str) -> (String, String) {
    let Some(param) = room.plan.params.iter().find(|p| p.name == name) else {
        return (escape(name), String::new());
    };
    let now = room.param(name).map_or_else(|| "open".to_owned(), |v| format!("now {}", escape(&v)));
    let form = form(param);
    let more = if form.is_empty() { now } else { format!("{now}; {form}") };
    (asks(param), format!("{more}; it is recorded and holds for everybody at once"))
}

/// The line as it was sent: what to ask of the room, or what to write instead.
pub fn submitted(room: &Room, name: &str, line: &str) -> Result<Intent, String> {
    let value = Untrusted::new(line);
    room.may_answer(name, &value).map_err(|refusal| refusal.0)?;
    Ok(Intent::AnswerParam { name: name.to_owned(), value })
}
