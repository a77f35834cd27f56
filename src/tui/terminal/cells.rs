//! Cells as they are written: sanitised, packed, comparable at a glance.

use std::sync::atomic::{AtomicU64, Ordering};

use ratatui::buffer::{Buffer, Cell};
use unicode_width::UnicodeWidthStr as _;

use super::colour::{Depth, colour};
use crate::text::is_unsafe;

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

    /// How many rows are marked one by one.
    pub fn count(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether no row is marked.
    pub fn is_empty(&self) -> bool {
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
    pub(super) pen: Pen,
    pub(super) width: u8,
}

/// Colours and attributes. Colours: 0 the terminal's own, else kind (1 of sixteen, 2 of 256, 3 RGB) in the top byte and the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pen {
    pub(super) fg: u32,
    pub(super) bg: u32,
    pub(super) modifier: u16,
}

/// The terminal's own colours.
pub(super) const PLAIN: Pen = Pen { fg: 0, bg: 0, modifier: 0 };

/// A blank with the terminal's own colours: what a cleared screen holds.
pub(super) const BLANK: Packed = Packed::ascii(b' ', PLAIN);

impl Packed {
    pub(super) const fn ascii(byte: u8, pen: Pen) -> Self {
        let mut symbol = [0; 15];
        symbol[0] = byte;
        Self { symbol, length: 1, pen, width: 1 }
    }

    pub(super) fn text(&self) -> &[u8] {
        self.symbol.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// Whether every terminal agrees how far the cursor moves.
    pub(super) fn is_plain(&self) -> bool {
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
        Some('─' | '━' | '╌' | '┄' | '┈' | '═' | '╴' | '╶' | '–' | '—' | '‐' | '\u{2011}' | '−') => {
            b'-'
        }
        Some('│' | '┃' | '╎' | '┆' | '┊' | '║' | '▏' | '▕') => b'|',
        Some('\u{2500}'..='\u{257f}') => b'+',
        Some('░' | '▁' | '▂') => b'.',
        Some('\u{2580}'..='\u{259f}' | '■' | '▪') => b'#',
        Some('●' | '◉' | '◆' | '★' | '•' | '∙' | '·') => b'*',
        Some('○' | '◌' | '◇' | '☐' | '□') => b'o',
        Some('✓' | '✔' | '☑' | '▼' | '▾' | '↓') => b'v',
        Some('✗' | '✘' | '✕' | '×' | '☒') => b'x',
        Some('▶' | '▸' | '→' | '»' | '›' | '❯' | '≥') => b'>',
        Some('◀' | '◂' | '←' | '«' | '‹' | '≤') => b'<',
        Some('▲' | '▴' | '↑') => b'^',
        Some('…') => b'~',
        Some('‘' | '’') => b'\'',
        Some('“' | '”') => b'"',
        _ => b'?',
    }
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
