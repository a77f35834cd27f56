//! Frames to bytes: what changed since the last frame written, as few cursor moves, colours and characters as possible. Pure.

use std::sync::atomic::{AtomicU64, Ordering};

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

use crate::text::{escape, is_unsafe};

/// How many colours the terminal is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Depth {
    /// No colours; bold, dim, underline and reverse stay.
    None,
    /// The sixteen of the terminal's own palette.
    #[default]
    Ansi,
    /// The 256 of xterm.
    Indexed,
    /// 24 bits.
    True,
}

/// Which rows of a frame may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirtyRows {
    all: bool,
    bits: [u64; 16],
}

impl DirtyRows {
    /// No row.
    pub const NONE: Self = Self { all: false, bits: [0; 16] };
    /// Every row.
    pub const ALL: Self = Self { all: true, bits: [0; 16] };

    /// Marks a row; one beyond 1024 marks all.
    pub fn mark(&mut self, row: u16) {
        match self.bits.get_mut(usize::from(row >> 6)) {
            Some(word) => *word |= 1 << (row & 63),
            None => self.all = true,
        }
    }

    /// Marks rows `from..to`.
    pub fn mark_rows(&mut self, rows: std::ops::Range<u16>) {
        for row in rows {
            self.mark(row);
        }
    }

    /// Whether the row may have changed.
    pub fn contains(&self, row: u16) -> bool {
        self.all || self.bits.get(usize::from(row >> 6)).is_some_and(|word| word & (1 << (row & 63)) != 0)
    }

    /// Whether no row is marked.
    pub fn is_none(&self) -> bool {
        !self.all && self.bits.iter().all(|w| *w == 0)
    }

    /// Marks all rows that `other` has.
    pub fn add(&mut self, other: &Self) {
        self.all |= other.all;
        for (mine, theirs) in self.bits.iter_mut().zip(other.bits) {
            *mine |= theirs;
        }
    }
}

/// One cell as it is written: sanitised, with colours of the terminal's depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed {
    symbol: [u8; 15],
    length: u8,
    pen: Pen,
    width: u8,
}

/// Colours and attributes. Colours: 0 the terminal's own, else kind (1 of sixteen, 2 of 256, 3 RGB) in the top byte and the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pen {
    fg: u32,
    bg: u32,
    modifier: u16,
}

const PLAIN: Pen = Pen { fg: 0, bg: 0, modifier: 0 };

/// A blank with the terminal's own colours: what a cleared screen holds.
pub(super) const BLANK: Packed = Packed::ascii(b' ', PLAIN);

impl Packed {
    const fn ascii(byte: u8, pen: Pen) -> Self {
        let mut symbol = [0; 15];
        symbol[0] = byte;
        Self { symbol, length: 1, pen, width: 1 }
    }

    fn text(&self) -> &[u8] {
        self.symbol.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Whether every terminal agrees how far the cursor moves.
    fn is_plain(&self) -> bool {
        self.length == 1 || std::str::from_utf8(self.text()).is_ok_and(is_settled)
    }
}

/// One character whose width is beyond dispute: Latin to Cyrillic, punctuation, arrows, mathematics, lines, blocks, braille, CJK.
fn is_settled(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else { return false };
    matches!(c,
        ' '..='\u{7e}' | '\u{a1}'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{52f}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}'
        | '\u{2190}'..='\u{2193}' | '\u{2200}'..='\u{22ff}' | '\u{2500}'..='\u{25a9}' | '\u{25ac}'..='\u{25b5}' | '\u{25b7}'..='\u{25bf}'
        | '\u{25c1}'..='\u{25fa}' | '\u{2713}' | '\u{2717}' | '\u{2800}'..='\u{28ff}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}')
}

/// Turns cells of a drawn frame into what may be written.
#[derive(Debug)]
pub(super) struct Packer {
    pub(super) depth: Depth,
    pub(super) ascii: bool,
    /// Cells whose symbol must not reach a terminal.
    pub(super) replaced: AtomicU64,
}

