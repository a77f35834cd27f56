//! The reader: bytes of the terminal become inputs on the lane.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use crossterm::event::{KeyCode, KeyModifiers, MouseEventKind};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::parse::Parser;
use super::screen::{Screen, gone};
use super::{Input, PAUSE};

/// More than so many bytes at once nobody typed.
const LITTLE: usize = 64;

/// Starts the thread; it ends with the device or with the lane.
#[expect(clippy::disallowed_methods, reason = "an edge of time: how long the terminal was silent")]
pub(super) fn start(screen: &Arc<Screen>, lane: mpsc::Sender<Input>) -> std::io::Result<()> {
    use std::os::fd::AsFd as _;
    let mut device = screen.device()?;
    let screen = Arc::downgrade(screen);
    thread::Builder::new().name("tty-read".to_owned()).stack_size(256 << 10).spawn(move || {
        let mut parser = Parser::default();
        let mut bytes = [0_u8; 4096];
        let mut inputs = Vec::new();
        let mut silent: Option<Instant> = None;
        let job_control = Screen::has_job_control();
        loop {
            let wait =
                parser.patience().map_or(PollTimeout::NONE, |d| PollTimeout::try_from(d).unwrap_or(PollTimeout::MAX));
            let mut fds = [PollFd::new(device.as_fd(), PollFlags::POLLIN)];
            // Silence is what was waited for: where something lies there already, it goes on with what came before.
            let waiting = poll(&mut fds, PollTimeout::ZERO);
            let ready = if matches!(waiting, Ok(0)) {
                silent.get_or_insert_with(Instant::now);
                poll(&mut fds, wait)
            } else {
                silent = None;
                waiting
            };
            match ready {
                Ok(0) => parser.silence(&mut inputs),
                Ok(_) if fds.iter().any(|fd| fd.revents().is_some_and(|r| r.intersects(gone()))) => return,
                Ok(_) => match screen.upgrade().map_or(Ok(0), |screen| screen.read(&mut device, &mut bytes)) {
                    Ok(0) => return,
                    Ok(n) => {
                        if silent.take().is_some_and(|since| since.elapsed() >= PAUSE) && n <= LITTLE {
                            inputs.push(Input::Paused);
                        }
                        parser.feed(bytes.get(..n).unwrap_or_default(), &mut inputs);
                    }
                    Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::Interrupted) => {}
                    Err(_) => return,
                },
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
            for input in inputs.drain(..) {
                let input = match input {
                    Input::Key(key) if key.code == KeyCode::Char('z') && key.modifiers == KeyModifiers::CONTROL => {
                        // Without a shell above us nobody could bring us back.
                        if !job_control {
                            continue;
                        }
                        Input::Suspend
                    }
                    Input::Background(_) => {
                        if let Some(screen) = screen.upgrade() {
                            screen.asked.store(false, Ordering::SeqCst);
                        }
                        input
                    }
                    input => input,
                };
                match lane.try_send(input) {
                    Ok(()) => {}
                    Err(TrySendError::Closed(_)) => return,
                    Err(TrySendError::Full(input)) if is_motion(&input) => {}
                    Err(TrySendError::Full(input)) => {
                        if lane.blocking_send(input).is_err() {
                            return;
                        }
                    }
                }
            }
        }
    })?;
    Ok(())
}

/// What may be lost when the loop is behind.
fn is_motion(input: &Input) -> bool {
    match input {
        Input::Mouse(mouse) => matches!(
            mouse.kind,
            MouseEventKind::Moved
                | MouseEventKind::Drag(_)
                | MouseEventKind::ScrollUp
                | MouseEventKind::ScrollDown
                | MouseEventKind::ScrollLeft
                | MouseEventKind::ScrollRight
        ),
        _ => false,
    }
}
