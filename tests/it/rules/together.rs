//! Alerts of one kind are told together: few notices, nobody unnamed, nothing late, and a new breach after an answer pages again.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;
use warroom::notice::Notice;
use warroom::tui::layout::Pane;

use super::*;

const ONE_RULE: &str = r"
groups:
- name: api
  rules:
  - alert: Slow
    expr: latency > 1
    for: 10s
    labels: {severity: critical}
  - alert: Down
    expr: up == 0
";

fn plan(more: &str) -> Plan {
    loaded(&PLAN.replace("command = \"true\"", &format!("command = \"true\"\n{more}")), ONE_RULE)
}

fn numbered(names: &[String]) -> Vec<(&str, f64)> {
    names.iter().map(|name| (name.as_str(), 2.0)).collect()
}

fn slow(job: &str) -> String {
    format!("Slow{{job=\"{job}\", severity=\"critical\"}}")
}

fn members(notice: &Notice) -> Vec<String> {
    notice.group.iter().flat_map(|g| &g.members).map(|m| m.name.raw().to_owned()).collect()
}

fn of(facts: &[Fact], action: Action) -> Vec<&Notice> {
    notices(facts).into_iter().filter(|n| n.action == action).collect()
}

#[test]
fn a_thousand_that_fire_are_a_few_notices_that_name_each() {
    let mut w = Watched::new(plan(""));
    let names: Vec<String> = (0..1_000).map(|n| format!("svc-{n:03}")).collect();
    w.run(10, 0, Ok(&numbered(&names)));
    assert!(notices(&w.facts).is_empty(), "ten seconds are not over");
    w.run(5, 0, Ok(&numbered(&names)));
    let first = of(&w.facts, Action::Trigger);
    assert_eq!(first.len(), 1, "told as it fires, and once");
    assert_eq!(first[0].group.as_ref().unwrap().firing, 1_000);
    assert!(first[0].summary.raw().starts_with("Slow: 1000 fire: {job=\"svc-000\""), "{}", first[0].summary);
    w.run(300, 0, Ok(&numbered(&names)));
    let told = of(&w.facts, Action::Trigger);
    assert!(told.len() <= 6, "{} notices", told.len());
    let named: BTreeSet<String> = told.iter().flat_map(|n| members(n)).collect();
    assert_eq!(named.len(), 1_000, "each is named");
    let key = told[0].key.clone();
    assert!(told.iter().all(|n| n.key == key), "one incident");
    assert!(
        w.room.alerts()[0].note.contains("telling oncall"),
        "each says how it was told: {}",
        w.room.alerts()[0].note
    );
    w.run(5, 0, Ok(&numbered(&names[..1])));
    assert!(of(&w.facts, Action::Resolve).is_empty(), "one still fires");
    w.run(5, 0, Ok(&[]));
    w.pass(2);
    let over = of(&w.facts, Action::Resolve);
    assert_eq!(over.len(), 1);
    assert_eq!(over[0].key, key);
    assert!(over[0].summary.raw().starts_with("Slow: all 1000 are over after"), "{}", over[0].summary);
}

#[test]
fn who_joins_is_told_soon_and_after_an_answer_is_a_page_of_its_own() {
    let mut w = Watched::new(plan(""));
    w.run(15, 0, Ok(&[("a", 2.0)]));
    let first = notices(&w.facts)[0].clone();
    assert_eq!(first.alert, Some(slow("a")), "one alone has its own name");
    w.run(15, 0, Ok(&[("a", 2.0), ("b", 2.0)]));
    w.pass(5);
    let told = of(&w.facts, Action::Trigger);
    assert_eq!((told.len(), &told[1].key, members(told[1])), (2, &first.key, vec![slow("b")]));
    assert!(told[1].summary.raw().starts_with("Slow: 1 more, 2 fire: {job=\"b\""), "{}", told[1].summary);
    for name in ["a", "b"] {
        let alert = slow(name);
        w.does(&Intent::Acknowledge { alert, owner: None, minutes: None, text: Untrusted::default() }).unwrap();
        w.run(5, 0, Ok(&[("a", 2.0), ("b", 2.0)]));
    }
    let looked = of(&w.facts, Action::Acknowledge);
    assert_eq!((looked.len(), &looked[0].key), (1, &first.key), "told when all of them are taken on");
    // A third one: who looks after the others must not sleep through it.
    w.run(15, 0, Ok(&[("a", 2.0), ("b", 2.0), ("c", 2.0)]));
    let told = of(&w.facts, Action::Trigger);
    assert_eq!((told.len(), members(told[2])), (3, vec![slow("c")]));
    assert_ne!(told[2].key, first.key, "an incident of its own wakes people");
    w.run(10, 0, Ok(&[]));
    w.pass(1);
    assert_eq!(of(&w.facts, Action::Resolve).len(), 2);
}

