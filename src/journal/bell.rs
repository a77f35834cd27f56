//! The bell: a small file written after each commit, so that other processes look at once instead of asking again and again.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::SyncSender;

use nix::fcntl::{Flock, FlockArg};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::place::{self, Mode};
use super::{JournalError, Order};
use crate::fact::Hash;

/// A bell to ring. Whoever has it open holds a shared lock: a damaged file is set aside only by who is alone.
#[derive(Debug)]
pub struct Bell {
    file: Flock<File>,
}

impl Bell {
    /// Opens it, made where missing.
    pub fn open(path: &Path, mode: Mode) -> Result<Self, JournalError> {
        let file = place::create(path, mode)?;
        let file =
            Flock::lock(file, FlockArg::LockShared).map_err(|(_, e)| place::io("cannot lock", path, e.into()))?;
        Ok(Self { file })
    }

    /// Says how far the file goes. In one write, so that a reader sees either the old or the new line.
    pub fn ring(&self, entries: u64, head: Hash) {
        // A bell that cannot be rung costs time, never an entry: others look by themselves now and then.
        let _ = self.file.write_all_at(format!("{entries:020} {head}\n").as_bytes(), 0);
    }

    /// Makes the lock exclusive; `false` when another process has the file open.
    pub fn alone(&self) -> bool {
        self.file.relock(FlockArg::LockExclusiveNonblock).is_ok()
    }

    /// Makes the lock shared again.
    pub fn shared(&self) {
        let _ = self.file.relock(FlockArg::LockShared);
    }

    /// After a new start: nothing has been recorded.
    pub fn reset(&self) {
        let _ = self.file.set_len(0);
    }
}

/// What a bell says: how many entries were durable when it was last rung, and the hash of the last of them.
pub fn heard(path: &Path) -> Option<(u64, String)> {
    let mut text = String::new();
    File::open(path).ok()?.take(128).read_to_string(&mut text).ok()?;
    let (entries, head) = text.strip_suffix('\n')?.split_once(' ')?;
    Some((entries.parse().ok()?, head.to_owned()))
}

/// Listens to a bell until it is dropped.
#[derive(Debug)]
pub struct Ear {
    _watcher: RecommendedWatcher,
}

impl Ear {
    /// `None` where the system has no watches left: then one has to look by oneself.
    pub fn listen(path: &Path, tell: SyncSender<Order>) -> Option<Self> {
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|e| matches!(e.kind, EventKind::Modify(_))) {
                // A full lane is being worked on, and its end looks at the file anyway.
                let _ = tell.try_send(Order::Bell);
            }
        })
        .ok()?;
        watcher.watch(path, RecursiveMode::NonRecursive).ok()?;
        Some(Self { _watcher: watcher })
    }
}
