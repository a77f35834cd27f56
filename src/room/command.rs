//! What would run for a step: the script with answers filled in, where, under which names, and what it takes to start it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::expect::{self, Expect};
use super::quoting::{self, Spliced};
use super::{Earnest, Room, Screen, environments, foreign};
use crate::check;
use crate::clock::parse_duration;
use crate::fact::{Hash, RunVerdict, StepId};
use crate::plan::decisions::BreakerPlan;
use crate::plan::interpreter::{self, Reads};
use crate::runbook::{Class, Command, Note, Runbook, Step, StepKind};
use crate::secret::Filled;
use crate::text::{Untrusted, is_unsafe};

/// A run that says nothing else is stopped after this long.
pub const TIMEOUT: Duration = Duration::from_hours(1);
/// What has to be typed for a change where the plan names no environment.
pub const WORD: &str = "RUN";
/// The tool of a make-believe production, in the folder where its commands run.
pub const MAKE_BELIEVE: &str = "./shopctl";

/// What would run for one command of a step.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Of which step.
    pub step: StepId,
    /// Which of its commands, from 0.
    pub index: u32,
    /// Where it stands in the runbook, 1-based.
    pub line: u32,
    /// What running it would do.
    pub class: Class,
    /// Why it has that class.
    pub reason: String,
    /// The script; what of it may be seen has secrets masked.
    pub script: Filled,
    /// What reads the script.
    pub reads: Reads,
    /// Why it needs a terminal, and what would do without; nothing for what asks nobody.
    pub terminal: Option<String>,
    /// Where it runs.
    pub dir: PathBuf,
    /// The machine.
    pub host: String,
    /// The room's environment.
    pub environment: Option<String>,
    /// Names of the variables it gets, beside TERM=dumb.
    pub env: Vec<String>,
    /// When it is stopped at the latest.
    pub timeout: Duration,
    /// What was filled in: placeholder and value as people may see it.
    pub with: Vec<(String, String)>,
    /// Why it cannot run as it is; sentences.
    pub blocked: Vec<String>,
    /// Parameters that it waits for, by name; somebody can answer them where it is shown.
    pub asks: Vec<String>,
    /// What people should know before they start it; sentences.
    pub warnings: Vec<String>,
    /// What has to be typed to start it; nothing for what only looks.
    pub word: Option<String>,
    /// Why it has to be confirmed a second time.
    pub twice: Option<String>,
    /// Why it needs a reason, where something speaks against running it now.
    pub against: Option<String>,
    /// What it should print.
    pub expects: Vec<Expect>,
    /// SHA-256, hex, over exactly this.
    pub hash: String,
}

impl Planned {
    /// The command in one line of at most 120 characters, secrets masked.
    pub fn title(&self) -> String {
        let lines = self.script.shown().lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let all: Vec<&str> = lines.collect();
        let mut title: String = all.first().copied().unwrap_or_default().chars().take(120).collect();
        if all.len() > 1 {
            let _ = write!(title, " (+{} lines)", all.len() - 1); // a String takes everything
        }
        title
    }

    /// What an exit status and an output mean.
    pub fn judge(&self, exit: i32, output: &str) -> (RunVerdict, String) {
        let blind = if self.reads.shell { expect::blind(self.script.expose()) } else { None };
        expect::judge(exit, output, &self.expects, blind)
    }

    /// What an exit status means of a run that had the terminal: what it wrote there nobody kept.
    pub fn judge_unseen(&self, exit: i32) -> (RunVerdict, String) {
        let (status, printed): (Vec<Expect>, Vec<Expect>) =
            self.expects.iter().cloned().partition(|e| matches!(e, Expect::Exit(_)));
        let (verdict, why) = expect::judge(exit, "", &status, None);
        let why = format!("{why}; it wrote to the terminal, and that is not kept");
        match verdict {
            RunVerdict::Pass if !printed.is_empty() => {
                (RunVerdict::Unknown, format!("{why}: look yourself whether it was as expected"))
            }
            verdict => (verdict, why),
        }
    }
}

