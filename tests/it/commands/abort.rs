//! A condition that aborts a step: judged while its command runs, held as long as is asked, never true without data; and what is
//! asked of the commander once it has stopped one.

use std::time::Duration;

use uuid::Uuid;
use warroom::fact::{Draft, Fact, RunStarted, StepId};
use warroom::probe::{MetricIx, MetricReading, Point, ProbeId, Reading, Sample};
use warroom::room::next_for::Rank;
use warroom::room::{Intent, Room, observe};
use warroom::tui::Act;

use super::{Place, eventually, living, run, until};
use crate::support::seat::Seat;
use crate::support::{Ledger, author, room, step, watching};

const RUNBOOK: &str = "# Go live\n\n## Migrate\n\n- [ ] Migrate the tenants. Abort if error rate >0.5%.\n\n  ```bash\n  ./migrate.sh\n  ```\n\n\
    - [ ] Reindex\n\n  ```bash\n  ./reindex.sh\n  ```\n\n- [ ] Audit by eye. Abort if the audit looks odd.\n\n  ```bash\n  ./audit.sh\n  ```\n\n\
    ## Rollback\n\n- [ ] Back\n";

const PLAN: &str = "[room]\nname = \"retail\"\nenvironment = \"stage\"\n\n[source.app]\nscrape = \"http://127.0.0.1:1/metrics\"\n\n\
    [[metric]]\nname = \"error rate\"\nunit = \"%\"\nquery = \"rate(x[1m])\"\nsource = \"app\"\nevery = \"5s\"\n\n\
    [[abort]]\nname = \"slow reindex\"\nat = \"Reindex\"\nwhen = \"error rate >= 3%\"\nfor = \"30s\"\n\n\
    [[rollback]]\nname = \"back\"\nsteps = \"Rollback\"\n";

/// A room on virtual time whose step has begun to run.
struct Running {
    room: Room,
    ledger: Ledger,
    step: StepId,
}

impl Running {
    fn of(words: &str) -> Self {
        Self::with(words, PLAN)
    }

    fn with(words: &str, plan: &str) -> Self {
        let room = watching(RUNBOOK, plan);
        let step = step(&room, words);
        let mut it = Self { room, ledger: Ledger::default(), step };
        it.begin(Uuid::from_u128(1));
        it
    }

    fn begin(&mut self, run: Uuid) {
        let planned = self.room.would_run(&self.step).remove(0);
        let started = RunStarted {
            run,
            step: self.step.clone(),
            command: 0,
            what: planned.title().into(),
            hash: planned.hash,
            host: "db-1".into(),
            attempt: 1,
            reason: None,
        };
        let fact = Fact::CommandStarted(Box::new(started));
        self.ledger.record(&mut self.room, vec![Draft { id: Uuid::now_v7(), by: author("dba"), fact }]);
    }

    /// Seconds pass, each with this error rate; none: nothing comes.
    fn pass(&mut self, seconds: u64, rate: Option<f64>) -> Vec<Fact> {
        let mut facts = Vec::new();
        for _ in 0..seconds {
            let now = self.room.now.plus(Duration::from_secs(1));
            self.room.now = now;
            if let Some(value) = rate {
                let reading = MetricReading { metric: MetricIx(0), value: Ok(Point { at: now.utc, value }) };
                let reading = Reading::Metrics(vec![reading]);
                let sample = Sample { probe: ProbeId(0), at: now, took: Duration::ZERO, reading };
                let effects = observe::observe_all(&mut self.room, [sample]);
                facts.extend(self.ledger.perform(&mut self.room, effects));
            }
            let effects = observe::tick(&mut self.room, now);
            facts.extend(self.ledger.perform(&mut self.room, effects));
        }
        facts
    }

    fn does(&mut self, intent: &Intent) -> Result<Vec<Fact>, String> {
        self.ledger.does("ic", intent, &mut self.room)
    }
}

fn stops(facts: &[Fact]) -> Vec<&Fact> {
    facts.iter().filter(|f| matches!(f, Fact::CommandStopped { .. })).collect()
}

#[test]
fn a_condition_of_the_runbook_stops_the_run_once_and_says_what_was_seen() {
    let mut it = Running::of("Migrate");
    assert_eq!(stops(&it.pass(30, Some(0.4))).len(), 0);
    let facts = it.pass(3, Some(1.2));
    let [Fact::CommandStopped { run, because: Some(because) }] = stops(&facts)[..] else { panic!("{facts:?}") };
    assert_eq!(*run, Uuid::from_u128(1));
    assert_eq!(because.found.raw(), "error rate 1.2% > 0.5%");
    assert_eq!((because.when.raw(), because.value), ("error rate >0.5%", Some(1.2)));
    assert_eq!(stops(&it.pass(20, Some(1.2))).len(), 0, "it is stopped once");
    let body = serde_json::to_string(&facts).unwrap();
    assert!(body.contains("\"since\":\"2025-10-21T"), "the time is in the record: {body}");
}

