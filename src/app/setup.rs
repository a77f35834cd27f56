//! From a PLAN argument to a plan, its runbooks and what is wrong with them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::parts::{self, Followed};
use crate::check::MissingPart;
use crate::finding::{Finding, Level};
use crate::plan::rules::{self, RuleText};
use crate::plan::{self, Plan};
use crate::runbook::{self, Runbook};
use crate::{files, finding};

/// What a PLAN argument led to.
#[derive(Debug)]
pub struct Setup {
    /// The folder everything is relative to.
    pub root: PathBuf,
    /// The plan file, or the runbook where there is none.
    pub path: PathBuf,
    /// The plan file's text; empty without one.
    pub text: String,
    /// The plan.
    pub plan: Plan,
    /// The runbooks it names.
    pub books: Vec<Runbook>,
    /// The runbooks' bytes, in the same order.
    pub texts: Vec<Arc<[u8]>>,
    /// Links of runbooks to parts that could not be read.
    pub missing: Vec<MissingPart>,
    /// The Prometheus rule files that sources of the plan name.
    pub rules: Vec<RuleText>,
    /// What is wrong with them; one of level error means that the plan must not be used.
    pub findings: Vec<Finding>,
}

impl Setup {
    /// Reads plan and runbooks; `Err` only when there is nothing to read.
    pub fn read(argument: Option<&Path>) -> anyhow::Result<Self> {
        let argument = argument.unwrap_or(Path::new("."));
        let path = locate(argument)?;
        let root = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if path.extension().is_none_or(|e| e != "toml") {
            let name = file_name(&path);
            let named = read_book(&root, &name)?;
            let plan = plan::bare(&name, &named.0.title.to_string());
            let Followed { books, texts, missing, findings, .. } = parts::follow(&root, vec![named]);
            let (text, rules) = (String::new(), Vec::new());
            return Ok(Self { root, path, text, plan, books, texts, missing, rules, findings });
        }
        let name = file_name(&path);
        let bytes = files::read_under(&root, &name).with_context(|| path.display().to_string())?;
        let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{}: not UTF-8", path.display()))?;
        Ok(Self::from_text(root, path, text))
    }

    /// A room whose files are in the binary.
    pub fn embedded(runbook: &str, plan: String) -> anyhow::Result<Self> {
        let book = runbook::read("runbook.md", runbook.as_bytes())?;
        let texts = vec![Arc::from(runbook.as_bytes())];
        Ok(Self { texts, ..Self::resolve(PathBuf::new(), PathBuf::new(), plan, vec![book], Vec::new(), &[]) })
    }

    /// The same from a plan's text.
    pub fn from_text(root: PathBuf, path: PathBuf, text: String) -> Self {
        Self::from_text_answered(root, path, text, &[])
    }

    /// The same plan with what was answered to its parameters, so that probes know it too.
    #[must_use]
    pub fn answered(self, answers: &[(String, String)]) -> Self {
        let open = |name: &String| self.plan.params.iter().any(|p| p.name == *name && p.value.is_none());
        if self.text.is_empty() || self.path.as_os_str().is_empty() || !answers.iter().any(|(name, _)| open(name)) {
            return self;
        }
        Self::from_text_answered(self.root, self.path, self.text, answers)
    }

    fn from_text_answered(root: PathBuf, path: PathBuf, text: String, answers: &[(String, String)]) -> Self {
        let mut missing = Vec::new();
        let mut named = Vec::new();
        for (name, place) in plan::runbook_places(&text) {
            match read_book(&root, &name) {
                Ok(book) => named.push(book),
                Err(e) => missing.push((place, e.root_cause().to_string())),
            }
        }
        let mut followed = parts::follow(&root, named);
        let books = std::mem::take(&mut followed.books);
        let mut it = Self::resolve(root, path, text, books, missing, answers);
        it.texts = followed.texts;
        it.missing = followed.missing;
        it.findings.extend(followed.findings);
        it.read_rules();
        it
    }

