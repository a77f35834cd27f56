//! What a draft must never take from a runbook: secrets in clear, orders that were forbidden, times that nobody wrote.

use std::fmt::Write as _;

use warroom::finding::Level;
use warroom::plan::draft::draft;
use warroom::plan::{Input, Loaded, Outside, load};
use warroom::runbook::read;

/// The draft of one runbook, and the plan that it gives.
fn drafted(text: &str) -> (String, Loaded) {
    let books = [read("go-live.md", text.as_bytes()).unwrap()];
    let draft = draft(&books);
    let nothing = |_: &str| None;
    let refused = |_: &str| Err("nothing is read here".to_owned());
    let outside = Outside { env: &nothing, file: &refused, cmd: &refused };
    let loaded = load(&Input { path: "warroom.toml", text: &draft.text, outside: &outside, runbooks: &books });
    let errors: Vec<_> = loaded.findings.iter().filter(|f| f.level == Level::Error).map(|f| &f.message).collect();
    assert!(errors.is_empty(), "{errors:?}\n{}", draft.text);
    (draft.text, loaded)
}

#[test]
fn a_placeholder_that_is_a_secret_is_never_asked_into_the_journal() {
    let (text, loaded) = drafted(
        "# X\n\n```bash\npsql --password <db-password> -h <host>\ncurl -H 'Authorization: <API_TOKEN>' <keyboard>\nlogin <Kennwort> <apikey> <dbpass>\n```\n",
    );
    let asked: Vec<&str> = loaded.plan.params.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(asked, ["host", "keyboard"], "{text}");
    assert!(text.contains("\n# db-password = { env = \"DB_PASSWORD\" }"), "{text}");
    assert!(text.contains("\n# API_TOKEN = { env = \"API_TOKEN\" }"), "{text}");
    let question = text.lines().find(|l| l.contains("QUESTION") && l.contains("db-password")).unwrap();
    assert!(question.contains("API_TOKEN") && question.contains("apikey") && question.contains("dbpass"), "{question}");

    let (text, loaded) = drafted("# X\n\n```bash\nlogin <secret>\n```\n");
    assert!(loaded.plan.params.is_empty() && text.contains("\n# secret = { env = \"SECRET\" }"), "{text}");
}

#[test]
fn two_placeholders_with_one_key_get_two_names() {
    let (text, loaded) = drafted("# X\n\n```bash\ndeploy vX.Y.Z\ndeploy <version>\n```\n");
    let asked: Vec<&str> = loaded.plan.params.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(asked, ["version", "version-2"], "{text}");
}

#[test]
fn a_forbidden_order_becomes_no_rule_and_no_criterion() {
    let head = "# X\n\n| Service | URL |\n|---|---|\n| a | https://a.example.com/health |\n\n## Rules\n\n";
    for sentence in [
        "Do not roll back if p95 latency > 2 s",
        "Do not roll back if p95 latency is above 2 s",
        "Never roll back when p95 latency > 2 s",
        "Bei p95 Latenz > 2 s nicht zurückrollen",
    ] {
        let (text, loaded) = drafted(&format!("{head}- {sentence}\n"));
        assert!(loaded.plan.rules.is_empty(), "{sentence}: {text}");
        assert!(!text.contains("objective = \"> "), "{sentence}: {text}");
    }
    let (text, loaded) = drafted(&format!("{head}- Roll back if p95 latency > 2 s\n"));
    assert_eq!(loaded.plan.rules.len(), 1, "{text}");
    let (text, loaded) = drafted(&format!("{head}**Go/No-Go Decision**: T+30m\n\n- Do not go if error rate > 1%\n"));
    assert!(loaded.plan.gates[0].criteria.iter().all(|c| !c.text.contains("error rate")), "{text}");
}

#[test]
fn an_ellipsis_of_an_example_is_no_expectation() {
    let (text, loaded) = drafted(
        "# X\n\n```bash\ncurl -s https://a.example.com/health\n```\n\nAll healthy services return `{\"status\":\"ok\",\"service\":\"...\",\"version\":\"…\"}`.\n",
    );
    assert_eq!(loaded.plan.services.len(), 1, "{text}");
    assert!(text.contains("\"/status\" = \"ok\" }"), "{text}");
    assert!(!text.contains("\"/service\" =") && !text.contains("\"/version\" ="), "{text}");
}

