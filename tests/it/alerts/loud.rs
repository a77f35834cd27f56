//! Nobody is left untold: causes that nobody hears of explain nothing, channels that fail are shouted about, keys that change
//! leave nothing open unsaid, everybody can be paged at once.

use warroom::notice::{Delivery, Notice};

use super::*;

fn queued<'f>(facts: &'f [Fact], channel: &str) -> Vec<&'f Notice> {
    notices(facts).into_iter().filter(|n| n.channel == channel).collect()
}

fn goes(w: &mut Watched, notice: uuid::Uuid, delivery: Delivery) {
    let draft = warroom::room::decide::draft(&w.room.me.author.clone(), Fact::NoticeTold { notice, delivery });
    w.ledger.record(&mut w.room, vec![draft]);
}

fn trying(tries: u32) -> Delivery {
    Delivery::Trying { tries, why: "HTTP 500".to_owned(), again: start().utc }
}

#[test]
fn a_cause_that_nobody_hears_of_explains_nothing() {
    // No rule speaks of the database, one only notes it, or it pages and is not yet sure.
    for plan in [PLAN.to_owned(), with_rule_on_the_database("info")] {
        let mut w = Watched::new(&plan);
        w.fine(10);
        w.run(30, Some(0.1), Some(false), Some(false));
        let pages = notices(&w.facts).into_iter().filter(|n| n.severity == warroom::notice::Severity::Page).count();
        assert_eq!(pages, 1, "somebody is woken: {:?}", told(&w.facts));
    }
    let late = with_rule_on_the_database("page").replace("\"database is down\"", "\"database is down\"\nfor = \"10m\"");
    let mut w = Watched::new(&late);
    w.fine(10);
    w.run(30, Some(0.1), Some(false), Some(false));
    assert_eq!(told(&w.facts), [("api down".to_owned(), Action::Trigger)], "ten minutes are not waited for");
}

#[test]
fn a_page_that_does_not_get_through_goes_up_the_ladder_and_to_the_other_channels_at_once() {
    let more = "[notify.oncall]\ncommand = \"true\"\nescalate = [{ after = \"30m\", to = \"lead\" }]\n[notify.lead]\ncommand = \"true\"\n[notify.room]\ncommand = \"true\"\n";
    let plan = PLAN.replace("[notify.oncall]\ncommand = \"true\"\n", more);
    for delivery in [trying(3), Delivery::Refused { tries: 1, why: "HTTP 400".to_owned() }] {
        let mut w = Watched::new(&plan);
        w.run(130, Some(1.2), Some(true), Some(true));
        let page = queued(&w.facts, "oncall")[0].id;
        goes(&mut w, page, trying(1));
        w.run(20, Some(1.2), Some(true), Some(true));
        assert_eq!(notices(&w.facts).len(), 1, "one try says nothing yet");
        goes(&mut w, page, delivery);
        w.run(3, Some(1.2), Some(true), Some(true));
        let (lead, room) = (queued(&w.facts, "lead"), queued(&w.facts, "room"));
        assert_eq!((lead.len(), lead[0].action), (1, Action::Trigger), "nobody waits half an hour for who cannot know");
        assert!(lead[0].summary.raw().contains("oncall could not be told"), "{}", lead[0].summary);
        assert_eq!((room.len(), room[0].action), (1, Action::Inform));
        assert!(room[0].summary.raw().starts_with("oncall was NOT told of 5xx"), "{}", room[0].summary);
        w.run(300, Some(1.2), Some(true), Some(true));
        assert_eq!(queued(&w.facts, "room").len(), 1, "once");
        assert_eq!(queued(&w.facts, "lead").len(), 1);
    }
}

fn to_pagerduty(key: &str) -> String {
    PLAN.replace("command = \"true\"", &format!("pagerduty = {{ routing_key = \"{key}\" }}"))
}

const KEYS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];

#[test]
fn a_key_that_changed_while_nobody_watched_leaves_nothing_open_unsaid() {
    let mut w = Watched::new(&to_pagerduty(KEYS[0]));
    w.run(130, Some(1.2), Some(true), Some(true));
    let page = notices(&w.facts)[0].clone();
    goes(&mut w, page.id, Delivery::Delivered { tries: 1 });
    // The same key again: nothing is told twice.
    w.restart(&to_pagerduty(KEYS[0]), 5);
    w.run(10, Some(1.2), Some(true), Some(true));
    assert_eq!(notices(&w.facts).len(), 1);
    w.restart(&to_pagerduty(KEYS[1]), 5);
    w.run(10, Some(1.2), Some(true), Some(true));
    let again = notices(&w.facts);
    assert_eq!((again.len(), again[1].action), (2, Action::Trigger), "told where the channel leads now");
    assert_eq!(again[1].key, page.key);
    let said = "oncall: \"5xx\" is open under a key that is not known here: close it by hand";
    assert!(w.room.trust().troubles.iter().any(|t| t == said), "{:?}", w.room.trust().troubles);
    let led: Vec<usize> = w
        .facts
        .iter()
        .filter_map(|f| match f {
            Fact::ChannelLeads { left_open, .. } => Some(left_open.len()),
            _ => None,
        })
        .collect();
    assert_eq!(led, [0, 1]);
    let kept: Vec<String> = w.facts.iter().map(|f| serde_json::to_string(f).unwrap()).collect();
    assert!(kept.iter().all(|fact| KEYS.iter().all(|key| !fact.contains(key))), "no key is in the record");
    // Once more with the same: it is said, and not told again.
    w.restart(&to_pagerduty(KEYS[1]), 5);
    w.run(10, Some(1.2), Some(true), Some(true));
    assert_eq!(notices(&w.facts).len(), 2);
    assert!(w.room.trust().troubles.iter().any(|t| t == said), "a further start knows it from the record");
    w.fine(70);
    assert_eq!(told(&w.facts).last(), Some(&("5xx".to_owned(), Action::Resolve)));
}

