//! Trees of processes: stopped whole, left whole, found again; what they see of the world, and what they ask of a terminal.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{PLAN, Place, eventually, living, ran, run, runbook, until};

/// Scripts that are hard to end, each with a word in the arguments of all its sleepers.
pub fn nasty(word: &str) -> Vec<(&'static str, String)> {
    vec![
        ("plain", format!("exec -a {word} sleep 300")),
        ("pipeline", format!("(exec -a {word} sleep 300) | (exec -a {word} sleep 300)")),
        ("background", format!("(exec -a {word} sleep 300) & (exec -a {word} sleep 300) &\nwait")),
        ("own session", format!("setsid bash -c 'exec -a {word} sleep 300' & (exec -a {word} sleep 300)")),
        ("deaf", format!("trap '' INT TERM\nwhile :; do (exec -a {word} sleep 300); done")),
        ("daemon", format!("setsid bash -c 'trap \"\" INT TERM HUP; (exec -a {word} sleep 300) & wait' &\nwait")),
    ]
}

fn place(word: &str) -> (Place, Vec<String>) {
    let scripts = nasty(word);
    let pairs: Vec<(&str, &str)> = scripts.iter().map(|(name, script)| (*name, script.as_str())).collect();
    let place = Place::of(&pairs);
    let steps = place.steps();
    (place, steps)
}

fn word(name: &str) -> String {
    format!("warroom-{name}-{}", std::process::id())
}

fn stop_all(watch: &crate::support::watch::Watched, many: usize) {
    let mut client = watch.client();
    for started in until(watch, "command-started", many) {
        let answer = client.ask(3, "ic", &json!({ "kind": "stop", "run": started["run"] })).unwrap();
        assert_eq!(answer["answer"], "accepted", "{answer}");
    }
}

/// T75: a stop ends all of a tree within six seconds, whatever it does against it.
#[test]
fn a_stop_leaves_nobody() {
    let word = word("stop");
    let (place, steps) = place(&word);
    let watch = place.start("ic");
    let mut client = watch.client();
    for step in &steps {
        assert_eq!(run(&mut client, "ic", step)["answer"], "accepted");
    }
    eventually("all of them", || living(&word) >= 9);
    let begun = Instant::now();
    stop_all(&watch, steps.len());
    for end in until(&watch, "command-ended", steps.len()) {
        assert_eq!((&end["verdict"], &end["killed_by"]), (&json!("fail"), &json!("ic")), "{end}");
    }
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert_eq!(living(&word), 0);
}

/// T75: a room that goes away leaves its commands, says so, and the next one finds every one of them and can stop it.
#[test]
fn commands_outlive_the_room_and_are_found_again() {
    for how in ["term", "kill -9"] {
        let word = word(if how == "term" { "left" } else { "lost" });
        let (place, steps) = place(&word);
        let watch = place.start("ic");
        let mut client = watch.client();
        for step in &steps {
            assert_eq!(run(&mut client, "ic", step)["answer"], "accepted");
        }
        eventually("all of them", || living(&word) >= 9);
        let before = living(&word);
        if how == "term" {
            assert_eq!(watch.end().code(), Some(143));
            let facts = place.facts();
            let left: Vec<_> = facts.iter().filter(|f| f["kind"] == "command-left").collect();
            assert_eq!(left.len(), steps.len());
            assert!(left.iter().all(|f| f["pid"].as_u64().is_some_and(|pid| pid > 1)), "{left:?}");
        } else {
            watch.kill();
        }
        assert_eq!(living(&word), before, "{how}");
        let next = place.start("dba");
        stop_all(&next, steps.len());
        let ended = until(&next, "command-ended", steps.len());
        assert!(ended.iter().all(|end| end["verdict"] == "fail" && end["why"].as_str().unwrap().contains("stopped")));
        assert_eq!(living(&word), 0, "{how}");
        assert!(!facts_again(&place, steps.len()), "nothing was run again");
    }
}

fn facts_again(place: &Place, many: usize) -> bool {
    place.facts().iter().filter(|f| f["kind"] == "command-started").count() > many
}

