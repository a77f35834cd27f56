//! Parameters and profiles: asked once, validated, shown filled in; what a variant leaves out is neither counted nor late.

mod answered;
mod watched;

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::support::pty::{Pty, Start};
use crate::support::watch::{Watched, warroom};

const RUNBOOK: &str = "# Go-live

## Deploy

- [ ] tag vX.Y.Z of <app>

  ```bash
  ./deploy.sh --tag vX.Y.Z --app <app> --host <host>
  ```

## Smoke tests

- [ ] test everything
- [ ] and again

## Hotfix

- [ ] mend
";

const PLAN: &str = r#"[room]
name = "retail"
runbook = ["go-live.md"]
PROFILE

[params]
version = { ask = "release tag", match = '^v\d+\.\d+\.\d+$', placeholder = "vX.Y.Z" }
app = { value = "shop" }

[[profile]]
name = "hotfix"
skip = ["Smoke tests"]

[[profile]]
name = "only mending"
phases = ["Hotfix"]
"#;

struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn new(plan: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("go-live.md"), RUNBOOK).unwrap();
        std::fs::write(home.path().join("warroom.toml"), plan).unwrap();
        Self { home }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn watch(&self, args: &[&str]) -> Watched {
        let journal = self.at("j.db");
        let all: Vec<&str> = [&["--journal", journal.to_str().unwrap()], args].concat();
        Watched::start(self.home.path(), &self.at("warroom.toml"), "ic", &all)
    }

    /// How many answers the journal holds.
    fn answers(&self) -> usize {
        let out =
            warroom(self.home.path()).args(["export", "--format", "jsonl"]).arg(self.at("j.db")).output().unwrap();
        String::from_utf8(out.stdout).unwrap().matches("\"kind\":\"param-set\"").count()
    }

    /// A start that is refused.
    fn refused(&self, args: &[&str]) -> String {
        let out: Output = warroom(self.home.path())
            .arg("watch")
            .arg(self.at("warroom.toml"))
            .arg("--journal")
            .arg(self.at("j.db"))
            .args(args)
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(2), "{out:?}");
        String::from_utf8(out.stderr).unwrap()
    }
}

fn with_params() -> Place {
    Place::new(&PLAN.replace("PROFILE", ""))
}

fn without_params(profile: &str) -> Place {
    let plan = PLAN.replace("PROFILE", profile);
    let (head, rest) = plan.split_once("[params]").unwrap();
    let tail = rest.split_once("[[profile]]").unwrap().1;
    Place::new(&format!("{head}[[profile]]{tail}"))
}

fn total(status: &Value) -> u64 {
    status["steps"]["total"].as_u64().unwrap()
}

/// An answer stands in the journal, so a secret is not asked for.
#[test]
fn a_parameter_that_looks_like_a_secret_is_not_taken() {
    let place = without_params("");
    let plan = std::fs::read_to_string(place.at("warroom.toml")).unwrap();
    std::fs::write(place.at("warroom.toml"), format!("{plan}\n[params]\ndb-password = {{ ask = \"the password\" }}\n"))
        .unwrap();
    let said = place.refused(&["--param", "db-password=hunter2secret"]);
    assert!(said.contains("looks like a secret") && said.contains("env = \"DB_PASSWORD\""), "{said}");
}

