//! The journal: nothing acknowledged is lost, whatever happens to the process, the disk, the file and its neighbours.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says where")]
#![expect(clippy::print_stdout, reason = "figures, and why something was skipped")]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;
use warroom::clock::Now;
use warroom::fact::{Author, Draft, Entry, Fact, StepId};
use warroom::journal::{self, Ask, Event, Journal, Options, TapedSample, VerifyError};
use warroom::probe::{
    MetricIx, MetricReading, Outcome, Phases, Point, ProbeId, Reading, Sample, ServiceIx, ServiceReading,
};
use warroom::text::Untrusted;

const SOON: Duration = Duration::from_secs(10);

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "tests measure")]
    Instant::now()
}

fn author() -> Author {
    Author { person: Untrusted::new("on-call"), role: Some(Untrusted::new("operator")) }
}

fn pace() -> warroom::clock::Pace {
    warroom::clock::Pace::new(std::time::Instant::now(), chrono::Utc::now(), 1)
}

fn options(path: &Path) -> Options {
    Options { path: path.to_owned(), group: None, author: author(), may_watch: true, read_only: false, pace: pace() }
}

fn note(text: &str) -> Draft {
    note_as(Uuid::now_v7(), text)
}

fn note_as(id: Uuid, text: &str) -> Draft {
    Draft { id, by: author(), fact: Fact::Noted { step: Some(StepId::from("s1")), text: Untrusted::new(text) } }
}

/// A journal with its events at hand.
struct Desk {
    journal: Journal,
    events: mpsc::Receiver<Event>,
    clock: tokio::runtime::Runtime,
    entries: Vec<Arc<Entry>>,
    /// What came and was not waited for.
    others: Vec<Event>,
}

impl Desk {
    fn open(options: Options) -> Self {
        let (out, events) = mpsc::channel(256);
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let journal = journal::open(options, out).unwrap();
        Self { journal, events, clock, entries: Vec::new(), others: Vec::new() }
    }

    fn at(path: &Path) -> Self {
        let mut desk = Self::open(options(path));
        desk.until(SOON, |e| matches!(e, Event::Loaded)).expect("the past is read");
        desk
    }

    /// The next event; entries are gathered as well.
    fn next(&mut self, within: Duration) -> Option<Event> {
        let events = &mut self.events;
        let event = self.clock.block_on(async { tokio::time::timeout(within, events.recv()).await.ok().flatten() })?;
        if let Event::Entries(entries) = &event {
            self.entries.extend(entries.iter().cloned());
        }
        Some(event)
    }

    /// The first event that fits.
    fn until(&mut self, within: Duration, mut fits: impl FnMut(&Event) -> bool) -> Option<Event> {
        if let Some(place) = self.others.iter().position(&mut fits) {
            return Some(self.others.remove(place));
        }
        let end = now() + within;
        loop {
            let event = self.next(end.saturating_duration_since(now()))?;
            if fits(&event) {
                return Some(event);
            }
            self.others.push(event);
        }
    }

    fn has(&mut self, id: Uuid, within: Duration) -> bool {
        let end = now() + within;
        while !self.entries.iter().any(|e| e.id == id) {
            match self.next(end.saturating_duration_since(now())) {
                Some(event) => self.others.push(event),
                None => return false,
            }
        }
        true
    }

    fn send(&self, draft: &Draft) {
        self.journal.ask(Ask::Append(vec![draft.clone()])).unwrap();
    }

    fn append(&mut self, text: &str) -> Uuid {
        let draft = note(text);
        self.send(&draft);
        assert!(self.has(draft.id, SOON), "{text} comes home; so far: {:?}", self.others);
        draft.id
    }

    fn close(mut self) {
        let (done, mut told) = oneshot::channel();
        self.journal.ask(Ask::Close(done)).unwrap();
        let end = now() + SOON;
        while told.try_recv().is_err() {
            assert!(now() < end, "closes");
            self.next(Duration::from_millis(10));
        }
    }
}

fn scratch() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap().join("room/j.db");
    (dir, path)
}

/// A closed journal with some entries.
fn written(path: &Path, count: usize) -> Vec<Arc<Entry>> {
    let mut desk = Desk::at(path);
    let drafts: Vec<_> = (0..count).map(|i| note(&format!("this is what was noted as number {i:05}"))).collect();
    let last = drafts.last().unwrap().id;
    desk.journal.ask(Ask::Append(drafts)).unwrap();
    assert!(desk.has(last, SOON));
    let entries = desk.entries.clone();
    desk.close();
    entries
}

fn all(path: &Path) -> Vec<Arc<Entry>> {
    journal::read_all(path).unwrap().map(Result::unwrap).collect()
}

fn sha(path: &Path) -> Vec<u8> {
    Sha256::digest(std::fs::read(path).unwrap()).to_vec()
}

fn integrity(path: &Path) {
    let conn = rusqlite::Connection::open(path).unwrap();
    let answer: String = conn.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(answer, "ok");
}

// ---- what a restart finds -------------------------------------------------------------------------------------------

#[test]
fn what_was_recorded_is_there_again() {
    let (_dir, path) = scratch();
    let mut desk = Desk::at(&path);
    assert!(desk.entries.is_empty(), "a new journal holds nothing");
    let ids: Vec<_> = (0..5).map(|i| desk.append(&format!("note {i}"))).collect();
    let before = desk.entries.clone();
    desk.close();

    let again = Desk::at(&path);
    assert_eq!(again.entries, before);
    assert_eq!(again.entries.iter().map(|e| e.id).collect::<Vec<_>>(), ids);
    again.close();

    let verified = journal::verify(&path).unwrap();
    assert_eq!(verified.entries, 5);
    assert_eq!(verified.chains.len(), 1);
    assert_eq!(verified.chains[0].head, before[4].hash);
}

