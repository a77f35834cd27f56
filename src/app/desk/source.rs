//! The plan and its runbooks: what is recorded of them when the room opens, and what becomes of them when a file changes or a
//! parameter is answered while it is open.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::Desk;
use crate::app::origin::Origin;
use crate::app::reread::{Again, Read};
use crate::app::setup::Setup;
use crate::fact::Fact;
use crate::plan::Loaded;
use crate::room::{self, Book, JournalHealth, Watch};
use crate::text::Untrusted;
use crate::{files, journal};

/// Where a plan came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The folder.
    pub root: PathBuf,
    /// The plan or runbook; empty for a plan that is no file.
    pub path: PathBuf,
    /// Every file that was read.
    pub files: Vec<PathBuf>,
    /// What the plan in force is made from.
    pub origin: Origin,
}

/// Whether the plan in force knows what was answered.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Something was answered, or the plan is another one, since they were last compared.
    pub(super) look: bool,
    /// Answers that the plan cannot be made with; not tried again.
    refused: Option<BTreeMap<String, String>>,
}

impl Desk {
    /// Watches every file that the plan was made of.
    pub fn watch_files(&mut self, out: mpsc::Sender<files::Changed>) {
        let watch = files::watch(self.setup.files.clone(), out.clone());
        self.watching = Some((out, watch.inspect_err(|e| tracing::warn!("{e}")).ok()));
    }

    /// What the watch records when it opens a room: that it did, and which runbook it holds.
    pub(super) fn open_room(&mut self) {
        // Whoever answered records it, watch or not: nobody else knows.
        if !self.room.me.read_only && self.room.journal == JournalHealth::Safe && !self.at_start.is_empty() {
            let by = self.room.me.author.clone();
            let facts = std::mem::take(&mut self.at_start);
            self.append(facts.into_iter().map(|fact| room::decide::draft(&by, fact)).collect());
        }
        if self.room.me.read_only
            || !matches!(self.room.live.watch, Watch::Me { .. })
            || self.room.journal != JournalHealth::Safe
        {
            return;
        }
        // The files may change; what was ticked was ticked in these. A full lane is asked again at the next start.
        let _ = self.journal.ask(journal::Ask::Keep(self.texts.clone()));
        let mut facts = Vec::new();
        if self.room.progress.heads.is_empty() && self.room.unsaved.len() <= 1 {
            let name = Untrusted::new(self.room.plan.room.name.clone());
            facts.push(Fact::RoomOpened { name, version: env!("CARGO_PKG_VERSION").to_owned() });
        }
        let hashes: Vec<String> = self.room.book.runbooks.iter().map(|b| b.sha256.clone()).collect();
        // What is on its way to the journal counts as recorded: an edit that is taken back at once is an edit all the same.
        let on_its_way = self.room.unsaved.values().rev().find_map(|u| match &u.draft.fact {
            Fact::RunbookLoaded { hashes, .. } => Some(hashes),
            _ => None,
        });
        let known = on_its_way.or(self.room.progress.loaded.as_ref().map(|known| &known.hashes));
        if known == Some(&hashes) {
            self.before = None;
        } else {
            let paths = self.room.book.runbooks.iter().map(|b| b.path.clone()).collect();
            let before = self.before.take().or_else(|| self.of_last_run().map(Arc::new));
            let renames = before.map(|old| {
                self.room.remember_gone(&old);
                room::renames::renames(&old, &self.room.book)
            });
            facts.push(Fact::RunbookLoaded { hashes, paths, renames: renames.unwrap_or_default() });
        }
        if let Some(t0) = self.t0.take() {
            facts.push(Fact::T0Set { t0: Some(t0) });
        }
        if !facts.is_empty() {
            let by = self.room.me.author.clone();
            self.append(facts.into_iter().map(|f| room::decide::draft(&by, f)).collect());
        }
    }

    /// What was said on the command line and is not recorded yet is older than what anybody says meanwhile.
    pub(super) fn outdate_start(&mut self, newer: &Fact) {
        match newer {
            Fact::T0Set { .. } => self.t0 = None,
            Fact::ParamSet { name, .. } => {
                self.at_start.retain(|fact| !matches!(fact, Fact::ParamSet { name: of, .. } if of == name));
            }
            Fact::ProfileChosen { .. } => self.at_start.retain(|fact| !matches!(fact, Fact::ProfileChosen { .. })),
            _ => {}
        }
    }

    /// The runbooks as they were when they were last read, out of the journal: they were edited while nobody was here. Read at
    /// the start only, and only then.
    fn of_last_run(&self) -> Option<Book> {
        let loaded = self.room.progress.loaded.as_ref()?;
        let books = loaded.hashes.iter().zip(&loaded.paths).map(|(hash, path)| {
            let bytes = journal::kept_text(&self.journal_at, hash).ok().flatten()?;
            crate::runbook::read(path, &bytes).ok()
        });
        books.collect::<Option<Vec<_>>>().map(Book::new)
    }

