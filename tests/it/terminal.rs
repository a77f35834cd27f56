//! The terminal without a terminal: bytes in become inputs, frames become bytes that a VT parser reads back.

#![expect(clippy::expect_used, reason = "a test says what it needs")]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use warroom::tui::terminal::encode::Painter;
use warroom::tui::terminal::parse::Parser;
use warroom::tui::terminal::{Depth, DirtyRows, Input, Options, PASTE_CAP, Rgb, exit_code};

fn read(bytes: &[u8]) -> Vec<Input> {
    let mut out = Vec::new();
    let mut parser = Parser::default();
    parser.feed(bytes, &mut out);
    if parser.patience().is_some() {
        parser.silence(&mut out);
    }
    out
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, modifiers))
}

fn plain(code: KeyCode) -> Input {
    key(code, KeyModifiers::NONE)
}

#[test]
fn keys_of_the_usual_terminals() {
    use KeyModifiers as M;
    for (bytes, wanted) in [
        (&b"j"[..], plain(KeyCode::Char('j'))),
        (b"G", key(KeyCode::Char('G'), M::SHIFT)),
        (b" ", plain(KeyCode::Char(' '))),
        (b"\r", plain(KeyCode::Enter)),
        (b"\t", plain(KeyCode::Tab)),
        (b"\x1b[Z", key(KeyCode::BackTab, M::SHIFT)),
        (b"\x7f", plain(KeyCode::Backspace)),
        (b"\x1b", plain(KeyCode::Esc)),
        (b"\x03", key(KeyCode::Char('c'), M::CONTROL)),
        (b"\x1bx", key(KeyCode::Char('x'), M::ALT)),
        (b"\x1b[A", plain(KeyCode::Up)),
        (b"\x1bOB", plain(KeyCode::Down)),
        (b"\x1b[1;5C", key(KeyCode::Right, M::CONTROL)),
        (b"\x1b[H", plain(KeyCode::Home)),
        (b"\x1b[4~", plain(KeyCode::End)),
        (b"\x1b[5~", plain(KeyCode::PageUp)),
        (b"\x1b[3;2~", key(KeyCode::Delete, M::SHIFT)),
        (b"\x1bOP", plain(KeyCode::F(1))),
        (b"\x1b[[B", plain(KeyCode::F(2))),
        (b"\x1b[15~", plain(KeyCode::F(5))),
        (b"\x1b[24~", plain(KeyCode::F(12))),
        (b"\x1b[97;5u", key(KeyCode::Char('a'), M::CONTROL)),
        ("é".as_bytes(), plain(KeyCode::Char('é'))),
        ("日".as_bytes(), plain(KeyCode::Char('日'))),
        (b"\x1b[I", Input::Focus(true)),
        (b"\x1b[O", Input::Focus(false)),
    ] {
        assert_eq!(read(bytes), [wanted], "{}", bytes.escape_ascii());
    }
    assert_eq!(read(b"\x1b[97;1:3u"), [], "a release is no key");
}

#[test]
fn a_burst_loses_no_key_however_it_is_cut() {
    let burst = b"\x1b[B".repeat(1000);
    for size in [1, 2, 3, 7, 1024, 3000] {
        let mut out = Vec::new();
        let mut parser = Parser::default();
        for piece in burst.chunks(size) {
            parser.feed(piece, &mut out);
        }
        assert_eq!(out, vec![plain(KeyCode::Down); 1000], "pieces of {size}");
    }
}

#[test]
fn replies_of_the_terminal_are_nobodys_keys() {
    let white = [Input::Background(Rgb(255, 255, 255))];
    assert_eq!(read(b"\x1b]11;rgb:ffff/ffff/ffff\x07"), white);
    assert_eq!(read(b"\x1b]11;rgb:ff/ff/ff\x1b\\"), white);
    assert_eq!(read(b"\x1b]11;#1e1e2e\x1b\\"), [Input::Background(Rgb(0x1e, 0x1e, 0x2e))]);
    for reply in [
        &b"\x1b]10;rgb:0/0/0\x1b\\"[..],
        b"\x1bP>|xterm(379)\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b[?64;1;2c",
        b"\x1b[>0;276;0c",
        b"\x1b[?2026;2$y",
        b"\x1b[12;40R",
        b"\x1b[8;24;80t",
        b"\x1b[?0u",
        b"\x1b[0n",
        // Cut short, and far too long.
        b"\x1b]11;rgb:ff",
        &[&b"\x1b]11;"[..], &[b'y'; 10_000], b"\x07"].concat(),
    ] {
        assert_eq!(read(reply), [], "{}", reply.escape_ascii());
        for piece in [1, 3] {
            let mut out = Vec::new();
            let mut parser = Parser::default();
            for bytes in [reply, b"\x18q"].concat().chunks(piece) {
                parser.feed(bytes, &mut out);
            }
            assert_eq!(out.last(), Some(&plain(KeyCode::Char('q'))), "the next key after {}", reply.escape_ascii());
            assert!(out.len() <= 2, "{out:?} from {}", reply.escape_ascii());
        }
    }
    // A person's Alt-] is one.
    assert_eq!(read(b"\x1b]"), [key(KeyCode::Char(']'), KeyModifiers::ALT)]);
    assert_eq!(read(b"\x1b]q"), [key(KeyCode::Char(']'), KeyModifiers::ALT), plain(KeyCode::Char('q'))]);
}

