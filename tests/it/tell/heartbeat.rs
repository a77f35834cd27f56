//! The heartbeat: it goes out while somebody judges, and stops when nobody does.

use std::time::Duration;

use super::fake::{Reply, Telling, World};
use crate::support::wait::eventually;

const EVERY: Duration = Duration::from_millis(200);

#[test]
fn it_beats_at_its_pace_while_evaluations_are_made_and_stops_with_them() {
    let world = World::new();
    let receiver = world.receiver(|_, _| Reply::status(200));
    let telling = Telling::beating(&receiver.url("/ping/s3cr3t"), EVERY);
    eventually("five calls", || {
        telling.tell.beat();
        receiver.requests().len() >= 5
    });
    let calls = receiver.requests();
    assert!(calls.iter().all(|call| call.method == "GET" && call.path == "/ping/s3cr3t"));
    let closest = calls.windows(2).map(|w| w[1].at - w[0].at).min().unwrap();
    // The way there takes its time too; never twice as fast.
    assert!(closest > EVERY / 2, "two calls within {closest:?}");
    // Evaluations that were made before the next call is due do not count for it.
    std::thread::sleep(EVERY / 4);
    telling.tell.beat();
    let before = receiver.requests().len();
    std::thread::sleep(EVERY * 4);
    assert!(receiver.requests().len() <= before, "it beats without an evaluation");
    telling.tell.beat();
    eventually("another call", || receiver.requests().len() > before);
}
