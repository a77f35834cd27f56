//! Gates: a GO only with everything there, fresh and for long enough; votes and decisions that no order of entries can bend.

use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;
use warroom::fact::gate::{Stand, Vote};
use warroom::fact::{Author, Draft, Entry, Fact, Verdict};
use warroom::room::gates::GateNow;
use warroom::room::{Intent, JournalHealth, Progress, Room, Watch, observe};
use warroom::text::Untrusted;

use crate::support::{Ledger, author, by, ic, on_call, second, step, watching};

mod asks;
mod breach;
mod cli;
mod matters;
mod races;
mod sheet;

const RUNBOOK: &str = "\
# Go-live

## Deploy

1. deploy green
2. look at it
3. go or no-go
4. switch over

## Canary: 5% of traffic

- [ ] enable 5%
- [ ] watch it

## Canary: 25% of traffic

- [ ] enable 25%
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
people = ["on-call", "second"]

[[role]]
name = "dba"
people = ["dba"]

"#,
    two_metrics!(),
    r#"
[[gate]]
name = "canary 5%"
at = "Canary: 5% of traffic"
criteria = ["error rate < 1%", "p95 < 500ms", "steps done"]
dwell = "1m"
votes = ["incident commander", "on-call"]
deadline = "T+35m"

[[gate]]
name = "deploy"
at = "go or no-go"
criteria = ["steps done"]

[[gate]]
name = "canary 25%"
at = "Canary: 25% of traffic"
criteria = ["error rate < 1%"]
dwell = { for = "1m", on_breach = "pause" }

[[gate]]
name = "strict"
at = "Canary: 25% of traffic"
criteria = ["error rate < 1%"]
max_age = "3s"
min_samples = 10
"#
);

/// A room that watches, with its journal.
struct Watched {
    room: Room,
    ledger: Ledger,
}

impl Watched {
    fn new() -> Self {
        Self { room: watching(RUNBOOK, PLAN), ledger: Ledger::default() }
    }

    /// Seconds pass, each with these values of error rate and p95; none: nothing comes.
    fn run(&mut self, seconds: u64, error_rate: Option<f64>, p95: Option<f64>) {
        for _ in 0..seconds {
            second(&mut self.room, &mut self.ledger, &[error_rate, p95]);
        }
    }

    fn good(&mut self, seconds: u64) {
        self.run(seconds, Some(0.2), Some(300.0));
    }

    fn does(&mut self, by: &Author, intent: &Intent) -> Result<Vec<Fact>, String> {
        let effects = warroom::room::decide::decide(&self.room, by, intent).map_err(|r| r.0)?;
        Ok(self.ledger.perform(&mut self.room, effects))
    }

    fn vote(&mut self, by: &Author, vote: Vote) -> Result<Vec<Fact>, String> {
        let (gate, comment) = ("canary 5%".to_owned(), Untrusted::new("as I see it"));
        self.does(by, &Intent::GateVote { gate, vote, role: None, comment })
    }

    fn decide(&mut self, by: &Author, verdict: Verdict) -> Result<Vec<Fact>, String> {
        self.does(by, &Intent::GateDecide { gate: "canary 5%".to_owned(), verdict, reason: Untrusted::default() })
    }

    fn tick(&mut self, words: &str) {
        let step = step(&self.room, words);
        self.does(&ic(), &Intent::Tick { step }).unwrap();
    }

    fn gate(&self, name: &str) -> GateNow {
        self.room.gate(self.room.gate_named(name).unwrap()).unwrap()
    }

    fn canary(&self) -> GateNow {
        self.gate("canary 5%")
    }

    /// Everything there: steps, healthy time, votes.
    fn ready() -> Self {
        let mut it = Self::new();
        it.tick("enable 5%");
        it.tick("watch it");
        it.good(65);
        it.vote(&ic(), Vote::Go).unwrap();
        it.vote(&on_call(), Vote::Go).unwrap();
        it.good(1);
        assert_eq!(it.canary().verdict, Verdict::Go, "{}", it.canary().reason);
        it
    }
}

