//! Numbers out of foreign text: behind a JSON pointer, or the first one a command prints.

use serde_json::Value;

/// The text, number or truth value at `pointer`, as it is written.
pub(super) fn word_at(body: &[u8], pointer: &str) -> Result<String, String> {
    let json: Value = serde_json::from_slice(body).map_err(|_| "the answer is no JSON".to_owned())?;
    let shown = || crate::text::escape(pointer);
    let found = json.pointer(pointer).ok_or_else(|| format!("{} is missing", shown()))?;
    crate::probe::word::as_written(found).ok_or_else(|| format!("{} is no text", shown()))
}

/// The number, or numeric string, at `pointer`.
pub(super) fn number_at(body: &[u8], pointer: &str) -> Result<f64, String> {
    let json: Value = serde_json::from_slice(body).map_err(|_| "the answer is no JSON".to_owned())?;
    let shown = || crate::text::escape(pointer);
    let found = json.pointer(pointer).ok_or_else(|| format!("{} is missing", shown()))?;
    let number = match found {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    finite(number.ok_or_else(|| format!("{} is no number", shown()))?)
}

/// The first number in a text: `p95=420.5ms` gives 420.5.
pub(super) fn first_number(text: &str) -> Result<f64, String> {
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(b' ');
    let digit = |i: usize| at(i).is_ascii_digit();
    let mut i = 0;
    while i < bytes.len() {
        let begins = digit(i) || (at(i) == b'.' && digit(i + 1));
        // Digits inside a word (p95, v2) are part of its name.
        let in_word = i > 0 && (at(i - 1).is_ascii_alphanumeric() || at(i - 1) == b'_' || !at(i - 1).is_ascii());
        if !begins || in_word {
            i += 1;
            continue;
        }
        let sign = i > 0 && matches!(at(i - 1), b'-' | b'+') && !(i > 1 && at(i - 2).is_ascii_alphanumeric());
        let start = if sign { i - 1 } else { i };
        let mut end = i;
        while digit(end) {
            end += 1;
        }
        if at(end) == b'.' && digit(end + 1) {
            end += 1;
            while digit(end) {
                end += 1;
            }
        }
        if matches!(at(end), b'e' | b'E') {
            let exponent = if matches!(at(end + 1), b'-' | b'+') { end + 2 } else { end + 1 };
            if digit(exponent) {
                end = exponent;
                while digit(end) {
                    end += 1;
                }
            }
        }
        return finite(text.get(start..end).and_then(|t| t.parse().ok()).unwrap_or(f64::NAN));
    }
    Err("the output holds no number".to_owned())
}

/// Metrics are never NaN or infinite.
pub(super) fn finite(number: f64) -> Result<f64, String> {
    if number.is_finite() { Ok(number) } else { Err("the value is not finite".to_owned()) }
}