impl Room {
    /// What would run for a step now, one for each of its commands that can be run at all.
    pub fn would_run(&self, id: &StepId) -> Vec<Planned> {
        let (Some(step), Some(book)) = (self.book.find(id), self.book.runbook_of(id)) else {
            return self.breaker_of(id).into_iter().map(|plan| self.breaker_run(plan)).collect();
        };
        let commands = step.commands.iter().filter_map(|ix| Some((*ix, book.commands.get(*ix as usize)?)));
        let all = commands.filter(|(_, command)| command.class != Class::Illustration || self.plans_to_run(command));
        let several = all.clone().count() > 1;
        all.zip(0..).map(|((ix, command), index)| self.planned(step, book, (ix, command), index, several)).collect()
    }

    fn planned(
        &self,
        step: &Step,
        book: &Runbook,
        (ix, command): (u32, &Command),
        index: u32,
        several: bool,
    ) -> Planned {
        let (text, line) = part(step, command);
        let lang = command.lang.as_ref().map(Untrusted::raw);
        let (reads, unread) = match interpreter::reads(&self.plan.room.run, lang, command.text.raw()) {
            Ok(reads) => (reads, None),
            Err(why) => (Reads::nothing(), Some(why)),
        };
        let shell = reads.shell && unread.is_none();
        let text = if shell { without_prompts(&text) } else { text };
        let Spliced { script, with, needs, refused } =
            if shell { quoting::splice(self, &text) } else { foreign::splice(self, &text) };
        let script = Filled::new(script.expose(), self.plan.masks.mask(script.shown()));
        let mut blocked: Vec<String> = refused;
        blocked.extend(unread);
        let terminal = if command.interactive {
            Some("it is marked as interactive".to_owned())
        } else {
            check::wants_a_person(&text).filter(|_| shell).map(|(what, help)| format!("{what} ({help})"))
        };
        if let Some(why) = terminal.as_ref().filter(|_| self.site.screen == Screen::None) {
            blocked.push(format!(
                "{why}, and there is no terminal here to hand over: run it from a screen of `warroom run`"
            ));
        }
        let open = command.placeholders.iter().map(Untrusted::raw).filter(|p| !p.starts_with('$') && text.contains(*p));
        let mut open: Vec<&str> = open.filter(|p| !with.iter().any(|(typed, _)| typed == p)).collect();
        open.extend(needs.iter().map(String::as_str));
        open.sort_unstable();
        open.dedup();
        let asks = self.asked_by(&needs);
        // What is declared is asked for below; the rest takes a word in the plan.
        let (declared, rest): (Vec<&str>, Vec<&str>) =
            open.into_iter().partition(|typed| self.asked_by(&[(*typed).to_owned()]).len() == 1);
        if !declared.is_empty() {
            blocked.push(format!("{} is open: answer it", crate::text::escape(&declared.join(", "))));
        }
        if !rest.is_empty() {
            blocked.push(format!(
                "{} is open: declare it in [params] of the plan and answer it",
                crate::text::escape(&rest.join(", "))
            ));
        }
        if script.expose().contains('\0') {
            blocked.push("there is a NUL in it: no shell reads it as it stands".to_owned());
        }
        blocked.extend(self.not_for_real(script.expose()));
        let own = |kind: &str| {
            let of = |n: &&Note| n.kind == kind && n.command.map_or(!several, |c| c == ix);
            step.notes.iter().filter(of).map(|n| n.text.raw().to_owned()).collect::<Vec<String>>()
        };
        let word = own("confirm-word").first().map(|w| w.trim_matches(['`', '"', ' ']).to_owned());
        let environment = self.plan.room.environment.clone();
        let (class, reason) = self.class_of(command, shell);
        let word = match class {
            Class::Read | Class::Illustration => None,
            _ => word
                .filter(|w| !w.is_empty())
                .or_else(|| environment.as_ref().map(|e| e.trim().to_uppercase()).filter(|e| !e.is_empty()))
                .or_else(|| Some(WORD.to_owned())),
        };
        let timeout = own("timeout").first().and_then(|t| parse_duration(t.trim()).ok()).unwrap_or(TIMEOUT);
        let mut env: Vec<String> = ["PATH", "HOME", "LANG", "TZ"].map(str::to_owned).to_vec();
        env.extend(self.plan.room.env.iter().cloned());
        let dir = match Path::new(&book.path).parent() {
            Some(folder) if !folder.as_os_str().is_empty() => self.site.folder.join(folder),
            _ => self.site.folder.clone(),
        };
        let odd = script.expose().chars().filter(|c| *c != '\n' && is_odd(*c)).count();
        let twice = match (class, odd) {
            (Class::Danger, 0) => Some("it is hard to take back".to_owned()),
            (Class::Danger, n) => Some(format!("it is hard to take back, and {}", odd_words(n))),
            (_, 0) => None,
            (_, n) => Some(odd_words(n)),
        };
        let mut planned = Planned {
            step: step.id.clone(),
            index,
            line,
            class,
            reason,
            reads,
            terminal,
            warnings: {
                let mut warnings = environments::others(&text, environment.as_deref());
                warnings.extend(self.against_forward(step, class));
                warnings
            },
            script,
            dir,
            host: self.site.host.clone(),
            environment,
            env,
            timeout,
            with,
            blocked,
            asks,
            word,
            twice,
            against: self.out_of_order(step),
            expects: expects(step, book, |n| n.command.map_or(!several, |c| c == ix)),
            hash: String::new(),
        };
        planned.hash = hash(&planned);
        planned
    }

