//! A person's preferences and themes, read from the configuration folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config;
use crate::finding::{self, Level};
use crate::tui::{LayoutName, ThemeFile, keys::Binding};

/// Preferences, checked as far as the screen needs them.
#[derive(Debug, Default)]
pub struct Preferences {
    /// Name of a theme.
    pub theme: Option<String>,
    /// ASCII alone.
    pub ascii: bool,
    /// The mouse does something.
    pub mouse: bool,
    /// The name to act under.
    pub name: Option<String>,
    /// The layout to start with.
    pub layout: Option<LayoutName>,
    /// How an alert that wakes somebody is heard here.
    pub alarm: Heard,
    /// Keys of actions.
    pub keys: Vec<Binding>,
    /// Files of the themes folder.
    pub themes: Vec<ThemeFile>,
}

/// How an alert is heard at a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heard {
    /// The terminal's bell.
    #[default]
    Bell,
    /// The bell, and a notification of the desktop.
    Desktop,
    /// Not at all.
    Off,
}

/// Reads `$XDG_CONFIG_HOME/warroom/config.toml` and `themes/*.toml` beside it; missing ones are the defaults. A mistake is
/// an error that shows where it stands.
pub fn read() -> anyhow::Result<Preferences> {
    let Some(folder) = folder() else { return Ok(Preferences::default()) };
    let path = folder.join("config.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(e).with_context(|| path.display().to_string()),
    };
    let shown = path.display().to_string();
    let (config, findings) = config::parse(&shown, &text);
    if findings.iter().any(|f| f.level == Level::Error) {
        let all: Vec<String> = findings.iter().map(|f| finding::render(f, &text, finding::Paint::Plain)).collect();
        bail!("your preferences cannot be used\n{}", all.join("\n"));
    }
    let layout = match config.layout.as_deref() {
        None => None,
        Some(name) => Some(LayoutName::from_name(name).with_context(|| {
            format!("{shown}: there is no layout \"{name}\"; write commander, oncall or checklist")
        })?),
    };
    let place = |start: usize| {
        let line = text.get(..start).map_or(1, |before| before.matches('\n').count() + 1);
        format!("{shown}:{line}")
    };
    let keys = config
        .keys
        .into_iter()
        .map(|b| Binding { place: place(b.span.start), action: b.action, keys: b.keys })
        .collect();
    Ok(Preferences {
        theme: config.theme,
        ascii: config.ascii,
        mouse: config.mouse,
        name: config.name,
        layout,
        alarm: match config.alarm.as_deref() {
            Some("desktop") => Heard::Desktop,
            Some("off") => Heard::Off,
            _ => Heard::Bell,
        },
        keys,
        themes: themes(&folder.join("themes"))?,
    })
}

/// `$WARROOM_CONFIG_DIR`, else the folder `warroom` in `$XDG_CONFIG_HOME`.
fn folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    if let Some(folder) = std::env::var_os("WARROOM_CONFIG_DIR").filter(|f| !f.is_empty()) {
        return Some(PathBuf::from(folder));
    }
    etcetera::choose_base_strategy().ok().map(|base| base.config_dir().join("warroom"))
}

/// Theme files in order of their names; none where there is no such folder.
pub fn themes(folder: &Path) -> anyhow::Result<Vec<ThemeFile>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            Ok(ThemeFile { path: path.display().to_string(), text })
        })
        .collect()
}
