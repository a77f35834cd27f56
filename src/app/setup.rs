//! From a PLAN argument to a plan, its runbooks and what is wrong with them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::origin::{Commands, Origin};
use super::parts::{self, Followed};
use crate::check::MissingPart;
use crate::finding::{Finding, Level};
use crate::plan::rules::RuleText;
use crate::plan::{self, Plan};
use crate::runbook::{self, Runbook};
use crate::{files, finding};

/// What a PLAN argument led to.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The folder everything is relative to.
    pub root: PathBuf,
    /// The plan file, or the runbook where there is none.
    pub path: PathBuf,
    /// What the plan is made from.
    pub origin: Origin,
    /// The plan.
    pub plan: Plan,
    /// The runbooks it names.
    pub books: Vec<Runbook>,
    /// The runbooks' bytes, in the same order.
    pub texts: Vec<Arc<[u8]>>,
    /// Links of runbooks to parts that could not be read.
    pub missing: Vec<MissingPart>,
    /// What is wrong with them; one of level error means that the plan must not be used.
    pub findings: Vec<Finding>,
    /// Those that following the links gave, whatever is answered.
    of_parts: Vec<Finding>,
}

impl Setup {
    /// Reads plan and runbooks; `Err` only when there is nothing to read.
    pub fn read(argument: Option<&Path>) -> anyhow::Result<Self> {
        Self::read_answered(argument, &BTreeMap::new())
    }

    /// The same with what was answered to parameters, so that probes know it too. Blocks for as long as the plan's commands.
    pub fn read_answered(argument: Option<&Path>, answers: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        Self::read_with(argument, answers, Commands::Run)
    }

    fn read_with(
        argument: Option<&Path>,
        answers: &BTreeMap<String, String>,
        commands: Commands,
    ) -> anyhow::Result<Self> {
        let argument = argument.unwrap_or(Path::new("."));
        let path = locate(argument)?;
        let root = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let name = file_name(&path);
        if path.extension().is_none_or(|e| e != "toml") {
            let named = read_book(&root, &name)?;
            let plan = plan::bare(&name, &named.0.title.to_string());
            let mut it = Self::unresolved(root, path, String::new());
            it.follow(vec![named]);
            it.findings.clone_from(&it.of_parts);
            return Ok(Self { plan, ..it });
        }
        let bytes = files::read_under(&root, &name).with_context(|| path.display().to_string())?;
        let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{}: not UTF-8", path.display()))?;
        let mut it = Self::unresolved(root, path, text);
        it.origin.commands = commands;
        let mut named = Vec::new();
        for (name, place) in plan::runbook_places(&it.origin.text) {
            match read_book(&it.root, &name) {
                Ok(book) => named.push(book),
                Err(e) => it.origin.unread.push((place, e.root_cause().to_string())),
            }
        }
        it.follow(named);
        Ok(it.resolved(answers))
    }

    /// A room whose files are in the binary.
    pub fn embedded(runbook: &str, plan: String) -> anyhow::Result<Self> {
        let mut it = Self::unresolved(PathBuf::new(), PathBuf::new(), plan);
        it.books = vec![runbook::read("runbook.md", runbook.as_bytes())?];
        it.texts = vec![Arc::from(runbook.as_bytes())];
        Ok(it.resolved(&BTreeMap::new()))
    }

    /// The same plan with what was answered to its parameters.
    #[must_use]
    pub fn answered(self, answers: &BTreeMap<String, String>) -> Self {
        if self.plan.params.iter().any(|p| p.asked() && answers.contains_key(&p.name)) {
            self.resolved(answers)
        } else {
            self
        }
    }

    /// The same for who looks up a record: no command of the plan is run, and what needs one is left open.
    pub fn peek(argument: Option<&Path>) -> anyhow::Result<Self> {
        Self::read_with(argument, &BTreeMap::new(), Commands::LetBe)
    }

    fn unresolved(root: PathBuf, path: PathBuf, text: String) -> Self {
        Self {
            origin: Origin::new(&root, shown(&path), text),
            root,
            path,
            plan: Plan::default(),
            books: Vec::new(),
            texts: Vec::new(),
            missing: Vec::new(),
            findings: Vec::new(),
            of_parts: Vec::new(),
        }
    }

    fn follow(&mut self, named: Vec<(Runbook, Arc<[u8]>)>) {
        let Followed { books, texts, missing, findings, .. } = parts::follow(&self.root, named);
        (self.books, self.texts, self.missing, self.of_parts) = (books, texts, missing, findings);
    }

    fn resolved(mut self, answers: &BTreeMap<String, String>) -> Self {
        let loaded = self.origin.plan(&self.books, answers);
        (self.plan, self.findings) = (loaded.plan, loaded.findings);
        self.findings.extend(self.of_parts.iter().cloned());
        self
    }

    /// Whether the plan must not be used.
    pub fn broken(&self) -> bool {
        self.findings.iter().any(|f| f.level == Level::Error)
    }

    /// Every finding as rustc would print it.
    pub fn render(&self) -> String {
        let mut out = String::new();
        let rules = self.origin.rules();
        for finding in &self.findings {
            let of_rules = rules.iter().find(|rules| rules.path == finding.file);
            let text = of_rules.map_or(&self.origin.text, |rules| &rules.text);
            out.push_str(&finding::render(finding, text, finding::Paint::Plain));
            out.push('\n');
        }
        out
    }

    /// A runbook's name as findings show it: as it can be opened from here.
    pub fn book_name(&self, book: &Runbook) -> String {
        if self.origin.text.is_empty() && self.books.len() == 1 && !self.path.as_os_str().is_empty() {
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
    // `./db.md` is `db.md`: one file has one name. What leads out is refused as it was written.
    let name: PathBuf = Path::new(name).components().filter(|c| *c != Component::CurDir).collect();
    let name = name.to_str().unwrap_or_default();
    let bytes = files::read_under(root, name).with_context(|| root.join(name).display().to_string())?;
    Ok((runbook::read(name, &bytes)?, bytes.into()))
}

fn file_name(path: &Path) -> String {
    let canonical = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    canonical.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
