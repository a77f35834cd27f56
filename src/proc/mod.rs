//! Children under their shim: own session, deadline, bounded output, and nothing left when they end.
//!
//! A command never starts directly: this program starts itself again as a small shim (`warroom __child`), hands it the
//! [`Spec`] over a pipe (never in argv or environment), and reads one [`Ran`] back. The shim makes its own session, is the
//! subreaper of whatever the command leaves behind, drains and bounds the output, and kills the whole tree at the deadline,
//! at the end of the command, and when this program goes away. The runs of a step's commands ([mod@run]) stay when it goes away.

use std::io;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::secret::Filled;

mod kept;
mod leader;
pub mod lent;
mod page;
mod record;
pub mod run;
mod shim;
mod tree;

pub use kept::Kept;
pub use record::{Finish, Stopped};

/// The hidden first argument under which this program is a shim.
pub const SHIM: &str = "__child";
/// Behind [`SHIM`]: the command is to have the terminal.
const LENT: &str = "terminal";
/// Of each output stream this many bytes are kept: half from its begin, half from its end.
pub const KEEP: usize = 64 * 1024;
/// From the polite signal to the one that nobody can ignore; a tree is gone within 2 s of its deadline.
pub const GRACE: Duration = Duration::from_millis(1_500);
/// After this much more than the deadline and its grace the shim itself is given up.
const SHIM_LATE: Duration = Duration::from_secs(1);
/// Variables that every child gets.
const ALWAYS: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// What to run.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Program and arguments; never through a shell.
    pub argv: Vec<Filled>,
    /// Variables beside PATH, HOME, LANG, TZ and TERM=dumb.
    pub env: Vec<(String, Filled)>,
    /// Where; the own folder when not given.
    pub dir: Option<PathBuf>,
    /// The shim; this program when not given.
    pub shim: Option<PathBuf>,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// Standard output, bounded.
    pub stdout: Kept,
    /// Standard error, bounded.
    pub stderr: Kept,
}

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// By itself, with this status.
    Exit(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// Killed at its deadline.
    Deadline,
    /// It could not be started; why, in words.
    NotStarted(String),
    /// Nobody knows: the shim broke, or was killed.
    Lost(String),
}

/// What the shim is told: one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    dir: Option<PathBuf>,
    deadline_ms: u64,
    /// Where a run that outlives this program keeps its output and its end; nothing for what is answered over the pipe.
    #[serde(default)]
    folder: Option<PathBuf>,
}

/// What the shim tells: one line of JSON, then the kept bytes of both streams.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    end: End,
    out: kept::Lengths,
    err: kept::Lengths,
}

/// Runs a child to its end, or to its death `deadline` from now; never longer than `deadline` + 2 s unless the machine itself
/// hangs. Dropping the future kills the child's whole tree. Needs a runtime with I/O and time.
pub async fn run(spec: &Spec, deadline: Duration) -> Ran {
    match under_shim(spec, deadline).await {
        Ok(ran) => ran,
        Err(end) => Ran { end, stdout: Kept::default(), stderr: Kept::default() },
    }
}

/// The shim's `main`: `args` are those after [`SHIM`]. Call it before anything else is opened or started.
pub fn child_main() -> ExitCode {
    shim::main()
}

async fn under_shim(spec: &Spec, deadline: Duration) -> Result<Ran, End> {
    let order = Order {
        argv: spec.argv.iter().map(|a| a.expose().to_owned()).collect(),
        env: spec.env.iter().map(|(k, v)| (k.clone(), v.expose().to_owned())).collect(),
        dir: spec.dir.clone(),
        deadline_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
        folder: None,
    };
    let mut order = serde_json::to_vec(&order).map_err(|e| End::NotStarted(e.to_string()))?;
    order.push(b'\n');
    let mut shim = start(spec).map_err(|e| End::NotStarted(format!("cannot start the shim: {}", io_words(&e))))?;
    let lost = || End::Lost("lost its shim".to_owned());
    // The pipe stays open while this future lives: when it closes, the shim kills everything and goes.
    let mut to_shim = shim.stdin.take().ok_or_else(lost)?;
    let from_shim = shim.stdout.take().ok_or_else(lost)?;
    let talk = async {
        to_shim.write_all(&order).await?;
        let mut answer = Vec::new();
        let bound = (2 * KEEP + 8 * 1024) as u64;
        from_shim.take(bound).read_to_end(&mut answer).await?;
        io::Result::Ok(answer)
    };
    let answer = tokio::time::timeout(deadline + GRACE + SHIM_LATE, talk).await;
    let answer = match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => return Err(lost()),
        Err(_) => {
            // Only a shim that is stopped or starved gets here; without it nobody can find what it left.
            let _ = shim.start_kill();
            return Err(End::Lost("its shim did not answer and was killed".to_owned()));
        }
    };
    let _ = shim.wait().await;
    read_answer(&answer).ok_or_else(lost)
}

fn start(spec: &Spec) -> io::Result<Child> {
    let path = match &spec.shim {
        Some(path) => path.clone(),
        None => std::env::current_exe()?,
    };
    Command::new(path)
        .arg(SHIM)
        .env_clear()
        .envs(ALWAYS.iter().filter_map(|k| std::env::var_os(k).map(|v| (*k, v))))
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

fn read_answer(bytes: &[u8]) -> Option<Ran> {
    let line = bytes.iter().position(|b| *b == b'\n')?;
    let (head, body) = bytes.split_at(line);
    let answer: Answer = serde_json::from_slice(head).ok()?;
    let body = body.get(1..)?;
    let (out, err) = body.split_at_checked(answer.out.stored())?;
    Some(Ran { end: answer.end, stdout: Kept::from_wire(answer.out, out)?, stderr: Kept::from_wire(answer.err, err)? })
}

/// An I/O error in a few words of our own.
pub fn io_words(error: &io::Error) -> &'static str {
    use io::ErrorKind as K;
    match error.kind() {
        K::NotFound => "not found",
        K::PermissionDenied => "not permitted",
        K::ArgumentListTooLong => "its arguments are too long",
        K::WouldBlock | K::OutOfMemory => "the machine is out of resources",
        K::ExecutableFileBusy => "the file is being written",
        K::IsADirectory => "it is a folder",
        _ => match error.raw_os_error() {
            Some(24 | 23) => "no file descriptor is free",
            Some(8) => "it is no program",
            _ => "the system refused",
        },
    }
}
