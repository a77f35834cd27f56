//! The palette's actions, found by their words.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::tui::keys::{Action, KeyMode, Keymap};
use crate::tui::layout::LayoutName;
use crate::tui::view::Filter;

/// What a line of the palette does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// An action of the normal mode.
    Action(Action),
    /// Another layout.
    Layout(LayoutName),
    /// Another filter.
    Filter(Filter),
}

/// A line of the palette.
#[derive(Clone, Debug)]
pub struct Match {
    /// Its name.
    pub name: String,
    /// What it says.
    pub say: String,
    /// The key that does the same.
    pub key: String,
    /// What it does.
    pub command: Command,
}

/// Lines that match, best first; all of them for no words. `q` and `quit` leave, as everywhere.
pub fn matches(keymap: &Keymap, words: &str) -> Vec<Match> {
    let mut all: Vec<Match> = keymap
        .lines()
        .iter()
        .filter(|l| l.mode == KeyMode::Normal && l.action != Action::Palette && !l.action.name().starts_with("pane-"))
        .map(|l| Match {
            name: l.action.name().to_owned(),
            say: l.say.clone(),
            key: keymap.key_of(KeyMode::Normal, l.action),
            command: Command::Action(l.action),
        })
        .collect();
    for name in [LayoutName::Commander, LayoutName::Oncall, LayoutName::Checklist] {
        let say = format!("Layout {}", name.name());
        all.push(Match {
            name: format!("layout {}", name.name()),
            say,
            key: String::new(),
            command: Command::Layout(name),
        });
    }
    for filter in [Filter::All, Filter::Mine, Filter::Ready, Filter::Late, Filter::Failed] {
        let say = format!("Show {} steps", filter.word());
        all.push(Match {
            name: format!("filter {}", filter.word()),
            say,
            key: String::new(),
            command: Command::Filter(filter),
        });
    }
    let words = words.trim();
    if words.is_empty() {
        return all;
    }
    if matches!(words, "q" | "q!" | "quit" | "exit") {
        all.retain(|m| m.command == Command::Action(Action::Quit));
        return all;
    }
    let pattern = Pattern::parse(words, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut letters = Vec::new();
    let mut scored: Vec<(u32, Match)> = all
        .into_iter()
        .filter_map(|m| {
            // A hit in the name counts more than one in the sentence.
            let name = pattern.score(Utf32Str::new(&m.name, &mut letters), &mut matcher).map(|s| s * 2);
            let say = pattern.score(Utf32Str::new(&m.say, &mut letters), &mut matcher);
            Some((name.max(say)?, m))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, m)| m).collect()
}
