//! Reading a journal that may be anybody's: whether its chains hold, its entries one by one, and as JSON lines.

use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::chain::{Break, Tails};
use super::store::{self, StoreError};
use super::{bell, connect, place};
use crate::clock::{Stamp, Writer, rfc3339};
use crate::fact::{Entry, Hash};
use crate::text;

/// A journal whose chains hold from the first entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries.
    pub entries: u64,
    /// Every chain, by writer.
    pub chains: Vec<Chain>,
}

/// One chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whose.
    pub writer: Writer,
    /// How many entries.
    pub entries: u64,
    /// The stamp of the last.
    pub last: Stamp,
    /// Its hash: compare it with one written down elsewhere to know that nothing was cut off.
    pub head: Hash,
}

/// Why a journal does not hold, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Not there.
    #[error("there is no journal {}", .0.display())]
    Missing(PathBuf),
    /// Another kind of file, or with more in it than a journal has.
    #[error("{} is no journal of warroom: {why}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What is strange about it.
        why: String,
    },
    /// SQLite says that the file is damaged.
    #[error("the file {} is damaged: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// How.
        why: String,
    },
    /// A chain breaks.
    #[error("entry {seq} of writer {:x} ({id}), row {row}: {what}", writer.0)]
    Broken {
        /// Row of the file, from 1.
        row: u64,
        /// Whose chain.
        writer: Writer,
        /// Place in the chain.
        seq: u64,
        /// Which entry.
        id: Uuid,
        /// What is wrong.
        what: String,
    },
    /// The chains hold, but the end is gone.
    #[error("{} ends with entry {found}, but {recorded} had been recorded: its tail was cut off", path.display())]
    Cut {
        /// Which file.
        path: PathBuf,
        /// How many there are.
        found: u64,
        /// How many there were.
        recorded: u64,
    },
    /// It cannot be read now.
    #[error("cannot read {}: {why}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// Checks a journal from its first entry on, read-only; a foreign file is treated as hostile.
pub fn verify(path: &Path) -> Result<Verified, VerifyError> {
    // Heard before the file is read: it may grow meanwhile, but never shrink.
    let recorded = bell::heard(&place::beside(path, ".bell"));
    let conn = open_hostile(path)?;
    let fail = |e| explain(path, e);
    store::check(&conn, "PRAGMA integrity_check(1)").map_err(fail)?;
    let mut tails = Tails::default();
    while !store::read_after(&conn, &mut tails).map_err(fail)?.is_empty() {}
    if let Some((recorded, _)) = recorded
        && recorded > tails.n
    {
        return Err(VerifyError::Cut { path: path.to_owned(), found: tails.n, recorded });
    }
    let chains = tails.chains().map(|(writer, entries, last, head)| Chain { writer, entries, last, head }).collect();
    Ok(Verified { entries: tails.n, chains })
}

/// The entries of a journal in the file's order, each checked against its chain; after an error there is nothing more.
pub fn read_all(path: &Path) -> Result<Entries, VerifyError> {
    let conn = open_hostile(path)?;
    Ok(Entries { path: path.to_owned(), conn, tails: Tails::default(), ready: VecDeque::new(), ended: false })
}

/// See [`read_all`].
#[derive(Debug)]
pub struct Entries {
    path: PathBuf,
    conn: Connection,
    tails: Tails,
    ready: VecDeque<Arc<Entry>>,
    ended: bool,
}

impl Iterator for Entries {
    type Item = Result<Arc<Entry>, VerifyError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() && !self.ended {
            // In portions, not in one long transaction: that would keep a running room from starting its log again.
            match store::read_after(&self.conn, &mut self.tails) {
                Ok(entries) if entries.is_empty() => self.ended = true,
                Ok(entries) => self.ready.extend(entries),
                Err(e) => {
                    self.ended = true;
                    return Some(Err(explain(&self.path, e)));
                }
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] VerifyError),
    /// The writing.
    #[error("cannot write the export: {0}")]
    Write(#[from] std::io::Error),
}

/// Writes a journal as JSON lines, one entry each; gives how many. `fact` is as recorded, but that characters which
/// could drive a terminal are written as `\u…`.
pub fn export_jsonl(path: &Path, out: &mut dyn Write) -> Result<u64, ExportError> {
    let mut count = 0;
    for entry in read_all(path)? {
        let line = serde_json::to_string(&Line::of(entry?.as_ref())).map_err(std::io::Error::from)?;
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
        count += 1;
    }
    out.flush()?;
    Ok(count)
}

#[derive(Serialize)]
struct Line<'a> {
    id: Uuid,
    writer: Writer,
    seq: u64,
    stamp: Stamp,
    at: String,
    by: &'a text::Untrusted,
    role: Option<&'a text::Untrusted>,
    fact: Box<RawValue>,
    prev: String,
    hash: String,
}

