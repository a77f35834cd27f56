//! The words of an alert: the little of Prometheus's templates that is filled in here; all else stays as it is written.

use std::fmt::Write as _;

use self::block::{Block, bare, block};
use super::promql::Labels;

mod block;

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

/// Go's `printf` with `%s %v %q %f %e %g %%`, a width and a precision; nothing where an operand does not fit its verb.
fn printf(format: &str, operands: &[Piped]) -> Option<String> {
    let mut out = String::new();
    let mut operands = operands.iter();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let verb = after.find(|c: char| c.is_ascii_alphabetic() || c == '%')?;
        let (spec, tail) = after.split_at(verb);
        let (verb, tail) = tail.split_at(1);
        rest = tail;
        if verb == "%" {
            out.push('%');
            continue;
        }
        let operand = operands.next()?;
        let (width, digits) = spec.split_once('.').map_or((spec, None), |(width, digits)| (width, Some(digits)));
        let digits = match digits {
            None => None,
            Some("") => Some(0),
            Some(digits) => Some(digits.parse::<usize>().ok().filter(|d| *d <= 20)?),
        };
        let text = match (verb, operand) {
            ("s" | "v", Piped::Text(text)) => text.clone(),
            ("q", Piped::Text(text)) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            ("v" | "g", Piped::Number(value)) => {
                digits.map_or_else(|| number(*value), |d| significant(*value, d.max(1)))
            }
            ("f", Piped::Number(value)) if value.is_finite() => format!("{value:.*}", digits.unwrap_or(6)),
            ("e", Piped::Number(value)) if value.is_finite() => {
                let text = format!("{value:.*e}", digits.unwrap_or(6));
                let (mantissa, power) = text.split_once('e')?;
                let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
                format!("{mantissa}e{sign}{power:0>2}")
            }
            ("f" | "e", Piped::Number(value)) => number(*value),
            _ => return None,
        };
        let least = width.trim_start_matches(['-', '+', ' ', '0']);
        let flags = width.get(..width.len() - least.len()).unwrap_or_default();
        let least: usize = if least.is_empty() { 0 } else { least.parse().ok().filter(|w| *w <= 100)? };
        let numeric = matches!(operand, Piped::Number(_));
        let (sign, text) = match text.strip_prefix(['-', '+']) {
            Some("Inf") if flags.contains(' ') && !flags.contains('+') && text.starts_with('+') => (" ", "Inf"),
            Some(rest) => (text.get(..1).unwrap_or_default(), rest),
            None if numeric && flags.contains('+') => ("+", text.as_str()),
            None if numeric && flags.contains(' ') => (" ", text.as_str()),
            None => ("", text.as_str()),
        };
        let finite = matches!(operand, Piped::Number(value) if value.is_finite());
        let room = least.saturating_sub(sign.len() + text.chars().count());
        let _ = match () {
            () if flags.contains('-') => write!(out, "{sign}{text}{}", " ".repeat(room)),
            () if flags.contains('0') && finite => write!(out, "{sign}{}{text}", "0".repeat(room)),
            () => write!(out, "{}{sign}{text}", " ".repeat(room)),
        };
    }
    out.push_str(rest);
    operands.next().is_none().then_some(out)
}

/// With a prefix, as Prometheus's `humanize`: steps up from one, and down with `m`, `u`, `n`.
fn scaled(mut value: f64, step: f64, prefixes: &[&str]) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value);
    }
    if value.abs() < 1.0 && step < 1_024.0 {
        let mut prefix = "";
        for smaller in ["m", "u", "n", "p", "f", "a", "z", "y"] {
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
    significant(value, 4)
}

/// To so many digits, as Go's `%g` with a precision.
fn significant(value: f64, most: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value);
    }
    let text = format!("{value:.*e}", most - 1);
    let magnitude: i32 = text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or_default();
    let most = i32::try_from(most).unwrap_or(i32::MAX);
    if !(-4..most).contains(&magnitude) {
        return exponent(&text);
    }
    let digits = usize::try_from(most - 1 - magnitude).unwrap_or(0);
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

/// As Go prints a float: the fewest digits, with an exponent below 1e-4 and from 1e6 on.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if value != 0.0 && !(1e-4..1e6).contains(&value.abs()) {
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
