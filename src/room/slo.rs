//! Objectives judged: budgets, burn and what a cutover has spent, each with three values and a sentence.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Room;
use super::live::{CountLive, SloLive};
use crate::clock::{Now, age, duration_text};
use crate::condition::SloAsk;
use crate::plan::Plan;
use crate::plan::slo::{Counts, HiddenPlan, HiddenReads, Side, SloPlan};
use crate::probe::counter::{ABOVE, BEGINS, Completeness};
use crate::probe::slo::{Budget, Burn, BurnState, PAIRS, Seen, Spend, budget, burn};
use crate::probe::{MetricIx, MetricReading};

/// The window that tells the present rate of failures.
const PRESENT: Duration = Duration::from_mins(5);

/// An objective as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct SloNow {
    /// In one word.
    pub state: SloState,
    /// The period's budget, or why it is not known.
    pub budget: Result<Budget, String>,
    /// The four pairs of windows.
    pub burns: Vec<Burn>,
    /// What the cutover has spent, where the plan says what it may.
    pub spend: Option<Result<SpendNow, String>>,
}

/// What a cutover has spent, and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendNow {
    /// Spent and left.
    pub spend: Spend,
    /// From when on it was counted.
    pub since: Since,
    /// Why nothing newer is known, if so: more may be spent by now.
    pub old: Option<String>,
}

/// From when on failures were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// From T-0.
    T0,
    /// From this time, when counting began: there is no T-0.
    Counting(DateTime<Utc>),
    /// From this time, when counting began: T-0 was before, so something may be missing.
    AfterT0(DateTime<Utc>),
}

/// How an objective stands, the worst first. What is not known is never `Good`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SloState {
    /// The cutover has spent more than it may.
    Overspent,
    /// A pair of windows burns too fast.
    Burning,
    /// The period's budget is used up.
    UsedUp,
    /// Something of it is not known.
    NoData,
    /// Everything is known and nothing burns.
    Good,
}

impl SloState {
    /// The word that people and programs read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Overspent => "overspent",
            Self::Burning => "burning",
            Self::UsedUp => "used up",
            Self::NoData => "no data",
            Self::Good => "good",
        }
    }
}

impl SloNow {
    /// What a condition asks, with three values. A pair of windows whose long one was not seen whole is no answer; that the
    /// shortest pair is quiet is one, since the longer ones cannot burn unnoticed for long.
    pub fn answer(&self, asks: SloAsk) -> Option<bool> {
        let overdrawn = self.spend.as_ref().map(|s| s.as_ref().ok().map(|s| s.spend.is_overdrawn()));
        match asks {
            SloAsk::Burns if self.burns.iter().any(|b| b.state == BurnState::Firing) => Some(true),
            SloAsk::Burns => self.burns.first().filter(|b| b.state == BurnState::Quiet).map(|_| false),
            SloAsk::Overspent => overdrawn.flatten(),
            SloAsk::WithinBudget => match (overdrawn, self.budget.as_ref().ok().map(|b| b.left > 0.0)) {
                (Some(Some(true)), _) | (_, Some(false)) => Some(false),
                (Some(Some(false)) | None, Some(true)) => Some(true),
                _ => None,
            },
        }
    }
}

/// Takes an answer to a hidden query in.
pub(super) fn count(room: &mut Room, at: Now, reading: MetricReading) {
    let Some(hidden) = room.plan.hidden_query(reading.metric) else { return };
    let slot = room.live.slos.get_mut(hidden.slo).and_then(|slo| slo.counts.get_mut(hidden.place));
    let Some(live) = slot else { return };
    room.revision.metrics += 1;
    match reading.value {
        Ok(point) => {
            if hidden.reads == HiddenReads::Running {
                live.totals.push(point.at, point.value);
            }
            live.value = Some(point);
            live.fresh = Some(at);
            live.trouble = None;
        }
        Err(why) if why == BEGINS => live.totals.begins(),
        Err(why) if why.starts_with(ABOVE) => {
            live.totals.lies_above(why.trim_start_matches(ABOVE).parse().unwrap_or_default());
        }
        Err(why) => live.trouble = Some(why),
    }
}

/// What was counted by the same queries stays counted under another plan.
pub(super) fn keep(old: &Plan, counted: Vec<SloLive>, new: &Plan, into: &mut [SloLive]) {
    for (slo, live) in counted.into_iter().enumerate() {
        for (place, count) in live.counts.into_iter().enumerate() {
            let name = old.hidden.iter().find(|h| h.slo == slo && h.place == place).map(|h| &h.name);
            let same = name.and_then(|name| new.hidden.iter().find(|h| h.name == *name));
            let slot = same.and_then(|h| into.get_mut(h.slo)?.counts.get_mut(h.place));
            if let Some(slot) = slot {
                *slot = count;
            }
        }
    }
}

