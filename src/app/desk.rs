//! The desk: the room, its edges, and the one place where each kind of event is handled. Nothing here awaits.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use uuid::Uuid;

use super::control::{Answer, Asked, Line, Request};
use super::origin::Origin;
use super::outbound::Outbound;
use super::reread::{Again, Read};
use super::setup::Setup;
use crate::clock::jumps::{Jump, Reading};
use crate::clock::{Now, Pace, rfc3339};
use crate::fact::{Author, Draft, Entry, Fact};
use crate::files;
use crate::journal::{self, Journal, TapedSample};
use crate::notice::Told;
use crate::plan::Loaded;
use crate::poll::{self, Poll};
use crate::probe::{self, Sample, ServiceIx};
use crate::room::{self, Book, Effect, Intent, JournalHealth, Refusal, Room, Unsaved, Watch};
use crate::secret::Masks;
use crate::tell::Tell;
use crate::text::Untrusted;

mod runs;

use runs::Runs;

/// Drafts not yet durable that are kept; beyond that intents are refused until the journal is back.
const UNSAVED: usize = 4_096;

/// The room with its edges.
#[derive(Debug)]
pub struct Desk {
    /// What is true.
    pub room: Room,
    journal: Journal,
    poll: Poll,
    outbound: Outbound,
    pace: Pace,
    /// Where the plan came from, for reading it again.
    pub setup: Source,
    /// Answers and choices from the start, to be recorded once.
    pub at_start: Vec<Fact>,
    /// The runbooks' bytes, to be kept with the entries that name them.
    texts: Vec<Arc<[u8]>>,
    /// Where changes of files go, and what watches them; a reload may name others.
    watching: Option<(mpsc::Sender<files::Changed>, Option<files::Watch>)>,
    /// The runbooks before the last reload, until it is recorded.
    before: Option<Arc<Book>>,
    /// What the plan in force makes of the answers to its parameters.
    answers: Answers,
    /// The journal's file, where the runbooks of the last run are kept.
    pub journal_at: std::path::PathBuf,
    /// T-0 from the command line, to be recorded once.
    pub t0: Option<chrono::DateTime<chrono::Utc>>,
    followers: Vec<Follower>,
    waiting: HashMap<Uuid, Waiting>,
    pending: HashMap<u64, Pending>,
    asked: u64,
    /// The whole second of the room's clock at the last tick.
    second: i64,
    /// Every entry as a JSON line in file order, for those who follow; kept only while a control socket is open.
    log: Option<Vec<Arc<str>>>,
    /// Entries that came home, for whoever tells a story of them.
    fresh: Option<Vec<Arc<Entry>>>,
    /// Samples that wait for room on the lane to the tape, oldest dropped first.
    to_tape: Vec<TapedSample>,
    /// The pace that was last handed to the pollers.
    paced: Option<Duration>,
    /// The clocks at the last tick.
    clocks: Option<Reading>,
    /// Commands that run, or are about to.
    runs: Runs,
}

/// What a desk is put between.
#[derive(Debug)]
pub struct Edges {
    /// Remembers.
    pub journal: Journal,
    /// Looks.
    pub poll: Poll,
    /// Tells.
    pub tell: Tell,
}

/// Where a plan came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The folder.
    pub root: std::path::PathBuf,
    /// The plan or runbook; empty for a plan that is no file.
    pub path: std::path::PathBuf,
    /// Every file that was read.
    pub files: Vec<std::path::PathBuf>,
    /// What the plan in force is made from.
    pub origin: Origin,
}

/// Whether the plan in force knows what was answered.
#[derive(Debug, Default)]
struct Answers {
    /// Something was answered, or the plan is another one, since they were last compared.
    look: bool,
    /// Answers that the plan cannot be made with; not tried again.
    refused: Option<BTreeMap<String, String>>,
}

#[derive(Debug)]
struct Follower {
    out: mpsc::Sender<String>,
}

/// Which request a draft belongs to.
#[derive(Clone, Copy, Debug)]
struct Waiting(u64);

