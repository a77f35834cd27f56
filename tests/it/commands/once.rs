//! Exactly once: kills around the start, races between processes, a script that changes under the hand.

use serde_json::json;

use super::{Place, eventually, intent, run, runbook, until, would_run};

/// T71: kill -9 around confirm, start and end. A command runs at most once, was recorded before, and never by itself later.
#[test]
fn killed_at_any_moment_a_command_ran_at_most_once_and_was_recorded_before() {
    const POINTS: usize = 50;
    let names: Vec<String> = (0..POINTS).map(|n| format!("step {n}")).collect();
    let scripts: Vec<String> =
        (0..POINTS).map(|n| format!("echo ran >> count.{n}\nsleep 0.0{}\necho out", n % 5)).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(scripts.iter().map(String::as_str)).collect();
    let place = Place::of(&pairs);
    let steps = place.steps();
    let mut killed_before_the_answer = 0;
    for (n, step) in steps.iter().enumerate() {
        let watch = place.start("ic");
        let mut client = watch.client();
        let intent = intent(&mut client, step);
        client.send(&json!({ "id": 1, "as": "ic", "intent": intent })).unwrap();
        // From at once to well behind the end, the early moments closer together.
        let wait = std::time::Duration::from_micros((n * n) as u64 * 60);
        if n % 3 == 0 {
            killed_before_the_answer += 1;
        } else {
            client.line();
        }
        std::thread::sleep(wait);
        watch.kill();
    }
    assert!(killed_before_the_answer > 10);
    let watch = place.start("ic");
    let begun = place.facts().iter().filter(|f| f["kind"] == "command-started").count();
    until(&watch, "command-ended", begun);
    let facts = place.facts();
    let of = |kind: &str, step: &str| facts.iter().filter(|f| f["kind"] == kind && f["step"] == step).count();
    let mut ran = 0;
    for (n, step) in steps.iter().enumerate() {
        let times = place.file(&format!("count.{n}")).lines().count();
        assert!(times <= 1, "step {n} ran {times} times");
        assert!(times <= of("command-started", step), "step {n} ran and nobody had recorded it");
        ran += times;
    }
    assert!(ran > POINTS / 4, "only {ran} ever ran");
    for end in facts.iter().filter(|f| f["kind"] == "command-ended") {
        assert!(end["exit"] == 0 || end["verdict"] == "unknown", "{end}");
    }
    assert_eq!(watch.end().code(), Some(143));
}

/// T72 on one machine: two processes confirm the same command at the same time; one of them runs it, the other is told.
#[test]
fn confirmed_in_two_processes_at_once_it_runs_once() {
    const RACES: usize = 8;
    let names: Vec<String> = (0..RACES).map(|n| format!("step {n}")).collect();
    let scripts: Vec<String> = (0..RACES).map(|n| format!("echo ran >> count.{n}\nsleep 0.1")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(scripts.iter().map(String::as_str)).collect();
    let place = Place::of(&pairs);
    let (first, second) = (place.start("ic"), place.start("dba"));
    let (mut a, mut b) = (first.client(), second.client());
    for step in place.steps() {
        let (at_a, at_b) = (intent(&mut a, &step), intent(&mut b, &step));
        a.send(&json!({ "id": 1, "as": "ic", "intent": at_a })).unwrap();
        b.send(&json!({ "id": 1, "as": "dba", "intent": at_b })).unwrap();
        let (from_a, from_b) = (a.line().unwrap(), b.line().unwrap());
        assert!(from_a["answer"] == "accepted" || from_b["answer"] == "accepted", "{from_a} {from_b}");
        eventually("the end of all", || {
            let facts = place.facts();
            let count = |kind: &str| facts.iter().filter(|f| f["kind"] == kind).count();
            count("command-started") <= count("command-ended")
        });
    }
    for n in 0..RACES {
        assert_eq!(place.file(&format!("count.{n}")), "ran\n", "step {n}");
    }
    for fact in place.facts().iter().filter(|f| f["kind"] == "command-ended" && f["exit"] != 0) {
        assert!(fact["why"].as_str().unwrap().contains("was first"), "{fact}");
    }
}

/// T73: the script changes between the showing and the yes: what was confirmed is not what would run, and nothing runs.
#[test]
fn what_changed_since_it_was_shown_does_not_run() {
    let place = Place::of(&[("switch", "echo 0 >> ran")]);
    let step = place.steps().remove(0);
    let watch = place.start("ic");
    let mut client = watch.client();
    for n in 1..=20 {
        let shown = intent(&mut client, &step);
        std::fs::write(place.path().join("go-live.md"), runbook(&[("switch", &format!("echo {n} >> ran"))])).unwrap();
        let mut fresh = watch.client();
        eventually("the change, read", || would_run(&mut fresh, &step)["hash"] != shown["hash"]);
        let answer = client.ask(1, "ic", &shown).unwrap();
        assert_eq!(answer["answer"], "refused", "{answer}");
        assert!(answer["reason"].as_str().unwrap().contains("not what was shown"), "{answer}");
    }
    assert_eq!(place.file("ran"), "");
    assert_eq!(run(&mut client, "ic", &step)["answer"], "accepted");
    until(&watch, "command-ended", 1);
    assert_eq!(place.file("ran"), "20\n");
}

/// A second run of the same step waits for the first: who runs it, and since when, is said.
#[test]
fn a_step_is_not_run_twice_at_once() {
    let place = Place::of(&[("hold", "touch began\nwhile [ ! -e go ]; do sleep 0.02; done")]);
    let step = place.steps().remove(0);
    let watch = place.start("ic");
    let mut client = watch.client();
    assert_eq!(run(&mut client, "dba", &step)["answer"], "accepted");
    eventually("the begin", || place.path().join("began").exists());
    let refused = run(&mut client, "ic", &step);
    assert!(refused["reason"].as_str().unwrap().contains("is being run by dba since"), "{refused}");
    std::fs::write(place.path().join("go"), "").unwrap();
    until(&watch, "command-ended", 1);
    assert_eq!(run(&mut client, "ic", &step)["answer"], "accepted");
    assert_eq!(until(&watch, "command-started", 2)[1]["attempt"], 2);
    until(&watch, "command-ended", 2);
}
