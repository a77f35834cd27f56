//! The thread that tells: takes notices in, starts what is due, takes answers home, reports; it waits for nobody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::channel::{Channel, Ended};
use super::heart::Heart;
use super::outbox::{How, Report};
use super::reports::{Gone, Reports};
use super::send::Post;
use super::{Ask, Options, Setup};
use crate::notice::{Delivery, Notice, Told};
use crate::secret::Masks;

/// Room for tries on their way home; far more than can be on their way.
const ANSWERS: usize = 4_096;
/// How soon a full lane to the loop is looked at again.
const AGAIN: Duration = Duration::from_millis(50);
/// Who queues a notice says it within this; one that comes later may have been sent by somebody else.
const OWN: Duration = Duration::from_secs(2);
/// The shortest sleep: a timer has no finer steps.
const LEAST: Duration = Duration::from_millis(1);
/// A text over this is cut as it comes in, so that waiting costs little memory; receivers take less.
const HELD: usize = 64 * 1024;

struct Work {
    options: Options,
    post: Result<Arc<Post>, String>,
    channels: BTreeMap<Arc<str>, Channel>,
    /// Channels as they were, with what has to be said there still.
    parted: Vec<Channel>,
    masks: Masks,
    reports: Reports,
    heart: Heart,
    home: mpsc::Sender<Ended>,
    began: Instant,
    /// What the begin is called; older notices were queued before.
    begun: DateTime<Utc>,
}

/// Runs until nobody is left to tell for, or to report to.
pub(super) async fn run(
    setup: Setup,
    options: Options,
    mut asks: mpsc::Receiver<Ask>,
    mut beats: watch::Receiver<()>,
    lane: mpsc::Sender<Told>,
) {
    let (home, mut ended) = mpsc::channel(ANSWERS);
    let mut work = Work::new(options, lane, home);
    work.set(setup);
    let sleep = sleep_until(work.began);
    tokio::pin!(sleep);
    loop {
        let wake = work.next_wake();
        if let Some(wake) = wake {
            sleep.as_mut().reset(wake);
        }
        let listens = work.heart.listens(Instant::now(), || beats.mark_unchanged());
        tokio::select! {
            ask = asks.recv() => match ask {
                Some(ask) => work.take(ask),
                None => return,
            },
            Some(end) = ended.recv() => work.end(end),
            Ok(()) = beats.changed(), if listens => work.heart.beaten(work.post.as_ref().ok(), Instant::now()),
            () = &mut sleep, if wake.is_some() => {}
        }
        while let Ok(ask) = asks.try_recv() {
            work.take(ask);
        }
        while let Ok(end) = ended.try_recv() {
            work.end(end);
        }
        work.start_due();
        if work.reports.flush().is_err_and(|Gone| true) {
            return;
        }
    }
}

