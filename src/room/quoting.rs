//! Answers put into a shell script so that each stays one piece of text, whatever is in it: quoted as its place asks for.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Room;
use super::params::placeholder;
use crate::secret::Filled;

/// A script with the answers in place of their placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spliced {
    /// What runs, and what of it may be seen.
    pub script: Filled,
    /// What was filled in: placeholder and value as people may see it, each once.
    pub with: Vec<(String, String)>,
    /// Placeholders of declared parameters that have no value yet, each once.
    pub needs: Vec<String>,
    /// Answers that cannot stand safely where they would; sentences.
    pub refused: Vec<String>,
}

/// What a place in a script is to the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Outside of quotes, or in `$(…)` and `(…)`.
    Plain,
    Double,
    Single,
    /// `$'…'`, `` `…` ``, `${…}`, `((…))`: nothing can be quoted there for certain.
    Closed,
    Comment,
    /// In a here-document whose text the shell looks into.
    Here,
    /// In a here-document that is taken as it is.
    HereQuoted,
}

/// A placeholder, where it stands, and in which statement.
struct Slot {
    at: Range<usize>,
    param: String,
    place: Place,
    statement: usize,
}

/// Programs that read their arguments or their input as code once more: what is quoted for one shell is not for the next.
static READS_AGAIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let programs = r"ssh|mosh|eval|trap|source|bash|sh|zsh|dash|ksh|fish|su|xargs|parallel|watch|awk|gawk|sed|perl|python3?|ruby|node|php|psql|mysql|mariadb|sqlite3|mongosh?|redis-cli|jq|osascript|at|crontab|rsync|scp|case|let|declare|typeset|local|read|unset";
    // `[[ … -eq … ]]` and subscripts are computed, and what is computed may run commands.
    Regex::new(&format!(r"(?:^|[\s;|&(/`]|\$\()(?:{programs})(?:$|[\s;|&)<>])|\[\[|\w\[")).ok()
});

/// Fills the answers in. Never a half: where something is refused or open the script must not run.
pub fn splice(room: &Room, text: &str) -> Spliced {
    let (slots, statements) = slots(room, text);
    let mut out = Spliced::default();
    let (mut run, mut seen) = (String::with_capacity(text.len()), String::with_capacity(text.len()));
    let mut from = 0;
    for slot in slots {
        let between = text.get(from..slot.at.start).unwrap_or_default();
        run.push_str(between);
        seen.push_str(between);
        from = slot.at.end;
        let typed = text.get(slot.at.clone()).unwrap_or_default();
        let Some(value) = room.param_in_use(&slot.param) else {
            run.push_str(typed);
            seen.push_str(typed);
            once(&mut out.needs, typed.to_owned());
            continue;
        };
        let again = || {
            let statement = statements.get(slot.statement).and_then(|s| text.get(s.clone())).unwrap_or_default();
            READS_AGAIN.as_ref().is_none_or(|again| again.is_match(statement))
        };
        let line = text.get(..slot.at.start).unwrap_or_default().matches('\n').count() + 1;
        let place = slot.place;
        match quoted(value.expose(), place, again) {
            Ok(quoted) => {
                run.push_str(&quoted);
                if value.shown() == value.expose() {
                    seen.push_str(&quoted);
                } else {
                    seen.push_str(value.shown());
                }
                once(&mut out.with, (typed.to_owned(), value.shown().to_owned()));
            }
            Err(why) => {
                run.push_str(typed);
                seen.push_str(typed);
                once(
                    &mut out.refused,
                    format!(
                        "the answer to {typed} cannot stand in line {line}: {why}; answer with letters, digits and _ . / : @ % + , - alone"
                    ),
                );
            }
        }
    }
    let rest = text.get(from..).unwrap_or_default();
    run.push_str(rest);
    seen.push_str(rest);
    out.script = Filled::new(run, seen);
    out
}

fn once<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// The value as it must stand in its place.
fn quoted(value: &str, place: Place, read_again: impl Fn() -> bool) -> Result<String, &'static str> {
    if value.contains(['\0', '\n', '\r']) {
        return Err("it has a line end or a NUL in it");
    }
    let harmless =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | ':' | '@' | '%' | '+' | ',' | '-');
    if !value.is_empty() && value.chars().all(harmless) || place == Place::Comment {
        return Ok(value.to_owned());
    }
    if read_again() {
        return Err("what stands there is read as code a second time");
    }
    let escape = |signs: &[char]| {
        value.chars().fold(String::with_capacity(value.len() + 8), |mut out, c| {
            if signs.contains(&c) {
                out.push('\\');
            }
            out.push(c);
            out
        })
    };
    match place {
        Place::Plain => Ok(format!("'{}'", value.replace('\'', r"'\''"))),
        Place::Single => Ok(value.replace('\'', r"'\''")),
        Place::Double => Ok(escape(&['\\', '"', '$', '`'])),
        Place::Here => Ok(escape(&['\\', '$', '`'])),
        Place::HereQuoted | Place::Comment => Ok(value.to_owned()),
        Place::Closed => Err("it cannot be quoted there"),
    }
}

/// A here-document that begins with the next line.
struct Here {
    word: String,
    quoted: bool,
    tabs: bool,
}

