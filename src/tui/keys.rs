//! Keys as data: which key means which action in which mode, read from a file, with the user's own on top.

use std::collections::BTreeMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::Deserialize;

const BUILT_IN: &str = include_str!("keys.toml");

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// By its name in files.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|a| a.name() == name)
            }
        }
    };
}

words! {
    /// What a key does.
    Action {
        /// See `keys.toml`.
        Tick = "tick",
        /// See `keys.toml`.
        Open = "open",
        /// See `keys.toml`.
        Back = "back",
        /// See `keys.toml`.
        Down = "down",
        /// See `keys.toml`.
        Up = "up",
        /// See `keys.toml`.
        Fold = "fold",
        /// See `keys.toml`.
        Unfold = "unfold",
        /// See `keys.toml`.
        FoldAll = "fold-all",
        /// See `keys.toml`.
        UnfoldAll = "unfold-all",
        /// See `keys.toml`.
        First = "first",
        /// See `keys.toml`.
        Last = "last",
        /// See `keys.toml`.
        PageUp = "page-up",
        /// See `keys.toml`.
        PageDown = "page-down",
        /// See `keys.toml`.
        NextStep = "next-step",
        /// See `keys.toml`.
        NextPane = "next-pane",
        /// See `keys.toml`.
        PreviousPane = "previous-pane",
        /// See `keys.toml`.
        Alerts = "alerts",
        /// See `keys.toml`.
        Board = "board",
        /// See `keys.toml`.
        Gate = "gate",
        /// See `keys.toml`.
        Run = "run",
        /// See `keys.toml`.
        Rollback = "rollback",
        /// See `keys.toml`.
        Breakers = "breakers",
        /// See `keys.toml`.
        Params = "params",
        /// See `keys.toml`.
        Pane1 = "pane-1",
        /// See `keys.toml`.
        Pane2 = "pane-2",
        /// See `keys.toml`.
        Pane3 = "pane-3",
        /// See `keys.toml`.
        Pane4 = "pane-4",
        /// See `keys.toml`.
        Pane5 = "pane-5",
        /// See `keys.toml`.
        Pane6 = "pane-6",
        /// See `keys.toml`.
        Pane7 = "pane-7",
        /// See `keys.toml`.
        Pane8 = "pane-8",
        /// See `keys.toml`.
        Pane9 = "pane-9",
        /// See `keys.toml`.
        Zoom = "zoom",
        /// See `keys.toml`.
        Layout = "layout",
        /// See `keys.toml`.
        Freeze = "freeze",
        /// See `keys.toml`.
        Shorter = "shorter",
        /// See `keys.toml`.
        Longer = "longer",
        /// See `keys.toml`.
        Find = "find",
        /// See `keys.toml`.
        Filter = "filter",
        /// See `keys.toml`.
        Note = "note",
        /// See `keys.toml`.
        RoomNote = "room-note",
        /// See `keys.toml`.
        Start = "start",
        /// See `keys.toml`.
        Fail = "fail",
        /// See `keys.toml`.
        LeaveOut = "leave-out",
        /// See `keys.toml`.
        Owner = "owner",
        /// See `keys.toml`.
        Undo = "undo",
        /// See `keys.toml`.
        Reopen = "reopen",
        /// See `keys.toml`.
        Add = "add",
        /// See `keys.toml`.
        Clock = "clock",
        /// See `keys.toml`.
        Copy = "copy",
        /// See `keys.toml`.
        Theme = "theme",
        /// See `keys.toml`.
        Palette = "palette",
        /// See `keys.toml`.
        Help = "help",
        /// See `keys.toml`.
        Redraw = "redraw",
        /// See `keys.toml`.
        Suspend = "suspend",
        /// See `keys.toml`.
        Quit = "quit",
        /// See `keys.toml`.
        FindNext = "find-next",
        /// See `keys.toml`.
        FindPrevious = "find-previous",
        /// See `keys.toml`.
        HairLeft = "hair-left",
        /// See `keys.toml`.
        HairRight = "hair-right",
        /// See `keys.toml`.
        CheckIn = "check-in",
        /// See `keys.toml`.
        Accept = "accept",
        /// See `keys.toml`.
        Cancel = "cancel",
    }
}

