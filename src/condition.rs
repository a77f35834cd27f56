//! The little language of objectives, rules and gates: a metric, a comparator, a number and a unit, judged with three values.

use std::ops::Range;

use serde::Serialize;

/// `< 1%`, `<= 500ms`, `== 0`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// Comparator.
    pub op: Op,
    /// In the metric's own unit.
    pub value: f64,
    /// As written, for people.
    pub text: String,
}

/// A comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Op {
    /// `<`
    #[serde(rename = "<")]
    Lt,
    /// `<=`
    #[serde(rename = "<=")]
    Le,
    /// `>`
    #[serde(rename = ">")]
    Gt,
    /// `>=`
    #[serde(rename = ">=")]
    Ge,
    /// `==`
    #[serde(rename = "==")]
    Eq,
}

impl Op {
    /// Whether `left op right`.
    pub fn compare(self, left: f64, right: f64) -> bool {
        match self {
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
            Self::Eq => left == right,
        }
    }
}

impl Threshold {
    /// Whether `value` satisfies it; `None` when there is no value.
    pub fn holds(&self, value: Option<f64>) -> Option<bool> {
        let value = value.filter(|v| v.is_finite())?;
        Some(self.op.compare(value, self.value))
    }

    /// Reads `< 1%`, `<=500 ms`, `== 0` for a metric of the given unit; the number is converted into it. A number without
    /// a unit is in the metric's own.
    pub fn parse(text: &str, unit: Option<&str>) -> Result<Self, ConditionError> {
        let (op, right) = comparator(text, 0)?;
        let value = parse_value(text.get(right..).unwrap_or_default(), unit).map_err(|e| e.moved(right))?;
        Ok(Self { op, value, text: text.trim().to_owned() })
    }
}

/// What a rule, gate or level asks: `error rate < 1%`, `p95 <= 1.2 * baseline`, `services up`, `api up`, `steps done`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// As written, for people.
    pub text: String,
    /// What it means.
    #[serde(flatten)]
    pub test: Test,
}

/// What a condition means.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Test {
    /// Every service is up or degraded.
    ServicesUp,
    /// One service is up or degraded.
    ServiceUp {
        /// Its name.
        service: String,
    },
    /// Every step of the place is done.
    StepsDone,
    /// A metric against a number.
    Metric {
        /// Its name.
        metric: String,
        /// What should hold.
        threshold: Threshold,
    },
    /// A metric against its own value before T-0.
    Baseline {
        /// Its name.
        metric: String,
        /// Comparator.
        op: Op,
        /// Times the baseline.
        factor: f64,
    },
}

/// Which names a condition may use.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Metrics with their units.
    pub metrics: &'a [(String, Option<String>)],
    /// Services.
    pub services: &'a [String],
}

impl Condition {
    /// Reads a condition; names are looked up in `names`.
    pub fn parse(text: &str, names: Names<'_>) -> Result<Self, ConditionError> {
        let test = match text.find(COMPARATORS) {
            Some(at) => compared(text, at, names)?,
            None => stated(text, names)?,
        };
        Ok(Self { text: text.trim().to_owned(), test })
    }
}

/// `services up`, `api up`, `steps done`.
fn stated(text: &str, names: Names<'_>) -> Result<Test, ConditionError> {
    let words = text.trim();
    let folded = words.to_lowercase();
    if matches!(folded.as_str(), "services up" | "all services up") {
        return Ok(Test::ServicesUp);
    }
    if matches!(folded.as_str(), "steps done" | "all steps done") {
        return Ok(Test::StepsDone);
    }
    match words.strip_suffix(" up").map(str::trim) {
        Some(name) if names.services.iter().any(|s| s == name) => Ok(Test::ServiceUp { service: name.to_owned() }),
        Some(name) => Err(ConditionError {
            kind: Trouble::UnknownService(name.to_owned()),
            message: format!("there is no service \"{name}\""),
            help: String::new(),
            span: part(text, name),
        }),
        None => Err(ConditionError::unreadable(
            format!("\"{words}\" compares nothing"),
            "write a metric, a comparator and a number as in \"error rate < 1%\", or \"services up\", or \"steps done\"",
            part(text, words),
        )),
    }
}

