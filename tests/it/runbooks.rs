//! Runbooks: every box, item and fence as GitHub renders it, and what a careful colleague would read out of the prose.

use std::collections::HashSet;
use std::path::PathBuf;

use proptest::prelude::*;
use warroom::app::show;
use warroom::plan::Plan;
use warroom::runbook::{At, Class, Repair, Runbook, RunbookError, Step, StepKind, read};

fn fixture(name: &str) -> Runbook {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/runbooks").join(name);
    read(name, &std::fs::read(path).unwrap()).unwrap()
}

fn text(book: &str) -> Runbook {
    read("t.md", book.as_bytes()).unwrap()
}

fn boxes(book: &Runbook) -> Vec<(u32, bool)> {
    book.items.iter().filter(|i| i.task).map(|i| (i.line, i.checked.unwrap())).collect()
}

fn fences(book: &Runbook) -> Vec<(u32, u32)> {
    book.commands.iter().map(|c| (c.line_start, c.line_end)).collect()
}

fn step(book: &Runbook, line: u32) -> &Step {
    book.steps.iter().find(|s| s.line == line).unwrap_or_else(|| panic!("no step at line {line}"))
}

fn steps(book: &Runbook, kind: StepKind) -> Vec<u32> {
    book.steps.iter().filter(|s| s.kind == kind).map(|s| s.line).collect()
}

fn clock(at: &str, zone: Option<&str>) -> Option<At> {
    Some(At::Clock { clock: at.into(), zone: zone.map(Into::into) })
}

#[test]
fn boxes_are_those_that_github_renders() {
    let book = fixture("markers.md");
    let expected =
        [(3, false), (4, true), (5, true), (7, false), (8, false), (10, false), (15, false), (17, false), (27, false)];
    assert_eq!(boxes(&book), expected);
    let depth =
        |line| book.items.iter().filter(|i| i.line == line).map(|i| (i.depth, i.ordered, i.task)).collect::<Vec<_>>();
    assert_eq!(depth(7), [(0, true, true)]);
    assert_eq!(depth(10), [(0, false, false), (1, false, true)]);
    assert_eq!(depth(18), [(0, true, false)]);
    assert_eq!(step(&book, 7).kind, StepKind::Task, "an ordered box is a task");
    let named = step(&book, 15);
    assert_eq!((&*named.id.0, named.text.raw()), ("fill-sha", "code and bold <sha>"));
}

#[test]
fn fences_have_their_exact_lines() {
    let book = fixture("fences.md");
    assert_eq!(fences(&book), [(3, 5), (8, 10), (13, 16), (18, 20), (22, 26), (32, 35)]);
    assert_eq!(boxes(&book), []);
    let second = &book.commands[1];
    assert_eq!((second.text.raw(), second.class), ("kubectl get pods\n", Class::Read));
    assert_eq!(step(&book, 7).commands, [1]);
    assert_eq!(step(&book, 11).commands, [2]);
    assert_eq!((book.commands[3].text.raw(), book.commands[3].class), ("DELETE FROM t;\n", Class::Danger));
}

#[test]
fn bytes_of_every_kind_open() {
    let crlf = fixture("crlf.md");
    assert_eq!(boxes(&crlf), [(1, false), (2, true)]);
    assert_eq!(fences(&crlf), [(4, 6)]);
    assert_eq!(
        crlf.lines.iter().map(warroom::text::Untrusted::raw).collect::<Vec<_>>(),
        ["- [ ] first line", "- [x] second", "", "```sh", "echo a", "```", "\t- tab"]
    );
    assert_eq!(boxes(&fixture("front-yaml.md")), [(8, false)]);
    assert_eq!(fixture("front-yaml.md").title.raw(), "After");
    assert_eq!(boxes(&fixture("front-broken.md")), [(6, false)]);
    let hostile = fixture("hostile.md");
    assert_eq!(boxes(&hostile), [(3, false), (4, true), (5, false)]);
    let shown = show::json(std::slice::from_ref(&hostile), &Plan::default(), &[]).to_string()
        + &show::text(std::slice::from_ref(&hostile), &Plan::default(), &[]);
    assert!(shown.chars().all(|c| c == '\n' || !warroom::text::is_unsafe(c)), "{shown}");
    assert_eq!(
        boxes(&read("t", &[0xff, 0xfe, b'-', 0, b' ', 0, b'[', 0, b' ', 0, b']', 0, b' ', 0, b'a', 0]).unwrap()),
        [(1, false)]
    );
    assert_eq!(text("").title.raw(), "t.md");
}

