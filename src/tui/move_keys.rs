//! Moving about: which pane has the keys, the row in it, what is folded, what is opened and left again.

use super::derive::NONE;
use super::layout::{LayoutName, Pane};
use super::panes::{alarms, services};
use super::view::{Alarmed, Detail, Filter, Tone, View};
use crate::room::Room;

/// Moves the selection or the offset of a pane; drawing clamps offsets.
pub fn step_by(room: &Room, view: &mut View, pane: Pane, by: i64) {
    let moved = |at: usize| usize::try_from((at as i64).saturating_add(by).max(0)).unwrap_or(usize::MAX);
    match pane {
        Pane::Checklist => {
            let row = moved(view.selected_row());
            view.select_row(room, row);
            view.detail = Detail::Step;
            if let Some(at) = view.scroll.get_mut(Pane::Detail.index()) {
                *at = 0;
            }
        }
        Pane::Services => {
            let order = services::order(room);
            let at = order.iter().position(|(ix, _)| *ix == view.service).unwrap_or(0);
            if let Some((ix, _)) = order.get(moved(at).min(order.len().saturating_sub(1))) {
                view.service = *ix;
            }
        }
        Pane::Alarms => {
            let list = alarms::list(room);
            let at = alarms::place(&list, view).unwrap_or(0);
            view.alarm = list.get(moved(at).min(list.len().saturating_sub(1))).map(|a| a.about.clone());
        }
        _ => {
            if let Some(at) = view.scroll.get_mut(pane.index()) {
                *at = moved(*at);
            }
        }
    }
}

/// Folds the row, else goes up to what it is nested in.
pub fn fold(room: &Room, view: &mut View) {
    if view.focus != Pane::Checklist {
        return;
    }
    let Some(i) = view.current() else { return };
    let Some(node) = view.derived.node(i) else { return };
    if node.end > i + 1 && !view.folded.contains(&node.key) {
        view.folded.insert(node.key);
        view.refold();
        return;
    }
    let up = if node.parent == NONE { node.phase } else { node.parent };
    if up != i {
        view.select_node(room, up);
    }
}

/// Unfolds the row, else goes down to the first one nested in it.
pub fn unfold(room: &Room, view: &mut View) {
    if view.focus != Pane::Checklist {
        return;
    }
    let Some(i) = view.current() else { return };
    let Some((key, end)) = view.derived.node(i).map(|n| (n.key, n.end)) else { return };
    if view.folded.remove(&key) {
        view.refold();
    } else if end > i + 1 {
        view.select_node(room, i + 1);
    }
}

/// Opens what the arrow is on.
pub fn open(room: &Room, view: &mut View) {
    match view.focus {
        Pane::Alarms => match alarms::current(room, view).map(|a| a.about) {
            Some(about @ (Alarmed::Alert(_) | Alarmed::Kind(_))) => {
                view.alarm = Some(about);
                view.detail = Detail::Alert;
                view.focus = Pane::Detail;
            }
            Some(Alarmed::Service(ix)) => {
                view.service = ix;
                view.detail = Detail::Service;
                view.focus = Pane::Detail;
            }
            _ => view.zoom = true,
        },
        Pane::Checklist => {
            let Some(i) = view.current() else { return };
            let Some(node) = view.derived.node(i) else { return };
            if node.is_phase() {
                if !view.folded.remove(&node.key) {
                    view.folded.insert(node.key);
                }
                view.refold();
                return;
            }
            view.detail = Detail::Step;
            view.focus = Pane::Detail;
        }
        Pane::Services => {
            view.detail = Detail::Service;
            view.focus = Pane::Detail;
        }
        Pane::Detail => view.zoom = !view.zoom,
        _ => view.zoom = true,
    }
    if let Some(at) = view.scroll.get_mut(Pane::Detail.index()) {
        *at = 0;
    }
}

/// One thing at a time, the innermost first.
pub fn back(room: &Room, view: &mut View) {
    if view.hair.take().is_some() || view.find.take().is_some() {
        return;
    }
    if view.zoom {
        view.zoom = false;
    } else if view.focus == Pane::Detail && view.detail == Detail::Service {
        view.detail = Detail::Step;
        view.focus = Pane::Services;
    } else if view.focus == Pane::Detail && view.detail == Detail::Board {
        view.detail = Detail::Step;
        view.focus = Pane::Checklist;
    } else if view.focus == Pane::Detail && view.detail == Detail::Alert {
        view.detail = Detail::Step;
        view.focus = Pane::Alarms;
    } else if view.focus != Pane::Checklist {
        view.focus = Pane::Checklist;
    } else if view.filter != Filter::All {
        view.filter = Filter::All;
        view.refresh(room);
    }
}

/// Gives the keys to another pane, so many further.
pub fn cycle(room: &Room, view: &mut View, by: usize) {
    let all = Pane::FOCUSABLE;
    let at = all.iter().position(|p| *p == view.focus).unwrap_or(0);
    // Panes that are on the screen come round; where one is shown at a time, all of them do.
    let several = view.drawn.iter().filter(|(p, _)| all.contains(&p.pane)).count() > 1;
    let mut i = at;
    for _ in 0..all.len() {
        i = (i + by) % all.len();
        let Some(pane) = all.get(i) else { return };
        let there =
            if several { view.region(*pane).is_some() } else { *pane != Pane::Budgets || !room.plan.slos.is_empty() };
        if there {
            view.focus = *pane;
            return;
        }
    }
}

/// Arranges the panes otherwise.
pub fn set_layout(room: &Room, view: &mut View, name: LayoutName) {
    view.layout = name;
    view.zoom = false;
    view.focus = if name == LayoutName::Oncall { Pane::Services } else { Pane::Checklist };
    view.toast(room.now, Tone::Quiet, format!("layout {}", name.name()));
}
