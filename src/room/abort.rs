//! Conditions that stop a command while it runs: which ones a step has, judging them, and what is asked once one has.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Room, Status, Watch, Whose, alerts, judge};
use crate::clock::Now;
use crate::condition::Condition;
use crate::fact::{Aborted, Draft, Fact, StepId};
use crate::plan::abort as said;
use crate::runbook::{Note, Step};
use crate::text::Untrusted;

/// Two looks further apart than this say nothing of the time between them.
const BLINK: Duration = Duration::from_secs(5);

/// A condition that stops a step's command.
#[derive(Clone, Debug)]
pub struct AbortOn {
    /// What is asked.
    pub condition: Condition,
    /// It must hold this long, with data.
    pub for_: Duration,
}

/// What stops a step's command while it runs.
#[derive(Clone, Debug, Default)]
pub struct Aborts {
    /// Conditions that are judged.
    pub on: Vec<AbortOn>,
    /// Sentences of the runbook that nobody can judge for people, as they are written.
    pub unread: Vec<String>,
}

/// A step whose command was aborted, and of which nobody has said yet what comes next.
#[derive(Clone, Debug)]
pub struct AbortAsked {
    /// Which step.
    pub step: StepId,
    /// Its words, escaped.
    pub text: String,
    /// Which run.
    pub run: Uuid,
    /// When it was aborted.
    pub at: DateTime<Utc>,
    /// The condition, as it is written.
    pub when: String,
    /// What was found, in words.
    pub found: String,
}

impl Room {
    /// What stops a step's command while it runs: the plan's `[[abort]]`, and what the runbook says of the step, of those
    /// that hold it and of its phase.
    pub fn aborts_of(&self, id: &StepId) -> Aborts {
        let mut out = Aborts::default();
        let (Some(step), Some(book)) = (self.book.find(id), self.book.runbook_of(id)) else { return out };
        let planned = self.plan.aborts.iter().filter(|a| self.steps_under(Some(&a.at)).any(|s| s.id == *id));
        out.on.extend(planned.map(|a| AbortOn { condition: a.when.clone(), for_: a.for_ }));
        let above = std::iter::successors(Some(step), |s| self.book.find(s.parent.as_ref()?));
        // A bullet under a step may say it, too.
        let told = |b: &Step| Note { kind: said::NOTE.into(), line: b.line, text: b.text.clone(), command: None };
        let mut notes: Vec<Note> = Vec::new();
        for step in above {
            let within = book.steps.iter().filter(|b| b.parent.as_ref() == Some(&step.id) && said::is_sentence(b));
            notes.extend(step.notes.iter().cloned().chain(within.map(told)));
        }
        notes.extend(self.book.phase_of(id).iter().flat_map(|phase| phase.notes.iter().cloned()));
        notes.retain(|note| note.kind == said::NOTE);
        notes.sort_by_key(|note| note.line);
        notes.dedup_by_key(|note| note.line);
        for note in &notes {
            let asked = said::read(&self.plan, book, note);
            out.on.extend(asked.on.into_iter().map(|(condition, for_)| AbortOn { condition, for_ }));
            out.unread.extend(asked.unread);
        }
        out
    }

    /// Steps whose command was aborted and that wait for a word: to run it again, to fail it, to roll back. Newest first.
    pub fn aborts_asked(&self) -> Vec<AbortAsked> {
        let mut out: Vec<AbortAsked> = Vec::new();
        for (run, attempt) in self.progress.attempts.aborted() {
            let (Some((at, because)), Some((begun, _, started))) = (&attempt.aborted, &attempt.started) else {
                continue;
            };
            let step = self.progress.now_called(&started.step, *begun);
            let again = self.progress.attempts(&step).last().is_some_and(|(newest, _)| *newest != run);
            let marked = self.progress.step(&step).and_then(|s| s.newest).is_some_and(|mark| mark > *at);
            let settled = matches!(self.status(&step), Status::Failed) || self.status(&step).settled();
            let back = self.plan.rollbacks.iter().any(|plan| {
                let way = self.progress.retreat.way(&plan.name);
                way.fired.as_ref().is_some_and(|(fired, ..)| *fired > *at)
            });
            if again || marked && settled || back || !self.knows(&step) {
                continue;
            }
            out.push(AbortAsked {
                text: self.step_text(&step).unwrap_or_default(),
                step,
                run,
                at: at.utc(),
                when: because.when.raw().to_owned(),
                found: because.to_string(),
            });
        }
        out.sort_by_key(|asked| std::cmp::Reverse(asked.at));
        out
    }

