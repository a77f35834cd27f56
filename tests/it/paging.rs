//! From a breach to somebody's pager, through the real binary: in time, once, through kill -9, and not in the way of judging.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::pty::{Pty, Start};
use crate::support::wait::eventually;
use crate::support::watch::{Watched, warroom};
use crate::tell::fake::{KEY, Receiver, Reply, World};
use crate::tell::strict;

mod hung;
mod killed;

/// A service that is well while the switch says so.
fn service(world: &World) -> (Receiver, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(true));
    let says = Arc::clone(&well);
    let judge = move |_: usize, _: &_| Reply::status(if says.load(Ordering::Relaxed) { 200 } else { 502 });
    (world.receiver(judge), well)
}

/// A pager that takes what PagerDuty would take, and refuses the rest.
fn pager(world: &World) -> Receiver {
    world.receiver(|_, request| match strict::event(&request.body) {
        Ok(_) => Reply::status(202),
        Err(why) => Reply::Say(400, "", why),
    })
}

fn plan(home: &std::path::Path, service: &Receiver, pager: &Receiver, more: &str) -> std::path::PathBuf {
    let path = home.join("warroom.toml");
    let text = format!(
        "[room]\nname = \"retail\"\n[[service]]\nname = \"api\"\nhttp = \"http://{}/health\"\nevery = \"200ms\"\n\
         [[rule]]\nname = \"api down\"\nwhen = \"api is down\"\nfor = \"2s\"\nseverity = \"page\"\nnotify = [\"oncall\"]\n\
         [notify.oncall]\npagerduty = {{ routing_key = \"${{PD_KEY}}\", url = \"http://{}\" }}\n{more}",
        service.at, pager.at
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn start(home: &std::path::Path, plan: &std::path::Path, name: &str) -> Watched {
    Watched::start_with(home, plan, name, &[], |command| {
        command.env("PD_KEY", KEY);
    })
}

/// What the pager got so far: action and key.
fn events(pager: &Receiver) -> Vec<(String, String)> {
    pager.got.lock().unwrap().iter().map(|r| strict::event(&r.body).unwrap()).collect()
}

/// One look at the room, as JSON.
fn status(home: &std::path::Path, plan: &std::path::Path) -> Value {
    let out = warroom(home).env("PD_KEY", KEY).arg("status").arg(plan).args(["--format", "json"]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn a_breach_reaches_the_pager_and_has_one_key_through_kill_9() {
    let world = World::new();
    let ((service, well), pager) = (service(&world), pager(&world));
    let home = tempfile::tempdir().unwrap();
    let plan = plan(home.path(), &service, &pager, "");
    let watch = start(home.path(), &plan, "ic");
    eventually("asked", || service.got.lock().unwrap().len() > 3);
    well.store(false, Ordering::Relaxed);
    let broken = Instant::now();
    eventually("a page", || !events(&pager).is_empty());
    let after = broken.elapsed();
    // How soon it comes on a quiet machine is measured elsewhere; never before it has lasted.
    assert!(after >= Duration::from_secs(2), "paged after {after:?}");
    watch.kill();
    let watch = start(home.path(), &plan, "dba");
    let firing = |status: &Value| status["alerts"][0]["state"] == "firing" && status["watch"] == "elsewhere";
    eventually("the next watch fires on", || firing(&status(home.path(), &plan)));
    let delivered = |status: &Value| status["alerts"][0]["told"][0]["delivery"]["state"] == "delivered";
    eventually("it is recorded that it was told", || delivered(&status(home.path(), &plan)));
    well.store(true, Ordering::Relaxed);
    eventually("a resolve", || events(&pager).last().is_some_and(|(action, _)| action == "resolve"));
    // Killed between the sending and its record, it is told again: under the same key, so that nobody is woken twice.
    let got = events(&pager);
    assert!(got.iter().all(|(_, key)| *key == got[0].1), "one breach has one key: {got:?}");
    assert!(got[..got.len() - 1].iter().all(|(action, _)| action == "trigger"), "{got:?}");
    assert!(got.len() <= 3, "{got:?}");
    watch.end();
}

#[test]
fn a_pager_that_hangs_is_shouted_about_and_holds_up_nothing() {
    let world = World::new();
    let (service, well) = service(&world);
    let pager = world.receiver(|_, _| Reply::Hang);
    let heart = world.receiver(|_, _| Reply::status(200));
    let home = tempfile::tempdir().unwrap();
    let more = format!("[heartbeat]\nurl = \"http://{}/ping\"\nevery = \"1s\"\n", heart.at);
    let plan = plan(home.path(), &service, &pager, &more);
    let watch = start(home.path(), &plan, "ic");
    eventually("asked", || service.got.lock().unwrap().len() > 3);
    well.store(false, Ordering::Relaxed);
    eventually("tried", || !pager.got.lock().unwrap().is_empty());
    let (tried, asked) = (Instant::now(), service.got.lock().unwrap().len());
    let not_told = |status: &Value| status["board"]["troubles"].to_string().contains("oncall does not deliver");
    eventually("another screen says that nobody was told", || not_told(&status(home.path(), &plan)));
    assert!(tried.elapsed() < Duration::from_secs(10), "said after {:?}", tried.elapsed());
    // Five a second, whatever the pager does; a tenth may be late on a busy machine.
    let expected = tried.elapsed().as_secs_f64() * 5.0;
    let got = (service.got.lock().unwrap().len() - asked) as f64;
    assert!(got >= expected * 0.9 - 2.0, "{got} of {expected} polls while the pager hung");
    assert!(heart.got.lock().unwrap().len() >= 3, "the heartbeat goes on");
    watch.end();
}

#[test]
fn the_heartbeat_stops_with_whoever_judges() {
    let world = World::new();
    let ((service, _), pager) = (service(&world), pager(&world));
    let heart = world.receiver(|_, _| Reply::status(200));
    let home = tempfile::tempdir().unwrap();
    let more = format!("[heartbeat]\nurl = \"http://{}/ping\"\nevery = \"1s\"\n", heart.at);
    let plan = plan(home.path(), &service, &pager, &more);
    let watch = start(home.path(), &plan, "ic");
    let beats = || heart.got.lock().unwrap().len();
    eventually("it beats", || beats() >= 2);
    let pid = nix::unistd::Pid::from_raw(watch.child.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).unwrap();
    // What was under way when it froze may still arrive; then nothing does, for three periods of ours.
    std::thread::sleep(Duration::from_millis(300));
    let frozen = beats();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(beats(), frozen, "a frozen evaluator is dead to the switch");
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT).unwrap();
    eventually("it beats again", || beats() > frozen);
    watch.kill();
    std::thread::sleep(Duration::from_millis(300));
    let dead = beats();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(beats(), dead, "and so is a dead one");
}

/// T38: who does not look at the screen, or cannot be written to, is not who judges.
#[test]
fn the_heartbeat_goes_on_when_nobody_reads_the_screen() {
    let world = World::new();
    let ((service, _), pager) = (service(&world), pager(&world));
    let heart = world.receiver(|_, _| Reply::status(200));
    let home = tempfile::tempdir().unwrap();
    let more = format!("[heartbeat]\nurl = \"http://{}/ping\"\nevery = \"1s\"\n", heart.at);
    let plan = plan(home.path(), &service, &pager, &more);
    let args = ["run", plan.to_str().unwrap(), "--as", "ic"];
    let start = Start { args: &args, env: &[("PD_KEY", KEY)], ..Start::default() };
    let mut pty = Pty::start_at(home.path(), &start);
    pty.wait_drawn();
    let beats = || heart.got.lock().unwrap().len();
    eventually("it beats", || beats() >= 2);
    pty.stall(true);
    let (stalled, asked) = (beats(), service.got.lock().unwrap().len());
    eventually("it goes on", || beats() >= stalled + 4);
    assert!(service.got.lock().unwrap().len() >= asked + 10, "and so do the polls");
}

/// T38: a process whose own output nobody takes, headless and with its log in the way, judges on.
#[test]
fn the_heartbeat_goes_on_when_nobody_takes_the_output() {
    let world = World::new();
    let ((service, well), pager) = (service(&world), pager(&world));
    let heart = world.receiver(|_, _| Reply::status(200));
    let home = tempfile::tempdir().unwrap();
    let more = format!("[heartbeat]\nurl = \"http://{}/ping\"\nevery = \"1s\"\n", heart.at);
    let plan = plan(home.path(), &service, &pager, &more);
    // Pipes that are full from the begin: whoever writes to them waits for ever.
    let full = || {
        let (reader, mut writer) = std::io::pipe().unwrap();
        nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK)).unwrap();
        while std::io::Write::write(&mut writer, &[0; 4096]).is_ok() {}
        nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty())).unwrap();
        (reader, writer)
    };
    let ((_out, out), (_err, err)) = (full(), full());
    let watch = Watched::start_with(home.path(), &plan, "ic", &[], |command| {
        command.env("PD_KEY", KEY).stdout(out).stderr(err);
    });
    let beats = || heart.got.lock().unwrap().len();
    eventually("it beats", || beats() >= 2);
    well.store(false, Ordering::Relaxed);
    eventually("it pages", || !events(&pager).is_empty());
    let before = beats();
    eventually("it beats on", || beats() >= before + 3);
    watch.kill();
}

