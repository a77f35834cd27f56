//! A metric over time: what it is now and should be, its extremes, its limits, and what happened meanwhile.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use crate::clock::{age, clock_span, duration_text};
use crate::condition::Op;
use crate::fact::{AlertWord, Fact, Mark, ServiceState, Verdict};
use crate::plan::{FromProbe, MetricPlan};
use crate::probe::MetricIx;
use crate::probe::series::Series;
use crate::room::{Room, verdict};
use crate::text::escape;
use crate::tui::derive::hash;
use crate::tui::layout::{Pane, Plot};
use crate::tui::theme::Role;
use crate::tui::view::View;
use crate::tui::widgets::chart::{self, Chart};
use crate::tui::widgets::pen::{Pen, cells, fit};

/// Cells for the values at the left.
const AXIS: u16 = 8;
/// Events shown on one chart at most.
const EVENTS: usize = 24;

/// The metric of the error pane: the first that counts failures, by what it is made of or called.
pub fn error_metric(room: &Room) -> Option<usize> {
    let of = |m: &MetricPlan| {
        matches!(m.from_probe, Some(FromProbe::ErrorRate(_) | FromProbe::SuccessRate(_)))
            || has(&m.name, &["error", "fail", "5xx", "4xx", "success", "availab"])
    };
    room.plan.metrics.iter().position(of)
}

/// The metric of the latency pane: the first that measures time.
pub fn latency_metric(room: &Room) -> Option<usize> {
    let skip = error_metric(room);
    let of = |m: &MetricPlan| {
        matches!(m.from_probe, Some(FromProbe::Latency(..)))
            || has(&m.name, &["latency", "p95", "p99", "p50", "duration", "response time"])
            || m.unit.as_deref().is_some_and(|u| matches!(u, "ms" | "s"))
    };
    room.plan.metrics.iter().enumerate().find(|(i, m)| Some(*i) != skip && of(m)).map(|(i, _)| i)
}

fn has(name: &str, words: &[&str]) -> bool {
    let name = name.to_lowercase();
    words.iter().any(|w| name.contains(w))
}

fn metric_of(room: &Room, pane: Pane) -> Option<usize> {
    match pane {
        Pane::Errors => error_metric(room),
        _ => latency_metric(room),
    }
}

/// Where the picture ends and what one column stands for; the end moves by whole columns, so that old ones stay as they are.
fn window(room: &Room, view: &View, columns: usize) -> (DateTime<Utc>, DateTime<Utc>) {
    let now = view.frozen.as_ref().map_or(room.now, |f| f.at).utc;
    let span = TimeDelta::from_std(view.span).unwrap_or(TimeDelta::minutes(30));
    let step = (span.num_milliseconds() / columns.max(1) as i64).max(1);
    let until = (now.timestamp_millis().div_euclid(step) + 1) * step;
    let until = DateTime::from_timestamp_millis(until).unwrap_or(now);
    (until - span, until)
}

/// What the picture depends on: while frozen, only the age in the title moves.
pub fn key(room: &Room, view: &View, plot: Plot) -> u64 {
    let second = room.now.utc.timestamp();
    let metrics = if view.frozen.is_some() { 0 } else { room.revision.metrics };
    let events = if view.frozen.is_some() { 0 } else { room.revision.timeline };
    let frozen = view.frozen.as_ref().map(|f| f.at.mono);
    let old = metric_of(room, plot.pane).is_some_and(|ix| stale(room, ix));
    hash(&((plot.area, second, metrics, events, room.revision.alerts), (view.span, view.hair, frozen, room.t0(), old)))
}

/// Older than two intervals by the screen's own clock, whatever was last said of it.
fn stale(room: &Room, ix: usize) -> bool {
    let (Some(plan), Some(live)) = (room.plan.metrics.get(ix), room.live.metrics.get(ix)) else { return true };
    let every = if plan.from_probe.is_some() { plan.every } else { room.pace(plan.every) };
    let old = live.fresh.map(|fresh| room.silent(fresh, every, plan.every));
    live.stale || old.is_some_and(|old| old > every * 2 + Duration::from_secs(1))
}

/// How a value stands to the objective: healthy, beyond it, or beyond the first band.
pub fn judge(plan: &MetricPlan, value: f64) -> Role {
    match plan.objective.as_ref().and_then(|o| o.holds(Some(value))) {
        Some(true) => Role::Good,
        Some(false) => Role::Bad,
        None => match plan.bands.iter().filter(|edge| value >= **edge).count() {
            0 => Role::Good,
            1 => Role::Warn,
            _ => Role::Bad,
        },
    }
}

