//! `[[service]]` as typed: every way of asking, and what is expected of the answer.

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::values::json_value;
use super::{RawCommand, RawFilled, RawJson, RawPace, Text};
use crate::finding::codes;
use crate::plan::table::{Reader, Table};

const IN_EXPECT: [(&str, &str); 7] = [
    ("status", "in `expect = { status = … }`"),
    ("json", "in `expect = { json = … }`"),
    ("text", "in `expect = { text = … }`"),
    ("version", "in `expect = { version = … }`"),
    ("target", "in `expect = { target = … }`"),
    ("exit", "in `expect = { exit = … }`"),
    ("at_least", "in `table = { … }`"),
];
const BESIDE: [(&str, &str); 8] = [
    ("refused", "beside `http`, outside `expect`"),
    ("needs", "beside `http`, outside `expect`"),
    ("expires_after", "beside `tls`, outside `expect`"),
    ("retries", "beside `http`, outside `expect`"),
    ("state", "beside `http`, outside `expect`"),
    ("table", "beside `command`, outside `expect`"),
    ("burst", "beside `http`, outside `expect`"),
    ("max_age", "beside `file`, `json` or `command`, outside `expect`"),
];
/// The ways to ask, one of which a service has.
const WAYS: [&str; 9] = ["http", "tcp", "tls", "command", "file", "json", "secret", "blue", "green"];

pub(in crate::plan) struct RawService {
    pub at: Range<usize>,
    pub name: Option<Text>,
    pub http: Option<RawFilled>,
    pub tcp: Option<RawFilled>,
    pub tls: Option<RawFilled>,
    pub command: Option<RawCommand>,
    pub file: Option<Text>,
    pub json: Option<RawJson>,
    pub secret: Option<RawSecret>,
    pub blue: Option<RawSide>,
    pub green: Option<RawSide>,
    pub traffic: Option<RawTraffic>,
    pub pace: RawPace,
    pub retries: Option<Spanned<i64>>,
    pub expect: RawExpect,
    pub headers: Vec<(Text, RawFilled)>,
    pub needs: Vec<Text>,
    pub refused: Option<RawRefused>,
    pub burst: Option<RawBurst>,
    pub state: Option<RawState>,
    pub table: Option<RawTable>,
    pub max_age: Option<Text>,
    pub expires_after: Option<Text>,
    pub within: Option<Text>,
}

#[derive(Default)]
pub(in crate::plan) struct RawExpect {
    pub status: Option<Spanned<Vec<u16>>>,
    pub json: Option<Spanned<Vec<(Text, Value)>>>,
    pub text: Option<RawFilled>,
    pub version: Option<Text>,
    pub target: Option<RawFilled>,
    pub headers: Option<Spanned<Vec<(Text, RawFilled)>>>,
    pub within: Option<Text>,
    pub exit: Option<Spanned<i64>>,
}

/// `refused = true`, `refused = { with = [429] }`.
pub(in crate::plan) struct RawRefused {
    pub at: Range<usize>,
    /// Must the call be refused?
    pub must: bool,
    pub with: Vec<u16>,
}

/// `burst = { n = 20, expect = 429 }`.
pub(in crate::plan) struct RawBurst {
    pub at: Range<usize>,
    pub n: Option<Spanned<i64>>,
    pub expect: Option<Spanned<i64>>,
}

/// `state = { pointer = "/state", up = ["closed"], … }`.
pub(in crate::plan) struct RawState {
    pub at: Range<usize>,
    pub pointer: Option<Text>,
    pub up: Vec<Text>,
    pub degraded: Vec<Text>,
    pub down: Vec<Text>,
}

/// `table = { state = "STATUS", up = ["Up"], all = true }`.
pub(in crate::plan) struct RawTable {
    pub at: Range<usize>,
    pub state: Option<RawColumn>,
    pub up: Vec<Text>,
    pub all: Option<Spanned<bool>>,
    pub at_least: Option<Spanned<i64>>,
}

pub(in crate::plan) enum RawColumn {
    Named(Text),
    Number(Spanned<i64>),
}

/// `blue = { http = …, headers = …, expect = … }`.
pub(in crate::plan) struct RawSide {
    pub at: Range<usize>,
    pub http: Option<RawFilled>,
    pub headers: Vec<(Text, RawFilled)>,
    pub expect: RawExpect,
}

