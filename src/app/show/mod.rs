//! What was understood of runbooks and plan: `warroom show` as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::finding::{Finding, Level};
use crate::plan::Plan;
use crate::runbook::Runbook;

mod brief;
mod glance;

/// The document of `warroom show --format json`.
pub fn json(books: &[Runbook], plan: &Plan, findings: &[Finding]) -> Value {
    let mut plan = serde_json::to_value(plan).unwrap_or_default();
    super::status::escape_strings(&mut plan);
    // A step has the commands that it runs in the room, wherever their fences stand.
    let mut books = books.to_vec();
    books.iter_mut().for_each(Runbook::adopt_fences);
    json!({ "runbooks": books, "plan": plan, "findings": findings })
}

/// The same as a briefing for people: what will be done, by whom, watched how; then what needs attention.
pub fn text(books: &[Runbook], plan: &Plan, findings: &[Finding]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = glance::all(&mut out, books, plan, findings);
    for book in books {
        let _ = brief::runbook(&mut out, book);
    }
    let _ = plan_text(&mut out, plan);
    let _ = findings_text(&mut out, findings);
    out
}

type Written = std::fmt::Result;

fn plan_text(out: &mut String, plan: &Plan) -> Written {
    if plan.services.is_empty() && plan.metrics.is_empty() && plan.roles.is_empty() && plan.slos.is_empty() {
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
        // The address of a plain call says what it is.
        let kind = if service.kind == "http" { String::new() } else { format!("{} ", service.kind) };
        let version = service.target_version.as_deref().map(|v| format!("  version {}", crate::text::escape(v)));
        writeln!(
            out,
            "  service  {}  {kind}{} every {every} s{}",
            crate::text::escape(&service.name),
            crate::text::escape(&service.target),
            version.unwrap_or_default()
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
    for slo in &plan.slos {
        let spend = slo.spend.map(|n| format!(", this cutover may spend {n}")).unwrap_or_default();
        writeln!(
            out,
            "  slo      {} {} over {} from {}{spend}",
            crate::text::escape(&slo.name),
            crate::text::escape(&slo.target),
            crate::clock::duration_text(slo.period),
            crate::text::escape(&slo.source)
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
