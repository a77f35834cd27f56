//! A runbook as a briefing of a screen or two: when what is done, what will be run, what decides, who, and what is open.

use std::fmt::Write as _;

use super::Written;
use crate::runbook::{At, Class, Command, Contact, Phase, Runbook, Standing, Threshold, WayKind};
use crate::text::{Untrusted, escape};

/// Lines are broken here.
const WIDTH: usize = 100;

/// More commands than this are counted, not listed.
const COMMANDS: usize = 24;

/// More lines than this that nobody understood are counted, not listed.
const LINES: usize = 20;

/// Writes the briefing.
pub(super) fn runbook(out: &mut String, book: &Runbook) -> Written {
    head(out, book)?;
    phases(out, book)?;
    commands(out, book)?;
    decisions(out, book)?;
    numbers(out, book)?;
    watching(out, book)?;
    places(out, book)?;
    people(out, book)?;
    open(out, book)?;
    writeln!(out)
}

fn head(out: &mut String, book: &Runbook) -> Written {
    writeln!(out, "{}", book.title)?;
    let sha = book.sha256.get(..12).unwrap_or(&book.sha256);
    writeln!(out, "{} · {} lines · sha256 {sha}", escape(&book.path), book.lines.len())?;
    if let Some(of) = &book.part_of {
        writeln!(out, "part of {}, linked in line {}", escape(&of.path), of.line)?;
    }
    if book.repaired.is_some() {
        writeln!(out, "repaired: the text had been read as Mac Roman and saved again; shown as it was meant")?;
    }
    let boxes = book.items.iter().filter(|i| i.task).count();
    let ticked = book.items.iter().filter(|i| i.checked == Some(true)).count();
    // A step with steps in it is ticked by ticking those.
    let groups: std::collections::HashSet<_> = book.steps.iter().filter_map(|s| s.parent.as_ref()).collect();
    let leaves = book.steps.iter().filter(|s| !groups.contains(&s.id)).count();
    let to_tick = if groups.is_empty() { String::new() } else { format!(" ({leaves} to tick)") };
    let inline = book
        .steps
        .iter()
        .filter(|s| book.lines.get(s.line as usize - 1).is_some_and(|l| command_in_line(l.raw())))
        .count();
    let inline = match inline {
        0 => String::new(),
        n => format!(" in fences ({} with code in the line, not counted)", plural(n, "step")),
    };
    writeln!(
        out,
        "{}{to_tick}, {boxes} of them boxes ({ticked} ticked) · {}{inline} · {} · {} · {}",
        plural(book.steps.len(), "step"),
        plural(book.commands.len(), "command"),
        plural(book.thresholds.len(), "limit"),
        plural(book.services.len(), "service"),
        plural(book.roles.len(), "role")
    )
}

/// Whether a line has code of several words between backticks, as in "run `make deploy`".
fn command_in_line(line: &str) -> bool {
    line.split('`').skip(1).step_by(2).any(|code| code.trim().contains(' '))
}

/// One line for each phase: its line, when, how long, how much.
fn phases(out: &mut String, book: &Runbook) -> Written {
    if book.phases.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nPhases")?;
    let when: Vec<String> = book.phases.iter().map(moment).collect();
    let widest = when.iter().map(|w| w.chars().count()).max().unwrap_or(0).min(24);
    let shallow = book.phases.iter().map(|p| p.level).min().unwrap_or(1);
    for (phase, when) in book.phases.iter().zip(when) {
        let pad = 2 * usize::from(phase.level - shallow);
        let mut counts = Vec::new();
        if let Some(seconds) = phase.estimate {
            counts.push(length(seconds));
        }
        if phase.steps > 0 {
            counts.push(plural(phase.steps as usize, "step"));
        }
        let run = phase.commands.iter().filter_map(|c| book.commands.get(*c as usize));
        let run = run.filter(|c| c.class != Class::Illustration).count();
        if run > 0 {
            counts.push(plural(run, "command"));
        }
        let counts = if counts.is_empty() { String::new() } else { format!(" · {}", counts.join(" · ")) };
        writeln!(out, "  {:>5}  {when:widest$}  {:pad$}{}{counts}", phase.line, "", phase.title)?;
    }
    Ok(())
}

