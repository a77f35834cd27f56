//! The begin and the end of a stream, bounded, whatever came between.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use super::KEEP;

/// What is kept of a stream: at most [`KEEP`] bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The first bytes, up to half of [`KEEP`].
    pub head: Vec<u8>,
    /// The last bytes after the head, up to half of [`KEEP`].
    pub tail: Vec<u8>,
    /// Bytes between them that were dropped.
    pub dropped: u64,
}

impl Kept {
    /// Head and tail as text, with a word about what was dropped between them.
    pub fn text(&self) -> String {
        let mut out = String::from_utf8_lossy(&self.head).into_owned();
        if self.dropped > 0 {
            let _ = write!(out, "\n… {} bytes dropped …\n", self.dropped);
        }
        out.push_str(&String::from_utf8_lossy(&self.tail));
        out
    }

    /// Whether the stream said nothing.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    pub(super) fn lengths(&self) -> Lengths {
        Lengths { head: self.head.len(), tail: self.tail.len(), dropped: self.dropped }
    }

    pub(super) fn from_wire(lengths: Lengths, bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(lengths.head)?;
        let tail = rest.get(..lengths.tail)?;
        Some(Self { head: head.to_vec(), tail: tail.to_vec(), dropped: lengths.dropped })
    }
}

/// How long the parts of a [`Kept`] are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Lengths {
    head: usize,
    tail: usize,
    dropped: u64,
}

impl Lengths {
    pub(super) fn stored(self) -> usize {
        self.head.saturating_add(self.tail)
    }
}

/// Reads a stream to its end and keeps its begin and end; an error ends it like an end of file.
pub(super) fn drain(mut from: impl Read) -> Kept {
    const HALF: usize = KEEP / 2;
    let mut buffer = vec![0_u8; 32 * 1024];
    let mut head = Vec::new();
    let mut tail: VecDeque<u8> = VecDeque::new();
    let mut dropped = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let chunk = buffer.get(..read).unwrap_or_default();
        let (first, rest) = chunk.split_at(chunk.len().min(HALF - head.len()));
        head.extend_from_slice(first);
        // Each chunk fits in the tail, so the oldest bytes make room for all of it.
        let over = (tail.len() + rest.len()).saturating_sub(HALF);
        tail.drain(..over);
        dropped += over as u64;
        tail.extend(rest);
    }
    Kept { head, tail: tail.into(), dropped }
}