#[test]
fn a_gate_goes_only_when_steps_values_time_and_votes_are_there() {
    let mut it = Watched::new();
    assert_eq!(it.canary().verdict, Verdict::Wait, "nothing was measured");
    assert!(it.canary().reason.contains("no data"), "{}", it.canary().reason);
    it.good(90);
    let gate = it.canary();
    assert_eq!(gate.verdict, Verdict::Wait);
    assert!(gate.reason.contains("0 of 2 steps done"), "{}", gate.reason);
    assert_eq!(gate.dwell.0, Duration::ZERO, "healthy time before the steps are done is none");
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(31);
    let gate = it.canary();
    assert!(gate.reason.contains("dwell 0:30/1:00") && gate.reason.contains("votes 0/2"), "{}", gate.reason);
    it.good(40);
    it.vote(&ic(), Vote::Go).unwrap();
    assert_eq!(it.canary().verdict, Verdict::Wait, "one of two votes");
    it.vote(&on_call(), Vote::Go).unwrap();
    assert_eq!(it.canary().verdict, Verdict::Go, "{}", it.canary().reason);
}

#[test]
fn a_breach_is_a_no_go_at_once_begins_the_time_anew_and_takes_the_go_votes_with_it() {
    let mut it = Watched::ready();
    it.run(1, Some(1.2), Some(300.0));
    let gate = it.canary();
    assert_eq!(gate.verdict, Verdict::NoGo);
    assert!(gate.reason.contains("error rate 1.2% > 1%"), "{}", gate.reason);
    assert_eq!((gate.dwell.0, gate.counted.0), (Duration::ZERO, 0));
    assert!(gate.votes.iter().all(|b| b.lapsed), "the votes are shown as lapsed: {:?}", gate.votes);
    let refused = it.vote(&ic(), Vote::Go).unwrap_err();
    assert!(refused.contains("no basis") && refused.contains("error rate"), "{refused}");
    it.good(70);
    assert_eq!(it.canary().verdict, Verdict::Wait, "they must be given again: {}", it.canary().reason);
    it.vote(&ic(), Vote::Go).unwrap();
    it.vote(&on_call(), Vote::Go).unwrap();
    assert_eq!(it.canary().verdict, Verdict::Go);
}

#[test]
fn a_plan_may_let_a_breach_stop_the_time_instead_of_beginning_it_anew() {
    let mut it = Watched::new();
    it.good(41);
    it.run(10, Some(2.0), Some(300.0));
    let held = it.gate("canary 25%").dwell.0;
    assert_eq!(held, Duration::from_secs(40));
    it.good(21);
    assert_eq!(it.gate("canary 25%").verdict, Verdict::Go);
}

#[test]
fn no_data_stops_the_time_and_is_never_a_go() {
    let mut it = Watched::ready();
    it.run(11, Some(0.2), None);
    it.run(4, Some(0.2), None);
    let gate = it.canary();
    assert_eq!(gate.verdict, Verdict::Wait);
    assert!(gate.reason.contains("p95 has no data"), "{}", gate.reason);
    assert_eq!(gate.counted.0, 2, "missing data withdraw no vote");
    let refused = it.decide(&ic(), Verdict::Go).unwrap_err();
    assert!(refused.starts_with("gate canary 5%: p95 has no data for "), "{refused}");
    it.good(2);
    assert_eq!(it.canary().verdict, Verdict::Go, "the healthy time was not lost: {}", it.canary().reason);
    it.run(90, Some(0.2), None);
    it.good(2);
    assert_eq!(it.canary().verdict, Verdict::Wait, "after a minute and a half without data it begins anew");
}

/// The machine slept, or the terminal was stopped: what nobody saw is no healthy time.
#[test]
fn time_in_which_nobody_looked_is_not_healthy() {
    let mut it = Watched::new();
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(21);
    it.room.now = it.room.now.plus(Duration::from_secs(40));
    it.good(1);
    assert_eq!(it.canary().dwell.0, Duration::from_secs(20));
    it.good(10);
    assert_eq!(it.canary().verdict, Verdict::Wait);
    it.room.now = it.room.now.plus(Duration::from_mins(10));
    it.good(1);
    assert_eq!(it.canary().dwell.0, Duration::ZERO, "after longer than the dwell itself it begins anew");
}

