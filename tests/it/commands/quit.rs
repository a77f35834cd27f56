//! Leaving while commands run, and taking the way back: what each key and each word does, in the real program.

use std::time::{Duration, Instant};

use serde_json::json;

use super::trees::nasty;
use super::{PLAN, Place, eventually, living, until};
use crate::support::pty::{Pty, Start};

fn open(place: &Place) -> Pty {
    let args = ["run", "warroom.toml", "--as", "ic", "--journal", "j.db"];
    let mut pty = Pty::start_at(place.path(), &Start { args: &args, columns: 160, rows: 48, ..Start::default() });
    pty.wait_drawn();
    pty.wait_until("the runbook", |p| p.screen().contains("Checklist") && p.screen().contains("journal safe"));
    pty
}

fn settle(pty: &mut Pty) {
    pty.settle(Duration::from_millis(400));
}

fn type_in(pty: &mut Pty, line: &str) {
    for c in line.chars() {
        pty.send(&c.to_string());
    }
    pty.send("\r");
}

/// Starts every step's command, one after the other, as a person does.
fn start_all(pty: &mut Pty, place: &Place, many: usize) {
    for n in 0..many {
        if n > 0 {
            pty.send("j");
        }
        pty.send("r");
        pty.wait_until("the sheet", |p| p.screen().contains("type STAGE to run it"));
        settle(pty);
        type_in(pty, "STAGE");
        eventually("the start", || place.facts().iter().filter(|f| f["kind"] == "command-started").count() > n);
        settle(pty);
    }
}

/// T75: six kinds of trees, and each of the three ways to leave while they run; and a terminal that vanishes.
#[test]
fn whoever_leaves_says_what_becomes_of_the_commands() {
    for how in ["kill", "leave", "hang up"] {
        let word = format!("warroom-quit-{}-{}", how.replace(' ', "-"), std::process::id());
        let scripts = nasty(&word);
        let pairs: Vec<(&str, &str)> = scripts.iter().map(|(name, script)| (*name, script.as_str())).collect();
        let place = Place::of(&pairs);
        let mut pty = open(&place);
        start_all(&mut pty, &place, pairs.len());
        eventually("all of them", || living(&word) >= 9);
        let before = living(&word);
        let begun = Instant::now();
        if how == "hang up" {
            pty.hang_up();
        } else {
            pty.send("q");
            pty.wait_until("the question", |p| p.screen().contains("6 commands are still going on"));
            settle(&mut pty);
            pty.send(if how == "kill" { "k" } else { "l" });
        }
        let code = pty.wait_exit();
        if how == "kill" {
            assert_eq!(code, 0);
            assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
            assert_eq!(living(&word), 0, "nobody is left");
            let facts = place.facts();
            let ended = facts.iter().filter(|f| f["kind"] == "command-ended" && f["killed_by"] == "ic");
            assert_eq!(ended.count(), pairs.len());
            assert!(pty.modes_restored());
            continue;
        }
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        assert!(living(&word) >= before, "{how}: they were to stay");
        let facts = place.facts();
        let left = facts.iter().filter(|f| f["kind"] == "command-left" && f["pid"].as_u64() > Some(1)).count();
        // On a machine that is too busy for it the watchdog ends the process within its second, before it wrote anything down;
        // then the next start finds what there is, as after a kill -9.
        let cut_short = how == "hang up" && facts.iter().all(|f| f["kind"] != "terminal-lost");
        assert!(left == pairs.len() || cut_short, "{how}: {left} of {} are in the record", pairs.len());
        drop(pty);
        let next = place.start("dba");
        let mut client = next.client();
        for started in until(&next, "command-started", pairs.len()) {
            client.ask(3, "ic", &json!({ "kind": "stop", "run": started["run"] }));
        }
        until(&next, "command-ended", pairs.len());
        assert_eq!(living(&word), 0, "{how}");
    }
}

