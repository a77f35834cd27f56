//! The scheduler: starts what is due, takes answers home, sends them on; it waits for nobody.

use std::collections::{HashMap, VecDeque};
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use super::http::Clients;
use super::names::Names;
use super::outbox::{Gone, Outbox};
use super::target::{Target, Tools, no_data};
use super::tls::Tls;
use super::wheel::{Beat, Key, SLOT, Wheel, spread};
use super::{Ask, Event, Options, limits};
use crate::clock::Now;
use crate::probe::rules::SilenceThere;
use crate::probe::{self, Outcome, Probe, Pulse, Reading, Sample};
use crate::secret::Masks;
use crate::task::{self, Task};

/// Room for answers on their way home. A target has at most one, so this is a bound on targets that answer at the same moment.
const ANSWERS: usize = 65_536;
/// At the start each target adds this much to the time over which first askings are spread.
const START_GAP: Duration = Duration::from_millis(2);
/// Who is due by itself this soon is not asked out of turn at the start.
const SOON: Duration = Duration::from_millis(300);
/// Samples that are only other numbers go to the loop at most this often: a screen shows no more, the tape is written no more
/// often, and each time wakes two threads.
const NUMBERS: Duration = Duration::from_millis(100);
/// How polling goes is told at most this often, and only where samples are told.
const PULSE: Duration = Duration::from_secs(1);
/// How long after the next wake-up the pilot timer stands.
const PILOT: Duration = Duration::from_millis(5);
/// A broken probe rests this long, doubled each time it breaks again in a row …
const REST: Duration = Duration::from_millis(250);
/// … up to this.
const REST_MOST: Duration = Duration::from_secs(5);

/// What comes home from an asking: the target with what it learnt or, after a panic, what that said; its state is lost then.
type Answer = (Key, Result<Box<Target>, String>);
/// By what a probe is known again in another list.
type Who = (String, Discriminant<probe::Ask>);

/// Somebody on the list.
struct Entry {
    probe: Arc<Probe>,
    name: Arc<str>,
    /// Here, or on its way in `asking`.
    home: Option<Box<Target>>,
    asking: Option<Task>,
    /// The last outcome's kind, to tell a change from a mere number.
    was: Option<u8>,
    breaks: u32,
    rests_until: Duration,
}

struct Scheduler {
    options: Options,
    out: Outbox,
    answers: mpsc::Sender<Answer>,
    entries: HashMap<Key, Entry>,
    wheel: Wheel,
    tools: Arc<Tools>,
    budget: usize,
    /// How many are being asked.
    asking: usize,
    /// When what waits in the outbox is sent at the latest.
    send_at: Option<Duration>,
    /// When something was sent last.
    sent_at: Duration,
    next_key: Key,
    began: Instant,
    /// The silence that is being created.
    silencing: Option<Task>,
    pulse: Pulse,
    pulsed_at: Duration,
}

/// Runs until the loop has gone.
pub(super) async fn run(mut asks: mpsc::Receiver<Ask>, lane: mpsc::Sender<Event>, options: Options) {
    let (answers, mut home) = mpsc::channel(ANSWERS);
    let mut scheduler = Scheduler::new(options, lane, answers);
    let mut due = Vec::new();
    let mut taken = Vec::new();
    let sleep = sleep_until(scheduler.began);
    // tokio writes to its own wake-up descriptor for each timer that is set earlier than all it knew when it last slept: without
    // a timer just behind the next wake-up, that is one system call for the deadline of each probe started then.
    let pilot = sleep_until(scheduler.began);
    tokio::pin!(sleep, pilot);
    loop {
        let wake = scheduler.next_wake();
        if let Some(wake) = wake
            && sleep.deadline() != wake
        {
            sleep.as_mut().reset(wake);
            pilot.set(sleep_until(wake + PILOT));
        }
        tokio::select! {
            biased;
            ask = asks.recv() => match ask {
                Some(ask) => scheduler.take(ask),
                None => return,
            },
            _ = home.recv_many(&mut taken, 1_024) => {}
            () = &mut sleep, if wake.is_some() => {}
            // Never before `sleep`; asked so that it is set.
            () = &mut pilot, if wake.is_some() => {}
        }
        // Whoever has answered is at home before it is asked again.
        while let Ok(answer) = home.try_recv() {
            taken.push(answer);
        }
        let mut news = false;
        for answer in taken.drain(..) {
            news |= scheduler.take_home(answer);
        }
        scheduler.start_due(&mut due);
        if scheduler.send(news).is_err_and(|Gone| true) {
            return;
        }
    }
}

