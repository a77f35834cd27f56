//! Numbers with units: `500ms` for a metric in seconds is 0.5.

use super::{ConditionError, part};

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

/// The spellings of every unit that converts.
pub fn units() -> impl Iterator<Item = &'static str> {
    UNITS.iter().flat_map(|unit| unit.names.iter().copied())
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