/// A command that ends while nobody is there: the next start reads how it ended, with its output.
#[test]
fn an_end_that_nobody_saw_is_read_at_the_next_start() {
    let place = Place::of(&[("migrate", "touch began\nwhile [ ! -e go ]; do sleep 0.02; done\necho migrated\nexit 3")]);
    let watch = place.start("ic");
    let mut client = watch.client();
    assert_eq!(run(&mut client, "ic", &place.steps()[0])["answer"], "accepted");
    eventually("the begin", || place.path().join("began").exists());
    watch.kill();
    std::fs::write(place.path().join("go"), "").unwrap();
    let next = place.start("dba");
    let end = until(&next, "command-ended", 1).remove(0);
    assert_eq!(
        (&end["exit"], &end["verdict"], &end["head"]),
        (&json!(3), &json!("fail"), &json!("migrated\n")),
        "{end}"
    );
    let folder = place.path().join("j.db.runs");
    eventually("the files cleared away", || std::fs::read_dir(&folder).is_ok_and(|mut d| d.next().is_none()));
}

/// T75: killed together with its shim, a command is unknown, and that is said with whether it lives.
#[test]
fn without_a_shim_it_is_unknown() {
    let word = word("bare");
    let place = Place::of(&[("hold", &format!("touch began\nexec -a {word} sleep 300"))]);
    let watch = place.start("ic");
    let mut client = watch.client();
    assert_eq!(run(&mut client, "ic", &place.steps()[0])["answer"], "accepted");
    eventually("the begin", || living(&word) == 1);
    let folder = std::fs::read_dir(place.path().join("j.db.runs")).unwrap().flatten().next().unwrap().path();
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("record")).unwrap()).unwrap();
    watch.kill();
    let pid = |at: &serde_json::Value| nix::unistd::Pid::from_raw(at.as_i64().unwrap() as i32);
    nix::sys::signal::kill(pid(&record["shim"]["pid"]), nix::sys::signal::Signal::SIGKILL).unwrap();
    let next = place.start("dba");
    let end = until(&next, "command-ended", 1).remove(0);
    assert_eq!(end["verdict"], "unknown", "{end}");
    assert!(end["why"].as_str().unwrap().contains("alive, exit ?"), "{end}");
    nix::sys::signal::kill(pid(&record["pid"]), nix::sys::signal::Signal::SIGKILL).unwrap();
}

/// T76: what a child sees: its folder, no secret, three descriptors, a session of its own, nothing others can read.
#[test]
fn a_child_sees_only_what_the_sheet_names() {
    let script = "env | sort > env\nls /proc/$$/fd > fds\n\
                  echo sid: $(ps -o sid= -p $$) ppid: $PPID\numask\npwd\ntr '\\0' ' ' < /proc/$$/cmdline\n\
                  readlink /proc/$$/fd/0";
    let plan = format!("{PLAN_ENV}\n[params]\ntoken = {{ env = \"ADMIN_TOKEN\" }}\n");
    let place = Place::new(&runbook(&[("look", script), ("use", "echo token is <token> > used\ncat used")]), &plan);
    let watch = place.start_with("ic", |c| {
        c.env("ADMIN_TOKEN", "s3cr3t-t0ken-value").env("REGION", "eu 1; touch x").env("OTHER", "not-for-children");
    });
    let steps = place.steps();
    let end = ran(&watch, &steps[0]);
    let seen = place.file("env") + end["head"].as_str().unwrap();
    assert!(seen.contains("REGION=eu 1; touch x\n"), "{seen}");
    assert!(seen.contains("TERM=dumb\n"), "{seen}");
    for foreign in ["s3cr3t", "not-for-children", "XDG_STATE_HOME"] {
        assert!(!seen.contains(foreign), "{foreign} in {seen}");
    }
    // 255 is the shell's own way to its script. A pipeline would show the pipes that the shell is just making.
    let fds = place.file("fds");
    let fds: Vec<&str> = fds.lines().filter(|fd| *fd != "255").collect();
    assert_eq!(fds, ["0", "1", "2"]);
    assert!(seen.contains("0077\n"), "{seen}");
    assert!(seen.contains(&format!("{}\n", place.path().canonicalize().unwrap().display())), "{seen}");
    assert!(seen.contains("bash -eo pipefail "), "{seen}");
    assert!(seen.contains("/dev/null"), "{seen}");
    let ids: Vec<&str> = seen.lines().find(|l| l.starts_with("sid:")).unwrap().split_whitespace().collect();
    assert_eq!(ids[1], ids[3], "the shim leads the session: {seen}");
    // A secret is used, and shows nowhere.
    let end = ran(&watch, &steps[1]);
    assert_eq!(place.file("used"), "token is s3cr3t-t0ken-value\n");
    assert_eq!(end["head"], "token is ***\n", "{end}");
    assert!(place.facts().iter().all(|f| !f.to_string().contains("s3cr3t")));
}

