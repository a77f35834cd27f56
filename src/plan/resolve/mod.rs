//! From what was typed to what the room is set up to do.

mod alarms;
mod channels;
mod circles;
mod command;
mod decisions;
mod fill;
mod gates;
mod metrics;
mod needs;
mod places;
mod room;
mod schedule;
mod services;
mod slo;
mod ticks;
mod watched;

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::raw::{RawPace, RawPlan, Text};
use super::table::{Reader, Table, meant};
use super::{FASTEST, Input, Loaded, Outside, Param, Plan, hex};
use crate::clock::parse_duration;
use crate::finding::{Source, codes, finding_on_file};
use crate::probe::{Ask, Probe, ProbeId};
use crate::secret::{Filled, Masks};

/// From one asking to the next, where the plan says nothing.
const EVERY: Duration = Duration::from_secs(5);
/// Deadline of one asking, where the plan says nothing; never over the interval.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is carried along while a plan is resolved.
struct Resolver<'a> {
    r: Reader<'a>,
    outside: &'a Outside<'a>,
    params: Vec<Param>,
    masks: Masks,
    probes: Vec<Probe>,
    /// Variables that children get.
    children: Vec<(String, Filled)>,
    pace: Pace,
    /// Where the plan stands; files it names are relative to it.
    folder: &'a Path,
}

/// `every` and `timeout` as far as they are set.
#[derive(Clone, Copy, Default)]
struct Pace {
    every: Option<Duration>,
    timeout: Option<Duration>,
}

impl Pace {
    /// These, and where they say nothing, those.
    fn or(self, farther: Self) -> Self {
        Self { every: self.every.or(farther.every), timeout: self.timeout.or(farther.timeout) }
    }

    fn every(self) -> Duration {
        self.every.unwrap_or(EVERY)
    }

    fn timeout(self) -> Duration {
        self.timeout.unwrap_or_else(|| TIMEOUT.min(self.every()))
    }
}

pub(super) fn load(input: &Input<'_>, answers: &[(String, String)]) -> Loaded {
    let mut r = Reader::new(Source { file: input.path, text: input.text });
    let mut plan = Plan { sha256: hex(&Sha256::digest(input.text.as_bytes())), ..Plan::default() };
    let Some(root) = r.parse() else {
        return Loaded { plan, findings: ordered(r.findings, &Masks::default()) };
    };
    let raw = RawPlan::read(Table::new("the plan", 0..0, root.get_ref()), &mut r);
    let mut it = Resolver {
        r,
        outside: input.outside,
        params: Vec::new(),
        masks: Masks::default(),
        probes: Vec::new(),
        children: Vec::new(),
        pace: Pace::default(),
        folder: Path::new(input.path).parent().unwrap_or(Path::new("")),
    };
    it.params(&raw.params, answers);
    it.pace = it.pace_of(&raw.defaults, Pace::default());
    plan.room = it.room(&raw.room, input);
    plan.roles = it.roles(&raw.roles);
    plan.services = it.services(&raw.services);
    plan.notify = it.notify(&raw.notify);
    let measured = it.metrics(&raw.sources, &raw.metrics, &raw.slos, &plan.services, &plan.notify);
    plan.sources = measured.sources;
    plan.metrics = measured.metrics;
    plan.slos = measured.slos;
    plan.hidden = measured.hidden;
    plan.logs = it.logs(&raw.logs);
    plan.heartbeat = raw.heartbeat.as_ref().and_then(|heartbeat| it.heartbeat(heartbeat));
    it.alarms(&raw.sources, &mut plan);
    it.decisions(&raw, &mut plan, input.runbooks);
    if let Some(profile) = &raw.room.profile {
        let names: Vec<String> = plan.profiles.iter().map(|p| p.name.clone()).collect();
        it.known("profile", std::slice::from_ref(profile), &names);
    }
    plan.params = it.params;
    plan.probes = it.probes;
    let mut findings = ordered(it.r.findings, &it.masks);
    findings.extend(input.runbooks.iter().filter(|book| book.repaired.is_some()).map(|book| {
        let message =
            "the text was damaged: UTF-8 that was read as Mac Roman and saved again; it is repaired for reading";
        finding_on_file(&book.path, codes::REPAIRED, message, "save the file once more, from its source, as UTF-8")
    }));
    plan.masks = it.masks;
    Loaded { plan, findings }
}

pub(super) fn runbook_places(text: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let mut r = Reader::new(Source { file: "", text });
    let Some(root) = r.parse() else { return Vec::new() };
    let mut root = Table::new("the plan", 0..0, root.get_ref());
    let Some(mut room) = root.table(&mut r, "room", "[room]") else { return Vec::new() };
    room.texts(&mut r, "runbook").into_iter().map(|name| (name.get_ref().clone(), name.span())).collect()
}

/// By place, without secrets: what an outside command said in failing may hold one. All else that findings quote stands in the
/// plan itself.
fn ordered(mut findings: Vec<crate::finding::Finding>, masks: &Masks) -> Vec<crate::finding::Finding> {
    findings.sort_by_key(|f| (f.span.start, f.span.end, f.code));
    for finding in findings.iter_mut().filter(|f| f.code == codes::UNSET.id) {
        for text in [&mut finding.text, &mut finding.message, &mut finding.help] {
            if let std::borrow::Cow::Owned(masked) = masks.masked(text) {
                *text = masked;
            }
        }
    }
    findings
}

/// The names that a list has given so far.
#[derive(Default)]
struct Given {
    count: usize,
    taken: std::collections::HashSet<String>,
}

