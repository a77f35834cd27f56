//! What is next for a role: one line with its reason, the most urgent thing that is theirs.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Room, Status};
use crate::clock::clock_span;
use crate::fact::StepId;
use crate::runbook::Step;
use crate::text::escape;

/// What is next for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextFor {
    /// The line, escaped.
    pub text: String,
    /// Why that, in a few words.
    pub why: String,
    /// How urgent.
    pub rank: Rank,
    /// The step, where it is one.
    pub step: Option<StepId>,
}

/// What kind of thing is next, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rank {
    /// A command was stopped by its abort condition, and somebody has to say what next.
    Abort,
    /// The room is on a level that says no, or a rollback is under way: what this role does about it.
    WayBack,
    /// A check-in or a drumbeat is due.
    Call,
    /// A timer rings.
    Timer,
    /// The room is on such a level, and somebody else decides.
    StandBy,
    /// A step that can be begun, or runs.
    Step,
    /// A gate waits for this role's vote.
    Vote,
    /// A late step that is nobody's.
    Unowned,
}

impl Room {
    /// What is next for a role; for nobody's role (`None`), what is next for anybody. `None` where nothing is theirs.
    pub fn next_for(&self, role: Option<&str>) -> Option<NextFor> {
        if let Some(asked) = self.asked_of(role) {
            return Some(asked);
        }
        if let Some(next) = self.step_for(role) {
            return Some(next);
        }
        if let Some(vote) = role.and_then(|role| self.vote_asked(role)) {
            return Some(vote);
        }
        let unowned = |s: &&Step| self.late(s) && self.whose(s).is_none() && !super::steps::way_back(s);
        let step = self.book.leaves().find(unowned)?;
        let why = self.due(step).map_or_else(String::new, |due| format!("{} late, and nobody's", self.ago(due)));
        Some(NextFor { text: self.shown(&step.text), why, rank: Rank::Unowned, step: Some(step.id.clone()) })
    }

    /// The vote that a role has not given on the gate in question.
    fn vote_asked(&self, role: &str) -> Option<NextFor> {
        let gate = self.gate(self.gate_in_question()?)?;
        let same = |of: &str| of.trim().eq_ignore_ascii_case(role.trim());
        let asked = self.plan.gates.get(gate.ix)?.votes.iter().any(|votes| same(votes));
        let given = gate.votes.iter().any(|ballot| same(ballot.role.raw()) && ballot.cast.is_some() && !ballot.lapsed);
        if !asked || given || gate.decision.is_some() {
            return None;
        }
        let text = format!("vote on gate {}", escape(&gate.name));
        Some(NextFor { text, why: format!("it is {}", gate.computed), rank: Rank::Vote, step: None })
    }

    fn ago(&self, at: DateTime<Utc>) -> String {
        clock_span((self.now.utc - at).to_std().unwrap_or_default())
    }

    /// The call or timer that waits for a role now; those of nobody's role wait for everybody.
    pub fn asked_of(&self, role: Option<&str>) -> Option<NextFor> {
        let now = self.now.utc;
        let mine = |of: Option<&str>| match (of, role) {
            (Some(of), Some(role)) => of.trim().eq_ignore_ascii_case(role.trim()),
            (None, _) => true,
            (Some(_), None) => false,
        };
        if let Some(abort) = self.aborts_asked().into_iter().next().filter(|_| self.answers_aborts(role)) {
            let text = format!("decide what next, aborted: {}", abort.text);
            return Some(NextFor { text, why: escape(&abort.found), rank: Rank::Abort, step: Some(abort.step) });
        }
        if let Some(abort) = self.aborts_by_hand().into_iter().next() {
            let mine =
                self.answers_aborts(role) || self.book.find(&abort.step).is_some_and(|s| self.is_theirs(s, role));
            if mine {
                let text = format!("stop it, then fail it or roll back: {}", abort.text);
                return Some(NextFor { text, why: escape(&abort.found), rank: Rank::Abort, step: Some(abort.step) });
            }
        }
        let back = self.back_for(role);
        if back.as_ref().is_some_and(|next| next.rank == Rank::WayBack) {
            return back;
        }
        if let Some(call) = self.calls().into_iter().find(|call| call.due <= now && mine(call.role.as_deref())) {
            return Some(NextFor {
                text: call.asks(),
                why: format!("due for {}", self.ago(call.due)),
                rank: Rank::Call,
                step: None,
            });
        }
        if let Some(timer) = self.timers().into_iter().find(|timer| timer.rings(now) && mine(timer.whom.as_deref())) {
            let why = format!("the timer ran out {} ago", self.ago(timer.due));
            return Some(NextFor { text: timer.text, why, rank: Rank::Timer, step: None });
        }
        back
    }

