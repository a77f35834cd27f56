//! Gates that ask for each other in a circle: none of them could ever be the first to go.

use super::super::decisions::GatePlan;
use super::super::raw::RawGate;
use super::Resolver;
use super::circles::circles;
use crate::condition::{Condition, Test};
use crate::finding::codes;

impl Resolver<'_> {
    /// Reports each circle of gates, at the name of the next one in a criterion of the first.
    pub(super) fn gates_in_a_circle(&mut self, raw: &[RawGate], gates: &[GatePlan]) {
        let edges: Vec<Vec<usize>> =
            gates.iter().map(|gate| gate.criteria.iter().flat_map(asks_for).collect()).collect();
        for path in circles(&edges) {
            let names: Vec<_> =
                path.iter().filter_map(|ix| gates.get(*ix)).map(|g| format!("\"{}\"", g.name)).collect();
            let start = path.first().copied().unwrap_or_default();
            let next = path.get(1).or(path.first()).copied().unwrap_or_default();
            let name = gates.get(next).map(|g| g.name.clone()).unwrap_or_default();
            let by = gates.get(start).and_then(|g| g.criteria.iter().find(|c| asks_for(c).any(|ix| ix == next)));
            let typed = raw
                .get(start)
                .zip(by)
                .and_then(|(raw, by)| raw.criteria.iter().find(|text| text.get_ref().trim() == by.text));
            let span = typed.map_or(0..0, |text| {
                let whole = text.get_ref();
                let at = whole.find(&name).map_or(0..whole.len(), |at| at..at + name.len());
                self.r.inside(text, at)
            });
            let message = if path.len() == 1 {
                format!("the gate {} asks for itself", names.join(""))
            } else {
                format!("the gates {} ask for each other in a circle", names.join(" and "))
            };
            self.r.report(codes::CYCLE, span, message, "leave out one of these criteria: else none could go first");
        }
    }
}

/// The gates that a criterion asks for.
fn asks_for(condition: &Condition) -> impl Iterator<Item = usize> + '_ {
    condition.expr.leaves().into_iter().filter_map(|test| match test {
        Test::Gate { gate, .. } => Some(gate.ix),
        _ => None,
    })
}
