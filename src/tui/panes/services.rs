//! Services: state, code, version, latency, errors, the last five minutes, age; a failure stands under what caused it.

use std::time::Duration;

use chrono::TimeDelta;
use ratatui::layout::Rect;

use super::checklist::scrollbar;
use crate::clock::age;
use crate::fact::ServiceState;
use crate::room::{Room, Running, causes};
use crate::text::escape;
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::View;
use crate::tui::widgets::glyphs::Glyphs;
use crate::tui::widgets::pen::{Pen, cells};
use crate::tui::widgets::spark;

/// How far back the small pictures and numbers reach.
const BACK: TimeDelta = TimeDelta::minutes(5);

/// Widths of the columns; 0 where there is no room.
struct Columns {
    name: u16,
    state: u16,
    code: u16,
    version: u16,
    latency: u16,
    errors: u16,
    spark: u16,
    age: u16,
}

impl Columns {
    fn of(width: u16, names: u16, versions: u16) -> Self {
        let mut c = Self { name: 12, state: 12, code: 5, version: 0, latency: 8, errors: 0, spark: 0, age: 6 };
        let used = |c: &Self| 2 + c.name + c.state + c.code + c.version + c.latency + c.errors + c.spark + c.age + 1;
        // What is worth most comes first; the picture takes what is left.
        for (column, wide) in [(0, 8), (1, 11), (2, 9)] {
            if used(&c) + wide <= width {
                match column {
                    0 => c.errors = wide,
                    1 => c.spark = wide,
                    _ => c.version = wide,
                }
            }
        }
        let spare = width.saturating_sub(used(&c));
        let grow = spare.min(names.saturating_sub(c.name));
        c.name += grow;
        let spare = spare - grow;
        let grow = if c.version > 0 { spare.min(versions.saturating_sub(c.version)) } else { 0 };
        c.version += grow;
        let spare = spare - grow;
        if c.spark > 0 {
            c.spark += spare.min(19);
            c.name += spare.saturating_sub(19).min(12);
        } else {
            c.name += spare.min(20);
        }
        c
    }
}

/// State as shown: an answer older than two intervals and a deadline is stale, whatever was last said.
pub fn state(room: &Room, ix: usize) -> ServiceState {
    let (Some(live), Some(plan)) = (room.live.services.get(ix), room.plan.services.get(ix)) else {
        return ServiceState::Pending;
    };
    let every = room.service_pace(plan);
    let old = live.asked.is_some_and(|at| room.silent(at, every, plan.every) > every * 2 + plan.timeout);
    if old && live.state != ServiceState::Maintenance { ServiceState::Stale } else { live.state }
}

/// Services in the order shown, with their depth: the plan's, a failing one under the failing one it needs; the worst
/// first where they are more than a screen holds.
pub fn order(room: &Room) -> Vec<(usize, u16)> {
    let plan = &room.plan.services;
    let rank = |ix: usize| match state(room, ix) {
        ServiceState::Down => 0,
        ServiceState::Stale => 1,
        ServiceState::Degraded => 2,
        ServiceState::Pending => 3,
        ServiceState::Maintenance | ServiceState::Up => 4,
    };
    let mut all: Vec<(usize, u8)> = (0..plan.len()).map(|ix| (ix, rank(ix))).collect();
    if plan.len() > 12 {
        all.sort_by_key(|(ix, rank)| (*rank, *ix));
    }
    if plan.iter().all(|s| s.needs.is_empty()) {
        return all.into_iter().map(|(ix, _)| (ix, 0)).collect();
    }
    let causes = causes::causes(room);
    let mut out = Vec::with_capacity(plan.len());
    let mut placed = vec![false; plan.len()];
    fn place(
        ix: usize,
        depth: u16,
        all: &[(usize, u8)],
        causes: &[Option<usize>],
        placed: &mut [bool],
        out: &mut Vec<(usize, u16)>,
    ) {
        if std::mem::replace(placed.get_mut(ix).unwrap_or(&mut true), true) {
            return;
        }
        out.push((ix, depth));
        for (child, _) in all {
            if causes.get(*child).copied().flatten() == Some(ix) {
                place(*child, (depth + 1).min(4), all, causes, placed, out);
            }
        }
    }
    for (ix, _) in &all {
        if causes.get(*ix).copied().flatten().is_none() {
            place(*ix, 0, &all, &causes, &mut placed, &mut out);
        }
    }
    // A ring of needs has no first one: whoever is left stands alone.
    for (ix, _) in &all {
        place(*ix, 0, &all, &causes, &mut placed, &mut out);
    }
    out
}

