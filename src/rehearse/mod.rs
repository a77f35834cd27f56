//! A make-believe production on loopback, with scripted faults.
//!
//! [`scenes`] lists what can be played. [`start`] opens a [`Production`]: a router, two fleets (blue and green), a cache and
//! a crowd of users, all talking real HTTP over 127.0.0.1 on one thread of their own, so that they can disturb neither the
//! loop nor the pollers. The commands of the runbook move it, through `shopctl`, which
//! [`Production::tools`] puts beside its address. [`script::Script`] plays the team, and [`story::Story`] says at the end
//! whether everything came as it should.

mod cache;
mod fleet;
mod jobs;
mod load;
pub mod props;
mod router;
pub mod scene;
pub mod script;
mod site;
mod stage;
pub mod story;
mod tally;
mod tools;
pub mod wish;

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use props::JobTo;
pub use scene::{Scene, SceneError, scenes};
use site::Site;
pub use tools::Tools;

/// What the production tells: for the story's lines and the log, never needed for anything to work.
///
/// The lane is the caller's; a full lane loses the event and nothing else.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A feature flag was set; `percent` is zero when it is off.
    Flag {
        /// Its name.
        flag: String,
        /// 0 to 100.
        percent: f64,
    },
    /// Users go elsewhere now.
    Traffic {
        /// Share of them on green, 0 to 100.
        green: f64,
    },
    /// A fleet runs another build.
    Deployed {
        /// `green`.
        fleet: &'static str,
        /// `v2.0`.
        version: String,
    },
    /// The database has another schema.
    Migrated {
        /// Its number.
        schema: u32,
    },
    /// A job was started or stopped.
    Job {
        /// Its name.
        job: String,
        /// Which of both.
        to: JobTo,
    },
    /// A job came to its end.
    JobDone(String),
    /// The scripted fault has begun.
    FaultBegan,
    /// The scripted fault has gone.
    FaultOver,
    /// A part of the production broke, which should not happen.
    Broke(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag { flag, percent } if *percent <= 0.0 => write!(f, "flag {flag} is off"),
            Self::Flag { flag, percent } if *percent >= 100.0 => write!(f, "flag {flag} is on"),
            Self::Flag { flag, percent } => write!(f, "flag {flag} is on at {percent} %"),
            Self::Traffic { green } => write!(f, "traffic: {} % on blue, {green} % on green", 100.0 - green),
            Self::Deployed { fleet, version } => write!(f, "{fleet} runs {version}"),
            Self::Migrated { schema } => write!(f, "database has schema {schema}"),
            Self::Job { job, to: JobTo::Start } => write!(f, "job {job} begins"),
            Self::Job { job, to: JobTo::Stop } => write!(f, "job {job} is stopped, its rows are taken back"),
            Self::JobDone(job) => write!(f, "job {job} is done"),
            Self::FaultBegan => write!(f, "the new version begins to fail"),
            Self::FaultOver => write!(f, "it has recovered"),
            Self::Broke(what) => write!(f, "the make-believe production broke: {what}"),
        }
    }
}

/// Why a production could not be started.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// No port, no thread, no runtime.
    #[error("cannot open the make-believe production on 127.0.0.1: {0}; loopback networking is needed for the demo")]
    Open(#[from] std::io::Error),
    /// No HTTP client.
    #[error("cannot make an HTTP client for the make-believe production: {0}")]
    Client(#[from] reqwest::Error),
    /// The scene's speed is no speed.
    #[error("speed {0} is not possible; give a number from 0.1 to 600")]
    Speed(f64),
}

/// A running make-believe production; ends when dropped.
#[derive(Debug)]
pub struct Production {
    base: String,
    cache: String,
    stop: CancellationToken,
}

/// Opens the scene's production on free ports of 127.0.0.1. `speed` scales how fast its faults ramp and how many users
/// come, never how long an answer takes. Returns when all its ports are open, so the first probe finds it.
pub fn start(scene: &Scene, speed: f64, out: mpsc::Sender<Event>) -> Result<Production, RehearseError> {
    if !(0.1..=600.0).contains(&speed) {
        return Err(RehearseError::Speed(speed));
    }
    let open = || -> std::io::Result<(std::net::TcpListener, String)> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?.to_string();
        Ok((listener, addr))
    };
    let (front, front_addr) = open()?;
    let (blue, blue_addr) = open()?;
    let (green, green_addr) = open()?;
    let (cache, cache_addr) = open()?;
    // The client wants a TLS provider even for plain HTTP; a second installation is refused, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().http1_only().build()?;
    let base = format!("http://{front_addr}");
    let site = Arc::new(Site::new(scene, speed, out));
    let stop = CancellationToken::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let parts = stage::Parts {
        front,
        blue,
        green,
        cache,
        fleets: [format!("http://{blue_addr}"), format!("http://{green_addr}")],
        base: base.clone(),
        client,
        site,
    };
    let stopped = stop.clone();
    std::thread::Builder::new().name("rehearse".to_owned()).spawn(move || {
        runtime.block_on(parts.play(stopped));
        runtime.shutdown_background();
    })?;
    Ok(Production { base, cache: cache_addr, stop })
}

impl Production {
    /// Where the router answers: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// Where the cache answers: `127.0.0.1:PORT`, in the Redis protocol.
    pub fn cache_addr(&self) -> &str {
        &self.cache
    }

    /// Puts `shopctl` and this production's address into `folder`, which is made; both go with what is given back.
    pub fn tools(&self, folder: &std::path::Path) -> std::io::Result<Tools> {
        Tools::put(folder, self.base.trim_start_matches("http://"))
    }
}

impl Drop for Production {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
