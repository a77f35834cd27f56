//! Chains: where each ends after the rows read so far, and what breaks one.

use uuid::Uuid;

use crate::clock::{Stamp, Writer};
use crate::fact::{Entry, Hash};

/// Where the chains of a file end, after the rows read so far.
#[derive(Clone, Debug, Default)]
pub struct Tails {
    /// The last row read.
    pub n: u64,
    /// Its hash.
    pub head: Hash,
    /// The latest stamp of anybody.
    pub stamp: Option<Stamp>,
    /// By writer.
    chains: std::collections::BTreeMap<Writer, (u64, Stamp, Hash)>,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// Row of the file.
    pub n: u64,
    /// Whose chain; `None` when the row cannot be read.
    pub at: Option<(Writer, u64, Uuid)>,
    /// What.
    pub what: String,
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.n > 0 {
            write!(f, "entry {}: ", self.n)?;
        }
        f.write_str(&self.what)
    }
}

impl Tails {
    /// Checks that an entry continues its chain, and takes it in.
    pub fn follow(&mut self, n: u64, entry: &Entry) -> Result<(), Break> {
        let fail = |what: String| Err(Break { n, at: Some((entry.writer, entry.seq, entry.id)), what });
        if n != self.n + 1 {
            return fail(format!("rows {} to {} are missing before it", self.n + 1, n.saturating_sub(1)));
        }
        let (seq, prev) = match self.chains.get(&entry.writer) {
            Some((seq, stamp, hash)) => {
                if entry.stamp <= *stamp {
                    return fail("its stamp is not later than the one before it".to_owned());
                }
                (seq + 1, *hash)
            }
            None => (1, Hash::default()),
        };
        if entry.seq != seq {
            return fail(format!("it stands where number {seq} of its chain should stand"));
        }
        if entry.prev != prev {
            return fail("it does not follow the entry before it".to_owned());
        }
        if entry.compute_hash() != entry.hash {
            return fail("it was changed after it was recorded".to_owned());
        }
        self.take(n, entry);
        Ok(())
    }

    /// Where the chain of a writer goes on: place and hash of what comes before.
    pub fn next_of(&self, writer: Writer) -> (u64, Hash) {
        self.chains.get(&writer).map_or((1, Hash::default()), |(seq, _, hash)| (seq + 1, *hash))
    }

    /// Takes an entry in that is known to follow.
    pub fn take(&mut self, n: u64, entry: &Entry) {
        self.n = n;
        self.head = entry.hash;
        self.stamp = self.stamp.max(Some(entry.stamp));
        self.chains.insert(entry.writer, (entry.seq, entry.stamp, entry.hash));
    }

    /// Every chain: writer, length, last stamp, head.
    pub fn chains(&self) -> impl Iterator<Item = (Writer, u64, Stamp, Hash)> {
        self.chains.iter().map(|(w, (seq, stamp, hash))| (*w, *seq, *stamp, *hash))
    }
}
