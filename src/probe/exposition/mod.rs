//! Pages of metrics: Prometheus text 0.0.4 and 1.0.0 and OpenMetrics 1.0 read as one grammar, in chunks as the body streams.
//!
//! A page is kept as one text and flat tables of places in it; a name or label value that repeats from line to line is
//! kept once. So a page costs a handful of allocations, whatever its number of series.
//!
//! Prometheus refuses a page with one line that it cannot read. Here what the other lines say of other metrics stands; of the
//! metric that the line speaks of nothing is known, and where it cannot be told which that is, nothing of the page is.

mod line;

use line::{NAME_AS_LABEL, OPEN, Reader, TWO_NAMES};

use crate::text::Untrusted;

/// What to send as `Accept`: the formats read here, best first. (prometheus.io, "Content negotiation".)
pub const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
     application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
     text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// Malformed lines of a page that are reported one by one; beyond, they are only counted.
const REPORTED: usize = 10;
/// What comes behind `# EOF` belongs to another page, or the end was none.
const BEHIND: &str = "there is something behind \"# EOF\"";
/// Metrics of a page that hold a malformed line; with more of them it is no page to be trusted.
const SPOILED: usize = 1_000;

/// What the page's `Content-Type` says; it decides the unit of time stamps and whether `# EOF` is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/plain` of any version, or nothing said: time stamps are whole milliseconds.
    Text,
    /// `application/openmetrics-text`: time stamps are seconds, the page ends with `# EOF`.
    OpenMetrics,
}

impl Format {
    /// From the header's value; a target that says nothing speaks text 0.0.4.
    pub fn of_content_type(value: Option<&str>) -> Self {
        let kind = value.unwrap_or("").split(';').next().unwrap_or("").trim();
        if kind.eq_ignore_ascii_case("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }
}

/// What a page may cost; beyond, it is refused with the reason, since a part of a page gives wrong sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body.
    pub bytes: usize,
    /// Samples.
    pub series: usize,
    /// Bytes of all names and label values together, each counted once per run of equal ones.
    pub text: usize,
    /// Bytes of one line; a longer one is malformed.
    pub line: usize,
    /// Bytes of one label name or value; a line with a longer one is malformed.
    pub label: usize,
    /// Labels of one series; a line with more is malformed.
    pub labels: usize,
}

impl Default for Limits {
    /// 32 MiB, 100,000 samples, 12 MiB of text, 128 KiB a line, 16 KiB a label, 64 labels.
    fn default() -> Self {
        Self { bytes: 32 << 20, series: 100_000, text: 12 << 20, line: 128 << 10, label: 16 << 10, labels: 64 }
    }
}

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Over [`Limits::bytes`].
    #[error("the page is larger than {} MiB", .limit >> 20)]
    TooBig {
        /// Bytes.
        limit: usize,
    },
    /// Over [`Limits::series`].
    #[error("the page has more than {limit} series")]
    TooManySeries {
        /// Samples.
        limit: usize,
    },
    /// Over [`Limits::text`].
    #[error("the page's names and labels take more than {} MiB", .limit >> 20)]
    TooMuchText {
        /// Bytes.
        limit: usize,
    },
    /// Not one line is a sample, and some are not comments either.
    #[error("no page of metrics: line {line}: {reason}")]
    NotMetrics {
        /// The first malformed line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A line cannot be read, and nobody can tell of which metric it speaks.
    #[error("line {line} of the page cannot be read: {reason}")]
    Unreadable {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An OpenMetrics page without its `# EOF`: the rest did not arrive.
    #[error("the page was cut off: it does not end with \"# EOF\"")]
    CutOff,
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// From 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: &'static str,
    /// How it begins.
    pub text: Untrusted,
}

/// A place in a page's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    start: u32,
    len: u32,
}

/// One sample in the tables of a page.
#[derive(Clone, Copy, Debug)]
struct Row {
    name: Place,
    labels: u32,
    count: u32,
    value: f64,
    /// `i64::MIN`: none given.
    at_ms: i64,
}

/// What was read: samples in the order of the page, doubles included.
#[derive(Clone, Debug, Default)]
pub struct Page {
    text: String,
    labels: Vec<(Place, Place)>,
    rows: Vec<Row>,
    bytes: usize,
    malformed: u64,
    reported: Vec<Malformed>,
    /// Metrics that hold a line that could not be read: name, line, what is wrong with it.
    spoiled: Vec<(String, u64, &'static str)>,
    /// The first line that could not be read and may speak of any metric.
    unreadable: Option<(u64, &'static str)>,
}

impl Page {
    /// The samples, as the page has them.
    pub fn samples(&self) -> impl ExactSizeIterator<Item = PageSample<'_>> {
        self.rows.iter().map(|row| PageSample { page: self, row })
    }

    /// How many samples.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of the body.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many lines could not be read.
    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    /// Why nothing is known of what somebody asks for, who says for a metric's name whether it is asked for.
    pub fn spoils(&self, asks: impl Fn(&str) -> bool) -> Option<String> {
        let (_, line, reason) = self.spoiled.iter().find(|(name, ..)| asks(name))?;
        Some(PageError::Unreadable { line: *line, reason }.to_string())
    }

    /// The first ten lines that could not be read.
    pub fn reported(&self) -> &[Malformed] {
        &self.reported
    }

    fn at(&self, place: Place) -> &str {
        self.text.get(place.start as usize..(place.start + place.len) as usize).unwrap_or("")
    }
}

/// One sample of a page.
#[derive(Clone, Copy, Debug)]
pub struct PageSample<'a> {
    page: &'a Page,
    row: &'a Row,
}

impl<'a> PageSample<'a> {
    /// The metric's name.
    pub fn name(&self) -> &'a str {
        self.page.at(self.row.name)
    }

