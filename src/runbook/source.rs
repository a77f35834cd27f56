//! Bytes to text and lines: byte order marks, foreign encodings, line ends, front matter.

use super::{Repair, repair};

/// A file's text, ready to be parsed: no byte order mark, `\n` as the only line end, front matter blanked out.
pub(super) struct Source {
    /// What the Markdown parser reads; as many lines as `shown`.
    pub parsed: String,
    /// The same with its front matter.
    pub shown: String,
    /// How it was made readable.
    pub repaired: Option<Repair>,
    /// Byte offset of each line in `parsed`.
    starts: Vec<usize>,
}

impl Source {
    /// Reads any bytes; what is no UTF-8 is replaced, never refused.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let text = decode(bytes);
        let (text, repaired) = match repair::mac_roman(&text) {
            Some(mended) => (mended, Some(Repair::MacRoman)),
            None => (text, None),
        };
        let shown = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
        let parsed = without_additions(without_front_matter(&shown));
        let starts = std::iter::once(0).chain(parsed.bytes().zip(1..).filter(|(b, _)| *b == b'\n').map(|(_, i)| i));
        let starts = starts.collect();
        Self { parsed, shown, repaired, starts }
    }

    /// The 1-based line of a byte offset of `parsed`.
    pub(super) fn line(&self, offset: usize) -> u32 {
        self.starts.partition_point(|s| *s <= offset).max(1) as u32
    }

    /// A line of `parsed` by its 1-based number, without its end.
    pub(super) fn text(&self, line: u32) -> &str {
        let line = line as usize;
        let from = self.starts.get(line.wrapping_sub(1)).copied().unwrap_or(self.parsed.len());
        let to = self.starts.get(line).map_or(self.parsed.len(), |next| next - 1);
        self.parsed.get(from..to).unwrap_or_default()
    }

    /// How many lines there are; a last line end begins no further line.
    pub(super) fn lines(&self) -> u32 {
        let all = self.starts.len() as u32;
        if self.parsed.is_empty() || self.parsed.ends_with('\n') { all - 1 } else { all }
    }
}

fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// UTF-16, as some Windows shells write it.
fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16_lossy(&units)
}

/// Lines that an export added are no words of the author's: all but the signs of the quotes around them is left out.
fn without_additions(text: String) -> String {
    if !text.contains(super::ADDED) {
        return text;
    }
    let keep = |line: &str| {
        let (words, end) = line.strip_suffix('\n').map_or((line, ""), |words| (words, "\n"));
        if !words.ends_with(super::ADDED) {
            return line.to_owned();
        }
        let signs = words.len() - words.trim_start_matches([' ', '\t', '>']).len();
        let around = words.get(..signs).unwrap_or_default();
        // The last sign is that of the added quote itself.
        let around = if words.len() - signs > super::ADDED.len() {
            around.rsplit_once('>').map_or("", |(a, _)| a)
        } else {
            around
        };
        format!("{}{end}", around.trim_end())
    };
    text.split_inclusive('\n').map(keep).collect()
}

/// Front matter stands only at line 1, between `---` and `---` or `...` (YAML) or between `+++` lines (TOML), and begins with
/// a key, after comments; one that is never closed is none. Its lines become empty, so line numbers stay.
fn without_front_matter(text: &str) -> String {
    let mut lines = text.split_inclusive('\n');
    let (close, toml): (&[&str], bool) = match lines.next().map(str::trim_end) {
        Some("---") => (&["---", "..."], false),
        Some("+++") => (&["+++"], true),
        _ => return text.to_owned(),
    };
    let (mut count, mut begun) = (1, false);
    let mut end = text.len() - lines.clone().map(str::len).sum::<usize>();
    for line in lines {
        count += 1;
        end += line.len();
        if close.contains(&line.trim_end()) {
            return "\n".repeat(count) + text.get(end..).unwrap_or_default();
        }
        if !begun && !line.trim().is_empty() && !line.starts_with('#') {
            begun = is_key(line) || toml && line.starts_with('[');
            if !begun {
                break;
            }
        }
    }
    text.to_owned()
}

/// `name: value` or `name = value` at the line's start.
fn is_key(line: &str) -> bool {
    let name = line.trim_start_matches(['"', '\'']);
    let rest = name.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\''));
    rest.len() < name.len() && rest.trim_start().starts_with([':', '='])
}
