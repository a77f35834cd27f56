//! Runs of commands at the desk: started when their own entry comes home, watched, stopped, recorded, found again.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use uuid::Uuid;

use super::Desk;
use super::lent::Lent;
use super::output::{Whole, lines, shown};
use crate::fact::{Draft, Entry, Fact, RunEnded, RunStarted, RunVerdict};
use crate::proc::run::{self, Heard, Job, News, Owner, Place, Running};
use crate::proc::{End, Finish, Kept, Stopped};
use crate::room::command::Planned;
use crate::room::{self, JournalHealth, RunLive, Whose, expect};
use crate::text::Untrusted;

/// From one look for runs that nobody watches to the next.
const LOOK: Duration = Duration::from_secs(2);

/// What this process knows of runs; nothing of it survives it.
#[derive(Debug, Default)]
pub struct Runs {
    /// Where news of them goes; nothing before the loop runs.
    pub(super) out: Option<mpsc::Sender<News>>,
    /// Decided here and on the way to the journal, by draft. What is not in here is never started.
    prepared: HashMap<Uuid, Planned>,
    /// Going on, by run.
    watched: HashMap<Uuid, Watched>,
    /// Some were left when this process went away, and the record is to say so.
    pub(super) left: bool,
    /// When runs of nobody were last looked for.
    looked: Option<Duration>,
    /// The run that has the terminal, waits for it, or was stopped by ctrl-z.
    pub(super) lent: Option<Lent>,
}

#[derive(Debug)]
struct Watched {
    running: Running,
    folder: PathBuf,
    /// What it was, where this process began it.
    planned: Option<Planned>,
}

impl Desk {
    /// Opens the lane on which runs are heard of: 64 pieces of news, of output the newest wins.
    pub fn hear_runs(&mut self, out: mpsc::Sender<News>) {
        self.runs.out = Some(out);
    }

    /// How many runs go on that this process began.
    pub fn runs_of_mine(&self) -> usize {
        let waits = self.runs.lent.as_ref().is_some_and(Lent::waits);
        self.runs.prepared.len()
            + usize::from(waits)
            + self.runs.watched.values().filter(|w| w.planned.is_some()).count()
    }

    /// Drafts of this process are about to go to the journal: what they would start is prepared.
    pub(super) fn prepare_runs(&mut self, drafts: &[Draft]) {
        for draft in drafts {
            match &draft.fact {
                Fact::CommandStarted(started) => {
                    let all = self.room.would_run(&started.step);
                    let Some(planned) = all.into_iter().find(|p| p.hash == started.hash) else { continue };
                    if matches!(self.room.journal, JournalHealth::Broken(_)) {
                        // A way back that was allowed with a reason: it does not wait for the disk.
                        self.begin(started.run, planned);
                    } else {
                        self.runs.prepared.insert(draft.id, planned);
                    }
                }
                Fact::CommandStopped { run, .. } => self.stop_run(*run),
                _ => {}
            }
        }
    }

    /// These drafts wait for the journal: what they would have started does not start by itself some time later.
    pub(super) fn unprepare_runs(&mut self, drafts: &[Uuid]) {
        for draft in drafts {
            self.runs.prepared.remove(draft);
        }
    }

