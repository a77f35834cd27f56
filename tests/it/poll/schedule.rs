//! The schedule under virtual time: phases, slots, skipping; and that nobody is asked twice at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use warroom::poll::Ask;
use warroom::poll::wheel::{Beat, SLOT, Wheel};
use warroom::probe::{HttpExpect, Outcome};
use warroom::secret::Masks;

use super::server::{World, failure, http, ok, request, service};
use crate::support::wait::eventually;

const SECOND: Duration = Duration::from_secs(1);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Runs a wheel from slot to slot as the scheduler does; gives when each key was due.
fn play(wheel: &mut Wheel, until: Duration) -> HashMap<u32, Vec<Duration>> {
    let mut asked: HashMap<u32, Vec<Duration>> = HashMap::new();
    let mut due = Vec::new();
    while let Some(at) = wheel.next_due().filter(|at| *at < until) {
        wheel.due(at, &mut due);
        for key in due.drain(..) {
            asked.entry(key).or_default().push(at);
        }
    }
    asked
}

#[test]
fn each_target_keeps_its_phase_and_none_is_left_out() {
    let mut wheel = Wheel::new();
    for key in 0..1_000 {
        wheel.insert(key, Beat::of(&format!("svc-{key}"), SECOND), Duration::ZERO, None);
    }
    let asked = play(&mut wheel, 60 * SECOND);
    assert_eq!(asked.len(), 1_000);
    for times in asked.values() {
        assert_eq!(times.len(), 60);
        assert!(times.windows(2).all(|w| w[1] == w[0] + SECOND), "{times:?}");
    }
    // Spread over sixteen wake-ups a second, no burst of more than twice its share.
    let mut slots: HashMap<u128, usize> = HashMap::new();
    for times in asked.values() {
        *slots.entry(times[0].as_millis() / 20).or_default() += 1;
    }
    assert!(slots.len() == 16 && slots.values().all(|n| *n < 125), "{slots:?}");
}

#[test]
fn a_phase_depends_on_the_name_alone() {
    let beat = Beat::of("api", 30 * SECOND);
    assert_eq!(beat, Beat::of("api", 30 * SECOND));
    assert_ne!(beat.phase, Beat::of("web", 30 * SECOND).phase);
    assert!(beat.phase < beat.every);
    let mut early = Wheel::new();
    early.insert(1, beat, Duration::ZERO, None);
    let mut late = Wheel::new();
    late.insert(1, beat, 301 * SECOND, None);
    let (early, late) = (play(&mut early, 600 * SECOND), play(&mut late, 600 * SECOND));
    assert!(early[&1].ends_with(&late[&1]), "a later start asks at the same moments");
}

#[test]
fn an_interval_that_is_no_multiple_of_a_slot_does_not_drift() {
    let mut wheel = Wheel::new();
    wheel.insert(1, Beat { phase: ms(7), every: ms(333) }, Duration::ZERO, None);
    let asked = play(&mut wheel, 333 * SECOND);
    assert_eq!(asked[&1].len(), 1_000);
    for (n, at) in asked[&1].iter().enumerate() {
        let due = ms(7 + 333 * n as u64);
        assert!(*at <= due && due < *at + SLOT, "{n}: {at:?} for {due:?}");
    }
}

#[test]
fn late_ones_are_asked_once_and_missed_ones_skipped() {
    let mut wheel = Wheel::new();
    wheel.insert(1, Beat { phase: ms(125), every: SECOND }, Duration::ZERO, None);
    wheel.insert(2, Beat { phase: ms(3_750), every: 60 * SECOND }, Duration::ZERO, None);
    let mut due = Vec::new();
    // Stopped for 40 s: the first missed forty beats, the second is merely late.
    wheel.due(40 * SECOND, &mut due);
    assert_eq!(due, [2]);
    due.clear();
    wheel.due(40 * SECOND + ms(99), &mut due);
    assert_eq!(due, [] as [u32; 0]);
    wheel.due(40 * SECOND + ms(125), &mut due);
    assert_eq!(due, [1]);
    due.clear();
    // Late by less than an interval, and its next beat lies in this very slot: once.
    wheel.due(ms(42_121), &mut due);
    assert_eq!(due, [1]);
    assert_eq!(wheel.next_due(), Some(ms(43_120)));
}