#[test]
fn without_a_terminal_an_open_parameter_is_named_and_a_wrong_one_refused() {
    let place = with_params();
    let said = place.refused(&[]);
    assert!(said.contains("asks for version") && said.contains("--param version="), "{said}");
    let said = place.refused(&["--param", "version=2.0"]);
    assert!(said.contains("--param version: \"2.0\" does not match ^v"), "{said}");
    let said = place.refused(&["--param", "versoin=v2.0.0"]);
    assert!(said.contains("did you mean \"version\"?"), "{said}");
    let said = place.refused(&["--param", "app=other"]);
    assert!(said.contains("the plan gives it its value already"), "{said}");
    let said = place.refused(&["--param", "version"]);
    assert!(said.contains("name=value"), "{said}");
    let said = place.refused(&["--param", "version=v2.0.0\u{1b}[2J"]);
    assert!(said.contains("plain characters") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn an_answer_is_recorded_and_not_asked_for_again() {
    let place = with_params();
    let watch = place.watch(&["--param", "version=v2.0.0"]);
    let mut client = watch.client();
    client.until("the answer in the step", |s| s["next"][0]["text"] == "tag ‹v2.0.0› of ‹shop›");
    client.until("the answer in the record", |_| place.answers() == 1);
    watch.kill();
    let again = place.watch(&[]);
    let mut client = again.client();
    client.until("the answer after a restart", |s| s["next"][0]["text"] == "tag ‹v2.0.0› of ‹shop›");
    drop(client);
    again.end();
    assert_eq!(place.answers(), 1, "recorded once");
}

#[test]
fn an_answer_reaches_the_probes_and_a_changed_one_is_taken_at_the_next_start() {
    let plan = "[room]\nrunbook = [\"go-live.md\"]\n[params]\nport = { ask = \"port\", match = '^\\d+$' }\n[[service]]\nname = \"api\"\nhttp = \"http://127.0.0.1:${port}/health\"\n";
    let place = Place::new(plan);
    let said = place.refused(&[]);
    assert!(said.contains("--param port="), "{said}");
    for (args, set) in [(&["--param", "port=1"][..], 1), (&[], 1), (&["--param", "port=2"], 2)] {
        let watch = place.watch(args);
        let mut client = watch.client();
        client.until("the service, asked where the answer says", |s| s["services"][0]["state"] == "down");
        client.until("the answer in the record", |_| place.answers() == set);
        drop(client);
        watch.end();
    }
}

#[test]
fn at_a_terminal_a_person_is_asked_until_the_answer_fits_and_the_drawer_shows_what_is_filled_in() {
    let place = with_params();
    let plan = place.at("warroom.toml");
    let start = Start {
        args: &["run", plan.to_str().unwrap(), "--layout", "checklist"],
        columns: 160,
        rows: 48,
        ..Start::default()
    };
    let mut pty = Pty::start_at(place.home.path(), &start);
    pty.wait_until("the question", |pty| pty.screen().contains("release tag (version"));
    pty.send("2.0\n");
    pty.wait_until("the refusal", |pty| pty.screen().contains("does not match"));
    pty.send("v2.0.0\n");
    pty.wait_drawn();
    pty.wait_until("the answer in the checklist", |pty| pty.screen().contains("tag ‹v2.0.0› of ‹shop›"));
    pty.wait_until("the answer in the record", |pty| pty.screen().contains("version is v2.0.0"));
    pty.send("\r");
    pty.wait_until("the command filled in", |pty| {
        let screen = pty.screen();
        screen.contains("./deploy.sh --tag v2.0.0 --app shop --host <host>") && screen.contains("needs        <host>")
    });
}

#[test]
fn a_profile_leaves_steps_out_and_they_do_not_count() {
    let place = without_params("");
    let said = place.refused(&["--profile", "hotfux"]);
    assert!(said.contains("did you mean \"hotfix\"?"), "{said}");
    let watch = place.watch(&[]);
    let mut client = watch.client();
    let all = total(&client.status());
    assert_eq!(all, 4);
    drop(client);
    watch.end();
    let watch = place.watch(&["--profile", "hotfix"]);
    let mut client = watch.client();
    client.until("two steps fewer", |s| total(s) == all - 2);
    drop(client);
    watch.end();
    // It is the room's choice, not the process's.
    let watch = place.watch(&[]);
    let mut client = watch.client();
    client.until("the profile after a restart", |s| total(s) == all - 2);
    // A step that is done all the same counts.
    let shown =
        warroom(place.home.path()).args(["show", "--format", "json"]).arg(place.at("warroom.toml")).output().unwrap();
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let again = shown["runbooks"][0]["steps"][2]["id"].clone();
    assert_eq!(client.ask(1, "ic", &json!({ "kind": "tick", "step": again })).unwrap()["answer"], "accepted");
    client.until("the step that was done", |s| total(s) == all - 1 && s["steps"]["done"] == 1);
}

#[test]
fn a_plan_may_choose_the_profile_and_must_name_one_that_exists() {
    let place = without_params("profile = \"only mending\"");
    let watch = place.watch(&[]);
    watch.client().until("one step", |s| total(s) == 1 && s["next"][0]["text"] == "mend");
    watch.end();
    let place = without_params("profile = \"nothing\"");
    let said = place.refused(&[]);
    assert!(said.contains("there is no profile \"nothing\""), "{said}");
}

#[test]
fn a_placeholder_is_a_word_of_its_own() {
    let text = |plan: &str, words: &str| {
        let home = Path::new("warroom.toml");
        let nothing = |_: &str| None;
        let refused = |_: &str| Err("no".to_owned());
        let outside = warroom::plan::Outside { env: &nothing, file: &refused, cmd: &refused };
        let input = warroom::plan::Input { path: home.to_str().unwrap(), text: plan, outside: &outside, runbooks: &[] };
        let author = warroom::fact::Author { person: "ic".into(), role: None };
        let now = warroom::clock::Now { utc: chrono::DateTime::UNIX_EPOCH, mono: std::time::Duration::ZERO };
        let me = warroom::room::Me { author, read_only: true };
        let book = std::sync::Arc::new(warroom::room::Book::default());
        let room = warroom::room::Room::new(me, book, std::sync::Arc::new(warroom::plan::load(&input).plan), now);
        let filled = room.filled(words, ("", ""));
        (filled.text, filled.needs)
    };
    let plan = "[params]\nv = { value = \"1.2\", placeholder = [\"X.Y\", \"TBD\"] }\nsha = { ask = \"sha\" }\n";
    let (filled, needs) = text(plan, "${v} <v> {{v}} {{ v }} X.Y vX.Y aX.Yb TBD TBDs $v <vv> <sha> ${sha} é<v>");
    assert_eq!(filled, "1.2 1.2 1.2 1.2 1.2 vX.Y aX.Yb 1.2 TBDs $v <vv> <sha> ${sha} é1.2");
    assert_eq!(needs, ["<sha>", "${sha}"]);
}

/// Answers every request well, for as long as the test lives.
fn healthy() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = std::io::Read::read(&mut stream, &mut [0; 2_048]);
            let _ = std::io::Write::write_all(
                &mut stream,
                b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
            );
        }
    });
    port
}

