//! `warroom export --format md`: the runbook byte for byte, its boxes ticked, and what was done under each step.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};
use uuid::Uuid;
use warroom::clock::{Stamp, Writer};
use warroom::fact::{Author, Draft, Entry, Fact, Hash, Mark, StepId};
use warroom::report::{Executed, Lost, Rest, executed, without_additions};
use warroom::room::{Book, Progress, Status};
use warroom::runbook::{ADDED, Runbook, read};
use warroom::text::Untrusted;

use crate::support::watch::{LIMIT, Watched, warroom};

/// What is said of steps, by their place in the runbook.
fn progress(book: &Runbook, says: &[(usize, Mark, &str)]) -> Progress {
    let mut progress = Progress::default();
    let (mut last, mut prev) = (None, Hash::default());
    for (n, (step, mark, reason)) in says.iter().enumerate() {
        let Some(step) = book.steps.get(*step) else { continue };
        let utc = chrono::DateTime::from_timestamp(1_792_000_000 + n as i64 * 60, 0).unwrap();
        let stamp = Stamp::next(last, utc, Writer(1));
        let reason = (!reason.is_empty()).then(|| Untrusted::new(*reason));
        let fact = Fact::StepMarked { step: step.id.clone(), mark: *mark, reason, saw: last, undoes: None };
        let by = Author { person: Untrusted::new("dba-Ünal"), role: Some(Untrusted::new("on-call")) };
        let entry = Arc::new(Entry::seal(Draft { id: Uuid::now_v7(), by, fact }, Writer(1), n as u64 + 1, stamp, prev));
        (last, prev) = (Some(stamp), entry.hash);
        progress.apply(&entry);
    }
    progress
}

fn export(bytes: &[u8], says: &[(usize, Mark, &str)]) -> (Runbook, Progress, Vec<u8>) {
    let runbook = read("go-live.md", bytes).unwrap();
    let progress = progress(&runbook, says);
    let book = Book::new(vec![runbook.clone()]);
    let of = Executed { book: &book, progress: &progress, at: &[], rest: Some(Rest::default()), variant: None };
    let out = executed(bytes, &runbook, of).unwrap();
    (runbook, progress, out)
}

/// Everything the export promises, whatever was done.
fn check(bytes: &[u8], says: &[(usize, Mark, &str)]) -> Result<(), String> {
    let (runbook, progress, out) = export(bytes, says);
    let shown = || format!("{:?}\nbecame\n{:?}", String::from_utf8_lossy(bytes), String::from_utf8_lossy(&out));
    // Without the additions: the same bytes but for the signs in boxes.
    let bare = without_additions(&out);
    if bare.len() != bytes.len() {
        return Err(format!("the text is not the same: {}\nbare {:?}", shown(), String::from_utf8_lossy(&bare)));
    }
    for (at, (before, after)) in bytes.iter().zip(&bare).enumerate() {
        let boxed = at > 0 && bytes[at - 1] == b'[' && bytes.get(at + 1) == Some(&b']') && matches!(after, b'x' | b' ');
        if before != after && !boxed {
            return Err(format!("byte {at} is another: {}", shown()));
        }
    }
    // Read again: the same steps, and what was done is ticked.
    let again = read("go-live.md", &out).map_err(|e| e.to_string())?;
    let told = |book: &Runbook| -> Vec<_> {
        book.steps.iter().map(|s| (s.id.clone(), s.text.raw().to_owned(), s.kind, s.depth, s.parent.clone())).collect()
    };
    if told(&runbook) != told(&again) {
        return Err(format!("other steps: {:#?}\nand\n{:#?}\n{}", told(&runbook), told(&again), shown()));
    }
    let book = Book::new(vec![runbook.clone()]);
    for (before, after) in runbook.steps.iter().zip(&again.steps) {
        let Some(checked) = before.checked.filter(|_| !book.is_group(&before.id)) else { continue };
        let state = progress.step(&before.id).filter(|s| s.newest.is_some());
        let wanted = state.map_or(checked, |s| s.status == Status::Done);
        if after.checked != Some(wanted) {
            return Err(format!("the box of line {} is {:?}: {}", before.line, after.checked, shown()));
        }
    }
    if again.thresholds.len() != runbook.thresholds.len() {
        return Err(format!("the additions were read as numbers of the plan: {}", shown()));
    }
    // On a page: the same blocks, and nothing of the plan has moved into the additions.
    if let (Ok(before), Ok(after)) = (std::str::from_utf8(&bare), std::str::from_utf8(&out))
        && page(before) != page(after)
    {
        return Err(format!("a page shows something else: {:#?}\nand\n{:#?}\n{}", page(before), page(after), shown()));
    }
    Ok(())
}

