//! The lane back to the loop: while it is full the newest report of each notice waits.

use std::collections::{HashMap, VecDeque};

use tokio::sync::mpsc::{Sender, error::TrySendError};
use uuid::Uuid;

use crate::notice::{Delivery, Told};

/// Reports on their way. Bounded by the notices known to the outboxes.
#[derive(Debug)]
pub(super) struct Reports {
    lane: Sender<Told>,
    late: HashMap<Uuid, Delivery>,
    order: VecDeque<Uuid>,
}

/// The loop has gone.
#[derive(Debug)]
pub(super) struct Gone;

impl Reports {
    pub(super) fn new(lane: Sender<Told>) -> Self {
        Self { lane, late: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn put(&mut self, id: Uuid, delivery: Delivery) {
        if self.late.insert(id, delivery).is_none() {
            self.order.push_back(id);
        }
    }

    /// Sends what waits, as far as there is room.
    pub(super) fn flush(&mut self) -> Result<(), Gone> {
        while let Some(id) = self.order.pop_front() {
            let Some(delivery) = self.late.remove(&id) else { continue };
            match self.lane.try_send(Told { id, delivery }) {
                Ok(()) => {}
                Err(TrySendError::Full(Told { id, delivery })) => {
                    self.late.insert(id, delivery);
                    self.order.push_front(id);
                    break;
                }
                Err(TrySendError::Closed(_)) => return Err(Gone),
            }
        }
        Ok(())
    }

    /// Whether something waits for room.
    pub(super) fn is_late(&self) -> bool {
        !self.order.is_empty()
    }
}
