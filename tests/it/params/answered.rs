//! A parameter is answered where it is missed: in the sheet of the command that waits for it, or by its key; wrong answers and
//! secrets are refused there, a good one is recorded and fills in at once.

use std::path::Path;
use std::time::Duration;

use crossterm::event::KeyCode;
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;
use warroom::clock::Pace;
use warroom::fact::{Draft, Fact};
use warroom::journal::{self, Ask, Event};
use warroom::room::{Intent, JournalHealth, Room};
use warroom::text::Untrusted;
use warroom::tui::view::Mode;
use warroom::tui::{Act, Theme, View};

use super::with_params;
use crate::support::screen::{frame, text};
use crate::support::seat::Seat;
use crate::support::watch::LIMIT;
use crate::support::{Ledger, author, room, step};

const RUNBOOK: &str =
    "# Go-live\n\n## Deploy\n\n- [ ] tag <version>\n\n  ```bash\n  git tag <version> && echo <region>\n  ```\n";

const PLAN: &str = "[room]\nname = \"retail\"\nenvironment = \"prod\"\nrunbook = [\"runbook.md\"]\n\n[params]\nversion = { ask = \"release tag\", match = '^v\\d+\\.\\d+\\.\\d+$' }\nregion = { ask = \"region\" }\n\"db-password\" = { ask = \"the password\" }\n";

fn open() -> Room {
    let mut room = room(RUNBOOK, PLAN);
    room.journal = JournalHealth::Safe;
    room
}

/// Sits before the sheet of the command.
fn at_the_sheet() -> Seat {
    let mut seat = Seat::new(open());
    seat.press('r');
    seat
}

/// A line typed by somebody who has read what stands there.
fn types(seat: &mut Seat, line: &str) -> Vec<Act> {
    seat.room.now = seat.room.now.plus(Duration::from_millis(500));
    seat.type_in(line)
}

/// What keys asked of the room, done.
fn does(seat: &mut Seat, ledger: &mut Ledger, acts: Vec<Act>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for act in acts {
        let Act::Intent(intent) = act else { panic!("{act:?}") };
        facts.extend(ledger.does("ic", &intent, &mut seat.room).unwrap());
    }
    facts
}

#[test]
fn the_sheet_asks_for_what_its_command_waits_for_and_goes_on() {
    let mut ledger = Ledger::default();
    let mut seat = at_the_sheet();
    let shown = seat.draw();
    assert!(shown.contains("<region>, <version> is open: answer it"), "{shown}");
    assert!(shown.contains("release tag (version):"), "{shown}");
    // A wrong answer stays where it can be mended.
    assert_eq!(types(&mut seat, "2.0"), vec![]);
    assert!(seat.draw().contains("does not match"), "{}", seat.draw());
    (0..3).for_each(|_| drop(seat.key(KeyCode::Backspace)));
    let acts = types(&mut seat, "v2.0.0");
    let facts = does(&mut seat, &mut ledger, acts);
    assert!(
        matches!(&facts[..], [Fact::ParamSet { name, value: Some(v) }] if name == "version" && v.raw() == "v2.0.0")
    );
    let shown = seat.draw();
    assert!(shown.contains("region (region):") && shown.contains("git tag v2.0.0"), "{shown}");
    let acts = types(&mut seat, "eu-1");
    does(&mut seat, &mut ledger, acts);
    let shown = seat.draw();
    assert!(shown.contains("echo eu-1") && shown.contains("type PROD to run it"), "{shown}");
    assert!(!shown.contains("is open"), "{shown}");
    // What was typed as an answer is not taken for the word.
    let acts = types(&mut seat, "PROD");
    assert!(matches!(&acts[..], [Act::Intent(Intent::Run { .. })]), "{acts:?}");
}

#[test]
fn an_answer_by_somebody_else_reaches_the_sheet_that_waits() {
    let mut ledger = Ledger::default();
    let mut seat = at_the_sheet();
    seat.draw();
    let answer = Intent::AnswerParam { name: "version".to_owned(), value: Untrusted::new("v3.0.0") };
    ledger.does("dba", &answer, &mut seat.room).unwrap();
    let shown = seat.draw();
    assert!(shown.contains("git tag v3.0.0") && shown.contains("region (region):"), "{shown}");
}

#[test]
fn the_key_shows_every_parameter_and_changes_one() {
    let mut ledger = Ledger::default();
    let mut seat = Seat::new(open());
    seat.press('p');
    let shown = seat.draw();
    assert!(shown.contains("release tag (version): OPEN"), "{shown}");
    seat.press('1');
    assert!(matches!(&seat.view.mode, Mode::Prompt { .. }), "{:?}", seat.view.mode);
    let acts = seat.type_in("v2.0.0");
    does(&mut seat, &mut ledger, acts);
    // Answered again it holds anew; what is open stands first.
    seat.press('p');
    assert!(seat.draw().contains("3  release tag (version): v2.0.0"), "{}", seat.draw());
    seat.press('3');
    let acts = seat.type_in("v2.0.1");
    does(&mut seat, &mut ledger, acts);
    let id = step(&seat.room, "tag");
    assert!(seat.room.would_run(&id)[0].script.shown().contains("v2.0.1"));
    let mut none = Seat::new(room(RUNBOOK, ""));
    none.press('p');
    assert!(none.draw().contains("the plan asks for no parameter"), "{}", none.draw());
}

