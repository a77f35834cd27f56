//! Feature flags and what is done to them: in request bodies, in calls, in commands and in prose.

use std::collections::HashMap;

use super::lines::{Place, Said};
use crate::runbook::tokens::{Kind, tokens};
use crate::runbook::{Change, Flag};

/// Flags by the line that first names them.
pub(in crate::runbook) fn flags(lines: &[Said<'_>]) -> Vec<Flag> {
    let mut out: Vec<Flag> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for said in lines {
        for (name, change) in in_line(&said.text, said.line, said.place) {
            let at = *known.entry(name.clone()).or_insert_with(|| {
                out.push(Flag { name: name.into(), line: said.line, changes: vec![] });
                out.len() - 1
            });
            if let Some((flag, change)) = out.get_mut(at).zip(change) {
                let said = flag.changes.last().is_some_and(|c| c.line == change.line && c.enabled == change.enabled);
                if !said {
                    flag.changes.push(change);
                }
            }
        }
    }
    out
}

type Hit = (String, Option<Change>);

fn in_line(text: &str, line: u32, place: Place) -> Vec<Hit> {
    if !["lag", "LAG", "oggle", "OGGLE"].iter().any(|w| text.contains(w)) {
        return env_flags(text, line, place);
    }
    let lower = text.to_lowercase();
    if !lower.contains("flag") && !lower.contains("toggle") {
        return env_flags(text, line, place);
    }
    let mut out = Vec::new();
    // {"flag": "name", "enabled": true, "percentage": 5}
    for key in ["\"flag\"", "\"flag_key\"", "\"flagkey\"", "\"feature_flag\"", "\"toggle\""] {
        if let Some(at) = lower.find(key)
            && let Some(name) = text.get(at + key.len()..).and_then(quoted)
        {
            out.push((name, change(&lower, line)));
        }
    }
    // feature_flag('name'), isEnabled("name")
    for call in ["feature_flag(", "featureflag(", "flag_enabled(", "is_flag_enabled("] {
        if let Some(at) = lower.find(call)
            && let Some(name) = text.get(at + call.len()..).and_then(leading_quoted)
        {
            out.push((name, None));
        }
    }
    if !out.is_empty() {
        return out;
    }
    // `feature flag: name=true`, `feature_flag:name=true`, `flags:enable name`, `flag `name``
    let words: Vec<&str> = text.split_whitespace().collect();
    for (i, word) in words.iter().enumerate() {
        let lower = word.to_lowercase();
        let lower = lower.trim_matches(|c: char| !c.is_alphanumeric());
        let after = |n: usize| words.get(i + n).copied().unwrap_or("");
        if let Some(at) = lower.find("feature_flag:").or_else(|| lower.find("feature-flag:")) {
            let rest = word.trim_start_matches(|c: char| !c.is_alphanumeric()).get(at + 13..).unwrap_or("");
            out.extend(assignment(rest, line));
        } else if matches!(lower, "flag" | "flags" | "toggle") && !lower.is_empty() {
            let next = after(1);
            if let Some(hit) = assignment(next, line) {
                out.push(hit);
            } else if let Some(name) = name_of(next).filter(|n| is_name(n)) {
                out.push((name, spoken(text, line)));
            }
        } else if lower.ends_with("flags:enable") || lower.ends_with("flags:disable") || lower.ends_with("flag:enable")
        {
            if let Some(name) = name_of(after(1)) {
                out.push((name, Some(Change { enabled: Some(!lower.ends_with("disable")), percent: None, line })));
            }
        } else if matches!(lower, "enable" | "disable" | "set" | "on" | "off")
            && i > 0
            && words.get(i - 1).is_some_and(|w| w.to_lowercase().contains("flag"))
            && place == Place::Code
            && let Some(name) = name_of(after(1)).filter(|n| is_name(n))
        {
            let enabled = match lower {
                "enable" | "on" => Some(true),
                "disable" | "off" => Some(false),
                _ => None,
            };
            out.push((name, Some(Change { enabled, percent: None, line })));
        }
    }
    // `Enable the `new_checkout` flag`
    if out.is_empty()
        && let Some(at) = words.iter().position(|w| {
            let w = w.to_lowercase();
            matches!(w.trim_matches(|c: char| !c.is_alphanumeric()), "flag" | "toggle")
        })
        && let Some(before) = at.checked_sub(1).and_then(|b| words.get(b))
    {
        let before = if before.eq_ignore_ascii_case("feature") {
            at.checked_sub(2).and_then(|b| words.get(b)).unwrap_or(before)
        } else {
            before
        };
        if let Some(name) = name_of(before).filter(|n| is_name(n)) {
            out.push((name, spoken(text, line)));
        }
    }
    out
}

/// `FEATURE_NEW_CHECKOUT=true`, `ENABLE_X=false` in commands.
fn env_flags(text: &str, line: u32, place: Place) -> Vec<Hit> {
    if place != Place::Code {
        return vec![];
    }
    text.split_whitespace()
        .filter(|w| ["FEATURE_", "FF_", "ENABLE_"].iter().any(|p| w.trim_start_matches(['"', '\'']).starts_with(p)))
        .filter_map(|w| assignment(w, line))
        .collect()
}

/// `name=true`.
fn assignment(word: &str, line: u32) -> Option<Hit> {
    let word = word.trim_matches(['(', ')', ',', '`', '"', '\'', ';', '.']);
    let (name, value) = word.split_once('=')?;
    let name = name_of(name)?;
    let enabled = match value.to_lowercase().as_str() {
        "true" | "on" | "1" | "enabled" | "yes" => Some(true),
        "false" | "off" | "0" | "disabled" | "no" => Some(false),
        _ => None,
    };
    let percent = value.strip_suffix('%').and_then(|p| p.parse().ok());
    (enabled.is_some() || percent.is_some()).then_some((name, Some(Change { enabled, percent, line })))
}

fn name_of(word: &str) -> Option<String> {
    let word = word.rsplit_once("flag:").map_or(word, |(_, name)| name);
    let word = word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
    let fine = (2..=64).contains(&word.chars().count())
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
        && word.starts_with(|c: char| c.is_alphabetic());
    fine.then(|| word.to_owned())
}

/// A word that is a name rather than English: it has an underscore, a dot, a digit or a capital in its middle.
fn is_name(word: &str) -> bool {
    word.contains(['_', '.'])
        || word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase)
        || word.contains('-') && word.contains(|c: char| c.is_ascii_digit())
}

