//! The shim of a run that has the terminal: in front of it while it runs, stopped by ctrl-z, ended when the war room is gone.
//!
//! It makes no session of its own, since the terminal belongs to this one; it leads a process group and puts that in the
//! foreground. The war room takes the terminal back when the record says that the run is paused or has ended.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgrp, setpgid, tcsetpgrp};
use tokio::signal::unix::{SignalKind, signal};

use super::record::{self, Finish, Process, RECORD, Record, STOP, Stopped};
use super::{End, GRACE, Order, io_words, tree};

/// From one look at the run to the next.
const LOOK: Duration = Duration::from_millis(20);
/// From the interrupt to the polite end.
const INTERRUPT: Duration = Duration::from_secs(2);

/// Carries an order out in front of the terminal.
#[expect(clippy::disallowed_methods, reason = "the shim measures how long the run takes")]
pub(super) fn carry_out(order: Order, folder: &Path) -> ExitCode {
    let begun = Instant::now();
    let finish = |end, stopped, left| {
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let said = record::write(folder, RECORD, &Record::Ended(Finish { end, stopped, took, left, crossed: false }));
        if said.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    };
    let deadline = Duration::from_millis(order.deadline_ms);
    // What the terminal sends to everybody in front of it is for the command. Caught and not ignored: what is ignored would be
    // ignored by the command too.
    let Ok(caught) = Caught::new() else { return ExitCode::FAILURE };
    let pid = match start(order) {
        Ok(pid) => pid,
        Err(why) => return finish(End::NotStarted(why), Stopped::No, 0),
    };
    let Ok(id) = u32::try_from(pid.as_raw()) else { return ExitCode::FAILURE };
    let Some(shim) = Process::of(std::process::id()) else { return ExitCode::FAILURE };
    let say = |paused| record::write(folder, RECORD, &Record::Began { shim, pid: id, paused });
    if say(false).is_err() {
        tree::end(pid, Duration::ZERO);
        return ExitCode::FAILURE;
    }
    let alone = owner_gone();
    let mut paused = false;
    loop {
        match waitpid(pid, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED)) {
            Ok(WaitStatus::Exited(_, code)) => return finish(End::Exit(code), Stopped::No, sweep(pid)),
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                return finish(End::Signal(signal as i32), Stopped::No, sweep(pid));
            }
            Ok(WaitStatus::Stopped(..)) => {
                if std::mem::replace(&mut paused, true) {
                    // It went on and stopped again between two looks: both have to be seen.
                    let _ = say(false);
                    thread::sleep(LOOK * 5);
                }
                // Unsaid, the terminal would stay with what stands still.
                if say(true).is_err() {
                    tree::tell(Signal::SIGCONT);
                }
            }
            Ok(WaitStatus::Continued(_)) if paused => {
                paused = false;
                let _ = say(false);
            }
            Err(nix::errno::Errno::ECHILD) => {
                return finish(End::Lost("its end could not be read".to_owned()), Stopped::No, 0);
            }
            _ => {}
        }
        if folder.join(STOP).exists() || begun.elapsed() >= deadline {
            let stopped = if begun.elapsed() >= deadline { Stopped::Deadline } else { Stopped::Asked };
            let end = stop(pid);
            return finish(end, stopped, 0);
        }
        if alone.load(Ordering::SeqCst) || caught.hung_up() {
            let why = if caught.hung_up() {
                "its terminal is gone"
            } else {
                "the war room is gone that gave it the terminal"
            };
            // Stopped processes hear nothing until they go on.
            tree::tell(Signal::SIGHUP);
            tree::tell(Signal::SIGCONT);
            tree::end(pid, GRACE);
            return finish(End::Lost(why.to_owned()), Stopped::No, 0);
        }
        thread::sleep(LOOK);
    }
}

