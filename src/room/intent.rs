//! What an operator may want: the same on a key, on a line of the control socket and in a script.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fact::gate::Vote;
use crate::fact::retreat::Choice;
use crate::fact::{StepId, Verdict};
use crate::text::Untrusted;

/// What an operator wants. The same on a key, on the control socket and in a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Intent {
    /// Say that a step is done; on a group, that all its remaining steps are.
    Tick {
        /// Which.
        step: StepId,
    },
    /// Take back what was last said of a step.
    Reopen {
        /// Which.
        step: StepId,
    },
    /// Take back my own last mark, whichever step it was on.
    Undo,
    /// Begin a step.
    Start {
        /// Which.
        step: StepId,
    },
    /// Say that a step failed.
    Fail {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Leave a step out on this run.
    Skip {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Say that a step does not apply.
    NotApplicable {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Leave a step out by authority; needs a role that decides, where the plan has roles.
    Waive {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Note something on a step, or on the room.
    Note {
        /// Which; `None` is the room.
        #[serde(default)]
        step: Option<StepId>,
        /// What.
        text: Untrusted,
    },
    /// Give a step an owner; an empty name takes it away.
    Own {
        /// Which.
        step: StepId,
        /// Who.
        owner: Untrusted,
    },
    /// Add a step to the run.
    Add {
        /// After which; `None` is the end.
        #[serde(default)]
        after: Option<StepId>,
        /// Its text.
        text: Untrusted,
    },
    /// Set, move or unset T-0.
    SetT0 {
        /// The moment; `None` unsets it.
        t0: Option<DateTime<Utc>>,
    },
    /// Take an alert on: nobody further is told of it, and it goes on being judged.
    Acknowledge {
        /// The alert's name; without labels all that fire under it.
        alert: String,
        /// Who looks after it, where that is somebody else.
        #[serde(default)]
        owner: Option<Untrusted>,
        /// For how long; then it is everybody's again. Without, until it is over.
        #[serde(default)]
        minutes: Option<u32>,
        /// A word on it.
        #[serde(default)]
        text: Untrusted,
    },
    /// Silence an alert, or all of them: judged and shown as ever, and nobody is told until the silence ends.
    Silence {
        /// The rule's name; `None` silences all.
        #[serde(default)]
        alert: Option<String>,
        /// For how long.
        minutes: u32,
        /// Why.
        reason: Untrusted,
    },
    /// End a silence early.
    Lift {
        /// Which.
        silence: Uuid,
    },
    /// Take the last half hour as what later values are compared with.
    TakeBaseline,
    /// Send a test to a channel.
    TestChannel {
        /// Its name in the plan.
        channel: String,
    },
    /// Page every channel of the plan.
    PageAll {
        /// Why.
        text: Untrusted,
    },
    /// Say to everybody who was paged that it is over.
    PageAllOver {
        /// A word on it.
        #[serde(default)]
        text: Untrusted,
    },
    /// Answer a parameter of the plan, or answer it anew: from then on it stands wherever its placeholder does.
    AnswerParam {
        /// Its name.
        name: String,
        /// The answer.
        value: Untrusted,
    },
    /// Close the room: the next start begins a new journal.
    Close {
        /// Why.
        reason: Untrusted,
    },
    /// Stop the T-clock; what is planned moves by as long as it stands.
    Hold {
        /// Why.
        reason: Untrusted,
        /// For how long; then it goes on by itself. Without, until it is resumed.
        #[serde(default)]
        minutes: Option<u32>,
        /// Until this gate of the plan says GO.
        #[serde(default)]
        gate: Option<String>,
    },
    /// Let the T-clock go on; needs a role that decides.
    Resume {
        /// Why now.
        #[serde(default)]
        reason: Untrusted,
    },
    /// Go back to the time of an earlier phase: its steps and all after it open again; needs a role that decides.
    Recycle {
        /// The phase's title.
        phase: String,
        /// Why.
        reason: Untrusted,
    },
    /// Let a window last longer.
    ExtendWindow {
        /// Its name in the plan.
        window: String,
        /// By how much.
        minutes: u32,
        /// Why.
        reason: Untrusted,
    },
    /// Say that all is well, or what is not, as a window asks for.
    CheckIn {
        /// The window's name in the plan.
        window: String,
        /// What is seen; nothing means that all is well.
        #[serde(default)]
        text: Untrusted,
    },
    /// Say that what a drumbeat asks for was said.
    Said {
        /// What the drumbeat says.
        drumbeat: String,
        /// What was said.
        #[serde(default)]
        text: Untrusted,
    },
    /// Set a timer: "back to X in 5 min".
    Timer {
        /// From now.
        minutes: u32,
        /// Of what to remind.
        text: Untrusted,
        /// Whom: a person or a role; without, everybody.
        #[serde(default, rename = "for")]
        whom: Option<Untrusted>,
    },
    /// Be done with a timer, or call it off.
    TimerDone {
        /// Which.
        timer: Uuid,
        /// A word on it.
        #[serde(default)]
        text: Untrusted,
    },
    /// Tick a step although it is not its turn.
    TickAnyway {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Begin a step although it is not its turn.
    StartAnyway {
        /// Which.
        step: StepId,
        /// Why.
        reason: Untrusted,
    },
    /// Vote on a gate, change the vote, or take it back.
    GateVote {
        /// The gate's name.
        gate: String,
        /// What.
        vote: Vote,
        /// For which role; needed only where the plan has no roles and several vote.
        #[serde(default)]
        role: Option<Untrusted>,
        /// A word on it.
        #[serde(default)]
        comment: Untrusted,
    },
    /// Decide a gate: a GO only when the room computes one.
    GateDecide {
        /// The gate's name.
        gate: String,
        /// GO or NO-GO.
        verdict: Verdict,
        /// Why, where there is something to say.
        #[serde(default)]
        reason: Untrusted,
    },
    /// Decide a gate GO although the room does not compute one; marked everywhere.
    GateOverride {
        /// The gate's name.
        gate: String,
        /// Why.
        reason: Untrusted,
    },
    /// Open a decided gate again.
    GateReopen {
        /// The gate's name.
        gate: String,
        /// Why.
        reason: Untrusted,
    },
    /// Declare a symptom that no metric shows; it holds until it is withdrawn.
    Declare {
        /// The level's name.
        level: String,
        /// As the plan calls it.
        symptom: String,
        /// What was seen.
        #[serde(default)]
        text: Untrusted,
    },
    /// Say that a declared symptom is over, or was none.
    Withdraw {
        /// The level's name.
        level: String,
        /// As the plan calls it.
        symptom: String,
        /// Why.
        reason: Untrusted,
    },
    /// Decide about the level the room is on.
    DecideLevel {
        /// The level's name.
        level: String,
        /// What.
        choice: Choice,
        /// Why.
        reason: Untrusted,
    },
    /// Look a rollback plan through: answers, targets, steps.
    RollbackPrepare {
        /// The plan's name.
        plan: String,
    },
    /// Make a rollback plan ready to fire.
    RollbackArm {
        /// The plan's name.
        plan: String,
    },
    /// Fire an armed rollback plan: its steps are open, and its time runs.
    RollbackFire {
        /// The plan's name.
        plan: String,
        /// What was typed.
        word: String,
        /// Why; needed while the journal cannot write.
        #[serde(default)]
        reason: Untrusted,
        /// Of its first command as it was shown: that runs with the same word.
        #[serde(default)]
        hash: Option<String>,
    },
    /// Give a rollback plan up.
    RollbackAbort {
        /// The plan's name.
        plan: String,
        /// Why.
        reason: Untrusted,
    },
    /// Say no to a rollback that would fire by itself.
    RollbackVeto {
        /// The plan's name.
        plan: String,
        /// Why.
        #[serde(default)]
        reason: Untrusted,
    },
    /// Fire a breaker; where it takes two people, the first one asks.
    BreakerFire {
        /// The breaker's name.
        breaker: String,
        /// Of what was shown; another one means that something changed since.
        #[serde(default)]
        hash: String,
        /// What was typed.
        word: String,
        /// Why.
        reason: Untrusted,
    },
    /// Run a step's command as it was shown.
    Run {
        /// Of which step.
        step: StepId,
        /// Which of its commands, from 0.
        #[serde(default)]
        command: u32,
        /// Of what was shown; another one means that something changed since.
        hash: String,
        /// What was typed.
        #[serde(default)]
        word: Option<String>,
        /// Why, where something speaks against it.
        #[serde(default)]
        reason: Option<Untrusted>,
        /// Whether it was confirmed a second time.
        #[serde(default)]
        confirmed: Confirmed,
    },
    /// Stop a run: interrupt it, end it politely, then for certain.
    Stop {
        /// Which.
        run: Uuid,
    },
}

/// How often somebody said yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmed {
    /// Once.
    #[default]
    Once,
    /// Twice, the second time knowing why that is asked.
    Twice,
}
