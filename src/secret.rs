//! Secrets: values that never leave by themselves, and masking of them by value in whatever leaves.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// Shorter values are not masked by value: they would hit innocent text.
pub const MASK_FROM: usize = 6;

/// A text that may hold secret parts, such as a URL or a header value after `${NAME}` was filled in.
/// `Display`, `Debug` and `Serialize` show it with the secret parts as `***`.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Filled {
    value: String,
    shown: String,
}

impl Filled {
    /// A text without secrets.
    pub fn plain(text: impl Into<String>) -> Self {
        let value = text.into();
        Self { shown: value.clone(), value }
    }

    /// A text with secrets: `value` is what is used, `shown` what may be seen.
    pub fn new(value: impl Into<String>, shown: impl Into<String>) -> Self {
        Self { value: value.into(), shown: shown.into() }
    }

    /// The real text, for the one edge that uses it.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// The text as it may be seen.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown)
    }
}

impl Serialize for Filled {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.shown)
    }
}

/// The secret values of a room; masks them wherever they turn up: as they are, JSON-escaped, URL-encoded, in hex, and in
/// base64 at any of its three alignments. Looking is one pass for all of them, and copies nothing when there is no hit.
#[derive(Clone, Default)]
pub struct Masks {
    values: Vec<String>,
    /// Every form of every value, made when first looked for; none when that cannot be done.
    forms: OnceLock<Option<Regex>>,
}

impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masks({})", self.values.len())
    }
}

impl Masks {
    /// Remembers a secret value; those shorter than [`MASK_FROM`] bytes are not masked by value.
    pub fn add(&mut self, value: &str) {
        if value.len() >= MASK_FROM && !self.values.iter().any(|v| v == value) {
            self.values.push(value.to_owned());
            self.forms = OnceLock::new();
        }
    }

    /// Remembers every value of another set.
    pub fn extend(&mut self, other: &Self) {
        for value in &other.values {
            self.add(value);
        }
    }

    /// Whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// `text` with every form of every remembered value as `***`.
    pub fn mask(&self, text: &str) -> String {
        self.masked(text).into_owned()
    }

    /// As [`Masks::mask`], borrowed when there was nothing to mask.
    pub fn masked<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.values.is_empty() {
            return Cow::Borrowed(text);
        }
        match self.forms.get_or_init(|| self.compile()) {
            Some(forms) => forms.replace_all(text, regex::NoExpand(MASK)),
            None => self.values.iter().fold(Cow::Borrowed(text), |text, value| Cow::Owned(text.replace(value, MASK))),
        }
    }

    fn compile(&self) -> Option<Regex> {
        let mut forms: Vec<String> = self.values.iter().flat_map(|value| forms(value)).collect();
        // Longest first: the leftmost alternative wins, and a secret that contains another is masked whole.
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        let pattern = forms.iter().map(|form| regex::escape(form)).collect::<Vec<_>>().join("|");
        RegexBuilder::new(&pattern).size_limit(256 << 20).build().ok()
    }
}

/// The ways in which a value may stand in a text.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    // A key in PEM is printed line by line; its first and last line are the same for everybody.
    if value.contains('\n') {
        let lines = value.lines().map(str::trim);
        forms.extend(lines.filter(|l| l.len() >= 16 && !l.starts_with("-----")).map(str::to_owned));
    }
    for case in [Case::Lower, Case::Upper] {
        forms.push(hex(value.as_bytes(), case));
        forms.push(json(value, case));
        forms.push(json(value, case).replace('/', "\\/"));
        forms.push(percent(value, case, "-._~"));
        forms.push(percent(value, case, "-._~").replace("%20", "+"));
        // What browsers and `curl` leave as it is in a path or a query.
        forms.push(percent(value, case, "-._~!$&'()*+,;=:@/?"));
    }
    forms.push(quoted(value));
    for alphabet in [BASE64, BASE64_URL] {
        forms.extend((0..3).map(|offset| base64_core(value.as_bytes(), offset, alphabet)));
    }
    forms.retain(|form| form.len() >= MASK_FROM);
    forms
}

#[derive(Clone, Copy)]
enum Case {
    Lower,
    Upper,
}

fn hex(bytes: &[u8], case: Case) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = match case {
            Case::Lower => write!(out, "{b:02x}"),
            Case::Upper => write!(out, "{b:02X}"),
        };
        out
    })
}

/// As it stands between the quotes of a JSON text.
fn quoted(value: &str) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// JSON in ASCII alone, as Python writes it.
fn json(value: &str, case: Case) -> String {
    let mut out = String::new();
    let mut units = [0; 2];
    for c in quoted(value).chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                out.push_str("\\u");
                out.push_str(&hex(&unit.to_be_bytes(), case));
            }
        }
    }
    out
}

fn percent(value: &str, case: Case, kept: &str) -> String {
    value.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || kept.as_bytes().contains(&b) {
            out.push(char::from(b));
        } else {
            out.push('%');
            out.push_str(&hex(&[b], case));
        }
        out
    })
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The letters of base64 that depend on `bytes` alone when they stand `offset` bytes into a group of three.
fn base64_core(bytes: &[u8], offset: usize, alphabet: &[u8; 64]) -> String {
    let bit = |n: usize| {
        let byte = (n / 8).checked_sub(offset).and_then(|n| bytes.get(n)).copied().unwrap_or(0);
        usize::from(byte >> (7 - n % 8) & 1)
    };
    let first = (offset * 8).div_ceil(6);
    let last = (offset + bytes.len()) * 8 / 6;
    (first..last)
        .map(|letter| (0..6).fold(0, |value, n| value << 1 | bit(letter * 6 + n)))
        .filter_map(|value| alphabet.get(value).copied().map(char::from))
        .collect()
}
