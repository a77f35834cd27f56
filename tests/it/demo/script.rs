//! The scripted team and the story that is held against what a scene expects, without any network.

use std::time::Duration;

use warroom::fact::retreat::{Hand, Rung};
use warroom::fact::{Fact, Mark, RunEnded, RunVerdict, Verdict};
use warroom::rehearse::Scene;
use warroom::rehearse::script::{Deed, Script};
use warroom::rehearse::story::{Ending, Story};
use warroom::rehearse::wish::Wish;

/// Plays the whole script in steps of a second against a room that judges as `verdict` says.
/// What the script does comes home to it, as entries do.
fn play(verdict: impl Fn(&[String], Duration) -> Verdict) -> (Vec<String>, Script, Duration) {
    play_on(Script::new(&by_verdicts_alone(), 1), verdict)
}

/// The first scene with nothing expected but its verdicts: here nobody judges levels and gates.
fn by_verdicts_alone() -> Scene {
    let mut scene = Scene::find(None).expect("the first scene reads");
    scene.story.levels.clear();
    scene.story.decisions.clear();
    scene
}

fn play_on(mut script: Script, verdict: impl Fn(&[String], Duration) -> Verdict) -> (Vec<String>, Script, Duration) {
    let mut done = Vec::new();
    let mut t = Duration::ZERO;
    while !script.ended(t) {
        let seen = verdict(&done, t);
        script.see(t, seen);
        let holds = |wish: &Wish| if let Wish::Verdict(wanted) = wish { *wanted == seen } else { true };
        while let Some(act) = script.next(t, holds) {
            let (kind, step) = match &act.deed {
                Deed::Run(step) => ("run".to_owned(), step.to_string()),
                Deed::Intent(intent) => {
                    let said = serde_json::to_value(intent).expect("an intent is JSON");
                    let word = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
                    (word("kind"), word("step"))
                }
            };
            let mark = match kind.as_str() {
                "tick" => Some(Mark::Done),
                "start" => Some(Mark::Running),
                "reopen" => Some(Mark::Todo),
                "fail" => Some(Mark::Failed),
                _ => None,
            };
            if let Some(mark) = mark {
                assert!(script.marked(&step.as_str().into(), mark), "its own marks are its own");
            }
            done.push(format!("{} {kind} {step}", act.by.person));
        }
        t += Duration::from_secs(1);
        assert!(t < Duration::from_hours(3), "the script never ends");
    }
    (done, script, t)
}

fn as_written(done: &[String], _t: Duration) -> Verdict {
    let last = |what: &str| done.iter().rposition(|d| d.ends_with(what));
    if last("tick maintenance-on") > last("tick maintenance-off") {
        Verdict::Wait
    } else if last("tick canary-25") > last("tick rollback") && last("tick deploy-fix").is_none() {
        Verdict::NoGo
    } else {
        Verdict::Go
    }
}

#[test]
fn the_team_plays_its_part_and_the_story_ends_in_order() {
    let (done, script, t) = play(as_written);
    assert_eq!(script.story().ending(), Ending::InOrder, "{}", script.story());
    assert_eq!(t, Duration::from_mins(35), "nothing had to be waited for");
    let place = |what: &str| done.iter().position(|d| d == what).unwrap_or_else(|| panic!("{what} in {done:#?}"));
    let order = [
        "ic tick maintenance-on",
        "tech-lead tick deploy-green",
        "dba tick migrate",
        "ic tick maintenance-off",
        "ic tick canary-5",
        "ic tick canary-25",
        "ic decide-level ",
        "ic rollback-fire ",
        "ic tick rollback",
        "tech-lead tick deploy-fix",
        "ic tick release",
        "ic tick close",
    ];
    assert!(order.windows(2).all(|w| place(w[0]) < place(w[1])), "{done:#?}");
    let said = script.story().to_string();
    assert!(said.starts_with("verdicts: T-00:04:00 GO, T+00:00:01 WAIT"), "{said}");
    assert!(said.ends_with("came in the order of the scene"), "{said}");
}

#[test]
fn the_team_waits_for_a_verdict_that_comes_late() {
    let late = Duration::from_secs(100);
    // NO-GO needs a hundred seconds more than the script has for it: all that follows moves.
    let noticed = std::cell::Cell::new(None);
    let (_, script, t) = play(|done, t| match as_written(done, t) {
        Verdict::NoGo => {
            let since = noticed.get().unwrap_or(t);
            noticed.set(Some(since));
            if t < since + late { Verdict::Wait } else { Verdict::NoGo }
        }
        other => other,
    });
    assert_eq!(script.story().ending(), Ending::InOrder, "{}", script.story());
    let moved = t.saturating_sub(Duration::from_mins(35));
    assert!((Duration::from_secs(35)..Duration::from_secs(50)).contains(&moved), "{moved:?}");
}

