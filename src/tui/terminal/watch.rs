//! The watchdogs: a vanished terminal and signals reach the loop, and end the process when the loop does not answer.

use std::future::pending;
use std::os::fd::AsFd as _;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::time::{Instant, sleep_until};

use super::screen::{Screen, gone, size};
use super::{Input, LOST_PATIENCE, PATIENCE, exit_code};

/// The kernel wakes the watcher when the terminal hangs up; this is only how often it looks in case it did not.
const LOOK: Duration = Duration::from_secs(5);

/// Starts both threads. They hold places in the lane that nobody else can fill.
pub(super) fn start(screen: &Arc<Screen>, lane: &mpsc::Sender<Input>) -> std::io::Result<()> {
    let reserve = || lane.clone().try_reserve_owned().map_err(std::io::Error::other);
    let (lost, ended) = (reserve()?, reserve()?);
    let device = screen.device()?;
    let held = Arc::downgrade(screen);
    thread::Builder::new().name("tty-watch".to_owned()).stack_size(128 << 10).spawn(move || {
        let wait = PollTimeout::try_from(LOOK).unwrap_or(PollTimeout::MAX);
        loop {
            let mut fds = [PollFd::new(device.as_fd(), PollFlags::empty())];
            let _ = poll(&mut fds, wait);
            if held.strong_count() == 0 {
                return;
            }
            if fds.iter().any(|fd| fd.revents().is_some_and(|r| r.intersects(gone()))) {
                break;
            }
        }
        drop(lost.send(Input::Lost));
        // Closed or not: without its terminal the process has nobody to wait for.
        thread::sleep(LOST_PATIENCE);
        end(&held, Signal::SIGHUP as i32);
    })?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let listen = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    let held = Arc::downgrade(screen);
    let lane = lane.downgrade();
    thread::Builder::new()
        .name("signals".to_owned())
        .stack_size(256 << 10)
        .spawn(move || runtime.block_on(listen.run(held, lane, ended)))?;
    Ok(())
}

struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    stop: tokio::signal::unix::Signal,
    cont: tokio::signal::unix::Signal,
    winch: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
            stop: signal(SignalKind::from_raw(Signal::SIGTSTP as i32))?,
            cont: signal(SignalKind::from_raw(Signal::SIGCONT as i32))?,
            winch: signal(SignalKind::window_change())?,
        })
    }

    async fn run(mut self, screen: Weak<Screen>, lane: mpsc::WeakSender<Input>, ended: OwnedPermit<Input>) {
        let mut ended = Some(ended);
        let mut first = None;
        // Of each kind at most one waits for room in the lane; the size is read when it goes out, so the newest wins.
        let (mut resize, mut suspend, mut continued) = (false, false, false);
        loop {
            let deadline = async {
                match first {
                    Some((_, at)) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            let room = async {
                match lane.upgrade() {
                    Some(lane) if resize || suspend || continued => lane.reserve_owned().await.ok(),
                    _ => pending().await,
                }
            };
            let signal = tokio::select! {
                _ = self.term.recv() => Signal::SIGTERM,
                _ = self.int.recv() => Signal::SIGINT,
                _ = self.hup.recv() => Signal::SIGHUP,
                _ = self.quit.recv() => Signal::SIGQUIT,
                _ = self.winch.recv() => { resize = true; continue }
                _ = self.stop.recv() => {
                    // Stopping our job sends it to ourselves too.
                    suspend |= screen.upgrade().is_some_and(|s| !s.stopping.load(std::sync::atomic::Ordering::SeqCst));
                    continue
                }
                _ = self.cont.recv() => {
                    continued |= screen.upgrade().is_some_and(|s| !s.stopping.swap(false, std::sync::atomic::Ordering::SeqCst));
                    continue
                }
                permit = room => {
                    let Some(permit) = permit else { resize = false; suspend = false; continued = false; continue };
                    let input = if std::mem::take(&mut suspend) {
                        Input::Suspend
                    } else if std::mem::take(&mut continued) {
                        Input::Continued
                    } else {
                        resize = false;
                        let (columns, rows) = size();
                        Input::Resize(columns, rows)
                    };
                    drop(permit.send(input));
                    continue
                }
                () = deadline => {
                    let Some((signal, _)) = first.take() else { continue };
                    if !screen.upgrade().is_some_and(|s| s.closed()) {
                        end(&screen, signal);
                    }
                    continue
                }
            };
            // Nobody can wait for a loop that already left the screen and is asked a second time. A hang-up is no second time: it
            // comes with the end of the input, while the loop is writing down that the terminal was lost.
            if screen.upgrade().is_none_or(|s| s.closed()) {
                if signal == Signal::SIGHUP {
                    continue;
                }
                end(&screen, signal as i32);
            }
            if let Some(permit) = ended.take() {
                first = Some((signal as i32, Instant::now() + PATIENCE));
                drop(permit.send(Input::Signal(signal as i32)));
            }
        }
    }
}

/// The last way out: restore, then end without waiting for anybody.
#[expect(
    clippy::disallowed_methods,
    reason = "the loop did not answer; the terminal is restored here and the journal survives kill -9"
)]
fn end(screen: &Weak<Screen>, signal: i32) {
    if let Some(screen) = screen.upgrade() {
        screen.close();
    }
    std::process::exit(i32::from(exit_code(signal)));
}
