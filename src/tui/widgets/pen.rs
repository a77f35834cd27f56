//! Writing on a buffer by cells: text that is cut by width, rules, right-aligned numbers, nothing a terminal would obey.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use super::glyphs::{Charset, Glyphs};
use crate::text;
use crate::tui::theme::{Role, Theme};

/// Cells that `text` takes.
pub fn cells(text: &str) -> u16 {
    u16::try_from(text::cells(text)).unwrap_or(u16::MAX)
}

/// `text` in at most `width` cells; what is cut ends in `…`.
pub fn fit(text: &str, width: u16) -> Cow<'_, str> {
    text::truncate(text, usize::from(width))
}

/// A buffer, the colours and the characters to write on it with. Writes outside the buffer are dropped.
pub struct Pen<'a> {
    /// What is written on.
    pub buf: &'a mut Buffer,
    /// Colours.
    pub theme: &'a Theme,
    /// Characters.
    pub charset: Charset,
}

impl Pen<'_> {
    /// The characters with a meaning.
    pub fn glyphs(&self) -> &'static Glyphs {
        self.charset.glyphs()
    }

    /// The text as this terminal can show it, before it is measured: in ASCII, `≥` takes two cells.
    fn spell<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.charset != Charset::Ascii || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let plain = |g: &str| match g.chars().next() {
            Some(c) if !g.is_ascii() => Charset::plain(c).to_owned(),
            _ => g.to_owned(),
        };
        Cow::Owned(text.graphemes(true).map(plain).collect())
    }

    /// The style of written text: it takes the ground it stands on, and nothing else of what was written there before.
    fn ink(&self, role: Role) -> Style {
        let style = self.theme.style(role);
        let fg = style.fg.or(self.theme.style(Role::Text).fg).or(Some(Color::Reset));
        let bg = if role == Role::Text { None } else { style.bg };
        Style { fg, bg, sub_modifier: Modifier::all().difference(style.add_modifier), ..style }
    }

    /// Blanks an area and gives it a role's colours over the screen's own.
    pub fn fill(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(Role::Text).patch(self.theme.style(role));
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }

    /// Lays a role's colours over an area, keeping what is written there.
    pub fn tint(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        self.buf.set_style(area.intersection(self.buf.area), style);
    }

    /// Writes text in at most `width` cells, cut with `…`; gives the column after it.
    pub fn put(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let area = self.buf.area;
        if y < area.top() || y >= area.bottom() || x >= area.right() {
            return x;
        }
        let text = self.spell(text);
        let text = fit(&text, width);
        let style = self.ink(role);
        let limit = x.saturating_add(width).min(area.right());
        let mut at = x;
        for grapheme in text.graphemes(true) {
            let mut symbol = grapheme;
            if self.charset == Charset::Ascii && !symbol.is_ascii() {
                symbol = Charset::plain(symbol.chars().next().unwrap_or('?'));
            }
            let wide = cells(symbol);
            if wide == 0 || symbol.chars().any(text::is_unsafe) {
                continue;
            }
            if at + wide > limit {
                break;
            }
            if let Some(cell) = self.buf.cell_mut((at, y)) {
                cell.set_symbol(symbol).set_style(style);
            }
            for hidden in at + 1..at + wide {
                if let Some(cell) = self.buf.cell_mut((hidden, y)) {
                    cell.set_symbol(" ").set_style(style);
                }
            }
            at += wide;
        }
        at
    }

    /// Writes several pieces one after the other in at most `width` cells; gives the column after them.
    pub fn line(&mut self, x: u16, y: u16, width: u16, pieces: &[(impl AsRef<str>, Role)]) -> u16 {
        let end = x.saturating_add(width);
        let mut at = x;
        for (text, role) in pieces {
            let left = end.saturating_sub(at);
            if left == 0 {
                break;
            }
            at = self.put(at, y, left, text.as_ref(), *role);
        }
        at
    }

    /// Writes text so that it ends at the right of `width` cells; gives the column it begins at.
    pub fn right(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let text = self.spell(text);
        let used = cells(&text).min(width);
        let start = x + (width - used);
        self.put(start, y, used, &text, role);
        start
    }

    /// A thin rule.
    pub fn rule(&mut self, x: u16, y: u16, width: u16) {
        let rule = self.glyphs().rule;
        for at in x..x.saturating_add(width) {
            self.put(at, y, 1, rule, Role::Rule);
        }
    }

    /// The head of a pane: `── Title ── pieces ─────────── right ──`; the focused one has a heavy lead.
    pub fn head(&mut self, area: Rect, title: &str, focused: bool, pieces: &[(&str, Role)], right: &[(&str, Role)]) {
        if area.width < 8 || area.height == 0 {
            return;
        }
        let (y, end) = (area.y, area.right());
        self.rule(area.x, y, area.width);
        let lead = if focused { self.glyphs().heavy } else { self.glyphs().rule };
        let role = if focused { Role::Accent } else { Role::Rule };
        self.put(area.x, y, 1, lead, role);
        self.put(area.x + 1, y, 1, lead, role);
        let total: u16 = right.iter().map(|(t, _)| cells(&self.spell(t))).sum();
        let room = area.width.saturating_sub(3);
        let mut x = self.put(area.x + 2, y, room, " ", Role::Text);
        x = self.put(x, y, end.saturating_sub(x + 1), title, Role::Title);
        if focused {
            self.tint(Rect::new(area.x + 3, y, x.saturating_sub(area.x + 3), 1), Role::Accent);
        }
        x = self.put(x, y, 1.min(end.saturating_sub(x)), " ", Role::Text);
        if !pieces.is_empty() {
            x = (x + 1).min(end);
            x = self.put(x, y, end.saturating_sub(x), " ", Role::Text);
            x = self.line(x, y, end.saturating_sub(x + 1), pieces);
            x = self.put(x, y, end.saturating_sub(x), " ", Role::Text);
        }
        if total > 0 && x + total + 5 <= end {
            let start = end - total - 4;
            let at = self.put(start, y, 1, " ", Role::Text);
            let at = self.line(at, y, total, right);
            self.put(at, y, 1, " ", Role::Text);
        }
    }
}
