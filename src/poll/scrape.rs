//! Reading a metrics page and evaluating queries on what it said so far.

use reqwest::header::CONTENT_TYPE;

use super::http::{Clients, PAGE_CAP, Prepared};
use super::target::counted;
use crate::clock::Now;
use crate::probe::counter::Running;
use crate::probe::exposition::{self, Format, Limits, Parser};
use crate::probe::promql::{self, Expr, Labels, Store, Value};
use crate::probe::{MetricReading, Query, Reads, Request};

/// A metrics page made ready, with the series read from it. The series live here and nowhere else.
#[derive(Debug)]
pub(super) struct Page {
    prepared: Prepared,
    queries: Vec<Result<Expr, String>>,
    store: Store,
    /// For each query, its running total if it reads a counter.
    running: Vec<Running<Labels>>,
}

impl Page {
    pub(super) fn new(clients: &Clients, request: &Request, queries: &[Query]) -> Result<Self, String> {
        let queries: Vec<_> = queries.iter().map(|q| promql::parse(&q.promql).map_err(|e| e.to_string())).collect();
        let store = Store::for_queries(queries.iter().flatten());
        let mut prepared = Prepared::get(clients, request, false)?;
        prepared.accept(exposition::ACCEPT);
        let running = queries.iter().map(|_| Running::default()).collect();
        Ok(Self { prepared, queries, store, running })
    }

    /// Takes over what was read of the same page, if it was read for the same queries.
    pub(super) fn adopt(&mut self, old: Self) {
        let asked = |page: &Self| format!("{:?}", page.queries);
        if asked(self) == asked(&old) {
            self.store = old.store;
            self.running = old.running;
        }
    }

    /// Reads the page once and answers each query.
    pub(super) async fn ask(&mut self, queries: &[Query], now: Now) -> Vec<MetricReading> {
        let at = now.utc.timestamp_millis();
        match self.read().await {
            Ok(page) => {
                self.store.append(at, &page);
                self.answer(queries, now)
            }
            Err(reason) => {
                self.failed(now);
                let none = |query: &Query| MetricReading { metric: query.metric, value: Err(reason.clone()) };
                queries.iter().map(none).collect()
            }
        }
    }

    /// The page could not be read: its series end here.
    pub(super) fn failed(&mut self, now: Now) {
        self.store.scrape_failed(now.utc.timestamp_millis());
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

    fn answer(&mut self, queries: &[Query], now: Now) -> Vec<MetricReading> {
        let at = now.utc.timestamp_millis();
        let mut out = Vec::with_capacity(queries.len());
        for ((query, expr), running) in queries.iter().zip(&self.queries).zip(&mut self.running) {
            let expr = expr.as_ref().map_err(Clone::clone);
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

/// Every series that a query gives.
fn series(expr: &Expr, store: &Store, at: i64) -> Result<Vec<(Labels, f64)>, String> {
    match promql::evaluate(expr, store, at).map_err(|error| error.to_string())?.value {
        Value::Vector(all) => Ok(all),
        Value::Scalar(_) | Value::String(_) => Err("the query gives no series".to_owned()),
    }
}
