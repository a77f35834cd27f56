//! What prose declares beside steps and numbers: windows, ladders, environments, contacts and flags.

use warroom::runbook::{At, Runbook, Standing, WayKind, read};

fn text(book: &str) -> Runbook {
    read("t.md", book.as_bytes()).unwrap()
}

fn rollout() -> Runbook {
    read("rollout.md", include_bytes!("support/runbooks/rollout.md")).unwrap()
}

#[test]
fn windows_have_their_cadence() {
    let windows: Vec<_> = rollout()
        .windows
        .iter()
        .map(|w| {
            let checks: Vec<_> = w.checks.iter().map(|c| (c.line, c.every)).collect();
            (w.title.raw().to_owned(), w.line, w.at.clone(), w.length, checks)
        })
        .collect();
    let at = |t: &str| Some(At::Clock { clock: t.into(), zone: None });
    assert_eq!(
        windows,
        [
            ("Watch the dashboards for 15 minutes.".into(), 31, None, Some(900), vec![]),
            ("CRITICAL MONITORING".into(), 40, at("11:00"), Some(1800), vec![(41, 120), (42, 300)]),
            ("NORMAL MONITORING".into(), 44, at("11:30"), Some(5400), vec![(45, 3600)]),
        ]
    );
}

#[test]
fn ladders_climb() {
    let ladders: Vec<_> = rollout()
        .ladders
        .iter()
        .map(|l| (l.title.raw().to_owned(), l.stages.iter().map(|s| (s.percent, s.dwell, s.line)).collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        ladders,
        [
            ("Rollout".into(), vec![(Some(5.0), Some(900), 22), (Some(25.0), None, 33), (Some(100.0), None, 35)]),
            ("Other ways".into(), [1.0, 10.0, 50.0, 100.0].map(|p| (Some(p), None, 50)).to_vec()),
        ]
    );
    let cohorts = text(
        "## Phased release\n\n1. Enable for internal users.\n2. Extend to pilot tenants, then full fleet after 72h.\n",
    );
    let stages: Vec<_> =
        cohorts.ladders[0].stages.iter().map(|s| (s.cohort.as_ref().unwrap().raw(), s.percent, s.dwell)).collect();
    assert_eq!(
        stages,
        [("internal users", None, None), ("pilot tenants", None, Some(259_200)), ("full fleet", Some(100.0), None)]
    );
    for none in
        ["Error rate: 1% then 5% is bad", "- CPU 80% to 90%", "Load test with 110% of traffic", "Cut traffic to 0%"]
    {
        assert!(text(none).ladders.is_empty(), "{none}");
    }
}

#[test]
fn environments_are_named_once() {
    let book = rollout();
    let found: Vec<_> = book
        .environments
        .iter()
        .map(|e| (e.name.raw(), e.url.as_ref().map(warroom::text::Untrusted::raw), e.line))
        .collect();
    assert_eq!(
        found,
        [("staging", Some("https://staging.shop.example"), 7), ("prod", Some("https://shop.example"), 8)]
    );
    let words =
        text("Deploy to staging, then to production. The stage of the play and staging-db are no environments.\n");
    assert_eq!(words.environments.iter().map(|e| e.name.raw()).collect::<Vec<_>>(), ["staging", "production"]);
}

#[test]
fn contacts_say_what_is_still_open() {
    let book = rollout();
    let found: Vec<_> = book
        .contacts
        .iter()
        .map(|c| (c.name.raw(), c.line, c.ways.iter().map(|w| (w.kind, w.standing)).collect::<Vec<_>>()))
        .collect();
    use Standing::{Given, Open};
    use WayKind::{Chat, Link, Person, Phone};
    assert_eq!(
        found,
        [
            ("Release lead", 14, vec![(Person, Open), (Phone, Given), (Chat, Given)]),
            ("Database", 15, vec![(Person, Given), (Phone, Open), (Chat, Given)]),
            ("War room", 17, vec![(Link, Given)]),
            ("Status channel", 18, vec![(Chat, Given)]),
        ]
    );
}

#[test]
fn flags_and_what_is_done_to_them() {
    let book = rollout();
    let found: Vec<_> = book
        .flags
        .iter()
        .map(|f| (f.name.raw(), f.changes.iter().map(|c| (c.line, c.enabled, c.percent)).collect::<Vec<_>>()))
        .collect();
    assert_eq!(found, [("search_v7", vec![(25, Some(true), None), (26, Some(true), Some(5.0))])]);
    let prose = text("- Disable the `new_checkout` flag\n- Feature flags prepared\n");
    assert_eq!(prose.flags.len(), 1);
    assert_eq!((prose.flags[0].name.raw(), prose.flags[0].changes[0].enabled), ("new_checkout", Some(false)));
}

#[test]
fn a_class_has_its_reason_and_a_note_its_command() {
    let book = rollout();
    let command = &book.commands[0];
    assert!(command.reason.raw().starts_with("curl -X POST"), "{}", command.reason);
    let expected = book.phases.iter().flat_map(|p| &p.notes).find(|n| n.kind == "expected").unwrap();
    assert_eq!(expected.command, Some(0));
}

/// A long runbook with one fence inside an item and one behind a step.
fn long() -> String {
    let rest: String = (0..70).map(|n| format!("Line {n} of the background.\n")).collect();
    format!(
        "# Cutover\n\n## Switch (T-0, 20 min)\n\n1. Drain\n\n   ```bash\n   ./drain.sh\n   ```\n2. Flip\n\n```bash\n./flip.sh --to <side>\n```\n\n## Rollback triggers\n\n- Error rate > 5% for 5 minutes\n- p95 < 300 ms\n\n## Roles\n\n- **Lead**: TBD\n\n## Background\n\n{rest}"
    )
}

fn show(text: &str, args: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("cutover.md"), text).unwrap();
    let out = crate::support::watch::warroom(home.path())
        .arg("show")
        .arg(home.path().join("cutover.md"))
        .args(args)
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn a_step_has_the_fence_that_stands_behind_it() {
    let shown: serde_json::Value = serde_json::from_str(&show(&long(), &["--format", "json"])).unwrap();
    let book = &shown["runbooks"][0];
    let commands: Vec<_> = book["steps"].as_array().unwrap().iter().map(|s| (&s["text"], &s["commands"])).collect();
    assert_eq!(commands[0], (&serde_json::json!("Drain"), &serde_json::json!([0])));
    assert_eq!(commands[1], (&serde_json::json!("Flip"), &serde_json::json!([1])));
}

#[test]
fn a_long_runbook_begins_with_its_overview_and_a_short_one_is_its_own() {
    let shown = show(&long(), &[]);
    let glance: Vec<&str> = shown.lines().skip_while(|l| *l != "At a glance").take_while(|l| !l.is_empty()).collect();
    assert!((5..=30).contains(&glance.len()), "{shown}");
    for words in ["Switch", "20 min · 2 steps · 2 commands", "2 limits", "Lead", "2 placeholders to fill in"] {
        assert!(glance.join("\n").contains(words), "{words} in {shown}");
    }
    assert!(!show("# X\n\n1. Go\n", &[]).contains("At a glance"));
}
