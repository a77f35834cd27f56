//! Whether to go on: objectives and service states, held for ten seconds, with three values and a reason in words.

use std::time::Duration;

use super::alerts::many;
use super::live::ServiceLive;
use super::{Room, causes};
use crate::clock::{Now, age, clock_span};
use crate::condition::Test;
use crate::fact::{AlertWord, ServiceState, Verdict};
use crate::notice::Severity;
use crate::plan::MetricPlan;
use crate::plan::decisions::NoData;
use crate::plan::rules::severity;
use crate::probe::TRIP;

/// How long a condition must hold before the verdict follows it.
pub const HOLD: Duration = Duration::from_secs(10);

/// One thing that is judged.
struct Judged {
    /// Three values: holds, is broken, not known.
    holds: Option<bool>,
    /// For how long.
    held: Duration,
    /// For how long it must, before the verdict follows it.
    asked: Duration,
    /// What to say of it unless it holds.
    words: String,
}

/// The verdict over everything the plan watches, and why. Unknown is WAIT, never GO.
pub fn verdict(room: &Room) -> (Verdict, String) {
    let judged: Vec<Judged> = aborted(room)
        .chain(level(room))
        .chain(services(room))
        .chain(metrics(room))
        .chain(paging(room))
        .chain(blind(room))
        .collect();
    if judged.is_empty() {
        return (Verdict::Wait, "nothing is judged: the plan has no service and no objective".to_owned());
    }
    let broken = || judged.iter().filter(|j| j.holds == Some(false));
    if broken().any(|j| j.held >= j.asked) {
        return (Verdict::NoGo, list(broken().map(|j| format!("{} for {}", j.words, clock_span(j.held)))));
    }
    if broken().next().is_some() {
        return (
            Verdict::Wait,
            list(broken().map(|j| format!("{} for {} of {}", j.words, clock_span(j.held), clock_span(HOLD)))),
        );
    }
    if judged.iter().any(|j| j.holds.is_none()) {
        return (Verdict::Wait, list(judged.iter().filter(|j| j.holds.is_none()).map(|j| j.words.clone())));
    }
    let held = judged.iter().map(|j| j.held).min().unwrap_or_default();
    if held < HOLD {
        return (Verdict::Wait, format!("all good for {} of {}", clock_span(held), clock_span(HOLD)));
    }
    let (up, objectives) = (services(room).count(), judged.len() - services(room).count());
    let parts: Vec<String> = [(up, "service", "up"), (objectives, "objective", "met")]
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, what, how)| format!("{n} {what}{} {how}", if n == 1 { "" } else { "s" }))
        .collect();
    (Verdict::Go, parts.join(", "))
}

/// The level the room is on, which has held for as long as it asks: nothing more is waited for.
fn level(room: &Room) -> Option<Judged> {
    let (_, says) = room.level_says()?;
    let level = room.level()?;
    let lasted = (room.now.utc - level.since).to_std().unwrap_or_default();
    let holds = (says == Verdict::NoGo).then_some(false);
    Some(Judged { holds, held: lasted, asked: Duration::ZERO, words: level.short() })
}

/// Each service by itself, but those that fail because of another together with that one: one failure, held as long as the
/// longest of them.
fn services(room: &Room) -> impl Iterator<Item = Judged> + '_ {
    let causes = causes::causes(room);
    let roots = causes::roots(&causes);
    let mut under = vec![(0_usize, Duration::ZERO); roots.len()];
    for (root, live) in roots.iter().zip(&room.live.services) {
        if let Some((n, longest)) = root.and_then(|root| under.get_mut(root)) {
            *n += 1;
            if live.state == ServiceState::Down {
                *longest = (*longest).max(room.now.since(live.since));
            }
        }
    }
    let services = room.plan.services.iter().zip(&room.live.services).zip(roots.into_iter().zip(under));
    services.filter_map(|((plan, live), (root, (n, longest)))| {
        if root.is_some() {
            return None;
        }
        let name = &plan.name;
        let (holds, words) = match live.state {
            ServiceState::Maintenance => return None,
            ServiceState::Up => (Some(true), String::new()),
            ServiceState::Down if n > 0 => {
                let depend = if n == 1 { "depends" } else { "depend" };
                (Some(false), format!("{name} down (+{n} {depend} on it), {}", live.reason))
            }
            ServiceState::Down => (Some(false), format!("{name} down, {}", live.reason)),
            ServiceState::Degraded => (None, format!("{name} degraded, {}", live.reason)),
            ServiceState::Pending => (None, format!("{name}: {}", live.reason)),
            ServiceState::Stale => (None, format!("{name}: {}", stale_words(room, live))),
        };
        // What must be refused and was not is no flicker: one answer proves it.
        let tripped = live.state == ServiceState::Down && live.reason.starts_with(TRIP);
        let asked = if tripped { Duration::ZERO } else { HOLD };
        Some(Judged { holds, held: room.now.since(live.since).max(longest), asked, words })
    })
}

fn stale_words(room: &Room, live: &ServiceLive) -> String {
    match (&live.unknown, live.asked) {
        (Some(why), _) => format!("no data: {why}"),
        (None, Some(at)) => format!("no answer for {}", age(room.now.since(at))),
        (None, None) => "no answer yet".to_owned(),
    }
}