    /// What was read anew comes home.
    pub fn on_read(&mut self, read: Read) {
        self.room.now = self.now();
        match read {
            Read::Files(Ok(setup)) => self.reload(*setup),
            Read::Files(Err(e)) => self.reload_failed(&format!("{e:#}")),
            Read::Answers(loaded, again) => self.answered(*loaded, again),
            Read::Broken(why) => self.reload_failed(&format!("reading it broke: {why}")),
        }
    }

    /// Every answer that holds for the plan: recorded, on its way, or given at the start.
    pub fn answers(&self) -> BTreeMap<String, String> {
        let mut answers = self.room.answers();
        for fact in &self.at_start {
            if let Fact::ParamSet { name, value: Some(value) } = fact {
                answers.insert(name.clone(), value.raw().to_owned());
            }
        }
        answers
    }

    /// The plan in force, where it was made with other answers than there are by now, whoever gave them.
    pub fn take_answers(&mut self) -> Option<Again> {
        // What the journal holds is known when it was read to its end.
        if self.room.journal == JournalHealth::Opening || !std::mem::take(&mut self.answers.look) {
            return None;
        }
        let answers = self.answers();
        if self.answers.refused.as_ref() == Some(&answers) || !self.room.answered_otherwise(&answers) {
            return None;
        }
        Some(Again { origin: self.setup.origin.clone(), book: Arc::clone(&self.room.book), answers })
    }

    /// The plan in force was made with other answers.
    fn answered(&mut self, loaded: Loaded, again: Again) {
        if loaded.plan.sha256 != self.room.plan.sha256 {
            // The files were read meanwhile, with answers that may be older than these.
            self.answers.look = true;
            return;
        }
        if !loaded.usable() {
            let wrong = loaded.findings.iter().find(|f| f.level == crate::finding::Level::Error);
            let why = wrong.map(|f| format!("with the answers of now {}:{}: {}", f.file, f.line, f.message));
            self.reload_failed(&why.unwrap_or_default());
            self.answers.refused = Some(again.answers);
            return;
        }
        if self.answers.refused.take().is_some() {
            self.room.plan_trouble.clear();
        }
        self.setup.origin = again.origin;
        self.room.replan(loaded.plan);
        self.poll_anew();
    }

    /// The plan or a runbook changed on disk: the new one is taken when it is good, else the old one stays.
    fn reload(&mut self, setup: Setup) {
        let files = setup.files();
        if files != self.setup.files {
            self.setup.files = files;
            if let Some((out, old)) = self.watching.take() {
                drop(old);
                self.watch_files(out);
            }
        }
        if setup.broken() {
            let lines: Vec<String> = setup
                .findings
                .iter()
                .filter(|f| f.level == crate::finding::Level::Error)
                .map(|f| format!("{}:{}: {}", f.file, f.line, f.message))
                .collect();
            let summary = format!("kept the old plan: {}", lines.first().cloned().unwrap_or_default());
            let changed = self.room.plan_trouble != lines;
            self.room.plan_trouble = lines;
            self.room.revision.header += 1;
            if changed {
                self.record(Fact::PlanReloaded { accepted: false, summary: Untrusted::new(summary) });
            }
            return;
        }
        // An editor may empty the file for a moment while it saves; nothing to do is no state to go on from.
        let book = Book::new(setup.books);
        let emptied = self.room.book.runbooks.iter().find(|old| {
            !old.steps.is_empty() && book.runbooks.iter().any(|new| new.path == old.path && new.steps.is_empty())
        });
        if let Some(path) = emptied.map(|old| old.path.clone()) {
            self.reload_failed(&format!(
                "{}: no step is left in it; write them again, or begin a new room",
                crate::text::escape(&path)
            ));
            return;
        }
        let plan_changed = setup.plan.sha256 != self.room.plan.sha256;
        self.texts = setup.texts;
        self.setup.origin = setup.origin;
        self.answers = Answers { look: true, refused: None };
        // Until it is recorded the ticks belong to the first of several edits.
        self.before.get_or_insert_with(|| Arc::clone(&self.room.book));
        self.room.replace(book, setup.plan);
        self.outbound.begin(&self.room);
        self.room.plan_trouble.clear();
        self.poll_anew();
        if plan_changed {
            self.record(Fact::PlanReloaded { accepted: true, summary: Untrusted::new("the new plan is in force") });
        }
        self.open_room();
    }

    /// A reload that could not even be read.
    fn reload_failed(&mut self, why: &str) {
        let lines = vec![why.to_owned()];
        if self.room.plan_trouble != lines {
            self.room.plan_trouble = lines;
            self.room.revision.header += 1;
            self.record(Fact::PlanReloaded {
                accepted: false,
                summary: Untrusted::new(format!("kept the old plan: {why}")),
            });
        }
    }

    fn record(&mut self, fact: Fact) {
        if !self.room.me.read_only && matches!(self.room.live.watch, Watch::Me { .. }) {
            self.append(vec![room::decide::draft(&self.room.me.author, fact)]);
        }
    }
}