#[test]
fn a_draft_handed_in_twice_is_recorded_once_and_comes_home_both_times() {
    let (_dir, path) = scratch();
    let mut desk = Desk::at(&path);
    let draft = note("only once");
    desk.send(&draft);
    assert!(desk.has(draft.id, SOON));
    desk.entries.clear();
    desk.send(&draft);
    assert!(desk.has(draft.id, SOON), "the entry that exists comes home");
    desk.journal.ask(Ask::Append(vec![draft.clone(), draft.clone()])).unwrap();
    desk.append("after");
    desk.close();
    assert_eq!(all(&path).iter().filter(|e| e.id == draft.id).count(), 1);
}

#[test]
fn names_with_escapes_are_recorded_harmless_and_still_verify() {
    let (_dir, path) = scratch();
    let mut desk = Desk::at(&path);
    let by = Author { person: Untrusted::new("\u{1b}]52;c;evil\u{7}"), role: Some(Untrusted::new("a\u{202e}b")) };
    let draft = Draft { by, ..note("\u{1b}[2J \u{9b}31m") };
    desk.send(&draft);
    assert!(desk.has(draft.id, SOON));
    desk.close();
    journal::verify(&path).unwrap();
    let mut out = Vec::new();
    assert_eq!(journal::export_jsonl(&path, &mut out).unwrap(), 1);
    let text = String::from_utf8(out).unwrap();
    assert!(text.trim_end().chars().all(|c| !warroom::text::is_unsafe(c)), "{text:?}");
    let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(line["fact"]["kind"], "noted");
    assert_eq!(line["seq"], 1);
    assert!(line["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(line["role"], "a\\u{202e}b");
}

#[test]
fn a_hundred_thousand_entries_are_ready_in_a_second() {
    let count = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    let (_dir, path) = scratch();
    let mut desk = Desk::at(&path);
    let mut last = Uuid::nil();
    for part in 0..count / 1000 {
        let drafts: Vec<_> = (0..1000).map(|i| note(&format!("part {part} note {i}"))).collect();
        last = drafts[999].id;
        desk.journal.ask(Ask::Append(drafts)).unwrap();
        assert!(desk.has(last, SOON));
    }
    desk.close();
    let start = now();
    let desk = Desk::at(&path);
    let took = start.elapsed();
    println!("{count} entries ready after {took:?}");
    assert_eq!(desk.entries.len(), count);
    assert_eq!(desk.entries.last().unwrap().id, last);
    assert!(took < Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 }), "{took:?}");
    desk.close();
}

/// Goal 12 of the speed page: a figure, not a judgement; alternates with bare SQLite on the same directory.
/// `cargo test --release --test it journal::commit_cost -- --ignored --nocapture`
#[test]
#[ignore = "a measurement: run it by itself, in release"]
fn commit_cost() {
    let (dir, path) = scratch();
    let mut desk = Desk::at(&path);
    let raw = dir.path().join("raw.db");
    let mut conn = rusqlite::Connection::open(&raw).unwrap();
    conn.execute_batch(
        "pragma journal_mode=wal; pragma synchronous=off; pragma wal_autocheckpoint=0; \
         create table j(id integer primary key, ts integer, kind text, body text)",
    )
    .unwrap();
    let body = "x".repeat(200);
    for i in 0..2000 {
        conn.execute("insert into j(ts,kind,body) values(?1,'warm',?2)", rusqlite::params![i, body]).unwrap();
    }
    conn.execute_batch("pragma wal_checkpoint(restart); pragma wal_autocheckpoint=1000; pragma synchronous=full")
        .unwrap();
    let text = "x".repeat(100);
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        (times[times.len() / 2], times[times.len() * 99 / 100])
    };
    for round in 0..5 {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for i in 0..500 {
            let start = now();
            let tx = conn.transaction().unwrap();
            tx.execute("insert into j(ts,kind,body) values(?1,'check',?2)", rusqlite::params![i, body]).unwrap();
            tx.commit().unwrap();
            theirs.push(start.elapsed());
        }
        for _ in 0..500 {
            let draft = note(&text);
            let start = now();
            desk.send(&draft);
            while desk.entries.last().is_none_or(|e| e.id != draft.id) {
                desk.next(SOON).unwrap();
            }
            ours.push(start.elapsed());
        }
        let start = now();
        let many: Vec<_> = (0..1000).map(|_| note(&text)).collect();
        for portion in many.chunks(10) {
            desk.journal.ask(Ask::Append(portion.to_vec())).unwrap();
        }
        assert!(desk.has(many[999].id, SOON));
        let group = start.elapsed();
        println!("round {round}: bare {:?}, journal {:?}, 1,000 in groups {group:?}", median(theirs), median(ours));
    }
    desk.close();
}

// ---- children of this test binary -----------------------------------------------------------------------------------

/// Not a test by itself: what the re-executed test binary does when it is told to by its environment.
#[test]
fn child() {
    let Ok(mode) = std::env::var("WARROOM_TEST_CHILD") else { return };
    let path = PathBuf::from(std::env::var_os("WARROOM_TEST_JOURNAL").unwrap());
    match mode.as_str() {
        "append" => child_append(&path),
        "watch" => child_watch(&path),
        "full" => child_full(&path),
        "slow" => child_slow(&path),
        "fail" => child_fail(&path),
        "modes" => drop(written(&path, 1)),
        mode => panic!("no child does {mode}"),
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).unwrap();
}

fn child_command(program: &[&str], mode: &str, path: &Path) -> Command {
    let exe = std::env::current_exe().unwrap();
    let mut command = match program {
        [] => Command::new(&exe),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(&exe);
            command
        }
    };
    command
        .args(["--exact", "journal::child", "--nocapture", "--test-threads=1"])
        .env("WARROOM_TEST_CHILD", mode)
        .env("WARROOM_TEST_JOURNAL", path)
        .stdin(Stdio::null());
    command
}

