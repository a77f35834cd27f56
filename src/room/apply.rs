//! The fold: entries in any order, any number of times, give the same progress.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Room;
use super::attempts::Attempts;
use super::ballots::Ballots;
use super::episodes::Episodes;
use super::retreat::Retreat;
use super::schedule::Schedule;
use crate::clock::{Stamp, Writer};
use crate::fact::retreat::Hand;
use crate::fact::{Author, Captured, Entry, Fact, Mark, StepId};
use crate::text::Untrusted;

/// Entries kept for the timeline, newest first to stay.
pub const TIMELINE: usize = 4_096;

/// What has been recorded. A function of the *set* of entries: order and repetition do not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Everything said of steps, under the identity they have now.
    steps: HashMap<StepId, StepRecord>,
    /// Which identities changed when the runbook was read again: from, to.
    renames: BTreeMap<Stamp, Vec<(StepId, StepId)>>,
    /// The newest T-0, with its stamp.
    pub t0: Option<(Stamp, Option<DateTime<Utc>>)>,
    /// The newest answer to each parameter, with its stamp.
    pub params: BTreeMap<String, (Stamp, Option<Untrusted>)>,
    /// The newest choice of a profile, with its stamp.
    pub profile: Option<(Stamp, Option<String>)>,
    /// Steps added on the run, in order.
    pub added: BTreeMap<Stamp, Added>,
    /// The newest entries, oldest first, at most [`TIMELINE`].
    pub timeline: BTreeMap<Stamp, Arc<Entry>>,
    /// The highest place seen of each writer's chain.
    pub heads: BTreeMap<Writer, u64>,
    /// The runbooks as last read.
    pub loaded: Option<Loaded>,
    /// The newest watch: epoch, stamp, who.
    pub watch: Option<(u64, Stamp, Author)>,
    /// When the room was closed, if it was.
    pub closed: Option<Stamp>,
    /// Everything recorded of alerts.
    pub episodes: Episodes,
    /// The newest baseline.
    pub baseline: Option<Baseline>,
    /// Everything recorded of the countdown.
    pub schedule: Schedule,
    /// Everything recorded of gates.
    pub gates: Ballots,
    /// Every run of a command.
    pub attempts: Attempts,
    /// Everything recorded of levels, rollbacks and breakers.
    pub retreat: Retreat,
}

/// How things were before T-0.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// Of the entry that holds it.
    pub stamp: Stamp,
    /// From.
    pub from: DateTime<Utc>,
    /// Until.
    pub until: DateTime<Utc>,
    /// What was measured.
    pub metrics: Vec<Captured>,
}

/// Which runbooks a room holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// Of the entry that says so.
    pub stamp: Stamp,
    /// SHA-256 of each file's bytes, hex, in the plan's order.
    pub hashes: Vec<String>,
    /// The files' names, in the same order; none in journals of earlier versions.
    pub paths: Vec<String>,
}

/// A step that is not in the runbook.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    /// Its identity.
    pub step: StepId,
    /// After which step, under the identity that has now.
    pub after: Option<StepId>,
    /// The identity it had then.
    after_then: Option<StepId>,
    /// Its text.
    pub text: Untrusted,
    /// Who added it.
    pub by: Author,
}

/// Everything said of one step.
#[derive(Clone, Debug, Default, PartialEq)]
struct StepRecord {
    marks: BTreeMap<Stamp, Said<Marked>>,
    owners: BTreeMap<Stamp, Said<Option<Untrusted>>>,
    notes: BTreeMap<Stamp, Said<(Author, Untrusted)>>,
    state: StepState,
}

/// Something said of a step, with the identity it had then.
#[derive(Clone, Debug, PartialEq)]
struct Said<T> {
    of: StepId,
    what: T,
}

#[derive(Clone, Debug, PartialEq)]
struct Marked {
    mark: Mark,
    by: Author,
    reason: Option<Untrusted>,
    saw: Option<Stamp>,
    undoes: Option<Stamp>,
    hand: Hand,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Not begun.
    #[default]
    Todo,
    /// Begun.
    Running,
    /// Done.
    Done,
    /// Ticked in the file, without an entry.
    InFile,
    /// Tried and failed.
    Failed,
    /// Left out on this run.
    Skipped,
    /// Does not apply here.
    NotApplicable,
    /// Left out by somebody's authority.
    Waived,
    /// Not part of this variant of the runbook.
    LeftOut,
}