    /// Names and values of its labels without the metric's name, sorted by name, none twice, none empty.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + Clone + use<'a> {
        let (page, from) = (self.page, self.row.labels as usize);
        let labels = page.labels.get(from..from + self.row.count as usize).unwrap_or(&[]);
        labels.iter().map(move |(name, value)| (page.at(*name), page.at(*value)))
    }

    /// The value; may be NaN or infinite.
    pub fn value(&self) -> f64 {
        self.row.value
    }

    /// The time stamp the page gives, in milliseconds since the Unix epoch; most pages give none.
    pub fn at_ms(&self) -> Option<i64> {
        (self.row.at_ms != i64::MIN).then_some(self.row.at_ms)
    }
}

/// Reads a page while it arrives.
#[derive(Debug)]
pub struct Parser {
    format: Format,
    limits: Limits,
    page: Page,
    /// The beginning of a line whose end has not arrived.
    carry: Vec<u8>,
    line: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// In a line that is too long: until its end.
    Skipping,
    /// After `# EOF`.
    Ended,
}

impl Parser {
    /// A parser for one page.
    pub fn new(format: Format, limits: Limits) -> Self {
        Self { format, limits, page: Page::default(), carry: Vec::new(), line: 1, state: State::Reading }
    }

    /// Takes the next bytes of the body, cut anywhere. After an error the page is lost: stop reading.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), PageError> {
        self.page.bytes += chunk.len();
        if self.page.bytes > self.limits.bytes {
            return Err(PageError::TooBig { limit: self.limits.bytes });
        }
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let (head, tail) = rest.split_at(end);
            rest = tail.get(1..).unwrap_or(&[]);
            self.end_line(head)?;
        }
        match self.state {
            State::Reading => self.keep(rest),
            State::Ended if !rest.trim_ascii().is_empty() => self.end_line(rest)?,
            State::Ended | State::Skipping => {}
        }
        Ok(())
    }

    /// The page, once the whole body was fed.
    pub fn finish(mut self) -> Result<Page, PageError> {
        if !self.carry.is_empty() {
            self.end_line(&[])?;
        }
        if self.format == Format::OpenMetrics && self.state != State::Ended {
            return Err(self.page.first_malformed().unwrap_or(PageError::CutOff));
        }
        match (self.page.first_malformed(), self.page.unreadable) {
            (Some(error), _) => Err(error),
            (None, Some((line, reason))) => Err(PageError::Unreadable { line, reason }),
            (None, None) => Ok(self.page),
        }
    }

    fn keep(&mut self, part: &[u8]) {
        if self.carry.len() + part.len() > self.limits.line {
            self.too_long(part);
            self.state = State::Skipping;
        } else {
            self.carry.extend_from_slice(part);
        }
    }

    /// `part` is what comes behind what was kept of the line.
    fn too_long(&mut self, part: &[u8]) {
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(part.get(..self.limits.label).unwrap_or(part));
        self.page.report(self.line, "the line is too long", &carry);
    }

    fn end_line(&mut self, head: &[u8]) -> Result<(), PageError> {
        match self.state {
            State::Skipping => self.state = State::Reading,
            State::Ended if self.carry.is_empty() && head.trim_ascii().is_empty() => {}
            State::Ended => {
                self.carry.clear();
                self.page.report(self.line, BEHIND, head);
            }
            State::Reading if self.carry.len() + head.len() > self.limits.line => self.too_long(head),
            State::Reading if self.carry.is_empty() => self.read(head)?,
            State::Reading => {
                let mut whole = std::mem::take(&mut self.carry);
                whole.extend_from_slice(head);
                let read = self.read(&whole);
                whole.clear();
                self.carry = whole;
                read?;
            }
        }
        self.line += 1;
        Ok(())
    }

    fn read(&mut self, line: &[u8]) -> Result<(), PageError> {
        let Ok(text) = std::str::from_utf8(line) else {
            self.page.report(self.line, "the line is not UTF-8", line);
            return Ok(());
        };
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.starts_with('#') {
            if self.format == Format::OpenMetrics && text.trim_end() == "# EOF" {
                self.state = State::Ended;
            }
            return Ok(());
        }
        let (text_len, labels_len) = (self.page.text.len(), self.page.labels.len());
        match Reader::new(text, self.format, &self.limits).sample(&mut self.page) {
            Ok(()) => {}
            Err(reason) => {
                self.page.text.truncate(text_len);
                self.page.labels.truncate(labels_len);
                self.page.report(self.line, reason, line);
            }
        }
        if self.page.rows.len() > self.limits.series {
            return Err(PageError::TooManySeries { limit: self.limits.series });
        }
        if self.page.text.len() > self.limits.text {
            return Err(PageError::TooMuchText { limit: self.limits.text });
        }
        Ok(())
    }
}

