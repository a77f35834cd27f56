//! Steps out of their turn: warned of and recorded, or refused without a reason; ready is what can be begun.

use warroom::fact::Fact;
use warroom::room::{Intent, Status};

use super::{MINUTE, World, plan, words};
use crate::support::step;

const RUNBOOK: &str = "\
# Release

## Deploy

1. build
2. deploy
3. open the doors @ T+30m

## Checks

- [ ] first
- [ ] second

## Notify (in parallel)

1. mail
2. chat

## Side by side

<!-- parallel -->

1. left
2. right
";

fn tick(w: &World, name: &str) -> Intent {
    Intent::Tick { step: step(&w.room, name) }
}

fn how(facts: &[Fact]) -> Option<String> {
    facts.iter().find_map(|f| match f {
        Fact::Irregular { how, .. } => Some(how.to_string()),
        _ => None,
    })
}

#[test]
fn out_of_order_is_recorded_and_not_refused() {
    let mut w = World::new(RUNBOOK, &plan("", ""));
    let facts = w.does("dba", &tick(&w, "deploy")).unwrap();
    assert_eq!(how(&facts).as_deref(), Some("before \"build\""));
    assert_eq!(w.room.status(&step(&w.room, "deploy")), Status::Done);
    for name in ["build", "second", "chat", "right"] {
        let facts = w.does("dba", &tick(&w, name)).unwrap();
        assert_eq!(how(&facts), None, "{name} is in its turn");
    }
    // An hour and a half before its time, then begun in time and done.
    let doors = step(&w.room, "open the doors");
    assert_eq!(w.room.irregular(&doors).as_deref(), Some("1:30:00 early"));
    w.pass(91 * MINUTE);
    let begun = w.does("dba", &Intent::Start { step: doors.clone() }).unwrap();
    assert_eq!(how(&begun), None);
    assert_eq!(how(&w.does("dba", &Intent::Tick { step: doors }).unwrap()), None);
}

#[test]
fn where_the_plan_is_strict_it_needs_a_reason() {
    let mut w = World::new(RUNBOOK, &plan("order = \"strict\"", ""));
    for name in ["deploy", "second"] {
        let refused = w.does("dba", &tick(&w, name)).unwrap_err();
        assert!(refused.contains("is open; give a reason"), "{refused}");
        let begun = w.does("dba", &Intent::Start { step: step(&w.room, name) }).unwrap_err();
        assert!(begun.contains("not in its turn"), "{begun}");
    }
    assert!(w.does("dba", &tick(&w, "deploy")).unwrap_err().contains("\"build\""), "it names what is open");
    for name in ["chat", "right", "first"] {
        w.does("dba", &tick(&w, name)).unwrap();
    }
    let empty = Intent::TickAnyway { step: step(&w.room, "deploy"), reason: words(" ") };
    assert!(w.does("dba", &empty).is_err());
    let anyway = Intent::TickAnyway { step: step(&w.room, "deploy"), reason: words("built yesterday") };
    let facts = w.does("dba", &anyway).unwrap();
    assert_eq!(how(&facts).as_deref(), Some("before \"build\": built yesterday"));
    // A time that stands at a step is when it begins: before, that takes a reason too.
    let refused = w.does("dba", &tick(&w, "open the doors")).unwrap_err();
    assert!(refused.contains("\"build\" is open"), "{refused}");
    w.does("dba", &tick(&w, "build")).unwrap();
    let refused = w.does("dba", &tick(&w, "open the doors")).unwrap_err();
    assert!(refused.contains("is not due yet") && refused.contains("early; give a reason"), "{refused}");
    let doors = step(&w.room, "open the doors");
    w.does("dba", &Intent::TickAnyway { step: doors, reason: words("they are pushing") }).unwrap();
    let state = w.room.step(&step(&w.room, "deploy"));
    assert_eq!((state.status, state.reason), (Status::Done, Some(words("built yesterday"))));
}

#[test]
fn ready_is_what_need_not_wait() {
    let ready = |w: &World| -> Vec<String> {
        w.room.book.leaves().filter(|s| w.room.ready(s)).map(|s| s.text.to_string()).collect()
    };
    let loose = World::new(RUNBOOK, &plan("", ""));
    assert_eq!(ready(&loose), ["build", "first", "second", "mail", "chat", "left", "right"]);
    let strict = World::new(RUNBOOK, &plan("order = \"strict\"", ""));
    assert_eq!(ready(&strict), ["build", "first", "mail", "chat", "left", "right"]);
}
