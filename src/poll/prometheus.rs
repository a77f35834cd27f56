//! Asking a Prometheus API: the value now, and once at the start the past that fills the charts.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use reqwest::Url;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::http::{self, Clients, PAGE_CAP, Prepared};
use super::json::finite;
use super::target::counted;
use crate::clock::Now;
use crate::probe::counter::Running;
use crate::probe::{MetricIx, MetricReading, Point, Query, Reads, Request};

/// An answer is one series; a bigger one means that the query was not aggregated, and is not worth its memory.
const ANSWER_CAP: usize = 1024 * 1024;
/// Points of a backfill: charts have no more columns.
const POINTS: u32 = 360;
/// The least step of a backfill.
const STEP: Duration = Duration::from_secs(5);
/// Times the past is asked for before it is left alone.
const TRIES: u8 = 3;

/// A Prometheus made ready.
#[derive(Debug)]
pub(super) struct Prometheus {
    instant: Prepared,
    range: Prepared,
    tries_left: u8,
    /// The running totals of the queries that read counters, by their labels.
    running: BTreeMap<MetricIx, Running<BTreeMap<String, String>>>,
}

impl Prometheus {
    pub(super) fn new(clients: &Clients, request: &Request) -> Result<Self, String> {
        let base = http::url_of(request)?;
        let at = |path: &str| {
            let mut url = base.clone();
            url.set_path(&format!("{}/api/v1/{path}", base.path().trim_end_matches('/')));
            Prepared::post(clients, url, request)
        };
        Ok(Self { instant: at("query")?, range: at("query_range")?, tries_left: TRIES, running: BTreeMap::new() })
    }

    /// The values now, one for each query; all are asked at once.
    pub(super) async fn now(&mut self, queries: &[Query], now: Now) -> Vec<MetricReading> {
        let this = &*self;
        let said = join_all(queries.iter().map(|query| async move {
            match query.reads {
                Reads::Value => Said::Value(this.value(query).await),
                Reads::Counter => Said::Series(this.counters(query).await),
            }
        }))
        .await;
        let mut out = Vec::with_capacity(queries.len());
        for (query, said) in queries.iter().zip(said) {
            let metric = query.metric;
            match said {
                Said::Value(value) => {
                    let value = value.map(|value| Point { at: now.utc, value });
                    out.push(MetricReading { metric, value });
                }
                Said::Series(series) => {
                    out.extend(counted(metric, self.running.entry(metric).or_default(), series, now));
                }
            }
        }
        out
    }

    /// Every series of a counter.
    async fn counters(&self, query: &Query) -> Result<AllSeries, String> {
        match post(&self.instant, &form(&[("query", &query.promql)]), PAGE_CAP).await? {
            Data::Vector(series) => series.into_iter().map(|s| Ok((s.metric, number(s.value)?))).collect(),
            _ => Err("the query's answer is no series".to_owned()),
        }
    }

    async fn value(&self, query: &Query) -> Result<f64, String> {
        let body = post(&self.instant, &form(&[("query", &query.promql)]), ANSWER_CAP).await?;
        match body {
            Data::Vector(series) => number(one(series)?.value),
            Data::Scalar(value) => Ok(value.1.0),
            Data::Matrix(_) | Data::Text(_) => Err("the query's answer is no number".to_owned()),
        }
        .and_then(finite)
    }

    /// The past up to now, or nothing when it was already told. A query without a past is left out.
    pub(super) async fn past(
        &mut self,
        queries: &[Query],
        backfill: Duration,
        now: Now,
    ) -> Option<Vec<(MetricIx, Vec<Point>)>> {
        if self.tries_left == 0 || backfill.is_zero() {
            return None;
        }
        self.tries_left -= 1;
        let step = STEP.max(backfill / POINTS);
        let this = &*self;
        let past =
            join_all(queries.iter().map(|q| async move { (q.metric, this.series(q, backfill, step, now).await) }))
                .await;
        if past.iter().all(|(_, series)| series.is_err()) {
            return None;
        }
        self.tries_left = 0;
        Some(past.into_iter().filter_map(|(metric, series)| Some((metric, series.ok()?))).collect())
    }

