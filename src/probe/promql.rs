//! PromQL over samples we scraped ourselves, by Prometheus's own rules.
