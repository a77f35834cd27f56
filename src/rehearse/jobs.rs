//! Jobs of the make-believe production: backfills, builds, load tests; each runs for its time and writes its rows.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde_json::{Value, json};

use super::props::{JobPlan, JobTo};

/// How far a job is when it is done.
const DONE: f64 = 1_000_000_000.0;
/// Where a job stands that was never begun.
const IDLE: u32 = 0;
const RUNNING: u32 = 1;
const ENDED: u32 = 2;
const STOPPED: u32 = 3;

/// A job as it stands, in atomics as the rest of the site.
#[derive(Debug)]
pub(super) struct Job {
    plan: JobPlan,
    state: AtomicU32,
    /// How far it is, in parts of [`DONE`].
    at: AtomicU64,
    rows: AtomicU32,
    /// Rows that failed, in thousandths.
    errors: AtomicU64,
}

impl Job {
    pub(super) fn new(plan: &JobPlan) -> Self {
        Self {
            plan: plan.clone(),
            state: AtomicU32::new(IDLE),
            at: AtomicU64::new(0),
            rows: AtomicU32::new(0),
            errors: AtomicU64::new(0),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.plan.name
    }

    /// Starts it anew, or stops it; either way what it wrote before is taken back.
    pub(super) fn order(&self, to: JobTo) {
        self.at.store(0, Relaxed);
        self.rows.store(0, Relaxed);
        self.errors.store(0, Relaxed);
        self.state.store(if to == JobTo::Start { RUNNING } else { STOPPED }, Relaxed);
    }

    /// How it stands.
    pub(super) fn json(&self) -> Value {
        let state = match self.state.load(Relaxed) {
            IDLE => "idle",
            RUNNING => "running",
            ENDED => "done",
            _ => "stopped",
        };
        json!({
            "job": self.plan.name,
            "state": state,
            "rows": self.rows.load(Relaxed),
            "errors": self.errors.load(Relaxed) / 1_000,
            "error_percent": rounded(self.percent()),
        })
    }

    fn percent(&self) -> f64 {
        match self.rows.load(Relaxed) {
            0 => 0.0,
            rows => self.errors.load(Relaxed) as f64 / 10.0 / f64::from(rows),
        }
    }

    /// Lets time of the scene pass; true when it came to its end by that.
    pub(super) fn pass(&self, span: Duration, schema: u32) -> bool {
        if self.state.load(Relaxed) != RUNNING {
            return false;
        }
        let step = span.as_secs_f64() / self.plan.lasts.as_secs_f64().max(0.001);
        let at = (self.at.load(Relaxed) as f64 / DONE + step).min(1.0);
        self.at.store((at * DONE) as u64, Relaxed);
        let rows = (f64::from(self.plan.rows) * at) as u32;
        let more = rows.saturating_sub(self.rows.swap(rows, Relaxed));
        if self.plan.mended_by.is_none_or(|mended| schema < mended) {
            self.errors.fetch_add((f64::from(more) * self.plan.errors * 10.0) as u64, Relaxed);
        }
        if at >= 1.0 {
            self.state.store(ENDED, Relaxed);
        }
        at >= 1.0
    }
}

/// The audit over what was written and not taken back: the worst of the jobs, and each of them.
pub(super) fn audit(jobs: &[Job]) -> Value {
    let worst = jobs.iter().map(Job::percent).fold(0.0, f64::max);
    let rows: u32 = jobs.iter().map(|j| j.rows.load(Relaxed)).sum();
    let each: Vec<Value> = jobs.iter().filter(|j| j.plan.rows > 0).map(Job::json).collect();
    json!({ "error_percent": rounded(worst), "rows": rows, "jobs": each })
}

fn rounded(percent: f64) -> f64 {
    (percent * 1_000.0).round() / 1_000.0
}
