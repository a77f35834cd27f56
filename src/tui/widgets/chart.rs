//! A series over time on cells: extremes as braille, blocks or ASCII, thresholds and events behind them.

use ratatui::layout::Rect;

use super::glyphs::Charset;
use super::pen::{Pen, cells};
use crate::probe::series::Extremes;
use crate::tui::theme::Role;

/// What is drawn.
pub struct Chart<'a> {
    /// Extremes of equal stretches from left to right; [`columns_for`] says how many.
    pub columns: &'a [Option<Extremes>],
    /// Value at the upper edge; the lower one is `bottom`.
    pub top: f64,
    /// Value at the lower edge.
    pub bottom: f64,
    /// Values with a line across, and the role of each.
    pub lines: &'a [(f64, Role)],
    /// Cell columns with an event and its word (empty: a line alone), oldest first.
    pub events: &'a [(u16, String)],
    /// Cell column of the cross-hair.
    pub hair: Option<u16>,
}

/// Stretches that an area of this width shows.
pub fn columns_for(charset: Charset, width: u16) -> usize {
    match charset {
        Charset::Braille => usize::from(width) * 2,
        Charset::Block | Charset::Ascii => usize::from(width),
    }
}

/// A round number at or above `value`: 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. It changes seldom, so the picture stays still.
pub fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let unit = 10_f64.powf(value.log10().floor());
    [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|m| m * unit)
        .find(|top| *top >= value * 0.999_999)
        .unwrap_or(value)
}

/// The row of a value, counted in parts of `rows` from the top.
fn row_of(value: f64, chart: &Chart<'_>, rows: u16) -> u16 {
    let span = (chart.top - chart.bottom).max(f64::MIN_POSITIVE);
    let part = ((chart.top - value) / span).clamp(0.0, 1.0);
    ((part * f64::from(rows)) as u16).min(rows.saturating_sub(1))
}

/// The cell row of a value within an area.
pub fn cell_row(value: f64, chart: &Chart<'_>, area: Rect) -> u16 {
    area.y + row_of(value, chart, area.height)
}

/// Draws lines and events first, then the series over them; `judge` gives the role of a value.
pub fn paint(pen: &mut Pen<'_>, area: Rect, chart: &Chart<'_>, judge: impl Fn(f64) -> Role) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    let glyphs = pen.glyphs();
    for (value, role) in chart.lines.iter().filter(|(v, _)| *v <= chart.top && *v >= chart.bottom) {
        let y = cell_row(*value, chart, area);
        for x in area.left()..area.right() {
            pen.put(x, y, 1, glyphs.threshold, *role);
        }
    }
    let at = |column: u16| area.x + column.min(area.width.saturating_sub(1));
    for (column, _) in chart.events {
        for y in area.top()..area.bottom() {
            pen.put(at(*column), y, 1, glyphs.event, Role::Marker);
        }
    }
    let mut taken = [area.left(); 3];
    for (column, word) in chart.events.iter().filter(|(_, word)| !word.is_empty()) {
        let (x, wide) = (at(*column), cells(word));
        // A word may stand over a line that has none, never over one that has its own.
        let free = |from: u16, to: u16| {
            !chart.events.iter().any(|(column, word)| !word.is_empty() && (from..to).contains(&at(*column)))
        };
        let right = free(x + 1, (x + 1).saturating_add(wide));
        let left = x >= wide && free(x - wide, x);
        // A word has its place right of its line, else left of it, in the first row that is free there, else none.
        for (row, taken) in (area.top()..area.bottom()).zip(&mut taken) {
            if right && x >= *taken && x + 1 + wide <= area.right() {
                *taken = pen.put(x + 1, row, wide, word, Role::Marker) + 1;
                break;
            }
            if left && x >= *taken + wide {
                pen.put(x - wide, row, wide, word, Role::Marker);
                *taken = x + 1;
                break;
            }
        }
    }
    match pen.charset {
        Charset::Braille => braille(pen, area, chart, &judge),
        Charset::Block | Charset::Ascii => bars(pen, area, chart, &judge),
    }
    if let Some(column) = chart.hair {
        let x = area.x + column.min(area.width.saturating_sub(1));
        for y in area.top()..area.bottom() {
            let empty = pen.buf.cell((x, y)).is_some_and(|c| c.symbol() == " " || c.symbol() == glyphs.threshold);
            if empty {
                pen.put(x, y, 1, glyphs.hair, Role::Accent);
            } else {
                pen.tint(Rect::new(x, y, 1, 1), Role::Accent);
            }
        }
    }
}

fn braille(pen: &mut Pen<'_>, area: Rect, chart: &Chart<'_>, judge: &impl Fn(f64) -> Role) {
    const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
    let rows = area.height * 4;
    let mut cells: Vec<(u8, Role)> = vec![(0, Role::Good); usize::from(area.width) * usize::from(area.height)];
    let mut before: Option<f64> = None;
    for (i, column) in chart.columns.iter().enumerate() {
        let Some(e) = column else {
            before = None;
            continue;
        };
        // The line goes on from where it was, so that a jump is a line and not a gap.
        let (mut low, mut high) = (e.min, e.max);
        if let Some(last) = before {
            let middle = f64::midpoint(last, e.last);
            low = low.min(middle.max(last.min(e.min)));
            high = high.max(middle.min(last.max(e.max)));
        }
        before = Some(e.last);
        let x = i / 2;
        for row in row_of(high, chart, rows)..=row_of(low, chart, rows) {
            let at = usize::from(row / 4) * usize::from(area.width) + x;
            // What a dot stands for: the value at its row, so that only the part beyond a limit is red.
            let span = chart.top - chart.bottom;
            let value = chart.top - (f64::from(row) + 0.5) / f64::from(rows) * span;
            let role = judge(value.clamp(e.min.min(low), e.max.max(high)));
            if let (Some((bits, kept)), Some(dot)) =
                (cells.get_mut(at), DOTS.get(i % 2).and_then(|d| d.get(usize::from(row % 4))))
            {
                *kept = if *bits == 0 { role } else { worse(*kept, role) };
                *bits |= dot;
            }
        }
    }
    for (at, (bits, role)) in cells.into_iter().enumerate().filter(|(_, (bits, _))| *bits > 0) {
        let (x, y) = ((at % usize::from(area.width)) as u16, (at / usize::from(area.width)) as u16);
        let mut utf8 = [0; 4];
        let symbol = char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ').encode_utf8(&mut utf8);
        pen.put(area.x + x, area.y + y, 1, symbol, role);
    }
}

fn bars(pen: &mut Pen<'_>, area: Rect, chart: &Chart<'_>, judge: &impl Fn(f64) -> Role) {
    let ascii = pen.charset == Charset::Ascii;
    for (i, column) in chart.columns.iter().enumerate() {
        let Some(e) = column else { continue };
        let (first, last) = (row_of(e.max, chart, area.height), row_of(e.min, chart, area.height));
        for row in first..=last {
            let glyph = match (ascii, first == last) {
                (true, true) => "*",
                (true, false) => "|",
                (false, true) => "▪",
                (false, false) => "▐",
            };
            pen.put(area.x + i as u16, area.y + row, 1, glyph, judge(if row == first { e.max } else { e.min }));
        }
    }
}

fn worse(a: Role, b: Role) -> Role {
    let rank = |r: Role| match r {
        Role::Bad => 2,
        Role::Warn => 1,
        _ => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}
