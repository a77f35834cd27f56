//! A sample or the passing of time changes what is measured; state changes come back as facts to record.

use std::time::Duration;

use super::decide::draft;
use super::live::{MetricLive, ServiceLive, Watch};
use super::{Effect, Room, ageing, alerts, baseline, heard, verdict};
use crate::clock::Now;
use crate::fact::{Draft, Fact, ServiceState};
use crate::notice::{Delivery, Told};
use crate::plan::{FromProbe, Plan};
use crate::probe::{MetricIx, MetricReading, Outcome, Point, Pulse, Reading, Sample, ServiceIx, ServiceReading};
use crate::text::Untrusted;

/// A watch that was taken over later than this after the last look begins anew in what it asks of people.
const ALONE: chrono::TimeDelta = chrono::TimeDelta::minutes(1);

/// Clocks that are read one after the other differ by no more than this.
const AHEAD: chrono::TimeDelta = chrono::TimeDelta::seconds(5);

/// What metrics from the services' own samples look back over.
const MINUTE: Duration = Duration::from_mins(1);

/// This process becomes the watch: what it knows of services is the past, so each is pending until it has answered here.
/// What was recorded last stays remembered, so that only a real change is news.
pub fn begin_watch(room: &mut Room) -> Vec<Effect> {
    let now = room.now;
    for live in &mut room.live.services {
        change(live, ServiceState::Pending, "not asked yet by this watch".to_owned(), now);
        live.asked = None;
        live.failures = 0;
        live.unknown = None;
        live.versions.clear();
    }
    room.revision.services += 1;
    super::gate::take_over(room);
    super::level::take_over(room);
    // While nobody looked nobody was asked for a check-in either: the next one is due an interval from now.
    if alerts::last_look(room).is_none_or(|seen| now.utc - seen > ALONE) {
        room.live.back = Some(now.utc);
    }
    let drafts = alerts::take_over(room);
    if drafts.is_empty() { Vec::new() } else { vec![Effect::Append(drafts)] }
}

/// Takes one sample in. Its `at` must be on this process's clocks.
pub fn observe(room: &mut Room, sample: Sample) -> Vec<Effect> {
    observe_all(room, [sample])
}

/// Takes samples in that came together, and judges once.
pub fn observe_all(room: &mut Room, samples: impl IntoIterator<Item = Sample>) -> Vec<Effect> {
    let mut drafts: Vec<Draft> = Vec::new();
    for sample in samples {
        let news = take(room, sample);
        // What is told of one alert follows from what it says: two samples may have said the same.
        drafts.extend(news.into_iter().filter(|d| !drafts.iter().any(|known| known.id == d.id)).collect::<Vec<_>>());
    }
    // Whatever came, what did not come is as old as it is.
    let plan = room.plan.clone();
    ageing::services(room, &plan);
    ageing::metrics(room, &plan);
    let mut effects = judge(room);
    if !drafts.is_empty() {
        effects.push(Effect::Append(drafts));
    }
    effects
}

/// What is to be recorded of alerts comes back; all else is judged once for all samples.
fn take(room: &mut Room, sample: Sample) -> Vec<Draft> {
    heard::note(room, &sample);
    let Sample { at, took, reading, .. } = sample;
    // The wall clock was set back since this was asked: nobody knows any more when that was, and it would pass for the newest.
    if at.utc > room.now.utc + AHEAD {
        return Vec::new();
    }
    match reading {
        Reading::Rules(readings) => {
            room.live.rules_asked = room.live.rules_asked.max(Some(at.utc));
            return alerts::many::heard(room, at, readings);
        }
        Reading::Alerts(reading) => {
            room.live.rules_asked = room.live.rules_asked.max(Some(at.utc));
            return alerts::many::heard_of(room, at, reading);
        }
        Reading::Service(reading) => service(room, at, took, reading),
        Reading::Metrics(readings) => readings.into_iter().for_each(|r| metric(room, at, r)),
        Reading::Backfill(pasts) => {
            for (ix, points) in pasts {
                if let Some(live) = room.live.metrics.get_mut(ix.0 as usize) {
                    live.series.backfill(&points);
                    room.revision.metrics += 1;
                }
            }
        }
    }
    Vec::new()
}