/// Glyph and role of a state.
pub fn picture(g: &Glyphs, state: ServiceState) -> (&'static str, Role) {
    match state {
        ServiceState::Up => (g.up, Role::Good),
        ServiceState::Degraded => (g.degraded, Role::Warn),
        ServiceState::Down => (g.failed, Role::Bad),
        ServiceState::Pending => (g.pending, Role::Dim),
        ServiceState::Maintenance => (g.maintenance, Role::Marker),
        ServiceState::Stale => (g.pending, Role::Stale),
    }
}

/// Milliseconds as people read them: `42 ms`, `1.2 s`.
pub fn latency_text(seconds: f64) -> String {
    if seconds < 0.000_95 {
        "<1 ms".to_owned()
    } else if seconds < 9.9995 {
        let ms = seconds * 1_000.0;
        if ms >= 1_000.0 { format!("{seconds:.2} s") } else { format!("{ms:.0} ms") }
    } else {
        format!("{seconds:.0} s")
    }
}

/// The value that 95 of 100 stay at or under; nearest rank.
fn p95(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let rank = (values.len() * 95).div_ceil(100).clamp(1, values.len()) - 1;
    let (_, value, _) = values.select_nth_unstable_by(rank, f64::total_cmp);
    Some(*value)
}

/// Failures by their own cause, where some service fails because of another: `1 failure (+2)`.
fn failures(room: &Room) -> Option<(String, Role)> {
    let (own, because) = room.failures();
    let failures = if own == 1 { "failure" } else { "failures" };
    (because > 0).then(|| (format!("{own} {failures} (+{because})"), Role::Bad))
}

/// `versions: 3/5 on v2.0`, where any service has a target.
fn versions(room: &Room) -> Option<(String, Role)> {
    let (there, of, target) = room.on_target()?;
    let target = target.map_or_else(|| "target".to_owned(), escape);
    Some((format!("versions: {there}/{of} on {target}"), if there == of { Role::Good } else { Role::Warn }))
}

/// What stands in the version's column: the version, and what the service says of itself.
fn version_text(room: &Room, ix: usize) -> Option<(String, Running)> {
    let (live, plan) = (room.live.services.get(ix)?, room.plan.services.get(ix)?);
    let last = live.last.as_ref()?;
    let running = live.versions.running(plan.target_version.as_deref(), room.now);
    let version = match running {
        Running::Mixed => Some("mixed".to_owned()),
        _ => last.version.as_ref().map(ToString::to_string),
    };
    // Both sides name their versions themselves.
    let version = version.filter(|_| last.says.is_none() || plan.kind != "blue and green");
    let words: Vec<String> = version.into_iter().chain(last.says.as_ref().map(ToString::to_string)).collect();
    (!words.is_empty()).then(|| (words.join(" "), running))
}

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let total = room.plan.services.len();
    let up = (0..total).filter(|ix| matches!(state(room, *ix), ServiceState::Up | ServiceState::Degraded)).count();
    let role = if up == total { Role::Good } else { Role::Warn };
    let mut right = Vec::new();
    if total > 0 {
        right.push((format!("{up} of {total} up"), role));
        // What is worth less comes before it, as far as it fits beside the title.
        for (says, role) in versions(room).into_iter().chain(failures(room)) {
            let wide: u16 = right.iter().map(|(text, _)| cells(text)).sum();
            if wide + cells(&says) + 3 + 16 <= area.width {
                right.insert(0, (format!("{says}   "), role));
            }
        }
    }
    let right: Vec<(&str, Role)> = right.iter().map(|(text, role)| (text.as_str(), *role)).collect();
    pen.head(area, "Services", view.focus == Pane::Services, &[], &right);
    if total == 0 {
        let says = "no service is watched: add [[service]] to warroom.toml";
        if area.height > 1 {
            pen.put(area.x + 2, area.y + 1, area.width.saturating_sub(2), says, Role::Dim);
        }
        return;
    }
    let names = room.plan.services.iter().map(|s| cells(&s.name)).max().unwrap_or_default().min(28);
    let nested = order(room).iter().any(|(_, depth)| *depth > 0);
    let says = (0..total).filter_map(|ix| version_text(room, ix)).map(|(text, _)| cells(&text)).max();
    let c = Columns::of(area.width, names + if nested { 5 } else { 3 }, says.unwrap_or_default().min(24) + 2);
    if area.height > 1 {
        heads(&c, area, pen);
    }
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let order = order(room);
    let causes = causes::causes(room);
    let from = view.scroll.get(Pane::Services.index()).copied().unwrap_or_default();
    for (line, (ix, depth)) in order.iter().skip(from).take(usize::from(list.height)).enumerate() {
        let row = Rect { y: list.y + line as u16, height: 1, ..list };
        service(room, *ix, (*depth, room.because(&causes, *ix)), row, &c, pen);
        if view.focus == Pane::Services && *ix == view.service {
            pen.tint(Rect { width: row.width.saturating_sub(1), ..row }, Role::Selected);
            let cursor = pen.glyphs().cursor;
            pen.put(row.x, row.y, 1, cursor, Role::Accent);
        }
    }
    scrollbar(pen, list, from, order.len());
}

