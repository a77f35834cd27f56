//! The script plays the team in time, and waits for what the team waits for.

use std::collections::VecDeque;
use std::time::Duration;

use super::scene::{Act, MOST, Scene, What};
use super::story::Story;
use super::wish::Wish;
use crate::clock::Offset;
use crate::fact::{Author, Fact, Mark, StepId, Verdict};
use crate::room::Intent;

/// Something that somebody of the team does now.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptedAct {
    /// Who, in which role.
    pub by: Author,
    /// What.
    pub deed: Deed,
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// As a key press would have it.
    Intent(Intent),
    /// Runs the command of a step, as it is shown.
    Run(StepId),
}

/// How long something is waited for by the wall's clock, at least.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays a scene's acts. Times are of the scene (real time × speed) since its beginning.
#[derive(Debug)]
pub struct Script {
    acts: VecDeque<Act>,
    /// How much later than written everything is, because something was waited for.
    late: Duration,
    /// What is waited for is waited for so long at least: at a high speed minutes of the scene are a moment.
    least: Duration,
    /// Since when the act at the front has been found waiting.
    waiting: Option<Duration>,
    /// Something did not come for as long as it was waited for: nothing is tried again.
    given_up: bool,
    /// Steps that the script has marked and whose entry has not come home, once for each mark.
    handed_out: Vec<StepId>,
    begins: Offset,
    /// From the beginning to the end.
    length: Duration,
    story: Story,
}

impl Script {
    /// The script of a scene that runs `speed` times faster than the clock, at its beginning.
    pub fn new(scene: &Scene, speed: u32) -> Self {
        Self {
            least: PATIENCE * speed,
            acts: scene.acts.iter().cloned().collect(),
            late: Duration::ZERO,
            begins: scene.begins,
            length: Duration::from_secs(u64::try_from(scene.ends.0 - scene.begins.0).unwrap_or(0)),
            waiting: None,
            given_up: false,
            handed_out: Vec::new(),
            story: Story::new(scene.begins, scene.story.clone()),
        }
    }

    /// The room's verdict at `t`; call it with every change, and with the first.
    pub fn see(&mut self, t: Duration, verdict: Verdict) {
        self.story.see(t, verdict);
    }

    /// Something was recorded at `t`, for the story.
    pub fn told(&mut self, t: Duration, fact: &Fact) {
        self.story.told(t, fact);
    }

    /// What the team does next, up to `t`; `holds` says whether a wish has come about. What was handed out before has to have
    /// come home when this is called: who acts on a thing has seen what the others did to it.
    pub fn next(&mut self, t: Duration, holds: impl Fn(&Wish) -> bool) -> Option<ScriptedAct> {
        while let Some(act) = self.acts.pop_front_if(|act| act.at + self.late <= t) {
            match act.what {
                What::Do(by, intent) => {
                    self.handed_out.extend(marks(&intent).cloned());
                    return Some(ScriptedAct { by, deed: Deed::Intent(intent) });
                }
                What::Run(by, step) => return Some(ScriptedAct { by, deed: Deed::Run(step) }),
                What::Await(wish, _) if holds(&wish) => self.go_on(t, act.at),
                What::Await(wish, most)
                    if self.waiting.is_some_and(|since| t.saturating_sub(since) >= most.max(self.least)) =>
                {
                    self.go_on(t, act.at);
                    self.given_up = true;
                    self.story.wrong(format!("{wish} did not come by {}", self.at(t)));
                }
                What::Await(..) => {
                    self.acts.push_front(act);
                    self.waiting.get_or_insert(t);
                    break;
                }
            }
        }
        None
    }

    /// A GO that was decided at `t` was refused, because the room came to think otherwise: it is waited for again.
    pub fn decide_again(&mut self, t: Duration, gate: &str, by: Author, intent: Intent) {
        if self.given_up {
            return;
        }
        let at = t.saturating_sub(self.late);
        self.acts.push_front(Act { at, what: What::Do(by, intent) });
        let wish = Wish::Gate { gate: gate.to_owned(), is: Verdict::Go };
        self.acts.push_front(Act { at, what: What::Await(wish, MOST) });
    }

    /// The waiting is over at `t`; where there was any, what was written for `at` and later moves with it.
    fn go_on(&mut self, t: Duration, at: Duration) {
        if self.waiting.take().is_some() {
            self.late = t.saturating_sub(at);
        }
    }

    /// A mark came home; true when it was the script's own. When a person ticked a step, the script's next tick of it, and
    /// the run of its command before that, are not needed any more; the script's own marks change nothing.
    pub fn marked(&mut self, step: &StepId, mark: Mark) -> bool {
        if let Some(at) = self.handed_out.iter().position(|s| s == step) {
            self.handed_out.remove(at);
            return true;
        }
        let ticks = |act: &Act| matches!(&act.what, What::Do(_, Intent::Tick { step: s }) if s == step);
        if mark == Mark::Done
            && let Some(tick) = self.acts.iter().position(ticks)
        {
            let before = |act: &Act| match &act.what {
                What::Run(_, s) | What::Await(Wish::Ran(s, _), _) => s == step,
                _ => false,
            };
            let mut at = 0;
            self.acts.retain(|act| {
                at += 1;
                !(at - 1 == tick || at <= tick && before(act))
            });
        }
        false
    }

    /// Whether the scene is over at `t`: nothing is left to do and its length has passed.
    pub fn ended(&self, t: Duration) -> bool {
        self.acts.is_empty() && t >= self.length + self.late
    }

    /// What is waited for now, if anything is.
    pub fn waiting_for(&self, t: Duration) -> Option<&Wish> {
        match self.acts.front()? {
            Act { at, what: What::Await(wish, _) } if *at + self.late <= t => Some(wish),
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