pub(super) fn moment(phase: &Phase) -> String {
    let mut when = at(phase.at.as_ref());
    if let Some(clock) = &phase.clock {
        when.push(' ');
        when.push_str(&at(Some(clock)));
    }
    when
}

/// What will be run, the gravest first; what only looks is counted.
fn commands(out: &mut String, book: &Runbook) -> Written {
    let of = |class| book.commands.iter().filter(move |c| c.class == class);
    let (danger, mutate) = (of(Class::Danger).count(), of(Class::Mutate).count());
    let read = of(Class::Read).count();
    if danger + mutate + read == 0 {
        return Ok(());
    }
    let unsure = of(Class::Mutate).filter(|c| c.guessed()).count();
    let unsure = if unsure > 0 { format!(", {unsure} of them perhaps") } else { String::new() };
    writeln!(out, "\nWhat will be run ({danger} dangerous, {mutate} changing{unsure}, {read} only looking)")?;
    let mut shown: Vec<&Command> = of(Class::Danger).chain(of(Class::Mutate)).collect();
    let more = shown.len().saturating_sub(COMMANDS);
    shown.truncate(COMMANDS);
    for command in shown {
        let class = match command.class {
            Class::Danger => "DANGER ",
            _ if command.guessed() => "unknown",
            _ => "changes",
        };
        writeln!(out, "  {:>5}  {class}  {}", command.line_start, command.reason)?;
    }
    if more > 0 {
        writeln!(out, "         and {more} more that change something or may")?;
    }
    let lines: Vec<String> = of(Class::Read).map(|c| c.line_start.to_string()).collect();
    if !lines.is_empty() {
        wrapped(out, "         only looks: lines", &lines, ",")?;
    }
    Ok(())
}

fn decisions(out: &mut String, book: &Runbook) -> Written {
    if book.gates.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nDecisions")?;
    for gate in &book.gates {
        let when = gate.at.as_ref().map(|a| format!(" · {}", at(Some(a)))).unwrap_or_default();
        let none = if gate.criteria.is_empty() { " · no criteria" } else { "" };
        writeln!(out, "  {:>5}  {}{when}{none}", gate.line, gate.title)?;
        let texts: Vec<String> = gate.criteria.iter().map(ToString::to_string).collect();
        wrapped(out, "         ", &texts, ";")?;
    }
    Ok(())
}

/// Limits by the heading they stand under, each with its line.
fn numbers(out: &mut String, book: &Runbook) -> Written {
    if book.thresholds.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nNumbers to hold against")?;
    let mut rest = &book.thresholds[..];
    while let Some(first) = rest.first() {
        let same = |t: &Threshold| t.under.as_ref().map(Untrusted::raw) == first.under.as_ref().map(Untrusted::raw);
        let len = rest.iter().take_while(|t| same(t)).count();
        let (here, after) = rest.split_at(len);
        rest = after;
        if let Some(under) = &first.under {
            writeln!(out, "  {under}")?;
        }
        let limits: Vec<String> = here.iter().map(|t| format!("{} (line {})", limit(t), t.line)).collect();
        wrapped(out, "         ", &limits, ";")?;
    }
    Ok(())
}

