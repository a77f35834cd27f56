//! Who may run what and when, what is recorded of it, and what the report and the screen say.

use serde_json::json;
use warroom::fact::{Author, Fact, RunVerdict};
use warroom::room::command::Planned;
use warroom::room::{Confirmed, Intent, JournalHealth, Room, decide};

use super::{Place, ran, run, until};
use crate::support::pty::{Pty, Start};
use crate::support::{Ledger, author, room, step};

const RUNBOOK: &str = "# Go live\n\n## Deploy\n\n1. Look\n\n   ```bash\n   uptime\n   ```\n\n2. Switch\n\n   ```bash\n   systemctl restart api\n   ```\n\n\
    3. Drop\n\n   ```bash\n   rm -rf /srv/old\n   ```\n\n## Rollback\n\n- [ ] Back\n\n  ```bash\n  systemctl start old\n  ```\n\n\
    ## Elsewhere\n\n- [ ] Name\n\n  ```bash\n  ./deploy.sh <version> production\n  ```\n";

const ROLES: &str = "[room]\nname = \"retail\"\nrunbook = [\"go-live.md\"]\nenvironment = \"stage\"\n\
    [[role]]\nname = \"commander\"\npeople = [\"ic\"]\ndecides = [\"gates\"]\n\
    [[role]]\nname = \"observer\"\npeople = [\"guest\"]\n\
    [[role]]\nname = \"runner\"\npeople = [\"dba\"]\nruns = [\"mutate\"]\n";

fn as_role(person: &str, role: &str) -> Author {
    Author { role: Some(role.into()), ..author(person) }
}

fn asks(plan: &Planned) -> Intent {
    Intent::Run {
        step: plan.step.clone(),
        command: plan.index,
        hash: plan.hash.clone(),
        word: plan.word.clone(),
        reason: None,
        confirmed: if plan.twice.is_some() { Confirmed::Twice } else { Confirmed::Once },
    }
}

fn plan(room: &Room, words: &str) -> Planned {
    room.would_run(&step(room, words)).remove(0)
}

fn why(room: &Room, by: &Author, intent: &Intent) -> String {
    decide::decide(room, by, intent).map_or_else(|refusal| refusal.0, |_| "accepted".to_owned())
}

