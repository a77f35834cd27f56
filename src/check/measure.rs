//! Thresholds as ranges of one metric, so that they can be held against each other.

use crate::runbook::Threshold;

/// Which numbers a threshold speaks of.
#[derive(Clone, Debug)]
pub(super) struct Range {
    /// The metric, as far as its name can be compared.
    pub metric: String,
    pub unit: String,
    pub lo: f64,
    pub hi: f64,
    /// Whether the ends belong to it.
    pub lo_in: bool,
    pub hi_in: bool,
    pub line: u32,
}

impl Range {
    /// The numbers for which the comparison holds; times in milliseconds.
    pub(super) fn of(t: &Threshold) -> Option<Self> {
        if t.relative_to.is_some() {
            return None;
        }
        let (unit, scale) = match t.unit.as_deref() {
            Some("s") => ("ms", 1000.0),
            Some("min") => ("ms", 60_000.0),
            Some(unit) => (unit, 1.0),
            None => ("", 1.0),
        };
        let one = |v: &serde_json::Value| v.as_f64().map(|n| n * scale);
        let (lo, hi, lo_in, hi_in) = match t.op.as_str() {
            "<" => (f64::NEG_INFINITY, one(&t.value)?, false, false),
            "<=" => (f64::NEG_INFINITY, one(&t.value)?, false, true),
            ">" => (one(&t.value)?, f64::INFINITY, false, false),
            ">=" => (one(&t.value)?, f64::INFINITY, true, false),
            "in" => (one(t.value.get(0)?)?, one(t.value.get(1)?)?, true, true),
            _ => return None,
        };
        (lo < hi).then(|| Self {
            metric: key(t.metric.raw()),
            unit: unit.to_owned(),
            lo,
            hi,
            lo_in,
            hi_in,
            line: t.line,
        })
    }

    /// Whether it has an upper and a lower end.
    pub(super) fn is_band(&self) -> bool {
        self.lo.is_finite() && self.hi.is_finite()
    }

    pub(super) fn same_metric(&self, other: &Self) -> bool {
        !self.metric.is_empty() && self.metric == other.metric && self.unit == other.unit
    }

    /// The numbers that are in both, if more than one is.
    pub(super) fn overlap(&self, other: &Self) -> Option<(f64, f64)> {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        (lo < hi).then_some((lo, hi))
    }

    /// `3%`, `500 ms`.
    pub(super) fn number(&self, n: f64) -> String {
        match self.unit.as_str() {
            "" => n.to_string(),
            "%" => format!("{n}%"),
            unit => format!("{n} {unit}"),
        }
    }

    /// `3-10%`, `over 10%`.
    pub(super) fn shown(&self) -> String {
        match (self.lo.is_finite(), self.hi.is_finite()) {
            (true, true) => format!("{}-{}", self.lo, self.number(self.hi)),
            (true, false) => format!("over {}", self.number(self.lo)),
            (false, true) => format!("under {}", self.number(self.hi)),
            (false, false) => "anything".to_owned(),
        }
    }
}

/// A metric's name without what people add to it.
pub(super) fn key(metric: &str) -> String {
    let lower = metric.to_lowercase();
    let mut words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '%'))
        .filter(|w| {
            !w.is_empty()
                && !matches!(
                    *w,
                    "ms" | "s" | "%" | "mb" | "gb" | "the" | "if" | "is" | "current" | "overall" | "in" | "seconds"
                )
        })
        .collect();
    // In a table the row's level stands before the column's metric.
    let level = |w: &str| {
        matches!(
            w,
            "level"
                | "sev"
                | "severity"
                | "tier"
                | "green"
                | "yellow"
                | "amber"
                | "orange"
                | "red"
                | "minor"
                | "major"
                | "critical"
        ) || w.bytes().all(|b| b.is_ascii_digit())
    };
    while words.len() > 1 && words.first().is_some_and(|w| level(w)) {
        words.remove(0);
    }
    words.join(" ")
}
