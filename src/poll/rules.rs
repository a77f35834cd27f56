//! Asking a Prometheus what rules give now: each an instant query of its own, a few at a time.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Url;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::http::{self, Clients, Prepared};
use super::prometheus::{Number, failure, form};
use super::reason;
use crate::probe::Request;
use crate::probe::promql::Labels;
use crate::probe::rules::{Found, RuleQuery, RuleReading};

/// An answer holds one element for each alert; a bigger one is not worth its memory.
const ANSWER_CAP: usize = 4 * 1024 * 1024;
/// Queries in flight at once: a Prometheus has twenty places for all who ask it.
const AT_ONCE: usize = 8;

/// A Prometheus made ready for its rules.
#[derive(Debug)]
pub(super) struct Rules {
    instant: Prepared,
}

impl Rules {
    pub(super) fn new(clients: &Clients, request: &Request) -> Result<Self, String> {
        Ok(Self { instant: Prepared::post(clients, api(request, "/api/v1/query")?, request)? })
    }

    /// One reading for each rule. Whoever has no answer within `within` is unknown; the others are not.
    pub(super) async fn ask(&self, rules: &[RuleQuery], within: Duration) -> Vec<RuleReading> {
        let deadline = Instant::now() + within;
        let places = Semaphore::new(AT_ONCE);
        join_all(rules.iter().map(|rule| async {
            let asked = async {
                let _place = places.acquire().await;
                self.one(rule).await
            };
            let found = timeout_at(deadline, asked).await.unwrap_or_else(|_| Err(reason::no_answer(within)));
            RuleReading { rule: rule.rule, found }
        }))
        .await
    }

    async fn one(&self, rule: &RuleQuery) -> Result<Found, String> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the edge that reads the clock, for a rule that is asked as of before"
        )]
        let as_of = (chrono::Utc::now().timestamp_millis() as f64 / 1e3 - rule.offset.as_secs_f64()).to_string();
        let mut fields = vec![("query", rule.promql.as_str())];
        // Without an offset it is the other side's own clock that counts.
        if !rule.offset.is_zero() {
            fields.push(("time", &as_of));
        }
        let mut answer = self.instant.send(Some(&form(&fields))).await?;
        let mut body = Vec::new();
        answer.read(&mut body, ANSWER_CAP).await?;
        if !(200..300).contains(&answer.status) {
            return Err(failure(answer.status, &body));
        }
        match serde_json::from_slice::<Reply>(&body) {
            Ok(Reply { data: Data::Vector(all) }) => {
                // As Prometheus has it: an element that is a histogram is one, and its value reads 0.
                let value = |e: &Element| e.value.as_ref().map_or(0.0, |value| value.1.0);
                Ok(Found::bounded(all.into_iter().map(|e| (value(&e), e)).map(|(v, e)| (e.metric.0, v)).collect()))
            }
            // As Prometheus has it: a number alone is one element without labels.
            Ok(Reply { data: Data::Scalar(value) }) => Ok(Found::bounded(vec![(Labels::default(), value.1.0)])),
            Ok(Reply { data: Data::Matrix(_) | Data::Text(_) }) => {
                Err("the rule's expression gives no values at one moment".to_owned())
            }
            Err(_) => Err("the answer is not that of a Prometheus".to_owned()),
        }
    }
}

/// The base's path with `path` behind it.
pub(super) fn api(request: &Request, path: &str) -> Result<Url, String> {
    let mut url = http::url_of(request)?;
    url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
    Ok(url)
}

#[derive(Deserialize)]
struct Reply {
    data: Data,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Element>),
    Scalar(Stamped),
    Matrix(IgnoredAny),
    #[serde(rename = "string")]
    Text(IgnoredAny),
}

#[derive(Deserialize)]
struct Element {
    metric: LabelSet,
    /// None where it is a native histogram.
    #[serde(default)]
    value: Option<Stamped>,
}

#[derive(Deserialize)]
struct Stamped(#[expect(dead_code, reason = "the time that we asked for")] f64, Number);

/// Labels as JSON has them: one object of texts.
pub(super) struct LabelSet(pub(super) Labels);

impl<'de> Deserialize<'de> for LabelSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = std::collections::BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(Self(Labels::new(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))))
    }
}
