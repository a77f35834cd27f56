//! Patterns for prose, compiled once, whatever the case of the letters.

use std::sync::LazyLock;

use regex::{Captures, Match, Regex};

/// A regular expression of ours. One that cannot be compiled matches nothing; every rule has a test that it finds something.
pub(super) struct Pattern(LazyLock<Option<Regex>>);

impl Pattern {
    pub(super) const fn new(compile: fn() -> Option<Regex>) -> Self {
        Self(LazyLock::new(compile))
    }

    fn get(&self) -> Option<&Regex> {
        let compiled = self.0.as_ref();
        debug_assert!(compiled.is_some(), "a pattern of the flight-check cannot be compiled");
        compiled
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.get().is_some_and(|re| re.is_match(text))
    }

    pub(super) fn find<'t>(&self, text: &'t str) -> Option<Match<'t>> {
        self.get()?.find(text)
    }

    pub(super) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.get()?.captures(text)
    }

    pub(super) fn all<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
        self.get().into_iter().flat_map(|re| re.captures_iter(text))
    }
}

/// `pattern!(NAME = "…")`: a static [`Pattern`].
macro_rules! pattern {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* static $name: $crate::check::pattern::Pattern =
            $crate::check::pattern::Pattern::new(|| regex::RegexBuilder::new($text).case_insensitive(true).build().ok());)*
    };
}
pub(super) use pattern;
