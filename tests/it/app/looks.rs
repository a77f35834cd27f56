//! Who only looks makes nothing: neither a room that nobody runs, nor one that hides the last.

use std::path::Path;
use std::process::Output;

use serde_json::json;

use super::{BARE, Place, RUNBOOK};
use crate::support::watch::{Watched, warroom};

fn call(place: &Place, args: &[&str]) -> Output {
    warroom(place.path()).args(args).arg(place.plan()).output().unwrap()
}

fn journals(folder: &Path) -> Vec<String> {
    let Ok(all) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in all.map(|e| e.unwrap().path()) {
        if path.is_dir() {
            found.extend(journals(&path));
        } else if path.extension().is_some_and(|e| e == "db") {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_look_makes_no_journal_and_what_was_closed_is_still_the_newest() {
    let gate = "\n[[gate]]\nname = \"deploy\"\ncriteria = [\"steps done\"]\n";
    let place = Place::new(RUNBOOK, &format!("{BARE}{gate}"));
    let state = place.path().join("state");
    let looks = || {
        assert!(call(&place, &["status"]).status.success());
        assert_eq!(call(&place, &["gate", "deploy"]).status.code(), Some(3));
    };
    looks();
    assert_eq!(journals(&state), Vec::<String>::new());
    let said = String::from_utf8(call(&place, &["verify"]).stderr).unwrap();
    assert!(said.contains("has no journal yet"), "{said}");

    let watch = Watched::start(place.path(), &place.plan(), "ic", &[]);
    let mut client = watch.client();
    client.until("the watch", |s| s["watch"] == "here");
    let close = json!({ "kind": "close", "reason": "all is done" });
    assert_eq!(client.ask(1, "ic", &close).unwrap()["answer"], "accepted");
    watch.end();
    looks();
    assert_eq!(journals(&state).len(), 1);
    // A start that came to nothing leaves a file that nobody has written yet.
    assert_eq!(call(&place, &["run"]).status.code(), Some(2));
    let verified = call(&place, &["verify"]);
    assert!(verified.status.success(), "{verified:?}");
    let exported = String::from_utf8(call(&place, &["export", "--format", "jsonl"]).stdout).unwrap();
    assert!(exported.contains("room-closed"), "{exported}");
}
