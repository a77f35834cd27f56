//! The thresholds of one line: comparisons, ranges, zero rules, and what is held against a baseline or an objective.

use serde_json::{Value, json};

use super::amount::{amount, number};
use super::compare::{comparator, postfix};
use super::comparison::{baseline_ahead, comparison, lasts_before_another};
use super::lasting::{ahead, sustained};
use super::metric::{self, Names};
use super::severity::severity_of;
use super::stated::{declared, listed, not_elevated, within_objective};
use super::tongues::{self, each, plain};
use super::{clause, grammar, none};
use crate::runbook::Threshold;
use crate::runbook::tokens::{Kind, Token, tokens};

/// A line and what is known of it before it is read.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    pub text: &'a str,
    /// 1-based.
    pub line: u32,
    /// Where further lines begin in the text, with their numbers.
    pub breaks: &'a [(usize, u32)],
    /// What the numbers are about where the line does not say.
    pub names: Names<'a>,
    /// How grave the place makes it.
    pub severity: Option<&'static str>,
    /// The unit of bare numbers.
    pub unit: Option<&'static str>,
    /// Whether what it stands under promises limits.
    pub promised: bool,
}

/// Every threshold of one line.
pub(super) fn scan(asked: Asked<'_>, out: &mut Vec<Threshold>) {
    let Asked { text, names, .. } = asked;
    let t = plain(text, &tokens(text));
    let before = out.len();
    let mut said = None;
    let mut severity = || *said.get_or_insert_with(|| severity_of(&t, text).or(asked.severity));
    // A number stands on the line that its last word stands on.
    let line_of = |next: usize| {
        let at = t.get(next.saturating_sub(1)).map_or(0, |l| l.from);
        asked.breaks.iter().rev().find(|(from, _)| *from <= at).map_or(asked.line, |(_, line)| *line)
    };
    let push = |found: One, for_s, severity: Option<&str>, out: &mut Vec<Threshold>| {
        let unit = found.unit.or(asked.unit).or_else(|| metric::unit_of(&found.metric, text));
        let relative = found.relative;
        out.push(Threshold {
            metric: metric::without_unit(&found.metric, unit).into(),
            op: found.op.into(),
            value: found.value,
            unit: unit.filter(|_| relative.is_none() || found.unit.is_some()).map(Into::into),
            for_s,
            severity: severity.map(Into::into),
            relative_to: relative.map(Into::into),
            line: line_of(found.next),
            text: text.into(),
            under: None,
        });
    };
    let mut used = 0;
    let mut last: Option<String> = None;
    let mut timed = false;
    let mut end = 0;
    let mut i = 0;
    while i < t.len() {
        let names = Names { last: last.as_deref(), timed, ..names };
        let Some(found) = one(&t, i, text, used, names) else {
            // What compares and holds nothing is not read again from its middle.
            i = comparator(&t, i).map_or(i + 1, |c| c.next.max(i + 1));
            continue;
        };
        let mut found = found;
        if matches!(found.unit, None | Some("count")) && found.relative.is_none() {
            found.unit = t.get(..i).and_then(each).or(found.unit);
        }
        let for_s = sustained(&t, found.next).or_else(|| if used == 0 { ahead(&t, i, text) } else { None });
        let grave = found.severity.or_else(&mut severity);
        used = t.get(found.next - 1).map_or(used, |l| l.to);
        let start = i;
        i = found.next;
        last = Some(found.metric.clone());
        timed = matches!(found.unit, Some("ms" | "s" | "min" | "h" | "d"));
        let (first, began) = (out.len() == before, out.len());
        // `drops to zero (lost == 0)` says it twice.
        let again = found.op == "=="
            && out.get(before..).unwrap_or_default().iter().any(|o| o.op == "==" && o.value == found.value);
        if again {
            continue;
        }
        push(found, for_s, grave, out);
        // `0.3%以上1%未満`, `at least 1 % but below 3 %`: two ends of one band.
        if !first && joined(t.get(end..start).unwrap_or_default()) {
            band(out, began);
        }
        end = i;
    }
    if out.len() == before {
        let listed = if asked.promised { listed(&t, text, asked.severity) } else { None };
        for found in [not_elevated(text), within_objective(&t, text, names), declared(&t, text, names), listed]
            .into_iter()
            .flatten()
            .take(1)
        {
            let for_s = sustained(&t, found.next);
            push(found, for_s, severity(), out);
        }
    }
}

