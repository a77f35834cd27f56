//! Where the reader of a condition stands, and what it takes from there: words, signs, numbers.

use std::ops::Range;

use crate::condition::{ConditionError, Names, parse_value, part};

/// A place in a text.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) names: Names<'a>,
    pub(super) depth: usize,
    /// Within `2 of (…)`, where a comma ends a condition.
    pub(super) listed: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Where `words` stand, looked for from here on.
    pub(super) fn span_of(&self, words: &str) -> Range<usize> {
        let within = part(self.rest(), words);
        self.at + within.start..self.at + within.end
    }

    /// Takes a word or phrase, whatever its case; it must end where a word ends.
    pub(super) fn word(&mut self, word: &str) -> bool {
        self.space();
        let mut at = 0;
        for piece in word.split(' ') {
            let rest = self.rest().get(at..).unwrap_or_default();
            let skipped = if at == 0 { 0 } else { rest.len() - rest.trim_start().len() };
            if at > 0 && skipped == 0 {
                return false;
            }
            let rest = rest.get(skipped..).unwrap_or_default();
            if !rest.get(..piece.len()).is_some_and(|found| found.eq_ignore_ascii_case(piece)) {
                return false;
            }
            at += skipped + piece.len();
        }
        if !ends_word(self.rest(), at) {
            return false;
        }
        self.at += at;
        true
    }

    pub(super) fn sign(&mut self, sign: char) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len_utf8() } else { 0 };
        found
    }

    /// `is`, `is not`, `are`, `!=`, `==`: whether something is said at all, and whether it is denied.
    pub(super) fn is_not(&mut self) -> Option<bool> {
        self.space();
        if self.rest().starts_with("!=") {
            self.at += 2;
            return Some(true);
        }
        if self.word("is not") || self.word("isn't") {
            return Some(true);
        }
        (self.word("is") || self.word("are")).then_some(false)
    }

    pub(super) fn equals(&mut self) -> bool {
        self.space();
        let sign = self.rest().len() - self.rest().trim_start_matches('=').len();
        self.at += sign.min(2);
        matches!(sign, 1 | 2)
    }

    /// A text in quotes, or up to the next space or bracket; with the bytes it takes.
    pub(super) fn quoted_or_word(&self) -> (&'a str, usize) {
        let rest = self.rest();
        for quote in ['"', '\'', '`'] {
            if let Some((inner, _)) = rest.strip_prefix(quote).and_then(|inner| inner.split_once(quote)) {
                return (inner, inner.len() + 2);
            }
        }
        let word = rest.split(|c: char| c.is_whitespace() || c == ')').next().unwrap_or_default();
        (word, word.len())
    }

    pub(super) fn number(&mut self, unit: Option<&str>, ends: &[&str]) -> Result<f64, ConditionError> {
        let words = self.value_words(ends);
        let value = parse_value(words, unit).map_err(|e| {
            // An empty rest has no place of its own: all of the condition is shown.
            let whole = words.trim().is_empty();
            if whole { ConditionError { span: 0..self.text.len(), ..e } } else { e.moved(self.at) }
        })?;
        self.at += words.len();
        Ok(value)
    }

    /// The words of a value: up to `and`, `or`, a bracket, or one of `ends`.
    pub(super) fn value_words(&self, ends: &[&str]) -> &'a str {
        let rest = self.rest();
        let mut end = rest.find(')').unwrap_or(rest.len());
        end = end.min(rest.find(',').filter(|_| self.listed).unwrap_or(end));
        let lower = rest.to_ascii_lowercase();
        for word in [" and ", " or ", " and(", " or("].iter().chain(ends) {
            end = end.min(lower.find(word).unwrap_or(end));
        }
        let dangling = [" and", " or"].iter().find_map(|word| lower.trim_end().strip_suffix(word).map(str::len));
        end = end.min(dangling.unwrap_or(end));
        rest.get(..end).unwrap_or(rest).trim_end()
    }
}

/// Whether a word may end at byte `at`: nothing that goes on with it follows.
pub(super) fn ends_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|t| t.chars().next_back());
    let after = text.get(at..).and_then(|t| t.chars().next());
    let wordlike = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    !(before.is_some_and(wordlike) && after.is_some_and(wordlike))
}
