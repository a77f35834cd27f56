//! `warroom check` and `warroom explain`: the findings of plan and flight-check, as people and scripts read them.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use tokio::sync::mpsc;

use super::commands::{UNUSABLE, complain, say};
use super::setup::Setup;
use crate::check::{self, Accepted};
use crate::finding::{self, Level, Paint, Report, Source};
use crate::{cli, task};

/// Everything found in a setup, and what of it was accepted.
pub struct Checked {
    /// What counts.
    pub report: Report,
    /// What a comment accepts.
    pub accepted: Vec<Accepted>,
    /// Every file looked at, by name, with its text.
    files: Vec<(String, String)>,
}

impl Checked {
    /// The findings of loading the plan, and those of the flight-check.
    pub fn of(setup: &Setup) -> Self {
        let mut files: Vec<(String, String)> =
            setup.books.iter().map(|b| (setup.book_name(b), check::text_of(b))).collect();
        let planned = !setup.origin.text.is_empty();
        if planned {
            files.push((setup.plan_name(), setup.origin.text.clone()));
        }
        let sources: Vec<Source<'_>> = files.iter().map(|(file, text)| Source { file, text }).collect();
        let runbooks: Vec<_> = setup.books.iter().zip(sources.iter().copied()).collect();
        let plan = if planned { sources.last().map(|source| (&setup.plan, *source)) } else { None };
        let mut findings = setup.findings.clone();
        let rules = setup.origin.rules();
        for finding in &mut findings {
            // The plan knows a runbook by the name it gives it.
            if let Some(book) = setup.books.iter().find(|b| b.path == finding.file) {
                finding.file = setup.book_name(book);
            } else if let Some(rules) = rules.iter().find(|r| r.path == finding.file) {
                finding.file = setup.rules_name(rules);
            }
        }
        let input = check::Input { runbooks: &runbooks, missing: &setup.missing, plan };
        let mut all = check::flight_check(&input);
        all.append(&mut findings);
        let judged = check::judge(all, &sources);
        files.extend(rules.iter().map(|r| (setup.rules_name(r), r.text.clone())));
        Self { report: Report::new(judged.findings), accepted: judged.accepted, files }
    }

    /// Every finding with its lines, and the sum.
    pub fn text(&self, paint: Paint) -> String {
        let mut out = String::new();
        for finding in &self.report.findings {
            let text = self.files.iter().find(|(file, _)| *file == finding.file).map_or("", |(_, text)| text);
            out.push_str(&finding::render(finding, text, paint));
            out.push('\n');
        }
        out.push_str(&self.summary());
        out
    }

    /// `1 error, 3 warnings, 2 notes, 1 accepted in go-live.md`.
    pub fn summary(&self) -> String {
        let notes = self.report.findings.iter().filter(|f| f.level == Level::Info).count();
        let counts = [
            (self.report.errors, "error", "errors"),
            (self.report.warnings, "warning", "warnings"),
            (notes, "note", "notes"),
            (self.accepted.len(), "accepted", "accepted"),
        ];
        let said: Vec<String> = counts
            .iter()
            .filter(|(n, ..)| *n > 0)
            .map(|(n, one, many)| format!("{n} {}", if *n == 1 { one } else { many }))
            .collect();
        let files = self.files.iter().map(|(file, _)| crate::text::escape(file)).collect::<Vec<_>>().join(", ");
        let said = match said.as_slice() {
            [] => "no mistakes found".to_owned(),
            [only] if only.ends_with("accepted") => format!("no mistakes found, {only}"),
            _ => said.join(", "),
        };
        if files.is_empty() { said } else { format!("{said} in {files}") }
    }
}

/// `warroom check`.
pub fn main(args: &cli::Show) -> anyhow::Result<ExitCode> {
    let checked = Checked::of(&Setup::read(args.plan.as_deref())?);
    match args.format {
        cli::Format::Json => say(&serde_json::to_string_pretty(&checked.report)?)?,
        cli::Format::Text => say(checked.text(paint()).trim_end())?,
    }
    Ok(ExitCode::from(u8::from(checked.report.failed())))
}

/// What somebody should know of a room that opens all the same, in one sentence on `out`; nothing when all is well. Found
/// beside the loop: the first frame does not wait for it.
pub fn announce(setup: Setup, out: mpsc::Sender<String>) {
    let look = move || {
        let checked = Checked::of(&setup);
        let any = checked.report.errors + checked.report.warnings > 0;
        any.then(|| format!("flight-check: {}; `warroom check` shows them", checked.summary()))
    };
    task::blocking("flight-check", look, move |found| {
        // The lane holds one, and this is the only one; nobody listens any more only when the loop has ended.
        match found {
            Ok(Some(found)) => drop(out.try_send(found)),
            Ok(None) => {}
            Err(panic) => tracing::error!(task = %panic.task, "{}", panic.message),
        }
    });
}

/// `warroom explain`: one code, or all of them with their meaning.
pub fn explain(code: Option<&str>) -> anyhow::Result<ExitCode> {
    let Some(asked) = code else {
        let mut out = String::new();
        for code in finding::codes::ALL {
            let _ = writeln!(out, "{}  {:7}  {}", code.id, code.level.name(), code.meaning);
        }
        say(out.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(text) = finding::explain(asked) {
        say(text.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let near = finding::nearest(&asked.to_uppercase(), finding::codes::ALL.iter().map(|c| c.id));
    let hint =
        near.map_or_else(|| "`warroom explain` lists them all".to_owned(), |near| format!("did you mean {near}?"));
    complain(&format!("warroom: there is no finding \"{}\"; {hint}", crate::text::escape(asked)));
    Ok(ExitCode::from(UNUSABLE))
}

/// Colour for a person at a terminal who has not asked for none.
fn paint() -> Paint {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|t| t == "dumb");
    if std::io::stdout().is_terminal() && !set("NO_COLOR") && !dumb { Paint::Colour } else { Paint::Plain }
}
