//! The flight-check: each rule finds its mistake and leaves ordinary runbooks alone; what is accepted does not count.

use std::path::{Path, PathBuf};

use warroom::check::{Input, Judged, MissingPart, flight_check, judge, text_of};
use warroom::finding::{Finding, Level, Paint, Report, Source, codes, explain, render};
use warroom::plan::{Outside, Plan};
use warroom::runbook::{Runbook, read};

mod cases;
mod clean;
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