/// T40: evidence older than its limit, or of too few samples, disables GO; nothing is recorded without fresh evidence.
#[test]
fn stale_or_thin_evidence_disables_go() {
    let mut it = Watched::new();
    it.good(5);
    assert!(it.gate("strict").reason.contains("error rate has 5 of 10 samples"), "{}", it.gate("strict").reason);
    it.good(5);
    assert_eq!(it.gate("strict").verdict, Verdict::Go, "{}", it.gate("strict").reason);
    let decide = Intent::GateDecide { gate: "strict".to_owned(), verdict: Verdict::Go, reason: Untrusted::default() };
    for silent in 1..8 {
        it.run(1, None, None);
        let fresh = silent <= 3;
        let gate = it.gate("strict");
        assert_eq!(gate.verdict == Verdict::Go, fresh, "{silent} s: {}", gate.reason);
        if !fresh {
            let refused = it.does(&ic(), &decide).unwrap_err();
            assert!(refused.contains("s old, 3s at most") || refused.contains("s old, 3 s at most"), "{refused}");
        }
    }
    it.good(10);
    let facts = it.does(&ic(), &decide).unwrap();
    let Fact::GateDecided { evidence, .. } = &facts[0] else { panic!("{facts:?}") };
    assert!(evidence.criteria.iter().all(|c| c.age.is_some_and(|a| a <= 3.0) && c.samples >= 10), "{evidence:?}");
}

#[test]
fn a_gate_at_a_step_waits_for_the_steps_before_it_in_its_section() {
    let mut it = Watched::new();
    it.good(1);
    assert_eq!(it.gate("deploy").steps, (0, 2));
    it.tick("deploy green");
    it.tick("look at it");
    it.good(1);
    assert_eq!(it.gate("deploy").verdict, Verdict::Go, "what follows is not waited for");
    assert_eq!(it.room.next_gate(), it.room.gate_named("deploy"), "in the order of the runbook, not of the plan");
}

#[test]
fn a_deadline_that_passes_says_so_and_decides_nothing() {
    let mut it = Watched::new();
    let late = (warroom_at("2025-10-21T12:40:00Z") - it.room.now.utc).to_std().unwrap();
    it.room.now = it.room.now.plus(late);
    it.good(2);
    let gate = it.canary();
    assert_eq!(gate.verdict, Verdict::Wait);
    assert!(gate.reason.contains("past its deadline"), "{}", gate.reason);
}

fn warroom_at(text: &str) -> chrono::DateTime<chrono::Utc> {
    crate::support::at(text)
}

#[test]
fn a_no_go_stands_until_its_voter_takes_it_back() {
    let mut it = Watched::ready();
    let second = by("second", "on-call");
    it.vote(&second, Vote::NoGo).unwrap();
    let gate = it.canary();
    assert_eq!(gate.verdict, Verdict::NoGo, "one of two people of a role is enough");
    assert!(gate.reason.contains("second says NO-GO: as I see it"), "{}", gate.reason);
    for intent in [
        Intent::GateDecide { gate: "canary 5%".to_owned(), verdict: Verdict::Go, reason: Untrusted::default() },
        Intent::GateOverride { gate: "canary 5%".to_owned(), reason: Untrusted::new("I know better") },
    ] {
        let refused = it.does(&ic(), &intent).unwrap_err();
        assert!(refused.contains("second") && refused.contains("NO-GO"), "{refused}");
    }
    let refused = it.vote(&on_call(), Vote::Withdrawn);
    assert!(refused.is_ok(), "one's own vote");
    assert_eq!(it.canary().verdict, Verdict::NoGo, "taking back one's own leaves another's");
    it.vote(&second, Vote::Go).unwrap();
    assert_eq!(it.canary().verdict, Verdict::Go);
}

