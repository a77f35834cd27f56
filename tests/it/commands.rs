//! A step's commands with real processes: what is shown is what runs, once, judged, and nothing of it is lost or left.

mod abort;
mod breaker;
mod children;
mod fences;
mod forward;
mod haste;
mod once;
mod quit;
mod record;
mod shown;
mod terminal;
mod thousand;
mod trees;

use std::path::Path;

use serde_json::{Value, json};

use crate::support::wait::eventually;
use crate::support::watch::{Client, Watched, warroom};

const PLAN: &str = "[room]\nname = \"retail\"\nrunbook = [\"go-live.md\"]\nenvironment = \"stage\"\n";

/// A room in a folder of its own.
struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn new(runbook: &str, plan: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("go-live.md"), runbook).unwrap();
        std::fs::write(home.path().join("warroom.toml"), plan).unwrap();
        Self { home }
    }

    /// A runbook of boxes, each with one script, on the stage.
    fn of(scripts: &[(&str, &str)]) -> Self {
        Self::new(&runbook(scripts), PLAN)
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    fn start(&self, name: &str) -> Watched {
        self.start_with(name, |_| {})
    }

    fn start_with(&self, name: &str, with: impl FnOnce(&mut std::process::Command)) -> Watched {
        let journal = self.path().join("j.db");
        let args = ["--journal", journal.to_str().unwrap()];
        let watch = Watched::start_with(self.path(), &self.path().join("warroom.toml"), name, &args, with);
        watch.client().until("the journal read", |s| s["watch"] != "unknown");
        watch
    }

    fn steps(&self) -> Vec<String> {
        let plan = self.path().join("warroom.toml");
        let out = warroom(self.path()).args(["show", "--format", "json"]).arg(plan).output().unwrap();
        let shown: Value = serde_json::from_slice(&out.stdout).unwrap();
        let steps = shown["runbooks"][0]["steps"].as_array().unwrap();
        steps.iter().map(|s| s["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Every fact in the journal, oldest first.
    fn facts(&self) -> Vec<Value> {
        let out = warroom(self.path()).args(["export", "--format", "jsonl"]).arg(self.path().join("j.db")).output();
        let text = String::from_utf8(out.unwrap().stdout).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fact"].clone()).collect()
    }
}

fn runbook(scripts: &[(&str, &str)]) -> String {
    let mut parts = vec!["# Go live\n\n## Deploy\n\n".to_owned()];
    for (name, script) in scripts {
        let lines: String = script.lines().map(|line| format!("  {line}\n")).collect();
        parts.push(format!("- [ ] {name}\n\n  ```bash\n{lines}  ```\n\n"));
    }
    parts.concat()
}

/// What would run for a step: its first command.
fn would_run(client: &mut Client, step: &str) -> Value {
    client.send(&json!({ "id": "w", "ask": "would-run", "step": step })).unwrap();
    loop {
        let line = client.line().expect("the watch answers");
        if let Some(all) = line.get("would_run") {
            return all[0].clone();
        }
    }
}

/// The intent to run what would run now, confirmed as it asks for.
fn intent(client: &mut Client, step: &str) -> Value {
    let would = would_run(client, step);
    json!({
        "kind": "run", "step": step, "command": 0, "hash": would["hash"], "word": would["word"],
        "reason": if would["against"].is_null() { Value::Null } else { json!("in a test") },
        "confirmed": if would["twice"].is_null() { "once" } else { "twice" },
    })
}

/// Starts a step's command; the answer.
fn run(client: &mut Client, by: &str, step: &str) -> Value {
    let intent = intent(client, step);
    client.ask(7, by, &intent).expect("the watch answers")
}

/// The facts of a kind, once there are so many; from a connection of their own.
fn until(watch: &Watched, kind: &str, many: usize) -> Vec<Value> {
    let mut client = watch.client();
    client.send(&json!({ "follow": 0 })).unwrap();
    let mut found = Vec::new();
    while found.len() < many {
        let line = client.line().unwrap_or_else(|| panic!("only {} of {many} {kind}: {found:#?}", found.len()));
        if line["fact"]["kind"] == kind {
            found.push(line["fact"].clone());
        }
    }
    found
}

/// Runs a step's command to its end.
fn ran(watch: &Watched, step: &str) -> Value {
    let mut client = watch.client();
    let answer = run(&mut client, "ic", step);
    assert_eq!(answer["answer"], "accepted", "{answer}");
    let started = until(watch, "command-started", 1);
    let started = started.iter().rev().find(|f| f["step"] == step);
    let mut many = 1;
    loop {
        let ended = until(watch, "command-ended", many);
        let all = until(watch, "command-started", ended.len());
        let mine = all.iter().rev().find(|f| f["step"] == step).or(started);
        if let Some(end) = ended.iter().find(|e| mine.is_some_and(|m| m["run"] == e["run"])) {
            return end.clone();
        }
        many += 1;
    }
}

/// Processes that go by this name.
fn living(word: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|b| *b == 0).next() == Some(word.as_bytes())
    })
    .count()
}