/// `traffic = { json = { url, pointer } }`, `traffic = { command = … }`.
pub(in crate::plan) struct RawTraffic {
    pub at: Range<usize>,
    pub json: Option<RawJson>,
    pub command: Option<RawCommand>,
}

/// `secret = { env = "NAME", prefix = …, min_length = … }`.
pub(in crate::plan) struct RawSecret {
    pub at: Range<usize>,
    pub env: Option<Text>,
    pub file: Option<Text>,
    pub prefix: Option<Text>,
    pub min_length: Option<Spanned<i64>>,
    pub max_age: Option<Text>,
}

impl RawService {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let help = "add `http = \"https://…\"`, `tcp = \"host:port\"`, `tls = \"host:port\"` or `command = \"…\"`";
        t.demand_one(r, &WAYS, "this service says nowhere how it is asked", help);
        let http = RawFilled::of(&mut t, r, "http");
        let it = Self {
            at: t.span(),
            name: t.required(r, "name"),
            tcp: RawFilled::of(&mut t, r, "tcp"),
            tls: RawFilled::of(&mut t, r, "tls"),
            command: RawCommand::of(&mut t, r),
            file: t.text(r, "file"),
            // Beside `http` it is meant for `expect`, and the end of the table says so.
            json: http.is_none().then(|| t.table(r, "json", "`json`")).flatten().map(|table| RawJson::read(table, r)),
            secret: t.table(r, "secret", "`secret`").map(|table| RawSecret::read(table, r)),
            blue: t.table(r, "blue", "`blue`").map(|table| RawSide::read(table, r)),
            green: t.table(r, "green", "`green`").map(|table| RawSide::read(table, r)),
            traffic: t.table(r, "traffic", "`traffic`").map(|table| RawTraffic::read(table, r)),
            pace: RawPace::read(&mut t, r),
            retries: t.integer(r, "retries", 0..=100),
            expect: match t.table(r, "expect", "`expect`") {
                Some(table) => RawExpect::read(table, r),
                None => RawExpect::default(),
            },
            headers: RawFilled::headers(&mut t, r),
            needs: t.texts(r, "needs"),
            refused: RawRefused::of(&mut t, r),
            burst: t.table(r, "burst", "`burst`").map(|table| RawBurst::read(table, r)),
            state: t.table(r, "state", "`state`").map(|table| RawState::read(table, r)),
            table: t.table(r, "table", "`table`").map(|table| RawTable::read(table, r)),
            max_age: t.duration(r, "max_age"),
            expires_after: t.duration(r, "expires_after"),
            within: t.duration(r, "within"),
            http,
        };
        t.close(r, &IN_EXPECT);
        it
    }
}

impl RawExpect {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let status = t.value("status").map(|value| Spanned::new(value.span(), statuses(r, "status", value)));
        let json = t.table(r, "json", "`json`").map(|mut table| {
            let values = table.named().into_iter().map(|(pointer, value)| (pointer, json_value(value.get_ref())));
            Spanned::new(table.span(), values.collect())
        });
        let headers =
            t.value("headers").map(Spanned::span).map(|span| Spanned::new(span, RawFilled::headers(&mut t, r)));
        let it = Self {
            status,
            json,
            text: RawFilled::of(&mut t, r, "text"),
            version: t.text(r, "version"),
            target: RawFilled::of(&mut t, r, "target"),
            headers,
            within: t.duration(r, "within"),
            exit: t.integer(r, "exit", 0..=255),
        };
        t.close(r, &BESIDE);
        it
    }
}

/// One status, or a list of them.
fn statuses(r: &mut Reader<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Vec<u16> {
    let codes: Vec<Spanned<i64>> = match value.get_ref().as_array() {
        Some(items) => items.iter().filter_map(|item| r.integer(key, item, 100..=599)).collect(),
        None => r.integer(key, value, 100..=599).into_iter().collect(),
    };
    codes.into_iter().filter_map(|code| u16::try_from(code.into_inner()).ok()).collect()
}

impl RawRefused {
    fn of(t: &mut Table<'_>, r: &mut Reader<'_>) -> Option<Self> {
        let value = t.value("refused")?;
        let at = value.span();
        let Some(entries) = value.get_ref().as_table() else {
            let must = t.boolean(r, "refused")?.into_inner();
            return Some(Self { at, must, with: Vec::new() });
        };
        let mut t = Table::new("`refused`", value.span(), entries);
        t.demand(r, "with");
        let with = t.value("with").map(|value| statuses(r, "with", value)).unwrap_or_default();
        t.close(r, &[]);
        Some(Self { at, must: true, with })
    }
}

impl RawBurst {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        t.demand(r, "n");
        let most = i64::try_from(crate::probe::BURST).unwrap_or(i64::MAX);
        let it = Self { at: t.span(), n: t.integer(r, "n", 2..=most), expect: t.integer(r, "expect", 100..=599) };
        t.close(r, &[]);
        it
    }
}

