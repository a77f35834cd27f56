//! Races: votes and decisions that did not know of each other, in whatever order they arrive.

use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;
use warroom::clock::{Stamp, Writer};
use warroom::fact::gate::{Evidence, Stand, Vote};
use warroom::fact::{Draft, Entry, Fact, Hash, Verdict};
use warroom::room::{Progress, apply};
use warroom::text::Untrusted;

use super::{PLAN, RUNBOOK, by};
use crate::support::room;

fn sealed(says: Vec<(usize, i64, &str, Fact)>) -> Vec<Arc<Entry>> {
    let entry = |(writer, ms, who, fact): (usize, i64, &str, Fact)| {
        let stamp = Stamp { ms, n: 0, writer: Writer(writer as u64) };
        let draft = Draft { id: Uuid::now_v7(), by: by(who, "incident commander"), fact };
        Arc::new(Entry::seal(draft, Writer(writer as u64), 1, stamp, Hash::default()))
    };
    says.into_iter().map(entry).collect()
}

fn evidence() -> Box<Evidence> {
    let room = room(RUNBOOK, PLAN);
    Box::new(room.evidence(&room.gate(0).unwrap()))
}

fn decided(verdict: Verdict, evidence: &Evidence, saw: Vec<Stamp>) -> Fact {
    Fact::GateDecided {
        gate: Untrusted::new("canary 5%"),
        verdict,
        overridden: verdict == Verdict::Go,
        reason: Untrusted::new("so it is"),
        evidence: Box::new(evidence.clone()),
        sha256: String::new(),
        saw,
    }
}

fn voted(vote: Vote) -> Fact {
    Fact::GateVoted {
        gate: Untrusted::new("canary 5%"),
        role: Untrusted::new("on-call"),
        vote,
        comment: Untrusted::default(),
    }
}

fn verdict_after<'a>(entries: impl IntoIterator<Item = &'a Arc<Entry>>) -> Verdict {
    let mut room = room(RUNBOOK, PLAN);
    entries.into_iter().for_each(|e| apply::apply(&mut room, e));
    room.gate(room.gate_named("canary 5%").unwrap()).unwrap().verdict
}

/// T24: 500 races of GO against NO-GO, votes and decisions, whichever stamp is newer and in whatever order they arrive: never
/// GO while a NO-GO is unresolved, and every replica says the same.
#[test]
fn of_five_hundred_races_none_is_a_go_while_a_no_go_stands() {
    let evidence = evidence();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |n: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % n
    };
    for race in 0..500 {
        let (a, b) = (1_000 + random(100) as i64, 1_000 + random(100) as i64);
        let against = if race % 2 == 0 { voted(Vote::NoGo) } else { decided(Verdict::NoGo, &evidence, Vec::new()) };
        let mut says = vec![(0, a, "ic", decided(Verdict::Go, &evidence, Vec::new())), (1, b, "second", against)];
        // A vote of GO by somebody else changes nothing.
        says.push((2, 1_000 + random(200) as i64, "on-call", voted(Vote::Go)));
        let entries = sealed(says);
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|_| random(1_000_000));
        let one = verdict_after(order.iter().map(|i| &entries[*i]));
        let other = verdict_after(entries.iter().chain(order.iter().map(|i| &entries[*i])));
        assert_ne!(one, Verdict::Go, "race {race}");
        assert_eq!(one, other, "race {race}: the replicas differ");
        // A human who has seen both resolves it; where a vote stands, only its voter does.
        let stamps: Vec<Stamp> = entries.iter().map(|e| e.stamp).collect();
        let mut later = entries.clone();
        if race % 2 == 0 {
            later.extend(sealed(vec![(1, 5_000, "second", voted(Vote::Withdrawn))]));
        } else {
            later.extend(sealed(vec![(0, 5_000, "ic", decided(Verdict::Go, &evidence, stamps))]));
        }
        assert_eq!(verdict_after(later.iter().rev()), Verdict::Go, "race {race}: resolved");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Any order, any repetition: the same of votes and decisions.
    #[test]
    fn the_fold_of_gates_is_order_free(
        says in prop::collection::vec((0..3_usize, 0..50_i64, 0..8_u8), 1..40),
        seed in any::<u64>(),
    ) {
        let evidence = evidence();
        let mut known: Vec<Stamp> = Vec::new();
        let mut used = std::collections::HashSet::new();
        let mut entries = Vec::new();
        for (w, ms, what) in says {
            if !used.insert((w, ms)) {
                continue;
            }
            let saw = known.iter().rev().take(usize::from(what % 3)).copied().collect();
            let gate = Untrusted::new("canary 5%");
            let fact = match what {
                0 => voted(Vote::Go),
                1 => voted(Vote::NoGo),
                2 => voted(Vote::Withdrawn),
                3 => Fact::GateTurned { gate, to: Stand::Broken, held: 0.0, why: Untrusted::default(), asked: None },
                4 => Fact::GateTurned { gate, to: Stand::Holds, held: 3.0, why: Untrusted::default(), asked: None },
                5 => decided(Verdict::Go, &evidence, saw),
                6 => decided(Verdict::NoGo, &evidence, saw),
                _ => Fact::GateReopened { gate, reason: Untrusted::new("again"), saw },
            };
            let entry = sealed(vec![(w, ms, ["ic", "dba", "second"][w], fact)]);
            known.push(entry[0].stamp);
            entries.extend(entry);
        }
        let mut mixed: Vec<&Arc<Entry>> = entries.iter().chain(entries.iter().step_by(2)).collect();
        let mut state = seed | 1;
        for i in (1..mixed.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            mixed.swap(i, (state >> 33) as usize % (i + 1));
        }
        let fold = |list: &[&Arc<Entry>]| {
            let mut progress = Progress::default();
            for entry in list {
                progress.apply(entry);
            }
            progress
        };
        let straight: Vec<&Arc<Entry>> = entries.iter().collect();
        prop_assert_eq!(fold(&straight), fold(&mixed));
        // A NO-GO that stands is never beside a GO.
        let said = fold(&mixed);
        let stands = said.gates.gate("canary 5%").is_some_and(|s| s.standing().any(|c| c.vote == Vote::NoGo));
        if stands {
            prop_assert_ne!(verdict_after(mixed), Verdict::Go);
        }
    }
}