/// A request on the control socket that is not answered yet.
#[derive(Debug)]
struct Pending {
    id: serde_json::Value,
    out: mpsc::Sender<String>,
    left: usize,
}

impl Desk {
    /// A desk before its first event.
    pub fn new(me: room::Me, setup: Setup, edges: Edges, pace: Pace, now: Now) -> Self {
        let Edges { journal, poll, tell } = edges;
        let source = Source { files: setup.files(), root: setup.root, path: setup.path, origin: setup.origin };
        let texts = setup.texts;
        let mut room = Room::new(me, Arc::new(Book::new(setup.books)), Arc::new(setup.plan), now);
        room.speed = pace.speed();
        // A plan that is no file is a rehearsal: nothing of it runs for real.
        let rehearsal = source.path.as_os_str().is_empty();
        let earnest = if rehearsal { room::Earnest::Rehearsal } else { room::Earnest::Real };
        room.site = room::Site {
            folder: absolute(&source.root),
            host: super::seat::host(),
            earnest,
            screen: room::Screen::None,
        };
        Self {
            room,
            journal,
            poll,
            outbound: Outbound::new(tell),
            pace,
            setup: source,
            texts,
            at_start: Vec::new(),
            watching: None,
            before: None,
            answers: Answers::default(),
            journal_at: std::path::PathBuf::new(),
            t0: None,
            followers: Vec::new(),
            waiting: HashMap::new(),
            pending: HashMap::new(),
            asked: 0,
            second: 0,
            log: None,
            fresh: None,
            to_tape: Vec::new(),
            paced: None,
            clocks: None,
            runs: Runs::default(),
        }
    }

    /// Watches every file that the plan was made of.
    pub fn watch_files(&mut self, out: mpsc::Sender<files::Changed>) {
        let watch = files::watch(self.setup.files.clone(), out.clone());
        self.watching = Some((out, watch.inspect_err(|e| tracing::warn!("{e}")).ok()));
    }

    /// Keeps entries for followers of a control socket.
    pub fn keep_log(&mut self) {
        self.log = Some(Vec::new());
    }

    /// What the clocks say now, at the room's pace.
    #[expect(clippy::disallowed_methods, reason = "the loop is an edge of time: it reads both clocks once per event")]
    pub fn now(&self) -> Now {
        self.pace.now(std::time::Instant::now(), chrono::Utc::now())
    }

    /// How long to wait for the next tick: the next whole second of the room's clock, at most ten a second in earnest.
    pub fn until_tick(&self, last: std::time::Instant) -> Duration {
        let gap = Duration::from_millis(100).saturating_sub(last.elapsed());
        let now = self.now().utc;
        if now.timestamp() != self.second {
            return gap;
        }
        let left = Duration::from_secs(1).saturating_sub(Duration::from_nanos(now.timestamp_subsec_nanos().into()));
        gap.max(self.pace.real(left))
    }

    /// Time passes. True when something to see changed at once (a state, the verdict).
    pub fn tick(&mut self) -> bool {
        let now = self.now();
        self.second = now.utc.timestamp();
        let jumped = self.jumps(now);
        let effects = room::observe::tick(&mut self.room, now);
        if self.room.live.pace != self.paced {
            self.poll_anew();
        }
        self.flush_tape();
        if let Some(wanted) = self.room.begin_silence() {
            let id = wanted.silence;
            if !self.poll.ask(poll::Ask::Silence(wanted)) {
                self.room.live.silencing = None;
                tracing::warn!("silence {id}: the pollers are busy, it is tried again");
            }
        }
        let any = self.perform(effects) | jumped;
        self.outbound.say_waiting(&self.room);
        self.outbound.beat(&self.room);
        self.find_runs();
        any
    }

    /// Jumps of this machine's clocks since the last tick. A rehearsal's clock is made of the monotonic one and has none.
    fn jumps(&mut self, now: Now) -> bool {
        let reading = super::clocks::read();
        let before = self.clocks.replace(reading);
        let jumps: Vec<Jump> = before.into_iter().flat_map(|before| Jump::between(before, reading)).collect();
        if self.pace.speed() != 1 {
            return false;
        }
        for jump in &jumps {
            let effects = room::clocks::jumped(&mut self.room, *jump, now);
            self.perform(effects);
        }
        !jumps.is_empty()
    }