#[test]
fn a_silence_over_many_ends_in_one_word_and_so_do_those_that_nobody_heard_of() {
    let mut w = Watched::new(plan(""));
    let names: Vec<String> = (0..40).map(|n| format!("svc-{n:02}")).collect();
    let silence = Intent::Silence { alert: Some("Slow".to_owned()), minutes: 5, reason: "known".into() };
    w.does(&silence).unwrap();
    w.run(60, 0, Ok(&numbered(&names)));
    assert!(notices(&w.facts).is_empty());
    w.run(300, 0, Ok(&numbered(&names)));
    assert_eq!(of(&w.facts, Action::Trigger).len(), 1, "what still fires is told when the silence ends");
    w.does(&silence).unwrap();
    w.run(30, 0, Ok(&numbered(&names)));
    w.run(300, 0, Ok(&numbered(&names)));
    let told = of(&w.facts, Action::Trigger);
    assert_eq!(told.len(), 2);
    assert!(told[1].summary.raw().contains("still firing after the silence"), "{}", told[1].summary);
    assert_eq!(told[1].key, told[0].key);
    w.run(5, 0, Ok(&[]));
    // Silent from its begin to its end: one note.
    w.does(&silence).unwrap();
    w.run(30, 0, Ok(&numbered(&names)));
    w.run(5, 0, Ok(&[]));
    let notes = of(&w.facts, Action::Inform);
    assert_eq!(notes.len(), 1);
    assert!(notes[0].summary.raw().starts_with("Slow: 40 are over that were kept quiet: "), "{}", notes[0].summary);
}

#[test]
fn a_restart_goes_on_with_the_group_and_tells_nobody_twice() {
    let mut w = Watched::new(plan(""));
    w.run(15, 0, Ok(&[("a", 2.0), ("b", 2.0)]));
    w.restart(plan(""), 20);
    w.run(60, 0, Ok(&[("a", 2.0), ("b", 2.0)]));
    assert_eq!(notices(&w.facts).len(), 1);
    w.run(5, 0, Ok(&[("b", 2.0)]));
    w.restart(plan(""), 20);
    w.run(5, 0, Ok(&[("b", 2.0)]));
    assert_eq!(notices(&w.facts).len(), 1, "one of two is over: nobody is told that all are");
    w.run(5, 0, Ok(&[]));
    w.pass(2);
    let told: Vec<(Action, &str)> = notices(&w.facts).iter().map(|n| (n.action, n.key.as_str())).collect();
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].0, told[1].0, told[0].1), (Action::Trigger, Action::Resolve, told[1].1));
}

#[test]
fn nobody_takes_the_group_on_and_the_next_on_the_ladder_hears_of_it_once() {
    let more = "escalate = [{ after = \"2m\", to = \"cto\" }]\n[notify.cto]\ncommand = \"true\"";
    let mut w = Watched::new(plan(more));
    w.run(100, 0, Ok(&[("a", 2.0), ("b", 2.0), ("c", 2.0)]));
    assert_eq!(notices(&w.facts).len(), 1);
    w.run(200, 0, Ok(&[("a", 2.0), ("b", 2.0), ("c", 2.0)]));
    let told = notices(&w.facts);
    assert_eq!(told.len(), 2);
    assert_eq!((told[1].channel.as_str(), members(told[1]).len(), &told[1].key), ("cto", 3, &told[0].key));
    assert!(told[1].summary.raw().starts_with("Slow (3 fire): nobody took it on for 2m"), "{}", told[1].summary);
    w.run(5, 0, Ok(&[]));
    w.pass(1);
    let over: BTreeSet<&str> = of(&w.facts, Action::Resolve).iter().map(|n| n.channel.as_str()).collect();
    assert_eq!(over, BTreeSet::from(["cto", "oncall"]), "everybody who heard of it hears that it is over");
}

