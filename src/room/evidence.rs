//! Evidence: what a decision on a gate is taken on, frozen as it is at that moment.

use chrono::TimeDelta;

use super::Room;
use super::gates::GateNow;
use crate::fact::gate::{ChartSeen, Evidence, Seen, VoteSeen, kept};
use crate::text::Untrusted;

/// Charts kept with a decision; those of its own criteria come first.
const CHARTS: usize = 8;
/// Stretches of a chart.
const COLUMNS: usize = 60;
/// How far a chart reaches back.
const SPAN: TimeDelta = TimeDelta::minutes(10);
/// Open steps named.
const OPEN: usize = 20;

impl Room {
    /// What a decision on a gate would be taken on now.
    pub fn evidence(&self, gate: &GateNow) -> Evidence {
        let criteria = gate.criteria.iter().map(|c| Seen {
            text: Untrusted::new(c.look.text.clone()),
            state: c.look.state.to_owned(),
            value: c.look.value.and_then(kept),
            threshold: c.look.threshold.and_then(kept),
            unit: c.look.unit.clone(),
            samples: c.look.samples as u64,
            age: c.look.age.and_then(kept),
            words: Untrusted::new(c.look.words.clone()),
        });
        let steps = self.gate_steps(gate.ix);
        let open = steps.iter().filter(|id| !self.status(id).settled());
        let votes = gate.votes.iter().filter(|b| !b.lapsed).filter_map(|b| {
            let cast = b.cast.as_ref()?;
            let (role, person) = (cast.role.clone(), cast.by.person.clone());
            Some(VoteSeen { role, person, vote: cast.vote, at: cast.stamp.utc() })
        });
        Evidence {
            at: self.now.utc,
            computed: gate.computed,
            reason: Untrusted::new(gate.missing.clone()),
            criteria: criteria.collect(),
            dwell: (gate.dwell.1.as_secs_f64(), kept(gate.dwell.0.as_secs_f64()).unwrap_or_default()),
            level: self.level_ix().and_then(|ix| Some(Untrusted::new(self.plan.levels.get(ix)?.name.clone()))),
            steps: gate.steps,
            open: open.take(OPEN).filter_map(|id| self.step_text(id)).map(Untrusted::new).collect(),
            votes: votes.collect(),
            charts: self.charts_of(gate.ix),
            plan: self.plan.sha256.clone(),
            runbooks: self.progress.loaded.as_ref().map(|l| l.hashes.clone()).unwrap_or_default(),
        }
    }

    fn charts_of(&self, gate: usize) -> Vec<ChartSeen> {
        let criteria = self.plan.gates.get(gate).map(|g| g.criteria.as_slice()).unwrap_or_default();
        let own: Vec<usize> = criteria
            .iter()
            .flat_map(|c| c.expr.leaves())
            .filter_map(|test| test.metric().map(|m| m.ix.0 as usize))
            .collect();
        let mut order: Vec<usize> = (0..self.plan.metrics.len()).collect();
        order.sort_by_key(|ix| !own.contains(ix));
        let (now, step) = (self.now.utc, SPAN.num_seconds() as f64 / COLUMNS as f64);
        let charts = order.into_iter().filter_map(|ix| {
            let (plan, live) = (self.plan.metrics.get(ix)?, self.live.metrics.get(ix)?);
            let columns = live.series.columns(now - SPAN, now, COLUMNS);
            let points: Vec<[f64; 3]> = columns
                .into_iter()
                .enumerate()
                .filter_map(|(i, e)| {
                    let e = e?;
                    Some([(COLUMNS - i) as f64 * step, kept(e.min)?, kept(e.max)?])
                })
                .collect();
            let (metric, unit) = (Untrusted::new(plan.name.clone()), plan.unit.clone());
            (!points.is_empty()).then_some(ChartSeen { metric, unit, points })
        });
        charts.take(CHARTS).collect()
    }
}
