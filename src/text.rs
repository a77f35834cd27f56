//! Text from outside, kept raw until it leaves through its escape.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

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
        s.serialize_str(&escape(&self.0))
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

/// Makes text safe for a terminal, a log and a chat: C0, DEL, C1, bidi controls, zero-width and other invisible
/// characters, line separators and tag characters become `\u{..}` (`\n`, `\r`, `\t`, `\e` for the common four); variation
/// selectors are dropped; at most four combining marks stay on one base character.
pub fn escape(text: &str) -> String {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut marks = 0;
    for c in text.chars() {
        if is_combining(c) {
            marks += 1;
            if marks > 4 {
                continue;
            }
            out.push(c);
            continue;
        }
        marks = 0;
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {}
            c if is_unsafe(c) => {
                use fmt::Write as _;
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// Characters that move the cursor, reorder or hide text.
pub fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Zero-width marks that stack on the character before them.
fn is_combining(c: char) -> bool {
    !c.is_ascii()
        && !is_unsafe(c)
        && !matches!(c, '\u{fe00}'..='\u{fe0f}')
        && unicode_width::UnicodeWidthChar::width(c) == Some(0)
}
