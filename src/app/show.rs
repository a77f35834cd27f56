//! What was understood of runbooks and plan: `warroom show` as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::finding::{Finding, Level};
use crate::plan::Plan;
use crate::runbook::{At, Class, Runbook, Step, StepKind, Threshold};

/// The document of `warroom show --format json`.
pub fn json(books: &[Runbook], plan: &Plan, findings: &[Finding]) -> Value {
    let mut plan = serde_json::to_value(plan).unwrap_or_default();
    super::status::escape_strings(&mut plan);
    json!({ "runbooks": books, "plan": plan, "findings": findings })
}

/// The same as a briefing for people: what will be done, by whom, watched how; then what needs attention.
pub fn text(books: &[Runbook], plan: &Plan, findings: &[Finding]) -> String {
    let mut out = String::new();
    for book in books {
        // Writing to a String cannot fail.
        let _ = runbook(&mut out, book);
    }
    let _ = plan_text(&mut out, plan);
    let _ = findings_text(&mut out, findings);
    out
}

type Written = std::fmt::Result;

fn runbook(out: &mut String, book: &Runbook) -> Written {
    writeln!(out, "{}", book.title)?;
    writeln!(out, "{}  sha256 {}", crate::text::escape(&book.path), book.sha256.get(..12).unwrap_or(&book.sha256))?;
    if let Some(of) = &book.part_of {
        writeln!(out, "part of {}, linked in line {}", crate::text::escape(&of.path), of.line)?;
    }
    if book.repaired.is_some() {
        writeln!(out, "repaired: the text had been read as Mac Roman and saved again; shown as it was meant")?;
    }
    let boxes = book.items.iter().filter(|i| i.task).count();
    let ticked = book.items.iter().filter(|i| i.checked == Some(true)).count();
    writeln!(
        out,
        "{} steps ({boxes} boxes, {ticked} ticked) in {} phases · {} commands · {} thresholds · {} services · {} roles",
        book.steps.len(),
        book.phases.len(),
        book.commands.len(),
        book.thresholds.len(),
        book.services.len(),
        book.roles.len()
    )?;
    phases(out, book)?;
    if !book.gates.is_empty() {
        writeln!(out, "\nDecisions")?;
        for gate in &book.gates {
            writeln!(out, "  {:>5}  {}{}", gate.line, gate.title, at(gate.at.as_ref()))?;
            for text in &gate.criteria {
                writeln!(out, "           {text}")?;
            }
        }
    }
    if !book.thresholds.is_empty() {
        writeln!(out, "\nNumbers to hold against")?;
        for threshold in &book.thresholds {
            writeln!(out, "  {:>5}  {}", threshold.line, limit(threshold))?;
        }
    }
    if !book.services.is_empty() {
        writeln!(out, "\nServices")?;
        for service in &book.services {
            write!(out, "  {:>5}  {}", service.line, service.name)?;
            let url = service.url.as_ref().map(|u| format!("  {u}")).unwrap_or_default();
            let port = service.port.map(|p| format!("  port {p}")).unwrap_or_default();
            let health = service.health.as_ref().map(|h| format!("  health {h}")).unwrap_or_default();
            writeln!(out, "{url}{port}{health}")?;
        }
    }
    if !book.roles.is_empty() {
        writeln!(out, "\nRoles")?;
        for role in &book.roles {
            let person = role.person.as_ref().map_or_else(|| "nobody yet".to_owned(), ToString::to_string);
            let duty = if role.duty.raw().is_empty() { String::new() } else { format!(": {}", role.duty) };
            writeln!(out, "  {:>5}  {} ({person}){duty}", role.line, role.name)?;
        }
    }
    if !book.placeholders.is_empty() {
        writeln!(out, "\nTo be filled in")?;
        for placeholder in &book.placeholders {
            writeln!(out, "  {:>5}  {}{}", first(&placeholder.lines), placeholder.text, more(&placeholder.lines))?;
        }
    }
    if !book.not_understood.is_empty() {
        writeln!(out, "\nNot understood ({} of {} lines)", book.not_understood.len(), book.lines.len())?;
        for line in &book.not_understood {
            writeln!(out, "  {:>5}  {}", line.line, line.text)?;
        }
    }
    writeln!(out)
}

fn first(lines: &[u32]) -> u32 {
    lines.first().copied().unwrap_or(0)
}

fn more(lines: &[u32]) -> String {
    match lines.len() {
        0 | 1 => String::new(),
        n => format!("  and {} more", n - 1),
    }
}

/// Phases in document order with their steps; steps above the first heading come first.
fn phases(out: &mut String, book: &Runbook) -> Written {
    let loose: Vec<&Step> = book.steps.iter().filter(|s| s.phase_ix.is_none()).collect();
    if !loose.is_empty() {
        writeln!(out)?;
        steps(out, book, &loose)?;
    }
    let mut by_phase: Vec<Vec<&Step>> = vec![Vec::new(); book.phases.len()];
    for step in &book.steps {
        if let Some(slot) = step.phase_ix.and_then(|p| by_phase.get_mut(p as usize)) {
            slot.push(step);
        }
    }
    for (phase, own) in book.phases.iter().zip(&by_phase) {
        let estimate = phase.estimate.map(|e| format!(" · {}", length(e))).unwrap_or_default();
        writeln!(out, "\n{:>5}  {}{}{estimate}", phase.line, phase.title, at(phase.at.as_ref()))?;
        for ix in &phase.commands {
            command(out, book, *ix, 2)?;
        }
        for note in &phase.notes {
            writeln!(out, "  {:>5}    {}: {}", note.line, note.kind, note.text)?;
        }
        steps(out, book, own)?;
    }
    Ok(())
}

