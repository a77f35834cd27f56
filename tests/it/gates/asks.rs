//! Gates that ask for gates, and criteria of which so many must hold.

use warroom::fact::gate::{Stand, Vote};
use warroom::fact::{Fact, Verdict};
use warroom::plan;
use warroom::room::{Intent, observe};
use warroom::text::Untrusted;

use super::{Watched, ic};
use crate::support::{Ledger, watching};

const RUNBOOK: &str = "\
# Go-live

## Deploy

- [ ] deploy green

## Canary

- [ ] enable five percent
";

const PLAN: &str = concat!(
    r#"
[room]
name = "retail"
t0 = 2025-10-21T12:00:00Z

[[role]]
name = "incident commander"
people = ["ic"]
decides = ["gates"]

[[role]]
name = "on-call"
people = ["on-call"]

"#,
    two_metrics!(),
    r#"
[[gate]]
name = "canary"
at = "Canary"
criteria = ["gate deploy go", "2 of (error rate < 1%, p95 < 500ms, steps done)"]

[[gate]]
name = "deploy"
at = "Deploy"
criteria = ["steps done"]
votes = ["on-call"]
"#
);

fn watched() -> Watched {
    Watched { room: watching(RUNBOOK, PLAN), ledger: Ledger::default() }
}

fn deploy(it: &mut Watched, vote: Vote) -> Result<Vec<Fact>, String> {
    let intent = Intent::GateVote { gate: "deploy".to_owned(), vote, role: None, comment: Untrusted::default() };
    it.does(&super::on_call(), &intent)
}

/// The verdict of the gate that is asked for counts, whatever it comes from; what waits there is waited for here.
#[test]
fn a_gate_waits_for_the_gate_it_asks_for() {
    let mut it = watched();
    it.good(2);
    let gate = it.gate("canary");
    assert_eq!(gate.verdict, Verdict::Wait);
    assert_eq!(gate.criteria[0].stand, Stand::Waiting, "it is people who bring it about: nothing is broken");
    assert!(gate.reason.contains("gate deploy WAIT"), "{}", gate.reason);
    it.tick("deploy green");
    deploy(&mut it, Vote::Go).unwrap();
    it.good(1);
    assert_eq!(it.gate("deploy").verdict, Verdict::Go, "{}", it.gate("deploy").reason);
    assert_eq!(it.gate("canary").verdict, Verdict::Go, "{}", it.gate("canary").reason);
    deploy(&mut it, Vote::NoGo).unwrap();
    let gate = it.gate("canary");
    assert_eq!(gate.verdict, Verdict::NoGo, "at once, before the next look");
    assert!(gate.reason.contains("gate deploy NO-GO"), "{}", gate.reason);
}

/// A GO that was decided loses its basis with the gate it was built on.
#[test]
fn a_decided_go_does_not_outlive_the_gate_it_was_built_on() {
    let mut it = watched();
    it.tick("deploy green");
    deploy(&mut it, Vote::Go).unwrap();
    it.good(2);
    let go = Intent::GateDecide { gate: "canary".to_owned(), verdict: Verdict::Go, reason: Untrusted::default() };
    it.does(&ic(), &go).unwrap();
    assert_eq!(it.gate("canary").verdict, Verdict::Go);
    deploy(&mut it, Vote::NoGo).unwrap();
    let gate = it.gate("canary");
    assert_eq!(gate.verdict, Verdict::NoGo);
    assert!(gate.gone.is_some_and(|gone| gone.contains("gate deploy NO-GO")), "{}", gate.reason);
}

/// Two of three hold whatever the third one is; with one unknown and one broken nobody knows.
#[test]
fn so_many_of_several_hold_and_what_is_unknown_counts_for_neither() {
    let mut it = watched();
    let stand = |it: &Watched| it.gate("canary").criteria[1].stand;
    it.run(2, Some(0.2), None);
    assert_eq!(stand(&it), Stand::Waiting, "the step would be the second");
    it.run(1, Some(0.2), Some(300.0));
    assert_eq!(stand(&it), Stand::Holds, "two hold, and the step is not asked for");
    it.run(1, Some(2.0), Some(300.0));
    assert_eq!(stand(&it), Stand::Waiting);
    it.run(1, Some(2.0), Some(900.0));
    assert_eq!(stand(&it), Stand::Broken, "one alone can never be two");
    it.tick("enable five percent");
    it.run(1, Some(0.2), Some(900.0));
    assert_eq!(stand(&it), Stand::Holds);
    it.run(30, None, Some(900.0));
    assert_eq!(stand(&it), Stand::Blind, "done, broken, unknown: nobody knows");
    let now = it.room.now;
    let effects = observe::tick(&mut it.room, now);
    it.ledger.perform(&mut it.room, effects);
    assert_ne!(it.gate("canary").verdict, Verdict::Go);
}

/// What a plan says wrongly is told at the word.
fn findings(gates: &str) -> Vec<(String, String)> {
    let none = |_: &str| None;
    let nothing = |_: &str| Err("not in a test".to_owned());
    let outside = plan::Outside { env: &none, file: &nothing, cmd: &nothing };
    let text = format!("[room]\nname = \"x\"\n\n{gates}");
    let loaded = plan::load(&plan::Input { path: "warroom.toml", text: &text, outside: &outside, runbooks: &[] });
    let errors = loaded.findings.iter().filter(|f| f.level == warroom::finding::Level::Error);
    errors.map(|f| (f.text.clone(), f.message.clone())).collect()
}

#[test]
fn circles_and_names_that_nothing_has_are_told_at_the_word() {
    let gate = |name: &str, criteria: &str| format!("[[gate]]\nname = \"{name}\"\ncriteria = [{criteria}]\n\n");
    let wrong = findings(&(gate("a", "'gate \"b\" go'") + &gate("b", "'gate c is go'") + &gate("c", "'gate a go'")));
    assert_eq!(wrong.len(), 1, "one circle is told once: {wrong:?}");
    assert!(wrong[0].1.contains("ask for each other in a circle"), "{wrong:?}");
    assert!(wrong[0].0.contains('b'), "{wrong:?}");
    let wrong = findings(&gate("a", "'not gate a no-go'"));
    assert!(wrong[0].1.contains("the gate \"a\" asks for itself"), "{wrong:?}");
    let wrong = findings(&(gate("deploy", "'services up'") + &gate("canary", "'gate deplyo go'")));
    assert!(wrong.iter().any(|(_, m)| m.contains("there is no gate \"deplyo\"")), "{wrong:?}");
    let wrong = findings(&gate("a", "'3 of (services up, steps done)'"));
    assert!(wrong[0].1.contains("3 of 2 can never be meant"), "{wrong:?}");
    let rule = "[[rule]]\nname = \"r\"\nwhen = 'gate a go'\n";
    let wrong = findings(&(gate("a", "'services up'") + rule));
    assert!(wrong.iter().any(|(_, m)| m.contains("only the criteria of a gate")), "{wrong:?}");
}
