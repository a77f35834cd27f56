//! Bytes of a terminal to inputs: keys, paste, mouse, focus; the terminal's own replies are taken out before anybody sees them.
//!
//! Pure: time comes in as [`Parser::silence`], which the reader calls when nothing arrived for [`Parser::patience`].
//! Keys as in xterm's ctlseqs ("PC-Style Function Keys"), the Linux console and, should a terminal send it, `CSI … u`.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{Input, PASTE_CAP, Rgb};

/// Longest reply or sequence kept while its end is awaited; longer ones are thrown away up to their end.
const LONGEST: usize = 4096;

const PASTE_END: &[u8] = b"\x1b[201~";

/// The state between two reads.
#[derive(Debug, Default)]
pub struct Parser {
    pending: Vec<u8>,
    paste: Option<Paste>,
    /// Inside a reply that is too long to keep.
    discarding: bool,
}

#[derive(Debug, Default)]
struct Paste {
    text: Vec<u8>,
    left_out: usize,
}

enum Step {
    /// The sequence goes on; wait.
    More,
    /// So many bytes were nothing for us.
    Skip(usize),
    /// So many bytes were this.
    Got(usize, Input),
    /// So many bytes opened a paste.
    Paste(usize),
}

impl Parser {
    /// Takes bytes as they were read and appends what they mean.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        self.pending.extend_from_slice(bytes);
        let mut at = 0;
        while at < self.pending.len() {
            let rest = self.pending.get(at..).unwrap_or_default();
            if let Some(paste) = &mut self.paste {
                let (used, ended) = paste.take(rest);
                at += used;
                if ended {
                    self.end_paste(out);
                } else {
                    break;
                }
                continue;
            }
            if self.discarding {
                let Some(end) = string_end(rest) else {
                    // A lone ESC at the end may be the first half of the terminator.
                    at = self.pending.len() - usize::from(rest.last() == Some(&0x1b));
                    break;
                };
                at += end;
                self.discarding = false;
                continue;
            }
            match step(rest) {
                Step::More if rest.len() > LONGEST => {
                    self.discarding = true;
                    at = self.pending.len();
                }
                Step::More => break,
                Step::Skip(n) => at += n,
                Step::Got(n, input) => {
                    at += n;
                    out.push(input);
                }
                Step::Paste(n) => {
                    at += n;
                    self.paste = Some(Paste::default());
                }
            }
        }
        self.pending.drain(..at);
    }

    /// How long to wait for the rest of what has begun; `None`: nothing has begun.
    pub fn patience(&self) -> Option<Duration> {
        if self.paste.is_some() {
            // Its end is always sent; a broken terminal must not take the keyboard away for good.
            return Some(Duration::from_secs(10));
        }
        if self.discarding {
            return Some(Duration::from_millis(250));
        }
        match self.pending.as_slice() {
            [] => None,
            // Over a slow line a sequence may come in pieces; a person does not notice 30 ms on the Escape key.
            [0x1b] => Some(Duration::from_millis(30)),
            [0x1b, b']' | b'P' | b'_' | b'^' | b'X', _, ..] => Some(Duration::from_millis(250)),
            _ => Some(Duration::from_millis(60)),
        }
    }

    /// Nothing came for [`Parser::patience`]: what has begun is all there is. A lone ESC or ESC and one character were keys,
    /// a reply cut short is dropped.
    pub fn silence(&mut self, out: &mut Vec<Input>) {
        if self.paste.is_some() {
            self.end_paste(out);
        }
        self.discarding = false;
        match *self.pending.as_slice() {
            [0x1b] => out.push(key(KeyCode::Esc)),
            [0x1b, c @ (b'[' | b'O' | b']' | b'P' | b'_' | b'^' | b'X')] => out.push(alt(char::from(c))),
            _ => {}
        }
        self.pending.clear();
    }

    fn end_paste(&mut self, out: &mut Vec<Input>) {
        let Some(Paste { mut text, left_out }) = self.paste.take() else { return };
        let mut left_out = left_out;
        if left_out > 0 {
            // Do not end in half a character.
            let whole = text.utf8_chunks().map(|c| c.valid().len()).sum::<usize>();
            if text.len() - whole < 4 && std::str::from_utf8(text.get(..whole).unwrap_or_default()).is_ok() {
                left_out += text.len() - whole;
                text.truncate(whole);
            }
        }
        out.push(Input::Paste(String::from_utf8_lossy(&text).replace("\r\n", "\n").replace('\r', "\n")));
        if left_out > 0 {
            out.push(Input::PasteCut(left_out));
        }
    }
}