    async fn series(&self, query: &Query, back: Duration, step: Duration, now: Now) -> Result<Vec<Point>, String> {
        let seconds = |time: f64| format!("{time:.3}");
        let end = now.utc.timestamp_millis() as f64 / 1_000.0;
        let fields = [
            ("query", query.promql.as_str()),
            ("start", &seconds(end - back.as_secs_f64())),
            ("end", &seconds(end)),
            ("step", &seconds(step.as_secs_f64())),
        ];
        match post(&self.range, &form(&fields), ANSWER_CAP).await? {
            Data::Matrix(series) => Ok(one(series)?.values.into_iter().filter_map(Stamped::point).collect()),
            _ => Err("the query's answer is no series".to_owned()),
        }
    }
}

/// Every series of an answer: its labels and its value.
type AllSeries = Vec<(BTreeMap<String, String>, f64)>;

/// What one query was answered.
enum Said {
    Value(Result<f64, String>),
    Series(Result<AllSeries, String>),
}

async fn post(prepared: &Prepared, form: &str, cap: usize) -> Result<Data, String> {
    let mut answer = prepared.send(Some(form)).await?;
    let mut body = Vec::new();
    answer.read(&mut body, cap).await?;
    let parsed = serde_json::from_slice::<Reply>(&body);
    match (answer.status, parsed) {
        (200..=299, Ok(Reply { data: Some(data) })) => Ok(data),
        (200..=299, _) => Err("the answer is not that of a Prometheus".to_owned()),
        (status, _) => Err(failure(status, &body)),
    }
}

/// Why a Prometheus did not answer, without its own words: they hold what was asked, and anything else.
pub(super) fn failure(status: u16, body: &[u8]) -> String {
    match serde_json::from_slice::<Trouble>(body).as_ref().map(|t| t.kind.as_str()) {
        Ok("bad_data") => format!("{status}: Prometheus does not take the query"),
        Ok("timeout") => format!("{status}: the query took Prometheus too long"),
        Ok("canceled") => format!("{status}: Prometheus gave the query up"),
        Ok("execution") => format!("{status}: Prometheus could not evaluate the query"),
        _ => format!("{status}, expected 200"),
    }
}

/// The fields of a form, encoded.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    // A URL's query has the encoding of a form.
    let Ok(mut url) = Url::parse("http://form/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

fn number(value: Option<Stamped>) -> Result<f64, String> {
    let none = "a native histogram is no number: ask for histogram_quantile, histogram_count or histogram_sum of it";
    value.map(|value| value.1.0).ok_or_else(|| none.to_owned())
}

fn one<S>(series: Vec<S>) -> Result<S, String> {
    let count = series.len();
    let mut series = series.into_iter();
    match (series.next(), count) {
        (Some(one), 1) => Ok(one),
        (None, _) => Err("no such series".to_owned()),
        _ => Err(format!("{count} series, expected one: aggregate the query with sum, avg or max")),
    }
}

#[derive(Deserialize)]
struct Reply {
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Trouble {
    #[serde(rename = "errorType")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Instant>),
    Matrix(Vec<Range>),
    Scalar(Stamped),
    #[serde(rename = "string")]
    Text(IgnoredAny),
}

#[derive(Deserialize)]
struct Instant {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    /// None where it is a native histogram.
    #[serde(default)]
    value: Option<Stamped>,
}

#[derive(Deserialize)]
struct Range {
    values: Vec<Stamped>,
}

/// Unix seconds and the value.
#[derive(Deserialize)]
struct Stamped(f64, Number);

impl Stamped {
    fn point(self) -> Option<Point> {
        let at: DateTime<Utc> = DateTime::from_timestamp_millis((self.0 * 1_000.0) as i64)?;
        Some(Point { at, value: finite(self.1.0).ok()? })
    }
}

/// A float as Prometheus writes it: in quotes, with `NaN`, `+Inf` and `-Inf`.
pub(super) struct Number(pub(super) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| serde::de::Error::custom("no number"))
    }
}
