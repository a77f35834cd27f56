//! What we tell others afterwards: the runbook as it was executed.

mod executed;
mod lines;
mod said;
mod way_back;

pub use executed::{Executed, Lost, ReportError, Rest, Variant, executed, without_additions};
pub use said::of_gate;
