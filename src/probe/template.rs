//! The words of an alert: the little of Prometheus's templates that is filled in here; all else stays as it is written.

use std::fmt::Write as _;

use super::promql::Labels;

/// Bytes of a text that was filled in.
const LONGEST: usize = 4_096;

/// Fills in `{{ $value }}`, `{{ $labels.x }}` (also as `.Value`, `.Labels.x`), with `humanize`, `humanize1024`,
/// `humanizePercentage`, `humanizeDuration`, `toUpper`, `toLower` and `printf "%.2f"` behind a bar or, of a single operand, before it.
pub fn expand(text: &str, labels: &Labels, value: f64) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((inner, behind)) = after.split_once("}}") else {
            rest = rest.get(before.len()..).unwrap_or_default();
            break;
        };
        match filled(inner.trim_matches('-').trim(), labels, value) {
            Some(filled) => out.push_str(&filled),
            None => {
                let _ = write!(out, "{{{{{inner}}}}}");
            }
        }
        rest = behind;
        if out.len() > LONGEST {
            break;
        }
    }
    out.push_str(rest);
    if out.len() > LONGEST {
        out.truncate(out.floor_char_boundary(LONGEST));
        out.push('…');
    }
    out
}

/// A value on its way through a pipe.
enum Piped {
    Number(f64),
    Text(String),
}

fn filled(inner: &str, labels: &Labels, value: f64) -> Option<String> {
    let mut parts = inner.split('|').map(str::trim);
    let mut piped = first(parts.next()?, labels, value)?;
    for function in parts {
        piped = apply(function, piped)?;
    }
    Some(match piped {
        Piped::Number(value) => number(value),
        Piped::Text(text) => text,
    })
}

/// An operand, or a function of one.
fn first(words: &str, labels: &Labels, value: f64) -> Option<Piped> {
    if let Some(operand) = operand(words, labels, value) {
        return Some(operand);
    }
    let (function, last) = words.rsplit_once(char::is_whitespace)?;
    apply(function.trim(), operand(last, labels, value)?)
}

fn operand(word: &str, labels: &Labels, value: f64) -> Option<Piped> {
    if matches!(word, "$value" | ".Value") {
        return Some(Piped::Number(value));
    }
    let label = word.strip_prefix("$labels.").or_else(|| word.strip_prefix(".Labels."))?;
    let plain = !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| Piped::Text(labels.get(label).unwrap_or_default().to_owned()))
}

fn apply(function: &str, piped: Piped) -> Option<Piped> {
    let text = match (function, piped) {
        ("toUpper", Piped::Text(text)) => text.to_uppercase(),
        ("toLower", Piped::Text(text)) => text.to_lowercase(),
        (function, Piped::Number(value)) => match function {
            "humanize" => scaled(value, 1_000.0, &["", "k", "M", "G", "T", "P", "E"]),
            "humanize1024" => scaled(value, 1_024.0, &["", "ki", "Mi", "Gi", "Ti", "Pi", "Ei"]),
            "humanizePercentage" => format!("{}%", short(value * 100.0)),
            "humanizeDuration" => duration(value),
            _ => {
                let format = function.strip_prefix("printf")?.trim().strip_prefix('"')?.strip_suffix('"')?;
                let (before, rest) = format.split_once("%.")?;
                let (digits, after) = rest.split_once('f')?;
                let digits: usize = digits.parse().ok().filter(|d| *d <= 12)?;
                if before.contains('%') || after.replace("%%", "").contains('%') {
                    return None;
                }
                format!("{before}{value:.digits$}{}", after.replace("%%", "%"))
            }
        },
        _ => return None,
    };
    Some(Piped::Text(text))
}

/// With a prefix, as Prometheus's `humanize`: steps up from one, and down with `m`, `u`, `n`.
fn scaled(mut value: f64, step: f64, prefixes: &[&str]) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value);
    }
    if value.abs() < 1.0 && step < 1_024.0 {
        let mut prefix = "";
        for smaller in ["m", "u", "n", "p"] {
            if value.abs() >= 1.0 {
                break;
            }
            prefix = smaller;
            value *= step;
        }
        return format!("{}{prefix}", short(value));
    }
    let mut prefix = prefixes.first().copied().unwrap_or_default();
    for larger in prefixes.iter().skip(1) {
        if value.abs() < step {
            break;
        }
        prefix = larger;
        value /= step;
    }
    format!("{}{prefix}", short(value))
}