#[test]
fn a_target_that_still_answers_is_not_asked_again() {
    let world = World::new();
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, peak) = (Arc::clone(&inside), Arc::clone(&most));
    let server = world.serve(move |_, mut stream| {
        let (inside, most) = (Arc::clone(&count), Arc::clone(&peak));
        async move {
            while request(&mut stream).await.is_some() {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(150)).await;
                inside.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.write_all(ok("").as_bytes()).await;
            }
        }
    });
    let mut probe = http(0, server.at, HttpExpect::default());
    probe.every = Duration::from_millis(40);
    let mut looking = world.look(vec![probe]);
    looking.until("six answers", |l| l.had.len() >= 6);
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[test]
fn what_left_the_list_is_not_asked_and_what_stays_keeps_its_connection() {
    let world = World::new();
    let (stays, leaves) = (world.answer(ok("")), world.answer(ok("")));
    let mut looking =
        world.look(vec![http(0, stays.at, HttpExpect::default()), http(1, leaves.at, HttpExpect::default())]);
    looking.until("both", |l| l.of(0).next().is_some() && l.of(1).next().is_some());
    assert!(looking.poll.ask(Ask::Set(vec![http(0, stays.at, HttpExpect::default())], Masks::default())));
    looking.had.clear();
    looking.until("three more", |l| l.of(0).count() >= 3);
    // One answer of the left one may have been under way on the lane.
    assert!(looking.of(1).count() <= 1, "still asked");
    assert_eq!(stays.connections.load(Ordering::Relaxed), 1, "the connection was given up");
}

#[test]
fn a_lane_that_nobody_reads_keeps_the_newest_of_each() {
    let world = World::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = world.serve(move |_, mut stream| {
        let count = Arc::clone(&count);
        async move {
            while request(&mut stream).await.is_some() {
                let n = count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(ok(&format!("{{\"v\":{n}}}")).as_bytes()).await;
            }
        }
    });
    let mut probe = http(0, server.at, HttpExpect { version: Some("/v".to_owned()), ..HttpExpect::default() });
    probe.every = Duration::from_millis(20);
    let (tx, rx) = tokio::sync::mpsc::channel(1);
    let mut looking = world.look_through(tx, rx, vec![probe], Masks::default());
    eventually("forty askings", || asked.load(Ordering::SeqCst) >= 40);
    looking.until("the newest", |l| l.had.len() >= 2);
    let versions: Vec<usize> =
        looking.had.iter().map(|s| service(s).version.as_ref().unwrap().raw().parse().unwrap()).collect();
    assert_eq!(versions[0], 0);
    assert!(versions[1] >= 30, "an old sample was kept: {versions:?}");
}

/// T39: a probe that panics, spins or hangs is told, restarted, and nobody else notices.
/// A release cannot be broken on purpose.
#[cfg(debug_assertions)]
#[test]
fn a_broken_probe_is_alone() {
    use warroom::poll::Fault;
    let world = World::new();
    let server = world.answer(ok(""));
    let mut probes: Vec<_> = (0..4).map(|id| http(id, server.at, HttpExpect::default())).collect();
    for probe in &mut probes {
        probe.every = Duration::from_millis(100);
    }
    for probe in &mut probes[1..] {
        probe.timeout = Duration::from_millis(400);
    }
    let mut looking = world.look(probes);
    looking.until("all", |l| (0..4).all(|id| l.of(id).next().is_some()));
    for (name, fault) in [("target 1", Fault::Panic), ("target 2", Fault::Spin), ("target 3", Fault::Never)] {
        // Asked until it hits a moment at which the target is at home.
        let id: u32 = name.rsplit(' ').next().unwrap().parse().unwrap();
        looking.until(name, |l| {
            l.poll.ask(Ask::Break(name.to_owned(), fault));
            l.of(id).any(|s| !matches!(service(s).outcome, Outcome::Pass))
        });
        let broken = looking.of(id).find(|s| !matches!(service(s).outcome, Outcome::Pass)).unwrap();
        if fault == Fault::Panic {
            assert!(matches!(service(broken).outcome, Outcome::NoData(_)), "{broken:?}");
        } else {
            assert_eq!(failure(broken), "no answer within 400 ms");
        }
        looking.had.clear();
        looking.until("back again", |l| l.of(id).any(|s| matches!(service(s).outcome, Outcome::Pass)));
        looking.until("the healthy one", |l| l.of(0).count() >= 2);
        let noticed: Vec<_> = looking.of(0).filter(|s| service(s).outcome != Outcome::Pass).collect();
        assert!(noticed.is_empty(), "{noticed:?}");
    }
    assert!(looking.broken.iter().all(|(task, _)| task == "probe target 1"), "{:?}", looking.broken);
    assert!(looking.broken.iter().any(|(_, message)| message == "broken on purpose"), "{:?}", looking.broken);
}
