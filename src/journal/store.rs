//! The journal's database: settings that make a commit durable, its schema, appending, reading, checkpoints.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, Statement, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::chain::{Break, Tails};
use super::connect::{connect, ensure_schema, is_busy, is_damage};
use super::{JournalError, bell, place};
use crate::clock::{Stamp, Writer};
use crate::fact::{Author, Draft, Entry, Hash};
use crate::text::Untrusted;

/// `WROM`.
pub const APPLICATION: i64 = 0x5752_4f4d;
/// Entries with a larger body are refused at append and not read.
pub const BODY_MAX: usize = 1 << 20;
/// Rows and entries that go out at once.
pub const CHUNK: usize = 1000;
/// How much of the write-ahead log is written once at first open, so that commits overwrite allocated blocks instead of
/// growing the file: no block allocation and no commit of the file system's own journal (SPEED §3).
const WAL_READY: usize = 2 << 20;
/// A checkpoint is due when about so many 4 KiB frames are in the log: below what was made ready.
const FRAMES_DUE: usize = 460;

pub const META: &str = "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID";
pub const ENTRY: &str = "CREATE TABLE entry (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, writer INTEGER NOT NULL, \
     seq INTEGER NOT NULL, ms INTEGER NOT NULL, tick INTEGER NOT NULL, person TEXT NOT NULL, role TEXT, \
     body TEXT NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT";

/// An oversized body reads as NULL, so that a hostile file cannot make us hold it.
const COLUMNS: &str = "n, id, writer, seq, ms, tick, iif(octet_length(person) <= 65536, person, NULL), \
     iif(octet_length(role) <= 65536, role, NULL), role IS NULL, iif(octet_length(body) <= 1048576, body, NULL), prev, hash";

/// An open journal and where its chains stand; its statements are prepared once, since preparing them costs a good part
/// of a commit.
#[derive(Debug)]
pub struct Store<'c> {
    conn: &'c Connection,
    after: Statement<'c>,
    by_id: Statement<'c>,
    insert: Statement<'c>,
    version: Statement<'c>,
    /// Whose chain this file continues.
    pub writer: Writer,
    /// Where every chain seen so far ends.
    pub tails: Tails,
    data_version: i64,
    frames: usize,
}

/// Why reading or appending stopped.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite or the disk.
    #[error("{0}")]
    Sql(#[from] rusqlite::Error),
    /// A chain does not hold.
    #[error("{0}")]
    Broken(Break),
    /// Another file, or none, stands where the opened one stood.
    #[error("the journal's file was moved, deleted or emptied while in use")]
    Moved,
}

impl StoreError {
    /// Another process holds the file: wait, nothing is wrong.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Sql(e) if is_busy(e))
    }

    /// The file itself is damaged.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Broken(_) => true,
            Self::Moved => false,
            Self::Sql(e) => is_damage(e),
        }
    }
}

/// Opens the journal at a place that was prepared, and makes its schema where missing; for a reader it must exist.
pub fn open(path: &Path, write: bool) -> Result<Connection, JournalError> {
    if emptied(path) {
        return Err(JournalError::Damaged { path: path.to_owned(), why: "it is empty, but it was not".to_owned() });
    }
    let mut conn = connect(path, write, "FULL", APPLICATION)?;
    if write {
        // 53 bits: a number that JSON readers keep exact.
        let writer = (Uuid::new_v4().as_u64_pair().1 >> 11).max(1).cast_signed();
        ensure_schema(&mut conn, path, APPLICATION, &[META, ENTRY], |tx| {
            tx.execute("INSERT INTO meta (key, value) VALUES ('writer', ?1)", [writer]).map(drop)
        })?;
    }
    Ok(conn)
}

/// SQLite would take an empty file for a new one and throw its log away; the log or the bell knows better.
pub fn emptied(path: &Path) -> bool {
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
    length(path) == 0
        && (length(&place::beside(path, "-wal")) > 0
            || bell::heard(&place::beside(path, ".bell")).is_some_and(|(n, _)| n > 0))
}

