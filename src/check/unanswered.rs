//! Placeholders in commands to which the plan has no answer: nothing fills them in when the step comes.

use std::collections::HashSet;

use super::sheet::Sheet;
use super::sink::Sink;
use crate::finding::codes::UNANSWERED;
use crate::plan::{Param, Plan};

/// Programs whose own braces are no placeholders.
const BRACES: [&str; 9] = ["awk", "jq", "sed", "printf", "python", "perl", "yq", "template", "format"];

/// Each placeholder once, where it stands first.
pub(super) fn check(plan: &Plan, sheet: &Sheet<'_>, out: &mut Sink) {
    let mut told: HashSet<&str> = HashSet::new();
    for (_, command) in sheet.scripts() {
        for placeholder in &command.placeholders {
            let open = placeholder.raw();
            // Variables come from the environment.
            if open.starts_with('$') || plan.params.iter().any(|p| answers(p, open)) {
                continue;
            }
            let line = command.text.raw().lines().position(|line| stands_in(line, open));
            let Some(line) = line.filter(|_| told.insert(open)) else { continue };
            let name: String = open.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
            let help = if is_name(&name) && open == format!("<{name}>") {
                format!("declare it: [params] {name} = {{ ask = \"{name}\" }}")
            } else {
                "declare it: [params] name = { ask = \"…\", placeholder = \"…\" }, with what stands here as its placeholder"
                    .to_owned()
            };
            let message = format!("no parameter of the plan answers {open}, so somebody fills it in by hand");
            out.words(sheet, UNANSWERED, sheet.content_line(command) + line as u32, open, &message, &help);
        }
    }
}

/// Whether a parameter stands for this placeholder, as the room fills it in.
fn answers(param: &Param, open: &str) -> bool {
    let bare = open.trim_matches(['<', '>', '{', '}', ' ']);
    bare == param.name || param.placeholders.iter().any(|p| !p.is_empty() && open.contains(p.as_str()))
}

/// Whether the line holds it as a placeholder rather than as something of its own language.
fn stands_in(line: &str, open: &str) -> bool {
    let Some(at) = line.find(open) else { return false };
    let before = line.get(..at).unwrap_or_default();
    if line.trim_start().starts_with('#') {
        return false;
    }
    // `{id}` is one in an address; in a program's own text it may be anything.
    let word = before.rsplit([' ', '\'', '"']).next().unwrap_or_default();
    let foreign = BRACES.iter().any(|program| line.contains(program));
    !open.starts_with('{') || !foreign && (open.starts_with("{{") || word.contains('/'))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
}
