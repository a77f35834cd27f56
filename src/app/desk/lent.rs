//! The one run that is for a person: it waits until the screen has left the terminal, and ctrl-z makes it stand still.

use uuid::Uuid;

use super::Desk;
use crate::fact::RunVerdict;
use crate::proc::run::Place;
use crate::room::RunLive;
use crate::room::command::Planned;

/// A run for which the terminal is.
#[derive(Debug)]
pub(super) struct Lent {
    run: Uuid,
    /// Not begun yet: the terminal has to be left first.
    waits: Option<Planned>,
    /// It stands still, and the terminal is the war room's meanwhile.
    paused: bool,
}

impl Lent {
    /// Whether it is for this run.
    pub(super) fn is(&self, run: Uuid) -> bool {
        self.run == run
    }

    /// Whether it was not begun yet.
    pub(super) fn waits(&self) -> bool {
        self.waits.is_some()
    }
}

impl Desk {
    /// A run that is to have the terminal: the screen leaves it first. There is one terminal, so a second one does not start.
    pub(super) fn wait_for_terminal(&mut self, run: Uuid, planned: Planned) {
        if let Some(lent) = &self.runs.lent {
            let why = if lent.paused { "stands still and comes first: r shows it" } else { "has the terminal" };
            self.end_run(run, (RunVerdict::Fail, format!("not started: another command {why}")));
            return;
        }
        self.room.live.runs.insert(run, RunLive::default());
        self.runs.lent = Some(Lent { run, waits: Some(planned), paused: false });
    }

    /// The run that is to have the terminal now.
    pub fn wants_terminal(&self) -> Option<Uuid> {
        self.runs.lent.as_ref().filter(|lent| !lent.paused).map(|lent| lent.run)
    }

    /// The run that ctrl-z stopped, and its shim.
    pub fn paused_run(&self) -> Option<(Uuid, u32)> {
        let lent = self.runs.lent.as_ref().filter(|lent| lent.paused)?;
        Some((lent.run, self.room.live.runs.get(&lent.run)?.pid?))
    }

    /// The terminal was left: what waits for it begins.
    pub fn terminal_is_free(&mut self) {
        let Some(out) = self.runs.out.clone() else { return };
        let waiting = self.runs.lent.as_mut().and_then(|lent| Some((lent.run, lent.waits.take()?)));
        if let Some((run, planned)) = waiting {
            self.begin_at(run, planned, out, Place::Terminal);
        }
    }

    /// The run that stood still goes on, or it is not known yet that it stands still no more.
    pub fn unpause(&mut self) {
        if let Some(lent) = &mut self.runs.lent {
            lent.paused = false;
        }
    }

    /// The run stands still, or goes on again.
    pub fn stands_still(&mut self, run: Uuid, paused: bool) {
        if let Some(lent) = self.runs.lent.as_mut().filter(|lent| lent.is(run)) {
            lent.paused = paused;
        }
        self.room.live.runs.entry(run).or_default().paused = paused;
    }
}