#[test]
fn it_must_hold_as_long_as_the_plan_says_and_no_data_never_aborts() {
    let mut it = Running::of("Reindex");
    assert_eq!(stops(&it.pass(29, Some(4.0))).len(), 0);
    assert_eq!(stops(&it.pass(2, Some(0.1))).len(), 0);
    // A value is current for two intervals, ten seconds; then it is no data.
    assert_eq!(stops(&it.pass(15, Some(4.0))).len(), 0, "it began anew");
    assert_eq!(stops(&it.pass(300, None)).len(), 0, "what nobody can tell stops nothing");
    assert_eq!(stops(&it.pass(29, Some(4.0))).len(), 0, "and what was seen before the gap does not count");
    assert_eq!(stops(&it.pass(5, Some(4.0))).len(), 1);
}

#[test]
fn only_a_run_that_goes_on_is_stopped_and_only_by_who_may() {
    let mut it = Running::of("Migrate");
    it.does(&Intent::Stop { run: Uuid::from_u128(1) }).unwrap();
    assert_eq!(stops(&it.pass(10, Some(9.0))).len(), 0, "a person was first");
    let mut looks = Running::of("Migrate");
    looks.room.me.read_only = true;
    assert_eq!(stops(&looks.pass(10, Some(9.0))).len(), 0, "who only looks stops nothing");
    let mut eye = Running::of("Audit");
    assert_eq!(eye.room.aborts_of(&eye.step).unread, ["Abort if the audit looks odd."]);
    assert_eq!(stops(&eye.pass(10, Some(9.0))).len(), 0);
}

/// The question stands until somebody has run it again, failed it or rolled back.
#[test]
fn the_commander_is_asked_what_next_until_somebody_says_so() {
    let mut it = Running::of("Migrate");
    it.pass(3, Some(1.2));
    let asked = it.room.aborts_asked();
    assert_eq!((asked.len(), asked[0].found.as_str()), (1, "error rate 1.2% > 0.5%"));
    let next = it.room.next_for(None).unwrap();
    assert_eq!(next.rank, Rank::Abort);
    assert!(next.text.contains("decide what next") && next.text.contains("Migrate the tenants"), "{next:?}");
    it.pass(1, Some(0.1));
    assert!(
        it.room.live.verdict.reason.starts_with("error rate 1.2% > 0.5% aborted \"Migrate"),
        "{:?}",
        it.room.live.verdict
    );
    assert_eq!(it.room.live.verdict.verdict, warroom::fact::Verdict::NoGo);
    it.begin(Uuid::from_u128(2));
    assert_eq!(it.room.aborts_asked().len(), 0, "it runs again");
    it.pass(3, Some(1.2));
    assert_eq!(it.room.aborts_asked().len(), 1, "and is judged again");
    let fail = Intent::Fail { step: it.step.clone(), reason: "errors".into() };
    it.does(&fail).unwrap();
    assert_eq!(it.room.aborts_asked().len(), 0);
    let mut it = Running::of("Migrate");
    it.pass(3, Some(1.2));
    let plan = "back".to_owned();
    for intent in [
        Intent::RollbackPrepare { plan: plan.clone() },
        Intent::RollbackArm { plan: plan.clone() },
        Intent::RollbackFire { plan, word: "back".into(), reason: "errors".into(), hash: None },
    ] {
        it.does(&intent).unwrap();
    }
    assert_eq!(it.room.aborts_asked().len(), 0, "the way back answers it");
}

#[test]
fn who_decides_is_asked_and_nobody_else() {
    let roles = "\n[[role]]\nname = \"incident commander\"\npeople = [\"ic\"]\ndecides = [\"rollback\"]\n\n[[role]]\nname = \"dba\"\npeople = [\"dba\"]\n";
    let mut it = Running::with("Migrate", &format!("{PLAN}{roles}"));
    it.pass(3, Some(1.2));
    assert_eq!(it.room.next_for(Some("incident commander")).unwrap().rank, Rank::Abort);
    assert_ne!(it.room.next_for(Some("dba")).map(|n| n.rank), Some(Rank::Abort));
}