/// `error rate < 1%`, `p95 <= 1.2 * baseline`; the comparator begins at `at`.
fn compared(text: &str, at: usize, names: Names<'_>) -> Result<Test, ConditionError> {
    let metric = text.get(..at).unwrap_or_default().trim().to_owned();
    let Some((_, unit)) = names.metrics.iter().find(|(name, _)| *name == metric) else {
        let message = if metric.is_empty() {
            "no metric stands before the comparator".to_owned()
        } else {
            format!("there is no metric \"{metric}\"")
        };
        let span = part(text, &metric);
        return Err(ConditionError { kind: Trouble::UnknownMetric(metric), message, help: String::new(), span });
    };
    let (op, right) = comparator(text, at)?;
    let words = text.get(right..).unwrap_or_default();
    if let Some(factor) = baseline(words) {
        return Ok(Test::Baseline { metric, op, factor });
    }
    let value = parse_value(words, unit.as_deref()).map_err(|e| e.moved(right))?;
    Ok(Test::Metric {
        metric,
        threshold: Threshold { op, value, text: text.get(at..).unwrap_or_default().trim().to_owned() },
    })
}

const COMPARATORS: [char; 6] = ['<', '>', '=', '≤', '≥', '!'];

/// The comparator at the start of `text[at..]`, and where what follows it begins.
fn comparator(text: &str, at: usize) -> Result<(Op, usize), ConditionError> {
    const OPS: [(&str, Op); 7] =
        [("<=", Op::Le), (">=", Op::Ge), ("==", Op::Eq), ("≤", Op::Le), ("≥", Op::Ge), ("<", Op::Lt), (">", Op::Gt)];
    let tail = text.get(at..).unwrap_or_default();
    let rest = tail.trim_start();
    let start = at + tail.len() - rest.len();
    if let Some((sign, op)) = OPS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((*op, start + sign.len()));
    }
    let sign = rest.len() - rest.trim_start_matches(['=', '!', '<', '>']).len();
    let (typed, number) = rest.split_at(sign);
    let (message, meant, end) = match typed {
        "" => (format!("\"{}\" has no comparator", rest.trim()), "<", text.len()),
        "=<" => (format!("\"{typed}\" is no comparator"), "<=", start + sign),
        "=>" => (format!("\"{typed}\" is no comparator"), ">=", start + sign),
        _ => (format!("\"{typed}\" is no comparator"), "==", start + sign),
    };
    let help = format!("write one of < <= > >= == before the number, as in \"{meant} {}\"", number.trim());
    Err(ConditionError::unreadable(message, &help, start..end))
}

/// `baseline`, `1.2 * baseline`, `1.2*baseline`, `1.2x baseline`, `baseline * 1.2`: the factor.
fn baseline(text: &str) -> Option<f64> {
    let folded = text.trim().to_lowercase();
    if folded == "baseline" {
        return Some(1.0);
    }
    let factor = match folded.strip_suffix("baseline") {
        Some(before) => before.trim().strip_suffix(['*', 'x', '×'])?,
        None => folded.strip_prefix("baseline")?.trim().strip_prefix(['*', 'x', '×'])?,
    };
    factor.trim().parse().ok().filter(|f: &f64| f.is_finite() && *f > 0.0)
}

/// A unit: its spellings, what it measures and how many of that one of it is.
struct Unit {
    names: &'static [&'static str],
    measures: &'static str,
    size: f64,
}

const UNITS: &[Unit] = &[
    Unit { names: &["us", "µs", "μs"], measures: "time", size: 1e-6 },
    Unit { names: &["ms"], measures: "time", size: 1e-3 },
    Unit { names: &["s", "sec", "seconds"], measures: "time", size: 1.0 },
    Unit { names: &["min", "m", "minutes"], measures: "time", size: 60.0 },
    Unit { names: &["h", "hours"], measures: "time", size: 3_600.0 },
    Unit { names: &["d", "days"], measures: "time", size: 86_400.0 },
    Unit { names: &["B", "bytes"], measures: "an amount of data", size: 1.0 },
    Unit { names: &["KB", "kB"], measures: "an amount of data", size: 1e3 },
    Unit { names: &["MB"], measures: "an amount of data", size: 1e6 },
    Unit { names: &["GB"], measures: "an amount of data", size: 1e9 },
    Unit { names: &["TB"], measures: "an amount of data", size: 1e12 },
    Unit { names: &["KiB"], measures: "an amount of data", size: 1024.0 },
    Unit { names: &["MiB"], measures: "an amount of data", size: 1_048_576.0 },
    Unit { names: &["GiB"], measures: "an amount of data", size: 1_073_741_824.0 },
    Unit { names: &["TiB"], measures: "an amount of data", size: 1_099_511_627_776.0 },
    Unit { names: &["%"], measures: "a share", size: 1.0 },
    Unit { names: &["/s", "rps", "req/s", "qps"], measures: "a rate", size: 1.0 },
    Unit { names: &["/min", "rpm", "req/min"], measures: "a rate", size: 1.0 / 60.0 },
    Unit { names: &["/h"], measures: "a rate", size: 1.0 / 3_600.0 },
    Unit { names: &["count"], measures: "a count", size: 1.0 },
];

