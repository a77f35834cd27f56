//! The production's own thread: servers and crowd, run together until it is stopped.

use std::io;
use std::net;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::site::{Colour, Site};
use super::{Event, cache, fleet, load, router};

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
        match parts.join_next().await {
            Some(Err(e)) => e.to_string(),
            Some(Ok(Err(e))) => e.to_string(),
            Some(Ok(Ok(()))) | None => "a part of it ended".to_owned(),
        }
    }
}
