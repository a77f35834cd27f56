//! Failures under what caused them: a service that fails while one it needs is down is one failure with that one, not another.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Room;
use crate::fact::ServiceState;

/// For each service, in the plan's order, the service that is down and explains its failure; none for what is well and for a
/// failure of its own. The nearest one that is down counts, through services that are not.
pub fn causes(room: &Room) -> Vec<Option<usize>> {
    let plan = &room.plan.services;
    let state = |ix: usize| room.live.services.get(ix).map(|live| live.state);
    let down = |ix: usize| state(ix) == Some(ServiceState::Down);
    if plan.iter().all(|s| s.needs.is_empty()) || !(0..plan.len()).any(down) {
        return vec![None; plan.len()];
    }
    let by_name: HashMap<&str, usize> = plan.iter().enumerate().map(|(ix, s)| (s.name.as_str(), ix)).collect();
    let needs =
        |ix: usize| plan.get(ix).into_iter().flat_map(|s| &s.needs).filter_map(|n| by_name.get(n.as_str()).copied());
    let nearest = |start: usize| -> Option<usize> {
        // A circle is refused at load; whoever is met twice is passed over all the same.
        let mut seen = HashSet::from([start]);
        let mut next = VecDeque::from([start]);
        while let Some(ix) = next.pop_front() {
            for need in needs(ix) {
                if !seen.insert(need) {
                    continue;
                }
                if down(need) {
                    return Some(need);
                }
                next.push_back(need);
            }
        }
        None
    };
    (0..plan.len())
        .map(|ix| match state(ix) {
            Some(ServiceState::Down | ServiceState::Degraded) => nearest(ix),
            _ => None,
        })
        .collect()
}

/// The first cause of each failure: the service where its chain of causes ends; none for what has no cause but itself.
pub fn roots(causes: &[Option<usize>]) -> Vec<Option<usize>> {
    let cause = |ix: usize| causes.get(ix).copied().flatten();
    (0..causes.len())
        .map(|ix| {
            let mut root = cause(ix)?;
            // No chain is longer than there are services.
            for _ in 0..causes.len() {
                match cause(root) {
                    Some(deeper) => root = deeper,
                    None => break,
                }
            }
            (root != ix).then_some(root)
        })
        .collect()
}

impl Room {
    /// How many services are down by themselves, and how many more fail because of them.
    pub fn failures(&self) -> (usize, usize) {
        let causes = causes(self);
        let down = self.live.services.iter().zip(&causes);
        let own = down.filter(|(live, cause)| live.state == ServiceState::Down && cause.is_none()).count();
        (own, causes.iter().flatten().count())
    }

    /// The name of the service that explains the failure of this one, out of what [`causes`] gave.
    pub fn because(&self, causes: &[Option<usize>], ix: usize) -> Option<&str> {
        let cause = causes.get(ix).copied().flatten()?;
        self.plan.services.get(cause).map(|s| s.name.as_str())
    }

    /// How many services run their target version, and how many have one; none where no service has a target.
    pub fn on_target(&self) -> Option<(usize, usize, Option<&str>)> {
        let aimed = || {
            let services = self.plan.services.iter().zip(&self.live.services);
            services.filter_map(|(plan, live)| plan.target_version.as_deref().map(|target| (target, live)))
        };
        let (first, _) = aimed().next()?;
        let there =
            aimed().filter(|(target, live)| live.versions.running(Some(target), self.now) == super::Running::New);
        // One number speaks of one version only where all aim at the same.
        let same = aimed().all(|(target, _)| target == first).then_some(first);
        Some((there.count(), aimed().count(), same))
    }
}
