//! The real program: a window that comes into force makes the pollers ask more often, and a hold is there for whoever asks.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::support::watch::Watched;

#[test]
fn the_pollers_follow_the_window_and_the_clock_can_be_held_from_outside() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("go-live.md"), "# Go-live\n\n## Deploy (T-0)\n\n- [ ] first\n").unwrap();
    let plan = format!(
        "[room]\nname = \"retail\"\nrunbook = [\"go-live.md\"]\n\n[[service]]\nname = \"api\"\ntcp = \"127.0.0.1:{port}\"\nevery = \"1h\"\n\n\
         [[window]]\nname = \"critical\"\nfrom = \"T-10m\"\nuntil = \"T+1h\"\nevery = \"100ms\"\ncheck_in = {{ every = \"2m\" }}\n"
    );
    let file = home.path().join("warroom.toml");
    std::fs::write(&file, plan).unwrap();
    let journal = home.path().join("j.db");
    let watch = Watched::start(home.path(), &file, "ic", &["--journal", journal.to_str().unwrap()]);
    let mut client = watch.client();
    client.until("the first answer", |s| s["services"][0]["state"] == "up");
    let before = asked.load(Ordering::Relaxed);
    assert!(before <= 2, "{before} askings at one an hour");
    let t0 = chrono::Utc::now().to_rfc3339();
    assert_eq!(client.ask(1, "ic", &json!({ "kind": "set-t0", "t0": t0 })).unwrap()["answer"], "accepted");
    client.until("the window", |s| s["clock"]["windows"][0] == "critical" && s["clock"]["every"] == 0.1);
    client.until("ten askings", |_| asked.load(Ordering::Relaxed) >= before + 10);
    let hold = json!({ "kind": "hold", "reason": "storage is slow" });
    assert_eq!(client.ask(2, "ic", &hold).unwrap()["answer"], "accepted");
    client.until("held", |s| s["hold"]["reason"] == "storage is slow");
    let t = client.status()["t"].clone();
    client.until("two seconds of it", |s| s["hold"]["lasted"].as_f64().unwrap() > 2.0);
    assert_eq!(client.status()["t"], t, "the T-clock stands");
    assert_eq!(client.ask(3, "ic", &hold).unwrap()["answer"], "refused");
    assert_eq!(client.ask(4, "ic", &json!({ "kind": "resume" })).unwrap()["answer"], "accepted");
    client.until("going on", |s| s["hold"].is_null() && s["t"] != t);
    let timer = json!({ "kind": "timer", "minutes": 5, "text": "look again", "for": "ic" });
    assert_eq!(client.ask(5, "ic", &timer).unwrap()["answer"], "accepted");
    client.until("the timer", |s| s["clock"]["timers"][0]["text"] == "look again");
    let check_in = json!({ "kind": "check-in", "window": "critical" });
    assert_eq!(client.ask(6, "ic", &check_in).unwrap()["answer"], "accepted");
}
