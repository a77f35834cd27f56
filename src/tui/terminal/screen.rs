//! The modes of the terminal: taken once, given back once on every way out, with the termios that was found.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread::ThreadId;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, getpid, getsid, tcgetpgrp, tcsetpgrp, ttyname};

use super::TerminalError;
use crate::text::escape;

/// Alternate screen, cleared, hidden cursor, bracketed paste, focus events.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h\x1b[0m\x1b[2J";

/// Clicks, drags and the wheel, in SGR coding.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";

/// Undoes everything that was or could have been switched on, whatever was. The keyboard flags are popped while still on the
/// alternate screen, which has a stack of its own, so that the shell keeps its flags.
pub const RESTORE: &[u8] =
    b"\x1b[?2026l\x1b[<u\x1b[0m\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// How long leaving may wait for a terminal that takes no bytes.
const LEAVE_WAIT: Duration = Duration::from_millis(250);

/// Reports of background panics kept until the screen is left.
const REPORTS: usize = 8;

/// Who the UI is: a task when the terminal was opened inside one, else a thread. On a single-threaded runtime tasks run on the
/// UI's thread, and their panics must not count as the UI's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Task(tokio::task::Id),
    Thread(ThreadId),
}

impl Who {
    fn now() -> Self {
        tokio::task::try_id().map_or_else(|| Self::Thread(std::thread::current().id()), Self::Task)
    }
}

/// The terminal's device and the modes found and set.
#[derive(Debug)]
pub(super) struct Screen {
    /// Opened for ourselves, non-blocking: the shell's own descriptors stay as they are.
    tty: File,
    mouse: bool,
    ui: Who,
    modes: Mutex<Modes>,
    /// Whether a question to the terminal may still be answered; its answer must not reach the shell.
    pub(super) asked: AtomicBool,
    /// Whether somebody else has the terminal; whoever reads holds it for as long as a read takes.
    lent: Mutex<bool>,
    back: Condvar,
    /// We stopped ourselves, so the next SIGCONT is ours.
    pub(super) stopping: AtomicBool,
    closed: AtomicBool,
    reports: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Modes {
    found: Termios,
    raw: Termios,
    on: bool,
    /// A frame was cut short; what follows must first end its sequence.
    torn: bool,
}

impl Screen {
    /// Opens the device and reads its modes; changes nothing.
    pub(super) fn open(mouse: bool) -> Result<Self, TerminalError> {
        let tty = open_tty().ok_or(TerminalError::None)?;
        let found = tcgetattr(&tty).map_err(|e| TerminalError::Setup(e.into()))?;
        let mut raw = found.clone();
        cfmakeraw(&mut raw);
        Ok(Self {
            tty,
            mouse,
            ui: Who::now(),
            modes: Mutex::new(Modes { found, raw, on: false, torn: false }),
            asked: AtomicBool::new(false),
            lent: Mutex::new(false),
            back: Condvar::new(),
            stopping: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            reports: Mutex::new(Vec::new()),
        })
    }

    /// Another descriptor of the device, for a thread that polls or reads.
    pub(super) fn device(&self) -> io::Result<File> {
        self.tty.try_clone()
    }

    /// Sets all modes; what was already set when it fails is taken back.
    pub(super) fn enter(&self) -> io::Result<()> {
        if self.closed() {
            return Ok(());
        }
        let mut modes = self.lock();
        tcsetattr(&self.tty, SetArg::TCSANOW, &modes.raw)?;
        modes.on = true;
        modes.torn = false;
        let mut wrote = write_all(self.tty.as_fd(), ENTER, Duration::from_secs(1));
        if self.mouse && wrote.is_ok() {
            wrote = write_all(self.tty.as_fd(), MOUSE, Duration::from_secs(1));
        }
        if wrote.is_err() {
            self.restore(&mut modes);
        }
        wrote
    }

    /// Gives the terminal back if we hold it. Never blocks for long; safe in a panic hook.
    pub(super) fn leave(&self) {
        match self.try_lock_for(LEAVE_WAIT) {
            Some(mut modes) => self.restore(&mut modes),
            // Whoever holds the lock is stuck: the modes are more important than order.
            None => drop(write_all(self.tty.as_fd(), RESTORE, LEAVE_WAIT)),
        }
    }

