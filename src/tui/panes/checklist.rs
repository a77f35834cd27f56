//! Pane checklist.

use ratatui::layout::Rect;

use crate::room::Room;
use crate::tui::view::View;
use crate::tui::widgets::pen::Pen;

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let _ = (room, view);
    pen.head(area, "checklist", false, &[], &[]);
}

/// Rows above the list.
pub const HEAD: usize = 2;

/// What of time the pane shows.
pub fn clock(room: &Room, view: &View) -> i64 {
    let _ = view;
    room.now.utc.timestamp()
}