impl<'c> Store<'c> {
    /// At the beginning of an open journal.
    pub fn new(conn: &'c Connection) -> Result<Self, StoreError> {
        // The application's number says that it is ours: a table that is missing then is damage, not a mistake.
        let gone = |e: rusqlite::Error| match &e {
            rusqlite::Error::QueryReturnedNoRows => broken("it does not say whose it is".to_owned()),
            e if e.sqlite_error().is_some_and(|f| f.extended_code == rusqlite::ffi::SQLITE_ERROR) => {
                broken(format!("its tables cannot be read ({})", crate::text::escape(&e.to_string())))
            }
            _ => StoreError::Sql(e),
        };
        let writer: i64 =
            conn.query_row("SELECT value FROM meta WHERE key = 'writer'", [], |r| r.get(0)).map_err(gone)?;
        conn.busy_timeout(Duration::from_millis(250))?;
        Ok(Self {
            conn,
            after: conn.prepare(&after()).map_err(gone)?,
            by_id: conn.prepare(&format!("SELECT {COLUMNS} FROM entry WHERE id = ?1")).map_err(gone)?,
            insert: conn
                .prepare("INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")
                .map_err(gone)?,
            version: conn.prepare("PRAGMA data_version")?,
            writer: Writer(writer.cast_unsigned()),
            tails: Tails::default(),
            data_version: -1,
            // More frames may wait than this process knows of: check soon.
            frames: FRAMES_DUE / 2,
        })
    }

    /// Whether another process committed since the last call.
    pub fn changed(&mut self) -> Result<bool, StoreError> {
        let version = self.version.query_row([], |r| r.get::<_, i64>(0))?;
        Ok(std::mem::replace(&mut self.data_version, version) != version)
    }

    /// Up to [`CHUNK`] entries after those read so far, checked against their chains; empty at the end.
    pub fn read(&mut self) -> Result<Vec<Arc<Entry>>, StoreError> {
        follow_rows(&mut self.after, &mut self.tails)
    }

    /// Records drafts in one transaction. Gives what is now durable and was not yet read here, others' entries and these,
    /// in the file's order; and the entries of drafts that had been recorded before.
    pub fn append(&mut self, drafts: &[Draft], at: DateTime<Utc>) -> Result<Vec<Arc<Entry>>, StoreError> {
        let mut tails = self.tails.clone();
        let writer = self.writer;
        let tx = Transaction::new_unchecked(self.conn, TransactionBehavior::Immediate)?;
        let mut out = Vec::new();
        loop {
            let others = follow_rows(&mut self.after, &mut tails)?;
            if others.is_empty() {
                break;
            }
            out.extend(others);
        }
        let mut bytes = 0;
        for draft in drafts {
            if let Some(entry) = self.by_id.query_row([draft.id.as_bytes()], entry_of).optional()? {
                if !out.iter().any(|e| e.id == entry.id) {
                    out.push(Arc::new(entry));
                }
                continue;
            }
            let (seq, prev) = tails.next_of(writer);
            let stamp = Stamp::next(tails.stamp, at, writer);
            let entry = Entry::seal(clean(draft), writer, seq, stamp, prev);
            let n = tails.n + 1;
            insert(&mut self.insert, n, &entry)?;
            tails.take(n, &entry);
            bytes += entry.body.len();
            out.push(Arc::new(entry));
        }
        tx.commit()?;
        self.tails = tails;
        self.frames += 3 + drafts.len() / 8 + bytes / 2048;
        Ok(out)
    }

    /// Writes nothing that means anything, but durably: proves that the disk takes it again.
    pub fn prove(&mut self) -> Result<(), StoreError> {
        let tx = Transaction::new_unchecked(self.conn, TransactionBehavior::Immediate)?;
        tx.execute("UPDATE meta SET value = value WHERE key = 'writer'", [])?;
        tx.commit()?;
        Ok(())
    }

    /// Carries entries over, as they are.
    pub fn carry(&mut self, entries: &[Arc<Entry>]) -> Result<(), StoreError> {
        let tx = Transaction::new_unchecked(self.conn, TransactionBehavior::Immediate)?;
        for entry in entries {
            let n = self.tails.n + 1;
            insert(&mut self.insert, n, entry)?;
            self.tails.take(n, entry);
        }
        tx.commit()?;
        Ok(())
    }