/// All bytes of all files under a folder.
fn bytes_under(folder: &std::path::Path) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            out.extend(bytes_under(&entry.path()));
        } else {
            out.extend(std::fs::read(entry.path()).unwrap_or_default());
        }
    }
    out
}

#[test]
fn a_key_that_changes_leaves_no_incident_open_under_the_old_one() {
    const OTHER: &str = "fedcba9876543210fedcba9876543210";
    let world = World::new();
    let (service, well) = service(&world);
    let shut = Arc::new(AtomicBool::new(false));
    let is_shut = Arc::clone(&shut);
    let pager = world.receiver(move |_, request| {
        let event: Value = serde_json::from_slice(&request.body).unwrap();
        let old = event["routing_key"] == KEY && is_shut.load(Ordering::Relaxed);
        if old { Reply::Say(400, "", "invalid key".to_owned()) } else { Reply::status(202) }
    });
    let said = || -> Vec<(String, String, String)> {
        let got = pager.got.lock().unwrap();
        let events = got.iter().map(|r| serde_json::from_slice::<Value>(&r.body).unwrap());
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events.map(|e| (word(&e["event_action"]), word(&e["routing_key"]), word(&e["dedup_key"]))).collect()
    };
    let home = tempfile::tempdir().unwrap();
    let key_file = home.path().join("pd.key");
    std::fs::write(&key_file, KEY).unwrap();
    let plan = plan(home.path(), &service, &pager, "");
    let text = std::fs::read_to_string(&plan).unwrap().replace("\"${PD_KEY}\"", "{ file = \"pd.key\" }");
    std::fs::write(&plan, &text).unwrap();
    let watch = start(home.path(), &plan, "ic");
    eventually("asked", || service.got.lock().unwrap().len() > 3);
    well.store(false, Ordering::Relaxed);
    eventually("a page", || !said().is_empty());
    let change = |key: &str, mark: &str| {
        std::fs::write(&key_file, key).unwrap();
        std::fs::write(&plan, format!("{text}# {mark}\n")).unwrap();
    };
    change(OTHER, "another key");
    let has = |action: &str, key: &str| said().iter().any(|(a, k, _)| a == action && k == key);
    eventually("resolved where it was opened", || has("resolve", KEY));
    eventually("opened where it is to be now", || has("trigger", OTHER));
    assert!(said().iter().all(|(.., dedup)| *dedup == said()[0].2), "{:?}", said());
    // The way back, and the new key is dead at once: nobody can end what it opened, and every screen says so.
    shut.store(true, Ordering::Relaxed);
    change(KEY, "back");
    eventually("the old one is ended", || has("resolve", OTHER));
    change(OTHER, "and there again");
    let mut client = watch.client();
    client.until("what is left open is said", |s| s["board"]["troubles"].to_string().contains("close it by hand"));
    well.store(true, Ordering::Relaxed);
    eventually("over", || said().last().is_some_and(|(action, key, _)| action == "resolve" && key == OTHER));
    watch.end();
    let kept = bytes_under(&home.path().join("state"));
    for key in [KEY, OTHER] {
        let within = kept.windows(key.len()).any(|window| window == key.as_bytes());
        assert!(!within, "a key is in the state folder");
    }
}
