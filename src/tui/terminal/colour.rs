//! Colours at the terminal's depth: what cannot be shown becomes the nearest that can.

use ratatui::style::Color;

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

/// A colour as it is written at this depth; see [`Pen`].
pub(super) fn colour(colour: Color, depth: Depth) -> u32 {
    const ANSI: u32 = 1 << 24;
    const INDEXED: u32 = 2 << 24;
    const RGB: u32 = 3 << 24;
    if depth == Depth::None {
        return 0;
    }
    match colour {
        Color::Reset => 0,
        Color::Black => ANSI,
        Color::Red => ANSI + 1,
        Color::Green => ANSI + 2,
        Color::Yellow => ANSI + 3,
        Color::Blue => ANSI + 4,
        Color::Magenta => ANSI + 5,
        Color::Cyan => ANSI + 6,
        Color::Gray => ANSI + 7,
        Color::DarkGray => ANSI + 8,
        Color::LightRed => ANSI + 9,
        Color::LightGreen => ANSI + 10,
        Color::LightYellow => ANSI + 11,
        Color::LightBlue => ANSI + 12,
        Color::LightMagenta => ANSI + 13,
        Color::LightCyan => ANSI + 14,
        Color::White => ANSI + 15,
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
