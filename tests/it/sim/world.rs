//! Machines with a journal each, seats with a room each, and the mail between them: late, doubled, out of order, lost with a crash.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use uuid::Uuid;
use warroom::clock::jumps::Jump;
use warroom::clock::{Now, Stamp, Writer};
use warroom::fact::{Author, Draft, Entry, Fact, Hash, RunEnded, RunVerdict, StepId};
use warroom::probe::{MetricIx, MetricReading, Outcome, Point, ProbeId, Reading, Sample, ServiceIx, ServiceReading};
use warroom::room::{self, Effect, JournalHealth, Me, Room, Unsaved, Watch, apply, clocks, observe};
use warroom::text::Untrusted;

use super::dice::Dice;
use super::laws::Laws;
use super::stage;
use crate::support::start;

/// A lease that was not renewed for so long is free.
const LEASE_MS: u64 = 5_000;
/// Clocks that are read one after the other differ by no more than this.
const AHEAD: TimeDelta = TimeDelta::seconds(5);
/// How far back the tape reaches.
const TAPE_MS: u64 = 120_000;

/// Everything there is.
pub struct World {
    pub dice: Dice,
    /// Milliseconds that have really passed.
    pub ms: u64,
    pub machines: Vec<Machine>,
    pub seats: Vec<Seat>,
    /// Who watches.
    pub lease: Option<Lease>,
    pub truth: Truth,
    pub laws: Laws,
    mail: BTreeMap<(u64, u64), Mail>,
    posted: u64,
    tape: VecDeque<Asked>,
    next_poll: u64,
    /// The last things that happened, for whoever has to understand a failure.
    pub story: VecDeque<String>,
    epoch: u64,
    /// Some clock was set since the beginning.
    skewed: bool,
}

/// The watch, as long as it is held.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    seat: usize,
    /// A process that was started anew does not hold what the one before it held.
    life: u32,
    epoch: u64,
    renewed: u64,
}

/// One journal file and one pair of clocks.
pub struct Machine {
    /// By how much its wall clock is wrong.
    pub off: TimeDelta,
    /// The file, in its order: its own chain, and what came from others.
    pub file: Vec<Arc<Entry>>,
    known: HashSet<(u64, u64)>,
    ids: HashSet<Uuid>,
    last: Option<Stamp>,
    seq: u64,
    prev: Hash,
    /// The disk is full until then.
    pub broken_until: u64,
    /// Nothing goes in or out until then.
    pub cut_until: u64,
    /// What it lost in earlier sleeps, and from when to when the last one is.
    slept: u64,
    asleep: (u64, u64),
    /// The edition of runbook and plan on its disk.
    pub edition: usize,
}

/// A process, and the person in front of it.
pub struct Seat {
    pub machine: usize,
    pub who: Author,
    /// The room; none while the process is down.
    pub room: Option<Room>,
    read: usize,
    prepared: HashMap<Uuid, StepId>,
    kept: Vec<Draft>,
    /// Counts starts of the process.
    pub life: u32,
    /// Down, or stopped, until then.
    pub away_until: u64,
    stopped: bool,
    /// The edition it has in force.
    pub edition: usize,
    /// A jump of the clocks that it has not seen yet.
    jumps: Vec<Jump>,
}

/// What production is like, whoever looks.
#[derive(Clone, Debug)]
pub struct Truth {
    /// What each metric answers: a value, nothing at all, or an error.
    pub metrics: [Answer; 2],
    /// What each service answers.
    pub services: [Answer; 2],
}

/// What an asking brings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    Value(f64),
    Silence,
    Error,
}

/// One round of asking, as it lies on the tape.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When, really, and by the wall clock of whoever asked.
    at: u64,
    utc: chrono::DateTime<chrono::Utc>,
    machine: usize,
    pub truth: Truth,
}

enum Mail {
    Commit { seat: usize, life: u32, drafts: Vec<Draft> },
    Import { machine: usize, entry: Arc<Entry> },
    Samples { seat: usize, life: u32, asked: Asked },
    RunEnds { machine: usize, run: Uuid, passed: bool },
}

