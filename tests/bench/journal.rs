//! What an entry costs until it is durable and home again, beside bare SQLite on the same disk in turns, and two bare lanes.
//! `cargo bench --bench journal [-- FOLDER]`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it measures, and says what it measured"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::mpsc;
use warroom::clock::Pace;
use warroom::fact::{Author, Draft, Fact};
use warroom::journal::{self, Ask, Event, Journal, Options};
use warroom::text::Untrusted;

const ROUNDS: usize = 20;
const TURNS: usize = 100;
/// Rows of the bare table are as long as ours.
const BODY: usize = 220;
const WRITERS: usize = 10;

fn main() {
    let place = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let folder = match &place {
        Some(place) => tempfile::tempdir_in(place).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let bare = bare(folder.path());
    let mut ours = Ours::open(folder.path());
    let mut echo = Echo::start();
    // Both logs have their length before anything counts.
    commits(&bare, 2_000);
    bare.execute_batch("pragma wal_checkpoint(restart)").unwrap();
    for _ in 0..20 {
        ours.append(100);
    }
    std::thread::sleep(Duration::from_secs(1));
    let (mut raw, mut whole, mut lanes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        raw.extend(timed(TURNS, || commits(&bare, 1)));
        whole.extend(timed(TURNS, || ours.append(1)));
        lanes.extend(timed(TURNS, || echo.turn()));
    }
    let (bare_ms, ours_ms, lanes_ms) = (p50(&mut raw), p50(&mut whole), p50(&mut lanes));
    println!("bare SQLite, synchronous=FULL, log reused: p50 {bare_ms:?}");
    println!("from draft to entry at the loop:           p50 {ours_ms:?} = {:.2} x bare", ratio(ours_ms, bare_ms));
    println!("two lanes and two threads, nothing else:   p50 {lanes_ms:?}");
    let commit = ours_ms.saturating_sub(lanes_ms);
    println!("the commit itself, without them:           {commit:?} = {:.2} x bare", ratio(commit, bare_ms));
    let (mut one, mut ten) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.extend(timed(1, || (0..TURNS).for_each(|_| ours.append(1))));
        ten.extend(timed(1, || (0..TURNS).for_each(|_| ours.append(WRITERS))));
    }
    let rate = |entries: usize, took: Duration| entries as f64 / took.as_secs_f64();
    let (one, ten) = (rate(TURNS, p50(&mut one)), rate(TURNS * WRITERS, p50(&mut ten)));
    println!("one writer {one:.0} entries/s, {WRITERS} that wait at once {ten:.0}/s = {:.1} x", ten / one);
}

/// Bare SQLite as it is at its best.
fn bare(folder: &Path) -> Connection {
    let conn = Connection::open(folder.join("bare.db")).unwrap();
    conn.execute_batch(
        "pragma journal_mode=wal; pragma synchronous=full; create table row (id integer primary key, at integer, body text);",
    )
    .unwrap();
    conn
}

fn commits(conn: &Connection, n: usize) {
    let body = "x".repeat(BODY);
    let mut insert = conn.prepare_cached("insert into row (at, body) values (?1, ?2)").unwrap();
    for at in 0..n {
        insert.execute((at as i64, &body)).unwrap();
    }
}

/// A journal, and where its entries come home.
struct Ours {
    journal: Journal,
    home: mpsc::Receiver<Event>,
    author: Author,
}

impl Ours {
    fn open(folder: &Path) -> Self {
        let (out, mut home) = mpsc::channel(1_024);
        let author = Author { person: Untrusted::new("bench"), role: None };
        let options = Options {
            path: folder.join("ours.db"),
            group: None,
            author: author.clone(),
            may_watch: false,
            read_only: false,
            pace: Pace::new(Instant::now(), chrono::Utc::now(), 1),
        };
        let journal = journal::open(options, out).unwrap();
        while !matches!(home.blocking_recv(), Some(Event::Loaded) | None) {}
        Self { journal, home, author }
    }

    /// Hands over `n` drafts, each by itself, and waits until all their entries are home.
    fn append(&mut self, n: usize) {
        for _ in 0..n {
            let fact = Fact::Noted { step: None, text: Untrusted::new("x".repeat(100)) };
            let draft = Draft { id: uuid::Uuid::now_v7(), by: self.author.clone(), fact };
            self.journal.ask(Ask::Append(vec![draft])).unwrap();
        }
        let mut left = n;
        while left > 0 {
            if let Some(Event::Entries(entries)) = self.home.blocking_recv() {
                left -= entries.len();
            }
        }
    }
}

/// A thread that sends back what it is sent, over lanes of the same kinds.
struct Echo {
    there: std::sync::mpsc::SyncSender<()>,
    back: mpsc::Receiver<()>,
}

impl Echo {
    fn start() -> Self {
        let (there, asked) = std::sync::mpsc::sync_channel(1);
        let (answer, back) = mpsc::channel(1);
        std::thread::spawn(move || {
            for () in asked {
                answer.blocking_send(()).unwrap();
            }
        });
        Self { there, back }
    }

    fn turn(&mut self) {
        self.there.send(()).unwrap();
        self.back.blocking_recv().unwrap();
    }
}

fn timed(n: usize, mut turn: impl FnMut()) -> Vec<Duration> {
    (0..n)
        .map(|_| {
            let began = Instant::now();
            turn();
            began.elapsed()
        })
        .collect()
}

fn p50(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
