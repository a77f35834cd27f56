//! The last minutes of a series in one row of eighth blocks; a spike keeps its height.

use super::glyphs::Charset;
use super::pen::Pen;
use crate::probe::series::Extremes;
use crate::tui::theme::Role;

const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII: [&str; 8] = ["_", "_", ".", ".", "-", "=", "*", "#"];

/// Draws one cell for each column at `(x, y)`. A steady series stays low: the top is six times the usual, or the highest.
pub fn spark(pen: &mut Pen<'_>, x: u16, y: u16, columns: &[Option<Extremes>], role: impl Fn(usize) -> Role) {
    let mut highs: Vec<f64> = columns.iter().flatten().map(|e| e.max).collect();
    highs.sort_by(f64::total_cmp);
    let usual = highs.get(highs.len() / 2).copied().unwrap_or_default();
    let top = highs.last().copied().unwrap_or_default().max(usual * 6.0);
    let ramp = if pen.charset == Charset::Ascii { &ASCII } else { &BLOCKS };
    for (i, column) in columns.iter().enumerate() {
        let at = x.saturating_add(i as u16);
        let (glyph, role) = match column {
            Some(e) if top > 0.0 => (ramp.get(((e.max / top * 7.0).round().clamp(0.0, 7.0)) as usize), role(i)),
            Some(_) => (ramp.first(), role(i)),
            None => (None, Role::Rule),
        };
        pen.put(at, y, 1, glyph.copied().unwrap_or(" "), role);
    }
}

/// A full cell, for a stretch in which something failed.
pub fn block(pen: &mut Pen<'_>, x: u16, y: u16, role: Role) {
    let full = if pen.charset == Charset::Ascii { "#" } else { "█" };
    pen.put(x, y, 1, full, role);
}
