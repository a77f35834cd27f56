//! Steps inside fences: `# Step 3: …`, `1. …`, `11:30 - …`.

use super::labels;
use super::times::{self, Times};
use super::tokens::{Kind, tokens};
use super::{Note, StepKind};

/// A line of a fence that is something to do.
pub(super) struct Inner {
    pub line: u32,
    pub last: u32,
    pub kind: StepKind,
    pub text: String,
    pub times: Times,
}

/// The steps in a fence whose content begins at line `first`.
pub(super) fn steps(lang: Option<&str>, text: &str, shell: bool, first: u32) -> Vec<Inner> {
    let lines: Vec<&str> = text.lines().collect();
    let last_line = first + lines.len().saturating_sub(1) as u32;
    let mut found = if shell || lang.is_some_and(|l| !matches!(l, "text" | "txt" | "plain" | "timeline" | "plaintext"))
    {
        comments(&lines)
    } else {
        let timed = timeline(&lines);
        if timed.is_empty() { numbered(&lines) } else { timed }
    };
    for inner in &mut found {
        inner.line += first;
    }
    let starts: Vec<u32> = found.iter().skip(1).map(|i| i.line).collect();
    for (inner, next) in found.iter_mut().zip(starts.iter().copied().chain([last_line + 1])) {
        inner.last = next - 1;
    }
    found
}

/// `# Step 1: Set the flag`, or `# 1. …`, `# 2. …` counting up from one. A script with a `#!` line runs as a whole.
fn comments(lines: &[&str]) -> Vec<Inner> {
    if lines.first().is_some_and(|l| l.starts_with("#!")) {
        return vec![];
    }
    let body = |line: &str| -> Option<String> {
        let line = line.trim_start();
        let rest = ["#", "//", "--", "REM "].iter().find_map(|m| line.strip_prefix(m))?;
        Some(rest.trim_start_matches(['#', '-', '=', '/', ' ']).trim_end_matches(['#', '-', '=', ' ']).to_owned())
    };
    let bodies: Vec<(usize, String)> = lines.iter().enumerate().filter_map(|(i, l)| Some((i, body(l)?))).collect();
    let stepped: Vec<Inner> = bodies.iter().filter_map(|(i, b)| inner(*i, step_line(b)?, StepKind::Substep)).collect();
    if !stepped.is_empty() {
        return stepped;
    }
    counted(bodies.iter().map(|(i, b)| (*i, b.as_str())), StepKind::Substep)
}

/// `1. …` counting up from one, at least two; or `Step 1: …`.
fn numbered(lines: &[&str]) -> Vec<Inner> {
    let stepped: Vec<Inner> = lines
        .iter()
        .enumerate()
        .filter_map(|(i, l)| {
            inner(i, step_line(l.trim_start().trim_start_matches('#').trim_start())?, StepKind::Substep)
        })
        .collect();
    if !stepped.is_empty() {
        return stepped;
    }
    counted(lines.iter().enumerate().map(|(i, l)| (i, l.trim_start())), StepKind::Numbered)
}

fn counted<'a>(lines: impl Iterator<Item = (usize, &'a str)>, kind: StepKind) -> Vec<Inner> {
    let mut out = Vec::new();
    let mut expected = 1;
    for (i, line) in lines {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let Some((number, rest)) = line.split_at_checked(digits) else { continue };
        let Some(rest) = rest.strip_prefix(['.', ')']).filter(|r| r.starts_with([' ', '\t'])) else { continue };
        if number.parse() == Ok(expected)
            && let Some(found) = inner(i, rest, kind)
        {
            out.push(found);
            expected += 1;
        } else if number == "1" {
            // A second list in the same fence.
            out.extend(inner(i, rest, kind));
            expected = 2;
        }
    }
    if out.len() < 2 { vec![] } else { out }
}