/// Takes in how polling itself goes.
pub fn pulse(room: &mut Room, pulse: Pulse) {
    let live = &mut room.live.polling;
    let missed = pulse.missed.saturating_sub(live.pulse.missed);
    if missed > 0 || pulse.asked < live.pulse.asked {
        live.missed_at = (missed > 0).then_some(room.now);
    }
    live.pulse = pulse;
    live.at = Some(room.now);
}

/// Takes in how telling a notice went. What came to an end is recorded by the watch, once.
pub fn told(room: &mut Room, told: Told) -> Vec<Effect> {
    room.revision.alerts += 1;
    room.revision.header += 1;
    if let Some(parting) = room.live.parting.iter_mut().find(|p| p.notice.id == told.id) {
        parting.how = Some(told.delivery);
        return Vec::new();
    }
    let watching = matches!(room.live.watch, Watch::Me { .. }) && !room.me.read_only;
    if let Delivery::Trying { tries, .. } = told.delivery {
        room.live.telling.insert(told.id, told.delivery.clone());
        // Whoever sits at another screen must know too; each try would fill the record.
        if !watching || !matches!(tries, 1 | 3 | 10 | 30 | 100 | 300) {
            return Vec::new();
        }
        let id = alerts::identity(&["tried", &told.id.to_string(), &tries.to_string()]);
        let fact = Fact::NoticeTold { notice: told.id, delivery: told.delivery };
        return vec![Effect::Append(vec![crate::fact::Draft { id, by: room.me.author.clone(), fact }])];
    }
    room.live.telling.remove(&told.id);
    let open = room.progress.episodes.waiting().iter().any(|n| n.id == told.id);
    if !open && !room.unsaved.contains_key(&told.id)
        || !matches!(room.live.watch, Watch::Me { .. })
        || room.me.read_only
    {
        return Vec::new();
    }
    let word = format!("{:?}", std::mem::discriminant(&told.delivery));
    let id = alerts::identity(&["told", &told.id.to_string(), &word]);
    let fact = Fact::NoticeTold { notice: told.id, delivery: told.delivery };
    vec![Effect::Append(vec![crate::fact::Draft { id, by: room.me.author.clone(), fact }])]
}

/// Lets time pass: what was not answered goes stale, what must hold for a while has held longer.
pub fn tick(room: &mut Room, now: Now) -> Vec<Effect> {
    room.now = now;
    let plan = room.plan.clone();
    let watching = matches!(room.live.watch, Watch::Me { .. }) && !room.me.read_only;
    let windows = super::windows::judge(room, watching);
    maintenance(room, &plan);
    ageing::services(room, &plan);
    from_probes(room, &plan);
    ageing::metrics(room, &plan);
    baseline::rank(room);
    let mut drafts = if watching { alerts::led(room) } else { Vec::new() };
    drafts.extend(alerts::judge_rules(room));
    drafts.extend(super::abort::judge(room));
    drafts.extend(super::bound::judge(room));
    foresee(room);
    if watching {
        drafts.extend(alerts::untold(room));
        drafts.extend(alerts::changes_told(room));
        drafts.extend(windows);
        drafts.extend(super::hold::judge(room));
        drafts.extend(super::timers::judge(room));
        drafts.extend(super::calls::judge(room));
    }
    if let Some((from, until)) = room.baseline_due().filter(|_| watching) {
        drafts.push(draft(&room.me.author, room.capture(from, until)));
    }
    let mut effects = judge(room);
    if !drafts.is_empty() {
        effects.push(Effect::Append(drafts));
    }
    effects
}

/// The forecast is made anew when steps or times changed, and every few seconds.
fn foresee(room: &mut Room) {
    const AGAIN: Duration = Duration::from_secs(5);
    let (steps, times, now) = (room.revision.steps, room.revision.times, room.now);
    let fresh = |(s, t, at): (u64, u64, Now)| s == steps && t == times && now.since(at) < AGAIN;
    if !room.live.forecast_of.is_some_and(fresh) {
        room.live.forecast = room.forecast();
        room.live.forecast_of = Some((steps, times, now));
    }
}

