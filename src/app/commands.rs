//! The commands: each verb of the command line, from resolved arguments to an exit status.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use tokio::sync::mpsc;

use super::desk::{Desk, Edges};
use super::run::{Ending, Lanes};
use super::setup::Setup;
use super::{check, control, demo, export, gate, init, log, look, params, run, screen, seat, show};
use crate::cli::{self, Cli, Command};
use crate::clock::Pace;
use crate::fact::Author;
use crate::room::Me;
use crate::text::Untrusted;
use crate::trust::Trust;
use crate::tui::Theme;
use crate::{finding, journal, poll, tell};

/// Bad usage or unusable input.
pub const UNUSABLE: u8 = 2;

/// Runs the command line; every error is a sentence on standard error and an exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { UNUSABLE } else { 0 });
        }
    };
    match dispatch(cli) {
        Ok(code) => code,
        Err(e) => {
            complain(&format!("warroom: {}", crate::text::escape(&format!("{e:#}"))));
            ExitCode::from(UNUSABLE)
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => {
            Cli::command().print_help()?;
            Ok(ExitCode::from(UNUSABLE))
        }
        Some(Command::Run(args)) => run_room(&args),
        Some(Command::Demo(args)) => demo::main(&args),
        Some(Command::Watch(args)) => watch(&args),
        Some(Command::Init(args)) => init::main(&args),
        Some(Command::Show(args)) => show_plan(&args),
        Some(Command::Check(args)) => check::main(&args),
        Some(Command::Status(args)) => look::main(&args),
        Some(Command::Gate(args)) => gate::main(&args),
        Some(Command::Explain { code }) => check::explain(code.as_deref()),
        Some(Command::Verify(args)) => verify(&args),
        Some(Command::Export(args)) => export::main(&args),
        Some(Command::Themes { name }) => themes(name.as_deref()),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "warroom", &mut script);
            say(String::from_utf8_lossy(&script).trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            say(String::from_utf8_lossy(&page).trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What a process needs to sit at a room.
pub struct Seated {
    /// The room with its edges.
    pub desk: Desk,
    /// What comes in.
    pub lanes: Lanes,
    /// Of the loop's thread.
    pub runtime: tokio::runtime::Runtime,
    /// What the flight-check has yet to look at.
    unchecked: Option<Setup>,
    /// Writes what is left of the log when dropped.
    _log: Option<tracing_appender::non_blocking::WorkerGuard>,
}

/// Opens the journal, starts the pollers, and puts a desk between them.
#[expect(clippy::disallowed_methods, reason = "the start of time for this process")]
pub fn sit(setup: Setup, seat: &cli::Seat, journal_at: PathBuf, pace: Option<Pace>) -> anyhow::Result<Seated> {
    let log = log::open(&state_dir()?);
    let pace = pace.unwrap_or_else(|| Pace::new(Instant::now(), chrono::Utc::now(), 1));
    let author = seat::author(&setup.plan, Some(seat.name.clone().unwrap_or_else(seat::os_user)), seat.role.clone())
        .map_err(anyhow::Error::msg)?
        .unwrap_or(Author { person: Untrusted::new(seat::os_user()), role: None });
    let me = Me { author: author.clone(), read_only: seat.read_only };
    let now = pace.now(Instant::now(), chrono::Utc::now());
    let t0 = seat.t0.as_deref().map(|text| parse_t0(text, &setup, now.utc)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (journal_out, journal_in) = mpsc::channel(1_024);
    let (poll_out, poll_in) = mpsc::channel(64);
    let options = journal::Options {
        path: journal_at,
        group: setup.plan.room.group.clone(),
        author,
        may_watch: !seat.read_only,
        read_only: seat.read_only,
        pace,
    };
    let journal_at = options.path.clone();
    let journal = journal::open(options, journal_out)?;
    let trust = Trust::default();
    let poll = poll::start(poll_out, poll::Options { trust: trust.clone(), ..poll::Options::new(pace) })?;
    let (told_out, told_in) = mpsc::channel(256);
    let tell = tell::start(tell::Setup::default(), tell::Options { trust, ..tell::Options::new(pace) }, told_out)?;
    let mut desk = Desk::new(me, setup, Edges { journal, poll, tell }, pace, now);
    desk.t0 = t0;
    desk.journal_at = journal_at;
    let lanes = Lanes {
        journal: journal_in,
        poll: poll_in,
        told: told_in,
        input: None,
        control: None,
        files: None,
        runs: None,
        checked: None,
    };
    Ok(Seated { desk, lanes, runtime, unchecked: None, _log: log })
}

/// A plan that can be used, or the exit status after its findings were printed.
pub fn usable(argument: Option<&Path>) -> anyhow::Result<Result<Setup, ExitCode>> {
    let setup = Setup::read(argument)?;
    // What an answer will mend is looked at again when it was given.
    let open = setup.plan.params.iter().any(|p| p.value.is_none());
    let errors = || setup.findings.iter().filter(|f| f.level == finding::Level::Error);
    if open && errors().all(|f| f.code == finding::codes::UNSET.id) {
        return Ok(Ok(setup));
    }
    Ok(sound(setup))
}

fn sound(setup: Setup) -> Result<Setup, ExitCode> {
    if setup.broken() {
        complain(setup.render().trim_end());
        return Err(ExitCode::from(UNUSABLE));
    }
    Ok(setup)
}

/// A room that can be sat in: all that has to be read and asked before a screen is taken.
struct Ready {
    setup: Setup,
    journal_at: PathBuf,
    start: params::Start,
}

impl Ready {
    /// Reads the plan and asks for what is missing; or the exit status after its findings were printed.
    fn of(plan: Option<&Path>, seat: &cli::Seat) -> anyhow::Result<Result<Self, ExitCode>> {
        let setup = match usable(plan)? {
            Ok(setup) => setup,
            Err(code) => return Ok(Err(code)),
        };
        let journal_at = journal_path(&setup, seat.journal.as_deref())?;
        let start = params::at_start(&setup.plan, seat, &journal_at)?;
        Ok(sound(setup.answered(&start.answers)).map(|setup| Self { setup, journal_at, start }))
    }

    fn sit(self, seat: &cli::Seat) -> anyhow::Result<Seated> {
        let mut seated = sit(self.setup.clone(), seat, self.journal_at, None)?;
        seated.unchecked = Some(self.setup);
        seated.desk.at_start = self.start.facts;
        Ok(seated)
    }
}

fn run_room(args: &cli::Run) -> anyhow::Result<ExitCode> {
    let ready = match Ready::of(args.plan.as_deref(), &args.seat)? {
        Ok(ready) => ready,
        Err(code) => return Ok(code),
    };
    let Some(mut opened) = screen::open(args.theme.as_deref(), args.layout)? else {
        anyhow::bail!("there is no terminal here; `warroom watch` runs without one");
    };
    let mut seated = ready.sit(&args.seat)?;
    seated.lanes.input = Some(opened.input);
    let ending = live(seated, None, Some(&mut opened.screen), None)?;
    opened.screen.close();
    Ok(code_of(ending))
}

fn watch(args: &cli::Watch) -> anyhow::Result<ExitCode> {
    let ready = match Ready::of(args.plan.as_deref(), &args.seat)? {
        Ok(ready) => ready,
        Err(code) => return Ok(code),
    };
    let seated = ready.sit(&args.seat)?;
    let ending = live(seated, args.control.as_deref(), None, None)?;
    Ok(code_of(ending))
}

/// What a terminal that goes away sends.
const HANG_UP: i32 = 1;

/// Runs the loop with everything around it, and closes the journal behind it.
pub fn live(
    mut seated: Seated,
    control: Option<&Path>,
    screen: Option<&mut screen::Screen>,
    story: Option<&mut demo::Story>,
) -> anyhow::Result<Ending> {
    let Seated { desk, lanes, runtime, unchecked, .. } = &mut seated;
    let mut lanes = std::mem::replace(lanes, Lanes::closed());
    let ending = runtime.block_on(async {
        if let Some(path) = control {
            let (out, requests) = mpsc::channel(256);
            let socket = control::Socket::bind(path).with_context(|| path.display().to_string())?;
            desk.clients.keep_log();
            let failed = |panic: crate::task::Panic| tracing::error!(task = %panic.task, "{}", panic.message);
            crate::task::spawn("control", socket.serve(out), failed).detach();
            lanes.control = Some(requests);
        }
        if !desk.room.me.read_only {
            let (out, news) = mpsc::channel(64);
            lanes.runs = Some(news);
            desk.hear_runs(out);
        }
        if !desk.setup.path.as_os_str().is_empty() {
            let (out, changes) = mpsc::channel(16);
            lanes.files = Some(changes);
            desk.watch_files(out);
        }
        if let Some(setup) = unchecked.take() {
            let (out, found) = mpsc::channel(1);
            lanes.checked = Some(found);
            check::announce(setup, out);
        }
        if screen.is_some() {
            desk.room.site.screen = crate::room::Screen::Here;
        }
        let mut screen = screen;
        let ending = run::run(desk, &mut lanes, screen.as_deref_mut(), story).await;
        // Before anything slow: the terminal waits half a second for it.
        if let Some(screen) = screen {
            screen.close();
        }
        let lost = matches!(ending, Ending::TerminalLost | Ending::Signal(HANG_UP));
        desk.leave_runs(if lost { vec![crate::fact::Fact::TerminalLost] } else { Vec::new() });
        desk.close(&mut lanes.journal).await;
        anyhow::Ok(ending)
    });
    // Nothing is waited for on the way out: a name look-up may hang for a minute.
    seated.runtime.shutdown_background();
    ending
}

/// The exit status of an ending: 128 and the number for a signal.
pub fn code_of(ending: Ending) -> ExitCode {
    match ending {
        Ending::Quit | Ending::Story(true) => ExitCode::SUCCESS,
        Ending::Story(false) => ExitCode::from(1),
        Ending::Signal(n) => ExitCode::from(128_u8.saturating_add(n as u8)),
        Ending::TerminalLost => ExitCode::from(129),
    }
}

fn show_plan(args: &cli::Show) -> anyhow::Result<ExitCode> {
    let setup = Setup::read(args.plan.as_deref())?;
    let findings = check::Checked::of(&setup).report.findings;
    let text = match args.format {
        cli::Format::Json => serde_json::to_string_pretty(&show::json(&setup.books, &setup.plan, &findings))?,
        cli::Format::Text => show::text(&setup.books, &setup.plan, &findings),
    };
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn verify(args: &cli::Journal) -> anyhow::Result<ExitCode> {
    let path = newest(args.journal.as_deref())?;
    match journal::verify(&path) {
        Ok(verified) => {
            let heads: Vec<String> = verified
                .chains
                .iter()
                .map(|c| format!("writer {:x}: {} entries, head {}", c.writer.0, c.entries, c.head))
                .collect();
            say(&format!("{}: the chains hold, {} entries\n{}", path.display(), verified.entries, heads.join("\n")))?;
            let mut mended = false;
            for entry in journal::read_all(&path)?.filter_map(Result::ok) {
                if let crate::fact::Fact::JournalMended { old, why, carried } = &entry.fact {
                    mended = true;
                    complain(&format!(
                        "mended at {}: {why}; {carried} entries were carried over and are proved only from there on; the old file is {old}",
                        crate::clock::rfc3339(entry.stamp.utc())
                    ));
                }
            }
            Ok(ExitCode::from(u8::from(mended)))
        }
        Err(e) => {
            complain(&format!("{}: {e}", path.display()));
            let unusable = matches!(e, journal::VerifyError::Missing(_) | journal::VerifyError::Foreign { .. });
            Ok(ExitCode::from(if unusable { UNUSABLE } else { 1 }))
        }
    }
}

fn themes(name: Option<&str>) -> anyhow::Result<ExitCode> {
    match name {
        None => say(&Theme::names(&[]).join("\n"))?,
        Some(name) => say(Theme::toml(name)
            .with_context(|| format!("there is no theme \"{name}\"; there are: {}", Theme::names(&[]).join(", ")))?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The journal that somebody names, or the plan does.
fn named_journal(setup: &Setup, named: Option<&Path>) -> Option<PathBuf> {
    let planned = || setup.plan.room.journal.as_ref().map(|path| setup.root.join(path));
    named.map(Path::to_owned).or_else(planned)
}

/// Where this plan's journal is: named, or found in the state folder, or begun there.
fn journal_path(setup: &Setup, named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = named_journal(setup, named) {
        return Ok(path);
    }
    let state = state_dir()?;
    if let Some(path) = driven_bare(&state, setup) {
        return Ok(path);
    }
    Ok(journal::locate(&state, &setup.path, &setup.plan.room.name, setup.plan.room.group.as_deref())?.path)
}

/// The same for somebody who only looks, and whether there is one: nothing is begun, and where there is none the path leads to
/// where there never will be one.
pub fn journal_seen(setup: &Setup, named: Option<&Path>) -> anyhow::Result<(PathBuf, bool)> {
    let state = state_dir()?;
    let found = match named_journal(setup, named) {
        Some(path) => Some(path).filter(|path| path.exists()),
        None => driven_bare(&state, setup).or_else(|| journal::unfinished(&state, &setup.path, &setup.plan.room.name)),
    };
    let begun = found.is_some();
    // Not where anybody else can put one.
    Ok((found.unwrap_or_else(|| state.join("warroom").join("no-journal")), begun))
}

/// The journal of a runbook that was driven by itself before this plan was written beside it: what was ticked then goes on,
/// as long as the plan has no journal of its own.
fn driven_bare(state: &Path, setup: &Setup) -> Option<PathBuf> {
    let planned = setup.path.extension().is_some_and(|e| e == "toml");
    if !planned || journal::newest(state, &setup.path, &setup.plan.room.name).is_some() {
        return None;
    }
    let mut books = setup.books.iter();
    books.find_map(|book| journal::unfinished(state, &setup.root.join(&book.path), &book.title.to_string()))
}

/// Whether an argument names a journal itself, rather than the room that has it.
pub fn is_journal(named: &Path) -> bool {
    named.is_file() && named.extension().is_none_or(|e| e != "toml" && e != "md")
}

/// The journal that an argument stands for: itself, or the newest of the room of a plan, a folder or a runbook.
pub fn newest(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = named {
        std::fs::metadata(path).with_context(|| path.display().to_string())?;
        if is_journal(path) {
            return Ok(path.to_owned());
        }
    }
    let setup = Setup::peek(named)
        .context("name a journal, or the plan or runbook of a room, as in `warroom verify go-live.md`")?;
    if let Some(path) = &setup.plan.room.journal {
        return Ok(setup.root.join(path));
    }
    let state = state_dir()?;
    driven_bare(&state, &setup)
        .or_else(|| journal::newest(&state, &setup.path, &setup.plan.room.name))
        .with_context(|| format!("the room of {} has no journal yet; `warroom run` begins one", setup.path.display()))
}

/// Where journals live: `$XDG_STATE_HOME`.
pub fn state_dir() -> anyhow::Result<PathBuf> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy()?;
    base.state_dir().context("there is no state folder; set XDG_STATE_HOME")
}

/// `now`, RFC 3339, or `HH:MM` today in the room's zone.
fn parse_t0(
    text: &str,
    setup: &Setup,
    now: chrono::DateTime<chrono::Utc>,
) -> anyhow::Result<chrono::DateTime<chrono::Utc>> {
    if text == "now" {
        return Ok(now);
    }
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let zone = setup.plan.room.zone;
    let time = chrono::NaiveTime::parse_from_str(text, "%H:%M")
        .map_err(|_| anyhow::anyhow!("--t0 \"{text}\": write `now`, a time as in 12:00, or 2025-10-21T12:00:00Z"))?;
    let at = now.with_timezone(&zone).date_naive().and_time(time);
    crate::clock::zones::local(zone, at).map_err(|why| anyhow::anyhow!("--t0 {text}: {why}"))
}

/// The answer of a command, on standard output.
pub fn say(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{text}") {
        // The reader has seen enough.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A message for people, on standard error; lost when nobody can read it.
pub fn complain(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
