//! What judging costs: 10,000 rules over 5,000 metrics, once a second, beside a bare loop over the same comparisons.
//! `cargo bench --bench rules`

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and says what it measured")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use warroom::clock::Now;
use warroom::fact::Author;
use warroom::probe::{MetricIx, MetricReading, Point, ProbeId, Reading, Sample};
use warroom::room::{Book, Me, Room, Watch, observe};
use warroom::text::Untrusted;

const METRICS: usize = 5_000;
const RULES: usize = 10_000;
const SECONDS: u64 = 60;

fn main() {
    let mut text = String::from("[room]\nname = \"bench\"\n[source.app]\nscrape = \"http://127.0.0.1:1/metrics\"\n");
    for m in 0..METRICS {
        let _ = write!(text, "[[metric]]\nname = \"m{m}\"\nquery = \"m{m}\"\nsource = \"app\"\nevery = \"1s\"\n");
    }
    for r in 0..RULES {
        let (a, b) = (r % METRICS, (r * 7 + 1) % METRICS);
        let _ = write!(text, "[[rule]]\nname = \"r{r}\"\nwhen = \"m{a} > 90 and not m{b} in 10..20\"\nfor = \"30s\"\n");
    }
    let none = |_: &str| None;
    let nothing = |_: &str| Err(String::new());
    let outside = warroom::plan::Outside { env: &none, file: &nothing, cmd: &nothing };
    let input = warroom::plan::Input { path: "warroom.toml", text: &text, outside: &outside, runbooks: &[] };
    let loaded = warroom::plan::load(&input);
    assert!(loaded.usable());
    let author = Author { person: Untrusted::new("bench"), role: None };
    let now = Now { utc: chrono::DateTime::from_timestamp(1_761_044_400, 0).unwrap_or_default(), mono: Duration::ZERO };
    let me = Me { author, read_only: false };
    let mut room = Room::new(me, Arc::new(Book::new(Vec::new())), Arc::new(loaded.plan), now);
    room.live.watch = Watch::Me { epoch: 1 };
    let (mut judging, mut bare, mut fired) = (Duration::ZERO, Duration::ZERO, 0);
    for second in 1..=SECONDS {
        let now = now.plus(Duration::from_secs(second));
        let value = |m: usize| ((m as u64 * 31 + second / 7) % 100) as f64;
        let readings = (0..METRICS)
            .map(|m| MetricReading { metric: MetricIx(m as u32), value: Ok(Point { at: now.utc, value: value(m) }) });
        let reading = Reading::Metrics(readings.collect());
        observe::observe(&mut room, Sample { probe: ProbeId(0), at: now, took: Duration::ZERO, reading });
        let began = Instant::now();
        fired += observe::tick(&mut room, now).len();
        judging += began.elapsed();
        let values: Vec<Option<f64>> =
            room.live.metrics.iter().map(|m| m.series.last().map(|p| p.value).filter(|_| !m.stale)).collect();
        let began = Instant::now();
        for r in 0..RULES {
            let (a, b) = (values[r % METRICS], values[(r * 7 + 1) % METRICS]);
            black_box(a.map(|a| a > 90.0).zip(b.map(|b| !(10.0..20.0).contains(&b))).map(|(x, y)| x && y));
        }
        bare += began.elapsed();
    }
    let share = judging.as_secs_f64() / SECONDS as f64 * 100.0;
    println!(
        "{RULES} rules over {METRICS} metrics: {:.2} ms a second = {share:.2} % of a core; bare comparisons {:.3} ms; {fired} batches recorded",
        judging.as_secs_f64() * 1e3 / SECONDS as f64,
        bare.as_secs_f64() * 1e3 / SECONDS as f64,
    );
}
