//! The tape's thread: the watch lease, samples onto the tape, and from it to those who do not watch.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::bell::{Bell, Ear};
use super::connect;
use super::place::{self, Mode};
use super::tape::{Lease, Tape, Trimmed};
use super::{Ask, Event, JournalError, Options, Order, TapedSample, instant_now, utc_now};
use crate::fact::{Author, Hash};

/// The holder renews the lease so often.
const RENEW: Duration = Duration::from_secs(1);
/// A lease that was not renewed for so long is free. Half a second short of the five that people are promised, since the
/// next holder has to notice and to take it.
const EXPIRES: Duration = Duration::from_millis(4500);
/// Who handed the lease over does not take it back sooner.
const LEFT_TO_OTHERS: Duration = Duration::from_secs(2);
/// Samples wait at most so long for their commit.
const FLUSH: Duration = Duration::from_millis(100);
/// From one attempt to the next when another process holds the file, and when the tape is broken.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
const RETRY: Duration = Duration::from_secs(1);
/// Samples kept while the tape is busy; the oldest go first.
const KEPT: usize = 20_000;
/// How often to look beside the bell; and without one.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_WITHOUT_BELL: Duration = Duration::from_millis(100);
/// How much of the past refills the charts.
const PAST: TimeDelta = TimeDelta::hours(1);
/// A tape that cannot be used for so long does not keep a process from watching.
const ALONE_AFTER: Duration = Duration::from_secs(5);
/// Slices of old samples treated after each renewal, at most.
const SLICES: usize = 5;

/// What the thread owns.
#[derive(Debug)]
pub struct WatchThread {
    path: PathBuf,
    mode: Mode,
    read_only: bool,
    may_watch: bool,
    author: Author,
    me: Uuid,
    boot: String,
    out: mpsc::Sender<Event>,
    own: SyncSender<Order>,
    tape: Option<Tape>,
    bell: Option<Bell>,
    ear: Option<Ear>,
    refilled: bool,
    /// The newest epoch known from the journal or seen.
    floor: u64,
    /// The epoch this process holds.
    held: Option<u64>,
    told: Told,
    /// The lease of another as last seen, and when it was first seen so.
    seen: Option<(Lease, Instant)>,
    waiting: Vec<TapedSample>,
    flush_at: Option<Instant>,
    flushed: Option<Instant>,
    lease_at: Instant,
    not_before: Option<Instant>,
    broken_since: Option<Instant>,
    trouble: Option<String>,
    full_told: bool,
    ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Held(u64),
    Elsewhere(u64),
    Nobody,
}

/// Why a step on the tape failed.
enum Failed {
    /// Another process is writing.
    Busy,
    /// Anything else; whether the file itself is damaged.
    Broken(String, bool),
}

impl From<rusqlite::Error> for Failed {
    fn from(e: rusqlite::Error) -> Self {
        if connect::is_busy(&e) { Self::Busy } else { Self::Broken(e.to_string(), connect::is_damage(&e)) }
    }
}

impl From<JournalError> for Failed {
    fn from(e: JournalError) -> Self {
        match e {
            JournalError::Sql { source, .. } => source.into(),
            e @ JournalError::Foreign(_) => Self::Broken(e.to_string(), true),
            e => Self::Broken(e.to_string(), false),
        }
    }
}

impl WatchThread {
    /// Opens nothing yet.
    pub fn new(options: &Options, mode: Mode, out: mpsc::Sender<Event>, own: SyncSender<Order>) -> Self {
        Self {
            path: place::beside(&options.path, ".tape"),
            mode,
            read_only: options.read_only,
            may_watch: options.may_watch,
            author: options.author.clone(),
            me: Uuid::new_v4(),
            boot: boot(),
            out,
            own,
            tape: None,
            bell: None,
            ear: None,
            refilled: false,
            floor: 0,
            held: None,
            told: Told::Nothing,
            seen: None,
            waiting: Vec::new(),
            flush_at: None,
            flushed: None,
            lease_at: instant_now(),
            not_before: None,
            broken_since: None,
            trouble: None,
            full_told: false,
            ended: false,
        }
    }

