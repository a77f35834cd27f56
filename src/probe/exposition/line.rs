//! One line of a page: name, labels, value, time stamp, exemplar.
//! (prometheus.io, "Exposition formats"; "OpenMetrics 1.0".)

use super::{Format, Limits, Page, Place, Row};

/// Why a line is malformed.
type Reason = &'static str;

/// A text may hold a line's end: what stands behind it may belong to it.
pub(super) const OPEN: Reason = "a quote is not closed";
/// Which of two names is meant cannot be told.
pub(super) const TWO_NAMES: Reason = "the metric has two names";
/// The same, where one of them is a label.
pub(super) const NAME_AS_LABEL: Reason =
    "the metric's name stands before the braces, or in them as a quoted word alone";

/// Labels of the line before that are looked through for equal text; bounded, so that a hostile page costs no more.
const ALIKE: usize = 8;

/// A cursor over one line.
pub(super) struct Reader<'a> {
    text: &'a str,
    pos: usize,
    format: Format,
    limits: &'a Limits,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, format: Format, limits: &'a Limits) -> Self {
        Self { text, pos: 0, format, limits }
    }

    /// Reads the sample of this line into `page`; an empty line is none.
    pub(super) fn sample(mut self, page: &mut Page) -> Result<(), Reason> {
        self.blanks();
        if self.peek().is_none() || self.peek() == Some(b'#') {
            return Ok(());
        }
        let mut name = None;
        if self.peek() != Some(b'{') {
            let word = self.word(true);
            if word.is_empty() {
                return Err("a metric's name begins with a letter, \"_\" or \":\", or stands quoted in braces");
            }
            name = Some(page.keep_name(word));
        }
        let blanks = self.blanks();
        let first = page.labels.len();
        if self.take(b'{') {
            self.labels(page, &mut name, first)?;
            self.blanks();
        } else if !blanks {
            return Err(if self.peek().is_none() {
                "the value is missing"
            } else {
                "the name holds a character that needs quotes"
            });
        }
        let name = name.ok_or("the metric has no name")?;
        page.sort(first)?;
        let value = self.value()?;
        let at_ms = self.at_ms()?;
        self.exemplar()?;
        page.rows.push(Row {
            name,
            labels: first as u32,
            count: (page.labels.len() - first) as u32,
            value,
            at_ms: at_ms.unwrap_or(i64::MIN),
        });
        Ok(())
    }

    fn labels(&mut self, page: &mut Page, name: &mut Option<Place>, first: usize) -> Result<(), Reason> {
        loop {
            self.blanks();
            if self.take(b'}') {
                return Ok(());
            }
            let key = if self.peek() == Some(b'"') {
                let start = page.text.len();
                self.quoted(&mut page.text)?;
                let place = page.since(start);
                self.blanks();
                if !self.take(b'=') {
                    // A quoted word alone is the metric's name (text 1.0.0).
                    if name.replace(place).is_some() {
                        return Err(TWO_NAMES);
                    }
                    if place.len == 0 {
                        return Err("the metric's name is empty");
                    }
                    self.next_label()?;
                    continue;
                }
                place
            } else {
                let word = self.word(false);
                if word.is_empty() {
                    return Err("a label's name begins with a letter or \"_\", or is quoted");
                }
                let place = page.keep_key(word, first);
                self.blanks();
                if !self.take(b'=') {
                    return Err("\"=\" is missing after a label's name");
                }
                place
            };
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err("a label's value stands in double quotes");
            }
            if page.at(key) == "__name__" {
                return Err(NAME_AS_LABEL);
            }
            if page.labels.len() - first >= self.limits.labels {
                return Err("the series has too many labels");
            }
            let start = page.text.len();
            self.quoted(&mut page.text)?;
            let value = page.keep_value(start, first);
            // An empty label is the same as none.
            if value.len > 0 {
                page.labels.push((key, value));
            }
            self.next_label()?;
        }
    }

    /// A comma, or the closing brace is next.
    fn next_label(&mut self) -> Result<(), Reason> {
        self.blanks();
        if self.take(b',') || self.peek() == Some(b'}') {
            Ok(())
        } else {
            Err("\",\" or \"}\" is missing after a label")
        }
    }

    /// Appends a quoted text, unescaped.
    fn quoted(&mut self, out: &mut String) -> Result<(), Reason> {
        self.pos += 1;
        let start = out.len();
        loop {
            let rest = self.text.get(self.pos..).ok_or(OPEN)?;
            let end = rest.bytes().position(|b| b == b'"' || b == b'\\').ok_or(OPEN)?;
            let (plain, special) = rest.split_at(end);
            if out.len() - start + plain.len() > self.limits.label {
                return Err("a label is too long");
            }
            out.push_str(plain);
            self.pos += end + 1;
            if special.starts_with('"') {
                return Ok(());
            }
            match self.peek() {
                Some(b'n') => out.push('\n'),
                Some(b'"') => out.push('"'),
                Some(b'\\') => out.push('\\'),
                // Prometheus keeps an unknown escape as it is.
                Some(_) => {
                    out.push('\\');
                    continue;
                }
                None => return Err(OPEN),
            }
            self.pos += 1;
        }
    }

    fn value(&mut self) -> Result<f64, Reason> {
        let word = self.token();
        if word.is_empty() {
            return Err("the value is missing");
        }
        number(word).ok_or("the value is no number")
    }

    fn at_ms(&mut self) -> Result<Option<i64>, Reason> {
        const WRONG: Reason = "the time stamp is no number";
        self.blanks();
        if self.peek().is_none_or(|b| b == b'#') {
            return Ok(None);
        }
        let word = self.token();
        let ms = match self.format {
            Format::Text => word.parse::<i64>().map_err(|_| WRONG)?,
            Format::OpenMetrics => {
                let ms = number(word).ok_or(WRONG)? * 1000.0;
                // 2^53 milliseconds: beyond, a float does not count them any more.
                if !(-9.0e15..=9.0e15).contains(&ms) {
                    return Err(WRONG);
                }
                ms as i64
            }
        };
        Ok((ms != i64::MIN).then_some(ms))
    }

    /// Exemplars are read over.
    fn exemplar(&mut self) -> Result<(), Reason> {
        self.blanks();
        match self.peek() {
            None => Ok(()),
            Some(b'#') if self.rest().trim_start_matches(['#', ' ', '\t']).starts_with('{') => Ok(()),
            Some(_) => Err("there is something after the sample"),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.pos += usize::from(found);
        found
    }

    /// Skips blanks and tabs; whether there were some.
    fn blanks(&mut self) -> bool {
        let start = self.pos;
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.pos += 1;
        }
        self.pos > start
    }

    /// A bare name: letters, digits, `_`, and `:` in a metric's.
    fn word(&mut self, colons: bool) -> &'a str {
        let start = self.pos;
        while let Some(b) = self.peek() {
            let inside = b.is_ascii_alphabetic() || b == b'_' || (colons && b == b':');
            if !(inside || (self.pos > start && b.is_ascii_digit())) {
                break;
            }
            self.pos += 1;
        }
        self.text.get(start..self.pos).unwrap_or("")
    }

    /// Everything up to the next blank.
    fn token(&mut self) -> &'a str {
        let rest = self.rest();
        let len = rest.bytes().position(|b| b == b' ' || b == b'\t').unwrap_or(rest.len());
        self.pos += len;
        rest.get(..len).unwrap_or("")
    }
}