    /// Steps that somebody does by hand and whose abort condition holds now, for as long as it asks: no command is there to be
    /// stopped, so whoever does it has to.
    pub fn aborts_by_hand(&self) -> Vec<AbortAsked> {
        let (now, blink) = (self.now, BLINK * self.speed);
        let mut out = Vec::new();
        for id in by_hand(self) {
            let run = hand(&id);
            let held = |abort: &AbortOn| {
                let (since, last) = self.live.aborts.get(&(run, abort.condition.text.clone()))?;
                (now.since(*last) <= blink && now.since(*since) >= abort.for_).then_some(*since)
            };
            let found = self.aborts_of(&id).on.into_iter().find_map(|abort| Some((held(&abort)?, abort)));
            let Some((since, abort)) = found else { continue };
            out.push(AbortAsked {
                text: self.step_text(&id).unwrap_or_default(),
                step: id,
                run,
                at: since.utc,
                found: judge::words(self, &abort.condition.expr, None),
                when: abort.condition.text,
            });
        }
        out
    }

    /// Whether an aborted command is this role's to decide about: everybody's where the plan has no roles.
    pub fn answers_aborts(&self, role: Option<&str>) -> bool {
        let decides = |role: &str| {
            let same = self.plan.roles.iter().filter(|r| r.name.eq_ignore_ascii_case(role.trim()));
            same.into_iter().any(|r| !r.decides.is_empty())
        };
        self.plan.roles.is_empty() || role.is_some_and(decides)
    }

    /// Whether this process is to judge a run: whoever watches does, and whoever began it, so that it does not hang on either.
    fn judges_run(&self, run: Uuid) -> bool {
        let mine = self.live.runs.get(&run).is_some_and(|live| live.whose == Whose::Mine);
        !self.me.read_only && (mine || matches!(self.live.watch, Watch::Me { .. }))
    }

    /// Whether a wish to stop a run is on its way to the journal.
    fn being_stopped(&self, run: Uuid) -> bool {
        let stops = |fact: &Fact| matches!(fact, Fact::CommandStopped { run: of, .. } if *of == run);
        self.unsaved.values().any(|u| stops(&u.draft.fact))
    }
}

/// Looks at every run that goes on; what is to be stopped comes back, to be recorded. What nobody can tell stops nothing.
pub(super) fn judge(room: &mut Room) -> Vec<Draft> {
    let open: Vec<(Uuid, StepId)> = room
        .progress
        .attempts
        .open()
        .filter(|(run, _)| room.progress.attempts.get(*run).is_some_and(|a| a.stopped.is_none()))
        .filter(|(run, _)| room.judges_run(*run) && !room.being_stopped(*run))
        .map(|(run, started)| (run, started.step.clone()))
        .collect();
    let (now, blink) = (room.now, BLINK * room.speed);
    let mut holding: HashMap<(Uuid, String), (Now, Now)> = HashMap::new();
    let mut drafts = Vec::new();
    for (run, step) in open {
        for abort in room.aborts_of(&step).on {
            if judge::holds(room, &abort.condition.expr, None) != Some(true) {
                continue;
            }
            let key = (run, abort.condition.text.clone());
            let since = match room.live.aborts.get(&key) {
                Some((since, last)) if now.since(*last) <= blink => *since,
                _ => now,
            };
            holding.insert(key, (since, now));
            if now.since(since) >= abort.for_ {
                drafts.push(stop(room, run, &abort, since));
                break;
            }
        }
    }
    for id in by_hand(room) {
        for abort in room.aborts_of(&id).on {
            if judge::holds(room, &abort.condition.expr, None) == Some(true) {
                let key = (hand(&id), abort.condition.text);
                let since =
                    room.live.aborts.get(&key).filter(|(_, last)| now.since(*last) <= blink).map(|(since, _)| *since);
                holding.insert(key, (since.unwrap_or(now), now));
            }
        }
    }
    room.live.aborts = holding;
    drafts
}

/// Steps that run and of which no command does.
fn by_hand(room: &Room) -> Vec<StepId> {
    let running = room.progress.touched().map(|(id, _)| id).filter(|id| room.status(id) == Status::Running);
    running.filter(|id| room.progress.running(id).is_none() && !room.book.is_group(id)).cloned().collect()
}

/// What stands for the run of a step that is done by hand.
fn hand(step: &StepId) -> Uuid {
    alerts::identity(&["by hand", &step.0])
}

/// The wish to stop a run, and what was seen. Two processes that see the same say it once.
fn stop(room: &Room, run: Uuid, abort: &AbortOn, since: Now) -> Draft {
    let looks = judge::looks(room, &abort.condition.expr, None);
    let value = looks.iter().find(|look| look.holds == Some(true)).and_then(|look| look.value);
    let because = Aborted {
        when: Untrusted::new(abort.condition.text.clone()),
        found: Untrusted::new(judge::words(room, &abort.condition.expr, None)),
        value,
        since: since.utc,
        for_: abort.for_.as_secs_f64(),
    };
    let id = alerts::identity(&["abort", &run.to_string()]);
    let fact = Fact::CommandStopped { run, because: Some(Box::new(because)) };
    Draft { id, by: room.me.author.clone(), fact }
}
