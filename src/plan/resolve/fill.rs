//! `${name}`: a declared parameter first, else a variable, whose value is a secret.

use super::super::raw::{From, RawFilled, RawParam, Secrecy, Text};
use super::super::table::meant;
use super::{Param, Resolver};
use crate::finding::codes;
use crate::secret::{Filled, MASK};

/// What one `${name}` stands for.
enum Found {
    Value(Filled),
    /// A parameter that is asked for later.
    Later,
    /// Reported.
    Nothing,
}

/// A piece of a text with `${…}`.
enum Piece<'t> {
    Plain(&'t str),
    Name(&'t str),
    /// `${` without an end, or with something that is no name between.
    Broken(&'t str),
}

impl Resolver<'_> {
    /// Declares parameters in file order; a value may use those before it.
    pub(super) fn params(&mut self, raw: &[(Text, RawParam)], answers: &[(String, String)]) {
        for (name, param) in raw {
            if !is_name(name.get_ref()) {
                self.r.report(
                    codes::BAD_VALUE,
                    name.span(),
                    format!("`{}` is no name for a parameter", name.get_ref()),
                    "use letters, digits, - and _, and begin with a letter",
                );
            }
            let value = param.value.as_ref().and_then(|value| self.filled(value));
            let pattern = param.pattern.as_ref().and_then(|text| self.pattern(text));
            if let (Some(value), Some(pattern), Some(raw)) = (&value, &pattern, &param.value)
                && !pattern.is_match(value.expose())
            {
                self.r.report(
                    codes::BAD_VALUE,
                    raw.span.clone(),
                    format!("the value of `{}` does not match its own `match`", name.get_ref()),
                    format!("it must match {}", pattern.as_str()),
                );
            }
            let mut declared = Param {
                name: name.get_ref().clone(),
                ask: param.ask.as_ref().map(|t| t.get_ref().clone()),
                r#match: param.pattern.as_ref().map(|t| t.get_ref().clone()),
                placeholders: param.placeholders.iter().map(|t| t.get_ref().clone()).collect(),
                pattern,
                answered: false,
                value,
            };
            let answer = answers.iter().find(|(to, _)| param.value.is_none() && to == name.get_ref()).map(|(_, a)| a);
            if let Some(answer) = answer.filter(|answer| declared.takes(answer).is_ok()) {
                declared.answered = true;
                declared.value = Some(Filled::plain(answer));
            }
            self.params.push(declared);
        }
    }

    /// The text with everything filled in; nothing when something is missing, which is then reported.
    pub(super) fn filled(&mut self, raw: &RawFilled) -> Option<Filled> {
        match self.fill(raw) {
            Found::Value(value) => Some(value),
            Found::Nothing => None,
            Found::Later => {
                self.r.report(
                    codes::UNSET,
                    raw.span.clone(),
                    "this uses a parameter that has no value yet",
                    "probes start at once: give the parameter a `value`, or an `env` to take it from",
                );
                None
            }
        }
    }

    /// As [`Self::filled`], but a parameter without a value is a warning that `what` is not done.
    pub(super) fn filled_later(&mut self, raw: &RawFilled, what: &str) -> Option<Filled> {
        match self.fill(raw) {
            Found::Value(value) => Some(value),
            Found::Nothing => None,
            Found::Later => {
                self.r.report(
                    codes::LATER,
                    raw.span.clone(),
                    format!("this uses a parameter that has no value yet, so {what}"),
                    "give the parameter a `value`, or an `env` to take it from",
                );
                None
            }
        }
    }

    /// A text that will be shown or sent where a secret must not be.
    pub(super) fn open(&mut self, raw: &RawFilled, what: &str) -> Option<String> {
        let filled = self.filled(raw)?;
        if filled.expose() == filled.shown() {
            return Some(filled.expose().to_owned());
        }
        self.r.report(
            codes::PLACEHOLDER,
            raw.span.clone(),
            format!("a secret would show in {what}"),
            "if it is none, declare it: [params] name = { env = \"NAME\", secret = false }",
        );
        None
    }

    /// As [`Self::open`] for a plain text.
    pub(super) fn open_text(&mut self, text: &Text, what: &str) -> Option<String> {
        if !text.get_ref().contains("${") {
            return Some(text.get_ref().clone());
        }
        self.open(&RawFilled::typed(text), what)
    }

    /// A value that is a secret even when typed into the file.
    pub(super) fn secret(&mut self, raw: &RawFilled) -> Option<Filled> {
        let filled = self.filled(raw)?;
        self.masks.add(filled.expose());
        Some(Filled::new(filled.expose(), MASK))
    }

    fn fill(&mut self, raw: &RawFilled) -> Found {
        let (text, secret, span) = match &raw.from {
            From::Typed(text) => return self.fill_text(text, &raw.span),
            From::Env { name, secret } => {
                let Some(value) = self.variable(name.get_ref(), name.span()) else { return Found::Nothing };
                (value, *secret, name.span())
            }
            From::File { path, secret } => match (self.outside.file)(path.get_ref()) {
                Ok(text) => (text, *secret, path.span()),
                Err(why) => {
                    let message = format!("{}: {why}", path.get_ref());
                    self.r.report(codes::UNSET, path.span(), message, "the path is relative to the plan's folder");
                    return Found::Nothing;
                }
            },
            From::Cmd { command, secret } => match (self.outside.cmd)(command.get_ref()) {
                Ok(text) => (text, *secret, command.span()),
                Err(why) => {
                    let message = format!("`{}` gives no value: {why}", command.get_ref());
                    self.r.report(codes::UNSET, command.span(), message, "it must print the value and exit with 0");
                    return Found::Nothing;
                }
            },
        };
        let value = text.strip_suffix('\n').map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t));
        if value.is_empty() {
            self.r.report(codes::UNSET, span, "the value is empty", "see that it is filled in before the room opens");
            return Found::Nothing;
        }
        Found::Value(self.classified(value, secret))
    }

    fn fill_text(&mut self, text: &str, span: &std::ops::Range<usize>) -> Found {
        let (mut value, mut shown) = (String::new(), String::new());
        let (mut later, mut missing) = (false, false);
        for piece in pieces(text) {
            match piece {
                Piece::Plain(plain) => {
                    value.push_str(plain);
                    shown.push_str(plain);
                }
                Piece::Name(name) => {
                    let typed = format!("${{{name}}}");
                    match self.look_up(name, self.r.within(span.clone(), &typed)) {
                        Found::Value(found) => {
                            value.push_str(found.expose());
                            shown.push_str(found.shown());
                        }
                        Found::Later => later = true,
                        Found::Nothing => missing = true,
                    }
                }
                Piece::Broken(typed) => {
                    missing = true;
                    let at = self.r.within(span.clone(), typed);
                    self.r.report(
                        codes::PLACEHOLDER,
                        at,
                        format!("`{typed}` is no placeholder"),
                        "write ${NAME} with letters, digits, - and _; a real ${ is written $${",
                    );
                }
            }
        }
        match (missing, later) {
            (true, _) => Found::Nothing,
            (false, true) => Found::Later,
            (false, false) => Found::Value(Filled::new(value, shown)),
        }
    }

    fn look_up(&mut self, name: &str, span: std::ops::Range<usize>) -> Found {
        if let Some(param) = self.params.iter().find(|p| p.name == name) {
            return param.value.clone().map_or(Found::Later, Found::Value);
        }
        match self.variable(name, span) {
            Some(value) => Found::Value(self.classified(&value, Secrecy::Secret)),
            None => Found::Nothing,
        }
    }

    /// A variable's value; reported when it is not set.
    fn variable(&mut self, name: &str, span: std::ops::Range<usize>) -> Option<String> {
        match (self.outside.env)(name) {
            Some(value) if !value.is_empty() => return Some(value),
            Some(_) => self.r.report(
                codes::UNSET,
                span,
                format!("the variable {name} is set, but empty"),
                format!("give it a value before the room opens: export {name}=…"),
            ),
            None => {
                let params = self.params.iter().map(|p| p.name.as_str());
                let near = crate::finding::nearest(name, params.clone());
                let help = match near {
                    Some(_) => meant("parameter", name, params),
                    None => format!("set it before the room opens: export {name}=…; or declare it in [params]"),
                };
                self.r.report(
                    codes::UNSET,
                    span,
                    format!("{name} is neither a parameter nor a variable that is set"),
                    help,
                );
            }
        }
        None
    }

    fn classified(&mut self, value: &str, secret: Secrecy) -> Filled {
        match secret {
            Secrecy::Open => Filled::plain(value),
            Secrecy::Secret => {
                self.masks.add(value);
                Filled::new(value, MASK)
            }
        }
    }

    /// Variables that children get, of `[room] env`.
    pub(super) fn children(&mut self, raw: &[RawFilled]) -> Vec<String> {
        let mut names = Vec::new();
        for entry in raw {
            let (name, span, secret) = match &entry.from {
                From::Typed(name) => (name.clone(), entry.span.clone(), Secrecy::Secret),
                From::Env { name, secret } => (name.get_ref().clone(), name.span(), *secret),
                From::File { .. } | From::Cmd { .. } => {
                    self.r.report(
                        codes::BAD_VALUE,
                        entry.span.clone(),
                        "children get variables by their name",
                        "write env = [\"NAME\"], or { env = \"NAME\", secret = false }",
                    );
                    continue;
                }
            };
            match (self.outside.env)(&name) {
                Some(value) => {
                    let value = self.classified(&value, secret);
                    self.children.push((name.clone(), value));
                }
                None => self.r.report(
                    codes::NOT_PASSED_ON,
                    span,
                    format!("the variable {name} is not set here, so children will not have it"),
                    format!("set it before the room opens: export {name}=…"),
                ),
            }
            names.push(name);
        }
        names
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Cuts a text at its `${…}`; `$${` is a `${` as it stands.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            out.push(Piece::Plain(before));
            let (plain, tail) = after.split_at(2);
            out.push(Piece::Plain(plain));
            rest = tail;
            continue;
        }
        out.push(Piece::Plain(before));
        let end = after.find('}').map_or(after.len(), |end| end + 1);
        let (typed, tail) = after.split_at(end);
        let name = typed.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
        out.push(match name {
            Some(name) if is_name(name) => Piece::Name(name),
            _ => Piece::Broken(typed),
        });
        rest = tail;
    }
    out.push(Piece::Plain(rest));
    out
}