/// What a page shows, without the quotes that were added and without the difference of tight and loose lists.
fn page(text: &str) -> Vec<String> {
    let text = text.trim_start_matches("\u{feff}").replace("\r\n", "\n").replace('\r', "\n");
    let options = Options::ENABLE_TASKLISTS | Options::ENABLE_TABLES;
    let mut out: Vec<String> = Vec::new();
    let mut open: Vec<(usize, bool)> = Vec::new();
    for event in Parser::new_ext(&text, options) {
        let last_text = |out: &Vec<String>| out.last().is_some_and(|l| l.starts_with("text "));
        match event {
            Event::Start(Tag::BlockQuote(_)) => {
                open.push((out.len(), false));
                out.push("quote".to_owned());
            }
            Event::End(TagEnd::BlockQuote(_)) => match open.pop() {
                Some((start, true)) => out.truncate(start),
                _ => out.push("end of quote".to_owned()),
            },
            // Where what follows would run on into an added quote, a comment alone ends it.
            Event::Html(html) if html.trim() == ADDED => {}
            Event::InlineHtml(html) if html.trim() == ADDED => {
                if let Some(quote) = open.last_mut() {
                    quote.1 = true;
                }
            }
            Event::Start(Tag::Paragraph | Tag::HtmlBlock) | Event::End(TagEnd::Paragraph | TagEnd::HtmlBlock) => {}
            Event::Text(text) | Event::InlineHtml(text) | Event::Html(text) => {
                if last_text(&out)
                    && let Some(last) = out.last_mut()
                {
                    last.push_str(&text);
                } else {
                    out.push(format!("text {text}"));
                }
            }
            other => out.push(format!("{other:?}")),
        }
    }
    out
}

const RUNBOOK: &str = "# Go-live\n\n- [ ] back up\n- [x] announce\n- [ ] deploy\n  in two lines\n  - [ ] api\n  - [ ] web\n\n> - [ ] quoted\n\n1. [ ] numbered box\n2. plain number\n\n```bash\n# Step 1: drain\n./drain.sh\n# Step 2: start\n./start.sh\n```\nand on\n";

#[test]
fn what_was_done_stands_under_its_step_and_boxes_are_ticked() {
    let says = [
        (0, Mark::Done, ""),
        (1, Mark::Todo, ""),
        (3, Mark::Done, ""),
        (4, Mark::Skipped, "no web <b>today</b>, error rate < 1% @all\nreally"),
        (5, Mark::Waived, "by the board"),
    ];
    check(RUNBOOK.as_bytes(), &says).unwrap();
    let (_, _, out) = export(RUNBOOK.as_bytes(), &says);
    let out = String::from_utf8(out).unwrap();
    let expected = "# Go-live\n\n- [x] back up\n  > ✓ done 2026-10-14 17:46:40 UTC · dba-Ünal (on-call) <!-- warroom -->\n- [ ] announce\n  > ○ reopened 2026-10-14 17:47:40 UTC · dba-Ünal (on-call) · it was ticked in the file before <!-- warroom -->\n- [ ] deploy\n  in two lines\n  - [x] api\n    > ✓ done 2026-10-14 17:48:40 UTC · dba-Ünal (on-call) <!-- warroom -->\n  - [ ] web\n    > ⊘ skipped 2026-10-14 17:49:40 UTC · dba-Ünal (on-call): no web &lt;b&gt;today&lt;/b&gt;, error rate &lt; 1% &#64;all really <!-- warroom -->\n\n> - [ ] quoted\n>   > ⊘ waived 2026-10-14 17:50:40 UTC · dba-Ünal (on-call): by the board <!-- warroom -->\n\n1. [ ] numbered box\n";
    assert!(out.starts_with(expected), "{out}\nis not\n{expected}");
}

