//! The fold of entries: any order, any repetition, the same progress (T22).

use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;
use warroom::clock::{Stamp, Writer};
use warroom::fact::gate::{Stand, Vote};
use warroom::fact::{
    AlertWord, Author, CallKind, Draft, Entry, Fact, Hash, HoldUntil, Mark, RunEnded, RunStarted, RunVerdict, StepId,
    There,
};
use warroom::notice::Severity;
use warroom::room::{Progress, Status};
use warroom::text::Untrusted;

fn author(name: &str) -> Author {
    Author { person: Untrusted::new(name), role: None }
}

/// What a generated entry says.
#[derive(Clone, Debug)]
enum Say {
    Mark(u8, Mark, bool),
    Note(u8),
    Own(u8, bool),
    Add(u8),
    T0(i64),
    Watch(u64),
    Vote(u8, Vote),
    Turn(Stand),
    Reopen(bool),
    Rename(u8, u8),
    Alarm(u8, u8, bool),
    Run(u8, u8, u8),
    Alien,
    Countdown(u8, u8),
}

fn say() -> impl Strategy<Value = Say> {
    let mark = prop_oneof![
        Just(Mark::Todo),
        Just(Mark::Running),
        Just(Mark::Done),
        Just(Mark::Done),
        Just(Mark::Failed),
        Just(Mark::Skipped),
        Just(Mark::NotApplicable),
        Just(Mark::Waived),
    ];
    prop_oneof![
        8 => (0..4_u8, mark, any::<bool>()).prop_map(|(s, m, saw)| Say::Mark(s, m, saw)),
        2 => (0..4_u8).prop_map(Say::Note),
        2 => (0..4_u8, any::<bool>()).prop_map(|(s, some)| Say::Own(s, some)),
        1 => (0..4_u8).prop_map(Say::Add),
        1 => (0..5_i64).prop_map(Say::T0),
        1 => (1..4_u64).prop_map(Say::Watch),
        1 => (0..4_u8, 0..4_u8).prop_map(|(from, to)| Say::Rename(from, to)),
        3 => (0..2_u8, prop_oneof![Just(Vote::Go), Just(Vote::NoGo), Just(Vote::Abstain), Just(Vote::Withdrawn)])
            .prop_map(|(role, vote)| Say::Vote(role, vote)),
        2 => prop_oneof![Just(Stand::Holds), Just(Stand::Broken), Just(Stand::Blind)].prop_map(Say::Turn),
        1 => any::<bool>().prop_map(Say::Reopen),
        3 => (0..3_u8, 0..5_u8, any::<bool>()).prop_map(|(id, what, yes)| Say::Alarm(id, what, yes)),
        2 => (0..3_u8, 0..4_u8, 0..5_u8).prop_map(|(run, s, what)| Say::Run(run, s, what)),
        1 => Just(Say::Alien),
        4 => (0..11_u8, 0..3_u8).prop_map(|(what, which)| Say::Countdown(what, which)),
    ]
}

fn run_fact(run: Uuid, step: StepId, what: u8) -> Fact {
    let end = |exit, verdict| {
        let none = Untrusted::default();
        let (why, head, tail) = (none.clone(), none.clone(), none);
        Fact::CommandEnded(Box::new(RunEnded {
            run,
            exit,
            signal: None,
            took: 1,
            verdict,
            why,
            head,
            tail,
            dropped: 0,
            killed_by: None,
        }))
    };
    match what {
        0 => Fact::CommandStopped { run, because: None },
        1 => Fact::CommandLeft { run, pid: 7 },
        2 => end(Some(0), RunVerdict::Pass),
        3 => end(None, RunVerdict::Unknown),
        _ => Fact::CommandStarted(Box::new(RunStarted {
            run,
            step,
            command: 0,
            what: "ls".into(),
            hash: String::new(),
            host: "db-1".into(),
            attempt: 1,
            reason: None,
        })),
    }
}

