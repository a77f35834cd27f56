//! Asking a Prometheus or an Alertmanager for the alerts that stand there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::http::{Clients, Prepared};
use super::prometheus::failure;
use super::rules::{LabelSet, api};
use crate::probe::Request;
use crate::probe::rules::{AlertApi, FOREIGN, ForeignAlert, ForeignState, Standing};
use crate::text::Untrusted;

/// Five thousand alerts of three kilobytes.
const ANSWER_CAP: usize = 16 * 1024 * 1024;
/// Bytes of a summary.
const SUMMARY: usize = 1_024;

/// A source of alerts made ready.
#[derive(Debug)]
pub(super) struct Alerts {
    prepared: Prepared,
    api: AlertApi,
}

impl Alerts {
    pub(super) fn new(clients: &Clients, request: &Request, of: AlertApi) -> Result<Self, String> {
        let mut url = api(
            request,
            match of {
                AlertApi::Prometheus => "/api/v1/alerts",
                AlertApi::Alertmanager => "/api/v2/alerts",
            },
        )?;
        if of == AlertApi::Alertmanager {
            // What is silenced or inhibited there still stands.
            url.set_query(Some("active=true&silenced=true&inhibited=true&unprocessed=true"));
        }
        Ok(Self { prepared: Prepared::get_at(clients, url, request)?, api: of })
    }

    pub(super) async fn ask(&self) -> Result<Standing, String> {
        let mut answer = self.prepared.send(None).await?;
        let mut body = Vec::new();
        answer.read(&mut body, ANSWER_CAP).await?;
        match (answer.status, self.api) {
            (200..=299, AlertApi::Prometheus) => prometheus(&body),
            (200..=299, AlertApi::Alertmanager) => alertmanager(&body),
            (status, AlertApi::Prometheus) => Err(failure(status, &body)),
            (status, AlertApi::Alertmanager) => Err(format!("{status}, expected 200")),
        }
    }
}

fn prometheus(body: &[u8]) -> Result<Standing, String> {
    let reply: Reply = serde_json::from_slice(body).map_err(|_| "the answer is not that of a Prometheus".to_owned())?;
    if reply.status != "success" {
        return Err("Prometheus does not say its alerts".to_owned());
    }
    Ok(standing(reply.data.alerts, |a| {
        let state = match a.state {
            TheirState::Pending => ForeignState::Pending,
            TheirState::Firing => ForeignState::Firing,
            TheirState::Inactive => return None,
        };
        Some(ForeignAlert { labels: a.labels.0, state, since: a.since, summary: summary(&a.annotations) })
    }))
}

fn alertmanager(body: &[u8]) -> Result<Standing, String> {
    let all: Vec<Managed> =
        serde_json::from_slice(body).map_err(|_| "the answer is not that of an Alertmanager".to_owned())?;
    Ok(standing(all, |a| {
        let state = match (a.status.silenced_by.is_empty(), a.status.inhibited_by.is_empty()) {
            (false, _) => ForeignState::Silenced,
            (true, false) => ForeignState::Inhibited,
            (true, true) => ForeignState::Firing,
        };
        Some(ForeignAlert { labels: a.labels.0, state, since: a.starts_at, summary: summary(&a.annotations) })
    }))
}

fn standing<A>(all: Vec<A>, of: impl Fn(A) -> Option<ForeignAlert>) -> Standing {
    let mut alerts: Vec<ForeignAlert> = all.into_iter().filter_map(of).collect();
    let left_out = alerts.len().saturating_sub(FOREIGN);
    if left_out > 0 {
        // Which ones stay must not depend on the order of an answer, and what fires comes before what may.
        alerts.sort_by(|a, b| {
            (a.state == ForeignState::Pending, &a.labels).cmp(&(b.state == ForeignState::Pending, &b.labels))
        });
        alerts.truncate(FOREIGN);
    }
    Standing { alerts, left_out }
}

fn summary(annotations: &BTreeMap<String, String>) -> Untrusted {
    let words = ["summary", "description", "message"].iter().find_map(|key| annotations.get(*key));
    let words = words.map(String::as_str).unwrap_or_default();
    Untrusted::new(words.get(..words.floor_char_boundary(SUMMARY)).unwrap_or_default())
}

#[derive(Deserialize)]
struct Reply {
    status: String,
    data: Alarms,
}

#[derive(Deserialize)]
struct Alarms {
    alerts: Vec<Judged>,
}

#[derive(Deserialize)]
struct Judged {
    labels: LabelSet,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    state: TheirState,
    #[serde(rename = "activeAt")]
    since: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum TheirState {
    Inactive,
    Pending,
    Firing,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Managed {
    labels: LabelSet,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    starts_at: DateTime<Utc>,
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    silenced_by: Vec<String>,
    #[serde(default)]
    inhibited_by: Vec<String>,
}
