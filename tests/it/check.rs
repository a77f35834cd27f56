//! The flight-check: each rule finds its mistake and leaves ordinary runbooks alone; what is accepted does not count.

use std::process::{Command, Output};

use warroom::check::{Input, Judged, MissingPart, flight_check, judge, text_of};
use warroom::finding::{Finding, Paint, Report, Source, codes, explain, render};
use warroom::plan::{Outside, Plan};
use warroom::runbook::{Runbook, read};

mod cases;
mod clean;
mod prose;
mod real;

/// Findings of a runbook alone, acceptances applied.
fn judged(text: &str) -> Judged {
    let book = read("t.md", text.as_bytes()).unwrap();
    let text = text_of(&book);
    let source = Source { file: "t.md", text: &text };
    let input = Input { runbooks: &[(&book, source)], missing: &[], plan: None };
    judge(flight_check(&input), &[source])
}

fn found(text: &str) -> Vec<Finding> {
    judged(text).findings
}

/// `WR042:7` for each finding.
fn brief(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| format!("{}:{}", f.code, f.line)).collect()
}

/// Findings of several runbooks and a plan together.
fn together(books: &[(&str, &str)], plan: Option<&str>) -> Vec<Finding> {
    let read: Vec<Runbook> = books.iter().map(|(name, text)| read(name, text.as_bytes()).unwrap()).collect();
    let texts: Vec<String> = read.iter().map(text_of).collect();
    let runbooks: Vec<_> =
        read.iter().zip(&texts).map(|(book, text)| (book, Source { file: &book.path, text })).collect();
    let loaded: Option<Plan> = plan.map(|text| {
        let nothing = |_: &str| None;
        let none = |_: &str| Err("nothing here".to_owned());
        let outside = Outside { env: &nothing, file: &none, cmd: &none };
        let loaded = warroom::plan::load(&warroom::plan::Input {
            path: "warroom.toml",
            text,
            outside: &outside,
            runbooks: &read,
        });
        assert!(loaded.usable(), "{:?}", loaded.findings);
        loaded.plan
    });
    let plan = loaded.as_ref().zip(plan).map(|(p, text)| (p, Source { file: "warroom.toml", text }));
    flight_check(&Input { runbooks: &runbooks, missing: &[], plan })
}

#[test]
fn an_accepted_finding_does_not_count_and_says_why() {
    let accepted = judged("<!-- accept WR042: the proxy closes -->\n\n```sh\nls\ncurl http://a/health\n```\n");
    assert_eq!(brief(&accepted.findings), Vec::<String>::new());
    assert_eq!(accepted.accepted.len(), 1);
    assert_eq!((accepted.accepted[0].finding.line, accepted.accepted[0].reason.as_str()), (5, "the proxy closes"));

    let wrong = "<!-- accept WR042 -->\n```sh\ncurl http://a/health\n```\n\n<!-- accept WR043: not here -->\nText.\n\n\
                 <!-- accept WR942: no such -->\nText.\n\n<!-- accept WR009: plans only -->\nText.\n";
    assert_eq!(brief(&found(wrong)), ["WR042:3", "WR070:1", "WR071:6", "WR072:9", "WR072:12"]);

    // Above another line it accepts nothing.
    let far = "<!-- accept WR042: why -->\nText.\n\n```sh\ncurl http://a/health\n```\n";
    assert_eq!(brief(&found(far)), ["WR042:5", "WR071:1"]);
}

#[test]
fn every_code_is_explained_and_an_unknown_one_is_not() {
    for code in codes::ALL {
        let text = explain(code.id).unwrap_or_else(|| panic!("{} has no explanation", code.id));
        assert!(
            text.contains("Wrong:\n    ") && text.contains("Right:\n    ") && text.contains(code.meaning),
            "{text}"
        );
        let prose = text.split("\n\nWrong:").next().unwrap();
        assert!(prose.lines().skip(1).all(|l| l.chars().count() <= 80), "{text}");
    }
    assert!(explain(" wr042 ").is_some() && explain("WR999").is_none() && explain("").is_none());
}

#[test]
fn what_is_printed_keeps_to_eighty_columns_but_for_the_source() {
    let text = "```sh\ncurl http://a/health\n```\n";
    let finding = &found(text)[0];
    let shown = render(finding, text, Paint::Plain);
    assert!(
        shown.contains("2 | curl http://a/health") && shown.contains("^^^^") && shown.contains("t.md:2:1"),
        "{shown}"
    );
    assert!(shown.lines().all(|l| l.chars().count() <= 80), "{shown}");
}

#[test]
fn hostile_runbooks_are_checked_without_a_word_that_moves_a_cursor() {
    let text = "# \u{1b}[2J maintenance\n\n```sh\ncurl http://\u{202e}a/\u{9b}2J\ngit revert \u{7}x\n```\n- [ ] TBD \u{1b}]0;x\u{7}\n";
    let report = Report::new(found(text));
    assert!(report.findings.len() >= 2);
    let all: String = report.findings.iter().map(|f| render(f, text, Paint::Plain)).collect();
    assert!(!all.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}']), "{all:?}");
}

