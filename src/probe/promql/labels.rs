//! The labels of a series: interned, sorted, cheap to hand on.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::text::escape;

/// The label that holds the metric's name.
pub const NAME: &str = "__name__";

/// Names and values, sorted by name, the metric's name among them as [`NAME`] where there is one. A clone is a count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// From pairs in any order; of equal names the last stands, empty values are left out.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut all: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for (name, value) in pairs {
            all.retain(|(n, _)| **n != *name);
            if !value.is_empty() {
                all.push((name.into(), value.into()));
            }
        }
        all.sort();
        Self(all.into())
    }

    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| **n == *name).map(|(_, value)| &**value)
    }

    /// The metric's name.
    pub fn name(&self) -> Option<&str> {
        self.get(NAME)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether these are exactly `pairs`, which are sorted.
    pub(super) fn is<'a>(&self, mut pairs: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
        let all = self.0.iter().all(|(name, value)| pairs.next().is_some_and(|(n, v)| **name == *n && **value == *v));
        all && pairs.next().is_none()
    }

    /// Those whose name `keep` wants.
    pub(super) fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| keep(name)) {
            return self.clone();
        }
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// With `name` as in `other`, or without it where `other` has none.
    pub(super) fn with_from(&self, name: &Arc<str>, other: &Self) -> Self {
        let mut all: Vec<_> = self.0.iter().filter(|(n, _)| n != name).cloned().collect();
        all.extend(other.0.iter().find(|(n, _)| n == name).cloned());
        all.sort();
        Self(all.into())
    }
}

impl fmt::Display for Labels {
    /// As Prometheus writes a series, what is unsafe on a screen made visible.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(self.name().unwrap_or("")))?;
        let mut rest = self.iter().filter(|(name, _)| *name != NAME).peekable();
        if rest.peek().is_none() {
            return if self.name().is_none() { f.write_str("{}") } else { Ok(()) };
        }
        for (i, (name, value)) in rest.enumerate() {
            let before = if i == 0 { "{" } else { ", " };
            write!(f, "{before}{}=\"{}\"", escape(name), escape(&value.replace('\\', "\\\\").replace('"', "\\\"")))?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Keeps each text once.
#[derive(Debug, Default)]
pub(super) struct Interner {
    known: HashSet<Arc<str>>,
}

impl Interner {
    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.known.insert(new.clone());
        new
    }

    /// The labels of a series, with its name and without.
    pub(super) fn labels<'a>(
        &mut self,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> (Labels, Labels) {
        let bare: Vec<_> = labels.map(|(n, v)| (self.intern(n), self.intern(v))).collect();
        let mut full = bare.clone();
        full.push((self.intern(NAME), self.intern(name)));
        full.sort();
        (Labels(full.into()), Labels(bare.into()))
    }

    /// Forgets what nobody uses any more.
    pub(super) fn sweep(&mut self) {
        self.known.retain(|text| Arc::strong_count(text) > 1);
    }
}
