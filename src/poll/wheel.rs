//! The schedule, without a clock: who is due in which slot of 20 ms and more, on an absolute beat with a fixed phase per name.

use std::collections::BTreeMap;
use std::time::Duration;

/// What is due within the same slot starts together: one wake-up for many askings instead of one each.
pub const SLOT: Duration = Duration::from_millis(20);

/// So many share a slot where it may be wider: a wake-up of loop, tape and pollers costs as much as several askings.
const TOGETHER: u32 = 64;
/// A slot is at most this part of the interval. Nobody is asked less often for it; only phases lie closer together.
const PART: u32 = 16;

/// Whom the wheel wakes.
pub type Key = u32;

/// Slots in order of time. Times are those since the wheel's own beginning.
#[derive(Debug, Default)]
pub struct Wheel {
    slots: BTreeMap<u64, Vec<Turn>>,
    /// How many are on the wheel.
    turns: u32,
    /// Emptied slots, to be filled again.
    spare: Vec<Vec<Turn>>,
}

/// One asking to come.
#[derive(Clone, Copy, Debug)]
struct Turn {
    key: Key,
    due: Duration,
    beat: Beat,
}

/// When somebody is due: at `phase`, and every `every` after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Less than `every`.
    pub phase: Duration,
    /// At least [`SLOT`].
    pub every: Duration,
}

impl Beat {
    /// The beat of a name: its phase is spread over the interval by a hash of the name, so it is the same after every start
    /// and does not depend on who else is asked.
    pub fn of(name: &str, every: Duration) -> Self {
        let every = every.max(SLOT);
        let share = spread(name);
        Self { phase: every.mul_f64(share).min(every.saturating_sub(Duration::from_nanos(1))), every }
    }

    /// The first due time after `now`; at `now` itself it is the next one's turn.
    pub fn after(self, now: Duration) -> Duration {
        let Some(since) = now.checked_sub(self.phase) else { return self.phase };
        let every = self.every.as_nanos().max(1);
        let beats = since.as_nanos() / every + 1;
        self.phase + Duration::from_nanos(u64::try_from(beats * every).unwrap_or(u64::MAX))
    }

    /// The slot in which a `due` time of this beat is asked with `turns` on the wheel: its own or, together with others, that of
    /// the wider one its phase falls into; the beat stays as even. Wide slots hold about [`TOGETHER`]; were they to hold more,
    /// the last of a burst would be measured slow.
    fn slot_of(self, due: Duration, turns: u32) -> u64 {
        let width = (self.every * TOGETHER / turns.max(1)).min(self.every / PART);
        let early = if width < 2 * SLOT { 0 } else { self.phase.as_nanos() % width.as_nanos() };
        slot_of(due.saturating_sub(Duration::from_nanos(u64::try_from(early).unwrap_or_default())))
    }
}

/// A share of an interval, from 0 to below 1, by the name alone (FNV-1a, then mixed as in `MurmurHash3`'s finalizer).
pub fn spread(name: &str) -> f64 {
    let mut h = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^= h >> 33;
    (h >> 11) as f64 / (1_u64 << 53) as f64
}

impl Wheel {
    /// Nobody is due.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts somebody on the wheel: at their beat from `now` on and, with `first`, once before.
    pub fn insert(&mut self, key: Key, beat: Beat, now: Duration, first: Option<Duration>) {
        self.turns += 1;
        match first {
            Some(due) => self.put(slot_of(due), Turn { key, due, beat }),
            None => self.put_back(Turn { key, due: beat.after(now), beat }),
        }
    }

    /// Forgets everybody.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.turns = 0;
    }

    /// When the next slot begins that somebody is due in.
    pub fn next_due(&self) -> Option<Duration> {
        self.slots.first_key_value().map(|(slot, _)| SLOT * u32::try_from(*slot).unwrap_or(u32::MAX))
    }

    /// Everybody due at `now`, once each, and puts them back for their next beat. Beats missed meanwhile are skipped; who is
    /// late by a whole interval or more is skipped altogether, so that no pause ends in a burst.
    pub fn due(&mut self, now: Duration, out: &mut Vec<Key>) {
        let current = slot_of(now);
        while let Some(entry) = self.slots.first_entry() {
            if *entry.key() > current {
                break;
            }
            let mut turns = entry.remove();
            for turn in turns.drain(..) {
                let asked = now.saturating_sub(turn.due) < turn.beat.every;
                if asked {
                    out.push(turn.key);
                }
                // A slot begins before the exact due time: count from whichever is later.
                let mut due = turn.beat.after(now.max(turn.due));
                if asked && turn.beat.slot_of(due, self.turns) <= current {
                    due += turn.beat.every;
                }
                self.put_back(Turn { due, ..turn });
            }
            self.spare.push(turns);
        }
    }

    fn put_back(&mut self, turn: Turn) {
        self.put(turn.beat.slot_of(turn.due, self.turns), turn);
    }

    fn put(&mut self, slot: u64, turn: Turn) {
        let spare = &mut self.spare;
        self.slots.entry(slot).or_insert_with(|| spare.pop().unwrap_or_default()).push(turn);
    }
}

fn slot_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() / SLOT.as_nanos()).unwrap_or(u64::MAX)
}
