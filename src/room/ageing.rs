//! What was not answered grows old: services go stale, metrics have no current value any more.

use std::time::Duration;

use super::Room;
use super::observe::{change, hold};
use crate::clock::age;
use crate::fact::ServiceState;
use crate::plan::{MetricPlan, Plan};

/// A metric whose newest contributing sample is older than this has no current value, however often it is asked.
const SAMPLE_AGE: Duration = Duration::from_mins(1);

/// Services of which nothing was heard in time.
pub(super) fn services(room: &mut Room, plan: &Plan) {
    let now = room.now;
    let paces: Vec<(Duration, Duration)> = plan
        .services
        .iter()
        .zip(&room.live.services)
        .map(|(service, live)| {
            let every = room.service_pace(service);
            (every, room.silent(live.asked.unwrap_or(live.since), every, service.every))
        })
        .collect();
    for ((live, service), (every, silent)) in room.live.services.iter_mut().zip(&plan.services).zip(paces) {
        // An asking may take until its deadline, so an answer is overdue two intervals and one deadline after the last.
        let rests = live.state == ServiceState::Maintenance;
        if !rests && live.state != ServiceState::Stale && silent > every * 2 + service.timeout * room.speed {
            let last = match (&live.unknown, live.asked) {
                (Some(why), _) => format!("no data: {why}"),
                (None, None) => "no answer yet".to_owned(),
                (None, Some(_)) => format!("no answer for {}", age(silent)),
            };
            change(live, ServiceState::Stale, last, now);
            room.revision.services += 1;
        }
    }
}

/// Metrics of which no value came in time.
pub(super) fn metrics(room: &mut Room, plan: &Plan) {
    let (now, pace, paced) = (room.now, room.live.pace, room.live.paced);
    let silences: Vec<Option<Duration>> = plan
        .metrics
        .iter()
        .zip(&room.live.metrics)
        .map(|(metric, live)| Some(room.silent(live.fresh?, metric_pace(pace, metric), metric.every)))
        .collect();
    for ((live, metric), silent) in room.live.metrics.iter_mut().zip(&plan.metrics).zip(silences) {
        let every = metric_pace(pace, metric);
        let patience = every * 2 + Duration::from_secs(1) * (room.speed - 1);
        let old = silent.is_none_or(|silent| silent > patience);
        let aged =
            live.series.last().is_some_and(|p| (now.utc - p.at).to_std().is_ok_and(|a| a > SAMPLE_AGE.max(every * 2)))
                && paced.is_none_or(|paced| now.since(paced) > patience);
        // Only a new value ends it: neither another pace nor a clock that is set makes an old one young.
        let stale = live.stale || old || aged;
        if stale != live.stale {
            live.stale = stale;
            room.revision.metrics += 1;
        }
        hold(live, metric, now);
    }
}

/// From one asking of a metric to the next; one that is made of the services' own answers is none that is asked.
fn metric_pace(pace: Option<Duration>, metric: &MetricPlan) -> Duration {
    pace.filter(|_| metric.from_probe.is_none()).unwrap_or(metric.every)
}
