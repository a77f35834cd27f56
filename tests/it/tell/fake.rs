//! Receivers on loopback that refuse what the real ones would, and break when a script says so.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use uuid::Uuid;
use warroom::clock::Pace;
use warroom::notice::{Action, Delivery, Notice, Severity, Told};
use warroom::plan::{Changes, GroupBy, HeartbeatPlan, NotifyPlan, Way};
use warroom::secret::{Filled, MASK};
use warroom::tell::{self, Options, Setup, Tell};

use super::strict;

pub const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: Instant,
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status, further header lines, body.
    Say(u16, &'static str, String),
    /// Closes with a reset and without a word.
    Reset,
    /// Says the status, then resets in the middle of the body.
    SayThenReset(u16),
    /// Never answers.
    Hang,
    /// These bytes, again and again with so many milliseconds between, as long as anybody reads; then it closes.
    Raw(Vec<u8>, usize, u64),
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self::Say(status, "", String::new())
    }
}

/// A receiver; what it got stands in `got`.
#[derive(Clone)]
pub struct Receiver {
    pub at: SocketAddr,
    pub got: Arc<Mutex<Vec<Request>>>,
}

/// One runtime for the receivers of a test.
pub struct World {
    pub runtime: tokio::runtime::Runtime,
}

impl World {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { runtime }
    }

    /// Answers each request as `judge` says; it gets the number of the request from 0.
    pub fn receiver(&self, judge: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Receiver {
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let receiver = Receiver { at: listener.local_addr().unwrap(), got: Arc::default() };
        let (got, judge) = (Arc::clone(&receiver.got), Arc::new(judge));
        self.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&got), Arc::clone(&judge)));
            }
        });
        receiver
    }
}