fn quoted(rest: &str) -> Option<String> {
    leading_quoted(rest.trim_start().strip_prefix(':')?.trim_start())
}

fn leading_quoted(rest: &str) -> Option<String> {
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = rest.get(1..)?;
    name_of(inner.get(..inner.find(quote)?)?)
}

/// What a body says of it.
fn change(lower: &str, line: u32) -> Option<Change> {
    let value = |keys: &[&str]| {
        keys.iter().find_map(|k| {
            let rest = lower.get(lower.find(k)? + k.len()..)?.trim_start().strip_prefix(':')?;
            Some(rest.trim_start().split([',', '}', ' ']).next()?.to_owned())
        })
    };
    let enabled = value(&["\"enabled\"", "\"value\"", "\"state\"", "\"on\""]).and_then(|v| match v.trim_matches('"') {
        "true" | "on" => Some(true),
        "false" | "off" => Some(false),
        _ => None,
    });
    let percent = value(&["\"percentage\"", "\"percent\"", "\"rollout\""]).and_then(|v| v.parse().ok());
    (enabled.is_some() || percent.is_some()).then_some(Change { enabled, percent, line })
}

/// What a sentence says of it.
fn spoken(text: &str, line: u32) -> Option<Change> {
    let t = tokens(text);
    let enabled = t.iter().find_map(|w| {
        if w.is_any(&["enable", "enabled", "on", "activate"]) {
            Some(true)
        } else if w.is_any(&["disable", "disabled", "off", "deactivate"]) {
            Some(false)
        } else {
            None
        }
    });
    let percent =
        t.windows(2).find_map(|w| w.first()?.number().filter(|_| w.get(1).is_some_and(|s| s.kind == Kind::Sign('%'))));
    (enabled.is_some() || percent.is_some()).then_some(Change { enabled, percent, line })
}
