//! Parameters and profile at the start: what the command line gives, what the journal has, and what a person is asked once.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context, bail};

use crate::cli;
use crate::fact::Fact;
use crate::finding::nearest;
use crate::journal;
use crate::plan::draft::is_secret;
use crate::plan::{Param, Plan};
use crate::room::Progress;
use crate::text::{Untrusted, escape};

/// Whether somebody can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// At this terminal, before the screen is taken.
    Here,
    /// Nobody is there; what is not known is an error that names it.
    Nobody,
    /// This process records nothing, so it asks nothing.
    Never,
}

impl Asking {
    /// Whether a person sits at standard input and sees standard error.
    fn at_terminal(read_only: bool) -> Self {
        let here = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        match () {
            () if read_only => Self::Never,
            () if here => Self::Here,
            () => Self::Nobody,
        }
    }
}

/// What is known at the start.
#[derive(Debug)]
pub struct Start {
    /// To be recorded.
    pub facts: Vec<Fact>,
    /// Every answer, old and new, by name.
    pub answers: BTreeMap<String, String>,
}

/// The facts to be recorded at the start: answers to parameters, each held against its `match`, and the profile.
pub fn at_start(plan: &Plan, seat: &cli::Seat, journal: &Path) -> anyhow::Result<Start> {
    let mut facts = Vec::new();
    let (given, profile, asking) = (&seat.params, seat.profile.as_deref(), Asking::at_terminal(seat.read_only));
    let given = given.iter().map(|pair| one(plan, pair)).collect::<anyhow::Result<BTreeMap<_, _>>>()?;
    let recorded = if plan.params.is_empty() && profile.is_none() { Progress::default() } else { recorded(journal) };
    let known = |name: &str| recorded.params.get(name).and_then(|(_, value)| value.as_ref()).map(Untrusted::raw);
    let mut unset = Vec::new();
    for param in plan.params.iter().filter(|p| p.value.is_none()) {
        if is_secret(&param.name) {
            let variable = param.name.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            bail!(
                "[params] {0} looks like a secret, and an answer is written into the journal; write {0} = {{ env = \"{variable}\" }}",
                escape(&param.name)
            );
        }
        // The plan may ask for something else by now: what no longer fits is asked for again.
        let known = known(&param.name).filter(|known| param.takes(known).is_ok());
        let answer = match (given.get(&param.name), known) {
            (Some(value), known) if known != Some(value) => Some(value.clone()),
            (Some(_), _) | (None, Some(_)) => continue,
            (None, None) if asking == Asking::Here => ask(param)?,
            (None, None) => None,
        };
        match answer {
            Some(value) => {
                facts.push(Fact::ParamSet { name: param.name.clone(), value: Some(Untrusted::new(value)) });
            }
            None => unset.push(param.name.as_str()),
        }
    }
    if asking == Asking::Nobody && !unset.is_empty() {
        let how: Vec<String> = unset.iter().map(|name| format!("--param {name}=…")).collect();
        bail!("the plan asks for {}, and nobody is here to ask; give {}", unset.join(", "), how.join(" "));
    }
    if let Some(name) = profile {
        if !plan.profiles.iter().any(|p| p.name == name) {
            let names = plan.profiles.iter().map(|p| p.name.as_str());
            bail!("there is no profile \"{}\"; {}", escape(name), near("profile", name, names));
        }
        if recorded.profile.as_ref().is_none_or(|(_, chosen)| chosen.as_deref() != Some(name)) {
            facts.push(Fact::ProfileChosen { profile: Some(name.to_owned()) });
        }
    }
    let mut answers: BTreeMap<String, String> = recorded.answers().collect();
    for fact in &facts {
        if let Fact::ParamSet { name, value: Some(value) } = fact {
            answers.insert(name.clone(), value.raw().to_owned());
        }
    }
    Ok(Start { facts, answers })
}

/// `name=value`, held against the plan.
fn one(plan: &Plan, pair: &str) -> anyhow::Result<(String, String)> {
    let (name, value) =
        pair.split_once('=').with_context(|| format!("--param {}: write it as name=value", escape(pair)))?;
    let Some(param) = plan.params.iter().find(|p| p.name == name) else {
        let names = plan.params.iter().map(|p| p.name.as_str());
        bail!("--param {}: the plan has no such parameter; {}", escape(name), near("parameter", name, names));
    };
    if param.value.is_some() {
        bail!(
            "--param {name}: the plan gives it its value already; take the value out of [params] if it should be asked for"
        );
    }
    if let Err(why) = param.takes(value) {
        bail!("--param {name}: {why}");
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn near<'a>(what: &str, name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if names.is_empty() => format!("the plan declares no {what}"),
        None => format!("there is {}", names.join(", ")),
    }
}

/// What was answered in this room before.
fn recorded(journal: &Path) -> Progress {
    let mut progress = Progress::default();
    if let Ok(entries) = journal::read_all(journal) {
        for entry in entries.map_while(Result::ok) {
            if matches!(entry.fact, Fact::ParamSet { .. } | Fact::ProfileChosen { .. } | Fact::RoomClosed { .. }) {
                progress.apply(&entry);
            }
        }
    }
    progress
}

/// Asks until the answer fits; an empty one leaves the parameter open, and what needs it waits.
fn ask(param: &Param) -> anyhow::Result<Option<String>> {
    let what = param.ask.as_deref().unwrap_or(&param.name);
    let hint = param.r#match.as_ref().map(|m| format!(", must match {}", escape(m))).unwrap_or_default();
    let stdin = std::io::stdin();
    loop {
        let mut err = std::io::stderr();
        write!(err, "{} ({}{hint}; empty leaves it open): ", escape(what), escape(&param.name))?;
        err.flush()?;
        let mut line = String::new();
        let read = std::io::Read::take(stdin.lock(), 4_096).read_line(&mut line)?;
        let value = line.trim();
        if read == 0 || value.is_empty() {
            return Ok(None);
        }
        match param.takes(value) {
            Ok(()) => return Ok(Some(value.to_owned())),
            Err(why) => writeln!(err, "  {}", escape(&why))?,
        }
    }
}
