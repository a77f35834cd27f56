//! The tape's database: the watch lease, samples by name, and how the old ones are thinned and dropped.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::row::{self, COLUMNS, Written, read_row};
use super::{JournalError, TapedSample, connect, store};
use crate::fact::Author;
use crate::text::Untrusted;

/// `WTAP`.
const APPLICATION: i64 = 0x5754_4150;
/// Samples are kept as they are for so long; older ones as minimum, maximum and mean of each 10 s.
const RAW: TimeDelta = TimeDelta::hours(24);
const COARSE_MS: i64 = 10_000;
/// The tape is never larger.
const CAP: i64 = 1 << 30;
/// Rows thinned or dropped in one transaction.
const SLICE: i64 = 2000;
/// Points that are closer than this in one series are left out when charts are refilled, unless the outcome changed.
const THIN_MS: i64 = 5000;

const TABLES: [&str; 4] = [
    "CREATE TABLE lease (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, holder BLOB NOT NULL, \
     person TEXT NOT NULL, role TEXT, renewed INTEGER NOT NULL, boot TEXT NOT NULL, given_back INTEGER NOT NULL) STRICT",
    "CREATE TABLE series (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name)) STRICT",
    "CREATE TABLE sample (n INTEGER PRIMARY KEY, series INTEGER NOT NULL, ms INTEGER NOT NULL, took INTEGER NOT NULL, \
     kind INTEGER NOT NULL, value REAL, at INTEGER, code INTEGER, days INTEGER, connect INTEGER, wait INTEGER, \
     transfer INTEGER, reason TEXT, version TEXT, says TEXT) STRICT",
    "CREATE TABLE coarse (series INTEGER NOT NULL, ms INTEGER NOT NULL, count INTEGER NOT NULL, low REAL NOT NULL, \
     high REAL NOT NULL, total REAL NOT NULL, worst INTEGER NOT NULL, PRIMARY KEY (ms, series)) STRICT, WITHOUT ROWID",
];

/// Who watches, as last written.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// Grows with each take-over.
    pub epoch: u64,
    /// Which process.
    pub holder: Uuid,
    /// For whom it acts.
    pub author: Author,
    /// Milliseconds since the machine was started.
    pub renewed: i64,
    /// Which start of the machine.
    pub boot: String,
    /// Given back: anybody may take it.
    pub given_back: bool,
}

/// A tape of an earlier program gets the column that it lacks.
fn add_says(conn: &Connection) -> rusqlite::Result<()> {
    let there = || {
        let columns = "SELECT count(*) FROM pragma_table_info('sample') WHERE name = 'says'";
        conn.query_row(columns, [], |row| row.get::<_, i64>(0)).map(|n| n > 0)
    };
    if there()? {
        return Ok(());
    }
    match conn.execute_batch("ALTER TABLE sample ADD COLUMN says TEXT") {
        // Another process may have added it meanwhile.
        Err(error) if !there()? => Err(error),
        _ => Ok(()),
    }
}

/// An open tape.
#[derive(Debug)]
pub struct Tape {
    conn: Connection,
    /// Id and last outcome by name, for each kind of series.
    series: [HashMap<String, (i64, u8)>; 2],
    /// The last row read or written here.
    last: i64,
}

impl Tape {
    /// Opens the tape; a writer makes its schema where missing.
    pub fn open(path: &Path, write: bool) -> Result<Self, JournalError> {
        let mut conn = connect::connect(path, write, "NORMAL", APPLICATION)?;
        let sql = |source| JournalError::Sql { path: path.to_owned(), source };
        if write {
            connect::ensure_schema(&mut conn, path, APPLICATION, &TABLES, |_| Ok(()))?;
            add_says(&conn).map_err(sql)?;
            conn.pragma_update(None, "wal_autocheckpoint", 1000).map_err(sql)?;
        }
        conn.busy_timeout(Duration::from_millis(250)).map_err(sql)?;
        Ok(Self { conn, series: Default::default(), last: 0 })
    }

    /// Closes, with its log written back.
    pub fn close(self) {
        connect::close(self.conn);
    }

    /// Who watches.
    pub fn lease(&self) -> rusqlite::Result<Option<Lease>> {
        read_lease(&self.conn)
    }