    /// An entry comes home, before it is applied: the one moment at which a command starts.
    pub(super) fn run_came_home(&mut self, entry: &Entry) {
        match &entry.fact {
            Fact::CommandStarted(started) => {
                let Some(planned) = self.runs.prepared.remove(&entry.id) else {
                    let mine =
                        self.room.unsaved.contains_key(&entry.id) && !self.runs.watched.contains_key(&started.run);
                    if mine {
                        self.end_run(
                            started.run,
                            unknown("not started: the journal could not write when it was asked for"),
                        );
                    }
                    return;
                };
                // The file has one order for every process of this machine: who stands first in it runs.
                if let Some((_, first)) = self.room.progress.running(&started.step) {
                    let who = first.started.as_ref().map(|(_, by, _)| by.person.to_string()).unwrap_or_default();
                    let why = format!("not started: {who} was first");
                    self.end_run(started.run, (RunVerdict::Fail, why));
                    return;
                }
                self.begin(started.run, planned);
            }
            Fact::CommandStopped { run, .. } => self.stop_run(*run),
            Fact::CommandEnded(end) => {
                // Somebody else's word on a run of this process does not end the watching of it.
                let mine = self.runs.watched.get(&end.run).is_some_and(|watched| watched.planned.is_some());
                if mine && !self.room.unsaved.contains_key(&entry.id) {
                    return;
                }
                if let Some(watched) = self.runs.watched.remove(&end.run) {
                    run::forget(&watched.folder);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, id: Uuid, planned: Planned) {
        let Some(out) = self.runs.out.clone() else {
            self.end_run(id, unknown("not started: this process runs no commands"));
            return;
        };
        if planned.terminal.is_some() {
            self.wait_for_terminal(id, planned);
        } else {
            self.begin_at(id, planned, out, Place::Apart);
        }
    }

    /// Begins a run now.
    pub(super) fn begin_at(&mut self, id: Uuid, planned: Planned, out: mpsc::Sender<News>, place: Place) {
        let folder = self.run_folder(id);
        let ending = &planned.reads.ending;
        let file = if ending.is_empty() { "script".to_owned() } else { format!("script.{ending}") };
        let job = Job {
            run: id,
            script: planned.script.expose().to_owned(),
            argv: planned.reads.with(&folder.join(&file).to_string_lossy()),
            file,
            dir: planned.dir.clone(),
            env: match place {
                Place::Apart => self.room.plan.room.env.clone(),
                Place::Terminal => [self.room.plan.room.env.as_slice(), &["TERM".to_owned()]].concat(),
            },
            timeout: planned.timeout,
            place,
        };
        let running = run::begin(job, folder.clone(), out);
        self.room.live.runs.insert(id, RunLive::default());
        self.runs.watched.insert(id, Watched { running, folder, planned: Some(planned) });
    }

    fn stop_run(&mut self, id: Uuid) {
        if let Some(watched) = self.runs.watched.get(&id) {
            watched.running.stop();
        }
    }

    /// Asks every run of this process to stop.
    pub fn stop_runs(&mut self) {
        let mine: Vec<Uuid> =
            self.runs.watched.iter().filter(|(_, w)| w.planned.is_some()).map(|(run, _)| *run).collect();
        let by = self.room.me.author.clone();
        let drafts =
            mine.into_iter().map(|run| room::decide::draft(&by, Fact::CommandStopped { run, because: None })).collect();
        self.append(drafts);
    }

    /// This process goes away while runs go on: they stay, and the record says so, together with what else it says of its end;
    /// one transaction, since there may be no time for a second one.
    pub fn leave_runs(&mut self, also: Vec<Fact>) {
        let by = self.room.me.author.clone();
        let mut left: Vec<Draft> = self
            .runs
            .watched
            .iter()
            .filter(|(_, watched)| watched.planned.is_some())
            .map(|(run, watched)| {
                let pid = run::pid_of(&watched.folder).unwrap_or_default();
                room::decide::draft(&by, Fact::CommandLeft { run: *run, pid })
            })
            .collect();
        self.runs.left = !left.is_empty();
        if !self.room.me.read_only {
            left.extend(also.into_iter().map(|fact| room::decide::draft(&by, fact)));
        }
        if !left.is_empty() {
            self.append(left);
        }
        self.runs.watched.clear();
    }

    /// Runs of this machine that are open and that nobody here watches: begun by a process that is gone, or by another one.
    pub(super) fn find_runs(&mut self) {
        let now = self.room.now.mono;
        let due = self.runs.looked.is_none_or(|last| now.saturating_sub(last) >= LOOK);
        let Some(out) = self.runs.out.clone().filter(|_| due && self.room.journal != JournalHealth::Opening) else {
            return;
        };
        self.runs.looked = Some(now);
        let here = |run: &RunStarted| run.host.raw() == self.room.site.host;
        let unwatched = self
            .room
            .progress
            .attempts
            .open()
            .filter(|(id, run)| here(run) && !self.runs.watched.contains_key(id) && !self.on_its_way_out(*id));
        let found: Vec<Uuid> = unwatched.map(|(id, _)| id).collect();
        for id in found {
            let folder = self.run_folder(id);
            let running = run::attach(id, folder.clone(), out.clone());
            // Somebody wanted it to stop while nobody was there to hear it.
            if self.room.progress.attempts.get(id).is_some_and(|attempt| attempt.stopped.is_some()) {
                running.stop();
            }
            self.room.live.runs.insert(id, RunLive { whose: Whose::Nobodys, ..RunLive::default() });
            self.room.revision.runs += 1;
            self.runs.watched.insert(id, Watched { running, folder, planned: None });
        }
    }

    fn on_its_way_out(&self, id: Uuid) -> bool {
        self.room.unsaved.values().any(|u| matches!(&u.draft.fact, Fact::CommandEnded(end) if end.run == id))
    }

    /// Something is heard of a run. True when it should be seen at once.
    pub fn on_run(&mut self, news: News) -> bool {
        self.room.now = self.now();
        let News { run: id, what } = news;
        if !self.runs.watched.contains_key(&id) {
            return false;
        }
        self.room.revision.runs += 1;
        match what {
            Heard::Began(pid, owner) => {
                let live = self.room.live.runs.entry(id).or_default();
                live.pid = Some(pid);
                live.whose = match owner {
                    Owner::Here => Whose::Mine,
                    Owner::There => Whose::Others,
                    Owner::Gone => Whose::Nobodys,
                };
                true
            }
            Heard::Paused(paused) => {
                self.stands_still(id, paused);
                true
            }
            Heard::Output(kept, written) => {
                let (head, tail, dropped) = shown(&kept, &self.room.plan.masks, Whole::Growing);
                let live = self.room.live.runs.entry(id).or_default();
                live.written = written;
                live.lines = lines(&head, &tail, dropped);
                false
            }
            Heard::Gone(why, kept) => {
                self.end_with(id, None, &kept, (RunVerdict::Unknown, why));
                true
            }
            Heard::Ended(finish, kept) => {
                let text = expect::plain(&kept.text());
                let verdict = self.verdict(id, &finish, &text);
                self.end_with(id, Some(&finish), &kept, verdict);
                true
            }
        }
    }

    /// What the end of a run means. Only a status that the command gave by itself is judged.
    fn verdict(&self, id: Uuid, finish: &Finish, output: &str) -> (RunVerdict, String) {
        let left = match finish.left {
            0 => String::new(),
            1 => "; a process it left behind was ended".to_owned(),
            n => format!("; {n} processes it left behind were ended"),
        };
        let (verdict, why) = match (&finish.end, finish.stopped) {
            (End::NotStarted(why), _) => (RunVerdict::Fail, format!("not started: {why}")),
            (end, Stopped::Asked) => {
                let aborted = self.room.progress.attempts.get(id).and_then(|a| a.aborted.as_ref());
                let why = aborted.map_or_else(|| "stopped".to_owned(), |(_, because)| format!("ABORTED, {because}"));
                (RunVerdict::Fail, format!("{why}: {}", end_words(end)))
            }
            (end, Stopped::Deadline) => (RunVerdict::Fail, format!("stopped at its deadline: {}", end_words(end))),
            (End::Exit(code), Stopped::No) if finish.crossed && !output.contains('❌') => {
                (RunVerdict::Fail, format!("exit {code}, but it says ❌ in what was not kept of its output"))
            }
            (End::Exit(code), Stopped::No) => {
                let planned = self.runs.watched.get(&id).and_then(|w| w.planned.clone()).or_else(|| {
                    let (.., run) = self.room.progress.attempts.get(id)?.started.as_ref()?;
                    self.room.would_run(&run.step).into_iter().find(|p| p.hash == run.hash)
                });
                match planned {
                    Some(planned) if planned.terminal.is_some() => planned.judge_unseen(*code),
                    Some(planned) => planned.judge(*code, output),
                    None if *code != 0 => (RunVerdict::Fail, format!("exit {code}")),
                    None => {
                        (RunVerdict::Unknown, "exit 0, but the runbook no longer says what was expected".to_owned())
                    }
                }
            }
            (end, Stopped::No) => {
                (if matches!(end, End::Signal(_)) { RunVerdict::Fail } else { RunVerdict::Unknown }, end_words(end))
            }
        };
        (verdict, why + &left)
    }

    fn end_with(&mut self, id: Uuid, finish: Option<&Finish>, kept: &Kept, (verdict, why): (RunVerdict, String)) {
        self.runs.lent.take_if(|lent| lent.is(id));
        let (head, tail, dropped) = shown(kept, &self.room.plan.masks, Whole::Ended);
        let (exit, signal) = match finish.map(|f| &f.end) {
            Some(End::Exit(code)) => (Some(*code), None),
            Some(End::Signal(signal)) => (None, Some(*signal)),
            _ => (None, None),
        };
        let stopped = finish.is_some_and(|f| f.stopped == Stopped::Asked);
        let stopper = self.room.progress.attempts.get(id).filter(|a| a.aborted.is_none());
        let who = stopper.and_then(|a| a.stopped.as_ref());
        let ended = RunEnded {
            run: id,
            exit,
            signal,
            took: finish.map_or(0, |f| f.took),
            verdict,
            why: Untrusted::new(self.room.plan.masks.mask(&why)),
            head: Untrusted::new(head),
            tail: Untrusted::new(tail),
            dropped,
            killed_by: who.filter(|_| stopped).map(|(_, by)| by.person.clone()),
        };
        if !self.room.me.read_only {
            let by = self.room.me.author.clone();
            self.append(vec![room::decide::draft(&by, Fact::CommandEnded(Box::new(ended)))]);
        }
    }

    /// The end of a run of which there is nothing to see.
    pub(super) fn end_run(&mut self, id: Uuid, verdict: (RunVerdict, String)) {
        self.end_with(id, None, &Kept::default(), verdict);
    }

    /// Where a run keeps its files: beside the journal.
    fn run_folder(&self, id: Uuid) -> PathBuf {
        let mut name = self.journal_at.as_os_str().to_owned();
        name.push(".runs");
        let folder = PathBuf::from(name).join(id.to_string());
        std::path::absolute(&folder).unwrap_or(folder)
    }
}

fn unknown(why: &str) -> (RunVerdict, String) {
    (RunVerdict::Unknown, why.to_owned())
}

fn end_words(end: &End) -> String {
    match end {
        End::Exit(code) => format!("exit {code}"),
        End::Signal(signal) => format!("ended by signal {signal}"),
        End::Deadline => "killed at its deadline".to_owned(),
        End::NotStarted(why) => format!("not started: {why}"),
        End::Lost(why) => why.clone(),
    }
}
