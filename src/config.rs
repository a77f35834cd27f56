//! A person's preferences: theme, keys, name, layout.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use crate::finding::{Finding, Source, codes};
use crate::plan::table::{Reader, Table};

/// The layouts to start with.
pub const LAYOUTS: [&str; 3] = ["commander", "oncall", "checklist"];

/// How an alert is heard: the terminal's bell, the bell with a notification of the desktop (OSC 9), nothing.
pub const ALARMS: [&str; 3] = ["bell", "desktop", "off"];

/// Preferences as resolved; what is not set keeps its default. The command line wins over all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Name of a theme; the terminal's own brightness decides where there is none.
    pub theme: Option<String>,
    /// Draw with ASCII alone; default off.
    pub ascii: bool,
    /// Take the mouse; default off.
    pub mouse: bool,
    /// The name to act under instead of the system's user.
    pub name: Option<String>,
    /// Keys of actions, in file order; an action that stands here has these keys and no others.
    pub keys: Vec<Binding>,
    /// The layout to start with, one of [`LAYOUTS`].
    pub layout: Option<String>,
    /// How an alert that wakes somebody is heard, one of [`ALARMS`].
    pub alarm: Option<String>,
}

/// `[keys] action = ["k", …]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The action.
    pub action: String,
    /// Its keys as written; empty takes all keys from it.
    pub keys: Vec<String>,
    /// Bytes of the action's name in the file, for findings about it.
    pub span: Range<usize>,
}

/// As typed.
#[derive(Default)]
struct Raw {
    theme: Option<Spanned<String>>,
    ascii: Option<Spanned<bool>>,
    mouse: Option<Spanned<bool>>,
    name: Option<Spanned<String>>,
    layout: Option<Spanned<String>>,
    alarm: Option<Spanned<String>>,
    keys: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
}

/// Reads preferences; each mistake is a finding, several at once. One of level error means: do not use them. Whether the
/// actions exist and the keys can be typed is for the keymap to say.
pub fn parse(path: &str, text: &str) -> (Config, Vec<Finding>) {
    let mut r = Reader::new(Source { file: path, text });
    let Some(root) = r.parse() else { return (Config::default(), r.findings) };
    let raw = Raw::read(Table::new("the preferences", 0..0, root.get_ref()), &mut r);
    let config = resolve(raw, &mut r);
    let mut findings = r.findings;
    findings.sort_by_key(|f| (f.span.start, f.span.end));
    (config, findings)
}

impl Raw {
    fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let mut raw = Self {
            theme: t.text(r, "theme"),
            ascii: t.boolean(r, "ascii"),
            mouse: t.boolean(r, "mouse"),
            name: t.text(r, "name"),
            layout: t.text(r, "layout"),
            alarm: t.text(r, "alarm"),
            keys: Vec::new(),
        };
        if let Some(mut keys) = t.table(r, "keys", "[keys]") {
            for (action, value) in keys.named() {
                if let Some(list) = r.texts(action.get_ref(), value) {
                    raw.keys.push((action, list));
                }
            }
        }
        t.close(r, &[]);
        raw
    }
}

fn resolve(raw: Raw, r: &mut Reader<'_>) -> Config {
    let mut config = Config {
        theme: named(raw.theme, r),
        ascii: raw.ascii.is_some_and(Spanned::into_inner),
        mouse: raw.mouse.is_some_and(Spanned::into_inner),
        name: named(raw.name, r),
        keys: Vec::new(),
        layout: one_of("layout", raw.layout, LAYOUTS, r),
        alarm: one_of("alarm", raw.alarm, ALARMS, r),
    };
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (action, keys) in raw.keys {
        let mut own = Vec::new();
        for key in keys {
            if !taken.insert(key.get_ref().clone()) {
                let message = format!("the key \"{}\" stands here twice", key.get_ref());
                r.report(codes::DUPLICATE, key.span(), message, "give each key one action");
            } else if key.get_ref().is_empty() {
                r.report(codes::BAD_VALUE, key.span(), "this key has no name", "write for example \"k\" or \"ctrl-k\"");
            } else {
                own.push(key.into_inner());
            }
        }
        config.keys.push(Binding { span: action.span(), action: action.into_inner(), keys: own });
    }
    config
}

/// One of three words.
fn one_of(what: &str, text: Option<Spanned<String>>, words: [&str; 3], r: &mut Reader<'_>) -> Option<String> {
    let text = text?;
    if words.contains(&text.get_ref().as_str()) {
        return Some(text.into_inner());
    }
    r.unknown(text.span(), what, text.get_ref(), words);
    None
}

/// A name that is not empty.
fn named(text: Option<Spanned<String>>, r: &mut Reader<'_>) -> Option<String> {
    let text = text?;
    if text.get_ref().trim().is_empty() {
        r.report(codes::BAD_VALUE, text.span(), "this is empty", "write a name, or leave the line out");
        return None;
    }
    Some(text.into_inner())
}