    /// Takes the lease with an epoch above `floor`, if it still reads as `seen`; gives the epoch.
    pub fn take(&mut self, seen: Option<&Lease>, floor: u64, mine: &Lease) -> rusqlite::Result<Option<u64>> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = read_lease(&tx)?;
        if found.as_ref() != seen {
            return Ok(None);
        }
        let epoch = found.map_or(0, |l| l.epoch).max(floor) + 1;
        tx.execute(
            "INSERT OR REPLACE INTO lease VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, 0)",
            params![
                epoch.cast_signed(),
                mine.holder.as_bytes(),
                mine.author.person.escaped(),
                mine.author.role.as_ref().map(Untrusted::escaped),
                mine.renewed,
                mine.boot,
            ],
        )?;
        tx.commit()?;
        Ok(Some(epoch))
    }

    /// Renews the lease; `false` when it is no longer this process's.
    pub fn renew(&mut self, holder: Uuid, epoch: u64, renewed: i64, boot: &str) -> rusqlite::Result<bool> {
        let changed = self.conn.execute(
            "UPDATE lease SET renewed = ?3, boot = ?4 WHERE holder = ?1 AND epoch = ?2 AND NOT given_back",
            params![holder.as_bytes(), epoch.cast_signed(), renewed, boot],
        )?;
        Ok(changed == 1)
    }

    /// Gives the lease back.
    pub fn give_back(&mut self, holder: Uuid, epoch: u64) -> rusqlite::Result<()> {
        self.conn
            .execute(
                "UPDATE lease SET given_back = 1 WHERE holder = ?1 AND epoch = ?2",
                params![holder.as_bytes(), epoch.cast_signed()],
            )
            .map(drop)
    }

    /// Whether a sample's outcome is another than the last of its series: such a one does not wait.
    pub fn is_change(&self, sample: &TapedSample) -> bool {
        let Some(row) = Written::of(sample) else { return false };
        self.known(row.series_kind(), &sample.name).is_none_or(|(_, kind)| kind != row.kind)
    }

    /// Writes samples, if `holder` still holds the lease with `epoch`; `false` when it does not.
    pub fn write(&mut self, samples: &[TapedSample], holder: Uuid, epoch: u64) -> rusqlite::Result<bool> {
        let tx = Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?;
        // Fenced inside the transaction: who was stopped for a while must not write after another took over.
        if !read_lease(&tx)?.is_some_and(|l| l.holder == holder && l.epoch == epoch && !l.given_back) {
            return Ok(false);
        }
        let mut found = Vec::with_capacity(samples.len());
        {
            let mut insert = tx.prepare_cached(row::INSERT)?;
            for sample in samples {
                let Some(row) = Written::of(sample) else { continue };
                let kind = row.series_kind();
                let id = match self.known(kind, &sample.name) {
                    Some((id, _)) => id,
                    None => series_id(&tx, kind, &sample.name)?,
                };
                row.insert(&mut insert, id)?;
                found.push((kind, &sample.name, (id, row.kind)));
            }
        }
        let last = tx.last_insert_rowid();
        tx.commit()?;
        if !found.is_empty() {
            self.last = last;
        }
        for (kind, name, now) in found {
            let Some(series) = self.series.get_mut(usize::from(kind)) else { continue };
            match series.get_mut(name) {
                Some(was) => *was = now,
                None => drop(series.insert(name.clone(), now)),
            }
        }
        Ok(true)
    }

    fn known(&self, kind: u8, name: &str) -> Option<(i64, u8)> {
        self.series.get(usize::from(kind))?.get(name).copied()
    }

    /// Samples since `since`, thinned, in portions through `out`; what comes after is read by [`Tape::read`].
    pub fn refill(&mut self, since: DateTime<Utc>, mut out: impl FnMut(Vec<TapedSample>)) -> rusqlite::Result<()> {
        let since = since.timestamp_millis();
        let from = self.first_row(since)?;
        // What is written from here on is left to `read`.
        let end: i64 = self.conn.query_row("SELECT coalesce(max(n), 0) FROM sample", [], |r| r.get(0))?;
        let mut kept: HashMap<i64, (i64, i64)> = HashMap::new();
        let mut portion = Vec::new();
        let mut statement = self.conn.prepare(&format!(
            "SELECT {COLUMNS} FROM sample s JOIN series r ON r.id = s.series WHERE s.n >= ?1 AND s.ms >= ?2 \
             AND s.n <= ?3 ORDER BY s.n"
        ))?;
        let mut rows = statement.query([from, since, end])?;
        while let Some(row) = rows.next()? {
            let (ms, kind, series): (i64, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let slot = ms.div_euclid(THIN_MS);
            if kept.insert(series, (slot, kind)).is_some_and(|(s, k)| s == slot && k == kind) {
                continue;
            }
            portion.extend(read_row(row)?);
            if portion.len() >= store::CHUNK {
                out(std::mem::take(&mut portion));
            }
        }
        if !portion.is_empty() {
            out(portion);
        }
        self.last = self.last.max(end);
        Ok(())
    }

    /// Samples written since the last call, at most [`store::CHUNK`].
    pub fn read(&mut self) -> rusqlite::Result<Vec<TapedSample>> {
        let mut statement = self.conn.prepare(&format!(
            "SELECT {COLUMNS} FROM sample s JOIN series r ON r.id = s.series WHERE s.n > ?1 ORDER BY s.n LIMIT {}",
            store::CHUNK
        ))?;
        let mut rows = statement.query([self.last])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            self.last = row.get(0)?;
            out.extend(read_row(row)?);
        }
        Ok(out)
    }

    /// About where the rows of a time begin: rows stand nearly in the order of time, so halving finds it without an index
    /// that every sample would pay for. Ten seconds early, for samples that came home late.
    fn first_row(&self, since: i64) -> rusqlite::Result<i64> {
        let (mut low, mut high): (i64, i64) =
            self.conn.query_row("SELECT coalesce(min(n), 0), coalesce(max(n), 0) + 1 FROM sample", [], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?;
        let mut at = self.conn.prepare("SELECT ms FROM sample WHERE n >= ?1 ORDER BY n LIMIT 1")?;
        while low < high {
            let middle = low + (high - low) / 2;
            let ms: Option<i64> = at.query_row([middle], |r| r.get(0)).optional()?;
            if ms.is_some_and(|ms| ms < since - 10_000) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Thins or drops one slice of what is old; says what was done.
    pub fn trim(&mut self, now: DateTime<Utc>) -> rusqlite::Result<Trimmed> {
        let cutoff = (now - RAW).timestamp_millis();
        let oldest: Option<i64> =
            self.conn.query_row("SELECT ms FROM sample ORDER BY n LIMIT 1", [], |r| r.get(0)).optional()?;
        let pages = |name| self.conn.pragma_query_value(None, name, |r| r.get::<_, i64>(0));
        let used = (pages("page_count")? - pages("freelist_count")?) * pages("page_size")?;
        if oldest.is_some_and(|ms| ms < cutoff) {
            self.thin(cutoff)?;
            return Ok(Trimmed::Thinned);
        }
        if used > CAP {
            let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let gone = tx.execute(
                "DELETE FROM coarse WHERE (ms, series) IN (SELECT ms, series FROM coarse ORDER BY ms LIMIT ?1)",
                [SLICE],
            )?;
            if gone == 0 {
                tx.execute("DELETE FROM sample WHERE n IN (SELECT n FROM sample ORDER BY n LIMIT ?1)", [SLICE])?;
            }
            tx.commit()?;
            return Ok(Trimmed::Dropped);
        }
        Ok(Trimmed::Nothing)
    }

    fn thin(&mut self, cutoff: i64) -> rusqlite::Result<()> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // The slice ends before the first row that is young enough, or after SLICE rows.
        let end: i64 = tx.query_row(
            "SELECT coalesce(max(n), 0) FROM (SELECT n FROM sample WHERE ms < ?1 ORDER BY n LIMIT ?2)",
            [cutoff, SLICE],
            |r| r.get(0),
        )?;
        // Of a service the time it took, in µs; of a metric its value.
        tx.execute(
            "INSERT INTO coarse SELECT series, ms / ?3 * ?3, count(*), min(v), max(v), total(v), max(kind) FROM \
             (SELECT series, ms, kind, iif(kind >= 4, value, took * 1.0) AS v FROM sample WHERE n <= ?1 AND ms < ?2) \
             WHERE v IS NOT NULL GROUP BY 1, 2 ON CONFLICT (ms, series) DO UPDATE SET count = count + excluded.count, \
             low = min(low, excluded.low), high = max(high, excluded.high), total = total + excluded.total, \
             worst = max(worst, excluded.worst)",
            params![end, cutoff, COARSE_MS],
        )?;
        tx.execute("DELETE FROM sample WHERE n <= ?1 AND ms < ?2", [end, cutoff])?;
        tx.commit()
    }
}

/// What [`Tape::trim`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trimmed {
    /// Nothing was old.
    Nothing,
    /// A slice was thinned to 10 s.
    Thinned,
    /// The cap was reached, and the oldest went.
    Dropped,
}

fn read_lease(conn: &Connection) -> rusqlite::Result<Option<Lease>> {
    let mut read = conn.prepare_cached("SELECT epoch, holder, person, role, renewed, boot, given_back FROM lease")?;
    read.query_row([], |row| {
        Ok(Lease {
            epoch: row.get::<_, i64>(0)?.cast_unsigned(),
            holder: Uuid::from_bytes(row.get(1)?),
            author: Author {
                person: Untrusted::new(row.get::<_, String>(2)?),
                role: row.get::<_, Option<String>>(3)?.map(Untrusted::new),
            },
            renewed: row.get(4)?,
            boot: row.get(5)?,
            given_back: row.get(6)?,
        })
    })
    .optional()
}

fn series_id(tx: &Transaction<'_>, kind: u8, name: &str) -> rusqlite::Result<i64> {
    tx.execute("INSERT OR IGNORE INTO series (kind, name) VALUES (?1, ?2)", params![kind, name])?;
    tx.query_row("SELECT id FROM series WHERE kind = ?1 AND name = ?2", params![kind, name], |r| r.get(0))
}
