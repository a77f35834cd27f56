//! The same item twice: done twice, or ticked because the other was done.

use std::collections::HashMap;

use super::pattern::pattern;
use super::sheet::{Sheet, speaks_of_rollback};
use super::sink::Sink;
use crate::finding::codes::REPEATED;
use crate::runbook::{Step, StepKind};

pattern! {
    /// Something that is so once it is done: `API keys rotated`.
    DONE = r"\b(?:rotated|provisioned|configured|installed|secured|created|updated|documented|prepared|reviewed|approved|published|announced|trained|scheduled|signed|granted|imported|migrated|renewed|enabled|deployed|notified|set up)\b";
    /// Headings of the same thing in different places.
    ELSEWHERE = r"\b(?:staging|production|prod|dev|test|uat|preprod|canary|blue|green|primary|secondary|standby|region|cluster|node|shard|replica|eu|us|asia|zone|site|server|backend|frontend|api|web|mobile|ios|android|linux|windows|macos)\b";
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    let mut seen: HashMap<String, &Step> = HashMap::new();
    // What longer items begin with, up to an `and`.
    let mut begun: HashMap<String, &Step> = HashMap::new();
    let mut last: Option<&Step> = None;
    for step in &sheet.book.steps {
        let before = last.replace(step);
        if !matches!(step.kind, StepKind::Task | StepKind::Numbered | StepKind::Bullet) {
            continue;
        }
        let key = key(step.text.raw());
        // One right after the other, in the same list.
        let twin = before.filter(|b| {
            b.kind == step.kind
                && b.parent == step.parent
                && b.heading_path == step.heading_path
                && b.text.raw().trim() == step.text.raw().trim()
                && key.contains(' ')
        });
        if let Some(twin) = twin {
            report(sheet, twin, step, "", out);
            continue;
        }
        // One word, or `run the tests`, is a habit.
        if key.split(' ').count() < 3 {
            continue;
        }
        let same = |other: &&Step| {
            other.heading_path == step.heading_path && other.parent == step.parent && step.kind == StepKind::Task
        };
        match seen.get(&key) {
            Some(first) if same(first) => report(sheet, first, step, "", out),
            Some(first) if done(step) && done(first) && !apart(first, step) => report(sheet, first, step, "", out),
            Some(_) => {}
            None => {
                // `API keys rotated and secured`, then `API keys rotated`.
                let longer = begun.get(&key).filter(|first| done(step) && done(first) && !apart(first, step));
                if let Some(first) = longer {
                    report(sheet, first, step, " (there with more words)", out);
                }
                for (at, _) in key.match_indices(" and ") {
                    begun.entry(key.get(..at).unwrap_or_default().to_owned()).or_insert(step);
                }
                seen.insert(key, step);
            }
        }
    }
}

fn report(sheet: &Sheet<'_>, first: &Step, step: &Step, how: &str, out: &mut Sink) {
    out.words(
        sheet,
        REPEATED,
        step.line,
        step.text.raw(),
        &format!("this item stands at line {} already{how}", first.line),
        "keep one of them, or say what is different the second time",
    );
}

fn done(step: &Step) -> bool {
    step.kind == StepKind::Task && DONE.is_in(step.text.raw())
}

/// Whether the two are about different places or roles, by the headings they do not share.
fn apart(a: &Step, b: &Step) -> bool {
    let names = |s: &Step, other: &Step| {
        let own = s.heading_path.iter().filter(|h| !other.heading_path.contains(h));
        own.map(crate::text::Untrusted::raw).any(|h| ELSEWHERE.is_in(h) || speaks_of_rollback(h))
    };
    names(a, b) || names(b, a)
}

fn key(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !matches!(*w, "" | "the" | "a" | "an" | "all"));
    words.collect::<Vec<_>>().join(" ")
}
