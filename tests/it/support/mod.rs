//! Shared by tests: rooms made of a runbook's text and a plan's, on virtual time.

/// A source with two metrics for a plan: an error rate in percent and a p95 in milliseconds, each asked every 5 s.
macro_rules! two_metrics {
    () => {
        r#"[source.app]
scrape = "http://127.0.0.1:1/metrics"

[[metric]]
name = "error rate"
unit = "%"
query = "rate(x[1m])"
source = "app"
every = "5s"

[[metric]]
name = "p95"
unit = "ms"
query = "rate(y[1m])"
source = "app"
every = "5s"
"#
    };
}

pub mod pty;
pub mod screen;
pub mod seat;
pub mod wait;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use warroom::clock::{Now, Stamp, Writer};
use warroom::fact::{AlertWord, Author, Draft, Entry, Fact, Hash, StepId};
use warroom::notice::{Action, Notice};
use warroom::plan::{self, Plan};
use warroom::probe::{MetricIx, MetricReading, Point, ProbeId, Reading, Sample};
use warroom::room::{Book, Effect, JournalHealth, Me, Room, Watch, apply, decide, observe};
use warroom::runbook::Runbook;
use warroom::text::Untrusted;

/// 2025-10-21T11:00:00Z on a clock that starts at one hour.
pub fn start() -> Now {
    Now { utc: DateTime::from_timestamp(1_761_044_400, 0).unwrap(), mono: Duration::from_hours(1) }
}

pub fn author(name: &str) -> Author {
    Author { person: Untrusted::new(name), role: None }
}

/// Somebody in a role.
pub fn by(name: &str, role: &str) -> Author {
    Author { role: Some(Untrusted::new(role)), ..author(name) }
}

pub fn ic() -> Author {
    by("ic", "incident commander")
}

pub fn deputy() -> Author {
    by("deputy", "incident commander")
}

pub fn on_call() -> Author {
    by("on-call", "on-call")
}

/// A plan from its text, read against these runbooks; the test fails with the findings when it is not clean.
pub fn plan(text: &str, runbooks: &[Runbook]) -> Plan {
    let none = |_: &str| None;
    let nothing = |_: &str| Err("not in a test".to_owned());
    let outside = plan::Outside { env: &none, file: &nothing, cmd: &nothing };
    let loaded = plan::load(&plan::Input { path: "warroom.toml", text, outside: &outside, runbooks });
    assert!(loaded.usable(), "{:#?}", loaded.findings);
    loaded.plan
}

/// A room for `ic` from a runbook's text and a plan's.
pub fn room(runbook: &str, plan_text: &str) -> Room {
    let book = warroom::runbook::read("runbook.md", runbook.as_bytes()).unwrap();
    let books = [book];
    let plan = if plan_text.is_empty() { plan::bare("runbook.md", "test") } else { plan(plan_text, &books) };
    let me = Me { author: author("ic"), read_only: false };
    Room::new(me, Arc::new(Book::new(books.into())), Arc::new(plan), start())
}

/// The same where this process is the watch and what is recorded is on the disk.
pub fn watching(runbook: &str, plan_text: &str) -> Room {
    let mut room = room(runbook, plan_text);
    room.live.watch = Watch::Me { epoch: 1 };
    room.journal = JournalHealth::Safe;
    room
}

/// The id of the first step whose text contains `words`.
pub fn step(room: &Room, words: &str) -> StepId {
    let found = room.book.steps().find(|s| s.text.to_string().contains(words));
    found.map_or_else(|| panic!("no step says {words:?}"), |s| s.id.clone())
}

/// What became of an alert, in order.
pub fn story(facts: &[Fact], alert: &str) -> Vec<AlertWord> {
    let of = facts.iter().filter_map(|fact| match fact {
        Fact::AlertChanged { alert: name, to, .. } if name.raw() == alert => Some(*to),
        _ => None,
    });
    of.collect()
}

/// What was to be told, in order.
pub fn notices(facts: &[Fact]) -> Vec<&Notice> {
    let queued = facts.iter().filter_map(|fact| match fact {
        Fact::NoticeQueued { notice } => Some(notice),
        _ => None,
    });
    queued.collect()
}

/// The same as alert and action.
pub fn told(facts: &[Fact]) -> Vec<(String, Action)> {
    notices(facts).iter().map(|n| (n.alert.clone().unwrap_or_default(), n.action)).collect()
}

/// A journal of one writer in memory: seals what it is given and applies it.
#[derive(Debug, Default)]
pub struct Ledger {
    last: Option<(u64, Stamp, Hash)>,
}

impl Ledger {
    /// Records drafts at the room's time.
    pub fn record(&mut self, room: &mut Room, drafts: Vec<Draft>) {
        for draft in drafts {
            let stamp = Stamp::next(self.last.map(|(_, s, _)| s), room.now.utc, Writer(7));
            let (seq, prev) = self.last.map_or((1, Hash::default()), |(n, _, h)| (n + 1, h));
            let entry = Arc::new(Entry::seal(draft, Writer(7), seq, stamp, prev));
            self.last = Some((seq, stamp, entry.hash));
            apply::apply(room, &entry);
        }
    }

    /// What the room wants recorded, recorded; the facts for looking at.
    pub fn perform(&mut self, room: &mut Room, effects: Vec<Effect>) -> Vec<Fact> {
        let drafts: Vec<Draft> = effects.into_iter().flat_map(|Effect::Append(d)| d).collect();
        let facts = drafts.iter().map(|d| d.fact.clone()).collect();
        self.record(room, drafts);
        facts
    }

    /// An intent of somebody, decided and recorded; the refusal when there is one.
    pub fn does(&mut self, by: &str, intent: &warroom::room::Intent, room: &mut Room) -> Result<Vec<Fact>, String> {
        room.now = room.now.plus(Duration::from_secs(1));
        let effects = decide::decide(room, &author(by), intent).map_err(|r| r.0)?;
        Ok(self.perform(room, effects))
    }
}

/// A second passes, with these values of the plan's metrics in their order; none: nothing comes. What was recorded.
pub fn second(room: &mut Room, ledger: &mut Ledger, values: &[Option<f64>]) -> Vec<Fact> {
    let now = room.now.plus(Duration::from_secs(1));
    room.now = now;
    let reading = |(ix, value): (u32, &Option<f64>)| {
        Some(MetricReading { metric: MetricIx(ix), value: Ok(Point { at: now.utc, value: (*value)? }) })
    };
    let reading = Reading::Metrics((0..).zip(values).filter_map(reading).collect());
    let sample = Sample { probe: ProbeId(0), at: now, took: Duration::from_millis(5), reading };
    let effects = observe::observe_all(room, [sample]);
    let mut facts = ledger.perform(room, effects);
    let effects = observe::tick(room, now);
    facts.extend(ledger.perform(room, effects));
    facts
}

/// Moments on the test's clock.
pub fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}
