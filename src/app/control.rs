//! The control socket: intents come in as JSON lines, answers and entries go out.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use crate::fact::StepId;
use crate::room::Intent;

/// Lines longer than this end the connection.
const MAX_LINE: u64 = 256 * 1024;
/// Connections at a time; the process keeps its other descriptors for journal and probes.
const CONNECTIONS: usize = 64;
/// Lines waiting for a reader; who follows gets further ones as they read.
const OUT: usize = 4_096;
/// Of these, places that are kept for answers.
pub const ANSWERS: usize = 1_024;

/// How long a socket that somebody holds is asked whether they stay.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(500);

/// A line that came in.
#[derive(Debug)]
pub struct Request {
    /// What it says, or what is wrong with it.
    pub line: Result<Line, String>,
    /// Where answers go.
    pub reply: mpsc::Sender<String>,
}

/// What a client may say.
#[derive(Debug)]
pub enum Line {
    /// Do something.
    Intent(Asked),
    /// Send every entry with a place above this, and every further one.
    Follow {
        /// Place in this journal's own order.
        follow: u64,
    },
    /// Say how things stand; the answer is what `warroom status` prints, with this id.
    Status(serde_json::Value),
    /// Say what would run for a step, with the hash that an intent to run it needs.
    WouldRun(serde_json::Value, StepId),
}

impl Line {
    /// Reads one line; the error is a sentence that says what to write.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        const HINT: &str = r#"write {"id": 1, "as": "name", "intent": {"kind": "tick", "step": "…"}}"#;
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| format!("not JSON: {e}; {HINT}"))?;
        if let Some(follow) = value.get("follow") {
            let follow = follow.as_u64().ok_or("\"follow\" takes a number: entries after this place")?;
            return Ok(Self::Follow { follow });
        }
        if value.get("ask").and_then(|a| a.as_str()) == Some("status") {
            return Ok(Self::Status(value.get("id").cloned().unwrap_or_default()));
        }
        if value.get("ask").and_then(|a| a.as_str()) == Some("would-run") {
            let step = value.get("step").and_then(|s| s.as_str()).ok_or("\"step\" takes the identity of a step")?;
            return Ok(Self::WouldRun(value.get("id").cloned().unwrap_or_default(), StepId::from(step)));
        }
        serde_json::from_value(value).map(Self::Intent).map_err(|e| format!("not understood: {e}; {HINT}"))
    }
}

/// An intent with who has it.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// Comes back in the answer.
    pub id: serde_json::Value,
    /// Who; default: whoever runs the watch.
    #[serde(rename = "as")]
    pub by: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// What.
    pub intent: Intent,
}

/// What a client hears.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    /// As asked.
    pub id: &'a serde_json::Value,
    /// `accepted` once durable, `refused`, or `unconfirmed` when it could not be written yet.
    pub answer: &'static str,
    /// Why, unless accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// The entry's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
}

/// A bound socket; the file goes away with it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Socket {
    /// Binds the socket, 0600 from its first moment; a dead one left behind is replaced, a live one refused.
    pub fn bind(path: &Path) -> std::io::Result<Self> {
        if let Ok(meta) = std::fs::symlink_metadata(path) {
            if !meta.file_type().is_socket() {
                return Err(std::io::Error::other(format!("{} exists and is no socket", path.display())));
            }
            if alive(path) {
                return Err(std::io::Error::other(format!("{} is in use by another process", path.display())));
            }
            std::fs::remove_file(path)?;
        }
        let before = nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o177));
        let bound = UnixListener::bind(path);
        nix::sys::stat::umask(before);
        let listener = bound?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Takes connections until the loop is gone; each is a task of its own.
    pub async fn serve(self, out: mpsc::Sender<Request>) {
        let open = std::sync::Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
        let mut n = 0_u64;
        while !out.is_closed() {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(e) => {
                    // Out of descriptors, say: the socket stays, and somebody will close one.
                    tracing::warn!("a control connection could not be taken: {e}");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            // Beyond the limit a connection is closed at once.
            let Ok(place) = std::sync::Arc::clone(&open).try_acquire_owned() else { continue };
            n += 1;
            let failed = |panic: crate::task::Panic| tracing::error!(task = %panic.task, "{}", panic.message);
            let out = out.clone();
            let talking = async move {
                let _place = place;
                talk(stream, out).await;
            };
            crate::task::spawn(format!("control {n}"), talking, failed).detach();
        }
    }
}

/// Whether a process holds this socket and goes on to. Where one was killed while it forked, its child holds it open
/// until it executes: what closes is asked again, and only who stays is alive.
fn alive(path: &Path) -> bool {
    use std::io::Read;
    // Who has too many connections closes each at once and is alive all the same.
    for _ in 0..=CONNECTIONS {
        let Ok(mut held) = std::os::unix::net::UnixStream::connect(path) else { return false };
        let _ = held.set_read_timeout(Some(PATIENCE));
        let waited =
            |e: &std::io::Error| matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
        if held.read(&mut [0]).as_ref().is_err_and(waited) {
            return true;
        }
    }
    true
}

/// Reads lines and writes answers until either side ends.
async fn talk(stream: UnixStream, out: mpsc::Sender<Request>) {
    let (read, mut write) = stream.into_split();
    let (reply, mut answers) = mpsc::channel::<String>(OUT);
    let writing = async move {
        while let Some(mut line) = answers.recv().await {
            line.push('\n');
            // Whatever else is waiting goes out in the same write.
            while let Ok(more) = answers.try_recv() {
                line.push_str(&more);
                line.push('\n');
            }
            if write.write_all(line.as_bytes()).await.is_err() {
                break;
            }
        }
    };
    let reading = async move {
        let mut lines = BufReader::new(read);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut lines).take(MAX_LINE).read_until(b'\n', &mut line).await {
                Ok(n) if n > 0 && line.last() == Some(&b'\n') => {}
                _ => break,
            }
            // Each request has a place for its answer: from who reads none of them no further one is taken.
            match reply.reserve().await {
                Ok(place) => drop(place),
                Err(_) => break,
            }
            let parsed = Line::parse(&line);
            if out.send(Request { line: parsed, reply: reply.clone() }).await.is_err() {
                break;
            }
        }
        // The answers under way keep the writing side open until they are sent.
        drop(reply);
    };
    tokio::join!(writing, reading);
}
