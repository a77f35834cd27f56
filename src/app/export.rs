//! `warroom export`: the journal as JSON lines, and the runbooks as they were executed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::commands::{complain, is_journal, newest, say};
use super::setup::Setup;
use crate::cli::{self, ExportFormat};
use crate::fact::{Entry, Fact, StepId};
use crate::journal;
use crate::plan::Plan;
use crate::report::{self, Executed, Lost, Rest, Variant};
use crate::room::profile::{leaves_under, left_out};
use crate::room::{Book, Loaded, Progress};
use crate::runbook::{self, Runbook};
use crate::text::escape;

/// Of so many earlier runbooks the words of lost steps are looked up.
const EARLIER: usize = 1_000;

/// Exports a journal.
pub fn main(args: &cli::Export) -> anyhow::Result<ExitCode> {
    let path = newest(args.journal.as_deref())?;
    let files = match args.format {
        ExportFormat::Jsonl if args.output.is_none() => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            journal::export_jsonl(&path, &mut out)?;
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
        ExportFormat::Jsonl => {
            let mut bytes = Vec::new();
            journal::export_jsonl(&path, &mut bytes)?;
            vec![("entries.jsonl".to_owned(), bytes)]
        }
        ExportFormat::Md => executed(args.journal.as_deref(), &path)?,
    };
    match &args.output {
        None => print(&files)?,
        Some(out) if files.len() == 1 && !out.is_dir() => {
            let (_, bytes) = files.first().context("there is nothing to write")?;
            write(out, bytes)?;
        }
        Some(folder) => write_all(folder, &files)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Each runbook of the journal with what was done: path and bytes.
fn executed(named: Option<&Path>, path: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut progress = Progress::default();
    let mut notes: Vec<Arc<Entry>> = Vec::new();
    let mut earlier: Vec<(String, String)> = Vec::new();
    for entry in journal::read_all(path)? {
        let entry = entry?;
        if let Fact::RunbookLoaded { hashes, paths, .. } = &entry.fact {
            earlier.extend(hashes.iter().zip(paths).map(|(hash, path)| (hash.clone(), path.clone())));
        }
        if report::of_the_room(&entry.fact) {
            notes.push(Arc::clone(&entry));
        }
        progress.apply(&entry);
    }
    notes.sort_by_key(|entry| entry.stamp);
    let Some(Loaded { hashes, paths, .. }) = &progress.loaded else {
        bail!("{}: no runbook was read in this room yet", escape(&path.display().to_string()));
    };
    let texts = texts(named, path, hashes, paths)?;
    let books = texts.iter().map(|(name, bytes)| runbook::read(name, bytes)).collect::<Result<Vec<Runbook>, _>>()?;
    // Where the profile's headings stand is looked up in what was executed.
    let planned = plan_of(named, &books);
    let book = Book::new(books);
    let lost = lost(path, &book, &progress, &earlier);
    let chosen = match &progress.profile {
        Some((_, chosen)) => chosen.clone(),
        None => planned.as_ref().and_then(|plan| plan.room.profile.clone()),
    };
    let profile = planned.as_ref().and_then(|plan| plan.profiles.iter().find(|p| Some(&p.name) == chosen.as_ref()));
    let leaves_out = profile.map(|profile| left_out(&book, profile));
    let variant = chosen.as_deref().map(|name| Variant { name, leaves_out: leaves_out.as_ref() });
    let (at, notes) = placed(notes.iter().map(Arc::as_ref), planned.as_ref(), &book);
    let mut out = Vec::new();
    for (n, (runbook, (name, bytes))) in book.runbooks.iter().zip(&texts).enumerate() {
        // What belongs to no step stands in the first runbook.
        let rest = (n == 0).then_some(Rest { notes: &notes, lost: &lost });
        let of = Executed { book: &book, progress: &progress, at: &at, rest, variant };
        out.push((name.clone(), report::executed(bytes, runbook, of)?));
    }
    Ok(out)
}

/// Entries with the step that each belongs to, and those that belong to none: a gate is decided at the step it names or behind the
/// last one of its section, and a way back is armed and fired before its first. Only the plan says where that is.
fn placed<'e>(
    entries: impl Iterator<Item = &'e Entry>,
    plan: Option<&Plan>,
    book: &Book,
) -> (Vec<(StepId, &'e Entry)>, Vec<&'e Entry>) {
    let (mut at, mut rest) = (Vec::new(), Vec::new());
    for entry in entries {
        let place = plan.and_then(|plan| match &entry.fact {
            Fact::GateVoted { gate, .. } | Fact::GateDecided { gate, .. } | Fact::GateReopened { gate, .. } => {
                plan.gates.iter().find(|g| g.name == gate.raw())?.at.as_ref()
            }
            Fact::RollbackMoved { plan: of, .. } | Fact::RollbackVetoed { plan: of, .. } => {
                Some(&plan.rollbacks.iter().find(|r| r.name == of.raw())?.steps)
            }
            _ => None,
        });
        let back = matches!(entry.fact, Fact::RollbackMoved { .. } | Fact::RollbackVetoed { .. });
        let steps = place.map(|place| leaves_under(book, place)).unwrap_or_default();
        let step = if back { steps.first() } else { steps.last() };
        match step {
            Some(step) => at.push((step.id.clone(), entry)),
            None => rest.push(entry),
        }
    }
    (at, rest)
}

/// The plan, where it is at hand rather than its journal alone.
fn plan_of(named: Option<&Path>, books: &[Runbook]) -> Option<Plan> {
    if named.is_some_and(is_journal) {
        return None;
    }
    let setup = Setup::peek(named).ok().filter(|setup| !setup.origin.text.is_empty())?;
    Some(setup.origin.plan(books, &BTreeMap::new()).plan)
}

/// Steps of which something is recorded and that no runbook has any more, with the words of the newest runbook that had them.
fn lost(path: &Path, book: &Book, progress: &Progress, earlier: &[(String, String)]) -> Vec<Lost> {
    let known = |id: &StepId| book.find(id).is_some() || progress.added.values().any(|a| a.step == *id);
    let touched = progress.touched().map(|(id, _)| id);
    let behind = progress.added.values().filter_map(|added| added.after.as_ref());
    let gone: BTreeSet<&StepId> = touched.chain(behind).filter(|id| !known(id)).collect();
    let mut out: Vec<Lost> = gone.into_iter().map(|id| Lost { step: id.clone(), words: None }).collect();
    let mut looked = BTreeSet::new();
    for (hash, name) in earlier.iter().rev() {
        if out.iter().all(|lost| lost.words.is_some()) || looked.len() >= EARLIER {
            break;
        }
        if !looked.insert((hash, name)) {
            continue;
        }
        // What is not kept, or cannot be read, tells nothing; the step is then named by its identity.
        let Some(bytes) = journal::kept_text(path, hash).ok().flatten() else { continue };
        let Ok(before) = runbook::read(name, &bytes).map(|book| Book::new(vec![book])) else { continue };
        for lost in out.iter_mut().filter(|lost| lost.words.is_none()) {
            lost.words = before.find(&lost.step).map(|step| step.text.clone());
        }
    }
    out
}

/// The runbooks' bytes as they were when they were read: out of the journal, else from disk where they still have the same hash.
fn texts(
    named: Option<&Path>,
    path: &Path,
    hashes: &[String],
    paths: &[String],
) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut on_disk: Option<BTreeMap<String, (String, Vec<u8>)>> = None;
    let mut out = Vec::new();
    for (n, hash) in hashes.iter().enumerate() {
        let kept = journal::kept_text(path, hash)?;
        let (name, bytes) = match (paths.get(n), kept) {
            (Some(name), Some(bytes)) => (name.clone(), bytes),
            (name, kept) => {
                let found = on_disk.get_or_insert_with(|| read_again(named)).get(hash).cloned();
                match (found, name, kept) {
                    (Some(found), ..) => found,
                    (None, _, Some(bytes)) => (format!("runbook-{}.md", n + 1), bytes),
                    (None, name, None) => bail!(
                        "{}: the journal holds no copy of {}, and no file here is the one that was read (SHA-256 {}…); name the plan instead of the journal",
                        escape(&path.display().to_string()),
                        escape(name.map_or("its runbook", String::as_str)),
                        hash.get(..12).unwrap_or_default()
                    ),
                }
            }
        };
        out.push((name, bytes));
    }
    Ok(out)
}

/// The runbooks of the plan as they stand, by hash.
fn read_again(named: Option<&Path>) -> BTreeMap<String, (String, Vec<u8>)> {
    let Ok(setup) = Setup::peek(named) else { return BTreeMap::new() };
    let texts = setup.books.iter().zip(&setup.texts);
    texts.map(|(book, text)| (book.sha256.clone(), (book.path.clone(), text.to_vec()))).collect()
}

/// Several follow each other, each behind a comment with its name.
fn print(files: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut all = || -> std::io::Result<()> {
        for (name, bytes) in files {
            if files.len() > 1 {
                writeln!(out, "<!-- {} -->", escape(name).replace("--", "- -"))?;
            }
            out.write_all(bytes)?;
        }
        out.flush()
    };
    match all() {
        // The reader has seen enough.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Writes a file where none stands: never over a runbook, and never through a link.
fn write(out: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let shown = escape(&out.display().to_string());
    let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = parent.join(format!(".warroom-export-{}", uuid::Uuid::new_v4().simple()));
    let done = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::hard_link(&beside, out)
    })();
    let _ = fs::remove_file(&beside); // the name that counts is the other one
    match done {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("{shown} stands there already and was not touched; name another file")
        }
        other => other.with_context(|| shown.clone())?,
    }
    say(&format!("{shown} is written"))
}

fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
    if !folder.is_dir() {
        bail!(
            "{}: {} runbooks were executed; make a folder of this name, and each is written into it",
            escape(&folder.display().to_string()),
            files.len()
        );
    }
    for (name, bytes) in files {
        // A name out of a journal that may be anybody's: no way up, no absolute path.
        let inside: PathBuf = Path::new(name).components().filter(|c| matches!(c, Component::Normal(_))).collect();
        let out = folder.join(inside);
        if let Some(parent) = out.parent() {
            let shown = || escape(&parent.display().to_string());
            fs::create_dir_all(parent).with_context(shown)?;
            if !parent.canonicalize().with_context(shown)?.starts_with(folder.canonicalize().with_context(shown)?) {
                bail!("{} leads out of the folder; name another one", shown());
            }
        }
        write(&out, bytes)?;
    }
    if files.is_empty() {
        complain("there is nothing to write");
    }
    Ok(())
}
