//! `warroom demo`: a room over the make-believe production, with a scripted team.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use tokio::sync::mpsc;

use super::commands::{live, say, sit, state_dir};
use super::desk::Desk;
use super::setup::Setup;
use super::{run, screen};
use crate::cli;
use crate::clock::{Now, Offset, Pace};
use crate::fact::{Entry, Fact};
use crate::rehearse::{self, Production, Scene, script};

/// The demo's side of the loop: plays the team, moves the production, tells the story as lines.
#[derive(Debug)]
pub struct Story {
    script: script::Script,
    production: Production,
    begun: Now,
    /// Print lines for people without a terminal.
    lines: bool,
    /// Leave when the scene is over; else stay until somebody quits.
    leave: bool,
    told: mpsc::Receiver<rehearse::Event>,
}

impl Story {
    /// Looks at the desk after each event: what the team does now, what moves in the production, what to tell.
    /// `Some` when the scene is over: whether its verdicts came in order.
    pub fn see(&mut self, desk: &mut Desk) -> Option<bool> {
        let now = desk.now();
        let t = now.since(self.begun);
        self.script.see(t, desk.room.live.verdict.verdict);
        for entry in desk.take_fresh() {
            if let Fact::StepMarked { step, mark, .. } = &entry.fact {
                self.script.marked(step, *mark);
                self.production.marked(step, *mark);
            }
            if self.lines {
                tell(&self.line(desk, &entry));
            }
        }
        while let Ok(event) = self.told.try_recv() {
            if self.lines {
                tell(&format!("{}  {:<10}  {event}", self.script.at(t), "production"));
            }
        }
        for act in self.script.due(t) {
            // A person may have been there first; then there is nothing left to do.
            if let Err(refusal) = desk.intend_as(&act.by, &act.intent)
                && self.lines
            {
                tell(&format!("{}  {:<10}  refused: {refusal}", self.script.at(t), act.by.person));
            }
        }
        if !self.script.ended(t) || !self.leave {
            return None;
        }
        Some(self.script.story().ending() == script::Ending::InOrder)
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
            Fact::Noted { step: Some(id), text } => format!("note on {}: {text}", step(id)),
            Fact::Noted { step: None, text } => format!("note: {text}"),
            Fact::VerdictChanged { verdict, reason } => format!("{verdict}  {reason}"),
            Fact::ServiceChanged { service, to, reason, .. } => format!("{service} is {to}  {reason}"),
            Fact::RoomOpened { name, .. } => format!("room opened: {name}"),
            Fact::T0Set { t0: Some(t0) } => format!("T-0 is {}", crate::clock::rfc3339(*t0)),
            Fact::WatchTaken { .. } => "watching".to_owned(),
            Fact::AlertChanged { alert, to, why, .. } => format!("{alert} {to}: {why}"),
            Fact::BaselineTaken { metrics, .. } => format!("baseline of {} metrics", metrics.len()),
            other => serde_json::to_value(other)
                .ok()
                .and_then(|v| v.get("kind").and_then(|k| k.as_str()).map(str::to_owned))
                .unwrap_or_default(),
        };
        let who = match &entry.fact {
            Fact::VerdictChanged { .. } => "verdict".to_owned(),
            Fact::ServiceChanged { .. } | Fact::BaselineTaken { .. } => "watch".to_owned(),
            Fact::AlertChanged { .. } => "alert".to_owned(),
            _ => entry.by.person.to_string(),
        };
        format!("{t}  {who:<10}  {what}")
    }
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
    let speed = args.speed;
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
    let plan = scene.plan_text(production.base_url(), production.cache_addr(), 1.0);
    let setup = Setup::embedded(scene.runbook_text(), plan)?;
    anyhow::ensure!(!setup.broken(), "{}", setup.render());

    let pace = Pace::new(Instant::now(), chrono::Utc::now(), speed);
    let begun = pace.now(Instant::now(), chrono::Utc::now());
    let journal = state_dir()?.join("warroom").join("demo").join(format!(
        "{}-{}.db",
        begun.utc.format("%Y%m%dT%H%M%S%3fZ"),
        std::process::id()
    ));
    let seat = cli::Seat { name: Some("ic".to_owned()), ..cli::Seat::default() };
    let mut seated = sit(setup, &seat, journal.clone(), Some(pace))?;
    seated.desk.keep_fresh();
    seated.desk.t0 = Some(begun.utc + chrono::TimeDelta::seconds(-scene.begins.0));
    let mut story = Story {
        script: script::Script::new(&scene),
        production,
        begun,
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
