//! Samples by name: what of a sample goes onto the tape.

use super::TapedSample;
use crate::probe::{MetricIx, MetricReading, Point, Reading, Sample, ServiceIx};

/// The series of when rules and alerts were asked for; no metric of a plan has a name with a control character.
pub const ASKED: &str = "\u{1}asked";

/// Takes a sample apart for the tape: one for a service, one for each metric, each by the name that the plan gives it.
/// What has no name in the plan is left out, and so is the past ([`Reading::Backfill`]), which its source still has. Of rules
/// and alerts only that somebody asked is kept: what becomes of them is recorded as facts, their words come with the next
/// answer, and for how long one was pending follows from when somebody last asked.
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
        Reading::Rules(_) | Reading::Alerts(_) => {
            let value = Ok(Point { at: sample.at.utc, value: 1.0 });
            let reading = Reading::Metrics(vec![MetricReading { metric: MetricIx(u32::MAX), value }]);
            vec![TapedSample { name: ASKED.to_owned(), sample: Sample { reading, ..sample.clone() } }]
        }
        Reading::Backfill(_) => Vec::new(),
    }
}
