//! Values as typed that stand in several tables: texts to be filled in, moments, paces, commands.

use std::ops::Range;

use chrono::{DateTime, FixedOffset, NaiveDateTime};
use toml::Spanned;
use toml::de::DeValue;

use crate::finding::codes;
use crate::plan::table::{Reader, Table};

/// A text with its place.
pub(in crate::plan) type Text = Spanned<String>;

/// A moment as typed.
pub(in crate::plan) enum RawTime {
    /// With its offset from UTC.
    Fixed(DateTime<FixedOffset>),
    /// In the room's zone.
    Local(Spanned<NaiveDateTime>),
}

/// `every` and `timeout`.
#[derive(Default)]
pub(in crate::plan) struct RawPace {
    pub every: Option<Text>,
    pub timeout: Option<Text>,
}

/// A text with `${…}`, or where to get one.
pub(in crate::plan) struct RawFilled {
    pub span: Range<usize>,
    pub from: From,
}

pub(in crate::plan) enum From {
    Typed(String),
    Env { name: Text, secret: Secrecy },
    File { path: Text, secret: Secrecy },
    Cmd { command: Text, secret: Secrecy },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Secrecy {
    Secret,
    Open,
}

/// A command as one text, or as its words.
pub(in crate::plan) struct RawCommand {
    pub span: Range<usize>,
    pub words: Words,
}

pub(in crate::plan) enum Words {
    Line(Text),
    List(Vec<Text>),
}

impl RawTime {
    pub(super) fn read(value: &Spanned<DeValue<'_>>, r: &mut Reader<'_>) -> Option<Self> {
        const HELP: &str = "write for example `t0 = 2025-10-21T12:00:00Z`";
        let text = match value.get_ref() {
            DeValue::Datetime(at) => at.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => {
                r.wrong_type("t0", value, "a date and time", HELP);
                return None;
            }
        };
        let joined = text.trim().replacen(' ', "T", 1);
        if let Ok(at) = DateTime::parse_from_rfc3339(&joined) {
            return Some(Self::Fixed(at));
        }
        let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        if let Some(at) = local.iter().find_map(|format| NaiveDateTime::parse_from_str(&joined, format).ok()) {
            return Some(Self::Local(Spanned::new(value.span(), at)));
        }
        r.report(codes::TIME, value.span(), format!("\"{text}\" is no date with a time"), HELP);
        None
    }
}

impl RawPace {
    pub(super) fn read(t: &mut Table<'_>, r: &mut Reader<'_>) -> Self {
        Self { every: t.duration(r, "every"), timeout: t.duration(r, "timeout") }
    }
}

impl RawFilled {
    /// A text, or `{ env = … }`, `{ file = … }`, `{ cmd = … }`.
    pub(in crate::plan) fn read(key: &str, value: &Spanned<DeValue<'_>>, r: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(text) => Some(Self { span: value.span(), from: From::Typed(text.to_string()) }),
            DeValue::Table(entries) => {
                let mut t = Table::new(format!("`{key}`"), value.span(), entries);
                let found = Self::from_table(&mut t, r);
                let empty = entries.is_empty();
                t.close(r, &[]);
                if empty {
                    r.report(
                        codes::MISSING,
                        value.span(),
                        format!("`{key}` is empty"),
                        "write a text, or { env = \"NAME\" }",
                    );
                }
                found
            }
            _ => {
                r.wrong_type(
                    key,
                    value,
                    "a text in quotes",
                    "write \"…\", or { env = \"NAME\" }, { file = \"…\" }, { cmd = \"…\" }",
                );
                None
            }
        }
    }

    pub(super) fn from_table(t: &mut Table<'_>, r: &mut Reader<'_>) -> Option<Self> {
        let span = t.span();
        let (env, file, cmd) = (t.text(r, "env"), t.text(r, "file"), t.text(r, "cmd"));
        let secret = match t.boolean(r, "secret").map(Spanned::into_inner) {
            Some(false) => Secrecy::Open,
            _ => Secrecy::Secret,
        };
        let mut found: Vec<From> = Vec::new();
        found.extend(env.map(|name| From::Env { name, secret }));
        found.extend(file.map(|path| From::File { path, secret }));
        found.extend(cmd.map(|command| From::Cmd { command, secret }));
        if found.len() > 1 {
            r.report(
                codes::CONFLICT,
                span.clone(),
                "a value comes from one place",
                "keep one of `env`, `file` and `cmd`",
            );
        }
        found.into_iter().next().map(|from| Self { span, from })
    }

    pub(super) fn of(t: &mut Table<'_>, r: &mut Reader<'_>, key: &'static str) -> Option<Self> {
        t.value(key).and_then(|value| Self::read(key, value, r))
    }

    pub(super) fn required(t: &mut Table<'_>, r: &mut Reader<'_>, key: &'static str) -> Option<Self> {
        t.demand(r, key);
        Self::of(t, r, key)
    }

    /// `headers = { Name = "value" }`.
    pub(super) fn headers(t: &mut Table<'_>, r: &mut Reader<'_>) -> Vec<(Text, Self)> {
        let Some(mut table) = t.table(r, "headers", "`headers`") else { return Vec::new() };
        let mut out = Vec::new();
        for (name, value) in table.named() {
            if let Some(value) = Self::read(name.get_ref(), value, r) {
                out.push((name, value));
            }
        }
        out
    }
}

/// A TOML value as JSON has it; dates become texts, numbers beyond JSON become null.
pub(super) fn json_value(value: &DeValue<'_>) -> serde_json::Value {
    use serde_json::Value;
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).map_or(Value::Null, Value::from),
        DeValue::Float(n) => n.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(it) => Value::from(*it),
        DeValue::Datetime(at) => Value::from(at.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json_value(item.get_ref())).collect(),
        DeValue::Table(entries) => {
            entries.iter().map(|(key, value)| (key.get_ref().to_string(), json_value(value.get_ref()))).collect()
        }
    }
}

impl RawCommand {
    /// Every entry of a table whose keys are names.
    pub(super) fn named(table: &mut Table<'_>, r: &mut Reader<'_>) -> Vec<(Text, Self)> {
        let mut out = Vec::new();
        for (name, value) in table.named() {
            let text = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
                DeValue::String(text) => Some(Spanned::new(value.span(), text.to_string())),
                _ => None,
            };
            let words = match value.get_ref().as_array() {
                Some(items) => items.iter().map(text).collect::<Option<Vec<Text>>>().map(Words::List),
                None => text(value).map(Words::Line),
            };
            if let Some(words) = words {
                out.push((name, Self { span: value.span(), words }));
            } else {
                let help = "write a list of words, as in `sql = [\"psql\", \"-X\", \"-f\", \"{file}\"]`";
                r.wrong_type(name.get_ref(), value, "a command", help);
            }
        }
        out
    }

    pub(super) fn of(t: &mut Table<'_>, r: &mut Reader<'_>) -> Option<Self> {
        let value = t.value("command")?;
        let span = value.span();
        if value.get_ref().is_array() {
            return Some(Self { span, words: Words::List(t.texts(r, "command")) });
        }
        let line = t.text(r, "command")?;
        Some(Self { span, words: Words::Line(line) })
    }
}
