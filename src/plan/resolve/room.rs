//! `[room]` and `[[role]]`.

use chrono::{DateTime, LocalResult, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::super::interpreter::Interpreter;
use super::super::raw::{RawCommand, RawRole, RawRoom, RawTime, Text};
use super::super::schedule::Order;
use super::super::{Input, RolePlan, RoomPlan, stem};
use super::{Given, Resolver};
use crate::finding::{codes, nearest};

/// What a role may decide.
const DECIDES: [&str; 3] = ["gates", "rollback", "breakers"];
/// What a role may run.
const RUNS: [&str; 2] = ["read", "mutate"];

impl Resolver<'_> {
    pub(super) fn room(&mut self, raw: &RawRoom, input: &Input<'_>) -> RoomPlan {
        let zone = raw.zone.as_ref().and_then(|zone| self.zone(zone)).unwrap_or(Tz::UTC);
        let name = raw.name.as_ref().and_then(|name| self.open_text(name, "the room's name"));
        let environment = raw.environment.as_ref().and_then(|text| self.open_text(text, "the header"));
        for path in raw.runbook.iter().filter(|path| path.get_ref().trim().is_empty()) {
            self.r.report(
                codes::BAD_VALUE,
                path.span(),
                "this runbook has no name",
                "write runbook = [\"go-live.md\"]",
            );
        }
        RoomPlan {
            name: name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| default_name(input)),
            runbook: raw.runbook.iter().map(|path| path.get_ref().clone()).collect(),
            t0: raw.t0.as_ref().and_then(|t0| self.t0(t0, zone)),
            window: self.duration(raw.window.as_ref()),
            environment,
            zone,
            show_zones: raw.show_zones.iter().filter_map(|zone| self.zone(zone)).collect(),
            profile: raw.profile.as_ref().map(|name| name.get_ref().clone()),
            journal: raw.journal.as_ref().map(|path| path.get_ref().clone()),
            group: raw.group.as_ref().map(|group| group.get_ref().clone()),
            env: self.children(&raw.env),
            run: self.interpreters(&raw.run),
            order: match raw.order.as_ref().and_then(|word| self.word("order", word, &["warn", "strict"])) {
                Some("strict") => Order::Strict,
                _ => Order::Warn,
            },
        }
    }

    /// What reads fences of which language. Arguments are seen by every process, so no secret stands in them.
    fn interpreters(&mut self, raw: &[(Text, RawCommand)]) -> Vec<Interpreter> {
        let mut out = Vec::new();
        for (lang, command) in raw {
            let Some(line) = self.command(command) else { continue };
            let argv = line.argv.iter().map(|word| word.expose().to_owned()).collect();
            out.push(Interpreter { lang: lang.get_ref().to_lowercase(), argv });
        }
        out
    }

    fn t0(&mut self, raw: &RawTime, zone: Tz) -> Option<DateTime<Utc>> {
        match raw {
            RawTime::Fixed(at) => Some(at.with_timezone(&Utc)),
            RawTime::Local(local) => match zone.from_local_datetime(local.get_ref()) {
                LocalResult::Single(at) => Some(at.with_timezone(&Utc)),
                LocalResult::Ambiguous(first, second) => {
                    let (first, second) = (first.to_rfc3339(), second.to_rfc3339());
                    self.r.report(
                        codes::TIME,
                        local.span(),
                        format!("this time is there twice in {zone}: the clocks go back"),
                        format!("write {first} or {second}"),
                    );
                    None
                }
                LocalResult::None => {
                    self.r.report(
                        codes::TIME,
                        local.span(),
                        format!("this time does not exist in {zone}: the clocks go forward"),
                        "write it with its offset, as in 2025-10-21T12:00:00Z",
                    );
                    None
                }
            },
        }
    }

    fn zone(&mut self, text: &Text) -> Option<Tz> {
        if let Ok(zone) = text.get_ref().parse() {
            return Some(zone);
        }
        let names = TZ_VARIANTS.iter().map(|zone| zone.name());
        // People write the city alone.
        let city =
            names.clone().find(|name| name.rsplit('/').next().is_some_and(|c| c.eq_ignore_ascii_case(text.get_ref())));
        let help = match city.or_else(|| nearest(text.get_ref(), names)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "write a name such as \"UTC\" or \"Europe/Paris\"".to_owned(),
        };
        self.r.report(codes::TIME, text.span(), format!("there is no time zone \"{}\"", text.get_ref()), help);
        None
    }

    pub(super) fn roles(&mut self, raw: &[RawRole]) -> Vec<RolePlan> {
        let mut given = Given::default();
        let mut out = Vec::new();
        for role in raw {
            let name = self.name("role", role.name.as_ref(), &mut given);
            let decides = role.decides.iter().filter_map(|word| self.word("decides", word, &DECIDES));
            let decides: Vec<String> = decides.map(str::to_owned).collect();
            let runs = role.runs.as_ref().map(|words| {
                words.iter().filter_map(|word| self.word("runs", word, &RUNS)).map(str::to_owned).collect()
            });
            out.push(RolePlan {
                name,
                decides,
                runs,
                people: role.people.iter().map(|p| p.get_ref().clone()).collect(),
            });
        }
        out
    }
}

/// The first runbook's title, else the folder's name, else the file's.
fn default_name(input: &Input<'_>) -> String {
    let title = input.runbooks.first().map(|book| book.title.escaped()).filter(|title| !title.trim().is_empty());
    let folder = || input.path.rsplit('/').nth(1).filter(|f| !matches!(*f, "" | "." | "..")).map(str::to_owned);
    title.or_else(folder).unwrap_or_else(|| stem(input.path))
}
