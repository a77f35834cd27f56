//! The plan held against its runbooks: the window against the timeline, monitoring windows against each other, gates without criteria.

use super::schedule::{end, time};
use super::sheet::Sheet;
use crate::finding::{Code, Finding, Source, codes, finding_at};
use crate::plan::Plan;

pub(super) fn check(plan: &Plan, source: Source<'_>, sheets: &[Sheet<'_>]) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut report = |code: Code, place: Option<std::ops::Range<usize>>, message: &str, help: &str| {
        out.push(finding_at(source, code, place.unwrap_or(0..0), message, help));
    };
    if let Some(window) = plan.room.window {
        let last = sheets.iter().filter_map(|s| end(s).map(|(at, line)| (at, line, s.source.file))).max();
        if let Some((at, line, file)) = last.filter(|(at, ..)| *at > window.as_secs()) {
            let message =
                format!("the window is {} long, and {file} line {line} ends at T+{}", time(window.as_secs()), time(at));
            report(
                codes::DOES_NOT_FIT,
                entry(source.text, "[room]", "window", None),
                &message,
                "ask for a longer window, or move the phase",
            );
        }
    }
    let mut windows: Vec<_> = plan.windows.iter().collect();
    windows.sort_by_key(|w| w.from.0);
    for pair in windows.windows(2) {
        let [a, b] = pair else { continue };
        if b.from.0 > a.until.0 {
            let gap = time(u64::try_from(b.from.0 - a.until.0).unwrap_or(0));
            let message = format!("nobody watches between the windows \"{}\" and \"{}\": {gap}", a.name, b.name);
            report(
                codes::UNWATCHED,
                entry(source.text, "[[window]]", "name", Some(&b.name)),
                &message,
                "let each window begin where the one before it ends",
            );
        }
    }
    for gate in plan.gates.iter().filter(|g| g.criteria.is_empty() && g.votes.is_empty()) {
        let message = format!("the gate \"{}\" has no criteria and no votes: nothing decides it", gate.name);
        report(
            codes::NO_CRITERIA,
            entry(source.text, "[[gate]]", "name", Some(&gate.name)),
            &message,
            "add `criteria = [\"error rate < 1%\"]` or `votes = [\"incident commander\"]`",
        );
    }
    for profile in &plan.profiles {
        let Some(monitor) = profile.monitor else { continue };
        for gate in plan.gates.iter().filter(|g| g.dwell > monitor) {
            let message = format!(
                "with the profile \"{}\" the gate \"{}\" goes after {} of healthy time instead of {}",
                profile.name,
                gate.name,
                time(monitor.as_secs()),
                time(gate.dwell.as_secs())
            );
            report(
                codes::SHORT_DWELL,
                entry(source.text, "[[profile]]", "name", Some(&profile.name)),
                &message,
                "let the profile monitor for as long, or accept it with a reason",
            );
        }
    }
    for rollback in plan.rollbacks.iter().filter(|r| !r.targets.is_empty()) {
        let named = |service: &str| rollback.targets.iter().any(|t| t.service == service);
        for service in plan.services.iter().filter(|s| s.target_version.is_some() && !named(&s.name)) {
            let message = format!(
                "{} changes, and the rollback \"{}\" does not say what it goes back to",
                service.name, rollback.name
            );
            report(
                codes::NO_TARGET,
                entry(source.text, "[[rollback]]", "name", Some(&rollback.name)),
                &message,
                "name it in `targets = [{ service = \"…\", to = \"…\" }]`",
            );
        }
    }
    for metric in plan.metrics.iter().filter(|m| m.objective.is_some() || !m.bands.is_empty()) {
        let Some(query) = metric.query.as_deref() else { continue };
        if super::commands::is_bare_counter(query) {
            let message =
                format!("the query of \"{}\" is a counter: it only grows, so its objective is no rate", metric.name);
            report(codes::COUNTER, find(source.text, query), &message, "wrap it, as in `rate(… [5m])`");
        }
    }
    out
}

fn find(text: &str, words: &str) -> Option<std::ops::Range<usize>> {
    let at = text.find(words)?;
    Some(at..at + words.len())
}

/// The value of `key` in a table, which one by its value; all of the line.
fn entry(text: &str, table: &str, key: &str, value: Option<&str>) -> Option<std::ops::Range<usize>> {
    let mut inside = false;
    let mut start = 0;
    for line in text.split('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            inside = trimmed.starts_with(table);
        }
        let named = trimmed.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        if inside && named && value.is_none_or(|v| trimmed.contains(v)) {
            let indent = line.len() - line.trim_start().len();
            return Some(start + indent..start + line.trim_end().len());
        }
        start += line.len() + 1;
    }
    None
}