#[test]
fn what_is_no_answer_is_refused_with_a_reason() {
    let mut room = open();
    let mut ledger = Ledger::default();
    let mut refused = |name: &str, value: &str| {
        let intent = Intent::AnswerParam { name: name.to_owned(), value: Untrusted::new(value) };
        ledger.does("ic", &intent, &mut room).unwrap_err()
    };
    assert!(refused("versoin", "v1.0.0").contains("did you mean \"version\"?"));
    assert!(refused("version", "").contains("plain characters"));
    assert!(refused("version", "v1.0.0\u{1b}[2J").contains("plain characters"));
    assert!(refused("db-password", "hunter2hunter2").contains("would hold a secret"));
    room.me.read_only = true;
    let intent = Intent::AnswerParam { name: "region".to_owned(), value: Untrusted::new("eu") };
    assert!(ledger.does("ic", &intent, &mut room).unwrap_err().contains("read-only"));
}

#[test]
fn the_sheet_that_asks_and_the_choice_at_every_size() {
    for (width, height) in [(80, 24), (160, 48), (220, 60)] {
        for (name, key) in [("sheet", 'r'), ("choice", 'p')] {
            let mut seat = Seat::new(open());
            seat.press(key);
            let mut view = View::new();
            let theme = Theme::default();
            frame(&seat.room, &mut view, &theme, width, height);
            view.mode = seat.view.mode.clone();
            insta::assert_snapshot!(
                format!("{name}_{width}x{height}"),
                text(&frame(&seat.room, &mut view, &theme, width, height))
            );
        }
    }
}

#[test]
fn an_answer_over_the_socket_takes_effect_at_once_and_stays() {
    let place = with_params();
    let watch = place.watch(&["--param", "version=v2.0.0"]);
    let mut client = watch.client();
    client.until("the first answer", |s| s["next"][0]["text"] == "tag ‹v2.0.0› of ‹shop›");
    let intent = json!({ "kind": "answer-param", "name": "version", "value": "v2.0.1" });
    assert_eq!(client.ask(1, "ic", &intent).unwrap()["answer"], "accepted");
    client.until("the new answer in the step", |s| s["next"][0]["text"] == "tag ‹v2.0.1› of ‹shop›");
    let wrong = json!({ "kind": "answer-param", "name": "version", "value": "latest" });
    let said = client.ask(2, "ic", &wrong).unwrap();
    assert_eq!(said["answer"], "refused");
    assert!(said["reason"].as_str().unwrap().contains("does not match"), "{said}");
    watch.kill();
    let again = place.watch(&[]);
    again.client().until("the new answer after a crash", |s| s["next"][0]["text"] == "tag ‹v2.0.1› of ‹shop›");
}

/// A journal with so many notes in it.
fn record(path: &Path, notes: usize) {
    let (out, mut events) = mpsc::channel(256);
    let pace = Pace::new(std::time::Instant::now(), chrono::Utc::now(), 1);
    let (path, by) = (path.to_owned(), author("ic"));
    let options = journal::Options { path, group: None, author: by.clone(), may_watch: false, read_only: false, pace };
    let journal = journal::open(options, out).unwrap();
    let text = Untrusted::new("as every minute");
    let draft = |_| Draft { id: Uuid::now_v7(), by: by.clone(), fact: Fact::Noted { step: None, text: text.clone() } };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut home = 0;
        while home < notes {
            journal.ask(Ask::Append((0..1_000).map(draft).collect())).unwrap();
            let all = home + 1_000;
            while home < all {
                match tokio::time::timeout(LIMIT, events.recv()).await.unwrap().unwrap() {
                    Event::Entries(entries) => home += entries.len(),
                    Event::NotSaved(_, why) => panic!("{why}"),
                    _ => {}
                }
            }
        }
        let (done, mut closed) = tokio::sync::oneshot::channel();
        journal.ask(Ask::Close(done)).unwrap();
        while closed.try_recv().is_err() {
            events.recv().await;
        }
    });
}

/// Reading the past takes a while; what somebody answers meanwhile is newer than what was said at the start.
#[test]
fn an_answer_given_while_the_past_is_read_outdates_the_one_of_the_start() {
    let place = with_params();
    record(&place.at("j.db"), 20_000);
    let watch = place.watch(&["--param", "version=v2.0.0", "--t0", "2030-01-01T00:00:00Z"]);
    let mut client = watch.client();
    let intent = json!({ "kind": "answer-param", "name": "version", "value": "v2.0.1" });
    client.send(&json!({ "id": 1, "as": "ic", "intent": intent })).unwrap();
    let t0 = json!({ "kind": "set-t0", "t0": "2031-01-01T00:00:00Z" });
    client.send(&json!({ "id": 2, "as": "ic", "intent": t0 })).unwrap();
    assert_eq!(client.status()["watch"], "unknown", "the past was read already, and nothing is tested");
    client.until("the watch", |s| s["watch"] == "here");
    client.until("the newer answer", |s| s["next"][0]["text"] == "tag ‹v2.0.1› of ‹shop›");
    client.until("the newer T-0", |s| s["clock"]["t0"] == "2031-01-01T00:00:00.000Z");
    watch.end();
    let again = place.watch(&[]);
    again.client().until("both after a restart", |s| {
        s["next"][0]["text"] == "tag ‹v2.0.1› of ‹shop›" && s["clock"]["t0"] == "2031-01-01T00:00:00.000Z"
    });
}
