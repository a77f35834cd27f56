//! Reading the plan anew beside the loop: its commands and files take their time, and the loop never waits for them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::origin::Origin;
use super::setup::Setup;
use crate::plan::Loaded;
use crate::room::Book;
use crate::task;

/// What is to be read.
#[derive(Debug)]
pub enum Wanted {
    /// The files changed: everything.
    Files {
        /// The plan, or the runbook where there is none.
        path: PathBuf,
        /// What was answered to its parameters.
        answers: BTreeMap<String, String>,
    },
    /// Only the answers changed: the plan in force is made with these.
    Answers(Again),
}

/// The plan in force, to be made with other answers.
#[derive(Debug)]
pub struct Again {
    /// What it is made from.
    pub origin: Origin,
    /// The runbooks in force.
    pub book: Arc<Book>,
    /// What was answered.
    pub answers: BTreeMap<String, String>,
}

/// What was read.
#[derive(Debug)]
pub enum Read {
    /// Plan and runbooks from their files.
    Files(anyhow::Result<Box<Setup>>),
    /// The plan with other answers, and what it was made from.
    Answers(Box<Loaded>, Again),
    /// The reading itself broke; how.
    Broken(String),
}

/// One reading at a time. What is asked for meanwhile is asked once more behind it, so the newest wins.
#[derive(Debug)]
pub struct Reread {
    out: mpsc::Sender<Read>,
    busy: bool,
    /// Files changed since the last reading of them began.
    pub files_changed: bool,
}

impl Reread {
    /// Nothing to read yet; what is read comes on `out`, which holds one.
    pub fn new(out: mpsc::Sender<Read>) -> Self {
        Self { out, busy: false, files_changed: false }
    }

    /// Whether a reading may begin.
    pub fn free(&self) -> bool {
        !self.busy
    }

    /// What was read came home.
    pub fn came_home(&mut self) {
        self.busy = false;
    }

    /// Begins a reading.
    pub fn begin(&mut self, wanted: Wanted) {
        self.busy = true;
        let out = self.out.clone();
        let read = move || match wanted {
            Wanted::Files { path, answers } => Read::Files(Setup::read_answered(Some(&path), &answers).map(Box::new)),
            Wanted::Answers(again) => {
                let loaded = again.origin.plan(&again.book.runbooks, &again.answers);
                Read::Answers(Box::new(loaded), again)
            }
        };
        task::blocking("reread", read, move |read| {
            // One reading at a time, so there is room; nobody listens any more only when the loop has ended.
            let _ = out.try_send(read.unwrap_or_else(|panic| Read::Broken(panic.message)));
        });
    }
}
