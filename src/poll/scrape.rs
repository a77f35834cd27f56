//! Reading a metrics page and evaluating queries on what it said so far.

use reqwest::header::CONTENT_TYPE;

use super::http::{Clients, PAGE_CAP, Prepared};
use crate::clock::Now;
use crate::probe::exposition::{self, Format, Limits, Parser};
use crate::probe::promql::{self, Expr, Store};
use crate::probe::{MetricReading, Query, Request};

/// A metrics page made ready, with the series read from it. The series live here and nowhere else.
#[derive(Debug)]
pub(super) struct Page {
    prepared: Prepared,
    queries: Vec<Result<Expr, String>>,
    store: Store,
}

impl Page {
    pub(super) fn new(clients: &Clients, request: &Request, queries: &[Query]) -> Result<Self, String> {
        let queries: Vec<_> = queries.iter().map(|q| promql::parse(&q.promql).map_err(|e| e.to_string())).collect();
        let store = Store::for_queries(queries.iter().flatten());
        let mut prepared = Prepared::get(clients, request, false)?;
        prepared.accept(exposition::ACCEPT);
        Ok(Self { prepared, queries, store })
    }

    /// Takes over what was read of the same page, if it was read for the same queries.
    pub(super) fn adopt(&mut self, old: Self) {
        let asked = |page: &Self| format!("{:?}", page.queries);
        if asked(self) == asked(&old) {
            self.store = old.store;
        }
    }

    /// Reads the page once and answers each query.
    pub(super) async fn ask(&mut self, queries: &[Query], now: Now) -> Vec<MetricReading> {
        let at = now.utc.timestamp_millis();
        match self.read().await {
            Ok(page) => {
                self.store.append(at, &page);
                self.answer(queries, |expr, store| promql::read(expr, store, at))
            }
            Err(reason) => {
                self.failed(now);
                self.answer(queries, |_, _| Err(reason.clone()))
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

    fn answer(
        &self,
        queries: &[Query],
        read: impl Fn(&Expr, &Store) -> Result<crate::probe::Point, String>,
    ) -> Vec<MetricReading> {
        let one = |(query, expr): (&Query, &Result<Expr, String>)| MetricReading {
            metric: query.metric,
            value: expr.as_ref().map_err(Clone::clone).and_then(|expr| read(expr, &self.store)),
        };
        queries.iter().zip(&self.queries).map(one).collect()
    }
}
