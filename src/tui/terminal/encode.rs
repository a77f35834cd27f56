//! Frames to bytes: what changed since the last frame written, as few cursor moves, colours and characters as possible. Pure.

use std::sync::atomic::{AtomicU64, Ordering};

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::cells::{BLANK, DirtyRows, Grid, PLAIN, Packed, Packer, Pen};
use super::colour::Depth;
use crate::text::escape;

/// Drawn buffers to bytes without a terminal, as the writer makes them: for tests and figures.
#[derive(Debug)]
pub struct Painter {
    packer: Packer,
    grid: Grid,
    encoder: Encoder,
}

impl Painter {
    /// A terminal that shows nothing yet.
    pub fn new(depth: Depth, ascii: bool) -> Self {
        let packer = Packer { depth, ascii, replaced: AtomicU64::new(0) };
        Self { packer, grid: Grid::default(), encoder: Encoder::default() }
    }

    /// The bytes that make the terminal show the frame; empty when it already does.
    pub fn paint(&mut self, buffer: &Buffer, dirty: &DirtyRows, cursor: Option<(u16, u16)>) -> &[u8] {
        let mut all = DirtyRows::NONE;
        if self.grid.columns != buffer.area.width || self.grid.rows != buffer.area.height {
            self.grid = Grid::blank(buffer.area.width, buffer.area.height);
            all = DirtyRows::ALL;
        }
        all.add(dirty);
        self.grid.pack_rows(buffer, &all, &self.packer);
        self.encoder.encode(&self.grid, &all, cursor, &[])
    }

    /// How many cells were replaced by `?`.
    pub fn replaced(&self) -> u64 {
        self.packer.replaced.load(Ordering::Relaxed)
    }
}

/// What the terminal shows, as far as we wrote it, and how to change it.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    shown: Grid,
    columns: u16,
    /// Where the terminal's cursor is, when that is certain.
    at: Option<(u16, u16)>,
    pen: Option<Pen>,
    cursor: Option<(u16, u16)>,
    out: Vec<u8>,
}

impl Encoder {
    /// The terminal's state is unknown, as after a stop: the next frame is written whole.
    pub(super) fn forget(&mut self) {
        self.shown = Grid::default();
        self.at = None;
        self.pen = None;
        self.cursor = None;
    }

    /// The bytes that make the terminal show `next`, looking at dirty rows only; empty when it already does.
    pub(super) fn encode(&mut self, next: &Grid, dirty: &DirtyRows, cursor: Option<(u16, u16)>, extra: &[u8]) -> &[u8] {
        self.out.clear();
        self.out.extend_from_slice(b"\x1b[?2026h");
        let empty = self.out.len();
        let whole = self.shown.columns != next.columns || self.shown.rows != next.rows;
        if whole {
            self.out.extend_from_slice(b"\x1b[?25l\x1b[0m\x1b[2J");
            self.shown = Grid::blank(next.columns, next.rows);
            self.columns = next.columns;
            self.pen = Some(PLAIN);
            self.at = None;
            self.cursor = None;
        }
        let before = self.out.len();
        for y in 0..next.rows {
            if whole || dirty.contains(y) {
                self.row(y, next.row(y));
            }
        }
        if let Some((x, y)) = cursor.filter(|(x, y)| *x < next.columns && *y < next.rows) {
            if self.cursor != cursor || self.out.len() != before {
                self.go(x, y);
                if self.cursor.is_none() {
                    self.out.extend_from_slice(b"\x1b[?25h");
                }
                self.cursor = cursor;
            }
        } else if self.cursor.take().is_some() {
            self.out.extend_from_slice(b"\x1b[?25l");
        }
        self.out.extend_from_slice(extra);
        if self.out.len() == empty {
            self.out.clear();
        } else {
            self.out.extend_from_slice(b"\x1b[?2026l");
        }
        &self.out
    }

    fn row(&mut self, y: u16, next: &[Packed]) {
        if self.shown.row(y) == next {
            return;
        }
        let mut shown = std::mem::take(&mut self.shown);
        let old = shown.row_mut(y);
        if old.iter().chain(next).any(|c| c.width != 1) {
            self.row_with_wide(y, old, next);
        } else {
            // Trailing blanks of the terminal's own colours are cleared in one go.
            let used = next.iter().rposition(|c| *c != BLANK).map_or(0, |i| i + 1);
            let clear = old.iter().skip(used).filter(|c| **c != BLANK).count() > 6;
            let end = if clear { used } else { next.len() };
            for (x, (new, old)) in (0_u16..).zip(next.iter().zip(old.iter())).take(end) {
                if new != old {
                    self.put(x, y, new);
                }
            }
            if clear {
                self.go(used as u16, y);
                self.set_pen(PLAIN);
                self.out.extend_from_slice(b"\x1b[K");
            }
        }
        old.copy_from_slice(next);
        self.shown = shown;
    }