#[test]
fn mac_roman_is_undone_as_a_whole_or_not_at_all() {
    let book = text("# \u{f8ff}üöÄ Card\n\n- [ ] p95 ‚â§ 250ms\n");
    assert_eq!((book.repaired, book.title.raw()), (Some(Repair::MacRoman), "🚀 Card"));
    assert_eq!((book.thresholds[0].op.as_str(), step(&book, 3).text.raw()), ("<=", "p95 ≤ 250ms"));
    let half = text("# \u{f8ff}üöÄ Card ✅\n");
    assert_eq!(half.repaired, None);
    assert_eq!(text("# Über «Étape» – naïve √2 ≈ 1.4\n").repaired, None);
}

#[test]
fn too_large_is_refused_with_a_sentence() {
    let big = vec![b'a'; 4 * 1024 * 1024 + 1];
    let error = read("big.md", &big).unwrap_err();
    assert!(matches!(error, RunbookError::TooLarge { .. }));
    assert!(error.to_string().contains("big.md") && error.to_string().contains("4 MiB"));
    assert!(read("fits.md", &big[1..]).is_ok());
}

#[test]
fn sixty_levels_are_sixty_levels() {
    let deep: String = (0..60).map(|i| format!("{}- [ ] level {i}\n", "  ".repeat(i))).collect();
    let book = text(&deep);
    assert_eq!(book.items.iter().map(|i| i.depth).collect::<Vec<_>>(), (0..60).collect::<Vec<_>>());
    assert!(book.steps.windows(2).all(|w| w[1].parent == Some(w[0].id.clone())));
}

#[test]
fn a_release_is_understood() {
    let book = fixture("release.md");
    assert_eq!(boxes(&book).len(), 4);
    assert_eq!(steps(&book, StepKind::Task), [26, 27, 28, 37]);
    assert_eq!(steps(&book, StepKind::Numbered), [41, 42, 52], "neither contents nor lessons");
    assert_eq!(steps(&book, StepKind::Substep), [45, 47]);
    assert_eq!(steps(&book, StepKind::Timeline), [56, 57, 58, 63, 64]);
    assert_eq!(steps(&book, StepKind::Bullet), [72, 73, 82, 83]);

    let freeze = step(&book, 26);
    assert_eq!((freeze.estimate, freeze.role.as_ref().map(warroom::text::Untrusted::raw)), (Some(300), Some("DBA")));
    assert_eq!(step(&book, 27).parent.as_ref(), Some(&freeze.id));
    assert_eq!(
        freeze.heading_path.iter().map(warroom::text::Untrusted::raw).collect::<Vec<_>>(),
        ["Release 4.2", "Prepare (T-2h)"]
    );
    let backup = step(&book, 28);
    assert_eq!(backup.commands, [0]);
    let notes: Vec<_> = backup.notes.iter().map(|n| (n.kind.as_str(), n.text.raw(), n.line)).collect();
    assert_eq!(notes, [("expected", "a file over 1 GB", 34), ("wait-for", "the prompt", 34)]);
    assert_eq!(
        book.commands[0].placeholders.iter().map(warroom::text::Untrusted::raw).collect::<Vec<_>>(),
        ["$DB_HOST"]
    );
    assert_eq!(step(&book, 37).role.as_ref().map(warroom::text::Untrusted::raw), Some("Release lead"));
    assert_eq!(
        step(&book, 42).commands,
        [1],
        "a fence at the margin belongs to the item before it when the list goes on"
    );
    assert_eq!(step(&book, 45).parent.as_ref(), Some(&step(&book, 42).id));
    assert_eq!(step(&book, 47).notes[0].text.raw(), "two containers");
    assert_eq!(step(&book, 41).notes[0].kind, "abort-if");
    assert_eq!(step(&book, 52).at, clock("14:30", Some("CET")));
    assert_eq!(step(&book, 58).at, Some(At::T { t: 900 }));
    let switch = step(&book, 63);
    assert_eq!((switch.at.clone(), switch.estimate), (clock("12:00", Some("UTC")), Some(300)));

    let phases: Vec<_> = book.phases.iter().map(|p| (p.title.raw(), p.t, p.steps)).collect();
    assert_eq!(
        phases,
        [("Prepare", Some(-7200), 4), ("Deploy", Some(0), 10), ("Go/No-Go decision", None, 2), ("Wrap up", None, 2)]
    );
    assert_eq!(book.gates.len(), 1);
    assert_eq!(book.gates[0].criteria.len(), 2, "what to do is no criterion");
    assert_eq!(book.gates[0].at, clock("12:35", None));
    let thresholds: Vec<_> = book
        .thresholds
        .iter()
        .map(|t| (t.line, t.op.as_str(), t.value.to_string(), t.unit.as_deref(), t.for_s, t.severity.as_deref()))
        .collect();
    assert_eq!(
        thresholds,
        [
            (41, ">", "2".to_owned(), Some("%"), Some(180), Some("rollback")),
            (68, "<=", "300".to_owned(), Some("ms"), None, None),
            (69, "in", "[1,3]".to_owned(), Some("%"), None, Some("page")),
        ]
    );
    let services: Vec<_> = book
        .services
        .iter()
        .map(|s| (s.name.raw(), s.port, s.health.as_ref().map(warroom::text::Untrusted::raw)))
        .collect();
    assert_eq!(services, [("api", Some(8080), Some("/healthz")), ("cache", Some(6379), None)]);
    let roles: Vec<_> =
        book.roles.iter().map(|r| (r.name.raw(), r.person.as_ref().map(warroom::text::Untrusted::raw))).collect();
    assert_eq!(roles, [("Release lead", Some("release-lead")), ("DBA", None)]);
    assert_eq!(book.not_understood.iter().map(|l| l.line).collect::<Vec<_>>(), [1]);
    assert!(book.placeholders.iter().any(|p| p.text.raw() == "TBD" && p.lines == [15]));

    let briefing = show::text(std::slice::from_ref(&book), &Plan::default(), &[]);
    for words in
        ["Release 4.2", "T-02:00:00", "Prepare · 4 steps", "p95 latency <= 300 ms", "DBA (nobody yet): Migrations"]
    {
        assert!(briefing.contains(words), "{words} is missing in\n{briefing}");
    }
}

