//! A breaker fired over the control socket: its command really runs, once, started by its own entry and recorded.

use serde_json::json;

use super::{PLAN, Place, eventually, runbook, until};

#[test]
fn a_breakers_command_runs_once_and_is_recorded() {
    let breaker = "\n[[breaker]]\nname = \"freeze\"\nrun = \"echo frozen >> frozen.txt\"\nconfirm = \"FREEZE\"\nblast = \"all writes\"\ncooldown = \"5m\"\n";
    let place = Place::new(&runbook(&[("deploy", "true")]), &format!("{PLAN}{breaker}"));
    let watch = place.start("ic");
    let mut client = watch.client();
    let unseen = json!({ "kind": "breaker-fire", "breaker": "freeze", "word": "FREEZE", "reason": "writes fail" });
    let refused = client.ask(9, "ic", &unseen).unwrap();
    assert!(refused["reason"].as_str().unwrap().contains("say what was shown"), "{refused}");
    let hash = watch.client().status()["breakers"][0]["hash"].clone();
    let fire = |word: &str| json!({ "kind": "breaker-fire", "breaker": "freeze", "hash": hash, "word": word, "reason": "writes fail" });
    let refused = client.ask(1, "ic", &fire("freeze")).unwrap();
    assert_eq!(refused["answer"], "refused", "{refused}");
    assert_eq!(place.file("frozen.txt"), "");
    let accepted = client.ask(2, "ic", &fire("FREEZE")).unwrap();
    assert_eq!(accepted["answer"], "accepted", "{accepted}");
    let ended = until(&watch, "command-ended", 1);
    assert_eq!(ended[0]["exit"], 0, "{ended:?}");
    assert_eq!(place.file("frozen.txt"), "frozen\n");
    let again = client.ask(3, "ic", &fire("FREEZE")).unwrap();
    assert!(again["reason"].as_str().unwrap().contains("it rests for"), "{again}");
    let mut other = watch.client();
    other.until("the run told", |s| s["breakers"][0]["run"].as_str().is_some_and(|r| r.contains("passed")));
    let status = other.status();
    assert_eq!((&status["level"], &status["rollbacks"]), (&serde_json::Value::Null, &json!([])));
    let kinds: Vec<String> = place.facts().iter().map(|f| f["kind"].as_str().unwrap().to_owned()).collect();
    let at = |kind: &str| kinds.iter().position(|k| k == kind).unwrap();
    assert!(at("breaker-fired") < at("command-started") && at("command-started") < at("command-ended"), "{kinds:?}");
    assert_eq!(watch.end().code(), Some(143));
}

/// T73 for breakers: the plan changes between the showing and the word, or an answer does. Nothing runs but what was shown.
#[test]
fn what_a_breaker_would_run_is_bound_to_what_was_shown() {
    let plan = |n: usize| {
        format!("{PLAN}\n[[breaker]]\nname = \"freeze\"\nrun = \"echo {n} >> frozen.txt\"\nconfirm = \"FREEZE\"\n")
    };
    let place = Place::new(&runbook(&[("deploy", "true")]), &plan(0));
    let watch = place.start("ic");
    let mut client = watch.client();
    let seen = |watch: &crate::support::watch::Watched| watch.client().status()["breakers"][0]["hash"].clone();
    let fire = |hash: &serde_json::Value| json!({ "kind": "breaker-fire", "breaker": "freeze", "hash": hash, "word": "FREEZE", "reason": "writes fail" });
    for n in 1..=10 {
        let shown = seen(&watch);
        std::fs::write(place.path().join("warroom.toml"), plan(n)).unwrap();
        eventually("the change, read", || seen(&watch) != shown);
        let answer = client.ask(1, "ic", &fire(&shown)).unwrap();
        assert!(answer["reason"].as_str().unwrap_or_default().contains("not what was shown"), "{n}: {answer}");
    }
    assert_eq!(place.file("frozen.txt"), "");
    let answer = client.ask(2, "ic", &fire(&seen(&watch))).unwrap();
    assert_eq!(answer["answer"], "accepted", "{answer}");
    until(&watch, "command-ended", 1);
    assert_eq!(place.file("frozen.txt"), "10\n");
}
