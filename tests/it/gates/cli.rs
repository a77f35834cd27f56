//! `warroom gate` with the real program: exit status, JSON, and the record of a watch.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::wait::eventually;
use crate::support::watch::{Watched, warroom};

/// A page of metrics on loopback whose error rate can be changed.
pub(super) struct Page {
    pub port: u16,
    pub errors: Arc<AtomicU32>,
    asked: Arc<AtomicU32>,
}

impl Page {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let errors = Arc::new(AtomicU32::new(0));
        let (shown, asked) = (Arc::clone(&errors), Arc::<AtomicU32>::default());
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut request = [0; 2_048];
                let _ = stream.read(&mut request);
                count.fetch_add(1, Ordering::SeqCst);
                let body = format!("# TYPE errors gauge\nerrors {}\n", shown.load(Ordering::SeqCst));
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\nconnection: close\r\n";
                let _ = write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len());
            }
        });
        Self { port, errors, asked }
    }
}

fn room(home: &Path, page: &Page) {
    std::fs::write(home.join("go-live.md"), "# Go-live\n\n## Canary 5%\n\n- [ ] enable 5%\n").unwrap();
    let plan = format!(
        r#"
[room]
name = "retail"
runbook = ["go-live.md"]

[source.app]
scrape = "http://127.0.0.1:{}/metrics"

[[metric]]
name = "errors"
query = "errors"
source = "app"
every = "200ms"

[[gate]]
name = "errors"
criteria = ["errors < 10"]
dwell = "1s"

[[gate]]
name = "canary 5%"
at = "Canary 5%"
criteria = ["errors < 10", "steps done"]
votes = ["ic", "on-call"]
"#,
        page.port
    );
    std::fs::write(home.join("warroom.toml"), plan).unwrap();
}

fn gate(home: &Path, args: &[&str]) -> Output {
    warroom(home).arg("gate").args(args).output().unwrap()
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

#[test]
fn the_exit_status_is_the_verdict() {
    let home = tempfile::tempdir().unwrap();
    let page = Page::start();
    room(home.path(), &page);
    let plan = home.path().join("warroom.toml");
    let plan = plan.to_str().unwrap();
    let one_look = gate(home.path(), &["errors", plan]);
    assert_eq!(one_look.status.code(), Some(3), "a look has no second of healthy time: {}", said(&one_look));
    let waited = gate(home.path(), &["errors", plan, "--wait", "15s", "--format", "json"]);
    assert_eq!(waited.status.code(), Some(0), "{}", said(&waited));
    let told: Value = serde_json::from_slice(&waited.stdout).unwrap();
    let keys: Vec<&str> = told.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["criteria", "dwell", "gate", "reason", "since", "verdict", "votes"]);
    assert_eq!((&told["gate"], &told["verdict"]), (&json!("errors"), &json!("go")));
    assert_eq!(told["dwell"], json!({ "need": 1.0, "have": 1.0 }));
    let criterion = &told["criteria"][0];
    assert_eq!(criterion["state"], "pass");
    assert_eq!((&criterion["value"], &criterion["threshold"]), (&json!(0.0), &json!(10.0)));
    assert!(criterion["samples"].as_u64().unwrap() > 1 && criterion["age"].is_number(), "{criterion}");
    let steps = gate(home.path(), &["canary 5%", plan]);
    assert_eq!(steps.status.code(), Some(3), "{}", said(&steps));
    assert!(said(&steps).contains("0 of 1 steps done") && said(&steps).contains("votes 0/2"), "{}", said(&steps));
    page.errors.store(50, Ordering::SeqCst);
    let broken = gate(home.path(), &["errors", plan, "--wait", "15s"]);
    assert_eq!(broken.status.code(), Some(1), "{}", said(&broken));
    assert!(said(&broken).contains("NO-GO  errors: errors 50 > 10"), "{}", said(&broken));
    let unknown = gate(home.path(), &["erors", plan]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("did you mean \"errors\"?"), "{}", said(&unknown));
    let missing = gate(home.path(), &["errors", "/nowhere/warroom.toml"]);
    assert_eq!(missing.status.code(), Some(2));
}