#[test]
fn the_screen_shows_it_and_r_leads_to_the_three_ways_on() {
    let mut it = Running::of("Migrate");
    it.pass(3, Some(1.2));
    let mut seat = Seat::new(it.room);
    let shown = seat.draw();
    assert!(shown.contains("ABORTED, error rate 1.2% > 0.5%; r decides what next: Migrate the tenants"), "{shown}");
    while seat.view.current_step(&seat.room) != Some(it.step.clone()) {
        seat.press('k');
    }
    assert!(seat.press('r').is_empty());
    let shown = seat.draw();
    for says in ["Aborted: what next?", "a run it again", "x fail the step", "b roll back", "error rate >0.5%"] {
        assert!(shown.contains(says), "{says}:\n{shown}");
    }
    seat.press('x');
    let acts = seat.type_in("errors");
    assert!(matches!(acts.as_slice(), [Act::Intent(Intent::Fail { .. })]), "{acts:?}");
    seat.press('r');
    seat.press('b');
    assert!(seat.draw().contains("Rollback"), "{}", seat.draw());
}

/// Of a sentence that the plan knows only half of, that half stops the command and the other is shown as not judged.
#[test]
fn half_a_sentence_is_judged_and_the_other_half_is_said_not_to_be() {
    for (sentence, on, unread) in [
        ("error rate >0.5% or customers complain", vec!["error rate >0.5%"], vec!["customers complain"]),
        ("error rate >0.5% or queue depth > 100", vec!["error rate >0.5%"], vec!["queue depth > 100"]),
        ("error rate > 0.5%, or if the audit looks odd", vec!["error rate > 0.5%"], vec!["the audit looks odd"]),
        (
            "error rate > 0.5% and customers complain",
            vec![],
            vec!["Abort if error rate > 0.5% and customers complain."],
        ),
        ("error rate > 3% or error rate < 0.01% for 2 minutes", vec!["error rate > 3%", "error rate < 0.01%"], vec![]),
    ] {
        let runbook = RUNBOOK.replace("Abort if error rate >0.5%.", &format!("Abort if {sentence}."));
        let room = watching(&runbook, PLAN);
        let aborts = room.aborts_of(&step(&room, "Migrate"));
        let found: Vec<&str> = aborts.on.iter().map(|a| a.condition.text.as_str()).collect();
        let joined = found.join(" or ");
        assert!(found == on || joined == on.join(" or "), "{sentence}: {found:?}");
        assert_eq!(aborts.unread, unread, "{sentence}");
    }
    let runbook = RUNBOOK.replace("error rate >0.5%.", "error rate >0.5% or customers complain.");
    let room = room(&runbook, PLAN);
    let wanted = step(&room, "Migrate");
    let mut seat = Seat::new(room);
    while seat.view.current_step(&seat.room) != Some(wanted.clone()) {
        seat.press('j');
    }
    seat.press('r');
    let shown = seat.draw();
    assert!(
        shown.contains("stopped if error rate >0.5%") && shown.contains("\"customers complain\", which is not judged"),
        "{shown}"
    );
}

/// In a paragraph of its own behind the fence, or as a bullet under the step, it means the same.
#[test]
fn where_the_sentence_stands_does_not_matter() {
    for (from, to) in [
        ("Migrate the tenants. Abort if error rate >0.5%.\n", "Migrate the tenants\n  - Abort if error rate >0.5%\n"),
        (
            "Migrate the tenants. Abort if error rate >0.5%.\n",
            "Migrate the tenants\n\n  Abort if error rate >0.5%. Then tell us.\n",
        ),
    ] {
        let runbook = RUNBOOK.replace(from, to);
        assert_ne!(runbook, RUNBOOK);
        let room = watching(&runbook, PLAN);
        let aborts = room.aborts_of(&step(&room, "Migrate the"));
        let found: Vec<&str> = aborts.on.iter().map(|a| a.condition.text.as_str()).collect();
        assert_eq!(found, ["error rate >0.5%"], "{to}");
        let other = room.aborts_of(&step(&room, "Audit"));
        assert!(other.on.is_empty(), "it is said of that step alone: {:?}", other.on);
    }
}