/// Goes in front of the terminal, then starts the command there.
fn start(order: Order) -> Result<Pid, String> {
    let words = |e: &io::Error| io_words(e).to_owned();
    let Some((program, args)) = order.argv.split_first() else { return Err("no program is named".to_owned()) };
    let tty = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let tty = tty.map_err(|_| "this terminal is not the one that this session works at".to_owned())?;
    // Fails only for the leader of a session, which a child is not.
    let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    in_front(&tty).map_err(|e| format!("the terminal cannot be had: {}", e.desc()))?;
    let stream = || File::try_clone(&tty).map_err(|e| words(&e));
    let mut command = Command::new(program);
    command.args(args).envs(order.env).stdin(stream()?).stdout(stream()?).stderr(stream()?);
    if let Some(dir) = order.dir {
        command.current_dir(dir);
    }
    let child = command.spawn().map_err(|e| words(&e))?;
    i32::try_from(child.id()).map(Pid::from_raw).map_err(|_| "its id is out of range".to_owned())
}

/// Puts our process group in front of a terminal, from wherever it is. Who is behind may do so only while the signal that says
/// otherwise is blocked; it must not stay blocked, since children would have it so too.
fn in_front(tty: &File) -> nix::Result<()> {
    let mut held = SigSet::empty();
    held.add(Signal::SIGTTOU);
    held.thread_block()?;
    let got = tcsetpgrp(tty, getpgrp());
    held.thread_unblock()?;
    got
}

/// Interrupts the whole tree, ends it politely, then for certain.
#[expect(clippy::disallowed_methods, reason = "the bound is one of time")]
fn stop(pid: Pid) -> End {
    tree::tell(Signal::SIGINT);
    tree::tell(Signal::SIGCONT);
    let until = Instant::now() + INTERRUPT;
    let mut end = None;
    while end.is_none() && Instant::now() < until {
        thread::sleep(LOOK);
        end = ended(pid);
    }
    tree::end(pid, GRACE);
    end.or_else(|| ended(pid)).unwrap_or_else(|| End::Lost("it could not be ended".to_owned()))
}

fn ended(pid: Pid) -> Option<End> {
    match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(_, code)) => Some(End::Exit(code)),
        Ok(WaitStatus::Signaled(_, signal, _)) => Some(End::Signal(signal as i32)),
        _ => None,
    }
}

/// Ends what the command left behind, and counts it.
fn sweep(pid: Pid) -> u32 {
    let left = tree::living();
    tree::end(pid, if left > 0 { GRACE } else { Duration::ZERO });
    u32::try_from(left).unwrap_or(u32::MAX)
}

/// Becomes true when the pipe of the order closes: whoever gave it has gone.
fn owner_gone() -> Arc<AtomicBool> {
    let gone = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&gone);
    thread::spawn(move || {
        let mut byte = [0_u8; 1];
        while let Ok(1) = io::stdin().lock().read(&mut byte) {}
        flag.store(true, Ordering::SeqCst);
    });
    gone
}

/// Signals of the terminal, caught; the command starts with none of them caught.
struct Caught {
    hung_up: Arc<AtomicBool>,
    _runtime: tokio::runtime::Runtime,
}

impl Caught {
    fn new() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().build()?;
        let hung_up = Arc::new(AtomicBool::new(false));
        let mut hang_up = {
            let _inside = runtime.enter();
            for kind in [SignalKind::interrupt(), SignalKind::quit(), SignalKind::from_raw(Signal::SIGTSTP as i32)] {
                // The handler stays when nobody listens any more.
                drop(signal(kind)?);
            }
            signal(SignalKind::hangup())?
        };
        let flag = Arc::clone(&hung_up);
        runtime.spawn(async move {
            hang_up.recv().await;
            flag.store(true, Ordering::SeqCst);
        });
        Ok(Self { hung_up, _runtime: runtime })
    }

    fn hung_up(&self) -> bool {
        self.hung_up.load(Ordering::SeqCst)
    }
}

/// Puts a run's process group in front of the terminal again and lets it go on.
pub fn resume(shim: u32) -> io::Result<()> {
    let group = Pid::from_raw(i32::try_from(shim).map_err(io::Error::other)?);
    let tty = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let mut held = SigSet::empty();
    held.add(Signal::SIGTTOU);
    held.thread_block()?;
    let got = tcsetpgrp(&tty, group);
    held.thread_unblock()?;
    got?;
    nix::sys::signal::killpg(group, Signal::SIGCONT)?;
    Ok(())
}