/// Where somebody watches the verdict is that of the record: steps, votes, healthy time and decisions.
#[test]
fn where_somebody_watches_the_record_is_read() {
    let home = tempfile::tempdir().unwrap();
    let page = Page::start();
    room(home.path(), &page);
    let plan = home.path().join("warroom.toml");
    let watch = Watched::start(home.path(), &plan, "ic", &[]);
    let mut client = watch.client();
    let verdict = |s: &Value, ix: usize| s["gates"][ix]["verdict"].clone();
    // Others read it off the record, which has it a moment later.
    client.until("the first gate, recorded", |s| verdict(s, 0) == "go" && s["unsaved"] == 0);
    let plan = plan.to_str().unwrap();
    let at_once = gate(home.path(), &["errors", plan]);
    assert_eq!(at_once.status.code(), Some(0), "one look sees the watch's healthy time: {}", said(&at_once));
    let out = warroom(home.path()).args(["show", "--format", "json", plan]).output().unwrap();
    let shown: Value = serde_json::from_slice(&out.stdout).unwrap();
    let step = shown["runbooks"][0]["steps"][0]["id"].as_str().unwrap().to_owned();
    let mut id = 0;
    let mut ask = |client: &mut crate::support::watch::Client, who: &str, intent: Value| {
        id += 1;
        client.ask(id, who, &intent).unwrap()
    };
    let go = json!({ "kind": "gate-decide", "gate": "canary 5%", "verdict": "go" });
    let refused = ask(&mut client, "ic", go.clone());
    assert_eq!(refused["answer"], "refused");
    assert!(refused["reason"].as_str().unwrap().contains("steps done"), "{refused}");
    assert_eq!(ask(&mut client, "ic", json!({ "kind": "tick", "step": step }))["answer"], "accepted");
    for who in ["ic", "on-call"] {
        let vote = json!({ "kind": "gate-vote", "gate": "canary 5%", "vote": "go" });
        assert_eq!(ask(&mut client, who, vote)["answer"], "accepted");
    }
    client.until("both votes", |s| verdict(s, 1) == "go");
    assert_eq!(gate(home.path(), &["canary 5%", plan, "--wait", "5s"]).status.code(), Some(0));
    assert_eq!(ask(&mut client, "ic", go)["answer"], "accepted");
    let against = json!({ "kind": "gate-vote", "gate": "canary 5%", "vote": "no-go", "comment": "errors" });
    assert_eq!(ask(&mut client, "on-call", against)["answer"], "accepted");
    let out = gate(home.path(), &["canary 5%", plan, "--format", "json"]);
    assert_eq!(out.status.code(), Some(1), "a NO-GO after the decision: {}", said(&out));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(told["decision"]["override"], json!(false));
    assert!(told["decision"]["basis_gone"].as_str().unwrap().contains("on-call says NO-GO: errors"), "{told}");
    assert_eq!(told["votes"].as_array().unwrap().len(), 2);
    let again = json!({ "kind": "gate-reopen", "gate": "canary 5%", "reason": "look again" });
    assert_eq!(ask(&mut client, "ic", again)["answer"], "accepted");
    let back = json!({ "kind": "gate-vote", "gate": "canary 5%", "vote": "withdrawn", "role": "on-call" });
    assert_eq!(ask(&mut client, "on-call", back)["answer"], "accepted");
    let force = json!({ "kind": "gate-override", "gate": "canary 5%", "reason": "nobody else is here" });
    assert_eq!(ask(&mut client, "ic", force)["answer"], "accepted");
    let out = gate(home.path(), &["canary 5%", plan]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(said(&out).contains("GO decided by override"), "marked in the answer: {}", said(&out));
    assert!(watch.end().code().is_some());
    // Whoever has the journal's lines can prove each decision's evidence with nothing but SHA-256.
    let out = warroom(home.path()).args(["export", "--format", "jsonl", plan]).output().unwrap();
    let entries = String::from_utf8(out.stdout).unwrap();
    let facts = entries.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fact"].clone());
    let decided: Vec<Value> = facts.filter(|fact| fact["kind"] == "gate-decided").collect();
    assert_eq!(decided.len(), 2);
    for fact in decided {
        let digest = Sha256::digest(fact["evidence"].to_string().as_bytes());
        let hex = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_eq!(fact["sha256"], hex.as_str());
    }
    let out = warroom(home.path()).args(["export", "--format", "md", plan]).output().unwrap();
    let told = said(&out);
    assert!(told.contains("GO decided BY OVERRIDE, computed was WAIT"), "marked in the executed runbook: {told}");
    assert!(told.contains("nobody else is here") && told.contains("NO-GO for on-call: errors"), "{told}");
}

/// A pipeline may be there before the people are: it waits for the room and reads its record.
#[test]
fn who_waits_before_the_room_is_opened_hears_of_its_votes() {
    let home = tempfile::tempdir().unwrap();
    let page = Page::start();
    room(home.path(), &page);
    let plan = home.path().join("warroom.toml");
    let mut waits = warroom(home.path());
    waits.args(["gate", "canary 5%", "--wait", "60s"]).arg(&plan).stdout(Stdio::piped());
    let mut waits = waits.spawn().unwrap();
    // It asks by itself as long as nobody else does.
    eventually("its own look", || page.asked.load(Ordering::SeqCst) > 2);
    let watch = Watched::start(home.path(), &plan, "ic", &[]);
    let mut client = watch.client();
    client.until("the watch", |s| s["watch"] == "here");
    let step = client.status()["next"][0]["step"].clone();
    let votes = ["ic", "on-call"].map(|who| (who, json!({ "kind": "gate-vote", "gate": "canary 5%", "vote": "go" })));
    let tick = ("ic", json!({ "kind": "tick", "step": step }));
    for (who, intent) in [tick].into_iter().chain(votes) {
        assert_eq!(client.ask(1, who, &intent).unwrap()["answer"], "accepted", "{intent}");
    }
    assert_eq!(waits.wait().unwrap().code(), Some(0));
}