#[test]
fn everybody_is_paged_once_and_hears_that_it_is_over() {
    let plan = PLAN.replace(
        "[notify.oncall]",
        "[notify.cto]\ncommand = \"true\"\n[notify.team]\ncommand = \"true\"\n[notify.oncall]",
    );
    let mut w = Watched::new(&plan);
    w.fine(5);
    let page = |text: &str| Intent::PageAll { text: Untrusted::new(text) };
    assert!(w.does(&page(" ")).is_err(), "why must be said");
    assert!(w.does(&Intent::PageAllOver { text: Untrusted::default() }).is_err(), "nobody was paged");
    w.does(&page("level 3, all hands")).unwrap();
    let to = |facts: &[Fact], action| -> Vec<String> {
        notices(facts).into_iter().filter(|n| n.action == action).map(|n| n.channel.clone()).collect()
    };
    assert_eq!(to(&w.facts, Action::Trigger), ["cto", "team", "oncall"]);
    let first = notices(&w.facts)[0].clone();
    assert_eq!(first.summary.raw(), "dba pages everybody: level 3, all hands");
    let refused = Delivery::Refused { tries: 1, why: "HTTP 400".to_owned() };
    goes(&mut w, first.id, refused);
    let paged = w.room.paged().unwrap();
    assert!(!paged.over);
    let how: Vec<(&str, bool)> = paged.channels.iter().map(|(c, how)| (*c, how.is_some())).collect();
    assert_eq!(how, [("cto", true), ("team", false), ("oncall", false)], "how it went for each");
    w.does(&Intent::PageAllOver { text: Untrusted::new("back on blue") }).unwrap();
    assert_eq!(to(&w.facts, Action::Resolve).len(), 3);
    assert!(w.room.paged().unwrap().over);
    assert!(w.does(&Intent::PageAllOver { text: Untrusted::default() }).is_err());
}

#[test]
fn what_is_changed_on_purpose_is_told_to_who_asks_for_it() {
    let gate = "[[gate]]\nname = \"canary\"\ncriteria = [\"error rate < 1%\"]\n\n";
    let plan = PLAN.replace(
        "[notify.oncall]",
        &format!("{gate}[notify.graph]\ncommand = \"true\"\nchanges = true\n[notify.oncall]"),
    );
    let mut w = Watched::new(&plan);
    w.fine(20);
    let no =
        Intent::GateDecide { gate: "canary".to_owned(), verdict: Verdict::NoGo, reason: Untrusted::new("not today") };
    w.does(&no).unwrap();
    w.fine(20);
    w.restart(&plan, 3);
    w.fine(20);
    let told: Vec<(Action, String)> = notices(&w.facts).iter().map(|n| (n.action, n.channel.clone())).collect();
    assert_eq!(told, [(Action::Change, "graph".to_owned())], "once, and to nobody else");
    assert!(notices(&w.facts)[0].summary.raw().starts_with("gate canary: NO-GO"), "{}", notices(&w.facts)[0].summary);
}

#[test]
fn what_was_let_through_is_a_no_go_at_once() {
    let mut w = Watched::new(PLAN);
    w.fine(20);
    assert_eq!(w.room.live.verdict.verdict, Verdict::Go);
    let now = w.room.now.plus(SECOND);
    w.room.now = now;
    let mut reading = answer(1, false);
    reading.outcome = Outcome::Fail("SECURITY: answered 200 without credentials, must be refused".to_owned());
    for _ in 0..2 {
        let sample = Sample { probe: ProbeId(0), at: now, took: SECOND, reading: Reading::Service(reading.clone()) };
        observe::observe_all(&mut w.room, [sample]);
    }
    assert_eq!(w.room.live.verdict.verdict, Verdict::NoGo, "{}", w.room.live.verdict.reason);
    assert!(w.room.live.verdict.reason.contains("SECURITY"), "{}", w.room.live.verdict.reason);
}