#[test]
fn a_group_is_ticked_when_all_of_it_is_done() {
    let all = [(3, Mark::Done, ""), (4, Mark::Done, "")];
    let (_, _, out) = export(RUNBOOK.as_bytes(), &all);
    assert!(String::from_utf8(out).unwrap().contains("- [x] deploy\n"));
    let (_, _, out) = export(RUNBOOK.as_bytes(), &all[..1]);
    assert!(String::from_utf8(out).unwrap().contains("- [ ] deploy\n"));
}

#[test]
fn nothing_done_changes_nothing() {
    for text in [RUNBOOK, "", "\u{feff}- [ ] a", "a\r\nb\rc\n", "\u{0}- [ ] x"] {
        let (_, _, out) = export(text.as_bytes(), &[]);
        assert_eq!(out, text.as_bytes());
    }
}

#[test]
fn other_encodings_keep_their_bytes() {
    let text = "\u{feff}# A\r\n\r\n- [ ] eins äöü\r\n- [ ] zwei 🚀";
    for little in [true, false] {
        let bytes: Vec<u8> =
            text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect();
        let (_, _, out) = export(&bytes, &[(0, Mark::Done, ""), (1, Mark::Done, "")]);
        let bare = without_additions(&out);
        let units: Vec<u16> = bare
            .as_chunks::<2>()
            .0
            .iter()
            .map(|p| if little { u16::from_le_bytes(*p) } else { u16::from_be_bytes(*p) })
            .collect();
        assert_eq!(String::from_utf16(&units).unwrap(), text.replace("[ ]", "[x]"));
        assert!(read("x", &out).unwrap().steps.iter().all(|s| s.checked == Some(true)));
    }
    // Latin-1, which is no UTF-8.
    check(b"- [ ] gr\xfc\xdfen\n- [ ] z\n", &[(0, Mark::Done, ""), (1, Mark::Skipped, "so")]).unwrap();
    // Damaged as a whole: what is added must leave the repair possible.
    let damaged = "# ‚úÖ x\n\n- [ ] start\n- [ ] end ‚úÖ";
    check(damaged.as_bytes(), &[(0, Mark::Done, ""), (1, Mark::Failed, "Zürich → 🚀")]).unwrap();
    let (_, _, out) = export(damaged.as_bytes(), &[(0, Mark::Done, "")]);
    assert!(read("x", &out).unwrap().repaired.is_some());
}

#[test]
fn every_runbook_at_hand_is_exported_exactly() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("tests/it/support/runbooks"), root.join("tests/it/support/understood")];
    folders.extend(["../shared/runbooks", "../../shared/runbooks"].iter().map(|f| root.join(f)));
    let mut count = 0;
    for file in folders.iter().filter_map(|f| std::fs::read_dir(f).ok()).flatten() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|e| e == "truth") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let steps = read("go-live.md", &bytes).unwrap().steps.len();
        for mark in [Mark::Done, Mark::Skipped, Mark::Failed] {
            let says: Vec<_> = (0..steps).map(|n| (n, mark, "because of <it>")).collect();
            check(&bytes, &says).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        }
        count += 1;
    }
    assert!(count > 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_runbook_is_exported_exactly(text in any_markdown(), says in prop::collection::vec((0..30_usize, any_mark()), 0..20)) {
        let says: Vec<(usize, Mark, &str)> = says.into_iter().map(|(step, mark)| (step, mark, "why `not` *x* [ ] <y>")).collect();
        if let Err(why) = check(text.as_bytes(), &says) {
            return Err(TestCaseError::fail(why));
        }
    }
}

fn any_mark() -> impl Strategy<Value = Mark> {
    prop_oneof![4 => Just(Mark::Done), 1 => Just(Mark::Todo), 1 => Just(Mark::Skipped), 1 => Just(Mark::Failed), 1 => Just(Mark::Running)]
}

