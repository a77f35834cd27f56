//! A breaker fired over the control socket: its command really runs, once, started by its own entry and recorded.

use serde_json::json;

use super::{PLAN, Place, runbook, until};

#[test]
fn a_breakers_command_runs_once_and_is_recorded() {
    let breaker = "\n[[breaker]]\nname = \"freeze\"\nrun = \"echo frozen >> frozen.txt\"\nconfirm = \"FREEZE\"\nblast = \"all writes\"\ncooldown = \"5m\"\n";
    let place = Place::new(&runbook(&[("deploy", "true")]), &format!("{PLAN}{breaker}"));
    let watch = place.start("ic");
    let mut client = watch.client();
    let fire =
        |word: &str| json!({ "kind": "breaker-fire", "breaker": "freeze", "word": word, "reason": "writes fail" });
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
