//! Windows: which are in force, how often is asked within them, and what the watch records when that changes.

use std::time::Duration;

use super::hold::once;
use super::{Live, Room};
use crate::clock::{Now, Offset};
use crate::fact::{Draft, Fact};
use crate::plan::ServicePlan;
use crate::plan::decisions::WindowPlan;
use crate::probe::{Ask, Probe};

impl Live {
    /// See [`Room::silent`].
    pub(super) fn silent(&self, now: Now, heard: Now, (every, own): (Duration, Duration)) -> Duration {
        let before = self.pace_before.unwrap_or(own);
        let changed = self.paced.filter(|paced| paced.mono > heard.mono && before != every);
        let in_time = |paced: &Now| paced.since(heard) <= before * 2;
        now.since(changed.filter(in_time).unwrap_or(heard))
    }
}

impl Room {
    /// When a window ends, as extended.
    pub fn window_end(&self, window: &WindowPlan) -> Offset {
        Offset(window.until.0.saturating_add(self.progress.schedule.extended(&window.name).saturating_mul(60)))
    }

    /// The windows that last now; none without T-0. While the clock stands, so do they.
    pub fn windows(&self) -> impl Iterator<Item = &WindowPlan> {
        let t = self.t();
        self.watched.iter().filter(move |w| t.is_some_and(|t| w.from <= t && t < self.window_end(w)))
    }

    /// From one asking to the next for a service or metric that says `own`: the shortest that a window in force says, else its
    /// own.
    pub fn pace(&self, own: Duration) -> Duration {
        self.live.pace.unwrap_or(own)
    }

    /// From one asking of a service to the next. A burst keeps its own pace: to send it more often would be a load of its own.
    pub fn service_pace(&self, service: &ServicePlan) -> Duration {
        let own = |probe: &&Probe| probe.name == service.name && !paced(&probe.ask);
        let keeps = self.live.pace.is_some() && self.plan.probes.iter().any(|probe| own(&probe));
        if keeps { service.every } else { self.pace(service.every) }
    }

    /// For how long something could have been heard of again that is asked each `every` now, and each `own` where no window says
    /// otherwise: since it was heard of. Where another pace came meanwhile, and it was in time by the one before, since then; what
    /// was late then already is not younger for it.
    pub fn silent(&self, heard: Now, every: Duration, own: Duration) -> Duration {
        self.live.silent(self.now, heard, (every, own))
    }

    /// The probes as they are to be asked now.
    pub fn probes(&self) -> Vec<Probe> {
        let mut probes = self.plan.probes.clone();
        if let Some(every) = self.live.pace {
            for probe in probes.iter_mut().filter(|probe| paced(&probe.ask)) {
                probe.every = every;
                probe.timeout = probe.timeout.min(every);
            }
        }
        probes
    }
}

/// Whether a window sets the pace of an asking: of all but bursts, and what others judge at their own pace.
fn paced(ask: &Ask) -> bool {
    !matches!(ask, Ask::Burst { .. } | Ask::Rules { .. } | Ask::Alerts { .. })
}

/// Lets the windows of now set the pace, and says what the watch records of the change.
pub fn judge(room: &mut Room, watching: bool) -> Option<Draft> {
    let names: Vec<String> = room.windows().map(|w| w.name.clone()).collect();
    let every = room.windows().filter_map(|w| w.every).min();
    if room.live.pace != every {
        // What was answered before is not late because more is asked from now on.
        room.live.paced = Some(room.now);
        room.live.pace_before = std::mem::replace(&mut room.live.pace, every);
        room.revision.header += 1;
    }
    let known = room.progress.schedule.recorded_windows();
    if !watching || known.map_or(names.is_empty(), |known| known == names.as_slice()) {
        return None;
    }
    let t0 = room.announced_t0().map(|t0| t0.timestamp_millis()).unwrap_or_default();
    let on_its_way = room.unsaved.values().any(|u| matches!(u.draft.fact, Fact::WindowsChanged { .. }));
    if on_its_way {
        return None;
    }
    let count = room.revision.timeline;
    let words = ["windows", &names.join("\n"), &t0.to_string(), &count.to_string()];
    once(room, &words, Fact::WindowsChanged { windows: names, every: every.map(|every| every.as_secs_f64()) })
}