const PLAN_ENV: &str =
    "[room]\nname = \"retail\"\nrunbook = [\"go-live.md\"]\nenvironment = \"stage\"\nenv = [\"REGION\"]\n";

/// T77 and the run part of T67: what asks a terminal fails at once, what hangs is stopped at its deadline, and of a flood the
/// begin and the end are kept.
#[test]
fn prompts_floods_and_hangs_come_to_an_end() {
    let flood = "head -c 30000000 /dev/zero | tr '\\0' 'x'\nprintf '\\033[31mend\\033[0m'";
    let text = runbook(&[
        ("tty", "read -r answer </dev/tty"),
        ("stdin", "read -r answer || echo nothing to read"),
        ("password", "stty -echo"),
        ("flood", flood),
        ("silent", "exec >&- 2>&-\nsleep 0.1\nexit 4"),
        ("binary", "head -c 2000 /dev/urandom"),
        ("left", "(setsid sleep 300 >/dev/null 2>&1) &\necho ok"),
    ]);
    let hang = "- [ ] hang\n\n  **Timeout**: 1s\n\n  ```bash\n  trap '' INT\n  sleep 300\n  ```\n";
    let place = Place::new(&format!("{text}{hang}"), PLAN);
    let watch = place.start("ic");
    let steps = place.steps();
    let ends: Vec<_> = steps.iter().map(|step| ran(&watch, step)).collect();
    let [tty, stdin, password, flood, silent, binary, left, hang] = &ends[..] else { panic!("{}", ends.len()) };
    assert_eq!(tty["verdict"], "fail", "{tty}");
    assert!(tty["head"].as_str().unwrap().contains("/dev/tty"), "{tty}");
    assert_eq!((&stdin["verdict"], &stdin["head"]), (&json!("pass"), &json!("nothing to read\n")));
    assert_eq!(password["verdict"], "fail");
    assert_eq!((&silent["verdict"], &silent["exit"]), (&json!("fail"), &json!(4)));
    assert_eq!(binary["verdict"], "pass");
    let (head, tail) = (flood["head"].as_str().unwrap(), flood["tail"].as_str().unwrap());
    assert!(head.len() + tail.len() <= 64 * 1024 && tail.ends_with("xend"), "{} {}", head.len(), tail.len());
    assert_eq!(flood["dropped"], 30_000_012 - 64 * 1024);
    assert!(left["why"].as_str().unwrap().contains("left behind"), "{left}");
    assert!(hang["why"].as_str().unwrap().contains("deadline") && hang["took"].as_u64().unwrap() < 5_500, "{hang}");
}

/// ❌ is a failure wherever it stands, also in the part of a flood that nobody keeps.
#[test]
fn a_cross_in_the_dropped_middle_is_a_failure() {
    let flood = |n: u32| format!("head -c {n} /dev/zero | tr '\\0' 'x'");
    let script = format!("{}\necho '❌ one failed'\n{}", flood(90_000), flood(90_000));
    let place = Place::of(&[("flood", script.as_str())]);
    let watch = place.start("ic");
    let end = ran(&watch, &place.steps()[0]);
    assert_eq!((&end["verdict"], &end["exit"]), (&json!("fail"), &json!(0)), "{end}");
    assert!(end["why"].as_str().unwrap().contains("in what was not kept"), "{}", end["why"]);
}
