//! Remembering: takes drafts, makes them durable in SQLite, gives entries; shares the file with other processes.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::fact::{Author, Draft, Entry};
use crate::probe::Sample;

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
    /// Never write; for readers.
    pub read_only: bool,
}

/// What the journal tells the loop, in order.
#[derive(Debug)]
pub enum Event {
    /// Entries that became durable, this process's and others', in the file's order; each exactly once per process.
    Entries(Vec<Arc<Entry>>),
    /// The past has been read up to here.
    Loaded,
    /// These drafts could not be written; they are kept and tried again. Why.
    NotSaved(Vec<Uuid>, String),
    /// Writing works again, after the file was opened anew and verified.
    Recovered,
    /// The watch lease: this process holds it with this epoch.
    WatchHeld(u64),
    /// Another process holds it: epoch and who.
    WatchElsewhere(u64, Option<Author>),
    /// Nobody holds it (only told to those who may not take it).
    WatchNobody,
    /// Samples from the tape that the watch wrote; only while this process is not the watch, and once at start
    /// (the past, to refill charts).
    Samples(Vec<TapedSample>),
}

/// A sample as it stands on the tape, by name so that it survives a change of plan.
#[derive(Clone, Debug)]
pub struct TapedSample {
    /// Service or source name, as [`crate::probe::Probe::name`].
    pub name: String,
    /// The sample; its `probe` and indices are to be looked up by name, its `at.mono` is worthless.
    pub sample: Sample,
}

/// A handle to the journal's thread.
#[derive(Clone, Debug)]
pub struct Journal {
    tx: mpsc::Sender<Ask>,
}

/// What the loop asks of the journal.
#[derive(Debug)]
pub enum Ask {
    /// Record; comes back as [`Event::Entries`] or [`Event::NotSaved`].
    Append(Vec<Draft>),
    /// Put samples on the tape (the watch only).
    Tape(Vec<TapedSample>),
    /// Give the lease back, flush, close; the sender is told when done.
    Close(tokio::sync::oneshot::Sender<()>),
}

impl Journal {
    /// Hands something to the journal's thread; `Err` gives it back when the lane is full.
    pub fn ask(&self, ask: Ask) -> Result<(), Box<Ask>> {
        self.tx.try_send(ask).map_err(|e| match e {
            mpsc::error::TrySendError::Full(ask) | mpsc::error::TrySendError::Closed(ask) => Box::new(ask),
        })
    }
}