fn service(room: &mut Room, at: Now, took: Duration, reading: ServiceReading) {
    let ServiceIx(ix) = reading.service;
    let (Some(live), Some(service)) = (room.live.services.get_mut(ix as usize), room.plan.services.get(ix as usize))
    else {
        return;
    };
    room.revision.services += 1;
    if let Some(version) = &reading.version {
        live.versions.push(at, version);
    }
    let (state, reason) = match &reading.outcome {
        // One answer names one version; several instances show over several answers.
        Outcome::Pass | Outcome::Degraded(_) if let Some(mixed) = live.versions.mixture(at) => {
            (ServiceState::Degraded, mixed)
        }
        Outcome::Pass => (ServiceState::Up, String::new()),
        Outcome::Degraded(why) => (ServiceState::Degraded, why.clone()),
        Outcome::Fail(why) if live.failures >= service.retries => (ServiceState::Down, why.clone()),
        Outcome::Fail(why) => (ServiceState::Pending, format!("{why}; asking again to be sure")),
        Outcome::NoData(why) => {
            // Nothing was learnt: the state stands and grows old.
            live.reason = format!("no data: {why}");
            live.unknown = Some(why.clone());
            // A word that the plan does not know is still what was said.
            if reading.says.is_some() {
                live.last = Some(reading);
            }
            return;
        }
    };
    let passed = !matches!(reading.outcome, Outcome::Fail(_));
    live.failures = if passed { 0 } else { live.failures.saturating_add(1) };
    live.passes.push(at.utc, if passed { 1.0 } else { 0.0 });
    if passed {
        live.latency.push(at.utc, took.as_secs_f64());
    }
    live.asked = Some(at);
    live.unknown = None;
    live.took = Some(took);
    live.last = Some(reading);
    if live.state == ServiceState::Maintenance {
        return;
    }
    // A failure seen while down, or not yet confirmed while down, leaves it down.
    let state =
        if state == ServiceState::Pending && live.state == ServiceState::Down { ServiceState::Down } else { state };
    change(live, state, reason, at);
}

/// What the steps say is expected to be down is neither up nor down until they say that it is over.
fn maintenance(room: &mut Room, plan: &Plan) {
    if plan.maintenance.is_empty() {
        return;
    }
    let lasting: Vec<&crate::plan::decisions::MaintenancePlan> =
        plan.maintenance.iter().filter(|m| room.lasts(m)).collect();
    let now = room.now;
    for (live, service) in room.live.services.iter_mut().zip(&plan.services) {
        let by =
            lasting.iter().find(|m| m.services.contains(&service.name) || m.services.is_empty() && m.rules.is_empty());
        let (state, reason) = match (by, live.state) {
            (Some(m), _) => (ServiceState::Maintenance, format!("expected: {}", m.name)),
            (None, ServiceState::Maintenance) => (ServiceState::Pending, "maintenance is over, asking".to_owned()),
            (None, _) => continue,
        };
        if live.state != state {
            room.revision.services += 1;
            live.failures = 0;
        }
        change(live, state, reason, now);
    }
}

pub(super) fn change(live: &mut ServiceLive, state: ServiceState, reason: String, at: Now) {
    if live.state != state {
        live.state = state;
        live.since = at;
    }
    live.reason = reason;
}

fn metric(room: &mut Room, at: Now, reading: MetricReading) {
    if room.plan.hidden_query(reading.metric).is_some() {
        return super::slo::count(room, at, reading);
    }
    let MetricIx(ix) = reading.metric;
    let (Some(live), Some(metric)) = (room.live.metrics.get_mut(ix as usize), room.plan.metrics.get(ix as usize))
    else {
        return;
    };
    room.revision.metrics += 1;
    match reading.value {
        Ok(point) => {
            // The clock was set back, and nobody has said so yet: what lies ahead of it would keep this value out.
            if live.series.last().is_some_and(|last| last.at > at.utc + AHEAD) {
                live.series.forget_after(at.utc);
            }
            live.series.push(point.at, point.value);
            live.fresh = Some(at);
            live.trouble = None;
            live.stale = false;
        }
        Err(why) => live.trouble = Some(why),
    }
    hold(live, metric, at);
}

/// Whether the objective holds now, and since when that is so.
pub(super) fn hold(live: &mut MetricLive, metric: &crate::plan::MetricPlan, now: Now) {
    let value = live.current();
    let holds = metric.objective.as_ref().and_then(|o| o.holds(value));
    if holds != live.holds {
        live.holds = holds;
        live.since = now;
    }
    live.band =
        value.filter(|_| !metric.bands.is_empty()).map(|v| metric.bands.iter().filter(|edge| v >= **edge).count());
}

