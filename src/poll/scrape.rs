//! Reading a metrics page and evaluating queries on what it said so far.

use reqwest::header::CONTENT_TYPE;

use super::http::{Clients, PAGE_CAP, Prepared};
use super::target::counted;
use crate::clock::Now;
use crate::probe::counter::Running;
use crate::probe::exposition::{self, Format, Limits, Parser};
use crate::probe::promql::{self, Expr, Labels, Store, Value};
use crate::probe::rules::{Found, RuleIx, RuleQuery, RuleReading};
use crate::probe::{MetricReading, Query, Reads, Request};

/// A metrics page made ready, with the series read from it. The series live here and nowhere else.
#[derive(Debug)]
pub(super) struct Page {
    prepared: Prepared,
    queries: Vec<Result<Expr, String>>,
    rules: Vec<Due>,
    store: Store,
    /// For each query, its running total if it reads a counter.
    running: Vec<Running<Labels>>,
    /// Lines of the last page that could not be read.
    malformed: u64,
}

/// A rule and when it was evaluated last: in which of the stretches of its interval.
#[derive(Debug)]
struct Due {
    rule: RuleIx,
    expr: Result<Expr, String>,
    every_ms: i64,
    last: Option<i64>,
}

impl Due {
    /// What the rule gives; `page` is the one that was read just now.
    fn found(&self, store: &Store, at: i64, page: Option<&exposition::Page>) -> Result<Found, String> {
        let expr = self.expr.as_ref().map_err(Clone::clone)?;
        if let Some(why) = page.and_then(|page| spoiled(page, expr)) {
            return Err(why);
        }
        match promql::evaluate(expr, store, at).map_err(|e| e.to_string())?.value {
            Value::Vector(all) => Ok(Found::bounded(all)),
            Value::Scalar(value) => Ok(Found::bounded(vec![(Labels::default(), value)])),
            Value::String(_) => Err("the rule's expression gives a text".to_owned()),
        }
    }
}

impl Page {
    pub(super) fn new(
        clients: &Clients,
        request: &Request,
        queries: &[Query],
        rules: &[RuleQuery],
    ) -> Result<Self, String> {
        let parse = |text: &str| promql::parse(text).map_err(|e| e.to_string());
        let queries: Vec<_> = queries.iter().map(|q| parse(&q.promql)).collect();
        let due = |q: &RuleQuery| Due {
            rule: q.rule,
            expr: parse(&q.promql),
            every_ms: i64::try_from(q.every.as_millis()).unwrap_or(i64::MAX).max(1),
            last: None,
        };
        let rules: Vec<_> = rules.iter().map(due).collect();
        let store = Store::for_queries(queries.iter().chain(rules.iter().map(|rule| &rule.expr)).flatten());
        let mut prepared = Prepared::get(clients, request, false)?;
        prepared.accept(exposition::ACCEPT);
        let running = queries.iter().map(|_| Running::default()).collect();
        Ok(Self { prepared, queries, rules, store, running, malformed: 0 })
    }

    /// Takes over what was read of the same page, if it was read for the same queries.
    pub(super) fn adopt(&mut self, old: Self) {
        let asked = |page: &Self| {
            let exprs: Vec<_> = page.queries.iter().chain(page.rules.iter().map(|rule| &rule.expr)).collect();
            format!("{exprs:?}")
        };
        if asked(self) == asked(&old) {
            self.store = old.store;
            self.running = old.running;
        }
    }

    /// Reads the page once, answers each query and evaluates the rules that are due.
    pub(super) async fn ask(&mut self, queries: &[Query], now: Now) -> (Vec<MetricReading>, Vec<RuleReading>) {
        let at = now.utc.timestamp_millis();
        match self.read().await {
            Ok(page) => {
                self.note(&page);
                self.store.append(at, &page);
                let values = self.answer(queries, now, &page);
                (values, self.evaluate(at, &page).await)
            }
            Err(reason) => {
                self.failed(now);
                let none = |query: &Query| MetricReading { metric: query.metric, value: Err(reason.clone()) };
                (queries.iter().map(none).collect(), self.unseen(now, &reason))
            }
        }
    }

