//! The production's own thread: servers, crowd and the ticks that move it, run together until it is stopped.

use std::collections::BTreeMap;
use std::io;
use std::net;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::scene::{Action, Flag};
use super::site::{Colour, Site};
use super::{Event, cache, fleet, load, router};
use crate::fact::{Mark, StepId};

/// Everything the thread runs on.
pub(super) struct Parts {
    pub(super) front: net::TcpListener,
    pub(super) blue: net::TcpListener,
    pub(super) green: net::TcpListener,
    pub(super) cache: net::TcpListener,
    /// Base URLs of blue and green.
    pub(super) fleets: [String; 2],
    /// Base URL of the router.
    pub(super) base: String,
    pub(super) client: reqwest::Client,
    pub(super) site: Arc<Site>,
    pub(super) does: BTreeMap<StepId, Vec<Action>>,
    pub(super) asked: mpsc::Receiver<(StepId, Mark)>,
}

impl Parts {
    /// Runs until `stop`; a part that ends before is told as an event.
    pub(super) async fn play(self, stop: CancellationToken) {
        let site = Arc::clone(&self.site);
        tokio::select! {
            () = stop.cancelled() => {}
            why = self.run() => site.tell(Event::Broke(why)),
        }
    }

    /// Never returns while all is well; then why it is not.
    async fn run(self) -> String {
        let mut parts: JoinSet<io::Result<()>> = JoinSet::new();
        let front = router::Front { site: Arc::clone(&self.site), client: self.client.clone(), fleets: self.fleets };
        let apps = [
            (self.front, router::app(front)),
            (self.blue, fleet::app(Arc::clone(&self.site), Colour::Blue)),
            (self.green, fleet::app(Arc::clone(&self.site), Colour::Green)),
        ];
        for (listener, app) in apps {
            match TcpListener::from_std(listener) {
                Ok(listener) => parts.spawn(async move { axum::serve(listener, app).await }),
                Err(e) => return e.to_string(),
            };
        }
        match TcpListener::from_std(self.cache) {
            Ok(listener) => parts.spawn(cache::serve(listener)),
            Err(e) => return e.to_string(),
        };
        let crowd = load::flow(Arc::clone(&self.site), self.client.clone(), self.base.clone());
        parts.spawn(async move {
            crowd.await;
            Ok(())
        });
        let hands = Hands { site: self.site, client: self.client, base: self.base, does: self.does };
        parts.spawn(hands.work(self.asked));
        match parts.join_next().await {
            Some(Err(e)) => e.to_string(),
            Some(Ok(Err(e))) => e.to_string(),
            Some(Ok(Ok(()))) | None => "a part of it ended".to_owned(),
        }
    }
}

/// Does what steps do, one after the other, as a person with curl would.
struct Hands {
    site: Arc<Site>,
    client: reqwest::Client,
    base: String,
    does: BTreeMap<StepId, Vec<Action>>,
}

impl Hands {
    async fn work(self, mut asked: mpsc::Receiver<(StepId, Mark)>) -> io::Result<()> {
        while let Some((step, mark)) = asked.recv().await {
            for action in self.does.get(&step).into_iter().flatten() {
                let action = match mark {
                    Mark::Done => action.clone(),
                    Mark::Todo => match taken_back(action) {
                        Some(action) => action,
                        None => continue,
                    },
                    _ => continue,
                };
                if let Err(why) = self.post(&action).await {
                    self.site.tell(Event::Broke(format!("step {step}: {why}")));
                }
            }
        }
        // Nobody can ask any more: the production is being dropped, and its stop is on the way.
        std::future::pending().await
    }

    async fn post(&self, action: &Action) -> Result<(), String> {
        let path = match action {
            Action::Flag(_) => "feature-flags",
            Action::Deploy(_) => "deploy",
            Action::Migrate(_) => "migrations",
        };
        let request = self.client.post(format!("{}/api/admin/{path}", self.base)).json(action);
        let answer = request.send().await.map_err(|e| e.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(answer.text().await.unwrap_or_default()) }
    }
}

/// What takes an action back: a flag goes to where it was not; a deployment and a migration stay.
fn taken_back(action: &Action) -> Option<Action> {
    match action {
        Action::Flag(flag) if flag.enabled => {
            Some(Action::Flag(Flag { flag: flag.flag.clone(), enabled: false, percentage: None }))
        }
        _ => None,
    }
}
