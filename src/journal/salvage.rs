//! A damaged journal is set aside untouched, and a new one begun with every entry that is still whole.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::chain::Tails;
use super::place::{self, Mode};
use super::store::{self, CHUNK, Store, StoreError};
use super::{JournalError, bell, connect, texts};
use crate::clock::{Stamp, Writer};
use crate::fact::{Entry, Hash};

/// What became of it.
#[derive(Debug)]
pub struct Salvaged {
    /// Where the damaged file lies.
    pub moved_to: PathBuf,
    /// Entries in the new file.
    pub carried: usize,
    /// How many of them, from the first, are exactly where they were: what had been read of them stands.
    pub in_place: u64,
}

/// Builds the new file beside the old one and then puts it in its place, so that a crash meanwhile loses nothing. Only for
/// who is alone with the journal.
pub fn salvage(path: &Path, mode: Mode, bell: &bell::Bell) -> Result<Salvaged, JournalError> {
    let rows = store::rows_left(path);
    let fresh = place::beside(path, ".new");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place::beside(&fresh, suffix));
    }
    place::create(&fresh, mode)?;
    let conn = store::open(&fresh, true)?;
    let failed = |e| match e {
        StoreError::Sql(source) => JournalError::Sql { path: fresh.clone(), source },
        other => JournalError::Damaged { path: fresh.clone(), why: other.to_string() },
    };
    let mut new = Store::new(&conn).map_err(failed)?;
    let (entries, in_place) = sort_out(rows, new.writer);
    for portion in entries.chunks(CHUNK) {
        new.carry(portion).map_err(failed)?;
    }
    let (n, head) = (new.tails.n, new.tails.head);
    drop(new);
    if let Err(e) = texts::carry(path, &conn) {
        tracing::warn!("the runbooks of the damaged journal are not carried over: {e}");
    }
    connect::close(conn);

    let moved_to = place::set_aside(path)?;
    std::fs::rename(&fresh, path).map_err(|e| place::io("cannot put the new journal at", path, e))?;
    place::sync_folder(path);
    bell.reset();
    bell.ring(n, head);
    Ok(Salvaged { moved_to, carried: entries.len(), in_place })
}

/// Entries whose chain holds stay as they are. Where a chain broke before one that is whole by itself, it goes on in the
/// new file's own chain, with its own time: a flipped bit in one tick must not cost the thousand after it.
fn sort_out(rows: Vec<(u64, Entry)>, writer: Writer) -> (Vec<Arc<Entry>>, u64) {
    let mut tails = Tails::default();
    let mut seen = HashSet::new();
    let mut out = Vec::with_capacity(rows.len());
    let mut in_place = 0;
    let mut whole = true;
    let (mut seq, mut prev, mut last) = (0, Hash::default(), None::<Stamp>);
    for (n, entry) in rows {
        if entry.compute_hash() != entry.hash || !seen.insert(entry.id) {
            whole = false;
            continue;
        }
        whole &= n == in_place + 1;
        tails.n = n.saturating_sub(1);
        if tails.follow(n, &entry).is_ok() {
            if whole {
                in_place = n;
            }
            out.push(Arc::new(entry));
            continue;
        }
        whole = false;
        let own = Stamp { writer, ..entry.stamp };
        let stamp = if last.is_some_and(|last| own <= last) { Stamp::next(last, own.utc(), writer) } else { own };
        seq += 1;
        let mut entry = Entry { writer, seq, stamp, prev, ..entry };
        entry.hash = entry.compute_hash();
        (prev, last) = (entry.hash, Some(stamp));
        out.push(Arc::new(entry));
    }
    (out, in_place)
}