words! {
    /// In which situation a key means something.
    KeyMode {
        /// Moving and acting.
        Normal = "normal",
        /// A find is on; falls back to normal.
        Found = "found",
        /// A chart has the keys; falls back to normal.
        Charts = "charts",
        /// Typing what to find.
        Find = "find",
        /// Typing one line.
        Prompt = "prompt",
        /// A question.
        Confirm = "confirm",
        /// The help.
        Help = "help",
        /// The palette.
        Palette = "palette",
    }
}

/// One key with what is held down: `j`, `G`, `c-l`, `space`, `s-tab`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct Press {
    code: KeyCode,
    ctrl: bool,
    alt: bool,
}

impl Press {
    /// Shift is part of the character.
    pub fn of(key: &KeyEvent) -> Self {
        let shift_tab = key.code == KeyCode::Tab && key.modifiers.contains(KeyModifiers::SHIFT);
        Self {
            code: if shift_tab { KeyCode::BackTab } else { key.code },
            ctrl: key.modifiers.contains(KeyModifiers::CONTROL),
            alt: key.modifiers.contains(KeyModifiers::ALT),
        }
    }

    /// As written in a file.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut rest, mut ctrl, mut alt) = (text, false, false);
        while rest.chars().count() > 2 {
            if let Some(tail) = rest.strip_prefix("c-") {
                (rest, ctrl) = (tail, true);
            } else if let Some(tail) = rest.strip_prefix("a-") {
                (rest, alt) = (tail, true);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => KeyCode::Char(c),
            _ => NAMED.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code).or_else(|| {
                rest.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n)).map(KeyCode::F)
            })?,
        };
        Some(Self { code, ctrl, alt })
    }
}

const NAMED: [(&str, KeyCode); 15] = [
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("s-tab", KeyCode::BackTab),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("del", KeyCode::Delete),
    ("backspace", KeyCode::Backspace),
];

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "f{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// A line of the keymap.
#[derive(Clone, Debug)]
pub struct Line {
    /// In which mode.
    pub mode: KeyMode,
    /// What it does.
    pub action: Action,
    /// Which keys do it.
    pub keys: Vec<Press>,
    /// The short word of the footer; empty for none.
    pub hint: String,
    /// The line of the help.
    pub say: String,
}

/// A user's own keys for one action.
#[derive(Clone, Debug)]
pub struct Binding {
    /// `normal.tick`, or `tick` for every mode that has it.
    pub action: String,
    /// The keys that do it from now on; none takes its keys away.
    pub keys: Vec<String>,
    /// Where it stands, for messages: `config.toml:12`.
    pub place: String,
}

/// Which key means which action in which mode.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct File {
    key: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    mode: String,
    r#do: String,
    keys: Vec<String>,
    #[serde(default)]
    hint: String,
    say: String,
}