/// A child whose lines arrive here.
struct Kid {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Kid {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = std::sync::mpsc::sync_channel(100_000);
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    fn line(&self, starts: &str, within: Duration) -> String {
        let end = now() + within;
        loop {
            let line = self.lines.recv_timeout(end.saturating_duration_since(now())).expect("the child says it");
            if line.starts_with(starts) {
                return line;
            }
        }
    }

    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.iter().collect()
    }
}

/// Three clients of one process tick as fast as they are answered; what was on its way at the last kill is sent again.
fn child_append(path: &Path) {
    let start = now();
    let mut desk = Desk::at(path);
    say(&format!("ready {}", start.elapsed().as_millis()));
    let again = std::env::var("WARROOM_TEST_AGAIN").unwrap_or_default();
    let mut again: Vec<Uuid> = again.split(' ').filter_map(|id| id.parse().ok()).collect();
    let mut under_way = HashSet::new();
    loop {
        while under_way.len() < 3 {
            let id = again.pop().unwrap_or_else(Uuid::now_v7);
            say(&format!("sent {id}"));
            desk.send(&note_as(id, &id.to_string()));
            under_way.insert(id);
        }
        let before = desk.entries.len();
        desk.next(SOON).expect("an answer");
        for entry in &desk.entries[before..] {
            if under_way.remove(&entry.id) {
                say(&format!("acked {}", entry.id));
            }
        }
    }
}

#[test]
fn killed_again_and_again_nothing_acknowledged_is_lost() {
    let (_dir, path) = scratch();
    let mut acked: HashSet<Uuid> = HashSet::new();
    let mut open: Vec<Uuid> = Vec::new();
    let (mut kills, mut slowest) = (0_u64, 0);
    let start = now();
    while acked.len() < 2000 || kills < 30 {
        assert!(start.elapsed() < Duration::from_mins(2), "{} acknowledged, {kills} kills", acked.len());
        let mut command = child_command(&[], "append", &path);
        let again: Vec<_> = open.iter().map(Uuid::to_string).collect();
        command.env("WARROOM_TEST_AGAIN", again.join(" "));
        let kid = Kid::start(command);
        let ready: u128 = kid.line("ready", SOON)["ready ".len()..].parse().unwrap();
        slowest = slowest.max(ready);
        // A moment without pattern, so that kills fall into every part of a commit.
        std::thread::sleep(Duration::from_millis(40 + kills * 37 % 160));
        for line in kid.kill() {
            if let Some(id) = line.strip_prefix("sent ").and_then(|id| id.parse().ok()) {
                open.push(id);
            } else if let Some(id) = line.strip_prefix("acked ").and_then(|id| id.parse().ok()) {
                acked.insert(id);
            }
        }
        open.retain(|id| !acked.contains(id));
        open.sort_unstable();
        open.dedup();
        kills += 1;
        if kills % 10 == 0 {
            integrity(&path);
        }
    }
    println!("{kills} kills, {} acknowledged, ready after at most {slowest} ms", acked.len());
    integrity(&path);
    let verified = journal::verify(&path).unwrap();
    assert_eq!(verified.chains.len(), 1, "one chain for all that shared the file");
    let mut texts = HashMap::new();
    for entry in all(&path) {
        let Fact::Noted { text, .. } = &entry.fact else { panic!("{entry:?}") };
        *texts.entry(text.raw().to_owned()).or_insert(0) += 1;
    }
    let lost: Vec<_> = acked.iter().filter(|id| !texts.contains_key(&id.to_string())).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(texts.values().all(|n| *n == 1), "nothing twice");
    assert!(slowest < 1000, "ready after {slowest} ms");
}

// ---- a disk that fails ----------------------------------------------------------------------------------------------

fn root_with(tool: &str, args: &[&str]) -> bool {
    let ok = Command::new(tool).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let ok = ok.is_ok_and(|s| s.success());
    if !ok {
        println!("skipped: {tool} does not work here (it may need root)");
    }
    ok
}

