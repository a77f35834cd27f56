//! How old a backup is: by its file, by a JSON answer, by what a command prints.

use std::time::Duration;

use super::http::{HEALTH_CAP, Prepared};
use super::look::{Looks, Want};
use super::target::Tools;
use super::{command, expect, json};
use crate::clock::Now;
use crate::probe::fresh::{judge, moment};
use crate::probe::{CommandExpect, CommandLine, Outcome, ServiceIx, ServiceReading};

/// What is asked of each way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    pub(super) service: ServiceIx,
    pub(super) max_age: Duration,
    pub(super) now: Now,
}

impl Question {
    /// By the time a file was written.
    pub(super) async fn of_file(self, looks: &mut Looks, path: &str) -> ServiceReading {
        match looks.look(path, Want::Written).await {
            Ok(seen) => {
                let (outcome, says) = judge(seen.written, self.max_age, self.now.utc);
                ServiceReading { says: Some(says), ..ServiceReading::new(self.service, outcome) }
            }
            Err(outcome) => ServiceReading::new(self.service, outcome),
        }
    }

    /// By a moment in a JSON answer.
    pub(super) async fn of_json(self, prepared: &Prepared, body: &mut Vec<u8>, pointer: &str) -> ServiceReading {
        match text_at(prepared, body, pointer).await {
            Ok(text) => self.of_text(&text, &crate::text::escape(pointer)),
            Err(why) => ServiceReading::new(self.service, Outcome::NoData(why)),
        }
    }

    /// By what a command prints.
    pub(super) async fn of_command(self, tools: &Tools, line: &CommandLine, deadline: Duration) -> ServiceReading {
        let ran = command::run(line, tools.shim.clone(), deadline).await;
        let reading = match expect::ending(&CommandExpect::default(), &ran, deadline, Duration::ZERO) {
            Outcome::Pass => {
                let text = ran.stdout.text();
                let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
                self.of_text(line, "the output")
            }
            outcome => ServiceReading::new(self.service, outcome),
        };
        let code = match ran.end {
            crate::proc::End::Exit(code) => Some(code),
            _ => None,
        };
        ServiceReading { code, ..reading }
    }

    fn of_text(self, text: &str, place: &str) -> ServiceReading {
        let Some(at) = moment(text) else {
            let why = format!("{place} is no time: RFC 3339, or seconds or milliseconds since 1970, are understood");
            return ServiceReading::new(self.service, Outcome::NoData(why));
        };
        let (outcome, says) = judge(at, self.max_age, self.now.utc);
        ServiceReading { says: Some(says), ..ServiceReading::new(self.service, outcome) }
    }
}

/// The text, number or truth value behind a pointer into a JSON answer.
pub(super) async fn text_at(prepared: &Prepared, body: &mut Vec<u8>, pointer: &str) -> Result<String, String> {
    let mut answer = prepared.send(None).await?;
    if !(200..300).contains(&answer.status) {
        return Err(format!("{}, expected 2xx", answer.status));
    }
    answer.read(body, HEALTH_CAP).await?;
    json::word_at(body, pointer)
}
