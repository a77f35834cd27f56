//! `warroom init`: drafts a plan beside the runbook, shows a difference, and never overwrites unasked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::commands::{complain, say};
use super::{diff, parts};
use crate::cli;
use crate::files;
use crate::plan::draft::{self, Draft};
use crate::runbook::{self, Runbook};
use crate::text::escape;

/// Drafts the plan. Exit status 0: written, or the same stands there already; 1: another one stands there, and the difference was shown.
pub fn main(args: &cli::Init) -> anyhow::Result<ExitCode> {
    let (folder, out) = place(args)?;
    let books = args.runbooks.iter().map(|path| read(&folder, path)).collect::<anyhow::Result<Vec<_>>>()?;
    for (n, (book, _)) in books.iter().enumerate() {
        if books.iter().take(n).any(|(b, _)| b.path == book.path) {
            bail!("{} is named twice; each runbook belongs into the plan once", escape(&book.path));
        }
    }
    let followed = parts::follow(&folder, books);
    let draft = draft::draft(&followed.books);
    let shown = escape(&out.display().to_string());
    match standing(&out)? {
        Some(there) if there == draft.text.as_bytes() => {
            say(&format!("{shown} is what the runbook says; nothing to do"))?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(there) if !args.force => {
            let there = String::from_utf8_lossy(&there);
            say(diff::unified(&there, &draft.text, &shown, &format!("{shown} (drafted)")).trim_end())?;
            complain(&format!("{shown} stands there already and was not touched; --force writes it anew"));
            return Ok(ExitCode::from(1));
        }
        _ => {}
    }
    write(&out, draft.text.as_bytes(), args.force).with_context(|| shown.clone())?;
    say(&next(&shown, &draft))?;
    Ok(ExitCode::SUCCESS)
}

/// The plan's folder, made canonical, and its file. By default beside the runbook; beside several, in the folder that holds all.
fn place(args: &cli::Init) -> anyhow::Result<(PathBuf, PathBuf)> {
    if let Some(out) = &args.output {
        let name = out.file_name().with_context(|| format!("{}: name a file, as in -o warroom.toml", out.display()))?;
        let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = parent.canonicalize().with_context(|| parent.display().to_string())?;
        return Ok((folder, parent.join(name)));
    }
    let mut folder: Option<PathBuf> = None;
    for path in &args.runbooks {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = parent.canonicalize().with_context(|| path.display().to_string())?;
        folder = Some(match folder {
            None => parent,
            Some(all) => all.ancestors().find(|a| parent.starts_with(a)).unwrap_or(&all).to_owned(),
        });
    }
    let folder = folder.context("name a runbook, as in `warroom init go-live.md`")?;
    let here = Path::new(".").canonicalize().is_ok_and(|here| here == folder);
    let out = if here { PathBuf::from("warroom.toml") } else { folder.join("warroom.toml") };
    Ok((folder, out))
}

/// Reads a runbook by its path from the plan's folder.
fn read(folder: &Path, path: &Path) -> anyhow::Result<(Runbook, Arc<[u8]>)> {
    let shown = escape(&path.display().to_string());
    let real = path.canonicalize().with_context(|| shown.clone())?;
    let Ok(inside) = real.strip_prefix(folder) else {
        bail!(
            "{shown} is not under {}, where the plan will stand; a plan may only name files under its own folder",
            folder.display()
        );
    };
    let name = inside.to_str().with_context(|| format!("{shown}: its name is not UTF-8"))?;
    if path.extension().is_some_and(|e| e == "toml") {
        bail!("{shown} is a plan; name the runbook, a Markdown file");
    }
    let bytes = files::read_under(folder, name).with_context(|| shown.clone())?;
    Ok((runbook::read(name, &bytes)?, bytes.into()))
}

/// What stands where the plan will be written. A link is refused: what it leads to may be anything.
fn standing(out: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let shown = || escape(&out.display().to_string());
    match fs::symlink_metadata(out) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(shown),
        Ok(meta) if meta.is_symlink() => {
            bail!("{} is a link; name the file it leads to, or another one with -o", shown())
        }
        Ok(meta) if !meta.is_file() => bail!("{} is no ordinary file; name another one with -o", shown()),
        Ok(meta) if meta.len() > files::SIZE_CAP => {
            bail!("{} is too large to be a plan; name another file with -o", shown())
        }
        Ok(_) => Ok(Some(fs::read(out).with_context(shown)?)),
    }
}

/// All or nothing: into a new file beside it, then under its name. Without `force` a file that appeared meanwhile stays.
fn write(out: &Path, bytes: &[u8], force: bool) -> anyhow::Result<()> {
    let parent = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = parent.join(format!(".warroom-init-{}", uuid::Uuid::new_v4().simple()));
    let done = (|| {
        // Who may read what is replaced may read what replaces it, and nobody else, not for a moment.
        let kept = if force { fs::symlink_metadata(out).ok().map(|meta| meta.permissions()) } else { None };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if kept.is_some() {
            options.mode(0o600);
        }
        let mut file = options.open(&beside)?;
        if let Some(kept) = kept {
            file.set_permissions(kept)?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        if force {
            fs::rename(&beside, out)?;
        } else {
            // A link fails where something stands; a rename would replace it.
            fs::hard_link(&beside, out)?;
        }
        File::open(parent)?.sync_all()
    })();
    let _ = fs::remove_file(&beside); // after a rename it is gone already
    done.map_err(|e: io::Error| match e.kind() {
        io::ErrorKind::AlreadyExists => {
            anyhow::anyhow!("it appeared while it was drafted, and was not touched; run init again")
        }
        _ => e.into(),
    })
}

fn next(shown: &str, draft: &Draft) -> String {
    let entries: Vec<String> =
        draft.entries.iter().map(|(kind, n)| format!("{n} {kind}{}", if *n == 1 { "" } else { "s" })).collect();
    let found =
        if entries.is_empty() { "nothing that can be polled or judged yet".to_owned() } else { entries.join(", ") };
    let questions = match draft.questions {
        0 => "no question is open".to_owned(),
        1 => "1 question is open".to_owned(),
        n => format!("{n} questions are open"),
    };
    format!(
        "{shown} is written: {found}\n{questions}{}\n{}\n\nNext:\n  warroom check {shown}   mistakes, each with its place\n  warroom run {shown}     the war room; it works before every question is answered",
        if draft.questions == 0 {
            String::new()
        } else {
            format!("; each stands where it belongs: grep -n QUESTION {shown}")
        },
        draft::IN_FORCE
    )
}
