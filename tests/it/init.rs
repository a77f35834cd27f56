//! `warroom init`: a draft that loads whatever the runbook says, with its sources, and that never destroys a plan.

use std::time::Duration;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proptest::prelude::*;
use warroom::finding::Level;
use warroom::plan::draft::{Draft, draft};
use warroom::plan::{Input, Loaded, Outside, load};
use warroom::runbook::{Runbook, read};

const RELEASE: &str = r"# Shop 3.0 Production Go-Live

**Date**: March 9, 2026

## Roles

| Role | Name | Responsibility |
|------|------|----------------|
| Incident Commander | Alex Roe | Overall coordination, go/no-go |
| Database | Kim Doe | Migrations |

## Services

| Service | URL | Health |
|---------|-----|--------|
| shop | https://shop.example.com | `/health` |
| search | search.example.com | `/status` |

Certificates of both must be valid.

## Phase 1: Deploy (T+0 to T+20 min)

**12:00 PM UTC**

- [ ] Deploy `<sha>` to all nodes

```bash
./deploy.sh --image <sha> --tag vX.Y.Z
redis-cli -h cache-1 -p 6379 ping
```

## Phase 2: Canary (T+20 to T+60 min)

- [ ] Enable flag for 5 % of users
- [ ] Monitor for 10 minutes

**Go/No-Go Decision**: 12:35 PM

- Error rate < 1%
- p95 latency < 400ms
- Nobody complains

## Phase 3: Monitoring (T+60 to T+120 min)

- CPU usage > 85% → page on-call

### Level 1: Watch

**Symptoms**:
- Error rate 1-4%

### Level 2: Roll back

**Symptoms**:
- Error rate > 4%

## Rollback Procedure

This takes about 2 minutes.

1. Switch the load balancer back
2. Verify `https://shop.example.com/health`

## Emergency Breakers

### Freeze Orders

```bash
./ops/freeze-orders.sh --now
```
";

fn book(text: &str) -> Runbook {
    read("go-live.md", text.as_bytes()).unwrap()
}

/// The 1-based line of the release that begins like this.
fn line_of(start: &str) -> u32 {
    RELEASE.lines().position(|l| l.starts_with(start)).unwrap() as u32 + 1
}

fn loaded(draft: &Draft, books: &[Runbook]) -> Loaded {
    let nothing = |_: &str| None;
    let refused = |_: &str| Err("nothing is read here".to_owned());
    let outside = Outside { env: &nothing, file: &refused, cmd: &refused };
    load(&Input { path: "warroom.toml", text: &draft.text, outside: &outside, runbooks: books })
}

fn errors(loaded: &Loaded) -> Vec<String> {
    let errors = loaded.findings.iter().filter(|f| f.level == Level::Error);
    errors.map(|f| format!("{} line {}: {}", f.code, f.line, f.message)).collect()
}

