//! Words such as `alert` that a script calls like a program, and that nothing defines.

use super::Block;
use crate::check::shell::Simple;
use crate::check::sink::Sink;
use crate::finding::codes::UNDEFINED;

/// What people write for "tell somebody" or "give up", and no system has.
const INVENTED: &[&str] = &[
    "alert",
    "notify",
    "die",
    "fail",
    "abort",
    "warn",
    "error",
    "err",
    "log",
    "success",
    "send_alert",
    "notify_slack",
    "slack_notify",
    "log_info",
    "log_error",
    "log_warn",
    "send_slack",
    "page_oncall",
    "panic",
    "fatal",
    "notify_team",
];

pub(super) fn check(block: &Block<'_, '_>, defined: &[&str], out: &mut Sink) {
    let text = block.command.text.raw();
    // What is sourced may define anything.
    if block.script.commands.iter().any(|s| matches!(s.program(), "source" | ".")) || text.contains("declare -f") {
        return;
    }
    let mut told: Vec<&str> = Vec::new();
    for simple in &block.script.commands {
        let name = simple.words.first().map_or("", |w| w.text.as_str());
        if !INVENTED.contains(&name) || defined.contains(&name) || told.contains(&name) {
            continue;
        }
        told.push(name);
        let uses: Vec<&Simple> =
            block.script.commands.iter().filter(|s| s.words.first().is_some_and(|w| w.text == name)).collect();
        let lines: Vec<u32> = uses.iter().map(|s| s.line).collect();
        let many =
            if lines.len() > 1 { format!(" ({} times, {})", lines.len(), block.lines(&lines)) } else { String::new() };
        let message = format!("`{name}` is called, but nothing in this runbook defines it{many}");
        let help = format!("define it first, as in `{name}() {{ echo \"$*\" >&2; exit 1; }}`, or call a real program");
        if let Some(word) = simple.words.first() {
            block.about_word(out, UNDEFINED, word, &message, &help);
        }
    }
}