#[test]
fn a_full_disk_refuses_visibly_and_recovers_by_itself() {
    if !root_with("unshare", &["-m", "true"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = format!("mount -t tmpfs -o size=4m tmpfs '{}' && exec \"$0\" \"$@\"", dir.path().display());
    let status = child_command(&["unshare", "-m", "sh", "-c", &script], "full", &dir.path().join("j.db")).status();
    assert!(status.unwrap().success());
}

fn child_full(path: &Path) {
    let mut desk = Desk::at(path);
    // Runbooks are kept only where there is plenty of space: here it would be at the cost of entries.
    let book: Arc<[u8]> = vec![b'x'; 256 << 10].into();
    desk.journal.ask(Ask::Keep(vec![book.clone()])).unwrap();
    let mut acked: Vec<_> = (0..20).map(|i| desk.append(&format!("before {i}"))).collect();

    let filler = path.with_file_name("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[7; 512]).is_ok() {}
    let mut waiting = Vec::new();
    for i in 0..200 {
        let draft = note(&format!("full {i}"));
        desk.send(&draft);
        let end = now() + Duration::from_secs(1);
        loop {
            let event = desk.next(end.saturating_duration_since(now())).expect("an answer within a second");
            match event {
                Event::NotSaved(ids, why) if ids.contains(&draft.id) => {
                    assert!(why.contains("space") || why.contains("cannot be written"), "{why}");
                    waiting.push(draft.id);
                    break;
                }
                Event::Entries(entries) if entries.iter().any(|e| e.id == draft.id) => {
                    assert!(waiting.is_empty(), "nothing is acknowledged once it is full");
                    acked.push(draft.id);
                    break;
                }
                _ => {}
            }
        }
    }
    assert!(waiting.len() > 100, "only {} were refused", waiting.len());

    drop(file);
    std::fs::remove_file(&filler).unwrap();
    let freed = now();
    for id in &waiting {
        assert!(desk.has(*id, Duration::from_secs(2)), "accepted after space came back: {:?}", desk.others);
    }
    println!("recovered {:?} after space came back", freed.elapsed());
    assert!(freed.elapsed() < Duration::from_secs(2));
    desk.until(SOON, |e| matches!(e, Event::Recovered)).expect("says that it works again");
    acked.extend((0..200).map(|i| desk.append(&format!("after {i}"))));
    desk.close();
    let sha = Sha256::digest(&book).iter().fold(String::new(), |hex, b| format!("{hex}{b:02x}"));
    assert_eq!(journal::kept_text(path, &sha).unwrap(), None);
    let found: BTreeSet<_> = all(path).iter().map(|e| e.id).collect();
    assert!(acked.iter().chain(&waiting).all(|id| found.contains(id)));
    assert_eq!(found.len(), acked.len() + waiting.len());
    journal::verify(path).unwrap();
    integrity(path);
}

#[test]
fn a_slow_disk_delays_the_answer_never_precedes_it() {
    if !root_with("strace", &["-qq", "-e", "trace=none", "true"]) {
        return;
    }
    let (_dir, path) = scratch();
    written(&path, 1);
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync"];
    let inject = ["-e", "inject=fdatasync,fsync:delay_enter=400000"];
    let status = child_command(&[&strace[..], &inject[..]].concat(), "slow", &path).status();
    assert!(status.unwrap().success());
}

fn child_slow(path: &Path) {
    let mut desk = Desk::at(path);
    let mut sent = HashMap::new();
    for i in 0..20 {
        let draft = note(&format!("slow {i}"));
        sent.insert(draft.id, now());
        desk.send(&draft);
        // Not for a condition: ticks that come while a commit is under way.
        std::thread::sleep(Duration::from_millis(20));
    }
    while !sent.is_empty() {
        let event = desk.next(SOON).expect("an answer");
        if let Event::Entries(entries) = event {
            for entry in entries {
                // The last commit may have begun up to 20 ms after the sending was noted; it cannot have ended before.
                let waited = sent.remove(&entry.id).expect("one of ours").elapsed();
                assert!(waited >= Duration::from_millis(350), "acknowledged after {waited:?}, before it was durable");
            }
        }
    }
    assert!(!desk.others.iter().any(|e| matches!(e, Event::NotSaved(..))), "slow is not broken");
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_until_the_file_was_opened_anew() {
    if !root_with("strace", &["-qq", "-e", "trace=none", "true"]) {
        return;
    }
    for nth in [3, 8] {
        let (_dir, path) = scratch();
        written(&path, 1);
        let inject = format!("inject=fdatasync,fsync:error=EIO:when={nth}");
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", &inject];
        let status = child_command(&strace, "fail", &path).status();
        assert!(status.unwrap().success(), "the {nth}th sync fails");
        integrity(&path);
    }
}

fn child_fail(path: &Path) {
    let mut desk = Desk::at(path);
    let (mut acked, mut refused) = (1, None);
    for i in 0..60 {
        let draft = note(&format!("tick {i}"));
        desk.send(&draft);
        let answer = desk.until(SOON, |e| match e {
            Event::NotSaved(ids, _) => ids.contains(&draft.id),
            Event::Entries(entries) => entries.iter().any(|e| e.id == draft.id),
            _ => false,
        });
        acked += 1;
        if let Some(Event::NotSaved(_, why)) = answer {
            assert!(why.contains("failed"), "{why}");
            refused = Some(draft.id);
            break;
        }
    }
    let refused = refused.expect("one sync failed, so one tick was refused");
    let start = now();
    assert!(desk.has(refused, SOON), "it comes home after all");
    assert!(start.elapsed() > Duration::from_millis(500), "not by trying the same sync again");
    desk.until(SOON, |e| matches!(e, Event::Recovered)).expect("says that it works again");
    desk.append("after");
    desk.close();
    assert_eq!(journal::verify(path).unwrap().entries, acked + 1);
}

#[test]
fn a_locked_journal_is_told_and_waited_for() {
    let (_dir, path) = scratch();
    let mut desk = Desk::at(&path);
    desk.append("before");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let draft = note("while locked");
    let start = now();
    desk.send(&draft);
    let told = desk.until(SOON, |e| matches!(e, Event::NotSaved(ids, _) if ids.contains(&draft.id)));
    let Some(Event::NotSaved(_, why)) = told else { panic!("told that it waits") };
    assert!(why.contains("another process"), "{why}");
    assert!(start.elapsed() < Duration::from_secs(2), "told after {:?}", start.elapsed());

    // Opening works meanwhile, and sees the past.
    let second = Desk::at(&path);
    assert_eq!(second.entries.len(), 1);

    other.execute_batch("COMMIT").unwrap();
    let released = now();
    assert!(desk.has(draft.id, SOON));
    assert!(released.elapsed() < Duration::from_secs(1), "accepted after {:?}", released.elapsed());
    desk.until(SOON, |e| matches!(e, Event::Recovered)).unwrap();
    second.close();
    desk.close();
    assert_eq!(all(&path).len(), 2);
}

// ---- a damaged file -------------------------------------------------------------------------------------------------

/// Numbers without pattern, the same in each run.
fn scatter(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 16).unwrap()
}

#[test]
fn every_flipped_bit_inside_an_entry_is_found_and_none_panics() {
    let (dir, path) = scratch();
    let entries = written(&path, 60);
    let good = std::fs::read(&path).unwrap();
    let bell = std::fs::read_to_string(path.with_file_name("j.db.bell")).unwrap();
    let bad = dir.path().join("bad.db");
    let mut seed = 0x5eed_1234_5678_9abc;
    let text = b"what was noted as number";
    let places: Vec<_> = good.windows(text.len()).enumerate().filter(|(_, w)| w == text).map(|(i, _)| i).collect();
    assert!(places.len() >= 60);
    let mut found = 0;
    for round in 0..300 {
        let mut bytes = good.clone();
        let inside = round % 2 == 0;
        let at = if inside {
            places[scatter(&mut seed) % places.len()] + scatter(&mut seed) % text.len()
        } else {
            scatter(&mut seed) % bytes.len()
        };
        bytes[at] ^= 1 << (scatter(&mut seed) % 8);
        std::fs::write(&bad, &bytes).unwrap();
        let verdict = journal::verify(&bad);
        if verdict.is_ok() {
            // A bit that means nothing: unused space (pages that were split keep old copies), or the file's bookkeeping.
            assert_eq!(all(&bad), entries, "bit at {at}");
        }
        found += usize::from(inside && verdict.is_err());
    }
    assert!(found > 100, "{found} of 150");
    for pages in 0..good.len() / 4096 {
        std::fs::write(&bad, &good[..pages * 4096]).unwrap();
        assert!(journal::verify(&bad).is_err(), "cut after {pages} pages");
    }
    for garbage in [vec![0; 8192], b"no journal at all".to_vec(), vec![0xff; 100_000]] {
        std::fs::write(&bad, garbage).unwrap();
        assert!(journal::verify(&bad).is_err());
    }
    assert!(bell.starts_with("00000000000000000060 "));
}

#[test]
fn a_flipped_bit_is_named_with_its_entry() {
    let (_dir, path) = scratch();
    let entries = written(&path, 20);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute("UPDATE entry SET person = 'somebody else' WHERE n = 7", []).unwrap();
    drop(conn);
    let Err(VerifyError::Broken { seq, id, what, .. }) = journal::verify(&path) else { panic!() };
    assert_eq!((seq, id), (7, entries[6].id));
    assert!(what.contains("changed"), "{what}");
}

#[test]
fn a_tail_that_was_cut_off_is_missed() {
    let (_dir, path) = scratch();
    written(&path, 20);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute("DELETE FROM entry WHERE n > 15", []).unwrap();
    drop(conn);
    let verdict = journal::verify(&path);
    assert!(matches!(verdict, Err(VerifyError::Cut { found: 15, recorded: 20, .. })), "{verdict:?}");
}

#[test]
fn a_damaged_journal_is_set_aside_untouched_and_the_rest_goes_on() {
    let (_dir, path) = scratch();
    let entries = written(&path, 200);
    let mut bytes = std::fs::read(&path).unwrap();
    let text = b"as number 00100";
    let at = bytes.windows(text.len()).position(|w| w == text).unwrap();
    bytes[at] ^= 4;
    std::fs::write(&path, &bytes).unwrap();
    let before = sha(&path);

    let start = now();
    let mut desk = Desk::at(&path);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let told = desk.until(SOON, |e| matches!(e, Event::Quarantined { .. }));
    let Some(Event::Quarantined { moved_to, carried, .. }) = told else { panic!() };
    assert_eq!(carried, 199);
    assert_eq!(sha(&moved_to), before, "untouched");
    let seen: HashSet<_> = desk.entries.iter().map(|e| e.id).collect();
    assert_eq!(seen.len(), 199);
    assert!(!seen.contains(&entries[100].id));
    let kept = desk.entries.iter().find(|e| e.id == entries[150].id).unwrap();
    assert_eq!(kept.stamp.ms, entries[150].stamp.ms, "with its own time");
    desk.append("after");
    desk.close();
    assert_eq!(journal::verify(&path).unwrap().entries, 200);
    let again = Desk::at(&path);
    assert_eq!(again.entries.len(), 200);
}

#[test]
fn a_journal_of_garbage_or_cut_short_begins_anew() {
    for case in ["zeros", "garbage", "cut", "empty"] {
        let (_dir, path) = scratch();
        written(&path, 100);
        let bytes = std::fs::read(&path).unwrap();
        let bad = match case {
            "zeros" => vec![0; bytes.len()],
            "garbage" => vec![0xa5; 5000],
            "cut" => bytes[..8192].to_vec(),
            _ => Vec::new(),
        };
        std::fs::write(&path, &bad).unwrap();
        let mut desk = Desk::at(&path);
        let told = desk.until(SOON, |e| matches!(e, Event::Quarantined { .. }));
        let Some(Event::Quarantined { moved_to, .. }) = told else { panic!("{case}: {:?}", desk.others) };
        assert_eq!(std::fs::read(moved_to).unwrap(), bad, "{case}");
        desk.append("goes on");
        desk.close();
        journal::verify(&path).unwrap();
    }
}

#[test]
fn somebody_elses_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("README.md");
    std::fs::write(&text, "# not a journal, but somebody's only copy of something\n".repeat(100)).unwrap();
    let database = dir.path().join("books.db");
    rusqlite::Connection::open(&database).unwrap().execute_batch("CREATE TABLE book (x)").unwrap();
    for path in [text, database] {
        let before = sha(&path);
        let (out, _events) = mpsc::channel(8);
        let refused = journal::open(options(&path), out).unwrap_err().to_string();
        assert!(refused.contains("no journal"), "{refused}");
        assert_eq!(sha(&path), before);
        assert!(matches!(journal::verify(&path), Err(VerifyError::Foreign { .. } | VerifyError::Damaged { .. })));
    }
}

#[test]
fn a_foreign_journal_with_a_trigger_is_refused() {
    let (_dir, path) = scratch();
    written(&path, 3);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TRIGGER t AFTER INSERT ON entry BEGIN SELECT 1; END").unwrap();
    drop(conn);
    let verdict = journal::verify(&path);
    assert!(matches!(verdict, Err(VerifyError::Foreign { .. })), "{verdict:?}");
}

// ---- where it lies --------------------------------------------------------------------------------------------------

#[test]
fn files_are_private_under_any_umask() {
    for umask in ["000", "022", "077"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/room/j.db");
        let script = format!("umask {umask} && exec \"$0\" \"$@\"");
        // Killed by nothing: closed, so look while another has it open too.
        assert!(child_command(&["sh", "-c", &script], "modes", &path).status().unwrap().success());
        let desk = Desk::at(&path);
        let folder = path.parent().unwrap();
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o7777, 0o700, "umask {umask}");
        for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o600, "{:?} under umask {umask}", file.file_name());
        }
        desk.close();
    }
}

