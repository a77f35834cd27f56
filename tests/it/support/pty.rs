//! A pseudo-terminal to test with: runs the real binary, keeps every byte it wrote, and reads them back by a VT parser.

#![expect(clippy::expect_used, reason = "a test says what it needs")]
#![expect(clippy::disallowed_methods, reason = "tests give up in time")]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{FlowArg, Termios, tcflow, tcgetattr};
use nix::unistd::Pid;

/// How long anything may take before a test gives up.
pub const LIMIT: Duration = Duration::from_secs(20);

/// A VT parser of this size, at least one cell.
pub fn vt(rows: u16, columns: u16) -> vt100::Parser {
    let at_least_one = |n| NonZero::new(n).unwrap_or(NonZero::<u16>::MIN);
    vt100::Parser::new(at_least_one(rows), at_least_one(columns), 0)
}

/// What to start, and how.
pub struct Start<'a> {
    /// Arguments of warroom.
    pub args: &'a [&'a str],
    /// Variables besides the usual ones.
    pub env: &'a [(&'a str, &'a str)],
    /// A shell line around it, with `"$@"` where warroom stands; none: warroom leads the session itself.
    pub shell: Option<&'a str>,
    pub columns: u16,
    pub rows: u16,
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self { args: &[], env: &[], shell: None, columns: 100, rows: 30 }
    }
}

/// A program in a terminal of its own.
pub struct Pty {
    master: Option<File>,
    /// Kept open, so that the modes are there to be compared after the program has gone.
    slave: File,
    pub device: PathBuf,
    pub child: Child,
    /// Everything written so far.
    pub bytes: Vec<u8>,
    pub vt: vt100::Parser,
    found: Termios,
}