impl World {
    /// Two or three machines with one to three seats each.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let machines = 1 + dice.pick(3);
        let truth = Truth { metrics: [Answer::Value(0.2), Answer::Value(300.0)], services: [Answer::Value(1.0); 2] };
        let mut world = Self {
            ms: 0,
            machines: (0..machines)
                .map(|_| Machine::new(TimeDelta::milliseconds(dice.below(800) as i64 - 400)))
                .collect(),
            seats: Vec::new(),
            lease: None,
            truth,
            laws: Laws::default(),
            mail: BTreeMap::new(),
            posted: 0,
            tape: VecDeque::new(),
            next_poll: 0,
            story: VecDeque::new(),
            epoch: 0,
            skewed: false,
            dice,
        };
        let people = [
            ("ic", Some("incident commander")),
            ("on-call", Some("on-call")),
            ("deputy", Some("incident commander")),
            ("dba", Some("dba")),
            ("guest", None),
        ];
        let seats = 3 + world.dice.pick(3);
        for (nth, (person, role)) in people.into_iter().take(seats).enumerate() {
            let who = Author { person: Untrusted::new(person), role: role.map(Untrusted::new) };
            let machine = if nth < 2 { 0 } else { world.dice.pick(machines) };
            world.seats.push(Seat::new(machine, who));
        }
        for seat in 0..world.seats.len() {
            world.begin(seat);
        }
        world
    }

    pub fn tell(&mut self, what: impl FnOnce() -> String) {
        let line = format!("{:>7.1} s  {}", self.ms as f64 / 1_000.0, what());
        self.story.push_back(line);
        if self.story.len() > 120 {
            self.story.pop_front();
        }
    }

    /// What the clocks of a seat say.
    pub fn now(&self, seat: usize) -> Now {
        let machine = &self.machines[self.seats[seat].machine];
        let passed = Duration::from_millis(machine.passed(self.ms));
        let begun = start();
        Now { utc: begun.utc + TimeDelta::milliseconds(self.ms as i64) + machine.off, mono: begun.mono + passed }
    }

    fn post(&mut self, after: u64, mail: Mail) {
        self.posted += 1;
        self.mail.insert((self.ms + after, self.posted), mail);
    }

    /// Seats that run and are not stopped.
    pub fn awake(&self) -> Vec<usize> {
        let here = |s: &Seat| s.room.is_some() && s.away_until <= self.ms;
        (0..self.seats.len()).filter(|ix| here(&self.seats[*ix])).collect()
    }

    /// A process starts: it reads the journal to its end and the tape of the last minutes.
    pub fn begin(&mut self, ix: usize) {
        let machine = self.seats[ix].machine;
        let edition = self.machines[machine].edition;
        let (book, plan) = stage::shared(edition);
        let now = self.now(ix);
        let me = Me { author: self.seats[ix].who.clone(), read_only: false };
        let mut room = Room::new(me, book, plan, now);
        room.site.host = format!("host-{machine}");
        let seat = &mut self.seats[ix];
        (seat.life, seat.edition, seat.read, seat.stopped) = (seat.life + 1, edition, 0, false);
        (seat.prepared, seat.kept, seat.jumps) = (HashMap::new(), Vec::new(), Vec::new());
        for entry in &self.machines[machine].file {
            apply::apply(&mut room, entry);
            seat.read += 1;
        }
        room.journal = JournalHealth::Safe;
        room.live.watch = match self.lease {
            Some(Lease { epoch, .. }) => Watch::Other { epoch, by: None },
            None => Watch::Nobody,
        };
        seat.room = Some(room);
        self.laws.begins(ix);
        let who = self.seats[ix].who.person.to_string();
        self.tell(|| format!("{who} starts"));
        let past: Vec<Asked> = self.tape.iter().filter(|a| a.machine == machine).cloned().collect();
        for asked in past {
            self.hear(ix, &asked);
        }
    }

    /// A process is killed: what was not durable is gone.
    pub fn crash(&mut self, ix: usize, away: u64) {
        let who = self.seats[ix].who.person.to_string();
        self.tell(|| format!("{who} is killed"));
        self.seats[ix].room = None;
        self.seats[ix].away_until = self.ms + away;
    }

    /// A process is stopped, or its machine is too busy: it runs on later.
    pub fn stop(&mut self, ix: usize, away: u64) {
        let who = self.seats[ix].who.person.to_string();
        self.tell(|| format!("{who} is stopped for {away} ms"));
        self.seats[ix].away_until = self.ms + away;
        self.seats[ix].stopped = true;
    }

    /// A wall clock is set; every process of the machine notices at its next tick.
    pub fn step_clock(&mut self, machine: usize, by: TimeDelta) {
        self.tell(|| format!("the clock of machine {machine} is set by {by}"));
        self.machines[machine].off += by;
        self.skewed = true;
        for seat in self.seats.iter_mut().filter(|s| s.machine == machine) {
            seat.jumps.push(Jump::Stepped(by));
        }
    }

    /// A machine sleeps: time passes, and nothing on it runs.
    pub fn sleep(&mut self, machine: usize, ms: u64) {
        self.tell(|| format!("machine {machine} sleeps for {ms} ms"));
        let (from, until) = self.machines[machine].asleep;
        self.machines[machine].slept += until - from;
        self.machines[machine].asleep = (self.ms, self.ms + ms);
        self.machines[machine].cut_until = self.machines[machine].cut_until.max(self.ms + ms);
        let until = self.ms + ms;
        for seat in self.seats.iter_mut().filter(|s| s.machine == machine) {
            seat.away_until = seat.away_until.max(until);
            seat.stopped = true;
            seat.jumps.push(Jump::Suspended(Duration::from_millis(ms)));
        }
    }

    /// Time passes, and what is due happens.
    pub fn pass(&mut self, ms: u64) {
        let until = self.ms + ms;
        while let Some((&(due, nth), _)) = self.mail.first_key_value()
            && due <= until
        {
            self.ms = self.ms.max(due);
            if let Some(mail) = self.mail.remove(&(due, nth)) {
                self.deliver(mail);
            }
        }
        self.ms = until;
        for ix in 0..self.seats.len() {
            if self.seats[ix].room.is_none() && self.seats[ix].away_until <= self.ms {
                self.begin(ix);
            }
        }
        self.renew();
        if self.ms >= self.next_poll {
            self.next_poll = self.ms + stage::EVERY_MS;
            self.poll();
        }
        for ix in self.awake() {
            if self.dice.once_in(900) {
                self.read_on(ix);
                self.tick(ix);
            }
        }
    }

    fn deliver(&mut self, mail: Mail) {
        match mail {
            Mail::Commit { seat, life, drafts } => {
                // A process that is stopped writes on when it goes on.
                let it = &self.seats[seat];
                let wait = it.away_until.saturating_sub(self.ms);
                if it.room.is_some() && wait > 0 {
                    return self.post(wait, Mail::Commit { seat, life, drafts });
                }
                self.commit(seat, life, drafts);
            }
            Mail::Import { machine, entry } => {
                if self.machines[machine].cut_until > self.ms || self.machines[machine].broken_until > self.ms {
                    let again = 1_000 + self.dice.below(5_000);
                    return self.post(again, Mail::Import { machine, entry });
                }
                self.machines[machine].import(entry);
            }
            Mail::Samples { seat, life, asked } => {
                if self.seats[seat].life == life && self.seats[seat].room.is_some() {
                    // A process that is stopped hears of it when it goes on.
                    let wait = self.seats[seat].away_until.saturating_sub(self.ms);
                    if wait > 0 {
                        return self.post(wait, Mail::Samples { seat, life, asked });
                    }
                    self.hear(seat, &asked);
                }
            }
            Mail::RunEnds { machine, run, passed } => self.run_ends(machine, run, passed),
        }
    }

    /// The lease: renewed by whoever has it and runs; after five seconds somebody else takes it.
    fn renew(&mut self) {
        let awake = self.awake();
        if let Some(lease) = &mut self.lease {
            let seat = &self.seats[lease.seat];
            let machine = &self.machines[seat.machine];
            let there = awake.contains(&lease.seat) && seat.life == lease.life;
            if there && machine.cut_until <= self.ms && machine.broken_until <= self.ms {
                lease.renewed = self.ms;
                return;
            }
            if self.ms - lease.renewed < LEASE_MS {
                return;
            }
        }
        self.lease = None;
        let able = awake.iter().copied().filter(|ix| {
            let machine = &self.machines[self.seats[*ix].machine];
            machine.cut_until <= self.ms && machine.broken_until <= self.ms
        });
        let able: Vec<usize> = able.collect();
        if able.is_empty() {
            for ix in awake {
                if let Some(room) = &mut self.seats[ix].room {
                    room.live.watch = Watch::Nobody;
                }
            }
            return;
        }
        let next = able[self.dice.pick(able.len())];
        // The lease lies in the journal: whoever takes it has read that to its end.
        while self.read_one(next) {}
        self.epoch += 1;
        let epoch = self.epoch;
        self.lease = Some(Lease { seat: next, life: self.seats[next].life, epoch, renewed: self.ms });
        let who = self.seats[next].who.person.to_string();
        self.tell(|| format!("{who} takes the watch"));
        for ix in 0..self.seats.len() {
            if let Some(room) = self.seats[ix].room.as_mut().filter(|_| ix != next) {
                room.live.watch = Watch::Other { epoch, by: None };
            }
        }
        let now = self.now(next);
        let all = self.machines.iter().map(|m| m.seq).sum::<u64>();
        let behind = (self.machines[self.seats[next].machine].file.len() as u64) < all;
        let Some(room) = &mut self.seats[next].room else { return };
        room.now = now;
        room.live.watch = Watch::Me { epoch };
        let effects = observe::begin_watch(room);
        let by = room.me.author.clone();
        self.laws.takes_over(next);
        // What has not arrived on its machine nobody there can know of.
        if behind {
            self.laws.knows_less(room);
        }
        self.perform(next, effects);
        self.append(next, vec![room::decide::draft(&by, Fact::WatchTaken { epoch })]);
        self.loaded(next, &[]);
    }

    /// The seat that watches; none while the process that did is gone.
    fn holder(&self) -> Option<usize> {
        self.lease.filter(|lease| self.seats[lease.seat].life == lease.life).map(|lease| lease.seat)
    }

    /// The watch asks; others of its machine read the tape a moment later.
    fn poll(&mut self) {
        let Some(holder) = self.holder().filter(|holder| self.awake().contains(holder)) else { return };
        let machine = self.seats[holder].machine;
        let asked = Asked { at: self.ms, utc: self.now(holder).utc, machine, truth: self.truth.clone() };
        self.tape.push_back(asked.clone());
        while self.tape.front().is_some_and(|a| a.at + TAPE_MS < self.ms) {
            self.tape.pop_front();
        }
        self.hear(holder, &asked);
        for ix in 0..self.seats.len() {
            if ix != holder && self.seats[ix].machine == machine {
                let (life, after) = (self.seats[ix].life, 50 + self.dice.below(900));
                self.post(after, Mail::Samples { seat: ix, life, asked: asked.clone() });
            }
        }
    }

    /// A round of answers reaches a room.
    fn hear(&mut self, ix: usize, asked: &Asked) {
        let now = self.now(ix);
        let old = (now.utc - asked.utc).to_std().unwrap_or_default();
        let at = Now { utc: asked.utc, mono: now.mono.saturating_sub(old) };
        let mut samples = Vec::new();
        for (n, answer) in asked.truth.services.iter().enumerate() {
            let outcome = match answer {
                Answer::Value(v) if *v > 0.0 => Outcome::Pass,
                Answer::Value(_) => Outcome::Fail("502".to_owned()),
                Answer::Error => Outcome::NoData("busy".to_owned()),
                Answer::Silence => continue,
            };
            let reading = Reading::Service(ServiceReading::new(ServiceIx(n as u32), outcome));
            samples.push(Sample { probe: ProbeId(n as u32), at, took: Duration::from_millis(20), reading });
        }
        let readings: Vec<MetricReading> = asked
            .truth
            .metrics
            .iter()
            .enumerate()
            .filter_map(|(n, answer)| {
                let value = match answer {
                    Answer::Value(value) => Ok(Point { at: at.utc, value: *value }),
                    Answer::Error => Err("404".to_owned()),
                    Answer::Silence => return None,
                };
                Some(MetricReading { metric: MetricIx(n as u32), value })
            })
            .collect();
        if !readings.is_empty() {
            let took = Duration::from_millis(5);
            samples.push(Sample { probe: ProbeId(9), at, took, reading: Reading::Metrics(readings) });
        }
        let Some(room) = &mut self.seats[ix].room else { return };
        room.now = now;
        let effects = observe::observe_all(room, samples);
        // What was asked before the clock was set back lies ahead of it, and nobody can say when that was: it is not heard at all.
        if asked.utc <= now.utc + AHEAD {
            self.laws.hears(ix, at, &asked.truth);
        }
        if let Some(room) = self.seats[ix].room.as_ref().filter(|_| self.holder() == Some(ix)) {
            self.laws.looked(ix, room);
        }
        self.by_itself(ix, effects);
    }

    /// Whether the clocks of a seat jumped and it has not noticed yet.
    pub fn jumps(&self, ix: usize) -> bool {
        !self.seats[ix].jumps.is_empty()
    }

    /// A second passes for a room.
    pub fn tick(&mut self, ix: usize) {
        let now = self.now(ix);
        if std::mem::take(&mut self.seats[ix].stopped)
            && let Some(Lease { epoch, .. }) = self.lease
            && let holder = self.holder()
            && let Some(room) = &mut self.seats[ix].room
        {
            // It learns first who watches by now.
            room.live.watch = if holder == Some(ix) { Watch::Me { epoch } } else { Watch::Other { epoch, by: None } };
        }
        for jump in std::mem::take(&mut self.seats[ix].jumps) {
            let Some(room) = &mut self.seats[ix].room else { return };
            let effects = clocks::jumped(room, jump, now);
            self.laws.jumps(ix, jump, now);
            self.by_itself(ix, effects);
        }
        self.reload(ix);
        let Some(room) = &mut self.seats[ix].room else { return };
        let effects = observe::tick(room, now);
        self.by_itself(ix, effects);
        let watching = self.holder() == Some(ix);
        let Some(room) = &self.seats[ix].room else { return };
        self.laws.ticked(ix, room, watching, self.skewed);
    }

    /// Runbook and plan changed on the disk.
    fn reload(&mut self, ix: usize) {
        let machine = self.seats[ix].machine;
        let edition = self.machines[machine].edition;
        if self.seats[ix].edition == edition {
            return;
        }
        self.seats[ix].edition = edition;
        let (book, plan) = stage::edition(edition);
        let Some(room) = &mut self.seats[ix].room else { return };
        let old = Arc::clone(&room.book);
        room.replace(book, plan);
        let renames = room::renames::renames(&old, &room.book);
        self.laws.reloads(ix);
        if self.holder() == Some(ix) {
            self.loaded(ix, &renames);
        }
    }

    /// The watch records which runbook it holds.
    fn loaded(&mut self, ix: usize, renames: &[(StepId, StepId)]) {
        let Some(room) = &self.seats[ix].room else { return };
        let hashes: Vec<String> = room.book.runbooks.iter().map(|b| b.sha256.clone()).collect();
        let known = room.progress.loaded.as_ref().map(|l| l.hashes.clone());
        if known.as_ref() == Some(&hashes) {
            return;
        }
        // Edited while nobody was here: found again from the bytes that the journal keeps.
        let before = known.and_then(|known| {
            (0..stage::EDITIONS).map(|n| stage::edition(n).0).find(|b| b.runbooks[0].sha256 == known[0])
        });
        let found = before.map(|old| room::renames::renames(&old, &room.book));
        let renames = if renames.is_empty() { found.unwrap_or_default() } else { renames.to_vec() };
        let by = room.me.author.clone();
        let fact = Fact::RunbookLoaded { hashes, paths: vec!["runbook.md".to_owned()], renames };
        self.append(ix, vec![room::decide::draft(&by, fact)]);
    }

    fn by_itself(&mut self, ix: usize, effects: Vec<Effect>) {
        let Some(room) = &self.seats[ix].room else { return };
        for Effect::Append(drafts) in &effects {
            for draft in drafts {
                self.laws.by_itself(ix, room, &draft.fact);
            }
        }
        self.perform(ix, effects);
    }

    pub fn perform(&mut self, ix: usize, effects: Vec<Effect>) {
        for Effect::Append(drafts) in effects {
            self.append(ix, drafts);
        }
    }

    /// Drafts go to the journal of the machine.
    pub fn append(&mut self, ix: usize, drafts: Vec<Draft>) {
        let broken = self.machines[self.seats[ix].machine].broken_until > self.ms;
        let life = self.seats[ix].life;
        let mut at_once = Vec::new();
        {
            let seat = &mut self.seats[ix];
            let Some(room) = &mut seat.room else { return };
            for draft in &drafts {
                if let Fact::CommandStarted(run) = &draft.fact {
                    if matches!(room.journal, JournalHealth::Broken(_)) {
                        at_once.push((run.run, run.step.clone()));
                    } else {
                        seat.prepared.insert(draft.id, run.step.clone());
                    }
                }
                room.unsaved.insert(draft.id, Unsaved { draft: draft.clone(), since: room.now, trouble: None });
            }
        }
        for (run, step) in at_once {
            self.execute(ix, run, &step);
        }
        if broken {
            return self.not_saved(ix, drafts);
        }
        let slow = if self.dice.once_in(50) { 3_000 } else { 1 + self.dice.below(200) };
        self.post(slow, Mail::Commit { seat: ix, life, drafts });
    }

    fn not_saved(&mut self, ix: usize, drafts: Vec<Draft>) {
        let seat = &mut self.seats[ix];
        let Some(room) = &mut seat.room else { return };
        room.journal = JournalHealth::Broken("disk full".to_owned());
        for draft in drafts {
            seat.prepared.remove(&draft.id);
            if let Some(unsaved) = room.unsaved.get_mut(&draft.id) {
                unsaved.trouble = Some("disk full".to_owned());
            }
            seat.kept.push(draft);
        }
    }

    /// The disk has room again: what was kept is written.
    pub fn recover(&mut self) {
        for ix in 0..self.seats.len() {
            if self.machines[self.seats[ix].machine].broken_until > self.ms {
                continue;
            }
            let seat = &mut self.seats[ix];
            let Some(room) = seat.room.as_mut().filter(|r| r.journal != JournalHealth::Safe) else { continue };
            room.journal = JournalHealth::Safe;
            room.unsaved.values_mut().for_each(|u| u.trouble = None);
            let (kept, life) = (std::mem::take(&mut seat.kept), seat.life);
            self.post(5, Mail::Commit { seat: ix, life, drafts: kept });
        }
    }

    /// The journal makes entries of drafts; each of the others gets them some time later, some twice.
    fn commit(&mut self, ix: usize, life: u32, drafts: Vec<Draft>) {
        if self.seats[ix].life != life || self.seats[ix].room.is_none() {
            return;
        }
        let own = self.seats[ix].machine;
        if self.machines[own].broken_until > self.ms {
            return self.not_saved(ix, drafts);
        }
        let utc = self.now(ix).utc;
        for draft in drafts {
            let id = draft.id;
            let Some(entry) = self.machines[own].seal(own, draft, utc) else {
                // As the journal does: what it holds already is handed out once more.
                let known = self.machines[own].file.iter().find(|e| e.id == id).cloned();
                if let (Some(known), Some(room)) = (known, &mut self.seats[ix].room) {
                    apply::apply(room, &known);
                }
                continue;
            };
            let said = format!("{} records {}", entry.by.person, entry.body.chars().take(150).collect::<String>());
            self.tell(|| said);
            for machine in (0..self.machines.len()).filter(|m| *m != own) {
                let copies = 1 + usize::from(self.dice.once_in(150));
                for _ in 0..copies {
                    let away = self.machines[own].cut_until.saturating_sub(self.ms);
                    let after =
                        away + if self.dice.once_in(200) { self.dice.below(20_000) } else { self.dice.below(1_500) };
                    self.post(after, Mail::Import { machine, entry: Arc::clone(&entry) });
                }
            }
        }
    }

    /// A process reads what stands new in its journal, and now and then something twice.
    pub fn read_on(&mut self, ix: usize) {
        let machine = self.seats[ix].machine;
        if self.dice.once_in(100) && self.seats[ix].read > 0 {
            let again = self.dice.pick(self.seats[ix].read);
            let entry = Arc::clone(&self.machines[machine].file[again]);
            if let Some(room) = &mut self.seats[ix].room {
                apply::apply(room, &entry);
            }
        }
        let most = if self.dice.once_in(100) { 2 } else { usize::MAX };
        for _ in 0..most {
            if !self.read_one(ix) {
                break;
            }
        }
    }

    /// Reads the next entry; false at the end.
    fn read_one(&mut self, ix: usize) -> bool {
        let machine = self.seats[ix].machine;
        let Some(entry) = self.machines[machine].file.get(self.seats[ix].read).cloned() else { return false };
        self.seats[ix].read += 1;
        self.comes_home(ix, &entry);
        true
    }

    /// As the desk does it: a command starts when its own entry comes home, and nobody stands before it in the file.
    fn comes_home(&mut self, ix: usize, entry: &Arc<Entry>) {
        let now = self.now(ix);
        let seat = &mut self.seats[ix];
        let Some(room) = &mut seat.room else { return };
        room.now = now;
        if let Fact::CommandStarted(run) = &entry.fact {
            let prepared = seat.prepared.remove(&entry.id);
            let mine = room.unsaved.contains_key(&entry.id);
            let first = room.progress.running(&run.step).is_some();
            match prepared {
                Some(step) if !first => self.execute(ix, run.run, &step),
                None if !mine => {}
                None if self.laws.executed(run.run) => {}
                _ => self.end_run(ix, run.run, RunVerdict::Unknown),
            }
        }
        let Some(room) = &mut self.seats[ix].room else { return };
        apply::apply(room, entry);
        self.laws.came_home(ix, room, entry);
    }

    fn execute(&mut self, ix: usize, run: Uuid, step: &StepId) {
        let machine = self.seats[ix].machine;
        let lasts = 500 + self.dice.below(8_000);
        let who = self.seats[ix].who.person.to_string();
        self.tell(|| format!("{who} executes {run} of {step}"));
        let recorded =
            self.machines[machine].file.iter().any(|e| matches!(&e.fact, Fact::CommandStarted(r) if r.run == run));
        self.laws.executes(machine, run, step, (self.ms, self.ms + lasts), recorded);
        let passed = self.dice.once_in(700);
        self.post(lasts, Mail::RunEnds { machine, run, passed });
    }

    /// The shim outlives the process: whoever of the machine is there records the end.
    fn run_ends(&mut self, machine: usize, run: Uuid, passed: bool) {
        let there = self.awake().into_iter().find(|ix| {
            let seat = &self.seats[*ix];
            seat.machine == machine && seat.room.as_ref().is_some_and(|r| r.progress.attempts.get(run).is_some())
        });
        match there {
            Some(ix) => self.end_run(ix, run, if passed { RunVerdict::Pass } else { RunVerdict::Fail }),
            None => self.post(700, Mail::RunEnds { machine, run, passed }),
        }
    }

    fn end_run(&mut self, ix: usize, run: Uuid, verdict: RunVerdict) {
        let Some(room) = &self.seats[ix].room else { return };
        let none = Untrusted::default();
        let exit = match verdict {
            RunVerdict::Pass => Some(0),
            RunVerdict::Fail => Some(1),
            RunVerdict::Unknown => None,
        };
        let ended = RunEnded {
            run,
            exit,
            signal: None,
            took: 1,
            verdict,
            why: none.clone(),
            head: none.clone(),
            tail: none,
            dropped: 0,
            killed_by: None,
        };
        let draft = room::decide::draft(&room.me.author, Fact::CommandEnded(Box::new(ended)));
        self.append(ix, vec![draft]);
    }

    /// Everything heals: nothing is cut, broken or away any more, and all mail arrives.
    pub fn heal(&mut self) {
        for machine in &mut self.machines {
            (machine.broken_until, machine.cut_until) = (0, 0);
        }
        for seat in &mut self.seats {
            seat.away_until = 0;
        }
        self.recover();
        for ix in 0..self.seats.len() {
            if self.seats[ix].room.is_none() {
                self.begin(ix);
            }
        }
        self.recover();
        // Nothing more is judged, so that what is under way comes to an end.
        self.read_all();
        while let Some((&(due, nth), _)) = self.mail.first_key_value() {
            self.ms = self.ms.max(due);
            // A way back that began while nothing could be recorded, and whose process died with that, is known to nobody.
            let knows = |run: Uuid| {
                let mut rooms = self.seats.iter().filter_map(|s| s.room.as_ref());
                rooms.any(|room| room.progress.attempts.get(run).is_some())
            };
            let lost = matches!(self.mail.get(&(due, nth)), Some(Mail::RunEnds { run, .. }) if !knows(*run))
                && self.mail.values().all(|m| matches!(m, Mail::RunEnds { .. }));
            if let Some(mail) = self.mail.remove(&(due, nth))
                && !matches!(mail, Mail::Samples { .. })
                && !lost
            {
                self.deliver(mail);
            }
            self.read_all();
        }
    }

    fn read_all(&mut self) {
        for ix in 0..self.seats.len() {
            while self.read_one(ix) {}
        }
    }
}

