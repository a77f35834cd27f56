//! What is recorded of the countdown: holds, recycles, windows, calls and timers. A function of the set of entries.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::clock::Stamp;
use crate::fact::{Author, CallKind, Entry, Fact, HoldUntil, StepId};
use crate::text::Untrusted;

/// Changes of windows kept, the newest: more than any run has.
const KEPT: usize = 1_024;

/// Everything recorded of the countdown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Holds by identity; an end may come home before its beginning.
    pub holds: BTreeMap<Uuid, Hold>,
    /// The newest way back to an earlier time.
    pub recycled: Option<Recycled>,
    /// Which windows were in force from when on, the newest changes.
    windows: BTreeMap<Stamp, Vec<String>>,
    /// By how much windows were extended.
    extended: BTreeMap<String, BTreeMap<Stamp, u32>>,
    /// The newest answer to each call.
    answers: BTreeMap<(CallKind, String), Answer>,
    /// Timers by identity.
    pub timers: BTreeMap<Uuid, Timer>,
    /// The newest word on each step that was done out of its order or before its time.
    pub irregular: BTreeMap<StepId, (Stamp, Untrusted)>,
}

/// One stop of the T-clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hold {
    /// How it began; none while only its end has come home.
    pub began: Option<Began>,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// How a hold began.
#[derive(Clone, Debug, PartialEq)]
pub struct Began {
    /// Of the entry.
    pub stamp: Stamp,
    /// Since when the clock stands.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: Untrusted,
    /// What ends it.
    pub until: HoldUntil,
    /// Who.
    pub by: Author,
}

/// How a hold ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Of the entry.
    pub stamp: Stamp,
    /// When.
    pub at: DateTime<Utc>,
}

/// A way back to an earlier time.
#[derive(Clone, Debug, PartialEq)]
pub struct Recycled {
    /// Of the entry.
    pub stamp: Stamp,
    /// When.
    pub at: DateTime<Utc>,
    /// T-0 from then on, before holds.
    pub t0: DateTime<Utc>,
}

/// An answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Of the entry.
    pub stamp: Stamp,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: Author,
    /// What was said.
    pub text: Untrusted,
}

/// Somebody's wish to be reminded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timer {
    /// As it was set; none while only its end has come home.
    pub set: Option<TimerSet>,
    /// When it was called out.
    pub rang: Option<Stamp>,
    /// When somebody was done with it.
    pub ended: Option<Stamp>,
}

/// A timer as it was set.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerSet {
    /// Of the entry.
    pub stamp: Stamp,
    /// When it rings.
    pub due: DateTime<Utc>,
    /// Of what.
    pub text: Untrusted,
    /// Whom; none is everybody.
    pub whom: Option<Untrusted>,
    /// Who set it.
    pub by: Author,
}

