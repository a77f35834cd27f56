//! Every process below this one: found by the kernel's own lists, signalled, reaped.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid};

/// From one look at the tree to the next.
const LOOK: Duration = Duration::from_millis(5);

/// Ends everything below this process: first politely (`grace` long, not at all when zero), then for certain.
/// `spared` is a direct child that somebody else reaps.
#[expect(clippy::disallowed_methods, reason = "a busy machine stretches a sleep; the bound is one of time")]
pub(super) fn end(spared: Pid, grace: Duration) {
    if !grace.is_zero() {
        for pid in below(getpid()) {
            let _ = kill(pid, Signal::SIGTERM);
        }
        let polite = Instant::now() + grace;
        while Instant::now() < polite {
            if reap(spared) {
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
    // A tree that forks while it dies is swept until nothing is found; every sweep leaves it fewer parents.
    let last = Instant::now() + Duration::from_millis(400);
    while Instant::now() < last {
        for pid in below(getpid()) {
            let _ = kill(pid, Signal::SIGKILL);
        }
        if reap(spared) {
            return;
        }
        std::thread::sleep(LOOK);
    }
}

/// Collects the dead among the direct children; true when there was none to collect and the spared one is dead.
fn reap(spared: Pid) -> bool {
    // In this order: children of whoever dies after a look come to us, so only a look after the death counts.
    let spared_is_dead = is_dead(spared);
    let mut others = false;
    for pid in children(getpid()).into_iter().filter(|pid| *pid != spared) {
        others = true;
        let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    }
    spared_is_dead && !others
}

/// All descendants of a process, parents before children.
fn below(root: Pid) -> Vec<Pid> {
    let mut found = children(root);
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        found.extend(children(pid));
        next += 1;
    }
    found
}

/// The direct children of all threads of a process; those that lost their parent among them for the subreaper.
fn children(of: Pid) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{of}/task")) else { return Vec::new() };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<i32>>())
        .map(Pid::from_raw)
        .collect()
}

fn is_dead(pid: Pid) -> bool {
    // The state stands after the name's closing bracket, which may itself hold brackets.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()))
        .is_none_or(|state| matches!(state, 'Z' | 'X'))
}

/// Sends a signal to everything below this process.
pub(super) fn tell(signal: Signal) {
    for pid in below(getpid()) {
        let _ = kill(pid, signal);
    }
}

/// How many processes below this one live.
pub(super) fn living() -> usize {
    below(getpid()).into_iter().filter(|pid| !is_dead(*pid)).count()
}
