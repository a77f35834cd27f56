//! What we tell others afterwards: the runbook as it was executed.

mod clock;
mod executed;
mod lines;
mod said;
mod way_back;

pub use executed::{Executed, Lost, ReportError, Rest, Variant, executed, without_additions};
pub use said::of_gate;

use crate::fact::Fact;

/// Whether the executed runbook tells a fact that belongs to no step: notes on the room, what held the clock, what was decided of
/// gates and levels, and what was fired.
pub fn of_the_room(fact: &Fact) -> bool {
    let note = matches!(fact, Fact::Noted { step: None, .. });
    note || of_gate(fact).is_some() || clock::of_clock(fact).is_some() || way_back::of_way_back(fact).is_some()
}
