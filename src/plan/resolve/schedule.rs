//! Holds, anchors of phases and drumbeats: times, places and gates checked, then kept.

use super::super::Plan;
use super::super::raw::{RawDrumbeat, RawHold, RawPhase, RawPlan, Text};
use super::super::schedule::{Anchor, DrumbeatPlan, HoldExit, HoldPlan, PhasePlan};
use super::super::table::meant;
use super::Resolver;
use super::decisions::Known;
use super::places::Wanted;
use crate::clock::Offset;
use crate::finding::codes;

impl Resolver<'_> {
    pub(super) fn schedule(&mut self, raw: &RawPlan, plan: &mut Plan, known: &Known) {
        let gates: Vec<String> = plan.gates.iter().map(|gate| gate.name.clone()).collect();
        plan.holds = self.each(&raw.holds, "hold", |h| h.name.as_ref(), |it, raw, name| it.hold(raw, name, &gates));
        plan.phases = raw.phases.iter().filter_map(|raw| self.phase(raw, known)).collect();
        plan.drumbeats =
            self.each(&raw.drumbeats, "drumbeat", |d| d.say.as_ref(), |it, raw, name| it.drumbeat(raw, name, known));
    }

    fn hold(&mut self, raw: &RawHold, name: String, gates: &[String]) -> Option<HoldPlan> {
        let for_ = self.duration(raw.for_.as_ref());
        let at = self.offset(raw.at.as_ref());
        let until = match &raw.until {
            None => HoldExit::Time,
            Some(text) => self.exit(text, gates)?,
        };
        if until == HoldExit::Time && raw.for_.is_none() {
            let message = format!("the hold \"{name}\" says neither how long it lasts nor what ends it");
            let help = "add `for = \"10m\"`, or `until = \"steps\"`, \"go\" or \"gate NAME\"";
            self.r.report(codes::MISSING, raw.span.clone(), message, help);
        }
        Some(HoldPlan { name, at: at?, for_, until })
    }

    fn exit(&mut self, text: &Text, gates: &[String]) -> Option<HoldExit> {
        let word = text.get_ref().trim();
        if let Some(gate) = word.strip_prefix("gate ").map(str::trim) {
            if gates.iter().any(|known| known == gate) {
                return Some(HoldExit::Gate(gate.to_owned()));
            }
            let help = meant("gate", gate, gates.iter().map(String::as_str));
            self.r.report(codes::UNKNOWN_NAME, text.span(), format!("there is no gate \"{gate}\""), help);
            return None;
        }
        match self.word("until", text, &["time", "steps", "go"])? {
            "steps" => Some(HoldExit::Steps),
            "go" => Some(HoldExit::Go),
            _ => Some(HoldExit::Time),
        }
    }

    fn phase(&mut self, raw: &RawPhase, known: &Known) -> Option<PhasePlan> {
        let anchor = raw.anchor.as_ref().and_then(|word| self.word("anchor", word, &["planned", "actual"]));
        let anchor = if anchor == Some("actual") { Anchor::Actual } else { Anchor::Planned };
        Some(PhasePlan { at: self.place(&known.places, raw.at.as_ref()?, Wanted::Heading), anchor })
    }

    fn drumbeat(&mut self, raw: &RawDrumbeat, say: String, known: &Known) -> Option<DrumbeatPlan> {
        let role = self.role_of(raw.role.as_ref(), known);
        let every = self.duration(raw.every.as_ref());
        let from = match &raw.from {
            None => Some(Offset(0)),
            Some(text) => self.offset(Some(text)),
        };
        let until = self.offset(raw.until.as_ref());
        let (every, from) = (every?, from?);
        if let Some(text) = raw.until.as_ref().filter(|_| until.is_some_and(|until| until <= from)) {
            let message = format!("the drumbeat \"{say}\" ends before it begins, at {from}");
            self.r.report(codes::BAD_VALUE, text.span(), message, "make `until` later than `from`");
        }
        Some(DrumbeatPlan { say, every, role, from, until })
    }
}