#[test]
fn an_answer_that_another_process_gives_reaches_the_probes_of_the_watch_at_once() {
    let plan = "[room]\nrunbook = [\"go-live.md\"]\n[defaults]\nevery = \"100ms\"\n[params]\nport = { ask = \"port\", match = '^\\d+$' }\n[[service]]\nname = \"api\"\nhttp = \"http://127.0.0.1:${port}/health\"\n";
    let place = Place::new(plan);
    let watch = place.watch(&["--param", "port=1"]);
    let mut client = watch.client();
    client.until("the service, asked where nobody is", |s| s["services"][0]["state"] == "down");
    let port = format!("port={}", healthy());
    let journal = place.at("j.db");
    let other = Watched::start(
        place.home.path(),
        &place.at("warroom.toml"),
        "dba",
        &["--journal", journal.to_str().unwrap(), "--param", &port],
    );
    client.until("the service, asked where the other says", |s| s["services"][0]["state"] == "up");
    drop(client);
    other.end();
    watch.end();
    assert_eq!(place.answers(), 2);
}

#[test]
fn an_answer_that_the_plan_no_longer_takes_is_asked_for_again_and_stands_nowhere() {
    let place = with_params();
    let watch = place.watch(&["--param", "version=v2.0.0"]);
    let mut client = watch.client();
    client.until("the answer in the record", |_| place.answers() == 1);
    client.until("the answer in the step", |s| s["next"][0]["text"] == "tag ‹v2.0.0› of ‹shop›");
    // Now the plan wants another form, while the room is open.
    let plan = std::fs::read_to_string(place.at("warroom.toml")).unwrap();
    std::fs::write(place.at("warroom.toml"), plan.replace("'^v\\d+\\.\\d+\\.\\d+$'", "'^release-\\d+$'")).unwrap();
    client.until("the placeholder again", |s| s["next"][0]["text"] == "tag vX.Y.Z of ‹shop›");
    drop(client);
    watch.end();
    let said = place.refused(&[]);
    assert!(said.contains("asks for version") && said.contains("--param version="), "{said}");
    let watch = place.watch(&["--param", "version=release-7"]);
    watch.client().until("the new answer", |s| s["next"][0]["text"] == "tag ‹release-7› of ‹shop›");
}