impl Paste {
    /// Takes pasted bytes; how many were used, and whether the end was among them.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        let (text, used, ended) = if let Some(at) = find(bytes, PASTE_END) {
            (at, at + PASTE_END.len(), true)
        } else {
            // Keep back what may be the beginning of the end.
            let begun = |n: &usize| bytes.ends_with(PASTE_END.get(..*n).unwrap_or_default());
            let text = bytes.len() - (1..PASTE_END.len()).rev().find(begun).unwrap_or(0);
            (text, text, false)
        };
        let room = PASTE_CAP - self.text.len();
        self.text.extend_from_slice(bytes.get(..text.min(room)).unwrap_or_default());
        self.left_out += text.saturating_sub(room);
        (used, ended)
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

/// One thing at the front of `bytes`, which is not empty.
fn step(bytes: &[u8]) -> Step {
    match *bytes {
        [] | [0x1b] => Step::More,
        [0x1b, b'[', ..] => csi(bytes),
        [0x1b, b'O', ..] => ss3(bytes),
        [0x1b, c @ (b']' | b'P' | b'_' | b'^' | b'X'), ..] => string(bytes, c),
        [0x1b, 0x1b, ..] => Step::Got(1, key(KeyCode::Esc)),
        [0x1b, ref rest @ ..] => match step(rest) {
            Step::Got(n, Input::Key(mut event)) => {
                event.modifiers |= KeyModifiers::ALT;
                Step::Got(n + 1, Input::Key(event))
            }
            Step::More => Step::More,
            Step::Skip(n) | Step::Got(n, _) | Step::Paste(n) => Step::Skip(n + 1),
        },
        [b'\r', ..] => Step::Got(1, key(KeyCode::Enter)),
        [b'\t', ..] => Step::Got(1, key(KeyCode::Tab)),
        [0x7f, ..] => Step::Got(1, key(KeyCode::Backspace)),
        [0, ..] => Step::Got(1, control(' ')),
        [c @ 0x01..=0x1a, ..] => Step::Got(1, control(char::from(c - 1 + b'a'))),
        [c @ 0x1c..=0x1f, ..] => Step::Got(1, control(char::from(c - 0x1c + b'4'))),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Step {
    let length = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        Some(0..=0x7f) => 1,
        _ => return Step::Skip(1),
    };
    let Some(whole) = bytes.get(..length) else {
        let sound = bytes.iter().skip(1).all(|b| b & 0xc0 == 0x80);
        return if sound { Step::More } else { Step::Skip(1) };
    };
    match std::str::from_utf8(whole).ok().and_then(|s| s.chars().next()) {
        // 8-bit controls are no keys.
        Some(c) if c.is_control() => Step::Skip(length),
        Some(c) => {
            let modifiers = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
            Step::Got(length, Input::Key(KeyEvent::new(KeyCode::Char(c), modifiers)))
        }
        None => Step::Skip(1),
    }
}

/// A string of the terminal: OSC, DCS, APC, PM, SOS. Alt and the same character, typed, is told apart by what follows: a reply goes
/// on at once, and with a digit or a letter that such replies have.
fn string(bytes: &[u8], kind: u8) -> Step {
    let Some(&next) = bytes.get(2) else { return Step::More };
    let reply = match kind {
        b']' => next.is_ascii_digit(),
        b'P' => next.is_ascii_digit() || matches!(next, b'!' | b'$' | b'+' | b'>' | b'|' | b'='),
        _ => next.is_ascii_graphic(),
    };
    if !reply {
        return Step::Got(2, alt(char::from(kind)));
    }
    let Some(end) = string_end(bytes.get(2..).unwrap_or_default()) else { return Step::More };
    let text = bytes.get(2..2 + end).unwrap_or_default();
    match (kind, std::str::from_utf8(text).ok().and_then(background)) {
        (b']', Some(rgb)) => Step::Got(2 + end, Input::Background(rgb)),
        _ => Step::Skip(2 + end),
    }
}

/// Just after the end of a string: BEL, ST, 8-bit ST; CAN and SUB break it off.
fn string_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        match (b, bytes.get(at + 1)) {
            (0x07 | 0x18 | 0x1a, _) => return Some(at + 1),
            (0x1b, Some(b'\\')) => return Some(at + 2),
            // Another sequence begins: the string was never ended.
            (0x1b, Some(_)) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// `11;rgb:RRRR/GGGG/BBBB` with one to four hexadecimal digits a channel, also `rgba:`, or `11;#RRGGBB` (XParseColor).
fn background(text: &str) -> Option<Rgb> {
    let colour = text.trim_end_matches(['\u{7}', '\u{1b}', '\\']).strip_prefix("11;")?;
    if let Some(hex) = colour.strip_prefix('#') {
        let channel = |n: usize| u8::from_str_radix(hex.get(n..n + 2)?, 16).ok();
        return (hex.len() == 6).then_some(Rgb(channel(0)?, channel(2)?, channel(4)?));
    }
    let mut channels = colour.strip_prefix("rgb:").or_else(|| colour.strip_prefix("rgba:"))?.split('/').map(|hex| {
        let most = (1_u32 << (4 * hex.len().clamp(1, 4))) - 1;
        let value = u32::from_str_radix(hex, 16).ok().filter(|v| hex.len() <= 4 && *v <= most)?;
        u8::try_from(value * 255 / most).ok()
    });
    Some(Rgb(channels.next()??, channels.next()??, channels.next()??))
}

fn ss3(bytes: &[u8]) -> Step {
    let Some(&last) = bytes.get(2) else { return Step::More };
    match letter(last) {
        Some(code) => Step::Got(3, key(code)),
        None if last == b'M' => Step::Got(3, key(KeyCode::Enter)),
        // Alt and a capital O, then something else.
        None => Step::Got(2, alt('O')),
    }
}

/// Keys that end in a letter, after `CSI` and after `SS3`.
fn letter(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'E' => KeyCode::KeypadBegin,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

fn csi(bytes: &[u8]) -> Step {
    // Linux console: CSI [ A … E are F1 to F5.
    if bytes.get(2) == Some(&b'[') {
        return match bytes.get(3) {
            None => Step::More,
            Some(c @ b'A'..=b'E') => Step::Got(4, key(KeyCode::F(c - b'A' + 1))),
            Some(_) => Step::Skip(4),
        };
    }
    // Parameters 0x30–0x3f, intermediates 0x20–0x2f, one final byte (ECMA-48).
    let body = bytes.get(2..).unwrap_or_default();
    let Some(length) = body.iter().position(|b| !(0x20..=0x3f).contains(b)) else { return Step::More };
    let last = body.get(length).copied().unwrap_or_default();
    let used = 3 + length;
    if !(0x40..=0x7e).contains(&last) {
        // Broken off by a control: that one is read on its own.
        return Step::Skip(used - 1);
    }
    let params = std::str::from_utf8(body.get(..length).unwrap_or_default()).unwrap_or_default();
    if let Some(mouse) = params.strip_prefix('<') {
        return sgr_mouse(mouse, last).map_or(Step::Skip(used), |m| Step::Got(used, Input::Mouse(m)));
    }
    if last == b'M' && params.is_empty() {
        // X10 mouse, never asked for: three bytes follow.
        return if bytes.len() < used + 3 { Step::More } else { Step::Skip(used + 3) };
    }
    // Answers to questions (private parameters, intermediates) are nobody's keys.
    if params.contains(|c: char| !c.is_ascii_digit() && c != ';' && c != ':') {
        return Step::Skip(used);
    }
    let mut fields = params.split(';');
    let first = fields.next().unwrap_or_default();
    let mut second = fields.next().unwrap_or_default().split(':');
    let number = first.split(':').next().and_then(|n| n.parse::<u32>().ok());
    let mask = second.next().and_then(|m| m.parse::<u8>().ok()).unwrap_or(1);
    let kind = second.next();
    let code = match last {
        b'~' => match number {
            Some(200) => return Step::Paste(used),
            Some(n) => tilde(n),
            None => None,
        },
        b'u' => number.and_then(unicode_key),
        b'I' if params.is_empty() => return Step::Got(used, Input::Focus(true)),
        b'O' if params.is_empty() => return Step::Got(used, Input::Focus(false)),
        b'Z' => Some(KeyCode::BackTab),
        // A cursor position report looks like F3 with modifiers; only the first number tells them apart.
        b'R' if number.is_some_and(|n| n > 1) => None,
        _ if number.is_none_or(|n| n == 1) => letter(last),
        _ => None,
    };
    // Kind 3 is a release (kitty's keyboard protocol).
    let Some(code) = code.filter(|_| kind != Some("3")) else { return Step::Skip(used) };
    let mut event = KeyEvent::new(code, modifiers(mask));
    if kind == Some("2") {
        event.kind = KeyEventKind::Repeat;
    }
    match event.code {
        KeyCode::BackTab => event.modifiers |= KeyModifiers::SHIFT,
        KeyCode::Char(c) if event.modifiers.contains(KeyModifiers::SHIFT) && c.is_ascii_lowercase() => {
            event.code = KeyCode::Char(c.to_ascii_uppercase());
        }
        _ => {}
    }
    Step::Got(used, Input::Key(event))
}

fn tilde(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        n @ 11..=15 => KeyCode::F(n as u8 - 10),
        n @ 17..=21 => KeyCode::F(n as u8 - 11),
        n @ 23..=26 => KeyCode::F(n as u8 - 12),
        n @ (28 | 29) => KeyCode::F(n as u8 - 13),
        n @ 31..=34 => KeyCode::F(n as u8 - 14),
        _ => return None,
    })
}

/// `CSI code u`: a Unicode code point, with the four that have names.
fn unicode_key(number: u32) -> Option<KeyCode> {
    match number {
        9 => Some(KeyCode::Tab),
        13 | 57414 => Some(KeyCode::Enter),
        27 => Some(KeyCode::Esc),
        127 => Some(KeyCode::Backspace),
        0xe000..=0xf8ff => None,
        n => char::from_u32(n).filter(|c| !c.is_control()).map(KeyCode::Char),
    }
}

/// xterm's modifier parameter: 1 plus a bit set.
fn modifiers(parameter: u8) -> KeyModifiers {
    let bits = parameter.saturating_sub(1);
    [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ]
    .into_iter()
    .filter(|(bit, _)| bits & bit != 0)
    .fold(KeyModifiers::NONE, |all, (_, m)| all | m)
}

/// `CSI < buttons ; column ; row M|m` (xterm, mode 1006).
fn sgr_mouse(params: &str, last: u8) -> Option<MouseEvent> {
    let mut numbers = params.split(';').map(|n| n.parse::<u16>().ok());
    let (buttons, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let button = match buttons & 3 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        _ => None,
    };
    let kind = match (buttons & 0b1100_0000, buttons & 32 != 0, last, button) {
        (64, _, _, Some(MouseButton::Left)) => MouseEventKind::ScrollUp,
        (64, _, _, Some(MouseButton::Middle)) => MouseEventKind::ScrollDown,
        (64, _, _, Some(MouseButton::Right)) => MouseEventKind::ScrollLeft,
        (64, _, _, None) => MouseEventKind::ScrollRight,
        (0, true, _, Some(button)) => MouseEventKind::Drag(button),
        (0, true, _, None) => MouseEventKind::Moved,
        (0, false, b'm', Some(button)) => MouseEventKind::Up(button),
        (0, false, b'M', Some(button)) => MouseEventKind::Down(button),
        _ => return None,
    };
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)] {
        if buttons & bit != 0 {
            modifiers |= modifier;
        }
    }
    Some(MouseEvent { kind, column: column.saturating_sub(1), row: row.saturating_sub(1), modifiers })
}

fn key(code: KeyCode) -> Input {
    Input::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn control(c: char) -> Input {
    Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))
}

fn alt(c: char) -> Input {
    let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT | shift))
}
