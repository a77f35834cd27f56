//! Pane alarms.

use ratatui::layout::Rect;

use crate::room::Room;
use crate::tui::view::View;
use crate::tui::widgets::pen::Pen;

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let _ = (room, view);
    pen.head(area, "alarms", false, &[], &[]);
}

/// What is wrong now.
pub fn list(room: &Room, view: &View) -> Vec<String> {
    let _ = (room, view);
    Vec::new()
}
