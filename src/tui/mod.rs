//! Showing: a frame is a function of the room; keys become intents.

mod clock_keys;
pub mod derive;
pub mod gate_keys;
pub mod haste;
pub mod keys;
pub mod layout;
mod move_keys;
pub mod on_key;
pub mod panes;
mod param_keys;
mod run_sheet;
mod step_keys;
pub mod terminal;
pub mod theme;
mod typing;
pub mod view;
pub mod way_keys;
pub mod widgets;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use keys::Keymap;
pub use layout::LayoutName;
pub use on_key::{Act, After, on_key, on_mouse, on_paste};
pub use theme::{Theme, ThemeError, ThemeFile};
pub use view::{Tone, View};
pub use widgets::glyphs::Charset;

use crate::room::Room;
use derive::hash;
use terminal::DirtyRows;
use theme::Role;
use widgets::pen::Pen;

/// Draws the room into a buffer that keeps the frame before. Only panes whose inputs changed are drawn again, and only
/// rows whose cells differ are reported. Never panics, whatever the size.
pub fn draw(room: &Room, view: &mut View, theme: &Theme, area: Rect, buf: &mut Buffer) -> DirtyRows {
    let mut dirty = DirtyRows::NONE;
    if buf.area != area {
        *buf = Buffer::empty(area);
        view.invalidate();
    }
    if area.is_empty() {
        return dirty;
    }
    view.refresh(room);
    view.expire_toasts(room.now);
    let mut scratch = view.scratch.take().unwrap_or_else(|| Buffer::empty(area));
    let plots = layout::arrange(view.layout, view.focus, view.zoom, area, panes::wants(room, area));
    let frame = hash(&(area, &theme.name, view.charset, &plots, hash(&theme.style(Role::Text))));
    if frame != view.frame {
        view.frame = frame;
        view.covered.clear();
        view.drawn = plots.iter().map(|plot| (*plot, 0)).collect();
        Pen { buf, theme, charset: view.charset }.fill(area, Role::Text);
        (area.top()..area.bottom()).for_each(|row| dirty.mark(row));
    }
    let overlays = panes::overlays(room, view, area);
    let covered: Vec<Rect> = overlays.iter().map(|o| o.area).collect();
    if view.covered != covered {
        // What was covered must come back, with the gaps between panes.
        for area in std::mem::replace(&mut view.covered, covered) {
            Pen { buf, theme, charset: view.charset }.fill(area, Role::Text);
            (area.top()..area.bottom()).for_each(|row| dirty.mark(row));
        }
        for (_, key) in &mut view.drawn {
            *key = 0;
        }
    }
    if plots.is_empty() {
        panes::too_small(room, theme, view.charset, area, &mut scratch);
        settle(&scratch, buf, area, &mut dirty);
    }
    for (i, plot) in plots.iter().enumerate() {
        panes::prepare(room, view, *plot);
        let key = panes::key(room, view, *plot);
        match view.drawn.get_mut(i) {
            Some((_, last)) if *last == key => continue,
            Some(slot) => slot.1 = key,
            None => {}
        }
        scratch.resize(plot.area);
        let mut pen = Pen { buf: &mut scratch, theme, charset: view.charset };
        pen.fill(plot.area, Role::Text);
        panes::paint(room, view, *plot, &mut pen);
        settle(&scratch, buf, plot.area, &mut dirty);
    }
    for overlay in &overlays {
        scratch.resize(overlay.area);
        let mut pen = Pen { buf: &mut scratch, theme, charset: view.charset };
        pen.fill(overlay.area, Role::Sheet);
        panes::paint_overlay(room, view, overlay, &mut pen);
        settle(&scratch, buf, overlay.area, &mut dirty);
    }
    view.scratch = Some(scratch);
    dirty
}

/// Copies the rows that differ.
fn settle(scratch: &Buffer, buf: &mut Buffer, area: Rect, dirty: &mut DirtyRows) {
    let width = usize::from(area.width);
    let (stride, left) = (usize::from(buf.area.width), usize::from(area.x.saturating_sub(buf.area.x)));
    for (i, row) in (area.top()..area.bottom()).enumerate() {
        let start = usize::from(row.saturating_sub(buf.area.y)) * stride + left;
        let (Some(from), Some(to)) =
            (scratch.content.get(i * width..(i + 1) * width), buf.content.get_mut(start..start + width))
        else {
            continue;
        };
        if from != &*to {
            to.clone_from_slice(from);
            dirty.mark(row);
        }
    }
}
