//! Text from outside, kept raw until it leaves through its escape.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Text that somebody else wrote: a body, a label, a runbook line, a name. Kept raw; [`fmt::Display`], `Serialize` and
/// [`Untrusted::escaped`] give it with every control, escape, bidi and invisible character made visible.
/// Only `proc` (what runs) and `export` (the byte-exact runbook) may call [`Untrusted::raw`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    /// Wraps text from outside.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it came; never for a screen, a file or a wire.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text as it may leave; see [`escape`].
    pub fn escaped(&self) -> String {
        escape(&self.0)
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Untrusted({:?})", escape(&self.0))
    }
}

impl Serialize for Untrusted {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        // Line ends and tabs are plain there; a reader gets a command as it stands in the runbook.
        s.serialize_str(&escape_block(&self.0))
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Marks that may stay on one base character; more would run into the lines above and below.
const MARKS: usize = 4;

/// [`escape`] for text of several lines that goes to JSON or a file: line ends and tabs stay.
pub fn escape_block(text: &str) -> String {
    if text.contains(['\n', '\t']) {
        let line = |line: &str| line.split('\t').map(escape).collect::<Vec<_>>().join("\t");
        return text.split('\n').map(line).collect::<Vec<_>>().join("\n");
    }
    escape(text)
}

/// Makes text safe for a terminal, a log and a chat: C0, DEL, C1, bidi controls, zero-width and other invisible
/// characters, line separators, tag and private-use characters become `\u{..}` (`\n`, `\r`, `\t`, `\e` for the common four);
/// variation selectors and skin tones, which only choose a glyph, are dropped; at most four combining marks stay on one base
/// character, and marks without one stand on a dotted circle.
pub fn escape(text: &str) -> String {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut marks = 0;
    for c in text.chars() {
        if is_combining(c) {
            marks += 1;
            if marks <= MARKS {
                if out.is_empty() {
                    out.push('\u{25cc}');
                }
                out.push(c);
            }
            continue;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{1b}' => out.push_str("\\e"),
            // They must not reset the count of marks: both would let a tower be built.
            c if is_selector(c) => continue,
            c if is_unsafe(c) => {
                use fmt::Write as _;
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
        marks = 0;
    }
    out
}

/// Whether [`escape`] leaves the text as it is: nothing in it is invisible, moves the cursor or was dropped. What runs or is
/// confirmed by a person should be plain.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b)) || escape(text) == text
}

/// Characters that move the cursor, reorder or hide text, or have no agreed width. Private-use characters are among them: what
/// they show depends on the font of the moment, and fonts draw them two cells wide where terminals count one.
pub fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffc}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}' | '\u{16fe4}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// Characters that only choose how the one before them looks: variation selectors and skin tones.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Zero-width marks that stack on the character before them.
fn is_combining(c: char) -> bool {
    !c.is_ascii() && !is_unsafe(c) && !is_selector(c) && c.width() == Some(0)
}

/// How many terminal cells a text takes, as the screen lays it out: the sum over its grapheme clusters.
pub fn cells(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(cluster_cells).sum()
}

/// Cells of one grapheme cluster.
fn cluster_cells(cluster: &str) -> usize {
    if cluster.len() == 1 {
        return 1;
    }
    cluster.width()
}

/// The longest beginning of `text` in at most `most` cells, cut between grapheme clusters.
pub fn prefix(text: &str, most: usize) -> &str {
    // Only as much as can fit is looked at: lines are cut off long texts one by one.
    let head = text.as_bytes().get(..=most).unwrap_or(text.as_bytes());
    if head.is_ascii() {
        return text.get(..most).unwrap_or(text);
    }
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        used += cluster_cells(cluster);
        if used > most {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// `text` in at most `most` cells; what is left out is shown by a final `…`.
pub fn truncate(text: &str, most: usize) -> Cow<'_, str> {
    if prefix(text, most).len() == text.len() {
        return Cow::Borrowed(text);
    }
    match most {
        0 => Cow::Borrowed(""),
        _ => Cow::Owned(format!("{}…", prefix(text, most - 1))),
    }
}

/// `text` in lines of at most `most` cells, broken at blanks and line ends, long words between grapheme clusters. A cluster
/// wider than a whole line becomes `…`. No text is one empty line; no cells are no lines.
pub fn wrap(text: &str, most: usize) -> Vec<Cow<'_, str>> {
    let mut lines = Vec::new();
    if most == 0 {
        return lines;
    }
    for paragraph in text.split('\n') {
        let mut rest = paragraph;
        loop {
            let fits = prefix(rest, most);
            if fits.len() == rest.len() {
                lines.push(Cow::Borrowed(rest));
                break;
            }
            let tail = rest.get(fits.len()..).unwrap_or_default();
            if fits.is_empty() {
                lines.push(Cow::Borrowed("…"));
                rest = rest.graphemes(true).next().and_then(|g| rest.get(g.len()..)).unwrap_or_default();
                if rest.is_empty() {
                    break;
                }
                continue;
            }
            // The last blank that may be given up for the line end; blanks that begin a line are its indent.
            let indent = fits.len() - fits.trim_start_matches(' ').len();
            let cut = if tail.starts_with(' ') { Some(fits.len()) } else { fits.rfind(' ').filter(|at| *at >= indent) };
            let (line, next) = match cut {
                Some(at) => {
                    (rest.get(..at).unwrap_or_default(), rest.get(at..).unwrap_or_default().trim_start_matches(' '))
                }
                None => (fits, tail),
            };
            lines.push(Cow::Borrowed(line.trim_end_matches(' ')));
            rest = next;
            if rest.is_empty() {
                break;
            }
        }
    }
    lines
}