fn heads(c: &Columns, area: Rect, pen: &mut Pen<'_>) {
    let y = area.y + 1;
    let mut x = area.x + 2;
    pen.put(x + 2, y, c.name.saturating_sub(2), "service", Role::Faint);
    x += c.name;
    pen.put(x, y, c.state, "state", Role::Faint);
    x += c.state;
    pen.right(x, y, c.code.saturating_sub(1), "code", Role::Faint);
    x += c.code;
    if c.version > 0 {
        pen.put(x + 1, y, c.version.saturating_sub(1), "version", Role::Faint);
    }
    x += c.version;
    pen.right(x, y, c.latency.saturating_sub(1), "p95", Role::Faint);
    x += c.latency;
    if c.errors > 0 {
        pen.right(x, y, c.errors.saturating_sub(1), "errors", Role::Faint);
    }
    x += c.errors;
    if c.spark > 0 {
        pen.put(x + 1, y, c.spark.saturating_sub(1), "last 5 min", Role::Faint);
    }
    x += c.spark;
    pen.right(x, y, c.age, "age", Role::Faint);
}

fn service(
    room: &Room,
    ix: usize,
    (depth, cause): (u16, Option<&str>),
    row: Rect,
    columns: &Columns,
    pen: &mut Pen<'_>,
) {
    let (Some(plan), Some(live)) = (room.plan.services.get(ix), room.live.services.get(ix)) else { return };
    let glyphs = pen.glyphs();
    let state = state(room, ix);
    let stale = state == ServiceState::Stale;
    let (glyph, role) = picture(glyphs, state);
    let plain = if stale { Role::Stale } else { Role::Dim };
    let y = row.y;
    let mut x = row.x + 2;
    let mut at = x;
    if depth > 0 {
        at += (depth - 1) * 2;
        pen.put(at, y, 1, glyphs.child, Role::Faint);
        at += 2;
    }
    pen.put(at, y, 1, glyph, role);
    let name_role = match state {
        ServiceState::Stale => Role::Stale,
        ServiceState::Down => Role::Bad,
        _ => Role::Strong,
    };
    pen.put(at + 2, y, (x + columns.name).saturating_sub(at + 3), &escape(&plan.name), name_role);
    x += columns.name;
    pen.put(x, y, columns.state.saturating_sub(1), &state.to_string(), role);
    x += columns.state;
    let old = live.asked.map(|at| room.now.since(at));
    let aged = old.map_or_else(|| "–".to_owned(), age);
    if let Some(cause) = cause.filter(|_| depth > 0) {
        // What it measures stands in the drawer; here the one thing to know is whose failure this is.
        let wide = columns.code + columns.version + columns.latency + columns.errors + columns.spark;
        pen.put(x + 1, y, wide.saturating_sub(2), &format!("because {} is down", escape(cause)), plain);
        pen.right(x + wide, y, columns.age, &aged, Role::Faint);
        return;
    }
    let code = live.last.as_ref().and_then(|r| r.code).map_or_else(|| "–".to_owned(), |code| code.to_string());
    let odd = if state == ServiceState::Down { Role::Bad } else { plain };
    pen.right(x, y, columns.code.saturating_sub(1), &code, odd);
    x += columns.code;
    let (version, running) = version_text(room, ix).unwrap_or_else(|| ("–".to_owned(), Running::Unknown));
    let tone = match running {
        _ if stale => plain,
        Running::Old | Running::Mixed => Role::Warn,
        // A breaker's word has the colour of what it means.
        _ if plan.kind == "state" && state != ServiceState::Pending => role,
        _ => plain,
    };
    let measures = columns.latency + columns.errors;
    let counted = !matches!(plan.kind, "http" | "state" | "refused" | "tcp" | "tls" | "command");
    if counted && version != "–" && cells(&version) + 2 > columns.version {
        // What takes no time worth a number says its words over the place of the numbers, and of the picture where they
        // are long.
        let wide = columns.version + measures;
        if cells(&version) + 2 > wide {
            pen.put(x + 1, y, (wide + columns.spark).saturating_sub(2), &version, tone);
            pen.right(x + wide + columns.spark, y, columns.age, &aged, if stale { Role::Bad } else { Role::Faint });
        } else {
            pen.put(x + 1, y, wide.saturating_sub(2), &version, tone);
            age_of_row(x + wide, ix, room, &aged, (columns, stale, y), pen);
        }
        return;
    }
    if columns.version > 0 {
        pen.put(x + 1, y, columns.version.saturating_sub(2), &version, tone);
    }
    x += columns.version;
    let until = room.now.utc;
    let slow = p95(live.latency.since(until, BACK).collect());
    let shown = slow.filter(|_| state != ServiceState::Down).map_or_else(|| "–".to_owned(), latency_text);
    let tone = if state == ServiceState::Degraded {
        Role::Warn
    } else if stale {
        Role::Stale
    } else {
        Role::Text
    };
    pen.right(x, y, columns.latency.saturating_sub(1), &shown, tone);
    x += columns.latency;
    if columns.errors > 0 {
        let (mut passed, mut asked) = (0.0, 0_u32);
        for pass in live.passes.since(until, BACK) {
            passed += pass;
            asked += 1;
        }
        let share = (asked > 0).then(|| 100.0 * (1.0 - passed / f64::from(asked)));
        let (text, tone) = match share {
            None => ("–".to_owned(), plain),
            Some(s) if stale => (percent(s), Role::Stale),
            Some(s) if s >= 5.0 => (percent(s), Role::Bad),
            Some(s) if s > 0.0 => (percent(s), Role::Warn),
            Some(s) => (percent(s), Role::Dim),
        };
        pen.right(x, y, columns.errors.saturating_sub(1), &text, tone);
    }
    x += columns.errors;
    age_of_row(x, ix, room, &aged, (columns, stale, y), pen);
}

