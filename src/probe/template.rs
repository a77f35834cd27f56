//! The words of an alert: the little of Prometheus's templates that is filled in here; all else stays as it is written.

use std::fmt::Write as _;

use self::block::{Block, bare, block};
use self::format::{duration, printf, scaled, short};
use super::promql::Labels;

mod block;
mod format;

pub use format::number;

/// Bytes of a text that was filled in.
const LONGEST: usize = 4_096;

/// Blocks within blocks.
const DEEPEST: usize = 8;

/// Fills in `{{ $value }}`, `{{ $labels.x }}` and `{{ index $labels "x" }}` (also as `.Value`, `.Labels.x`), with `humanize`,
/// `humanize1024`, `humanizePercentage`, `humanizeDuration`, `humanizeTimestamp`, `toUpper`, `toLower`, `title`, `stripPort` and
/// `printf`, behind a bar or before their operands; `{{ if }}` with `else`, where its condition is a value or made of `eq ne lt
/// le gt ge and or not`; `{{-` and `-}}` take the blanks beside them away.
pub fn expand(text: &str, labels: &Labels, value: f64) -> String {
    let mut out = String::new();
    fill(&mut out, text, labels, value, 0);
    if out.len() > LONGEST {
        out.truncate(out.floor_char_boundary(LONGEST));
        out.push('…');
    }
    out
}

/// Whether something of a text would stay as it is written, whatever the alert.
pub fn has_more(text: &str) -> bool {
    expand(text, &Labels::default(), 1.0).contains("{{")
}

fn fill(out: &mut String, text: &str, labels: &Labels, value: f64, depth: usize) {
    let mut rest = text;
    // Where one block has no end, none behind it has: it is looked for once.
    let mut blocks = depth < DEEPEST;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((inner, behind)) = after.split_once("}}") else {
            rest = rest.get(before.len()..).unwrap_or_default();
            break;
        };
        rest = behind;
        let (left, action, right) = bare(inner);
        if let Some(condition) = action.strip_prefix("if ").filter(|_| blocks) {
            let found = block(condition.trim(), behind);
            blocks = found.is_some();
            if let Some((body, behind)) = found.and_then(|found| taken(&found, labels, value)) {
                if left {
                    out.truncate(out.trim_end().len());
                }
                fill(out, if right { body.trim_start() } else { body }, labels, value, depth + 1);
                rest = behind;
                continue;
            }
        }
        match filled(action, labels, value) {
            Some(filled) => {
                if left {
                    out.truncate(out.trim_end().len());
                }
                out.push_str(&filled);
                if right {
                    rest = behind.trim_start();
                }
            }
            None => {
                let _ = write!(out, "{{{{{inner}}}}}");
            }
        }
        if out.len() > LONGEST {
            break;
        }
    }
    out.push_str(rest);
}

/// The body of the first branch whose condition holds, and what stands behind the block; nothing where that cannot be told.
fn taken<'t>(block: &Block<'t>, labels: &Labels, value: f64) -> Option<(&'t str, &'t str)> {
    for (condition, body) in &block.branches {
        let holds = match condition {
            None => true,
            Some(condition) => piped(condition, labels, value)?.holds(),
        };
        if holds {
            return Some((body, block.behind));
        }
    }
    Some(("", block.behind))
}

/// A value on its way through a pipe.
enum Piped {
    Number(f64),
    Text(String),
    Truth(bool),
}

impl Piped {
    fn text(&self) -> String {
        match self {
            Self::Number(value) => number(*value),
            Self::Text(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
        }
    }

    /// As Go has it: what is empty or zero does not hold.
    fn holds(&self) -> bool {
        match self {
            Self::Number(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Truth(truth) => *truth,
        }
    }

    /// A number, or a text that is one: labels are texts.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Text(text) => text.parse().ok(),
            Self::Truth(_) => None,
        }
    }
}

fn filled(inner: &str, labels: &Labels, value: f64) -> Option<String> {
    piped(inner, labels, value).map(|piped| piped.text())
}