    /// Leaves the terminal to another process group: from now on nothing of it is read.
    pub(super) fn lend(&self) {
        *self.lent.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.leave();
    }

    /// Takes the terminal from whoever has it, drops what was typed for them, and undoes whatever modes they left.
    pub(super) fn reclaim(&self) {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *lent, false) {
            return;
        }
        let mut held = SigSet::empty();
        held.add(Signal::SIGTTOU);
        // Who is not in front may come there only with this signal blocked; the terminal may also be gone.
        let _ = held.thread_block();
        let _ = tcsetpgrp(&self.tty, getpgrp());
        let _ = nix::sys::termios::tcflush(&self.tty, nix::sys::termios::FlushArg::TCIFLUSH);
        let _ = held.thread_unblock();
        // As if these modes were ours: leaving takes back all that can have been switched on.
        self.lock().on = true;
        drop(lent);
        self.back.notify_all();
        self.leave();
    }

    /// Reads what was typed; while somebody else has the terminal it waits.
    pub(super) fn read(&self, device: &mut File, into: &mut [u8]) -> io::Result<usize> {
        use io::Read as _;
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        while *lent && !self.closed() {
            lent = self.back.wait_timeout(lent, LEAVE_WAIT).unwrap_or_else(PoisonError::into_inner).0;
        }
        device.read(into)
    }

    /// Leaves for good and says what background panics had to say.
    pub(super) fn close(&self) {
        if self.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        self.reclaim();
        self.leave();
        let reports = self.reports.lock().map(|mut r| std::mem::take(&mut *r)).unwrap_or_default();
        for report in reports {
            say(&report);
        }
    }

    /// Whether the terminal was left for good.
    pub(super) fn closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Whether a shell could continue us after a stop: a session leader has none above it.
    pub(super) fn has_job_control() -> bool {
        getsid(None).is_ok_and(|sid| sid != getpid())
    }

    /// Stops the process, and with SIGTSTP whatever else is in its job; returns when continued. SIGSTOP for ourselves, because our
    /// own SIGTSTP is caught.
    pub(super) fn stop_here(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        if Self::has_job_control() {
            let _ = kill(Pid::from_raw(0), Signal::SIGTSTP);
        }
        let _ = kill(getpid(), Signal::SIGSTOP);
    }

    /// Writes a frame; false when the screen was left meanwhile or the device is gone. Waits for a slow terminal without holding
    /// anything that leaving needs.
    pub(super) fn write_frame(&self, mut bytes: &[u8]) -> bool {
        let whole = bytes.len();
        while !bytes.is_empty() {
            {
                let mut modes = self.lock();
                if !modes.on {
                    return false;
                }
                match nix::unistd::write(&self.tty, bytes) {
                    Ok(n) => {
                        bytes = bytes.get(n..).unwrap_or_default();
                        modes.torn = !bytes.is_empty();
                        continue;
                    }
                    Err(Errno::EAGAIN) => modes.torn = bytes.len() < whole,
                    Err(Errno::EINTR) => continue,
                    Err(_) => return false,
                }
            }
            // Looks up now and then whether the screen was left, only while the terminal takes nothing.
            if !wait_writable(self.tty.as_fd(), Duration::from_millis(500)) {
                return false;
            }
        }
        true
    }

    fn restore(&self, modes: &mut Modes) {
        if !std::mem::replace(&mut modes.on, false) {
            return;
        }
        // In the background the terminal is another job's; touching its modes would also stop us.
        if tcgetpgrp(&self.tty).is_ok_and(|group| group != getpgrp()) {
            return;
        }
        // CAN ends whatever sequence a cut frame left open (ECMA-48).
        let torn = std::mem::take(&mut modes.torn);
        let wrote = if torn { write_all(self.tty.as_fd(), b"\x18", LEAVE_WAIT) } else { Ok(()) };
        if wrote.is_ok() {
            drop(write_all(self.tty.as_fd(), RESTORE, LEAVE_WAIT));
        }
        if self.asked.swap(false, Ordering::SeqCst) {
            let _ = nix::sys::termios::tcflush(&self.tty, nix::sys::termios::FlushArg::TCIFLUSH);
        }
        let _ = tcsetattr(&self.tty, SetArg::TCSANOW, &modes.found);
    }