/// Draws the pane.
pub fn paint(room: &Room, view: &View, plot: Plot, pen: &mut Pen<'_>) {
    let area = plot.area;
    let focused = view.focus == plot.pane;
    let found = metric_of(room, plot.pane);
    let (Some(ix), Some(plan), Some(live)) =
        (found, found.and_then(|ix| room.plan.metrics.get(ix)), found.and_then(|ix| room.live.metrics.get(ix)))
    else {
        pen.head(area, if plot.pane == Pane::Errors { "Error rate" } else { "Latency" }, focused, &[], &[]);
        let says = "no such metric in the plan: add [[metric]] to warroom.toml";
        if area.height > 1 {
            pen.put(area.x + 2, area.y + 1, area.width.saturating_sub(2), says, Role::Dim);
        }
        return;
    };
    let series = view.frozen.as_ref().and_then(|f| f.metrics.get(ix)).unwrap_or(&live.series);
    let plot_area = Rect {
        x: area.x + AXIS,
        y: area.y + 1,
        width: area.width.saturating_sub(AXIS + 1),
        height: area.height.saturating_sub(2),
    };
    let columns = chart::columns_for(pen.charset, plot_area.width);
    let (from, until) = window(room, view, columns);
    let hair = view.hair.map(|h| plot_area.width.saturating_sub(h.saturating_add(1)));
    let read = hair_value(series, from, until, columns, plot_area.width, hair);
    title(room, view, plot, ix, read.as_ref(), pen);
    if plot_area.height == 0 || plot_area.width < 8 {
        return;
    }
    let data = series.columns(from, until, columns);
    let objective = plan.objective.as_ref().map(|o| o.value);
    let high = data.iter().flatten().map(|e| e.max).fold(f64::NEG_INFINITY, f64::max);
    let low = data.iter().flatten().map(|e| e.min).fold(0.0, f64::min);
    let want = if high.is_finite() { high } else { 0.0 };
    // The objective stays in the picture, except where it would press the data flat.
    let want = want.max(objective.map_or(0.0, |o| if o > want * 20.0 && want > 0.0 { want } else { o * 1.25 }));
    let percent_below =
        plan.unit.as_deref() == Some("%") && plan.objective.as_ref().is_some_and(|o| matches!(o.op, Op::Gt | Op::Ge));
    // A share that should stay high is looked at from its worst, not from nothing.
    let (top, bottom) = if percent_below {
        let worst = data.iter().flatten().map(|e| e.min).fold(objective.unwrap_or(100.0), f64::min);
        (100.0, (100.0 - chart::round_up((100.0 - worst) * 1.25)).max(0.0))
    } else {
        (chart::round_up(want), if low < 0.0 { -chart::round_up(-low) } else { 0.0 })
    };
    let mut lines: Vec<(f64, Role)> =
        plan.bands.iter().filter(|b| Some(**b) != objective).map(|b| (*b, Role::Rule)).collect();
    // How it was before, as a ghost under what should be.
    lines.extend(room.baseline_mean(MetricIx(ix as u32)).map(|mean| (mean, Role::Accent)));
    lines.extend(objective.map(|o| (o, Role::Warn)));
    let events = events(room, view, from, until, plot_area.width);
    let picture = Chart { columns: &data, top, bottom, lines: &lines, events: &events, hair };
    // What is too old to be trusted is never green.
    let stale = view.frozen.is_none() && (stale(room, ix) || live.trouble.is_some());
    chart::paint(pen, plot_area, &picture, |v| if stale { Role::Stale } else { judge(plan, v) });
    if data.iter().all(Option::is_none) {
        let says = match (&live.trouble, live.fresh) {
            (Some(why), _) => format!("no data: {}", escape(why)),
            (None, None) => "waiting for the first value".to_owned(),
            (None, Some(_)) => format!("no data in the last {}", duration_text(view.span)),
        };
        let y = plot_area.y + plot_area.height / 2;
        let role = if live.trouble.is_some() { Role::Warn } else { Role::Dim };
        let says = fit(&format!(" {says} "), plot_area.width).into_owned();
        pen.put(plot_area.x + (plot_area.width.saturating_sub(cells(&says))) / 2, y, plot_area.width, &says, role);
    }
    axes(room, plan, &picture, objective, area, plot_area, (from, until), pen);
}

