//! One file for each region of the screen; see the map above [`super::layout`]. A pane draws again when its key changes.

pub mod alarms;
pub mod alert;
pub mod board;
pub mod chart;
pub mod checklist;
pub mod countdown;
pub mod detail;
pub mod footer;
pub mod gate;
pub mod header;
pub mod metrics;
pub mod palette;
pub mod run;
pub mod services;
pub mod sheet;
pub mod slo;
pub mod timeline;
pub mod verdict;
pub mod way;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::derive::hash;
use super::layout::{LEAST, Pane, Plot, Wants};
use super::theme::{Role, Theme};
use super::view::{Detail, Mode, View};
use super::widgets::glyphs::Charset;
use super::widgets::pen::Pen;
use crate::room::Room;

/// What the layout has to know of the room.
pub fn wants(room: &Room, area: Rect) -> Wants {
    let errors = chart::error_metric(room);
    let latency = chart::latency_metric(room);
    let shown = usize::from(errors.is_some()) + usize::from(latency.is_some());
    let all = room.plan.metrics.len();
    Wants {
        services: room.plan.services.len(),
        metrics: if all > shown { all } else { 0 },
        errors: errors.is_some(),
        latency: latency.is_some(),
        budgets: slo::FULL.saturating_mul(u16::try_from(room.plan.slos.len()).unwrap_or(u16::MAX)).min(200),
        // Where there are rows enough the band has one for it anyway.
        shouting: (20..30).contains(&area.height) && !verdict::troubles(room).is_empty(),
    }
}

/// Rows above the first row of a pane's list.
pub fn head_rows(pane: Pane) -> usize {
    match pane {
        Pane::Checklist => checklist::HEAD,
        Pane::Services => 2,
        _ => 1,
    }
}

/// Brings offsets into range before the key is taken.
pub fn prepare(room: &Room, view: &mut View, plot: Plot) {
    let height = plot.area.height.saturating_sub(head_rows(plot.pane) as u16);
    if let Some(slot) = view.heights.get_mut(plot.pane.index()) {
        *slot = height;
    }
    let shown = usize::from(height);
    let (selected, total) = match plot.pane {
        Pane::Checklist => (Some(view.selected_row()), view.rows.list.len()),
        Pane::Services => {
            let order = services::order(room);
            (order.iter().position(|(ix, _)| *ix == view.service).or(Some(0)), order.len())
        }
        Pane::Timeline => match view.scroll.get(plot.pane.index()) {
            // Nothing to bring into range, so the lines need not be counted.
            None | Some(0) => return,
            Some(_) => (None, timeline::count(room)),
        },
        Pane::Metrics => (None, room.plan.metrics.len()),
        Pane::Alarms => {
            let list = alarms::list(room);
            (alarms::place(&list, view), list.len())
        }
        Pane::Budgets => (None, room.plan.slos.len()),
        _ => return,
    };
    let Some(at) = view.scroll.get_mut(plot.pane.index()) else { return };
    if let Some(selected) = selected {
        // Two rows of context above and below, where there is room for it.
        let context = 2.min(shown.saturating_sub(1) / 2);
        if selected < *at + context {
            *at = selected.saturating_sub(context);
        }
        if selected + context + 1 > *at + shown {
            *at = (selected + context + 1).saturating_sub(shown);
        }
    }
    *at = (*at).min(total.saturating_sub(shown));
}

/// Everything a pane's picture depends on, as one number; never 0.
pub fn key(room: &Room, view: &View, plot: Plot) -> u64 {
    let r = &room.revision;
    let second = room.now.utc.timestamp();
    let focused = view.focus == plot.pane;
    let scroll = view.scroll.get(plot.pane.index()).copied().unwrap_or_default();
    let base = (plot, focused, scroll, view.zoom);
    let own = match plot.pane {
        Pane::Header => hash(&(second, r.header, r.steps, alarms::count(room))),
        Pane::Verdict => hash(&(second, r.header, r.steps, view.derived.digest)),
        Pane::Tabs => hash(&(view.focus, alarms::count(room))),
        Pane::Checklist => hash(&(
            (r.steps, r.header, view.derived.digest, view.derived.outline),
            (view.rows.list.len(), &view.selected, view.filter, view.epoch),
            checklist::clock(room, view),
        )),
        Pane::Detail => match view.detail {
            Detail::Step if view.gate_selected().is_some() => hash(&(r, second, &view.selected, view.epoch)),
            Detail::Step => {
                let ticking = if room.live.runs.is_empty() { 0 } else { second };
                hash(&(r.steps, r.timeline, r.runs, ticking, &view.selected, view.epoch))
            }
            Detail::Board => hash(&(r.header, r.metrics, r.services, r.alerts, second, view.epoch)),
            Detail::Alert => hash(&(r.alerts, r.metrics, r.services, &view.alarm, second, view.epoch)),
            Detail::Service => hash(&(r.services, view.service, second, view.epoch, alarms::count(room))),
        },
        Pane::Services => hash(&(r.services, second, view.service, alarms::count(room))),
        Pane::Errors | Pane::Latency => chart::key(room, view, plot),
        Pane::Alarms => hash(&(r.services, r.metrics, r.alerts, second, alarms::count(room), &view.alarm)),
        Pane::Metrics => hash(&(r.metrics, second)),
        Pane::Budgets => hash(&(r.metrics, r.header, second)),
        Pane::Timeline => hash(&(r.timeline, r.header)),
        Pane::Footer => hash(&(view.epoch, r.header, r.steps, room.unsaved.len(), second)),
    };
    hash(&(base, own)).max(1)
}