fn any_markdown() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        8 => (prop_oneof![Just(""), Just("  "), Just("    "), Just("> "), Just("> > "), Just("\t"), Just("- "), Just(">   ")],
              prop_oneof![Just("- [ ] "), Just("* [ ] "), Just("+ [x] "), Just("1. [ ] "), Just("2) [X] "), Just("- "), Just("1. "), Just("7. "), Just("-\t[ ] "), Just("-   [ ] ")],
              "[a-z]{1,6}").prop_map(|(a, b, c)| format!("{a}{b}{c}")),
        2 => Just(String::new()),
        2 => "[a-z]{1,6}".prop_map(|w| w),
        1 => Just("  lazy on".to_owned()),
        1 => Just("## Deployment steps".to_owned()),
        1 => Just("```bash\n# Step 1: a\nx\n# Step 2: b\n```".to_owned()),
        1 => Just("~~~\n11:30 - open\n11:40 - close\n~~~".to_owned()),
        1 => Just("11:30 - open\n11:45 - go".to_owned()),
        1 => Just("```".to_owned()),
        1 => Just("---".to_owned()),
        1 => Just("| a | b |\n|---|---|\n| 1 | 2 |".to_owned()),
        1 => Just("<details>".to_owned()),
        1 => Just("> plain quote".to_owned()),
        1 => Just("-".to_owned()),
        1 => Just("**Rollback**:".to_owned()),
    ];
    let end = prop_oneof![6 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r")];
    (prop::collection::vec(line, 1..20), end, any::<bool>(), any::<bool>()).prop_map(|(lines, end, mark, last)| {
        // Three dashes first would begin front matter, which a page shows as a table.
        let lines = if lines.first().is_some_and(|l| l == "---") { &lines[1..] } else { &lines[..] };
        let text = lines.join("\n").replace('\n', end);
        format!("{}{text}{}", if mark { "\u{feff}" } else { "" }, if last { end } else { "" })
    })
}

fn ids(home: &Path) -> Vec<String> {
    let out = warroom(home).args(["show", "--format", "json"]).arg(home.join("go-live.md")).output().unwrap();
    let shown: Value = serde_json::from_slice(&out.stdout).unwrap();
    shown["runbooks"][0]["steps"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the runbook is in the journal: the watch is taken a moment after the start.
fn kept(journal: &Path) {
    let end = std::time::Instant::now() + LIMIT;
    let conn = rusqlite::Connection::open(journal).unwrap();
    conn.busy_timeout(LIMIT).unwrap();
    while conn.query_row("SELECT count(*) FROM text", [], |r| r.get::<_, i64>(0)).unwrap_or(0) == 0 {
        assert!(std::time::Instant::now() < end, "the runbook was never kept");
        std::thread::yield_now();
    }
}

#[test]
fn a_journal_gives_the_runbook_that_was_executed_though_the_file_is_another_by_now() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(at("go-live.md"), RUNBOOK).unwrap();
    let ids = ids(home.path());
    let journal = at("j.db");
    let journal = journal.to_str().unwrap();
    let watch = Watched::start(home.path(), &at("go-live.md"), "ic", &["--journal", journal]);
    let mut client = watch.client();
    let mut n = 0;
    for intent in [
        json!({ "kind": "tick", "step": ids[0] }),
        json!({ "kind": "skip", "step": ids[4], "reason": "nothing to ship" }),
        json!({ "kind": "note", "step": ids[0], "text": "took | two `minutes`" }),
        json!({ "kind": "note", "text": "all calm" }),
        json!({ "kind": "add", "after": ids[0], "text": "call the bank" }),
    ] {
        n += 1;
        assert_eq!(client.ask(n, "ic", &intent).unwrap()["answer"], "accepted", "{intent}");
    }
    kept(&at("j.db"));
    watch.end();
    std::fs::write(at("go-live.md"), "# Another one\n").unwrap();

    let out = warroom(home.path()).args(["export", "--format", "md"]).arg(at("j.db")).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(without_additions(&out.stdout), RUNBOOK.replacen("[ ]", "[x]", 1).as_bytes());
    let text = String::from_utf8(out.stdout).unwrap();
    for words in [
        "✓ done ",
        "⊘ skipped ",
        "nothing to ship",
        "took \\| two \\`minutes\\`",
        "all calm",
        "added on the run by ic: call the bank",
    ] {
        assert!(text.contains(words), "{words} is missing in\n{text}");
    }
    let verified = warroom(home.path()).arg("verify").arg(at("j.db")).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");

    // Into a file, but never over one.
    let write = |name: &str| {
        warroom(home.path())
            .args(["export", "--format", "md"])
            .arg(at("j.db"))
            .arg("-o")
            .arg(at(name))
            .output()
            .unwrap()
    };
    assert_eq!(write("executed.md").status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(at("executed.md")).unwrap(), text);
    let refused = write("go-live.md");
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(at("go-live.md")).unwrap(), "# Another one\n");
}