impl Page {
    fn report(&mut self, line: u64, reason: &'static str, text: &[u8]) {
        self.malformed += 1;
        if self.reported.len() < REPORTED {
            let start = text.get(..80).unwrap_or(text);
            self.reported.push(Malformed { line, reason, text: String::from_utf8_lossy(start).into_owned().into() });
        }
        let certain = ![OPEN, TWO_NAMES, NAME_AS_LABEL, BEHIND].contains(&reason) && self.spoiled.len() < SPOILED;
        match speaks_of(text).filter(|_| certain) {
            Some(name) if self.spoiled.iter().any(|(known, ..)| known == name) => {}
            Some(name) => self.spoiled.push((name.to_owned(), line, reason)),
            None => self.unreadable = self.unreadable.or(Some((line, reason))),
        }
    }

    /// The error of a page that holds nothing but malformed lines.
    fn first_malformed(&self) -> Option<PageError> {
        let first = self.reported.first()?;
        self.rows.is_empty().then_some(PageError::NotMetrics { line: first.line, reason: first.reason })
    }
}

/// The metric that a line speaks of, where that is certain though the rest of it cannot be read.
fn speaks_of(line: &[u8]) -> Option<&str> {
    let line = line.trim_ascii_start();
    let inside = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':');
    let (name, rest) = line.split_at_checked(line.iter().take_while(|b| inside(b)).count())?;
    let begins = name.first().is_some_and(|b| !b.is_ascii_digit());
    let ends = rest.first().is_none_or(|b| matches!(b, b' ' | b'\t' | b'{' | b'\r'));
    std::str::from_utf8(name).ok().filter(|_| begins && ends)
}