#[test]
fn whoever_waits_leaves_when_the_command_has_ended() {
    let place = Place::of(&[("hold", "touch began\nwhile [ ! -e go ]; do sleep 0.02; done")]);
    let mut pty = open(&place);
    start_all(&mut pty, &place, 1);
    eventually("the begin", || place.path().join("began").exists());
    pty.send("q");
    pty.wait_until("the question", |p| p.screen().contains("wait for the end, then leave"));
    settle(&mut pty);
    pty.send("w");
    settle(&mut pty);
    assert!(pty.child.try_wait().unwrap().is_none(), "it waits");
    std::fs::write(place.path().join("go"), "").unwrap();
    assert_eq!(pty.wait_exit(), 0);
    assert!(place.facts().iter().any(|f| f["kind"] == "command-ended" && f["exit"] == 0));
}

const RUNBOOK: &str = "# Go\n\n## Deploy\n\n- [ ] green\n\n## Rollback Procedure\n\n1. traffic back\n\n   ```bash\n   systemctl --version >/dev/null || true; echo blue >> switched\n   ```\n\n\
    2. smoke\n\n   ```bash\n   echo smoke >> switched\n   ```\n";

fn armed() -> (Place, Pty) {
    let rollback = "\n[[rollback]]\nname = \"traffic to blue\"\nsteps = \"Rollback Procedure\"\nconfirm = \"BLUE\"\n";
    let place = Place::new(RUNBOOK, &format!("{PLAN}{rollback}"));
    let mut pty = open(&place);
    for key in ["p", "a"] {
        pty.send("R");
        pty.wait_until("the sheet", |p| p.screen().contains("any other key"));
        settle(&mut pty);
        pty.send(key);
        settle(&mut pty);
    }
    (place, pty)
}

/// From the decision to the running command: three keystrokes, `R`, `f` and enter, and one typed word.
#[test]
fn the_way_back_runs_after_three_keystrokes_and_one_word() {
    let (place, mut pty) = armed();
    let (mut keys, mut words) = (0, 0);
    let mut press = |pty: &mut Pty, key: &str| {
        keys += 1;
        pty.send(key);
    };
    press(&mut pty, "R");
    pty.wait_until("what will run", |p| p.screen().contains("the word that fires it runs this"));
    assert!(pty.screen().contains("echo blue >> switched"), "{}", pty.screen());
    settle(&mut pty);
    press(&mut pty, "f");
    pty.wait_until("the word", |p| p.screen().contains("type BLUE to fire it and run the command"));
    for c in "BLUE".chars() {
        pty.send(&c.to_string());
    }
    words += 1;
    let begun = Instant::now();
    press(&mut pty, "\r");
    eventually("the first command", || place.file("switched") == "blue\n");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(keys <= 3 && words <= 1, "{keys} keystrokes, {words} words");
    let facts = place.facts();
    let at = |kind: &str| facts.iter().rposition(|f| f["kind"] == kind).unwrap();
    assert!(facts.iter().any(|f| f["kind"] == "rollback-moved" && f["to"] == "fired"));
    assert!(at("rollback-moved") < at("command-started"), "{facts:#?}");
    eventually("its end", || place.facts().iter().any(|f| f["kind"] == "command-ended"));
    assert_eq!(place.file("switched"), "blue\n", "the second one is run by hand");
    pty.send("q");
    assert_eq!(pty.wait_exit(), 0);
}

/// While the word is typed the runbook becomes another one: nothing is fired, and what would run is shown again.
#[test]
fn what_the_way_back_begins_with_is_bound_to_what_was_shown() {
    let (place, mut pty) = armed();
    pty.send("R");
    pty.wait_until("what will run", |p| p.screen().contains("echo blue >> switched"));
    settle(&mut pty);
    pty.send("f");
    pty.wait_until("the word", |p| p.screen().contains("type BLUE"));
    let read = || place.facts().iter().filter(|f| f["kind"] == "runbook-loaded").count();
    let before = read();
    std::fs::write(place.path().join("go-live.md"), RUNBOOK.replace("echo blue", "echo red")).unwrap();
    eventually("the change read", || read() > before);
    settle(&mut pty);
    type_in(&mut pty, "BLUE");
    pty.wait_until("it is shown again", |p| {
        p.screen().contains("echo red >> switched") && p.screen().contains("any other key")
    });
    assert_eq!(place.file("switched"), "");
    assert!(place.facts().iter().all(|f| f["to"] != "fired"));
}
