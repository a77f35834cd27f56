//! One person's screen: the terminal, what it shows, and what keys ask of the desk.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::desk::Desk;
use super::preferences::Heard;
use crate::cli;
use crate::room::{Refusal, Room};
use crate::tui::terminal::{self, DirtyRows, Input, Rgb, Terminal, TerminalError};
use crate::tui::{self, Act, After, Keymap, LayoutName, Theme, ThemeFile, Tone, View};

/// The terminal with everything that is drawn on it.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal,
    view: View,
    theme: Theme,
    /// Themes of the user's folder.
    files: Vec<ThemeFile>,
    /// Chosen by name: the terminal's background does not change it.
    chosen: bool,
    buffer: Buffer,
    area: Rect,
    /// Somebody wants to leave once no run of this process goes on.
    leaving: bool,
    /// How an alert is heard, and how many were heard that still fire.
    alarm: Heard,
    loud: usize,
    /// The run that has the terminal.
    lent: Option<uuid::Uuid>,
    /// When somebody last paused before a key.
    paused: Option<crate::clock::Now>,
}

/// A screen and what comes from its terminal.
#[derive(Debug)]
pub struct Opened {
    /// The screen.
    pub screen: Screen,
    /// Keys and the rest.
    pub input: mpsc::Receiver<Input>,
}

/// What an input means for the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Go on.
    Stay,
    /// Somebody quit.
    Quit,
    /// A signal.
    Signal(i32),
    /// The terminal vanished.
    Lost,
}

