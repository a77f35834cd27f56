//! What a jump of the clocks does to the room: values are stale at once, and nobody is blamed for a time in which nobody could
//! have done anything.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Effect, Room, Watch};
use crate::clock::jumps::Jump;
use crate::clock::{Now, duration_text};
use crate::fact::{Fact, ServiceState};

/// A jump is shown this long.
const SHOWN: Duration = Duration::from_mins(5);

/// Takes a jump in that lies just before `now`.
pub fn jumped(room: &mut Room, jump: Jump, now: Now) -> Vec<Effect> {
    room.now = now;
    room.live.awake = Some(now.utc);
    let (says, fact) = match jump {
        Jump::Suspended(span) => {
            let says = format!("was suspended {}", duration_text(Duration::from_secs(span.as_secs())));
            stale(room, &says);
            (says, Fact::Suspended { ms: u64::try_from(span.as_millis()).unwrap_or(u64::MAX) })
        }
        Jump::Stepped(by) => {
            set_back(room, now.utc);
            let seconds = (by.num_milliseconds() as f64 / 1000.0).round() as i64;
            (format!("clock stepped {seconds:+} s"), Fact::ClockStepped { by_ms: by.num_milliseconds() })
        }
    };
    room.live.jumped = Some((now, says));
    let r = &mut room.revision;
    for counter in [&mut r.services, &mut r.metrics, &mut r.header, &mut r.times] {
        *counter += 1;
    }
    if matches!(room.live.watch, Watch::Me { .. }) && !room.me.read_only {
        return vec![Effect::Append(vec![super::decide::draft(&room.me.author, fact)])];
    }
    Vec::new()
}

/// Nothing known is younger than the sleep.
fn stale(room: &mut Room, why: &str) {
    let now = room.now;
    for live in room.live.services.iter_mut().filter(|live| live.state != ServiceState::Maintenance) {
        if live.state != ServiceState::Stale {
            live.state = ServiceState::Stale;
            live.since = now;
        }
        live.reason = format!("the machine {why}, not asked since");
        live.failures = 0;
    }
    for live in &mut room.live.metrics {
        live.fresh = None;
        live.stale = true;
        live.holds = None;
        live.since = now;
    }
    for count in room.live.slos.iter_mut().flat_map(|slo| &mut slo.counts) {
        count.fresh = None;
    }
}

/// Points that lie in the future of a clock that was set back would keep every new one out.
fn set_back(room: &mut Room, utc: DateTime<Utc>) {
    for live in &mut room.live.services {
        live.latency.forget_after(utc);
        live.passes.forget_after(utc);
    }
    for live in &mut room.live.metrics {
        let newest = live.series.last().map(|p| p.at);
        live.series.forget_after(utc);
        // What was measured before that is not what is true now.
        if live.series.last().map(|p| p.at) != newest {
            (live.fresh, live.stale, live.holds) = (None, true, None);
            live.since = room.now;
        }
    }
}

impl Room {
    /// The last jump of this machine's clocks, while it is news.
    pub fn clock_trouble(&self) -> Option<&str> {
        let (at, says) = self.live.jumped.as_ref()?;
        (self.now.since(*at) < SHOWN * self.speed).then_some(says.as_str())
    }

    /// For how long somebody has had the chance to act on something since a moment: a sleep and a step of the clock are no
    /// chance.
    pub fn waited(&self, since: DateTime<Utc>) -> Duration {
        let since = self.live.awake.map_or(since, |awake| since.max(awake));
        (self.now.utc - since).max(TimeDelta::zero()).to_std().unwrap_or_default()
    }
}
