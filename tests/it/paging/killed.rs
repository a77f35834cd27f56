//! Killed again and again while alerts are pending and while they fire: one breach is one episode, one page, one end.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::support::watch::LIMIT;

/// What a room went through.
#[derive(Debug, Default)]
struct Gone {
    breaches: usize,
    kills: usize,
    /// Kills after the page was out.
    firing: usize,
}

/// A number below `sides` that follows from a seed.
fn dice(seed: &mut u64, sides: u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed % sides
}

/// Words of the journal about one alert, by episode, in order.
fn episodes(home: &Path, plan: &Path) -> BTreeMap<String, Vec<String>> {
    let journals = std::fs::read_dir(home.join("state/warroom")).unwrap().map(|e| e.unwrap().path());
    let folder = journals.into_iter().find(|p| p.is_dir()).unwrap();
    let journal = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let journal =
        journal.into_iter().find(|p| p.extension().is_some_and(|e| e == "db") && !p.to_string_lossy().contains("tape"));
    let out = warroom(home).arg("export").arg(journal.unwrap()).args(["--format", "jsonl"]).output().unwrap();
    assert!(out.status.success(), "{} {}", plan.display(), String::from_utf8_lossy(&out.stderr));
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in String::from_utf8(out.stdout).unwrap().lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let fact = &entry["fact"];
        if fact["kind"] == "alert-changed" && fact["alert"] == "api down" {
            let word = fact["to"].as_str().unwrap().to_owned();
            said.entry(fact["episode"].as_str().unwrap().to_owned()).or_default().push(word);
        }
    }
    said
}

/// One room: breaches with three kills in each, until so many kills are done.
fn suffer(seed: u64, kills: usize) -> Gone {
    let mut seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let world = World::new();
    let ((service, well), pager) = (service(&world), pager(&world));
    let home = tempfile::tempdir().unwrap();
    let plan = plan(home.path(), &service, &pager, "");
    let mut watch = start(home.path(), &plan, "ic");
    let mut gone = Gone::default();
    eventually("asked", || service.got.lock().unwrap().len() > 3);
    let keys = || {
        let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (action, key) in events(&pager) {
            keys.entry(key).or_default().push(action);
        }
        keys
    };
    while gone.kills < kills {
        well.store(false, Ordering::Relaxed);
        gone.breaches += 1;
        for nth in 0..3.min(kills - gone.kills) {
            // Twice before or around the page, then once after it.
            let end = Instant::now() + LIMIT * 3;
            while nth == 2 && keys().len() < gone.breaches {
                assert!(Instant::now() < end, "breach {} was never paged: {:?}", gone.breaches, keys());
                std::thread::sleep(Duration::from_millis(20));
            }
            std::thread::sleep(Duration::from_millis(dice(&mut seed, [1_500, 4_000, 1_000][nth])));
            gone.firing += usize::from(keys().len() == gone.breaches);
            watch.kill();
            gone.kills += 1;
            watch = start(home.path(), &plan, "ic");
        }
        let paged = || keys().len() >= gone.breaches;
        let end = Instant::now() + LIMIT * 3;
        while !paged() {
            assert!(Instant::now() < end, "breach {} was never paged: {:?}", gone.breaches, keys());
            std::thread::sleep(Duration::from_millis(20));
        }
        well.store(true, Ordering::Relaxed);
        let over = || keys().values().filter(|a| a.last().is_some_and(|a| a == "resolve")).count() == gone.breaches;
        let end = Instant::now() + LIMIT * 3;
        while !over() {
            assert!(Instant::now() < end, "breach {} was never over: {:?}", gone.breaches, keys());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    watch.end();
    assert_eq!(keys().len(), gone.breaches, "one page for each breach: {:?}", keys());
    let told = keys();
    assert!(told.values().all(|a| a[0] == "trigger" && a.iter().filter(|a| *a == "resolve").count() >= 1), "{told:?}");
    let said = episodes(home.path(), &plan);
    assert_eq!(said.len(), gone.breaches, "one episode for each breach: {said:?}");
    for (episode, words) in said {
        assert!(told.contains_key(&episode), "{episode} is the key of its page");
        assert_eq!(words.iter().filter(|w| *w == "firing").count(), 1, "{words:?}");
        assert_eq!(words.last().map(String::as_str), Some("resolved"), "{words:?}");
    }
    gone
}

/// So many rooms at once, each killed so often.
#[expect(clippy::print_stdout, reason = "the figure that the long run is for")]
fn rooms(rooms: u64, kills: usize) {
    let all: Vec<Gone> = std::thread::scope(|scope| {
        let running: Vec<_> = (1..=rooms).map(|seed| scope.spawn(move || suffer(seed, kills))).collect();
        running.into_iter().map(|room| room.join().unwrap()).collect()
    });
    let sum = |of: fn(&Gone) -> usize| all.iter().map(of).sum::<usize>();
    println!("{} kills ({} while firing) over {} breaches", sum(|g| g.kills), sum(|g| g.firing), sum(|g| g.breaches));
    assert_eq!(sum(|g| g.kills), rooms as usize * kills);
}

#[test]
fn a_dozen_kills_make_no_second_episode_and_lose_no_page() {
    rooms(4, 3);
}

#[test]
#[ignore = "minutes: 200 kills -9 of the real program"]
fn two_hundred_kills_make_no_second_episode_and_lose_no_page() {
    rooms(8, 25);
}