#[test]
fn links_and_what_everybody_may_write_are_refused() {
    let (dir, path) = scratch();
    written(&path, 1);
    let link = dir.path().join("link.db");
    symlink(&path, &link).unwrap();
    let (out, _events) = mpsc::channel(8);
    let refused = journal::open(options(&link), out.clone()).unwrap_err().to_string();
    assert!(refused.contains("is a link"), "{refused}");
    // A folder may be a link: its real place is used.
    symlink(path.parent().unwrap(), dir.path().join("folder")).unwrap();
    Desk::at(&dir.path().join("folder/j.db")).close();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let refused = journal::open(options(&path), out).unwrap_err().to_string();
    assert!(refused.contains("everybody"), "{refused}");
}

#[test]
fn network_file_systems_are_known_by_their_number() {
    for (magic, name) in [
        (0x6969_i128, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB 2"),
        (0x0102_1997, "9p"),
        (0x6573_5546, "FUSE"),
        // As a signed 32-bit field reads it.
        (i128::from(0xff53_4d42_u32.cast_signed()), "CIFS"),
    ] {
        assert_eq!(journal::network_file_system(magic), Some(name));
    }
    // ext4, btrfs, xfs, tmpfs, overlay, zfs
    for magic in [0xef53_i128, 0x9123_683e, 0x5846_5342, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
        assert_eq!(journal::network_file_system(magic), None);
    }
}

#[test]
fn a_room_goes_on_until_it_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let plan = dir.path().join("warroom.toml");
    std::fs::write(&plan, "").unwrap();
    let locate = || journal::locate(dir.path(), &plan, "Retail v2.0 – PROD!", None).unwrap();
    assert_eq!(journal::newest(dir.path(), &plan, "Retail v2.0 – PROD!"), None);
    let first = locate();
    assert!(!first.resumed);
    let folder = first.path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    assert!(folder.starts_with("retail-v2-0-prod-"), "{folder}");
    assert_eq!(locate().path, first.path, "a second terminal joins, even before anything was recorded");
    let mut desk = Desk::at(&first.path);
    desk.append("something");
    assert!(locate().resumed);
    let closed = Draft { fact: Fact::RoomClosed { reason: Untrusted::new("done") }, ..note("") };
    desk.send(&closed);
    assert!(desk.has(closed.id, SOON));
    desk.close();
    assert_eq!(journal::newest(dir.path(), &plan, "Retail v2.0 – PROD!").as_ref(), Some(&first.path));
    let next = locate();
    assert!(!next.resumed);
    assert!(next.path > first.path);
}