/// Every objective, judged, in the plan's order.
pub fn judge_all(room: &Room) -> Vec<SloNow> {
    (0..room.plan.slos.len()).filter_map(|ix| judge(room, ix)).collect()
}

/// One objective, judged; `None` where the plan has no such.
pub fn judge(room: &Room, ix: usize) -> Option<SloNow> {
    let of = Of { room, plan: room.plan.slos.get(ix)?, live: room.live.slos.get(ix)?, ix };
    let objective = of.plan.objective;
    let burns: Vec<Burn> =
        PAIRS.iter().map(|pair| burn(&objective, *pair, &of.seen(pair.long), &of.seen(pair.short))).collect();
    let budget = budget(&objective, &of.seen(objective.period()), &of.seen(PRESENT), PRESENT);
    let spend = of.plan.spend.map(|allowed| of.spend(allowed));
    let state = match () {
        () if spend.as_ref().is_some_and(|s| s.as_ref().is_ok_and(|s| s.spend.is_overdrawn())) => SloState::Overspent,
        () if burns.iter().any(|b| b.state == BurnState::Firing) => SloState::Burning,
        () if budget.as_ref().is_ok_and(|b| b.left <= 0.0) => SloState::UsedUp,
        () if burns.iter().any(|b| b.state != BurnState::Quiet)
            || budget.is_err()
            || spend.as_ref().is_some_and(|s| !s.as_ref().is_ok_and(SpendNow::is_certain)) =>
        {
            SloState::NoData
        }
        () => SloState::Good,
    };
    Some(SloNow { state, budget, burns, spend })
}

/// An objective in one line: what is worst comes first. Without the objective's name.
pub fn sentence(now: &SloNow) -> String {
    let mut parts: Vec<String> = Vec::new();
    for burn in now.burns.iter().filter(|b| b.state == BurnState::Firing) {
        parts.push(format!(
            "burns {} in {} and {} in {}, over {}",
            times(burn.long),
            duration_text(burn.pair.long),
            times(burn.short),
            duration_text(burn.pair.short),
            times(Some(burn.factor)),
        ));
    }
    if let Some(spend) = &now.spend {
        parts.push(match spend {
            Ok(spend) => spend.words(),
            Err(why) => format!("spend: no data, {why}"),
        });
    }
    parts.push(match &now.budget {
        Ok(budget) if budget.left > 0.0 => format!("{} of the budget left", percent(budget.share_left)),
        Ok(budget) => format!("budget used up: {} failed, {} may", amount(budget.spent), amount(budget.allowed)),
        Err(why) => format!("budget: no data, {why}"),
    });
    let unknown = now.burns.iter().filter(|b| matches!(b.state, BurnState::NoData(_))).count();
    if unknown > 0 {
        parts.push(format!("{unknown} of {} burn rates without data", now.burns.len()));
    }
    parts.join("; ")
}

impl SpendNow {
    /// Whether nothing can be missing from it.
    fn is_certain(&self) -> bool {
        self.old.is_none() && self.spend.count == Completeness::Exact && !matches!(self.since, Since::AfterT0(_))
    }

    /// `28 of 40 left, 12 spent since T-0`.
    pub fn words(&self) -> String {
        let spend = &self.spend;
        let since = match self.since {
            Since::T0 => "T-0".to_owned(),
            Since::Counting(at) => at.format("%H:%M:%S").to_string(),
            Since::AfterT0(at) => at.format("%H:%M:%S, and T-0 was before").to_string(),
        };
        let (least, most) = if self.is_certain() { ("", "") } else { ("at least ", "at most ") };
        let left = if spend.is_overdrawn() {
            format!("{} more than {}", amount(-spend.left()), spend.allowed)
        } else {
            format!("{most}{} of {} left", amount(spend.left()), spend.allowed)
        };
        let mut words = format!("{left}, {least}{} spent since {since}", amount(spend.spent));
        if let Completeness::AtLeast(at) = spend.count {
            words.push_str(&at.format(" (counting began anew at %H:%M:%S)").to_string());
        }
        if let Some(old) = &self.old {
            words.push_str(" (");
            words.push_str(old);
            words.push(')');
        }
        words
    }
}

/// A rate of burning: `14.4×`, or a dash where there is none.
pub fn times(rate: Option<f64>) -> String {
    match rate {
        None => "–".to_owned(),
        Some(rate) if rate >= 99.5 => format!("{rate:.0}×"),
        Some(rate) if rate == rate.trunc() => format!("{rate:.0}×"),
        Some(rate) => format!("{rate:.1}×"),
    }
}

/// A share as per cent, never rounded up to all or down to nothing: `99.9%`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = usize::from(percent != percent.trunc());
    let text = format!("{percent:.digits$}%");
    match text.as_str() {
        "100.0%" => "over 99.9%".to_owned(),
        "0.0%" | "-0.0%" => "under 0.1%".to_owned(),
        _ => text,
    }
}

