//! The loop itself: one event at a time from the lanes, a frame when something is to be seen.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::commands::complain;
use super::control::Request;
use super::desk::Desk;
use super::reread::{Reread, Wanted};
use super::screen::{Leave, Screen};
use crate::files::Changed;
use crate::notice::Told;
use crate::proc::run::News;
use crate::tui::terminal::Input;
use crate::{journal, poll};

/// Numbers are drawn at most this often.
const FRAME: Duration = Duration::from_millis(33);

/// Keys and changes of state are drawn at once, but not more often than anybody can see: a flood of keys costs a frame
/// each 8 ms, not one each.
const SOON: Duration = Duration::from_millis(8);

/// Everything that can happen to the loop, each on its own bounded lane.
#[derive(Debug)]
pub struct Lanes {
    /// From the journal: lossless, ordered; 1,024 events, then the journal waits.
    pub journal: mpsc::Receiver<journal::Event>,
    /// From the pollers: 64 batches, newest wins.
    pub poll: mpsc::Receiver<poll::Event>,
    /// From the terminal: 256 inputs.
    pub input: Option<mpsc::Receiver<Input>>,
    /// From the control socket: 256 requests, then clients wait.
    pub control: Option<mpsc::Receiver<Request>>,
    /// From the edge that tells: 256 reports; the newest of each notice is kept there.
    pub told: mpsc::Receiver<Told>,
    /// From the file watch: 16 changes, more say nothing new.
    pub files: Option<mpsc::Receiver<Changed>>,
    /// From runs of commands: 64 pieces of news; of output the newest, and an end waits for room.
    pub runs: Option<mpsc::Receiver<News>>,
    /// From the flight-check at the start: one sentence, if anything.
    pub checked: Option<mpsc::Receiver<String>>,
}

impl Lanes {
    /// Lanes on which nothing will ever come.
    pub fn closed() -> Self {
        Self {
            journal: mpsc::channel(1).1,
            poll: mpsc::channel(1).1,
            told: mpsc::channel(1).1,
            input: None,
            control: None,
            files: None,
            runs: None,
            checked: None,
        }
    }
}

/// How the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Asked to.
    Quit,
    /// By a signal.
    Signal(i32),
    /// The terminal vanished.
    TerminalLost,
    /// The script came to its end: whether its story held.
    Story(bool),
}

async fn next<T>(lane: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match lane {
        Some(lane) => lane.recv().await,
        None => std::future::pending().await,
    }
}