/// The spellings of every unit that converts.
pub fn units() -> impl Iterator<Item = &'static str> {
    UNITS.iter().flat_map(|unit| unit.names.iter().copied())
}

/// A number with an optional unit, in the metric's unit: `500ms` for a metric in `s` is 0.5. A number without a unit is in
/// the metric's own. A unit that converts to nothing we know must be the metric's own, letter by letter.
pub fn parse_value(text: &str, unit: Option<&str>) -> Result<f64, ConditionError> {
    let words = text.trim();
    let whole = part(text, words);
    let digits = number_len(words);
    let Some(value) = words.get(..digits).and_then(|n| n.parse::<f64>().ok()).filter(|v| v.is_finite()) else {
        return Err(ConditionError::unreadable(
            if words.is_empty() { "no number follows".to_owned() } else { format!("\"{words}\" is no number") },
            "write a number and its unit, as in \"1%\", \"500ms\" or \"2GB\"",
            whole,
        ));
    };
    let written = words.get(digits..).unwrap_or_default().trim();
    if written.is_empty() || Some(written) == unit {
        return Ok(value);
    }
    let at = whole.end - written.len()..whole.end;
    let find = |name: &str| UNITS.iter().find(|u| u.names.contains(&name));
    match (find(written), unit, unit.and_then(find)) {
        (Some(from), _, Some(to)) if from.measures == to.measures => Ok(convert(value, from.size, to.size)),
        (Some(from), None, _) if from.measures == "a count" => Ok(value),
        (Some(_), None, _) => Err(ConditionError::unit(
            format!("\"{written}\" cannot be compared: the metric has no unit"),
            format!("give the metric `unit = \"{written}\"`, or write the number alone"),
            at,
        )),
        (Some(from), Some(own), Some(to)) => Err(ConditionError::unit(
            format!("\"{written}\" is {}, but the metric is in \"{own}\", {}", from.measures, to.measures),
            format!("write the number in \"{own}\""),
            at,
        )),
        (Some(_), Some(own), None) => Err(ConditionError::unit(
            format!("\"{written}\" cannot be compared with the metric's unit \"{own}\""),
            format!("write the number in \"{own}\" or without a unit"),
            at,
        )),
        (None, _, _) => Err(ConditionError::unit(
            format!("\"{written}\" is no unit"),
            match unit {
                Some(own) => {
                    format!("write the number in \"{own}\", as the metric is, or in a unit that converts to it")
                }
                None => "the metric has no unit: write the number alone".to_owned(),
            },
            at,
        )),
    }
}

/// From a unit of size `from` into one of size `to`, through the whole ratio between them: 500 ms is 0.5 s exactly.
fn convert(value: f64, from: f64, to: f64) -> f64 {
    let ratio = |big: f64, small: f64| {
        let ratio = big / small;
        if (ratio - ratio.round()).abs() < 1e-6 { ratio.round() } else { ratio }
    };
    if from < to { value / ratio(to, from) } else { value * ratio(from, to) }
}

/// Length in bytes of the number at the start of `text`: sign, digits, fraction, exponent.
fn number_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(matches!(bytes.first(), Some(b'-' | b'+')));
    at += digits(at);
    if bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'-' | b'+')));
        if digits(at + 1 + sign) > 0 {
            at += 1 + sign + digits(at + 1 + sign);
        }
    }
    at
}

/// Where `words` stand in `text`; all of it when they do not.
fn part(text: &str, words: &str) -> Range<usize> {
    match text.find(words) {
        Some(at) if !words.is_empty() => at..at + words.len(),
        _ => 0..text.len(),
    }
}

/// Why a condition cannot be used, where in its text, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// What kind of trouble.
    pub kind: Trouble,
    /// What is wrong.
    pub message: String,
    /// What to write instead; empty for unknown names, whose candidates the caller knows.
    pub help: String,
    /// Bytes of the condition's text.
    pub span: Range<usize>,
}

/// What kind of trouble a condition has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be read.
    Unreadable,
    /// Its units do not fit.
    Unit,
    /// It names a metric that does not exist.
    UnknownMetric(String),
    /// It names a service that does not exist.
    UnknownService(String),
}

impl ConditionError {
    fn unreadable(message: String, help: &str, span: Range<usize>) -> Self {
        Self { kind: Trouble::Unreadable, message, help: help.to_owned(), span }
    }

    fn unit(message: String, help: String, span: Range<usize>) -> Self {
        Self { kind: Trouble::Unit, message, help, span }
    }

    fn moved(mut self, by: usize) -> Self {
        self.span = self.span.start + by..self.span.end + by;
        self
    }
}
