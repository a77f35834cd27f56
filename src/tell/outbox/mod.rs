//! What waits for one channel, in virtual time: order, retries, waits that were asked for, digests; it does nothing itself.
//!
//! A notice leaves only when the receiver took it, refused it for good, or took a later one of the same key that says more.
//! Of one key nothing is sent while another of it is on its way, so a resolve never overtakes its trigger, and after a resolve
//! was taken no trigger of its key goes out again. Times are spans since the outbox was made.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::answer::{Answer, Reached};
use super::backoff;
use crate::notice::{Action, Member, Notice, Severity};

mod ended;
mod next;
mod remembered;

use ended::behind;
use remembered::Remembered;

/// At most so many wait for one channel; what comes then is refused, which is reported.
pub const MOST: usize = 4_096;
/// The same for what wakes somebody: pages find room where notes do not.
pub const MOST_PAGES: usize = 4 * MOST;
/// Messages of a [`Manner::Together`] channel that may go out at once …
const BURST: u32 = 3;
/// … and the time until there is another. (Slack: one a second for each webhook; the rest is for the way there.)
const REFILL: Duration = Duration::from_millis(1_050);
/// Of these one goes after the other, as long as it is answered in this time: who asks for a wait is heard before the next.
const TURN_TOGETHER: Duration = Duration::from_secs(1);
/// The same for [`Manner::Each`], where a burst of pages has to be out within two seconds.
const TURN_EACH: Duration = Duration::from_millis(50);
/// Notices in one digest: 60 lines of 180 characters stay under what Slack takes.
pub const DIGEST: usize = 60;
/// A try that has not come back after this never will: every try has a shorter deadline of its own.
const LATE: Duration = Duration::from_secs(30);

/// How a channel likes its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// One for each notice, of different keys at the same time.
    Each {
        /// So many at the same time.
        flights: usize,
        /// What becomes of what was over before it could be told.
        over: Over,
    },
    /// At most three at once and one a second, several notices in one where more wait.
    Together,
}

/// What becomes of a trigger that surely never got there, when its resolve waits behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Both are told, one after the other.
    Told,
    /// Both are told in one message that wakes nobody.
    Folded,
}

/// What is to be sent now.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Names the try; given back with [`Outbox::done`].
    pub flight: u64,
    /// How it is put.
    pub form: Form,
    /// What it tells, in order.
    pub notices: Vec<Arc<Notice>>,
    /// Messages of its last notice that were taken by an earlier try (a test has two).
    pub passed: usize,
}

/// How a parcel is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its last notice; those before it say less.
    Last,
    /// It began and is over, and nobody was told before.
    Over,
    /// Several in one message.
    Digest,
}

/// How a notice stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub id: Uuid,
    /// How.
    pub how: How,
}

/// As [`crate::notice::Delivery`], in virtual time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The receiver took it, or one of the same key that says more; `tries` of its own.
    Delivered(u32),
    /// After so many tries and for this reason it is tried again then.
    Trying(u32, String, Duration),
    /// After so many tries and for this reason never again.
    Refused(u32, String),
}

/// What the receiver knows of a key.
#[derive(Clone, Debug)]
enum Known {
    /// A trigger may have got there.
    Maybe,
    /// A trigger was taken.
    Open,
    /// A resolve was taken.
    Closed,
    /// Its trigger was refused for good.
    Refused(String),
}

#[derive(Debug)]
struct Waiting {
    notice: Arc<Notice>,
    tries: u32,
    due: Duration,
    passed: usize,
    /// A message with others was refused; perhaps for this one.
    alone: bool,
    flight: Option<u64>,
}

/// What waits for one channel.
#[derive(Debug)]
pub struct Outbox {
    manner: Manner,
    /// In the order in which they were said.
    waiting: Vec<Waiting>,
    keys: Remembered<String, Known>,
    finished: Remembered<Uuid, How>,
    /// Tries on their way: name and begin.
    flights: Vec<(u64, Duration)>,
    next_flight: u64,
    /// Nothing is sent before.
    closed_until: Duration,
    closed_why: String,
    /// Refusals for being too many, in a row.
    strikes: u32,
    tokens: u32,
    filled: Duration,
}

/// The last of several of one key says more than those before it, but for the alerts that they name: it takes those over.
fn gather(notices: &mut [Arc<Notice>]) {
    let Some((last, before)) = notices.split_last_mut().filter(|(_, before)| !before.is_empty()) else { return };
    let mut named: Vec<Member> = Vec::new();
    for group in before.iter().chain([&*last]).filter_map(|notice| notice.group.as_ref()) {
        let new = group.members.iter().filter(|m| !named.iter().any(|known| known.episode == m.episode));
        named.extend(new.cloned().collect::<Vec<_>>());
    }
    if last.group.as_ref().is_some_and(|group| group.members.len() < named.len())
        && let Some(group) = &mut Arc::make_mut(last).group
    {
        group.members = named;
    }
}

impl Outbox {
    /// Nothing waits.
    pub fn new(manner: Manner) -> Self {
        Self {
            manner,
            waiting: Vec::new(),
            keys: Remembered::new(),
            finished: Remembered::new(),
            flights: Vec::new(),
            next_flight: 0,
            closed_until: Duration::ZERO,
            closed_why: String::new(),
            strikes: 0,
            tokens: BURST,
            filled: Duration::ZERO,
        }
    }