#[test]
fn a_paste_is_one_input_and_never_keys() {
    assert_eq!(
        read(b"\x1b[200~y\r\nGO\x1b[A\x1b[201~q"),
        [Input::Paste("y\nGO\x1b[A".into()), plain(KeyCode::Char('q'))]
    );
    let mut huge = b"\x1b[200~".to_vec();
    huge.extend("é".repeat(PASTE_CAP / 2 + 5).into_bytes());
    huge.extend(b"\x1b[201~");
    let mut out = Vec::new();
    let mut parser = Parser::default();
    for piece in huge.chunks(4096) {
        parser.feed(piece, &mut out);
    }
    let [Input::Paste(text), Input::PasteCut(left)] = out.as_slice() else { panic!("{} inputs", out.len()) };
    assert_eq!((text.len(), *left), (PASTE_CAP, 10));
    // A terminal that forgets the end does not take the keyboard away for good.
    assert_eq!(read(b"\x1b[200~abc"), [Input::Paste("abc".into())]);
}

proptest! {
    #[test]
    fn no_bytes_upset_the_reader(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
        let mut out = Vec::new();
        let mut parser = Parser::default();
        for piece in &pieces {
            parser.feed(piece, &mut out);
        }
        parser.silence(&mut out);
        prop_assert!(parser.patience().is_none());
        out.clear();
        parser.feed(b"q", &mut out);
        prop_assert_eq!(out, [plain(KeyCode::Char('q'))]);
    }
}

/// What a terminal of this size shows after these bytes, against what was drawn.
fn assert_shows(vt: &vt100::Parser, buffer: &Buffer) {
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let wanted = &buffer[(x, y)];
            let cell = vt.screen().cell(y, x).expect("within the screen");
            let shown = if cell.contents().is_empty() { " " } else { cell.contents() };
            assert_eq!(shown, wanted.symbol(), "symbol at {x},{y}");
            let wide = cell.is_wide();
            let blank = wanted.symbol() == " ";
            let colour = |c: Color| match c {
                Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
                Color::Indexed(n) => vt100::Color::Idx(n),
                Color::Red => vt100::Color::Idx(1),
                Color::LightBlue => vt100::Color::Idx(12),
                _ => vt100::Color::Default,
            };
            assert_eq!(cell.bgcolor(), colour(wanted.bg), "background at {x},{y}");
            if !blank {
                assert_eq!(cell.fgcolor(), colour(wanted.fg), "colour at {x},{y}");
                assert_eq!(cell.bold(), wanted.modifier.contains(Modifier::BOLD), "bold at {x},{y}");
            }
            x += if wide { 2 } else { 1 };
        }
    }
}

fn style() -> impl Strategy<Value = Style> {
    let colour = prop_oneof![
        Just(Color::Reset),
        Just(Color::Red),
        Just(Color::LightBlue),
        Just(Color::Indexed(200)),
        Just(Color::Rgb(1, 2, 3))
    ];
    (colour.clone(), colour, any::<bool>()).prop_map(|(fg, bg, bold)| {
        let style = Style::new().fg(fg).bg(bg);
        if bold { style.add_modifier(Modifier::BOLD) } else { style }
    })
}

