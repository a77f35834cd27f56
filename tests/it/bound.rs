//! Steps bound to conditions: ticked by the room with what it saw, never without data, never before their turn, and not again on
//! what somebody took back.

use std::time::Duration;

use warroom::fact::{Fact, Ticked};
use warroom::probe::{MetricIx, MetricReading, Point, ProbeId, Reading, Sample};
use warroom::room::bound::Standing;
use warroom::room::{Intent, JournalHealth, Room, Status, Watch, observe};

use crate::support::seat::Seat;
use crate::support::{Ledger, step, watching};

const RUNBOOK: &str = "\
# Go-live

## Prepare

- [ ] count the endpoints
- [ ] write it down

## Deploy (T+30m)

1. deploy green
2. errors stay low

## After

- [ ] p95 as promised
";

const PLAN: &str = r#"
[room]
name = "retail"
t0 = 2025-10-21T10:20:00Z

[source.app]
scrape = "http://127.0.0.1:1/metrics"

[[metric]]
name = "endpoints"
query = "x"
source = "app"
every = "5s"

[[metric]]
name = "error rate"
unit = "%"
query = "rate(y[1m])"
source = "app"
every = "5s"

[[tick]]
step = "count the endpoints"
when = "endpoints == 9"

[[tick]]
step = "errors stay low"
when = "error rate < 1%"
for = "1m"

[[tick]]
step = "p95 as promised"
when = "error rate < 1%"
"#;

struct World {
    room: Room,
    ledger: Ledger,
}

impl World {
    fn new() -> Self {
        Self { room: watching(RUNBOOK, PLAN), ledger: Ledger::default() }
    }

    /// Seconds pass, each with these values of endpoints and error rate; none: nothing comes.
    fn pass(&mut self, seconds: u64, values: [Option<f64>; 2]) -> Vec<Ticked> {
        let mut facts = Vec::new();
        for _ in 0..seconds {
            let now = self.room.now.plus(Duration::from_secs(1));
            self.room.now = now;
            let readings = (0..).zip(values).filter_map(|(ix, value)| {
                Some(MetricReading { metric: MetricIx(ix), value: Ok(Point { at: now.utc, value: value? }) })
            });
            let reading = Reading::Metrics(readings.collect());
            let sample = Sample { probe: ProbeId(0), at: now, took: Duration::ZERO, reading };
            let effects = observe::observe_all(&mut self.room, [sample]);
            facts.extend(self.ledger.perform(&mut self.room, effects));
            let effects = observe::tick(&mut self.room, now);
            facts.extend(self.ledger.perform(&mut self.room, effects));
        }
        let ticks = facts.into_iter().filter_map(|fact| match fact {
            Fact::StepTicked(it) => Some(*it),
            _ => None,
        });
        ticks.collect()
    }

    fn does(&mut self, intent: &Intent) -> Result<Vec<Fact>, String> {
        self.ledger.does("ic", intent, &mut self.room)
    }

    fn tick(&mut self, words: &str) {
        let step = step(&self.room, words);
        self.does(&Intent::Tick { step }).unwrap();
    }

    fn status(&self, words: &str) -> Status {
        self.room.status(&step(&self.room, words))
    }

    fn stands(&self, words: &str) -> Standing {
        self.room.bound(&step(&self.room, words)).unwrap().standing
    }
}

#[test]
fn a_bound_step_is_ticked_once_with_what_was_seen() {
    let mut w = World::new();
    assert_eq!(w.pass(10, [Some(8.0), None]), []);
    assert_eq!(w.stands("count"), Standing::Open);
    let ticks = w.pass(30, [Some(9.0), None]);
    let [ticked] = &ticks[..] else { panic!("{ticks:?}") };
    assert_eq!(
        (ticked.when.raw(), ticked.seen[0].value, ticked.seen[0].threshold),
        ("endpoints == 9", Some(9.0), Some(9.0))
    );
    assert_eq!(w.status("count"), Status::Done);
    let state = w.room.step(&step(&w.room, "count"));
    let (by, _) = state.by.unwrap();
    assert_eq!(by.person.raw(), "warroom", "nobody's name stands there");
    assert!(state.reason.unwrap().raw().contains("endpoints == 9: endpoints 9 = 9"), "and what it saw does");
    // A person who says the same confirms it, and does not own it.
    w.tick("count");
    assert_eq!(w.room.step(&step(&w.room, "count")).confirmed_by.len(), 1);
    assert_eq!(w.pass(30, [Some(9.0), None]), []);
}

