//! A metric over time.

use crate::room::Room;
use crate::tui::layout::Plot;
use crate::tui::view::View;
use crate::tui::widgets::pen::Pen;

/// The metric of the error pane.
pub fn error_metric(room: &Room) -> Option<usize> {
    let _ = room;
    None
}

/// The metric of the latency pane.
pub fn latency_metric(room: &Room) -> Option<usize> {
    let _ = room;
    None
}

/// What the picture depends on.
pub fn key(room: &Room, view: &View, plot: Plot) -> u64 {
    let _ = (room, view, plot);
    0
}

/// Draws the pane.
pub fn paint(room: &Room, view: &View, plot: Plot, pen: &mut Pen<'_>) {
    let _ = (room, view);
    pen.head(plot.area, "chart", false, &[], &[]);
}