/// Reads a script once: where its placeholders stand, and the statements, each with the here-documents it begins.
#[expect(clippy::too_many_lines, reason = "one pass over the signs of the shell, each its line")]
fn slots(room: &Room, text: &str) -> (Vec<Slot>, Vec<Range<usize>>) {
    let mut slots = Vec::new();
    let mut statements = vec![Range { start: 0, end: 0 }];
    // What is open, innermost last, each with the sign that closes it.
    let mut open: Vec<(Place, char)> = Vec::new();
    let mut waiting: Vec<Here> = Vec::new();
    let mut here: Option<Here> = None;
    let mut comment = false;
    let mut before = '\n';
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(c) = rest.chars().next() else { break };
        if before == '\n' {
            if here.is_none() && !waiting.is_empty() {
                here = Some(waiting.remove(0));
            }
            if let Some(doc) = &here {
                let line = rest.lines().next().unwrap_or_default();
                let bare = if doc.tabs { line.trim_start_matches('\t') } else { line };
                if bare == doc.word {
                    here = None;
                    at += line.len();
                    before = 'x';
                    continue;
                }
            }
        }
        let place = match (&here, comment, open.last()) {
            (Some(doc), ..) if doc.quoted => Place::HereQuoted,
            (Some(_), _, None) => Place::Here,
            (Some(_), _, Some(_)) => Place::Closed,
            (None, true, _) => Place::Comment,
            (None, false, Some((place, _))) => *place,
            (None, false, None) => Place::Plain,
        };
        let found = room.plan.params.iter().find_map(|p| Some((p.name.clone(), placeholder(p, rest, before)?)));
        if let Some((param, length)) = found.filter(|_| before != '\\') {
            slots.push(Slot { at: at..at + length, param, place, statement: statements.len() - 1 });
            at += length;
            before = 'x';
            continue;
        }
        let next = rest.chars().nth(1).unwrap_or('\0');
        let mut step = c.len_utf8();
        if c == '\n' {
            comment = false;
            let ends = here.is_none() && open.is_empty() && waiting.is_empty() && before != '\\';
            if ends {
                if let Some(last) = statements.last_mut() {
                    last.end = at;
                }
                statements.push(at + 1..at + 1);
            }
            before = '\n';
            at += 1;
            continue;
        }
        match place {
            Place::Comment | Place::HereQuoted => {}
            Place::Single => {
                if c == '\'' {
                    open.pop();
                }
            }
            _ if c == '\\' => {
                // The sign behind it means itself.
                step += next.len_utf8() * usize::from(next != '\0' && next != '\n');
                at += step;
                before = if next == '\n' { '\\' } else { 'x' };
                continue;
            }
            _ if open.last().is_some_and(|(_, close)| *close == c) => {
                open.pop();
            }
            Place::Closed => match c {
                '{' if before == '$' => open.push((Place::Closed, '}')),
                '(' => open.push((Place::Closed, ')')),
                _ => {}
            },
            Place::Double | Place::Here | Place::Plain => match (c, next) {
                ('$', '(') if rest.starts_with("$((") => {
                    open.push((Place::Closed, ')'));
                    open.push((Place::Closed, ')'));
                    step = 3;
                }
                ('$', '(') => {
                    open.push((Place::Plain, ')'));
                    step = 2;
                }
                ('$', '{') => {
                    open.push((Place::Closed, '}'));
                    step = 2;
                }
                ('`', _) => open.push((Place::Closed, '`')),
                _ if place != Place::Plain => {}
                ('$', '\'') => {
                    open.push((Place::Closed, '\''));
                    step = 2;
                }
                ('(', '(') => {
                    open.push((Place::Closed, ')'));
                    open.push((Place::Closed, ')'));
                    step = 2;
                }
                ('(', _) => open.push((Place::Plain, ')')),
                ('"', _) => open.push((Place::Double, '"')),
                ('\'', _) => open.push((Place::Single, '\'')),
                ('#', _) if before.is_whitespace() || matches!(before, ';' | '&' | '|' | '(' | ')') => comment = true,
                ('<', '<') if rest.starts_with("<<<") => step = 3,
                ('<', '<') => {
                    let (doc, length) = here_word(rest);
                    waiting.extend(doc);
                    step = length;
                }
                _ => {}
            },
        }
        before = rest.get(..step).and_then(|s| s.chars().next_back()).unwrap_or(c);
        at += step;
    }
    if let Some(last) = statements.last_mut() {
        last.end = text.len();
    }
    // What was not understood to its end may have been misunderstood before.
    if here.is_some() || !waiting.is_empty() || !open.is_empty() {
        for slot in &mut slots {
            slot.place = Place::Closed;
        }
    }
    (slots, statements)
}

/// `<<EOF`, `<<-'EOF'`: the word that ends it, and how many bytes say so.
fn here_word(rest: &str) -> (Option<Here>, usize) {
    let mut length = 2;
    let mut tail = rest.get(2..).unwrap_or_default();
    let tabs = tail.starts_with('-');
    if tabs {
        length += 1;
        tail = tail.get(1..).unwrap_or_default();
    }
    let blanks = tail.len() - tail.trim_start_matches([' ', '\t']).len();
    length += blanks;
    let raw: String = tail
        .get(blanks..)
        .unwrap_or_default()
        .chars()
        .take_while(|c| !c.is_whitespace() && !matches!(c, ';' | '|' | '&' | '<' | '>' | '(' | ')'))
        .collect();
    length += raw.len();
    let quoted = raw.contains(['\'', '"', '\\']);
    let word: String = raw.chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect();
    ((!word.is_empty()).then_some(Here { word, quoted, tabs }), length)
}
