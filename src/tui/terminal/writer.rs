//! Frames on their way out: one slot, newest wins, and the thread that empties it as fast as the terminal allows.
//!
//! The slot is the one shared lock of the house. It is held only to copy rows in or out, never while writing, so the loop cannot be
//! stopped by a terminal that takes nothing; rows that changed meanwhile add up and only their newest state is written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use ratatui::buffer::Buffer;

use super::Options;
use super::cells::{DirtyRows, Grid, Packer};
use super::encode::Encoder;
use super::screen::Screen;

/// OSC 11 with a question mark: xterm's "report the background colour".
const ASK_BACKGROUND: &[u8] = b"\x1b]11;?\x1b\\";

/// Most that bells and copies may wait.
const EXTRA: usize = 256 << 10;

/// The one-slot cell between loop and writer.
#[derive(Debug)]
pub(super) struct Slot {
    packer: Packer,
    staged: Mutex<Staged>,
    wake: Condvar,
}

#[derive(Debug)]
struct Staged {
    grid: Grid,
    dirty: DirtyRows,
    cursor: Option<(u16, u16)>,
    extra: Vec<u8>,
    /// Whether the colour question was put; it goes out once, with the first frame.
    ask: bool,
    forget: bool,
    pending: bool,
    closed: bool,
}

impl Slot {
    pub(super) fn new(options: Options) -> Self {
        Self {
            packer: Packer { depth: options.depth, ascii: options.ascii, replaced: AtomicU64::new(0) },
            staged: Mutex::new(Staged {
                grid: Grid::default(),
                dirty: DirtyRows::NONE,
                cursor: None,
                extra: Vec::new(),
                ask: options.query_background,
                forget: false,
                pending: false,
                closed: false,
            }),
            wake: Condvar::new(),
        }
    }

    pub(super) fn put(&self, buffer: &Buffer, dirty: &DirtyRows, cursor: Option<(u16, u16)>) {
        let (columns, rows) = (buffer.area.width, buffer.area.height);
        if columns == 0 || rows == 0 {
            return;
        }
        let mut staged = self.lock();
        let resized = staged.grid.columns != columns || staged.grid.rows != rows;
        if resized {
            staged.grid = Grid::blank(columns, rows);
            staged.dirty = DirtyRows::ALL;
        } else if dirty.is_empty() && staged.cursor == cursor {
            return;
        }
        staged.grid.pack_rows(buffer, if resized { &DirtyRows::ALL } else { dirty }, &self.packer);
        staged.dirty.add(dirty);
        staged.cursor = cursor;
        self.rouse(staged);
    }

    pub(super) fn extra(&self, bytes: &[u8]) {
        let mut staged = self.lock();
        if staged.extra.len() + bytes.len() <= EXTRA {
            staged.extra.extend_from_slice(bytes);
            self.rouse(staged);
        }
    }

    pub(super) fn repaint(&self) {
        let mut staged = self.lock();
        staged.forget = true;
        staged.dirty = DirtyRows::ALL;
        self.rouse(staged);
    }

    pub(super) fn close(&self) {
        let mut staged = self.lock();
        staged.closed = true;
        self.rouse(staged);
    }

    pub(super) fn replaced(&self) -> u64 {
        self.packer.replaced.load(Ordering::Relaxed)
    }

    fn rouse(&self, mut staged: MutexGuard<'_, Staged>) {
        staged.pending = true;
        drop(staged);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Staged> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread; it ends when the slot is closed.
pub(super) fn start(screen: &Arc<Screen>, slot: &Arc<Slot>) -> std::io::Result<()> {
    let screen = Arc::downgrade(screen);
    let slot = Arc::clone(slot);
    thread::Builder::new().name("tty-write".to_owned()).stack_size(256 << 10).spawn(move || {
        let mut encoder = Encoder::default();
        let mut next = Grid::default();
        loop {
            let mut staged = slot.lock();
            while !staged.pending {
                staged = slot.wake.wait(staged).unwrap_or_else(PoisonError::into_inner);
            }
            if staged.closed {
                return;
            }
            staged.pending = false;
            if std::mem::take(&mut staged.forget) {
                encoder.forget();
            }
            let dirty = std::mem::replace(&mut staged.dirty, DirtyRows::NONE);
            if next.columns == staged.grid.columns && next.rows == staged.grid.rows {
                next.take_rows(&staged.grid, &dirty);
            } else {
                next = staged.grid.clone();
            }
            let cursor = staged.cursor;
            let mut extra = std::mem::take(&mut staged.extra);
            let ask = next.columns > 0 && std::mem::take(&mut staged.ask);
            drop(staged);
            let Some(screen) = screen.upgrade() else { return };
            if ask {
                extra.extend_from_slice(ASK_BACKGROUND);
                screen.asked.store(true, Ordering::SeqCst);
            }
            let bytes = encoder.encode(&next, &dirty, cursor, &extra);
            if !bytes.is_empty() && !screen.write_frame(bytes) {
                // Left meanwhile: nobody knows what the terminal shows.
                encoder.forget();
            }
        }
    })?;
    Ok(())
}
