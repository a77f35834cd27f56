//! A memory of bounded size: the oldest are forgotten first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Keys and finished notices remembered.
const REMEMBERED: usize = 20_000;

/// A memory of so many; the oldest go first.
#[derive(Debug)]
pub(super) struct Remembered<K, V> {
    of: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K: Hash + Eq + Clone, V> Remembered<K, V> {
    pub(super) fn new() -> Self {
        Self { of: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        if self.of.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.of.remove(&oldest);
            }
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.of.get(key)
    }

    pub(super) fn retain(&mut self, which: impl Fn(&V) -> bool) {
        self.of.retain(|_, value| which(value));
        self.order.retain(|key| self.of.contains_key(key));
    }
}
