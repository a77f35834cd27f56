//! Clients of the control socket: however long the record and however slowly they read, nothing is left out.

use serde_json::json;

use super::{BARE, Place, RUNBOOK};

#[test]
fn who_follows_gets_a_long_record_whole_and_then_what_comes() {
    // More than wait for one reader at a time.
    const MANY: u64 = 6_000;
    let place = Place::new(RUNBOOK, BARE);
    let watch = place.start("ic");
    let mut writer = watch.client();
    writer.until("the watch", |s| s["watch"] == "here");
    let note = |n: u64| json!({ "id": n, "as": "ic", "intent": { "kind": "note", "text": format!("note {n}") } });
    for first in (0..MANY).step_by(500) {
        (first..first + 500).for_each(|n| writer.send(&note(n)).unwrap());
        (0..500).for_each(|_| assert_eq!(writer.line().unwrap()["answer"], "accepted"));
    }
    let mut late = watch.client();
    late.send(&json!({ "follow": 0 })).unwrap();
    // While nobody reads it goes on.
    assert_eq!(writer.ask(MANY, "ic", &note(MANY)["intent"]).unwrap()["answer"], "accepted");
    let mut places = 0;
    loop {
        let line = late.line().unwrap_or_else(|| panic!("nothing behind place {places}"));
        places += 1;
        assert_eq!(line["place"], places, "one was left out");
        if line["fact"]["text"] == format!("note {MANY}") {
            break;
        }
    }
    assert!(places > MANY, "{places}");
    // A request of the same client is answered too.
    assert_eq!(late.ask(1, "ic", &note(0)["intent"]).unwrap()["answer"], "accepted");
}
