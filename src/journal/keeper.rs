//! The journal's thread: records drafts in groups, reads what others record, and after an error begins anew before it says yes.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::bell::{self, Bell, Ear};
use super::connect;
use super::place::{self, Mode};
use super::salvage;
use super::store::{self, BODY_MAX, CHUNK, Store, StoreError};
use super::texts::Keeping;
use super::{Ask, Event, JournalError, Options, Order, instant_now, texts};
use crate::clock::Pace;
use crate::fact::{Draft, Entry, Fact};

/// Drafts kept while the journal cannot write.
const KEPT: usize = 10_000;
/// Texts that wait to be kept.
const TEXTS: usize = 64;
/// From one attempt to open a broken journal to the next.
const RETRY: Duration = Duration::from_secs(1);
/// How long another process may hold the journal before people are told.
const PATIENCE: Duration = Duration::from_secs(1);
/// From one attempt to the next while another process holds it (beside the 250 ms that SQLite waits by itself).
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Without orders for so long, the log may be written back.
const IDLE: Duration = Duration::from_millis(500);
/// How often to look at the file beside the bell, in case a ring was lost; and without a bell.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_WITHOUT_BELL: Duration = Duration::from_millis(100);

/// What the thread owns.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    mode: Mode,
    read_only: bool,
    out: mpsc::Sender<Event>,
    tape: SyncSender<Order>,
    own: SyncSender<Order>,
    bell: Option<Bell>,
    ear: Option<Ear>,
    /// Opened by who called, so that a mistake in the place is told at once.
    first: Option<Connection>,
    pending: VecDeque<Draft>,
    /// Texts to be kept, at most [`TEXTS`]; the newest go where there are more.
    texts: Vec<Arc<[u8]>>,
    /// Rows that went home.
    delivered: u64,
    loaded: bool,
    /// The newest epoch that an entry names.
    epoch: u64,
    /// Nothing is acknowledged; why.
    trouble: Option<String>,
    busy_since: Option<Instant>,
    closing: Option<oneshot::Sender<()>>,
    stopping: bool,
    pace: Pace,
    /// Device and inode of the file once it was opened.
    identity: Option<(u64, u64)>,
}

/// Why a session with an open file ended.
enum End {
    Closed,
    Trouble(String),
    Damaged(String),
    /// A reader's file is not there yet.
    NotYet,
}

impl Keeper {
    /// Opens the file, so that a place that will never do is refused at once; what may pass is left to the thread.
    pub fn new(
        options: &Options,
        mode: Mode,
        out: mpsc::Sender<Event>,
        own: SyncSender<Order>,
        tape: SyncSender<Order>,
    ) -> Result<Self, JournalError> {
        let path = options.path.clone();
        let bell_path = place::beside(&path, ".bell");
        let was_ours = bell::heard(&bell_path).is_some() || path.extension().is_some_and(|e| e == "db");
        let (mut bell, mut first) = (None, None);
        if !options.read_only {
            first = match store::open(&path, true) {
                Ok(conn) => Some(conn),
                Err(JournalError::Sql { source, .. }) if connect::is_damage(&source) && was_ours => None,
                Err(JournalError::Sql { source, .. }) if connect::is_damage(&source) => {
                    return Err(JournalError::Foreign(path));
                }
                Err(JournalError::Foreign(_)) if bell::heard(&bell_path).is_some() => None,
                // Held by another process, a full disk, damage …: the thread tries again and tells.
                Err(JournalError::Sql { .. } | JournalError::Damaged { .. }) => None,
                Err(e) => return Err(e),
            };
            bell = Bell::open(&bell_path, mode).ok();
        }
        let ear = Ear::listen(&bell_path, own.clone());
        Ok(Self {
            path,
            mode,
            read_only: options.read_only,
            out,
            tape,
            own,
            bell,
            ear,
            first,
            pace: options.pace,
            identity: None,
            pending: VecDeque::new(),
            texts: Vec::new(),
            delivered: 0,
            loaded: false,
            epoch: 0,
            trouble: None,
            busy_since: None,
            closing: None,
            stopping: false,
        })
    }

