//! The heartbeat: a call that goes out only right after an evaluation, so that it stops when nobody judges any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::send::Post;
use crate::plan::HeartbeatPlan;
use crate::task::{self, Task};

/// Whoever wants it less often gets it this often: a clock does not count to the end of time.
const LONGEST: Duration = Duration::from_hours(24);

/// Who is called, and when next.
#[derive(Debug, Default)]
pub(super) struct Heart {
    plan: Option<HeartbeatPlan>,
    due: Option<Instant>,
    /// Whether evaluations count now: what was said before it was due is forgotten first.
    armed: bool,
    calling: Option<Task>,
}

impl Heart {
    /// Another plan; the next call of the same keeps its time.
    pub(super) fn set(&mut self, plan: Option<HeartbeatPlan>, now: Instant) {
        if plan != self.plan {
            self.due = plan.is_some().then_some(now);
            self.armed = true;
            self.plan = plan;
        }
    }

    /// When an evaluation means something again, as long as it means nothing.
    pub(super) fn sleeps_until(&self) -> Option<Instant> {
        self.due.filter(|_| !self.armed)
    }

    /// Whether an evaluation leads to a call now; `forget` is called once before, for those that were said too early.
    pub(super) fn listens(&mut self, now: Instant, forget: impl FnOnce()) -> bool {
        if !self.armed && self.due.is_some_and(|due| due <= now) {
            self.armed = true;
            forget();
        }
        self.armed && self.due.is_some()
    }

    /// An evaluation was made after the call was due.
    pub(super) fn beaten(&mut self, post: Option<&Arc<Post>>, now: Instant) {
        let (Some(plan), Some(post)) = (&self.plan, post) else { return };
        self.due = Some(now + plan.every.min(LONGEST));
        self.armed = false;
        if self.calling.as_ref().is_some_and(|call| !call.is_finished()) {
            return;
        }
        let (post, url) = (Arc::clone(post), plan.url.clone());
        let call = async move {
            if let Err(why) = post.call(&url).await {
                tracing::warn!("the heartbeat was not taken: {why}");
            }
        };
        let failed = |panic: task::Panic| tracing::error!(task = %panic.task, "{}", panic.message);
        self.calling = Some(task::spawn("heartbeat", call, failed));
    }
}