impl Packer {
    /// The last gate before the terminal: a symbol with a control, an escape, a bidi or invisible character becomes `?`.
    pub(super) fn pack(&self, cell: &Cell) -> Packed {
        let pen =
            Pen { fg: colour(cell.fg, self.depth), bg: colour(cell.bg, self.depth), modifier: cell.modifier.bits() };
        let symbol = cell.symbol();
        match *symbol.as_bytes() {
            [] => Packed::ascii(b' ', pen),
            [byte @ 0x20..=0x7e] => Packed::ascii(byte, pen),
            _ => self.pack_wide(symbol, pen),
        }
    }

    fn pack_wide(&self, symbol: &str, pen: Pen) -> Packed {
        if symbol.chars().any(|c| c.is_control() || is_unsafe(c)) {
            self.replaced.fetch_add(1, Ordering::Relaxed);
            return Packed::ascii(b'?', pen);
        }
        let mut packed = Packed { symbol: [0; 15], length: 0, pen, width: 0 };
        let mut clean = [0; 4];
        // Variation selectors make terminals disagree about the width; marks that do not fit are dropped.
        for c in symbol.chars().filter(|c| !matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')) {
            let bytes = c.encode_utf8(&mut clean).as_bytes();
            let from = usize::from(packed.length);
            let Some(room) = packed.symbol.get_mut(from..from + bytes.len()) else { break };
            room.copy_from_slice(bytes);
            packed.length += bytes.len() as u8;
        }
        let text = std::str::from_utf8(packed.text()).unwrap_or("?");
        match (text.width(), self.ascii) {
            (width @ 1..=2, false) => {
                packed.width = width as u8;
                packed
            }
            (1..=2, true) => Packed::ascii(transliterate(text), pen),
            _ => {
                self.replaced.fetch_add(1, Ordering::Relaxed);
                Packed::ascii(b'?', pen)
            }
        }
    }
}

/// The nearest ASCII character for what our own screens draw.
fn transliterate(text: &str) -> u8 {
    match text.chars().next() {
        Some('─' | '━' | '╌' | '┄' | '┈' | '═' | '╴' | '╶' | '–' | '—' | '‐' | '−') => b'-',
        Some('│' | '┃' | '╎' | '┆' | '┊' | '║' | '▏' | '▕') => b'|',
        Some('\u{2500}'..='\u{257f}') => b'+',
        Some('░' | '▁' | '▂') => b'.',
        Some('\u{2580}'..='\u{259f}' | '■' | '▪') => b'#',
        Some('●' | '◉' | '◆' | '★' | '•' | '∙' | '·') => b'*',
        Some('○' | '◌' | '◇' | '☐' | '□') => b'o',
        Some('✓' | '✔' | '☑') => b'v',
        Some('✗' | '✘' | '✕' | '×' | '☒') => b'x',
        Some('▶' | '▸' | '→' | '»' | '›' | '❯') => b'>',
        Some('◀' | '◂' | '←' | '«' | '‹') => b'<',
        Some('▲' | '▴' | '↑') => b'^',
        Some('▼' | '▾' | '↓') => b'v',
        Some('…') => b'~',
        Some('‘' | '’') => b'\'',
        Some('“' | '”') => b'"',
        _ => b'?',
    }
}

