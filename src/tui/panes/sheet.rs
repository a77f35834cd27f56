//! What is laid over the panes: questions, a line to type, the palette, the help, short messages.

use ratatui::layout::Rect;

use crate::room::Room;
use crate::tui::theme::Role;
use crate::tui::view::{Tone, View};
use crate::tui::widgets::pen::Pen;

/// Rows of the palette.
pub const PALETTE_ROWS: u16 = 14;

/// Rows of a dialog.
pub fn rows(room: &Room, view: &View, width: u16) -> u16 {
    let _ = (room, view, width);
    5
}

/// Draws a prompt, a choice or a question.
pub fn dialog(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let _ = (room, view, area, pen);
}

/// Draws the palette.
pub fn palette(view: &View, area: Rect, pen: &mut Pen<'_>) {
    let _ = (view, area, pen);
}

/// Draws the help.
pub fn help(view: &View, area: Rect, pen: &mut Pen<'_>) {
    let _ = (view, area, pen);
}

/// Draws a short message.
pub fn toast(view: &View, i: usize, area: Rect, pen: &mut Pen<'_>) {
    let Some(toast) = view.toasts.get(i) else { return };
    let role = match toast.tone {
        Tone::Quiet => Role::Strong,
        Tone::Bad => Role::Bad,
    };
    pen.put(area.x + 2, area.y, area.width.saturating_sub(4), &toast.text, role);
}