/// Entries of three writers whose clocks disagree by up to a minute.
fn entries(says: Vec<(u8, i64, Say)>) -> Vec<Arc<Entry>> {
    let mut last: [Option<Stamp>; 3] = [None; 3];
    let mut seq = [0_u64; 3];
    let mut prev = [Hash::default(); 3];
    let mut newest: std::collections::HashMap<u8, Stamp> = std::collections::HashMap::new();
    let mut clock = 1_760_000_000_000_i64;
    says.into_iter()
        .map(|(w, step, say)| {
            let w = usize::from(w % 3);
            clock += step;
            let skew = [0, 31_000, -29_000][w];
            let utc = chrono::DateTime::from_timestamp_millis(clock + skew).unwrap();
            let stamp = Stamp::next(last[w], utc, Writer(w as u64));
            let gate = || Untrusted::new("canary");
            let id = |s: u8| StepId::from(format!("step-{s}").as_str());
            let fact = match say {
                Say::Mark(s, mark, saw) => {
                    let saw = newest.insert(s, stamp).filter(|_| saw);
                    Fact::StepMarked { step: id(s), mark, reason: None, saw, undoes: None }
                }
                Say::Run(run, s, what) => run_fact(Uuid::from_u128(u128::from(run)), id(s), what),
                Say::Note(s) => Fact::Noted { step: Some(id(s)), text: Untrusted::new("a note") },
                Say::Own(s, some) => Fact::StepOwned { step: id(s), owner: some.then(|| Untrusted::new("dba")) },
                Say::Add(s) => {
                    Fact::StepAdded { step: id(9), after: Some(id(s)), text: Untrusted::new("call the bank") }
                }
                Say::T0(n) => Fact::T0Set { t0: chrono::DateTime::from_timestamp(1_760_000_000 + n, 0) },
                Say::Watch(epoch) => Fact::WatchTaken { epoch },
                Say::Rename(from, to) => Fact::RunbookLoaded {
                    hashes: vec!["b".to_owned()],
                    paths: Vec::new(),
                    renames: vec![(id(from), id(to))],
                },
                Say::Vote(role, vote) => Fact::GateVoted {
                    gate: gate(),
                    role: Untrusted::new(["ic", "dba"][usize::from(role)]),
                    vote,
                    comment: Untrusted::new("as I see it"),
                },
                Say::Turn(to) => Fact::GateTurned { gate: gate(), to, held: 1.5, why: Untrusted::new("seen") },
                Say::Reopen(saw) => Fact::GateReopened {
                    gate: gate(),
                    reason: Untrusted::new("again"),
                    saw: last[w].filter(|_| saw).into_iter().collect(),
                },
                Say::Alarm(id, what, yes) => alarm(id, what, yes, utc),
                Say::Alien => Fact::Unknown,
                Say::Countdown(what, which) => countdown(what, which, utc),
            };
            let draft = Draft { id: Uuid::now_v7(), by: author(["ic", "dba", "on-call"][w]), fact };
            seq[w] += 1;
            let entry = Entry::seal(draft, Writer(w as u64), seq[w], stamp, prev[w]);
            last[w] = Some(stamp);
            prev[w] = entry.hash;
            Arc::new(entry)
        })
        .collect()
}

/// A fact about holds, windows, calls or timers; few of each, so that they meet.
fn countdown(what: u8, which: u8, at: chrono::DateTime<chrono::Utc>) -> Fact {
    let id = Uuid::from_u128(u128::from(which));
    let text = Untrusted::new("why");
    let window = format!("w{which}");
    match what {
        0 => Fact::HoldBegan { hold: id, at, reason: text, until: HoldUntil::Said },
        1 => Fact::HoldEnded { hold: id, at, reason: text },
        2 => Fact::Recycled { phase: text.clone(), at, t0: at, reason: text },
        3 => Fact::Irregular { step: StepId::from(window.as_str()), how: text },
        4 => Fact::WindowsChanged { windows: vec![window], every: None },
        5 => Fact::WindowExtended { window, minutes: u32::from(which) + 1, reason: text },
        6 => Fact::CallAnswered { call: CallKind::CheckIn, name: window, at, text },
        7 => Fact::CallAnswered { call: CallKind::Drumbeat, name: window, at, text },
        8 => Fact::TimerSet { timer: id, due: at, text, whom: None },
        9 => Fact::TimerRang { timer: id },
        _ => Fact::TimerEnded { timer: id, text },
    }
}

/// What is recorded of alerts, about three of them.
fn alarm(id: u8, what: u8, yes: bool, utc: chrono::DateTime<chrono::Utc>) -> Fact {
    let uuid = Uuid::from_u128(u128::from(id));
    let (alert, text) = (Untrusted::new(format!("A{{job=\"{id}\"}}")), Untrusted::new(if yes { "yes" } else { "no" }));
    match what {
        0 => {
            let to = if yes { AlertWord::Firing } else { AlertWord::Resolved };
            Fact::AlertChanged { alert, episode: uuid, to, severity: Severity::Page, why: text }
        }
        1 => Fact::AlertAcknowledged { alert, episode: uuid, owner: None, until: yes.then_some(utc), text },
        2 => Fact::Silenced { silence: uuid, alert: Some(alert), until: utc, reason: text },
        3 => Fact::SilenceLifted { silence: uuid },
        _ if yes => Fact::SilencedThere { silence: uuid, there: There::Created { id: text } },
        _ => Fact::SilencedThere { silence: uuid, there: There::Failed { why: text } },
    }
}

fn fold<'a>(entries: impl IntoIterator<Item = &'a Arc<Entry>>) -> Progress {
    let mut progress = Progress::default();
    entries.into_iter().for_each(|e| progress.apply(e));
    progress
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_repetition_gives_the_same_progress(
        says in prop::collection::vec((any::<u8>(), 0..5_000_i64, say()), 1..400),
        seed in any::<u64>(),
    ) {
        let entries = entries(says);
        let straight = fold(&entries);
        // Shuffled, with every third entry twice and the whole of it once more at the end.
        let mut mixed: Vec<&Arc<Entry>> = entries.iter().chain(entries.iter().step_by(3)).collect();
        let mut state = seed | 1;
        for i in (1..mixed.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            mixed.swap(i, (state >> 33) as usize % (i + 1));
        }
        let mixed = fold(mixed.into_iter().chain(&entries));
        prop_assert_eq!(straight, mixed);
    }

    #[test]
    fn two_halves_in_either_order_agree(says in prop::collection::vec((any::<u8>(), 0..5_000_i64, say()), 2..200)) {
        let entries = entries(says);
        let (a, b) = entries.split_at(entries.len() / 2);
        prop_assert_eq!(fold(a.iter().chain(b)), fold(b.iter().chain(a)));
    }
}