/// The end of a row: the last five minutes, and how old the last answer is.
fn age_of_row(
    x: u16,
    ix: usize,
    room: &Room,
    aged: &str,
    (columns, stale, y): (&Columns, bool, u16),
    pen: &mut Pen<'_>,
) {
    if columns.spark > 1 {
        picture_of(room, ix, x + 1, y, usize::from(columns.spark - 2), pen);
    }
    pen.right(x + columns.spark, y, columns.age, aged, if stale { Role::Bad } else { Role::Faint });
}

/// One decimal, two below a tenth.
fn percent(share: f64) -> String {
    if share >= 99.95 { "100%".to_owned() } else { format!("{share:.1}%") }
}

/// Latency as a row of blocks; a stretch with a failure is a full block. The right end moves by whole cells.
fn picture_of(room: &Room, ix: usize, x: u16, y: u16, columns: usize, pen: &mut Pen<'_>) {
    let Some(live) = room.live.services.get(ix) else { return };
    if columns == 0 {
        return;
    }
    let step = (BACK.num_milliseconds() / columns as i64).max(1);
    let now = room.now.utc.timestamp_millis();
    let Some(until) = chrono::DateTime::from_timestamp_millis((now.div_euclid(step) + 1) * step) else { return };
    let latency = live.latency.columns(until - BACK, until, columns);
    let passes = live.passes.columns(until - BACK, until, columns);
    let state = state(room, ix);
    let role = match state {
        ServiceState::Stale => Role::Stale,
        ServiceState::Degraded => Role::Warn,
        _ => Role::Good,
    };
    spark::spark(pen, x, y, &latency, |_| role);
    for (i, column) in passes.iter().enumerate() {
        if column.is_some_and(|e| e.min < 0.5) {
            spark::block(pen, x + i as u16, y, if state == ServiceState::Stale { Role::Stale } else { Role::Bad });
        }
    }
}

/// How long a phase of an answer took, or a dash.
pub fn phase_text(phase: Option<Duration>) -> String {
    phase.map_or_else(|| "–".to_owned(), |d| latency_text(d.as_secs_f64()))
}
