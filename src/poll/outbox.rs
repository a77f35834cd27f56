//! The lane to the loop: sent at once when there is room, else the newest sample of each probe waits its turn.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::mpsc::{Sender, error::TrySendError};

use super::Event;
use crate::probe::{ProbeId, Pulse, Reading, Sample};

/// Panics worth telling when the loop has not listened for long; older ones are dropped.
const FAILURES: usize = 64;

/// What waits to be sent. Its memory is bounded by the number of probes.
#[derive(Debug)]
pub(super) struct Outbox {
    lane: Sender<Event>,
    batch: Vec<Sample>,
    /// What did not fit: the newest of each kind per probe. A backfill and what rules gave are told apart so that a later
    /// value does not replace them.
    late: BTreeMap<(ProbeId, u8), Sample>,
    failures: VecDeque<(String, String)>,
}

/// The loop has gone.
#[derive(Debug)]
pub(super) struct Gone;

impl Outbox {
    pub(super) fn new(lane: Sender<Event>) -> Self {
        Self { lane, batch: Vec::new(), late: BTreeMap::new(), failures: VecDeque::new() }
    }

    /// The lane, for what waits for room by itself.
    pub(super) fn lane(&self) -> Sender<Event> {
        self.lane.clone()
    }

    pub(super) fn sample(&mut self, sample: Sample) {
        self.batch.push(sample);
    }

    pub(super) fn failure(&mut self, task: String, message: String) {
        if self.failures.len() >= FAILURES {
            self.failures.pop_front();
        }
        self.failures.push_back((task, message));
    }

    /// Says how polling goes, where there is room; whether there was.
    pub(super) fn pulse(&mut self, pulse: Pulse) -> bool {
        self.lane.try_send(Event::Pulse(pulse)).is_ok()
    }

    /// Forgets samples: their probes are not asked any more.
    pub(super) fn forget(&mut self) {
        self.batch.clear();
        self.late.clear();
    }

    /// Whether something waits.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.late.is_empty() && self.failures.is_empty()
    }

    /// Sends what waits, as far as there is room.
    pub(super) fn flush(&mut self) -> Result<(), Gone> {
        while let Some((task, message)) = self.failures.pop_front() {
            match self.lane.try_send(Event::TaskFailed(task, message)) {
                Ok(()) => {}
                Err(TrySendError::Full(Event::TaskFailed(task, message))) => {
                    self.failures.push_front((task, message));
                    break;
                }
                Err(_) => return Err(Gone),
            }
        }
        if self.batch.is_empty() && self.late.is_empty() {
            return Ok(());
        }
        let mut samples = std::mem::take(&mut self.batch);
        if !self.late.is_empty() {
            for sample in samples.drain(..) {
                self.keep(sample);
            }
            samples.extend(std::mem::take(&mut self.late).into_values());
        }
        match self.lane.try_send(Event::Samples(samples)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Event::Samples(samples))) => {
                for sample in samples {
                    self.keep(sample);
                }
                Ok(())
            }
            Err(_) => Err(Gone),
        }
    }

    fn keep(&mut self, sample: Sample) {
        let kind = match sample.reading {
            Reading::Backfill(_) => 1,
            Reading::Rules(_) => 2,
            Reading::Service(_) | Reading::Metrics(_) | Reading::Alerts(_) => 0,
        };
        self.late.insert((sample.probe, kind), sample);
    }
}
