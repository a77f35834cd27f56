//! Words that say what a paragraph, a list or a heading is for: labels, procedure headings, imperatives.

use super::markdown::{Block, Doc, Kind, RichLine, one_line};

mod verbs;

pub(super) use verbs::{imperative, surely_imperative};

/// A labelled remark in a paragraph: `**Expected**: 3 passed`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    /// Kebab-case, synonyms folded.
    pub kind: String,
    /// As written.
    pub name: String,
    pub line: u32,
    pub text: String,
}

/// The labels of a paragraph, each with the text up to the next one. `None` before the first label.
pub(super) fn labels(block: &Block) -> Vec<Label> {
    let mut out: Vec<Label> = Vec::new();
    let bold = |b: &Block| b.rich.iter().any(|l| l.spans.first().is_some_and(|s| s.bold));
    if !block.plain().contains([':', '：']) {
        if let Some(title) = bold_title(block) {
            return vec![title];
        }
        if !bold(block) {
            return out;
        }
    }
    for line in &block.rich {
        for part in parts(line) {
            match part {
                Part::Label(name) => {
                    let kind = kind(&name).map_or_else(|| kebab(&name), Into::into);
                    out.push(Label { kind, name, line: line.line, text: String::new() });
                }
                Part::Text(text) => {
                    if let Some(last) = out.last_mut() {
                        last.text.push(' ');
                        last.text.push_str(&text);
                    }
                }
            }
        }
    }
    for label in &mut out {
        let text = one_line([label.text.as_str()].into_iter());
        text.trim_matches(|c: char| c == '|' || c.is_whitespace()).clone_into(&mut label.text);
    }
    out
}

/// A short line that is all bold stands for a heading: `**Verification**`.
fn bold_title(block: &Block) -> Option<Label> {
    let [line] = &block.rich[..] else { return None };
    let words = line.spans.iter().filter(|s| !s.text.trim().is_empty());
    let (mut any, mut all) = (false, true);
    for span in words {
        any = true;
        all &= span.bold;
    }
    let name = block.plain();
    (any && all && name.chars().count() <= 60).then(|| Label {
        kind: kind(name).map_or_else(|| kebab(name), Into::into),
        name: name.to_owned(),
        line: line.line,
        text: String::new(),
    })
}

/// In a text without headings, or with a title alone, lines that are all bold are what its author meant as headings:
/// `**2. Cutover (20:00 – 21:30 UTC)**`.
pub(super) fn bold_headings(doc: &mut Doc) {
    let headings = doc.blocks.iter().filter(|b| matches!(b.kind, Kind::Heading(_)));
    let titled = match headings.count() {
        0 => false,
        1 => true,
        _ => return,
    };
    let mut any = false;
    for block in doc.blocks.iter_mut().filter(|b| b.item.is_none() && matches!(b.kind, Kind::Paragraph)) {
        let [line] = &block.rich[..] else { continue };
        let mut spans = line.spans.iter().filter(|s| !s.text.trim().is_empty()).peekable();
        let bold = spans.peek().is_some() && spans.all(|s| s.bold);
        let name = block.plain();
        if bold
            && name.chars().count() <= 80
            && !name.trim_end().ends_with([':', '：', '.', '!'])
            && kind(name).is_none()
        {
            block.kind = Kind::Heading(2);
            any = true;
        }
    }
    // Then the short line above all of them is the title.
    if any
        && !titled
        && let Some(first) = doc.blocks.first_mut().filter(|b| matches!(b.kind, Kind::Paragraph) && b.item.is_none())
        && first.rich.len() == 1
        && first.plain().chars().count() <= 80
        && !first.plain().trim_end().ends_with(['.', ':', '：'])
    {
        first.kind = Kind::Heading(1);
    }
}

enum Part {
    Label(String),
    Text(String),
}