    /// Until told to stop, or until nobody listens any more.
    pub fn run(mut self, orders: &Receiver<Order>) {
        // The journal comes first: its newest epoch is the floor of the next.
        let mut stop = None;
        loop {
            match orders.recv() {
                Ok(Order::Begin(epoch)) => self.floor = epoch,
                Ok(Order::Stop(done)) => stop = Some(done),
                Ok(Order::Bell | Order::Ask(_)) => continue,
                Err(_) => return,
            }
            break;
        }
        while stop.is_none() && !self.ended {
            match std::panic::catch_unwind(AssertUnwindSafe(|| self.turn(orders))) {
                Ok(done) => stop = done,
                Err(_) => self.break_down("the tape's thread failed and was started again".to_owned()),
            }
        }
        let _ = self.flush();
        if let Some(mut tape) = self.tape.take() {
            if let Some(epoch) = self.held {
                let _ = tape.give_back(self.me, epoch);
            }
            if !self.read_only {
                tape.close();
            }
            self.ring();
        }
        if let Some(done) = stop {
            let _ = done.try_send(());
        }
    }

    /// Waits for the next thing to do, and does it.
    fn turn(&mut self, orders: &Receiver<Order>) -> Option<SyncSender<()>> {
        let until = self.flush_at.map_or(self.lease_at, |at| at.min(self.lease_at));
        let mut look = false;
        match orders.recv_timeout(until.saturating_duration_since(instant_now())) {
            Ok(first) => {
                for order in std::iter::once(first).chain(orders.try_iter().take(super::TAPE_LANE)) {
                    match order {
                        Order::Ask(Ask::Tape(samples)) => self.keep(samples),
                        Order::Ask(Ask::HandOver(done)) => {
                            self.hand_over();
                            let _ = done.send(());
                        }
                        Order::Stop(done) => return Some(done),
                        Order::Bell => look = true,
                        Order::Begin(_) | Order::Ask(_) => {}
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.ended = true,
        }
        self.ended |= self.out.is_closed();
        let now = instant_now();
        if self.flush_at.is_some_and(|at| at <= now) {
            let done = self.flush();
            self.settle(done);
        }
        if look || self.lease_at <= now {
            let done = self.look_around(now);
            self.settle(done);
        }
        None
    }

    /// Samples for the tape: they wait for company while the last commit is young, but one that changes a state does not.
    fn keep(&mut self, samples: Vec<TapedSample>) {
        if self.held.is_none() || samples.is_empty() {
            return;
        }
        let now = instant_now();
        let change = self.tape.as_ref().is_some_and(|tape| samples.iter().any(|s| tape.is_change(s)));
        self.waiting.extend(samples);
        let over = self.waiting.len().saturating_sub(KEPT);
        self.waiting.drain(..over);
        let rested = self.flushed.is_none_or(|at| now.duration_since(at) >= FLUSH / 2);
        let due = if change || rested { now } else { now + FLUSH / 2 };
        self.flush_at = Some(self.flush_at.map_or(due, |at| at.min(due)));
    }

    fn flush(&mut self) -> Result<(), Failed> {
        let (Some(epoch), Some(tape)) = (self.held, &mut self.tape) else {
            self.flush_at = None;
            self.waiting.clear();
            return Ok(());
        };
        self.flush_at = None;
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.flushed = Some(instant_now());
        match tape.write(&self.waiting, self.me, epoch) {
            Ok(true) => {
                self.waiting.clear();
                self.ring();
                Ok(())
            }
            Ok(false) => {
                self.waiting.clear();
                self.lease_at = instant_now();
                Ok(())
            }
            Err(e) => {
                self.flush_at = Some(instant_now() + BUSY_PAUSE);
                Err(e.into())
            }
        }
    }

    /// The lease, and what others wrote.
    fn look_around(&mut self, now: Instant) -> Result<(), Failed> {
        self.lease_at = now + RETRY;
        if !self.open(now)? {
            return Ok(());
        }
        self.lease(now)?;
        self.broken_since = None;
        self.trouble = None;
        if !self.refilled {
            self.refill()?;
        }
        if self.held.is_some() { self.trim() } else { self.read() }
    }

    /// Opens the tape; `false` while a reader's is not there.
    fn open(&mut self, now: Instant) -> Result<bool, Failed> {
        if self.tape.is_some() {
            return Ok(true);
        }
        let bell = place::beside(&self.path, ".bell");
        if self.read_only {
            if !std::fs::metadata(&self.path).is_ok_and(|m| m.len() > 0) {
                self.tell(Told::Nobody, None);
                return Ok(false);
            }
        } else {
            self.broken_since.get_or_insert(now);
            place::create(&self.path, self.mode)?;
            if self.bell.is_none() {
                self.bell = Some(Bell::open(&bell, self.mode)?);
            }
        }
        self.tape = Some(Tape::open(&self.path, !self.read_only)?);
        Ok(true)
    }

    fn lease(&mut self, now: Instant) -> Result<(), Failed> {
        let Some(tape) = &mut self.tape else { return Ok(()) };
        let clock = since_boot();
        if let Some(epoch) = self.held
            && tape.renew(self.me, epoch, clock, &self.boot)?
        {
            self.lease_at = now + RENEW;
            return Ok(());
        }
        // If it was held: another took it while this process was stopped, or the tape was begun anew.
        let lease = tape.lease()?;
        let left = self.left(lease.as_ref(), clock, now);
        if let Some((lease, left)) = lease.as_ref().zip(left) {
            self.held = None;
            self.floor = self.floor.max(lease.epoch);
            let look = if self.hear() { LOOK } else { LOOK_WITHOUT_BELL };
            self.lease_at = now + left.min(look);
            self.tell(Told::Elsewhere(lease.epoch), Some(lease.author.clone()));
            return Ok(());
        }
        if !self.may_watch {
            self.lease_at = now + if self.hear() { RETRY } else { LOOK_WITHOUT_BELL };
            self.tell(Told::Nobody, None);
            return Ok(());
        }
        if let Some(at) = self.not_before.filter(|at| *at > now) {
            self.lease_at = at;
            self.tell(Told::Nobody, None);
            return Ok(());
        }
        let mine = Lease {
            epoch: 0,
            holder: self.me,
            author: self.author.clone(),
            renewed: clock,
            boot: self.boot.clone(),
            given_back: false,
        };
        let Some(tape) = &mut self.tape else { return Ok(()) };
        match tape.take(lease.as_ref(), self.floor, &mine)? {
            Some(epoch) => self.hold(epoch, now),
            // Another was faster.
            None => self.lease_at = now + BUSY_PAUSE,
        }
        Ok(())
    }

    /// Leaves the lease to others for a while.
    fn hand_over(&mut self) {
        let _ = self.flush();
        if let (Some(epoch), Some(tape)) = (self.held.take(), &mut self.tape) {
            // If it cannot be given back it expires.
            let _ = tape.give_back(self.me, epoch);
            self.ring();
            self.lease_at = instant_now() + LEFT_TO_OTHERS;
            self.not_before = Some(self.lease_at);
        }
    }

    fn hold(&mut self, epoch: u64, now: Instant) {
        self.floor = epoch;
        self.held = Some(epoch);
        self.seen = None;
        // What the holder writes it need not hear.
        self.ear = None;
        self.lease_at = now + RENEW;
        self.ring();
        self.tell(Told::Held(epoch), None);
    }

    /// How long a lease of another still holds; `None` when it is free. It must be young by the clock of the machine's
    /// start, and must not have stood still for as long by our own: neither a clock that went astray nor a process that
    /// was stopped can hold it for ever.
    fn left(&mut self, lease: Option<&Lease>, clock: i64, now: Instant) -> Option<Duration> {
        let lease = lease.filter(|l| !l.given_back && l.boot == self.boot && l.holder != self.me);
        let Some(lease) = lease else {
            self.seen = None;
            return None;
        };
        let since = match &self.seen {
            Some((seen, since)) if seen == lease => *since,
            _ => now,
        };
        self.seen = Some((lease.clone(), since));
        let age = Duration::from_millis(clock.saturating_sub(lease.renewed).max(0).cast_unsigned());
        let age = age.max(now.saturating_duration_since(since));
        EXPIRES.checked_sub(age).filter(|left| !left.is_zero())
    }

    /// Listens to the bell, if it is there.
    fn hear(&mut self) -> bool {
        if self.ear.is_none() {
            self.ear = Ear::listen(&place::beside(&self.path, ".bell"), self.own.clone());
        }
        self.ear.is_some()
    }

    fn refill(&mut self) -> Result<(), Failed> {
        self.refilled = true;
        let Some(tape) = &mut self.tape else { return Ok(()) };
        let out = &self.out;
        tape.refill(utc_now() - PAST, |samples| {
            let _ = out.blocking_send(Event::Samples(samples));
        })?;
        Ok(())
    }

    fn read(&mut self) -> Result<(), Failed> {
        while let Some(tape) = &mut self.tape {
            let samples = tape.read()?;
            if samples.is_empty() {
                break;
            }
            self.emit(Event::Samples(samples));
        }
        Ok(())
    }

    /// A few slices at a time, so that the lease never waits for the broom.
    fn trim(&mut self) -> Result<(), Failed> {
        for _ in 0..SLICES {
            let Some(tape) = &mut self.tape else { return Ok(()) };
            match tape.trim(utc_now())? {
                Trimmed::Nothing => break,
                Trimmed::Thinned => {}
                Trimmed::Dropped if self.full_told => {}
                Trimmed::Dropped => {
                    self.full_told = true;
                    self.emit(Event::TapeTrouble("the tape reached 1 GiB: its oldest samples go".to_owned()));
                }
            }
        }
        Ok(())
    }

    fn settle(&mut self, done: Result<(), Failed>) {
        match done {
            Ok(()) => {}
            Err(Failed::Busy) => self.lease_at = self.lease_at.min(instant_now() + BUSY_PAUSE),
            Err(Failed::Broken(why, damaged)) => {
                if damaged && !self.read_only && self.set_aside(&why) {
                    return;
                }
                self.break_down(format!("the tape cannot be used ({why}): charts will not survive a restart"));
            }
        }
    }

    /// Charts are no evidence: a damaged tape is set aside, and the next begins empty.
    fn set_aside(&mut self, why: &str) -> bool {
        self.tape = None;
        let Some(bell) = &self.bell else { return false };
        if !bell.alone() {
            bell.shared();
            return false;
        }
        let moved = place::set_aside(&self.path);
        bell.shared();
        let Ok(moved) = moved else { return false };
        let why = format!("the tape was damaged ({why}) and begun anew; the old one lies at {}", moved.display());
        self.emit(Event::TapeTrouble(why));
        self.lease_at = instant_now();
        true
    }

    /// Without a tape the watch goes on: who holds it keeps it, and who finds none takes it for himself after a while.
    fn break_down(&mut self, why: String) {
        let now = instant_now();
        self.tape = None;
        self.flush_at = None;
        self.waiting.clear();
        self.lease_at = now + RETRY;
        if self.trouble.as_ref() != Some(&why) {
            self.emit(Event::TapeTrouble(why.clone()));
            self.trouble = Some(why);
        }
        let since = *self.broken_since.get_or_insert(now);
        if self.held.is_none() && self.may_watch && now.saturating_duration_since(since) >= ALONE_AFTER {
            self.hold(self.floor + 1, now);
        }
    }

    fn tell(&mut self, told: Told, author: Option<Author>) {
        if self.told == told {
            return;
        }
        self.told = told;
        self.emit(match told {
            Told::Held(epoch) => Event::WatchHeld(epoch),
            Told::Elsewhere(epoch) => Event::WatchElsewhere(epoch, author),
            Told::Nobody | Told::Nothing => Event::WatchNobody,
        });
    }

    fn ring(&self) {
        if let Some(bell) = &self.bell {
            bell.ring(self.floor, Hash::default());
        }
    }

    /// Waits while the lane is full. A loop that is stuck for longer than the lease loses the watch, and that is right.
    fn emit(&mut self, event: Event) {
        if self.out.blocking_send(event).is_err() {
            self.ended = true;
        }
    }
}

/// Milliseconds since the machine was started, time asleep included; one clock for all its processes.
fn since_boot() -> i64 {
    let uptime = std::fs::read_to_string("/proc/uptime").ok();
    let seconds = uptime.as_deref().and_then(|t| t.split_whitespace().next()).and_then(|t| t.parse::<f64>().ok());
    // Elsewhere the wall clock has to do; a step of it is caught by looking whether the lease stands still.
    seconds.map_or_else(|| utc_now().timestamp_millis(), |s| (s * 1000.0) as i64)
}

/// Which start of the machine this is.
fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or_else(|_| String::new(), |id| id.trim().to_owned())
}
