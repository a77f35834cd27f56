//! The tape's thread: the watch lease, samples onto the tape, and from it to those who do not watch.

use super::place::Mode;
use super::{Event, Options, Order};
use std::sync::mpsc::{Receiver, SyncSender};
use tokio::sync::mpsc;

pub struct WatchThread;

impl WatchThread {
    pub fn new(_options: &Options, _mode: Mode, _out: mpsc::Sender<Event>, _tx: SyncSender<Order>) -> Self {
        Self
    }
    pub fn run(self, rx: &Receiver<Order>) {
        while let Ok(o) = rx.recv() {
            if let Order::Stop(done) = o {
                let _ = done.try_send(());
                return;
            }
        }
    }
}
