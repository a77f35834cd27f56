//! The draft as blocks of lines, each of which can be written out or commented out; nothing that was read can break out of it.

use std::collections::{HashMap, HashSet};

use crate::text::{escape, is_unsafe};

/// Characters of quoted words in a comment.
const WORDS: usize = 100;
/// Characters of a name that is made from prose.
const NAME: usize = 60;

/// One entry of the draft: where it was read, what is asked, and its lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// Comment lines above it.
    pub notes: Vec<String>,
    /// What somebody has to decide.
    pub questions: Vec<String>,
    /// The entry itself.
    pub lines: Vec<Line>,
}

/// A line of an entry.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// As TOML, without comment.
    pub text: String,
    /// A remark behind it.
    pub remark: String,
    /// Written out, or commented out.
    pub on: bool,
    /// Without it the entry makes no sense.
    pub vital: bool,
}

impl Block {
    /// An entry with its header.
    pub(super) fn table(header: &str) -> Self {
        Self { lines: vec![Line::vital(header)], ..Self::default() }
    }

    /// A line that can be left out.
    pub(super) fn put(&mut self, text: impl Into<String>) -> &mut Self {
        self.lines.push(Line { text: text.into(), remark: String::new(), on: true, vital: false });
        self
    }

    /// A line without which the entry makes no sense.
    pub(super) fn need(&mut self, text: impl Into<String>) -> &mut Self {
        self.lines.push(Line::vital(text));
        self
    }

    /// A line that waits for a decision.
    pub(super) fn wait(&mut self, text: impl Into<String>) -> &mut Self {
        self.lines.push(Line { text: text.into(), remark: String::new(), on: false, vital: false });
        self
    }

    /// A line with a remark behind it.
    pub(super) fn put_said(&mut self, text: impl Into<String>, remark: &str) -> &mut Self {
        self.put(text);
        if let Some(line) = self.lines.last_mut() {
            line.remark = said(remark);
        }
        self
    }

    /// Where it was read.
    pub(super) fn from(&mut self, path: &str, line: u32, words: &str) -> &mut Self {
        let note = format!("{}:{line} \"{}\"", said(path), said(words));
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        self
    }

    /// A remark.
    pub(super) fn note(&mut self, words: &str) -> &mut Self {
        self.notes.push(escape(words));
        self
    }

    /// What somebody has to decide.
    pub(super) fn ask(&mut self, question: &str) -> &mut Self {
        self.questions.push(escape(question));
        self
    }

    /// Comments all of it out.
    pub(super) fn off(&mut self) -> &mut Self {
        for line in &mut self.lines {
            line.on = false;
        }
        self
    }

    /// Whether its header is written out.
    pub(super) fn is_on(&self) -> bool {
        self.lines.first().is_some_and(|line| line.on)
    }
}

impl Line {
    fn vital(text: impl Into<String>) -> Self {
        Self { text: text.into(), remark: String::new(), on: true, vital: true }
    }
}

/// A text as it was read, and which line of which block each of its lines is.
pub(super) struct Written {
    pub text: String,
    pub places: Vec<Option<(usize, usize)>>,
    pub questions: usize,
}

/// All blocks as one file.
pub(super) fn write(head: &[String], blocks: &[Block]) -> Written {
    let mut out = Written { text: String::new(), places: Vec::new(), questions: 0 };
    for line in head {
        out.push(&comment(line), None);
    }
    for (b, block) in blocks.iter().enumerate() {
        out.push("", None);
        for note in &block.notes {
            out.push(&comment(note), None);
        }
        for question in &block.questions {
            out.questions += 1;
            let n = out.questions;
            out.push(&comment(&format!("QUESTION {n}: {question}")), None);
        }
        for (l, line) in block.lines.iter().enumerate() {
            let remark = if line.remark.is_empty() { String::new() } else { format!("   # {}", line.remark) };
            let text = format!("{}{remark}", line.text);
            out.push(&if line.on { text } else { comment(&text) }, Some((b, l)));
        }
    }
    out
}

impl Written {
    fn push(&mut self, line: &str, place: Option<(usize, usize)>) {
        self.text.push_str(line);
        self.text.push('\n');
        self.places.push(place);
    }
}

fn comment(text: &str) -> String {
    if text.is_empty() { "#".to_owned() } else { format!("# {text}") }
}

/// Words from outside, for a comment: one line, nothing invisible, not too long.
pub(super) fn said(words: &str) -> String {
    let words = escape(&words.split_whitespace().collect::<Vec<_>>().join(" "));
    match words.char_indices().nth(WORDS) {
        Some((cut, _)) => format!("{}…", words.get(..cut).unwrap_or_default()),
        None => words,
    }
}

/// A TOML string that reads back as `text`, whatever is in it.
pub(super) fn quoted(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) => {
                let _ = write!(out, "\\U{:08x}", u32::from(c)); // a String takes everything
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The same for a text in which `${` would be filled in.
pub(super) fn quoted_plain(text: &str) -> String {
    quoted(&text.replace("${", "$${"))
}

/// A list of strings.
pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", texts.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
}

/// A name made from prose: one line, plain, not too long, without what conditions read as a comparator.
pub(super) fn name(words: &str) -> String {
    let plain: String = words
        .chars()
        .map(|c| {
            if matches!(c, '<' | '>' | '=' | '≤' | '≥' | '!' | '*' | '`' | '"' | '\\') || is_unsafe(c) {
                ' '
            } else {
                c
            }
        })
        .collect();
    let plain = escape(
        plain.split_whitespace().collect::<Vec<_>>().join(" ").trim_matches([':', '-', '–', '—', ' ', ',', '.']),
    );
    match plain.char_indices().nth(NAME) {
        Some((cut, _)) => whole_words(&plain, cut).to_owned(),
        None => plain,
    }
}

/// The beginning up to `cut`, without a word or a number that it would cut in two.
fn whole_words(text: &str, cut: usize) -> &str {
    let (head, tail) = text.split_at_checked(cut).unwrap_or((text, ""));
    let head = match head.rfind(' ') {
        Some(blank) if blank > cut / 2 && !tail.starts_with(' ') => head.get(..blank).unwrap_or_default(),
        // Scripts without blanks are cut where it comes, though not between two digits.
        _ if tail.starts_with(|c: char| c.is_numeric()) => {
            head.trim_end_matches(|c: char| c.is_numeric() || matches!(c, '.' | ','))
        }
        _ => head,
    };
    // A number at the end may have lost its unit.
    let head = head.trim_end();
    match head.rsplit_once(' ') {
        Some((rest, last)) if last.parse::<f64>().is_ok() => rest.trim_end(),
        _ => head,
    }
}

/// Names given once each: the second gets a number.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    /// The last number tried behind a name, so that a name wanted thousands of times stays cheap.
    last: HashMap<String, usize>,
}

impl Names {
    /// The name, or the next free one after it; `other` stands in for an empty one.
    pub(super) fn take(&mut self, wanted: &str, other: &str) -> String {
        self.free(if wanted.is_empty() { other } else { wanted }, ' ')
    }

    /// The same for a name that is a key of TOML: no blank.
    pub(super) fn take_key(&mut self, wanted: &str) -> String {
        self.free(wanted, '-')
    }

    fn free(&mut self, wanted: &str, sign: char) -> String {
        let n = self.last.entry(wanted.to_owned()).or_insert(1);
        let mut free = wanted.to_owned();
        while self.taken.contains(&free) {
            *n += 1;
            free = format!("{wanted}{sign}{n}");
        }
        self.taken.insert(free.clone());
        free
    }
}