#[test]
fn a_release_becomes_a_plan_that_judges_what_the_runbook_judges() {
    let books = [book(RELEASE)];
    let draft = draft(&books);
    let loaded = loaded(&draft, &books);
    assert_eq!(errors(&loaded), Vec::<String>::new(), "{}", draft.text);
    let plan = &loaded.plan;
    assert_eq!(
        (plan.room.name.as_str(), plan.room.environment.as_deref()),
        ("Shop 3.0 Production Go-Live", Some("prod"))
    );
    let services: Vec<(&str, &str)> = plan.services.iter().map(|s| (s.name.as_str(), s.target.as_str())).collect();
    assert!(services.contains(&("shop", "https://shop.example.com/health")), "{services:?}");
    assert!(services.contains(&("search", "https://search.example.com/status")), "{services:?}");
    assert!(services.iter().any(|(_, target)| *target == "shop.example.com:443"), "{services:?}");
    let roles: Vec<_> = plan.roles.iter().map(|r| (r.name.as_str(), r.people.clone(), r.decides.len())).collect();
    assert_eq!(
        roles,
        [("Incident Commander", vec!["Alex Roe".to_owned()], 3), ("Database", vec!["Kim Doe".to_owned()], 0)]
    );
    let params: Vec<_> = plan.params.iter().map(|p| (p.name.as_str(), p.placeholders.clone())).collect();
    assert_eq!(params, [("sha", vec![]), ("version", vec!["vX.Y.Z".to_owned()])]);
    let error_rate = plan.metrics.iter().find(|m| m.name == "error rate").unwrap();
    assert_eq!(
        (error_rate.objective.as_ref().unwrap().value, error_rate.bands.as_slice()),
        (1.0, [1.0, 4.0].as_slice())
    );
    assert!(!plan.metrics.iter().any(|m| m.name.contains("CPU")), "nobody said where it comes from");
    let gate = &plan.gates[0];
    let criteria: Vec<&str> = gate.criteria.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(criteria, ["error rate < 1%", "p95 latency < 400ms"]);
    assert_eq!((gate.dwell.as_secs(), gate.deadline.map(|d| d.0)), (600, Some(35 * 60)));
    assert_eq!(gate.votes, ["Incident Commander"]);
    assert_eq!(gate.at.as_ref().unwrap().line, Some(line_of("**Go/No-Go Decision**")));
    let levels: Vec<_> = plan.levels.iter().map(|l| (l.name.as_str(), l.when[0].text.as_str())).collect();
    assert_eq!(levels, [("1", "error rate >= 1%"), ("2", "error rate > 4%")]);
    let windows: Vec<_> = plan.windows.iter().map(|w| (w.from.0, w.until.0)).collect();
    assert_eq!(windows, [(3_600, 7_200)]);
    assert_eq!(plan.rollbacks[0].steps.name, "Rollback Procedure");
    assert_eq!(plan.rollbacks[0].takes.unwrap().as_secs(), 120);
    assert_eq!(
        (plan.breakers[0].run.as_str(), plan.breakers[0].confirm.as_str()),
        ("./ops/freeze-orders.sh --now", "FREEZE")
    );
    // What is not known is asked, with the place and the words it was read from.
    assert!(draft.text.contains("t0 = 2026-03-09T12:00:00Z"), "{}", draft.text);
    assert!(plan.room.t0.is_none(), "a day in a text is not decided");
    let source = format!("# go-live.md:{} \"Error rate < 1%\"", line_of("- Error rate < 1%"));
    assert!(draft.text.contains(&source), "{}", draft.text);

    assert!(draft.text.contains("judged by people: Nobody complains"));
    assert!((1..10).contains(&draft.questions), "{}", draft.text);
    assert_eq!(draft.text.matches("# QUESTION ").count(), draft.questions);
}

#[test]
fn people_who_are_not_named_yet_leave_the_room_open_to_everybody() {
    let text = "# X\n\n| Role | Name | Duty |\n|---|---|---|\n| Commander | TBD | decides go/no-go |\n| DBA | TBD | migrations |\n\n**Go/No-Go Decision**: T+30m\n\n- Error rate < 1%\n";
    let books = [book(text)];
    let draft = draft(&books);
    let loaded = loaded(&draft, &books);
    assert_eq!(errors(&loaded), Vec::<String>::new());
    assert!(loaded.plan.roles.is_empty(), "a role without people would lock everybody out");
    assert!(draft.text.contains("who is who: Commander, DBA?"), "{}", draft.text);
    assert!(draft.text.contains("# votes = [\"Commander\"]"), "{}", draft.text);
}