fn marks(says: &[(usize, i64, Mark, Option<usize>)]) -> Vec<Arc<Entry>> {
    let mut out: Vec<Arc<Entry>> = Vec::new();
    for (w, ms, mark, saw) in says {
        let stamp = Stamp { ms: *ms, n: 0, writer: Writer(*w as u64) };
        let saw = saw.map(|i| out[i].stamp);
        let fact = Fact::StepMarked { step: StepId::from("s"), mark: *mark, reason: None, saw, undoes: None };
        let draft = Draft { id: Uuid::now_v7(), by: author(["ic", "dba"][*w]), fact };
        out.push(Arc::new(Entry::seal(draft, Writer(*w as u64), 1, stamp, Hash::default())));
    }
    out
}

/// T23: two people tick one step. The earlier owns it, the other confirms it, whichever arrives first.
#[test]
fn of_two_ticks_the_earlier_owns_and_the_other_confirms() {
    let two = marks(&[(0, 100, Mark::Done, None), (1, 105, Mark::Done, None)]);
    for order in [[0, 1], [1, 0]] {
        let progress = fold(order.map(|i| &two[i]));
        let state = progress.step(&StepId::from("s")).unwrap();
        assert_eq!(state.status, Status::Done);
        assert_eq!(state.by.as_ref().unwrap().0, author("ic"));
        assert_eq!(state.confirmed_by.len(), 1);
        assert_eq!(state.confirmed_by[0].0, author("dba"));
        assert!(!state.crossed);
    }
}

#[test]
fn a_tick_and_a_reopen_that_did_not_see_each_other_crossed() {
    // dba reopens at 110 having seen only ic's first tick; ic failed it at 105.
    let three = marks(&[(0, 100, Mark::Done, None), (0, 105, Mark::Failed, Some(0)), (1, 110, Mark::Todo, Some(0))]);
    let progress = fold(&three);
    let state = progress.step(&StepId::from("s")).unwrap();
    assert_eq!(state.status, Status::Todo);
    assert!(state.crossed, "the newer stamp wins and the step shows that they crossed");

    let seen = marks(&[(0, 100, Mark::Done, None), (1, 110, Mark::Todo, Some(0))]);
    assert!(!fold(&seen).step(&StepId::from("s")).unwrap().crossed);
}

#[test]
fn a_kind_from_a_later_version_is_kept_byte_exact() {
    let body = r#"{"kind":"teleported","to":"green","n":1.50}"#;
    assert_eq!(Entry::read_fact(body), Fact::Unknown);
}

#[test]
fn stamps_of_one_writer_increase_although_the_clock_goes_back() {
    let at = |ms| chrono::DateTime::from_timestamp_millis(ms).unwrap();
    let a = Stamp::next(None, at(1_000), Writer(1));
    let b = Stamp::next(Some(a), at(400), Writer(1));
    let c = Stamp::next(Some(b), at(1_000), Writer(1));
    let d = Stamp::next(Some(c), at(1_001), Writer(1));
    assert!(a < b && b < c && c < d);
}

/// A step that was renamed keeps what was said of it, whichever comes first; an identity that came back is its own again.
#[test]
fn what_was_said_of_a_step_goes_with_its_new_name() {
    let entry = |ms, fact| {
        let stamp = Stamp { ms, n: 0, writer: Writer(0) };
        let draft = Draft { id: Uuid::now_v7(), by: author("ic"), fact };
        Arc::new(Entry::seal(draft, Writer(0), 1, stamp, Hash::default()))
    };
    let (old, new) = (StepId::from("old"), StepId::from("new"));
    let done = |step: &StepId| Fact::StepMarked {
        step: step.clone(),
        mark: Mark::Done,
        reason: None,
        saw: None,
        undoes: None,
    };
    let tick = entry(100, done(&old));
    let renames = vec![(old.clone(), new.clone())];
    let moved = entry(200, Fact::RunbookLoaded { hashes: Vec::new(), paths: Vec::new(), renames });
    for order in [[&tick, &moved], [&moved, &tick]] {
        let progress = fold(order);
        assert_eq!(progress.step(&new).unwrap().status, Status::Done);
        assert!(progress.step(&old).is_none());
    }
    let later = entry(300, done(&old));
    let progress = fold([&later, &moved]);
    assert!(progress.step(&new).is_none(), "the tick was of another step that is called like the old one");
    assert_eq!(progress.step(&old).unwrap().status, Status::Done);
}
