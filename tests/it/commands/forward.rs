//! What a sheet says of going forward against a gate or a level, and of a terminal that is taken.

use uuid::Uuid;
use warroom::fact::{Draft, Fact, RunStarted, Verdict};
use warroom::room::Confirmed;
use warroom::room::decide::decide;
use warroom::room::{Intent, Room, RunLive, Screen, Whose};

use crate::support::{Ledger, author, step, watching};

const RUNBOOK: &str = "# Go live\n\n## Canary\n\n- [ ] Open the canary\n\n  ```bash\n  ./flag.sh canary on\n  ```\n\n\
    ## Everybody\n\n- [ ] Open for everybody\n\n  ```bash\n  ./flag.sh all on\n  ```\n\n\
    - [ ] Look at it\n\n  ```bash\n  cat /etc/hostname\n  ```\n\n\
    - [ ] Edit it\n\n  ```bash interactive\n  ./edit.sh\n  ```\n\n\
    - [ ] Talk to it\n\n  ```bash interactive\n  ./talk.sh\n  ```\n\n\
    ## Rollback\n\n- [ ] Back\n\n  ```bash\n  ./flag.sh all off\n  ```\n";

const PLAN: &str = "[room]\nname = \"retail\"\n\n[[gate]]\nname = \"canary\"\nat = \"Canary\"\ncriteria = [\"steps done\"]\n\n\
    [[level]]\nname = \"1\"\ndeclare = [\"odd\"]\n\n[[level]]\nname = \"2\"\ndeclare = [\"data corruption\"]\n\n\
    [[rollback]]\nname = \"back\"\nsteps = \"Rollback\"\nuntil = \"Edit it\"\n";

fn warned(room: &Room, words: &str) -> String {
    room.would_run(&step(room, words)).remove(0).warnings.join(" | ")
}

#[test]
fn a_change_behind_a_gate_that_is_no_go_says_so_and_a_way_back_does_not() {
    let (mut room, mut ledger) = (watching(RUNBOOK, PLAN), Ledger::default());
    assert_eq!(warned(&room, "Open the canary"), "", "no gate stands before it");
    assert!(
        warned(&room, "everybody").starts_with("gate canary before it is WAIT, not decided"),
        "{}",
        warned(&room, "everybody")
    );
    assert_eq!((warned(&room, "Look"), warned(&room, "Back")), (String::new(), String::new()));
    let canary = step(&room, "canary");
    ledger.does("ic", &Intent::Tick { step: canary }, &mut room).unwrap();
    let (gate, reason) = ("canary".to_owned(), "errors".into());
    ledger.does("ic", &Intent::GateDecide { gate: gate.clone(), verdict: Verdict::NoGo, reason }, &mut room).unwrap();
    assert!(warned(&room, "everybody").contains("is NO-GO: NO-GO decided"), "{}", warned(&room, "everybody"));
    ledger.does("ic", &Intent::GateReopen { gate: gate.clone(), reason: "mended".into() }, &mut room).unwrap();
    let go = Intent::GateDecide { gate, verdict: Verdict::Go, reason: "".into() };
    ledger.does("ic", &go, &mut room).unwrap();
    assert_eq!(warned(&room, "everybody"), "");
    let declare =
        Intent::Declare { level: "2".into(), symptom: "data corruption".into(), text: "rows are gone".into() };
    ledger.does("ic", &declare, &mut room).unwrap();
    assert!(
        warned(&room, "everybody").contains("the room is on level 2: data corruption"),
        "{}",
        warned(&room, "everybody")
    );
    assert_eq!((warned(&room, "Look"), warned(&room, "Back")), (String::new(), String::new()));
    assert!(room.first_command(0).is_some(), "the way back starts with its word, whatever the level is");
}

/// Whoever is about to take the step behind which a way back does not work reads so before, and not when it is too late.
#[test]
fn a_point_of_no_return_is_named_before_it_is_passed() {
    let (mut room, mut ledger) = (watching(RUNBOOK, PLAN), Ledger::default());
    room.site.screen = Screen::Here;
    let says = "no way back behind this: \"back\" does not work any more";
    assert!(warned(&room, "Edit").contains(says), "{}", warned(&room, "Edit"));
    assert!(!warned(&room, "everybody").contains(says));
    let mut seat = crate::support::seat::Seat::new(room);
    let edit = step(&seat.room, "Edit");
    while seat.view.current_step(&seat.room) != Some(edit.clone()) {
        seat.press('j');
    }
    assert!(seat.draw().contains(says), "{}", seat.draw());
    let mut room = seat.room;
    ledger.does("ic", &Intent::Start { step: edit.clone() }, &mut room).unwrap();
    assert!(room.no_return(&edit).is_empty(), "it is behind, which the way back itself says");
}

#[test]
fn a_second_command_for_the_terminal_is_refused_by_the_name_of_the_first() {
    let (mut room, mut ledger) = (watching(RUNBOOK, PLAN), Ledger::default());
    room.site.screen = Screen::Here;
    let run = Uuid::from_u128(7);
    let (edit, talk) = (step(&room, "Edit"), step(&room, "Talk"));
    let first = room.would_run(&edit).remove(0);
    let what = first.title();
    let started = RunStarted {
        run,
        step: edit,
        command: 0,
        what: what.into(),
        hash: first.hash,
        host: "here".into(),
        attempt: 1,
        reason: None,
    };
    let draft = Draft { id: Uuid::now_v7(), by: author("ic"), fact: Fact::CommandStarted(Box::new(started)) };
    ledger.record(&mut room, vec![draft]);
    for (paused, says) in [(false, "has it"), (true, "stands still in it: r on its step brings it back")] {
        room.live.runs.insert(run, RunLive { whose: Whose::Mine, paused, ..RunLive::default() });
        let planned = room.would_run(&talk).remove(0);
        let intent = Intent::Run {
            step: talk.clone(),
            command: 0,
            hash: planned.hash,
            word: planned.word,
            reason: None,
            confirmed: Confirmed::Twice,
        };
        let refused = decide(&room, &room.me.author, &intent).unwrap_err().0;
        assert!(
            refused.starts_with("one command at a time can have this terminal, and \"./edit.sh\" ")
                && refused.contains(says),
            "{refused}"
        );
    }
    assert!(decide(&room, &room.me.author.clone(), &Intent::Stop { run }).is_ok());
}
