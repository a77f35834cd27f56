//! Services that are more than one call and its status: words, tables, both sides, bursts, ages, secrets.

use std::time::Duration;

use super::super::raw::{RawColumn, RawJson, RawService, RawState, RawTable, Text};
use super::services::line;
use super::{Pace, Resolver};
use crate::finding::codes;
use crate::probe::fresh::Dated;
use crate::probe::presence::{Kept, SecretCheck};
use crate::probe::sides::{Sides, Traffic};
use crate::probe::table::{Column, Need, TableExpect};
use crate::probe::word::StateExpect;
use crate::probe::{Ask, Request, ServiceIx};
use crate::secret::{Filled, MASK};

/// Bursts come at most so often: a limiter under constant fire is no measure of anything.
const BURSTS: Duration = Duration::from_secs(30);
/// The answer of a limiter, where the plan says nothing.
const TOO_MANY: u16 = 429;
/// What a refusal is, whatever else the plan allows.
const REFUSALS: [u16; 2] = [401, 403];
/// A longer prefix is no class of secrets, but most of one.
const PREFIX: usize = 16;

impl Resolver<'_> {
    /// The pace of a service; a burst is slower where nothing is said, and never faster.
    pub(super) fn pace_of_service(&mut self, raw: &RawService) -> Pace {
        let pace = self.pace_of(&raw.pace, self.pace);
        if raw.burst.is_none() || pace.every() >= BURSTS {
            return pace;
        }
        if let Some(every) = &raw.pace.every {
            self.r.report(codes::BAD_VALUE, every.span(), "a burst so often is an attack", "write \"30s\" or more");
        }
        Pace { every: Some(BURSTS), ..pace }
    }

    /// The statuses that are a refusal; none when the call need not be refused.
    pub(super) fn refused(&mut self, raw: &RawService) -> Vec<u16> {
        let Some(refused) = raw.refused.as_ref().filter(|r| r.must) else { return Vec::new() };
        let mut with = REFUSALS.to_vec();
        with.extend(refused.with.iter().filter(|code| !REFUSALS.contains(code)));
        if refused.with.iter().any(|code| (200..400).contains(code)) {
            let message = "an answer of 200 to 399 is no refusal";
            self.r.report(codes::BAD_VALUE, refused.at.clone(), message, "write for example `with = [429]`");
        }
        if let Some(status) = &raw.expect.status
            && status.get_ref().iter().any(|code| !with.contains(code))
        {
            let message = "`refused` passes with 401 or 403, so this status can never hold";
            self.r.report(
                codes::CONFLICT,
                status.span(),
                message,
                "leave out `status`, or write `refused = { with = [429] }`",
            );
        }
        if let Some(state) = &raw.state {
            let message = "what is refused has no state";
            self.r.report(codes::CONFLICT, state.at.clone(), message, "make two services of it");
        }
        with
    }

    /// `burst`: the same call several times at once.
    pub(super) fn burst(&mut self, raw: &RawService, service: ServiceIx) -> Option<(Ask, String)> {
        let burst = raw.burst.as_ref()?;
        let e = &raw.expect;
        let others = [
            ("refused", raw.refused.as_ref().map(|r| r.at.clone())),
            ("state", raw.state.as_ref().map(|s| s.at.clone())),
            ("status", e.status.as_ref().map(toml::Spanned::span)),
            ("json", e.json.as_ref().map(toml::Spanned::span)),
            ("text", e.text.as_ref().map(|f| f.span.clone())),
            ("version", e.version.as_ref().map(toml::Spanned::span)),
            ("target", e.target.as_ref().map(|f| f.span.clone())),
            ("headers", e.headers.as_ref().map(toml::Spanned::span)),
            ("within", e.within.as_ref().or(raw.within.as_ref()).map(toml::Spanned::span)),
        ];
        for (key, span) in others {
            if let Some(span) = span {
                let message = format!("`{key}` means nothing beside `burst`, which asks for one status alone");
                self.r.report(codes::CONFLICT, span, message, "make two services of it");
            }
        }
        let times = burst.n.as_ref().and_then(|n| usize::try_from(*n.get_ref()).ok());
        let expect = burst.expect.as_ref().and_then(|code| u16::try_from(*code.get_ref()).ok()).unwrap_or(TOO_MANY);
        let url = self.url(raw.http.as_ref()?);
        let headers = self.headers(&raw.headers);
        let (url, times) = (url?, times?);
        let shown = format!("{times} × {}", url.shown());
        Some((Ask::Burst { service, request: Request { url, headers }, times, expect }, shown))
    }

    /// `state`: which word means what.
    pub(super) fn state(&mut self, raw: &RawState) -> Option<StateExpect> {
        let pointer = raw.pointer.as_ref().filter(|p| self.pointer(p));
        let mut seen: Vec<&str> = Vec::new();
        for word in raw.up.iter().chain(&raw.degraded).chain(&raw.down) {
            if seen.contains(&word.get_ref().as_str()) {
                let message = format!("\"{}\" has two meanings", word.get_ref());
                self.r.report(
                    codes::CONFLICT,
                    word.span(),
                    message,
                    "name each word once: in `up`, `degraded` or `down`",
                );
            }
            seen.push(word.get_ref());
        }
        let texts = |words: &[Text]| words.iter().map(|w| w.get_ref().clone()).collect();
        Some(StateExpect {
            pointer: pointer?.get_ref().clone(),
            up: texts(&raw.up),
            degraded: texts(&raw.degraded),
            down: texts(&raw.down),
        })
    }

    /// `table`: where the states of rows stand and how many must be up.
    pub(super) fn table(&mut self, raw: &RawTable) -> Option<TableExpect> {
        if let Some(empty) = raw.up.iter().find(|word| word.get_ref().trim().is_empty()) {
            self.r.report(
                codes::BAD_VALUE,
                empty.span(),
                "an empty word means nothing",
                "write for example `up = [\"Up\"]`",
            );
        }
        let need = match (&raw.all, &raw.at_least) {
            (Some(all), Some(at_least)) if *all.get_ref() => {
                let message = "either all rows are up, or at least so many";
                self.r.report(codes::CONFLICT, at_least.span(), message, "keep `all` or `at_least`");
                Need::All
            }
            (_, Some(n)) => Need::AtLeast(usize::try_from(*n.get_ref()).unwrap_or(usize::MAX)),
            (Some(all), None) if !*all.get_ref() => {
                let message = "if not all rows must be up, how many must?";
                self.r.report(codes::MISSING, all.span(), message, "write `at_least = 3` instead");
                Need::All
            }
            (_, None) => Need::All,
        };
        let state = match raw.state.as_ref()? {
            RawColumn::Named(name) => Column::Named(name.get_ref().clone()),
            RawColumn::Number(n) => Column::Number(usize::try_from(*n.get_ref()).ok()?),
        };
        Some(TableExpect { state, up: raw.up.iter().map(|w| w.get_ref().clone()).collect(), need })
    }

    /// `blue`, `green` and `traffic`.
    pub(super) fn sides(&mut self, raw: &RawService, service: ServiceIx) -> Option<(Ask, String)> {
        let parts = [("blue", raw.blue.is_some()), ("green", raw.green.is_some()), ("traffic", raw.traffic.is_some())];
        for (part, _) in parts.iter().filter(|(_, there)| !there) {
            let help = match *part {
                "traffic" => {
                    "add `traffic = { json = { url = …, pointer = … } }` or `traffic = { command = \"…\" }`".to_owned()
                }
                side => format!("add `{side} = {{ http = \"https://…\" }}`"),
            };
            let message = format!("blue and green are two sides and who takes the traffic, and `{part}` is missing");
            self.r.report(codes::MISSING, raw.at.clone(), message, help);
        }
        let blue = raw.blue.as_ref().and_then(|side| self.side(side));
        let green = raw.green.as_ref().and_then(|side| self.side(side));
        let asked = raw.traffic.as_ref()?;
        let traffic = match (&asked.json, &asked.command) {
            (Some(json), _) => {
                let (request, pointer) = self.json_request(json)?;
                Traffic::Json { request, pointer }
            }
            (None, command) => Traffic::Command(self.command(command.as_ref()?)?),
        };
        let (blue, green) = (blue?, green?);
        let shown = format!("blue {}, green {}", blue.0.url.shown(), green.0.url.shown());
        Some((Ask::Sides { service, sides: Box::new(Sides { blue, green, traffic }) }, shown))
    }

    /// `file` with `max_age`.
    pub(super) fn file(&mut self, raw: &RawService, service: ServiceIx) -> Option<(Ask, String)> {
        let max_age = self.max_age(raw);
        let path = self.open_text(raw.file.as_ref()?, "a path")?;
        let dated = Dated::File(self.beside(&path));
        Some((Ask::Fresh { service, dated, max_age: max_age? }, path))
    }

    /// `json` with `max_age`.
    pub(super) fn json(&mut self, raw: &RawService, service: ServiceIx) -> Option<(Ask, String)> {
        let max_age = self.max_age(raw);
        let (request, pointer) = self.json_request(raw.json.as_ref()?)?;
        let shown = format!("{} {pointer}", request.url.shown());
        Some((Ask::Fresh { service, dated: Dated::Json { request, pointer }, max_age: max_age? }, shown))
    }

    /// `command` with `max_age`.
    pub(super) fn dated_command(&mut self, raw: &RawService, service: ServiceIx) -> Option<(Ask, String)> {
        let max_age = self.max_age(raw);
        let command = self.command(raw.command.as_ref()?)?;
        let shown = line(&command);
        Some((Ask::Fresh { service, dated: Dated::Command(command), max_age: max_age? }, shown))
    }

    fn max_age(&mut self, raw: &RawService) -> Option<Duration> {
        if raw.max_age.is_none() {
            let message = "how old may it be?";
            self.r.report(codes::MISSING, raw.at.clone(), message, "add `max_age = \"26h\"`");
        }
        self.duration(raw.max_age.as_ref())
    }

    /// `secret`: where it is kept and what is expected of it. Its value is a secret from here on, wherever it turns up.
    pub(super) fn secret_check(&mut self, raw: &RawService, service: ServiceIx) -> Option<(Ask, String)> {
        let secret = raw.secret.as_ref()?;
        let max_age = self.duration(secret.max_age.as_ref());
        if let Some(prefix) = secret.prefix.as_ref().filter(|p| p.get_ref().chars().count() > PREFIX) {
            let message = "a prefix so long may be the secret itself";
            self.r.report(codes::BAD_VALUE, prefix.span(), message, "write its class alone, such as \"sk_live_\"");
        }
        let (kept, shown) = match (&secret.env, &secret.file) {
            (Some(env), Some(_)) => {
                let message = "a secret is kept in one place";
                self.r.report(codes::CONFLICT, env.span(), message, "keep `env` or `file`");
                return None;
            }
            (Some(env), None) => {
                if let Some(max_age) = &secret.max_age {
                    let message = "a variable has no age";
                    self.r.report(codes::CONFLICT, max_age.span(), message, "`max_age` is for `file`");
                }
                let name = env.get_ref().clone();
                let value = (self.outside.env)(&name).filter(|value| !value.is_empty());
                let value = value.map(|value| {
                    self.masks.add(value.trim_end_matches(['\n', '\r']));
                    Filled::new(value, MASK)
                });
                (Kept::Env { name: name.clone(), value }, format!("variable {name}"))
            }
            (None, Some(file)) => {
                let path = self.open_text(file, "a path")?;
                // Whether it can be read is the probe's to say.
                if let Ok(value) = (self.outside.file)(&path) {
                    self.masks.add(value.trim_end_matches(['\n', '\r']));
                }
                (Kept::File(self.beside(&path)), format!("file {path}"))
            }
            (None, None) => return None,
        };
        let min_length = secret.min_length.as_ref().and_then(|n| usize::try_from(*n.get_ref()).ok()).unwrap_or(1);
        let prefix = secret.prefix.as_ref().map(|p| p.get_ref().clone());
        Some((Ask::Secret { service, check: SecretCheck { kept, prefix, min_length, max_age } }, shown))
    }

    /// The request and pointer of `{ url, pointer, headers }`.
    fn json_request(&mut self, raw: &RawJson) -> Option<(Request, String)> {
        let url = raw.url.as_ref().and_then(|url| self.url(url));
        let headers = self.headers(&raw.headers);
        let pointer = raw.pointer.as_ref().filter(|p| self.pointer(p)).map(|p| p.get_ref().clone());
        Some((Request { url: url?, headers }, pointer?))
    }

    /// A path as the program sees it: relative ones stand beside the plan.
    fn beside(&self, path: &str) -> String {
        self.folder.join(path).to_string_lossy().into_owned()
    }
}
