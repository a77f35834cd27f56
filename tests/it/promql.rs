//! Metrics: pages are read whatever they hold, and queries on them give what Prometheus gives.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "servers and pollers of tests live on real time, and a fixture that cannot be made fails the test"
)]

mod alerting;
mod odd;
mod pages;
mod promtool;
mod real;
mod rules;
