//! The journal's thread.

use super::place::Mode;
use super::{Event, JournalError, Options, Order};
use std::sync::mpsc::{Receiver, SyncSender};
use tokio::sync::mpsc;

pub struct Keeper;

impl Keeper {
    pub fn new(
        _options: &Options,
        _mode: Mode,
        _out: mpsc::Sender<Event>,
        _tx: SyncSender<Order>,
        _tape: SyncSender<Order>,
    ) -> Result<Self, JournalError> {
        Ok(Self)
    }
    pub fn run(self, _rx: &Receiver<Order>) {}
}
