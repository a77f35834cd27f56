//! `<!-- accept WR042: reason -->` takes the findings of that code on its line, or the next, out of the count.

use super::pattern::pattern;
use crate::finding::{Finding, Level, Source, codes, finding_in_line, nearest};

pattern! {
    IN_MARKDOWN = r"<!--\s*accept\s+([A-Za-z0-9]+(?:\s*,\s*[A-Za-z0-9]+)*)\s*(?::\s*([^>]*?))?\s*-->";
    IN_TOML = r"#\s*accept\s+([A-Za-z0-9]+(?:\s*,\s*[A-Za-z0-9]+)*)\s*(?::\s*(.*?))?\s*$";
}

/// A finding that somebody accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What was found.
    pub finding: Finding,
    /// Why that is all right here.
    pub reason: String,
}

/// Findings that count, and those that somebody accepted.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// What counts, with what is wrong about the acceptances themselves.
    pub findings: Vec<Finding>,
    /// What does not count.
    pub accepted: Vec<Accepted>,
}

/// One acceptance of one code.
struct Accept {
    code: String,
    reason: String,
    line: u32,
    /// Where it stands alone it speaks of the next line that says something; above a fence or table, of all of it.
    target: std::ops::RangeInclusive<u32>,
    line_start: usize,
    span: std::ops::Range<usize>,
    used: bool,
}

/// Takes out what the comments of these files accept. Findings about other files count.
pub fn judge(findings: Vec<Finding>, files: &[Source<'_>]) -> Judged {
    let mut out = Judged::default();
    let mut rest = findings;
    for file in files {
        let mut accepts = read(*file);
        if accepts.is_empty() {
            continue;
        }
        let (own, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|f| f.file == file.file);
        rest = others;
        for finding in own {
            let matching = accepts.iter_mut().find(|a| {
                a.code == finding.code
                    && !a.reason.is_empty()
                    && may_be_accepted(&a.code)
                    && (a.line == finding.line || a.target.contains(&finding.line))
            });
            match matching {
                Some(accept) => {
                    accept.used = true;
                    out.accepted.push(Accepted { finding, reason: crate::text::escape(&accept.reason) });
                }
                None => out.findings.push(finding),
            }
        }
        out.findings.extend(accepts.iter().filter(|a| !a.used).map(|a| complaint(*file, a)));
    }
    out.findings.append(&mut rest);
    out
}

/// What keeps a plan from running cannot be talked away.
fn may_be_accepted(code: &str) -> bool {
    codes::ALL.iter().any(|c| c.id == code && (c.level != Level::Error || code > "WR040" && code < "WR090"))
}

fn complaint(file: Source<'_>, accept: &Accept) -> Finding {
    let code = &accept.code;
    let (kind, message, help) = if !codes::ALL.iter().any(|c| c.id == *code) {
        let near = nearest(code, codes::ALL.iter().map(|c| c.id)).unwrap_or("WR042");
        (
            codes::BAD_ACCEPT,
            format!("there is no finding {code}"),
            format!("did you mean {near}? `warroom explain {near}` says what it is"),
        )
    } else if !may_be_accepted(code) {
        (
            codes::BAD_ACCEPT,
            format!("{code} keeps the plan from running and cannot be accepted"),
            format!("mend it; see `warroom explain {code}`"),
        )
    } else if accept.reason.is_empty() {
        (
            codes::BARE_ACCEPT,
            format!("{code} is accepted without a reason, so it counts"),
            format!("say why it is all right here: `accept {code}: because …`"),
        )
    } else {
        (
            codes::IDLE_ACCEPT,
            format!("nothing here is {code}"),
            "take the comment away, or put it on the line it is about or directly above it".to_owned(),
        )
    };
    finding_in_line(file, kind, accept.line, accept.line_start, accept.span.clone(), &message, &help)
}

/// The acceptances of a file, in order.
fn read(file: Source<'_>) -> Vec<Accept> {
    // Most files have none.
    if !file.text.contains("accept") {
        return Vec::new();
    }
    let toml = std::path::Path::new(file.file).extension().is_some_and(|e| e == "toml");
    let mut out = Vec::new();
    let mut start = 0;
    let lines: Vec<&str> = file.text.split('\n').collect();
    for (n, text) in lines.iter().enumerate() {
        let line = n as u32 + 1;
        let found: Vec<_> = if toml { IN_TOML.all(text).collect() } else { IN_MARKDOWN.all(text).collect() };
        for captures in found {
            let Some(all) = captures.get(0) else { continue };
            let before = text.get(..all.start()).unwrap_or_default();
            let after = text.get(all.end()..).unwrap_or_default();
            let alone = before.trim_matches([' ', '\t', '>']).is_empty() && after.trim().is_empty();
            let reason = captures.get(2).map_or("", |m| m.as_str()).trim();
            let target = if alone { target(&lines, n, toml) } else { line..=line };
            for code in captures.get(1).map_or("", |m| m.as_str()).split(',') {
                out.push(Accept {
                    code: code.trim().to_uppercase(),
                    reason: reason.to_owned(),
                    line,
                    target: target.clone(),
                    line_start: start,
                    span: start + all.start()..start + all.end(),
                    used: false,
                });
            }
        }
        start += text.len() + 1;
    }
    out
}

/// The next line that says something: blank lines and further acceptances do not. A fence or a table has no room for a comment, so one
/// above it speaks of all its lines.
fn target(lines: &[&str], from: usize, toml: bool) -> std::ops::RangeInclusive<u32> {
    let bare = |line: usize| lines.get(line).map(|l| l.trim_matches([' ', '\t', '>', '\r']));
    let mut line = from + 1;
    while let Some(text) = bare(line) {
        let comment = if toml { IN_TOML.is_in(text) } else { IN_MARKDOWN.is_in(text) && text.starts_with("<!--") };
        if !text.is_empty() && !comment {
            break;
        }
        line += 1;
    }
    let mut last = line;
    let first = bare(line).unwrap_or("");
    if let Some(mark) = ["```", "~~~"].into_iter().find(|m| !toml && first.starts_with(m)) {
        while bare(last + 1).is_some_and(|t| !t.starts_with(mark)) {
            last += 1;
        }
    } else if !toml && first.starts_with('|') {
        while bare(last + 1).is_some_and(|t| t.starts_with('|')) {
            last += 1;
        }
    }
    line as u32 + 1..=last as u32 + 1
}
