//! Which steps of an edited runbook are those of before, where their identity changed with their text.

use std::collections::{HashMap, HashSet, VecDeque};

use super::Book;
use crate::fact::StepId;
use crate::runbook::Step;

/// Texts less alike than this are two steps (normalised Damerau–Levenshtein, 1 is equal).
const ALIKE: f64 = 0.75;
/// Characters of a text that are compared: the distance is quadratic.
const COMPARED: usize = 200;
/// Neighbours looked at on each side, so that a rewritten file of thousands of steps stays cheap.
const AROUND: usize = 40;
/// Words that turn a sentence into another one: a tick must never go from one to the other.
const TURNING: [&str; 40] = [
    "not",
    "no",
    "never",
    "without",
    "don't",
    "skip",
    "enable",
    "disable",
    "start",
    "stop",
    "restart",
    "on",
    "off",
    "up",
    "down",
    "open",
    "close",
    "add",
    "remove",
    "create",
    "delete",
    "drop",
    "lock",
    "unlock",
    "freeze",
    "unfreeze",
    "scale",
    "blue",
    "green",
    "staging",
    "prod",
    "production",
    "primary",
    "secondary",
    "old",
    "new",
    "rollback",
    "before",
    "after",
    "first",
];

/// Pairs of identities, from and to, for steps of `old` that stand in `new` under another one. Steps that keep their identity
/// are anchors: a rename is looked for between the same anchors, first by equal text in order (a heading was renamed), then by
/// likeness. Numbers and words that turn the meaning must be the same: what is not surely the same step is a new one.
pub fn renames(old: &Book, new: &Book) -> Vec<(StepId, StepId)> {
    let mut pairs = Vec::new();
    for (at, before) in old.runbooks.iter().enumerate() {
        // The file of the same name; a single file that was renamed is still the runbook.
        let alone = (old.runbooks.len() == new.runbooks.len()).then(|| new.runbooks.get(at)).flatten();
        let Some(after) = new.runbooks.iter().find(|b| b.path == before.path).or(alone) else { continue };
        let (left, right) = (gaps(&before.steps, new), gaps(&after.steps, old));
        for (gap, was) in &left {
            let Some(is) = right.get(gap) else { continue };
            match_gap(was, is, &mut pairs);
        }
    }
    pairs.sort();
    pairs
}

/// Between which two anchors.
type Gap<'a> = (Option<&'a StepId>, Option<&'a StepId>);

/// The steps that `other` does not have, by the anchors around them, in order.
fn gaps<'a>(steps: &'a [Step], other: &Book) -> HashMap<Gap<'a>, Vec<&'a Step>> {
    let mut out: HashMap<Gap<'a>, Vec<&'a Step>> = HashMap::new();
    let mut open: Vec<&Step> = Vec::new();
    let mut last = None;
    for step in steps {
        if other.find(&step.id).is_none() {
            open.push(step);
        } else {
            if !open.is_empty() {
                out.insert((last, Some(&step.id)), std::mem::take(&mut open));
            }
            last = Some(&step.id);
        }
    }
    if !open.is_empty() {
        out.insert((last, None), open);
    }
    out
}

fn match_gap(was: &[&Step], is: &[&Step], pairs: &mut Vec<(StepId, StepId)>) {
    let mut by_text: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (at, step) in is.iter().enumerate() {
        by_text.entry(step.text.raw()).or_default().push_back(at);
    }
    let mut taken: HashSet<usize> = HashSet::new();
    let mut rest: Vec<(usize, &Step)> = Vec::new();
    for (at, step) in was.iter().enumerate() {
        match by_text.get_mut(step.text.raw()).and_then(VecDeque::pop_front) {
            Some(to) => {
                taken.insert(to);
                pairs.extend(is.get(to).map(|s| (step.id.clone(), s.id.clone())));
            }
            None => rest.push((at, step)),
        }
    }
    let mut likely: Vec<(f64, usize, usize)> = Vec::new();
    for (from, step) in &rest {
        let near = from.saturating_sub(AROUND)..(from + AROUND + 1).min(is.len());
        for to in near.filter(|to| !taken.contains(to)) {
            if let Some(other) = is.get(to)
                && let Some(alike) = alike(step.text.raw(), other.text.raw())
            {
                likely.push((alike, *from, to));
            }
        }
    }
    // The most alike first; of equals the nearest in place.
    likely.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.abs_diff(a.2).cmp(&b.1.abs_diff(b.2))).then(a.1.cmp(&b.1)));
    let mut gone: HashSet<usize> = HashSet::new();
    for (_, from, to) in likely {
        if !gone.contains(&from)
            && !taken.contains(&to)
            && let (Some(a), Some(b)) = (was.get(from), is.get(to))
        {
            gone.insert(from);
            taken.insert(to);
            pairs.push((a.id.clone(), b.id.clone()));
        }
    }
}

/// How alike two texts are; `None` when they are surely or possibly two different things to do.
fn alike(a: &str, b: &str) -> Option<f64> {
    let fold = |s: &str| s.chars().take(COMPARED).collect::<String>().to_lowercase();
    let (a, b) = (fold(a), fold(b));
    if telling(&a) != telling(&b) {
        return None;
    }
    let alike = strsim::normalized_damerau_levenshtein(&a, &b);
    (alike >= ALIKE).then_some(alike)
}

/// The words that decide what a text says: those with a digit, names written as code would be, and those that turn a meaning.
fn telling(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '"' | '`' | '*'))
        .map(|w| w.trim_end_matches(['.', ':', '!', '?']))
        .filter(|w| {
            w.contains(|c: char| c.is_ascii_digit() || matches!(c, '_' | '/' | '$' | '=' | '<' | '>'))
                || TURNING.contains(w)
        })
        .collect();
    words.sort_unstable();
    words
}
