//! The terminal as an edge: what comes in becomes [`Input`], frames go out through a thread that may lag, every way out restores it.
//!
//! Four threads belong to it, each named: `tty-read` (bytes to [`Input`]), `tty-write` (frames to bytes), `tty-watch` (notices that
//! the terminal is gone) and `signals`. None of them can stop the loop, and the loop cannot stop the last two: when it does not call
//! [`Terminal::close`] within [`PATIENCE`] after [`Input::Signal`], or the process is not gone [`LOST_PATIENCE`] after
//! [`Input::Lost`], they restore the terminal and end the process themselves.
//!
//! No window title, hyperlink or notification sequence is ever written; the clipboard only by [`Terminal::copy`].

mod cells;
mod colour;
pub mod encode;
mod input;
pub mod parse;
mod screen;
mod watch;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;

pub use cells::DirtyRows;
pub use colour::Depth;
use screen::Screen;
use writer::Slot;

/// Inputs that may wait in the lane. Mouse motion is dropped when it is full; keys and pastes wait in the reader, then in the kernel,
/// so that none is lost; a signal and [`Input::Lost`] have reserved places; sizes coalesce, newest wins.
pub const LANE: usize = 256;

/// A paste is cut here, in bytes; [`Input::PasteCut`] follows.
pub const PASTE_CAP: usize = 1 << 20;

/// How long the loop may take from [`Input::Signal`] to [`Terminal::close`] before the process is ended for it.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// How long the process may live on after [`Input::Lost`], whether closed or not; SAFETY T43 allows one second in all.
pub const LOST_PATIENCE: Duration = Duration::from_millis(800);

/// A colour as the terminal reported it, eight bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Whether text on this background has to be light: relative luminance below one half, by ITU-R BT.601 weights.
    pub fn is_dark(self) -> bool {
        u32::from(self.0) * 299 + u32::from(self.1) * 587 + u32::from(self.2) * 114 < 128_000
    }
}

/// What came from the terminal or about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key went down or repeats; releases are never sent.
    Key(KeyEvent),
    /// Nothing had come for [`PAUSE`] before what comes next, and little of that came at once: a person may have pressed it.
    Paused,
    /// Bracketed paste, at most [`PASTE_CAP`] bytes, line ends as `\n`. Raw: wrap it as untrusted text.
    Paste(String),
    /// The paste just sent was longer by so many bytes, which are gone; tell the operator.
    PasteCut(usize),
    /// New size in columns and rows; either may be 0.
    Resize(u16, u16),
    /// Mouse, when asked for in [`Options`].
    Mouse(MouseEvent),
    /// The terminal's window got or lost the focus.
    Focus(bool),
    /// The terminal's answer to the question for its background colour (OSC 11).
    Background(Rgb),
    /// The terminal is gone. Hand over, leave children alone, end: the process is ended after [`LOST_PATIENCE`] in any case.
    Lost,
    /// Ctrl-Z or SIGTSTP: hand the watch over, then call [`Terminal::suspend`].
    Suspend,
    /// The process was stopped from outside (SIGSTOP) and goes on: call [`Terminal::resume`].
    Continued,
    /// SIGTERM, SIGINT, SIGHUP or SIGQUIT by number: call [`Terminal::close`] first, then end in order with [`exit_code`].
    /// A second such signal after `close` ends the process at once.
    Signal(i32),
}

/// Whoever types what decides something pauses before; what streams in does not.
pub const PAUSE: std::time::Duration = std::time::Duration::from_millis(300);

/// How to use the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Ask for mouse clicks, drags and the wheel.
    pub mouse: bool,
    /// Write ASCII only: lines and blocks become `+ - | #`, anything else `?`.
    pub ascii: bool,
    /// How many colours are written.
    pub depth: Depth,
    /// Ask for the background colour with the first frame.
    pub query_background: bool,
}

impl Options {
    /// What the environment says: `NO_COLOR`, `COLORTERM`, `TERM`, and `LC_ALL`, `LC_CTYPE`, `LANG` for the character set.
    pub fn from_env() -> Self {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// As [`Options::from_env`] over any table of variables. `NO_COLOR` counts when not empty (no-color.org).
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| var(name).filter(|v| !v.is_empty());
        let term = get("TERM").unwrap_or_default();
        let colours = get("COLORTERM").unwrap_or_default();
        let depth = if get("NO_COLOR").is_some() || term == "dumb" || term.ends_with("-m") || term == "vt100" {
            Depth::None
        } else if colours == "truecolor" || colours == "24bit" || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256color")
            || ["kitty", "ghostty", "foot", "alacritty", "wezterm"].iter().any(|t| term.contains(t))
        {
            Depth::Indexed
        } else {
            Depth::Ansi
        };
        let charset = get("LC_ALL").or_else(|| get("LC_CTYPE")).or_else(|| get("LANG"));
        let utf8 = charset.is_none_or(|c| {
            let c = c.to_ascii_lowercase();
            c.contains("utf-8") || c.contains("utf8")
        });
        Self {
            mouse: false,
            ascii: !utf8 || term == "dumb",
            depth,
            query_background: !matches!(term.as_str(), "linux" | "dumb" | "vt100" | ""),
        }
    }
}