#[test]
fn an_author_may_say_what_is_a_step() {
    let book = text(
        "# Facts\n\n- The port is 80 <!-- step -->\n- Another\n\nReboot the host (5 min). <!-- step -->\n\n# Deploy\n\n\
         1. Deploy it\n2. It was blue <!-- not a step -->\n\n11:00 - a tale <!-- not a step -->\n11:05 - of old\n\n\
         - [ ] a box stays one <!-- not a step -->\n",
    );
    let found: Vec<_> = book.steps.iter().map(|s| (s.line, s.kind, s.text.raw())).collect();
    assert_eq!(
        found,
        [
            (3, StepKind::Bullet, "The port is 80"),
            (6, StepKind::Bullet, "Reboot the host (5 min)."),
            (10, StepKind::Numbered, "Deploy it"),
            (16, StepKind::Task, "a box stays one"),
        ]
    );
    assert_eq!(step(&book, 6).estimate, Some(300));
}

#[test]
fn a_step_keeps_its_identity_when_others_change() {
    let before = text("# A\n\n- [ ] one\n- [ ] two\n- [ ] two\n\n# B\n\n- [ ] two\n");
    let after = text("# A\n\nNew words.\n\n- [x] zero\n- [x] **two**\n- [ ] two\n\n# B\n\n- [ ] two\n");
    let id = |book: &Runbook, n: usize| book.steps[n].id.clone();
    assert_eq!([id(&before, 1), id(&before, 2), id(&before, 3)], [id(&after, 1), id(&after, 2), id(&after, 3)]);
    let all: HashSet<_> = before.steps.iter().map(|s| s.id.clone()).collect();
    assert_eq!(all.len(), 4);
    let twins = text("# A\n\n## Verify\n\n- [ ] look\n\n## Verify\n\n- [ ] look\n");
    assert_ne!(id(&twins, 0), id(&twins, 1), "two sections of one name are two places");
    assert_ne!(read("other.md", b"# A\n\n- [ ] one\n").unwrap().steps[0].id, id(&before, 0));
}

