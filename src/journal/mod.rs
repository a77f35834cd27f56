//! Remembering: takes drafts, makes them durable in SQLite, gives entries; shares the file with other processes.
//!
//! # Files
//!
//! Beside a journal `J` (all 0600, or 0660 with a group; the folder 0700 or 2770):
//!
//! | file | what |
//! |---|---|
//! | `J` | the entries: SQLite, WAL, `synchronous=FULL`; `application_id` `WROM`, `user_version` 1 |
//! | `J.bell` | one line, `<entries> <hash of the newest>`, written after each commit: other processes watch it, and a journal that holds fewer entries than its bell says has lost its tail |
//! | `J.tape` | samples and the watch lease: SQLite, WAL, `synchronous=NORMAL`; `application_id` `WTAP` |
//! | `J.tape.bell` | its bell |
//! | `J.runs/<run>/` | a command that runs: its script, who began it, its output and its end (0700); gone once its end is recorded |
//! | `J.damaged-…` | a journal that was found damaged, untouched; what still held was carried over |
//!
//! # Format of the journal, version 1
//!
//! ```sql
//! meta (key TEXT PRIMARY KEY, value INTEGER)     -- 'writer': random, below 2^53: whose chain this file continues
//! entry (n INTEGER PRIMARY KEY,                  -- place in this file, 1, 2, 3 …
//!        id BLOB UNIQUE,                         -- 16 bytes, the draft's uuid
//!        writer INTEGER, seq INTEGER,            -- whose chain, place in it from 1
//!        ms INTEGER, tick INTEGER,               -- the stamp
//!        person TEXT, role TEXT,                 -- who; role may be NULL
//!        body TEXT,                              -- the fact as JSON; at most 1 MiB
//!        prev BLOB, hash BLOB)                   -- 32 bytes each, see `Entry::compute_hash`
//! text (hash BLOB PRIMARY KEY, bytes BLOB)       -- runbooks as they were, by their SHA-256, which entries name; made when first needed
//! ```
//!
//! # Format of the tape, version 1
//!
//! ```sql
//! lease (one, epoch, holder, person, role, renewed, boot, given_back)  -- one row: who watches; renewed in ms since boot
//! series (id, kind, name)                        -- kind 0: a service, 1: a metric; by name, so a new plan finds it
//! sample (n, series, ms, took, kind, value, at, code, days, connect, wait, transfer, reason, version)   -- raw, 24 h; µs and ms
//! coarse (series, ms, count, low, high, total, worst)   -- older: each 10 s
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::clock::Pace;
use crate::fact::{Author, Draft, Entry};
use crate::probe::Sample;

mod bell;
mod chain;
mod connect;
mod error;
mod keeper;
mod place;
mod row;
mod salvage;
mod store;
mod tape;
mod taped;
mod texts;
mod verify;
mod watch;

pub use error::JournalError;
pub use place::{Located, locate, network_file_system, newest, unfinished};
pub use taped::{ASKED, to_tape};
pub use texts::kept_text;
pub use verify::{Chain, Entries, ExportError, Verified, VerifyError, export_jsonl, read_all, verify};

/// Asks that may wait for the journal's thread; more are handed back to the loop.
const JOURNAL_LANE: usize = 1024;
/// Batches of samples that may wait for the tape's thread; more are handed back (a lost sample is a gap in a chart).
const TAPE_LANE: usize = 256;

/// How to open a journal.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database file; created 0600 (0660 with a group) with its folder 0700 where missing.
    pub path: PathBuf,
    /// Group that shares it.
    pub group: Option<String>,
    /// Who this process acts for; written with the watch lease.
    pub author: Author,
    /// May this process hold the watch? A read-only process never does.
    pub may_watch: bool,
    /// Never write; for readers. A file that does not exist yet is waited for.
    pub read_only: bool,
    /// What stamps are made of; anything but the wall clock only in a rehearsal.
    pub pace: Pace,
}

/// What the journal tells the loop, in order.
#[derive(Debug)]
pub enum Event {
    /// Entries that became durable, this process's and others', in the file's order, at most 1,000 at once; each exactly
    /// once per process, but for a draft that was handed in again: its entry comes home again.
    Entries(Vec<Arc<Entry>>),
    /// The past has been read up to here.
    Loaded,
    /// These drafts could not be written; they are kept and tried again. Why. Without ids: nothing waits, but the journal
    /// cannot write.
    NotSaved(Vec<Uuid>, String),
    /// These drafts will never be written and are no longer kept. Why.
    Dropped(Vec<Uuid>, String),
    /// Writing works again, after the file was opened anew and verified.
    Recovered,
    /// The file was damaged: it lies untouched at `moved_to`, and a new one was begun with the entries whose chain holds.
    Quarantined {
        /// Where the damaged file lies now.
        moved_to: PathBuf,
        /// What was wrong with it.
        why: String,
        /// How many entries were carried over.
        carried: usize,
    },
    /// Something about the tape that people should know (it cannot be written, it was begun anew, its oldest part went).
    TapeTrouble(String),
    /// The watch lease: this process holds it with this epoch.
    WatchHeld(u64),
    /// Another process holds it: epoch and who.
    WatchElsewhere(u64, Option<Author>),
    /// Nobody holds it (only told to those who may not take it, or who just handed it over).
    WatchNobody,
    /// Samples from the tape that the watch wrote, oldest first, at most 1,000 at once; only while this process is not the
    /// watch, and once at start (the last hour, thinned to 5 s, to refill charts).
    Samples(Vec<TapedSample>),
}

