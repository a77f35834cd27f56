//! Watching the watchers: how far the board itself can be trusted. Pollers that lag, sources that are blind, channels that
//! deliver nothing, a journal that cannot write, nobody who watches.

use std::time::Duration;

use serde::Serialize;

use super::alerts::many;
use super::{JournalHealth, Room, Watch, verdict};
use crate::clock::{Now, age, rfc3339};
use crate::fact::ServiceState;
use crate::notice::{Action, Delivery};
use crate::plan::OwnAlerts;
use crate::plan::slo::HiddenPlan;

/// Polling that starts later than this is worth a word.
const LAG: Duration = Duration::from_millis(250);
/// A missed asking is remembered for this long.
const MISSED: Duration = Duration::from_mins(1);

/// How far the board can be trusted.
#[derive(Clone, Debug, Serialize)]
pub struct Trust {
    /// Nothing impairs it.
    pub sound: bool,
    /// What impairs it, the worst first, in words.
    pub troubles: Vec<String>,
    /// Polling itself; none where another process polls.
    pub polling: Option<Polling>,
    /// Where numbers come from.
    pub sources: Vec<SourceNow>,
    /// Who is told.
    pub channels: Vec<ChannelNow>,
}

/// Polling itself.
#[derive(Clone, Debug, Serialize)]
pub struct Polling {
    /// Askings so far.
    pub asked: u64,
    /// Askings that were due and not started.
    pub missed: u64,
    /// Seconds that one was started late at most, lately.
    pub lag: f64,
}

/// One source of numbers.
#[derive(Clone, Debug, Serialize)]
pub struct SourceNow {
    /// Its name; `services` stands for their probes.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// Metrics or services that have a current value, and all.
    pub seen: usize,
    /// All of them.
    pub of: usize,
    /// Seconds since the newest of its answers.
    pub age: Option<f64>,
    /// Why something is missing.
    pub trouble: Option<String>,
    /// Seconds that its last answer took; none where another process asks.
    pub latency: Option<f64>,
    /// The last thing that went wrong with it, and how long ago that was; also when all is well again.
    pub last_error: Option<String>,
}

/// One channel.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelNow {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// When it last took something, RFC 3339.
    pub delivered: Option<String>,
    /// Whether that was a test.
    pub tested: bool,
    /// Why it does not, or did not take something.
    pub trouble: Option<String>,
}

impl Room {
    /// How far the board itself can be trusted.
    pub fn trust(&self) -> Trust {
        let mut troubles = Vec::new();
        match &self.live.watch {
            Watch::Nobody => troubles.push("nobody watches".to_owned()),
            Watch::Unknown => troubles.push("who watches is not known yet".to_owned()),
            _ => {}
        }
        if let JournalHealth::Broken(why) = &self.journal {
            troubles.push(format!("the journal cannot write ({why})"));
        }
        let (polling, sources, channels) = (self.polling_now(), self.sources_now(), self.channels_now());
        for source in sources.iter().filter(|s| s.seen < s.of) {
            let why = source.trouble.as_ref().map(|t| format!(" ({t})")).unwrap_or_default();
            troubles.push(match source.seen {
                0 => format!("{} is blind{why}", source.name),
                n => format!("{} sees {n} of {}{why}", source.name, source.of),
            });
        }
        for channel in &channels {
            troubles.extend(channel.trouble.as_ref().map(|why| format!("{} does not deliver: {why}", channel.name)));
        }
        troubles.extend(self.left_open());
        if let Some(missed) = self.live.polling.missed_at.map(|at| self.now.since(at)).filter(|ago| *ago < MISSED) {
            troubles.push(format!("a poll was missed {} ago", age(missed)));
        }
        if let Some(polling) = polling.as_ref().filter(|p| p.lag > LAG.as_secs_f64()) {
            troubles.push(format!("polls start {:.0} ms late", polling.lag * 1e3));
        }
        Trust { sound: troubles.is_empty(), troubles, polling, sources, channels }
    }

    fn polling_now(&self) -> Option<Polling> {
        self.live.polling.at?;
        let pulse = self.live.polling.pulse;
        Some(Polling { asked: pulse.asked, missed: pulse.missed, lag: pulse.lag.as_secs_f64() })
    }

