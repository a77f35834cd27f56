//! What a plan is made from, kept so that it can be made anew when a parameter is answered, without asking the world twice.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::plan::rules::{self, RuleText};
use crate::plan::{self, Loaded};
use crate::proc::{self, End, Ran};
use crate::runbook::Runbook;
use crate::secret::{Filled, MASK};
use crate::{files, finding};

/// How long a command of the plan may take to print its value.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything of a plan but its runbooks and the answers.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The plan file's text; empty without one.
    pub text: String,
    /// Runbooks that could not be read: the bytes of the plan that name them, and why.
    pub unread: Vec<(Range<usize>, String)>,
    /// Whether its commands are run.
    pub commands: Commands,
    root: PathBuf,
    shown: String,
    /// What files and commands gave, or why they gave nothing: each is asked once per load.
    told: RefCell<BTreeMap<Asked, Result<Filled, String>>>,
}

/// What becomes of the commands that a plan names for its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commands {
    /// They are run.
    Run,
    /// They are not; what needs them has no value.
    LetBe,
}

/// What a plan asks of the world, once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    File(String),
    Command(String),
    /// A file of alert rules.
    Rules(String),
}

impl Origin {
    /// Nothing asked yet. Findings call the plan `shown`.
    pub fn new(root: &Path, shown: String, text: String) -> Self {
        Self {
            text,
            unread: Vec::new(),
            commands: Commands::Run,
            root: root.to_owned(),
            shown,
            told: RefCell::default(),
        }
    }

    /// The plan with these runbooks and answers. May take as long as the commands that it names, the first time.
    pub fn plan(&self, books: &[Runbook], answers: &BTreeMap<String, String>) -> Loaded {
        let env = |name: &str| std::env::var(name).ok();
        let file = |name: &str| {
            self.once(Asked::File(name.to_owned()), || {
                let read = std::fs::read_to_string(self.root.join(name));
                read.map(|s| s.trim_end().to_owned()).map_err(|e| e.to_string())
            })
        };
        let cmd = |line: &str| {
            self.once(Asked::Command(line.to_owned()), || match self.commands {
                Commands::Run => printed(&self.root, line, PATIENCE, None),
                Commands::LetBe => Err("it is not run for this".to_owned()),
            })
        };
        let outside = plan::Outside { env: &env, file: &file, cmd: &cmd };
        let input = plan::Input { path: &self.shown, text: &self.text, outside: &outside, runbooks: books };
        let answers: Vec<(String, String)> = answers.iter().map(|(n, a)| (n.clone(), a.clone())).collect();
        let mut loaded = plan::load_answered(&input, &answers);
        for (place, why) in &self.unread {
            loaded.findings.push(finding::finding_at(
                finding::Source { file: &self.shown, text: &self.text },
                finding::codes::UNREADABLE,
                place.clone(),
                &format!("the runbook cannot be read: {why}"),
                "name a Markdown file relative to the plan's folder",
            ));
        }
        let mut texts: Vec<RuleText> = Vec::new();
        for named in loaded.plan.sources.iter().flat_map(|source| &source.rules) {
            if texts.iter().any(|known| known.path == named.path) {
                continue;
            }
            match self.once(Asked::Rules(named.path.clone()), || self.rule_text(&named.path)) {
                Ok(text) => texts.push(RuleText { path: named.path.clone(), text }),
                Err(why) => loaded.findings.push(finding::finding_at(
                    finding::Source { file: &self.shown, text: &self.text },
                    finding::codes::UNREADABLE,
                    named.span.clone(),
                    &format!("the rule file cannot be read: {why}"),
                    "name a rule file relative to the plan's folder",
                )),
            }
        }
        loaded.findings.extend(rules::import(&mut loaded.plan, &texts));
        if loaded.plan.room.name.is_empty() {
            let folder = || self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
            let named = || folder().file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            loaded.plan.room.name = books.first().map_or_else(named, |b| b.title.to_string());
        }
        loaded
    }

    /// A rule file, under the plan's folder as runbooks are.
    fn rule_text(&self, name: &str) -> Result<String, String> {
        let bytes = files::read_under(&self.root, name).map_err(|e| e.to_string())?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    }

    /// The rule files that were read.
    pub fn rules(&self) -> Vec<RuleText> {
        let told = self.told.borrow();
        let read = told.iter().filter_map(|(asked, told)| match (asked, told) {
            (Asked::Rules(path), Ok(text)) => Some(RuleText { path: path.clone(), text: text.expose().to_owned() }),
            _ => None,
        });
        read.collect()
    }

    fn once(&self, asked: Asked, ask: impl FnOnce() -> Result<String, String>) -> Result<String, String> {
        if let Some(told) = self.told.borrow().get(&asked) {
            return told.as_ref().map(|value| value.expose().to_owned()).map_err(Clone::clone);
        }
        let told = ask();
        // Whatever it is for, nobody reads it by printing what holds it.
        let kept = told.as_ref().map(|value| Filled::new(value.as_str(), MASK)).map_err(Clone::clone);
        self.told.borrow_mut().insert(asked, kept);
        told
    }
}

/// The first line that a command prints, run in `root` in a session of its own; after `patience` its whole tree is killed.
/// Blocks; `shim` as in [`proc::Spec`]. Errors are sentences.
pub fn printed(root: &Path, line: &str, patience: Duration, shim: Option<PathBuf>) -> Result<String, String> {
    let argv = shell_words::split(line).map_err(|e| e.to_string())?;
    let program = argv.first().ok_or("the command is empty")?.clone();
    // Who keeps secrets knows people by their environment (an agent's socket, a session): this one command has it all.
    let env = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let spec = proc::Spec {
        argv: argv.into_iter().map(Filled::plain).collect(),
        env: env.map(|(k, v)| (k, Filled::new(v, MASK))).collect(),
        dir: Some(if root.as_os_str().is_empty() { PathBuf::from(".") } else { root.to_owned() }),
        shim,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let Ran { end, stdout, .. } = runtime.block_on(proc::run(&spec, patience));
    match end {
        End::Exit(0) => Ok(stdout.text().lines().next().unwrap_or_default().to_owned()),
        End::Exit(status) => Err(format!("{program}: exit status {status}")),
        End::Signal(signal) => Err(format!("{program}: ended by signal {signal}")),
        End::Deadline => {
            let patience = crate::clock::duration_text(patience);
            Err(format!("{program}: it had not ended after {patience} and was stopped"))
        }
        End::NotStarted(why) | End::Lost(why) => Err(format!("{program}: {why}")),
    }
}
