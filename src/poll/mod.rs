//! Looking: one scheduler starts together what is due; each probe is alone with its deadline.

use crate::probe::{Probe, Sample};
use tokio::sync::mpsc;

/// What the pollers tell the loop.
#[derive(Debug)]
pub enum Event {
    /// Answers that came in the same slot.
    Samples(Vec<Sample>),
    /// A probe's task broke (a panic) and will be started again: its name, how.
    TaskFailed(String, String),
}

/// A handle to the pollers' thread.
#[derive(Clone, Debug)]
pub struct Poll {
    tx: mpsc::Sender<Ask>,
}

/// What the loop asks of the pollers.
#[derive(Debug)]
pub enum Ask {
    /// Poll these from now on, instead of what was polled; an empty list stops.
    Set(Vec<Probe>),
}

impl Poll {
    /// Hands something to the pollers' thread; false when the lane is full.
    pub fn ask(&self, ask: Ask) -> bool {
        self.tx.try_send(ask).is_ok()
    }
}