#[test]
fn who_may_vote_and_decide_is_what_the_plan_says() {
    let mut it = Watched::ready();
    let dba = by("dba", "dba");
    let refused = it.vote(&dba, Vote::NoGo).unwrap_err();
    assert!(refused.contains("dba does not vote on it") && refused.contains("on-call"), "{refused}");
    let refused = it.decide(&on_call(), Verdict::Go).unwrap_err();
    assert!(refused.contains("a role that decides gates: incident commander"), "{refused}");
    let refused = it.vote(&ic(), Vote::Go).unwrap_err();
    assert!(refused.contains("already"), "{refused}");
    let unknown = Intent::GateReopen { gate: "canari 5%".to_owned(), reason: Untrusted::new("x") };
    let refused = it.does(&ic(), &unknown).unwrap_err();
    assert!(refused.contains("did you mean \"canary 5%\"?"), "{refused}");
    // Only those who are asked vote; without roles in the plan everybody does, for the first role nobody spoke for.
    it.vote(&ic(), Vote::Abstain).unwrap();
    it.vote(&on_call(), Vote::Abstain).unwrap();
    assert_eq!(it.canary().verdict, Verdict::Wait, "abstaining is no GO: {}", it.canary().reason);
}

#[test]
fn a_decision_freezes_its_evidence_and_its_hash_holds_when_it_is_read_again() {
    let mut it = Watched::ready();
    let facts = it.decide(&ic(), Verdict::Go).unwrap();
    let body = serde_json::to_string(&facts[0]).unwrap();
    let Fact::GateDecided { evidence, sha256, overridden, .. } = Entry::read_fact(&body) else { panic!("{body}") };
    assert!(!overridden);
    assert_eq!(evidence.hash().to_string(), sha256, "as read from the journal");
    assert_eq!(evidence.criteria.len(), 3);
    assert_eq!((evidence.steps, evidence.votes.len()), ((2, 2), 2));
    let chart = evidence.charts.iter().find(|c| c.metric.raw() == "error rate").unwrap();
    assert!(!chart.points.is_empty() && chart.points.len() <= 60, "{chart:?}");
    let mut other = evidence.clone();
    other.criteria[0].value = Some(9.0);
    assert_ne!(other.hash(), evidence.hash());
    assert!(it.canary().reason.contains("GO decided"), "{}", it.canary().reason);
    assert!(it.decide(&ic(), Verdict::Go).unwrap_err().contains("decided"), "once is enough");
}

#[test]
fn new_evidence_against_a_go_shows_that_its_basis_is_gone() {
    let mut it = Watched::ready();
    it.decide(&ic(), Verdict::Go).unwrap();
    it.run(3, Some(3.0), Some(300.0));
    let gate = it.canary();
    assert_eq!(gate.verdict, Verdict::NoGo);
    assert!(gate.gone.as_deref().is_some_and(|g| g.contains("error rate")), "{:?}", gate.gone);
    assert!(gate.reason.starts_with("basis gone: error rate"), "{}", gate.reason);
    it.good(2);
    assert_eq!(it.canary().verdict, Verdict::Go, "the decision stands");
    let reason = Untrusted::new("again from 5%");
    it.does(&ic(), &Intent::GateReopen { gate: "canary 5%".to_owned(), reason }).unwrap();
    it.good(1);
    let gate = it.canary();
    assert_eq!((gate.verdict, gate.counted.0), (Verdict::Wait, 0), "votes and time are to be had again");
    assert!(gate.dwell.0 < Duration::from_secs(3));
}