fn metrics(room: &Room) -> impl Iterator<Item = Judged> + '_ {
    room.plan.metrics.iter().zip(&room.live.metrics).filter_map(|(plan, live)| {
        let objective = plan.objective.as_ref()?;
        let words = match (live.holds, live.current()) {
            (Some(_), Some(value)) => {
                let relation = match value.total_cmp(&objective.value) {
                    std::cmp::Ordering::Less => "<",
                    std::cmp::Ordering::Equal => "=",
                    std::cmp::Ordering::Greater => ">",
                };
                format!("{} {} {relation} {}", plan.name, number(plan, value), bound(plan, objective.value))
            }
            _ => format!("{} {}", plan.name, missing(room, live)),
        };
        Some(Judged { holds: live.holds, held: room.now.since(live.since), asked: HOLD, words })
    })
}

/// A step whose command was aborted is half done, and what was seen is bad: nothing goes on until somebody says how.
fn aborted(room: &Room) -> impl Iterator<Item = Judged> + '_ {
    let said = |abort: super::abort::AbortAsked, how: &str| Judged {
        holds: Some(false),
        held: (room.now.utc - abort.at).to_std().unwrap_or_default(),
        asked: Duration::ZERO,
        words: format!("{} {how} \"{}\"", abort.found, abort.text),
    };
    let by_hand = room.aborts_by_hand().into_iter().map(move |abort| said(abort, "is to stop"));
    room.aborts_asked().into_iter().map(move |abort| said(abort, "aborted")).chain(by_hand)
}

/// Alerts that wake somebody have held for as long as their rule asks: nothing more is waited for.
fn paging(room: &Room) -> impl Iterator<Item = Judged> + '_ {
    room.paging().into_iter().map(|(name, since, why)| Judged {
        holds: Some(false),
        held: room.now.since(since),
        asked: Duration::ZERO,
        words: format!("{name} fires ({why})"),
    })
}

/// Rules that would wake somebody and that nobody can judge, because what they look at is not seen: silence is not green.
fn blind(room: &Room) -> impl Iterator<Item = Judged> + '_ {
    let unseen = |name: &str, why: &str, since: Option<Now>| Judged {
        holds: None,
        held: since.map(|since| room.now.since(since)).unwrap_or_default(),
        asked: HOLD,
        words: format!("{name}: nobody can tell, {why}"),
    };
    let rules = room.plan.rules.iter().zip(&room.live.rules).filter_map(move |(rule, live)| {
        let unknown = matches!(live.main.alert.last, Some((_, None)));
        if !unknown || rule.severity < Severity::Page || rule.no_data == NoData::Ignore || room.rests(rule) {
            return None;
        }
        // A baseline that is not taken yet, or a window not yet seen whole, is no blind source.
        let metric = rule.when.expr.leaves().into_iter().filter_map(Test::metric).find_map(|m| {
            let live = room.live.metrics.get(m.ix.0 as usize)?;
            live.current().is_none().then(|| format!("{} {}", m.name, missing(room, live)))
        })?;
        Some(unseen(&rule.name, &metric, live.main.alert.blind))
    });
    let asks = many::asks(room);
    let imported = room.plan.imported.iter().zip(&room.live.imported).filter_map(move |(rule, live)| {
        if rule.rule.not_evaluated.is_some() || severity(rule.label("severity")) < Severity::Page {
            return None;
        }
        let name = super::alerts::blind_name(&rule.called);
        match (&live.trouble, asks) {
            (Some(why), true) => Some(unseen(&rule.called, why, live.heard)),
            (None, true) if live.heard.is_none() => Some(unseen(&rule.called, "no answer yet", None)),
            // Whoever does not ask knows what the watch recorded.
            (_, false) => {
                let said = room.progress.episodes.newest(&name).filter(|(_, said)| said.to == AlertWord::Firing);
                said.map(|(_, said)| unseen(&rule.called, said.why.raw(), None))
            }
            _ => None,
        }
    });
    rules.chain(imported)
}

/// Why a metric has no value now, in words: `has no data for 40 s`.
pub fn missing(room: &Room, live: &super::MetricLive) -> String {
    match (&live.trouble, live.fresh) {
        (Some(why), _) => format!("has no data: {why}"),
        (None, Some(fresh)) => format!("has no data for {}", age(room.now.since(fresh))),
        (None, None) => "has no data yet".to_owned(),
    }
}

/// A value in the metric's unit, as short as it can be read: `1.2%`, `0.35%`, `420 ms`, `31`.
pub fn number(plan: &MetricPlan, value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 || v == v.trunc() => 0,
        v if v >= 1.0 => 1,
        v if v >= 0.01 => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    match plan.unit.as_deref() {
        Some("%") => format!("{text}%"),
        Some(unit) => format!("{text} {unit}"),
        None => text,
    }
}

/// A number that stands still, such as a threshold, without the zeros that keep live numbers steady: `0.5%`.
pub fn bound(plan: &MetricPlan, value: f64) -> String {
    let text = number(plan, value);
    let digits = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-')).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits);
    let short = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{short}{unit}")
}

fn list(mut words: impl Iterator<Item = String>) -> String {
    let first = words.next().unwrap_or_default();
    match words.count() {
        0 => first,
        n => format!("{first} (+{n} more)"),
    }
}
