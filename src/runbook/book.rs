//! A runbook as understood: steps, commands, phases and what else stands in the file, each with its lines.

use std::sync::Arc;

use serde::Serialize;

use super::Part;
use super::class::GUESSES;
use super::found::{Contact, Environment, Flag, Gate, Ladder, Placeholder, Role, Service, Threshold, Window};
use crate::fact::StepId;
use crate::text::Untrusted;

/// One Markdown file as understood. Field names are those of `warroom show --format json`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Runbook {
    /// As given, relative to the plan.
    pub path: String,
    /// First heading, else the file's name.
    pub title: Untrusted,
    /// Of the file's bytes, hex.
    pub sha256: String,
    /// How the text was repaired before reading.
    pub repaired: Option<Repair>,
    /// In document order.
    pub steps: Vec<Step>,
    /// Fences, in document order.
    pub commands: Vec<Command>,
    /// Headings that hold steps or commands or say a time, in document order.
    pub phases: Vec<Phase>,
    /// Decisions declared in prose.
    pub gates: Vec<Gate>,
    /// Numbers to hold against.
    pub thresholds: Vec<Threshold>,
    /// Things that can be up or down.
    pub services: Vec<Service>,
    /// Who does what.
    pub roles: Vec<Role>,
    /// What somebody has to fill in.
    pub placeholders: Vec<Placeholder>,
    /// Lines that no part above came from, nor prose attached to a step or heading.
    pub not_understood: Vec<Line>,
    /// Every list item.
    pub items: Vec<Item>,
    /// Times of watching, with how often to look.
    pub windows: Vec<Window>,
    /// How a change reaches more and more users.
    pub ladders: Vec<Ladder>,
    /// Where things run.
    pub environments: Vec<Environment>,
    /// How people and rooms are reached.
    pub contacts: Vec<Contact>,
    /// Feature flags and what is done to them.
    pub flags: Vec<Flag>,
    /// Files that belong into it, as linked.
    #[serde(skip)]
    pub parts: Vec<Part>,
    /// Files beside it that it sends its readers to, but that are no part of it.
    #[serde(skip)]
    pub references: Vec<Part>,
    /// The runbook that links this one, with the link's line; none for one that the plan names.
    pub part_of: Option<PartOf>,
    /// Every heading, in document order; for plans that name one and for the drawer.
    #[serde(skip)]
    pub headings: Vec<Heading>,
    /// The file's lines as repaired, without line ends; index 0 is line 1.
    #[serde(skip)]
    pub lines: Arc<[Untrusted]>,
}

/// How a damaged text was made readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// UTF-8 that had been read as Mac Roman and saved again.
    MacRoman,
}

/// Where a part of a runbook belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartOf {
    /// The path of the runbook that links it.
    pub path: String,
    /// The link's line there, 1-based.
    pub line: u32,
}

/// Something to do.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// Stable identity.
    pub id: StepId,
    /// First line, 1-based.
    pub line: u32,
    /// Last line of the step's own text, before nested steps; 1-based.
    #[serde(skip)]
    pub line_end: u32,
    /// Last line of the block its text stands in: its paragraph, table or fence; 1-based.
    #[serde(skip)]
    pub block_end: u32,
    /// What it was in the text.
    pub kind: StepKind,
    /// The box's state; `None` without a box.
    pub checked: Option<bool>,
    /// Enclosing list items of any kind.
    pub depth: u32,
    /// The step it is nested in.
    pub parent: Option<StepId>,
    /// Headings above it, outermost first.
    pub heading_path: Vec<Untrusted>,
    /// Title of its phase: the nearest heading.
    pub phase: Option<Untrusted>,
    /// Index into `phases`.
    #[serde(skip)]
    pub phase_ix: Option<u32>,
    /// Its text without marker and box, inline markup removed, one line.
    pub text: Untrusted,
    /// When it is due.
    pub at: Option<At>,
    /// How long it takes, in seconds.
    pub estimate: Option<u64>,
    /// Who does it, as written.
    pub role: Option<Untrusted>,
    /// Indices into `commands`.
    pub commands: Vec<u32>,
    /// What else is said of it.
    pub notes: Vec<Note>,
}

/// What a step was in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// A box, as GitHub renders it.
    Task,
    /// An ordered list item.
    Numbered,
    /// A bullet that is a step by its place.
    Bullet,
    /// `11:30 - War room opened`.
    Timeline,
    /// `# Step 3: …` inside a fence.
    Substep,
}