    /// Reads the rule files that the plan names, under its folder as runbooks are, and takes their rules into it.
    fn read_rules(&mut self) {
        let shown = shown(&self.path);
        for named in self.plan.sources.iter().flat_map(|source| &source.rules) {
            if self.rules.iter().any(|known| known.path == named.path) {
                continue;
            }
            let read = files::read_under(&self.root, &named.path).map_err(|e| e.to_string());
            match read.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())) {
                Ok(text) => self.rules.push(RuleText { path: named.path.clone(), text }),
                Err(why) => self.findings.push(finding::finding_at(
                    finding::Source { file: &shown, text: &self.text },
                    finding::codes::UNREADABLE,
                    named.span.clone(),
                    &format!("the rule file cannot be read: {why}"),
                    "name a rule file relative to the plan's folder",
                )),
            }
        }
        self.findings.extend(rules::import(&mut self.plan, &self.rules));
    }

    fn resolve(
        root: PathBuf,
        path: PathBuf,
        text: String,
        books: Vec<Runbook>,
        missing: Vec<(Range<usize>, String)>,
        answers: &[(String, String)],
    ) -> Self {
        let shown = shown(&path);
        let env = |name: &str| std::env::var(name).ok();
        let base = root.clone();
        let file = move |name: &str| {
            std::fs::read_to_string(base.join(name)).map(|s| s.trim_end().to_owned()).map_err(|e| e.to_string())
        };
        let base = root.clone();
        let cmd = move |line: &str| secret_command(&base, line);
        let outside = plan::Outside { env: &env, file: &file, cmd: &cmd };
        let input = plan::Input { path: &shown, text: &text, outside: &outside, runbooks: &books };
        let mut loaded = plan::load_answered(&input, answers);
        for (place, why) in missing {
            loaded.findings.push(finding::finding_at(
                finding::Source { file: &shown, text: &text },
                finding::codes::UNREADABLE,
                place,
                &format!("the runbook cannot be read: {why}"),
                "name a Markdown file relative to the plan's folder",
            ));
        }
        if loaded.plan.room.name.is_empty() {
            loaded.plan.room.name = books.first().map_or_else(|| file_name(&root), |b| b.title.to_string());
        }
        Self {
            root,
            path,
            text,
            plan: loaded.plan,
            books,
            texts: Vec::new(),
            missing: Vec::new(),
            rules: Vec::new(),
            findings: loaded.findings,
        }
    }

    /// Whether the plan must not be used.
    pub fn broken(&self) -> bool {
        self.findings.iter().any(|f| f.level == Level::Error)
    }

    /// Every finding as rustc would print it.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for finding in &self.findings {
            let rules = self.rules.iter().find(|rules| rules.path == finding.file);
            let text = rules.map_or(&self.text, |rules| &rules.text);
            out.push_str(&finding::render(finding, text, finding::Paint::Plain));
            out.push('\n');
        }
        out
    }

    /// A runbook's name as findings show it: as it can be opened from here.
    pub fn book_name(&self, book: &Runbook) -> String {
        if self.text.is_empty() && self.books.len() == 1 && !self.path.as_os_str().is_empty() {
            return shown(&self.path);
        }
        shown(&self.root.join(&book.path))
    }

    /// A rule file's name as findings show it.
    pub fn rules_name(&self, rules: &RuleText) -> String {
        shown(&self.root.join(&rules.path))
    }

    /// The plan's name as findings show it.
    pub fn plan_name(&self) -> String {
        shown(&self.path)
    }

    /// Every file that was read, for watching.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.path.clone()];
        files.extend(self.books.iter().map(|b| self.root.join(&b.path)));
        // A part that is not there yet may come.
        let missing = self.missing.iter().filter_map(|m| parts::beside(&self.books.get(m.book)?.path, &m.target));
        files.extend(missing.map(|name| self.root.join(name)).filter(|path| path.parent().is_some_and(Path::is_dir)));
        let rules = self.plan.sources.iter().flat_map(|source| &source.rules);
        files.extend(rules.map(|named| self.root.join(&named.path)).filter(|p| p.parent().is_some_and(Path::is_dir)));
        files.dedup();
        files
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

/// The plan file, or the runbook, that an argument stands for.
fn locate(argument: &Path) -> anyhow::Result<PathBuf> {
    let meta = std::fs::metadata(argument).with_context(|| format!("{}: cannot be opened", argument.display()))?;
    if meta.is_file() {
        return Ok(argument.to_owned());
    }
    let plan = argument.join("warroom.toml");
    if plan.is_file() {
        return Ok(plan);
    }
    bail!(
        "{}: there is no warroom.toml here; name a plan or a Markdown runbook, as in `warroom run go-live.md`",
        argument.display()
    )
}

fn read_book(root: &Path, name: &str) -> anyhow::Result<(Runbook, Arc<[u8]>)> {
    let bytes = files::read_under(root, name).with_context(|| root.join(name).display().to_string())?;
    Ok((runbook::read(name, &bytes)?, bytes.into()))
}

/// The first line that a command of the plan prints is the secret.
fn secret_command(root: &Path, line: &str) -> Result<String, String> {
    let argv = shell_words::split(line).map_err(|e| e.to_string())?;
    let (program, args) = argv.split_first().ok_or("the command is empty")?;
    let out = std::process::Command::new(program)
        .args(args)
        .current_dir(root)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    if !out.status.success() {
        return Err(format!("{program}: {}", out.status));
    }
    Ok(String::from_utf8_lossy(&out.stdout).lines().next().unwrap_or_default().to_owned())
}

fn file_name(path: &Path) -> String {
    let canonical = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    canonical.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
