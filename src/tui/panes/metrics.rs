//! Pane metrics.

use ratatui::layout::Rect;

use crate::room::Room;
use crate::tui::view::View;
use crate::tui::widgets::pen::Pen;

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let _ = (room, view);
    pen.head(area, "metrics", false, &[], &[]);
}