/// Runs until somebody quits. The lanes stay the caller's: the journal ends by itself once nobody hears it, and what is recorded
/// on the way out is handed over after this.
#[expect(clippy::disallowed_methods, reason = "the loop is an edge of time: it paces frames and ticks")]
pub async fn run(
    desk: &mut Desk,
    lanes: &mut Lanes,
    mut screen: Option<&mut Screen>,
    mut story: Option<&mut super::demo::Story>,
) -> Ending {
    let mut drawn = Instant::now();
    // When a frame was last drawn at once. Frames of numbers do not count: a key that comes right after one does not wait.
    let mut hurried = drawn.checked_sub(SOON).unwrap_or(drawn);
    let mut dirty = true;
    let mut urgent = true;
    let mut ticked = Instant::now();
    let mut signals = Signals::new();
    // One place: one reading is under way at a time, and the next begins when it has come home.
    let (read_out, mut read_in) = mpsc::channel(1);
    let mut reading = Reread::new(read_out);
    if let Some(screen) = screen.as_deref_mut() {
        screen.draw(&desk.room);
        dirty = false;
        urgent = false;
    }
    loop {
        reread(desk, &mut reading);
        urgent |= screen.as_deref_mut().is_some_and(|screen| screen.lend(desk));
        if let Some(screen) = screen.as_deref_mut()
            && ((urgent && hurried.elapsed() >= SOON) || (dirty && drawn.elapsed() >= FRAME))
        {
            screen.draw(&desk.room);
            drawn = Instant::now();
            if urgent {
                hurried = drawn;
            }
            dirty = false;
            urgent = false;
        }
        let tick_in = desk.until_tick(ticked);
        let wake = match (screen.is_some(), urgent, dirty) {
            (true, true, _) => tick_in.min(SOON.saturating_sub(hurried.elapsed())),
            (true, false, true) => tick_in.min(FRAME.saturating_sub(drawn.elapsed())),
            _ => tick_in,
        };
        let ending = tokio::select! {
            biased;
            input = next(&mut lanes.input) => {
                let Some(screen) = screen.as_deref_mut() else { continue };
                let mut leave = input.map_or(Leave::Lost, |input| screen.on_input(desk, input));
                // Whatever else was typed is taken in before the frame is drawn: a held key costs one frame, not many.
                while leave == Leave::Stay
                    && let Some(Ok(more)) = lanes.input.as_mut().map(mpsc::Receiver::try_recv)
                {
                    leave = screen.on_input(desk, more);
                }
                urgent = true;
                match leave {
                    Leave::Stay => None,
                    Leave::Quit => Some(Ending::Quit),
                    Leave::Signal(n) => Some(Ending::Signal(n)),
                    Leave::Lost => Some(Ending::TerminalLost),
                }
            }
            signal = signals.recv(), if screen.is_none() => Some(Ending::Signal(signal)),
            Some(event) = lanes.journal.recv() => {
                urgent |= desk.on_journal(event);
                while let Ok(event) = lanes.journal.try_recv() {
                    urgent |= desk.on_journal(event);
                }
                dirty = true;
                None
            }
            request = next(&mut lanes.control) => {
                if let Some(request) = request {
                    urgent |= desk.on_control(request);
                    dirty = true;
                }
                None
            }
            Some(event) = lanes.poll.recv() => {
                urgent |= desk.on_poll(event);
                dirty = true;
                None
            }
            Some(told) = lanes.told.recv() => {
                urgent |= desk.on_told(told);
                while let Ok(told) = lanes.told.try_recv() {
                    desk.on_told(told);
                }
                dirty = true;
                None
            }
            news = next(&mut lanes.runs) => {
                if let Some(news) = news {
                    urgent |= desk.on_run(news);
                    dirty = true;
                }
                None
            }
            found = next(&mut lanes.checked) => {
                lanes.checked = None;
                if let Some(found) = found {
                    match screen.as_deref_mut() {
                        Some(screen) => screen.say(desk, &found),
                        None => complain(&found),
                    }
                    urgent = true;
                }
                None
            }
            changed = next(&mut lanes.files) => {
                reading.files_changed |= changed.is_some();
                None
            }
            Some(read) = read_in.recv() => {
                reading.came_home();
                desk.on_read(read);
                urgent = true;
                None
            }
            () = tokio::time::sleep(wake) => None,
        };
        if desk.until_tick(ticked).is_zero() {
            ticked = Instant::now();
            urgent |= desk.tick();
            desk.retry();
            dirty = true;
        }
        if let Some(story) = story.as_deref_mut()
            && let Some(held) = story.see(desk)
        {
            return Ending::Story(held);
        }
        if let Some(ending) = ending {
            return ending;
        }
        if screen.as_deref().is_some_and(|screen| screen.may_leave(desk)) {
            return Ending::Quit;
        }
    }
}

/// Begins the next reading of the plan that is asked for, if none is under way.
fn reread(desk: &mut Desk, reread: &mut Reread) {
    if !reread.free() {
        return;
    }
    if std::mem::take(&mut reread.files_changed) {
        reread.begin(Wanted::Files { path: desk.setup.path.clone(), answers: desk.answers() });
    } else if let Some(again) = desk.take_answers() {
        reread.begin(Wanted::Answers(again));
    }
}

/// Signals of a process without a screen.
struct Signals {
    term: Option<tokio::signal::unix::Signal>,
    int: Option<tokio::signal::unix::Signal>,
    hup: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self {
            term: signal(SignalKind::terminate()).ok(),
            int: signal(SignalKind::interrupt()).ok(),
            hup: signal(SignalKind::hangup()).ok(),
        }
    }

    async fn recv(&mut self) -> i32 {
        async fn one(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = one(&mut self.term) => 15,
            () = one(&mut self.int) => 2,
            () = one(&mut self.hup) => 1,
        }
    }
}
