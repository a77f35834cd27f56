//! `warroom demo`: a room over the make-believe production, with a scripted team.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::mpsc;

use super::commands::{live, say, sit, state_dir};
use super::desk::Desk;
use super::setup::Setup;
use super::{run, screen};
use crate::cli;
use crate::clock::{Now, Offset, Pace};
use crate::fact::gate::Vote;
use crate::fact::retreat::Hand;
use crate::fact::{Author, Entry, Fact, Mark, StepId, Verdict};
use crate::rehearse::script::{self, Deed, ScriptedAct};
use crate::rehearse::story::Ending;
use crate::rehearse::wish::Wish;
use crate::rehearse::{self, Production, Scene};
use crate::room::Confirmed;
use crate::room::{Earnest, Intent, Refusal};
use crate::text::Untrusted;
use crate::tui::View;
use crate::tui::panes::timeline::words;

/// The demo's side of the loop: plays the team, runs its commands, tells the story as lines.
#[derive(Debug)]
pub struct Story {
    script: script::Script,
    /// Ends with the story.
    _production: Production,
    begun: Now,
    /// Steps whose command was run since they were last open.
    ran: HashSet<StepId>,
    /// GO votes that were refused while something was broken.
    owed: Vec<(Author, Intent)>,
    /// Print lines for people without a terminal.
    lines: bool,
    /// Leave when the scene is over; else stay until somebody quits.
    leave: bool,
    told: mpsc::Receiver<rehearse::Event>,
}

impl Story {
    /// Looks at the desk after each event: what the team does now, what moved in the production, what to tell.
    /// `Some` when the scene is over: whether its story came as it should.
    pub fn see(&mut self, desk: &mut Desk) -> Option<bool> {
        let now = desk.now();
        let t = now.since(self.begun);
        self.script.see(t, desk.room.live.verdict.verdict);
        for entry in desk.take_fresh() {
            self.script.told(t, &entry.fact);
            if self.lines {
                tell(&self.line(desk, &entry));
            }
            self.followed(desk, &entry, t);
        }
        while let Ok(event) = self.told.try_recv() {
            if self.lines {
                tell(&format!("{}  {:<10}  {event}", self.script.at(t), "production"));
            }
        }
        self.vote_again(desk, t);
        // One after the other, each when what was said before is in the record.
        if desk.room.unsaved.is_empty()
            && let Some(act) = self.script.next(t, |wish| wish.holds(&desk.room))
        {
            let done = match &act.deed {
                Deed::Intent(intent) => desk.intend_as(&act.by, &as_shown(desk, intent)),
                Deed::Run(step) => run_step(desk, &act.by, step, None),
            };
            // A person may have been there first; then there is nothing left to do.
            if let Err(refusal) = done {
                self.say(t, &act.by, &format!("refused: {refusal}"));
                self.try_later(desk, t, act);
            }
        }
        if !self.script.ended(t) || !self.leave {
            return None;
        }
        Some(self.script.story().ending() == Ending::InOrder)
    }

    /// A GO that was refused, to a vote or to a decision, is said again when there is a basis for it.
    fn try_later(&mut self, desk: &Desk, t: Duration, act: ScriptedAct) {
        let Deed::Intent(intent) = act.deed else { return };
        match &intent {
            Intent::GateVote { vote: Vote::Go, .. } => self.owed.push((act.by, intent)),
            Intent::GateDecide { gate, verdict: Verdict::Go, .. } => {
                let open = desk.room.gate_named(gate).is_some_and(|ix| desk.room.gate_is_open(ix));
                if open {
                    self.script.decide_again(t, &gate.clone(), act.by, intent);
                }
            }
            _ => {}
        }
    }