/// A bold run with a colon after it, or in it at its end, begins a label; so does a known label word with a colon at the
/// start of a line.
fn parts(line: &RichLine) -> Vec<Part> {
    let mut out = Vec::new();
    let mut spans = line.spans.iter().enumerate().peekable();
    let mut eat = None;
    while let Some((i, span)) = spans.next() {
        let mut text = span.text.as_str();
        if let Some(rest) = eat.take() {
            text = text.get(rest..).unwrap_or_default();
        }
        let next = spans.peek().map(|(_, s)| s.text.as_str()).unwrap_or_default();
        if span.bold {
            let inside = text.trim_end().trim_end_matches([':', '：']);
            // `**GREEN = GO** 🟢: …`: only signs between the bold words and the colon.
            let gap =
                next.find([':', '：']).filter(|at| !next.get(..*at).unwrap_or("x").contains(char::is_alphanumeric));
            let short = inside.chars().count() <= 60;
            if short && inside.len() < text.trim_end().len() {
                out.push(Part::Label(inside.trim().to_owned()));
                continue;
            }
            // `**STOP** if any check fails`: a shout needs no colon.
            if i == 0 && inside.chars().all(|c| !c.is_lowercase()) && matches!(kind(inside), Some("stop" | "abort-if"))
            {
                out.push(Part::Label(inside.trim().to_owned()));
                continue;
            }
            if short && let Some(at) = gap {
                out.push(Part::Label(inside.trim().to_owned()));
                eat = Some(at + next.get(at..).and_then(|r| r.chars().next()).map_or(1, char::len_utf8));
                continue;
            }
        } else if i == 0
            && let Some((name, rest)) = plain_label(text)
        {
            out.push(Part::Label(name.to_owned()));
            out.push(Part::Text(rest.to_owned()));
            continue;
        }
        out.push(Part::Text(text.to_owned()));
    }
    out
}

/// A known label at the start of a plain line: `Expected: no output`, `Wait for: …`.
pub(super) fn plain_label(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '*'));
    let colon = line.find([':', '：']).filter(|c| *c <= 40)?;
    let name = line.get(..colon)?.trim();
    kind(name)?;
    let rest = line.get(colon..)?;
    Some((name, rest.trim_start_matches([':', '：']).trim()))
}

/// The kind of a known label.
pub(super) fn kind(name: &str) -> Option<&'static str> {
    let name: String = name.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/')).collect();
    let name = name.trim().to_lowercase();
    Some(match name.as_str() {
        "expected" | "expect" | "expected result" | "expected results" | "expected output" | "expected outcome"
        | "result" | "output" => "expected",
        "wait for" | "wait until" | "wait" => "wait-for",
        "target" | "target time" | "targets" => "target",
        "verify" | "verification" | "validate" | "validation" | "check" | "checks" | "confirm" | "verify that" => {
            "verify"
        }
        "monitor" | "monitoring" | "monitoring points" | "watch" | "observe" => "monitor",
        "action" | "actions" | "action required" | "do" | "immediate action" | "immediate actions" => "action",
        "stop" | "halt" | "stop if" | "hold" | "stop condition" => "stop",
        "abort" | "abort if" | "abort when" | "abort criteria" => "abort-if",
        "go" | "green go" | "green  go" | "go if" => "go",
        "no-go" | "nogo" | "no go" | "red no-go" | "red  no-go" | "no-go if" => "no-go",
        "go/no-go" | "go/no-go decision" | "go / no-go" | "go/nogo" | "go-no-go" | "go/no-go gate" | "decision"
        | "gate" | "go/no-go criteria" | "decision point" => "gate",
        "success criteria" | "exit criteria" | "acceptance criteria" | "pass criteria" | "criteria" | "success" => {
            "success-criteria"
        }
        "rollback" | "rollback if" | "roll back" | "rollback plan" | "rollback steps" | "rollback trigger"
        | "rollback triggers" | "rollback criteria" => "rollback",
        "owner" | "responsible" | "assignee" | "role" | "owners" | "assigned to" | "who" | "dri" => "owner",
        "estimate" | "estimated time" | "duration" | "est" | "eta" | "time estimate" | "estimated duration" => {
            "estimate"
        }
        "warning" | "caution" | "danger" | "important" | "attention" => "warning",
        "note" | "notes" | "tip" | "nb" | "n b" | "info" => "note",
        "prerequisite" | "prerequisites" | "precondition" | "preconditions" | "requires" => "precondition",
        _ => return None,
    })
}

/// `Monitoring Points` → `monitoring-points`.
fn kebab(name: &str) -> String {
    let words: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    if words.is_empty() { "note".into() } else { words.join("-") }
}

