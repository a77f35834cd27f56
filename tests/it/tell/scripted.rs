//! An outbox in virtual time with a receiver behind it that answers as a script says.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use warroom::notice::Notice;
use warroom::tell::answer::{Answer, Reached, Wrong};
use warroom::tell::outbox::{How, Manner, Outbox, Over, Parcel, Report};

pub const PAGERDUTY: Manner = Manner::Each { flights: 8, over: Over::Folded };

/// Numbers that look random and are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    pub fn share(&mut self) -> f64 {
        self.next(1 << 20) as f64 / f64::from(1 << 20)
    }
}

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// An outbox with a receiver behind it that answers as a script says.
pub struct World<F> {
    pub outbox: Outbox,
    script: F,
    dice: Dice,
    pub now: Duration,
    /// Tries on their way: when they come home, and how.
    away: Vec<(Duration, Parcel, Answer)>,
    /// Every try with the time of its begin.
    pub sent: Vec<(Duration, Parcel)>,
    pub reports: HashMap<Uuid, How>,
    pub trying: Vec<(Duration, Uuid, Duration)>,
}

impl<F: FnMut(&Parcel, Duration, &mut Dice) -> (Duration, Answer)> World<F> {
    pub fn new(manner: Manner, seed: u64, script: F) -> Self {
        Self {
            outbox: Outbox::new(manner),
            script,
            dice: Dice(seed),
            now: Duration::ZERO,
            away: Vec::new(),
            sent: Vec::new(),
            reports: HashMap::new(),
            trying: Vec::new(),
        }
    }

    pub fn said(&mut self, notice: Notice) {
        let report = self.outbox.put(Arc::new(notice), false, self.now);
        self.note(report);
    }

    pub fn note(&mut self, reports: impl IntoIterator<Item = Report>) {
        for Report { id, how } in reports {
            if let How::Trying(_, _, again) = how {
                self.trying.push((self.now, id, again));
            } else {
                assert!(!matches!(self.reports.get(&id), Some(How::Delivered(_) | How::Refused(..))), "an end ends");
            }
            self.reports.insert(id, how);
        }
    }

    /// Lives until nothing happens before `until`.
    pub fn run(&mut self, until: Duration) {
        loop {
            while let Some(parcel) = self.outbox.take(self.now) {
                let (takes, answer) = (self.script)(&parcel, self.now, &mut self.dice);
                self.sent.push((self.now, parcel.clone()));
                self.away.push((self.now + takes, parcel, answer));
            }
            let home = self.away.iter().map(|(at, ..)| *at).min();
            let Some(next) = [home, self.outbox.next()].into_iter().flatten().min().filter(|at| *at <= until) else {
                self.now = until;
                return;
            };
            self.now = next.max(self.now);
            while let Some(ix) = self.away.iter().position(|(at, ..)| *at <= self.now) {
                let (_, parcel, answer) = self.away.swap_remove(ix);
                let jitter = self.dice.share();
                let reports = self.outbox.done(parcel.flight, answer, parcel.passed, self.now, jitter);
                self.note(reports);
            }
            let reports = self.outbox.expire(self.now, 0.5);
            self.note(reports);
        }
    }
}

pub fn ok() -> Answer {
    Answer::Took
}

pub fn busy(seconds: u64) -> Answer {
    Answer::Busy { why: "HTTP 429".to_owned(), after: Some(Duration::from_secs(seconds)) }
}

pub fn failed(reached: Reached) -> Answer {
    Answer::Failed { why: "HTTP 500".to_owned(), reached }
}

pub fn refused(of: Wrong) -> Answer {
    Answer::Refused { why: "HTTP 400".to_owned(), of }
}