impl Status {
    /// Nothing more to do here.
    pub fn settled(self) -> bool {
        matches!(self, Self::Done | Self::InFile | Self::Skipped | Self::NotApplicable | Self::Waived | Self::LeftOut)
    }

    /// The word shown beside the glyph.
    pub fn word(self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::Running => "running",
            Self::Done => "done",
            Self::InFile => "done in the file",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NotApplicable => "not applicable",
            Self::Waived => "waived",
            Self::LeftOut => "n/a by profile",
        }
    }
}

/// What a mark says, as a word for lines and reports.
pub fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::Todo => "reopened",
        Mark::Running => "started",
        Mark::Done => "done",
        Mark::Failed => "failed",
        Mark::Skipped => "skipped",
        Mark::NotApplicable => "not applicable",
        Mark::Waived => "waived",
    }
}

/// The state of a step with its history in short.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepState {
    /// Where it stands.
    pub status: Status,
    /// Who brought it there, and when.
    pub by: Option<(Author, Stamp)>,
    /// Why, where a reason was given.
    pub reason: Option<Untrusted>,
    /// Whether a person did it or the room by itself.
    pub hand: Hand,
    /// Who else said the same, in order.
    pub confirmed_by: Vec<(Author, Stamp)>,
    /// The newest mark and the one before it were made without seeing each other, and they differ.
    pub crossed: bool,
    /// When it was last begun.
    pub started: Option<Stamp>,
    /// Stamp of the newest mark.
    pub newest: Option<Stamp>,
    /// Who is to do it.
    pub owner: Option<Untrusted>,
    /// Notes in order: stamp, who, what.
    pub notes: Vec<(Stamp, Author, Untrusted)>,
}

/// One mark on a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marking<'a> {
    /// When.
    pub stamp: Stamp,
    /// What.
    pub mark: Mark,
    /// Who.
    pub by: &'a Author,
    /// Why, where a reason was given.
    pub reason: Option<&'a Untrusted>,
    /// By whose hand.
    pub hand: Hand,
    /// Another mark stood here before, and was not seen.
    pub crossed: bool,
}

