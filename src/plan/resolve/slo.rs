//! `[[slo]]`: targets and selectors checked, and the hidden queries that count for them.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::super::NotifyPlan;
use super::super::raw::{RawSlo, Text};
use super::super::slo::{Counts, HiddenPlan, HiddenReads, Side, SloPlan, windows};
use super::metrics::{Group, Source};
use super::{Given, Pace, Resolver, hex};
use crate::clock::duration_text;
use crate::finding::codes;
use crate::probe::promql::PlainSelector;
use crate::probe::slo::Objective;
use crate::probe::{MetricIx, Query, Reads};

/// The period of an objective that names none.
const PERIOD: Duration = Duration::from_hours(30 * 24);
/// A Prometheus is asked for windows up to two hours at most this often …
const SHORT: Pace = Pace { every: Some(Duration::from_secs(30)), timeout: Some(Duration::from_secs(10)) };
/// … and for longer ones, which it pays more for, at most this often.
const LONG: Pace = Pace { every: Some(Duration::from_mins(2)), timeout: Some(Duration::from_secs(30)) };
/// The longest of the short windows.
const SHORT_WINDOW: Duration = Duration::from_hours(2);

impl Resolver<'_> {
    /// Objectives and their hidden queries, which go to the groups of their sources. `metrics` counts the plan's metrics.
    pub(super) fn slos(
        &mut self,
        raw: &[RawSlo],
        metrics: usize,
        sources: &mut [Source],
        groups: &mut Vec<Group>,
        channels: &[NotifyPlan],
    ) -> (Vec<SloPlan>, Vec<HiddenPlan>) {
        let channels: Vec<String> = channels.iter().map(|c| c.name.clone()).collect();
        let (mut given, mut slos, mut hidden) = (Given::default(), Vec::new(), Vec::new());
        for raw in raw {
            let name = self.name("slo", raw.name.as_ref(), &mut given);
            let notify = self.known("channel", &raw.notify, &channels);
            let words = ["info", "warn", "page", "rollback"];
            let severity = raw.severity.as_ref().and_then(|s| self.word("severity", s, &words)).unwrap_or("warn");
            let objective = self.target(raw);
            let part = self.part(raw);
            let total = raw.total.as_ref().and_then(|text| self.selector(text));
            let source = self.source_of(raw, sources);
            if let (Some((counts, part)), Some(total), Some(at)) = (&part, &total, &raw.total)
                && part.text == total.text
            {
                let which = if matches!(counts, Counts::Bad(_)) { "fail" } else { "succeed" };
                let message = format!("`total` selects what `bad` or `good` does, so all requests would {which}");
                self.r.report(codes::BAD_VALUE, at.span(), message, "select all requests with `total`");
            }
            let (Some(objective), Some((counts, part)), Some(total), Some(ix)) = (objective, part, total, source)
            else {
                continue;
            };
            let Some(source) = sources.get_mut(ix) else { continue };
            source.used = true;
            let plan = SloPlan {
                target: raw.target.as_ref().map(|t| t.get_ref().trim().to_owned()).unwrap_or_default(),
                period: objective.period(),
                objective,
                source: source.name.clone(),
                counts,
                total: total.text.clone(),
                spend: raw.spend.as_ref().map(|n| n.get_ref().unsigned_abs()),
                severity,
                notify,
                name,
            };
            let mut place = 0;
            for (reads, pace) in asked(&plan, source) {
                for (side, selector) in [(Side::Part, &part), (Side::All, &total)] {
                    let promql = match reads {
                        HiddenReads::Running => selector.values(),
                        HiddenReads::Increase(range) => selector.increase(&duration_text(range)),
                    };
                    let metric = MetricIx((metrics + hidden.len()) as u32);
                    let name = taped_name(&plan, side, reads, &promql);
                    hidden.push(HiddenPlan { slo: slos.len(), place, side, reads, name, every: pace.every() });
                    place += 1;
                    let reads = if reads == HiddenReads::Running { Reads::Counter } else { Reads::Value };
                    Group::put(groups, ix, pace, source.backfill_of_hidden(), Query { metric, promql, reads });
                }
            }
            slos.push(plan);
        }
        (slos, hidden)
    }

    fn target(&mut self, raw: &RawSlo) -> Option<Objective> {
        let period = match &raw.period {
            Some(_) => self.duration(raw.period.as_ref())?,
            None => PERIOD,
        };
        let text = raw.target.as_ref()?;
        let percent = text.get_ref().trim().strip_suffix('%').and_then(|number| number.trim().parse().ok());
        let objective = percent.and_then(|percent| Objective::new(percent, period));
        if objective.is_none() {
            let help = "write the share of requests that must succeed, over 0% and under 100%: target = \"99.9%\"";
            self.r.report(codes::BAD_VALUE, text.span(), "this is no target that leaves a budget", help);
        }
        objective
    }

    fn part(&mut self, raw: &RawSlo) -> Option<(Counts, PlainSelector)> {
        if let (Some(_), Some(twice)) = (&raw.bad, &raw.good) {
            let message = "an objective counts what failed or what succeeded, and this one has `bad` and `good`";
            self.r.report(codes::CONFLICT, twice.span(), message, "keep one of them");
            return None;
        }
        if let Some(text) = &raw.bad {
            return self.selector(text).map(|it| (Counts::Bad(it.text.clone()), it));
        }
        let it = self.selector(raw.good.as_ref()?)?;
        Some((Counts::Good(it.text.clone()), it))
    }

    fn selector(&mut self, text: &Text) -> Option<PlainSelector> {
        let filled = self.open_text(text, "a selector")?;
        match PlainSelector::parse(&filled) {
            Ok(selector) => Some(selector),
            Err(error) => {
                let at = if filled == *text.get_ref() { self.r.inside(text, error.span) } else { text.span() };
                self.r.report(codes::PROMQL, at, error.message, error.help);
                None
            }
        }
    }

    fn source_of(&mut self, raw: &RawSlo, sources: &[Source]) -> Option<usize> {
        if let Some(name) = &raw.source {
            let found = sources.iter().position(|source| source.name == *name.get_ref());
            if found.is_none() {
                self.r.unknown(name.span(), "source", name.get_ref(), sources.iter().map(|s| s.name.as_str()));
            }
            return found;
        }
        if sources.len() != 1 {
            let help = "declare one with [source.NAME], and name it with `source`";
            self.r.report(codes::MISSING, raw.at.clone(), "this objective has no source to be asked", help);
            return None;
        }
        Some(0)
    }
}