/// To four digits, as Go's `%.4g`.
fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value);
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..4).contains(&magnitude) {
        return exponent(&format!("{value:.3e}"));
    }
    let digits = usize::try_from(3 - magnitude).unwrap_or(0);
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn duration(value: f64) -> String {
    if !value.is_finite() {
        return number(value);
    }
    if value.abs() < 1.0 {
        return if value == 0.0 { "0s".to_owned() } else { format!("{}s", scaled(value, 1_000.0, &[""])) };
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let seconds = value.abs() as u64;
    let (d, h, m, s) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match () {
        () if d > 0 => format!("{sign}{d}d {h}h {m}m {s}s"),
        () if h > 0 => format!("{sign}{h}h {m}m {s}s"),
        () if m > 0 => format!("{sign}{m}m {s}s"),
        () => format!("{sign}{}s", short(value.abs())),
    }
}

/// As Go prints a float: the fewest digits, with an exponent below 1e-4 and from 1e21 on.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if value != 0.0 && !(1e-4..1e21).contains(&value.abs()) {
        return exponent(&format!("{value:e}"));
    }
    format!("{value}")
}

/// `1.5e-7` as `1.5e-07`, zeros behind the point left out.
fn exponent(text: &str) -> String {
    let Some((mantissa, power)) = text.split_once('e') else { return text.to_owned() };
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{mantissa}e{sign}{power:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_understood_is_filled_in_and_all_else_stays() {
        let labels = Labels::new([("job", "api"), ("pod", "a{{ $value }}")]);
        let expanded = |text: &str| expand(text, &labels, 0.0725);
        for (text, expected) in [
            ("{{ $labels.job }} fails {{$value}}", "api fails 0.0725"),
            ("{{ .Labels.job | toUpper }} {{ .Value }}", "API 0.0725"),
            ("{{ $value | humanizePercentage }} of {{ $labels.nothing }}.", "7.25% of ."),
            ("{{ printf \"%.2f\" $value }} {{ $value | printf \"%.1f%%\" }}", "0.07 0.1%"),
            ("{{ $value | humanize }} {{ humanizeDuration $value }}", "72.5m 72.5ms"),
            // A label's value is no template.
            ("{{ $labels.pod }}", "a{{ $value }}"),
            ("{{ if gt $value 1.0 }}x{{ end }}", "{{ if gt $value 1.0 }}x{{ end }}"),
            ("{{ query \"up\" | first | value }}", "{{ query \"up\" | first | value }}"),
            ("{{ $value", "{{ $value"),
            ("}} {{}} {{ $labels. }}", "}} {{}} {{ $labels. }}"),
            ("{{ printf \"%s %.2f\" $value }}", "{{ printf \"%s %.2f\" $value }}"),
        ] {
            assert_eq!(expanded(text), expected, "{text}");
        }
        assert!(expand(&"{{ $labels.job }}".repeat(100_000), &labels, 1.0).len() < 5_000_000);
    }

    #[test]
    fn numbers_are_written_as_prometheus_writes_them() {
        for (value, expected) in
            [(1.0, "1"), (0.05, "0.05"), (1e6, "1000000"), (1.5e-7, "1.5e-07"), (1e21, "1e+21"), (f64::NAN, "NaN")]
        {
            assert_eq!(number(value), expected);
        }
        for (value, expected) in [(1_234_567.0, "1.235M"), (999.0, "999"), (0.0, "0"), (-2_500.0, "-2.5k")] {
            assert_eq!(expand("{{ $value | humanize }}", &Labels::default(), value), expected);
        }
        for (value, expected) in [(90_061.0, "1d 1h 1m 1s"), (75.0, "1m 15s"), (3.5, "3.5s"), (0.0, "0s")] {
            assert_eq!(expand("{{ $value | humanizeDuration }}", &Labels::default(), value), expected);
        }
    }
}