#[test]
fn who_joins_does_not_hold_the_ladder_up() {
    let more = "escalate = [{ after = \"2m\", to = \"cto\" }]\n[notify.cto]\ncommand = \"true\"";
    let mut w = Watched::new(plan(more));
    let names: Vec<String> = (0..40).map(|n| format!("svc-{n:02}")).collect();
    // One more every five seconds: the words on them come in between.
    for n in 1..=40 {
        w.run(5, 0, Ok(&numbered(&names[..n])));
    }
    let first = of(&w.facts, Action::Trigger)[0].at;
    let cto: Vec<&Notice> = of(&w.facts, Action::Trigger).into_iter().filter(|n| n.channel == "cto").collect();
    assert_eq!(cto.len(), 1, "{:?}", told(&w.facts));
    assert!(cto[0].at - first <= TimeDelta::seconds(126), "{}", cto[0].at - first);
}

/// Alerts of several rules that speak of one service, where a channel wants them together.
#[test]
fn rules_of_one_service_are_told_together_where_a_channel_says_so() {
    let rules = "groups:\n- name: api\n  rules:\n  - alert: Slow\n    expr: x > 1\n    labels: {severity: critical, service: api}\n  \
                 - alert: Down\n    expr: y > 1\n    labels: {severity: critical, service: api}\n";
    let service = "[[service]]\nname = \"api\"\ntcp = \"127.0.0.1:1\"\n";
    for (by, keys) in [("service", 1), ("rule", 2)] {
        let text = PLAN.replace("command = \"true\"", &format!("command = \"true\"\ngroup_by = \"{by}\""));
        let mut w = Watched::new(loaded(&format!("{service}{text}"), rules));
        let one = || Ok(Found { elements: vec![(Labels::new([("job", "a")]), 2.0)], ..Found::default() });
        for _ in 0..4 {
            w.pass(5);
            let both = [0, 1].map(|ix| RuleReading { rule: RuleIx(ix), found: one() });
            w.heard(Reading::Rules(both.to_vec()));
        }
        let incidents: BTreeSet<&str> = of(&w.facts, Action::Trigger).iter().map(|n| n.key.as_str()).collect();
        assert_eq!(incidents.len(), keys, "by {by}: {:?}", told(&w.facts));
    }
}

#[test]
fn a_channel_may_want_each_by_itself() {
    let mut w = Watched::new(plan("group_by = \"none\""));
    w.run(15, 0, Ok(&[("a", 2.0), ("b", 2.0), ("c", 2.0)]));
    assert_eq!(of(&w.facts, Action::Trigger).len(), 3);
    w.run(10, 0, Ok(&[]));
    assert_eq!(of(&w.facts, Action::Resolve).len(), 3);
}

