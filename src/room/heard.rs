//! What is heard of each source beside its values: how long its last answer took, and what last went wrong.

use std::time::Duration;

use super::Room;
use crate::clock::Now;
use crate::probe::{Ask, Outcome, Reading, Sample};

/// Of one source; `services` stands for their probes.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// How long its last answer took.
    pub took: Option<Duration>,
    /// What last went wrong, and when.
    pub error: Option<(Now, String)>,
}

/// The name under which the probes of services are one source.
pub const SERVICES: &str = "services";

/// Takes a sample in that was asked for here.
pub(super) fn note(room: &mut Room, sample: &Sample) {
    let Some(probe) = room.plan.probes.get(sample.probe.0 as usize) else { return };
    let error = match &sample.reading {
        Reading::Service(reading) => match &reading.outcome {
            Outcome::NoData(why) | Outcome::Fail(why) => Some(format!("{}: {why}", probe.name)),
            Outcome::Pass | Outcome::Degraded(_) => None,
        },
        Reading::Metrics(readings) => readings.iter().find_map(|r| r.value.as_ref().err().cloned()),
        Reading::Rules(readings) => readings.iter().find_map(|r| r.found.as_ref().err().cloned()),
        Reading::Alerts(reading) => reading.found.as_ref().err().cloned(),
        Reading::Backfill(_) => return,
    };
    let of_source = matches!(
        probe.ask,
        Ask::Scrape { .. } | Ask::Prometheus { .. } | Ask::Rules { .. } | Ask::Alerts { .. } | Ask::Json { .. }
    );
    let name = match &sample.reading {
        Reading::Service(_) => SERVICES.to_owned(),
        _ if of_source => probe.name.clone(),
        _ => return,
    };
    let heard = room.live.heard.entry(name).or_default();
    heard.took = Some(sample.took);
    if let Some(error) = error {
        heard.error = Some((sample.at, error));
    }
}