fn watching(out: &mut String, book: &Runbook) -> Written {
    if !book.windows.is_empty() {
        writeln!(out, "\nWatching")?;
    }
    for window in &book.windows {
        let when = window.at.as_ref().map(|a| format!(" · {}", at(Some(a)))).unwrap_or_default();
        let long = window.length.map(|l| format!(" · {}", length(l))).unwrap_or_default();
        let mut every: Vec<u64> = window.checks.iter().map(|c| c.every).collect();
        every.dedup();
        let every: Vec<String> = every.iter().map(|e| length(*e)).collect();
        let every = if every.is_empty() { String::new() } else { format!(" · every {}", every.join(", ")) };
        writeln!(out, "  {:>5}  {}{when}{long}{every}", window.line, window.title)?;
    }
    if !book.ladders.is_empty() {
        writeln!(out, "\nRollout")?;
    }
    for ladder in &book.ladders {
        let stages: Vec<String> = ladder
            .stages
            .iter()
            .map(|s| {
                let who = match (s.percent, &s.cohort) {
                    (Some(p), Some(who)) => format!("{p}% {who}"),
                    (Some(p), None) => format!("{p}%"),
                    (None, Some(who)) => who.to_string(),
                    (None, None) => String::new(),
                };
                let when = s.at.as_ref().map(|a| format!(" at {}", at(Some(a)))).unwrap_or_default();
                let dwell = s.dwell.map(|d| format!(" for {}", length(d))).unwrap_or_default();
                format!("{who}{when}{dwell}")
            })
            .collect();
        writeln!(out, "  {:>5}  {}", ladder.line, ladder.title)?;
        wrapped(out, "         ", &stages, " →")?;
    }
    if !book.flags.is_empty() {
        writeln!(out, "\nFlags")?;
    }
    for flag in &book.flags {
        let changes: Vec<String> = flag
            .changes
            .iter()
            .map(|c| {
                let state = match c.enabled {
                    Some(true) => "on",
                    Some(false) => "off",
                    None => "set",
                };
                let percent = c.percent.map(|p| format!(" {p}%")).unwrap_or_default();
                format!("{state}{percent} (line {})", c.line)
            })
            .collect();
        let changes = if changes.is_empty() { String::new() } else { format!(": {}", changes.join(", ")) };
        writeln!(out, "  {:>5}  {}{changes}", flag.line, flag.name)?;
    }
    Ok(())
}

fn places(out: &mut String, book: &Runbook) -> Written {
    if !book.services.is_empty() {
        writeln!(out, "\nServices")?;
    }
    for service in &book.services {
        let url = service.url.as_ref().map(|u| format!("  {u}")).unwrap_or_default();
        let port = service.port.map(|p| format!("  port {p}")).unwrap_or_default();
        let health = service.health.as_ref().map(|h| format!("  health {h}")).unwrap_or_default();
        let expects = service.expects.as_ref().map(|e| format!("  expects {e}")).unwrap_or_default();
        writeln!(out, "  {:>5}  {}{url}{port}{health}{expects}", service.line, service.name)?;
    }
    if !book.environments.is_empty() {
        writeln!(out, "\nEnvironments")?;
    }
    for environment in &book.environments {
        let url = environment.url.as_ref().map(|u| format!("  {u}")).unwrap_or_default();
        writeln!(out, "  {:>5}  {}{url}", environment.line, environment.name)?;
    }
    Ok(())
}

fn people(out: &mut String, book: &Runbook) -> Written {
    if !book.roles.is_empty() {
        writeln!(out, "\nPeople")?;
    }
    for role in &book.roles {
        let person = role.person.as_ref().map_or_else(|| "nobody yet".to_owned(), ToString::to_string);
        let duty = if role.duty.raw().is_empty() { String::new() } else { format!(": {}", role.duty) };
        let contact = book.contacts.iter().find(|c| c.line == role.line);
        let ways: Vec<String> = contact.iter().flat_map(|c| given(c)).collect();
        let ways = if ways.is_empty() { String::new() } else { format!("  {}", ways.join(", ")) };
        writeln!(out, "  {:>5}  {} ({person}){duty}{ways}", role.line, role.name)?;
    }
    let reached: Vec<(&Contact, Vec<String>)> = book
        .contacts
        .iter()
        .filter(|c| book.roles.iter().all(|r| r.line != c.line))
        .map(|c| (c, given(c)))
        .filter(|(_, ways)| !ways.is_empty())
        .collect();
    if !reached.is_empty() {
        writeln!(out, "\nHow they are reached")?;
    }
    for (contact, ways) in reached {
        writeln!(out, "  {:>5}  {}: {}", contact.line, contact.name, ways.join(", "))?;
    }
    Ok(())
}

