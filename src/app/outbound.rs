//! What goes out to people: what is queued in the record and not told yet is handed to the edge that tells, by the watch alone.

use std::collections::HashSet;

use uuid::Uuid;

use crate::fact::Fact;
use crate::notice::Notice;
use crate::room::{Room, Watch};
use crate::tell::{Setup, Tell};

/// The edge that tells, and what it was handed.
#[derive(Debug)]
pub struct Outbound {
    tell: Tell,
    said: HashSet<Uuid>,
    /// What was handed over of what channels left open where they led before.
    parted: HashSet<Uuid>,
    /// A setup that found no room on the lane.
    unset: bool,
}

impl Outbound {
    /// Nothing said yet.
    pub fn new(tell: Tell) -> Self {
        Self { tell, said: HashSet::new(), parted: HashSet::new(), unset: false }
    }

    /// This process is the watch, or the plan changed: tells by the plan from now on, and again what nobody was told of.
    pub fn begin(&mut self, room: &Room) {
        if !watches(room) {
            return;
        }
        self.unset = !self.set(room);
        self.said.clear();
        self.say_waiting(room);
    }

    fn set(&mut self, room: &Room) -> bool {
        let new = room.live.parting.iter().map(|parting| &parting.notice).filter(|n| !self.parted.contains(&n.id));
        let partings: Vec<Notice> = new.cloned().collect();
        let ids: Vec<Uuid> = partings.iter().map(|notice| notice.id).collect();
        let set = self.tell.set(Setup { partings, ..Setup::of(&room.plan) });
        if set {
            self.parted.extend(ids);
        }
        set
    }

    /// Another process is the watch: it tells.
    pub fn end(&mut self) {
        self.said.clear();
        self.unset = false;
        // A full lane ends with the process; what is told twice is folded by its key.
        let _ = self.tell.set(Setup::default());
    }

    /// Hands over what waits; what finds no room is handed over at the next tick. While the journal cannot write, what is to
    /// be told goes out before it is recorded: a page does not wait for a disk.
    pub fn say_waiting(&mut self, room: &Room) {
        if !watches(room) {
            return;
        }
        if self.unset {
            self.unset = !self.set(room);
        }
        for notice in room.progress.episodes.waiting() {
            if !self.said.contains(&notice.id) && self.tell.say(notice.clone()) {
                self.said.insert(notice.id);
            }
        }
        for unsaved in room.unsaved.values().filter(|u| u.trouble.is_some()) {
            if let Fact::NoticeQueued { notice } = &unsaved.draft.fact
                && !self.said.contains(&notice.id)
                && self.tell.say(notice.clone())
            {
                self.said.insert(notice.id);
            }
        }
    }

    /// A whole evaluation was made here: the heartbeat may go out.
    pub fn beat(&self, room: &Room) {
        if watches(room) {
            self.tell.beat();
        }
    }
}

fn watches(room: &Room) -> bool {
    matches!(room.live.watch, Watch::Me { .. }) && !room.me.read_only
}
