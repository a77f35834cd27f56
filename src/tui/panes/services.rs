//! Services: state, code, version, latency, errors, the last five minutes, age.

use ratatui::layout::Rect;

use crate::room::Room;
use crate::tui::view::View;
use crate::tui::widgets::pen::Pen;

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let _ = (room, view);
    pen.head(area, "Services", false, &[], &[]);
}

/// Services in the order shown, with their depth.
pub fn order(room: &Room) -> Vec<(usize, u16)> {
    (0..room.plan.services.len()).map(|i| (i, 0)).collect()
}
