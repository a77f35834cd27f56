//! Secrets: values that never leave by themselves, and masking of them by value in whatever leaves.

use std::fmt;

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

/// The secret values of a room; masks them wherever they turn up, also base64-, URL- and JSON-encoded.
#[derive(Clone, Default)]
pub struct Masks {
    values: Vec<String>,
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
            // Longest first: a secret that contains another is masked whole.
            self.values.sort_by_key(|v| std::cmp::Reverse(v.len()));
        }
    }

    /// Whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// `text` with every remembered value as `***`.
    pub fn mask(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for value in &self.values {
            if out.contains(value.as_str()) {
                out = out.replace(value.as_str(), MASK);
            }
        }
        out
    }
}