fn piped(inner: &str, labels: &Labels, value: f64) -> Option<Piped> {
    let mut piped: Option<Piped> = None;
    for part in apart(inner, |c| c == '|') {
        let words = apart(part, char::is_whitespace);
        let mut words = words.into_iter().filter(|word| !word.is_empty());
        let first = words.next()?;
        let rest: Vec<&str> = words.collect();
        piped = Some(match (operand(first, labels, value), rest.as_slice(), &piped) {
            (Some(operand), [], None) => operand,
            (None, ["$labels" | ".Labels", name], None) if first == "index" => {
                let Some(Piped::Text(name)) = operand(name, labels, value) else { return None };
                Piped::Text(labels.get(&name).unwrap_or_default().to_owned())
            }
            (None, rest, _) => {
                let operands: Option<Vec<Piped>> = rest.iter().map(|word| operand(word, labels, value)).collect();
                let mut operands = operands?;
                // What comes through the bar is the last operand.
                operands.extend(piped.take());
                match compared(first, &operands) {
                    Some(truth) => Piped::Truth(truth),
                    None => Piped::Text(apply(first, &operands)?),
                }
            }
            _ => return None,
        });
    }
    piped
}

/// What a comparison gives; nothing where it is none, or its sides cannot be compared.
fn compared(function: &str, operands: &[Piped]) -> Option<bool> {
    use std::cmp::Ordering::Less;
    match (function, operands) {
        ("not", [one]) => Some(!one.holds()),
        ("and", [_, ..]) => Some(operands.iter().all(Piped::holds)),
        ("or", [_, ..]) => Some(operands.iter().any(Piped::holds)),
        ("eq" | "ne" | "lt" | "le" | "gt" | "ge", [a, b]) => {
            let order = match (a, b) {
                (Piped::Number(a), Piped::Number(b)) => a.partial_cmp(b),
                (Piped::Text(a), Piped::Text(b)) => Some(a.cmp(b)),
                _ => return None,
            };
            Some(match function {
                "eq" => order.is_some_and(std::cmp::Ordering::is_eq),
                "ne" => order.is_none_or(std::cmp::Ordering::is_ne),
                "lt" => order == Some(Less),
                "le" => order.is_some_and(std::cmp::Ordering::is_le),
                // As Go has it: not less and not equal, and not less. So NaN is above everything.
                "gt" => order.is_none_or(std::cmp::Ordering::is_gt),
                _ => order.is_none_or(std::cmp::Ordering::is_ge),
            })
        }
        _ => None,
    }
}

/// The parts between such characters, which count only outside of quotes and brackets.
fn apart(text: &str, between: impl Fn(char) -> bool) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut from, mut quote, mut skipped, mut open) = (0, None, false, 0_usize);
    for (at, c) in text.char_indices() {
        match quote {
            Some('"') if c == '\\' && !skipped => skipped = true,
            Some(begun) if c == begun && !skipped => quote = None,
            Some(_) => skipped = false,
            None if matches!(c, '"' | '`') => quote = Some(c),
            None if c == '(' => open += 1,
            None if c == ')' => open = open.saturating_sub(1),
            None if between(c) && open == 0 => {
                out.push(text.get(from..at).unwrap_or_default().trim());
                from = at + c.len_utf8();
            }
            None => {}
        }
    }
    out.push(text.get(from..).unwrap_or_default().trim());
    out
}

fn operand(word: &str, labels: &Labels, value: f64) -> Option<Piped> {
    if matches!(word, "$value" | ".Value") {
        return Some(Piped::Number(value));
    }
    if let Some(text) = word.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        return Some(Piped::Text(text.to_owned()));
    }
    if let Some(text) = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let plain = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"");
        return Some(Piped::Text(plain));
    }
    if let Some(inner) = word.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return if word.matches('(').count() > DEEPEST { None } else { piped(inner, labels, value) };
    }
    if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return word.parse().ok().map(Piped::Number);
    }
    let label = word.strip_prefix("$labels.").or_else(|| word.strip_prefix(".Labels."))?;
    let plain = !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| Piped::Text(labels.get(label).unwrap_or_default().to_owned()))
}