/// Whether what stands between two limits joins them: nothing, or *and*, *but*.
fn joined(between: &[Token<'_>]) -> bool {
    between.len() <= 2
        && between.iter().all(|w| {
            w.is_any(&[
                "and", "but", "und", "aber", "et", "mais", "y", "pero", "e", "ma", "en", "och", "men", "og", "i", "a",
                "ale",
            ]) || matches!(w.text, "и" | "но" | "且" | "、" | "か" | "かつ" | "," | "，" | "та")
        })
}

/// The limit at `at` and the one before it as one band, where they are its ends.
fn band(out: &mut Vec<Threshold>, at: usize) {
    let Some([low, high]) = at.checked_sub(1).and_then(|b| out.get(b..=at)) else { return };
    let (Some(lo), Some(hi)) = (low.value.as_f64(), high.value.as_f64()) else { return };
    let ends = low.op.starts_with('>') && high.op.starts_with('<') && lo < hi;
    let same = low.unit == high.unit || low.unit.is_none();
    if ends && same && low.relative_to == high.relative_to {
        let unit = high.unit.clone();
        let for_s = high.for_s;
        out.truncate(at);
        if let Some(low) = out.last_mut() {
            "in".clone_into(&mut low.op);
            low.value = json!([number(lo), number(hi)]);
            low.unit = unit;
            low.for_s = low.for_s.or(for_s);
        }
    }
}

/// A threshold and where it ends.
pub(super) struct One {
    pub metric: String,
    pub op: &'static str,
    pub value: Value,
    pub unit: Option<&'static str>,
    pub relative: Option<&'static str>,
    /// Where the words of the metric say it.
    pub severity: Option<&'static str>,
    pub next: usize,
}

fn one(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    if let Some(found) = none::none(t, i, text, used, names) {
        return Some(found);
    }
    if let Some(compared) = comparator(t, i) {
        return comparison(t, i, text, used, names, compared);
    }
    range(t, i, text, used, names).or_else(|| behind(t, i, text, used, names))
}

/// `1-3%`, `500-1000ms`, `(target: 100-500)`, `between 1% and 3%`.
fn range(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    // Between two words there is no range.
    if t.get(i)?.kind == Kind::Word
        && t.get(i + 1)?.kind == Kind::Word
        && !t.get(i)?.is("yüzde")
        && !t.get(i + 1)?.is("yüzde")
    {
        return None;
    }
    let between = t.get(i)?.is_any(&[
        "between", "zwischen", "entre", "from", "von", "tussen", "tra", "fra", "mellan", "mellem", "mellom", "de",
        "od", "mezi", "od", "tussen", "antara", "from",
    ]) || !t.get(i)?.text.is_ascii()
        && matches!(
            t.get(i)?.text.to_lowercase().as_str(),
            "między" | "pomiędzy" | "между" | "від" | "між" | "от" | "介于" | "在" | "από" | "între"
        );
    let start = i + usize::from(between);
    let low = t.get(start)?;
    let (lo, lo_unit, mid) = amount(t, start)?;
    let join = t.get(mid)?;
    if !(join.dash()
        || between
            && (join.is_any(&["and", "und", "y", "et", "e", "en", "in", "i", "och", "og", "a", "do", "m"])
                || matches!(join.text, "и" | "до" | "та" | "και" | "și" | "és" | "và" | "و")
                || join.text.starts_with(['和', '与', '與', '及']))
        || join.is_any(&["to", "bis", "à", "ile", "til", "till", "tot", "através"])
        || matches!(join.text, "至" | "到" | "から" | "에서" | "부터" | "과" | "와")
        || join.is_any(&["a", "à", "do", "al"]) && lo_unit.is_none_or(|u| u != "count")
        || matches!(join.kind, Kind::Sign('~' | '～' | '…' | '〜'))
        || join.kind == Kind::Sign('.') && t.get(mid + 1).is_some_and(|d| d.sign('.') && d.from == join.to))
    {
        return None;
    }
    // `5 .. 10`, `de 5 % à 10 %`
    let dots = t.get(mid..).unwrap_or_default().iter().take(3).take_while(|d| d.sign('.')).count();
    let (hi, unit, next) = amount(t, mid + dots.max(1))?;
    let target = i > 0
        && t.get(i.saturating_sub(3)..i)
            .unwrap_or_default()
            .iter()
            .any(|w| w.is_any(&["target", "targets", "range", "expected", "ziel", "within", "innerhalb"]));
    // `normal: 93–96 %`, `usually 60–90`: how it is, not how it has to be.
    if clause::usual(t, i) {
        return None;
    }
    // `800 ms – 1.5 s`
    let (hi, unit) = match (lo_unit, unit) {
        (Some("ms"), Some("s")) => (hi * 1000.0, Some("ms")),
        (Some("s"), Some("min")) => (hi * 60.0, Some("s")),
        (_, unit) => (hi, unit.or(lo_unit)),
    };
    if hi <= lo
        || (i > 0
            && t.get(i - 1).is_some_and(|p| p.to == low.from && !matches!(p.kind, Kind::Sign('(' | '（' | '：' | ':'))))
    {
        return None;
    }
    // A date, a phone number, `1-3-5`.
    if t.get(next).is_some_and(|n| n.dash() && t.get(next - 1).is_some_and(|l| l.to == n.from)) {
        return None;
    }
    let (metric, severity) = metric::name(t, i, text, used, names, next)?;
    let named = metric::is_metric(&metric);
    let from_to = between && t.get(i)?.is_any(&["from", "von", "de", "od", "en"]) && !named && names.row.is_none();
    let fine = named && (unit.is_some() || target)
        || between && !from_to && (matches!(unit, Some("%" | "ms" | "rps" | "/s" | "/min")) || named)
        || target && metric::is_metric_like(&metric)
        || between && !from_to && next >= t.len()
        || names.row.is_some() && (unit.is_some() || i == 0 && next >= t.len())
        || unit.is_some()
            && t.get(next).is_some_and(|w| {
                matches!(w.text, "arasında" | "aralığında" | "之间" | "사이" | "の間" | "の範囲")
                    || w.text.starts_with("の間")
                    || w.text.starts_with("の範囲")
                    || w.text.starts_with("사이")
            });
    let takes = t.get(..i).and_then(<[_]>::last).is_some_and(|w| {
        w.is_any(&[
            "take", "takes", "took", "need", "needs", "dauert", "dauern", "dure", "tarda", "dura", "duurt", "lasts",
            "about", "around",
        ])
    });
    // `Deployment duration: 45–90 minutes` is an estimate, unless it is said to be a band.
    let asked = between || target || names.row.is_some() || names.expected;
    let lasts = matches!(unit, Some("min" | "h" | "d")) && (!named || takes || !asked);
    // `Increase coverage by 5–10 %`: how far it is to move.
    let moves = i > 0 && t.get(i - 1).is_some_and(|w| w.is_any(&["by", "um"]));
    fine.then_some(())?;
    (!lasts && !moves).then(|| One {
        metric,
        op: "in",
        value: json!([number(lo), number(hi)]),
        unit,
        relative: None,
        severity,
        next,
    })
}

/// `5% or less`, `500ms以下`, `20% above baseline`.
fn behind(t: &[Token<'_>], i: usize, text: &str, used: usize, names: Names<'_>) -> Option<One> {
    let here = t.get(i)?;
    // `%90 üzerinde` begins with its sign.
    let leading = here.sign('%') && t.get(i + 1).is_some_and(|n| n.number().is_some() && n.from == here.to);
    if here.number().is_none() && !leading {
        return None;
    }
    if i > 0
        && t.get(i - 1).is_some_and(|p| {
            p.to == here.from
                && (p.dash()
                    || matches!(p.kind, Kind::Sign('.' | '/' | '+'))
                    || p.sign(':') && i > 1 && t.get(i - 2).is_some_and(|n| n.number().is_some()))
        })
    {
        return None;
    }
    if lasts_before_another(t, i) {
        return None;
    }
    let (value, unit, next) = amount(t, i)?;
    let in_words = tongues::behind(t, next).is_some();
    let (op, relative, next) = if let Some((op, after)) = postfix(t, next) {
        // `4 h or better` is at most.
        let better = t.get(after - 1).is_some_and(|w| w.is("better")) && matches!(unit, Some("ms" | "s" | "min" | "h"));
        let (op, next) = (if better { "<=" } else { op }, after);
        (op, None, next)
    } else {
        // `20% above baseline`, `10% higher than baseline`, `40 % выше обычного`
        let word = t.get(next)?;
        let op = if word.is_any(&["above", "over", "higher", "more", "worse", "slower", "greater"]) {
            ">"
        } else if word.is_any(&["below", "under", "lower", "less"]) {
            "<"
        } else {
            grammar::side(word.text)?
        };
        (op, Some(baseline_ahead(t, next)?), next + 1)
    };
    // `毎分100件を超える失敗`: what follows in the same word, which nothing sets apart.
    let whole = || (used == 0 && !text.is_ascii()).then(|| (metric::clean(text), None)).filter(|(w, _)| !w.is_empty());
    let (metric, severity) = metric::name(t, i, text, used, names, next)
        .or_else(whole)
        .or_else(|| clause::opening(t, i, text).map(|w| (w, None)))?;
    let own = metric::own(t, i, text, used);
    let long = used > 0
        && (matches!(unit, Some("s" | "min" | "h" | "d")) && own.is_empty()
            || matches!(unit, Some("min" | "h" | "d")) && !metric::is_metric(&own));
    // `作業は10分以内`: how long something takes.
    let takes = matches!(unit, Some("min" | "h" | "d"))
        && !metric::is_metric(&metric)
        && !clause::opening(t, i, text).is_some_and(|w| metric::is_metric(&w))
        && names.row.is_none()
        && !clause::of(t, i, used).times(op, unit, text);
    let relative = relative.or_else(|| clause::held_against(t, i, used));
    let fine = !long
        && !takes
        && (metric::is_metric(&metric)
            || names.row.is_some()
            || matches!(unit, Some("%" | "ms" | "rps" | "/s" | "/min" | "count"))
            || op == "<=" && unit == Some("s")
            || metric::foreign(&metric)
            || unit.is_none() && !own.is_empty() && t.get(next - 1).is_some_and(|w| !w.text.is_ascii())
            || in_words && unit.is_none());
    fine.then(|| One { metric, op, value: number(value), unit, relative, severity, next })
}

/// Whether a metric of this name is counted in this unit.
pub(super) fn fits(metric: &str, unit: Option<&str>) -> bool {
    let lower = metric.to_lowercase();
    let time = [
        "latency", "duration", "time", "lag", "delay", "p50", "p90", "p95", "p99", "ttfb", "rto", "rpo", "latenz",
        "latencia", "latence",
    ];
    let timed = time.iter().any(|w| lower.contains(w));
    match unit {
        Some("ms" | "s" | "min" | "h" | "d") => timed,
        Some("%") => !timed || lower.contains("uptime"),
        _ => true,
    }
}