#[test]
fn an_override_needs_a_reason_is_marked_and_does_not_ask_again_for_the_same_evidence() {
    let mut it = Watched::new();
    it.run(70, Some(2.0), Some(300.0));
    let go = |reason: &str| Intent::GateOverride { gate: "canary 5%".to_owned(), reason: Untrusted::new(reason) };
    assert!(it.does(&ic(), &go("  ")).unwrap_err().contains("an override needs words"));
    assert!(it.does(&on_call(), &go("because")).unwrap_err().contains("decides gates"));
    it.does(&ic(), &go("a synthetic test makes these errors")).unwrap();
    it.run(5, Some(2.5), Some(300.0));
    let gate = it.canary();
    assert_eq!(gate.verdict, Verdict::Go, "what was broken then already is no news: {}", gate.reason);
    assert!(gate.decision.as_ref().is_some_and(|d| d.overridden));
    assert!(gate.reason.contains("GO decided by override") && gate.reason.contains("synthetic"), "{}", gate.reason);
    it.run(2, Some(2.5), Some(900.0));
    assert!(it.canary().gone.is_some_and(|g| g.contains("p95") && !g.contains("error rate")));
}

/// T26 within one process: what cannot be recorded, or is proved by nobody, is no GO.
#[test]
fn without_a_journal_or_a_watch_there_is_no_go() {
    let mut it = Watched::ready();
    it.room.journal = JournalHealth::Broken("disk full".to_owned());
    let refused = it.decide(&ic(), Verdict::Go).unwrap_err();
    assert!(refused.contains("the journal cannot write (disk full)"), "{refused}");
    let why = Untrusted::new("now");
    let refused = it.does(&ic(), &Intent::GateOverride { gate: "canary 5%".to_owned(), reason: why }).unwrap_err();
    assert!(refused.contains("disk full"), "{refused}");
    it.vote(&on_call(), Vote::NoGo).unwrap();
    let step = step(&it.room, "deploy green");
    it.does(&ic(), &Intent::Tick { step }).unwrap();
    let mut it = Watched::ready();
    it.room.live.watch = Watch::Nobody;
    assert!(it.decide(&ic(), Verdict::Go).unwrap_err().contains("nobody is watching"));
}

/// Whoever takes the watch goes on from what was recorded; the time in which nobody looked is not healthy time.
#[test]
fn the_next_watch_goes_on_from_what_was_recorded() {
    let mut it = Watched::new();
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(33);
    let recorded: Vec<&Fact> = it.room.progress.timeline.values().map(|e| &e.fact).collect();
    let holds = recorded
        .iter()
        .filter(|f| matches!(f, Fact::GateTurned { to: Stand::Holds, gate, .. } if gate.raw() == "canary 5%"));
    assert_eq!(holds.count(), 1);
    let mut next = Watched::new();
    next.room.progress = it.room.progress.clone();
    next.room.live.watch = Watch::Me { epoch: 2 };
    next.room.now = it.room.now.plus(Duration::from_secs(30));
    observe::begin_watch(&mut next.room);
    next.good(2);
    let held = next.canary().dwell.0;
    assert!(held < Duration::from_secs(8), "nobody knows more than the record: {held:?}");
    assert!(held >= Duration::from_secs(2), "{held:?}");
}

/// Who takes the watch a second after `it` was last seen, with this record and what stands on the tape; looks for a second.
fn heir(it: &Watched, recorded: &Progress, plan: &str) -> Watched {
    let mut next = Watched::new();
    let plan = crate::support::plan(plan, &next.room.book.runbooks);
    next.room.replan(plan);
    next.room.progress = recorded.clone();
    next.room.live.watch = Watch::Me { epoch: 2 };
    next.room.now = it.room.now.plus(Duration::from_secs(1));
    for (here, there) in next.room.live.metrics.iter_mut().zip(&it.room.live.metrics) {
        here.series = there.series.clone();
    }
    observe::begin_watch(&mut next.room);
    next.good(1);
    next
}

/// The watch saw a breach, could not record it, and was gone: the next one finds it on the tape, and counts from there.
#[test]
fn a_breach_that_nobody_recorded_is_found_on_the_tape() {
    let mut it = Watched::new();
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(33);
    let recorded = it.room.progress.clone();
    let next_after = |it: &Watched| heir(it, &recorded, PLAN).canary().dwell.0;
    it.good(10);
    assert!(next_after(&it) > Duration::from_secs(35), "without a breach it goes on: {:?}", next_after(&it));
    it.run(2, Some(4.0), Some(300.0));
    it.good(10);
    let held = next_after(&it);
    assert!(held <= Duration::from_secs(12), "{held:?} since the breach");
    assert!(held >= Duration::from_secs(8), "{held:?} of what was good since");
}