impl Work {
    fn new(options: Options, lane: mpsc::Sender<Told>, home: mpsc::Sender<Ended>) -> Self {
        let post = Post::new(&options.user_agent, options.shim.clone(), options.trust.clone()).map(Arc::new);
        let began = Instant::now();
        let begun = options.pace.now(began.into_std(), utc()).utc;
        Self {
            options,
            post,
            channels: BTreeMap::new(),
            parted: Vec::new(),
            masks: Masks::default(),
            reports: Reports::new(lane),
            heart: Heart::default(),
            home,
            began,
            begun,
        }
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Say(notice) => self.say(*notice),
            Ask::Set(setup) => self.set(*setup),
        }
    }

    fn say(&mut self, notice: Notice) {
        let (id, now) = (notice.id, self.time());
        // From before this start, or from another process that told for the room until just now.
        let age = (self.called(now) - notice.at).abs().to_std().unwrap_or_default();
        let earlier = notice.at < self.begun || age > OWN;
        let Some(channel) = self.channels.get_mut(notice.channel.as_str()) else {
            let why = "the plan has no channel of this name".to_owned();
            self.reports.put(id, Delivery::Refused { tries: 0, why });
            return;
        };
        let notice = held(notice, &self.masks);
        let report = channel.outbox.put(Arc::new(notice), earlier, now);
        self.report(report);
    }

    fn set(&mut self, setup: Setup) {
        let now = self.time();
        self.masks = setup.masks;
        let mut old = std::mem::take(&mut self.channels);
        for notice in setup.partings {
            let Some(channel) = old.get(notice.channel.as_str()) else { continue };
            let place = self.parted.iter().position(|parted| parted.leads_as(channel)).unwrap_or(self.parted.len());
            if place == self.parted.len() {
                self.parted.push(channel.as_it_was());
            }
            let report = self.parted.get_mut(place).and_then(|parted| parted.outbox.put(Arc::new(notice), true, now));
            self.report(report);
        }
        for plan in &setup.channels {
            if let Ok(post) = &self.post {
                post.prepare(&plan.way);
            }
            let name: Arc<str> = Arc::from(plan.name.as_str());
            let channel = match old.remove(&name) {
                Some(mut channel) => {
                    channel.set(plan, &self.masks, now);
                    channel
                }
                None => Channel::new(plan, &self.masks),
            };
            self.channels.insert(name, channel);
        }
        for mut gone in old.into_values() {
            let reports = gone.outbox.close("the plan has this channel no more");
            self.report(reports);
        }
        self.heart.set(setup.heartbeat, Instant::now());
    }

    fn end(&mut self, (name, flight, answer, passed): Ended) {
        let now = self.time();
        // A channel that is gone has reported all it had; another may have its name by now.
        let channel = self.channels.get_mut(&name).filter(|channel| channel.is(&name));
        let Some(channel) = channel.or_else(|| self.parted.iter_mut().find(|channel| channel.is(&name))) else {
            return;
        };
        let reports = channel.outbox.done(flight, answer, passed, now, jitter());
        self.report(reports);
    }

    fn start_due(&mut self) {
        let now = self.time();
        let mut reports = Vec::new();
        self.parted.retain(|channel| !channel.outbox.is_empty());
        for channel in self.channels.values_mut().chain(&mut self.parted) {
            reports.extend(channel.outbox.expire(now, jitter()));
            while let Some(parcel) = channel.outbox.take(now) {
                channel.launch(parcel, self.post.as_ref(), &self.home);
            }
        }
        self.report(reports);
    }

    fn report(&mut self, reports: impl IntoIterator<Item = Report>) {
        for Report { id, how } in reports {
            let delivery = match how {
                How::Delivered(tries) => Delivery::Delivered { tries },
                How::Refused(tries, why) => Delivery::Refused { tries, why },
                How::Trying(tries, why, at) => Delivery::Trying { tries, why, again: self.called(at) },
            };
            self.reports.put(id, delivery);
        }
    }

    fn next_wake(&self) -> Option<Instant> {
        let now = Instant::now();
        let soon = now + LEAST;
        let due = self.channels.values().chain(&self.parted).filter_map(|channel| channel.outbox.next()).min();
        let due = due.map(|due| (self.began + due).max(soon));
        let late = self.reports.is_late().then_some(now + AGAIN);
        [due, late, self.heart.sleeps_until()].into_iter().flatten().min()
    }

    /// What a moment of the outboxes is called in the room.
    fn called(&self, at: Duration) -> DateTime<Utc> {
        let now = Instant::now();
        let left = (self.began + at).saturating_duration_since(now);
        self.options.pace.now(now.into_std(), utc()).plus(left * self.options.pace.speed()).utc
    }

    fn time(&self) -> Duration {
        self.began.elapsed()
    }
}

/// The notice without what nobody would take of it: masked before it is cut, as a cut could tear a secret in two.
fn held(mut notice: Notice, masks: &Masks) -> Notice {
    let mut left = HELD;
    let long = |text: &str, left: usize| text.len() > left;
    if long(notice.summary.raw(), HELD) {
        notice.summary = super::plain::cut(&masks.masked(notice.summary.raw()), HELD / 4).into();
    }
    for (word, value) in &mut notice.details {
        if word.len() > HELD / 64 {
            *word = super::plain::cut(&masks.masked(word), HELD / 256);
        }
        if long(value.raw(), left) {
            *value = super::plain::cut(&masks.masked(value.raw()), left / 4).into();
        }
        left = left.saturating_sub(word.len() + value.raw().len());
    }
    notice
}

/// From 0 to 1.
fn jitter() -> f64 {
    // Its low half is random.
    let (_, low) = Uuid::new_v4().as_u64_pair();
    (low & 0xffff_ffff) as f64 / f64::from(u32::MAX)
}

fn utc() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "the edge that reads the clock")]
    Utc::now()
}
