//! Metrics: pages are read whatever they hold, and queries on them give what Prometheus gives.

mod pages;
mod real;
mod rules;
