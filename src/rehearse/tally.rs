//! Counts of served requests and a histogram of their latency, printed as a Prometheus page.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::site::{Colour, Site};

/// Upper bounds of the histogram's buckets, in seconds.
const BOUNDS: [f64; 13] = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.4, 0.5, 0.75, 1.0, 1.5, 2.5];

/// What users got from one build.
#[derive(Debug, Default)]
pub(super) struct Tally {
    good: AtomicU64,
    errors: AtomicU64,
    /// Not cumulative; the last is beyond all bounds.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Tally {
    /// Counts an answer.
    pub(super) fn count(&self, status: u16, took: Duration) {
        let counter = if status >= 500 { &self.errors } else { &self.good };
        counter.fetch_add(1, Relaxed);
        let seconds = took.as_secs_f64();
        let at = BOUNDS.iter().position(|b| seconds <= *b).unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Relaxed);
        }
        self.micros.fetch_add(took.as_micros() as u64, Relaxed);
    }
}

/// The site's `/metrics`, text format 0.0.4.
pub(super) struct Page<'a>(pub(super) &'a Site);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (site, pre) = (self.0, &self.0.plan.metrics);
        writeln!(f, "# HELP {pre}_requests_total Requests served to users.")?;
        writeln!(f, "# TYPE {pre}_requests_total counter")?;
        for build in site.deployed() {
            let v = &build.version;
            for (code, n) in [("200", &build.tally.good), ("500", &build.tally.errors)] {
                writeln!(f, "{pre}_requests_total{{code=\"{code}\",version=\"{v}\"}} {}", n.load(Relaxed))?;
            }
        }
        writeln!(f, "# HELP {pre}_errors_total Requests that ended in an error.")?;
        writeln!(f, "# TYPE {pre}_errors_total counter")?;
        for build in site.deployed() {
            let n = build.tally.errors.load(Relaxed);
            writeln!(f, "{pre}_errors_total{{version=\"{}\"}} {n}", build.version)?;
        }
        writeln!(f, "# HELP {pre}_request_duration_seconds Time that a fleet worked on a request.")?;
        writeln!(f, "# TYPE {pre}_request_duration_seconds histogram")?;
        for build in site.deployed() {
            let (v, mut sum) = (&build.version, 0);
            let bounds = BOUNDS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
            for (le, n) in bounds.zip(&build.tally.buckets) {
                sum += n.load(Relaxed);
                writeln!(f, "{pre}_request_duration_seconds_bucket{{version=\"{v}\",le=\"{le}\"}} {sum}")?;
            }
            let seconds = build.tally.micros.load(Relaxed) as f64 / 1e6;
            writeln!(f, "{pre}_request_duration_seconds_sum{{version=\"{v}\"}} {seconds}")?;
            writeln!(f, "{pre}_request_duration_seconds_count{{version=\"{v}\"}} {sum}")?;
        }
        writeln!(f, "# HELP {pre}_maintenance_pages_total Requests answered with the maintenance page.")?;
        writeln!(f, "# TYPE {pre}_maintenance_pages_total counter")?;
        writeln!(f, "{pre}_maintenance_pages_total {}", site.turned_away.load(Relaxed))?;
        writeln!(f, "# HELP {pre}_feature_flag_percent A feature flag; zero is off.")?;
        writeln!(f, "# TYPE {pre}_feature_flag_percent gauge")?;
        for (flag, percent) in site.flags_now() {
            writeln!(f, "{pre}_feature_flag_percent{{flag=\"{}\"}} {percent}", flag.name)?;
        }
        writeln!(f, "# HELP {pre}_db_connections Database connections in use.")?;
        writeln!(f, "# TYPE {pre}_db_connections gauge")?;
        writeln!(f, "{pre}_db_connections {}", site.connections())?;
        writeln!(f, "# HELP {pre}_build_info What each fleet runs.")?;
        writeln!(f, "# TYPE {pre}_build_info gauge")?;
        for fleet in [Colour::Blue, Colour::Green] {
            let (name, v) = (fleet.name(), site.version(fleet));
            writeln!(f, "{pre}_build_info{{fleet=\"{name}\",version=\"{v}\"}} 1")?;
        }
        Ok(())
    }
}
