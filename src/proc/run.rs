//! Runs of a step's commands: begun once, watched through their folder, found again after a crash.
//!
//! Each run has a folder of its own (0700), and making it is what makes the run unique: who finds it there starts nothing.
//! The shim writes into it, the war room only reads; so a run goes on when the war room is gone, and whoever comes later reads
//! how it ended.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;
use uuid::Uuid;

use super::record::{self, Finish, OUTPUT, OWNER, Process, RECORD, Record, STOP};
use super::{ALWAYS, Kept, Order, SHIM, io_words, page};
use crate::task;

/// From one look into the folder to the next.
const LOOK: Duration = Duration::from_millis(40);
/// A run of which nothing is heard for this long after its beginning never began.
const SILENT: Duration = Duration::from_secs(3);

/// What to run.
#[derive(Clone, Debug)]
pub struct Job {
    /// Identity of the run.
    pub run: Uuid,
    /// The script, as it was shown.
    pub script: String,
    /// The script's file in the folder of the run.
    pub file: String,
    /// Program and arguments; the script's file, by its path, is among them.
    pub argv: Vec<String>,
    /// Where it runs.
    pub dir: PathBuf,
    /// Variables beside PATH, HOME, LANG, TZ and TERM=dumb, by name; those that are not set are left out.
    pub env: Vec<String>,
    /// When it is stopped at the latest.
    pub timeout: Duration,
    /// Whether the terminal is its while it runs.
    pub place: Place,
}

/// Where a run's input comes from and its output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nobody types, and what it writes is kept. It goes on when this program is gone.
    Apart,
    /// The terminal, which whoever begins it has left before. It ends with this program.
    Terminal,
}

/// What is heard of a run.
#[derive(Clone, Debug)]
pub struct News {
    /// Which.
    pub run: Uuid,
    /// What.
    pub what: Heard,
}

/// What is heard of a run.
#[derive(Clone, Debug)]
pub enum Heard {
    /// It goes on under this shim; said again when somebody else looks after it.
    Began(u32, Owner),
    /// It stands still, since ctrl-z was typed while it had the terminal; or it goes on again.
    Paused(bool),
    /// What it has written so far, and how much that was.
    Output(Kept, u64),
    /// It ended.
    Ended(Finish, Kept),
    /// It left no word of its end; why, and what it had written.
    Gone(String, Kept),
}

/// Who looks after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This process.
    Here,
    /// Another one, which is there.
    There,
    /// Nobody: whoever began it is gone.
    Gone,
}

/// A run that is watched. Dropping it ends the watching, never the run.
#[derive(Debug)]
pub struct Running {
    stop: SyncSender<()>,
}

impl Running {
    /// Asks the run to stop: interrupted, two seconds later ended politely, then for certain; within 6 s all of it is gone.
    pub fn stop(&self) {
        // One wish is enough.
        let _ = self.stop.try_send(());
    }
}

/// Begins a run in `folder`, which must not exist, and watches it. `out` is the lane: of output only the newest is sent, and
/// not when the lane is full; the end waits for room. Needs a runtime; never blocks.
pub fn begin(job: Job, folder: PathBuf, out: Sender<News>) -> Running {
    watched(job.run, folder, out, Some(job))
}

/// Watches a run that somebody began. Its end is told only when whoever began it is no longer there to tell it.
pub fn attach(run: Uuid, folder: PathBuf, out: Sender<News>) -> Running {
    watched(run, folder, out, None)
}

/// Removes what a run left, once its end is recorded. Takes as long as a few files do.
pub fn forget(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

/// The shim of a run, where it is known.
pub fn pid_of(folder: &Path) -> Option<u32> {
    match record::read(folder, RECORD)? {
        Record::Began { shim, .. } => Some(shim.pid),
        Record::Ended(_) => None,
    }
}

fn watched(run: Uuid, folder: PathBuf, out: Sender<News>, job: Option<Job>) -> Running {
    let (stop, wish) = sync_channel(1);
    let broken = out.clone();
    let body = move || {
        let own = job.is_some();
        let begun = job.map(|job| start(&job, &folder)).transpose();
        let (shim, failed) = match begun {
            Ok(shim) => (shim, None),
            Err(e) => (None, Some(e)),
        };
        let watch = Watch { run, folder, out, shim, own };
        match failed {
            Some(e) => watch.say(Heard::Gone(format!("not started: {e}"), Kept::default())),
            None => watch.watch(&wish),
        }
    };
    task::blocking("run", body, move |ended| {
        if let Err(panic) = ended {
            let what = Heard::Gone(format!("watching it broke: {}", panic.message), Kept::default());
            let _ = broken.try_send(News { run, what });
        }
    });
    Running { stop }
}

/// Makes the folder and starts the shim. The order goes over a pipe, never in argv or environment.
fn start(job: &Job, folder: &Path) -> Result<Child, String> {
    let words = |e: &io::Error| io_words(e).to_owned();
    if let Some(above) = folder.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(above).map_err(|e| words(&e))?;
    }
    DirBuilder::new().mode(0o700).create(folder).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => "this run was begun before".to_owned(),
        _ => words(&e),
    })?;
    let script = folder.join(&job.file);
    record::write(folder, OWNER, &Process::of(std::process::id())).map_err(|e| words(&e))?;
    record::create(&script, job.script.as_bytes()).map_err(|e| words(&e))?;
    let order = Order {
        argv: job.argv.clone(),
        env: job.env.iter().filter_map(|name| Some((name.clone(), std::env::var(name).ok()?))).collect(),
        dir: Some(job.dir.clone()),
        deadline_ms: u64::try_from(job.timeout.as_millis()).unwrap_or(u64::MAX),
        folder: Some(folder.to_owned()),
    };
    let mut order = serde_json::to_vec(&order).map_err(|e| e.to_string())?;
    order.push(b'\n');
    let program = std::env::current_exe().map_err(|e| words(&e))?;
    let mut command = Command::new(program);
    command.arg(SHIM);
    if job.place == Place::Terminal {
        command.arg(super::LENT);
    }
    let mut shim = command
        .env_clear()
        .envs(ALWAYS.iter().filter_map(|k| std::env::var_os(k).map(|v| (*k, v))))
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("cannot start the shim: {}", words(&e)))?;
    let mut pipe = shim.stdin.take();
    let told = pipe.as_mut().map_or(Err(io::ErrorKind::BrokenPipe.into()), |pipe| pipe.write_all(&order));
    told.map_err(|e| format!("cannot give the order: {}", words(&e)))?;
    // While it is open the shim knows that somebody is here to take the terminal back.
    shim.stdin = pipe.filter(|_| job.place == Place::Terminal);
    Ok(shim)
}