    /// How telling a notice went. True: it is seen at once.
    pub fn on_told(&mut self, told: Told) -> bool {
        self.room.now = self.now();
        let facts = room::observe::told(&mut self.room, told);
        self.perform(facts);
        true
    }

    /// An intent of whoever sits here.
    pub fn intend(&mut self, intent: &Intent) -> Result<(), Refusal> {
        let by = self.room.me.author.clone();
        self.room.now = self.now();
        let effects = self.decide(&by, intent)?;
        self.perform(effects);
        Ok(())
    }

    fn decide(&self, by: &Author, intent: &Intent) -> Result<Vec<Effect>, Refusal> {
        if self.room.unsaved.len() >= UNSAVED {
            return Err(Refusal(
                "the journal cannot write and too much waits for it; nothing more is taken".to_owned(),
            ));
        }
        room::decide::decide(&self.room, by, intent)
    }

    /// An intent of somebody else: a scripted team, a client of the control socket.
    pub fn intend_as(&mut self, by: &Author, intent: &Intent) -> Result<(), Refusal> {
        self.room.now = self.now();
        let effects = self.decide(by, intent)?;
        self.perform(effects);
        Ok(())
    }

    /// Keeps entries as they come home for [`Desk::take_fresh`].
    pub fn keep_fresh(&mut self) {
        self.fresh = Some(Vec::new());
    }

