//! Looking: one scheduler starts together what is due; each probe is alone with its deadline.
//!
//! The pollers live on their own thread with their own runtime, so neither judging nor drawing is ever in their way.
//! A target's state (prepared request, buffer, scraped series) travels into the task of each asking and comes home with the
//! answer: who is not at home is not asked twice. A panic ends only that task.

use std::io;
use std::path::PathBuf;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::clock::Pace;
use crate::probe::rules::SilenceThere;
use crate::probe::{Probe, Pulse, Sample};
use crate::secret::Masks;
use crate::task;
use crate::text::Untrusted;
use crate::trust::Trust;

mod command;
mod connect;
mod expect;
mod foreign;
mod fresh;
mod http;
mod json;
mod limits;
mod look;
mod names;
mod outbox;
mod presence;
mod prometheus;
mod reason;
mod rules;
mod scheduler;
mod scrape;
mod sides;
mod silence;
mod target;
mod tcp;
mod tls;
pub mod wheel;

/// What the pollers tell the loop.
#[derive(Debug)]
pub enum Event {
    /// Answers that came together. Lane policy: newest wins. While the lane is full the newest sample of each probe is kept
    /// and sent later.
    Samples(Vec<Sample>),
    /// How polling itself goes; at most once a second, behind samples. Lane policy: dropped when the lane is full.
    Pulse(Pulse),
    /// How creating a silence went: its identity here, and the one that it has there, or why there is none. Lane policy:
    /// lossless; whoever asked has one under way, so at most one waits for room.
    Silenced(Uuid, Result<Untrusted, String>),
    /// A probe's task broke (a panic) and will be started again: its name, how.
    TaskFailed(String, String),
}

/// A handle to the pollers' thread; the thread ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Poll {
    tx: mpsc::Sender<Ask>,
}

/// What the loop asks of the pollers.
#[derive(Debug)]
pub enum Ask {
    /// Poll these from now on, instead of what was polled, masking these secrets in what comes back; an empty list stops.
    /// Probes that did not change keep their state, and every probe keeps its phase.
    Set(Vec<Probe>, Masks),
    /// Create this silence in an Alertmanager; answered by [`Event::Silenced`].
    Silence(SilenceThere),
    /// Test builds only: the probe of this name breaks at its next asking.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Break(String, Fault),
}

/// How a probe breaks in a test build.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It panics.
    Panic,
    /// It loops without end, yielding each time.
    Spin,
    /// It is never ready.
    Never,
}

/// How to poll.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names the moments of samples, and how many times faster the schedule runs; timeouts and measured times are not scaled.
    pub pace: Pace,
    /// Sent with every HTTP request.
    pub user_agent: String,
    /// The shim that commands run under; this program when not given.
    pub shim: Option<PathBuf>,
    /// Whose certificates are taken.
    pub trust: Trust,
}

impl Options {
    /// The normal schedule at this pace.
    pub fn new(pace: Pace) -> Self {
        let user_agent = concat!("warroom/", env!("CARGO_PKG_VERSION")).to_owned();
        Self { pace, user_agent, shim: None, trust: Trust::default() }
    }
}

/// Starts the pollers' thread, asking nothing yet.
pub fn start(out: mpsc::Sender<Event>, options: Options) -> io::Result<Poll> {
    let (tx, asks) = mpsc::channel(16);
    task::thread("poll", move || scheduler::run(asks, out, options))?;
    Ok(Poll { tx })
}

impl Poll {
    /// Hands something to the pollers' thread; false when the lane is full.
    pub fn ask(&self, ask: Ask) -> bool {
        self.tx.try_send(ask).is_ok()
    }
}