fn apply(function: &str, operands: &[Piped]) -> Option<String> {
    if function == "printf" {
        let [Piped::Text(format), rest @ ..] = operands else { return None };
        return printf(format, rest);
    }
    let [one] = operands else { return None };
    Some(match function {
        "toUpper" => one.text().to_uppercase(),
        "toLower" => one.text().to_lowercase(),
        "title" => title(&one.text()),
        "stripPort" => {
            let text = one.text();
            let host = text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map(|(host, _)| host);
            host.map_or_else(|| text.clone(), |host| host.trim_matches(['[', ']']).to_owned())
        }
        "humanize" => scaled(one.number()?, 1_000.0, &["", "k", "M", "G", "T", "P", "E", "Z", "Y"]),
        "humanize1024" => scaled(one.number()?, 1_024.0, &["", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]),
        "humanizePercentage" => format!("{}%", short(one.number()? * 100.0)),
        "humanizeDuration" => duration(one.number()?),
        "humanizeTimestamp" => {
            let seconds = one.number()?;
            if !seconds.is_finite() {
                return Some(number(seconds));
            }
            // What no count of nanoseconds holds is an error there.
            let at = chrono::DateTime::from_timestamp_millis((seconds * 1e3).floor() as i64)?;
            at.timestamp_nanos_opt()?;
            let text = at.format("%Y-%m-%d %H:%M:%S%.3f").to_string();
            format!("{} +0000 UTC", text.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => return None,
    })
}

/// Each word with a capital.
fn title(text: &str) -> String {
    let mut begins = true;
    let capital = |c: char| {
        let first = begins && c.is_alphabetic();
        begins = !c.is_alphanumeric() && c != '\'' && c != '_';
        if first { c.to_uppercase().collect::<String>() } else { c.to_string() }
    };
    text.chars().map(capital).collect()
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
            ("{{ if gt $value 1.0 }}x{{ end }}", ""),
            ("{{ if gt $value 1.0 }}critical{{ else if ge $value 0.05 }}page{{ else }}info{{ end }}!", "page!"),
            (
                "{{ if eq $labels.job \"api\" }}{{ $labels.job }} {{ if $labels.none }}a{{ else }}b{{ end }}{{ end }}",
                "api b",
            ),
            ("a {{- if not $labels.none -}} b {{- end }} c", "ab c"),
            ("{{ if gt $value 1.0 }}x{{ $labels.job }}", "{{ if gt $value 1.0 }}xapi"),
            ("{{ if query \"up\" }}x{{ end }}", "{{ if query \"up\" }}x{{ end }}"),
            ("{{ if eq $value \"x\" }}x{{ end }}", "{{ if eq $value \"x\" }}x{{ end }}"),
            ("{{ query \"up\" | first | value }}", "{{ query \"up\" | first | value }}"),
            ("{{ $value", "{{ $value"),
            ("}} {{}} {{ $labels. }}", "}} {{}} {{ $labels. }}"),
            ("{{ printf \"%s %.2f\" $value }}", "{{ printf \"%s %.2f\" $value }}"),
            ("{{ printf \"%s: %.2f%% of %q\" $labels.job $value \"a|b\" }}", "api: 0.07% of \"a|b\""),
            ("{{ $value | printf \"%v|%g|%.1e|%6.1f|\" }}", "{{ $value | printf \"%v|%g|%.1e|%6.1f|\" }}"),
            ("{{ printf \"%v|%.2g|%.1e|%6.1f|\" $value $value $value $value }}", "0.0725|0.072|7.2e-02|   0.1|"),
            ("{{ printf \"%d\" $value }}", "{{ printf \"%d\" $value }}"),
            ("{{ index $labels \"job\" }} {{ $labels.job | title }}", "api Api"),
            ("a  {{- $labels.job -}}  b", "aapib"),
            ("a  {{- \", \" }}{{ $labels.job -}}  b", "a, apib"),
            ("{{ $externalLabels.cluster }}", "{{ $externalLabels.cluster }}"),
        ] {
            assert_eq!(expanded(text), expected, "{text}");
        }
        assert!(expand(&"{{ $labels.job }}".repeat(100_000), &labels, 1.0).len() < 5_000_000);
    }

    #[test]
    fn numbers_are_written_as_prometheus_writes_them() {
        for (value, expected) in [
            (1.0, "1"),
            (0.05, "0.05"),
            (1e6, "1e+06"),
            (999_999.5, "999999.5"),
            (1.5e-7, "1.5e-07"),
            (1e21, "1e+21"),
            (f64::NAN, "NaN"),
        ] {
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
