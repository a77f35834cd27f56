//! Which steps of an edited runbook are those of before, where their identity changed with their text.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::Book;
use crate::fact::StepId;
use crate::runbook::Step;
use crate::text::Untrusted;

/// Words shorter than this are never taken for a misspelling of one another.
const LONG: usize = 6;
/// From so many letters on two may be wrong, below only one.
const VERY_LONG: usize = 9;
/// Neighbours looked at on each side, so that a rewritten file of thousands of steps stays cheap.
const AROUND: usize = 40;

/// Pairs of identities, from and to, for steps of `old` that stand in `new` under another one. Steps that keep their identity
/// are anchors, and a rename is looked for between the same anchors: first equal text under the same heading, then equal text
/// that stands there only once on each side (a heading was renamed), then a text in which only a spelling was corrected. Anything
/// else may mean something else: a tick must never go to another action, so it is a new step, and the old one stays with what
/// was done.
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
    let mut matched = Matched::default();
    let mut places: HashMap<_, VecDeque<usize>> = HashMap::new();
    for (to, step) in is.iter().enumerate() {
        places.entry(under(step)).or_default().push_back(to);
    }
    for (from, step) in was.iter().enumerate() {
        if let Some(to) = places.get_mut(&under(step)).and_then(VecDeque::pop_front) {
            matched.pair(from, to);
        }
    }
    let (left, right) = (once(was, &matched.from), once(is, &matched.to));
    for (text, from) in left {
        if let (Some(from), Some(Some(to))) = (from, right.get(text)) {
            matched.pair(from, *to);
        }
    }
    let words: Vec<Vec<&str>> = is.iter().map(|step| words(step)).collect();
    for (from, step) in was.iter().enumerate() {
        if matched.from.contains(&from) {
            continue;
        }
        let near = from.saturating_sub(AROUND)..(from + AROUND + 1).min(is.len());
        let own = self::words(step);
        let mut alike =
            near.filter(|to| !matched.to.contains(to) && words.get(*to).is_some_and(|other| corrected(&own, other)));
        // Of two that would do neither is sure.
        if let (Some(to), None) = (alike.next(), alike.next()) {
            matched.pair(from, to);
        }
    }
    let id = |steps: &[&Step], at: usize| steps.get(at).map(|s| s.id.clone());
    pairs.extend(matched.pairs.iter().filter_map(|(from, to)| Some((id(was, *from)?, id(is, *to)?))));
}

/// Which steps of a gap have found each other.
#[derive(Default)]
struct Matched {
    from: HashSet<usize>,
    to: HashSet<usize>,
    pairs: Vec<(usize, usize)>,
}

impl Matched {
    fn pair(&mut self, from: usize, to: usize) {
        self.from.insert(from);
        self.to.insert(to);
        self.pairs.push((from, to));
    }
}

fn under(step: &Step) -> (Option<&Untrusted>, &str) {
    (step.heading_path.last(), step.text.raw())
}

/// Where each text stands, if it stands there once; those already matched apart.
fn once<'a>(steps: &[&'a Step], matched: &HashSet<usize>) -> BTreeMap<&'a str, Option<usize>> {
    let mut places: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate().filter(|(at, _)| !matched.contains(at)) {
        places.entry(step.text.raw()).and_modify(|one| *one = None).or_insert(Some(at));
    }
    places
}

fn words(step: &Step) -> Vec<&str> {
    step.text.raw().split_whitespace().collect()
}

/// Whether the texts differ in the spelling of one word alone.
fn corrected(a: &[&str], b: &[&str]) -> bool {
    let mut differ = a.iter().zip(b).filter(|(a, b)| !a.eq_ignore_ascii_case(b));
    let (Some((one, other)), None) = (differ.next(), differ.next()) else { return false };
    a.len() == b.len() && misspelt(one, other)
}

fn misspelt(a: &str, b: &str) -> bool {
    let (a, b) = (
        a.trim_end_matches([',', '.', ':', ';']).to_lowercase(),
        b.trim_end_matches([',', '.', ':', ';']).to_lowercase(),
    );
    // What holds anything but letters is a name, a number, a place: another one is something else.
    let letters = |w: &str| w.chars().all(char::is_alphabetic).then(|| w.chars().count()).filter(|n| *n <= 64);
    let (Some(m), Some(n)) = (letters(&a), letters(&b)) else { return false };
    let shorter = m.min(n);
    let allowed = if shorter >= VERY_LONG { 2 } else { 1 };
    shorter >= LONG && a.chars().next() == b.chars().next() && strsim::damerau_levenshtein(&a, &b) <= allowed
}
