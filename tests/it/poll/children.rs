//! T67: commands that flood, hang, ignore signals, hide in other sessions; nothing of them is left, in time.

use std::time::{Duration, Instant};

use warroom::proc::{self, End, KEEP, Ran, Spec};
use warroom::secret::Filled;

use super::server::shim;
use crate::support::wait::eventually;

fn run(mark: &str, argv: &[&str], deadline: Duration) -> (Ran, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let began = Instant::now();
    let ran = runtime.block_on(proc::run(&spec(mark, argv), deadline));
    (ran, began.elapsed())
}

fn spec(mark: &str, argv: &[&str]) -> Spec {
    Spec {
        argv: argv.iter().map(|a| Filled::plain(*a)).collect(),
        env: vec![("WARROOM_MARK".to_owned(), Filled::new(mark, "***"))],
        dir: None,
        shim: Some(shim()),
    }
}

/// Processes that carry the mark in their environment.
fn marked(mark: &str) -> Vec<String> {
    let wanted = format!("WARROOM_MARK={mark}");
    let pids = std::fs::read_dir("/proc").unwrap().flatten().map(|e| e.path());
    pids.filter(|p| {
        std::fs::read(p.join("environ")).is_ok_and(|e| e.split(|b| *b == 0).any(|v| v == wanted.as_bytes()))
    })
    .map(|p| std::fs::read_to_string(p.join("cmdline")).unwrap_or_default().replace('\0', " "))
    .collect()
}

fn sh(name: &str, script: &str) -> (Ran, Duration) {
    sh_within(name, script, Duration::from_millis(1_500))
}

fn sh_within(name: &str, script: &str, deadline: Duration) -> (Ran, Duration) {
    let mark = format!("{name}-{}", std::process::id());
    // What a start costs on this machine at this moment, where others want it too.
    let plain = || run("plain", &["true"], Duration::from_secs(20)).1;
    let before = plain();
    let (ran, took) = run(&mark, &["sh", "-c", script], deadline);
    if took >= deadline + Duration::from_secs(2) {
        let start = before.max(plain());
        assert!(took < deadline + Duration::from_secs(2) + 4 * start, "{name} took {took:?}, a start takes {start:?}");
    }
    assert_eq!(marked(&mark), [] as [String; 0], "{name} left survivors");
    assert!(ran.stdout.head.len() + ran.stdout.tail.len() <= KEEP);
    (ran, took)
}

#[test]
fn a_plain_command_gives_its_status_and_output() {
    let (ran, _) = sh("plain", "echo out; echo err >&2; exit 3");
    assert_eq!(ran.end, End::Exit(3));
    assert_eq!((ran.stdout.text().as_str(), ran.stderr.text().as_str()), ("out\n", "err\n"));
    assert_eq!(sh("signal", "kill -9 $$").0.end, End::Signal(9));
}

#[test]
fn a_gibibyte_is_drained_and_its_begin_and_end_kept() {
    let (ran, _) =
        sh_within("flood", "printf begin; head -c 1073741824 /dev/zero; printf end", Duration::from_secs(20));
    assert_eq!(ran.end, End::Exit(0));
    assert!(ran.stdout.head.starts_with(b"begin\0") && ran.stdout.tail.ends_with(b"\0end"));
    assert_eq!(ran.stdout.dropped, 1_073_741_824 + 8 - KEEP as u64);
}

#[test]
fn what_never_ends_is_killed() {
    assert_eq!(sh("never", "sleep 1000").0.end, End::Deadline);
    assert_eq!(sh("endless", "exec cat /dev/zero").0.end, End::Deadline);
    assert_eq!(sh("deaf", "trap '' TERM INT HUP; while :; do sleep 1; done").0.end, End::Deadline);
    assert_eq!(sh("early", "exec >&- 2>&-; sleep 1000").0.end, End::Deadline);
    let (ran, _) = sh("said", "echo so far; sleep 1000");
    assert_eq!((ran.end, ran.stdout.head.as_slice()), (End::Deadline, &b"so far\n"[..]));
}

#[test]
fn what_hides_in_another_session_is_found() {
    let daemon = "setsid sleep 1000 & setsid sh -c 'sleep 1000 & sleep 1000' & exit 0";
    let deadline = Duration::from_secs(20);
    let (ran, took) = sh_within("daemon", daemon, deadline);
    assert_eq!(ran.end, End::Exit(0));
    assert!(took < deadline / 2, "its end waited for the daemon: {took:?}");
    let deaf = "setsid sh -c \"trap '' TERM; (trap '' TERM; setsid sleep 1000) & sleep 1000\" & sleep 1000";
    assert_eq!(sh("deaf-daemon", deaf).0.end, End::Deadline);
}

#[test]
fn a_child_sees_no_terminal_no_input_and_no_surroundings() {
    assert_eq!(sh("stdin", "cat").0.end, End::Exit(0));
    assert_ne!(sh("tty", "exec </dev/tty").0.end, End::Exit(0));
    assert_eq!(sh("umask", "umask").0.stdout.text().trim(), "0077");
    let fds = sh("fds", "ls /proc/$$/fd; true").0.stdout.text();
    assert_eq!(fds.split_whitespace().collect::<Vec<_>>(), ["0", "1", "2"]);
    let session = |stat: &str| stat.rsplit_once(") ").unwrap().1.split(' ').nth(3).unwrap().to_owned();
    let own = session(&std::fs::read_to_string("/proc/self/stat").unwrap());
    assert_ne!(session(&sh("session", "cat /proc/self/stat").0.stdout.text()), own);
    let (ran, _) = run("environment", &["env"], Duration::from_secs(5));
    let text = ran.stdout.text();
    let mut names: Vec<_> = text.lines().filter_map(|l| Some(l.split_once('=')?.0)).collect();
    names.sort_unstable();
    names.retain(|n| !["HOME", "LANG", "PATH", "TZ"].contains(n));
    assert_eq!(names, ["TERM", "WARROOM_MARK"]);
    assert!(text.contains("TERM=dumb"));
}

#[test]
fn the_shim_hides_what_it_was_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let spec = spec("hidden-secret", &["sleep", "1000"]);
    let child = runtime.spawn(async move { proc::run(&spec, Duration::from_secs(20)).await });
    eventually("the child", || !marked("hidden-secret").is_empty());
    // Only the command itself has the variable; the shim above it does not.
    assert!(marked("hidden-secret").iter().all(|line| line.starts_with("sleep")), "{:?}", marked("hidden-secret"));
    // Dropping the future is enough to end it all.
    child.abort();
    eventually("its end", || marked("hidden-secret").is_empty());
}

#[test]
fn what_cannot_start_says_why() {
    let (ran, _) = run("missing", &["/no/such/program"], Duration::from_secs(5));
    assert_eq!(ran.end, End::NotStarted("not found".to_owned()));
    let (ran, _) = run("folder", &["/tmp"], Duration::from_secs(5));
    assert_eq!(ran.end, End::NotStarted("not permitted".to_owned()));
}
