//! Texts kept beside the entries that name them by their SHA-256: runbooks as they were when they were read.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};

use super::store::room;
use super::verify::{VerifyError, explain, open_hostile};

/// A larger text is not read: no runbook is.
const LARGEST: usize = 8 << 20;

pub const TEXT: &str = "CREATE TABLE text (hash BLOB NOT NULL PRIMARY KEY, bytes BLOB NOT NULL) STRICT";

/// So much of the disk stays free for the entries, which count for more.
const RESERVE: u64 = 16 << 20;

/// What became of texts that were to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// They are there.
    Kept,
    /// The disk is too full for them; nothing was written.
    NoRoom,
}

/// Keeps texts that are not there yet, in one transaction, where the disk has room for them and for what counts more.
pub fn keep(conn: &Connection, texts: &[Arc<[u8]>]) -> rusqlite::Result<Keeping> {
    let here = has_table(conn)?;
    let mut missing = Vec::new();
    for text in texts {
        let hash: [u8; 32] = Sha256::digest(text).into();
        if !here || !has(conn, &hash)? {
            missing.push((hash, text));
        }
    }
    if missing.is_empty() {
        return Ok(Keeping::Kept);
    }
    // They go into the log first, then into the file.
    let needed = missing.iter().map(|(_, text)| 2 * text.len() as u64).sum::<u64>() + RESERVE;
    if conn.path().is_some_and(|path| room(Path::new(path)) < needed) {
        return Ok(Keeping::NoRoom);
    }
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    // Another process may have made it meanwhile.
    if !has_table(&tx)? {
        tx.execute_batch(TEXT)?;
    }
    for (hash, text) in missing {
        tx.execute("INSERT OR IGNORE INTO text VALUES (?1, ?2)", params![hash, &**text])?;
    }
    tx.commit()?;
    Ok(Keeping::Kept)
}

/// The text with this SHA-256, in hex, out of a journal that may be anybody's; nothing when it holds none, or one that was
/// changed.
pub fn kept_text(path: &Path, sha256: &str) -> Result<Option<Vec<u8>>, VerifyError> {
    let Some(hash) = bytes_of(sha256) else { return Ok(None) };
    let conn = open_hostile(path)?;
    let read = || -> rusqlite::Result<Option<Vec<u8>>> {
        if !has_table(&conn)? {
            return Ok(None);
        }
        let sql = format!("SELECT iif(octet_length(bytes) <= {LARGEST}, bytes, NULL) FROM text WHERE hash = ?1");
        Ok(conn.query_row(&sql, [hash], |r| r.get::<_, Option<Vec<u8>>>(0)).optional()?.flatten())
    };
    let found = read().map_err(|e| explain(path, e.into()))?;
    Ok(found.filter(|bytes| <[u8; 32]>::from(Sha256::digest(bytes)) == hash))
}

/// Takes over what can still be read of a damaged journal's texts; each is known by its hash.
pub fn carry(old: &Path, new: &Connection) -> rusqlite::Result<()> {
    let Ok(conn) = super::connect::connect(old, false, "FULL", super::store::APPLICATION) else { return Ok(()) };
    let mut texts: Vec<Arc<[u8]>> = Vec::new();
    let mut gather = || -> rusqlite::Result<()> {
        let mut statement =
            conn.prepare("SELECT hash, bytes FROM text WHERE octet_length(bytes) <= 8388608 LIMIT 1000")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (hash, bytes): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            if hash == *Sha256::digest(&bytes) {
                texts.push(bytes.into());
            }
        }
        Ok(())
    };
    // What cannot be read is lost; the entries are what counts.
    let _ = gather();
    keep(new, &texts).map(drop)
}

fn has_table(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'text'", [], |r| r.get(0))
}

fn has(conn: &Connection, hash: &[u8; 32]) -> rusqlite::Result<bool> {
    conn.query_row("SELECT count(*) > 0 FROM text WHERE hash = ?1", [hash], |r| r.get(0))
}

fn bytes_of(hex: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (n, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(out)
}
