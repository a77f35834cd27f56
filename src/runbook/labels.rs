//! Words that say what a paragraph, a list or a heading is for: labels, procedure headings, imperatives.

use super::markdown::{Block, RichLine, one_line};

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
    if !block.plain().contains([':', '：']) {
        out.extend(bold_title(block));
        return out;
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

/// Whether a line begins with a verb that asks for something.
pub(super) fn imperative(text: &str) -> bool {
    let mut words = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '\'' | '’')))
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase);
    let Some(mut first) = words.next() else { return false };
    while matches!(
        first.as_str(),
        "then"
            | "finally"
            | "now"
            | "next"
            | "first"
            | "immediately"
            | "manually"
            | "optionally"
            | "optional"
            | "please"
            | "carefully"
            | "also"
            | "once"
            | "do"
            | "don't"
            | "don’t"
            | "never"
            | "always"
            | "not"
            | "slowly"
    ) {
        match words.next() {
            Some(next) => first = next,
            None => return false,
        }
    }
    let stem = first.split('-').next().unwrap_or("");
    VERBS.binary_search(&first.as_str()).is_ok()
        || (stem == "re" || stem == "pre") && first.len() > 4
        || first == "smoke"
}

/// Whether a line begins with a verb that is hardly ever a noun: `Release notes` and `Test report` are no orders.
pub(super) fn surely_imperative(text: &str) -> bool {
    const SURE: &[&str] = &[
        "add",
        "announce",
        "apply",
        "archive",
        "attach",
        "communicate",
        "configure",
        "confirm",
        "create",
        "delete",
        "deploy",
        "disable",
        "drain",
        "enable",
        "ensure",
        "execute",
        "export",
        "inform",
        "install",
        "migrate",
        "notify",
        "obtain",
        "promote",
        "provide",
        "provision",
        "publish",
        "reduce",
        "remove",
        "restart",
        "revert",
        "rotate",
        "run",
        "send",
        "trigger",
        "update",
        "upload",
        "validate",
        "verify",
        "engage",
        "identify",
        "capture",
        "generate",
        "replace",
        "ask",
        "wait",
    ];
    // A verb with something it governs is no noun: `Check that …`, `Test the …`, `Make sure …`.
    const GOVERNED: &[&str] = &[
        "that", "the", "a", "an", "all", "each", "every", "any", "your", "our", "this", "these", "if", "whether",
        "sure", "no", "nobody", "both", "only",
    ];
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let (first, second) = (words.next(), words.next());
    let sure = first.is_some_and(|w| SURE.iter().any(|s| w.eq_ignore_ascii_case(s)));
    let governs = second.is_some_and(|w| GOVERNED.iter().any(|s| w.eq_ignore_ascii_case(s)));
    (sure || governs) && imperative(text)
}

