//! Fences that no shell reads: each with the program that the plan or its first line names, else with a sentence.

use serde_json::json;
use warroom::fact::Fact;
use warroom::room::decide::draft;

use super::{PLAN, Place, ran, would_run};
use crate::support::{Ledger, author, room, step};

fn fence(lang: &str, text: &str) -> String {
    let lines: String = text.lines().map(|l| format!("  {l}\n")).collect();
    format!("# Go\n\n## Do\n\n- [ ] switch\n\n  ```{lang}\n{lines}  ```\n")
}

#[test]
fn a_fence_runs_with_what_reads_it() {
    let reader = "\nrun.sql = [\"sh\", \"-c\", \"echo read by $0; cat \\\"$1\\\"\", \"a client\", \"{file}\"]\nrun.yaml = \"cat\"\n";
    let plan = PLAN.replace("environment", &format!("{}environment", &reader[1..]));
    for (lang, text, says) in [
        (
            "python",
            "import sys, os\nprint(sys.version_info[0], sys.stdin.read() == '', os.environ['TERM'])",
            "3 True dumb\n",
        ),
        ("sql", "select 1 -- ';", "read by a client\nselect 1 -- ';\n"),
        ("yaml", "kind: x", "kind: x\n"),
        ("js", "#!/usr/bin/env -S sh -eu\necho \"$0\" | sed 's/.*script/script/'", "script.js\n"),
        ("", "#!/usr/bin/env python3\nprint('named by its first line')", "named by its first line\n"),
        ("bash", "#!/bin/bash\nfalse | true\necho never", ""),
    ] {
        let place = Place::new(&fence(lang, text), &plan);
        let step = place.steps().remove(0);
        let watch = place.start("ic");
        let ended = ran(&watch, &step);
        assert_eq!(ended["head"], says, "{lang}: {ended}");
        assert_eq!(ended["exit"] == 0, !says.is_empty(), "{lang}: {ended}");
    }
}

#[test]
fn a_fence_that_nothing_reads_says_so_and_what_to_write() {
    let shown = room(&fence("js", "console.log(1)"), PLAN);
    let planned = shown.would_run(&step(&shown, "switch")).remove(0);
    assert!(planned.blocked[0].contains("run.js = [\"node\", \"{file}\"]"), "{:?}", planned.blocked);
    let data = room(&fence("json", "{}"), PLAN);
    assert!(data.would_run(&step(&data, "switch")).is_empty());
    let place = Place::new(&fence("sql", "select 1"), PLAN);
    let step = place.steps().remove(0);
    let watch = place.start("ic");
    let mut client = watch.client();
    let would = would_run(&mut client, &step);
    let why = would["blocked"][0].as_str().unwrap();
    assert!(why.contains("write [room] run.sql = [\"psql\", \"-X\""), "{why}");
    let intent = json!({ "kind": "run", "step": step, "hash": would["hash"], "word": would["word"] });
    assert_eq!(client.ask(1, "ic", &intent).unwrap()["answer"], "refused");
    let out = crate::support::watch::warroom(place.path())
        .args(["check", "--format", "json"])
        .arg(place.path().join("warroom.toml"))
        .output()
        .unwrap();
    let found: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    let ours = findings.iter().find(|f| f["code"] == "WR088").unwrap_or_else(|| panic!("{found}"));
    assert!(ours["line"] == 7 && ours["help"].as_str().unwrap().contains("run.sql"), "{ours}");
}

/// What a plan names is what was shown: another reader is another thing to confirm.
#[test]
fn the_reader_is_part_of_what_was_confirmed() {
    let of = |run: &str| {
        let room = room(&fence("sql", "select 1"), &PLAN.replace("environment", &format!("{run}\nenvironment")));
        let id = step(&room, "switch");
        room.would_run(&id).remove(0).hash
    };
    assert_ne!(of("run.sql = \"psql -f\""), of("run.sql = \"psql -h other -f\""));
}

/// No shell reads it, so no quotes of a shell hold an answer in it: what could mean something to any language stays out.
#[test]
fn an_answer_in_a_foreign_script_is_plain_or_refused() {
    let plan = |run: &str| {
        format!(
            "{}\n[params]\nx = {{ ask = \"What?\" }}\n",
            PLAN.replace("environment", &format!("{run}\nenvironment"))
        )
    };
    for (value, stands) in [
        ("v1.2.3", true),
        ("shop_eu", true),
        ("1; drop table users", false),
        ("a' or '1'='1", false),
        ("1--", false),
        ("/*", false),
        ("$(id)", false),
        ("`id`", false),
        ("\\u0027", false),
    ] {
        let mut room = room(&fence("sql", "select '<x>'"), &plan("run.sql = \"psql -f\""));
        let answer = Fact::ParamSet { name: "x".to_owned(), value: Some(value.into()) };
        Ledger::default().record(&mut room, vec![draft(&author("ic"), answer)]);
        let planned = room.would_run(&step(&room, "switch")).remove(0);
        let refused = planned.blocked.iter().any(|why| why.contains("cannot stand"));
        assert_eq!(refused, !stands, "{value}: {:?}", planned.blocked);
        let shows = if stands { format!("select '{value}'\n") } else { "select '<x>'\n".to_owned() };
        assert_eq!(planned.script.expose(), shows);
    }
}
