//! Loopback servers that do what a test says, and pollers to look at them.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use warroom::clock::Pace;
use warroom::poll::{self, Event, Options, Poll};
use warroom::probe::{
    Ask, HttpExpect, MetricReading, Outcome, Probe, ProbeId, Reading, Request, Sample, ServiceIx, ServiceReading,
};
use warroom::secret::{Filled, Masks};

/// A server and the pollers that look at it; one runtime for all servers of a test.
pub struct World {
    pub runtime: tokio::runtime::Runtime,
}

/// A listening server; it counts its connections.
#[derive(Clone)]
pub struct Server {
    pub at: SocketAddr,
    pub connections: Arc<AtomicUsize>,
}

impl World {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { runtime }
    }

    /// Does this with every connection: its number from 0, and the socket.
    pub fn serve<F, C>(&self, conversation: C) -> Server
    where
        C: Fn(usize, TcpStream) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let at = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        self.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let n = count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(conversation(n, stream));
            }
        });
        Server { at, connections }
    }

    /// Answers every request with the same bytes, keeping the connection.
    pub fn answer(&self, bytes: impl Into<Vec<u8>>) -> Server {
        let bytes: Arc<[u8]> = bytes.into().into();
        self.serve(move |_, mut stream| {
            let bytes = Arc::clone(&bytes);
            async move {
                while request(&mut stream).await.is_some() {
                    if stream.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
            }
        })
    }

    /// Starts pollers on these probes.
    pub fn look(&self, probes: Vec<Probe>) -> Looking {
        let (tx, events) = mpsc::channel(1_024);
        self.look_through(tx, events, probes, Masks::default())
    }

    pub fn look_through(
        &self,
        tx: mpsc::Sender<Event>,
        events: mpsc::Receiver<Event>,
        probes: Vec<Probe>,
        masks: Masks,
    ) -> Looking {
        let pace = Pace::new(Instant::now(), chrono::Utc::now(), 1);
        let options = Options { shim: Some(shim()), ..Options::new(pace) };
        let poll = poll::start(tx, options).unwrap();
        assert!(poll.ask(poll::Ask::Set(probes, masks)));
        Looking {
            poll,
            events,
            handle: self.runtime.handle().clone(),
            had: Vec::new(),
            broken: Vec::new(),
            silenced: Vec::new(),
        }
    }

    /// What one probe says first.
    pub fn first(&self, probe: Probe) -> Sample {
        self.look(vec![probe]).sample()
    }
}

/// Pollers at work.
pub struct Looking {
    pub poll: Poll,
    pub events: mpsc::Receiver<Event>,
    handle: tokio::runtime::Handle,
    pub had: Vec<Sample>,
    pub broken: Vec<(String, String)>,
    pub silenced: Vec<(uuid::Uuid, Result<String, String>)>,
}

impl Looking {
    /// Takes the next event in; false after `within` without one.
    pub fn take(&mut self, within: Duration) -> bool {
        let (handle, events) = (self.handle.clone(), &mut self.events);
        match handle.block_on(async { tokio::time::timeout(within, events.recv()).await }) {
            Ok(Some(Event::Samples(samples))) => self.had.extend(samples),
            Ok(Some(Event::Pulse(_))) => {}
            Ok(Some(Event::Silenced(id, outcome))) => {
                self.silenced.push((id, outcome.map(|id| id.raw().to_owned())));
            }
            Ok(Some(Event::TaskFailed(task, message))) => self.broken.push((task, message)),
            Ok(None) | Err(_) => return false,
        }
        true
    }

    /// Takes events in until this holds; fails after 20 s.
    pub fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !done(self) {
            assert!(Instant::now() < end, "never: {what}");
            self.take(Duration::from_millis(50));
        }
    }

    /// The first sample.
    pub fn sample(&mut self) -> Sample {
        self.until("a sample", |l| !l.had.is_empty());
        self.had.remove(0)
    }

    pub fn of(&self, id: u32) -> impl Iterator<Item = &Sample> {
        self.had.iter().filter(move |s| s.probe == ProbeId(id))
    }
}

/// The program under test, as the shim of commands.
pub fn shim() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_warroom"))
}

/// Reads one request's head; `None` when the other side is gone.
pub async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut buffer = [0_u8; 4_096];
    loop {
        let n = stream.read(&mut buffer).await.ok()?;
        if n == 0 {
            return None;
        }
        head.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&head);
        if let Some(end) = text.find("\r\n\r\n") {
            let body = text.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if head.len() >= end + 4 + body.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
    }
}

/// `HTTP/1.1 200 OK` with this body.
pub fn ok(body: &str) -> String {
    response("200 OK", "", body)
}

pub fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

pub fn url(at: SocketAddr) -> Request {
    Request { url: Filled::plain(format!("http://{at}/health")), headers: Vec::new() }
}

pub fn probe(id: u32, ask: Ask) -> Probe {
    Probe {
        id: ProbeId(id),
        name: format!("target {id}"),
        every: Duration::from_millis(500),
        timeout: Duration::from_secs(5),
        ask,
    }
}

pub fn http(id: u32, at: SocketAddr, expect: HttpExpect) -> Probe {
    probe(id, Ask::Http { service: ServiceIx(id), request: url(at), expect })
}

pub fn service(sample: &Sample) -> &ServiceReading {
    match &sample.reading {
        Reading::Service(service) => service,
        other => panic!("not about a service: {other:?}"),
    }
}

pub fn metrics(sample: &Sample) -> &[MetricReading] {
    match &sample.reading {
        Reading::Metrics(metrics) => metrics,
        other => panic!("not about metrics: {other:?}"),
    }
}

pub fn failure(sample: &Sample) -> &str {
    match &service(sample).outcome {
        Outcome::Fail(reason) => reason,
        other => panic!("not a failure: {other:?}"),
    }
}

/// Growth of the most memory this process ever had resident, while something runs. Only told under nextest, where a test
/// has its process to itself; elsewhere nothing.
pub fn grown(run: impl FnOnce()) -> Option<u64> {
    let kib = |key: &str| -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|l| l.starts_with(key)).unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    // "5" sets the peak back to what is resident now.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = kib("VmRSS");
    run();
    std::env::var_os("NEXTEST").map(|_| kib("VmHWM").saturating_sub(before))
}