impl Scheduler {
    fn new(options: Options, lane: mpsc::Sender<Event>, answers: mpsc::Sender<Answer>) -> Self {
        let budget = limits::descriptors();
        let names = Names::start();
        let tools = Tools {
            clients: Clients::new(&names, &options.trust, &options.user_agent, true),
            names,
            tls: Tls::new(&options.trust),
            masks: Masks::default(),
            shim: options.shim.clone(),
            sockets: Arc::new(Semaphore::new(budget)),
        };
        Self {
            options,
            out: Outbox::new(lane),
            answers,
            entries: HashMap::new(),
            wheel: Wheel::new(),
            tools: Arc::new(tools),
            budget,
            asking: 0,
            send_at: None,
            sent_at: Duration::ZERO,
            next_key: 0,
            began: Instant::now(),
            silencing: None,
            pulse: Pulse::default(),
            pulsed_at: Duration::ZERO,
        }
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Set(probes, masks) => self.set(probes, masks),
            Ask::Silence(wanted) => self.silence(wanted),
            #[cfg(debug_assertions)]
            Ask::Break(name, fault) => {
                for entry in self.entries.values_mut().filter(|e| *e.name == *name) {
                    if let Some(target) = &mut entry.home {
                        target.fault = Some(fault);
                    }
                }
            }
        }
    }

    /// Creates a silence, beside the probes.
    fn silence(&mut self, wanted: SilenceThere) {
        let (lane, lost, id) = (self.out.lane(), self.out.lane(), wanted.silence);
        let clients = self.tools.clients.clone();
        let create = async move {
            let created = super::silence::create(clients, &wanted).await;
            // Fails only when the loop has gone.
            let _ = lane.send(Event::Silenced(id, created)).await;
        };
        let on_panic = move |_| {
            let _ = lost.try_send(Event::Silenced(id, Err("the sending itself broke".to_owned())));
        };
        self.silencing = Some(task::spawn("silence", create, on_panic));
    }

    /// Replaces the list. Who did not change stays as it is, even while it is being asked.
    fn set(&mut self, probes: Vec<Probe>, masks: Masks) {
        // With more targets than descriptors no connection can be kept.
        let keep = probes.len() + probes.len() / 8 <= self.budget;
        let clients = match &self.tools.clients {
            Ok(clients) if clients.keep == keep => Ok(clients.clone()),
            _ => Clients::new(&self.tools.names, &self.options.trust, &self.options.user_agent, keep),
        };
        let rebuilt = self.tools.clients.as_ref().is_ok_and(|c| c.keep != keep);
        if probes.iter().any(|p| matches!(p.ask, probe::Ask::Tls { .. })) {
            self.options.trust.prepare();
        }
        let (tls, names) = (self.tools.tls.clone(), self.tools.names.clone());
        let sockets = Arc::clone(&self.tools.sockets);
        self.tools = Arc::new(Tools { clients, names, tls, masks, shim: self.options.shim.clone(), sockets });

        let mut before: HashMap<Who, VecDeque<(Key, Entry)>> = HashMap::new();
        let mut old: Vec<(Key, Entry)> = self.entries.drain().collect();
        old.sort_by_key(|(key, _)| *key);
        for (key, entry) in old {
            let who = (entry.probe.name.clone(), discriminant(&entry.probe.ask));
            before.entry(who).or_default().push_back((key, entry));
        }
        self.wheel.clear();
        self.pulse = Pulse::default();
        self.out.forget();
        let at = self.time();
        let fresh = u32::try_from(probes.len()).unwrap_or(u32::MAX);
        for probe in probes {
            let was = before.get_mut(&(probe.name.clone(), discriminant(&probe.ask))).and_then(VecDeque::pop_front);
            let beat = Beat::of(&probe.name, self.options.pace.real(probe.every));
            let (key, entry, new) = match was {
                Some((key, entry)) if *entry.probe == probe && !rebuilt => (key, entry, false),
                was => {
                    let mut target = Box::new(Target::new(Arc::new(probe), &self.tools));
                    if let Some(old) = was.and_then(|(_, entry)| entry.home) {
                        target.adopt(*old);
                    }
                    self.next_key = self.next_key.wrapping_add(1);
                    (self.next_key, Entry::new(target), true)
                }
            };
            let span = (SLOT + START_GAP.saturating_mul(fresh)).min(beat.every);
            let early = at + span.mul_f64(spread(&entry.probe.name));
            let first = (new && beat.after(at) > at + SOON.max(span)).then_some(early);
            self.wheel.insert(key, beat, at, first);
            self.entries.insert(key, entry);
        }
        self.asking = self.entries.values().filter(|e| e.asking.is_some()).count();
    }

    /// Starts everybody due.
    fn start_due(&mut self, due: &mut Vec<Key>) {
        let at = self.time();
        let Some(next) = self.wheel.next_due().filter(|next| *next <= at) else { return };
        self.pulse.lag = self.pulse.lag.max(at.saturating_sub(next));
        self.wheel.due(at, due);
        let stamp = self.stamp();
        for key in due.drain(..) {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            if at < entry.rests_until {
                continue;
            }
            let Some(mut target) = entry.home.take() else {
                self.pulse.missed += 1;
                continue;
            };
            self.pulse.asked += 1;
            let (tools, home, lost) = (Arc::clone(&self.tools), self.answers.clone(), self.answers.clone());
            let asking = async move {
                let began = Instant::now();
                let (reading, past) = target.ask(&tools, stamp).await;
                let took = began.elapsed();
                let probe = target.probe.id;
                let sample = |reading| Sample { probe, at: stamp, took, reading };
                target.learnt = Some((sample(reading), past.map(sample)));
                // Fails only when the scheduler has gone.
                let _ = home.send((key, Ok(target))).await;
            };
            let on_panic = move |panic: task::Panic| {
                let _ = lost.try_send((key, Err(panic.message)));
            };
            entry.asking = Some(task::spawn(Arc::clone(&entry.name), asking, on_panic));
            self.asking += 1;
        }
    }

    /// Takes an answer in; true when it is news and not only another number.
    fn take_home(&mut self, (key, came): Answer) -> bool {
        let at = self.time();
        let pace = self.options.pace;
        // Answers of those who left the list are dropped.
        let Some(entry) = self.entries.get_mut(&key) else { return false };
        self.asking = self.asking.saturating_sub(1);
        entry.asking = None;
        let (sample, past) = match came {
            Ok(mut target) => {
                let learnt = target.learnt.take();
                entry.home = Some(target);
                entry.breaks = 0;
                let Some(learnt) = learnt else { return false };
                learnt
            }
            Err(message) => {
                entry.rests_until = at + REST_MOST.min(REST.saturating_mul(1 << entry.breaks.min(8)));
                entry.breaks += 1;
                entry.home = Some(Box::new(Target::new(Arc::clone(&entry.probe), &self.tools)));
                self.out.failure(format!("probe {}", entry.name), message);
                let reading = no_data(&entry.probe.ask, "the probe itself broke and is started again");
                let at = pace.now(Instant::now().into_std(), utc());
                (Sample { probe: entry.probe.id, at, took: Duration::ZERO, reading }, None)
            }
        };
        let kind = kind(&sample.reading);
        let news = entry.was.replace(kind) != Some(kind);
        if let Some(past) = past {
            self.out.sample(past);
        }
        self.out.sample(sample);
        news
    }

    /// Sends what was learnt: news at once; mere numbers when nobody is left to wait for, or at the end of the slot, but not
    /// twice within [`NUMBERS`].
    fn send(&mut self, news: bool) -> Result<(), Gone> {
        let at = self.time();
        let next = self.sent_at + self.options.pace.real(NUMBERS).max(SLOT);
        if news || (at >= next && (self.asking == 0 || self.send_at.is_some_and(|due| due <= at))) {
            self.out.flush()?;
            (self.sent_at, self.send_at) = (at, None);
            if at >= self.pulsed_at + self.options.pace.real(PULSE) && self.out.pulse(self.pulse) {
                self.pulse.lag = Duration::ZERO;
                self.pulsed_at = at;
            }
        }
        if self.out.is_empty() {
            self.send_at = None;
        } else if self.send_at.is_none() {
            let slots = at.as_nanos() / SLOT.as_nanos() + 1;
            self.send_at = Some(next.max(SLOT * u32::try_from(slots).unwrap_or(u32::MAX)));
        }
        Ok(())
    }

    /// When there is something to do without being told; `None` sleeps until somebody answers or asks.
    fn next_wake(&self) -> Option<Instant> {
        let next = match (self.wheel.next_due(), self.send_at) {
            (Some(due), Some(unsent)) => due.min(unsent),
            (Some(next), None) | (None, Some(next)) => next,
            (None, None) => return None,
        };
        Some(self.began + next)
    }

    /// What this moment is called.
    fn stamp(&self) -> Now {
        self.options.pace.now(Instant::now().into_std(), utc())
    }

    fn time(&self) -> Duration {
        self.began.elapsed()
    }
}

impl Entry {
    fn new(target: Box<Target>) -> Self {
        Self {
            probe: Arc::clone(&target.probe),
            name: Arc::from(target.probe.name.as_str()),
            home: Some(target),
            asking: None,
            was: None,
            breaks: 0,
            rests_until: Duration::ZERO,
        }
    }
}

/// Two readings of the same kind differ only in numbers.
fn kind(reading: &Reading) -> u8 {
    match reading {
        Reading::Service(service) => match service.outcome {
            Outcome::Pass => 0,
            Outcome::Degraded(_) => 1,
            Outcome::Fail(_) => 2,
            Outcome::NoData(_) => 3,
        },
        Reading::Metrics(metrics) => 4 + u8::from(metrics.iter().any(|m| m.value.is_err())),
        Reading::Backfill(_) => 6,
        // A rule's elements are no mere numbers: they go on at once.
        Reading::Rules(_) => 7,
        Reading::Alerts(alerts) => 8 + u8::from(alerts.found.is_err()),
    }
}

fn utc() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "the edge that reads the clock")]
    Utc::now()
}