/// Whether bullets under this label are things to do.
pub(super) fn calls_for_action(name: &str) -> bool {
    let words = words(name);
    let text = words.join(" ");
    let last = words.last().map_or("", String::as_str);
    matches!(
        text.as_str(),
        "action"
            | "actions"
            | "immediate actions"
            | "immediate action"
            | "required actions"
            | "action items"
            | "verify"
            | "verification"
            | "validate"
            | "validation"
            | "checks"
            | "steps"
            | "procedure"
            | "mitigation"
            | "remediation"
            | "resolution"
            | "recovery"
            | "rollback"
            | "tasks"
            | "to do"
            | "todo"
            | "do"
            | "then"
            | "next steps"
            | "checklist"
            | "rollback plan"
            | "rollback path"
            | "rollback actions"
    ) || matches!(last, "steps" | "procedure" | "checklist" | "tasks")
}

/// The same for a heading, which may say more: `Traffic Rollback`, `Post-deploy Verification`.
pub(super) fn heading_calls_for_action(name: &str) -> bool {
    // `Rollback (if error rate > 2%)`: the condition in brackets is not what it is called.
    let name = name.split(['(', '（', '[']).next().filter(|n| !n.trim().is_empty()).unwrap_or(name);
    let words = words(name);
    calls_for_action(name) || matches!(words.last().map_or("", String::as_str), "rollback" | "verification" | "actions")
}

fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// Whether what stands under this heading or label tells rather than asks: contents, learnings, background, references.
pub(super) fn tells(name: &str) -> bool {
    let words = words(name);
    let has = |w: &str| words.iter().any(|x| x == w);
    let text = words.join(" ");
    const TELLING: &[&str] = &[
        "contents",
        "toc",
        "index",
        "learnings",
        "learning",
        "lessons",
        "faq",
        "glossary",
        "definitions",
        "terminology",
        "references",
        "reference",
        "links",
        "resources",
        "background",
        "context",
        "rationale",
        "assumptions",
        "goals",
        "objectives",
        "limitations",
        "changelog",
        "history",
        "facts",
        "principles",
        "authors",
        "contacts",
        "contact",
        "risks",
        "why",
        "motivation",
        "overview",
        "introduction",
        "symptoms",
        "audience",
        "scope",
        "non-goals",
        "inhaltsverzeichnis",
        "inhalt",
        "contenido",
        "índice",
        "sommaire",
        "sommario",
        "目录",
        "目次",
        "gotchas",
        "pitfalls",
        "trivia",
        "examples",
        "appendix",
        "reasons",
        "decisions",
        "owners",
        "roles",
        "stakeholders",
        "participants",
        "attendees",
        "revision",
        "lecciones",
        "hintergrund",
        "remarques",
        "caveats",
        "architecture",
        "inventory",
        "criteria",
        "causes",
        "benefits",
    ];
    TELLING.iter().any(|w| has(w))
        || matches!(
            text.as_str(),
            "known issues"
                | "known issues resolved"
                | "further reading"
                | "see also"
                | "related"
                | "related documents"
                | "notes"
                | "key locations"
                | "related skills"
                | "quick reference"
                | "table of contents"
        )
        || text.starts_with("known issues")
        || text.starts_with("what is")
        || text.starts_with("what we learned")
        || text.starts_with("how it works")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_and_what_tells() {
        for yes in ["Validate function logs", "Do NOT rollback", "Smoke test tenant login", "Re-run the job"] {
            assert!(imperative(yes), "{yes}");
        }
        for no in ["CI is green", "No unresolved incidents", "On-call engineer: owns alerts", "p95 latency stays low"] {
            assert!(!imperative(no), "{no}");
        }
        assert!(tells("Critical Learnings") && tells("Table of Contents") && !tells("Deployment sequence"));
        assert!(calls_for_action("Action") && !calls_for_action("Automatic Actions") && !calls_for_action("Symptoms"));
        assert!(heading_calls_for_action("Rollback (if error rate > 2 % for 5 minutes)"));
        assert!(heading_calls_for_action("Traffic Rollback") && !heading_calls_for_action("9) Rollback Readiness"));
    }
}
