//! Parts: Markdown that a runbook links is read, in its place, once, and nothing outside the folder ever.

use std::path::Path;

use serde_json::Value;
use warroom::room::{Book, Row};
use warroom::runbook::{Part, PartOf, read};

use crate::support::watch::{Watched, warroom};

fn parts(text: &str) -> Vec<(u32, String)> {
    read("go-live.md", text.as_bytes()).unwrap().parts.into_iter().map(|Part { line, target }| (line, target)).collect()
}

#[test]
fn a_link_that_sends_the_reader_is_a_part_and_one_for_reading_is_none() {
    for (text, wanted) in [
        ("# X\n\n- [Database](parts/db.md)\n", Some("parts/db.md")),
        ("# X\n\n1. **Deploy** - Follow [checklist/deploy.md](checklist/deploy.md)\n", Some("checklist/deploy.md")),
        ("# X\n\n- [ ] [Smoke tests](smoke.md)\n", Some("smoke.md")),
        ("# X\n\n## [Database](db.md)\n", Some("db.md")),
        ("# X\n\nSee [the rollback](rollback.md).\n", Some("rollback.md")),
        ("# X\n\nSiehe [Datenbank](db.md)\n", Some("db.md")),
        ("# X\n\n- [A b](a%20b.md)\n", Some("a b.md")),
        ("# X\n\nRefer to [the details](d.md) for full details.\n", None),
        ("# X\n\nPrepared (see [d](d.md)).\n", None),
        ("# X\n\nThe [plan](p.md) was agreed on.\n", None),
        ("# X\n\n| a |\n|---|\n| [x](x.md) |\n", None),
        ("# X\n\n## See also\n\n- [x](x.md)\n", None),
        ("# X\n\n## Table of Contents\n\n- [x](x.md)\n", None),
        ("# X\n\n- [x](#here)\n- [y](other.md#place)\n- [z](https://example.com/z.md)\n- [p](p.pdf)\n", None),
        ("# X\n\n```\n- [x](x.md)\n```\n", None),
        ("# X\n\n- [a](a.md) and [b](b.md)\n", None),
    ] {
        let found = parts(text);
        assert_eq!(found.first().map(|(_, target)| target.as_str()), wanted, "{text}");
    }
    assert_eq!(
        parts("# X\n\n1. one\n2. run [db](db.md)\n   - [deep](deep.md)\n"),
        [(4, "db.md".into()), (5, "deep.md".into())]
    );
}

#[test]
fn a_part_stands_behind_the_section_that_links_it() {
    let main = "# Go-live\n\n## Before\n\n- [ ] a\n- [ ] [db](db.md)\n- [ ] b\n\n## After\n\n- [ ] c\n";
    let main = read("go-live.md", main.as_bytes()).unwrap();
    let mut db = read("db.md", b"# Database\n\n- [ ] migrate\n").unwrap();
    db.part_of = Some(PartOf { path: "go-live.md".into(), line: 6 });
    let book = Book::new(vec![main, db]);
    let order: Vec<&str> = book.steps().map(|s| s.text.raw()).collect();
    assert_eq!(order, ["a", "db", "b", "migrate", "c"]);
    let rows: Vec<String> = book
        .rows
        .iter()
        .map(|row| match row {
            Row::Phase { .. } => format!("# {}", book.phase_at(*row).unwrap().title),
            Row::Step { .. } => book.step_at(*row).unwrap().text.to_string(),
        })
        .collect();
    assert_eq!(rows, ["# Before", "a", "db", "b", "# Database", "migrate", "# After", "c"]);
}

#[test]
fn parts_that_hold_each_other_lose_no_step() {
    let book = |path: &str, of: &str| {
        let mut book = read(path, format!("- [ ] {path}\n").as_bytes()).unwrap();
        book.part_of = Some(PartOf { path: of.into(), line: 1 });
        book
    };
    let all = Book::new(vec![book("a.md", "b.md"), book("b.md", "a.md"), book("c.md", "c.md")]);
    assert_eq!(all.steps().count(), 3);
}

