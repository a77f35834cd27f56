//! Waiting for a condition with a bounded patience, and never for a time.

use std::time::{Duration, Instant};

use super::watch::LIMIT;

/// From one look to the next.
const LOOK: Duration = Duration::from_millis(5);

/// Waits until something holds; how long that took.
pub fn eventually(what: &str, mut good: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !good() {
        assert!(begun.elapsed() < LIMIT, "never came: {what}");
        std::thread::sleep(LOOK);
    }
    begun.elapsed()
}

/// The same where looking takes its time.
pub async fn eventually_async(what: &str, mut good: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !good().await {
        assert!(begun.elapsed() < LIMIT, "never came: {what}");
        tokio::time::sleep(LOOK).await;
    }
}