impl MetricLive {
    /// The value as of now; `None` when it is stale or the last answer held none.
    pub fn current(&self) -> Option<f64> {
        if self.stale || self.trouble.is_some() {
            return None;
        }
        self.series.last().map(|p| p.value)
    }
}

/// Metrics that come from the services' own samples of the last minute.
fn from_probes(room: &mut Room, plan: &Plan) {
    let now = room.now;
    for (ix, metric) in plan.metrics.iter().enumerate() {
        let Some(from) = &metric.from_probe else { continue };
        let due = room.live.metrics.get(ix).and_then(|m| m.fresh).is_none_or(|f| now.since(f) >= metric.every);
        if !due {
            continue;
        }
        let value = probe_metric(room, plan, from).map(|value| Point { at: now.utc, value });
        self::metric(room, now, MetricReading { metric: MetricIx(ix as u32), value });
    }
}

fn probe_metric(room: &Room, plan: &Plan, from: &FromProbe) -> Result<f64, String> {
    // Where a window asks seldom, the last minute would mostly hold nothing.
    let span = room.live.pace.map_or(MINUTE, |every| MINUTE.max(every * 2));
    let minute = chrono::TimeDelta::from_std(span).unwrap_or(chrono::TimeDelta::minutes(1));
    let until = room.now.utc;
    let (FromProbe::SuccessRate(of) | FromProbe::ErrorRate(of) | FromProbe::Latency(_, of)) = from;
    let chosen = || {
        plan.services
            .iter()
            .zip(&room.live.services)
            .filter(|(s, _)| of.as_ref().is_none_or(|name| *name == s.name))
            .map(|(_, live)| live)
    };
    let mut values: Vec<f64> = match from {
        FromProbe::Latency(..) => chosen().flat_map(|s| s.latency.since(until, minute)).collect(),
        _ => chosen().flat_map(|s| s.passes.since(until, minute)).collect(),
    };
    if values.is_empty() {
        return Err("no answer in the last minute".to_owned());
    }
    let n = values.len();
    Ok(match from {
        FromProbe::SuccessRate(_) => 100.0 * values.iter().sum::<f64>() / n as f64,
        FromProbe::ErrorRate(_) => 100.0 * (1.0 - values.iter().sum::<f64>() / n as f64),
        FromProbe::Latency(percent, _) => {
            // Nearest rank: a value that was really measured.
            let rank = (n * usize::from(*percent)).div_ceil(100).clamp(1, n) - 1;
            let (_, value, _) = values.select_nth_unstable_by(rank, f64::total_cmp);
            *value * 1_000.0
        }
    })
}

/// The verdict anew; what the watch records of it.
fn judge(room: &mut Room) -> Vec<Effect> {
    // The verdict follows the level, so that is judged first.
    let levels = super::level::judge_levels(room);
    let (word, reason) = verdict::verdict(room);
    let before = room.live.verdict.verdict;
    if before != word || room.live.verdict.reason != reason {
        room.live.verdict.reason.clone_from(&reason);
        room.revision.header += 1;
    }
    let mut facts = Vec::new();
    if before != word {
        room.live.verdict.verdict = word;
        room.live.verdict.since = room.now;
        facts.push(Fact::VerdictChanged { verdict: word, reason: Untrusted::new(reason) });
    }
    for (live, service) in room.live.services.iter_mut().zip(&room.plan.services) {
        // Pending is a doubt, not news; the first "up" is what everybody expects.
        let news = !matches!(live.state, ServiceState::Pending) && live.announced != live.state;
        if news {
            let from = live.announced;
            live.announced = live.state;
            if !(from == ServiceState::Pending && live.state == ServiceState::Up) {
                facts.push(Fact::ServiceChanged {
                    service: Untrusted::new(service.name.clone()),
                    from,
                    to: live.state,
                    reason: Untrusted::new(live.reason.clone()),
                });
            }
        }
    }
    facts.extend(super::gate::judge_gates(room));
    facts.extend(levels);
    facts.extend(super::rollback::judge_rollbacks(room));
    if facts.is_empty() || !matches!(room.live.watch, Watch::Me { .. }) || room.me.read_only {
        return Vec::new();
    }
    vec![Effect::Append(facts.into_iter().map(|f| draft(&room.me.author, f)).collect())]
}