impl RawState {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        some_word_is_up(&mut t, r);
        let it = Self {
            at: t.span(),
            pointer: t.required(r, "pointer"),
            up: words(&mut t, r, "up"),
            degraded: words(&mut t, r, "degraded"),
            down: words(&mut t, r, "down"),
        };
        t.close(r, &[]);
        it
    }
}

/// Reports a list of words for up that holds none: such a service could never be up.
fn some_word_is_up(t: &mut Table<'_>, r: &mut Reader<'_>) {
    t.demand(r, "up");
    if let Some(value) = t.value("up").filter(|v| v.get_ref().as_array().is_some_and(|items| items.is_empty())) {
        r.report(codes::BAD_VALUE, value.span(), "no word means up, so it could never be up", "write `up = [\"…\"]`");
    }
}

/// Texts, numbers and truth values as they are written; one alone is a list of one.
fn words(t: &mut Table<'_>, r: &mut Reader<'_>, key: &'static str) -> Vec<Text> {
    let Some(value) = t.value(key) else { return Vec::new() };
    let items = value.get_ref().as_array().map_or_else(|| vec![value], |items| items.iter().collect());
    let mut out = Vec::new();
    for item in items {
        match crate::probe::word::as_written(&json_value(item.get_ref())) {
            Some(word) => out.push(Text::new(item.span(), word)),
            None => r.wrong_type(key, item, "a list of words", &format!("write `{key} = [\"…\", \"…\"]`")),
        }
    }
    out
}

impl RawTable {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        t.demand(r, "state");
        some_word_is_up(&mut t, r);
        let state = t.value("state").and_then(|value| match value.get_ref() {
            DeValue::Integer(_) => r.integer("state", value, 1..=100).map(RawColumn::Number),
            _ => t.text(r, "state").map(RawColumn::Named),
        });
        let it = Self {
            at: t.span(),
            state,
            up: t.texts(r, "up"),
            all: t.boolean(r, "all"),
            at_least: t.integer(r, "at_least", 1..=5_000),
        };
        t.close(r, &[]);
        it
    }
}

impl RawSide {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            at: t.span(),
            http: RawFilled::required(&mut t, r, "http"),
            headers: RawFilled::headers(&mut t, r),
            expect: match t.table(r, "expect", "`expect`") {
                Some(table) => RawExpect::read(table, r),
                None => RawExpect::default(),
            },
        };
        t.close(r, &IN_EXPECT);
        it
    }
}

impl RawTraffic {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let help = "add `json = { url = …, pointer = … }` or `command = \"…\"`, which names the side";
        t.demand_one(r, &["json", "command"], "`traffic` says nowhere which side takes it", help);
        let it = Self {
            at: t.span(),
            json: t.table(r, "json", "`json`").map(|table| RawJson::read(table, r)),
            command: RawCommand::of(&mut t, r),
        };
        t.close(r, &[]);
        if let (Some(json), Some(_)) = (&it.json, &it.command) {
            r.report(codes::CONFLICT, json.at.clone(), "traffic is asked in one way", "keep `json` or `command`");
        }
        it
    }
}

impl RawSecret {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let help = "add `env = \"NAME\"` or `file = \"/run/secrets/…\"`";
        t.demand_one(r, &["env", "file"], "`secret` says nowhere where it is kept", help);
        let it = Self {
            at: t.span(),
            env: t.text(r, "env"),
            file: t.text(r, "file"),
            prefix: t.text(r, "prefix"),
            min_length: t.integer(r, "min_length", 1..=65_536),
            max_age: t.duration(r, "max_age"),
        };
        t.close(r, &[("value", "nowhere: a secret is never written into a plan")]);
        it
    }
}
