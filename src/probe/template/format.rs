//! Numbers and texts as Go and Prometheus print them.

use std::fmt::Write as _;

use super::Piped;

/// Go's `printf` with `%s %v %q %f %e %g %%`, a width and a precision; nothing where an operand does not fit its verb.
pub(super) fn printf(format: &str, operands: &[Piped]) -> Option<String> {
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
pub(super) fn scaled(mut value: f64, step: f64, prefixes: &[&str]) -> String {
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
pub(super) fn short(value: f64) -> String {
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

pub(super) fn duration(value: f64) -> String {
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
