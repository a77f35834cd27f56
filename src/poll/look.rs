//! A look at a file on a thread of its own: a file system that hangs costs the one probe that asked it, and no pool of threads.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;

use chrono::{DateTime, Utc};
use nix::fcntl::OFlag;
use tokio::sync::oneshot;

use crate::probe::Outcome;
use crate::secret::{Filled, MASK};

/// A folder with more entries than this is not searched for its newest file.
const ENTRIES: usize = 10_000;
/// A secret in a file is not longer than this many bytes.
const SECRET: u64 = 64 * 1024;

/// What was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// When it was written last.
    pub(super) written: DateTime<Utc>,
    /// What is in it, where that was asked; shown as `***`.
    pub(super) text: Filled,
}

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// When a file, or the newest file of a folder, was written; nothing is opened and no link followed.
    Written,
    /// The text of a file; links are followed, for that is how Kubernetes mounts secrets.
    Text,
}

/// The looks of one probe: one at a time, however long it takes.
#[derive(Debug, Default)]
pub(super) struct Looks {
    under_way: Option<oneshot::Receiver<Result<Seen, Outcome>>>,
}

impl Looks {
    /// Looks once. Cancelled by the caller's deadline, the look goes on, and until it is back there is no other.
    pub(super) async fn look(&mut self, path: &str, want: Want) -> Result<Seen, Outcome> {
        let lost = |why: &str| Err(Outcome::NoData(why.to_owned()));
        if let Some(before) = &mut self.under_way
            && matches!(before.try_recv(), Err(oneshot::error::TryRecvError::Empty))
        {
            return lost("the file system has not answered the last look yet");
        }
        let (tx, rx) = oneshot::channel();
        let under_way = self.under_way.insert(rx);
        let path = path.to_owned();
        let look = move || {
            let path = Path::new(&path);
            // Fails only when nobody waits any more.
            let _ = tx.send(match want {
                Want::Written => written(path),
                Want::Text => text(path),
            });
        };
        if thread::Builder::new().name("look".to_owned()).spawn(look).is_err() {
            return lost("no thread was free for a look at the file");
        }
        let seen = under_way.await.unwrap_or_else(|_| lost("the look at the file broke"));
        self.under_way = None;
        seen
    }
}

fn written(path: &Path) -> Result<Seen, Outcome> {
    let found = fs::symlink_metadata(path).map_err(|e| trouble(&e))?;
    let kind = found.file_type();
    if kind.is_symlink() {
        return Err(Outcome::NoData("it is a link, and none is followed: name the file it leads to".to_owned()));
    }
    if kind.is_dir() {
        return newest(path);
    }
    if !kind.is_file() {
        return Err(Outcome::NoData("it is neither a file nor a folder".to_owned()));
    }
    seen(&found, Filled::default())
}

/// The file written last among those that stand in a folder itself.
fn newest(folder: &Path) -> Result<Seen, Outcome> {
    let mut newest: Option<Seen> = None;
    for (n, entry) in fs::read_dir(folder).map_err(|e| trouble(&e))?.enumerate() {
        if n >= ENTRIES {
            return Err(Outcome::NoData(format!("the folder has more than {ENTRIES} entries")));
        }
        // One that went meanwhile is not the newest.
        let Ok(found) = entry.and_then(|entry| entry.metadata()) else { continue };
        if found.is_file()
            && let Ok(seen) = seen(&found, Filled::default())
            && newest.as_ref().is_none_or(|n| n.written < seen.written)
        {
            newest = Some(seen);
        }
    }
    newest.ok_or_else(|| Outcome::Fail("the folder holds no file".to_owned()))
}

fn text(path: &Path) -> Result<Seen, Outcome> {
    let no_file = || Outcome::NoData("it is no file".to_owned());
    // Before it is opened: a device may act on that.
    if !fs::metadata(path).map_err(|e| trouble(&e))?.is_file() {
        return Err(no_file());
    }
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).map_err(|e| trouble(&e))?;
    let found = file.metadata().map_err(|e| trouble(&e))?;
    if !found.is_file() {
        return Err(no_file());
    }
    let mut bytes = Vec::new();
    file.take(SECRET + 1).read_to_end(&mut bytes).map_err(|e| trouble(&e))?;
    if bytes.len() as u64 > SECRET {
        return Err(Outcome::NoData("it is over 64 KiB, which is no secret".to_owned()));
    }
    seen(&found, Filled::new(String::from_utf8_lossy(&bytes), MASK))
}

fn seen(found: &Metadata, text: Filled) -> Result<Seen, Outcome> {
    found.modified().map(|at| Seen { written: at.into(), text }).map_err(|e| trouble(&e))
}

fn trouble(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::NotFound => Outcome::Fail("it is missing".to_owned()),
        io::ErrorKind::PermissionDenied => Outcome::NoData("this person may not look at it".to_owned()),
        io::ErrorKind::NotADirectory => Outcome::Fail("it is missing: part of its path is no folder".to_owned()),
        _ => Outcome::NoData("the file system cannot say".to_owned()),
    }
}
