//! The story of a scene as it came: verdicts, levels, decisions and commands, held against what the scene expects.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::clock::Offset;
use crate::fact::retreat::Rung;
use crate::fact::{Fact, RunVerdict, Verdict};

/// What must come, each list in its order.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Verdicts. WAIT may come at any time (not knowing is never wrong), and so may the last one that came again.
    pub verdicts: Vec<Verdict>,
    /// Levels that the room comes onto; `none` is no level. Lower ones may lie on the way.
    #[serde(default)]
    pub levels: Vec<String>,
    /// Decisions on gates, rollbacks and breakers, all of them and nothing else: `gate canary 5%: GO`,
    /// `rollback traffic to blue: fired`, `breaker freeze: fired`.
    pub decisions: Vec<String>,
}

/// The story as it came.
#[derive(Clone, Debug)]
pub struct Story {
    begins: Offset,
    expected: Expected,
    verdicts: Vec<(Duration, Verdict)>,
    met: usize,
    levels: Vec<(Duration, String)>,
    decisions: Vec<(Duration, String)>,
    /// Commands that passed, and that did not.
    ran: (usize, usize),
    trouble: Vec<String>,
}

/// How a story ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// What was expected came in order.
    InOrder,
    /// It did not: why, a sentence each.
    OutOfOrder(Vec<String>),
}

impl Story {
    /// A story at its beginning.
    pub(super) fn new(begins: Offset, expected: Expected) -> Self {
        Self {
            begins,
            expected,
            verdicts: Vec::new(),
            met: 0,
            levels: Vec::new(),
            decisions: Vec::new(),
            ran: (0, 0),
            trouble: Vec::new(),
        }
    }

    /// The room's verdict at `t`.
    pub fn see(&mut self, t: Duration, verdict: Verdict) {
        if self.verdicts.last().is_some_and(|(_, last)| *last == verdict) {
            return;
        }
        self.verdicts.push((t, verdict));
        let last = self.met.checked_sub(1).and_then(|i| self.expected.verdicts.get(i));
        if self.expected.verdicts.get(self.met) == Some(&verdict) {
            self.met += 1;
        } else if verdict != Verdict::Wait && last != Some(&verdict) {
            let wanted = self.expected.verdicts.get(self.met).map_or("nothing more".to_owned(), Verdict::to_string);
            self.trouble.push(format!("{verdict} came at {} where {wanted} was expected", self.at(t)));
        }
    }

    /// Something was recorded at `t`.
    pub fn told(&mut self, t: Duration, fact: &Fact) {
        match fact {
            Fact::LevelChanged { to, .. } => {
                self.levels.push((t, to.as_ref().map_or("none", crate::text::Untrusted::raw).to_owned()));
            }
            Fact::GateDecided { gate, verdict, overridden, .. } => {
                let how = if *overridden { " by override" } else { "" };
                self.decisions.push((t, format!("gate {}: {verdict}{how}", gate.raw())));
            }
            Fact::RollbackMoved { plan, to, .. } if !matches!(to, Rung::Prepared | Rung::Verifying) => {
                self.decisions.push((t, format!("rollback {}: {to}", plan.raw())));
            }
            Fact::BreakerFired { breaker, .. } => self.decisions.push((t, format!("breaker {}: fired", breaker.raw()))),
            Fact::CommandEnded(end) if end.verdict == RunVerdict::Pass => self.ran.0 += 1,
            Fact::CommandEnded(end) => {
                self.ran.1 += 1;
                self.trouble.push(format!("a command {} at {}: {}", end.verdict, self.at(t), end.why));
            }
            _ => {}
        }
    }

    /// Something went otherwise than written.
    pub(super) fn wrong(&mut self, why: String) {
        self.trouble.push(why);
    }

    /// Every change of verdict, with its time in the scene.
    pub fn seen(&self) -> &[(Duration, Verdict)] {
        &self.verdicts
    }

    /// How it ended, or would end now.
    pub fn ending(&self) -> Ending {
        let mut why = self.trouble.clone();
        let missing: Vec<String> = self.expected.verdicts.iter().skip(self.met).map(Verdict::to_string).collect();
        if !missing.is_empty() {
            why.push(format!("still to come: {}", missing.join(", ")));
        }
        why.extend(self.levels_wrong());
        why.extend(self.decisions_wrong());
        if why.is_empty() { Ending::InOrder } else { Ending::OutOfOrder(why) }
    }

    fn levels_wrong(&self) -> Option<String> {
        // Levels that are no numbers rank below all that are; `none` lowest.
        let rank = |name: &str| if name == "none" { -1 } else { name.parse::<i64>().unwrap_or(0) };
        let highest = self.expected.levels.iter().map(|l| rank(l)).max().unwrap_or(-1);
        let mut wanted = self.expected.levels.iter().peekable();
        for (t, level) in &self.levels {
            if wanted.next_if(|w| *w == level).is_none() && rank(level) >= highest.max(0) {
                return Some(format!("level {level} came at {}", self.at(*t)));
            }
        }
        let missing: Vec<&str> = wanted.map(String::as_str).collect();
        if !missing.is_empty() {
            return Some(format!("levels still to come: {}", missing.join(", ")));
        }
        let (last, wanted) = (self.levels.last().map(|(_, l)| l), self.expected.levels.last());
        (wanted.is_some() && last != wanted).then(|| format!("the room ended on level {}", last.map_or("none", |l| l)))
    }

    fn decisions_wrong(&self) -> Option<String> {
        let seen = || self.decisions.iter().map(|(_, d)| d);
        if seen().eq(&self.expected.decisions) {
            return None;
        }
        let same = seen().zip(&self.expected.decisions).take_while(|(a, b)| a == b).count();
        let came =
            self.decisions.get(same).map_or("nothing".to_owned(), |(t, d)| format!("\"{d}\" at {}", self.at(*t)));
        let wanted = self.expected.decisions.get(same).map_or("no further decision".to_owned(), |d| format!("\"{d}\""));
        Some(format!("{came} came where {wanted} was expected"))
    }

    /// Where the T-clock stands at `t`.
    pub(super) fn at(&self, t: Duration) -> Offset {
        Offset(self.begins.0 + t.as_secs() as i64)
    }
}

impl fmt::Display for Story {
    /// The summary: `verdicts: T-00:03:41 GO, T+00:00:13 WAIT, …`, the same of levels and decisions, and what was wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |seen: Vec<String>| if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
        let verdicts = self.verdicts.iter().map(|(t, v)| format!("{} {v}", self.at(*t))).collect();
        writeln!(f, "verdicts: {}", list(verdicts))?;
        writeln!(f, "levels: {}", list(self.levels.iter().map(|(t, l)| format!("{} {l}", self.at(*t))).collect()))?;
        writeln!(
            f,
            "decisions: {}",
            list(self.decisions.iter().map(|(t, d)| format!("{} {d}", self.at(*t))).collect())
        )?;
        match self.ran {
            (n, 0) => write!(f, "commands: {n} ran and passed")?,
            (n, bad) => write!(f, "commands: {n} ran and passed, {bad} did not")?,
        }
        match self.ending() {
            Ending::InOrder => write!(f, "\nall of it came in the order of the scene"),
            Ending::OutOfOrder(why) => why.iter().try_for_each(|w| write!(f, "\nnot as scripted: {w}")),
        }
    }
}