    fn lock(&self) -> MutexGuard<'_, Modes> {
        self.modes.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn try_lock_for(&self, limit: Duration) -> Option<MutexGuard<'_, Modes>> {
        let step = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        loop {
            match self.modes.try_lock() {
                Ok(guard) => return Some(guard),
                Err(TryLockError::Poisoned(e)) => return Some(e.into_inner()),
                Err(TryLockError::WouldBlock) if waited >= limit => return None,
                Err(TryLockError::WouldBlock) => std::thread::sleep(step),
            }
            waited += step;
        }
    }

    fn on_panic(&self, panic: &PanicHookInfo<'_>) {
        let report = panic_report(panic);
        if Who::now() == self.ui || self.closed() {
            self.leave();
            say(&report);
        } else if let Ok(mut reports) = self.reports.lock()
            && reports.len() < REPORTS
        {
            reports.push(report);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.close();
    }
}

/// From now on a panic of the UI restores the screen before it is reported; others are reported when the screen is left.
/// The text of a panic is foreign text: it is written escaped.
pub(super) fn install_panic_hook(screen: &Arc<Screen>) {
    let screen: Weak<Screen> = Arc::downgrade(screen);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match screen.upgrade() {
        Some(screen) => screen.on_panic(panic),
        None => before(panic),
    }));
}

fn panic_report(panic: &PanicHookInfo<'_>) -> String {
    let what = panic.payload_as_str().unwrap_or("a panic without a text");
    let mut out = String::from("warroom: internal error");
    if let Some(place) = panic.location() {
        let _ = write!(out, " at {}:{}", place.file(), place.line());
    }
    let _ = write!(out, ": {}", escape(&what.chars().take(2000).collect::<String>()));
    let trace = std::backtrace::Backtrace::capture();
    if trace.status() == std::backtrace::BacktraceStatus::Captured {
        for line in trace.to_string().lines() {
            let _ = write!(out, "\n{}", escape(line));
        }
    }
    out
}

/// A line to stderr; a closed stderr is no error.
fn say(line: &str) {
    use io::Write as _;
    let _ = writeln!(io::stderr(), "{line}");
}

/// Columns and rows of the terminal; `(0, 0)` when it does not say.
pub(super) fn size() -> (u16, u16) {
    crossterm::terminal::window_size().map_or((0, 0), |size| (size.columns, size.rows))
}

/// `/dev/tty`, else the device behind a standard stream (a terminal that is nobody's controlling one).
fn open_tty() -> Option<File> {
    let open = |path: &std::path::Path| {
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(path).ok()
    };
    open(std::path::Path::new("/dev/tty"))
        .or_else(|| ttyname(io::stdin()).ok().and_then(|p| open(&p)))
        .or_else(|| ttyname(io::stdout()).ok().and_then(|p| open(&p)))
        .or_else(|| ttyname(io::stderr()).ok().and_then(|p| open(&p)))
}

/// Waits until bytes may be written (true) or the device is gone (false); true also after `limit`, so that the caller looks around.
fn wait_writable(fd: BorrowedFd<'_>, limit: Duration) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::POLLOUT)];
    let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::ZERO);
    match poll(&mut fds, limit) {
        Ok(_) => !fds.iter().any(|fd| fd.revents().is_some_and(|r| r.intersects(gone()))),
        Err(Errno::EINTR) => true,
        Err(_) => false,
    }
}

/// The events of a device that is no longer there.
pub(super) fn gone() -> PollFlags {
    PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL
}

/// Writes all of a short text, waiting at most about `limit` in all for a terminal that takes nothing.
fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8], limit: Duration) -> io::Result<()> {
    let step = Duration::from_millis(50);
    let mut waited = Duration::ZERO;
    while !bytes.is_empty() {
        match nix::unistd::write(fd, bytes) {
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) if waited < limit => {
                if !wait_writable(fd, step) {
                    return Err(Errno::EIO.into());
                }
                waited += step;
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}