impl Keymap {
    /// The built-in keys with the user's on top; every mistake as a sentence with its place.
    pub fn load(user: &[Binding]) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut lines = Vec::new();
        match toml::from_str::<File>(BUILT_IN) {
            Ok(file) => {
                for raw in file.key {
                    let (mode, action) = (KeyMode::from_name(&raw.mode), Action::from_name(&raw.r#do));
                    let keys: Option<Vec<Press>> = raw.keys.iter().map(|k| Press::parse(k)).collect();
                    match (mode, action, keys) {
                        (Some(mode), Some(action), Some(keys)) => {
                            lines.push((
                                Line { mode, action, keys, hint: raw.hint, say: raw.say },
                                "built in".to_owned(),
                            ));
                        }
                        _ => errors.push(format!("built-in keys: {}.{} is not understood", raw.mode, raw.r#do)),
                    }
                }
            }
            Err(e) => errors.push(format!("built-in keys: {e}")),
        }
        for binding in user {
            let (mode, action) = match binding.action.split_once('.') {
                Some((mode, action)) => (KeyMode::from_name(mode).map(Some), action),
                None => (Some(None), binding.action.as_str()),
            };
            let (Some(mode), Some(action)) = (mode, Action::from_name(action)) else {
                errors.push(format!("{}: there is no action \"{}\"{}", binding.place, binding.action, near(action)));
                continue;
            };
            let mut keys = Vec::new();
            for key in &binding.keys {
                match Press::parse(key) {
                    Some(press) => keys.push(press),
                    None => errors.push(format!(
                        "{}: \"{key}\" is no key; write one character, or space, enter, esc, tab, s-tab, up, down, left, right, home, end, pgup, pgdn, del, backspace, f1 to f12, with c- for Ctrl or a- for Alt before it",
                        binding.place
                    )),
                }
            }
            let mut found = false;
            for (line, place) in &mut lines {
                if line.action == action && mode.is_none_or(|m| m == line.mode) {
                    line.keys.clone_from(&keys);
                    place.clone_from(&binding.place);
                    found = true;
                }
            }
            if !found {
                errors.push(format!("{}: \"{}\" means nothing in that mode", binding.place, binding.action));
            }
        }
        let mut taken: Vec<(KeyMode, Press, Action, &str)> = Vec::new();
        for (line, place) in &lines {
            for press in &line.keys {
                if let Some((_, _, other, at)) = taken.iter().find(|(m, p, ..)| *m == line.mode && p == press) {
                    let place = if place == "built in" { at } else { place.as_str() };
                    errors.push(format!(
                        "{place}: the key \"{press}\" would mean both \"{}\" and \"{}\" in {} mode; give one of them another key",
                        other.name(),
                        line.action.name(),
                        line.mode.name()
                    ));
                } else {
                    taken.push((line.mode, *press, line.action, place));
                }
            }
        }
        if errors.is_empty() { Ok(Self { lines: lines.into_iter().map(|(l, _)| l).collect() }) } else { Err(errors) }
    }

    /// Reads the table `[keys]` of a user's file: `tick = "t"`, `undo = ["u", "c-u"]`, `[keys.help] cancel = "x"`.
    pub fn bindings(path: &str, text: &str) -> Result<Vec<Binding>, String> {
        #[derive(Deserialize)]
        struct Config {
            #[serde(default)]
            keys: BTreeMap<String, toml::Spanned<Entry>>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Entry {
            Keys(Keys),
            Mode(BTreeMap<String, Keys>),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Keys {
            One(String),
            Many(Vec<String>),
        }
        let list = |keys: Keys| match keys {
            Keys::One(key) => vec![key],
            Keys::Many(keys) => keys,
        };
        let config: Config = toml::from_str(text).map_err(|e| format!("{path}: {}", e.message()))?;
        let mut out = Vec::new();
        for (name, entry) in config.keys {
            let line = text.get(..entry.span().start).map_or(1, |before| before.matches('\n').count() + 1);
            let place = format!("{path}:{line}");
            match entry.into_inner() {
                Entry::Keys(keys) => out.push(Binding { action: name, keys: list(keys), place }),
                Entry::Mode(entries) => out.extend(entries.into_iter().map(|(action, keys)| Binding {
                    action: format!("{name}.{action}"),
                    keys: list(keys),
                    place: place.clone(),
                })),
            }
        }
        Ok(out)
    }

    /// What a key means in a mode.
    pub fn action(&self, mode: KeyMode, key: &KeyEvent) -> Option<Action> {
        let press = Press::of(key);
        self.lines.iter().find(|l| l.mode == mode && l.keys.contains(&press)).map(|l| l.action)
    }

    /// Every line, in the file's order; the help is printed from these.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The first key of an action in a mode, for hints; empty where it has none.
    pub fn key_of(&self, mode: KeyMode, action: Action) -> String {
        let line = self.lines.iter().find(|l| l.mode == mode && l.action == action);
        line.and_then(|l| l.keys.first()).map(ToString::to_string).unwrap_or_default()
    }
}

fn near(name: &str) -> String {
    let name = name.rsplit('.').next().unwrap_or(name);
    Action::ALL
        .iter()
        .map(|a| (strsim::damerau_levenshtein(a.name(), name), a.name()))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, near)| format!("; did you mean \"{near}\"?"))
        .unwrap_or_default()
}
