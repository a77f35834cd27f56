//! A sample or the passing of time changes what is measured; state changes come back as facts to record.

use super::{Effect, Room};
use crate::clock::Now;
use crate::probe::Sample;

/// Takes one sample in.
pub fn observe(room: &mut Room, sample: Sample) -> Vec<Effect> {
    let _ = (room, sample);
    Vec::new()
}

/// Lets time pass: what was not answered goes stale, what must hold for a while has held longer.
pub fn tick(room: &mut Room, now: Now) -> Vec<Effect> {
    room.now = now;
    Vec::new()
}