#[test]
fn a_story_that_went_otherwise_says_how() {
    let (_, script, _) = play(|_, _| Verdict::Go);
    let Ending::OutOfOrder(why) = script.story().ending() else { panic!("{}", script.story()) };
    assert!(why.iter().any(|w| w.contains("NO-GO did not come by T+")), "{why:?}");
    assert!(why.iter().any(|w| w == "still to come: WAIT, GO, NO-GO, GO"), "{why:?}");
    let (_, script, _) = play(|done, t| match as_written(done, t) {
        Verdict::Go if done.iter().any(|d| d == "ic tick release") => Verdict::NoGo,
        other => other,
    });
    assert!(script.story().to_string().contains("NO-GO came at T+"), "{}", script.story());
    let (_, script, _) = play(|_, _| Verdict::Wait);
    assert!(matches!(script.story().ending(), Ending::OutOfOrder(_)), "not knowing is no success");
}

#[test]
fn a_step_that_a_person_took_is_not_ticked_again() {
    let mut script = Script::new(&by_verdicts_alone(), 1);
    assert!(!script.marked(&"roll-call".into(), Mark::Done));
    assert!(!script.marked(&"dashboards".into(), Mark::Running));
    assert!(!script.marked(&"deploy-green".into(), Mark::Done));
    let (done, script, _) = play_on(script, as_written);
    let ticks = |id: &str| done.iter().filter(|d| d.ends_with(&format!("tick {id}"))).count();
    assert_eq!((ticks("roll-call"), ticks("dashboards")), (0, 1), "begun is not done: {done:#?}");
    assert!(!done.iter().any(|d| d.ends_with(" deploy-green")), "neither run nor ticked again: {done:#?}");
    assert_eq!((ticks("canary-25"), ticks("seen-25"), ticks("release")), (2, 2, 1), "its own marks take nothing away");
    assert_eq!(script.story().ending(), Ending::InOrder, "{}", script.story());
}

/// A fact of a rollback plan's way.
fn moved(to: Rung) -> Fact {
    Fact::RollbackMoved { plan: "blue".into(), to, reason: "".into(), hand: Hand::Person, took: None, from: None }
}

fn level(to: Option<&str>) -> Fact {
    Fact::LevelChanged { from: None, to: to.map(Into::into), symptoms: Vec::new() }
}

/// How a story ends that expects level 2 and a rollback, after these facts.
fn told(facts: &[Fact]) -> Ending {
    let mut scene = Scene::find(None).expect("the first scene reads");
    scene.story.verdicts.clear();
    scene.story.levels = vec!["2".to_owned(), "none".to_owned()];
    scene.story.decisions = ["armed", "fired", "complete"].map(|rung| format!("rollback blue: {rung}")).to_vec();
    let mut script = Script::new(&scene, 1);
    for (second, fact) in (0..).zip(facts) {
        script.told(Duration::from_secs(second), fact);
    }
    let story: &Story = script.story();
    story.ending()
}

#[test]
fn levels_decisions_and_commands_have_their_order_too() {
    let whole = [
        moved(Rung::Armed),
        level(Some("1")),
        level(Some("2")),
        moved(Rung::Fired),
        moved(Rung::Verifying),
        moved(Rung::Complete),
        level(Some("1")),
        level(None),
    ];
    assert_eq!(told(&whole), Ending::InOrder, "what lies on the way breaks nothing");
    let why = |facts: &[Fact]| match told(facts) {
        Ending::OutOfOrder(why) => why.join("; "),
        Ending::InOrder => panic!("in order: {facts:?}"),
    };
    assert_eq!(why(&whole[..6]), "levels still to come: none");
    let mut higher = whole.to_vec();
    higher.insert(3, level(Some("3")));
    assert_eq!(why(&higher), "level 3 came at T-00:03:57");
    let mut swapped = whole.to_vec();
    swapped.swap(0, 3);
    assert!(
        why(&swapped)
            .contains("\"rollback blue: fired\" at T-00:04:00 came where \"rollback blue: armed\" was expected")
    );
    let end = |verdict| RunEnded {
        run: uuid::Uuid::nil(),
        exit: Some(0),
        signal: None,
        took: 1,
        verdict,
        why: "exit 0".into(),
        head: "".into(),
        tail: "".into(),
        dropped: 0,
        killed_by: None,
    };
    let mut failed = whole.to_vec();
    failed.push(Fact::CommandEnded(Box::new(end(RunVerdict::Pass))));
    assert_eq!(told(&failed), Ending::InOrder);
    failed.push(Fact::CommandEnded(Box::new(end(RunVerdict::Unknown))));
    assert_eq!(why(&failed), "a command unknown at T-00:03:51: exit 0", "unknown is never success");
}