    /// Lines that nobody can read are told once: what asks for their metrics says so, what does not would never.
    fn note(&mut self, page: &exposition::Page) {
        if page.malformed() != self.malformed
            && let Some(first) = page.reported().first()
        {
            let n = page.malformed();
            tracing::warn!("{n} lines of a page cannot be read; line {}: {}", first.line, first.reason);
        }
        self.malformed = page.malformed();
    }

    /// Evaluates rules whose interval has begun anew, as a Prometheus would that scrapes at these moments.
    async fn evaluate(&mut self, at: i64, page: &exposition::Page) -> Vec<RuleReading> {
        let mut out = Vec::new();
        for rule in &mut self.rules {
            let stretch = at.div_euclid(rule.every_ms);
            if rule.last.replace(stretch) == Some(stretch) {
                continue;
            }
            out.push(RuleReading { rule: rule.rule, found: rule.found(&self.store, at, Some(page)) });
            // Many rules over many series take a while: other probes come in between.
            tokio::task::yield_now().await;
        }
        out
    }

    /// The page could not be read: its series end here.
    pub(super) fn failed(&mut self, now: Now) {
        self.store.scrape_failed(now.utc.timestamp_millis());
    }

    /// What rules give after a page that could not be read. `up == 0` and `absent(…)` hold then; that nothing else does is
    /// no knowledge.
    pub(super) fn unseen(&self, now: Now, reason: &str) -> Vec<RuleReading> {
        let at = now.utc.timestamp_millis();
        let each = |rule: &Due| {
            let found = rule.found(&self.store, at, None);
            RuleReading { rule: rule.rule, found: found.map(|found| Found { gap: Some(reason.to_owned()), ..found }) }
        };
        self.rules.iter().map(each).collect()
    }

    async fn read(&self) -> Result<exposition::Page, String> {
        let mut answer = self.prepared.send(None).await?;
        if !(200..300).contains(&answer.status) {
            return Err(format!("{}, expected 2xx", answer.status));
        }
        let format = Format::of_content_type(answer.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()));
        let mut parser = Parser::new(format, Limits { bytes: PAGE_CAP, ..Limits::default() });
        answer.each_chunk(PAGE_CAP, |chunk| parser.feed(chunk).map_err(|e| e.to_string())).await?;
        parser.finish().map_err(|e| e.to_string())
    }

    fn answer(&mut self, queries: &[Query], now: Now, page: &exposition::Page) -> Vec<MetricReading> {
        let at = now.utc.timestamp_millis();
        let mut out = Vec::with_capacity(queries.len());
        for ((query, expr), running) in queries.iter().zip(&self.queries).zip(&mut self.running) {
            let expr = expr.as_ref().map_err(Clone::clone);
            let expr = expr.and_then(|expr| spoiled(page, expr).map_or(Ok(expr), Err));
            match query.reads {
                Reads::Value => {
                    let value = expr.and_then(|expr| promql::read(expr, &self.store, at));
                    out.push(MetricReading { metric: query.metric, value });
                }
                Reads::Counter => {
                    let series = expr.and_then(|expr| series(expr, &self.store, at));
                    out.extend(counted(query.metric, running, series, now));
                }
            }
        }
        out
    }
}

/// Why a page says nothing of what a query asks for, though it was read.
fn spoiled(page: &exposition::Page, expr: &Expr) -> Option<String> {
    page.spoils(|name| promql::asks_for(expr, name))
}

/// Every series that a query gives.
fn series(expr: &Expr, store: &Store, at: i64) -> Result<Vec<(Labels, f64)>, String> {
    match promql::evaluate(expr, store, at).map_err(|error| error.to_string())?.value {
        Value::Vector(all) => Ok(all),
        Value::Scalar(_) | Value::String(_) => Err("the query gives no series".to_owned()),
    }
}
