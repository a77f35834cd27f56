//! Seen from inside a request: whether it opened a connection, and how long that took.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    static CURRENT: Arc<Connecting>;
}

/// What one request did to connect.
#[derive(Debug, Default)]
pub(super) struct Connecting {
    begun: AtomicU64,
    nanos: AtomicU64,
}

impl Connecting {
    /// Runs a request so that its connections are noted here.
    pub(super) async fn watch<F: Future>(self: &Arc<Self>, request: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), request).await
    }

    /// Forgets the last request.
    pub(super) fn reset(&self) {
        self.begun.store(0, Ordering::Relaxed);
        self.nanos.store(0, Ordering::Relaxed);
    }

    /// Whether the request went over a connection that was there before.
    pub(super) fn reused(&self) -> bool {
        self.begun.load(Ordering::Relaxed) == 0
    }

    /// Name look-up, connection and TLS together; none on a reused connection.
    pub(super) fn took(&self) -> Option<Duration> {
        Some(self.nanos.load(Ordering::Relaxed)).filter(|n| *n > 0).map(Duration::from_nanos)
    }
}

/// Wraps the HTTP client's connector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch;

/// A connector that notes its time in the request it connects for.
#[derive(Clone, Debug)]
pub(super) struct Watched<S>(S);

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched(inner)
    }
}

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, to: R) -> Self::Future {
        // Called while the request's own task is polled, so the request is known here.
        let whose = CURRENT.try_with(Arc::clone).ok();
        let connecting = self.0.call(to);
        let began = Instant::now();
        if let Some(whose) = &whose {
            whose.begun.fetch_add(1, Ordering::Relaxed);
        }
        Box::pin(async move {
            let connected = connecting.await;
            if let Some(whose) = whose {
                let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                whose.nanos.fetch_add(nanos, Ordering::Relaxed);
            }
            connected
        })
    }
}