/// The ways to reach somebody that are filled in, but for the person's name.
fn given(contact: &Contact) -> Vec<String> {
    let known = contact.ways.iter().filter(|w| w.standing == Standing::Given && w.kind != WayKind::Person);
    known.map(|w| w.text.to_string()).collect()
}

/// What somebody has to fill in, and what nobody understood.
fn open(out: &mut String, book: &Runbook) -> Written {
    let missing: Vec<String> = book
        .contacts
        .iter()
        .filter(|c| c.ways.iter().any(|w| w.standing == Standing::Open))
        .map(|c| format!("{} (line {})", c.name, c.line))
        .collect();
    if !book.placeholders.is_empty() || !missing.is_empty() {
        writeln!(out, "\nStill open")?;
    }
    for placeholder in &book.placeholders {
        let more = match placeholder.lines.len() {
            0 | 1 => String::new(),
            n => format!("  and {} more", n - 1),
        };
        writeln!(out, "  {:>5}  {}{more}", placeholder.lines.first().copied().unwrap_or(0), placeholder.text)?;
    }
    if !missing.is_empty() {
        wrapped(out, "         how to reach", &missing, ",")?;
    }
    if !book.not_understood.is_empty() {
        writeln!(out, "\nNot understood ({} of {} lines)", book.not_understood.len(), book.lines.len())?;
    }
    for line in book.not_understood.iter().take(LINES) {
        writeln!(out, "  {:>5}  {}", line.line, line.text)?;
    }
    let more = book.not_understood.len().saturating_sub(LINES);
    if more > 0 {
        writeln!(out, "         and {more} more lines")?;
    }
    Ok(())
}

/// Writes texts one after the other, broken between them.
pub(super) fn wrapped(out: &mut String, lead: &str, texts: &[String], between: &str) -> Written {
    if texts.is_empty() {
        return Ok(());
    }
    let mut width = lead.chars().count();
    write!(out, "{lead}")?;
    for (i, text) in texts.iter().enumerate() {
        let comma = if i + 1 < texts.len() { between } else { "" };
        let len = text.chars().count() + comma.chars().count() + 1;
        if width + len > WIDTH && width > 11 {
            write!(out, "\n         ")?;
            width = 9;
        }
        let gap = if width == 9 { "" } else { " " };
        write!(out, "{gap}{text}{comma}")?;
        width += len;
    }
    writeln!(out)
}

pub(super) fn plural(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

pub(super) fn at(at: Option<&At>) -> String {
    match at {
        None => String::new(),
        Some(At::T { t }) => {
            let sign = if *t < 0 { '-' } else { '+' };
            let t = t.unsigned_abs();
            format!("T{sign}{:02}:{:02}:{:02}", t / 3600, t / 60 % 60, t % 60)
        }
        Some(At::Clock { clock, zone }) => {
            format!("{clock}{}", zone.as_ref().map(|z| format!(" {}", escape(z))).unwrap_or_default())
        }
    }
}

pub(super) fn length(seconds: u64) -> String {
    match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => format!("{} d", s / 86_400),
        s if s >= 3600 && s % 3600 == 0 => format!("{} h", s / 3600),
        s if s >= 60 && s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

fn limit(t: &Threshold) -> String {
    let unit = t.unit.as_deref().unwrap_or_default();
    let value = match t.value.as_array().map(Vec::as_slice) {
        Some([low, high]) => format!("{low} to {high}"),
        _ => t.value.to_string(),
    };
    let space = if unit.is_empty() || unit == "%" || unit.starts_with('/') { "" } else { " " };
    let relative = match t.relative_to.as_deref() {
        Some(to) if unit == "%" => format!(" of {to}"),
        Some(to) => format!(" × {to}"),
        None => String::new(),
    };
    let held = t.for_s.map(|s| format!(" for {}", length(s))).unwrap_or_default();
    let severity = t.severity.as_ref().map(|s| format!(" → {s}")).unwrap_or_default();
    format!("{} {} {value}{space}{unit}{relative}{held}{severity}", t.metric, t.op)
}
