//! The first screen of `warroom show`: when what happens, what decides, who, what runs, and what needs attention, in counts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Written;
use super::brief::{length, moment, plural, wrapped};
use crate::finding::{Finding, Level};
use crate::plan::Plan;
use crate::runbook::{Class, Phase, Runbook, Standing};
use crate::text::escape;

/// Phases listed at most; the rest is counted and stands below in full.
const PHASES: usize = 14;

/// Kinds of findings listed at most.
const KINDS: usize = 5;

/// Lines of text up to which a runbook is its own overview.
const SHORT: usize = 60;

/// Writes the overview of runbooks that are too long to be one themselves.
pub(super) fn all(out: &mut String, books: &[Runbook], plan: &Plan, findings: &[Finding]) -> Written {
    if books.iter().map(|b| b.lines.len()).sum::<usize>() <= SHORT {
        return Ok(());
    }
    for book in books.iter().filter(|b| b.part_of.is_none()) {
        writeln!(out, "{}", book.title)?;
    }
    writeln!(out, "\nAt a glance")?;
    when(out, books)?;
    decides(out, books)?;
    runs(out, books)?;
    who(out, books)?;
    variants(out, plan)?;
    attention(out, books, findings)?;
    writeln!(out)
}

/// The phases of a runbook that hold the work: the uppermost level that has more than one.
fn parts(book: &Runbook) -> Vec<(&Phase, u32, usize)> {
    let top = (1..=6).find(|level| book.phases.iter().filter(|p| p.level <= *level).count() > 1).unwrap_or(6);
    let heads: Vec<&Phase> = book.phases.iter().filter(|p| p.level <= top).collect();
    let mut out = Vec::new();
    for (i, head) in heads.iter().enumerate() {
        let end = heads.get(i + 1).map_or(u32::MAX, |next| next.line);
        let here = head.line..end;
        let steps = book.phases.iter().filter(|p| here.contains(&p.line)).map(|p| p.steps).sum::<u32>();
        let run = book.commands.iter().filter(|c| here.contains(&c.line_start));
        let commands = run.filter(|c| c.class != Class::Illustration).count();
        if steps > 0 || commands > 0 || head.at.is_some() {
            out.push((*head, steps, commands));
        }
    }
    out
}

fn when(out: &mut String, books: &[Runbook]) -> Written {
    let all: Vec<(&Phase, u32, usize)> = books.iter().flat_map(parts).collect();
    if all.is_empty() {
        return Ok(());
    }
    let times: Vec<String> = all.iter().map(|(p, ..)| moment(p)).collect();
    let widest = times.iter().take(PHASES).map(|w| w.chars().count()).max().unwrap_or(0).min(24);
    for ((phase, steps, commands), when) in all.iter().zip(&times).take(PHASES) {
        let mut counts = Vec::new();
        counts.extend(phase.estimate.map(length));
        if *steps > 0 {
            counts.push(plural(*steps as usize, "step"));
        }
        if *commands > 0 {
            counts.push(plural(*commands, "command"));
        }
        let title = phase.title.to_string();
        let title = crate::text::truncate(&title, 52);
        writeln!(out, "  {:>5}  {when:widest$}  {title:<52}  {}", phase.line, counts.join(" · "))?;
    }
    if all.len() > PHASES {
        writeln!(out, "         and {} more below", plural(all.len() - PHASES, "phase"))?;
    }
    Ok(())
}

/// A line of the overview: what it is about, and in words.
fn line(out: &mut String, about: &str, words: &[String]) -> Written {
    if words.is_empty() { Ok(()) } else { wrapped(out, &format!("  {about:<10} "), words, ",") }
}