#[test]
fn a_part_that_cannot_be_read_is_found_where_it_is_linked() {
    let text = "# Go\n\nFollow [this](parts/deploy.md) first.\n";
    let book = read("t.md", text.as_bytes()).unwrap();
    let missing =
        [MissingPart { book: 0, line: 3, target: "parts/deploy.md".to_owned(), why: "no such file".to_owned() }];
    let source = Source { file: "t.md", text };
    let found = flight_check(&Input { runbooks: &[(&book, source)], missing: &missing, plan: None });
    assert_eq!(
        (brief(&found), found[0].text.as_str(), found[0].column),
        (vec!["WR066:3".to_owned()], "parts/deploy.md", 15)
    );
}

#[test]
fn fifty_of_the_same_are_ten_and_a_number() {
    let text: String = (0..50).map(|n| format!("## Part {n}\n\n```sh\ncurl http://a/{n}\n```\n\n")).collect();
    let found = found(&text);
    assert_eq!(found.len(), 10);
    assert!(found[9].message.ends_with("and 40 more like it in this file"), "{}", found[9].message);
}

/// The real program, in a folder of its own.
fn warroom(folder: &std::path::Path, args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_warroom"))
        .args(args)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn the_exit_status_is_that_of_the_errors() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("warn.md", "# A\n\n```sh\ncurl http://a/health\n```\n");
    write("bad.md", "# A\n\n- 99.9% uptime (8.6 minutes downtime/day)\n- <!-- accept WR042: none -->\n");
    write("clean.md", "# A\n\n- [ ] Done\n");

    let (code, out, _) = warroom(folder.path(), &["check", "warn.md"]);
    assert!(code == 0 && out.contains("--> warn.md:4:1") && out.ends_with("\n1 warning in warn.md\n"), "{code} {out}");
    assert!(!out.contains('\u{1b}'), "no colour without a terminal");
    let (code, out, _) = warroom(folder.path(), &["check", "bad.md"]);
    assert!(code == 1 && out.ends_with("\n1 error, 1 note in bad.md\n"), "{code} {out}");
    let (code, out, _) = warroom(folder.path(), &["check", "clean.md"]);
    assert_eq!((code, out.as_str()), (0, "no mistakes found in clean.md\n"));
    let (code, _, err) = warroom(folder.path(), &["check", "none.md"]);
    assert!(code == 2 && err.contains("none.md"), "{err}");

    let (code, out, _) = warroom(folder.path(), &["check", "bad.md", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["errors"].as_u64(), json["warnings"].as_u64()), (1, Some(1), Some(0)));
    let mut keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    keys.sort();
    assert_eq!(keys, ["errors", "findings", "warnings"], "nothing beside what is promised");
    let mut keys: Vec<_> = json["findings"][0].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    assert_eq!(keys, ["code", "column", "file", "help", "level", "line", "message", "text"]);
}

#[test]
fn a_plan_and_its_runbooks_are_checked_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.md", "# A\n\n```sh\ncurl http://a/health\n```\n");
    write("warroom.toml", "[room]\nname = \"a\"\nrunbook = [\"a.md\", \"gone.md\"]\n");
    let (code, out, _) = warroom(folder.path(), &["check"]);
    assert!(
        code == 1 && out.contains("--> a.md:4:1") && out.ends_with("1 error, 1 warning in a.md, warroom.toml\n"),
        "{out}"
    );
    assert!(out.contains("--> warroom.toml:3:20") && out.contains("3 | runbook = [\"a.md\", \"gone.md\"]"), "{out}");

    // What only warns can be accepted, on the line or above it.
    let slow = "[room]\nname = \"a\"\nrunbook = [\"a.md\"]\n[[service]]\nname = \"s\"\ntcp = \"a:1\"\nevery = \"1s\"\n";
    write("warroom.toml", &format!("{slow}timeout = \"2s\" # accept WR031: a slow link\n"));
    let (code, out, _) = warroom(folder.path(), &["check"]);
    assert!(code == 0 && out.ends_with("1 warning, 1 accepted in a.md, warroom.toml\n"), "{out}");
    write("warroom.toml", &format!("{slow}# accept WR031: a slow link\ntimeout = \"2s\"\n"));
    assert_eq!(warroom(folder.path(), &["check"]).1, out);

    // What keeps a plan from running cannot.
    write("warroom.toml", "[room]\nname = \"a\"\nzone = \"Moon\" # accept WR022: it is there\n");
    let (code, out, _) = warroom(folder.path(), &["check"]);
    assert!(code == 1 && out.contains("WR072") && out.contains("1 error, 1 warning in"), "{out}");
}

#[test]
fn explain_knows_its_codes() {
    let here = std::path::Path::new(".");
    let (code, out, _) = warroom(here, &["explain", "wr007"]);
    assert!(code == 0 && out.starts_with("WR007 (error): a text that is no duration\n\n"), "{out}");
    let (code, out, err) = warroom(here, &["explain", "WR00"]);
    assert!(code == 2 && out.is_empty() && err.contains("did you mean WR00"), "{err}");
    let (code, out, _) = warroom(here, &["explain"]);
    assert!(
        code == 0 && out.lines().count() == codes::ALL.len() && out.contains("WR042  warning  curl without -f"),
        "{out}"
    );
}