#[test]
fn whatever_comes_and_goes_nobody_is_forgotten_and_nothing_reopens() {
    // A small generator with a fixed seed: each case is the same everywhere.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut dice = move |sides: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % sides
    };
    for case in 0..25 {
        let mut w = Watched::new(plan(""));
        let jobs: Vec<String> = (0..6).map(|n| format!("j{n}")).collect();
        let mut up = [true; 6];
        for _ in 0..60 {
            for it in &mut up {
                *it ^= dice(12) == 0;
            }
            let bad: Vec<(&str, f64)> =
                jobs.iter().zip(&up).filter(|(_, up)| !**up).map(|(j, _)| (&**j, 2.0)).collect();
            match dice(10) {
                0 => w.restart(plan(""), 3),
                1 => {
                    let alert = slow(&jobs[dice(6) as usize]);
                    let minutes = Some(1 + dice(3) as u32);
                    // Refused where it does not fire.
                    let _ = w.does(&Intent::Acknowledge { alert, owner: None, minutes, text: Untrusted::default() });
                }
                2 => {
                    let alert = Some(if dice(3) == 0 { "Slow".to_owned() } else { slow(&jobs[dice(6) as usize]) });
                    let _ = w.does(&Intent::Silence { alert, minutes: 1, reason: "so".into() });
                }
                3 => w.run(5, 0, Err("no answer")),
                _ => {}
            }
            w.run(10, 0, Ok(&bad));
        }
        w.run(400, 0, Ok(&[("j0", 2.0)]));
        let fires: BTreeSet<Uuid> = w.room.alerts().iter().filter_map(|a| a.episode).collect();
        let named: BTreeSet<Uuid> = of(&w.facts, Action::Trigger)
            .iter()
            .filter_map(|n| n.group.as_ref())
            .flat_map(|g| &g.members)
            .map(|m| m.episode)
            .collect();
        assert_eq!(w.room.alerts().iter().filter(|a| a.state == Shown::Firing).count(), 1, "case {case}");
        let firing = w.room.alerts().into_iter().find(|a| a.state == Shown::Firing).and_then(|a| a.episode).unwrap();
        assert!(fires.contains(&firing) && named.contains(&firing), "case {case}: what fires in the end was told");
        w.run(20, 0, Ok(&[]));
        w.pass(400);
        // Of each incident: begun, perhaps more, over once, and silence after that.
        let mut keys: BTreeMap<&str, Vec<Action>> = BTreeMap::new();
        for notice in notices(&w.facts).into_iter().filter(|n| n.group.is_some()) {
            keys.entry(&notice.key).or_default().push(notice.action);
        }
        for (key, actions) in keys {
            let over = actions.iter().filter(|a| **a == Action::Resolve).count();
            assert_eq!(
                (over, actions.first(), actions.last()),
                (1, Some(&Action::Trigger), Some(&Action::Resolve)),
                "case {case}, {key}: {actions:?}"
            );
        }
        // Nobody is in two incidents, and who fired for long without being kept quiet is in one.
        let mut of_member: BTreeMap<Uuid, BTreeSet<&str>> = BTreeMap::new();
        for notice in of(&w.facts, Action::Trigger) {
            for member in notice.group.iter().flat_map(|g| &g.members) {
                of_member.entry(member.episode).or_default().insert(&notice.key);
            }
        }
        assert!(of_member.values().all(|keys| keys.len() == 1), "case {case}");
    }
}

#[test]
fn many_of_a_kind_are_a_row_on_the_screen_and_are_taken_on_at_once() {
    let mut w = Watched::new(plan(""));
    let names: Vec<String> = (0..40).map(|n| format!("svc-{n:02}")).collect();
    w.run(20, 0, Ok(&numbered(&names)));
    let mut view = View::new();
    let whole = text(&frame(&w.room, &mut view, &Theme::default(), 200, 60));
    assert!(whole.contains("Slow ×40 firing"), "one line of the timeline: {whole}");
    (view.zoom, view.focus) = (true, Pane::Alarms);
    let shown = text(&frame(&w.room, &mut view, &Theme::default(), 120, 40));
    assert!(shown.contains("40 firing"), "{shown}");
    assert!(shown.contains("Slow ×40"), "{shown}");
    assert!(shown.contains("{job=\"svc-00\", severity=\"critical\"}"), "{shown}");
    assert!(!shown.contains("svc-05"), "one row and no wall of rows: {shown}");
    view.alarm = Some(Alarmed::Kind("Slow".to_owned()));
    (view.detail, view.focus) = (Detail::Alert, Pane::Detail);
    let shown = text(&frame(&w.room, &mut view, &Theme::default(), 120, 60));
    for words in ["40 firing", "svc-39", "takes them all on"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let all = Intent::Acknowledge { alert: "Slow".to_owned(), owner: None, minutes: None, text: "known".into() };
    w.does(&all).unwrap();
    w.pass(1);
    assert!(w.room.alerts().iter().all(|a| a.state == Shown::Acknowledged));
    assert_eq!(of(&w.facts, Action::Acknowledge).len(), 1);
    // Who joins afterwards is nobody's.
    let more: Vec<String> = (0..41).map(|n| format!("svc-{n:02}")).collect();
    w.run(15, 0, Ok(&numbered(&more)));
    assert_eq!(w.room.alerts().iter().filter(|a| a.state == Shown::Firing).count(), 1);
    assert_eq!(of(&w.facts, Action::Trigger).last().map(|n| members(n)), Some(vec![slow("svc-40")]));
    assert!(
        w.does(&Intent::Acknowledge { alert: "Down".to_owned(), owner: None, minutes: None, text: "x".into() })
            .is_err()
    );
}
