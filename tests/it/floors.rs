//! Who may import whom, held as a table; and what floors 0 and 1 may never touch.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Floor 0 in reading order: each module may import those before it.
/// (`fact` stands before `runbook`: a step's identity is the word that facts use for it. `finding` is the word for what is
/// wrong and how it is printed; runbook and plan are what findings are made in, `check` is the flight-check over both.)
const WORDS: [&str; 11] =
    ["clock", "text", "secret", "notice", "fact", "probe", "condition", "finding", "runbook", "plan", "check"];
/// Floor 1.
const RULES: [&str; 2] = ["room", "report"];
/// Floor 2 that everyone on floor 2 may import, in order.
const SHARED_EDGES: [&str; 3] = ["task", "proc", "trust"];
/// Floor 2: each knows floors 0 and 1 and the shared edges, and none of the others.
const EDGES: [&str; 6] = ["files", "poll", "journal", "tell", "rehearse", "tui"];
/// Floor 3 in order: each may import everything below and those before it.
const WIRING: [&str; 3] = ["config", "cli", "app"];

/// What floors 0 and 1 may not touch: no I/O, no clock, no screen, no runtime.
const WORLD: [&str; 12] = [
    "tokio",
    "reqwest",
    "ratatui",
    "crossterm",
    "rusqlite",
    "axum",
    "std::fs",
    "std::net",
    "std::process",
    "Instant::now",
    "SystemTime::now",
    "Utc::now",
];

/// What no file of the program may contain.
const NOWHERE: [&str; 4] = [".unwrap()", "todo!", "unimplemented!", "dbg!"];

/// The modules that `module` may import; `None` for a module that is not in the table.
fn may_import(module: &str) -> Option<Vec<&'static str>> {
    let mut below: Vec<&'static str> = Vec::new();
    for floor in [&WORDS[..], &RULES[..], &SHARED_EDGES[..]] {
        for &m in floor {
            if m == module {
                return Some(below);
            }
            below.push(m);
        }
    }
    if EDGES.contains(&module) {
        return Some(below);
    }
    below.extend(EDGES);
    for m in WIRING {
        if m == module {
            return Some(below);
        }
        below.push(m);
    }
    matches!(module, "lib" | "main").then_some(below)
}

fn is_pure(module: &str) -> bool {
    WORDS.contains(&module) || RULES.contains(&module)
}

/// The source with comments and the contents of strings blanked out, lines kept.
fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    while i < chars.len() {
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            while i < chars.len() {
                if at(i) == '/' && at(i + 1) == '*' {
                    depth += 1;
                    i += 2;
                } else if at(i) == '*' && at(i + 1) == '/' {
                    depth -= 1;
                    i += 2;
                    if depth == 0 {
                        break;
                    }
                } else {
                    if at(i) == '\n' {
                        out.push('\n');
                    }
                    i += 1;
                }
            }
        } else if c == 'r' && !at(i.wrapping_sub(1)).is_alphanumeric() && matches!(at(i + 1), '"' | '#') {
            let hashes = (i + 1..chars.len()).take_while(|&k| at(k) == '#').count();
            if at(i + 1 + hashes) != '"' {
                out.push(c); // a raw identifier such as r#match
                i += 1;
                continue;
            }
            i += 2 + hashes;
            while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|k| at(i + k) == '#')) {
                if at(i) == '\n' {
                    out.push('\n');
                }
                i += 1;
            }
            i += 1 + hashes;
            out.push_str("\"\"");
        } else if c == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                if at(i) == '\n' {
                    out.push('\n');
                }
                i += if at(i) == '\\' && at(i + 1) != '\n' { 2 } else { 1 };
            }
            i += 1;
            out.push_str("\"\"");
        } else if c == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            // A character, not a lifetime.
            i += if at(i + 1) == '\\' { 3 } else { 2 };
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
            out.push_str("' '");
        } else {
            out.push(c);
            i += 1;
        }
    }
    out
}

/// The modules of this crate named in `code` of a file `depth` folders below `src`: `crate::x`, `crate::{x, y::z}` and
/// as many `super::` as lead to the crate's root.
fn imports(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let root_by_super = "super::".repeat(depth + 1);
    for root in ["crate::", root_by_super.as_str()] {
        for (start, _) in code.match_indices(root) {
            let before = code[..start].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let line = code[..start].matches('\n').count() + 1;
            let rest = &code[start + root.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let mut level = 0_i32;
                let mut name = String::new();
                for c in group.chars() {
                    match c {
                        '}' if level == 0 => break,
                        '{' => level += 1,
                        '}' => level -= 1,
                        _ => {}
                    }
                    if level == 0 && c == ',' {
                        found.push((line, std::mem::take(&mut name)));
                    } else if level == 0 || c != '}' {
                        name.push(c);
                    }
                }
                found.push((line, name));
            } else {
                found.push((line, rest.to_owned()));
            }
        }
    }
    found
        .into_iter()
        .map(|(line, path)| (line, path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()))
        .filter(|(_, m): &(usize, String)| m.chars().next().is_some_and(char::is_lowercase))
        .collect()
}