impl Progress {
    /// Every mark on a step, oldest first.
    pub fn marks(&self, id: &StepId) -> impl Iterator<Item = Marking<'_>> {
        let mut before: Option<(Stamp, Mark)> = None;
        self.steps.get(id).into_iter().flat_map(|record| &record.marks).map(move |(stamp, Said { what, .. })| {
            let (stamp, mark) = (*stamp, what.mark);
            let crossed = before.is_some_and(|(b, m)| m != mark && what.saw.is_none_or(|saw| saw < b));
            before = Some((stamp, mark));
            Marking { stamp, mark, by: &what.by, reason: what.reason.as_ref(), hand: what.hand, crossed }
        })
    }

    /// What is recorded of a step; `None` when nothing is.
    pub fn step(&self, id: &StepId) -> Option<&StepState> {
        self.steps.get(id).map(|r| &r.state)
    }

    /// The marks on a step without those that were taken back, newest first.
    pub fn standing(&self, id: &StepId) -> impl Iterator<Item = (Stamp, Mark)> {
        let marks = self.steps.get(id).map(|record| &record.marks);
        let undone: HashSet<Stamp> = marks.into_iter().flatten().filter_map(|(_, said)| said.what.undoes).collect();
        let stands = move |(stamp, said): (&Stamp, &Said<Marked>)| {
            (said.what.undoes.is_none() && !undone.contains(stamp)).then_some((*stamp, said.what.mark))
        };
        marks.into_iter().flat_map(|marks| marks.iter().rev()).filter_map(stands)
    }

    /// Steps about which anything is recorded.
    pub fn touched(&self) -> impl Iterator<Item = (&StepId, &StepState)> {
        self.steps.iter().map(|(id, r)| (id, &r.state))
    }

    /// Folds one entry in.
    pub fn apply(&mut self, entry: &Arc<Entry>) {
        let head = self.heads.entry(entry.writer).or_default();
        *head = (*head).max(entry.seq);
        let stamp = entry.stamp;
        match &entry.fact {
            Fact::StepMarked { step, mark, reason, saw, undoes } => {
                let (by, reason) = (entry.by.clone(), reason.clone());
                let what = Marked { mark: *mark, by, reason, saw: *saw, undoes: *undoes, hand: Hand::Person };
                self.record(step, stamp, |r, of| drop(r.marks.insert(stamp, Said { of, what })));
            }
            Fact::StepTicked(it) => {
                let reason = Some(Untrusted::new(it.to_string()));
                let by = entry.by.clone();
                let what = Marked { mark: Mark::Done, by, reason, saw: it.saw, undoes: None, hand: Hand::Room };
                self.record(&it.step, stamp, |r, of| drop(r.marks.insert(stamp, Said { of, what })));
            }
            Fact::Noted { step: Some(step), text } => {
                let what = (entry.by.clone(), text.clone());
                self.record(step, stamp, |r, of| drop(r.notes.insert(stamp, Said { of, what })));
            }
            Fact::StepOwned { step, owner } => {
                let what = owner.clone();
                self.record(step, stamp, |r, of| drop(r.owners.insert(stamp, Said { of, what })));
            }
            Fact::StepAdded { step, after, text } => {
                let added = Added {
                    step: step.clone(),
                    after: after.as_ref().map(|after| self.now_called(after, stamp)),
                    after_then: after.clone(),
                    text: text.clone(),
                    by: entry.by.clone(),
                };
                self.added.insert(stamp, added);
            }
            Fact::T0Set { t0 } if self.t0.as_ref().is_none_or(|(s, _)| *s < stamp) => self.t0 = Some((stamp, *t0)),
            Fact::RunbookLoaded { hashes, paths, renames } => {
                if self.loaded.as_ref().is_none_or(|known| known.stamp < stamp) {
                    self.loaded = Some(Loaded { stamp, hashes: hashes.clone(), paths: paths.clone() });
                }
                if !renames.is_empty() && self.renames.insert(stamp, renames.clone()).is_none() {
                    self.sort_anew();
                }
            }
            Fact::WatchTaken { epoch } if self.watch.as_ref().is_none_or(|(e, s, _)| (*e, *s) < (*epoch, stamp)) => {
                self.watch = Some((*epoch, stamp, entry.by.clone()));
            }
            Fact::RoomClosed { .. } => self.closed = self.closed.max(Some(stamp)),
            Fact::ParamSet { name, value } if self.params.get(name).is_none_or(|(s, _)| *s < stamp) => {
                self.params.insert(name.clone(), (stamp, value.clone()));
            }
            Fact::ProfileChosen { profile } if self.profile.as_ref().is_none_or(|(s, _)| *s < stamp) => {
                self.profile = Some((stamp, profile.clone()));
            }
            Fact::BaselineTaken { from, until, metrics } if self.baseline.as_ref().is_none_or(|b| b.stamp < stamp) => {
                self.baseline = Some(Baseline { stamp, from: *from, until: *until, metrics: metrics.clone() });
            }
            Fact::GateVoted { .. } | Fact::GateTurned { .. } | Fact::GateDecided { .. } | Fact::GateReopened { .. } => {
                self.gates.apply(entry);
            }
            Fact::CommandStarted(_)
            | Fact::CommandStopped { .. }
            | Fact::CommandLeft { .. }
            | Fact::CommandEnded(_) => self.attempts.apply(entry),
            _ => self.episodes.apply(entry),
        }
        self.schedule.apply(entry);
        self.retreat.apply(entry);
        let full = self.timeline.len() >= TIMELINE;
        if !(full && self.timeline.first_key_value().is_some_and(|(first, _)| stamp < *first)) {
            self.timeline.insert(stamp, Arc::clone(entry));
            if self.timeline.len() > TIMELINE {
                self.timeline.pop_first();
            }
        }
    }
}

impl Progress {
    /// The identity that a step has now which was called `id` at `stamp`. Only later renames count: an identity that went and
    /// came back is its own again.
    pub(super) fn now_called(&self, id: &StepId, stamp: Stamp) -> StepId {
        let mut id = id;
        for (_, renames) in self.renames.range(stamp..) {
            if let Some((_, to)) = renames.iter().find(|(from, _)| from == id) {
                id = to;
            }
        }
        id.clone()
    }

    fn record(&mut self, of: &StepId, stamp: Stamp, put: impl FnOnce(&mut StepRecord, StepId)) {
        let record = self.steps.entry(self.now_called(of, stamp)).or_default();
        put(record, of.clone());
        record.refold();
    }

