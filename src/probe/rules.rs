//! Alert rules that are asked of a source, and alerts that others judge: what is asked, and what came back.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::promql::{Labels, NAME};
use crate::text::Untrusted;

/// Instances of one rule that are kept; what is beyond is counted.
pub const INSTANCES: usize = 1_000;
/// Alerts of one source that are kept; what is beyond is counted.
pub const FOREIGN: usize = 5_000;
/// Bytes of the name of an instance; a longer one is cut and ends with a hash of all of it.
const LONGEST: usize = 1_024;
/// The label that holds an alert's name.
pub const ALERTNAME: &str = "alertname";

/// Which rule: its index in the plan's list of imported rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIx(pub u32);

/// Which source: its index in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceIx(pub u32);

/// The expression of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleQuery {
    /// Of which rule.
    pub rule: RuleIx,
    /// The text, checked at load.
    pub promql: String,
    /// From one evaluation to the next; where a page is scraped more often, the scrapes between are left out.
    pub every: Duration,
    /// A Prometheus evaluates it as of so long ago.
    pub offset: Duration,
}

/// What one evaluation of a rule gave.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleReading {
    /// Which rule.
    pub rule: RuleIx,
    /// One element for each set of labels, or why nobody can tell. Reasons hold no raw text from outside.
    pub found: Result<Found, String>,
}

/// The elements of an evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Labels, still with the metric's name where there is one, and the value, which may be NaN. At most [`INSTANCES`].
    pub elements: Vec<(Labels, f64)>,
    /// How many there were beyond.
    pub left_out: usize,
    /// Why an element that is absent may be there all the same, as after a scrape that failed; none where it is not.
    pub gap: Option<String>,
}

impl Found {
    /// Keeps as many elements as are bounded.
    pub fn bounded(mut elements: Vec<(Labels, f64)>) -> Self {
        let left_out = elements.len().saturating_sub(INSTANCES);
        if left_out > 0 {
            // Which ones stay must not depend on the order of an answer.
            elements.sort_by(|(a, _), (b, _)| a.cmp(b));
            elements.truncate(INSTANCES);
        }
        let gap = (left_out > 0).then(|| format!("more than {INSTANCES} elements"));
        Self { elements, left_out, gap }
    }
}

/// Who is asked for its alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertApi {
    /// `/api/v1/alerts` of a Prometheus.
    Prometheus,
    /// `/api/v2/alerts` of an Alertmanager.
    Alertmanager,
}

/// The alerts of a source.
#[derive(Clone, Debug)]
pub struct AlertsReading {
    /// Of which source.
    pub source: SourceIx,
    /// All that stand, or why nobody can tell. Reasons hold no raw text from outside.
    pub found: Result<Standing, String>,
}

/// Alerts that a source says stand now.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// At most [`FOREIGN`].
    pub alerts: Vec<ForeignAlert>,
    /// How many there were beyond.
    pub left_out: usize,
}

/// An alert that somebody else judges.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignAlert {
    /// With `alertname`.
    pub labels: Labels,
    /// Where it stands there.
    pub state: ForeignState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The annotation `summary`, else `description` or `message`.
    pub summary: Untrusted,
}

/// Where an alert of somebody else stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForeignState {
    /// It holds, not yet for long enough.
    Pending,
    /// It fires.
    Firing,
    /// It fires, and is silenced there.
    Silenced,
    /// It fires, and another alert keeps it quiet there.
    Inhibited,
}

impl ForeignState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Silenced => "silenced",
            Self::Inhibited => "inhibited",
        }
    }
}

/// A silence to be created in an Alertmanager.
#[derive(Clone, Debug)]
pub struct SilenceThere {
    /// Its identity here.
    pub silence: uuid::Uuid,
    /// The base, to which `/api/v2/silences` is appended.
    pub request: super::Request,
    /// JSON, as the API takes it.
    pub body: String,
    /// Deadline.
    pub within: Duration,
}

/// `HighErrorRate{job="api", pod="a"}`: a name and the labels that are not the name, sorted, written so that two sets of
/// labels never have one name. Nothing in it is invisible: it is written down and read again, and is the same then.
pub fn instance_name(name: &str, labels: &Labels) -> String {
    let mut out = crate::text::escape(name);
    let mut before = "{";
    for (label, value) in labels.iter().filter(|(label, _)| !matches!(*label, ALERTNAME | NAME)) {
        out.push_str(before);
        before = ", ";
        let quoted = |c: char| !c.is_alphanumeric() && c != '_';
        let label = if label.contains(quoted) { Cow::Owned(format!("\"{}\"", escaped(label))) } else { label.into() };
        let _ = write!(out, "{label}=\"{}\"", escaped(value));
    }
    if before == ", " {
        out.push('}');
    }
    if out.len() <= LONGEST {
        return out;
    }
    let hash = Sha256::digest(out.as_bytes());
    out.truncate(out.floor_char_boundary(LONGEST));
    out.push('…');
    for byte in hash.iter().take(8) {
        let _ = write!(out, "{byte:02x}");
    }
    out.push('}');
    out
}

/// `label="value"` as it stands in a name.
pub fn label_words(label: &str, value: &str) -> String {
    format!("{label}=\"{}\"", escaped(value))
}

fn escaped(text: &str) -> String {
    // A backslash of its own is doubled first, so an escape cannot be taken for it.
    crate::text::escape(&text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Whether an instance has this name before its labels.
pub fn is_instance_of(instance: &str, name: &str) -> bool {
    instance.strip_prefix(name).is_some_and(|labels| labels.starts_with('{') && labels.ends_with('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sets_of_labels_have_two_names() {
        let name = |pairs: &[(&str, &str)]| instance_name("A", &Labels::new(pairs.iter().copied()));
        assert_eq!(name(&[]), "A");
        assert_eq!(name(&[("alertname", "A"), ("job", "api"), ("a", "b")]), "A{a=\"b\", job=\"api\"}");
        assert_ne!(name(&[("a", "x\", b=\"y")]), name(&[("a", "x"), ("b", "y")]));
        assert_ne!(name(&[("a", "\n")]), name(&[("a", "\\n")]));
        let long = |end: &str| name(&[("a", &format!("{}{end}", "x".repeat(5_000)))]);
        assert_ne!(long("1"), long("2"));
        assert!(long("1").len() < 1_100 && is_instance_of(&long("1"), "A"));
        assert!(!is_instance_of("AB{a=\"b\"}", "A"));
        assert!(!is_instance_of("A (no data)", "A"));
    }

    #[test]
    fn what_is_beyond_the_bound_is_counted_and_does_not_change_from_answer_to_answer() {
        let element = |n: usize| (Labels::new([("n", format!("{n:05}").as_str())]), 1.0);
        let found = Found::bounded((0..1_500).map(element).collect());
        assert_eq!((found.elements.len(), found.left_out), (INSTANCES, 500));
        assert_eq!(found, Found::bounded((0..1_500).rev().map(element).collect()));
    }
}