#[test]
fn several_runbooks_are_written_into_a_folder() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::create_dir(at("parts")).unwrap();
    std::fs::write(at("go-live.md"), "# A\n\n- [ ] first\n- [db](parts/db.md)\n").unwrap();
    std::fs::write(at("parts/db.md"), "# B\n\n- [ ] migrate\n").unwrap();
    let out = warroom(home.path()).args(["show", "--format", "json"]).arg(at("go-live.md")).output().unwrap();
    let shown: Value = serde_json::from_slice(&out.stdout).unwrap();
    let migrate = shown["runbooks"][1]["steps"][0]["id"].clone();
    let journal = at("j.db");
    let watch = Watched::start(home.path(), &at("go-live.md"), "ic", &["--journal", journal.to_str().unwrap()]);
    let tick = json!({ "kind": "tick", "step": migrate });
    assert_eq!(watch.client().ask(1, "ic", &tick).unwrap()["answer"], "accepted");
    kept(&journal);
    watch.end();
    let write =
        || warroom(home.path()).args(["export", "--format", "md"]).arg(&journal).arg("-o").arg(at("done")).output();
    let refused = write().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("2 runbooks were executed"), "{refused:?}");
    std::fs::create_dir(at("done")).unwrap();
    assert_eq!(write().unwrap().status.code(), Some(0));
    assert!(std::fs::read_to_string(at("done/parts/db.md")).unwrap().contains("- [x] migrate\n  > ✓ done"));
    assert_eq!(std::fs::read(at("done/go-live.md")).unwrap(), std::fs::read(at("go-live.md")).unwrap());
    // A folder in it that leads elsewhere is not followed.
    std::fs::remove_dir_all(at("done")).unwrap();
    std::fs::create_dir_all(at("done")).unwrap();
    std::os::unix::fs::symlink(at("parts"), at("done/parts")).unwrap();
    let before = std::fs::read(at("parts/db.md")).unwrap();
    assert_eq!(write().unwrap().status.code(), Some(2));
    assert_eq!(std::fs::read(at("parts/db.md")).unwrap(), before);
}

#[test]
fn a_runbook_in_the_journal_that_was_changed_is_not_believed() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(at("go-live.md"), RUNBOOK).unwrap();
    let ids = ids(home.path());
    let journal = at("j.db");
    let watch = Watched::start(home.path(), &at("go-live.md"), "ic", &["--journal", journal.to_str().unwrap()]);
    let tick = json!({ "kind": "tick", "step": ids[0] });
    assert_eq!(watch.client().ask(1, "ic", &tick).unwrap()["answer"], "accepted");
    kept(&journal);
    watch.end();
    let conn = rusqlite::Connection::open(&journal).unwrap();
    assert_eq!(conn.execute("UPDATE text SET bytes = CAST('# forged' AS BLOB)", []).unwrap(), 1);
    drop(conn);
    std::fs::remove_file(at("go-live.md")).unwrap();
    let out = warroom(home.path()).args(["export", "--format", "md"]).arg(at("j.db")).output().unwrap();
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stdout));
    assert!(String::from_utf8_lossy(&out.stderr).contains("holds no copy of go-live.md"), "{out:?}");
}

