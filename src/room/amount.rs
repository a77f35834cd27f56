//! A number with its unit, as people expect it and as commands print it.

use crate::condition::{Op, parse_value, units};

/// A number that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    value: f64,
    unit: Option<String>,
}

impl Amount {
    /// Reads all of a text: `90`, `90%`, `200 ms`, `1,000`; nothing where it says more than a number and a unit.
    pub fn read(text: &str) -> Option<Self> {
        let (found, rest) = first(text.trim())?;
        (found.at == 0 && rest.trim().is_empty()).then_some(Self { value: found.value, unit: found.unit })
    }

    /// Whether a number that was printed compares so with this one; `None` where their units do not.
    pub fn compare(&self, op: Op, printed: &Self) -> Option<bool> {
        let value = match (&printed.unit, &self.unit) {
            (Some(unit), Some(own)) => parse_value(&format!("{} {unit}", printed.value), Some(own)).ok()?,
            _ => printed.value,
        };
        Some(op.compare(value, self.value))
    }

    /// The first number of an output that stands for itself: not the 95 of `p95`, not a version, a date or a time of day.
    pub fn printed(output: &str) -> Option<Self> {
        first(output).map(|(found, _)| Self { value: found.value, unit: found.unit })
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.unit {
            Some(unit) if unit == "%" => write!(f, "{}%", self.value),
            Some(unit) => write!(f, "{} {unit}", self.value),
            None => write!(f, "{}", self.value),
        }
    }
}

struct Found {
    /// Where it begins, with its sign.
    at: usize,
    value: f64,
    unit: Option<String>,
}

/// The first number that stands for itself, and what follows it and its unit.
fn first(text: &str) -> Option<(Found, &str)> {
    let mut from = 0;
    while let Some(digit) = text.get(from..)?.find(|c: char| c.is_ascii_digit()) {
        let start = from + digit;
        let (number, end) = number(text, start)?;
        if let Some(at) = alone(text, start, end) {
            let value: f64 = number.parse().ok()?;
            let negative = at < start && text.get(at..start) == Some("-");
            let (unit, rest) = unit(text.get(end..)?);
            return Some((Found { at, value: if negative { -value } else { value }, unit }, rest));
        }
        // The rest of the word belongs to it.
        let word = text.get(end..)?;
        from = end + word.find(char::is_whitespace).unwrap_or(word.len());
    }
    None
}

/// The digits that begin here without the commas between thousands, and where they end.
fn number(text: &str, start: usize) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut end = start + digits(start);
    let mut number = text.get(start..end)?.to_owned();
    let grouped = number.len() <= 3;
    while grouped && bytes.get(end) == Some(&b',') && digits(end + 1) == 3 {
        number.push_str(text.get(end + 1..end + 4)?);
        end += 4;
    }
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        let more = digits(end + 1);
        number.push_str(text.get(end..=end + more)?);
        end += 1 + more;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let more = digits(end + 1 + sign);
        let glued = bytes.get(end + 1 + sign + more).is_some_and(u8::is_ascii_alphanumeric);
        if more > 0 && !glued {
            number.push_str(text.get(end..=end + sign + more)?);
            end += 1 + sign + more;
        }
    }
    Some((number, end))
}

/// Whether a number stands for itself, and where it begins with its sign.
fn alone(text: &str, start: usize, end: usize) -> Option<usize> {
    let before = |at: usize| text.get(..at).and_then(|t| t.chars().next_back());
    let wordlike = |c: char| c.is_alphanumeric() || c == '_';
    let at = match before(start) {
        Some(sign @ ('-' | '+')) => {
            let at = start - sign.len_utf8();
            if before(at).is_some_and(|c| wordlike(c) || matches!(c, '.' | '-')) {
                return None;
            }
            at
        }
        Some(c) if wordlike(c) || c == '.' => return None,
        _ => start,
    };
    let rest = text.get(end..)?;
    let mut next = rest.chars();
    match (next.next(), next.next()) {
        (Some('.' | ':' | '-'), Some(c)) if c.is_ascii_digit() => None,
        (Some(c), _) if wordlike(c) => {
            let word = rest.split(|c: char| !wordlike(c)).next().unwrap_or_default();
            units().any(|unit| unit == word).then_some(at)
        }
        _ => Some(at),
    }
}

/// The unit that follows a number, if one does, and what stands behind it.
fn unit(rest: &str) -> (Option<String>, &str) {
    let words = rest.trim_start_matches(' ');
    let end = words.find(|c: char| !(c.is_alphanumeric() || matches!(c, '%' | '_' | '/'))).unwrap_or(words.len());
    let (word, after) = words.split_at(end);
    if word == "%" || units().any(|unit| unit == word) { (Some(word.to_owned()), after) } else { (None, rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_that_stands_for_itself() {
        for (output, found) in [
            ("replicas: 9", Some("9")),
            ("p95 250 ms", Some("250 ms")),
            ("2025-10-21 12:00:01 replicas=9", Some("9")),
            ("v2.10.3 serves 5%", Some("5%")),
            ("1,234 errors", Some("1234")),
            ("api-9 has -3 left", Some("-3")),
            ("1.5e3 rows", Some("1500")),
            ("took 1.5s", Some("1.5 s")),
            ("4f2a91c", None),
            ("5xx: none", None),
            ("", None),
        ] {
            assert_eq!(Amount::printed(output).map(|a| a.to_string()).as_deref(), found, "{output}");
        }
    }

    #[test]
    fn units_are_converted_and_what_does_not_convert_is_unknown() {
        let asked = Amount::read("200 ms").unwrap();
        for (printed, holds) in [("1.5 s", Some(false)), ("0.1 s", Some(true)), ("150", Some(true)), ("3%", None)] {
            assert_eq!(asked.compare(Op::Lt, &Amount::printed(printed).unwrap()), holds, "{printed}");
        }
        assert_eq!(Amount::read("3 passed"), None);
    }
}