/// A count of requests: whole, or with one digit where a Prometheus estimated it.
pub fn amount(n: f64) -> String {
    if n == n.trunc() || n.abs() >= 100.0 { format!("{n:.0}") } else { format!("{n:.1}") }
}

/// One objective with what belongs to it.
struct Of<'a> {
    room: &'a Room,
    plan: &'a SloPlan,
    live: &'a SloLive,
    ix: usize,
}

impl<'a> Of<'a> {
    fn count(&self, side: Side, reads: HiddenReads) -> Option<(&'a HiddenPlan, &'a CountLive)> {
        let mut own = self.room.plan.hidden.iter().filter(|h| h.slo == self.ix);
        let hidden = own.find(|h| h.side == side && h.reads == reads)?;
        Some((hidden, self.live.counts.get(hidden.place)?))
    }

    /// What was counted in the last `window`.
    fn seen(&self, window: Duration) -> Seen {
        let asked = HiddenReads::Increase(window);
        let both = match (self.count(Side::Part, asked), self.count(Side::All, asked)) {
            (Some(part), Some(all)) => self.answered(part).and_then(|part| Ok((part, self.answered(all)?))),
            _ => self.counted(Side::Part, window).and_then(|part| Ok((part, self.counted(Side::All, window)?))),
        };
        match both {
            Ok((part, total)) => Seen::Counted { bad: self.bad(part, total), total },
            Err(why) => Seen::NoData(why),
        }
    }

    fn bad(&self, part: f64, total: f64) -> f64 {
        match self.plan.counts {
            Counts::Bad(_) => part,
            Counts::Good(_) => (total - part).max(0.0),
        }
    }

    /// What a Prometheus said, while it is fresh.
    fn answered(&self, (hidden, live): (&HiddenPlan, &CountLive)) -> Result<f64, String> {
        self.fresh(hidden, live)?;
        live.value.map(|point| point.value).ok_or_else(|| "not asked yet".to_owned())
    }

    /// What was counted here.
    fn counted(&self, side: Side, window: Duration) -> Result<f64, String> {
        let (hidden, live) = self.count(side, HiddenReads::Running).ok_or("it is not counted")?;
        self.fresh(hidden, live)?;
        live.totals.over(window).map_err(|seen| format!("only {} seen", age(seen)))
    }

    fn fresh(&self, hidden: &HiddenPlan, live: &CountLive) -> Result<(), String> {
        unheard(self.room, hidden, live).map_or(Ok(()), Err)
    }

    fn spend(&self, allowed: u64) -> Result<SpendNow, String> {
        let now = self.room.now.utc;
        let t0 = self.room.t0();
        if let Some(t0) = t0.filter(|t0| *t0 > now) {
            return Err(format!("it is counted from T-0, in {}", age((t0 - now).to_std().unwrap_or_default())));
        }
        let of = |side| {
            let (hidden, live) = self.count(side, HiddenReads::Running).ok_or("it is not counted")?;
            let grown = live.totals.since(t0.unwrap_or(DateTime::UNIX_EPOCH));
            let fresh = self.fresh(hidden, live);
            let grown = grown.ok_or_else(|| fresh.clone().err().unwrap_or_else(|| "not asked yet".to_owned()))?;
            Ok::<_, String>((grown, fresh.err()))
        };
        let (part, mut old) = of(Side::Part)?;
        let (mut spent, mut count, mut since) = (part.by, part.count, part.since);
        if matches!(self.plan.counts, Counts::Good(_)) {
            let (all, older) = of(Side::All)?;
            spent = self.bad(part.by, all.by);
            old = old.or(older);
            since = since.max(all.since);
            if let Completeness::AtLeast(_) = all.count {
                count = all.count;
            }
        }
        let since = match t0 {
            Some(t0) if since <= t0 => Since::T0,
            Some(_) => Since::AfterT0(since),
            None => Since::Counting(since),
        };
        Ok(SpendNow { spend: Spend { allowed, spent, count }, since, old })
    }
}

/// Why what is counted is not known now; none where it is.
pub(super) fn unheard(room: &Room, hidden: &HiddenPlan, live: &CountLive) -> Option<String> {
    if let Some(why) = &live.trouble {
        return Some(why.clone());
    }
    let Some(fresh) = live.fresh else { return Some("not asked yet".to_owned()) };
    let every = room.pace(hidden.every);
    let silent = room.silent(fresh, every, hidden.every);
    // An answer may take a while, the more so of the room's time in a rehearsal.
    let patience = every * 2 + Duration::from_secs(1) * room.speed;
    (silent > patience).then(|| format!("no answer for {}", age(silent)))
}

/// The hidden query of an objective by what it reads; for tests and rehearsals that feed it.
pub fn hidden_ix(plan: &Plan, slo: usize, side: Side, reads: HiddenReads) -> Option<MetricIx> {
    let at = plan.hidden.iter().position(|h| h.slo == slo && h.side == side && h.reads == reads)?;
    Some(MetricIx((plan.metrics.len() + at) as u32))
}
