//! Telling: Slack, PagerDuty, webhooks and commands, each with an outbox that loses nothing and waits for nobody.
//!
//! It lives on its own thread with its own runtime. Each channel has its own outbox and its own requests in flight, each with a
//! deadline, so a channel that hangs is alone. What must be told is known to the loop until it was delivered: this edge keeps
//! nothing on disk, and after a restart it is simply told again.

use std::io;
use std::path::PathBuf;

use tokio::sync::{mpsc, watch};

use crate::clock::Pace;
use crate::notice::{Notice, Told};
use crate::plan::{HeartbeatPlan, NotifyPlan, Plan};
use crate::secret::Masks;
use crate::task;
use crate::trust::Trust;

pub mod answer;
pub mod backoff;
mod channel;
pub mod command;
mod heart;
pub mod outbox;
pub mod pagerduty;
pub mod plain;
mod reports;
mod send;
pub mod slack;
pub mod webhook;
mod work;

/// Notices on their way in.
const SAYING: usize = 4_096;

/// Whom to tell, and how.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The channels.
    pub channels: Vec<NotifyPlan>,
    /// Who hears that the room still judges.
    pub heartbeat: Option<HeartbeatPlan>,
    /// What never leaves.
    pub masks: Masks,
    /// What ends incidents where these channels led until now: sent by the way that this setup replaces.
    pub partings: Vec<Notice>,
}

impl Setup {
    /// As a plan has it.
    pub fn of(plan: &Plan) -> Self {
        Self {
            channels: plan.notify.clone(),
            heartbeat: plan.heartbeat.clone(),
            masks: plan.masks.clone(),
            partings: Vec::new(),
        }
    }
}

/// How to tell.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names the moments of reports; waits and deadlines are never scaled.
    pub pace: Pace,
    /// Sent with every request.
    pub user_agent: String,
    /// The shim that commands run under; this program when not given.
    pub shim: Option<PathBuf>,
    /// Whose certificates are taken.
    pub trust: Trust,
}

impl Options {
    /// The usual ones at this pace.
    pub fn new(pace: Pace) -> Self {
        let user_agent = concat!("warroom/", env!("CARGO_PKG_VERSION")).to_owned();
        Self { pace, user_agent, shim: None, trust: Trust::default() }
    }
}

/// A handle to the thread that tells; the thread ends when the last one is dropped, and what waits then is told by whoever
/// starts it next.
#[derive(Clone, Debug)]
pub struct Tell {
    asks: mpsc::Sender<Ask>,
    beats: watch::Sender<()>,
}

#[derive(Debug)]
enum Ask {
    Say(Box<Notice>),
    Set(Box<Setup>),
}

/// Starts the thread. `reports` gets how each notice stands, each time that changes; lane policy: while it is full the newest
/// report of each notice is kept and sent later.
pub fn start(setup: Setup, options: Options, reports: mpsc::Sender<Told>) -> io::Result<Tell> {
    let (asks, asked) = mpsc::channel(SAYING);
    let (beats, beaten) = watch::channel(());
    task::thread("tell", move || work::run(setup, options, asked, beaten, reports))?;
    Ok(Tell { asks, beats })
}

impl Tell {
    /// Hands a notice over; one that is known by its id is not sent twice, its last report comes again. Never blocks. Lane
    /// policy: 4,096 notices; false when there is no room for this one, which then has to be said again.
    #[must_use = "a notice that found no room has to be said again"]
    pub fn say(&self, notice: Notice) -> bool {
        self.asks.try_send(Ask::Say(Box::new(notice))).is_ok()
    }

    /// Tells by this setup from now on. What waits for a channel of the same name stays; what waits for a channel that is gone
    /// is refused. False when there is no room, as for [`Tell::say`].
    #[must_use = "a setup that found no room has to be set again"]
    pub fn set(&self, setup: Setup) -> bool {
        self.asks.try_send(Ask::Set(Box::new(setup))).is_ok()
    }

    /// Says that a whole evaluation was made. The heartbeat goes out after it, at most once in its interval, and stays out when
    /// nobody says so any more. Never blocks.
    pub fn beat(&self) {
        self.beats.send_replace(());
    }
}