    /// Puts everything said under the identities of now.
    fn sort_anew(&mut self) {
        for record in std::mem::take(&mut self.steps).into_values() {
            for (stamp, said) in record.marks {
                let record = self.steps.entry(self.now_called(&said.of, stamp)).or_default();
                record.marks.insert(stamp, said);
            }
            for (stamp, said) in record.owners {
                let record = self.steps.entry(self.now_called(&said.of, stamp)).or_default();
                record.owners.insert(stamp, said);
            }
            for (stamp, said) in record.notes {
                let record = self.steps.entry(self.now_called(&said.of, stamp)).or_default();
                record.notes.insert(stamp, said);
            }
        }
        for record in self.steps.values_mut() {
            record.refold();
        }
        let mut added = std::mem::take(&mut self.added);
        for (stamp, added) in &mut added {
            added.after = added.after_then.as_ref().map(|after| self.now_called(after, *stamp));
        }
        self.added = added;
    }
}

impl StepRecord {
    /// Derives the state from everything recorded, in stamp order.
    fn refold(&mut self) {
        let owner = self.owners.values().next_back().and_then(|said| said.what.clone());
        let mut state = StepState { owner, ..StepState::default() };
        let mut before: Option<(&Stamp, &Marked)> = None;
        for (stamp, Said { what: marked, .. }) in &self.marks {
            let status = match marked.mark {
                Mark::Todo => Status::Todo,
                Mark::Running => Status::Running,
                Mark::Done => Status::Done,
                Mark::Failed => Status::Failed,
                Mark::Skipped => Status::Skipped,
                Mark::NotApplicable => Status::NotApplicable,
                Mark::Waived => Status::Waived,
            };
            state.newest = Some(*stamp);
            if before.is_some_and(|(_, b)| b.mark == marked.mark) {
                // The earlier one owns it; saying it again confirms it, also when the same person does.
                state.confirmed_by.push((marked.by.clone(), *stamp));
            } else {
                state.crossed = before.is_some_and(|(b, _)| marked.saw.is_none_or(|saw| saw < *b));
                state.status = status;
                state.by = Some((marked.by.clone(), *stamp));
                state.reason.clone_from(&marked.reason);
                state.hand = marked.hand;
                state.confirmed_by.clear();
                if marked.mark == Mark::Running {
                    state.started = Some(*stamp);
                }
            }
            before = Some((stamp, marked));
        }
        state.notes = self.notes.iter().map(|(s, said)| (*s, said.what.0.clone(), said.what.1.clone())).collect();
        self.state = state;
    }
}

/// Folds an entry into the room and drops the draft it came from.
pub fn apply(room: &mut Room, entry: &Arc<Entry>) {
    room.progress.apply(entry);
    room.unsaved.remove(&entry.id);
    room.revision.timeline += 1;
    room.revision.header += u64::from(super::retreat::is_about(&entry.fact));
    match &entry.fact {
        Fact::ProfileChosen { .. } => room.apply_profile(),
        Fact::AlertChanged { .. }
        | Fact::AlertAcknowledged { .. }
        | Fact::Silenced { .. }
        | Fact::SilenceLifted { .. }
        | Fact::SilencedThere { .. }
        | Fact::NoticeQueued { .. }
        | Fact::NoticeTold { .. }
        | Fact::ChannelLeads { .. }
        | Fact::BaselineTaken { .. } => room.revision.alerts += 1,
        Fact::StepMarked { .. } | Fact::StepTicked(_) | Fact::RunbookLoaded { .. } => room.find_begun(),
        Fact::T0Set { .. }
        | Fact::WatchTaken { .. }
        | Fact::RoomClosed { .. }
        | Fact::HoldBegan { .. }
        | Fact::HoldEnded { .. }
        | Fact::Recycled { .. }
        | Fact::WindowsChanged { .. }
        | Fact::WindowExtended { .. }
        | Fact::CallAnswered { .. }
        | Fact::TimerSet { .. }
        | Fact::TimerRang { .. }
        | Fact::TimerEnded { .. } => room.revision.header += 1,
        Fact::GateVoted { .. } | Fact::GateTurned { .. } | Fact::GateDecided { .. } | Fact::GateReopened { .. } => {
            room.revision.header += 1;
        }
        Fact::CommandStarted(_) | Fact::CommandStopped { .. } | Fact::CommandLeft { .. } => room.revision.runs += 1,
        Fact::CommandEnded(end) => {
            room.live.runs.remove(&end.run);
            room.revision.runs += 1;
        }
        _ => {}
    }
    room.revision.steps += 1;
}