struct Watch {
    run: Uuid,
    folder: PathBuf,
    out: Sender<News>,
    shim: Option<Child>,
    own: bool,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "how long nothing was heard")]
    fn watch(mut self, wish: &Receiver<()>) {
        let since = Instant::now();
        let mut told = None;
        let mut still = false;
        let mut seen = false;
        let mut sent = 0;
        loop {
            match wish.recv_timeout(LOOK) {
                Ok(()) => drop(record::create(&self.folder.join(STOP), &[])),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.out.is_closed() {
                return;
            }
            let gone = self.shim_is_gone();
            let record = record::read::<Record>(&self.folder, RECORD);
            seen |= record.is_some();
            match record {
                Some(Record::Ended(finish)) if self.mine_to_tell() => {
                    if let Some(mut shim) = self.shim.take() {
                        let _ = shim.wait();
                    }
                    return self.say(Heard::Ended(finish, self.kept()));
                }
                Some(Record::Began { shim, pid, paused }) => {
                    if paused != still && self.out.try_send(News { run: self.run, what: Heard::Paused(paused) }).is_ok()
                    {
                        still = paused;
                    }
                    let owner = self.owner();
                    if told != Some(owner)
                        && self.out.try_send(News { run: self.run, what: Heard::Began(shim.pid, owner) }).is_ok()
                    {
                        told = Some(owner);
                    }
                    if let Some((total, kept)) = page::read(&self.folder.join(OUTPUT))
                        && total != sent
                        && self.out.try_send(News { run: self.run, what: Heard::Output(kept, total) }).is_ok()
                    {
                        sent = total;
                    }
                    // Its last word may have come between the two looks.
                    let ended = || matches!(record::read(&self.folder, RECORD), Some(Record::Ended(_)));
                    if !shim.alive() && !ended() && self.mine_to_tell() {
                        let state = if Process::of(pid).is_some() { "alive" } else { "dead" };
                        let why = format!("its shim is gone and left no word: pid {pid} {state}, exit ?");
                        return self.say(Heard::Gone(why, self.kept()));
                    }
                }
                // Whoever recorded its end has cleared its folder away.
                None if seen && !self.own => return,
                None if gone || self.shim.is_none() && since.elapsed() >= SILENT => {
                    if fs::symlink_metadata(&self.folder).is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied) {
                        // Somebody else's, on a shared host: they tell.
                        return;
                    }
                    if self.mine_to_tell() && record::read::<Record>(&self.folder, RECORD).is_none() {
                        let why = "nothing says that it ever started: pid ?, exit ?".to_owned();
                        return self.say(Heard::Gone(why, Kept::default()));
                    }
                }
                Some(Record::Ended(_)) | None => {}
            }
        }
    }

    fn shim_is_gone(&mut self) -> bool {
        self.shim.as_mut().is_some_and(|shim| matches!(shim.try_wait(), Ok(Some(_))))
    }

    fn owner(&self) -> Owner {
        match record::read::<Option<Process>>(&self.folder, OWNER).flatten() {
            _ if self.own => Owner::Here,
            Some(process) if process.alive() => Owner::There,
            _ => Owner::Gone,
        }
    }

    /// Whether nobody else is there who began it.
    fn mine_to_tell(&self) -> bool {
        self.owner() != Owner::There
    }

    fn kept(&self) -> Kept {
        page::read(&self.folder.join(OUTPUT)).map(|(_, kept)| kept).unwrap_or_default()
    }

    fn say(&self, what: Heard) {
        let _ = self.out.blocking_send(News { run: self.run, what });
    }
}