impl Pty {
    /// Starts warroom with this home.
    pub fn start_at(home: &Path, start: &Start<'_>) -> Self {
        let size = Winsize { ws_row: start.rows, ws_col: start.columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(&size, None).expect("a pty");
        let (master, slave) = (File::from(pair.master), File::from(pair.slave));
        for fd in [&master, &slave] {
            nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC)).expect("set");
        }
        let device = nix::unistd::ttyname(&slave).expect("a device");
        let found = tcgetattr(&slave).expect("modes");
        let mut command = Command::new("setsid");
        command.arg("--ctty");
        if let Some(shell) = start.shell {
            command.args(["sh", "-c", shell, "sh"]);
        }
        command.arg(env!("CARGO_BIN_EXE_warroom")).args(start.args);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm-256color")
            .env("COLORTERM", "truecolor")
            .envs(start.env.iter().copied())
            .current_dir(home);
        let stream = || Stdio::from(slave.try_clone().expect("a descriptor"));
        let child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().expect("started");
        drop(command);
        let vt = vt(start.rows, start.columns);
        Self { master: Some(master), slave, device, child, bytes: Vec::new(), vt, found }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads what is there, waiting at most `wait` for something; whether there was anything.
    pub fn pump(&mut self, wait: Duration) -> bool {
        let Some(master) = &mut self.master else { return false };
        let mut fds = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut fds, PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX));
        if !fds[0].revents().is_some_and(|r| r.contains(PollFlags::POLLIN)) {
            return false;
        }
        let mut block = [0; 16384];
        let Ok(n) = master.read(&mut block) else { return false };
        self.bytes.extend_from_slice(&block[..n]);
        self.vt.process(&block[..n]);
        n > 0
    }

    /// Reads until `done` holds.
    pub fn wait_until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + LIMIT;
        while !done(self) {
            assert!(Instant::now() < end, "waited in vain for {what}; the screen:\n{}\n", self.screen());
            self.pump(Duration::from_millis(20));
        }
    }

    /// Waits for the first frame: on the alternate screen, whole, and not blank.
    pub fn wait_drawn(&mut self) {
        self.wait_until("the first frame", |pty| {
            pty.vt.screen().alternate_screen() && pty.count(b"\x1b[?2026l") > 0 && !pty.screen().trim().is_empty()
        });
    }

    /// Reads until nothing came for `quiet`.
    pub fn settle(&mut self, quiet: Duration) {
        let end = Instant::now() + LIMIT;
        while self.pump(quiet) && Instant::now() < end {}
    }

    pub fn screen(&self) -> String {
        self.vt.screen().contents()
    }

    pub fn send(&mut self, keys: &str) {
        let master = self.master.as_mut().expect("an open terminal");
        master.write_all(keys.as_bytes()).expect("typed");
    }

    /// Resizes as a terminal window does; the program is told by the kernel.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.resize_all(&[(columns, rows)]);
    }

    /// One size after the other, as fast as `stty` can.
    pub fn resize_all(&mut self, sizes: &[(u16, u16)]) {
        let line: Vec<String> = sizes.iter().map(|(c, r)| format!("stty -F \"$0\" cols {c} rows {r}")).collect();
        let done = Command::new("sh").args(["-c", &line.join("\n")]).arg(&self.device).status().expect("sh");
        assert!(done.success());
        if let Some((columns, rows)) = sizes.last() {
            let at_least_one = |n: u16| NonZero::new(n).unwrap_or(NonZero::<u16>::MIN);
            self.vt.screen_mut().set_size(at_least_one(*rows), at_least_one(*columns));
        }
    }

    /// The terminal takes no more bytes, as after Ctrl-S, or takes them again.
    pub fn stall(&mut self, stalled: bool) {
        let flow = if stalled { FlowArg::TCOOFF } else { FlowArg::TCOON };
        tcflow(&self.slave, flow).expect("flow");
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid() as i32), signal).expect("signalled");
    }

    /// The terminal vanishes.
    pub fn hang_up(&mut self) {
        self.master = None;
    }

    /// Waits for the end, reading on; the exit code, or 128 + n when a signal killed it.
    pub fn wait_exit(&mut self) -> i32 {
        let end = Instant::now() + LIMIT;
        loop {
            let status = self.child.try_wait().expect("a child");
            self.pump(Duration::from_millis(5));
            if let Some(status) = status {
                while self.pump(Duration::from_millis(5)) {}
                return status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
            }
            assert!(Instant::now() < end, "it did not end; the screen:\n{}", self.screen());
        }
    }

    /// Whether the modes are those that were found, bit by bit.
    pub fn modes_restored(&self) -> bool {
        tcgetattr(&self.slave).expect("modes") == self.found
    }

    /// How often this sequence was written.
    pub fn count(&self, sequence: &[u8]) -> usize {
        self.bytes.windows(sequence.len()).filter(|w| *w == sequence).count()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.master = None;
        let _ = kill(Pid::from_raw(self.pid() as i32), Signal::SIGCONT);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything a program may write to a terminal besides text: the renderer's own list. Gives the offending pieces.
pub fn foreign_sequences(bytes: &[u8]) -> Vec<String> {
    let csi = regex::bytes::Regex::new(concat!(
        r"^(?-u:\x1b\[\?(?:1049|25|2004|1004|1000|1002|1003|1006|2026)[hl]",
        r"|\x1b\[[0-9;]*[mHCK]|\x1b\[2J|\x1b\[<u|\x1b\]11;\?\x1b\\)"
    ))
    .expect("a pattern");
    let mut found = Vec::new();
    let mut questions = 0;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest[0] == 0x1b {
            if let Some(m) = csi.find(rest) {
                questions += usize::from(m.as_bytes().starts_with(b"\x1b]"));
                at += m.end();
            } else {
                found.push(rest[..rest.len().min(24)].escape_ascii().to_string());
                at += 1;
            }
            continue;
        }
        let length = (1..=4).find(|n| rest.get(..*n).is_some_and(|b| std::str::from_utf8(b).is_ok()));
        match length.and_then(|n| std::str::from_utf8(&rest[..n]).ok()).and_then(|s| s.chars().next()) {
            // Line ends come from what is said after the screen was left.
            Some('\r' | '\n') => {}
            Some(c) if !warroom::text::is_unsafe(c) => {}
            Some(c) => found.push(format!("U+{:04X} near {}", c as u32, rest[..rest.len().min(24)].escape_ascii())),
            None => found.push(rest[..rest.len().min(24)].escape_ascii().to_string()),
        }
        at += length.unwrap_or(1);
    }
    if questions > 1 {
        found.push(format!("the background was asked for {questions} times"));
    }
    found
}

/// User and system time of a process so far, or nothing when it is gone or a zombie.
pub fn cpu(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if fields.first() == Some(&"Z") {
        return None;
    }
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Resident memory in KiB.
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}

/// The warroom among the descendants of a process.
pub fn warroom_under(pid: u32) -> Option<u32> {
    let name = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    if name == Path::new(env!("CARGO_BIN_EXE_warroom")) {
        return Some(pid);
    }
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().filter_map(|p| p.parse().ok()).find_map(warroom_under)
}