    /// What an entry brings with it: a step that a person ticks without its command is done for them.
    fn followed(&mut self, desk: &mut Desk, entry: &Entry, t: Duration) {
        match &entry.fact {
            Fact::CommandStarted(run) => {
                self.ran.insert(run.step.clone());
            }
            // What the room ticks is not ticked by the script as well.
            Fact::StepTicked(it) => {
                self.script.marked(&it.step, Mark::Done);
            }
            Fact::StepMarked { step, mark, .. } => {
                let scripted = self.script.marked(step, *mark);
                if *mark == Mark::Todo {
                    self.ran.remove(step);
                } else if *mark == Mark::Done && !scripted && !self.ran.contains(step) {
                    let why = "it was ticked without";
                    if let Err(refusal) = run_step(desk, &entry.by, step, Some(why)) {
                        self.say(t, &entry.by, &format!("refused: {refusal}"));
                    }
                }
            }
            _ => {}
        }
    }

    /// While a gate's GO is waited for, whoever's vote a breach refused or took back votes again when nothing is broken any more.
    fn vote_again(&mut self, desk: &mut Desk, t: Duration) {
        let Some(Wish::Gate { gate, is: Verdict::Go }) = self.script.waiting_for(t) else { return };
        let Some(now) = desk.room.gate_named(gate).and_then(|ix| desk.room.gate(ix)) else { return };
        if now.computed == Verdict::NoGo || !desk.room.unsaved.is_empty() {
            return;
        }
        let go = Intent::GateVote { gate: gate.clone(), vote: Vote::Go, role: None, comment: Untrusted::default() };
        let lapsed = now.votes.into_iter().filter(|ballot| ballot.lapsed).filter_map(|ballot| ballot.cast);
        let lapsed = lapsed.map(|cast| Author { person: cast.by.person, role: Some(cast.role) });
        let owed = self.owed.extract_if(.., |(_, vote)| *vote == go).map(|(by, _)| by);
        for by in owed.chain(lapsed).collect::<Vec<_>>() {
            if let Err(refusal) = desk.intend_as(&by, &go) {
                self.say(t, &by, &format!("refused: {refusal}"));
            }
        }
    }

    fn say(&self, t: Duration, by: &Author, what: &str) {
        if self.lines {
            tell(&format!("{}  {:<10}  {what}", self.script.at(t), by.person));
        }
    }

    fn line(&self, desk: &Desk, entry: &Entry) -> String {
        let t0 = desk.room.t0().unwrap_or(self.begun.utc);
        let t = Offset::between(t0, entry.stamp.utc());
        let room = &desk.room;
        let step = |id| room.step_text(id).unwrap_or_default();
        let what = match &entry.fact {
            Fact::StepMarked { step: id, mark, reason, .. } => {
                let word = crate::room::apply::mark_word(*mark);
                match reason {
                    Some(reason) => format!("{word}: {} ({reason})", step(id)),
                    None => format!("{word}: {}", step(id)),
                }
            }
            Fact::StepTicked(it) => format!("done: {} ({})", step(&it.step), crate::text::escape(&it.to_string())),
            Fact::Noted { step: Some(id), text } => format!("note on {}: {text}", step(id)),
            Fact::CommandStarted(run) => format!("runs {}", run.what),
            _ => words(room, &View::new(), entry),
        };
        let who = match &entry.fact {
            Fact::VerdictChanged { .. } => "verdict".to_owned(),
            Fact::ServiceChanged { .. } | Fact::BaselineTaken { .. } => "watch".to_owned(),
            Fact::AlertChanged { .. } => "alert".to_owned(),
            Fact::LevelChanged { .. } => "level".to_owned(),
            Fact::GateTurned { .. } => "gate".to_owned(),
            Fact::RollbackMoved { hand: Hand::Room, .. } => "rollback".to_owned(),
            Fact::CommandEnded(_) => "command".to_owned(),
            _ => entry.by.person.to_string(),
        };
        format!("{t}  {who:<10}  {what}")
    }
}

