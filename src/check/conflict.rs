//! Instructions that contradict each other: roll back and do not roll back, do and do not.

use std::collections::HashMap;

use super::measure::Range;
use super::pattern::pattern;
use super::sheet::{Kind, Row, Sheet};
use super::sink::Sink;
use crate::finding::codes::{CONTRADICTION, TWO_LIMITS};

pattern! {
    STAY = r"\b(?:do not|don.?t|never|must not|should not|no need to)\s+(?:yet\s+)?(?:perform |do |start |trigger )?(?:a )?roll(?:ing)?[ -]?back\b";
    BACK = r"\broll(?:ing)?[ -]?back\s+(?:immediately|at once|now|right away|instantly|without delay)|\b(?:immediate(?:ly)?|automatic(?:ally)?)\s+roll[ -]?back|\b(?:execute|trigger|start|begin|perform)\s+(?:the\s+|a\s+)?rollback\b";
    NO_GO = r"no[-‑ ]?go\b";
    ANY_BACK = r"\broll[ -]?back";
    NEGATED = r"^(?:do not|don.?t|never)\s+";
    ABORT = r"\b(?:abort|stop|halt|roll ?back)\b.{0,20}\b(?:if|when|once)\b";
    STAGE = r"canary|\b\d+ ?% (?:of|traffic|users)|\bstage|staging|\bbaseline|warm[- ]?up|\blevel\b|\btest";
    PAGES = r"(?:→|⇒|->|=>|:)\s*(?:page|immediate(?:ly)? escalat|escalat|wake|call)";
}

/// Nobody writes more answers than this.
const MOST: usize = 500;

/// What is to be done while a number is in a range.
struct Claim {
    range: Range,
    /// The line that says so.
    says: u32,
    /// The line with what must hold for a go, where this claim is about its opposite.
    go: Option<u32>,
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    let (stay, back) = claims(sheet);
    let mut told: Vec<u32> = Vec::new();
    for claim in &stay {
        let Some((other, lo, hi)) = back.iter().find_map(|b| {
            let (lo, hi) = claim.range.overlap(&b.range).filter(|_| claim.range.same_metric(&b.range))?;
            Some((b, lo, hi))
        }) else {
            continue;
        };
        if told.contains(&claim.says) {
            continue;
        }
        told.push(claim.says);
        let span = if hi.is_finite() {
            format!("between {lo} and {}", claim.range.number(hi))
        } else {
            format!("over {}", claim.range.number(lo))
        };
        let message = if other.says == claim.says {
            format!("this line says to roll back when {} is {span}, and not to", claim.range.metric)
        } else if let Some(go) = other.go {
            format!(
                "line {go} makes {} {span} a no-go, and line {} says to roll back then; this line says not to",
                claim.range.metric, other.says
            )
        } else {
            format!(
                "line {} says to roll back when {} is {span}, this line says not to",
                other.says, claim.range.metric
            )
        };
        out.line(
            sheet,
            CONTRADICTION,
            claim.says,
            &message,
            "decide which one holds, and let the ranges end where they meet",
        );
    }
    opposites(sheet, out);
    limits(sheet, out);
    stricter(sheet, out);
}

/// Ranges in which not to roll back, and in which to.
fn claims(sheet: &Sheet<'_>) -> (Vec<Claim>, Vec<Claim>) {
    let (mut stay, mut back) = (Vec::new(), Vec::new());
    let mut own: HashMap<usize, Vec<Range>> = HashMap::new();
    for threshold in &sheet.book.thresholds {
        let Some(range) = Range::of(threshold) else { continue };
        if threshold.severity.as_deref() == Some("rollback") && range.lo.is_finite() {
            back.push(Claim { range: range.clone(), says: threshold.line, go: None });
        }
        own.entry(sheet.section_of(threshold)).or_default().push(range);
    }
    for (section, ranges) in own {
        let rows = || sheet.own(section).filter(|r| !matches!(r.kind, Kind::Nothing | Kind::Fence));
        // The heading says it too, but the line that asks for it is the one to mend.
        let says = |p: &dyn Fn(&Row<'_>) -> bool| {
            rows().filter(|r| p(r)).max_by_key(|r| r.kind != Kind::Heading).map(|r| r.line)
        };
        let stays = says(&|r| STAY.is_in(r.text));
        let backs = says(&|r| BACK.is_in(r.text) && !STAY.is_in(r.text));
        let no_go = says(&|r| NO_GO.is_in(r.text) && ANY_BACK.is_in(r.text) && !STAY.is_in(r.text));
        // `Do not roll back if only p95 is 1-2 s`: it speaks of its own numbers, not of those beside it.
        let own_numbers = stays.is_some_and(|line| ranges.iter().any(|r| r.line == line));
        for range in ranges {
            let stays = stays.filter(|line| !own_numbers || *line == range.line);
            match (stays, backs, no_go) {
                // Both stand in one section: each line speaks of its own numbers.
                (Some(line), Some(_), _) if line == range.line => stay.push(Claim { range, says: line, go: None }),
                (_, Some(line), _) if line == range.line && range.lo.is_finite() && !range.hi.is_finite() => {
                    back.push(Claim { range, says: line, go: None });
                }
                (Some(line), None, None) => stay.push(Claim { range, says: line, go: None }),
                (None, Some(line), None) if range.lo.is_finite() && !range.hi.is_finite() => {
                    back.push(Claim { range, says: line, go: None });
                }
                // What must hold for a go; when it does not hold, it is a no-go.
                (None, _, Some(line)) if range.hi.is_finite() && !range.lo.is_finite() => {
                    let broken = Range { lo: range.hi, hi: f64::INFINITY, lo_in: !range.hi_in, hi_in: false, ..range };
                    back.push(Claim { go: Some(broken.line), range: broken, says: line });
                }
                _ => {}
            }
        }
    }
    stay.sort_by_key(|c| (c.says, c.range.line));
    back.sort_by_key(|c| (c.says, c.range.line));
    // Each is held against each.
    stay.truncate(MOST);
    back.truncate(MOST);
    (stay, back)
}