#[test]
fn nothing_that_a_runbook_says_breaks_out_of_the_draft() {
    let evil = "\"]\n[room]\nname = \"pwned\"\n\u{1b}[2J\u{202e} ${HOME} $${x} '''\n\"\"\"\\\" # ";
    let evil_line: String = evil.chars().map(|c| if c == '\n' { '\r' } else { c }).collect();
    let words = [
        "\"] evil = 1 # [",
        "${SECRET}",
        "a\\",
        "'''",
        "\u{1b}]0;x\u{7}",
        "\u{202e}txt",
        "x\u{0}y",
        "= [",
        "]",
        "[[service]]",
        "<>!=",
        "☠️",
        &evil_line,
    ];
    for word in words {
        let text = RELEASE
            .replace("Shop", word)
            .replace("shop |", &format!("{word} |"))
            .replace("Incident Commander", &format!("{word} Commander"))
            .replace("Alex Roe", &format!("Alex {word}"))
            .replace("Freeze", word)
            .replace("./ops/freeze", &format!("{word} ./ops/freeze"))
            .replace("Error rate", &format!("{word} error rate"))
            .replace("Rollback Procedure", &format!("Rollback {word}"))
            .replace("<sha>", &format!("<sha {word}>"));
        let books = [book(&text)];
        let draft = draft(&books);
        let loaded = loaded(&draft, &books);
        assert_eq!(errors(&loaded), Vec::<String>::new(), "{word:?}\n{}", draft.text);
        assert!(!draft.text.chars().any(|c| c != '\n' && warroom::text::is_unsafe(c)), "{word:?}");
        assert_eq!(loaded.plan.room.runbook, ["go-live.md"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_draft_that_loads(lines in prop::collection::vec(any_line(), 0..40)) {
        let books = [book(&lines.join("\n"))];
        let draft = draft(&books);
        prop_assert_eq!(errors(&loaded(&draft, &books)), Vec::<String>::new(), "{}", draft.text);
    }
}

fn any_line() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("# Rollback "),
        Just("## Level 2: "),
        Just("- [ ] "),
        Just("| Role | Name |"),
        Just("|---|---|"),
        Just("| Commander | x |"),
        Just("**Go/No-Go Decision**: 12:35 "),
        Just("- Error rate < 1% "),
        Just("p95 latency 100-200ms"),
        Just("```bash"),
        Just("```"),
        Just("curl -H \"X-Key: $KEY\" https://a.example.com/health"),
        Just("http://"),
        Just("<sha>"),
        Just("vX.Y.Z"),
        Just("${A}"),
        Just("## Emergency breaker "),
        Just("T+0 to T+60 min monitoring"),
        Just("rm -rf /x"),
        Just("\"\\'"),
        Just("]"),
        Just("§ü漢🚀"),
        Just(""),
        Just("within 0 minutes"),
        Just("for 99999 hours"),
        Just("port 6379"),
        Just("\u{1b}[0m"),
        Just("success rate >= 99.9%"),
        Just("Zero errors"),
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
}

/// The five texts that the project was built against, where they are at hand.
#[test]
fn the_five_texts_give_plans_with_fewer_than_ten_questions() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let Some(folder) =
        ["../shared/runbooks", "../../shared/runbooks"].iter().map(|f| root.join(f)).find(|f| f.is_dir())
    else {
        println!("skipped: no ../shared/runbooks beside this repository");
        return;
    };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let books = [read("go-live.md", &std::fs::read(&path).unwrap()).unwrap()];
        let draft = draft(&books);
        assert_eq!(errors(&loaded(&draft, &books)), Vec::<String>::new(), "{}\n{}", path.display(), draft.text);
        assert!(draft.questions < 10, "{}: {}", path.display(), draft.questions);
    }
}

#[test]
fn every_fixture_gives_a_draft_that_loads() {
    let support = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/support");
    let mut books = Vec::new();
    for entry in ["runbooks", "understood"].iter().flat_map(|f| std::fs::read_dir(support.join(f)).unwrap()) {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "md") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        books.push(read(&name, &std::fs::read(&path).unwrap()).unwrap());
        let one = std::slice::from_ref(books.last().unwrap());
        assert_eq!(errors(&loaded(&draft(one), one)), Vec::<String>::new(), "{name}");
    }
    assert_eq!(errors(&loaded(&draft(&books), &books)), Vec::<String>::new(), "all of them in one room");
}

fn init(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_warroom")).current_dir(folder).arg("init").args(args).output().unwrap()
}

