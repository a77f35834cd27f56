//! The shim of a run: starts it once, keeps its output and its end in files, and outlives whoever gave the order.

use std::cell::Cell;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::record::{self, Finish, OUTPUT, Process, RECORD, Record, STOP, Stopped};
use super::{End, GRACE, Order, io_words, page, tree};

/// From one look for a wish to stop to the next.
const LOOK: Duration = Duration::from_millis(40);
/// From the interrupt to the polite end.
const INTERRUPT: Duration = Duration::from_secs(2);
/// What a command has started may end by itself for this long after it.
const SETTLE: Duration = Duration::from_millis(100);

/// Carries an order out to its end. The record says first that it began, and last how it ended; without the second nobody
/// knows.
#[expect(clippy::disallowed_methods, reason = "the shim measures how long the run takes")]
pub(super) fn carry_out(order: Order, folder: &Path) -> ExitCode {
    let begun = Instant::now();
    let crossed = Cell::new(false);
    let finish = |end, stopped, left| {
        let crossed = crossed.get();
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let said = record::write(folder, RECORD, &Record::Ended(Finish { end, stopped, took, left, crossed }));
        if said.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    };
    let deadline = Duration::from_millis(order.deadline_ms);
    let (mut child, output) = match start(order) {
        Ok(started) => started,
        Err(e) => return finish(End::NotStarted(io_words(&e).to_owned()), Stopped::No, 0),
    };
    let id = child.id();
    let Ok(raw) = i32::try_from(id) else {
        return finish(End::Lost("its id is out of range".to_owned()), Stopped::No, 0);
    };
    let pid = Pid::from_raw(raw);
    let shim = Process::of(std::process::id()).ok_or(io::Error::from(io::ErrorKind::NotFound));
    if shim.and_then(|shim| record::write(folder, RECORD, &Record::Began { shim, pid: id, paused: false })).is_err() {
        // What nobody can find, nobody can stop: it does not go on.
        tree::end(pid, Duration::ZERO);
        let _ = child.wait();
        return ExitCode::FAILURE;
    }
    let path = folder.join(OUTPUT);
    let (kept, drained) = sync_channel(1);
    thread::spawn(move || kept.send(page::write(output, &path)));
    let (tx, ended) = sync_channel(1);
    thread::spawn(move || tx.send(child.wait()));
    let (status, stopped, left) = loop {
        match ended.recv_timeout(LOOK) {
            Ok(status) => break (Some(status), Stopped::No, sweep(pid)),
            Err(RecvTimeoutError::Disconnected) => break (None, Stopped::No, 0),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let stopped = if folder.join(STOP).exists() {
            Stopped::Asked
        } else if begun.elapsed() >= deadline {
            Stopped::Deadline
        } else {
            continue;
        };
        break (stop(pid, &ended), stopped, 0);
    };
    // With the tree dead the pipe is at its end; the bound is for a process that nobody can kill.
    crossed.set(drained.recv_timeout(Duration::from_millis(500)).is_ok_and(|read| read.unwrap_or(false)));
    finish(ending(status.as_ref()), stopped, left)
}

/// Starts the command; both of its streams are one pipe, so that the order of its words is kept.
fn start(order: Order) -> io::Result<(std::process::Child, io::PipeReader)> {
    let Some((program, args)) = order.argv.split_first() else { return Err(io::ErrorKind::NotFound.into()) };
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(program);
    command.args(args).envs(order.env).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    if let Some(dir) = order.dir {
        command.current_dir(dir);
    }
    Ok((command.spawn()?, reader))
}

/// Interrupts the whole tree, ends it politely, then for certain.
fn stop(pid: Pid, ended: &Receiver<io::Result<ExitStatus>>) -> Option<io::Result<ExitStatus>> {
    tree::tell(Signal::SIGINT);
    let status = ended.recv_timeout(INTERRUPT).ok();
    tree::end(pid, GRACE);
    status.or_else(|| ended.recv_timeout(Duration::from_millis(500)).ok())
}

/// Ends what a command left behind, and counts it: nothing runs on that nobody answers for.
fn sweep(pid: Pid) -> u32 {
    for _ in 0..SETTLE.as_millis() / 10 {
        if tree::living() == 0 {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let left = tree::living();
    tree::end(pid, if left > 0 { GRACE } else { Duration::ZERO });
    u32::try_from(left).unwrap_or(u32::MAX)
}

fn ending(status: Option<&io::Result<ExitStatus>>) -> End {
    match status {
        Some(Ok(status)) => match (status.code(), status.signal()) {
            (Some(code), _) => End::Exit(code),
            (None, Some(signal)) => End::Signal(signal),
            (None, None) => End::Lost("it ended without a status".to_owned()),
        },
        Some(Err(_)) => End::Lost("its end could not be read".to_owned()),
        None => End::Lost("it could not be ended".to_owned()),
    }
}