async fn converse(mut stream: TcpStream, got: Arc<Mutex<Vec<Request>>>, judge: Arc<impl Fn(usize, &Request) -> Reply>) {
    let Some(request) = Box::pin(read(&mut stream)).await else { return };
    let reply = {
        let mut got = got.lock().unwrap();
        got.push(request.clone());
        judge(got.len() - 1, &request)
    };
    let head = |status: u16, more: &str, length: usize| {
        let more = if more.is_empty() { String::new() } else { format!("{more}\r\n") };
        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{more}Connection: close\r\n\r\n")
    };
    match reply {
        Reply::Say(status, more, body) => {
            let _ = stream.write_all(format!("{}{body}", head(status, more, body.len())).as_bytes()).await;
        }
        Reply::SayThenReset(status) => {
            let _ = stream.write_all(format!("{}half", head(status, "", 1_000)).as_bytes()).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            let _ = stream.set_zero_linger();
        }
        Reply::Reset => {
            let _ = stream.set_zero_linger();
        }
        Reply::Hang => std::future::pending().await,
        Reply::Raw(bytes, times, pause) => {
            for _ in 0..times {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        let n = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut first = head.lines().next()?.split(' ');
        let headers: HashMap<String, String> = head
            .lines()
            .skip(1)
            .filter_map(|l| l.split_once(": "))
            .map(|(k, v)| (k.to_lowercase(), v.to_owned()))
            .collect();
        let length: usize = headers.get("content-length").map_or(0, |l| l.parse().unwrap());
        if bytes.len() >= end + 4 + length {
            return Some(Request {
                at: Instant::now(),
                method: first.next()?.to_owned(),
                path: first.next()?.to_owned(),
                headers,
                body: bytes[end + 4..].to_vec(),
            });
        }
    }
}

impl Receiver {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.got.lock().unwrap().clone()
    }
}

/// PagerDuty's memory of its incidents; refuses what would be wrong.
#[derive(Default)]
pub struct Incidents {
    pub taken: HashMap<String, Vec<String>>,
    pub changes: Vec<String>,
    pub wrong: Vec<String>,
}

/// PagerDuty: judges strictly, and keeps what it took, unless the script wants another answer for this request. A script's
/// answer with a status of 202 is given after the event was taken.
pub fn pagerduty(
    world: &World,
    script: impl Fn(usize, &str) -> Option<Reply> + Send + Sync + 'static,
) -> (Receiver, Arc<Mutex<Incidents>>) {
    let incidents: Arc<Mutex<Incidents>> = Arc::default();
    let memory = Arc::clone(&incidents);
    let receiver = world.receiver(move |n, request| {
        let mut memory = memory.lock().unwrap();
        let wrong = |memory: &mut Incidents, why: String| {
            memory.wrong.push(why.clone());
            Reply::Say(400, "", format!("{{\"status\":\"invalid event\",\"errors\":[\"{why}\"]}}"))
        };
        if request.method != "POST" || request.headers.get("content-type").is_none_or(|t| t != "application/json") {
            return wrong(&mut memory, "not a POST of JSON".to_owned());
        }
        if request.path == "/v2/change/enqueue" {
            return match strict::change(&request.body) {
                Ok(summary) => {
                    let reply = script(n, summary.split(':').next().unwrap_or_default());
                    if is_taken(reply.as_ref()) {
                        memory.changes.push(String::from_utf8_lossy(&request.body).into_owned());
                    }
                    reply.unwrap_or_else(|| Reply::status(202))
                }
                Err(why) => wrong(&mut memory, why),
            };
        }
        let (action, key) = match strict::event(&request.body) {
            Ok(event) if request.path == "/v2/enqueue" => event,
            Ok(_) => return wrong(&mut memory, format!("no such path: {}", request.path)),
            Err(why) => return wrong(&mut memory, why),
        };
        let reply = script(n, &key);
        if let Some(reply) = reply.as_ref().filter(|reply| !is_taken(Some(reply))) {
            return reply.clone();
        }
        let seen = memory.taken.entry(key.clone()).or_default();
        let over = seen.iter().any(|a| a == "resolve");
        if over && action == "trigger" {
            return wrong(&mut memory, format!("{key} was over and is open again"));
        }
        if action == "resolve" && seen.is_empty() {
            return wrong(&mut memory, format!("{key} is resolved before it began"));
        }
        seen.push(action);
        reply.unwrap_or_else(|| Reply::status(202))
    });
    (receiver, incidents)
}

fn is_taken(reply: Option<&Reply>) -> bool {
    matches!(reply, None | Some(Reply::Say(202, ..) | Reply::SayThenReset(202)))
}

pub fn secret(text: &str) -> Filled {
    Filled::new(text, MASK)
}

pub fn channel(name: &str, way: Way) -> NotifyPlan {
    let (group_by, changes) = (GroupBy::default(), Changes::default());
    NotifyPlan { name: name.to_owned(), way, escalate: Vec::new(), group_by, changes }
}

pub fn to_pagerduty(name: &str, receiver: &Receiver) -> NotifyPlan {
    channel(name, Way::PagerDuty { routing_key: secret(KEY), url: Some(Filled::plain(receiver.url(""))) })
}

pub fn to_slack(name: &str, receiver: &Receiver) -> NotifyPlan {
    channel(name, Way::Slack { webhook: secret(&receiver.url("/services/T0/B0/s3cr3t-of-slack")) })
}

/// Somebody who tells, and what comes back.
pub struct Telling {
    pub tell: Tell,
    pub reports: mpsc::Receiver<Told>,
    pub had: Vec<(Instant, Told)>,
}

impl Telling {
    pub fn start(channels: Vec<NotifyPlan>) -> Self {
        Self::with(Setup { channels, ..Setup::default() }, 64)
    }

    pub fn beating(url: &str, every: Duration) -> Self {
        let heartbeat = Some(HeartbeatPlan { url: secret(url), every });
        Self::with(Setup { heartbeat, ..Setup::default() }, 64)
    }

    pub fn with(setup: Setup, room: usize) -> Self {
        let (tx, reports) = mpsc::channel(room);
        let pace = Pace::new(Instant::now(), chrono::Utc::now(), 1);
        let shim = Some(PathBuf::from(env!("CARGO_BIN_EXE_warroom")));
        let tell = tell::start(setup, Options { shim, ..Options::new(pace) }, tx).unwrap();
        Self { tell, reports, had: Vec::new() }
    }

    /// Says a trigger with this key to this channel.
    pub fn trigger(&self, to: &str, key: &str) -> Uuid {
        self.say(to, key, Action::Trigger)
    }

    pub fn say(&self, to: &str, key: &str, action: Action) -> Uuid {
        let notice = Notice { channel: to.to_owned(), ..strict::notice(key, action, Severity::Page) };
        let id = notice.id;
        assert!(self.tell.say(notice));
        id
    }

    /// Takes reports in until this holds; fails after 20 s.
    pub fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !done(self) {
            assert!(Instant::now() < end, "never: {what}; had {:?}", self.had);
            match self.reports.try_recv() {
                Ok(told) => self.had.push((Instant::now(), told)),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// How this one stands.
    pub fn last(&self, id: Uuid) -> Option<&Delivery> {
        self.had.iter().rev().find(|(_, told)| told.id == id).map(|(_, told)| &told.delivery)
    }

    pub fn is_delivered(&self, id: Uuid) -> bool {
        matches!(self.last(id), Some(Delivery::Delivered { .. }))
    }
}
