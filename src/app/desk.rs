//! The desk: the room, its edges, and the one place where each kind of event is handled. Nothing here awaits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::outbound::Outbound;
use super::setup::Setup;
use crate::clock::jumps::{Jump, Reading};
use crate::clock::{Now, Pace};
use crate::fact::{Author, Draft, Entry, Fact};
use crate::files;
use crate::journal::{self, Journal, TapedSample};
use crate::notice::Told;
use crate::poll::{self, Poll};
use crate::probe::Sample;
use crate::room::{self, Book, Effect, Intent, JournalHealth, Refusal, Room, Unsaved, Watch};
use crate::secret::Masks;
use crate::tell::Tell;
use crate::text::Untrusted;

mod clients;
mod lent;
mod output;
mod runs;
mod samples;
mod source;

use clients::Clients;
use runs::Runs;
use source::{Answers, Source};

/// Drafts not yet durable that are kept; beyond that intents are refused until the journal is back.
const UNSAVED: usize = 4_096;

/// Why a draft waits that found no room on the journal's lane.
const BUSY: &str = "the journal is busy";

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
    /// Who asks and follows over the control socket.
    pub clients: Clients,
    /// The whole second of the room's clock at the last tick.
    second: i64,
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
            clients: Clients::default(),
            second: 0,
            fresh: None,
            to_tape: Vec::new(),
            paced: None,
            clocks: None,
            runs: Runs::default(),
        }
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
        self.clients.catch_up();
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
            self.outdate_start(&draft.fact);
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
                    unsaved.trouble = Some(BUSY.to_owned());
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
            .filter(|u| u.trouble.as_deref() == Some(BUSY))
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
                    self.clients.came_home(entry);
                    if let Some(fresh) = &mut self.fresh {
                        fresh.push(Arc::clone(entry));
                    }
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
                    self.clients.answer(*id, "unconfirmed", Some(&why));
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
                    self.clients.answer(*id, "refused", Some(&why));
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

/// The same place, from the root.
fn absolute(path: &std::path::Path) -> std::path::PathBuf {
    // A plan that is no file has no folder of its own.
    let path = if path.as_os_str().is_empty() { std::path::Path::new(".") } else { path };
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}
