//! Blue and green asked together, and which of them takes traffic; each with the whole deadline for itself.

use std::time::Duration;

use tokio::time::timeout;

use super::http::{Clients, Prepared};
use super::target::{Tools, ask_http};
use super::{command, expect, fresh, reason};
use crate::probe::sides::{Side, Sides, Traffic, combine};
use crate::probe::{CommandExpect, HttpExpect, Outcome, Request, ServiceIx, ServiceReading};

/// Both sides made ready.
#[derive(Debug)]
pub(super) struct Ready {
    blue: Prepared,
    green: Prepared,
    traffic: Option<Prepared>,
}

impl Ready {
    pub(super) fn new(clients: &Clients, sides: &Sides) -> Result<Self, String> {
        let side =
            |(request, expect): &(Request, HttpExpect)| Prepared::get(clients, request, expect::wants_redirect(expect));
        let traffic = match &sides.traffic {
            Traffic::Json { request, .. } => Some(Prepared::get(clients, request, false)?),
            Traffic::Command(_) => None,
        };
        Ok(Self { blue: side(&sides.blue)?, green: side(&sides.green)?, traffic })
    }

    /// Asks all three at once.
    pub(super) async fn ask(
        &self,
        tools: &Tools,
        service: ServiceIx,
        sides: &Sides,
        within: Duration,
    ) -> ServiceReading {
        let side = async |prepared: &Prepared, expect: &HttpExpect| {
            let mut body = Vec::new();
            let asked = ask_http(prepared, &mut body, service, expect, &tools.masks);
            timeout(within, asked).await.unwrap_or_else(|_| {
                let why = reason::no_answer(within);
                let outcome = if expect.refused.is_empty() { Outcome::Fail(why) } else { Outcome::NoData(why) };
                ServiceReading::new(service, outcome)
            })
        };
        let (blue, green, traffic) = tokio::join!(
            side(&self.blue, &sides.blue.1),
            side(&self.green, &sides.green.1),
            self.traffic(tools, &sides.traffic, within)
        );
        combine(traffic, blue, green)
    }

    async fn traffic(&self, tools: &Tools, traffic: &Traffic, within: Duration) -> Result<Side, String> {
        let text = match (traffic, &self.traffic) {
            (Traffic::Json { pointer, .. }, Some(prepared)) => {
                let mut body = Vec::new();
                let asked = fresh::text_at(prepared, &mut body, pointer);
                timeout(within, asked).await.unwrap_or_else(|_| Err(reason::no_answer(within)))?
            }
            (Traffic::Json { .. }, None) => return Err("the probe was not made ready".to_owned()),
            (Traffic::Command(line), _) => {
                let ran = command::run(line, tools.shim.clone(), within).await;
                match expect::ending(&CommandExpect::default(), &ran, within, Duration::ZERO) {
                    Outcome::Pass => ran.stdout.text(),
                    Outcome::Degraded(why) | Outcome::Fail(why) | Outcome::NoData(why) => return Err(why),
                }
            }
        };
        Side::named(&text).ok_or_else(|| "what was said names neither side alone".to_owned())
    }
}
