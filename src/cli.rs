//! The command line: raw arguments as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A full-screen terminal war room for production cutovers.
#[derive(Debug, Parser)]
#[command(name = "warroom", version, about, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  warroom demo                 a whole cutover on a make-believe production
  warroom run go-live.md       a checklist from any Markdown runbook
  warroom run                  the room of ./warroom.toml

PLAN is a warroom.toml, a folder that holds one, or a Markdown runbook alone; default: this folder.
Exit status: 0 fine, 1 the answer is no, 2 bad usage or unusable input, 3 undecided.";

const WATCH_HELP: &str = r#"Example:
  warroom watch --control /run/user/1000/warroom.sock

The socket takes JSON, one object a line:
  {"id": 1, "as": "ic", "intent": {"kind": "note", "text": "the banner is up"}}
  {"id": 2, "ask": "status"}          what `warroom status --format json` prints
  {"follow": 0}                       every entry after this place, and every further one
An intent is answered with its id: "accepted" once it is on the disk, "refused" or "unconfirmed" with the reason."#;

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The war room, full screen
    #[command(after_help = "Example:\n  warroom run go-live.md --as ic --layout checklist")]
    Run(Run),
    /// A whole cutover on a make-believe production
    #[command(after_help = "Example:\n  warroom demo --speed 10\n  warroom demo --headless --speed 60")]
    Demo(Demo),
    /// Drafts a warroom.toml from a runbook; what only you can know becomes a question
    #[command(
        after_help = "Example:\n  warroom init go-live.md\n\nExit status: 0 written or unchanged, 1 another one stands there (the difference is shown), 2 cannot be read."
    )]
    Init(Init),
    /// The flight-check of runbook and plan, before T-0: every mistake with its place
    #[command(
        after_help = "Example:\n  warroom check go-live.md\n  warroom check --format json\n\nA comment on the line, or directly above it, accepts a finding: <!-- accept WR042: reason -->\nin a runbook, # accept WR031: reason in a plan.\n\nExit status: 0 clean, 1 findings of level error, 2 cannot be read."
    )]
    Check(Show),
    /// Why a finding of `check` matters, with an example
    #[command(after_help = "Example:\n  warroom explain WR042\n\nExit status: 0 fine, 2 there is no such code.")]
    Explain {
        /// As `check` prints it: WR042; without one, every code with its meaning
        code: Option<String>,
    },
    /// What was understood of runbook and plan, with source lines
    #[command(after_help = "Example:\n  warroom show go-live.md --format json")]
    Show(Show),
    /// One look: what the watch sees, or everything asked once; print, end
    #[command(
        after_help = "Example:\n  warroom status --format json | jq .verdict\n\nExit status: 0 printed, 2 cannot be read."
    )]
    Status(Show),
    /// The verdict on one gate, for pipelines: go, no-go or wait as the exit status
    #[command(
        after_help = "Example:\n  warroom gate \"canary 5%\" --wait 10m && ./promote.sh\n\nExit status: 0 go, 1 no-go, 3 wait (no data, steps or votes missing, undecided), 2 unusable."
    )]
    Gate(Gate),
    /// Headless: polls, judges, pages and records, no screen
    #[command(after_help = WATCH_HELP)]
    Watch(Watch),
    /// The hash chains of a journal hold, or which entry broke
    #[command(after_help = "Example:\n  warroom verify ~/.local/state/warroom/retail-1a2b/20261021T110000Z.db")]
    Verify(Journal),
    /// The journal as JSON lines, or the runbook as it was executed
    #[command(
        after_help = "Example:\n  warroom export --format jsonl > entries.jsonl\n  warroom export --format md -o executed.md"
    )]
    Export(Export),
    /// Themes by name, or one theme as TOML
    #[command(after_help = "Example:\n  warroom themes light > ~/.config/warroom/themes/mine.toml")]
    Themes {
        /// Print this one
        name: Option<String>,
    },
    /// A completion script for a shell
    #[command(after_help = "Example:\n  warroom completions bash > /etc/bash_completion.d/warroom")]
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
    /// The manual page, as troff
    #[command(after_help = "Example:\n  warroom man | man -l -")]
    Man,
}

