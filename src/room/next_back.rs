//! What is next while the way is back: on a level that says no, or with a rollback under way, nobody is sent forward.

use super::next_for::{NextFor, Rank};
use super::rollback::RollbackNow;
use super::{Room, Status};
use crate::clock::clock_span;
use crate::fact::Verdict;
use crate::fact::retreat::{Choice, Rung};
use crate::runbook::Step;
use crate::text::escape;

impl Room {
    /// What the way back asks of a role; nothing where the run goes forward, or where somebody decided to go on.
    pub(super) fn back_for(&self, role: Option<&str>) -> Option<NextFor> {
        if let Some(it) = self.rollbacks().into_iter().find(|it| it.way.rung.under_way()) {
            return Some(self.under_way_for(role, &it));
        }
        let (ix, says) = self.level_says()?;
        let level = self.level()?;
        let chosen = level.decision.as_ref().map(|taken| taken.choice);
        if says != Verdict::NoGo || chosen == Some(Choice::GoOn) {
            return None;
        }
        let name = escape(&level.name);
        let why = escape(&level.symptoms.join(", "));
        let stand_by = |text| Some(NextFor { text, why: why.clone(), rank: Rank::StandBy, step: None });
        if !self.decides_rollbacks(role) {
            // What somebody has begun is brought to its end.
            let runs = |s: &Step| self.status(&s.id) == Status::Running && self.is_theirs(s, role);
            if self.book.leaves().any(runs) {
                return None;
            }
            let who = self.deciders();
            return stand_by(format!("stand by: level {name}, {who}"));
        }
        if let (Some(Choice::Wait), Some(left)) = (chosen, level.left.filter(|left| !left.is_zero())) {
            return stand_by(format!("look again at level {name} in {}", clock_span(left)));
        }
        let decided = chosen == Some(Choice::Rollback);
        let plan = self.plan.levels.get(ix).and(self.recommended()).and_then(|ix| self.rollback(ix));
        let text = match &plan {
            None if decided => format!("level {name}: roll back; the plan has no way back that works"),
            None => format!("decide about level {name} (R): no way back of the plan works"),
            Some(it) => {
                let back = format!("\"{}\"", escape(&it.name));
                let then = if decided { "then fire it".to_owned() } else { format!("then decide about level {name}") };
                match it.way.rung {
                    Rung::Prepared => format!("arm {back} (R), {then}"),
                    Rung::Armed if it.hands.0 < it.hands.1 => format!("a second person arms {back} (R), {then}"),
                    Rung::Complete if it.way.since > self.level_begun(ix) => {
                        format!("decide about level {name} (R): {back} is complete, and it is still there")
                    }
                    Rung::Armed if decided => format!("fire {back} (R)"),
                    Rung::Armed => format!("decide about level {name} (R): fire {back}, wait or go on"),
                    _ => format!("prepare {back} (R), {then}"),
                }
            }
        };
        Some(NextFor { text, why, rank: Rank::WayBack, step: None })
    }

    /// A rollback under way: its first open step for whoever does it, else that it goes on.
    fn under_way_for(&self, role: Option<&str>, it: &RollbackNow) -> NextFor {
        let open = |step: &&Step| !self.status(&step.id).settled();
        let steps = self.rollback_steps(it.ix);
        let step = steps.iter().filter_map(|id| self.book.find(id)).find(open);
        let why = it.state(self.now.utc);
        let name = escape(&it.name);
        let Some(step) = step else {
            return NextFor { text: format!("stand by: \"{name}\" is verified"), why, rank: Rank::StandBy, step: None };
        };
        let text = self.shown(&step.text);
        let whose = self.whose(step);
        let mine = match &whose {
            Some(_) => self.is_theirs(step, role),
            None => self.decides_rollbacks(role),
        };
        let id = Some(step.id.clone());
        if mine {
            return NextFor { text: format!("roll back: {text}"), why, rank: Rank::WayBack, step: id };
        }
        let who = whose.map_or_else(|| self.deciders(), |who| escape(&who));
        NextFor {
            text: format!("stand by: \"{name}\" is under way, {who}: {text}"),
            why,
            rank: Rank::StandBy,
            step: id,
        }
    }

    /// Whether a role decides about rollbacks; where the plan has no roles, everybody does.
    fn decides_rollbacks(&self, role: Option<&str>) -> bool {
        let decides = |r: &&crate::plan::RolePlan| r.decides.iter().any(|d| d == "rollback");
        let mine =
            |role: &str| self.plan.roles.iter().filter(decides).any(|r| r.name.eq_ignore_ascii_case(role.trim()));
        self.plan.roles.is_empty() || role.is_some_and(mine)
    }

    /// Whoever decides about rollbacks, in words.
    fn deciders(&self) -> String {
        let decides = self.plan.roles.iter().filter(|r| r.decides.iter().any(|d| d == "rollback"));
        let who: Vec<String> = decides.map(|r| escape(&r.name)).collect();
        match who.len() {
            0 => "and no role of the plan decides about rollbacks".to_owned(),
            1 => format!("{} decides", who.join("")),
            _ => format!("{} decide", who.join(" or ")),
        }
    }
}