    /// Whether a checkpoint should be made even though work waits.
    pub fn checkpoint_due(&self) -> bool {
        self.frames >= FRAMES_DUE
    }

    /// Whether a checkpoint is worth an idle moment.
    pub fn checkpoint_useful(&self) -> bool {
        self.frames >= FRAMES_DUE / 4
    }

    /// Writes the log back, so that the next commit starts it again from its beginning.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        self.frames = 0;
        Ok(())
    }

    /// After an error: what stands in the log may never have reached the disk, although the system says so from its
    /// memory, and asking it to sync once more proves nothing. So its pages are written to the other file, anew.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        let (busy, left): (i64, i64) =
            self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| Ok((r.get(0)?, r.get(1)?)))?;
        if busy != 0 || left > 0 {
            let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            return Err(StoreError::Sql(rusqlite::Error::SqliteFailure(busy, None)));
        }
        self.frames = 0;
        Ok(())
    }

    /// Fills the log file once and takes it back: a transaction that spills its pages into the log and is rolled back leaves
    /// the file as large as it was, to be overwritten in place. Skipped where space is short, or where it is large already.
    pub fn make_log_ready(&self, path: &Path) {
        let log = place::beside(path, "-wal");
        if std::fs::metadata(&log).is_ok_and(|m| m.len() < WAL_READY as u64) && room(path) >= 64 << 20 {
            // Not needed for anything but speed.
            let _ = fill_log(self.conn);
            // The allocation itself becomes durable now, not in the next tick's commit.
            let _ = std::fs::File::open(&log).and_then(|f| f.sync_all());
        }
    }

    /// Looks through the whole file for damage, after an error.
    pub fn quick_check(&self) -> Result<(), StoreError> {
        check(self.conn, "PRAGMA quick_check(1)")
    }
}

/// Runs a check pragma; anything but `ok` is damage.
pub fn check(conn: &Connection, pragma: &str) -> Result<(), StoreError> {
    let answer: String = conn.query_row(pragma, [], |r| r.get(0))?;
    if answer == "ok" {
        return Ok(());
    }
    Err(broken(crate::text::escape(&answer)))
}

/// Damage that is not of one entry.
pub fn broken(what: String) -> StoreError {
    StoreError::Broken(Break { n: 0, at: None, what })
}

/// Every row that can still be read of a damaged file, in order, whatever stands around it: from the beginning until the
/// file fails, then from the end until it fails.
pub fn rows_left(path: &Path) -> Vec<(u64, Entry)> {
    if emptied(path) {
        return Vec::new();
    }
    let Ok(conn) = connect(path, false, "FULL", APPLICATION) else { return Vec::new() };
    let gather = |order: &str, beyond: i64| {
        let mut found = Vec::new();
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE n > ?1 ORDER BY n {order}");
        let Ok(mut statement) = conn.prepare(&sql) else { return (found, true) };
        let Ok(mut rows) = statement.query([beyond]) else { return (found, true) };
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    if let (Ok(n), Ok(entry)) = (row.get::<_, i64>(0), entry_of(row)) {
                        found.push((n.cast_unsigned(), entry));
                    }
                }
                Ok(None) => return (found, false),
                Err(_) => return (found, true),
            }
        }
    };
    let (mut found, failed) = gather("ASC", -1);
    if failed {
        let last = found.last().map_or(-1, |(n, _)| n.cast_signed());
        let (rest, _) = gather("DESC", last);
        found.extend(rest.into_iter().rev());
    }
    found
}

/// Up to [`CHUNK`] entries after `tails`, checked.
pub fn read_after(conn: &Connection, tails: &mut Tails) -> Result<Vec<Arc<Entry>>, StoreError> {
    follow_rows(&mut conn.prepare(&after())?, tails)
}

fn after() -> String {
    format!("SELECT {COLUMNS} FROM entry WHERE n > ?1 ORDER BY n LIMIT {CHUNK}")
}

fn follow_rows(after: &mut Statement<'_>, tails: &mut Tails) -> Result<Vec<Arc<Entry>>, StoreError> {
    let mut rows = after.query([tails.n.cast_signed()])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let n = row.get::<_, i64>(0)?.cast_unsigned();
        let entry = entry_of(row).map_err(|e| unreadable(n, &e))?;
        tails.follow(n, &entry).map_err(StoreError::Broken)?;
        out.push(Arc::new(entry));
    }
    Ok(out)
}