/// `warroom run`.
#[derive(Debug, Args, Default)]
pub struct Run {
    /// A warroom.toml, a folder that holds one, or a Markdown runbook
    pub plan: Option<PathBuf>,
    /// Who sits here
    #[command(flatten)]
    pub seat: Seat,
    /// Which panes stand where
    #[arg(long, value_enum, env = "WARROOM_LAYOUT")]
    pub layout: Option<Layout>,
    /// Colours: a theme's name
    #[arg(long, value_name = "NAME", env = "WARROOM_THEME")]
    pub theme: Option<String>,
}

/// Who sits at a process, and at which room.
#[derive(Debug, Args, Default, Clone)]
pub struct Seat {
    /// Your name [default: the user's]
    #[arg(long = "as", value_name = "NAME", env = "WARROOM_AS")]
    pub name: Option<String>,
    /// The role you act in [default: the one whose people name you]
    #[arg(long, env = "WARROOM_ROLE")]
    pub role: Option<String>,
    /// Cannot change anything
    #[arg(long)]
    pub read_only: bool,
    /// An answer to a parameter of the plan; repeat it for several
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// The variant of the runbook: a profile of the plan
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// T-0: RFC 3339, HH:MM in the room's zone, or `now`
    #[arg(long, value_name = "WHEN")]
    pub t0: Option<String>,
    /// The journal's file, instead of the one in the state folder
    #[arg(long, value_name = "FILE", env = "WARROOM_JOURNAL")]
    pub journal: Option<PathBuf>,
}

/// The layouts.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum Layout {
    /// Checklist, services, charts, timeline
    Commander,
    /// Services and charts first
    Oncall,
    /// The checklist first
    Checklist,
}

/// `warroom demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Which scene; see --list
    pub scene: Option<String>,
    /// How many times faster than the clock [default: the scene's own, 10 to 30]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub speed: Option<u32>,
    /// The scenes there are
    #[arg(long)]
    pub list: bool,
    /// Play it as lines, without a terminal; exit 0 when its story came as the scene says
    #[arg(long)]
    pub headless: bool,
    /// Colours: a theme's name
    #[arg(long, value_name = "NAME", env = "WARROOM_THEME")]
    pub theme: Option<String>,
    /// Which panes stand where
    #[arg(long, value_enum, env = "WARROOM_LAYOUT")]
    pub layout: Option<Layout>,
}

/// `warroom init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Markdown runbooks, under the folder the plan will stand in
    #[arg(required = true, value_name = "RUNBOOK.md")]
    pub runbooks: Vec<PathBuf>,
    /// The plan to write [default: warroom.toml beside the runbook]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a plan that stands there already
    #[arg(long)]
    pub force: bool,
}

/// `warroom show`, `warroom check` and `warroom status`.
#[derive(Debug, Args)]
pub struct Show {
    /// A warroom.toml, a folder that holds one, or a Markdown runbook
    pub plan: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Output formats.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
}

/// `warroom gate`.
#[derive(Debug, Args)]
pub struct Gate {
    /// The gate's name in the plan
    pub name: String,
    /// A warroom.toml, a folder that holds one, or a Markdown runbook
    pub plan: Option<PathBuf>,
    /// Wait this long for a GO or a NO-GO, as in 5m
    #[arg(long, value_name = "SPAN", value_parser = crate::clock::parse_duration)]
    pub wait: Option<std::time::Duration>,
    /// The journal's file, instead of the one in the state folder
    #[arg(long, value_name = "FILE", env = "WARROOM_JOURNAL")]
    pub journal: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `warroom watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// A warroom.toml, a folder that holds one, or a Markdown runbook
    pub plan: Option<PathBuf>,
    /// Who sits here
    #[command(flatten)]
    pub seat: Seat,
    /// A socket (made 0600) that takes intents as JSON lines
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
}

/// A journal by file.
#[derive(Debug, Args)]
pub struct Journal {
    /// A journal, or a plan, folder or runbook whose newest one is meant [default: this folder]
    pub journal: Option<PathBuf>,
}

/// `warroom export`.
#[derive(Debug, Args)]
pub struct Export {
    /// A journal, or a plan, folder or runbook whose newest one is meant [default: this folder]
    pub journal: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// Where to write; a file that stands there is not touched. With several runbooks, a folder [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Export formats.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub enum ExportFormat {
    /// One entry a line
    Jsonl,
    /// The executed runbook: the same Markdown with its boxes ticked, times and people under each step
    Md,
}