/// A colour as it is written at this depth; see [`Pen`].
fn colour(colour: Color, depth: Depth) -> u32 {
    const ANSI: u32 = 1 << 24;
    const INDEXED: u32 = 2 << 24;
    const RGB: u32 = 3 << 24;
    if depth == Depth::None {
        return 0;
    }
    match colour {
        Color::Reset => 0,
        Color::Black => ANSI,
        Color::Red => ANSI | 1,
        Color::Green => ANSI | 2,
        Color::Yellow => ANSI | 3,
        Color::Blue => ANSI | 4,
        Color::Magenta => ANSI | 5,
        Color::Cyan => ANSI | 6,
        Color::Gray => ANSI | 7,
        Color::DarkGray => ANSI | 8,
        Color::LightRed => ANSI | 9,
        Color::LightGreen => ANSI | 10,
        Color::LightYellow => ANSI | 11,
        Color::LightBlue => ANSI | 12,
        Color::LightMagenta => ANSI | 13,
        Color::LightCyan => ANSI | 14,
        Color::White => ANSI | 15,
        Color::Indexed(n) if n < 16 => ANSI | u32::from(n),
        Color::Indexed(n) if depth == Depth::Ansi => {
            let (r, g, b) = of_index(n);
            ANSI | nearest_ansi(r, g, b)
        }
        Color::Indexed(n) => INDEXED | u32::from(n),
        Color::Rgb(r, g, b) => match depth {
            Depth::True => RGB | u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b),
            Depth::Indexed => INDEXED | nearest_indexed(r, g, b),
            _ => ANSI | nearest_ansi(r, g, b),
        },
    }
}

/// The steps of xterm's 6×6×6 cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn of_index(n: u8) -> (u8, u8, u8) {
    let at = |i: u8| CUBE.get(usize::from(i)).copied().unwrap_or(255);
    if n >= 232 {
        let grey = 8 + (n - 232) * 10;
        (grey, grey, grey)
    } else {
        let n = n.saturating_sub(16);
        (at(n / 36), at(n / 6 % 6), at(n % 6))
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let d = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    d(a.0, b.0) * 3 + d(a.1, b.1) * 6 + d(a.2, b.2)
}

fn nearest_indexed(r: u8, g: u8, b: u8) -> u32 {
    let step = |v: u8| (0..6_u8).min_by_key(|i| CUBE.get(usize::from(*i)).map_or(255, |c| c.abs_diff(v))).unwrap_or(0);
    let cube = 16 + 36 * step(r) + 6 * step(g) + step(b);
    let grey = 232
        + ((u32::from(r) + u32::from(g) + u32::from(b)) / 3).saturating_sub(3).min(238).div_euclid(10).min(23) as u8;
    let to = |n: u8| distance(of_index(n), (r, g, b));
    u32::from(if to(grey) < to(cube) { grey } else { cube })
}

/// Nearest of the sixteen as xterm paints them.
fn nearest_ansi(r: u8, g: u8, b: u8) -> u32 {
    const PALETTE: [(u8, u8, u8); 16] = [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];
    (0_u32..).zip(PALETTE).min_by_key(|(_, p)| distance(*p, (r, g, b))).map_or(7, |(i, _)| i)
}

/// A frame as packed rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    pub(super) columns: u16,
    pub(super) rows: u16,
    pub(super) cells: Vec<Packed>,
}

impl Grid {
    pub(super) fn blank(columns: u16, rows: u16) -> Self {
        Self { columns, rows, cells: vec![BLANK; usize::from(columns) * usize::from(rows)] }
    }

    pub(super) fn row(&self, y: u16) -> &[Packed] {
        let from = usize::from(y) * usize::from(self.columns);
        self.cells.get(from..from + usize::from(self.columns)).unwrap_or_default()
    }

    pub(super) fn row_mut(&mut self, y: u16) -> &mut [Packed] {
        let from = usize::from(y) * usize::from(self.columns);
        self.cells.get_mut(from..from + usize::from(self.columns)).unwrap_or_default()
    }

    /// Takes the rows of `other` (same size) that are dirty.
    pub(super) fn take_rows(&mut self, other: &Self, dirty: &DirtyRows) {
        for y in 0..self.rows {
            if dirty.contains(y) {
                self.row_mut(y).copy_from_slice(other.row(y));
            }
        }
    }

    /// Packs the dirty rows of a drawn buffer of the same size.
    pub(super) fn pack_rows(&mut self, buffer: &Buffer, dirty: &DirtyRows, packer: &Packer) {
        let columns = usize::from(self.columns);
        for (y, row) in (0..self.rows).zip(buffer.content.chunks(columns.max(1))) {
            if dirty.contains(y) {
                for (to, from) in self.row_mut(y).iter_mut().zip(row) {
                    *to = packer.pack(from);
                }
            }
        }
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