impl Resolver<'_> {
    /// A duration over zero.
    fn duration(&mut self, text: Option<&Text>) -> Option<Duration> {
        let text = text?;
        match parse_duration(text.get_ref()) {
            Ok(d) if d.is_zero() => {
                self.r.report(
                    codes::DURATION,
                    text.span(),
                    "a duration of zero means nothing here",
                    "write for example \"30s\"",
                );
                None
            }
            Ok(d) => Some(d),
            Err(error) => {
                let help = suggest_duration(text.get_ref());
                self.r.report(codes::DURATION, text.span(), error.to_string(), help);
                None
            }
        }
    }

    /// A duration that may be zero.
    fn duration_or_zero(&mut self, text: Option<&Text>) -> Duration {
        match text {
            Some(text) if matches!(parse_duration(text.get_ref()), Ok(d) if d.is_zero()) => Duration::ZERO,
            text => self.duration(text).unwrap_or_default(),
        }
    }

    /// The pace of a table, its gaps filled from the next farther one.
    fn pace_of(&mut self, raw: &RawPace, farther: Pace) -> Pace {
        let own = Pace { every: self.duration(raw.every.as_ref()), timeout: self.duration(raw.timeout.as_ref()) };
        if let (Some(every), Some(text)) = (own.every, &raw.every)
            && every < FASTEST
        {
            self.r.report(codes::BAD_VALUE, text.span(), "faster than any answer helps", "write \"50ms\" or more");
        }
        let mut pace = own.or(farther);
        if own.every.is_some() && own.timeout.is_none() {
            // A deadline from farther away was meant for a farther interval.
            pace.timeout = pace.timeout.map(|t| t.min(pace.every()));
        }
        if let (Some(timeout), Some(text)) = (own.timeout, &raw.timeout)
            && timeout > pace.every()
        {
            self.r.report(
                codes::SLOW,
                text.span(),
                "the deadline is longer than the interval, so askings will be skipped",
                "make `timeout` at most `every`",
            );
        }
        pace
    }

    /// The names of a list of tables, each one's own: what has none is called by its place, what is there twice is reported.
    fn name(&mut self, what: &str, name: Option<&Text>, before: &mut Given) -> String {
        before.count += 1;
        let Some(name) = name else {
            let name = format!("{what} {}", before.count);
            before.taken.insert(name.clone());
            return name;
        };
        if !before.taken.insert(name.get_ref().clone()) {
            self.r.report(
                codes::DUPLICATE,
                name.span(),
                format!("there is already a {what} \"{}\"", name.get_ref()),
                "give each its own name",
            );
        }
        name.get_ref().clone()
    }

    /// Names out of a list; those that are not in it are reported.
    fn known(&mut self, what: &str, names: &[Text], among: &[String]) -> Vec<String> {
        let mut out = Vec::new();
        for name in names {
            if among.iter().any(|n| n == name.get_ref()) {
                out.push(name.get_ref().clone());
            } else {
                self.r.unknown(name.span(), what, name.get_ref(), among.iter().map(String::as_str));
            }
        }
        out
    }

    /// One of a few words.
    fn word(&mut self, key: &str, text: &Text, words: &[&'static str]) -> Option<&'static str> {
        if let Some(word) = words.iter().find(|w| *w == text.get_ref()) {
            return Some(word);
        }
        let help = meant(key, text.get_ref(), words.iter().copied());
        self.r.report(codes::BAD_VALUE, text.span(), format!("`{key}` cannot be \"{}\"", text.get_ref()), help);
        None
    }

    fn pattern(&mut self, text: &Text) -> Option<regex::Regex> {
        match regex::Regex::new(text.get_ref()) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.r.report(
                    codes::PATTERN,
                    text.span(),
                    format!("this regular expression cannot be read: {why}"),
                    "in TOML a pattern stands best in single quotes, where \\ needs no doubling",
                );
                None
            }
        }
    }

    fn probe(&mut self, name: &str, pace: Pace, ask: Ask) {
        let id = ProbeId(self.probes.len() as u32);
        self.probes.push(Probe { id, name: name.to_owned(), every: pace.every(), timeout: pace.timeout(), ask });
    }
}

/// What a text that is no duration may have meant: `5 s`, `1.5h`, `5sec`, `10 minutes`.
fn suggest_duration(text: &str) -> String {
    const WORDS: [(&str, f64); 18] = [
        ("milliseconds", 1.0),
        ("millisecond", 1.0),
        ("ms", 1.0),
        ("seconds", 1e3),
        ("second", 1e3),
        ("secs", 1e3),
        ("sec", 1e3),
        ("s", 1e3),
        ("", 1e3),
        ("minutes", 6e4),
        ("minute", 6e4),
        ("mins", 6e4),
        ("min", 6e4),
        ("m", 6e4),
        ("hours", 3.6e6),
        ("hour", 3.6e6),
        ("h", 3.6e6),
        ("days", 8.64e7),
    ];
    let folded = text.trim().to_lowercase();
    let digits = folded.len() - folded.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = folded.split_at(digits);
    let size = WORDS.iter().find(|(word, _)| *word == unit.trim()).map(|(_, ms)| *ms);
    match (number.parse::<f64>(), size) {
        (Ok(number), Some(ms)) if number > 0.0 && number * ms < 1e12 => {
            let meant = Duration::from_millis((number * ms).round() as u64);
            format!("did you mean \"{}\"?", crate::clock::duration_text(meant))
        }
        _ => "units are ms, s, m, h, d, w; no blanks, no fractions".to_owned(),
    }
}