#[test]
fn a_reader_writes_nothing_and_waits_for_the_file() {
    let (_dir, path) = scratch();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut reader = Desk::open(Options { read_only: true, ..options(&path) });
    reader.until(SOON, |e| matches!(e, Event::Loaded)).unwrap();
    reader.until(SOON, |e| matches!(e, Event::WatchNobody)).unwrap();
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 0, "made nothing");
    let mut desk = Desk::at(&path);
    let id = desk.append("seen by the reader");
    assert!(reader.has(id, SOON));
    reader.until(SOON, |e| matches!(e, Event::WatchElsewhere(..))).expect("sees who watches");
    let draft = note("not allowed");
    reader.send(&draft);
    reader.until(SOON, |e| matches!(e, Event::Dropped(ids, _) if ids == &[draft.id])).unwrap();
    desk.close();
    reader.close();
    assert_eq!(all(&path).len(), 1);
}

// ---- two terminals --------------------------------------------------------------------------------------------------

#[test]
fn two_terminals_see_each_others_ticks_at_once() {
    let (_dir, path) = scratch();
    let (mut one, mut two) = (Desk::at(&path), Desk::at(&path));
    let mut slowest = Duration::ZERO;
    for round in 0..50 {
        let (from, to) = if round % 2 == 0 { (&mut one, &mut two) } else { (&mut two, &mut one) };
        let draft = note(&format!("round {round}"));
        let start = now();
        from.send(&draft);
        assert!(to.has(draft.id, SOON));
        slowest = slowest.max(start.elapsed());
        assert!(from.has(draft.id, SOON));
    }
    println!("a tick is on the other terminal after at most {slowest:?}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    // Both at once, without waiting for each other.
    let mut last = (Uuid::nil(), Uuid::nil());
    for i in 0..200 {
        let (a, b) = (note(&format!("a{i}")), note(&format!("b{i}")));
        one.send(&a);
        two.send(&b);
        last = (a.id, b.id);
    }
    for desk in [&mut one, &mut two] {
        assert!(desk.has(last.0, SOON) && desk.has(last.1, SOON));
    }
    let order = |desk: &Desk| desk.entries.iter().map(|e| e.id).collect::<Vec<_>>();
    assert_eq!(order(&one).len(), 450, "each exactly once");
    assert_eq!(order(&one), order(&two), "in the file's order");
    one.close();
    two.close();
    let verified = journal::verify(&path).unwrap();
    assert_eq!((verified.entries, verified.chains.len()), (450, 1));
}

// ---- the watch and the tape -----------------------------------------------------------------------------------------

fn child_watch(path: &Path) {
    let mut desk = Desk::at(path);
    desk.until(SOON, |e| matches!(e, Event::WatchHeld(_))).expect("watches");
    say("watching");
    loop {
        desk.next(Duration::from_mins(1));
    }
}

#[test]
fn another_takes_over_the_watch_within_five_seconds_of_a_kill() {
    let (_dir, path) = scratch();
    let kid = Kid::start(child_command(&[], "watch", &path));
    kid.line("watching", SOON);
    let mut desk = Desk::at(&path);
    let Some(Event::WatchElsewhere(epoch, who)) = desk.until(SOON, |e| matches!(e, Event::WatchElsewhere(..))) else {
        panic!("{:?}", desk.others)
    };
    assert_eq!(who, Some(author()));
    // It stays with who renews it.
    assert!(desk.until(Duration::from_secs(6), |e| matches!(e, Event::WatchHeld(_))).is_none(), "not while it lives");
    kid.kill();
    let start = now();
    let held = desk.until(SOON, |e| matches!(e, Event::WatchHeld(_)));
    println!("taken over after {:?}", start.elapsed());
    assert!(matches!(held, Some(Event::WatchHeld(e)) if e == epoch + 1), "{held:?}");
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[test]
fn a_watch_that_is_given_back_is_taken_at_once() {
    let (_dir, path) = scratch();
    let mut one = Desk::at(&path);
    one.until(SOON, |e| matches!(e, Event::WatchHeld(1))).expect("the first process watches");
    let mut two = Desk::at(&path);
    two.until(SOON, |e| matches!(e, Event::WatchElsewhere(1, Some(_)))).expect("the second knows");
    one.close();
    let start = now();
    two.until(SOON, |e| matches!(e, Event::WatchHeld(2))).expect("takes over");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    two.close();
}

#[test]
fn a_watch_that_is_handed_over_goes_to_another_and_comes_back_where_there_is_none() {
    let (_dir, path) = scratch();
    let mut one = Desk::at(&path);
    one.until(SOON, |e| matches!(e, Event::WatchHeld(1))).unwrap();
    let mut two = Desk::at(&path);
    two.until(SOON, |e| matches!(e, Event::WatchElsewhere(1, _))).unwrap();
    let hand_over = |desk: &Desk| desk.journal.ask(Ask::HandOver(oneshot::channel().0)).unwrap();
    hand_over(&one);
    two.until(SOON, |e| matches!(e, Event::WatchHeld(2))).expect("the other takes over");
    one.until(SOON, |e| matches!(e, Event::WatchElsewhere(2, _))).unwrap();
    one.close();
    hand_over(&two);
    two.until(SOON, |e| matches!(e, Event::WatchHeld(3))).expect("alone, it takes it again");
    two.close();
}

#[test]
fn an_epoch_is_newer_than_any_the_journal_names() {
    let (_dir, path) = scratch();
    let mut one = Desk::at(&path);
    let draft = Draft { fact: Fact::WatchTaken { epoch: 41 }, ..note("") };
    one.send(&draft);
    assert!(one.has(draft.id, SOON));
    one.close();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(path.with_file_name(format!("j.db.tape{suffix}")));
    }
    let mut two = Desk::at(&path);
    two.until(SOON, |e| matches!(e, Event::WatchHeld(42))).expect("an epoch above what was recorded");
}

fn service(name: &str, ms: i64, outcome: Outcome) -> TapedSample {
    let at = Now { utc: Utc::now_ish() - chrono::TimeDelta::milliseconds(ms), mono: Duration::ZERO };
    let reading = ServiceReading {
        service: ServiceIx(3),
        outcome,
        code: Some(200),
        version: Some(Untrusted::new("v2.0")),
        says: Some(Untrusted::new("closed")),
        phases: Phases {
            connect: Some(Duration::from_micros(300)),
            wait: Some(Duration::from_millis(7)),
            transfer: None,
        },
        tls_days: Some(12),
        excerpt: Untrusted::new("body"),
    };
    let sample = Sample { probe: ProbeId(1), at, took: Duration::from_millis(42), reading: Reading::Service(reading) };
    TapedSample { name: name.to_owned(), sample }
}

fn metric(name: &str, ms: i64, value: Result<f64, &str>) -> TapedSample {
    let utc = Utc::now_ish() - chrono::TimeDelta::milliseconds(ms);
    let value = value.map(|value| Point { at: utc, value }).map_err(str::to_owned);
    let reading = Reading::Metrics(vec![MetricReading { metric: MetricIx(0), value }]);
    let at = Now { utc, mono: Duration::ZERO };
    TapedSample { name: name.to_owned(), sample: Sample { probe: ProbeId(1), at, took: Duration::ZERO, reading } }
}

/// The wall clock, to the millisecond.
trait NowIsh {
    fn now_ish() -> chrono::DateTime<Utc>;
}

impl NowIsh for Utc {
    fn now_ish() -> chrono::DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "the tape goes by real time")]
        let now = Utc::now();
        chrono::DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap()
    }
}

