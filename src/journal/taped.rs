//! Samples by name: what of a sample goes onto the tape.

use super::TapedSample;
use crate::probe::{MetricIx, Reading, Sample, ServiceIx};

/// Takes a sample apart for the tape: one for a service, one for each metric, each by the name that the plan gives it.
/// What has no name in the plan is left out, and so are the past ([`Reading::Backfill`]), which its source still has, and
/// alerts: what becomes of them is recorded as facts.
pub fn to_tape<'a>(
    sample: &Sample,
    service: impl Fn(ServiceIx) -> Option<&'a str>,
    metric: impl Fn(MetricIx) -> Option<&'a str>,
) -> Vec<TapedSample> {
    match &sample.reading {
        Reading::Service(reading) => service(reading.service)
            .map(|name| TapedSample { name: name.to_owned(), sample: sample.clone() })
            .into_iter()
            .collect(),
        Reading::Metrics(readings) => readings
            .iter()
            .filter_map(|reading| {
                let name = metric(reading.metric)?.to_owned();
                let sample = Sample { reading: Reading::Metrics(vec![reading.clone()]), ..sample.clone() };
                Some(TapedSample { name, sample })
            })
            .collect(),
        Reading::Backfill(_) | Reading::Rules(_) | Reading::Alerts(_) => Vec::new(),
    }
}