/// Draws one pane on a blank area.
pub fn paint(room: &Room, view: &View, plot: Plot, pen: &mut Pen<'_>) {
    let area = plot.area;
    match plot.pane {
        Pane::Header => header::paint(room, view, area, pen),
        Pane::Verdict => verdict::paint(room, view, area, pen),
        Pane::Tabs => header::tabs(room, view, area, pen),
        Pane::Checklist => checklist::paint(room, view, area, pen),
        Pane::Detail => detail::paint(room, view, area, pen),
        Pane::Services => services::paint(room, view, area, pen),
        Pane::Errors | Pane::Latency => chart::paint(room, view, plot, pen),
        Pane::Alarms => alarms::paint(room, view, area, pen),
        Pane::Metrics => metrics::paint(room, view, area, pen),
        Pane::Budgets => slo::paint(room, view, area, pen),
        Pane::Timeline => timeline::paint(room, view, area, pen),
        Pane::Footer => footer::paint(room, view, area, pen),
    }
}

/// Something drawn over the panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Where.
    pub area: Rect,
    /// What.
    pub what: Over,
}

/// What is drawn over the panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// A prompt, a choice or a question.
    Dialog,
    /// The palette.
    Palette,
    /// The help.
    Help,
    /// The toast of this place.
    Toast(usize),
}

/// The most rows that a sheet takes: the verdict stays in sight, whatever is asked.
pub fn sheet_height(screen: Rect) -> u16 {
    screen.height.saturating_sub(if screen.height >= 30 { 5 } else { 4 })
}

/// What lies over the panes now.
pub fn overlays(room: &Room, view: &View, area: Rect) -> Vec<Overlay> {
    let mut out = Vec::new();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return out;
    }
    let what = match &view.mode {
        Mode::Normal | Mode::Find(_) => None,
        Mode::Prompt { .. }
        | Mode::Choose { .. }
        | Mode::Confirm { .. }
        | Mode::Gate { .. }
        | Mode::Run(_)
        | Mode::Way { .. } => Some(Over::Dialog),
        Mode::Palette { .. } => Some(Over::Palette),
        Mode::Help => Some(Over::Help),
    };
    let mut floor = area.bottom().saturating_sub(1);
    if let Some(what) = what {
        let most = sheet_height(area);
        let rows = match what {
            Over::Help => most,
            Over::Palette => sheet::PALETTE_ROWS.min(most),
            _ => sheet::rows(room, view, area.width).min(most),
        };
        let top = area.bottom().saturating_sub(1 + rows);
        out.push(Overlay { area: Rect { x: area.x, y: top, width: area.width, height: rows }, what });
        floor = top;
    }
    for (i, toast) in view.toasts.iter().enumerate().rev() {
        let width = (super::widgets::pen::cells(&toast.text) + 6).min(area.width.saturating_sub(2));
        if floor < area.y + 5 {
            break;
        }
        floor -= 1;
        let area = Rect { x: area.right().saturating_sub(width + 1), y: floor, width, height: 1 };
        out.push(Overlay { area, what: Over::Toast(i) });
    }
    out
}

/// Draws one overlay on a blank area.
pub fn paint_overlay(room: &Room, view: &View, overlay: &Overlay, pen: &mut Pen<'_>) {
    match overlay.what {
        Over::Dialog => sheet::dialog(room, view, overlay.area, pen),
        Over::Palette => sheet::palette(view, overlay.area, pen),
        Over::Help => sheet::help(view, overlay.area, pen),
        Over::Toast(i) => sheet::toast(view, i, overlay.area, pen),
    }
}

/// One line for a screen on which nothing has room.
pub fn too_small(room: &Room, theme: &Theme, charset: Charset, area: Rect, scratch: &mut Buffer) {
    scratch.resize(area);
    let mut pen = Pen { buf: scratch, theme, charset };
    pen.fill(area, Role::Text);
    let verdict = gate::shown(room).0.to_string();
    let says = format!(" needs 40×10, this is {}×{}", area.width, area.height);
    pen.line(area.x, area.y, area.width, &[(&verdict, Role::Strong), (&says, Role::Text)]);
}