fn samples(desk: &mut Desk, count: usize) -> Vec<TapedSample> {
    let mut found = Vec::new();
    while found.len() < count {
        let event = desk.until(SOON, |e| matches!(e, Event::Samples(_)));
        let Some(Event::Samples(more)) = event else { panic!("{} of {count} samples; {:?}", found.len(), desk.others) };
        found.extend(more);
    }
    found
}

/// A tape written before services said anything of themselves is written on.
#[test]
fn a_tape_of_an_earlier_program_gets_the_column_it_lacks() {
    let (_dir, path) = scratch();
    let mut first = Desk::at(&path);
    first.until(SOON, |e| matches!(e, Event::WatchHeld(_))).unwrap();
    first.close();
    let tape = rusqlite::Connection::open(path.with_file_name("j.db.tape")).unwrap();
    tape.execute_batch("ALTER TABLE sample DROP COLUMN says").unwrap();
    drop(tape);
    let mut watch = Desk::at(&path);
    watch.until(SOON, |e| matches!(e, Event::WatchHeld(_))).unwrap();
    let mut other = Desk::at(&path);
    other.until(SOON, |e| matches!(e, Event::WatchElsewhere(..))).unwrap();
    watch.journal.ask(Ask::Tape(vec![service("breaker", 0, Outcome::Pass)])).unwrap();
    let got = samples(&mut other, 1);
    let Reading::Service(reading) = &got[0].sample.reading else { panic!("{:?}", got[0]) };
    assert_eq!(reading.says, Some(Untrusted::new("closed")));
}

