//! What may be recorded: every kind of fact, and the entries that hold them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::gate::{Evidence, Stand, Vote};
use self::retreat::{Choice, Hand, Rung};
use crate::clock::Stamp;
use crate::notice::{Delivery, Notice, Severity};
use crate::text::Untrusted;

mod clock;
mod entry;
pub mod gate;
mod ran;
pub mod retreat;
mod seen;
mod step;
mod ticked;

pub use clock::{CallKind, HoldUntil};
pub use entry::{Author, Draft, Entry, Hash, SCHEMA};
pub use ran::{Aborted, RunEnded, RunStarted, RunVerdict};
pub use seen::{AlertWord, Captured, ServiceState, There, Verdict};
pub use step::{Mark, StepId};
pub use ticked::Ticked;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fact {
    /// The journal begins.
    RoomOpened {
        /// The room's name.
        name: Untrusted,
        /// The program's version.
        version: String,
    },
    /// A runbook was read; a later one replaces it.
    RunbookLoaded {
        /// SHA-256 of each file's bytes, hex, in the plan's order.
        hashes: Vec<String>,
        /// Each file's path, relative to the plan; in journals of before it was kept, none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<String>,
        /// Steps whose identity changed with the text: from, to.
        renames: Vec<(StepId, StepId)>,
    },
    /// T-0 was set or moved.
    T0Set {
        /// The moment; `None` unsets it.
        t0: Option<DateTime<Utc>>,
    },
    /// A parameter was answered.
    ParamSet {
        /// Its name in the plan.
        name: String,
        /// The answer; `None` takes it back.
        value: Option<Untrusted>,
    },
    /// A variant of the runbook was chosen.
    ProfileChosen {
        /// Its name in the plan; `None` means all of the runbook.
        profile: Option<String>,
    },
    /// A step was ticked, reopened, begun, failed, left out.
    StepMarked {
        /// Which.
        step: StepId,
        /// What.
        mark: Mark,
        /// Why; required for failed, skipped, not applicable and waived.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Untrusted>,
        /// The newest mark on this step that its author had seen: two marks with the same one crossed each other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        saw: Option<Stamp>,
        /// The mark of the same author that this one takes back; neither counts when the next is taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes: Option<Stamp>,
    },
    /// The watch ticked a step that the plan binds to a condition.
    StepTicked(Box<Ticked>),
    /// A note on a step, or on the room.
    Noted {
        /// Which; `None` is the room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepId>,
        /// What.
        text: Untrusted,
    },
    /// A step got an owner.
    StepOwned {
        /// Which.
        step: StepId,
        /// Who; `None` takes the owner away.
        owner: Option<Untrusted>,
    },
    /// A step that is not in the runbook.
    StepAdded {
        /// Its identity.
        step: StepId,
        /// After which step it stands; `None` is the end.
        after: Option<StepId>,
        /// Its text.
        text: Untrusted,
    },
    /// The watch saw a service change its state.
    ServiceChanged {
        /// The service's name.
        service: Untrusted,
        /// From.
        from: ServiceState,
        /// To.
        to: ServiceState,
        /// Why.
        reason: Untrusted,
    },
    /// The watch saw the verdict change.
    VerdictChanged {
        /// Which.
        verdict: Verdict,
        /// Why.
        reason: Untrusted,
    },
    /// A process took over the watch.
    WatchTaken {
        /// Grows with each take-over; what carries an older one is dropped.
        epoch: u64,
    },
    /// The plan was read again.
    PlanReloaded {
        /// Whether the new one is in force; else the old one stays.
        accepted: bool,
        /// What changed, or what is wrong with it.
        summary: Untrusted,
    },
    /// The watch saw an alert change.
    AlertChanged {
        /// The rule's name.
        alert: Untrusted,
        /// One breach from its beginning to its end, through restarts.
        episode: Uuid,
        /// What became of it.
        to: AlertWord,
        /// How bad it is.
        severity: Severity,
        /// What was seen, in words.
        why: Untrusted,
    },
    /// Somebody takes an alert on.
    AlertAcknowledged {
        /// The rule's name.
        alert: Untrusted,
        /// Which breach.
        episode: Uuid,
        /// Who looks after it, where that is somebody else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Untrusted>,
        /// When it is everybody's again; `None` lasts until it is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
        /// A word on it.
        text: Untrusted,
    },
    /// Somebody silences an alert, or all: it goes on being judged and shown, and nobody is told until the silence ends.
    Silenced {
        /// Identity of the silence.
        silence: Uuid,
        /// The rule's name; `None` silences all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alert: Option<Untrusted>,
        /// When it ends.
        until: DateTime<Utc>,
        /// Why.
        reason: Untrusted,
    },
    /// Somebody ends a silence early.
    SilenceLifted {
        /// Which.
        silence: Uuid,
    },
    /// A silence of an alert that somebody else judges was created there too, or was not.
    SilencedThere {
        /// Which.
        silence: Uuid,
        /// How it went.
        there: There,
    },
    /// Something is to be told; the outbox is what was queued and not yet told.
    NoticeQueued {
        /// What, and to which channel.
        notice: Notice,
    },
    /// A notice was told, or never will be.
    NoticeTold {
        /// Which.
        notice: Uuid,
        /// How it went.
        delivery: Delivery,
    },
    /// Where a channel leads: incidents opened there are ended there.
    ChannelLeads {
        /// The channel's name.
        channel: String,
        /// Stands for the way there, and gives nothing of it away; empty where it leads nowhere any more.
        to: String,
        /// What stays open where it led before, because nobody here knows the way there any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_open: Vec<Untrusted>,
    },
    /// How things are before T-0, to compare with.
    BaselineTaken {
        /// From.
        from: DateTime<Utc>,
        /// Until.
        until: DateTime<Utc>,
        /// What was measured then.
        metrics: Vec<Captured>,
    },
    /// A task of the program broke and was started again.
    TaskFailed {
        /// Which.
        task: String,
        /// How.
        message: Untrusted,
    },
    /// The journal's file was found damaged or altered; what could be carried over was, and its chain began anew there.
    JournalMended {
        /// Where the old file lies, untouched.
        old: Untrusted,
        /// What was wrong.
        why: Untrusted,
        /// Entries carried over; those behind the damage are proved by nothing but this program's word.
        carried: u64,
    },
    /// The terminal of a process vanished.
    TerminalLost,
    /// The room was closed; the next start begins a new journal.
    RoomClosed {
        /// Why.
        reason: Untrusted,
    },
    /// The T-clock stands still from here; the wall clock goes on, and what is planned moves by as long as it stood.
    HoldBegan {
        /// Identity of the hold; of a planned one it follows from the plan, so that it begins once.
        hold: Uuid,
        /// Since when the clock stands.
        at: DateTime<Utc>,
        /// Why.
        reason: Untrusted,
        /// What ends it.
        until: HoldUntil,
    },
    /// The T-clock goes on.
    HoldEnded {
        /// Which hold.
        hold: Uuid,
        /// Since when it goes on.
        at: DateTime<Utc>,
        /// Why now.
        reason: Untrusted,
    },
    /// The countdown went back to an earlier time; the steps from there on were opened again, each with an entry of its own.
    Recycled {
        /// The phase it went back to.
        phase: Untrusted,
        /// When.
        at: DateTime<Utc>,
        /// T-0 from then on, before holds.
        t0: DateTime<Utc>,
        /// Why.
        reason: Untrusted,
    },
    /// A step was begun or ticked out of its order or before its time.
    Irregular {
        /// Which.
        step: StepId,
        /// How, in words: `before "build"`, `12 min early`.
        how: Untrusted,
    },
    /// Other windows are in force; none is an empty list.
    WindowsChanged {
        /// Their names, in the plan's order.
        windows: Vec<String>,
        /// Seconds from one asking to the next from now on, where a window says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every: Option<f64>,
    },
    /// A window lasts longer than planned.
    WindowExtended {
        /// Its name.
        window: String,
        /// By so many minutes more.
        minutes: u32,
        /// Why.
        reason: Untrusted,
    },
    /// Somebody answered a call that comes back regularly: a window's check-in, a drumbeat.
    CallAnswered {
        /// Which call.
        call: CallKind,
        /// Name of the window, or of the drumbeat.
        name: String,
        /// When.
        at: DateTime<Utc>,
        /// What was said.
        text: Untrusted,
    },
    /// Somebody wants to be reminded.
    TimerSet {
        /// Identity of the timer.
        timer: Uuid,
        /// When it rings.
        due: DateTime<Utc>,
        /// Of what.
        text: Untrusted,
        /// Whom: a person or a role; `None` is everybody.
        #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
        whom: Option<Untrusted>,
    },
    /// A timer ran out and was called out.
    TimerRang {
        /// Which.
        timer: Uuid,
    },
    /// A timer is done with, or was called off.
    TimerEnded {
        /// Which.
        timer: Uuid,
        /// A word on it.
        text: Untrusted,
    },
    /// The wall clock of the watch jumped.
    ClockStepped {
        /// By so many milliseconds, back where negative.
        by_ms: i64,
    },
    /// The machine of the watch slept: nothing was asked meanwhile.
    Suspended {
        /// For so many milliseconds.
        ms: u64,
    },
    /// Somebody votes on a gate, changes the vote or takes it back.
    GateVoted {
        /// The gate's name.
        gate: Untrusted,
        /// For which role.
        role: Untrusted,
        /// What.
        vote: Vote,
        /// A word on it.
        #[serde(default)]
        comment: Untrusted,
    },
    /// The watch saw a gate's criteria change. Broken: GO votes given before have lost their basis.
    GateTurned {
        /// The gate's name.
        gate: Untrusted,
        /// How they stand now.
        to: Stand,
        /// Seconds of healthy time so far.
        held: f64,
        /// What was seen.
        why: Untrusted,
    },
    /// A gate was decided.
    GateDecided {
        /// The gate's name.
        gate: Untrusted,
        /// GO or NO-GO.
        verdict: Verdict,
        /// Whether it goes against what the room computed.
        #[serde(rename = "override", default)]
        overridden: bool,
        /// Why; required for an override.
        #[serde(default)]
        reason: Untrusted,
        /// What it was taken on.
        evidence: Box<Evidence>,
        /// SHA-256 of the evidence's canonical JSON, hex.
        sha256: String,
        /// Decisions and reopenings of this gate that it replaces; those that it does not name crossed it.
        #[serde(default)]
        saw: Vec<Stamp>,
    },
    /// A decided gate is open again: votes for GO are to be given anew.
    GateReopened {
        /// The gate's name.
        gate: Untrusted,
        /// Why.
        reason: Untrusted,
        /// As in a decision.
        #[serde(default)]
        saw: Vec<Stamp>,
    },
    /// A step's command is about to start.
    CommandStarted(Box<RunStarted>),
    /// Somebody wants a run to stop.
    CommandStopped {
        /// Which.
        run: Uuid,
        /// What the room saw that stops it, where it was not a person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<Box<Aborted>>,
    },
    /// A process went away while a run of its own went on.
    CommandLeft {
        /// Which.
        run: Uuid,
        /// The shim's process, which answers for it; 0 where it is not known.
        pid: u32,
    },
    /// A run came to its end.
    CommandEnded(Box<RunEnded>),
    /// The watch saw the room come onto a level, go to another, or leave them all.
    LevelChanged {
        /// From which; none is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Untrusted>,
        /// To which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Untrusted>,
        /// What puts it there, in words.
        symptoms: Vec<Untrusted>,
    },
    /// Somebody declares a symptom that no metric shows; it holds until it is withdrawn.
    LevelDeclared {
        /// The level's name.
        level: Untrusted,
        /// As the plan calls it.
        symptom: Untrusted,
        /// What was seen.
        text: Untrusted,
    },
    /// A declared symptom is over, or was none.
    LevelWithdrawn {
        /// The level's name.
        level: Untrusted,
        /// As the plan calls it.
        symptom: Untrusted,
        /// Why.
        reason: Untrusted,
        /// The declarations that it ends; one that it does not name goes on.
        saw: Vec<Stamp>,
    },
    /// Somebody decided what to do about a level.
    DecisionTaken {
        /// The level's name.
        level: Untrusted,
        /// What.
        choice: Choice,
        /// Why.
        reason: Untrusted,
    },
    /// A rollback plan was prepared, armed, fired, and so on.
    RollbackMoved {
        /// The plan's name.
        plan: Untrusted,
        /// To what.
        to: Rung,
        /// Why, or what was found.
        #[serde(default)]
        reason: Untrusted,
        /// Whether a person did it or the room by itself.
        #[serde(default)]
        hand: Hand,
        /// Seconds since it fired, when it is complete.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        took: Option<f64>,
        /// How it stood before whoever did it; none in journals of before that was kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Rung>,
    },
    /// Somebody says no to a rollback that would fire by itself.
    RollbackVetoed {
        /// The plan's name.
        plan: Untrusted,
        /// Why.
        reason: Untrusted,
    },
    /// The first of two people wants a breaker fired.
    BreakerAsked {
        /// The breaker's name.
        breaker: Untrusted,
        /// Why.
        reason: Untrusted,
        /// Of what was shown: the second person fires just that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hash: Option<String>,
    },
    /// A breaker was fired.
    BreakerFired {
        /// The breaker's name.
        breaker: Untrusted,
        /// Why.
        reason: Untrusted,
    },
    /// A kind this version does not know; kept byte-exact in [`Entry::body`].
    #[serde(skip)]
    Unknown,
}

impl Fact {
    /// The step a fact is about, if it is about one.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::StepMarked { step, .. } | Self::StepOwned { step, .. } | Self::StepAdded { step, .. } => Some(step),
            Self::Noted { step, .. } => step.as_ref(),
            Self::CommandStarted(run) => Some(&run.step),
            Self::StepTicked(it) => Some(&it.step),
            _ => None,
        }
    }
}