/// A number as Go's `ParseFloat` reads it, without hexadecimal ones and underscores; too large is none.
fn number(word: &str) -> Option<f64> {
    let value: f64 = word.parse().ok()?;
    if value.is_infinite() && word.bytes().any(|b| b.is_ascii_digit()) { None } else { Some(value) }
}

impl Page {
    fn since(&self, start: usize) -> Place {
        Place { start: start as u32, len: (self.text.len() - start) as u32 }
    }

    /// The labels of the sample before the one whose labels begin at `first`.
    fn before(&self, first: usize) -> &[(Place, Place)] {
        let from = self.rows.last().map_or(first, |row| row.labels as usize);
        self.labels.get(from..first).unwrap_or(&[])
    }

    fn keep(&mut self, text: &str) -> Place {
        let start = self.text.len();
        self.text.push_str(text);
        self.since(start)
    }

    /// The place of a metric's name: that of the line before where it is the same.
    fn keep_name(&mut self, name: &str) -> Place {
        match self.rows.last().map(|row| row.name) {
            Some(place) if self.at(place) == name => place,
            _ => self.keep(name),
        }
    }

    /// The place of a label's name: that of the line before where it is the same.
    fn keep_key(&mut self, key: &str, first: usize) -> Place {
        let known = self.before(first).iter().map(|(place, _)| *place).take(ALIKE).find(|place| self.at(*place) == key);
        known.unwrap_or_else(|| self.keep(key))
    }

    /// The place of the value that was just appended at `start`: that of the line before where it is the same.
    fn keep_value(&mut self, start: usize, first: usize) -> Place {
        let place = self.since(start);
        let known = self.before(first).iter().map(|(_, v)| *v).take(ALIKE).find(|v| self.at(*v) == self.at(place));
        if known.is_some() {
            self.text.truncate(start);
        }
        known.unwrap_or(place)
    }

    /// Sorts the labels from `first` on by name.
    fn sort(&mut self, first: usize) -> Result<(), Reason> {
        let text = &self.text;
        let at = |p: Place| text.get(p.start as usize..(p.start + p.len) as usize).unwrap_or("");
        let labels = self.labels.get_mut(first..).unwrap_or(&mut []);
        if !labels.is_sorted_by(|a, b| at(a.0) < at(b.0)) {
            labels.sort_by(|a, b| at(a.0).cmp(at(b.0)));
            if !labels.is_sorted_by(|a, b| at(a.0) < at(b.0)) {
                return Err("a label stands twice");
            }
        }
        Ok(())
    }
}