/// What a script asks for, of what its person would see now: a breaker is fired as it is shown.
fn as_shown(desk: &Desk, intent: &Intent) -> Intent {
    let mut intent = intent.clone();
    if let Intent::BreakerFire { breaker, hash, .. } = &mut intent
        && let Some(shown) = desk.room.breakers().into_iter().find(|shown| shown.name == *breaker)
    {
        *hash = shown.hash;
    }
    intent
}

/// Runs the command of a step as it would be shown now, its word typed; a step without a command needs none.
fn run_step(desk: &mut Desk, by: &Author, step: &StepId, reason: Option<&str>) -> Result<(), Refusal> {
    let Some(planned) = desk.room.would_run(step).into_iter().next() else { return Ok(()) };
    let intent = Intent::Run {
        step: step.clone(),
        command: planned.index,
        hash: planned.hash,
        word: planned.word,
        reason: reason.map(Untrusted::new),
        confirmed: Confirmed::Twice,
    };
    desk.intend_as(by, &intent)
}

/// A line of the story; who closes the pipe has seen enough.
fn tell(line: &str) {
    let _ = say(line);
}

/// `warroom demo`.
#[expect(clippy::disallowed_methods, reason = "the start of time for the rehearsal")]
pub fn main(args: &cli::Demo) -> anyhow::Result<ExitCode> {
    if args.list {
        for scene in rehearse::scenes()? {
            say(&format!("{:<22} {}", scene.name, scene.title))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let scene = Scene::find(args.scene.as_deref())?;
    let speed = args.speed.unwrap_or(scene.speed);
    let opened = if args.headless {
        None
    } else {
        Some(
            screen::open(args.theme.as_deref(), args.layout)?
                .context("there is no terminal here; `warroom demo --headless` plays the same story as lines")?,
        )
    };
    let (out, told) = mpsc::channel(256);
    let production = rehearse::start(&scene, f64::from(speed), out)?;
    let pace = Pace::new(Instant::now(), chrono::Utc::now(), speed);
    let begun = pace.now(Instant::now(), chrono::Utc::now());
    let journal = state_dir()?.join("warroom").join("demo").join(format!(
        "{}-{}.db",
        begun.utc.format("%Y%m%dT%H%M%S%3fZ"),
        std::process::id()
    ));
    let tools = production.tools(&journal.with_extension("tools"))?;
    let tool = tools.folder().join("shopctl");
    let plan = scene.plan_text(production.base_url(), production.cache_addr(), &tool.to_string_lossy());
    let setup = Setup::embedded(scene.runbook_text(), plan)?;
    anyhow::ensure!(!setup.broken(), "{}", setup.render());
    let seat = cli::Seat { name: Some(scene.seat.clone()), ..cli::Seat::default() };
    let mut seated = sit(setup, &seat, journal.clone(), Some(pace))?;
    seated.desk.keep_fresh();
    seated.desk.room.site.earnest = Earnest::MakeBelieve;
    tools.folder().clone_into(&mut seated.desk.room.site.folder);
    seated.desk.t0 = Some(begun.utc + chrono::TimeDelta::seconds(-scene.begins.0));
    let mut story = Story {
        script: script::Script::new(&scene, speed),
        _production: production,
        begun,
        ran: HashSet::new(),
        owed: Vec::new(),
        lines: args.headless,
        leave: args.headless,
        told,
    };
    if args.headless {
        say(&format!("{} at {speed} times the clock", scene.title))?;
    }
    let ending = match opened {
        None => live(seated, None, None, Some(&mut story))?,
        Some(mut opened) => {
            seated.lanes.input = Some(opened.input);
            let ending = live(seated, None, Some(&mut opened.screen), Some(&mut story));
            opened.screen.close();
            ending?
        }
    };
    say(&format!("{}\njournal: {}", story.script.story(), journal.display()))?;
    Ok(match ending {
        // Somebody left before the end: that is no failure of the story.
        run::Ending::Quit => ExitCode::SUCCESS,
        other => super::commands::code_of(other),
    })
}