#[test]
fn t0_is_the_time_that_the_runbook_says_in_its_zone() {
    for (said, t0, window) in [
        ("**Window**: 2026-11-22 02:00-04:00 UTC", "2026-11-22T02:00:00Z", Some("2h")),
        ("T-0: 2026-12-01 23:30 UTC", "2026-12-01T23:30:00Z", None),
        ("**Wartungsfenster**: 12.12.2026, 22:00 Uhr (MEZ)", "2026-12-12T22:00:00+01:00", None),
        ("**Wartungsfenster**: 12.12.2026, 22:00–01:30 Uhr (MEZ)", "2026-12-12T22:00:00+01:00", Some("3h30m")),
        ("**Start**: 2026-07-06 09:00 America/New_York", "2026-07-06T09:00:00-04:00", None),
        ("**Date**: 2026-07-06, 09:00 PST", "2026-07-06T09:00:00ZONE", None),
        ("**Date**: 2026-07-06, 09:00", "2026-07-06T09:00:00ZONE", None),
        ("**Date**: 2026-07-06", "2026-07-06THH:MM:00ZONE", None),
        ("Nothing", "YYYY-MM-DDTHH:MM:00ZONE", None),
    ] {
        let (text, _) = drafted(&format!("# X\n\n{said}\n\n1. Go\n"));
        assert!(text.contains(&format!("\n# t0 = {t0}\n")), "{said}: {text}");
        match window {
            Some(window) => assert!(text.contains(&format!("\nwindow = \"{window}\"")), "{said}: {text}"),
            None => assert!(!text.contains("\nwindow = "), "{said}: {text}"),
        }
    }
}

#[test]
fn a_whole_address_in_the_column_of_health_is_taken_as_it_stands() {
    let (text, loaded) = drafted(
        "# X\n\n| Service | Port | Health |\n|---|---|---|\n| a | 443 | https://a.example.com/healthz |\n| b | 8080 | `/healthz` |\n",
    );
    let targets: Vec<&str> = loaded.plan.services.iter().map(|s| s.target.as_str()).collect();
    assert_eq!(targets, ["https://a.example.com/healthz"], "{text}");
    assert!(text.contains("https://HOST:8080/healthz") && !text.contains("/https:"), "{text}");
}

#[test]
fn a_gate_that_says_its_numbers_in_its_title_is_judged_by_them() {
    let (text, loaded) = drafted(
        "# X\n\n| Service | URL |\n|---|---|\n| a | https://a.example.com/health |\n\n## Canary\n\n1. Send 5 % there\n\n**Go/No-Go**: proceed to everybody when error rate < 1% and p99 latency < 800 ms\n",
    );
    let gate = &loaded.plan.gates[0];
    let criteria: Vec<&str> = gate.criteria.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(criteria, ["error rate < 1%", "p99 latency < 800ms"], "{text}");
}

#[test]
fn a_name_is_not_cut_inside_a_word_or_a_number() {
    for (title, name) in [
        (
            "Go/No-Go: proceed to everybody once the p99 is under 80000 ms",
            "Go/No-Go: proceed to everybody once the p99 is under",
        ),
        (
            "Go/No-Go: proceed to everybody when all of the customers agree",
            "Go/No-Go: proceed to everybody when all of the customers",
        ),
    ] {
        let (text, _) = drafted(&format!("# X\n\n1. Go\n\n## {title}\n\n- Error rate < 1%\n"));
        assert!(text.contains(&format!("name = \"{name}\"")), "{text}");
    }
}

#[test]
fn a_test_of_load_is_no_time_to_wait_at_a_gate() {
    let (text, _) =
        drafted("# X\n\n**Go/No-Go Decision**: T+30m\n\n- 30-min soak test at ≥3× RPS passed\n- Error rate < 1%\n");
    assert!(text.contains("[[gate]]") && !text.contains("dwell = "), "{text}");
}

#[test]
fn a_query_fits_the_unit_of_its_metric() {
    let (text, _) =
        drafted("# X\n\n- queue latency < 2 s\n- Memory usage < 80%\n- Memory usage of the cache < 512 MB\n");
    assert!(text.contains("histogram_quantile(0.95") && !text.contains("1000 *"), "{text}");
    assert_eq!(text.matches("process_resident_memory_bytes").count(), 1, "{text}");
}

#[test]
fn a_draft_says_what_acts_once_its_mark_is_gone() {
    let (text, _) = drafted("# X\n\n1. Go\n");
    for kind in ["Rules", "gates", "windows", "levels", "rollbacks", "breakers"] {
        let head: Vec<&str> = text.lines().take_while(|l| !l.is_empty()).collect();
        assert!(head.concat().contains(kind) && head.concat().contains("as soon as no #"), "{kind}: {text}");
    }
}

#[test]
fn a_gate_of_thousands_of_lines_is_drafted_with_its_first_criteria() {
    let mut text =
        "# X\n\n| Service | URL |\n|---|---|\n| a | https://a.example.com/health |\n\n**Go/No-Go Decision**: T+30m\n\n"
            .to_owned();
    for n in 0..2_000 {
        let _ = writeln!(text, "- Error rate of shard {n} < {n}%");
    }
    let (text, _) = drafted(&text);
    assert!(text.contains("of 2000 criteria, the first 200 are drafted"), "{}", &text[text.len() - 2_000..]);
}