/// `── Error rate ── 1.2% ─────── objective < 1% · 2 s ──`
fn title(room: &Room, view: &View, plot: Plot, ix: usize, hair: Option<&(DateTime<Utc>, String)>, pen: &mut Pen<'_>) {
    let (Some(plan), Some(live)) = (room.plan.metrics.get(ix), room.live.metrics.get(ix)) else { return };
    let frozen = view.frozen.as_ref();
    let series = frozen.and_then(|f| f.metrics.get(ix)).unwrap_or(&live.series);
    let last = series.last();
    let old = live.fresh.map(|fresh| room.now.since(fresh));
    let stale = stale(room, ix);
    let mut pieces = Vec::new();
    if let Some((at, value)) = hair {
        let zone = room.plan.room.zone;
        pieces.push((format!("{} ", at.with_timezone(&zone).format("%H:%M:%S")), Role::Accent));
        pieces.push((value.clone(), Role::Strong));
    } else if let Some(last) = last {
        let (role, glyph) = match judge(plan, last.value) {
            _ if stale || live.trouble.is_some() => (Role::Stale, ""),
            Role::Bad => (Role::Bad, pen.glyphs().alarm),
            other => (other, ""),
        };
        pieces.push((escape(&verdict::number(plan, last.value)), role));
        if !glyph.is_empty() {
            pieces.push((format!(" {glyph}"), role));
        }
    } else {
        pieces.push(("no data".to_owned(), Role::Dim));
    }
    if let Some(frozen) = frozen {
        pieces.push((format!("  FROZEN {}", clock_span(room.now.since(frozen.at))), Role::Warn));
    } else if let Some(old) = old.filter(|_| stale || live.trouble.is_some()) {
        pieces.push((format!("  {} old", age(old)), Role::Bad));
    }
    let objective = plan.objective.as_ref().map(|o| format!("objective {}", escape(&o.text)));
    let fresh = old.filter(|_| !stale).map(age).unwrap_or_default();
    let mut right = vec![];
    let before = room.baseline_mean(MetricIx(ix as u32));
    let before = before.map(|mean| format!("baseline {}  ", escape(&verdict::bound(plan, mean))));
    if let Some(before) = before.as_ref().filter(|_| plot.area.width >= 60) {
        right.push((before.as_str(), Role::Accent));
    }
    if let Some(objective) = &objective {
        right.push((objective.as_str(), Role::Dim));
    }
    let gap = if objective.is_none() { "" } else { "  " };
    let fresh = if fresh.is_empty() { fresh } else { format!("{gap}{fresh:>4}") };
    if !fresh.is_empty() {
        right.push((fresh.as_str(), Role::Faint));
    }
    let pieces: Vec<(&str, Role)> = pieces.iter().map(|(t, r)| (t.as_str(), *r)).collect();
    let mut name = escape(&plan.name);
    if let Some(first) = name.get(..1).map(str::to_uppercase).filter(|_| !name.starts_with('p')) {
        name.replace_range(..1, &first);
    }
    pen.head(plot.area, &name, view.focus == plot.pane, &pieces, &right);
}

fn hair_value(
    series: &Series,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    columns: usize,
    width: u16,
    hair: Option<u16>,
) -> Option<(DateTime<Utc>, String)> {
    let cell = hair?;
    let data = series.columns(from, until, usize::from(width));
    let _ = columns;
    let span = (until - from).num_milliseconds();
    let at = from + TimeDelta::milliseconds(span * i64::from(cell) / i64::from(width.max(1)));
    let value = data.get(usize::from(cell)).copied().flatten().map_or_else(
        || "no data".to_owned(),
        |e| {
            let text = |v: f64| format!("{:.*}", if v.abs() >= 100.0 { 0 } else { 2 }, v);
            if (e.max - e.min).abs() < f64::EPSILON {
                text(e.last)
            } else {
                format!("{} to {}", text(e.min), text(e.max))
            }
        },
    );
    Some((at, value))
}

