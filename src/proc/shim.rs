//! The shim: a second start of this program that runs one command and answers for all it leaves behind.

use std::fs;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Pid;

use super::kept::{Kept, drain};
use super::{Answer, End, GRACE, Order, io_words, tree};

/// What ends the waiting.
enum Woken {
    /// The command came to its end.
    Ended(io::Result<ExitStatus>),
    /// Who gave the order has gone, or wants no answer any more.
    Abandoned,
}

pub(super) fn main() -> ExitCode {
    close_inherited();
    umask(Mode::from_bits_truncate(0o077));
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    // The war room raises its own limit; programs that use select() break above 1,024.
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard.min(1_024), hard);
    }
    let lent = std::env::args_os().nth(2).is_some_and(|word| word == super::LENT);
    if !lent {
        // Fails only for the leader of a group, which a fresh child is not.
        let _ = nix::unistd::setsid();
    }
    if nix::sys::prctl::set_child_subreaper(true).is_err() {
        return ExitCode::FAILURE;
    }
    let mut line = String::new();
    let mut stdin = io::stdin().lock();
    if stdin.read_line(&mut line).is_err() {
        return ExitCode::FAILURE;
    }
    drop(stdin);
    let Ok(order) = serde_json::from_str::<Order>(&line) else { return ExitCode::FAILURE };
    if let Some(folder) = order.folder.clone() {
        return if lent { super::lent::carry_out(order, &folder) } else { super::leader::carry_out(order, &folder) };
    }
    let (end, out, err) = carry_out(order);
    let answer = Answer { end, out: out.lengths(), err: err.lengths() };
    let Ok(head) = serde_json::to_string(&answer) else { return ExitCode::FAILURE };
    let mut stdout = io::stdout().lock();
    let mut say = || -> io::Result<()> {
        writeln!(stdout, "{head}")?;
        for part in [&out.head, &out.tail, &err.head, &err.tail] {
            stdout.write_all(part)?;
        }
        stdout.flush()
    };
    if say().is_err() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn carry_out(order: Order) -> (End, Kept, Kept) {
    let nothing = |end| (end, Kept::default(), Kept::default());
    let Some((program, args)) = order.argv.split_first() else {
        return nothing(End::NotStarted("no program is named".to_owned()));
    };
    let mut command = Command::new(program);
    command.args(args).envs(order.env).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(dir) = order.dir {
        command.current_dir(dir);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(e) => return nothing(End::NotStarted(io_words(&e).to_owned())),
    };
    // The command keeps its copy of order and environment; this one is dropped with it.
    drop(command);
    let Ok(raw) = i32::try_from(child.id()) else { return nothing(End::Lost("its id is out of range".to_owned())) };
    let pid = Pid::from_raw(raw);
    let drained = (child.stdout.take().map(drain_aside), child.stderr.take().map(drain_aside));

    let (tx, woken) = sync_channel(4);
    let gone = tx.clone();
    thread::spawn(move || watch_owner(&gone));
    thread::spawn(move || tx.send(Woken::Ended(child.wait())));
    let deadline = Duration::from_millis(order.deadline_ms);
    let end = match woken.recv_timeout(deadline) {
        Ok(Woken::Ended(Ok(status))) => {
            // What the command left behind is no part of the answer.
            tree::end(pid, Duration::ZERO);
            match (status.code(), status.signal()) {
                (Some(code), _) => End::Exit(code),
                (None, Some(signal)) => End::Signal(signal),
                (None, None) => End::Lost("it ended without a status".to_owned()),
            }
        }
        Ok(Woken::Ended(Err(_))) => {
            tree::end(pid, Duration::ZERO);
            End::Lost("its end could not be read".to_owned())
        }
        Ok(Woken::Abandoned) => {
            tree::end(pid, GRACE);
            End::Lost("nobody wanted its answer any more".to_owned())
        }
        Err(_) => {
            tree::end(pid, GRACE);
            End::Deadline
        }
    };
    let (out, err) = drained;
    (end, collect(out), collect(err))
}

fn drain_aside(stream: impl io::Read + Send + 'static) -> Receiver<Kept> {
    let (tx, rx) = sync_channel(1);
    thread::spawn(move || tx.send(drain(stream)));
    rx
}

/// With the tree dead the pipe is at its end at once; the bound is for a process nobody can kill (in a stuck system call).
fn collect(from: Option<Receiver<Kept>>) -> Kept {
    from.and_then(|rx| rx.recv_timeout(Duration::from_millis(300)).ok()).unwrap_or_default()
}

/// Waits until the order's pipe closes: who gave it has gone.
fn watch_owner(gone: &SyncSender<Woken>) {
    let mut byte = [0_u8; 1];
    while let Ok(1) = io::stdin().lock().read(&mut byte) {}
    let _ = gone.send(Woken::Abandoned);
}

/// Closes whatever descriptors this program inherited beside 0, 1 and 2. Nothing of our own is open yet.
fn close_inherited() {
    let Ok(list) = fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> = list.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect();
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        let _ = nix::unistd::close(fd);
    }
}
