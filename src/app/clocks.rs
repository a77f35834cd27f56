//! The three clocks of this machine, read together.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::clock::jumps::Reading;

/// Clocks read within this were read together.
const TOGETHER: Duration = Duration::from_millis(50);

/// Wall, monotonic and boot clock as they are now; a clock that cannot be read stands at zero, and so never jumps.
#[expect(clippy::disallowed_methods, reason = "the edge that reads the clocks")]
pub fn read() -> Reading {
    let span = |id| clock_gettime(id).map(Duration::from).unwrap_or_default();
    let mut reading = Reading { mono: Duration::ZERO, boot: Duration::ZERO, utc: chrono::Utc::now() };
    // A process that was stopped between two of the clocks would see a jump where there was none: it reads them again.
    for _ in 0..3 {
        let mono = span(ClockId::CLOCK_MONOTONIC);
        reading = Reading { mono, boot: span(boot()), utc: chrono::Utc::now() };
        if span(ClockId::CLOCK_MONOTONIC).saturating_sub(mono) < TOGETHER {
            break;
        }
    }
    reading
}

#[cfg(target_os = "linux")]
fn boot() -> ClockId {
    ClockId::CLOCK_BOOTTIME
}

/// Elsewhere the monotonic clock has to do for both: a sleep then shows as a step of the wall clock.
#[cfg(not(target_os = "linux"))]
fn boot() -> ClockId {
    ClockId::CLOCK_MONOTONIC
}