    /// Entries that came home since the last call.
    pub fn take_fresh(&mut self) -> Vec<Arc<Entry>> {
        self.fresh.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Does what the room wants done. True when there was anything.
    fn perform(&mut self, effects: Vec<Effect>) -> bool {
        let any = !effects.is_empty();
        for effect in effects {
            match effect {
                Effect::Append(drafts) => self.append(drafts),
            }
        }
        any
    }

    fn append(&mut self, drafts: Vec<Draft>) {
        self.prepare_runs(&drafts);
        for draft in &drafts {
            let unsaved = Unsaved { draft: draft.clone(), since: self.room.now, trouble: None };
            self.room.unsaved.insert(draft.id, unsaved);
        }
        self.room.revision.steps += 1;
        self.room.revision.header += 1;
        if let Err(back) = self.journal.ask(journal::Ask::Append(drafts))
            && let journal::Ask::Append(drafts) = *back
        {
            for draft in drafts {
                if let Some(unsaved) = self.room.unsaved.get_mut(&draft.id) {
                    unsaved.trouble = Some("the journal is busy".to_owned());
                }
            }
        }
    }

    /// Drafts that never reached the journal's lane are handed over again.
    pub fn retry(&mut self) {
        let again: Vec<Draft> = self
            .room
            .unsaved
            .values()
            .filter(|u| u.trouble.as_deref() == Some("the journal is busy"))
            .map(|u| u.draft.clone())
            .collect();
        if !again.is_empty() && self.journal.ask(journal::Ask::Append(again.clone())).is_ok() {
            for draft in again {
                if let Some(unsaved) = self.room.unsaved.get_mut(&draft.id) {
                    unsaved.trouble = None;
                }
            }
        }
    }

    /// Something from the journal. True when it should be seen at once.
    pub fn on_journal(&mut self, event: journal::Event) -> bool {
        self.room.now = self.now();
        match event {
            journal::Event::Entries(entries) => {
                for entry in &entries {
                    self.answers.look |= matches!(entry.fact, Fact::ParamSet { .. });
                    self.run_came_home(entry);
                    room::apply::apply(&mut self.room, entry);
                    self.confirm(entry);
                }
                self.outbound.say_waiting(&self.room);
                // The past is read at the pace of numbers: a frame for each piece of it would take longer than reading it.
                self.room.journal != JournalHealth::Opening
            }
            journal::Event::Loaded => {
                self.room.journal = JournalHealth::Safe;
                self.room.revision.header += 1;
                self.answers.look = true;
                self.open_room();
                true
            }
            journal::Event::NotSaved(ids, why) => {
                self.unprepare_runs(&ids);
                for id in &ids {
                    if let Some(unsaved) = self.room.unsaved.get_mut(id) {
                        unsaved.trouble = Some(why.clone());
                    }
                    self.answer(*id, "unconfirmed", Some(&why));
                }
                self.room.journal = JournalHealth::Broken(why);
                self.room.revision.header += 1;
                self.room.revision.steps += 1;
                // A page does not wait for a disk.
                self.outbound.say_waiting(&self.room);
                true
            }
            journal::Event::Recovered => {
                self.room.journal = JournalHealth::Safe;
                for unsaved in self.room.unsaved.values_mut() {
                    unsaved.trouble = None;
                }
                self.room.revision.header += 1;
                self.room.revision.steps += 1;
                true
            }
            journal::Event::WatchHeld(epoch) => {
                self.room.live.watch = Watch::Me { epoch };
                let effects = room::observe::begin_watch(&mut self.room);
                self.perform(effects);
                self.outbound.begin(&self.room);
                self.room.revision.header += 1;
                self.poll_now();
                let taken = room::decide::draft(&self.room.me.author, Fact::WatchTaken { epoch });
                self.append(vec![taken]);
                self.open_room();
                true
            }
            journal::Event::WatchElsewhere(epoch, by) => {
                self.room.live.watch = Watch::Other { epoch, by };
                self.outbound.end();
                self.room.revision.header += 1;
                self.poll.ask(poll::Ask::Set(Vec::new(), Masks::default()));
                true
            }
            journal::Event::WatchNobody => {
                self.room.live.watch = Watch::Nobody;
                self.room.revision.header += 1;
                // Alone and read-only: look for this screen only.
                self.poll_now();
                true
            }
            journal::Event::Samples(taped) => {
                let samples: Vec<Sample> = taped.into_iter().filter_map(|t| self.untape(t)).collect();
                // Whoever watched then recorded what they saw; saying it again would date the past as now.
                let news = room::observe::observe_all(&mut self.room, samples);
                !news.is_empty()
            }
            journal::Event::Dropped(ids, why) => {
                self.unprepare_runs(&ids);
                for id in &ids {
                    self.room.unsaved.remove(id);
                    self.answer(*id, "refused", Some(&why));
                }
                self.room.trouble = Some(format!("{} not recorded: {why}", ids.len()));
                self.room.revision.header += 1;
                self.room.revision.steps += 1;
                true
            }
            journal::Event::Quarantined { moved_to, why, carried } => {
                let old = moved_to.display().to_string();
                self.room.trouble = Some(format!(
                    "the journal was damaged ({why}); {carried} entries were carried over, the old file is {old}"
                ));
                self.room.revision.header += 1;
                // Altered history must not pass as genuine later: the record itself says that it was mended.
                let mended =
                    Fact::JournalMended { old: Untrusted::new(old), why: Untrusted::new(why), carried: carried as u64 };
                self.append(vec![room::decide::draft(&self.room.me.author.clone(), mended)]);
                true
            }
            journal::Event::TapeTrouble(why) => {
                self.room.trouble = Some(why);
                self.room.revision.header += 1;
                true
            }
        }
    }

    /// What the watch records when it opens a room: that it did, and which runbook it holds.
    fn open_room(&mut self) {
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

    /// Something from the pollers. True when it should be seen at once.
    pub fn on_poll(&mut self, event: poll::Event) -> bool {
        self.room.now = self.now();
        match event {
            poll::Event::Samples(samples) => {
                let watch = matches!(self.room.live.watch, Watch::Me { .. });
                if watch {
                    let plan = &self.room.plan;
                    self.to_tape.extend(samples.iter().flat_map(|sample| {
                        journal::to_tape(
                            sample,
                            |ix| plan.services.get(ix.0 as usize).map(|s| s.name.as_str()),
                            |ix| plan.taped_name(ix),
                        )
                    }));
                }
                let effects = room::observe::observe_all(&mut self.room, samples);
                self.flush_tape();
                self.perform(effects)
            }
            poll::Event::Pulse(pulse) => {
                room::observe::pulse(&mut self.room, pulse);
                false
            }
            poll::Event::Silenced(silence, outcome) => {
                if let Some(fact) = self.room.end_silence(silence, outcome) {
                    self.append(vec![room::decide::draft(&self.room.me.author, fact)]);
                }
                true
            }
            poll::Event::TaskFailed(task, message) => {
                let fact = Fact::TaskFailed { task, message: Untrusted::new(message) };
                if matches!(self.room.live.watch, Watch::Me { .. }) {
                    self.append(vec![room::decide::draft(&self.room.me.author, fact)]);
                }
                true
            }
        }
    }

    /// Samples go to the tape in batches; when its lane is full the oldest wait, and beyond 8,192 are dropped.
    fn flush_tape(&mut self) {
        if self.to_tape.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.to_tape);
        if let Err(back) = self.journal.ask(journal::Ask::Tape(batch))
            && let journal::Ask::Tape(batch) = *back
        {
            self.to_tape = batch;
            let over = self.to_tape.len().saturating_sub(8_192);
            self.to_tape.drain(..over);
        }
    }

    /// Gives a taped sample this plan's indices and this process's clock.
    fn untape(&self, taped: TapedSample) -> Option<Sample> {
        let TapedSample { name, mut sample } = taped;
        let now = self.room.now;
        let old = (now.utc - sample.at.utc).to_std().unwrap_or(Duration::ZERO);
        sample.at.mono = now.mono.saturating_sub(old);
        match &mut sample.reading {
            probe::Reading::Service(reading) => {
                let ix = self.room.plan.services.iter().position(|s| s.name == name)?;
                reading.service = ServiceIx(ix as u32);
            }
            probe::Reading::Metrics(_) if name == journal::ASKED => {
                sample.reading = probe::Reading::Rules(Vec::new());
            }
            probe::Reading::Metrics(readings) => {
                let ix = self.room.plan.taped(&name)?;
                for r in readings.iter_mut() {
                    r.metric = ix;
                }
            }
            probe::Reading::Backfill(_) | probe::Reading::Rules(_) | probe::Reading::Alerts(_) => return None,
        }
        Some(sample)
    }

    /// A line from the control socket.
    pub fn on_control(&mut self, request: Request) -> bool {
        self.room.now = self.now();
        let Request { line, reply } = request;
        match line {
            Err(why) => {
                send(
                    &reply,
                    &Answer { id: &serde_json::Value::Null, answer: "refused", reason: Some(&why), entry: None },
                );
            }
            Ok(Line::Follow { follow }) => {
                let mut kept_up = true;
                if let Some(log) = &self.log {
                    for line in log.iter().skip(follow as usize) {
                        kept_up &= reply.try_send(line.to_string()).is_ok();
                    }
                }
                if kept_up {
                    self.followers.push(Follower { out: reply });
                }
            }
            Ok(Line::Status(id)) => {
                let mut status = super::status::json(&self.room);
                if let Some(map) = status.as_object_mut() {
                    map.insert("id".to_owned(), id);
                }
                let _ = reply.try_send(status.to_string());
            }
            Ok(Line::WouldRun(id, step)) => {
                let _ = reply.try_send(super::status::would_run(&self.room, &id, &step).to_string());
            }
            Ok(Line::Intent(asked)) => return self.on_asked(asked, reply),
        }
        false
    }

    fn on_asked(&mut self, asked: Asked, out: mpsc::Sender<String>) -> bool {
        let Asked { id, by, role, intent } = asked;
        let by = match super::seat::author(&self.room.plan, by, role) {
            Ok(by) => by.unwrap_or_else(|| self.room.me.author.clone()),
            Err(why) => {
                send(&out, &Answer { id: &id, answer: "refused", reason: Some(&why), entry: None });
                return false;
            }
        };
        match self.decide(&by, &intent) {
            Err(Refusal(why)) => {
                send(&out, &Answer { id: &id, answer: "refused", reason: Some(&why), entry: None });
                false
            }
            Ok(effects) => {
                let drafts: Vec<Uuid> =
                    effects.iter().flat_map(|Effect::Append(drafts)| drafts.iter().map(|d| d.id)).collect();
                self.asked += 1;
                for draft in &drafts {
                    self.waiting.insert(*draft, Waiting(self.asked));
                }
                self.pending.insert(self.asked, Pending { id, out, left: drafts.len() });
                self.perform(effects)
            }
        }
    }

    /// Tells followers and whoever asked that an entry is durable.
    fn confirm(&mut self, entry: &Arc<Entry>) {
        self.answer(entry.id, "accepted", None);
        if let Some(fresh) = &mut self.fresh {
            fresh.push(Arc::clone(entry));
        }
        if let Some(log) = &mut self.log {
            let line: Arc<str> = entry_json(entry, log.len() as u64 + 1).to_string().into();
            log.push(Arc::clone(&line));
            self.followers.retain(|f| f.out.try_send(line.to_string()).is_ok());
        }
    }

    fn answer(&mut self, draft: Uuid, word: &'static str, reason: Option<&str>) {
        let Some(Waiting(n)) = self.waiting.get(&draft).copied() else { return };
        let Some(pending) = self.pending.get_mut(&n) else { return };
        if word == "accepted" {
            self.waiting.remove(&draft);
            pending.left = pending.left.saturating_sub(1);
            if pending.left > 0 {
                return;
            }
        }
        send(&pending.out, &Answer { id: &pending.id, answer: word, reason, entry: Some(draft.to_string()) });
        if word == "accepted" {
            self.pending.remove(&n);
        }
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

    /// Hands the probes over at the pace of the windows in force.
    fn poll_now(&mut self) {
        self.paced = self.room.live.pace;
        self.poll.ask(poll::Ask::Set(self.room.probes(), self.room.plan.masks.clone()));
    }

    /// The probes of the plan in force are what is asked from now on, where this process asks.
    fn poll_anew(&mut self) {
        if matches!(self.room.live.watch, Watch::Me { .. } | Watch::Nobody) {
            self.poll_now();
        }
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

    /// Gives the lease back, flushes and closes the journal.
    pub async fn close(&mut self, heard: &mut mpsc::Receiver<journal::Event>) {
        self.poll.ask(poll::Ask::Set(Vec::new(), Masks::default()));
        let (done, closed) = tokio::sync::oneshot::channel();
        if self.journal.ask(journal::Ask::Close(done)).is_ok() {
            // A busy disk is waited for a little longer where commands stay behind.
            let patience = Duration::from_millis(if self.runs.left { 3_000 } else { 800 });
            // What still comes home is heard and not looked at: the journal waits where its lane is full.
            let drained = async { while heard.recv().await.is_some() {} };
            tokio::select! {
                _ = closed => {}
                () = drained => {}
                () = tokio::time::sleep(patience) => {}
            }
        }
    }
}

/// An entry as followers and exports see it; `place` is its place in the journal's file.
pub fn entry_json(entry: &Entry, place: u64) -> serde_json::Value {
    let fact: serde_json::Value = serde_json::from_str(&entry.body).unwrap_or_default();
    serde_json::json!({
        "place": place,
        "id": entry.id,
        "writer": entry.writer,
        "seq": entry.seq,
        "stamp": entry.stamp,
        "at": rfc3339(entry.stamp.utc()),
        "by": entry.by,
        "fact": fact,
        "prev": entry.prev.to_string(),
        "hash": entry.hash.to_string(),
    })
}

/// The same place, from the root.
fn absolute(path: &std::path::Path) -> std::path::PathBuf {
    // A plan that is no file has no folder of its own.
    let path = if path.as_os_str().is_empty() { std::path::Path::new(".") } else { path };
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

fn send(out: &mpsc::Sender<String>, answer: &Answer<'_>) {
    if let Ok(line) = serde_json::to_string(answer) {
        let _ = out.try_send(line);
    }
}