/// Everything wrong with one file, a sentence each.
fn judge(path: &str, source: &str) -> Vec<String> {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    // In `src/a/mod.rs` one `super::` is the crate's root, in `src/a/b.rs` two are.
    let depth = inside.matches('/').count() - usize::from(inside.ends_with("/mod.rs"));
    let module = inside.split(['/', '.']).next().unwrap_or_default();
    let mut wrong = Vec::new();
    if !source.starts_with("//!") {
        wrong.push(format!("{path}: the first line does not say what the file is for (`//! One sentence.`)"));
    }
    let Some(allowed) = may_import(module) else {
        wrong.push(format!("{path}: module {module} is not in the table of floors in tests/it/floors.rs"));
        return wrong;
    };
    let code = code_only(source);
    for (line, imported) in imports(&code, depth) {
        let known = may_import(&imported).is_some();
        if known && imported != module && !allowed.contains(&imported.as_str()) {
            wrong.push(format!("{module} → {imported} in {path}, line {line}"));
        }
    }
    let lines = || code.lines().enumerate().map(|(i, l)| (i + 1, l));
    if is_pure(module) {
        for (line, text) in lines() {
            for word in WORLD {
                if mentions(text, word) {
                    wrong.push(format!("{module} → {word} in {path}, line {line}: floors 0 and 1 touch no world"));
                }
            }
        }
    }
    // A file may end with tests of its own private parts; those may unwrap.
    let tests = code.lines().position(|l| l.trim() == "#[cfg(test)]").unwrap_or(usize::MAX);
    for (line, text) in lines().take(tests) {
        for word in NOWHERE {
            if text.contains(word) {
                wrong.push(format!("{word} in {path}, line {line}: say what happens instead"));
            }
        }
    }
    wrong
}

/// Whether `word` stands in `text` as a path of its own.
fn mentions(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        edge(text[..at].chars().next_back()) && edge(text[at + word.len()..].chars().next())
    })
}

fn rust_files(dir: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, into)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
    Ok(())
}

#[test]
fn imports_point_down_only_and_words_touch_no_world() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&home.join("src"), &mut files).unwrap();
    assert!(files.len() > 20, "found only {} files", files.len());
    files.sort();
    let mut said = String::new();
    for file in files {
        let path = file.strip_prefix(home).unwrap().to_string_lossy().replace('\\', "/");
        for sentence in judge(&path, &fs::read_to_string(&file).unwrap()) {
            writeln!(said, "  {sentence}").unwrap();
        }
    }
    assert!(said.is_empty(), "the floors are broken:\n{said}");
}

#[test]
fn every_test_file_and_folder_of_the_house_says_what_it_is_for() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&home.join("tests"), &mut files).unwrap();
    for file in files {
        assert!(fs::read_to_string(&file).unwrap().starts_with("//!"), "{} begins without `//!`", file.display());
    }
}

#[test]
fn a_broken_floor_is_told_in_one_sentence() {
    let told = |path: &str, code: &str| judge(path, &format!("//! x\n{code}\n"));
    assert_eq!(
        told("src/room/gate.rs", "use crate::journal::Journal;"),
        ["room → journal in src/room/gate.rs, line 2"]
    );
    assert_eq!(told("src/poll/http.rs", "use crate::{clock, tui::draw};"), ["poll → tui in src/poll/http.rs, line 2"]);
    assert_eq!(told("src/text.rs", "use super::plan::Plan;"), ["text → plan in src/text.rs, line 2"]);
    assert_eq!(told("src/plan/file.rs", "use super::super::room;"), ["plan → room in src/plan/file.rs, line 2"]);
    assert_eq!(told("src/plan/mod.rs", "use super::room;"), ["plan → room in src/plan/mod.rs, line 2"]);
    assert_eq!(told("src/tui/a.rs", "fn f() { crate::app::run(); }"), ["tui → app in src/tui/a.rs, line 2"]);
    assert_eq!(told("src/extra.rs", "").len(), 1);
    assert_eq!(judge("src/clock.rs", "use std::fmt;\n").len(), 1);
    for word in WORLD {
        assert_eq!(told("src/plan/mod.rs", &format!("use {word};")).len(), 1, "{word}");
        assert_eq!(told("src/poll/mod.rs", &format!("use {word};")), Vec::<String>::new(), "{word}");
    }
    assert_eq!(told("src/app/mod.rs", "fn f() { x.unwrap() }").len(), 1);
    assert_eq!(told("src/app/mod.rs", "#[cfg(test)]\nmod tests { fn f() { x.unwrap() } }"), Vec::<String>::new());
}

#[test]
fn words_in_comments_and_strings_are_no_imports() {
    let quiet = "//! tokio\n//! [`crate::room`]\nconst A: &str = \"crate::tui \\\" tokio\"; const B: &str = r#\"crate::app \"#;\n\
                 /* crate::poll /* std::fs */ */ fn f<'a>(c: &'a str) -> char { let _ = c; '\"' }\n\
                 fn r#match(tokio_like: u8, x: super::Y) {}\nuse super::fact_text; use super::series;\n";
    assert_eq!(judge("src/probe/mod.rs", quiet), Vec::<String>::new());
    assert_eq!(
        judge("src/proc.rs", "//! x\nuse crate::task;\nuse crate::probe::{Probe, series};\n"),
        Vec::<String>::new()
    );
    assert_eq!(judge("src/tui/mod.rs", "//! x\nuse crate::{proc, room::{Room, live}, task};\n"), Vec::<String>::new());
}