impl<'a> Line<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            id: entry.id,
            writer: entry.writer,
            seq: entry.seq,
            stamp: entry.stamp,
            at: rfc3339(entry.stamp.utc()),
            by: &entry.by.person,
            role: entry.by.role.as_ref(),
            fact: raw(&entry.body),
            prev: entry.prev.to_string(),
            hash: entry.hash.to_string(),
        }
    }
}

/// The body as JSON: unsafe characters, which stand only inside strings, as `\u…`; a body that is no JSON as one string.
fn raw(body: &str) -> Box<RawValue> {
    let safe = ascii_escape(body);
    RawValue::from_string(safe)
        .or_else(|_| RawValue::from_string(ascii_escape(&serde_json::Value::from(body).to_string())))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn ascii_escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if text::is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                use std::fmt::Write as _;
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Opens read-only and looks at what is in the file before anything of it is used.
pub(super) fn open_hostile(path: &Path) -> Result<Connection, VerifyError> {
    let path =
        &place::unlinked(path).map_err(|e| VerifyError::Unreadable { path: path.to_owned(), why: e.to_string() })?;
    match std::fs::metadata(path) {
        Ok(_) if store::emptied(path) => {
            return Err(VerifyError::Damaged { path: path.clone(), why: "it is empty, but it was not".into() });
        }
        Ok(meta) if meta.len() == 0 => {
            return Err(VerifyError::Foreign { path: path.clone(), why: "it is empty".into() });
        }
        Ok(_) => {}
        Err(_) => return Err(VerifyError::Missing(path.clone())),
    }
    let conn = match connect::connect(path, false, "FULL", store::APPLICATION) {
        Ok(conn) => conn,
        Err(super::JournalError::Sql { source, .. }) => return Err(explain(path, source.into())),
        Err(e) => return Err(VerifyError::Unreadable { path: path.clone(), why: e.to_string() }),
    };
    match look(&conn, path) {
        // A folder in which no log can be made; where none lies, the file alone is the whole.
        Err(VerifyError::Unreadable { .. }) if !place::beside(path, "-wal").exists() => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
            let conn = Connection::open_with_flags(immutable(path), flags).map_err(|e| explain(path, e.into()))?;
            look(&conn, path)?;
            Ok(conn)
        }
        Err(e) => Err(e),
        Ok(()) => Ok(conn),
    }
}

/// The URI of a file that nobody changes.
fn immutable(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut uri = "file:".to_owned();
    for b in path.as_os_str().as_encoded_bytes() {
        match b {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*b)),
            b => {
                let _ = write!(uri, "%{b:02x}");
            }
        }
    }
    uri + "?immutable=1"
}

/// A journal holds our tables, as we make them, and nothing else: no trigger, no view, no virtual table.
fn look(conn: &Connection, path: &Path) -> Result<(), VerifyError> {
    let foreign = |why: String| VerifyError::Foreign { path: path.to_owned(), why };
    let fail = |e: rusqlite::Error| explain(path, e.into());
    let int = |name| conn.pragma_query_value(None, name, |r| r.get::<_, i64>(0)).map_err(fail);
    if int("application_id")? != store::APPLICATION {
        return Err(foreign("it is a database of another program".to_owned()));
    }
    let version = int("user_version")?;
    if version != 1 {
        return Err(foreign(format!("it has format {version}, and this program reads format 1")));
    }
    let mut statement = conn.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema").map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let (name, sql): (String, String) = (row.get(0).map_err(fail)?, row.get(1).map_err(fail)?);
        let ours = match name.as_str() {
            "meta" => sql == store::META,
            "entry" => sql == store::ENTRY,
            "text" => sql == super::texts::TEXT,
            name => name.starts_with("sqlite_autoindex_") && sql.is_empty(),
        };
        if !ours {
            return Err(foreign(format!("\"{}\" in it is not ours", text::escape(&name))));
        }
    }
    Ok(())
}

pub(super) fn explain(path: &Path, e: StoreError) -> VerifyError {
    let path = path.to_owned();
    match e {
        StoreError::Broken(Break { n: row, at: Some((writer, seq, id)), what }) => {
            VerifyError::Broken { row, writer, seq, id, what }
        }
        StoreError::Broken(Break { n: 0, what: why, .. }) => VerifyError::Damaged { path, why },
        StoreError::Broken(Break { n, what, .. }) => VerifyError::Damaged { path, why: format!("row {n} {what}") },
        StoreError::Sql(e) if connect::is_damage(&e) => VerifyError::Damaged { path, why: e.to_string() },
        StoreError::Sql(e) => VerifyError::Unreadable { path, why: e.to_string() },
        e @ StoreError::Moved => VerifyError::Unreadable { path, why: e.to_string() },
    }
}