    /// Half a wide character cannot be changed: from the character over the first change to that over the last one all is written.
    fn row_with_wide(&mut self, y: u16, old: &[Packed], next: &[Packed]) {
        let Some(first) = old.iter().zip(next).position(|(a, b)| a != b) else { return };
        let last = old.iter().zip(next).rposition(|(a, b)| a != b).unwrap_or(first);
        let mut x = 0;
        while let Some(cell) = next.get(x) {
            let width = usize::from(cell.width.max(1));
            // The old character one to the left of the first change, or one to the right of the last, may be torn.
            if x + width + 1 > first && x <= last + 1 {
                if x + width > next.len() {
                    self.put(x as u16, y, &Packed::ascii(b' ', cell.pen));
                } else {
                    self.put(x as u16, y, cell);
                }
            }
            x += width;
        }
    }

    fn put(&mut self, x: u16, y: u16, cell: &Packed) {
        self.go(x, y);
        self.set_pen(cell.pen);
        self.out.extend_from_slice(cell.text());
        // After the last column the cursor hangs between two places.
        let next = x + u16::from(cell.width);
        self.at = (next < self.columns && cell.is_plain()).then_some((next, y));
    }

    fn go(&mut self, x: u16, y: u16) {
        match self.at {
            Some(at) if at == (x, y) => return,
            Some((from, row)) if row == y && from < x => {
                self.out.extend_from_slice(b"\x1b[");
                if x - from > 1 {
                    number(&mut self.out, u32::from(x - from));
                }
                self.out.push(b'C');
            }
            _ => {
                self.out.extend_from_slice(b"\x1b[");
                number(&mut self.out, u32::from(y) + 1);
                if x > 0 {
                    self.out.push(b';');
                    number(&mut self.out, u32::from(x) + 1);
                }
                self.out.push(b'H');
            }
        }
        self.at = Some((x, y));
    }

    fn set_pen(&mut self, pen: Pen) {
        let from = match self.pen {
            Some(now) if now == pen => return,
            // Attributes are taken away all at once: single resets (22, 24 …) are not the same everywhere.
            Some(now) if now.modifier & !pen.modifier == 0 => now,
            _ => PLAIN,
        };
        let out = &mut self.out;
        out.extend_from_slice(b"\x1b[");
        let start = out.len();
        if self.pen != Some(from) {
            out.push(b'0');
        }
        for (bit, code) in ATTRIBUTES {
            if pen.modifier & !from.modifier & bit.bits() != 0 {
                separate(out, start);
                out.push(code);
            }
        }
        if pen.fg != from.fg {
            separate(out, start);
            colour_code(out, pen.fg, 30);
        }
        if pen.bg != from.bg {
            separate(out, start);
            colour_code(out, pen.bg, 40);
        }
        out.push(b'm');
        self.pen = Some(pen);
    }
}

/// SGR codes of ratatui's attributes (ECMA-48).
const ATTRIBUTES: [(Modifier, u8); 9] = [
    (Modifier::BOLD, b'1'),
    (Modifier::DIM, b'2'),
    (Modifier::ITALIC, b'3'),
    (Modifier::UNDERLINED, b'4'),
    (Modifier::SLOW_BLINK, b'5'),
    (Modifier::RAPID_BLINK, b'6'),
    (Modifier::REVERSED, b'7'),
    (Modifier::HIDDEN, b'8'),
    (Modifier::CROSSED_OUT, b'9'),
];

fn separate(out: &mut Vec<u8>, start: usize) {
    if out.len() > start {
        out.push(b';');
    }
}

/// `base` is 30 for text, 40 for the background.
fn colour_code(out: &mut Vec<u8>, colour: u32, base: u32) {
    match (colour >> 24, colour & 0xff_ffff) {
        (1, n @ 0..=7) => number(out, base + n),
        (1, n) => number(out, base + 52 + n),
        (2, n) => {
            number(out, base + 8);
            out.extend_from_slice(b";5;");
            number(out, n);
        }
        (3, rgb) => {
            number(out, base + 8);
            out.extend_from_slice(b";2;");
            number(out, rgb >> 16);
            out.push(b';');
            number(out, rgb >> 8 & 0xff);
            out.push(b';');
            number(out, rgb & 0xff);
        }
        _ => number(out, base + 9),
    }
}

/// Decimal digits of a number below 100,000.
fn number(out: &mut Vec<u8>, n: u32) {
    let mut size = 10_000;
    while size > n && size > 1 {
        size /= 10;
    }
    while size > 0 {
        out.push(b'0' + (n / size % 10) as u8);
        size /= 10;
    }
}

fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, i| bits << 8 | u32::from(three.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * i) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if i <= three.len() { letter } else { b'=' });
        }
    }
}

/// `text` for the clipboard (OSC 52), escaped line by line, at most 100,000 bytes of it.
pub(super) fn clipboard(text: &str) -> Vec<u8> {
    let clean = text.lines().map(escape).collect::<Vec<_>>().join("\n");
    let end = (0..=clean.len().min(100_000)).rev().find(|i| clean.is_char_boundary(*i)).unwrap_or(0);
    let mut out = b"\x1b]52;c;".to_vec();
    base64(clean.as_bytes().get(..end).unwrap_or_default(), &mut out);
    out.extend_from_slice(b"\x1b\\");
    out
}