#[test]
fn who_may_run_what_and_when() {
    let mut room = room(RUNBOOK, ROLES);
    room.journal = JournalHealth::Safe;
    let (commander, observer, runner) =
        (as_role("ic", "commander"), as_role("guest", "observer"), as_role("dba", "runner"));
    let look = asks(&plan(&room, "Look"));
    assert_eq!(why(&room, &commander, &look), "accepted");
    assert_eq!(why(&room, &observer, &look), "accepted");
    assert!(why(&room, &runner, &look).contains("may not run this"));
    assert!(why(&room, &author("nobody"), &look).contains("need a role"));

    let switch = plan(&room, "Switch");
    assert_eq!(switch.word.as_deref(), Some("STAGE"));
    let mut ask = asks(&switch);
    assert!(why(&room, &observer, &ask).contains("these may: commander, runner"), "{}", why(&room, &observer, &ask));
    assert!(why(&room, &commander, &ask).contains("\"Look\" comes before it and is open"));
    if let Intent::Run { reason, .. } = &mut ask {
        *reason = Some("looked by hand".into());
    }
    assert_eq!(why(&room, &commander, &ask), "accepted");
    let mut ledger = Ledger::default();
    let done = Fact::StepMarked {
        step: step(&room, "Look"),
        mark: warroom::fact::Mark::Done,
        reason: None,
        saw: None,
        undoes: None,
    };
    ledger.record(&mut room, vec![decide::draft(&commander, done)]);
    assert_eq!(why(&room, &runner, &asks(&switch)), "accepted");
    for wrong in [None, Some("stage".to_owned()), Some("STAGE ".to_owned()), Some("PROD".to_owned())] {
        let mut ask = asks(&switch);
        if let Intent::Run { word, .. } = &mut ask {
            *word = wrong;
        }
        assert!(why(&room, &commander, &ask).contains("type STAGE"));
    }
    let drop = plan(&room, "Drop");
    let mut ask = asks(&drop);
    if let Intent::Run { confirmed, reason, .. } = &mut ask {
        *confirmed = Confirmed::Once;
        *reason = Some("now".into());
    }
    assert!(why(&room, &commander, &ask).contains("a second time"));

    let named = plan(&room, "Name");
    assert_eq!(named.warnings, ["it names production, and this room is stage"]);
    assert!(why(&room, &commander, &asks(&named)).contains("<version> is open"));

    // Nothing runs while the journal cannot write, but a way back with a reason, which says so.
    for journal in [JournalHealth::Opening, JournalHealth::Broken("disk full".to_owned())] {
        room.journal = journal;
        assert!(why(&room, &commander, &asks(&switch)).contains("the journal"));
    }
    let mut back = asks(&plan(&room, "Back"));
    assert!(why(&room, &commander, &back).contains("with a reason"));
    if let Intent::Run { reason, .. } = &mut back {
        *reason = Some("errors at 9 %".into());
    }
    let effects = decide::decide(&room, &commander, &back).unwrap();
    let facts = ledger.perform(&mut room, effects);
    let [Fact::CommandStarted(started)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(started.reason.as_ref().unwrap().raw(), "before it was recorded: errors at 9 %");
    assert!(room.progress.running(&started.step).is_some());
}

/// The verdict, the attempts, and the way they are told: in the journal, and in the runbook that was driven.
#[test]
fn runs_are_judged_and_told() {
    let text = super::runbook(&[("count", "echo tables: $(cat n)\necho 'more' >&2")])
        + "  **Expected**: `tables: 9`\n\n- [ ] sub\n\n  ```bash\n  # Step 1: first\n  echo one >> subs\n  # Step 2: second\n  false\n  \
           echo two >> subs\n  # Step 3: third\n  echo three >> subs\n  ```\n";
    let place = Place::new(&text, super::PLAN);
    std::fs::write(place.path().join("n"), "8\n").unwrap();
    let watch = place.start("ic");
    let steps = place.steps();
    let end = ran(&watch, &steps[0]);
    assert_eq!((&end["verdict"], &end["exit"]), (&json!("fail"), &json!(0)), "{end}");
    assert!(end["why"].as_str().unwrap().contains("expected was the line"), "{end}");
    assert_eq!(end["head"], "tables: 8\nmore\n");
    std::fs::write(place.path().join("n"), "9\n").unwrap();
    assert_eq!(run(&mut watch.client(), "dba", &steps[0])["answer"], "accepted");
    let ended = until(&watch, "command-ended", 2);
    assert_eq!(ended[1]["verdict"], "pass", "{}", ended[1]);
    assert_eq!(until(&watch, "command-started", 2)[1]["attempt"], 2);

    // A part of a script runs by itself; the whole stops at the first failure.
    let third = ran(&watch, &steps[4]);
    assert_eq!(third["verdict"], "pass", "{third}");
    assert_eq!(place.file("subs"), "three\n");
    let whole = ran(&watch, &steps[1]);
    assert_eq!(whole["verdict"], "fail", "{whole}");
    assert_eq!(place.file("subs"), "three\none\n");

    let out = crate::support::watch::warroom(place.path())
        .args(["export", "--format", "md"])
        .arg(place.path().join("j.db"))
        .output()
        .unwrap();
    let told = String::from_utf8(out.stdout).unwrap();
    assert!(
        told.contains("run 1") && told.contains("run 2") && told.contains("tables: 9"),
        "{told}{}",
        String::from_utf8_lossy(&out.stderr)
    );
    assert_eq!(RunVerdict::Pass.to_string(), "passed");
}

/// On the real screen: the sheet, the run, its output in the drawer, and a stop by a key; the terminal stays whole.
#[test]
fn a_person_runs_and_stops_commands_on_the_screen() {
    let place = Place::of(&[("look around", "echo the tables are fine"), ("hold on", "touch began\nsleep 300")]);
    let mut pty = Pty::start_at(
        place.path(),
        &Start { args: &["run", "warroom.toml"], columns: 160, rows: 48, ..Start::default() },
    );
    pty.wait_drawn();
    pty.wait_until("the runbook", |p| p.screen().contains("look around") && p.screen().contains("journal safe"));
    let settle = |pty: &mut Pty| pty.settle(std::time::Duration::from_millis(400));
    pty.send("r");
    pty.wait_until("the sheet", |p| p.screen().contains("run it") && p.screen().contains("STAGE"));
    settle(&mut pty);
    pty.send("\r");
    pty.wait_until("the verdict", |p| p.screen().contains("passed after") && p.screen().contains("space ticks"));
    assert!(pty.screen().contains("the tables are fine"), "{}", pty.screen());
    pty.send("jr");
    pty.wait_until("the word", |p| p.screen().contains("type STAGE to run it"));
    settle(&mut pty);
    for c in "STAGE\r".chars() {
        pty.send(&c.to_string());
    }
    pty.wait_until("the run", |p| p.screen().contains("running for"));
    pty.send("q");
    pty.wait_until("the question", |p| p.screen().contains("stop, then leave"));
    settle(&mut pty);
    pty.send("\u{1b}");
    settle(&mut pty);
    pty.send("r");
    pty.wait_until("the sheet of the run", |p| p.screen().contains("stop it"));
    settle(&mut pty);
    pty.send("K");
    pty.wait_until("the stop", |p| p.screen().contains("failed after") && p.screen().contains("stopped"));
    settle(&mut pty);
    pty.send("\u{1b}");
    settle(&mut pty);
    pty.send("q");
    assert_eq!(pty.wait_exit(), 0);
    assert!(pty.modes_restored());
}

/// T52 on the real screen: a paste, with and without its brackets, with the end of a paste in it, and what a terminal answers,
/// run nothing and leave the screen whole.
#[test]
fn nothing_that_streams_in_runs_a_command() {
    let place = Place::of(&[("restart", "systemctl restart api; touch ran")]);
    let mut pty = Pty::start_at(
        place.path(),
        &Start { args: &["run", "warroom.toml", "--journal", "j.db"], columns: 120, rows: 40, ..Start::default() },
    );
    pty.wait_drawn();
    pty.wait_until("the runbook", |p| p.screen().contains("restart") && p.screen().contains("journal safe"));
    let floods = [
        format!("r{}", "STAGE\ry\r".repeat(1_000)),
        format!("r\u{1b}[200~{}\u{1b}[201~STAGE\r\u{1b}[201~", "STAGE\r".repeat(100_000)),
        format!("r{}", "GO\ry\n".repeat(1_000)),
        "r\u{1b}]11;rgb:0000/0000/0000\u{1b}\\\u{1b}[?1;2c\u{1b}[5;5RSTAGE\r".to_owned(),
    ];
    for flood in floods {
        pty.send(&flood);
        pty.settle(std::time::Duration::from_millis(500));
        pty.send("\u{1b}");
        pty.settle(std::time::Duration::from_millis(100));
        pty.send("\u{1b}");
        pty.settle(std::time::Duration::from_millis(100));
    }
    pty.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(pty.wait_exit(), 143);
    assert!(pty.modes_restored());
    assert!(!place.path().join("ran").exists());
    assert!(place.facts().iter().all(|f| f["kind"] != "command-started"), "{:#?}", place.facts());
}