/// Why there is no terminal to work on.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// Neither `/dev/tty` nor a standard stream is a terminal.
    #[error(
        "no terminal: the war room needs one for its screen; from a script use `warroom status`, `warroom gate` or `warroom check`"
    )]
    None,
    /// The terminal did not take its modes.
    #[error("the terminal cannot be set up: {0}")]
    Setup(#[source] std::io::Error),
    /// No thread for it.
    #[error("no thread for the terminal: {0}")]
    Thread(#[source] std::io::Error),
}

/// The exit code of a process that ended on this signal: 128 + n.
pub fn exit_code(signal: i32) -> u8 {
    u8::try_from(signal).unwrap_or(0).saturating_add(128)
}

/// The terminal while warroom owns it; dropping it restores it.
#[derive(Debug)]
pub struct Terminal {
    screen: Arc<Screen>,
    slot: Arc<Slot>,
    options: Options,
}

/// Takes the terminal over: raw mode, alternate screen, bracketed paste, focus events, hidden cursor, and the panic hook.
///
/// The thread (or the task, when called inside one) that calls this is the UI: only its panic restores the screen, that of any other
/// task or thread leaves it up. On an error nothing is left changed.
pub fn open(options: Options) -> Result<(Terminal, mpsc::Receiver<Input>), TerminalError> {
    let screen = Arc::new(Screen::open(options.mouse)?);
    // From here on dropping it restores whatever was already done.
    let (sender, receiver) = mpsc::channel(LANE + 3);
    let slot = Arc::new(Slot::new(options));
    let terminal = Terminal { screen: Arc::clone(&screen), slot: Arc::clone(&slot), options };
    screen::install_panic_hook(&screen);
    screen.enter().map_err(TerminalError::Setup)?;
    watch::start(&screen, &sender).map_err(TerminalError::Thread)?;
    writer::start(&screen, &slot).map_err(TerminalError::Thread)?;
    input::start(&screen, sender).map_err(TerminalError::Thread)?;
    Ok((terminal, receiver))
}

impl Terminal {
    /// Hands over the rows of a drawn frame that may have changed, and where the cursor stands (`None`: hidden). Returns at once.
    ///
    /// Rows add up while the terminal is slow; only the newest state of each is written. A frame of another size than the last one
    /// is written whole, whatever `dirty` says. A frame without columns or rows is ignored.
    pub fn frame(&mut self, buffer: &Buffer, dirty: &DirtyRows, cursor: Option<(u16, u16)>) {
        self.slot.put(buffer, dirty, cursor);
    }

    /// Columns and rows now; `(0, 0)` when the terminal does not say.
    pub fn size(&self) -> (u16, u16) {
        screen::size()
    }

    /// How the terminal is used.
    pub fn options(&self) -> Options {
        self.options
    }

    /// Rings the bell, with the next frame or at once.
    pub fn bell(&mut self) {
        self.slot.extra(b"\x07");
    }

    /// Rings the bell and asks the desktop to show a word (OSC 9, one of ours: no text from outside ever stands in it).
    pub fn notify(&mut self) {
        self.slot.extra(b"\x07\x1b]9;warroom: an alert fires\x1b\\");
    }

    /// Puts `text` on the operator's clipboard (OSC 52), escaped as on the screen, at most 100,000 bytes. Only ever on a key.
    pub fn copy(&mut self, text: &str) {
        self.slot.extra(&encode::clipboard(text));
    }

    /// How many cells held a character that must not reach a terminal and were written as `?`: 0 unless something forgot to escape.
    pub fn replaced(&self) -> u64 {
        self.slot.replaced()
    }

    /// Restores the terminal, stops this process (and the rest of its job) and, once continued, takes the terminal over again and
    /// repaints. Blocks while stopped.
    pub fn suspend(&mut self) -> Result<(), TerminalError> {
        self.screen.leave();
        self.screen.stop_here();
        self.resume()
    }

    /// Takes the terminal over again and repaints all of it.
    pub fn resume(&mut self) -> Result<(), TerminalError> {
        self.screen.enter().map_err(TerminalError::Setup)?;
        self.slot.repaint();
        Ok(())
    }

    /// Leaves the terminal to another program, which goes in front of it by itself. Nothing is drawn or read until
    /// [`Terminal::take_back`]; the loop goes on.
    pub fn lend(&mut self) {
        self.screen.lend();
    }

    /// Takes the terminal back from whoever has it and repaints. What was typed for them is dropped.
    pub fn take_back(&mut self) -> Result<(), TerminalError> {
        self.screen.reclaim();
        self.resume()
    }

    /// Restores the terminal for good. Call it before anything slow on the way out; calling it again does nothing.
    /// What panics of background tasks had to say is written to stderr now.
    pub fn close(&mut self) {
        self.slot.close();
        self.screen.close();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.close();
    }
}