/// Takes the terminal over; `None` where there is none. Preferences are read first, so that a mistake in them is told on
/// a whole screen.
pub fn open(theme: Option<&str>, layout: Option<cli::Layout>) -> anyhow::Result<Option<Opened>> {
    let preferences = super::preferences::read()?;
    let mut options = terminal::Options::from_env();
    options.ascii |= preferences.ascii;
    options.mouse = preferences.mouse;
    let name = theme.or(preferences.theme.as_deref());
    let fallback =
        Theme::default_name(options.depth == terminal::Depth::None, None, options.depth == terminal::Depth::True);
    let loaded = Theme::load(name.unwrap_or(fallback), &preferences.themes).map_err(|errors| all(&errors))?;
    let keymap = Keymap::load(&preferences.keys).map_err(|errors| anyhow::anyhow!(errors.join("\n")))?;
    let (terminal, input) = match terminal::open(options) {
        Ok(opened) => opened,
        Err(TerminalError::None) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let mut view = View::new();
    view.keymap = keymap.into();
    view.mouse = options.mouse;
    if options.ascii {
        view.charset = tui::Charset::Ascii;
    }
    if let Some(layout) = layout.map(layout_name).or(preferences.layout) {
        view.layout = layout;
    }
    let area = area_of(terminal.size());
    Ok(Some(Opened {
        screen: Screen {
            terminal,
            view,
            theme: loaded,
            files: preferences.themes,
            chosen: name.is_some() || options.depth != terminal::Depth::True,
            buffer: Buffer::empty(area),
            area,
            leaving: false,
            alarm: preferences.alarm,
            loud: 0,
            lent: None,
            paused: None,
        },
        input,
    }))
}

impl Screen {
    /// Draws what changed and hands it to the terminal.
    pub fn draw(&mut self, room: &Room) {
        self.ring(room);
        if self.area.is_empty() || self.lent.is_some() {
            return;
        }
        let fresh = self.buffer.area != self.area;
        let drawn = tui::draw(room, &mut self.view, &self.theme, self.area, &mut self.buffer);
        if self.view.take_bell() {
            self.sound();
        }
        if fresh {
            self.terminal.frame(&self.buffer, &DirtyRows::ALL, None);
        } else if !drawn.is_empty() {
            self.terminal.frame(&self.buffer, &drawn, None);
        }
    }

    /// One more alert that wakes somebody is heard once, however it is looked at.
    fn ring(&mut self, room: &Room) {
        let loud = room.alert_counts().0 + room.aborts_asked().len();
        if loud > self.loud {
            self.sound();
        }
        self.loud = loud;
    }

    fn sound(&mut self) {
        match self.alarm {
            Heard::Bell => self.terminal.bell(),
            Heard::Desktop => self.terminal.notify(),
            Heard::Off => {}
        }
    }

    /// One thing from the terminal.
    pub fn on_input(&mut self, desk: &mut Desk, input: Input) -> Leave {
        match input {
            Input::Key(key) => return self.on_key(desk, key),
            Input::Paste(text) => {
                let acts = tui::on_paste(&desk.room, &mut self.view, &text);
                return self.act(desk, acts);
            }
            Input::PasteCut(bytes) => {
                self.view.toast(
                    desk.room.now,
                    Tone::Bad,
                    format!("the paste was too long; {bytes} bytes of it are gone"),
                );
            }
            Input::Mouse(mouse) => {
                let acts = tui::on_mouse(&desk.room, &mut self.view, mouse);
                return self.act(desk, acts);
            }
            Input::Resize(columns, rows) => self.area = area_of((columns, rows)),
            Input::Paused => self.paused = Some(desk.now()),
            Input::Focus(_) => {}
            Input::Background(rgb) => self.background(rgb),
            // Who has the terminal is stopped and continued there, not we.
            Input::Suspend | Input::Continued if self.lent.is_some() => {}
            Input::Suspend => return self.suspend(desk),
            Input::Continued => {
                let _ = self.terminal.resume();
                self.repaint();
            }
            Input::Signal(n) => return Leave::Signal(n),
            Input::Lost => return Leave::Lost,
        }
        Leave::Stay
    }

    fn on_key(&mut self, desk: &mut Desk, key: KeyEvent) -> Leave {
        #[cfg(debug_assertions)]
        panic_when_asked(key);
        desk.room.now = desk.now();
        let leaves = key.code == KeyCode::Esc || key.modifiers.contains(KeyModifiers::CONTROL);
        if !leaves && tui::haste::streams(&mut self.view, desk.room.now, self.paused) {
            return Leave::Stay;
        }
        let keymap = std::sync::Arc::clone(&self.view.keymap);
        let acts = tui::on_key(&desk.room, &mut self.view, &keymap, key);
        self.act(desk, acts)
    }

    fn act(&mut self, desk: &mut Desk, acts: Vec<Act>) -> Leave {
        for act in acts {
            match act {
                Act::Intent(intent) => {
                    if let Err(Refusal(why)) = desk.intend(&intent) {
                        self.view.toast(desk.room.now, Tone::Bad, why);
                    }
                }
                Act::Quit => return Leave::Quit,
                Act::LeaveAfter(after) => {
                    self.leaving = true;
                    if after == After::Kill {
                        desk.stop_runs();
                    }
                }
                Act::Resume => self.resume_run(desk),
                Act::Suspend => return self.suspend(desk),
                Act::Copy(text) => self.terminal.copy(&text),
                Act::Redraw => self.repaint(),
                Act::Theme(name) => {
                    let name = if name.is_empty() { Theme::next_name(&self.theme.name, &self.files) } else { name };
                    match Theme::load(&name, &self.files) {
                        Ok(theme) => {
                            self.theme = theme;
                            self.chosen = true;
                            self.view.invalidate();
                            self.view.toast(desk.room.now, Tone::Quiet, format!("theme {name}"));
                        }
                        Err(errors) => self.view.toast(desk.room.now, Tone::Bad, all(&errors).to_string()),
                    }
                }
            }
        }
        Leave::Stay
    }

    /// Gives the terminal to a run that is to have it, and takes it back when that one has ended or stands still. True when the
    /// screen is to be drawn again.
    pub fn lend(&mut self, desk: &mut Desk) -> bool {
        let wants = desk.wants_terminal();
        if wants == self.lent {
            return false;
        }
        if self.lent.take().is_some() {
            if self.terminal.take_back().is_err() {
                tracing::warn!("the terminal could not be taken back");
            }
            self.area = area_of(self.terminal.size());
            self.repaint();
            let (text, tone) = match desk.paused_run() {
                Some(_) => ("the command stands still: r gives it the terminal again, or stops it", Tone::Bad),
                None => ("the command has given the terminal back", Tone::Quiet),
            };
            self.view.toast(desk.room.now, tone, text);
        }
        if wants.is_some() {
            self.terminal.lend();
            self.lent = wants;
            desk.terminal_is_free();
        }
        true
    }

    /// Gives the terminal to the run that ctrl-z stopped, and lets it go on.
    fn resume_run(&mut self, desk: &mut Desk) {
        let Some((run, shim)) = desk.paused_run() else { return };
        self.terminal.lend();
        self.lent = Some(run);
        desk.unpause();
        if let Err(e) = crate::proc::lent::resume(shim) {
            tracing::warn!("the terminal could not be given to the run again: {e}");
            // It stands still as before: the screen comes back with the next pass of the loop.
            desk.stands_still(run, true);
        }
    }

    /// Whether somebody wants to leave, and nothing holds them any more.
    pub fn may_leave(&self, desk: &Desk) -> bool {
        self.leaving && desk.runs_of_mine() == 0 && desk.room.unsaved.is_empty()
    }

    /// Something found beside the loop that whoever sits here should know.
    pub fn say(&mut self, desk: &Desk, text: &str) {
        self.view.toast(desk.now(), Tone::Bad, text);
    }

    /// Restores the terminal and stops; comes back here when continued. The gap is no data for whoever was not watched.
    fn suspend(&mut self, desk: &mut Desk) -> Leave {
        desk.room.now = desk.now();
        let before = desk.room.now;
        if self.terminal.suspend().is_err() {
            return Leave::Lost;
        }
        let now = desk.now();
        let away = (now.utc - before.utc).to_std().unwrap_or_default();
        self.view.toast(now, Tone::Quiet, format!("was stopped for {}", crate::clock::age(away)));
        self.area = area_of(self.terminal.size());
        self.repaint();
        Leave::Stay
    }

    fn repaint(&mut self) {
        self.view.invalidate();
        self.buffer = Buffer::empty(Rect::ZERO);
    }

    /// The terminal told its background: light or dark follows it, unless a theme was chosen.
    fn background(&mut self, rgb: Rgb) {
        if self.chosen {
            return;
        }
        let luminance = if rgb.is_dark() { 0.0 } else { 1.0 };
        let name = Theme::default_name(false, Some(luminance), true);
        if name != self.theme.name
            && let Ok(theme) = Theme::load(name, &self.files)
        {
            self.theme = theme;
            self.view.invalidate();
        }
    }

    /// Restores the terminal for good.
    pub fn close(&mut self) {
        self.terminal.close();
    }
}

fn area_of((columns, rows): (u16, u16)) -> Rect {
    // A terminal may claim any size; beyond this it would only cost memory.
    Rect::new(0, 0, columns.min(1_000), rows.min(500))
}

fn layout_name(layout: cli::Layout) -> LayoutName {
    match layout {
        cli::Layout::Commander => LayoutName::Commander,
        cli::Layout::Oncall => LayoutName::Oncall,
        cli::Layout::Checklist => LayoutName::Checklist,
    }
}

fn all(errors: &[tui::ThemeError]) -> anyhow::Error {
    anyhow::anyhow!(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// For the tests of the terminal's restoration; not in a release. `WARROOM_PANIC` says how: by itself, while something is
/// dropped, or once more while unwinding.
#[cfg(debug_assertions)]
fn panic_when_asked(key: KeyEvent) {
    struct Bomb;
    impl Drop for Bomb {
        #[expect(clippy::panic, reason = "asked for by a test")]
        fn drop(&mut self) {
            panic!("asked to in a drop");
        }
    }
    let Some(how) = std::env::var_os("WARROOM_PANIC") else { return };
    if key.code != KeyCode::Char('!') {
        return;
    }
    let _bomb = (how != "1").then_some(Bomb);
    assert!(how == "drop", "asked to");
}