proptest! {
    /// Frame after frame, dirty rows only, a terminal that reads our bytes shows what was drawn.
    #[test]
    fn a_terminal_shows_what_was_drawn(
        frames in prop::collection::vec(
            prop::collection::vec((0_u16..24, 0_u16..5, prop_oneof![Just("ok"), Just("日本語"), Just("  "), Just("│"), Just("e\u{301}x"), Just("🚀!"), Just("                    ")], style()), 0..8),
            1..8,
        )
    ) {
        let area = Rect::new(0, 0, 24, 5);
        let mut buffer = Buffer::empty(area);
        let mut painter = Painter::new(Depth::True, false);
        let mut vt = crate::support::pty::vt(5, 24);
        for frame in frames {
            let mut dirty = DirtyRows::NONE;
            for (x, y, text, style) in frame {
                // A wide character that is half overwritten is drawn as a blank, as widgets over widgets leave it.
                buffer.set_stringn(x, y, text, usize::from(24 - x), style);
                dirty.mark(y);
            }
            for y in 0..5 {
                for x in 0..24 {
                    let wide = warroom::text::cells(buffer[(x, y)].symbol()) == 2;
                    if wide && (x == 23 || buffer[(x + 1, y)].symbol() != " ") {
                        buffer[(x, y)].set_symbol(" ");
                    }
                }
            }
            vt.process(painter.paint(&buffer, &dirty, None));
            assert_shows(&vt, &buffer);
            prop_assert!(painter.paint(&buffer, &DirtyRows::ALL, None).is_empty(), "nothing changed, no bytes");
        }
    }
}

#[test]
fn what_must_not_reach_a_terminal_becomes_a_question_mark() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
    for (x, symbol) in (0..).zip([
        "\x1b]52;c;aGk=\x07",
        "\u{9b}2J",
        "\u{202e}",
        "\u{200b}",
        "a\u{200d}b",
        "\r",
        "\u{e0041}",
        "\u{2028}",
    ]) {
        buffer[(x, 0)].set_symbol(symbol);
    }
    let mut painter = Painter::new(Depth::True, false);
    let bytes = String::from_utf8(painter.paint(&buffer, &DirtyRows::ALL, None).to_vec()).expect("UTF-8");
    assert!(bytes.contains("????????"), "{bytes:?}");
    assert!(!bytes.contains("52;") && !bytes.contains('\u{202e}') && !bytes.contains('\r'), "{bytes:?}");
    assert_eq!(painter.replaced(), 8);
}

#[test]
fn colours_and_characters_fit_the_terminal() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
    buffer.set_string(0, 0, "│日✓", Style::new().fg(Color::Rgb(255, 0, 0)).add_modifier(Modifier::BOLD));
    let paint = |depth, ascii| {
        String::from_utf8(Painter::new(depth, ascii).paint(&buffer, &DirtyRows::ALL, None).to_vec()).expect("UTF-8")
    };
    assert!(paint(Depth::True, false).contains("38;2;255;0;0"));
    assert!(paint(Depth::Indexed, false).contains("38;5;196"));
    assert!(paint(Depth::Ansi, false).contains("\x1b[1;91m"));
    assert!(paint(Depth::None, false).contains("\x1b[1m│日"));
    let ascii = paint(Depth::None, true);
    assert!(ascii.is_ascii() && ascii.contains("|?") && ascii.contains('v'), "{ascii:?}");

    let options = |vars: &'static [(&str, &str)]| {
        Options::from_vars(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    };
    assert_eq!(options(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]).depth, Depth::True);
    assert_eq!(options(&[("TERM", "xterm-256color")]).depth, Depth::Indexed);
    assert_eq!(options(&[("TERM", "xterm")]).depth, Depth::Ansi);
    assert_eq!(options(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]).depth, Depth::None);
    assert_eq!(options(&[("TERM", "xterm"), ("NO_COLOR", "")]).depth, Depth::Ansi);
    assert!(options(&[("TERM", "xterm"), ("LANG", "C")]).ascii);
    assert!(!options(&[("TERM", "xterm"), ("LANG", "en_US.UTF-8")]).ascii);
    assert!(!options(&[("TERM", "linux")]).query_background);
    assert_eq!(exit_code(15), 143);
}

#[test]
fn a_small_change_costs_few_bytes() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
    for y in 0..60 {
        buffer.set_string(0, y, format!("service-{y:<3} up      42 ms   │"), Style::new().fg(Color::Green));
    }
    let mut painter = Painter::new(Depth::True, false);
    let whole = painter.paint(&buffer, &DirtyRows::ALL, None).len();
    assert!(whole < 60 * 40, "{whole} bytes for 60 short lines");
    buffer.set_string(20, 30, "97", Style::new().fg(Color::Green));
    let mut dirty = DirtyRows::NONE;
    dirty.mark(30);
    let bytes = painter.paint(&buffer, &dirty, None).to_vec();
    assert!(bytes.len() <= 26, "{}", bytes.escape_ascii());
    assert!(painter.paint(&buffer, &DirtyRows::NONE, Some((3, 3))).ends_with(b"\x1b[4;4H\x1b[?25h\x1b[?2026l"));
    assert!(painter.paint(&buffer, &DirtyRows::NONE, Some((3, 3))).is_empty());
}
