//! One channel at work: its outbox, and a task for each try.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::answer::{Answer, Reached};
use super::outbox::{Manner, Outbox, Over, Parcel};
use super::send::{Post, Target};
use crate::plan::{NotifyPlan, Way};
use crate::secret::Masks;
use crate::task::{self, Task};

/// Requests of one channel at the same time. PagerDuty takes 120 a minute for each key.
const REQUESTS: usize = 8;
/// Commands of one channel at the same time.
const COMMANDS: usize = 2;

/// A try that has ended: the channel, the flight, how, and the messages that were taken.
pub(super) type Ended = (Arc<str>, u64, Answer, usize);

/// A channel by its name.
#[derive(Debug)]
pub(super) struct Channel {
    name: Arc<str>,
    pub(super) outbox: Outbox,
    target: Arc<Target>,
    tries: HashMap<u64, Task>,
}

impl Channel {
    pub(super) fn new(plan: &NotifyPlan, masks: &Masks) -> Self {
        Self {
            name: Arc::from(plan.name.as_str()),
            outbox: Outbox::new(manner(&plan.way)),
            target: Arc::new(Target::new(plan.way.clone(), masks)),
            tries: HashMap::new(),
        }
    }

    /// Another one that leads where this one leads now, and stays so.
    pub(super) fn as_it_was(&self) -> Self {
        Self {
            name: Arc::from(&*self.name),
            outbox: Outbox::new(manner(&self.target.way)),
            target: Arc::clone(&self.target),
            tries: HashMap::new(),
        }
    }

    /// Whether both lead to the same place.
    pub(super) fn leads_as(&self, other: &Self) -> bool {
        self.target.way == other.target.way
    }

    /// Whether this very channel started a try, and not one of the same name before it.
    pub(super) fn is(&self, name: &Arc<str>) -> bool {
        Arc::ptr_eq(&self.name, name)
    }

    /// The same channel as another plan has it; what waits stays.
    pub(super) fn set(&mut self, plan: &NotifyPlan, masks: &Masks, now: Duration) {
        if self.target.way != plan.way {
            self.outbox.moved(manner(&plan.way), now);
        }
        self.target = Arc::new(Target::new(plan.way.clone(), masks));
    }

    /// Starts a try.
    pub(super) fn launch(&mut self, parcel: Parcel, post: Result<&Arc<Post>, &String>, home: &mpsc::Sender<Ended>) {
        let (flight, passed) = (parcel.flight, parcel.passed);
        let (name, home, lost) = (Arc::clone(&self.name), home.clone(), home.clone());
        let post = match post {
            Ok(post) => Arc::clone(post),
            Err(why) => {
                // The lane has room for all that can be on their way.
                let _ =
                    home.try_send((name, flight, Answer::Failed { why: why.clone(), reached: Reached::No }, passed));
                return;
            }
        };
        let target = Arc::clone(&self.target);
        let broken = Arc::clone(&name);
        let sending = async move {
            let (answer, passed) = post.send(&target, &parcel).await;
            // Fails only when nobody tells any more.
            let _ = home.send((name, flight, answer, passed)).await;
        };
        let on_panic = move |panic: task::Panic| {
            let why = format!("the try itself broke: {}", panic.message);
            let _ = lost.try_send((broken, flight, Answer::Failed { why, reached: Reached::Maybe }, passed));
        };
        self.tries.retain(|_, task| !task.is_finished());
        self.tries.insert(flight, task::spawn(format!("tell {}", self.name), sending, on_panic));
    }
}

fn manner(way: &Way) -> Manner {
    match way {
        Way::PagerDuty { .. } => Manner::Each { flights: REQUESTS, over: Over::Folded },
        Way::Slack { .. } => Manner::Together,
        Way::Webhook { .. } => Manner::Each { flights: REQUESTS, over: Over::Told },
        Way::Command { .. } => Manner::Each { flights: COMMANDS, over: Over::Told },
    }
}
