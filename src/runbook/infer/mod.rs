//! Prose to facts: what a careful reader would note down of numbers, services, people, decisions, windows and ladders.

use super::markdown::{Block, Doc};

pub(super) mod contacts;
pub(super) mod environments;
pub(super) mod flags;
pub(super) mod gates;
pub(super) mod ladders;
pub(super) mod lines;
pub(super) mod roles;
pub(super) mod services;
pub(super) mod thresholds;
pub(super) mod windows;

/// What has been read so far.
pub(super) struct Seen<'d> {
    pub doc: &'d Doc,
    /// The heading each block stands under.
    pub under: &'d [Option<usize>],
    /// Title and parent of each heading.
    pub sections: &'d [(String, Option<usize>)],
}

impl<'d> Seen<'d> {
    /// Blocks with the index of their heading.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (&'d Block, Option<usize>)> {
        self.doc.blocks.iter().zip(self.under.iter().copied())
    }

    /// A heading's title; empty above the first heading.
    pub(super) fn title(&self, heading: Option<usize>) -> &'d str {
        heading.and_then(|h| self.sections.get(h)).map_or("", |s| s.0.as_str())
    }

    /// A heading and those around it, innermost first.
    pub(super) fn path(&self, heading: Option<usize>) -> impl Iterator<Item = &'d str> {
        let sections = self.sections;
        std::iter::successors(heading, move |h| sections.get(*h)?.1)
            .filter_map(move |h| Some(sections.get(h)?.0.as_str()))
    }
}

/// The column of a table whose head is one of these words, given in lower case.
pub(super) fn column(head: &[String], names: &[&str]) -> Option<usize> {
    head.iter().position(|c| {
        let c = c.to_lowercase();
        let c = c.trim().trim_end_matches([':', '*']);
        names.contains(&c)
    })
}
