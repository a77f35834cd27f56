//! What a run leaves in its folder for whoever comes later: who began it, that it began, how it ended.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::End;

/// The file with the state of the run.
pub(super) const RECORD: &str = "record";
/// The file that says which process began it.
pub(super) const OWNER: &str = "owner";
/// A file of this name asks the shim to stop the run.
pub(super) const STOP: &str = "stop";
/// Its output.
pub(super) const OUTPUT: &str = "output";

/// Where a run stands, as its shim last wrote it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(super) enum Record {
    /// It was started.
    Began {
        /// The shim.
        shim: Process,
        /// The command's own process.
        pid: u32,
        /// Whether it stands still: somebody typed ctrl-z while it had the terminal.
        #[serde(default)]
        paused: bool,
    },
    /// It ended.
    Ended(Finish),
}

/// How a run ended, as its shim saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finish {
    /// How.
    pub end: End,
    /// Whether it was told to stop.
    pub stopped: Stopped,
    /// How long it ran, in milliseconds.
    pub took: u64,
    /// Processes that it left behind and that were ended.
    pub left: u32,
    /// Whether ❌ stood anywhere in its output.
    #[serde(default)]
    pub crossed: bool,
}

/// Whether a run was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// It ended by itself.
    No,
    /// By somebody.
    Asked,
    /// By its deadline.
    Deadline,
}

/// A process, told apart from a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pub pid: u32,
    /// When it began, in the kernel's ticks since boot.
    pub began: u64,
}

impl Process {
    /// The one with this number now.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // Behind the name, which may hold anything, stand the state and then numbers; the twentieth is the beginning.
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?;
        let began = fields.nth(18)?.parse().ok()?;
        (!matches!(state, "Z" | "X")).then_some(Self { pid, began })
    }

    pub(super) fn alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }
}

/// Writes a file at once or not at all.
pub(super) fn write(folder: &Path, name: &str, value: &impl Serialize) -> std::io::Result<()> {
    let bytes = serde_json::to_vec(value).map_err(std::io::Error::other)?;
    let new = folder.join(format!("{name}.new"));
    create(&new, &bytes)?;
    fs::rename(new, folder.join(name))
}

/// Writes a new file that only its owner can read.
pub(super) fn create(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}

/// Reads what [`write`] wrote; nothing where it is not there.
pub(super) fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Option<T> {
    serde_json::from_slice(&fs::read(folder.join(name)).ok()?).ok()
}
