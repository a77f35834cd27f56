//! Reading a metrics page and evaluating queries on what it said so far.

use super::http::{Clients, Prepared};
use crate::clock::Now;
use crate::probe::{MetricReading, Query, Request};

/// A metrics page made ready, with the series read from it.
#[derive(Debug)]
pub(super) struct Page {
    prepared: Prepared,
}

impl Page {
    pub(super) fn new(clients: &Clients, request: &Request) -> Result<Self, String> {
        Ok(Self { prepared: Prepared::get(clients, request, false)? })
    }

    /// Reads the page once and answers each query.
    pub(super) async fn ask(&mut self, queries: &[Query], _now: Now) -> Vec<MetricReading> {
        let reason = match self.prepared.send(None).await {
            Ok(_) => "metrics pages are not evaluated yet".to_owned(),
            Err(reason) => reason,
        };
        queries.iter().map(|q| MetricReading { metric: q.metric, value: Err(reason.clone()) }).collect()
    }
}