/// Verbs that runbook lines begin with; sorted.
const VERBS: &[&str] = &[
    "abort",
    "acknowledge",
    "activate",
    "add",
    "adjust",
    "alert",
    "allow",
    "amend",
    "analyze",
    "announce",
    "apply",
    "approve",
    "archive",
    "arrange",
    "ask",
    "assert",
    "assess",
    "assign",
    "attach",
    "audit",
    "authenticate",
    "backfill",
    "backup",
    "begin",
    "block",
    "book",
    "boot",
    "bootstrap",
    "bring",
    "browse",
    "build",
    "bump",
    "call",
    "cancel",
    "capture",
    "change",
    "check",
    "checkout",
    "choose",
    "clean",
    "clear",
    "click",
    "clone",
    "close",
    "collect",
    "commit",
    "communicate",
    "compare",
    "compile",
    "complete",
    "compute",
    "conduct",
    "configure",
    "confirm",
    "connect",
    "consult",
    "contact",
    "continue",
    "convert",
    "coordinate",
    "copy",
    "cordon",
    "correct",
    "count",
    "create",
    "cut",
    "deactivate",
    "debug",
    "declare",
    "decommission",
    "decrease",
    "define",
    "delete",
    "demote",
    "deploy",
    "describe",
    "destroy",
    "detach",
    "detect",
    "determine",
    "diff",
    "disable",
    "discard",
    "disconnect",
    "discuss",
    "distribute",
    "document",
    "download",
    "draft",
    "drain",
    "drop",
    "dump",
    "edit",
    "email",
    "emit",
    "empty",
    "enable",
    "end",
    "engage",
    "enlist",
    "ensure",
    "enter",
    "escalate",
    "establish",
    "estimate",
    "evaluate",
    "examine",
    "exclude",
    "execute",
    "exercise",
    "expand",
    "expire",
    "export",
    "expose",
    "extend",
    "extract",
    "fail",
    "failover",
    "fetch",
    "file",
    "fill",
    "find",
    "finish",
    "fix",
    "flip",
    "flush",
    "follow",
    "force",
    "freeze",
    "generate",
    "get",
    "give",
    "go",
    "grab",
    "grant",
    "halt",
    "hand",
    "hold",
    "identify",
    "import",
    "include",
    "increase",
    "inform",
    "initialize",
    "initiate",
    "inspect",
    "install",
    "investigate",
    "invite",
    "invoke",
    "issue",
    "join",
    "keep",
    "kick",
    "kill",
    "label",
    "launch",
    "let",
    "link",
    "list",
    "load",
    "lock",
    "log",
    "login",
    "look",
    "lower",
    "make",
    "map",
    "mark",
    "measure",
    "merge",
    "message",
    "migrate",
    "modify",
    "monitor",
    "mount",
    "move",
    "mute",
    "name",
    "navigate",
    "note",
    "notify",
    "observe",
    "obtain",
    "open",
    "order",
    "page",
    "pass",
    "paste",
    "patch",
    "pause",
    "perform",
    "pick",
    "pin",
    "ping",
    "plan",
    "point",
    "poll",
    "post",
    "prepare",
    "preserve",
    "press",
    "print",
    "proceed",
    "promote",
    "protect",
    "prove",
    "provide",
    "provision",
    "publish",
    "pull",
    "purge",
    "push",
    "put",
    "query",
    "raise",
    "ramp",
    "reach",
    "read",
    "rebase",
    "reboot",
    "rebuild",
    "recheck",
    "reconnect",
    "record",
    "recover",
    "recreate",
    "redeploy",
    "redirect",
    "reduce",
    "reenable",
    "refresh",
    "register",
    "reindex",
    "reinstall",
    "reject",
    "release",
    "reload",
    "remind",
    "remove",
    "rename",
    "renew",
    "reopen",
    "repair",
    "repeat",
    "replace",
    "replay",
    "replicate",
    "report",
    "request",
    "require",
    "rerun",
    "reschedule",
    "reset",
    "resize",
    "resolve",
    "restart",
    "restore",
    "restrict",
    "resume",
    "retain",
    "retire",
    "retrieve",
    "retry",
    "return",
    "revert",
    "review",
    "revoke",
    "rewrite",
    "roll",
    "rollback",
    "rotate",
    "route",
    "run",
    "sanity",
    "save",
    "scale",
    "scan",
    "schedule",
    "script",
    "search",
    "secure",
    "select",
    "send",
    "set",
    "share",
    "ship",
    "shut",
    "sign",
    "silence",
    "simulate",
    "skip",
    "snapshot",
    "sort",
    "spin",
    "stage",
    "start",
    "stop",
    "store",
    "submit",
    "subscribe",
    "suspend",
    "swap",
    "switch",
    "sync",
    "tag",
    "tail",
    "take",
    "talk",
    "tear",
    "tell",
    "terminate",
    "test",
    "throttle",
    "toggle",
    "trace",
    "track",
    "transfer",
    "trigger",
    "try",
    "tune",
    "turn",
    "type",
    "unblock",
    "uncordon",
    "undeploy",
    "undo",
    "unfreeze",
    "uninstall",
    "unlock",
    "unmount",
    "unset",
    "update",
    "upgrade",
    "upload",
    "use",
    "validate",
    "verify",
    "view",
    "visit",
    "wait",
    "walk",
    "warm",
    "warn",
    "watch",
    "wipe",
    "wire",
    "write",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_can_be_searched() {
        assert!(VERBS.is_sorted());
    }

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
        assert!(heading_calls_for_action("Traffic Rollback") && !heading_calls_for_action("9) Rollback Readiness"));
    }
}