#[test]
fn no_data_an_old_answer_or_a_stranger_ticks_nothing() {
    let mut w = World::new();
    assert_eq!(w.pass(30, [None, None]), []);
    assert_eq!(w.stands("count"), Standing::Blind);
    for spoil in [
        |room: &mut Room| room.live.watch = Watch::Nobody,
        |room: &mut Room| room.me.read_only = true,
        |room: &mut Room| room.journal = JournalHealth::Broken("disk full".to_owned()),
    ] {
        let mut w = World::new();
        spoil(&mut w.room);
        assert_eq!(w.pass(30, [Some(9.0), None]), []);
    }
    // What was answered before it was the step's turn says nothing of it: the next answer does.
    let mut w = World::new();
    w.pass(1, [None, Some(0.2)]);
    for words in ["count", "write", "deploy green", "errors"] {
        w.tick(words);
    }
    assert_eq!(w.pass(4, [None, None]), [], "an answer of before");
    assert_eq!(w.pass(1, [None, Some(0.2)]).len(), 1);
}

#[test]
fn it_waits_for_its_turn_and_holds_for_as_long_as_it_says_from_then() {
    let mut w = World::new();
    // The condition has held for ten minutes, and nobody has come to either step.
    assert_eq!(w.pass(600, [None, Some(0.2)]), []);
    assert_eq!((w.stands("errors"), w.stands("p95")), (Standing::Early, Standing::Early));
    for words in ["count", "write", "deploy green"] {
        w.tick(words);
    }
    assert_eq!(w.pass(55, [None, Some(0.2)]), [], "a minute from when it is its turn");
    assert_eq!(w.stands("errors"), Standing::Holding);
    assert_eq!(w.pass(3, [None, Some(4.0)]), [], "a breach begins it anew");
    assert_eq!(w.pass(58, [None, Some(0.2)]), []);
    assert_eq!(w.pass(10, [None, Some(0.2)]).len(), 2, "and then the next section is reached");
    assert_eq!((w.status("errors"), w.status("p95")), (Status::Done, Status::Done));
    // That it does not hold any more is shown, and nobody's tick is taken back.
    w.pass(3, [None, Some(4.0)]);
    assert_eq!((w.status("errors"), w.stands("errors")), (Status::Done, Standing::Gone));
    let screen = Seat::new(w.room).draw();
    assert!(screen.contains("no longer holds"), "its section says so, though it is folded: {screen}");
    assert!(screen.contains("\"errors stay low\" is ticked: it does not hold any more: error rate 4%"), "{screen}");
}

#[test]
fn what_was_taken_back_is_not_ticked_again_on_the_same_evidence() {
    let mut w = World::new();
    assert_eq!(w.pass(10, [Some(9.0), None]).len(), 1);
    // It is nobody's own last mark, so undo does not touch it; it is opened by name.
    assert!(w.does(&Intent::Undo).unwrap_err().contains("nothing of yours"));
    let id = step(&w.room, "count");
    w.does(&Intent::Reopen { step: id.clone() }).unwrap();
    assert_eq!(w.pass(60, [Some(9.0), None]), []);
    assert_eq!(w.stands("count"), Standing::Rests);
    assert!(w.room.bound(&id).unwrap().words.contains("ic opened it again"));
    // No data is no news either.
    assert_eq!(w.pass(60, [None, None]), []);
    assert_eq!(w.pass(30, [Some(9.0), None]), []);
    w.pass(5, [Some(8.0), None]);
    assert_eq!(w.pass(10, [Some(9.0), None]).len(), 1, "it was seen not to hold, and holds again");
    // Another process that takes over, and has not seen that, does not tick either.
    w.does(&Intent::Reopen { step: id }).unwrap();
    w.pass(5, [Some(8.0), None]);
    w.room.live.bound.clear();
    assert_eq!(w.pass(30, [Some(9.0), None]), []);
}

#[test]
fn a_person_is_first_where_a_person_has_spoken() {
    for said in ["tick", "fail", "skip"] {
        let mut w = World::new();
        let step = step(&w.room, "count");
        let reason = "so it is".into();
        let intent = match said {
            "tick" => Intent::Tick { step },
            "fail" => Intent::Fail { step, reason },
            _ => Intent::Skip { step, reason },
        };
        w.does(&intent).unwrap();
        assert_eq!(w.pass(30, [Some(9.0), None]), [], "{said}");
    }
    let mut w = World::new();
    let step = step(&w.room, "count");
    w.does(&Intent::Start { step }).unwrap();
    assert_eq!(w.pass(30, [Some(9.0), None]).len(), 1, "what somebody has begun is ticked");
}

#[test]
fn the_screen_says_what_is_ticked_by_itself_and_why() {
    let mut w = World::new();
    w.pass(5, [Some(8.0), None]);
    let screen = Seat::new(w.room).draw();
    assert!(screen.contains("by itself"), "{screen}");
    let mut w = World::new();
    w.pass(10, [Some(9.0), None]);
    let screen = Seat::new(w.room).draw();
    assert!(screen.contains("warroom"), "{screen}");
    assert!(screen.contains("count the endpoints, by i"), "the timeline tells it: {screen}");
}