    /// Until closed, or until nobody listens any more.
    pub fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let end = std::panic::catch_unwind(AssertUnwindSafe(|| self.session(orders)));
            match end {
                Ok(End::Closed) => break,
                Ok(End::Trouble(why)) => self.tell_trouble(why),
                Ok(End::Damaged(why)) => match self.begin_anew(&why) {
                    Ok(()) => continue,
                    Err(e) => self.tell_trouble(format!("the journal is damaged ({why}) and {e}")),
                },
                Ok(End::NotYet) => self.tell_loaded(),
                Err(_) => self.tell_trouble("the journal's thread failed and was started again".to_owned()),
            }
            self.pause(orders);
            if self.stopping {
                break;
            }
        }
        self.stop_tape();
        if let Some(done) = self.closing.take() {
            let _ = done.send(());
        }
    }

    fn session(&mut self, orders: &Receiver<Order>) -> End {
        // A file that vanished is not begun anew behind the room's back: what it held is not in the new one.
        if !self.in_place() {
            return self.end_of(&StoreError::Moved);
        }
        if self.read_only && !std::fs::metadata(&self.path).is_ok_and(|m| m.len() > 0) {
            return End::NotYet;
        }
        let opened = match self.first.take() {
            Some(conn) => Ok(conn),
            None => store::open(&self.path, !self.read_only),
        };
        let conn = match opened {
            Ok(conn) => conn,
            Err(JournalError::Damaged { why, .. }) if !self.read_only => return End::Damaged(why),
            Err(JournalError::Sql { source, .. }) => return self.end_of(&source.into()),
            Err(JournalError::Foreign(_)) => return End::Damaged("its first page is wrong".to_owned()),
            Err(e) => return End::Trouble(e.to_string()),
        };
        if !self.read_only
            && let Err(e) = store::sync_log(&self.path)
        {
            return End::Trouble(format!("the log of the journal cannot be made durable ({e})"));
        }
        match self.keep(&conn, orders) {
            Ok(()) => {
                // Who reads may not write the log back.
                if !self.read_only {
                    connect::close(conn);
                }
                End::Closed
            }
            // Whatever the database made of it in the middle of a write: that is the reason people can do something about.
            Err(e) if !e.is_damage() && !self.in_place() => self.end_of(&StoreError::Moved),
            Err(e) => self.end_of(&e),
        }
    }

    /// Whether the file that was opened still stands at its place.
    fn in_place(&self) -> bool {
        self.read_only || self.identity.is_none() || self.identity == identity(&self.path)
    }

    fn end_of(&self, e: &StoreError) -> End {
        if e.is_damage() && !self.read_only { End::Damaged(e.to_string()) } else { End::Trouble(self.sentence(e)) }
    }

    /// With the file open: reads the past, then records and listens until closed.
    fn keep(&mut self, conn: &Connection, orders: &Receiver<Order>) -> Result<(), StoreError> {
        self.identity = self.identity.or_else(|| identity(&self.path));
        let mut store = Store::new(conn)?;
        if self.trouble.is_some() && !self.read_only {
            store.quick_check()?;
            store.settle()?;
        }
        self.read_past(&mut store)?;
        if self.trouble.is_some() && self.pending.is_empty() {
            if !self.read_only {
                store.prove()?;
            }
            self.recovered();
        }
        self.tell_loaded();
        let mut looked = instant_now();
        let mut log_ready = self.read_only;
        loop {
            if !self.pending.is_empty() {
                self.record(&mut store)?;
            }
            if !self.texts.is_empty() && self.pending.is_empty() {
                self.keep_texts(conn);
            }
            if self.stopping && (self.pending.is_empty() || self.trouble.is_some()) {
                return Ok(());
            }
            if store.checkpoint_due() && !self.read_only {
                store.checkpoint()?;
            }
            let useful = store.checkpoint_useful() && !self.read_only;
            let rest = if !self.pending.is_empty() || !self.texts.is_empty() {
                BUSY_PAUSE
            } else if useful || !log_ready {
                IDLE
            } else if self.ear.is_some() {
                LOOK
            } else {
                LOOK_WITHOUT_BELL
            };
            let mut look = match orders.recv_timeout(rest) {
                Ok(order) => self.take_with_rest(order, orders),
                Err(RecvTimeoutError::Timeout) => {
                    if useful && self.pending.is_empty() {
                        store.checkpoint()?;
                    }
                    if !log_ready && self.pending.is_empty() {
                        store.make_log_ready(&self.path);
                        log_ready = true;
                    }
                    true
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.stopping = true;
                    false
                }
            };
            let now = instant_now();
            look |= now.saturating_duration_since(looked) >= LOOK;
            if look {
                looked = now;
                if !self.in_place() {
                    return Err(StoreError::Moved);
                }
                if store.changed()? {
                    self.read_new(&mut store)?;
                }
                // The bell's file may have come after us (readers), or have been removed.
                if self.ear.is_none() {
                    self.ear = Ear::listen(&place::beside(&self.path, ".bell"), self.own.clone());
                }
            }
            self.stopping |= self.out.is_closed();
        }
    }

    /// Takes an order and all that wait behind it, so that one transaction carries them; whether the bell rang.
    fn take_with_rest(&mut self, order: Order, orders: &Receiver<Order>) -> bool {
        let mut rang = self.take(order);
        // Bounded by what the lane holds, so that a flood cannot keep the thread from writing.
        for order in orders.try_iter().take(super::JOURNAL_LANE) {
            rang |= self.take(order);
        }
        rang
    }

    fn take(&mut self, order: Order) -> bool {
        match order {
            Order::Ask(Ask::Append(drafts)) => self.keep_drafts(drafts),
            Order::Ask(Ask::Keep(texts)) if !self.read_only => {
                self.texts.extend(texts);
                self.texts.truncate(TEXTS);
            }
            Order::Ask(Ask::Close(done)) => {
                self.closing = Some(done);
                self.stopping = true;
            }
            Order::Bell => return true,
            Order::Ask(Ask::Keep(_) | Ask::Tape(_) | Ask::HandOver(_)) | Order::Begin(_) | Order::Stop(_) => {}
        }
        false
    }

    fn keep_drafts(&mut self, drafts: Vec<Draft>) {
        let (mut too_large, mut too_many, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        if self.read_only {
            let ids = drafts.iter().map(|d| d.id).collect();
            return self.emit(Event::Dropped(ids, "this process only reads the journal".to_owned()));
        }
        for draft in drafts {
            if serde_json::to_string(&draft.fact).map_or(true, |body| body.len() > BODY_MAX) {
                too_large.push(draft.id);
            } else if self.pending.len() >= KEPT {
                too_many.push(draft.id);
            } else {
                waiting.push(draft.id);
                self.pending.push_back(draft);
            }
        }
        if !too_large.is_empty() {
            self.emit(Event::Dropped(too_large, "larger than 1 MiB: shorten it".to_owned()));
        }
        if !too_many.is_empty() {
            self.emit(Event::Dropped(too_many, format!("{KEPT} entries already wait for the journal")));
        }
        if let Some(why) = self.trouble.clone()
            && !waiting.is_empty()
        {
            self.emit(Event::NotSaved(waiting, why));
        }
    }

    /// Records what waits, in transactions of at most [`CHUNK`]. A file held by another process is no error.
    fn record(&mut self, store: &mut Store<'_>) -> Result<(), StoreError> {
        if !self.in_place() {
            return Err(StoreError::Moved);
        }
        while !self.pending.is_empty() {
            let count = self.pending.len().min(CHUNK);
            let portion = self.pending.make_contiguous().get(..count).unwrap_or_default();
            match store.append(portion, self.pace.now(super::instant_now(), super::utc_now()).utc) {
                Ok(entries) => {
                    self.pending.drain(..count);
                    self.busy_since = None;
                    self.delivered = store.tails.n;
                    // Home first: the bell may say less than the file holds, never more.
                    self.deliver(entries);
                    if let Some(bell) = &self.bell {
                        bell.ring(store.tails.n, store.tails.head);
                    }
                }
                Err(e) if e.is_busy() => {
                    let now = instant_now();
                    let since = *self.busy_since.get_or_insert(now);
                    if self.trouble.is_none() && now.saturating_duration_since(since) >= PATIENCE {
                        self.tell_trouble(self.sentence(&e));
                    }
                    return Ok(());
                }
                Err(e) => return Err(e),
            }
        }
        if self.trouble.is_some() {
            self.recovered();
        }
        Ok(())
    }

    /// Keeps the texts that wait; while another process holds the file they wait on. The texts are a convenience of the export:
    /// where they do not fit, the entries go on without them.
    fn keep_texts(&mut self, conn: &Connection) {
        match texts::keep(conn, &self.texts) {
            Err(e) if connect::is_busy(&e) => return,
            Err(e) => tracing::warn!("the runbooks are not kept in the journal: {e}"),
            Ok(Keeping::NoRoom) => tracing::warn!("the runbooks are not kept in the journal: the disk is nearly full"),
            Ok(Keeping::Kept) => {}
        }
        self.texts.clear();
    }

    /// Reads the file from its first entry, checks it, and sends home what has not been there.
    fn read_past(&mut self, store: &mut Store<'_>) -> Result<(), StoreError> {
        // Heard first: the file may grow meanwhile.
        let recorded = bell::heard(&place::beside(&self.path, ".bell")).map_or(0, |(n, _)| n);
        store.changed()?;
        self.read_new(store)?;
        let known = recorded.max(self.delivered);
        if known > store.tails.n {
            let found = store.tails.n;
            return Err(store::broken(format!("it ends with entry {found}, but {known} had been recorded")));
        }
        Ok(())
    }

    fn read_new(&mut self, store: &mut Store<'_>) -> Result<(), StoreError> {
        loop {
            let before = store.tails.n;
            let mut entries = store.read()?;
            if entries.is_empty() {
                return Ok(());
            }
            let known = usize::try_from(self.delivered.saturating_sub(before)).unwrap_or(usize::MAX);
            entries.drain(..known.min(entries.len()));
            self.delivered = self.delivered.max(store.tails.n);
            self.deliver(entries);
        }
    }

    fn deliver(&mut self, mut entries: Vec<Arc<Entry>>) {
        for entry in &entries {
            if let Fact::WatchTaken { epoch } = entry.fact {
                self.epoch = self.epoch.max(epoch);
            }
        }
        while entries.len() > CHUNK {
            let rest = entries.split_off(CHUNK);
            self.emit(Event::Entries(std::mem::replace(&mut entries, rest)));
        }
        if !entries.is_empty() {
            self.emit(Event::Entries(entries));
        }
    }

    fn begin_anew(&mut self, why: &str) -> Result<(), JournalError> {
        self.identity = None;
        if self.bell.is_none() {
            self.bell = Some(Bell::open(&place::beside(&self.path, ".bell"), self.mode)?);
        }
        let Some(bell) = &self.bell else { return Ok(()) };
        if !bell.alone() {
            bell.shared();
            let why = "another process has it open, so it cannot be set aside: end that one".to_owned();
            return Err(JournalError::Damaged { path: self.path.clone(), why });
        }
        let result = salvage::salvage(&self.path, self.mode, bell);
        bell.shared();
        let salvaged = result?;
        // What stands where it stood went home already; what was moved goes home again, which changes nothing.
        self.delivered = self.delivered.min(salvaged.in_place);
        self.emit(Event::Quarantined { moved_to: salvaged.moved_to, why: why.to_owned(), carried: salvaged.carried });
        Ok(())
    }

    fn tell_loaded(&mut self) {
        if !self.loaded {
            self.loaded = true;
            self.emit(Event::Loaded);
            // The lane is empty before its first order, so this cannot be lost.
            let _ = self.tape.try_send(Order::Begin(self.epoch));
        }
    }

    fn tell_trouble(&mut self, why: String) {
        if self.trouble.as_deref() != Some(&why) {
            let ids: Vec<Uuid> = self.pending.iter().map(|d| d.id).collect();
            self.emit(Event::NotSaved(ids, why.clone()));
            self.trouble = Some(why);
        }
    }

    fn recovered(&mut self) {
        self.trouble = None;
        self.emit(Event::Recovered);
    }

    fn sentence(&self, e: &StoreError) -> String {
        let sql = match e {
            StoreError::Sql(sql) => sql,
            StoreError::Broken(_) => return format!("the journal is damaged: {e}"),
            StoreError::Moved => {
                return format!("{e}; nothing more is recorded: put {} back, or start anew", self.path.display());
            }
        };
        let folder = self.path.parent().unwrap_or(&self.path).display();
        match sql.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                format!("no space left in {folder}: free some; entries wait and are tried again")
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another process holds the journal locked; entries wait until it lets go".to_owned()
            }
            Some(ErrorCode::SystemIoFailure) => {
                format!("the disk under {folder} failed ({sql}); the journal is opened anew and checked")
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                format!("the journal in {folder} cannot be written ({sql}); check its rights and its disk")
            }
            _ => format!("the journal cannot be written ({sql})"),
        }
    }

    /// Takes orders until it is time to try again.
    fn pause(&mut self, orders: &Receiver<Order>) {
        let until = instant_now() + RETRY;
        while !self.stopping {
            let rest = until.saturating_duration_since(instant_now());
            if rest.is_zero() {
                return;
            }
            match orders.recv_timeout(rest) {
                Ok(order) => {
                    self.take(order);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.stopping = true,
            }
            self.stopping |= self.out.is_closed();
        }
    }

    /// The tape gives the lease back before the journal ends.
    fn stop_tape(&self) {
        let (done, ended) = std::sync::mpsc::sync_channel(1);
        let until = instant_now() + Duration::from_secs(2);
        let mut order = Order::Stop(done);
        while let Err(TrySendError::Full(back)) = self.tape.try_send(order) {
            if instant_now() >= until {
                return;
            }
            order = back;
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = ended.recv_timeout(until.saturating_duration_since(instant_now()));
    }

    /// Waits while the lane is full: entries are lossless, and only this thread waits.
    fn emit(&mut self, event: Event) {
        if self.out.blocking_send(event).is_err() {
            self.stopping = true;
        }
    }
}

/// Device and inode of a file that holds something; `None` where none stands.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::symlink_metadata(path).ok()?;
    (meta.is_file() && meta.len() > 0).then(|| (meta.dev(), meta.ino()))
}