#[test]
fn show_has_the_promised_shape() {
    let book = fixture("release.md");
    let shown = show::json(&[book], &Plan::default(), &[]);
    let runbook = shown["runbooks"][0].as_object().unwrap();
    for key in [
        "path",
        "title",
        "sha256",
        "repaired",
        "steps",
        "commands",
        "phases",
        "gates",
        "thresholds",
        "services",
        "roles",
        "placeholders",
        "not_understood",
        "items",
    ] {
        assert!(runbook.contains_key(key), "{key}");
    }
    let step = &runbook["steps"][0];
    for key in [
        "id",
        "line",
        "kind",
        "checked",
        "depth",
        "parent",
        "heading_path",
        "phase",
        "text",
        "at",
        "estimate",
        "role",
        "commands",
        "notes",
    ] {
        assert!(step.as_object().unwrap().contains_key(key), "{key}");
    }
    assert_eq!(step["kind"], "task");
    assert_eq!(runbook["thresholds"][0]["for"], 180);
    assert!(shown["plan"].is_object() && shown["findings"].is_array());
}

/// The five texts that the project was built against; they are not in this repository.
#[test]
fn the_five_texts_are_read_exactly() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let Some(folder) =
        ["../shared/runbooks", "../../shared/runbooks"].iter().map(|f| root.join(f)).find(|f| f.is_dir())
    else {
        println!("skipped: no ../shared/runbooks beside this repository");
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let books: Vec<(Runbook, usize)> = files
        .iter()
        .map(|f| {
            let bytes = std::fs::read(f).unwrap();
            let newlines = bytes.iter().filter(|b| **b == b'\n').count() + usize::from(!bytes.ends_with(b"\n"));
            (read(&f.file_name().unwrap().to_string_lossy(), &bytes).unwrap(), newlines)
        })
        .collect();
    assert_eq!(books.len(), 5);
    // Counted by hand: boxes, fences, ordered steps, steps in fences, timeline lines, thresholds, services, roles, gates.
    let expected = [
        [0, 1, 23, 0, 0, 0, 4, 0, 0],
        [130, 19, 0, 31, 9, 23, 7, 7, 2],
        [5, 10, 11, 0, 0, 10, 1, 0, 1],
        [0, 2, 10, 0, 0, 2, 0, 4, 1],
        [26, 12, 0, 0, 0, 21, 0, 0, 2],
    ];
    for ((book, lines), expected) in books.iter().zip(expected) {
        let found = [
            boxes(book).len(),
            book.commands.len(),
            steps(book, StepKind::Numbered).len(),
            steps(book, StepKind::Substep).len(),
            steps(book, StepKind::Timeline).len(),
            book.thresholds.len(),
            book.services.len(),
            book.roles.len(),
            book.gates.len(),
        ];
        assert_eq!(found, expected, "{}", book.path);
        assert_eq!(book.lines.len(), *lines, "{}: no line is lost", book.path);
        assert!(book.not_understood.is_empty(), "{}: {:?}", book.path, book.not_understood);
        assert_eq!(book.repaired, book.path.starts_with("004").then_some(Repair::MacRoman));
    }
    let card = &books[4].0;
    assert_eq!(card.title.raw(), "🚀 GO-LIVE CARD (Single Pass)");
    let offsets: Vec<_> = card.phases.iter().filter_map(|p| p.t).take(4).collect();
    assert_eq!(offsets, [-1800, -600, 0, 3600]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Whatever is fed in: no panic, lines in range, steps and commands that exist, unique identities, no raw controls out.
    #[test]
    fn anything_opens(pieces in prop::collection::vec(piece(), 0..40), junk in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut bytes = pieces.concat().into_bytes();
        let at = bytes.len() / 2;
        bytes.splice(at..at, junk);
        let book = read("x.md", &bytes).unwrap();
        let lines = book.lines.len() as u32;
        let ids: HashSet<_> = book.steps.iter().map(|s| s.id.clone()).collect();
        prop_assert_eq!(ids.len(), book.steps.len());
        for item in &book.items {
            prop_assert!((1..=lines).contains(&item.line), "item at {} of {}", item.line, lines);
            prop_assert!(item.step.as_ref().is_none_or(|s| ids.contains(s)));
            prop_assert!(!item.task || item.step.is_some());
        }
        for step in &book.steps {
            prop_assert!((1..=lines).contains(&step.line) && step.line_end >= step.line);
            prop_assert!(step.commands.iter().all(|c| (*c as usize) < book.commands.len()));
            prop_assert!(step.parent.as_ref().is_none_or(|p| ids.contains(p)));
        }
        for command in &book.commands {
            prop_assert!(1 <= command.line_start && command.line_start <= command.line_end && command.line_end <= lines);
        }
        prop_assert!(book.steps.is_sorted_by_key(|s| s.line));
        let shown = show::text(&[book], &Plan::default(), &[]);
        prop_assert!(shown.chars().all(|c| c == '\n' || !warroom::text::is_unsafe(c)));
    }
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => "[ -~\\n]{0,24}",
        1 => "\\PC{0,12}",
    ]
}

