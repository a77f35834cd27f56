//! Lists of words that are looked up rather than gone through: every word of every line is asked for in each of them.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::runbook::tokens::{Kind, Token};

/// A list of words, given in lower case.
pub(super) struct Known(HashSet<&'static str>);

impl Known {
    pub(super) fn of(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self(words.into_iter().collect())
    }

    /// Whether it is one of these words, in any case and any script.
    pub(super) fn has(&self, token: &Token<'_>) -> bool {
        (token.kind == Kind::Word || !token.text.is_ascii()) && self.word(token.text)
    }

    /// The same for a word that stands for itself.
    pub(super) fn word(&self, word: &str) -> bool {
        self.0.contains(lower(word).as_ref())
    }
}

/// A word in lower case; most are.
pub(super) fn lower(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|b| b.is_ascii_lowercase()) { Cow::Borrowed(word) } else { Cow::Owned(word.to_lowercase()) }
}
