//! Timers that people set, and their calling out.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Room;
use super::hold::once;
use crate::fact::{Draft, Fact};

/// A timer that nobody is done with.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerNow {
    /// Its identity.
    pub id: Uuid,
    /// When it rings.
    pub due: DateTime<Utc>,
    /// Of what, escaped.
    pub text: String,
    /// Whom, escaped; none is everybody.
    pub whom: Option<String>,
}

impl TimerNow {
    /// Whether it rings.
    pub fn rings(&self, now: DateTime<Utc>) -> bool {
        now >= self.due
    }
}

impl Room {
    /// Timers that nobody is done with, the next to ring first.
    pub fn timers(&self) -> Vec<TimerNow> {
        let open = self.progress.schedule.timers.iter().filter(|(_, timer)| timer.ended.is_none());
        let mut list: Vec<TimerNow> = open
            .filter_map(|(id, timer)| {
                let set = timer.set.as_ref()?;
                let whom = set.whom.as_ref().map(ToString::to_string);
                Some(TimerNow { id: *id, due: set.due, text: set.text.to_string(), whom })
            })
            .collect();
        list.sort_by_key(|timer| (timer.due, timer.id));
        list
    }
}

/// Timers that ran out and were not called out yet.
pub fn judge(room: &Room) -> Vec<Draft> {
    let now = room.now.utc;
    let quiet = |id: &Uuid| room.progress.schedule.timers.get(id).is_some_and(|timer| timer.rang.is_none());
    let due = room.timers().into_iter().filter(|timer| timer.rings(now) && quiet(&timer.id));
    due.filter_map(|timer| once(room, &["rang", &timer.id.to_string()], Fact::TimerRang { timer: timer.id })).collect()
}