/// A sample as it stands on the tape, by name so that it survives a change of plan.
#[derive(Clone, Debug)]
pub struct TapedSample {
    /// The service's name, or the metric's: one taped sample for each metric reading. [`to_tape`] makes them.
    pub name: String,
    /// The sample; its `probe` and indices are to be looked up by name (they read `u32::MAX`), its `at.mono` is worthless.
    pub sample: Sample,
}

/// A handle to the journal's two threads: one owns the journal, so that ticks never queue behind samples; one the tape.
#[derive(Clone, Debug)]
pub struct Journal {
    journal: SyncSender<Order>,
    tape: SyncSender<Order>,
}

/// What the loop asks of the journal.
#[derive(Debug)]
pub enum Ask {
    /// Record; comes back as [`Event::Entries`] or [`Event::NotSaved`].
    Append(Vec<Draft>),
    /// Keep these texts, each under its SHA-256; for [`kept_text`]. One that is there already costs nothing.
    Keep(Vec<Arc<[u8]>>),
    /// Put samples on the tape (the watch only).
    Tape(Vec<TapedSample>),
    /// Give the lease back, because this process will be stopped (Ctrl-Z); the sender is told when done. Who is not stopped
    /// after all may take it again two seconds later.
    HandOver(tokio::sync::oneshot::Sender<()>),
    /// Give the lease back, flush, close; the sender is told when done. Keep draining the events meanwhile.
    Close(tokio::sync::oneshot::Sender<()>),
}

/// What reaches one of the threads.
#[derive(Debug)]
enum Order {
    /// From the loop.
    Ask(Ask),
    /// The bell rang: look at the file.
    Bell,
    /// To the tape's thread: the journal has been read, and this is the newest epoch it names. The lease may be sought.
    Begin(u64),
    /// To the tape's thread: give back, flush, close.
    Stop(SyncSender<()>),
}

impl Journal {
    /// Hands something to the journal's threads; `Err` gives it back when the lane is full or the journal is closed.
    pub fn ask(&self, ask: Ask) -> Result<(), Box<Ask>> {
        let lane = match &ask {
            Ask::Tape(_) | Ask::HandOver(_) => &self.tape,
            Ask::Append(_) | Ask::Keep(_) | Ask::Close(_) => &self.journal,
        };
        lane.try_send(Order::Ask(ask)).map_err(|e| match e {
            TrySendError::Full(order) | TrySendError::Disconnected(order) => match order {
                Order::Ask(ask) => Box::new(ask),
                Order::Bell | Order::Begin(_) | Order::Stop(_) => Box::new(Ask::Tape(Vec::new())),
            },
        })
    }
}

/// Opens a journal: checks the place, makes the file and its schema where missing, starts the threads. The past and
/// everything after come through `out`, which the caller drains; when it is dropped the journal flushes and ends.
pub fn open(options: Options, out: mpsc::Sender<Event>) -> Result<Journal, JournalError> {
    connect::check_library()?;
    let mode = place::Mode::resolve(options.group.as_deref())?;
    let path = if options.read_only { place::canonical(&options.path)? } else { place::prepare(&options.path, mode)? };
    let options = Options { path, may_watch: options.may_watch && !options.read_only, ..options };

    let (journal, journal_rx) = std::sync::mpsc::sync_channel(JOURNAL_LANE);
    let (tape, tape_rx) = std::sync::mpsc::sync_channel(TAPE_LANE);
    let keeper = keeper::Keeper::new(&options, mode, out.clone(), journal.clone(), tape.clone())?;
    let watch = watch::WatchThread::new(&options, mode, out, tape.clone());
    start("journal", move || keeper.run(&journal_rx))?;
    start("tape", move || watch.run(&tape_rx))?;
    Ok(Journal { journal, tape })
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), JournalError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map(drop).map_err(|source| JournalError::Io {
        what: "cannot start a thread".to_owned(),
        path: PathBuf::new(),
        source,
    })
}

#[expect(clippy::disallowed_methods, reason = "the journal is an edge: entries get their stamp here")]
fn utc_now() -> DateTime<Utc> {
    Utc::now()
}

#[expect(clippy::disallowed_methods, reason = "the journal is an edge: deadlines of its own threads")]
fn instant_now() -> Instant {
    Instant::now()
}