#[test]
fn steps_that_the_runbook_lost_are_told_at_its_end() {
    let runbook = read("go-live.md", b"- [ ] a\n").unwrap();
    let old = read("go-live.md", b"- [ ] gone\n").unwrap();
    let progress = progress(&old, &[(0, Mark::Done, "")]);
    let book = Book::new(vec![runbook.clone()]);
    let lost: Vec<Lost> = old.steps.iter().map(|s| Lost { step: s.id.clone(), words: Some(s.text.clone()) }).collect();
    let out = executed(
        b"- [ ] a\n",
        &runbook,
        Executed {
            book: &book,
            progress: &progress,
            at: &[],
            rest: Some(Rest { notes: &[], lost: &lost }),
            variant: None,
        },
    );
    let out = String::from_utf8(out.unwrap()).unwrap();
    assert!(
        out.starts_with("- [ ] a\n<!-- warroom -->\n> on a step that the runbook no longer has (gone): ✓ done "),
        "{out}"
    );
}

/// A journal may be anybody's: an added step that stands after itself must not end the program.
#[test]
fn added_steps_in_a_circle_are_told_once() {
    let bytes = b"# Go\n\n- [ ] first\n";
    let runbook = read("go-live.md", bytes).unwrap();
    let mut progress = Progress::default();
    let by = Author { person: Untrusted::new("ic"), role: None };
    let (first, added) = (runbook.steps[0].id.clone(), StepId::from("run-1"));
    for (n, after) in [first, added.clone()].into_iter().enumerate() {
        let fact = Fact::StepAdded { step: added.clone(), after: Some(after), text: Untrusted::new("call the bank") };
        let stamp = Stamp { ms: n as i64, n: 0, writer: Writer(1) };
        let draft = Draft { id: Uuid::now_v7(), by: by.clone(), fact };
        progress.apply(&Arc::new(Entry::seal(draft, Writer(1), n as u64 + 1, stamp, Hash::default())));
    }
    let book = Book::new(vec![runbook.clone()]);
    let of = Executed { book: &book, progress: &progress, at: &[], rest: Some(Rest::default()), variant: None };
    let out = String::from_utf8(executed(bytes, &runbook, of).unwrap()).unwrap();
    assert!(out.contains("call the bank"), "{out}");
}

#[test]
fn every_mark_of_a_step_is_told_and_a_begin_with_what_came_of_it() {
    let says = [
        (0, Mark::Running, ""),
        (0, Mark::Failed, "the disk was full"),
        (0, Mark::Running, ""),
        (0, Mark::Done, ""),
        (0, Mark::Done, ""),
        (1, Mark::Running, ""),
    ];
    check(RUNBOOK.as_bytes(), &says).unwrap();
    let (_, _, out) = export(RUNBOOK.as_bytes(), &says);
    let out = String::from_utf8(out).unwrap();
    let expected = "- [x] back up\n  > ✗ failed 2026-10-14 17:47:40 UTC · dba-Ünal (on-call): the disk was full · begun 2026-10-14 17:46:40 UTC <!-- warroom -->\n  > ✓ done 2026-10-14 17:49:40 UTC · dba-Ünal (on-call) · begun 2026-10-14 17:48:40 UTC · confirmed by dba-Ünal (on-call) 2026-10-14 17:50:40 UTC <!-- warroom -->\n- [ ] announce\n  > ◌ begun 2026-10-14 17:51:40 UTC · dba-Ünal (on-call) · it was ticked in the file before <!-- warroom -->\n";
    assert!(out.contains(expected), "{out}");
}