/// What happened, as cell columns with a word: T-0, verdicts, services that changed, failures; and the ticks of the
/// phase, which are lines without one.
fn events(room: &Room, view: &View, from: DateTime<Utc>, until: DateTime<Utc>, width: u16) -> Vec<(u16, String)> {
    let span = (until - from).num_milliseconds().max(1);
    let column = |at: DateTime<Utc>| {
        let since = (at - from).num_milliseconds();
        (since >= 0 && since < span).then(|| (since * i64::from(width) / span) as u16)
    };
    let mut out: Vec<(u16, String)> = Vec::new();
    if let Some(at) = room.t0().and_then(column) {
        out.push((at, "T-0".to_owned()));
    }
    let phase = view.derived.current_phase();
    for entry in room.progress.timeline.values().rev() {
        let at = entry.stamp.utc();
        if at < from || out.len() >= EVENTS {
            break;
        }
        let Some(x) = column(at) else { continue };
        let word = match &entry.fact {
            // The first answer of all is no change.
            Fact::VerdictChanged { verdict: Verdict::Wait, .. }
            | Fact::ServiceChanged { from: ServiceState::Pending, to: ServiceState::Up, .. } => continue,
            Fact::VerdictChanged { verdict, .. } => verdict.to_string(),
            Fact::ServiceChanged {
                service,
                to: to @ (ServiceState::Up | ServiceState::Degraded | ServiceState::Down),
                ..
            } => format!("{service} {to}"),
            Fact::AlertChanged { alert, to: AlertWord::Firing, .. } => format!("{alert} fires"),
            Fact::BaselineTaken { .. } => "baseline".to_owned(),
            Fact::StepMarked { step, mark: Mark::Failed, .. } => {
                let Some(node) = view.derived.node_of(step) else { continue };
                format!("failed {}", fit(&view.derived.text(room, node), 18))
            }
            Fact::StepMarked { mark: Mark::Done, .. } | Fact::StepTicked(_) => {
                let node = entry
                    .fact
                    .step()
                    .and_then(|step| view.derived.node_of(step))
                    .and_then(|node| view.derived.node(node));
                if node.map(|n| n.phase) != phase {
                    continue;
                }
                String::new()
            }
            _ => continue,
        };
        // One line a column: the newest with a word speaks for those under it.
        match out.iter_mut().find(|(column, _)| *column == x) {
            Some((_, said)) if said.is_empty() => *said = word,
            Some(_) => {}
            None => out.push((x, word)),
        }
    }
    out.sort_by_key(|(x, _)| *x);
    out
}

#[expect(clippy::too_many_arguments, reason = "a picture and everything that stands around it")]
fn axes(
    room: &Room,
    plan: &MetricPlan,
    picture: &Chart<'_>,
    objective: Option<f64>,
    area: Rect,
    plot: Rect,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    pen: &mut Pen<'_>,
) {
    let label = |v: f64| escape(&verdict::number(plan, v));
    let wide = AXIS - 1;
    let mut taken = Vec::new();
    if let Some(o) = objective.filter(|o| *o <= picture.top && *o >= picture.bottom) {
        let y = chart::cell_row(o, picture, plot);
        pen.right(area.x, y, wide, &label(o), Role::Warn);
        taken.push(y);
    }
    for (value, y) in [(picture.top, plot.y), (picture.bottom, plot.bottom() - 1)] {
        if !taken.contains(&y) {
            pen.right(area.x, y, wide, &label(value), Role::Faint);
            taken.push(y);
        }
    }
    for band in plan.bands.iter().filter(|b| **b <= picture.top && **b >= picture.bottom) {
        let y = chart::cell_row(*band, picture, plot);
        if !taken.contains(&y) {
            pen.right(area.x, y, wide, &label(*band), Role::Faint);
            taken.push(y);
        }
    }
    let y = plot.bottom();
    if y >= area.bottom() {
        return;
    }
    let zone = room.plan.room.zone;
    let marks = (plot.width / 16).clamp(1, 6);
    let span = (until - from).num_milliseconds();
    for i in 0..=marks {
        let at = from + TimeDelta::milliseconds(span * i64::from(i) / i64::from(marks));
        let text = at.with_timezone(&zone).format(if span < 300_000 { "%H:%M:%S" } else { "%H:%M" }).to_string();
        let wide = cells(&text);
        let x = plot.x + (u32::from(plot.width) * u32::from(i) / u32::from(marks)) as u16;
        let x = if i == 0 {
            plot.x
        } else if i == marks {
            plot.right().saturating_sub(wide)
        } else {
            x.saturating_sub(wide / 2)
        };
        pen.put(x, y, wide, &text, Role::Faint);
    }
}
