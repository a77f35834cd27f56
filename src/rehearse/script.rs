//! The script plays the team in time and waits for verdicts; the story holds whether they came in order.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::scene::{Act, Scene, What};
use crate::clock::Offset;
use crate::fact::{Author, Mark, StepId, Verdict};
use crate::room::decide::Intent;

/// Something that somebody of the team does now.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptedAct {
    /// Who, in which role.
    pub by: Author,
    /// What, as a key press would have it.
    pub intent: Intent,
}

/// Plays a scene's acts. Times are of the scene (real time × speed) since its beginning.
#[derive(Debug)]
pub struct Script {
    acts: VecDeque<Act>,
    /// How much later than written everything is, because verdicts were waited for.
    late: Duration,
    /// Since when the act at the front has been found waiting.
    waiting: Option<Duration>,
    /// Steps that the script has marked and whose entry has not come home, once for each mark.
    handed_out: Vec<StepId>,
    verdict: Verdict,
    begins: Offset,
    /// From the beginning to the end.
    length: Duration,
    story: Story,
}

impl Script {
    /// The script of a scene, at its beginning.
    pub fn new(scene: &Scene) -> Self {
        Self {
            acts: scene.acts.iter().cloned().collect(),
            late: Duration::ZERO,
            verdict: Verdict::Wait,
            begins: scene.begins,
            length: Duration::from_secs(u64::try_from(scene.ends.0 - scene.begins.0).unwrap_or(0)),
            waiting: None,
            handed_out: Vec::new(),
            story: Story {
                begins: scene.begins,
                expected: scene.verdicts.clone(),
                seen: Vec::new(),
                met: 0,
                trouble: Vec::new(),
            },
        }
    }

    /// The room's verdict at `t`; call it with every change, and with the first.
    pub fn see(&mut self, t: Duration, verdict: Verdict) {
        self.verdict = verdict;
        self.story.see(t, verdict);
    }

    /// What the team does up to `t` that was not handed out before.
    pub fn due(&mut self, t: Duration) -> Vec<ScriptedAct> {
        let mut out = Vec::new();
        while let Some(act) = self.acts.pop_front_if(|act| act.at + self.late <= t) {
            match act.what {
                What::Do(by, intent) => {
                    self.handed_out.extend(marks(&intent).cloned());
                    out.push(ScriptedAct { by, intent });
                }
                What::Await(verdict, _) if verdict == self.verdict => self.go_on(t, act.at),
                What::Await(verdict, most) if self.waiting.is_some_and(|since| t.saturating_sub(since) >= most) => {
                    self.go_on(t, act.at);
                    self.story.trouble.push(format!("{verdict} did not come by {}", self.at(t)));
                }
                What::Await(..) => {
                    self.acts.push_front(act);
                    self.waiting.get_or_insert(t);
                    break;
                }
            }
        }
        out
    }

    /// The waiting is over at `t`; where there was any, what was written for `at` and later moves with it.
    fn go_on(&mut self, t: Duration, at: Duration) {
        if self.waiting.take().is_some() {
            self.late = t.saturating_sub(at);
        }
    }

    /// A mark came home, anybody's. When a person ticked a step, the script's next tick of it is not needed any more; the
    /// script's own marks, which come home too, change nothing.
    pub fn marked(&mut self, step: &StepId, mark: Mark) {
        if let Some(at) = self.handed_out.iter().position(|s| s == step) {
            self.handed_out.remove(at);
            return;
        }
        let ticks = |act: &Act| matches!(&act.what, What::Do(_, Intent::Tick { step: s }) if s == step);
        if mark == Mark::Done
            && let Some(at) = self.acts.iter().position(ticks)
        {
            self.acts.remove(at);
        }
    }

    /// Whether the scene is over at `t`: nothing is left to do and its length has passed.
    pub fn ended(&self, t: Duration) -> bool {
        self.acts.is_empty() && t >= self.length + self.late
    }

    /// The verdict that is waited for now, if one is.
    pub fn waiting_for(&self, t: Duration) -> Option<Verdict> {
        match self.acts.front()? {
            Act { at, what: What::Await(verdict, _) } if *at + self.late <= t => Some(*verdict),
            _ => None,
        }
    }

    /// What has been seen.
    pub fn story(&self) -> &Story {
        &self.story
    }

    /// Where the T-clock stands at `t`.
    pub fn at(&self, t: Duration) -> Offset {
        self.story.at(t)
    }

    /// T at the scene's beginning.
    pub fn begins(&self) -> Offset {
        self.begins
    }
}

/// The step that an intent of the script marks, if it marks one.
fn marks(intent: &Intent) -> Option<&StepId> {
    match intent {
        Intent::Tick { step }
        | Intent::Reopen { step }
        | Intent::Start { step }
        | Intent::Fail { step, .. }
        | Intent::Skip { step, .. }
        | Intent::NotApplicable { step, .. }
        | Intent::Waive { step, .. } => Some(step),
        _ => None,
    }
}

/// The verdicts as they came, held against those expected.
///
/// The expected ones must come in order. WAIT may come at any time (not knowing is never wrong), and so may the last
/// expected one again; any other breaks the story.
#[derive(Clone, Debug)]
pub struct Story {
    begins: Offset,
    expected: Vec<Verdict>,
    seen: Vec<(Duration, Verdict)>,
    met: usize,
    trouble: Vec<String>,
}

/// How a story ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The expected verdicts came in order.
    InOrder,
    /// They did not: why, a sentence each.
    OutOfOrder(Vec<String>),
}

impl Story {
    /// The room's verdict at `t`.
    pub fn see(&mut self, t: Duration, verdict: Verdict) {
        if self.seen.last().is_some_and(|(_, last)| *last == verdict) {
            return;
        }
        self.seen.push((t, verdict));
        let last = self.met.checked_sub(1).and_then(|i| self.expected.get(i));
        if self.expected.get(self.met) == Some(&verdict) {
            self.met += 1;
        } else if verdict != Verdict::Wait && last != Some(&verdict) {
            let wanted = self.expected.get(self.met).map_or("nothing more".to_owned(), Verdict::to_string);
            self.trouble.push(format!("{verdict} came at {} where {wanted} was expected", self.at(t)));
        }
    }

    /// Every change of verdict, with its time in the scene.
    pub fn seen(&self) -> &[(Duration, Verdict)] {
        &self.seen
    }

    /// How it ended, or would end now.
    pub fn ending(&self) -> Ending {
        let mut why = self.trouble.clone();
        let missing: Vec<String> = self.expected.iter().skip(self.met).map(Verdict::to_string).collect();
        if !missing.is_empty() {
            why.push(format!("still to come: {}", missing.join(", ")));
        }
        if why.is_empty() { Ending::InOrder } else { Ending::OutOfOrder(why) }
    }

    fn at(&self, t: Duration) -> Offset {
        Offset(self.begins.0 + t.as_secs() as i64)
    }
}

impl fmt::Display for Story {
    /// The summary: `verdicts: T-00:03:41 GO, T+00:00:13 WAIT, …` and what was wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen: Vec<String> = self.seen.iter().map(|(t, v)| format!("{} {v}", self.at(*t))).collect();
        write!(f, "verdicts: {}", if seen.is_empty() { "none".to_owned() } else { seen.join(", ") })?;
        match self.ending() {
            Ending::InOrder => write!(f, "\nthe scripted verdicts came in order"),
            Ending::OutOfOrder(why) => why.iter().try_for_each(|w| write!(f, "\nnot as scripted: {w}")),
        }
    }
}