const PIECES: &[&str] = &[
    "- [ ] a\n",
    "* [x] b\n",
    "1. c\n",
    "  - d\n",
    "\t- [ ] e\n",
    "> ",
    "> - [ ] f\n",
    "```\n",
    "```bash\n",
    "~~~\n",
    "    ",
    "# H (T-30)\n",
    "## Step 1: x (5 min)\n",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "| Role | Name |\n|---|---|\n",
    "| a | b |\n",
    "**Expected**: x\n",
    "**Action**:\n",
    "<!-- id: x -->",
    "<!-- ",
    "-->",
    "<details>\n",
    "---\n",
    "11:30 - go\n",
    "12:00 PM - 1:00 PM UTC",
    "error rate > 1% for 5 min → page\n",
    "# Step 2: y\n",
    "1-3%",
    "<sha>",
    "$TOKEN",
    "${A",
    "{{x}}",
    "\\",
    "[x]: /u\n",
    "[^1]: n\n",
    "\0",
    "\u{202e}",
    "‚úÖ",
    "Zero errors\n",
    "---\na: b\n",
    "curl -X POST http://h/health\n",
    "Go/No-Go Decision: 12:35 PM\n",
];

#[test]
fn more_items_than_anybody_drives_are_refused_with_a_word() {
    let many = "- [ ] x\n".repeat(100_001);
    let refused = warroom::runbook::read("go.md", many.as_bytes()).unwrap_err().to_string();
    assert!(refused.contains("100001 list items") && refused.contains("split it"), "{refused}");
    let long = "a\n".repeat(200_001);
    let refused = warroom::runbook::read("go.md", long.as_bytes()).unwrap_err().to_string();
    assert!(refused.contains("200001 lines") && refused.contains("split it"), "{refused}");
}

#[test]
fn a_condition_in_brackets_behind_rollback_is_a_limit_and_its_bullets_are_steps() {
    let text = "# Deploy\n\n## Rollback (if error rate > 2 % for 5 minutes)\n\n* Traffic back to blue\n* Old version on all nodes\n";
    let book = warroom::runbook::read("go.md", text.as_bytes()).unwrap();
    assert_eq!(book.steps.len(), 2);
    assert_eq!(book.phases.len(), 1);
    let limits: Vec<_> = book
        .thresholds
        .iter()
        .map(|t| (t.line, t.metric.raw(), t.op.as_str(), t.for_s, t.severity.as_deref()))
        .collect();
    assert_eq!(limits, [(3, "error rate", ">", Some(300), Some("rollback"))]);
    // A length or a name in brackets is none.
    let plain =
        warroom::runbook::read("go.md", b"## Rollback (5 min)\n\n* Back\n\n## Canary (25 % of users)\n\nText.\n")
            .unwrap();
    assert_eq!(plain.thresholds.len(), 0);
}

#[test]
fn the_briefing_claims_no_more_than_is_known() {
    let text = "# Go\n\n- [ ] **Prepare**\n  - [ ] Run `make migrate now`\n  - [ ] Tell them\n\n```sh\nnpm run check\n```\n\n```sh\nkubectl apply -f a.yaml\n```\n";
    let book = warroom::runbook::read("go.md", text.as_bytes()).unwrap();
    let briefing = show::text(std::slice::from_ref(&book), &Plan::default(), &[]);
    for words in [
        "3 steps (2 to tick)",
        "2 commands in fences (1 step with code in the line, not counted)",
        "2 changing, 1 of them perhaps",
        "unknown  npm run check: not known to only look",
        "changes  kubectl apply -f a.yaml: changes something",
    ] {
        assert!(briefing.contains(words), "{words} is missing in\n{briefing}");
    }
}