    /// The first step of a role that runs or can be begun, where the run is now before what lies behind it.
    fn step_for(&self, role: Option<&str>) -> Option<NextFor> {
        let Some(role) = role else {
            let next = self.next_step()?;
            let text = self.step_text(&next.step)?;
            let why = "next in the run".to_owned();
            return Some(NextFor { text, why, rank: Rank::Step, step: Some(next.step) });
        };
        let here = self.current_phase().map(|phase| (phase.line, &phase.title));
        let in_run = |step: &Step| {
            here.is_some_and(|(line, title)| {
                self.book.phase_of(&step.id).is_some_and(|p| (p.line, &p.title) == (line, title))
            })
        };
        let open = |step: &&Step| {
            let status = self.status(&step.id);
            !status.settled()
                && status != Status::Failed
                && self.is_theirs(step, Some(role))
                && !super::steps::way_back(step)
        };
        let open: Vec<&Step> = self.book.leaves().filter(open).collect();
        let running = open.iter().find(|s| self.status(&s.id) == Status::Running);
        let step = running
            .or_else(|| open.iter().find(|s| in_run(s) && self.ready(s)))
            .or_else(|| open.iter().find(|s| self.ready(s)))?;
        let due = self.due(step);
        let why = match (self.status(&step.id) == Status::Running, due) {
            (true, _) => "it runs: finish it".to_owned(),
            (_, Some(due)) if due < self.now.utc => {
                format!("{} late", clock_span((self.now.utc - due).to_std().unwrap_or_default()))
            }
            (_, Some(due)) => format!("due {}", due.with_timezone(&self.plan.room.zone).format("%H:%M")),
            _ if in_run(step) => "its turn in the run".to_owned(),
            _ => "it can be begun".to_owned(),
        };
        Some(NextFor { text: self.shown(&step.text), why, rank: Rank::Step, step: Some(step.id.clone()) })
    }

    /// Whether a step is a role's, or one of its people's; everything is nobody's role's.
    pub(super) fn is_theirs(&self, step: &Step, role: Option<&str>) -> bool {
        let Some(role) = role else { return true };
        let mut roles = self.plan.roles.iter().filter(|r| r.name.eq_ignore_ascii_case(role));
        let of = |whose: &str| {
            whose.eq_ignore_ascii_case(role)
                || roles.any(|r| r.people.iter().any(|person| person.eq_ignore_ascii_case(whose)))
        };
        self.whose(step).as_deref().is_some_and(of)
    }

    /// Whose a step is: the owner given on the run, else the role written in the runbook; as it stands there.
    pub(super) fn whose(&self, step: &Step) -> Option<String> {
        let owner = self.progress.step(&step.id).and_then(|s| s.owner.as_ref());
        owner.or(step.role.as_ref()).map(|name| name.raw().to_owned()).filter(|name| !name.trim().is_empty())
    }

    /// What is next for every role of the plan, escaped; without roles, for anybody.
    pub fn next_by_role(&self) -> Vec<(Option<String>, NextFor)> {
        if self.plan.roles.is_empty() {
            return self.next_for(None).map(|next| (None, next)).into_iter().collect();
        }
        let each = self.plan.roles.iter();
        each.filter_map(|role| Some((Some(escape(&role.name)), self.next_for(Some(&role.name))?))).collect()
    }
}
