//! The crowd: users who ask the router for pages, evenly in time and with a gentle swell.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::site::Site;

/// From one burst to the next.
const BEAT: Duration = Duration::from_millis(20);
/// Requests in flight at most; a user beyond that goes away, as users do.
const MOST: usize = 384;
/// What they look at.
const PAGES: [&str; 5] = ["stock", "orders", "orders/today", "suppliers", "search"];

/// Sends users until dropped; also lets time pass over the fault.
pub(super) async fn flow(site: Arc<Site>, client: reqwest::Client, base: String) {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let began = Instant::now();
    let mut last = began;
    let mut owed = 0.0;
    let mut flying = JoinSet::new();
    loop {
        let now = beat.tick().await;
        let passed = now.saturating_duration_since(last);
        last = now;
        site.pass(passed);
        while flying.try_join_next().is_some() {}
        // A swell of a tenth, once in five minutes of the scene.
        let minutes = now.duration_since(began).as_secs_f64() * site.speed / 60.0;
        owed += site.rate * (1.0 + 0.1 * (minutes * std::f64::consts::TAU / 5.0).sin()) * passed.as_secs_f64();
        // After a stall nobody catches up.
        owed = owed.min(site.rate);
        while owed >= 1.0 {
            owed -= 1.0;
            let n = site.sent.fetch_add(1, Relaxed);
            if flying.len() >= MOST {
                continue;
            }
            // 7919 has no factor in common with 100: every hundred users fill every hundredth of the router's hash once.
            let user = site.seed.wrapping_add(n.wrapping_mul(7919)) % 10_000;
            let page = PAGES.get(n as usize % PAGES.len()).copied().unwrap_or_default();
            let request = client
                .get(format!("{base}/shop/{page}"))
                .header("x-user", user.to_string())
                .timeout(Duration::from_secs(10));
            flying.spawn(async move {
                // What users think of the answer is counted by the router; here it is only read to its end.
                if let Ok(answer) = request.send().await {
                    let _ = answer.bytes().await;
                }
            });
        }
    }
}