fn show(home: &Path, what: &str) -> Value {
    let out = warroom(home).args(["show", "--format", "json"]).arg(home.join(what)).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn paths(shown: &Value) -> Vec<&str> {
    shown["runbooks"].as_array().unwrap().iter().map(|b| b["path"].as_str().unwrap()).collect()
}

fn codes(shown: &Value) -> Vec<(String, u64)> {
    let all = shown["findings"].as_array().unwrap().iter();
    let ours = all.filter(|f| ["WR066", "WR080", "WR081"].contains(&f["code"].as_str().unwrap()));
    ours.map(|f| (f["code"].as_str().unwrap().to_owned(), f["line"].as_u64().unwrap())).collect()
}

#[test]
fn parts_are_followed_within_the_folder_and_everything_else_is_told() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::create_dir_all(at("room/parts")).unwrap();
    std::fs::write(at("secret.md"), "- [ ] not yours\n").unwrap();
    std::os::unix::fs::symlink("../../secret.md", at("room/parts/link.md")).unwrap();
    std::fs::write(
        at("room/go-live.md"),
        "# Go-live\n\n1. Follow [db](parts/db.md)\n2. Follow [out](../secret.md)\n3. Follow [link](parts/link.md)\n4. Follow [gone](parts/gone.md)\n5. Follow [abs](/etc/x.md)\n6. Follow [db again](./parts/../parts/db.md)\n",
    )
    .unwrap();
    std::fs::write(
        at("room/parts/db.md"),
        "# Database\n\n- [ ] migrate\n\nSee [back](../go-live.md).\n\n- [web](web.md)\n",
    )
    .unwrap();
    std::fs::write(at("room/parts/web.md"), "# Web\n\n- [ ] deploy\n").unwrap();
    for what in ["room/go-live.md", "room/warroom.toml"] {
        std::fs::write(at("room/warroom.toml"), "[room]\nrunbook = [\"go-live.md\"]\n").unwrap();
        let shown = show(home.path(), what);
        assert_eq!(paths(&shown), ["go-live.md", "parts/db.md", "parts/web.md"]);
        assert_eq!(shown["runbooks"][2]["part_of"]["path"], "parts/db.md");
        let expected = [("WR066", 4), ("WR066", 5), ("WR066", 6), ("WR066", 7), ("WR080", 5)];
        assert_eq!(codes(&shown), expected.map(|(code, line)| (code.to_owned(), line)), "{what}");
        assert!(!shown.to_string().contains("not yours"));
    }
    let out = warroom(home.path()).arg("show").arg(at("room/go-live.md")).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("part of go-live.md, linked in line 3"), "{text}");
}

#[test]
fn parts_of_parts_end_somewhere() {
    let home = tempfile::tempdir().unwrap();
    let at = |n: usize| home.path().join(format!("p{n}.md"));
    for n in 0..30 {
        std::fs::write(at(n), format!("# P{n}\n\n- [ ] step {n}\n\n- [next](p{}.md)\n", n + 1)).unwrap();
    }
    let shown = show(home.path(), "p0.md");
    assert_eq!(paths(&shown).len(), 9);
    assert_eq!(codes(&shown), [("WR081".to_owned(), 5)]);
    let links: String = (1..200).map(|n| format!("- [{n}](q{n}.md)\n")).collect();
    std::fs::write(home.path().join("wide.md"), format!("# W\n\n{links}")).unwrap();
    for n in 1..200 {
        std::fs::write(home.path().join(format!("q{n}.md")), "- [ ] x\n").unwrap();
    }
    assert_eq!(paths(&show(home.path(), "wide.md")).len(), 64);
}