#[test]
fn a_plan_that_stands_there_is_compared_and_never_lost() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    std::fs::write(at("go-live.md"), RELEASE).unwrap();
    let first = init(place.path(), &["go-live.md"]);
    assert_eq!(first.status.code(), Some(0), "{}", String::from_utf8_lossy(&first.stderr));
    let said = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(
        ["warroom check", "warroom run", "questions are open", "as soon as no #"].iter().all(|w| said.contains(w)),
        "{said}"
    );
    let drafted = std::fs::read_to_string(at("warroom.toml")).unwrap();

    let again = init(place.path(), &["go-live.md"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(!String::from_utf8_lossy(&again.stdout).contains("@@"));

    let mine = drafted.replace("environment = \"prod\"", "environment = \"stage\"");
    std::fs::write(at("warroom.toml"), &mine).unwrap();
    let differs = init(place.path(), &["go-live.md"]);
    assert_eq!(differs.status.code(), Some(1));
    let shown = String::from_utf8_lossy(&differs.stdout).into_owned();
    assert!(
        shown.starts_with("--- warroom.toml\n+++ warroom.toml (drafted)\n@@ ")
            && shown.contains("\n-environment = \"stage\""),
        "{shown}"
    );
    assert_eq!(std::fs::read_to_string(at("warroom.toml")).unwrap(), mine, "not touched");

    // Who may read it is kept as it was.
    std::fs::set_permissions(at("warroom.toml"), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(init(place.path(), &["go-live.md", "--force"]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(at("warroom.toml")).unwrap(), drafted);
    assert_eq!(std::fs::metadata(at("warroom.toml")).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(std::fs::read_to_string(at("go-live.md")).unwrap(), RELEASE, "the runbook is never touched");
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is left lying about: {left:?}");
}

#[test]
fn nothing_is_written_through_a_link_or_read_from_outside() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    std::fs::create_dir(at("plan")).unwrap();
    std::fs::write(at("secret.md"), RELEASE).unwrap();
    std::fs::write(at("victim"), "mine").unwrap();
    std::fs::write(at("plan/go-live.md"), RELEASE).unwrap();
    std::os::unix::fs::symlink("../victim", at("plan/warroom.toml")).unwrap();
    for force in [&["go-live.md"][..], &["go-live.md", "--force"]] {
        let out = init(&at("plan"), force);
        assert_eq!(out.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&out.stderr).contains("is a link"), "{out:?}");
    }
    assert_eq!(std::fs::read_to_string(at("victim")).unwrap(), "mine");
    let outside = init(&at("plan"), &["../secret.md", "-o", "other.toml"]);
    assert_eq!(outside.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&outside.stderr).contains("is not under"), "{outside:?}");
    assert!(!at("plan/other.toml").exists());
}

#[test]
fn several_runbooks_make_one_plan() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    std::fs::create_dir(at("parts")).unwrap();
    std::fs::write(at("go-live.md"), RELEASE).unwrap();
    std::fs::write(at("parts/db.md"), "# Database\n\n1. Migrate\n2. Verify\n").unwrap();
    let out = init(place.path(), &["go-live.md", "parts/db.md"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    let text = std::fs::read_to_string(at("warroom.toml")).unwrap();
    assert!(text.contains("runbook = [\"go-live.md\", \"parts/db.md\"]"), "{text}");
    let check = Command::new(env!("CARGO_BIN_EXE_warroom")).current_dir(place.path()).arg("check").output().unwrap();
    assert_eq!(check.status.code(), Some(0), "{check:?}");
}

/// Eight times as much takes about eight times as long, not sixty-four times: gates of a section each, names that are wanted
/// again and again, services in plenty.
#[test]
fn a_draft_of_thousands_of_entries_stays_linear() {
    let entry =
        |i: usize| format!("\n## Gate\n\n- [ ] error rate < 1%\n- [ ] deploy to https://svc{i}.example.com/health\n");
    // What this thread itself spent: other processes are no part of it.
    let spent = || {
        let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
        Duration::from(nix::time::clock_gettime(clock).unwrap())
    };
    let text = |n: usize| format!("# Release\n{}", (0..n).map(entry).collect::<String>());
    let took = |n: usize| {
        let books = [read("go-live.md", text(n).as_bytes()).unwrap()];
        let once = || {
            let begun = spent();
            let drafted = draft(&books);
            assert!(drafted.text.contains(&format!("svc{}.example.com", n - 1)));
            spent().saturating_sub(begun)
        };
        // The best of some: another process may have emptied the caches in the middle of one.
        (0..3).map(|_| once()).min().unwrap()
    };
    let (few, many) = (took(500), took(4_000));
    assert!(many < few * 16, "{few:?} became {many:?}");
}
