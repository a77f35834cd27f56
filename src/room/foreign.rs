//! Answers put into a script that no shell reads: nobody knows its quotes here, so only what means nothing anywhere goes in.

use super::Room;
use super::params::placeholder;
use super::quoting::Spliced;
use crate::secret::Filled;

/// Fills the answers in. Never a half: where something is refused or open the script must not run.
pub fn splice(room: &Room, text: &str) -> Spliced {
    let mut out = Spliced::default();
    let (mut run, mut seen) = (String::with_capacity(text.len()), String::with_capacity(text.len()));
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let found = room.plan.params.iter().find_map(|p| Some((p.name.as_str(), placeholder(p, rest, before)?)));
        let Some((name, length)) = found else {
            run.push(c);
            seen.push(c);
            before = c;
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        };
        let (typed, tail) = rest.split_at(length);
        match room.param_in_use(name) {
            Some(value) if is_harmless(value.expose()) => {
                run.push_str(value.expose());
                seen.push_str(value.shown());
                once(&mut out.with, (typed.to_owned(), value.shown().to_owned()));
            }
            Some(_) => {
                run.push_str(typed);
                seen.push_str(typed);
                let why = "no shell reads this script, so nobody can quote it";
                let help = "answer with letters, digits and _ . : @ + , - alone";
                once(&mut out.refused, format!("the answer to {typed} cannot stand there: {why}; {help}"));
            }
            None => {
                run.push_str(typed);
                seen.push_str(typed);
                once(&mut out.needs, typed.to_owned());
            }
        }
        before = typed.chars().next_back().unwrap_or(' ');
        rest = tail;
    }
    out.script = Filled::new(run, seen);
    out
}

/// Letters, digits and a few signs that begin no comment, no string and no escape in any language.
fn is_harmless(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '@' | '+' | ',' | '-');
    !value.is_empty() && value.chars().all(plain) && !value.contains("--")
}

fn once<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}
