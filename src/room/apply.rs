//! The fold: entries in any order, any number of times, give the same progress.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Room;
use crate::clock::{Stamp, Writer};
use crate::fact::{Author, Entry, Fact, Mark, StepId};
use crate::text::Untrusted;

/// Entries kept for the timeline, newest first to stay.
pub const TIMELINE: usize = 4_096;

/// What has been recorded. A function of the *set* of entries: order and repetition do not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Everything said of steps.
    steps: HashMap<StepId, StepRecord>,
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
    /// The newest loaded runbook: stamp and hashes.
    pub loaded: Option<(Stamp, Vec<String>)>,
    /// The newest watch: epoch, stamp, who.
    pub watch: Option<(u64, Stamp, Author)>,
    /// When the room was closed, if it was.
    pub closed: Option<Stamp>,
}

/// A step that is not in the runbook.
#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    /// Its identity.
    pub step: StepId,
    /// After which step.
    pub after: Option<StepId>,
    /// Its text.
    pub text: Untrusted,
    /// Who added it.
    pub by: Author,
}

/// Everything said of one step.
#[derive(Clone, Debug, Default, PartialEq)]
struct StepRecord {
    marks: BTreeMap<Stamp, Marked>,
    owner: Option<(Stamp, Option<Untrusted>)>,
    notes: BTreeMap<Stamp, (Author, Untrusted)>,
    state: StepState,
}

#[derive(Clone, Debug, PartialEq)]
struct Marked {
    mark: Mark,
    by: Author,
    reason: Option<Untrusted>,
    saw: Option<Stamp>,
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

impl Progress {
    /// What is recorded of a step; `None` when nothing is.
    pub fn step(&self, id: &StepId) -> Option<&StepState> {
        self.steps.get(id).map(|r| &r.state)
    }

    /// The mark that stood before the newest one on a step, counting confirmations as one with what they confirm.
    pub fn mark_before(&self, id: &StepId) -> Option<Mark> {
        let marks = &self.steps.get(id)?.marks;
        let newest = marks.values().next_back()?.mark;
        marks.values().rev().map(|m| m.mark).find(|m| *m != newest)
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
            Fact::StepMarked { step, mark, reason, saw } => {
                let record = self.steps.entry(step.clone()).or_default();
                record
                    .marks
                    .insert(stamp, Marked { mark: *mark, by: entry.by.clone(), reason: reason.clone(), saw: *saw });
                record.refold();
            }
            Fact::Noted { step: Some(step), text } => {
                let record = self.steps.entry(step.clone()).or_default();
                record.notes.insert(stamp, (entry.by.clone(), text.clone()));
                record.refold();
            }
            Fact::StepOwned { step, owner } => {
                let record = self.steps.entry(step.clone()).or_default();
                if record.owner.as_ref().is_none_or(|(s, _)| *s < stamp) {
                    record.owner = Some((stamp, owner.clone()));
                }
                record.refold();
            }
            Fact::StepAdded { step, after, text } => {
                let added =
                    Added { step: step.clone(), after: after.clone(), text: text.clone(), by: entry.by.clone() };
                self.added.insert(stamp, added);
            }
            Fact::T0Set { t0 } if self.t0.as_ref().is_none_or(|(s, _)| *s < stamp) => self.t0 = Some((stamp, *t0)),
            Fact::RunbookLoaded { hashes, .. } if self.loaded.as_ref().is_none_or(|(s, _)| *s < stamp) => {
                self.loaded = Some((stamp, hashes.clone()));
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
            _ => {}
        }
        let full = self.timeline.len() >= TIMELINE;
        if !(full && self.timeline.first_key_value().is_some_and(|(first, _)| stamp < *first)) {
            self.timeline.insert(stamp, Arc::clone(entry));
            if self.timeline.len() > TIMELINE {
                self.timeline.pop_first();
            }
        }
    }
}

impl StepRecord {
    /// Derives the state from everything recorded, in stamp order.
    fn refold(&mut self) {
        let mut state = StepState { owner: self.owner.clone().and_then(|(_, o)| o), ..StepState::default() };
        let mut before: Option<(&Stamp, &Marked)> = None;
        for (stamp, marked) in &self.marks {
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
                state.confirmed_by.clear();
                if marked.mark == Mark::Running {
                    state.started = Some(*stamp);
                }
            }
            before = Some((stamp, marked));
        }
        state.notes = self.notes.iter().map(|(s, (by, text))| (*s, by.clone(), text.clone())).collect();
        self.state = state;
    }
}

/// Folds an entry into the room and drops the draft it came from.
pub fn apply(room: &mut Room, entry: &Arc<Entry>) {
    room.progress.apply(entry);
    room.unsaved.remove(&entry.id);
    room.revision.timeline += 1;
    match &entry.fact {
        Fact::ProfileChosen { .. } => room.apply_profile(),
        Fact::T0Set { .. } | Fact::WatchTaken { .. } | Fact::RoomClosed { .. } => room.revision.header += 1,
        _ => {}
    }
    room.revision.steps += 1;
}
