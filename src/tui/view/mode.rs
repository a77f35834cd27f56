//! What the keys mean now: moving about, a line that is typed and what for, a question and what its answer leads to, a sheet.

use tui_input::Input;

use crate::clock::Now;
use crate::fact::gate::Vote;
use crate::fact::retreat::Choice;
use crate::fact::{CallKind, StepId};
use crate::room::Intent;
use crate::tui::on_key::After;
use crate::tui::run_sheet::RunSheet;

/// Where the line of a prompt comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// Put there for the person: what is typed first replaces it.
    Offered,
    /// Typed, or made one's own by moving in it.
    #[default]
    Typed,
}

/// What the keys mean now.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    /// Moving and acting.
    #[default]
    Normal,
    /// Typing what to find.
    Find(Input),
    /// Typing one line.
    Prompt {
        /// What for.
        purpose: Purpose,
        /// The line so far.
        input: Input,
        /// Who wrote it.
        line: Line,
    },
    /// One of several, by a letter; anything else cancels.
    Choose {
        /// Shown above.
        title: String,
        /// Letter, what it says, what it does.
        options: Vec<(char, String, Next)>,
        /// Input is ignored for 300 ms from here.
        opened: Now,
    },
    /// Yes, or anything else cancels.
    Confirm {
        /// What would be done, in full.
        question: String,
        /// What a yes does.
        then: Box<Next>,
        /// Input is ignored for 300 ms from here.
        opened: Now,
    },
    /// Every key with its meaning.
    Help,
    /// Finding an action by its words.
    Palette {
        /// The words so far.
        input: Input,
        /// The chosen line.
        at: usize,
    },
    /// A gate with what can be done there; any other key closes it.
    Gate {
        /// Its name.
        gate: String,
        /// Input is ignored for 300 ms from here.
        opened: Now,
    },
    /// What a step's command would do, before it does it.
    Run(Box<RunSheet>),
    /// Rollbacks or breakers with what can be done there; any other key closes it.
    Way {
        /// Which sheet.
        sheet: Sheet,
        /// The row chosen.
        at: usize,
        /// Input is ignored for 300 ms from here.
        opened: Now,
    },
}

/// A sheet of ways back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// Levels and rollback plans.
    Rollbacks,
    /// Emergency breakers.
    Breakers,
    /// Steps whose command was aborted.
    Aborted,
}

/// What a dialog leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Ask for a line.
    Prompt(Purpose),
    /// Ask the room.
    Do(Intent),
    /// Ask first.
    Confirm(String, Intent),
    /// Ask which phase to go back to.
    Recycle,
    /// Leave.
    Quit,
    /// Leave when no run of this process goes on.
    LeaveAfter(After),
    /// Choose a symptom to declare.
    Declare,
    /// Show what a step would run.
    Run(StepId),
    /// Show the ways back.
    Rollbacks,
}

/// What a typed line is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Note on a step, or on the room.
    Note(Option<StepId>),
    /// Why it failed.
    Fail(StepId),
    /// Why it is left out.
    Skip(StepId),
    /// Why it does not apply.
    NotApplicable(StepId),
    /// Why it is waived.
    Waive(StepId),
    /// Whose it is.
    Owner(StepId),
    /// A new step, after this one.
    Add(Option<StepId>),
    /// The moment of T-0.
    T0,
    /// A word on taking an alert on.
    Acknowledge(String),
    /// For how long and why an alert is silenced; none is all of them.
    Silence(Option<String>),
    /// Why everybody is paged.
    PageAll,
    /// Why the clock is held, and for how long.
    Hold,
    /// Of what a timer reminds, and when.
    Timer,
    /// By how much a window is extended, and why.
    Extend(String),
    /// Why the clock goes back to a phase.
    Recycle(String),
    /// What is answered to a call.
    Answer(CallKind, String),
    /// Why a step is ticked out of its turn.
    TickAnyway(StepId),
    /// Why a step is begun out of its turn.
    StartAnyway(StepId),
    /// A word on a vote on a gate.
    Vote(String, Vote),
    /// Why a gate is decided NO-GO.
    NoGo(String),
    /// Why a gate is decided GO against what is computed.
    Override(String),
    /// Why a gate is opened again.
    Reopen(String),
    /// The word that fires a rollback plan.
    FireRollback(String, Option<String>),
    /// Why a rollback plan is given up.
    AbortRollback(String),
    /// Why it is decided so about a level.
    DecideLevel(String, Choice),
    /// What was seen: level, symptom.
    Declare(String, String),
    /// Why a symptom is withdrawn: level, symptom.
    Withdraw(String, String),
    /// The word that fires a breaker, and why.
    Pull(String, String),
    /// The answer to a parameter.
    Param(String),
}