fn steps(out: &mut String, book: &Runbook, steps: &[&Step]) -> Written {
    for step in steps {
        let mark = match (step.checked, step.kind) {
            (Some(true), _) => "[x]",
            (Some(false), _) => "[ ]",
            (None, StepKind::Numbered) => " # ",
            (None, StepKind::Bullet) => " - ",
            (None, StepKind::Timeline) => " @ ",
            (None, StepKind::Substep | StepKind::Task) => " $ ",
        };
        let pad = 2 * step.depth.min(10) as usize;
        let role = step.role.as_ref().map(|r| format!(" · {r}")).unwrap_or_default();
        let estimate = step.estimate.map(|e| format!(" · {}", length(e))).unwrap_or_default();
        writeln!(out, "  {:>5}  {:pad$}{mark} {}{}{estimate}{role}", step.line, "", step.text, at(step.at.as_ref()))?;
        if step.kind != StepKind::Substep {
            for ix in &step.commands {
                command(out, book, *ix, pad + 4)?;
            }
        }
        for note in &step.notes {
            writeln!(out, "  {:>5}  {:pad$}      {}: {}", note.line, "", note.kind, note.text)?;
        }
    }
    Ok(())
}

fn command(out: &mut String, book: &Runbook, ix: u32, pad: usize) -> Written {
    let Some(command) = book.commands.get(ix as usize) else { return Ok(()) };
    let class = match command.class {
        Class::Read => "read",
        Class::Mutate => "CHANGES",
        Class::Danger => "DANGER",
        Class::Illustration => "shown",
    };
    let text = command.text.raw();
    let line = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or_default();
    let rest = text.lines().filter(|l| !l.trim().is_empty()).count().saturating_sub(1);
    let rest = if rest > 0 { format!("  (+{rest} lines)") } else { String::new() };
    writeln!(out, "  {:>5}  {:pad$}{class:<7} {}{rest}", command.line_start, "", crate::text::escape(line))
}

fn at(at: Option<&At>) -> String {
    match at {
        None => String::new(),
        Some(At::T { t }) => {
            let sign = if *t < 0 { '-' } else { '+' };
            let t = t.unsigned_abs();
            format!(" · T{sign}{:02}:{:02}:{:02}", t / 3600, t / 60 % 60, t % 60)
        }
        Some(At::Clock { clock, zone }) => {
            format!(" · {clock}{}", zone.as_ref().map(|z| format!(" {}", crate::text::escape(z))).unwrap_or_default())
        }
    }
}

fn length(seconds: u64) -> String {
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
    let relative = t.relative_to.as_ref().map(|r| format!(" × {r}")).unwrap_or_default();
    let held = t.for_s.map(|s| format!(" for {}", length(s))).unwrap_or_default();
    let severity = t.severity.as_ref().map(|s| format!(" → {s}")).unwrap_or_default();
    format!("{} {} {value}{space}{unit}{relative}{held}{severity}", t.metric, t.op)
}

fn plan_text(out: &mut String, plan: &Plan) -> Written {
    if plan.services.is_empty() && plan.metrics.is_empty() && plan.roles.is_empty() {
        return Ok(());
    }
    writeln!(out, "Plan {}", crate::text::escape(&plan.room.name))?;
    if let Some(t0) = plan.room.t0 {
        writeln!(out, "  T-0 {}", t0.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))?;
    }
    for role in &plan.roles {
        writeln!(
            out,
            "  role     {}: {}",
            crate::text::escape(&role.name),
            crate::text::escape(&role.people.join(", "))
        )?;
    }
    for service in &plan.services {
        let every = service.every.as_secs_f64();
        writeln!(
            out,
            "  service  {}  {} every {every} s",
            crate::text::escape(&service.name),
            crate::text::escape(&service.target)
        )?;
    }
    for metric in &plan.metrics {
        let objective = metric
            .objective
            .as_ref()
            .map(|o| format!("  objective {}", crate::text::escape(&o.text)))
            .unwrap_or_default();
        writeln!(
            out,
            "  metric   {} from {}{objective}",
            crate::text::escape(&metric.name),
            crate::text::escape(&metric.source)
        )?;
    }
    writeln!(out)
}

fn findings_text(out: &mut String, findings: &[Finding]) -> Written {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "Findings")?;
    for f in findings {
        let level = match f.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "info",
        };
        let file = crate::text::escape(&f.file);
        writeln!(out, "  {file}:{}:{}: {level} {}: {}", f.line, f.column, f.code, crate::text::escape(&f.message))?;
        if !f.help.is_empty() {
            writeln!(out, "    {}", crate::text::escape(&f.help))?;
        }
    }
    Ok(())
}
