//! Themes: each loads clean, every text is legible on what it stands on, and a mistake is told with its place.

use std::collections::BTreeSet;

use ratatui::style::{Color, Modifier};
use warroom::tui::theme::Role;
use warroom::tui::{LayoutName, Theme, ThemeFile, View};

use crate::support::screen;

/// WCAG 2.2, relative luminance and contrast.
fn luminance(color: Color) -> Option<f64> {
    let Color::Rgb(r, g, b) = color else { return None };
    let part = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b))
}

fn contrast(a: Color, b: Color) -> Option<f64> {
    let (a, b) = (luminance(a)?, luminance(b)?);
    Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
}

#[test]
fn every_shipped_theme_loads_clean() {
    for name in Theme::names(&[]) {
        Theme::load(&name, &[]).unwrap_or_else(|e| panic!("{name}: {e:?}"));
    }
    assert!(Theme::names(&[]).len() >= 5);
}

#[test]
fn every_text_on_the_screen_has_a_contrast_of_at_least_4_5() {
    for (name, least) in [("dark", 4.5), ("light", 4.5), ("contrast", 7.0)] {
        let theme = Theme::load(name, &[]).unwrap();
        let mut faint = BTreeSet::new();
        for room in [screen::empty(), screen::busy(), screen::bad()] {
            for layout in [LayoutName::Commander, LayoutName::Oncall, LayoutName::Checklist] {
                let mut view = View::new();
                view.layout = layout;
                for _ in 0..2 {
                    let buf = screen::frame(&room, &mut view, &theme, 160, 48);
                    for cell in buf.content() {
                        // Rules, dots and bars are pictures; letters and figures are text.
                        if !cell.symbol().chars().any(char::is_alphanumeric) {
                            continue;
                        }
                        let ratio = contrast(cell.fg, cell.bg).unwrap_or(0.0);
                        if ratio < least {
                            faint.insert(format!("{name}: {:?} on {:?} is {ratio:.2}", cell.fg, cell.bg));
                        }
                    }
                    view.mode = warroom::tui::view::Mode::Help;
                    view.toast(room.now, warroom::tui::Tone::Bad, "refused");
                    view.invalidate();
                }
            }
        }
        assert!(faint.is_empty(), "{faint:#?}");
    }
}

#[test]
fn every_text_role_is_legible_on_every_ground() {
    use Role::{
        Accent, Bad, BandGo, BandNoGo, BandWait, Bar, Dim, Faint, Good, Marker, Selected, Sheet, Stale, Strong, Text,
        Warn,
    };
    for name in ["dark", "light", "contrast"] {
        let theme = Theme::load(name, &[]).unwrap();
        let mut wrong = Vec::new();
        for ground in [Text, Selected, Bar, Sheet, BandGo, BandWait, BandNoGo] {
            for role in [Text, Strong, Dim, Faint, Accent, Good, Warn, Bad, Stale, Marker] {
                let (fg, bg) = (theme.style(role).fg.unwrap(), theme.style(ground).bg.unwrap());
                let ratio = contrast(fg, bg).unwrap();
                // Third-rank text and events do not stand on the verdict's band.
                let used =
                    !(matches!(ground, BandGo | BandWait | BandNoGo) && matches!(role, Faint | Stale | Marker | Dim));
                if ratio < if used { 4.5 } else { 3.5 } {
                    wrong.push(format!("{} on {}: {ratio:.2}", role.name(), ground.name()));
                }
            }
        }
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

#[test]
fn without_colour_no_cell_has_one() {
    let theme = Theme::load("mono", &[]).unwrap();
    let buf = screen::frame(&screen::bad(), &mut View::new(), &theme, 160, 48);
    assert!(buf.content().iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
    let weights: std::collections::HashSet<Modifier> = buf.content().iter().map(|c| c.modifier).collect();
    assert!(weights.len() >= 4, "weight, reverse and underline tell what colour would: {weights:?}");
}

#[test]
fn mistakes_in_a_theme_are_told_with_file_and_line() {
    let file = |path: &str, text: &str| ThemeFile { path: path.to_owned(), text: text.to_owned() };
    let user = [
        file(
            "themes/mine.toml",
            "inherits = \"dark\"\n[palette]\nred = \"#zzz\"\n[roles]\ngod = \"green\"\nbad = { fg = \"rod\" }\n",
        ),
        file("themes/a.toml", "inherits = \"b\"\n"),
        file("themes/b.toml", "# b\ninherits = \"a\"\n"),
        file("themes/orphan.toml", "inherits = \"drak\"\n"),
        file("themes/dark.toml", "inherits = \"dark\"\n[palette]\nblue = \"#ffffff\"\n"),
    ];
    let told = |name: &str| {
        Theme::load(name, &user).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let mine = told("mine");
    assert!(mine.contains("themes/mine.toml:3: \"#zzz\" is no colour"), "{mine}");
    assert!(mine.contains("themes/mine.toml:5: there is no role \"god\"; did you mean"), "{mine}");
    assert!(mine.contains("themes/mine.toml:6: \"rod\" is no colour"), "{mine}");
    assert!(told("a").contains("themes/b.toml:2: inherits \"a\", which inherits this theme"), "{}", told("a"));
    assert!(
        told("orphan").contains("themes/orphan.toml:1: inherits \"drak\", which does not exist"),
        "{}",
        told("orphan")
    );
    assert!(told("nope").contains("there is no theme \"nope\"; there are dark, light"), "{}", told("nope"));
    let refined = Theme::load("dark", &user).unwrap();
    assert_eq!(
        refined.style(Role::Accent).fg,
        Some(Color::Rgb(255, 255, 255)),
        "a file of one's own refines the built-in theme"
    );
}

#[test]
fn the_terminal_chooses_the_theme_where_nobody_did() {
    assert_eq!(Theme::default_name(false, Some(0.95), true), "light");
    assert_eq!(Theme::default_name(false, Some(0.02), true), "dark");
    assert_eq!(Theme::default_name(false, None, true), "dark");
    assert_eq!(Theme::default_name(false, Some(0.95), false), "sixteen");
    assert_eq!(Theme::default_name(true, Some(0.95), true), "mono");
}