    /// Whether a fence is a program although its language is mostly only shown.
    fn plans_to_run(&self, command: &Command) -> bool {
        interpreter::is_program(&self.plan.room.run, command.lang.as_ref().map(Untrusted::raw))
    }

    /// What running a fence would do, and why; of what no shell reads nobody claims that it only looks, unless it is SQL.
    fn class_of(&self, command: &Command, shell: bool) -> (Class, String) {
        let lang = command.lang.as_ref().map(|l| crate::text::escape(l.raw()));
        match (command.class, lang) {
            (Class::Illustration, Some(lang)) if self.plans_to_run(command) => {
                (Class::Mutate, format!("{lang}: not known to only look"))
            }
            (class, Some(lang)) if !shell && command.reason.raw().ends_with("known here") => {
                (class, format!("{lang}: not known to only look"))
            }
            (class, _) => (class, command.reason.to_string()),
        }
    }

    /// What a breaker would run. Its own word and reason were asked for before.
    pub(super) fn breaker_run(&self, plan: &BreakerPlan) -> Planned {
        let Spliced { script, with, needs, refused } = quoting::splice(self, &plan.run);
        let script = Filled::new(script.expose(), self.plan.masks.mask(script.shown()));
        let mut blocked: Vec<String> = refused;
        blocked.extend(needs.iter().map(|open| format!("{} is open: answer it", crate::text::escape(open))));
        if script.expose().contains('\0') {
            blocked.push("there is a NUL in it: no shell reads it as it stands".to_owned());
        }
        blocked.extend(self.not_for_real(script.expose()));
        let mut env: Vec<String> = ["PATH", "HOME", "LANG", "TZ"].map(str::to_owned).to_vec();
        env.extend(self.plan.room.env.iter().cloned());
        let environment = self.plan.room.environment.clone();
        let mut planned = Planned {
            step: super::breaker::identity(plan),
            index: 0,
            line: 0,
            class: Class::Danger,
            reason: "it is a breaker".to_owned(),
            reads: Reads::shell(),
            terminal: None,
            warnings: environments::others(&plan.run, environment.as_deref()),
            script,
            dir: self.site.folder.clone(),
            host: self.site.host.clone(),
            environment,
            env,
            timeout: TIMEOUT,
            with,
            blocked,
            asks: self.asked_by(&needs),
            word: Some(plan.confirm.clone()),
            twice: None,
            against: None,
            expects: Vec::new(),
            hash: String::new(),
        };
        planned.hash = hash(&planned);
        planned
    }