/// A moment in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum At {
    /// Seconds from T-0.
    T {
        /// Negative before.
        t: i64,
    },
    /// A time of day.
    Clock {
        /// `HH:MM`, 24 h.
        clock: String,
        /// As written, if written.
        zone: Option<String>,
    },
}

/// A labelled remark: Expected, Wait for, Verify, STOP …
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    /// The label, kebab-case: `expected`, `wait-for`, `stop`, `note`.
    pub kind: String,
    /// 1-based.
    pub line: u32,
    /// What it says.
    pub text: Untrusted,
    /// Index into `commands` of the fence it speaks of.
    pub command: Option<u32>,
}

/// A fence.
#[derive(Clone, Debug, Serialize)]
pub struct Command {
    /// The opening fence, 1-based.
    pub line_start: u32,
    /// The closing fence; the last line of the file for an unclosed one.
    pub line_end: u32,
    /// First word of the info string, lower case.
    pub lang: Option<Untrusted>,
    /// Whether the fence says that it wants a person: `bash interactive`.
    #[serde(skip)]
    pub interactive: bool,
    /// The content, indentation of the fence removed, with line ends.
    pub text: Untrusted,
    /// What running it would do.
    pub class: Class,
    /// Placeholders in it.
    pub placeholders: Vec<Untrusted>,
    /// Why it has its class, in a few words: `POST changes what it is sent to`.
    pub reason: Untrusted,
}

impl Command {
    /// Whether its class is a guess, to be safe: nobody knows that it changes something.
    pub fn guessed(&self) -> bool {
        self.class == Class::Mutate && GUESSES.iter().any(|guess| self.reason.raw().ends_with(guess))
    }
}

/// What running a command would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Looks only.
    Read,
    /// Changes something; also whatever is not known to look only.
    Mutate,
    /// Changes something that is hard to take back.
    Danger,
    /// Not meant to be run: an example, a timeline, an output.
    Illustration,
}

/// A heading that holds steps or commands, or says a time.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    /// Without trailing time or estimate.
    pub title: Untrusted,
    /// 1-based.
    pub line: u32,
    /// Seconds from T-0.
    pub t: Option<i64>,
    /// Steps directly in it.
    pub steps: u32,
    /// Indices into `commands` of fences that no step owns.
    pub commands: Vec<u32>,
    /// What is said of it and of its commands.
    pub notes: Vec<Note>,
    /// Clock time or offset as a moment.
    pub at: Option<At>,
    /// Seconds it is meant to take.
    pub estimate: Option<u64>,
    /// Heading level, 1 to 6.
    pub level: u8,
    /// The time of day, where one is said besides the offset.
    pub clock: Option<At>,
}

/// A heading.
#[derive(Clone, Debug)]
pub struct Heading {
    /// As written, inline markup removed.
    pub text: Untrusted,
    /// 1 to 6.
    pub level: u8,
    /// 1-based.
    pub line: u32,
}

/// A line of the file.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// 1-based.
    pub line: u32,
    /// As it stands.
    pub text: Untrusted,
}

/// A list item.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// 1-based.
    pub line: u32,
    /// `1.` rather than `-`.
    pub ordered: bool,
    /// Has a box as GitHub renders it.
    pub task: bool,
    /// The box's state.
    pub checked: Option<bool>,
    /// Enclosing list items of any kind.
    pub depth: u32,
    /// The step made of it.
    pub step: Option<StepId>,
}

impl Runbook {
    /// A fence that stands behind a step, in the same phase and before the next step, is what that step runs: most people write it
    /// there and not inside the item. What the fence is said to give goes with it.
    pub fn adopt_fences(&mut self) {
        let Self { phases, steps, commands, .. } = self;
        for (ix, phase) in (0_u32..).zip(phases.iter()) {
            for command in phase
                .commands
                .iter()
                .filter(|c| !steps.iter().any(|s| s.commands.contains(c)))
                .copied()
                .collect::<Vec<_>>()
            {
                let Some(line) = commands.get(command as usize).map(|c| c.line_start) else { continue };
                let before =
                    steps.iter_mut().filter(|s| s.phase_ix == Some(ix) && s.line < line).max_by_key(|s| s.line);
                let Some(step) = before else { continue };
                step.commands.push(command);
                step.notes.extend(phase.notes.iter().filter(|n| n.command == Some(command)).cloned());
            }
        }
    }
}