    /// Takes a notice in. One that is known is not taken twice; its end is reported again. `earlier` says that it was queued
    /// before this outbox was made, so that somebody else may have sent it.
    pub fn put(&mut self, notice: Arc<Notice>, earlier: bool, now: Duration) -> Option<Report> {
        let id = notice.id;
        if let Some(how) = self.finished.get(&id) {
            return Some(Report { id, how: how.clone() });
        }
        if self.waiting.iter().any(|w| w.notice.id == id) {
            return None;
        }
        let most = if notice.severity >= Severity::Page { MOST_PAGES } else { MOST };
        let known = self.keys.get(&notice.key);
        let how = match (notice.action, known) {
            (Action::Trigger | Action::Acknowledge | Action::Resolve, Some(Known::Closed)) => Some(How::Delivered(0)),
            (Action::Acknowledge | Action::Resolve, Some(Known::Refused(why))) if !self.has_trigger(&notice.key) => {
                Some(How::Refused(0, behind(why)))
            }
            _ if self.waiting.len() >= most => {
                Some(How::Refused(0, format!("{most} notices wait for this channel already")))
            }
            _ => None,
        };
        if let Some(how) = how {
            return Some(self.finish(id, how));
        }
        if earlier && known.is_none() {
            self.keys.put(notice.key.clone(), Known::Maybe);
        }
        self.waiting.push(Waiting { notice, tries: 0, due: now, passed: 0, alone: false, flight: None });
        let how = How::Trying(0, self.closed_why.clone(), self.closed_until);
        (self.closed_until > now).then_some(Report { id, how })
    }

    /// What is to be sent now; ask until there is nothing.
    pub fn take(&mut self, now: Duration) -> Option<Parcel> {
        self.refill(now);
        if self.opens().is_none_or(|at| now < at) {
            return None;
        }
        let (form, places) = match self.manner {
            Manner::Each { over, .. } => self.next_each(over, now)?,
            Manner::Together => {
                let next = self.next_together(now)?;
                self.tokens -= 1;
                next
            }
        };
        let flight = self.next_flight;
        self.next_flight += 1;
        self.flights.push((flight, now));
        let mut notices = Vec::with_capacity(places.len());
        let mut passed = 0;
        for place in places {
            if let Some(waiting) = self.waiting.get_mut(place) {
                waiting.flight = Some(flight);
                passed = waiting.passed;
                notices.push(Arc::clone(&waiting.notice));
            }
        }
        if form == Form::Last {
            gather(&mut notices);
        }
        Some(Parcel { flight, form, notices, passed })
    }

    /// How a try ended, with the messages of its parcel that were taken so far; `jitter` from 0 to 1.
    pub fn done(&mut self, flight: u64, answer: Answer, passed: usize, now: Duration, jitter: f64) -> Vec<Report> {
        let Some(at) = self.flights.iter().position(|(id, _)| *id == flight) else { return Vec::new() };
        self.flights.swap_remove(at);
        if self.manner == Manner::Together && self.tokens < BURST {
            // Counted from the end of the last, so that slow ones do not bunch up at the receiver.
            self.filled = now;
        }
        for waiting in self.waiting.iter_mut().filter(|w| w.flight == Some(flight)) {
            waiting.passed = waiting.passed.max(passed);
        }
        if now >= self.closed_until && !matches!(answer, Answer::Busy { .. }) {
            self.strikes = 0;
        }
        match answer {
            Answer::Took => self.took(flight),
            Answer::Refused { why, of } => self.refused(flight, &why, of, now),
            Answer::Busy { why, after } => {
                self.strikes = self.strikes.saturating_add(1);
                let wait = after.map_or_else(|| backoff::after_busy(self.strikes, jitter), backoff::asked);
                self.closed_until = self.closed_until.max(now + wait);
                self.busy_until(flight, why)
            }
            Answer::Failed { why, reached } => {
                if reached == Reached::Maybe {
                    self.may_know(flight);
                }
                self.again(flight, &why, |tries| now + backoff::after_failure(tries, jitter))
            }
        }
    }

    /// Gives up tries that never came back.
    pub fn expire(&mut self, now: Duration, jitter: f64) -> Vec<Report> {
        let late: Vec<u64> = self.flights.iter().filter(|(_, at)| *at + LATE <= now).map(|(id, _)| *id).collect();
        let why = "the try never came back";
        let answer = || Answer::Failed { why: why.to_owned(), reached: Reached::Maybe };
        late.into_iter().flat_map(|flight| self.done(flight, answer(), 0, now, jitter)).collect()
    }

    /// When to ask [`Outbox::take`] and [`Outbox::expire`] again; nothing while only answers are waited for.
    pub fn next(&self) -> Option<Duration> {
        let late = self.flights.iter().map(|(_, at)| *at + LATE).min();
        let due = self.heads().into_iter().filter_map(|place| self.waiting.get(place)).map(|w| w.due).min();
        let due = self.opens().and_then(|at| Some(due?.max(at)));
        match (due, late) {
            (Some(due), Some(late)) => Some(due.min(late)),
            (one, other) => one.or(other),
        }
    }

    /// The channel leads elsewhere now: waits and refusals of the old place mean nothing.
    pub fn moved(&mut self, manner: Manner, now: Duration) {
        self.manner = manner;
        (self.closed_until, self.strikes) = (Duration::ZERO, 0);
        self.keys.retain(|known| !matches!(known, Known::Refused(_)));
        for waiting in &mut self.waiting {
            waiting.due = waiting.due.min(now);
        }
    }

    /// The channel is gone: refuses everything.
    pub fn close(&mut self, why: &str) -> Vec<Report> {
        let waiting = std::mem::take(&mut self.waiting);
        let refused = |w: Waiting| self.finish(w.notice.id, How::Refused(w.tries, why.to_owned()));
        waiting.into_iter().map(refused).collect()
    }

    /// How many wait or are on their way.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