    /// Why a script does not run where nothing is done for real.
    fn not_for_real(&self, script: &str) -> Option<String> {
        match self.site.earnest {
            Earnest::Real => None,
            Earnest::Rehearsal => Some("this is a rehearsal: its commands are shown, not run".to_owned()),
            Earnest::MakeBelieve if only_runs(MAKE_BELIEVE, script) => None,
            Earnest::MakeBelieve => {
                Some(format!("this is a make-believe production: {MAKE_BELIEVE} is all that runs on it"))
            }
        }
    }

    /// Which step should have come before, where the list is ordered.
    fn out_of_order(&self, step: &Step) -> Option<String> {
        let before = self.book.ordered_before(step).find(|s| !self.status(&s.id).settled())?;
        Some(format!("\"{}\" comes before it and is open", self.shown(&before.text)))
    }
}

/// Whether each line of a script is one call of this program, with plain words behind it.
fn only_runs(program: &str, script: &str) -> bool {
    let lines = script.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines
        .map(|line| line.strip_prefix(program).and_then(|rest| rest.strip_prefix(' ')))
        .all(|rest| rest.is_some_and(|words| words.chars().all(|c| c.is_ascii_alphanumeric() || " -_./".contains(c))))
}

/// What the notes of a step expect. Their text has no markup any more: whether it was code is read off the line.
fn expects(step: &Step, book: &Runbook, of: impl Fn(&Note) -> bool) -> Vec<Expect> {
    let notes = step.notes.iter().filter(|n| n.kind == "expected" && of(n));
    let read = |note: &Note| {
        let text = note.text.raw().trim();
        let code = format!("`{text}`");
        let line = note.line.checked_sub(1).and_then(|at| book.lines.get(at as usize));
        let as_code = line.is_some_and(|line| line.raw().contains(&code));
        Expect::read(if as_code { &code } else { text })
    };
    notes.map(read).collect()
}

/// The text that runs for a step: all of the fence, or of a step inside the fence its own lines; and where it begins.
fn part(step: &Step, command: &Command) -> (String, u32) {
    let inside =
        step.kind == StepKind::Substep && step.line > command.line_start && step.line_end < command.line_end + 1;
    if !inside {
        return (command.text.raw().to_owned(), command.line_start);
    }
    let first = command.line_start + 1;
    let lines = command.text.raw().split_inclusive('\n');
    let own = lines.zip(first..).filter(|(_, line)| (step.line..=step.line_end).contains(line));
    (own.map(|(text, _)| text).collect(), step.line)
}

/// A transcript's commands alone: where some lines begin with `$ `, the others are what was printed.
fn without_prompts(text: &str) -> String {
    if !text.lines().any(|l| l.trim_start().starts_with("$ ")) {
        return text.to_owned();
    }
    let mut open = false;
    let mut out = String::new();
    for line in text.lines() {
        let typed = line.trim_start();
        let Some(line) = typed.strip_prefix("$ ").or(open.then_some(line)) else { continue };
        out.push_str(line);
        out.push('\n');
        open = line.ends_with('\\');
    }
    out
}

/// Whether people cannot be sure to see this character for what it is: it does not print, is a tab, or is a letter or digit
/// that another alphabet may have alike.
pub fn is_odd(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    is_unsafe(c) || c.is_whitespace() || c.is_alphanumeric() || crate::text::cells(c.encode_utf8(&mut [0; 4])) == 0
}

fn odd_words(n: usize) -> String {
    format!("{n} of its characters do not print, or look like others")
}

/// Over everything that is shown and everything that runs, each part with its length before it.
fn hash(of: &Planned) -> String {
    let mut sha = Sha256::new();
    let mut put = |part: &str| {
        sha.update((part.len() as u64).to_le_bytes());
        sha.update(part.as_bytes());
    };
    put(&of.step.0);
    put(&of.index.to_string());
    put(&of.reads.argv.join("\n"));
    put(if of.terminal.is_some() { "terminal" } else { "" });
    put(of.script.expose());
    put(&of.dir.to_string_lossy());
    put(&of.env.join(" "));
    put(&of.host);
    put(of.environment.as_deref().unwrap_or_default());
    put(&of.timeout.as_millis().to_string());
    Hash(sha.finalize().into()).to_string()
}