/// A watch on a plan of its own, and what the room exports afterwards.
fn exported(home: &Path, what: &str) -> String {
    let out = warroom(home).args(["export", "--format", "md"]).arg(home.join(what)).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn steps_that_went_are_named_by_their_words_and_what_was_added_behind_them_is_told() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(at("go-live.md"), "# Go-live\n\n- [ ] migrate the database\n- [ ] anounce it\n- [ ] end\n").unwrap();
    let ids = ids(home.path());
    let journal = at("j.db");
    let watch = Watched::start(home.path(), &at("go-live.md"), "ic", &["--journal", journal.to_str().unwrap()]);
    let mut client = watch.client();
    for (n, intent) in [
        json!({ "kind": "fail", "step": ids[0], "reason": "no access" }),
        json!({ "kind": "tick", "step": ids[0] }),
        json!({ "kind": "add", "after": ids[0], "text": "ask for access" }),
        json!({ "kind": "add", "after": ids[1], "text": "call the bank" }),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(client.ask(n as u64, "ic", intent).unwrap()["answer"], "accepted", "{intent}");
    }
    kept(&journal);
    // The first step goes, the second is spelt right.
    std::fs::write(at("go-live.md"), "# Go-live\n\n- [ ] announce it\n- [ ] end\n").unwrap();
    client.until("the edit in the record", |_| {
        let out = warroom(home.path()).args(["export", "--format", "jsonl"]).arg(&journal).output().unwrap();
        String::from_utf8_lossy(&out.stdout).matches("\"kind\":\"runbook-loaded\"").count() == 2
    });
    let end = std::time::Instant::now() + LIMIT;
    let conn = rusqlite::Connection::open(&journal).unwrap();
    conn.busy_timeout(LIMIT).unwrap();
    while conn.query_row("SELECT count(*) FROM text", [], |r| r.get::<_, i64>(0)).unwrap_or(0) < 2 {
        assert!(std::time::Instant::now() < end, "the second runbook was never kept");
        std::thread::yield_now();
    }
    drop((conn, client));
    watch.end();
    // From the journal alone.
    std::fs::remove_file(at("go-live.md")).unwrap();
    let out = exported(home.path(), "j.db");
    assert!(out.contains("- [ ] announce it\n  > added on the run by ic: call the bank"), "{out}");
    let lost = "> on a step that the runbook no longer has (migrate the database): ";
    for words in ["✗ failed ", "✓ done ", "added on the run by ic: ask for access"] {
        assert!(out.contains(&format!("{lost}{words}")), "{words} is missing in\n{out}");
    }
    assert!(out.contains("no access") && !out.contains(&ids[0]), "{out}");
    let verified = warroom(home.path()).arg("verify").arg(&journal).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}

#[test]
fn what_a_profile_leaves_out_is_said_so_and_the_runbook_may_be_gone() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let ran = at("ran");
    std::fs::write(at("go-live.md"), "# Go-live\n\n- [ ] a\n\n## Smoke\n\n- [ ] b\n- [ ] c\n").unwrap();
    std::fs::write(
        at("warroom.toml"),
        format!(
            "[room]\nrunbook = [\"go-live.md\"]\njournal = \"j.db\"\n[params]\ntoken = {{ cmd = 'sh -c \"touch {}; echo hunter2secret\"' }}\n[[profile]]\nname = \"hot_fix\"\nskip = [\"Smoke\"]\n",
            ran.display()
        ),
    )
    .unwrap();
    let ids = ids(home.path());
    let watch = Watched::start(home.path(), &at("warroom.toml"), "ic", &["--profile", "hot_fix"]);
    let mut client = watch.client();
    client.until("the profile", |s| s["steps"]["total"] == 1);
    assert_eq!(client.ask(1, "ic", &json!({ "kind": "tick", "step": ids[2] })).unwrap()["answer"], "accepted");
    kept(&at("j.db"));
    drop(client);
    watch.end();
    std::fs::remove_file(at("go-live.md")).unwrap();
    std::fs::remove_file(&ran).unwrap();
    let out = exported(home.path(), "warroom.toml");
    assert!(
        out.contains("- [ ] a\n\n## Smoke\n\n- [ ] b\n  > ⊘ n/a by profile \"hot\\_fix\" <!-- warroom -->\n"),
        "{out}"
    );
    assert!(out.contains("- [x] c\n  > ✓ done "), "{out}");
    let verified = warroom(home.path()).arg("verify").arg(at("warroom.toml")).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    assert!(!ran.exists(), "who looks up a record needs no secret");
    // The journal alone knows the name of the profile, not what it means.
    let out = exported(home.path(), "j.db");
    assert!(out.contains("the profile \"hot\\_fix\" was chosen; the plan says") && !out.contains("n/a"), "{out}");
    std::fs::remove_file(at("warroom.toml")).unwrap();
    let verified = warroom(home.path()).arg("verify").arg(at("j.db")).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}

