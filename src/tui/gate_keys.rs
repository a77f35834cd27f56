//! The sheet of a gate: which gate it is about, what can be done there, and what its keys lead to.

use crossterm::event::KeyCode;

use super::on_key::Act;
use super::typing::follow;
use super::view::{Mode, Next, Purpose, Tone, View};
use crate::fact::Verdict;
use crate::fact::gate::Vote;
use crate::room::gates::GateNow;
use crate::room::{Intent, Room, decide};
use crate::text::{Untrusted, escape};

/// The word that stands before the reason of an override.
pub const WORD: &str = "OVERRIDE";

/// Something that can be done at a gate.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its key.
    pub key: char,
    /// What it does, in a word or two.
    pub says: &'static str,
    /// Where it leads; else why it may not be done.
    pub next: Result<Next, String>,
}

/// Opens the sheet of the selected gate, else of the one that is decided next, else of the last one.
pub fn open(room: &Room, view: &mut View) {
    let selected = view.gate_selected();
    let ix = selected.or_else(|| room.next_gate()).or_else(|| room.plan.gates.len().checked_sub(1));
    match ix.and_then(|ix| room.plan.gates.get(ix)) {
        Some(gate) => view.mode = Mode::Gate { gate: gate.name.clone(), opened: room.now },
        None => view.toast(room.now, Tone::Quiet, "the plan has no gate: [[gate]] makes one"),
    }
}

/// What can be done at a gate, and what not with the reason; nothing on a screen that only looks.
pub fn offers(room: &Room, gate: &GateNow) -> Vec<Offer> {
    if room.me.read_only {
        return Vec::new();
    }
    let name = || gate.name.clone();
    let me = &room.me.author;
    let may = |intent: &Intent| decide::decide(room, me, intent).map(|_| ()).map_err(|refusal| refusal.0);
    // Reasons are typed later; here it is only asked whether they would be taken.
    let word = || Untrusted::new("a reason");
    let vote = |vote| Intent::GateVote { gate: name(), vote, role: None, comment: word() };
    let decide = |verdict| Intent::GateDecide { gate: name(), verdict, reason: word() };
    let mut out = Vec::new();
    let mut offer = |key, says, intent: Intent, next: Next| {
        out.push(Offer { key, says, next: may(&intent).map(|()| next) });
    };
    if gate.counted.1 > 0 {
        for (key, says, what) in [
            ('y', "vote GO", Vote::Go),
            ('n', "vote NO-GO", Vote::NoGo),
            ('a', "abstain", Vote::Abstain),
            ('t', "take my vote back", Vote::Withdrawn),
        ] {
            offer(key, says, vote(what), Next::Prompt(Purpose::Vote(name(), what)));
        }
    }
    let place =
        room.plan.room.environment.as_ref().map(|e| format!(" on {}", escape(&e.to_uppercase()))).unwrap_or_default();
    let question = format!("Decide GO at \"{}\"{place}? {}", escape(&gate.name), escape(&gate.missing));
    offer('d', "decide GO", decide(Verdict::Go), Next::Confirm(question, decide_plainly(name())));
    offer('x', "decide NO-GO", decide(Verdict::NoGo), Next::Prompt(Purpose::NoGo(name())));
    let over = Intent::GateOverride { gate: name(), reason: word() };
    offer('o', "override", over, Next::Prompt(Purpose::Override(name())));
    let again = Intent::GateReopen { gate: name(), reason: word() };
    offer('r', "open again", again, Next::Prompt(Purpose::Reopen(name())));
    out
}

fn decide_plainly(gate: String) -> Intent {
    Intent::GateDecide { gate, verdict: Verdict::Go, reason: Untrusted::default() }
}

/// A key in the sheet: an offer, or it closes. What may not be done now says why, and the sheet stays.
pub fn key(room: &Room, view: &mut View, name: String, opened: crate::clock::Now, code: KeyCode) -> Vec<Act> {
    let gate = room.gate_named(&name).and_then(|ix| room.gate(ix));
    let Some(gate) = gate else {
        view.toast(room.now, Tone::Bad, "that gate is no longer in the plan");
        return Vec::new();
    };
    let KeyCode::Char(c) = code else { return Vec::new() };
    match offers(room, &gate).into_iter().find(|offer| offer.key == c).map(|offer| offer.next) {
        Some(Ok(next)) => follow(room, view, next),
        Some(Err(why)) => {
            view.toast(room.now, Tone::Bad, why);
            view.mode = Mode::Gate { gate: name, opened };
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// What a typed line means for a gate; the sentence to show where it is not what was asked for.
pub fn submitted(purpose: &Purpose, line: &str) -> Option<Result<Intent, String>> {
    let text = || Untrusted::new(line);
    Some(Ok(match purpose {
        Purpose::Vote(gate, vote) => Intent::GateVote { gate: gate.clone(), vote: *vote, role: None, comment: text() },
        Purpose::NoGo(gate) => Intent::GateDecide { gate: gate.clone(), verdict: Verdict::NoGo, reason: text() },
        Purpose::Reopen(gate) => Intent::GateReopen { gate: gate.clone(), reason: text() },
        Purpose::Override(gate) => match line.strip_prefix(WORD).map(str::trim) {
            Some(reason) if !reason.is_empty() => {
                Intent::GateOverride { gate: gate.clone(), reason: Untrusted::new(reason) }
            }
            _ => return Some(Err(format!("write {WORD} in capitals and behind it why, or esc to cancel"))),
        },
        _ => return None,
    }))
}