#[test]
fn samples_of_the_watch_reach_the_other_terminal_and_the_next_start() {
    let (_dir, path) = scratch();
    let mut watch = Desk::at(&path);
    watch.until(SOON, |e| matches!(e, Event::WatchHeld(_))).unwrap();
    let mut other = Desk::at(&path);
    other.until(SOON, |e| matches!(e, Event::WatchElsewhere(..))).unwrap();

    let sent = vec![
        service("api", 3000, Outcome::Pass),
        service("chat", 2000, Outcome::Degraded("slow".into())),
        service("front", 1000, Outcome::Fail("502\u{1b}[2J".into())),
        service("dark", 900, Outcome::NoData("timed out".into())),
        metric("error rate", 800, Ok(0.012)),
        metric("p95", 700, Err("no such series")),
    ];
    let start = now();
    watch.journal.ask(Ask::Tape(sent.clone())).unwrap();
    let got = samples(&mut other, sent.len());
    println!("samples on the other terminal after {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(1));
    for (sent, got) in sent.iter().zip(&got) {
        assert_eq!((&sent.name, sent.sample.at.utc, sent.sample.took), (&got.name, got.sample.at.utc, got.sample.took));
        match (&sent.sample.reading, &got.sample.reading) {
            (Reading::Service(a), Reading::Service(b)) => {
                assert_eq!((a.code, &a.version, a.tls_days, a.phases), (b.code, &b.version, b.tls_days, b.phases));
                assert_eq!(a.says, b.says);
                assert_eq!(b.excerpt, Untrusted::default(), "bodies are not taped");
                match (&a.outcome, &b.outcome) {
                    (Outcome::Fail(_), b) => assert_eq!(b, &Outcome::Fail("502\\e[2J".into())),
                    (a, b) => assert_eq!(a, b),
                }
            }
            (Reading::Metrics(a), Reading::Metrics(b)) => assert_eq!(a[0].value, b[0].value),
            (a, b) => panic!("{a:?} became {b:?}"),
        }
    }
    // Only the watch writes.
    other.journal.ask(Ask::Tape(vec![service("forged", 0, Outcome::Pass)])).unwrap();

    // Close together within five seconds: thinned at the next start, but a change of state is kept.
    let base = 100_000 - i64::from(u16::try_from(Utc::now_ish().timestamp_millis().rem_euclid(5000)).unwrap());
    let many: Vec<_> = (0..40).map(|i| service("busy", base - i * 10, Outcome::Pass)).collect();
    watch.journal.ask(Ask::Tape(many)).unwrap();
    watch.journal.ask(Ask::Tape(vec![service("busy", base - 500, Outcome::Fail("no".into()))])).unwrap();
    samples(&mut other, 41);
    other.close();
    watch.close();

    let mut next = Desk::at(&path);
    let past = samples(&mut next, 6);
    assert!(past.iter().all(|s| s.name != "forged"));
    let busy: Vec<_> = past.iter().filter(|s| s.name == "busy").collect();
    assert!((2..6).contains(&busy.len()), "{} of 41", busy.len());
    assert!(
        matches!(&busy.last().unwrap().sample.reading, Reading::Service(r) if r.outcome == Outcome::Fail("no".into()))
    );
    next.close();
}

#[test]
fn old_samples_are_thinned() {
    let (_dir, path) = scratch();
    let mut watch = Desk::at(&path);
    watch.until(SOON, |e| matches!(e, Event::WatchHeld(_))).unwrap();
    let day = 25 * 3_600_000;
    let mut old: Vec<_> = (0..100).map(|i| metric("rate", day - i * 100, Ok(f64::from(i as i32)))).collect();
    old.push(metric("rate", 1000, Ok(7.0)));
    watch.journal.ask(Ask::Tape(old)).unwrap();
    let conn = rusqlite::Connection::open(path.with_file_name("j.db.tape")).unwrap();
    let end = now() + SOON;
    let count = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    while count("SELECT count(*) FROM sample") != 1 || count("SELECT count(*) FROM coarse") == 0 {
        assert!(now() < end, "thinned");
        watch.next(Duration::from_millis(50));
    }
    assert_eq!(count("SELECT sum(count) FROM coarse"), 100);
    assert_eq!(count("SELECT max(high) = 99 AND min(low) = 0 AND sum(total) = 4950 FROM coarse"), 1);
    drop(conn);
    watch.close();
}

#[test]
fn a_damaged_tape_is_begun_anew_and_the_watch_goes_on() {
    let (_dir, path) = scratch();
    written(&path, 1);
    let tape = path.with_file_name("j.db.tape");
    std::fs::write(&tape, b"garbage instead of a tape".repeat(100)).unwrap();
    let mut desk = Desk::at(&path);
    desk.until(SOON, |e| matches!(e, Event::TapeTrouble(_))).expect("told");
    desk.until(SOON, |e| matches!(e, Event::WatchHeld(_))).expect("watches");
    assert_eq!(desk.entries.len(), 1);
    desk.close();
}
