//! Samples on their way: what is asked, what came back from the pollers or from the tape, and what goes onto the tape.

use std::time::Duration;

use super::Desk;
use crate::fact::Fact;
use crate::journal::{self, TapedSample};
use crate::poll;
use crate::probe::{self, Sample, ServiceIx};
use crate::room::{self, Watch};
use crate::text::Untrusted;

/// Samples that wait for room on the lane to the tape at most.
const WAITING: usize = 8_192;

impl Desk {
    /// Something from the pollers. True when it should be seen at once.
    pub fn on_poll(&mut self, event: poll::Event) -> bool {
        self.room.now = self.now();
        match event {
            poll::Event::Samples(samples) => {
                let watch = matches!(self.room.live.watch, Watch::Me { .. });
                if watch {
                    let plan = &self.room.plan;
                    self.to_tape.extend(samples.iter().flat_map(|sample| {
                        journal::to_tape(
                            sample,
                            |ix| plan.services.get(ix.0 as usize).map(|s| s.name.as_str()),
                            |ix| plan.taped_name(ix),
                        )
                    }));
                }
                let effects = room::observe::observe_all(&mut self.room, samples);
                self.flush_tape();
                self.perform(effects)
            }
            poll::Event::Pulse(pulse) => {
                room::observe::pulse(&mut self.room, pulse);
                false
            }
            poll::Event::Silenced(silence, outcome) => {
                if let Some(fact) = self.room.end_silence(silence, outcome) {
                    self.append(vec![room::decide::draft(&self.room.me.author, fact)]);
                }
                true
            }
            poll::Event::TaskFailed(task, message) => {
                let fact = Fact::TaskFailed { task, message: Untrusted::new(message) };
                if matches!(self.room.live.watch, Watch::Me { .. }) {
                    self.append(vec![room::decide::draft(&self.room.me.author, fact)]);
                }
                true
            }
        }
    }

    /// Samples go to the tape in batches; when its lane is full the oldest wait, and beyond [`WAITING`] are dropped.
    pub(super) fn flush_tape(&mut self) {
        if self.to_tape.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.to_tape);
        if let Err(back) = self.journal.ask(journal::Ask::Tape(batch))
            && let journal::Ask::Tape(batch) = *back
        {
            self.to_tape = batch;
            let over = self.to_tape.len().saturating_sub(WAITING);
            self.to_tape.drain(..over);
        }
    }

    /// Gives a taped sample this plan's indices and this process's clock.
    pub(super) fn untape(&self, taped: TapedSample) -> Option<Sample> {
        let TapedSample { name, mut sample } = taped;
        let now = self.room.now;
        let old = (now.utc - sample.at.utc).to_std().unwrap_or(Duration::ZERO);
        sample.at.mono = now.mono.saturating_sub(old);
        match &mut sample.reading {
            probe::Reading::Service(reading) => {
                let ix = self.room.plan.services.iter().position(|s| s.name == name)?;
                reading.service = ServiceIx(ix as u32);
            }
            probe::Reading::Metrics(_) if name == journal::ASKED => {
                sample.reading = probe::Reading::Rules(Vec::new());
            }
            probe::Reading::Metrics(readings) => {
                let ix = self.room.plan.taped(&name)?;
                for r in readings.iter_mut() {
                    r.metric = ix;
                }
            }
            probe::Reading::Backfill(_) | probe::Reading::Rules(_) | probe::Reading::Alerts(_) => return None,
        }
        Some(sample)
    }

    /// Hands the probes over at the pace of the windows in force.
    pub(super) fn poll_now(&mut self) {
        self.paced = self.room.live.pace;
        self.poll.ask(poll::Ask::Set(self.room.probes(), self.room.plan.masks.clone()));
    }

    /// The probes of the plan in force are what is asked from now on, where this process asks.
    pub(super) fn poll_anew(&mut self) {
        if matches!(self.room.live.watch, Watch::Me { .. } | Watch::Nobody) {
            self.poll_now();
        }
    }
}