/// No command is there to be stopped: whoever does it is told to, and the verdict says no until it is over.
#[test]
fn a_step_that_is_done_by_hand_is_to_be_stopped_by_hand() {
    let runbook = RUNBOOK.replace(
        "- [ ] Audit by eye. Abort if the audit looks odd.",
        "- [ ] Copy by hand. Abort if error rate > 1% for 10 s.",
    );
    let mut room = watching(&runbook, PLAN);
    let copy = step(&room, "Copy by hand");
    room.now = room.now.plus(Duration::from_secs(1));
    let mut it = Running { room, ledger: Ledger::default(), step: copy.clone() };
    it.pass(20, Some(4.0));
    assert_eq!(it.room.aborts_by_hand().len(), 0, "nobody has begun it");
    it.does(&Intent::Start { step: copy.clone() }).unwrap();
    it.pass(9, Some(4.0));
    assert_eq!(it.room.aborts_by_hand().len(), 0);
    it.pass(5, Some(4.0));
    let next = it.room.next_for(None).unwrap();
    assert_eq!(next.rank, Rank::Abort);
    assert!(next.text.starts_with("stop it, then fail it or roll back: Copy by hand"), "{next:?}");
    assert_eq!(it.room.live.verdict.verdict, warroom::fact::Verdict::NoGo);
    assert!(it.room.live.verdict.reason.contains("is to stop \"Copy by hand"), "{:?}", it.room.live.verdict);
    it.pass(60, None);
    assert_eq!(it.room.aborts_by_hand().len(), 0, "what nobody can tell stops nothing");
    it.pass(12, Some(4.0));
    it.does(&Intent::Fail { step: copy, reason: "errors".into() }).unwrap();
    assert_eq!(it.room.aborts_by_hand().len(), 0, "somebody has said so");
}

#[test]
fn before_it_runs_the_sheet_says_what_will_stop_it_and_what_will_not() {
    for (words, says) in [
        ("Migrate", "stopped if error rate >0.5%"),
        ("Reindex", "stopped if error rate >= 3% for 30s"),
        ("Audit", "which is not judged here: write an [[abort]]"),
    ] {
        let room = room(RUNBOOK, PLAN);
        let wanted = step(&room, words);
        let mut seat = Seat::new(room);
        while seat.view.current_step(&seat.room) != Some(wanted.clone()) {
            seat.press('j');
        }
        seat.press('r');
        assert!(seat.draw().contains(says), "{says}:\n{}", seat.draw());
    }
}

/// Old journals know no reason for a stop, and read as ever.
#[test]
fn a_stop_of_an_old_journal_reads_as_a_persons() {
    let old = r#"{"kind":"command-stopped","run":"00000000-0000-0000-0000-000000000001"}"#;
    let fact: Fact = serde_json::from_str(old).unwrap();
    assert_eq!(fact, Fact::CommandStopped { run: Uuid::from_u128(1), because: None });
    assert_eq!(serde_json::to_string(&fact).unwrap(), old);
}

/// With the real program: the number goes up while the command runs, and the whole of it is gone within seconds.
#[test]
fn a_real_command_is_stopped_when_its_condition_comes_true() {
    let runbook = "# Go\n\n## Migrate\n\n- [ ] migrate. Abort if error rate > 0.5%.\n\n  ```bash\n  touch began\n  (trap '' INT TERM; exec -a abort-left sleep 300) &\n  exec -a abort-run sleep 300\n  ```\n";
    let folder = tempfile::tempdir().unwrap();
    let plan = format!(
        "{}\n[[metric]]\nname = \"error rate\"\nunit = \"%\"\ncommand = [\"cat\", \"{}\"]\nevery = \"200ms\"\n",
        super::PLAN,
        folder.path().join("rate").display()
    );
    let place = Place::new(runbook, &plan);
    let rate = |value: &str| std::fs::write(folder.path().join("rate"), value).unwrap();
    rate("0.1\n");
    let step = place.steps().remove(0);
    let watch = place.start("ic");
    let mut client = watch.client();
    client.until("a number", |s| s["metrics"][0]["value"] == 0.1);
    assert_eq!(run(&mut client, "ic", &step)["answer"], "accepted");
    eventually("the begin", || place.path().join("began").exists() && living("abort-run") == 1);
    rate("7.5\n");
    let ended = until(&watch, "command-ended", 1).remove(0);
    assert_eq!(ended["verdict"], "fail");
    let why = ended["why"].as_str().unwrap();
    assert!(why.starts_with("ABORTED, error rate 7.5% > 0.5%"), "{why}");
    assert!(ended["killed_by"].is_null(), "{ended}");
    assert_eq!((living("abort-run"), living("abort-left")), (0, 0));
    let stopped = until(&watch, "command-stopped", 1).remove(0);
    assert_eq!((&stopped["because"]["value"], &stopped["because"]["when"]), (&7.5.into(), &"error rate > 0.5%".into()));
    let next = watch.client().status()["next"][0]["text"].clone();
    assert!(next.as_str().unwrap().contains("decide what next"), "{next}");
    assert_eq!(watch.end().code(), Some(143));
}