/// What is asked of a source for an objective, and how often. A Prometheus knows the past; of a page everything is counted here.
fn asked(plan: &SloPlan, source: &Source) -> Vec<(HiddenReads, Pace)> {
    let mut out = Vec::new();
    let slower = |pace: Pace| Pace { every: Some(pace.every().max(source.pace.every())), ..pace };
    if source.kind == "prometheus" {
        out.extend(
            windows(plan.period).into_iter().map(|window| {
                (HiddenReads::Increase(window), slower(if window <= SHORT_WINDOW { SHORT } else { LONG }))
            }),
        );
    }
    if source.kind != "prometheus" || plan.spend.is_some() {
        out.push((HiddenReads::Running, source.pace));
    }
    out
}

/// `[[slo]] checkout all in 5m 1a2b3c4d`: a query that was edited is another series.
fn taped_name(plan: &SloPlan, side: Side, reads: HiddenReads, promql: &str) -> String {
    let which = match (side, &plan.counts) {
        (Side::All, _) => "all",
        (Side::Part, Counts::Bad(_)) => "bad",
        (Side::Part, Counts::Good(_)) => "good",
    };
    let digest = hex(&Sha256::digest(promql.as_bytes()));
    format!("[[slo]] {} {which} {} {}", plan.name, reads.word(), digest.get(..8).unwrap_or_default())
}