/// What follows `Step 3:`, `Step 3 -`, `STEP 3.`, and the same word in other languages.
fn step_line(line: &str) -> Option<&str> {
    let t = tokens(line);
    let word = t.first()?;
    if !word.is_any(&["step", "schritt", "paso", "étape", "etape", "passo", "stap", "шаг"]) {
        return None;
    }
    let number =
        t.get(1).filter(|n| n.number().is_some() && n.text.bytes().all(|b| b.is_ascii_digit() || b == b'.'))?;
    let mut next = 2;
    // `Step 2a:` and `Step 2.1:`
    if t.get(next).is_some_and(|w| w.kind == Kind::Word && w.from == number.to && w.text.len() == 1) {
        next += 1;
    }
    let sign = t.get(next)?;
    if !(sign.dash() || matches!(sign.kind, Kind::Sign(':' | '.' | ')' | '：'))) {
        return None;
    }
    line.get(sign.to..).map(str::trim).filter(|r| !r.is_empty())
}

/// What a line of a paragraph asks for that says which step it is: `Step 2: restart`, `2.1 Lower the TTL`.
pub(super) fn counted_step(line: &str) -> Option<&str> {
    if let Some(text) = step_line(line) {
        return Some(text);
    }
    let number = line.split_whitespace().next()?;
    let parts = number.trim_end_matches(['.', ')']).split('.');
    let numbers = parts.clone().all(|p| (1..=2).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()));
    let text = line.get(number.len()..)?.trim();
    (numbers && parts.count() >= 2 && labels::imperative(text)).then_some(text)
}

/// Lines that begin with a moment; they must be at least two and the greater part of what stands at the margin.
fn timeline(lines: &[&str]) -> Vec<Inner> {
    let mut margin = 0;
    let mut out = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        if line.trim().is_empty() || line.starts_with([' ', '\t', '-', '*', '•', '#']) {
            continue;
        }
        margin += 1;
        if let Some((times, text)) = times::timeline(line.trim_end()) {
            out.push(Inner { line: i as u32, last: 0, kind: StepKind::Timeline, text: text.to_owned(), times });
        }
    }
    if out.len() < 2 || out.len() * 2 < margin { vec![] } else { out }
}

fn inner(line: usize, text: &str, kind: StepKind) -> Option<Inner> {
    let text = super::markdown::one_line([text].into_iter());
    (!text.is_empty()).then(|| Inner { line: line as u32, last: 0, kind, times: times::in_line(&text), text })
}

/// `This takes about 60-90 seconds`: what follows the verb.
fn takes(body: &str) -> Option<&str> {
    let at = ["takes about ", "takes around ", "takes up to ", "takes "]
        .iter()
        .find_map(|w| Some(body.find(w)? + w.len()))?;
    body.get(at..).filter(|rest| times::has_duration(rest))
}

/// Labels in a fence's comments: `# Expected: no output`, `# Wait 5 minutes for all caches to clear`.
pub(super) fn notes(text: &str, first: u32) -> Vec<Note> {
    let mut out: Vec<Note> = Vec::new();
    let mut open = false;
    for (line, number) in text.lines().zip(first..) {
        let line = line.trim();
        let Some(body) = line.strip_prefix('#').map(|b| b.trim_start_matches('#').trim()) else {
            open = false;
            continue;
        };
        if let Some((name, rest)) = labels::plain_label(body) {
            let kind = labels::kind(name).unwrap_or("note");
            out.push(Note { kind: kind.into(), line: number, text: rest.into(), command: None });
            open = rest.is_empty();
        } else if open && body.starts_with(['-', '*', '•']) {
            // `# Success Criteria:` and what is listed under it.
            let kind = out.last().map(|n| n.kind.clone()).unwrap_or_default();
            let text = body.trim_start_matches(['-', '*', '•', ' ']);
            match out.last_mut() {
                Some(last) if last.text.raw().is_empty() => {
                    last.line = number;
                    last.text = text.into();
                }
                _ => out.push(Note { kind, line: number, text: text.into(), command: None }),
            }
        } else if let Some(length) = takes(body) {
            out.push(Note { kind: "estimate".into(), line: number, text: length.into(), command: None });
        } else if body.to_lowercase().starts_with("wait ") && times::has_duration(body) {
            out.push(Note { kind: "wait-for".into(), line: number, text: body.into(), command: None });
        } else if body.to_lowercase().starts_with("monitor ") && times::has_duration(body) {
            out.push(Note { kind: "monitor".into(), line: number, text: body.into(), command: None });
        } else {
            open = false;
        }
    }
    out.retain(|n| !n.text.raw().is_empty());
    out
}
