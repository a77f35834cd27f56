//! The healthy time of a gate: it runs only while every criterion holds with data and somebody looks.

use std::time::Duration;

use crate::clock::Now;
use crate::fact::gate::Stand;
use crate::plan::decisions::OnBreach;

/// What a gate asks of its healthy time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What a breach does to it.
    pub on_breach: OnBreach,
    /// Without data for this long it begins anew.
    pub patience: Duration,
    /// Two looks further apart than this say nothing of the time between them.
    pub blink: Duration,
}

/// Healthy time so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dwell {
    /// How the criteria stood at the last look; none before the first.
    pub stand: Option<Stand>,
    /// Since when they stand so.
    pub since: Option<Now>,
    /// Healthy time with data.
    pub held: Duration,
    /// How often it began anew when there was some: a record of before does not stand any more.
    pub lost: u32,
    last: Option<Now>,
}

impl Dwell {
    /// Takes one look in. Looks come in order of time; one that is not later than the last only changes how it stands.
    pub fn step(&mut self, terms: &Terms, now: Now, stand: Stand) {
        let gap = self.last.map_or(Duration::ZERO, |last| now.since(last));
        // A stretch of time counts when both its ends held and it is short enough to have been seen.
        if self.stand == Some(Stand::Holds) && stand == Stand::Holds && gap <= terms.blink {
            self.held += gap;
        }
        if self.stand != Some(stand) {
            self.stand = Some(stand);
            self.since = Some(now);
        }
        self.last = Some(self.last.map_or(now, |last| if now.mono > last.mono { now } else { last }));
        let lost = match stand {
            Stand::Holds => gap > terms.patience.max(terms.blink),
            Stand::Blind => self.since.is_some_and(|since| now.since(since) >= terms.patience),
            Stand::Waiting => true,
            Stand::Broken => terms.on_breach == OnBreach::Reset,
        };
        if lost {
            self.reset();
        }
    }

    /// Healthy time that somebody else has seen, as of a moment.
    pub fn seeded(held: Duration, stand: Stand, now: Now) -> Self {
        Self { stand: Some(stand), since: Some(now), held, lost: 0, last: Some(now) }
    }

    /// Begins anew.
    pub fn reset(&mut self) {
        self.lost += u32::from(!self.held.is_zero());
        self.held = Duration::ZERO;
    }
}