impl Schedule {
    /// Folds one entry in. The earliest beginning and the earliest end of a hold or timer count, the newest of everything else.
    pub fn apply(&mut self, entry: &Entry) {
        let stamp = entry.stamp;
        match &entry.fact {
            Fact::HoldBegan { hold, at, reason, until } => {
                let (reason, until, by) = (reason.clone(), until.clone(), entry.by.clone());
                let slot = &mut self.holds.entry(*hold).or_default().began;
                if slot.as_ref().is_none_or(|known| stamp < known.stamp) {
                    *slot = Some(Began { stamp, at: *at, reason, until, by });
                }
            }
            Fact::HoldEnded { hold, at, .. } => {
                let slot = &mut self.holds.entry(*hold).or_default().ended;
                if slot.as_ref().is_none_or(|known| stamp < known.stamp) {
                    *slot = Some(Ended { stamp, at: *at });
                }
            }
            Fact::Recycled { at, t0, .. } if self.recycled.as_ref().is_none_or(|known| known.stamp < stamp) => {
                self.recycled = Some(Recycled { stamp, at: *at, t0: *t0 });
            }
            Fact::WindowsChanged { windows, .. } => {
                self.windows.insert(stamp, windows.clone());
                if self.windows.len() > KEPT {
                    self.windows.pop_first();
                }
            }
            Fact::WindowExtended { window, minutes, .. } => {
                self.extended.entry(window.clone()).or_default().insert(stamp, *minutes);
            }
            Fact::CallAnswered { call, name, at, text } => {
                let answer = Answer { stamp, at: *at, by: entry.by.clone(), text: text.clone() };
                let slot = self.answers.entry((*call, name.clone())).or_insert_with(|| answer.clone());
                if slot.stamp < stamp {
                    *slot = answer;
                }
            }
            Fact::TimerSet { timer, due, text, whom } => {
                let (text, whom, by) = (text.clone(), whom.clone(), entry.by.clone());
                let slot = &mut self.timers.entry(*timer).or_default().set;
                if slot.as_ref().is_none_or(|known| stamp < known.stamp) {
                    *slot = Some(TimerSet { stamp, due: *due, text, whom, by });
                }
            }
            Fact::TimerRang { timer } => earliest(&mut self.timers.entry(*timer).or_default().rang, stamp),
            Fact::TimerEnded { timer, .. } => earliest(&mut self.timers.entry(*timer).or_default().ended, stamp),
            Fact::Irregular { step, how } => {
                let slot = self.irregular.entry(step.clone()).or_insert_with(|| (stamp, how.clone()));
                if slot.0 < stamp {
                    *slot = (stamp, how.clone());
                }
            }
            _ => {}
        }
    }

    /// Holds that last, the longest first.
    pub fn open_holds(&self) -> Vec<(Uuid, &Began)> {
        let open = self.holds.iter().filter(|(_, hold)| hold.ended.is_none());
        let mut list: Vec<_> = open.filter_map(|(id, hold)| Some((*id, hold.began.as_ref()?))).collect();
        list.sort_by_key(|(_, began)| (began.at, began.stamp));
        list
    }

    /// Time within a stretch in which the clock stood: holds that overlap count once; one that lasts reaches to the end.
    pub fn held(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> TimeDelta {
        let mut spans: Vec<(DateTime<Utc>, DateTime<Utc>)> = self
            .holds
            .values()
            .filter_map(|hold| Some((hold.began.as_ref()?.at, hold.ended.as_ref().map_or(until, |ended| ended.at))))
            .map(|(began, ended)| (began.max(from), ended.min(until)))
            .filter(|(began, ended)| began < ended)
            .collect();
        spans.sort_unstable();
        let (mut held, mut reached) = (TimeDelta::zero(), from);
        for (began, ended) in spans {
            held += (ended - began.max(reached)).max(TimeDelta::zero());
            reached = reached.max(ended);
        }
        held
    }

    /// The windows last recorded as in force; none before the first record.
    pub fn recorded_windows(&self) -> Option<&[String]> {
        self.windows.last_key_value().map(|(_, names)| names.as_slice())
    }

    /// Since when a window has been in force without a break.
    pub fn in_force_since(&self, window: &str) -> Option<DateTime<Utc>> {
        let with = |names: &Vec<String>| names.iter().any(|name| name == window);
        self.windows.iter().rev().take_while(|(_, names)| with(names)).last().map(|(stamp, _)| stamp.utc())
    }

    /// Minutes by which a window was extended.
    pub fn extended(&self, window: &str) -> i64 {
        self.extended.get(window).map_or(0, |all| all.values().map(|minutes| i64::from(*minutes)).sum())
    }

    /// The newest answer to a call.
    pub fn answer(&self, call: CallKind, name: &str) -> Option<&Answer> {
        self.answers.get(&(call, name.to_owned()))
    }
}

fn earliest(slot: &mut Option<Stamp>, stamp: Stamp) {
    *slot = Some(slot.map_or(stamp, |known| known.min(stamp)));
}
