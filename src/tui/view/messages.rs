//! What is said to whoever sits here: short messages, timers that ran out, a level that the room came onto.

use std::time::Duration;

use super::View;
use crate::clock::{Now, Stamp, Writer};
use crate::room::{JournalHealth, Room};

/// Toasts kept at most.
const TOASTS: usize = 3;
/// How long a toast stays.
const TOAST_FOR: Duration = Duration::from_secs(6);

/// Before every entry.
const NEVER: Stamp = Stamp { ms: i64::MIN, n: 0, writer: Writer(0) };

/// A short message.
#[derive(Clone, Debug)]
pub struct Toast {
    /// What.
    pub text: String,
    /// How bad.
    pub tone: Tone,
    /// Since when.
    pub at: Now,
}

/// How bad a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Worth knowing.
    Quiet,
    /// Refused, or in trouble.
    Bad,
}

impl View {
    /// Shows a short message for a few seconds; more than three push the oldest out.
    pub fn toast(&mut self, now: Now, tone: Tone, text: impl Into<String>) {
        while self.toasts.len() >= TOASTS {
            self.toasts.pop_front();
        }
        self.toasts.push_back(Toast { text: text.into(), tone, at: now });
    }

    /// Calls out what happened since the last time; what was before this screen was opened is the past.
    pub(super) fn call_out(&mut self, room: &Room) {
        if room.journal != JournalHealth::Opening {
            self.call_timers(room);
            self.call_level(room);
        }
    }

    /// Timers that ran out.
    fn call_timers(&mut self, room: &Room) {
        let timers = || room.progress.schedule.timers.values().filter_map(|timer| Some((timer.rang?, timer)));
        let newest = timers().map(|(stamp, _)| stamp).max().unwrap_or(NEVER);
        if let Some(known) = self.rung.replace(newest) {
            let new = timers().filter(|(stamp, timer)| *stamp > known && timer.ended.is_none());
            let says: Vec<String> = new.filter_map(|(_, t)| t.set.as_ref().map(|set| set.text.to_string())).collect();
            for text in says {
                self.bell = true;
                self.toast(room.now, Tone::Bad, format!("TIMER {text}"));
            }
        }
    }

    /// A level that the room came onto, with the way back that is the cheapest.
    fn call_level(&mut self, room: &Room) {
        let Some((stamp, to, _)) = room.progress.retreat.level() else {
            self.levelled.get_or_insert(NEVER);
            return;
        };
        if self.levelled.replace(stamp).is_some_and(|known| stamp > known)
            && let Some(level) = to
        {
            let way = room.recommended().and_then(|ix| room.plan.rollbacks.get(ix));
            let way = way.map(|plan| format!("; the cheapest way back is \"{}\"", plan.name)).unwrap_or_default();
            self.bell = true;
            self.toast(room.now, Tone::Bad, format!("LEVEL {level}{way}: R decides"));
        }
    }

    /// Whether the bell is to ring; once for each time.
    pub fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.bell)
    }

    /// Drops messages that have been shown long enough.
    pub(in crate::tui) fn expire_toasts(&mut self, now: Now) {
        self.toasts.retain(|t| now.since(t.at) < TOAST_FOR);
    }
}
