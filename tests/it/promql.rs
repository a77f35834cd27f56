//! Metrics: pages are read whatever they hold, and queries on them give what Prometheus gives.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails the test")]

mod pages;
mod real;
mod rules;
