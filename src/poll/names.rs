//! Names to addresses by the system's own resolver, on a few threads that may hang: names that hang wait for one another, and
//! nobody else waits for them.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::reason;
use crate::task::{self, Panic};

/// Look-ups at a time, each on a thread of its own.
const RUNNING: usize = 6;
/// Of these, so many may be for names that hung the last time.
const HANGING: usize = 3;
/// A look-up that takes longer hangs: the system's resolver gives up on a server after five seconds.
const SOON: Duration = Duration::from_millis(900);
/// Askings on their way here; who finds no room is told that the look-up failed.
const LANE: usize = 1_024;
/// Names that are remembered; those that nobody waits for go first.
const KNOWN: usize = 16_384;

type Found = Result<Vec<IpAddr>, String>;

/// Where names are asked for.
#[derive(Clone, Debug)]
pub(super) struct Names {
    asks: mpsc::Sender<(Arc<str>, oneshot::Sender<Found>)>,
}

impl Names {
    /// Starts answering, for as long as somebody may ask.
    pub(super) fn start() -> Self {
        let (asks, asked) = mpsc::channel(LANE);
        let failed = |panic: Panic| tracing::error!(task = %panic.task, "{}", panic.message);
        task::spawn("names", answer(asked), failed).detach();
        Self { asks }
    }

    /// The addresses of a host, a name or an address itself; the error says why there are none.
    pub(super) async fn addresses(&self, host: &str) -> Found {
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        let plain = host.trim_end_matches('.').to_ascii_lowercase();
        // RFC 6761, 6.3: these are this machine, whatever a name server says or does not say.
        if plain == "localhost" || plain.ends_with(".localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let (reply, found) = oneshot::channel();
        let failed = || "the name look-up failed".to_owned();
        self.asks.try_send((plain.into(), reply)).map_err(|_| failed())?;
        found.await.unwrap_or_else(|_| Err(failed()))
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await?;
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

/// A name that was asked for.
#[derive(Default)]
struct Host {
    askers: Vec<oneshot::Sender<Found>>,
    stage: Stage,
    /// The last look-up took longer than [`SOON`].
    hangs: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Idle,
    Queued,
    /// Since when, and as what it is counted.
    Running(Instant, Class),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Quick,
    Hanging,
}

#[derive(Default)]
struct Table {
    hosts: HashMap<Arc<str>, Host>,
    quick: VecDeque<Arc<str>>,
    hanging: VecDeque<Arc<str>>,
    running: usize,
    running_hanging: usize,
}

async fn answer(mut asked: mpsc::Receiver<(Arc<str>, oneshot::Sender<Found>)>) {
    let (done, mut home) = mpsc::channel(RUNNING);
    let mut table = Table::default();
    loop {
        tokio::select! {
            ask = asked.recv() => match ask {
                Some((name, reply)) => table.ask(name, reply),
                None => return,
            },
            Some((name, found)) = home.recv() => table.came_home(&name, &found),
        }
        while let Some(name) = table.next() {
            let (done, sought) = (done.clone(), Arc::clone(&name));
            let work = move || look_up(&sought);
            task::blocking("look-up", work, move |found| {
                let found = found.unwrap_or_else(|_| Err("the name look-up failed".to_owned()));
                // There is a place for each that runs; nobody listens any more only when polling has ended.
                let _ = done.try_send((name, found));
            });
        }
    }
}

impl Table {
    fn ask(&mut self, name: Arc<str>, reply: oneshot::Sender<Found>) {
        if self.hosts.len() >= KNOWN {
            self.hosts.retain(|_, host| host.stage != Stage::Idle);
        }
        let host = self.hosts.entry(Arc::clone(&name)).or_default();
        // Who asked before and gave up is not kept: one asking a second of a name that hangs for a minute would pile up.
        host.askers.retain(|asker| !asker.is_closed());
        host.askers.push(reply);
        if host.stage == Stage::Idle {
            host.stage = Stage::Queued;
            if host.hangs { &mut self.hanging } else { &mut self.quick }.push_back(name);
        }
    }

    /// The next name to look up, if there is a thread for it.
    fn next(&mut self) -> Option<Arc<str>> {
        if self.running >= RUNNING {
            return None;
        }
        let (name, class) = match self.quick.pop_front() {
            Some(name) => (name, Class::Quick),
            None if self.running_hanging < HANGING => (self.hanging.pop_front()?, Class::Hanging),
            None => return None,
        };
        self.running += 1;
        self.running_hanging += usize::from(class == Class::Hanging);
        if let Some(host) = self.hosts.get_mut(&name) {
            host.stage = Stage::Running(Instant::now(), class);
        }
        Some(name)
    }

    fn came_home(&mut self, name: &Arc<str>, found: &Found) {
        self.running = self.running.saturating_sub(1);
        let Some(host) = self.hosts.get_mut(name) else { return };
        if let Stage::Running(since, class) = host.stage {
            host.hangs = since.elapsed() > SOON;
            self.running_hanging -= usize::from(class == Class::Hanging && self.running_hanging > 0);
        }
        host.stage = Stage::Idle;
        for asker in host.askers.drain(..) {
            // Some have given up meanwhile.
            let _ = asker.send(found.clone());
        }
    }
}

fn look_up(name: &str) -> Found {
    let found = (name, 0).to_socket_addrs().map_err(|e| reason::of_look_up(&e))?;
    let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    if found.is_empty() { Err("no such host".to_owned()) } else { Ok(found) }
}