/// `Restart the workers`, and elsewhere `Do not restart the workers`, with no condition in either.
fn opposites(sheet: &Sheet<'_>, out: &mut Sink) {
    let plain =
        |text: &str| text.to_lowercase().trim_end_matches(['.', '!']).split_whitespace().collect::<Vec<_>>().join(" ");
    let asked: HashMap<String, u32> = sheet.book.steps.iter().map(|s| (plain(s.text.raw()), s.line)).collect();
    for step in &sheet.book.steps {
        let text = step.text.raw();
        let Some(no) = NEGATED.find(text) else { continue };
        let rest = plain(text.get(no.end()..).unwrap_or_default());
        if rest.split(' ').count() < 2 {
            continue;
        }
        if let Some(line) = asked.get(&rest) {
            let message = format!("line {line} asks for what this line forbids");
            out.line(sheet, CONTRADICTION, step.line, &message, "say in which case each of them holds");
        }
    }
}

/// The same alarm with two numbers, in different places.
fn limits(sheet: &Sheet<'_>, out: &mut Sink) {
    let mut seen: HashMap<(String, String), (Range, usize)> = HashMap::new();
    for threshold in &sheet.book.thresholds {
        let Some(range) = Range::of(threshold).filter(|r| r.lo.is_finite() && !r.hi.is_finite()) else { continue };
        let Some(row) = sheet.row(threshold.line).filter(|r| PAGES.is_in(r.text)) else { continue };
        if range.metric.is_empty() {
            continue;
        }
        let key = (range.metric.clone(), range.unit.clone());
        let Some((other, section)) = seen.get(&key) else {
            seen.insert(key, (range, row.section));
            continue;
        };
        if other.lo != range.lo && *section != row.section {
            let message = format!(
                "{} calls people over {} here and over {} at line {}",
                range.metric,
                range.number(range.lo),
                other.number(other.lo),
                other.line
            );
            out.line(sheet, TWO_LIMITS, threshold.line, &message, "use one number, or say who is called at which");
        }
    }
}

/// `Abort if error rate > 0.5%`, where the objective is met up to 1%.
fn stricter(sheet: &Sheet<'_>, out: &mut Sink) {
    let mut aborts: Vec<(Range, usize)> = Vec::new();
    let mut objectives: HashMap<(String, String), Vec<(Range, usize)>> = HashMap::new();
    for threshold in &sheet.book.thresholds {
        let Some(range) = Range::of(threshold).filter(|r| !r.metric.is_empty()) else { continue };
        let Some(row) = sheet.row(threshold.line) else { continue };
        // A stage has limits of its own, and so has a table of levels.
        if matches!(row.kind, Kind::Table) || sheet.titles(row.section).any(|t| STAGE.is_in(t)) || STAGE.is_in(row.text)
        {
            continue;
        }
        if range.lo.is_finite() && !range.hi.is_finite() && ABORT.is_in(row.text) {
            aborts.push((range, row.section));
        } else if range.hi.is_finite() && !range.lo.is_finite() && threshold.severity.is_none() {
            objectives.entry((range.metric.clone(), range.unit.clone())).or_default().push((range, row.section));
        }
    }
    for (abort, section) in aborts.into_iter().take(MOST) {
        let Some(all) = objectives.get(&(abort.metric.clone(), abort.unit.clone())) else { continue };
        // Where one of the objectives fits, the others are for something else.
        if all.iter().any(|(o, _)| o.hi <= abort.lo) {
            continue;
        }
        let Some((objective, _)) = all.iter().find(|(_, s)| *s != section) else { continue };
        let message = format!(
            "{} over {} aborts here, and line {} is content with it up to {}",
            abort.metric,
            abort.number(abort.lo),
            objective.line,
            objective.number(objective.hi)
        );
        out.line(sheet, TWO_LIMITS, abort.line, &message, "use one number, or say why the stricter one holds here");
    }
}
