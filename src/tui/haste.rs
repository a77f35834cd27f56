//! What streams in decides nothing: a dialog takes its first key only after a pause, however slowly the stream is read.

use super::view::{Mode, Tone, View};
use crate::clock::Now;

/// Whether a dialog that decides something is open and nothing has paused since it came up, `paused` being the last pause before
/// a key. The sheet of a command then begins to wait anew.
pub fn streams(view: &mut View, now: Now, paused: Option<Now>) -> bool {
    let opened = match &view.mode {
        Mode::Choose { opened, .. }
        | Mode::Confirm { opened, .. }
        | Mode::Gate { opened, .. }
        | Mode::Way { opened, .. } => *opened,
        Mode::Run(sheet) => sheet.opened,
        _ => return false,
    };
    if paused.is_some_and(|at| at.mono >= opened.mono) {
        return false;
    }
    if let Mode::Run(sheet) = &mut view.mode {
        sheet.opened = now;
    }
    view.toast(now, Tone::Quiet, "that came too fast to be meant: wait a moment, then press it");
    true
}