/// A plan with a secret out of a command.
fn with_command(place: &Place, script: &str) {
    keeper(place, script);
    let plan = "[room]\nrunbook = [\"go-live.md\"]\n[params]\nport = { ask = \"port\", match = '^\\d+$' }\ntoken = { cmd = \"./keeper.sh\" }\n[[service]]\nname = \"api\"\nhttp = \"http://127.0.0.1:${port}/health\"\nheaders = { Authorization = \"Bearer ${token}\" }\n";
    std::fs::write(place.at("warroom.toml"), plan).unwrap();
}

/// What keeps the secret; it writes down that it ran.
fn keeper(place: &Place, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let keeper = place.at("keeper.sh");
    std::fs::write(&keeper, format!("#!/bin/sh\necho ran >> '{}'\n{script}", place.at("ran").display())).unwrap();
    std::fs::set_permissions(&keeper, std::fs::Permissions::from_mode(0o700)).unwrap();
}

fn runs(place: &Place) -> usize {
    std::fs::read_to_string(place.at("ran")).unwrap_or_default().lines().count()
}

#[test]
fn a_command_that_gives_a_secret_runs_once_per_load_and_a_slow_one_does_not_hold_up_the_room() {
    let place = with_params();
    with_command(&place, "echo hunter2secret\n");
    let watch = place.watch(&["--param", "port=1"]);
    let mut client = watch.client();
    client.until("the service, asked", |s| s["services"][0]["state"] == "down");
    assert_eq!(runs(&place), 1, "an answer is no reason to ask for the secret again");
    // From now on it waits until it is let go.
    let gate = place.at("gate");
    keeper(&place, &format!("while [ ! -e '{}' ]; do sleep 0.05; done\necho hunter2secret\n", gate.display()));
    let plan = std::fs::read_to_string(place.at("warroom.toml")).unwrap();
    std::fs::write(place.at("warroom.toml"), plan.replace("\"api\"", "\"shop-api\"")).unwrap();
    client.until("the reload has begun", |_| runs(&place) > 1);
    // The room answers meanwhile, and records.
    let note = json!({ "kind": "note", "text": "while the plan is read" });
    assert_eq!(client.ask(1, "ic", &note).unwrap()["answer"], "accepted");
    assert_eq!(client.status()["services"][0]["name"], "api");
    std::fs::write(&gate, "").unwrap();
    client.until("the new plan", |s| s["services"][0]["name"] == "shop-api");
}

#[test]
fn a_command_that_never_prints_its_secret_is_stopped_and_told() {
    let home = tempfile::tempdir().unwrap();
    let shim = PathBuf::from(env!("CARGO_BIN_EXE_warroom"));
    let printed = |line: &str, ms: u64| {
        let patience = std::time::Duration::from_millis(ms);
        warroom::app::origin::printed(home.path(), line, patience, Some(shim.clone()))
    };
    let why = printed("sleep 600", 200).unwrap_err();
    assert_eq!(why, "sleep: it had not ended after 200ms and was stopped");
    assert_eq!(printed("printf 'one\\ntwo'", 20_000).unwrap(), "one");
    assert_eq!(printed("sh -c 'exit 3'", 20_000).unwrap_err(), "sh: exit status 3");
    assert_eq!(printed("pwd", 20_000).unwrap(), home.path().canonicalize().unwrap().to_str().unwrap());
}

#[test]
fn what_a_command_printed_is_not_to_be_read_off_what_holds_it() {
    let place = with_params();
    with_command(&place, "");
    let plan = std::fs::read_to_string(place.at("warroom.toml")).unwrap();
    std::fs::write(place.at("secret.txt"), "hunter2secret\n").unwrap();
    std::fs::write(place.at("warroom.toml"), plan.replace("cmd = \"./keeper.sh\"", "file = \"secret.txt\"")).unwrap();
    let setup = warroom::app::setup::Setup::read(Some(&place.at("warroom.toml"))).unwrap();
    assert!(setup.plan.masks.masked("hunter2secret") == "***", "the secret is known");
    assert!(!format!("{setup:?}").contains("hunter2"), "{setup:?}");
}