fn unreadable(n: u64, e: &rusqlite::Error) -> StoreError {
    let what = format!("cannot be read ({})", crate::text::escape(&e.to_string()));
    StoreError::Broken(Break { n, at: None, what })
}

fn entry_of(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let writer = Writer(row.get::<_, i64>(2)?.cast_unsigned());
    let body: Arc<str> = row.get::<_, String>(9)?.into();
    let role = if row.get::<_, bool>(8)? { None } else { Some(Untrusted::new(row.get::<_, String>(7)?)) };
    Ok(Entry {
        id: Uuid::from_bytes(row.get(1)?),
        writer,
        seq: row.get::<_, i64>(3)?.cast_unsigned(),
        stamp: Stamp { ms: row.get(4)?, n: row.get(5)?, writer },
        by: Author { person: Untrusted::new(row.get::<_, String>(6)?), role },
        fact: Entry::read_fact(&body),
        body,
        prev: Hash(row.get(10)?),
        hash: Hash(row.get(11)?),
    })
}

fn insert(insert: &mut Statement<'_>, n: u64, entry: &Entry) -> rusqlite::Result<()> {
    insert
        .execute(params![
            n.cast_signed(),
            entry.id.as_bytes(),
            entry.writer.0.cast_signed(),
            entry.seq.cast_signed(),
            entry.stamp.ms,
            entry.stamp.n,
            entry.by.person.raw(),
            entry.by.role.as_ref().map(Untrusted::raw),
            &*entry.body,
            entry.prev.0,
            entry.hash.0,
        ])
        .map(drop)
}

/// Names go into the journal escaped, as the body does: what is read back is what was hashed.
fn clean(draft: &Draft) -> Draft {
    let cut = |name: &Untrusted| {
        let mut text = name.escaped();
        text.truncate(text.floor_char_boundary(256));
        Untrusted::new(text)
    };
    let by = Author { person: cut(&draft.by.person), role: draft.by.role.as_ref().map(cut) };
    Draft { id: draft.id, by, fact: draft.fact.clone() }
}

/// Bytes that may still be written there.
pub fn room(path: &Path) -> u64 {
    nix::sys::statvfs::statvfs(path).map_or(0, |s| {
        #[expect(clippy::unnecessary_cast, reason = "narrower on some systems")]
        let (blocks, size) = (s.blocks_available() as u64, s.fragment_size() as u64);
        blocks.saturating_mul(size)
    })
}

fn fill_log(conn: &Connection) -> rusqlite::Result<()> {
    let cache: i64 = conn.pragma_query_value(None, "cache_size", |r| r.get(0))?;
    conn.pragma_update(None, "cache_size", 16)?;
    let filled = conn.execute_batch(&format!(
        "BEGIN IMMEDIATE; CREATE TABLE filling (x BLOB); INSERT INTO filling VALUES (zeroblob({WAL_READY})); ROLLBACK"
    ));
    conn.pragma_update(None, "cache_size", cache)?;
    if filled.is_err() && !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK")?;
    }
    Ok(())
}

/// Makes durable what a process that was killed may have left in the log, before anybody is shown it.
pub fn sync_log(path: &Path) -> std::io::Result<()> {
    match std::fs::File::open(place::beside(path, "-wal")) {
        Ok(log) => log.sync_data(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

/// Whether the room of a journal was closed. What cannot be read is not closed: opening it will say what is wrong.
pub fn holds_room_closed(path: &Path) -> bool {
    // An empty file was begun and not yet used; SQLite would be right to call it a database.
    if std::fs::metadata(path).is_ok_and(|m| m.len() == 0) {
        return false;
    }
    let Ok(conn) = connect(path, false, "FULL", APPLICATION) else { return false };
    conn.query_row("SELECT 1 FROM entry WHERE body LIKE '{\"kind\":\"room-closed\"%' LIMIT 1", [], |_| Ok(()))
        .optional()
        .is_ok_and(|found| found.is_some())
}