impl Machine {
    fn new(off: TimeDelta) -> Self {
        Self {
            off,
            file: Vec::new(),
            known: HashSet::new(),
            ids: HashSet::new(),
            last: None,
            seq: 0,
            prev: Hash::default(),
            broken_until: 0,
            cut_until: 0,
            slept: 0,
            asleep: (0, 0),
            edition: 0,
        }
    }

    /// What its monotonic clock has counted.
    fn passed(&self, ms: u64) -> u64 {
        let (from, until) = self.asleep;
        if ms < until { from - self.slept } else { ms - self.slept - (until - from) }
    }

    /// Whether it sleeps.
    pub fn sleeps(&self, ms: u64) -> bool {
        ms < self.asleep.1
    }

    fn seal(&mut self, own: usize, draft: Draft, utc: chrono::DateTime<chrono::Utc>) -> Option<Arc<Entry>> {
        // The same draft handed in twice is recorded once.
        if !self.ids.insert(draft.id) {
            return None;
        }
        let writer = Writer(own as u64);
        let stamp = Stamp::next(self.last, utc, writer);
        self.seq += 1;
        let entry = Arc::new(Entry::seal(draft, writer, self.seq, stamp, self.prev));
        (self.last, self.prev) = (Some(stamp), entry.hash);
        self.known.insert((writer.0, self.seq));
        self.file.push(Arc::clone(&entry));
        Some(entry)
    }

    fn import(&mut self, entry: Arc<Entry>) {
        if self.known.insert((entry.writer.0, entry.seq)) {
            self.last = self.last.max(Some(entry.stamp));
            self.ids.insert(entry.id);
            self.file.push(entry);
        }
    }
}

impl Seat {
    fn new(machine: usize, who: Author) -> Self {
        Self {
            machine,
            who,
            room: None,
            read: 0,
            prepared: HashMap::new(),
            kept: Vec::new(),
            life: 0,
            away_until: 0,
            stopped: false,
            edition: 0,
            jumps: Vec::new(),
        }
    }
}
