//! The real binary without a screen: `warroom watch --control`, driven over its socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before a test gives up.
pub const LIMIT: Duration = Duration::from_secs(20);

/// The program with a state and a configuration folder of its own.
pub fn warroom(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warroom"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null());
    command
}

/// A running watch.
#[derive(Debug)]
pub struct Watched {
    pub child: Child,
    pub socket: PathBuf,
}

impl Watched {
    /// Starts one on a plan, with further arguments; ready when its socket answers.
    pub fn start(home: &Path, plan: &Path, name: &str, args: &[&str]) -> Self {
        Self::start_with(home, plan, name, args, |_| {})
    }

    /// The same with a word about the command before it starts.
    pub fn start_with(home: &Path, plan: &Path, name: &str, args: &[&str], with: impl FnOnce(&mut Command)) -> Self {
        let socket = home.join(format!("{name}.sock"));
        // Where the one before was killed while it forked, its child holds the old socket open for another moment.
        let _ = std::fs::remove_file(&socket);
        let mut command = warroom(home);
        command.arg("watch").arg(plan).arg("--control").arg(&socket).args(args).args(["--as", name]);
        with(&mut command);
        let child = command.spawn().unwrap();
        let mut watched = Self { child, socket };
        let end = Instant::now() + LIMIT;
        while UnixStream::connect(&watched.socket).is_err() {
            assert!(Instant::now() < end, "the socket never answered");
            assert!(watched.child.try_wait().unwrap().is_none(), "watch ended at once");
            std::thread::yield_now();
        }
        watched
    }

    pub fn client(&self) -> Client {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Client { reader: BufReader::new(stream.try_clone().unwrap()), stream }
    }

    /// SIGKILL, and gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and its exit status.
    pub fn end(mut self) -> std::process::ExitStatus {
        let pid = nix::unistd::Pid::from_raw(self.child.id() as i32);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection to a control socket.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    reader: BufReader<UnixStream>,
}

impl Client {
    pub fn send(&mut self, line: &Value) -> std::io::Result<()> {
        writeln!(self.stream, "{line}")
    }

    pub fn send_raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next line; `None` when the other side is gone.
    pub fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(n) if n > 0 => Some(serde_json::from_str(&line).unwrap()),
            _ => None,
        }
    }

    /// Asks and waits for the answer with the same id.
    pub fn ask(&mut self, id: u64, by: &str, intent: &Value) -> Option<Value> {
        self.send(&serde_json::json!({ "id": id, "as": by, "intent": intent })).ok()?;
        loop {
            let line = self.line()?;
            if line.get("id") == Some(&Value::from(id)) && line.get("answer").is_some() {
                return Some(line);
            }
        }
    }

    pub fn status(&mut self) -> Value {
        self.send(&serde_json::json!({ "id": "s", "ask": "status" })).unwrap();
        loop {
            let line = self.line().expect("the watch answers");
            if line.get("verdict").is_some() {
                return line;
            }
        }
    }

    /// Asks for the status until `good` says yes; how long that took.
    pub fn until(&mut self, what: &str, good: impl Fn(&Value) -> bool) -> Duration {
        let begun = Instant::now();
        loop {
            let status = self.status();
            if good(&status) {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < LIMIT, "never came: {what}; last {status:#}");
            std::thread::yield_now();
        }
    }
}
