//! What is sent next: pages first, one of a key at a time, several in one message where the channel wants that.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::{BURST, DIGEST, Form, Manner, Outbox, Over, REFILL, TURN_EACH, TURN_TOGETHER, Waiting};
use crate::notice::{Action, Severity};

impl Outbox {
    /// When the next may be sent; nothing while those on their way have to come home first.
    pub(super) fn opens(&self) -> Option<Duration> {
        let (most, turn, token) = match self.manner {
            Manner::Each { flights, .. } => (flights, TURN_EACH, Duration::ZERO),
            Manner::Together if self.tokens == 0 => (BURST as usize, TURN_TOGETHER, self.filled + REFILL),
            Manner::Together => (BURST as usize, TURN_TOGETHER, Duration::ZERO),
        };
        // After "too many requests" one is sent to see; the others follow it.
        let most = if self.strikes > 0 { 1 } else { most };
        let turn = self.flights.iter().map(|(_, at)| *at + turn).max().unwrap_or_default();
        (self.flights.len() < most).then(|| turn.max(token).max(self.closed_until))
    }

    pub(super) fn refill(&mut self, now: Duration) {
        while self.tokens < BURST && self.filled + REFILL <= now {
            self.tokens += 1;
            self.filled += REFILL;
        }
        if self.tokens == BURST {
            self.filled = now;
        }
    }

    /// Places of the first of each key, where none of the key is on its way.
    pub(super) fn heads(&self) -> Vec<usize> {
        let mut seen = self.busy();
        let free = self.waiting.iter().enumerate().filter(|(_, w)| w.flight.is_none());
        free.filter(|(_, w)| seen.insert(&w.notice.key)).map(|(place, _)| place).collect()
    }

    /// Keys of which something is on its way.
    fn busy(&self) -> HashSet<&str> {
        self.waiting.iter().filter(|w| w.flight.is_some()).map(|w| w.notice.key.as_str()).collect()
    }

    pub(super) fn next_each(&self, over: Over, now: Duration) -> Option<(Form, Vec<usize>)> {
        let ready = self.heads().into_iter().filter_map(|place| Some((place, self.waiting.get(place)?)));
        let ready = ready.filter(|(_, w)| w.due <= now);
        let (place, head) = ready.min_by_key(|(place, w)| (Reverse(w.notice.severity), w.tries, *place))?;
        if head.alone {
            return Some((Form::Last, vec![place]));
        }
        let of_key: Vec<(usize, &Waiting)> =
            self.waiting.iter().enumerate().filter(|(_, w)| w.notice.key == head.notice.key).collect();
        let actions = || of_key.iter().map(|(_, w)| w.notice.action);
        let places = |most: usize| of_key.iter().take(most).map(|(place, _)| *place).collect::<Vec<_>>();
        let end = actions().position(|a| a == Action::Resolve);
        let begins = |most: usize| actions().take(most).all(|a| matches!(a, Action::Trigger | Action::Acknowledge));
        Some(match (head.notice.action, end) {
            (Action::Trigger, Some(end))
                if over == Over::Folded && begins(end) && self.keys.get(&head.notice.key).is_none() =>
            {
                (Form::Over, places(end + 1))
            }
            (Action::Trigger, _) => (Form::Last, places(actions().take_while(|a| *a == Action::Trigger).count())),
            // Who looks is of no use any more when it is over.
            (Action::Acknowledge, Some(1)) => (Form::Last, places(2)),
            _ => (Form::Last, vec![place]),
        })
    }

    pub(super) fn next_together(&self, now: Duration) -> Option<(Form, Vec<usize>)> {
        // Of a key all up to the first that is not due; what was refused in company goes by itself.
        let mut shut = self.busy();
        let mut worst: HashMap<&str, Severity> = HashMap::new();
        let mut ready: Vec<(usize, &Waiting)> = Vec::new();
        let mut alone = None;
        for (place, w) in self.waiting.iter().enumerate().filter(|(_, w)| w.flight.is_none()) {
            let key = w.notice.key.as_str();
            if shut.contains(key) {
                continue;
            }
            if w.due > now || w.alone {
                shut.insert(key);
            }
            if w.due > now {
                continue;
            }
            if w.alone {
                let first = !ready.iter().any(|(_, other)| other.notice.key == w.notice.key);
                alone = alone.or(first.then_some(place));
                continue;
            }
            let worst = worst.entry(key).or_insert(w.notice.severity);
            *worst = (*worst).max(w.notice.severity);
            ready.push((place, w));
        }
        // Turn and turn about: neither keeps the other waiting.
        if let Some(alone) = alone
            && (ready.is_empty() || self.next_flight.is_multiple_of(2))
        {
            return Some((Form::Last, vec![alone]));
        }
        let first = ready.first()?.0;
        if ready.len() <= self.tokens as usize {
            return Some((Form::Last, vec![first]));
        }
        ready.sort_by_key(|(place, w)| (Reverse(worst.get(w.notice.key.as_str()).copied()), *place));
        let mut places: Vec<usize> = ready.into_iter().take(DIGEST).map(|(place, _)| place).collect();
        places.sort_unstable();
        Some((Form::Digest, places))
    }
}