fn decides(out: &mut String, books: &[Runbook]) -> Written {
    let gates = books.iter().flat_map(|b| &b.gates);
    let bare = gates.clone().filter(|g| g.criteria.is_empty()).count();
    let mut words = Vec::new();
    match gates.count() {
        0 => {}
        n if bare > 0 => words.push(format!("{} ({bare} without criteria)", plural(n, "decision"))),
        n => words.push(plural(n, "decision")),
    }
    let mut grave: BTreeMap<&str, usize> = BTreeMap::new();
    let limits: Vec<_> = books.iter().flat_map(|b| &b.thresholds).collect();
    for limit in &limits {
        if let Some(severity) = limit.severity.as_deref() {
            *grave.entry(severity).or_default() += 1;
        }
    }
    if !limits.is_empty() {
        let grave: Vec<String> = ["rollback", "page", "warn"]
            .iter()
            .filter_map(|word| grave.get(word).map(|n| format!("{n} → {word}")))
            .collect();
        let grave = if grave.is_empty() { String::new() } else { format!(" ({})", grave.join(" · ")) };
        words.push(format!("{}{grave}", plural(limits.len(), "limit")));
    }
    let windows = books.iter().map(|b| b.windows.len()).sum::<usize>();
    if windows > 0 {
        words.push(plural(windows, "watch window"));
    }
    line(out, "decides", &words)
}

fn runs(out: &mut String, books: &[Runbook]) -> Written {
    let of = |class: Class| books.iter().flat_map(|b| &b.commands).filter(|c| c.class == class).count();
    let words = [(Class::Danger, "dangerous"), (Class::Mutate, "changing"), (Class::Read, "only looking")];
    let words = words.into_iter().map(|(class, word)| (of(class), word)).filter(|(n, _)| *n > 0);
    line(out, "runs", &words.map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>())
}

fn who(out: &mut String, books: &[Runbook]) -> Written {
    let roles = books.iter().flat_map(|b| &b.roles);
    let words = roles.map(|r| match &r.person {
        Some(person) => format!("{} ({person})", r.name),
        None => r.name.to_string(),
    });
    line(out, "who", &words.take(8).collect::<Vec<_>>())
}

/// The profiles of the plan: what each leaves out and how long it watches.
fn variants(out: &mut String, plan: &Plan) -> Written {
    let words = plan.profiles.iter().map(|p| {
        let mut says = Vec::new();
        if !p.phases.is_empty() {
            says.push(format!("only {}", plural(p.phases.len(), "section")));
        }
        if !p.skip.is_empty() {
            says.push(format!("without {}", plural(p.skip.len(), "section")));
        }
        says.extend(p.monitor.map(|m| format!("watched for {}", length(m.as_secs()))));
        format!("{}: {}", escape(&p.name), if says.is_empty() { "all of it".to_owned() } else { says.join(" and ") })
    });
    line(out, "profiles", &words.collect::<Vec<_>>())
}

fn attention(out: &mut String, books: &[Runbook], findings: &[Finding]) -> Written {
    let mut words = Vec::new();
    let of = |level: Level| findings.iter().filter(|f| f.level == level).count();
    for (level, word) in [(Level::Error, "error"), (Level::Warning, "warning")] {
        if of(level) > 0 {
            words.push(plural(of(level), word));
        }
    }
    let blanks = books.iter().map(|b| b.placeholders.len()).sum::<usize>();
    if blanks > 0 {
        words.push(format!("{} to fill in", plural(blanks, "placeholder")));
    }
    let contacts = books.iter().flat_map(|b| &b.contacts);
    let open = contacts.filter(|c| c.ways.iter().any(|w| w.standing == Standing::Open)).count();
    if open > 0 {
        words.push(format!("{open} of the people nobody can reach yet"));
    }
    let odd = books.iter().map(|b| b.not_understood.len()).sum::<usize>();
    if odd > 0 {
        words.push(format!("{} not understood", plural(odd, "line")));
    }
    line(out, "attention", &words)?;
    // The gravest kinds by their first place; all of them stand at the end.
    let mut kinds: Vec<(&Finding, usize)> = Vec::new();
    let mut grave: Vec<&Finding> = findings.iter().filter(|f| f.level != Level::Info).collect();
    grave.sort_by_key(|f| f.level != Level::Error);
    for finding in grave {
        match kinds.iter_mut().find(|(first, _)| first.code == finding.code) {
            Some((_, n)) => *n += 1,
            None => kinds.push((finding, 1)),
        }
    }
    for (first, n) in kinds.iter().take(KINDS) {
        let more = if *n > 1 { format!(" (and {} more)", n - 1) } else { String::new() };
        let says = escape(&first.message);
        let says = crate::text::truncate(&says, 78);
        writeln!(out, "             {} line {}: {says}{more}", first.code, first.line)?;
    }
    if kinds.len() > KINDS {
        writeln!(out, "             and {} more kinds, at the end", kinds.len() - KINDS)?;
    }
    Ok(())
}