/// While the journal could not write one of its values was not seen, and the others were: that is no healthy time.
#[test]
fn what_was_not_seen_and_not_recorded_is_not_counted_for_the_sake_of_something_else() {
    let mut it = Watched::new();
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(33);
    let recorded = it.room.progress.clone();
    it.run(40, None, Some(300.0));
    let next = heir(&it, &recorded, PLAN);
    let held = next.canary().dwell.0;
    assert!(held <= Duration::from_secs(35), "{held:?}, and the error rate was not seen for the last 40 s");
}

/// The plan was edited before somebody else took the watch: what held under the question before says nothing of this one.
#[test]
fn healthy_time_of_another_question_is_not_taken_over() {
    let mut it = Watched::new();
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(33);
    let held_under = |plan: &str| heir(&it, &it.room.progress, plan).canary().dwell.0;
    assert!(held_under(PLAN) > Duration::from_secs(25), "the same question goes on: {:?}", held_under(PLAN));
    let stricter = PLAN.replacen("p95 < 500ms", "p95 < 400ms", 1);
    assert_ne!(stricter, PLAN);
    assert!(held_under(&stricter) <= Duration::from_secs(2), "{:?}", held_under(&stricter));
}

/// A process that reads along takes the watch's healthy time, as long as that one watches.
#[test]
fn a_reader_has_the_healthy_time_of_the_watch() {
    let mut it = Watched::new();
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(40);
    let mut reader = Watched::new();
    reader.room.live.watch = Watch::Other { epoch: 1, by: None };
    reader.room.progress = it.room.progress.clone();
    reader.room.now = it.room.now;
    reader.good(1);
    assert_eq!(reader.canary().dwell.0, Duration::ZERO, "no record says that this watch still lasts");
    let taken = Draft { id: Uuid::now_v7(), by: author("ic"), fact: Fact::WatchTaken { epoch: 1 } };
    let mut it = Watched::new();
    it.ledger.record(&mut it.room, vec![taken]);
    it.tick("enable 5%");
    it.tick("watch it");
    it.good(40);
    let mut reader = Watched::new();
    reader.room.live.watch = Watch::Other { epoch: 1, by: None };
    // What it has read on the tape says that somebody looked all the time.
    reader.good(40);
    reader.room.progress = it.room.progress.clone();
    reader.room.revision.steps += 1;
    reader.room.now = it.room.now;
    reader.good(1);
    let held = reader.canary().dwell.0;
    assert!(held >= Duration::from_secs(38) && held <= Duration::from_secs(42), "{held:?}");
    assert_eq!(reader.canary().verdict, Verdict::Wait);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever values come: a GO has had its minute of good values with data right before it, and both votes after the last breach.
    #[test]
    fn a_go_was_earned(spells in prop::collection::vec((1_u64..40, 0..4_u8), 1..12)) {
        let mut it = Watched::new();
        it.tick("enable 5%");
        it.tick("watch it");
        let mut good = 0_u64;
        for (seconds, what) in spells {
            for _ in 0..seconds {
                match what {
                    0 => it.run(1, Some(2.0), Some(300.0)),
                    1 => it.run(1, None, Some(300.0)),
                    _ => it.good(1),
                }
                good = match what {
                    0 => 0,
                    1 => good,
                    _ => good + 1,
                };
                let _ = it.vote(&ic(), Vote::Go);
                let _ = it.vote(&on_call(), Vote::Go);
                let gate = it.canary();
                if gate.verdict == Verdict::Go {
                    // A value counts for two intervals after it came, so up to ten silent seconds are healthy ones.
                    prop_assert!(good + 10 * 12 >= 60 && what != 0, "GO after {good} good seconds");
                    prop_assert!(gate.criteria.iter().all(|c| c.stand == Stand::Holds));
                }
                if what == 0 {
                    prop_assert_eq!(gate.verdict, Verdict::NoGo);
                }
            }
        }
    }
}
