//! Text from outside: nothing invisible gets through, and widths are what a terminal makes of them.

use crate::support::pty::vt;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use warroom::text::{Untrusted, cells, escape, is_plain, is_unsafe, prefix, truncate, wrap};

/// How far a VT parser moves its cursor for a text that fits on one line.
fn cells_on_a_terminal(text: &str) -> usize {
    let mut terminal = vt(2, 2000);
    terminal.process(text.as_bytes());
    let (row, column) = terminal.screen().cursor_position();
    usize::from(row) * 2000 + usize::from(column)
}

#[test]
fn every_invisible_or_reordering_character_becomes_visible() {
    let ranges = [
        0x00..=0x1f,
        0x7f..=0x9f,
        0xad..=0xad,
        0x34f..=0x34f,
        0x61c..=0x61c,
        0x115f..=0x1160,
        0x17b4..=0x17b5,
        0x180e..=0x180e,
        0x200b..=0x200f,
        0x2028..=0x2029,
        0x202a..=0x202e,
        0x2060..=0x2064,
        0x2066..=0x2069,
        0x3164..=0x3164,
        0xe0a0..=0xe0d4,
        0xf8ff..=0xf8ff,
        0xfeff..=0xfeff,
        0xfff9..=0xfffb,
        0x1d159..=0x1d159,
        0xe0000..=0xe007f,
        0x0010_fffd..=0x0010_fffd,
    ];
    for c in ranges.into_iter().flatten().filter_map(char::from_u32) {
        let shown = escape(&format!("a{c}b"));
        assert!(shown.starts_with("a\\") && shown.ends_with('b'), "U+{:04X} became {shown:?}", c as u32);
        assert!(!shown.contains(c), "U+{:04X} is still there", c as u32);
        assert!(!is_plain(&format!("a{c}b")), "U+{:04X} passes for plain", c as u32);
        assert_eq!(cells(&shown), cells_on_a_terminal(&shown));
    }
}

#[test]
fn towers_of_marks_are_cut_and_marks_never_stand_on_a_border() {
    let tower = format!("e{}x", "\u{301}".repeat(200));
    assert_eq!(escape(&tower).chars().filter(|c| *c == '\u{301}').count(), 4);
    // A selector between the marks does not start a second tower.
    let mixed = format!("e{}", "\u{301}\u{fe0f}".repeat(50));
    assert_eq!(escape(&mixed).chars().filter(|c| *c == '\u{301}').count(), 4);
    assert!(escape("\u{301}x").starts_with('\u{25cc}'));
}

#[test]
fn ordinary_text_of_any_script_stays_as_it_is() {
    for text in
        ["Größe", "日本語の手順", "Ελληνικά", "naïve café", "↳ 3 × 4 ≤ 12 · 50 %", "क्षत्रिय", "สวัสดี", "✓ done", "🚀"]
    {
        assert_eq!(escape(text), text);
        assert!(is_plain(text));
    }
    assert_eq!(escape("⚠\u{fe0f} stop"), "⚠ stop");
    assert_eq!(Untrusted::new("a\u{1b}]0;x\u{7}").to_string(), "a\\e]0;x\\u{7}");
}

#[test]
fn cutting_and_wrapping_keep_within_their_cells() {
    assert_eq!(truncate("payments-api", 12), "payments-api");
    assert_eq!(truncate("payments-api", 8), "payment…");
    assert_eq!(truncate("日本語", 5), "日本…");
    assert_eq!(truncate("日本語", 4), "日…");
    assert_eq!(truncate("abc", 0), "");
    assert_eq!(prefix("e\u{301}a", 1), "e\u{301}");
    assert_eq!(wrap("drain the old pool, then wait", 11), ["drain the", "old pool,", "then wait"]);
    assert_eq!(wrap("  indented words", 10), ["  indented", "words"]);
    assert_eq!(wrap("supercalifragilistic", 8), ["supercal", "ifragili", "stic"]);
    assert_eq!(wrap("日本", 1), ["…", "…"]);
    assert_eq!(wrap("", 5), [""]);
    assert!(wrap("x", 0).is_empty());
}

/// Pieces that text from outside is made of.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,12}",
        2 => prop::collection::vec(prop::char::range('\u{3041}', '\u{30ff}'), 0..6).prop_map(String::from_iter),
        2 => prop::collection::vec(prop::char::range('\u{4e00}', '\u{9fff}'), 0..6).prop_map(String::from_iter),
        1 => prop::collection::vec(prop::char::range('\u{ac00}', '\u{d7a3}'), 0..4).prop_map(String::from_iter),
        2 => (prop::char::range('a', 'z'), prop::collection::vec(prop::char::range('\u{300}', '\u{36f}'), 0..9))
            .prop_map(|(base, marks)| std::iter::once(base).chain(marks).collect()),
        1 => Just("👩\u{200d}👩\u{200d}👧".to_owned()),
        1 => Just("👍🏽".to_owned()),
        1 => Just("🇫🇷🇩🇪".to_owned()),
        1 => Just("⚠\u{fe0f}".to_owned()),
        1 => Just("1\u{fe0f}\u{20e3}".to_owned()),
        1 => Just("ｶﾞ ﾊﾟ".to_owned()),
        1 => Just("สวัสดี नमस्ते".to_owned()),
        1 => Just("سلام שלום".to_owned()),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(|b| String::from_utf8_lossy(&b).into_owned()),
        1 => any::<char>().prop_map(String::from),
    ]
}

/// T53: 100,000 strings; no panic, the computed width is the terminal's for at least 99.9 %, and nothing overruns.
#[test]
fn computed_widths_are_those_of_a_terminal() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let pieces: Vec<String> = (0..4000).map(|_| piece().new_tree(&mut runner).expect("a piece").current()).collect();
    let mut seed = 1_u64;
    let mut next = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % most
    };
    let (mut same, total) = (0_u32, 100_000_u32);
    let mut other = Vec::new();
    let mut terminal = vt(2, 2000);
    for i in 0..total {
        let raw: String = (0..next(4)).map(|_| pieces[next(pieces.len())].as_str()).collect();
        let most = next(40);
        let text = escape(&raw);
        assert!(!text.chars().any(is_unsafe), "{raw:?} became {text:?}");
        terminal.process(b"\r");
        // The parser drops replacement characters instead of drawing them.
        terminal.process(text.replace('\u{fffd}', "x").as_bytes());
        let (row, column) = terminal.screen().cursor_position();
        assert_eq!(row, 0);
        if usize::from(column) == cells(&text) {
            same += 1;
        } else if other.len() < 5 {
            other.push(format!("{}: computed {}, terminal {column}", text.escape_unicode(), cells(&text)));
        }
        let cut = truncate(&text, most);
        assert!(cells(&cut) <= most, "{cut:?} is wider than {most}");
        if i % 8 == 0 {
            for line in wrap(&text, most) {
                assert!(cells(&line) <= most, "{line:?} is wider than {most}");
            }
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(bare(&wrap(&text, 40).concat()), bare(&text), "wrapping lost something");
        }
    }
    assert!(f64::from(same) >= 0.999 * f64::from(total), "only {same} of {total} agree, such as {other:#?}");
}