#[test]
fn a_change_of_a_part_is_seen_while_the_room_runs() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(at("go-live.md"), "# G\n\n- [ ] a\n\n- [db](db.md)\n- [late](late.md)\n").unwrap();
    std::fs::write(at("db.md"), "- [ ] migrate\n").unwrap();
    let journal = at("j.db");
    let watch = Watched::start(home.path(), &at("go-live.md"), "ic", &["--journal", journal.to_str().unwrap()]);
    let mut client = watch.client();
    let before = client.status()["steps"]["total"].as_u64().unwrap();
    std::fs::write(at("db.md"), "- [ ] migrate\n- [ ] verify\n").unwrap();
    client.until("the new step of the part", |s| s["steps"]["total"].as_u64() == Some(before + 1));
    // A part that was missing comes.
    std::fs::write(at("late.md"), "- [ ] one\n- [ ] two\n").unwrap();
    client.until("the part that came", |s| s["steps"]["total"].as_u64() == Some(before + 3));
    // A part that was linked only now is watched from now on.
    std::fs::write(at("new.md"), "- [ ] x\n").unwrap();
    std::fs::write(at("late.md"), "- [ ] one\n- [ ] two\n\nSee [new](new.md)\n").unwrap();
    client.until("the part of the part", |s| s["steps"]["total"].as_u64() == Some(before + 4));
    std::fs::write(at("new.md"), "- [ ] x\n- [ ] y\n").unwrap();
    client.until("its change", |s| s["steps"]["total"].as_u64() == Some(before + 5));
}

#[test]
fn a_file_is_read_once_however_its_name_is_written() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(at("go-live.md"), "# Go-live\n\n1. Follow [db](db.md)\n2. Follow [db](./db.md)\n").unwrap();
    std::fs::write(at("db.md"), "# Database\n\n- [ ] migrate\n").unwrap();
    for named in ["[\"./go-live.md\", \"./db.md\"]", "[\"go-live.md\", \"db.md\", \"././db.md\"]"] {
        std::fs::write(at("warroom.toml"), format!("[room]\nrunbook = {named}\n")).unwrap();
        let shown = show(home.path(), "warroom.toml");
        assert_eq!(paths(&shown), ["go-live.md", "db.md"], "{named}");
    }
    // What leads out is still refused as it was written.
    std::fs::write(at("warroom.toml"), "[room]\nrunbook = [\"./x/../go-live.md\"]\n").unwrap();
    let shown = show(home.path(), "warroom.toml");
    assert!(shown["findings"].to_string().contains("outside"), "{shown}");
}

#[test]
fn a_link_for_reading_that_leads_nowhere_is_told() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::create_dir(at("docs")).unwrap();
    std::fs::write(at("docs/there.md"), "# There\n").unwrap();
    let text = "# Go-live\n\nRefer to [the details](docs/there.md#place) for full details.\n\nRefer to [more](docs/gone.md) for all of it.\n\n- [ ] back up (see the [sheet](docs/gone%20too.pdf))\n- [ ] see [the wiki](https://example.com/x.md), [a place](#here), [up](../x.md), [a page](wiki/Rollback) and [host](docs.example.com)\n- [ ] we saw [it](gone.md) and oversee [that](gone.md)\n- [ ] migrate, described in [db](docs/there.md)\n";
    std::fs::write(at("go-live.md"), text).unwrap();
    let found = |shown: &Value| -> Vec<(u64, String)> {
        let all = shown["findings"].as_array().unwrap().iter().filter(|f| f["code"] == "WR082");
        all.map(|f| (f["line"].as_u64().unwrap(), f["message"].as_str().unwrap().to_owned())).collect()
    };
    let wanted = [(5, "docs/gone.md is not there"), (7, "docs/gone too.pdf is not there")];
    let shown = found(&show(home.path(), "go-live.md"));
    assert_eq!(shown.len(), 2, "{shown:?}");
    for ((line, message), (wanted_line, words)) in shown.iter().zip(wanted) {
        assert!(*line == wanted_line && message.starts_with(words), "{shown:?}");
    }
    std::fs::write(at("docs/gone.md"), "").unwrap();
    std::fs::write(at("docs/gone too.pdf"), "").unwrap();
    assert_eq!(found(&show(home.path(), "go-live.md")), []);
}