/// What was decided about the room as a whole is told in the order in which it happened, and the frozen evidence can be read again.
#[test]
fn holds_gates_levels_and_rollbacks_are_told_in_their_order() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(
        at("go-live.md"),
        "# Go-live\n\n## Deploy\n\n- [ ] deploy green\n\n## Rollback\n\n- [ ] back to blue\n",
    )
    .unwrap();
    let plan = "[room]\nname = \"x\"\nrunbook = [\"go-live.md\"]\njournal = \"room.db\"\nt0 = 2025-10-21T12:00:00Z\n\n\
                [[metric]]\nname = \"five\"\ncommand = \"echo 5\"\nevery = \"1s\"\n\n\
                [[gate]]\nname = \"deploy\"\nat = \"Deploy\"\ncriteria = [\"steps done\", \"five < 10\"]\n\n\
                [[level]]\nname = \"3\"\ndeclare = [\"data corruption\"]\n\n\
                [[rollback]]\nname = \"blue\"\nsteps = \"Rollback\"\n";
    std::fs::write(at("warroom.toml"), plan).unwrap();
    let journal = at("room.db");
    let watch = Watched::start(home.path(), &at("warroom.toml"), "ic", &["--journal", journal.to_str().unwrap()]);
    let mut client = watch.client();
    client.until("a value", |status| status["metrics"][0]["value"] == 5.0);
    let intents = [
        json!({ "kind": "hold", "reason": "storage is slow" }),
        json!({ "kind": "resume", "reason": "it is fast again" }),
        json!({ "kind": "gate-override", "gate": "deploy", "reason": "done by hand" }),
        json!({ "kind": "declare", "level": "3", "symptom": "data corruption", "text": "rows are gone" }),
        json!({ "kind": "rollback-prepare", "plan": "blue" }),
        json!({ "kind": "rollback-arm", "plan": "blue" }),
        json!({ "kind": "rollback-fire", "plan": "blue", "word": "blue" }),
    ];
    for (n, intent) in (1..).zip(&intents) {
        let answer = client.ask(n, "ic", intent).unwrap();
        assert_eq!(answer["answer"], "accepted", "{answer}");
    }
    client.until("the level", |status| status["level"]["name"] == "3");
    watch.end();
    let run = |format: &str| {
        let out =
            warroom(home.path()).args(["export", journal.to_str().unwrap(), "--format", format]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let told = run("md");
    let mut from = 0;
    for words in [
        "hold ",
        "the clock stands: storage is slow",
        "the clock goes on: it is fast again",
        "\"deploy\", GO decided BY OVERRIDE",
        "data corruption declared, level 3: rows are gone",
        "level ",
        "\"blue\" prepared",
        "\"blue\" armed",
        "\"blue\" fired",
    ] {
        let at = told[from..].find(words);
        from += at.unwrap_or_else(|| panic!("{words:?} is not told behind what came before it:\n{told}"));
    }
    // With the plan at hand each stands where it belongs: the gate behind the last step of its section, the way back at its first.
    let named = at("warroom.toml");
    let out = warroom(home.path()).args(["export", named.to_str().unwrap(), "--format", "md"]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let placed = String::from_utf8(out.stdout).unwrap();
    let mut from = 0;
    for words in [
        "deploy green",
        "GO decided BY OVERRIDE",
        "## Rollback",
        "back to blue",
        "\"blue\" prepared",
        "\"blue\" fired",
        "the clock stands: storage is slow",
    ] {
        let at = placed[from..].find(words);
        from += at.unwrap_or_else(|| panic!("{words:?} does not stand behind what comes before it:\n{placed}"));
    }
    assert_eq!(placed.matches("GO decided").count(), 1, "it is told once:\n{placed}");
    // The evidence is in the record as it was frozen: what the chart showed, with the hash that the decision names.
    let entries = run("jsonl");
    let decided = entries.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    let decided = decided.map(|e| e["fact"].clone()).find(|f| f["kind"] == "gate-decided").unwrap();
    let charts = decided["evidence"]["charts"].as_array().unwrap();
    assert_eq!(charts[0]["metric"], "five");
    assert!(charts[0]["points"].as_array().is_some_and(|points| !points.is_empty()), "{decided:#}");
    let evidence: warroom::fact::gate::Evidence = serde_json::from_value(decided["evidence"].clone()).unwrap();
    assert_eq!(evidence.hash().to_string(), decided["sha256"].as_str().unwrap());
}
