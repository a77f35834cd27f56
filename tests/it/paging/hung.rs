//! T36: while every channel hangs, polls start as in a room beside it that tells nobody, none is missed, the breach is said not
//! to be told, and the channel that works has it in time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;

/// Services of each room.
const SERVICES: usize = 30;
/// From one asking to the next.
const EVERY: Duration = Duration::from_millis(500);
/// Polls of each service that are looked at in one stretch.
const POLLS: usize = 10;

/// A room with many services that fail, each with a rule that pages these channels.
fn room_of(home: &std::path::Path, name: &str, service: &Receiver, notify: &str, channels: &str) -> std::path::PathBuf {
    let mut text = format!("[room]\nname = \"{name}\"\n[defaults]\nevery = \"500ms\"\n");
    for n in 0..SERVICES {
        let _ = write!(
            text,
            "[[service]]\nname = \"s{n}\"\nhttp = \"http://{}/s{n}\"\n\
             [[rule]]\nname = \"s{n} down\"\nwhen = \"s{n} is down\"\nfor = \"1s\"\nseverity = \"page\"\n{notify}\n",
            service.at
        );
    }
    let folder = home.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("warroom.toml");
    std::fs::write(&path, text + channels).unwrap();
    path
}

/// When each service was asked, from a moment on.
fn askings(service: &Receiver, from: Instant) -> BTreeMap<String, Vec<Instant>> {
    let mut out: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
    for request in service.got.lock().unwrap().iter().filter(|r| r.at >= from) {
        out.entry(request.path.clone()).or_default().push(request.at);
    }
    out
}

/// How far askings lie off the beat of their service, by the 99th of a hundred; and how many beats have none.
fn off_beat(askings: &BTreeMap<String, Vec<Instant>>, from: Instant) -> (Duration, usize) {
    let every = EVERY.as_secs_f64();
    let (mut off, mut missed) = (Vec::new(), 0);
    for times in askings.values() {
        let at: Vec<f64> = times.iter().map(|t| (*t - from).as_secs_f64()).collect();
        let mut phases: Vec<f64> = at.iter().map(|t| (t - at[0] + every / 2.0).rem_euclid(every)).collect();
        phases.sort_by(f64::total_cmp);
        let phase = phases[phases.len() / 2] - every / 2.0 + at[0];
        let beats: Vec<i64> = at.iter().map(|t| ((t - phase) / every).round() as i64).collect();
        off.extend(at.iter().zip(&beats).map(|(t, beat)| (t - phase - *beat as f64 * every).abs()));
        let whole = beats[beats.len() - 1] - beats[0] + 1;
        missed += usize::try_from(whole).unwrap().saturating_sub(beats.len());
    }
    off.sort_by(f64::total_cmp);
    (Duration::from_secs_f64(off[off.len() * 99 / 100]), missed)
}

#[test]
fn while_every_channel_hangs_polls_start_as_they_would() {
    let world = World::new();
    let ((quiet, quiet_well), (busy, busy_well)) = (service(&world), service(&world));
    let hanging = world.receiver(|_, _| Reply::Hang);
    let works = world.receiver(|_, _| Reply::status(200));
    let home = tempfile::tempdir().unwrap();
    let channels = format!(
        "[notify.pd]\npagerduty = {{ routing_key = \"{KEY}\", url = \"http://{0}\" }}\n\
         [notify.team]\nslack = {{ webhook = \"http://{0}/services/x\" }}\n[notify.hook]\nwebhook = \"http://{1}/hook\"\n",
        hanging.at, works.at
    );
    let alone = room_of(home.path(), "alone", &quiet, "", "");
    let telling = room_of(home.path(), "telling", &busy, "notify = [\"pd\", \"team\", \"hook\"]", &channels);
    let (first, second) = (start(home.path(), &alone, "ic"), start(home.path(), &telling, "dba"));
    eventually("both ask", || [&quiet, &busy].iter().all(|s| s.got.lock().unwrap().len() > 2 * SERVICES));
    quiet_well.store(false, Ordering::Relaxed);
    busy_well.store(false, Ordering::Relaxed);
    eventually("the hanging ones are tried", || hanging.got.lock().unwrap().len() >= 8);
    let tried = Instant::now();
    eventually("the one that works has it", || !works.got.lock().unwrap().is_empty());
    assert!(tried.elapsed() < Duration::from_secs(5), "after {:?}", tried.elapsed());
    let missed = |watch: &Watched| {
        let seen = RefCell::new(None);
        watch.client().until("polling is known", |s| {
            *seen.borrow_mut() = s["board"]["polling"]["missed"].as_u64();
            seen.borrow().is_some()
        });
        seen.into_inner().unwrap()
    };
    // Whatever the machine is busy with besides, it is for both, but not at every moment alike: one of a few stretches is even.
    let tenth = EVERY / 10;
    let mut stretches = Vec::new();
    let even = (0..5).any(|_| {
        let before = (missed(&first), missed(&second));
        let from = Instant::now();
        eventually("many beats went by", || {
            [&quiet, &busy].iter().all(|s| {
                let askings = askings(s, from);
                askings.len() == SERVICES && askings.values().all(|times| times.len() >= POLLS)
            })
        });
        let (there, lost_there) = off_beat(&askings(&quiet, from), from);
        let (here, lost_here) = off_beat(&askings(&busy, from), from);
        let after = (missed(&first), missed(&second));
        let said = (after.0 - before.0, after.1 - before.1);
        stretches.push(format!(
            "99 of 100 polls within {here:?} of their beat while channels hang ({lost_here} lost, {} missed), {there:?} beside ({lost_there} lost, {} missed)",
            said.1, said.0
        ));
        lost_here <= lost_there && said.1 <= said.0 && here < tenth.max(there.mul_f64(1.25) + Duration::from_millis(5))
    });
    let not_told = |s: &Value| s["board"]["troubles"].to_string().contains("pd does not deliver");
    second.client().until("it is said that nobody was told", not_told);
    println!("{}; tried {} times", stretches.join("\n"), hanging.got.lock().unwrap().len());
    assert!(even, "{}", stretches.join("\n"));
    first.end();
    second.end();
}