    fn sources_now(&self) -> Vec<SourceNow> {
        let mut out = Vec::new();
        if !self.plan.services.is_empty() {
            let known = |s: &&super::ServiceLive| !matches!(s.state, ServiceState::Stale | ServiceState::Pending);
            let newest = self.live.services.iter().filter_map(|s| s.asked).map(|at| self.now.since(at)).min();
            let blind = self.plan.services.iter().zip(&self.live.services).find(|(_, live)| !known(live));
            out.push(SourceNow {
                name: "services".to_owned(),
                kind: "probes",
                seen: self.live.services.iter().filter(known).count(),
                of: self.live.services.len(),
                age: newest.map(|d| d.as_secs_f64()),
                trouble: blind.map(|(plan, live)| format!("{}: {}", plan.name, live.reason)),
                latency: None,
                last_error: None,
            });
        }
        let mut names: Vec<(&str, &'static str)> =
            self.plan.sources.iter().map(|s| (s.name.as_str(), s.kind)).collect();
        for metric in &self.plan.metrics {
            if metric.from_probe.is_none() && !names.iter().any(|(name, _)| *name == metric.source) {
                names.push((&metric.source, "metric"));
            }
        }
        for slo in &self.plan.slos {
            if !names.iter().any(|(name, _)| *name == slo.source) {
                names.push((&slo.source, "source"));
            }
        }
        for (name, kind) in names {
            let counts = self.counts_of(name);
            let of: Vec<_> = self
                .plan
                .metrics
                .iter()
                .zip(&self.live.metrics)
                .filter(|(m, _)| m.source == name && m.from_probe.is_none())
                .collect();
            if of.is_empty() && counts.is_empty() {
                continue;
            }
            let missing = of.iter().find(|(_, live)| live.current().is_none());
            let fresh = of.iter().filter_map(|(_, live)| live.fresh).chain(counts.iter().filter_map(|(_, at, _)| *at));
            let newest = fresh.map(|at| self.now.since(at)).min();
            let uncounted = counts.iter().find_map(|(slo, _, why)| Some(format!("{slo}: {}", why.as_ref()?)));
            let missing = missing.map(|(plan, live)| format!("{} {}", plan.name, verdict::missing(self, live)));
            out.push(SourceNow {
                name: name.to_owned(),
                kind,
                seen: of.iter().filter(|(_, live)| live.current().is_some()).count()
                    + counts.iter().filter(|(.., why)| why.is_none()).count(),
                of: of.len() + counts.len(),
                age: newest.map(|d| d.as_secs_f64()),
                trouble: missing.or(uncounted),
                latency: None,
                last_error: None,
            });
        }
        self.alarm_sources(&mut out);
        for source in &mut out {
            let Some(heard) = self.live.heard.get(&source.name) else { continue };
            source.latency = heard.took.map(|took| took.as_secs_f64());
            let ago = |at: &Now| age(self.now.since(*at));
            source.last_error = heard.error.as_ref().map(|(at, why)| format!("last error {} ago: {why}", ago(at)));
        }
        out
    }

    /// What is counted for objectives from a source: whose it is, when it was last heard of, and why it is not known.
    fn counts_of(&self, source: &str) -> Vec<(&str, Option<Now>, Option<String>)> {
        let of = |hidden: &HiddenPlan| {
            let slo = self.plan.slos.get(hidden.slo).filter(|slo| slo.source == source)?;
            let live = self.live.slos.get(hidden.slo)?.counts.get(hidden.place)?;
            Some((slo.name.as_str(), live.fresh, super::slo::unheard(self, hidden, live)))
        };
        self.plan.hidden.iter().filter_map(of).collect()
    }

    /// Sources that are asked for rules or for their own alerts.
    fn alarm_sources(&self, out: &mut Vec<SourceNow>) {
        if !many::asks(self) {
            return;
        }
        for (ix, source) in self.plan.sources.iter().enumerate() {
            let rules = self.plan.imported.iter().zip(&self.live.imported);
            let rules = rules.filter(|(rule, _)| rule.source == source.name && rule.rule.not_evaluated.is_none());
            let own = self.live.foreign.get(ix).filter(|_| source.alerts == OwnAlerts::Read);
            let asked = rules.map(|(rule, many)| (rule.called.as_str(), many, many.trouble.as_ref()));
            let asked = asked.chain(own.map(|live| ("its alerts", &live.many, live.trouble.as_ref())));
            let (mut seen, mut of, mut age, mut trouble) = (0, 0, None::<Duration>, None);
            for (name, many, why) in asked {
                of += 1;
                seen += usize::from(why.is_none() && many.heard.is_some());
                if many.heard.is_some() {
                    let old = many.silent(self.now);
                    age = Some(age.map_or(old, |age| age.min(old)));
                }
                if let Some(why) = why.filter(|_| trouble.is_none()) {
                    trouble = Some(format!("{name}: {why}"));
                }
            }
            if of > 0 {
                let (name, age) = (source.name.clone(), age.map(|age| age.as_secs_f64()));
                let (latency, last_error) = (None, None);
                out.push(SourceNow { name, kind: "alerts", seen, of, age, trouble, latency, last_error });
            }
        }
    }

    fn channels_now(&self) -> Vec<ChannelNow> {
        let all = &self.progress.episodes;
        let waiting = all.waiting();
        let channels = self.plan.notify.iter().map(|channel| {
            let last = all.last_told(&channel.name);
            let trying = waiting.iter().filter(|n| n.channel == channel.name).find_map(|n| match self.telling(n.id) {
                Some(Delivery::Trying { tries, why, .. }) => Some(format!("{tries} tries, {why}")),
                _ => None,
            });
            let refused = last.and_then(|(_, _, delivery)| match delivery {
                Delivery::Refused { why, .. } => Some(format!("it refused: {why}")),
                _ => None,
            });
            let delivered = last.filter(|(_, _, d)| matches!(d, Delivery::Delivered { .. }));
            ChannelNow {
                name: channel.name.clone(),
                kind: channel.way.kind(),
                delivered: delivered.map(|(at, ..)| rfc3339(at.utc())),
                tested: delivered.is_some_and(|(_, notice, _)| notice.action == Action::Test),
                trouble: trying.or(refused),
            }
        });
        channels.collect()
    }
}

impl Trust {
    /// It in one line.
    pub fn line(&self) -> String {
        let Some(worst) = self.troubles.first() else {
            let seen: usize = self.sources.iter().map(|s| s.seen).sum();
            let polling = self
                .polling
                .as_ref()
                .map_or(String::new(), |p| format!(", polls at most {:.0} ms late, {} missed", p.lag * 1e3, p.missed));
            let what = if seen == 0 { "nothing is watched".to_owned() } else { format!("all {seen} are seen") };
            return format!("{what}{polling}");
        };
        let more = self.troubles.len() - 1;
        if more == 0 { worst.clone() } else { format!("{worst} (+{more} more)") }
    }
}
