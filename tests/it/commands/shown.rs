//! What the sheet shows is what runs: every character of it, whatever hides in it, filled in with whatever was answered.

use std::process::Command;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use warroom::fact::{Fact, StepId};
use warroom::room::decide::draft;
use warroom::room::{Confirmed, Intent, JournalHealth, Room};
use warroom::runbook::Class;
use warroom::tui::{self, Act, Charset, Theme, View};

use crate::support::{Ledger, author, room, step};

/// A room with one step that runs this script.
fn of(script: &str) -> (Room, StepId) {
    let lines: String = script.split('\n').map(|l| format!("  {l}\n")).collect();
    let mut room = room(&format!("# Go live\n\n## Deploy\n\n- [ ] switch\n\n  ```bash\n{lines}  ```\n"), super::PLAN);
    room.journal = JournalHealth::Safe;
    let step = step(&room, "switch");
    (room, step)
}

struct Screen {
    view: View,
    area: Rect,
    buffer: Buffer,
    theme: Theme,
}

impl Screen {
    fn new(room: &Room, width: u16, height: u16) -> Self {
        let area = Rect::new(0, 0, width, height);
        let theme = Theme::load("dark", &[]).unwrap();
        let mut it = Self { view: View::new(), area, buffer: Buffer::empty(Rect::ZERO), theme };
        it.draw(room);
        it
    }

    fn draw(&mut self, room: &Room) -> Vec<String> {
        tui::draw(room, &mut self.view, &self.theme, self.area, &mut self.buffer);
        let row = |y| {
            let mut hidden = 0;
            let mut row = String::new();
            for x in 0..self.area.width {
                let symbol = self.buffer[(x, y)].symbol();
                if hidden == 0 {
                    row.push_str(symbol);
                    hidden = warroom::text::cells(symbol).max(1);
                }
                hidden -= 1;
            }
            row
        };
        (0..self.area.height).map(row).collect()
    }

    fn press(&mut self, room: &Room, code: KeyCode) -> Vec<Act> {
        let keymap = std::sync::Arc::clone(&self.view.keymap);
        let acts = tui::on_key(room, &mut self.view, &keymap, KeyEvent::new(code, KeyModifiers::NONE));
        self.draw(room);
        acts
    }

    /// A person: each key well behind the one before.
    fn slowly(&mut self, room: &mut Room, code: KeyCode) -> Vec<Act> {
        room.now = room.now.plus(Duration::from_millis(400));
        self.press(room, code)
    }

    /// The script as it is read off the sheet, row by row down to its end, with its escapes undone.
    fn read(&mut self, room: &mut Room) -> String {
        let mut rows: Vec<String> = Vec::new();
        let mut overlap: Option<Vec<String>> = None;
        loop {
            let screen = self.draw(room);
            let top = screen.iter().position(|r| r.contains(" Run: ")).unwrap() + 1;
            let body: Vec<String> = screen[top..screen.len() - 4].to_vec();
            if let Some(before) = &overlap {
                if *before == body {
                    break;
                }
                rows.push(body.last().unwrap().clone());
            } else {
                rows.extend(body.clone());
            }
            overlap = Some(body);
            self.slowly(room, KeyCode::Down);
        }
        let mut script = String::new();
        let first = rows.iter().position(|r| r.starts_with("      1  ")).unwrap_or_else(|| panic!("{rows:#?}"));
        let width = usize::from(self.area.width) - 8 - 5;
        for row in &rows[first..] {
            let text: String = row.chars().skip(9).collect();
            let lead: String = row.chars().take(9).collect();
            if lead.trim().chars().all(|c| c.is_ascii_digit()) && !lead.trim().is_empty() && !script.is_empty() {
                script.truncate(script.trim_end_matches(' ').len());
                script.push('\n');
            } else if lead.trim() != "+" && !script.is_empty() {
                break;
            }
            script.extend(text.chars().take(width));
        }
        script.truncate(script.trim_end_matches(' ').len());
        undone(&script)
    }
}

fn undone(shown: &str) -> String {
    let mut out = String::new();
    let mut rest = shown;
    while let Some(at) = rest.find("<U+") {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('>').unwrap() + at;
        out.push(char::from_u32(u32::from_str_radix(&rest[at + 3..end], 16).unwrap()).unwrap());
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

/// Sixty commands that show otherwise than they are.
fn trojans() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for odd in [
        '\u{202e}',
        '\u{202d}',
        '\u{2066}',
        '\u{2067}',
        '\u{2069}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{2060}',
        '\u{feff}',
        '\u{ad}',
        '\u{a0}',
        '\u{3000}',
        '\u{2028}',
        '\u{2029}',
        '\u{7f}',
        '\u{1b}',
        '\u{8}',
        '\u{9b}',
        '\u{61c}',
        '\u{180e}',
        '\u{115f}',
        '\u{e0041}',
        '\u{fe0f}',
        '\u{301}',
    ] {
        all.push(format!("echo safe{odd}; rm x"));
    }
    for (latin, alike) in
        [('a', 'а'), ('e', 'е'), ('o', 'о'), ('p', 'р'), ('c', 'с'), ('x', 'х'), ('i', 'і'), ('s', 'ѕ')]
    {
        all.push(format!("curl https://db.{latin}pi.ex{alike}mple.com"));
        all.push(format!("curl https://{alike}{alike}{alike}.example.com"));
    }
    all.push(format!("echo ok{}; rm -rf /srv", " ".repeat(300)));
    all.push(format!("echo {}; rm -rf /srv", "x".repeat(300)));
    all.push(format!("echo ok{}", " ".repeat(40)));
    all.push("echo ok\t\t\t\t; rm x".to_owned());
    all.push("\techo indented".to_owned());
    all.push("echo rm x\rls       ".to_owned());
    all.push("echo \u{1b}[2K\u{1b}[1Gls".to_owned());
    all.push("echo \u{1b}]0;title\u{7}".to_owned());
    all.push("echo <U+200B> is no escape".to_owned());
    all.push("echo '<U+003C>'".to_owned());
    all.push(format!("{}rm x", "# a comment\n".repeat(60)));
    all.push(format!("{}rm x", "\n".repeat(60)));
    all.push("echo ✅ done 🎉 — fine".to_owned());
    all.push("echo e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}x".to_owned());
    all.push("echo \u{ff1b}rm x".to_owned());
    all.push("echo ⟨x⟩ … ·".to_owned());
    all.push("echo 表示".to_owned());
    all.push("ls\\\n -la".to_owned());
    all.push("echo a \\ \n; rm x".to_owned());
    all
}

/// T47: what is read off the sheet is what would run, byte for byte; what does not print takes a second yes; and before the
/// whole of it was on the screen nothing starts.
#[test]
fn what_the_sheet_shows_is_what_runs() {
    let trojans = trojans();
    assert!(trojans.len() >= 60, "{}", trojans.len());
    for (n, script) in trojans.iter().enumerate() {
        let (mut room, id) = of(script);
        let plan = room.would_run(&id).remove(0);
        let runs = plan.script.expose().to_owned();
        for (width, height) in [(80, 24), (160, 48)] {
            let mut screen = Screen::new(&room, width, height);
            screen.slowly(&mut room, KeyCode::Char('r'));
            let read = screen.read(&mut room);
            assert_eq!(read, runs.trim_end_matches('\n'), "{n} at {width}");
        }
        // The way to a run, at the pace of a person, without having looked at more than the first screen.
        let mut screen = Screen::new(&room, 80, 24);
        screen.slowly(&mut room, KeyCode::Char('r'));
        let hidden = runs.lines().count() > 20;
        for c in plan.word.iter().flat_map(|w| w.chars()) {
            assert_eq!(screen.slowly(&mut room, KeyCode::Char(c)), []);
        }
        let mut acts = screen.slowly(&mut room, KeyCode::Enter);
        if hidden {
            assert_eq!(acts, [], "{n} started before it was seen");
            (0..8).for_each(|_| drop(screen.slowly(&mut room, KeyCode::PageDown)));
            acts = screen.slowly(&mut room, KeyCode::Enter);
        }
        let odd = runs.chars().any(|c| c != '\n' && !(' '..='~').contains(&c) && !"✅🎉—⟨⟩…·；".contains(c));
        if odd || plan.class == Class::Danger {
            assert_eq!(acts, [], "{n} asks a second time");
            acts = screen.slowly(&mut room, KeyCode::Char('y'));
        }
        let [Act::Intent(intent @ Intent::Run { hash, confirmed, .. })] = &acts[..] else { panic!("{n}: {acts:?}") };
        assert_eq!(*hash, plan.hash);
        assert_eq!(*confirmed == Confirmed::Twice, odd || plan.class == Class::Danger);
        warroom::room::decide::decide(&room, &author("ic"), intent).unwrap();
    }
}

/// T52: whatever streams in as a sheet opens, or is pasted into it, starts nothing; and holding a key down does not either.
#[test]
fn what_is_typed_ahead_or_pasted_starts_nothing() {
    for script in ["uptime", "systemctl restart api", "rm -rf /srv/api"] {
        let (mut room, _) = of(script);
        let mut screen = Screen::new(&room, 100, 30);
        let flood = format!("{}{}", "STAGE\ny\n".repeat(500), "GO\n".repeat(500));
        let mut acts = screen.slowly(&mut room, KeyCode::Char('r'));
        for c in flood.chars() {
            room.now = room.now.plus(Duration::from_millis(5));
            acts.extend(screen.press(&room, if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) }));
        }
        for text in ["STAGE\ny\n", "\u{1b}[201~STAGE\r", &"x\n".repeat(5_000_000)] {
            room.now = room.now.plus(Duration::from_millis(400));
            acts.extend(tui::on_paste(&room, &mut screen.view, text));
        }
        room.now = room.now.plus(Duration::from_millis(400));
        let held = KeyEvent::new_with_kind(KeyCode::Enter, KeyModifiers::NONE, crossterm::event::KeyEventKind::Repeat);
        let keymap = std::sync::Arc::clone(&screen.view.keymap);
        acts.extend(tui::on_key(&room, &mut screen.view, &keymap, held));
        assert_eq!(acts, [], "{script}");
    }
}

/// Forty values that a shell would take for something else.
const HOSTILE: [&str; 40] = [
    "; touch canary",
    "$(touch canary)",
    "`touch canary`",
    "| touch canary",
    "&& touch canary",
    "|| touch canary",
    "& touch canary &",
    "> canary",
    ">> canary",
    "< /etc/passwd",
    "' ; touch canary ; '",
    "\" ; touch canary ; \"",
    "'; touch canary #",
    "\"$(touch canary)\"",
    "${IFS}touch${IFS}canary",
    "$((1+1))",
    "$HOME",
    "${HOME}",
    "~",
    "~root",
    "*",
    "?",
    "[a-z]*",
    "{a,b}",
    "!!",
    "!$",
    "--help",
    "-rf",
    "a b  c",
    " lead and trail ",
    "#comment",
    "a#b",
    "%s%n%d",
    "\\",
    "\\n\\t",
    "\\'",
    "a=b",
    "(touch canary)",
    "é ✓ 表示",
    "EOF",
];

/// T74: an answer stays one piece of text, wherever it stands; where that cannot be had nothing runs.
#[test]
fn an_answer_is_text_wherever_it_stands() {
    let home = tempfile::tempdir().unwrap();
    let places = [
        "command printf '%s' <x>",
        "command printf '%s' \"<x>\"",
        "command printf '%s' '<x>'",
        "v=<x>\ncommand printf '%s' \"$v\"",
        "command printf '%s' \"$(command printf '%s' <x>)\"",
        "command printf '%s' <x> # was <x>",
        "(command printf '%s' a<x>b) | tail -c +2 | head -c -1",
    ];
    let run = |room: &Room, id: &StepId| {
        let plan = room.would_run(id).remove(0);
        assert_eq!(plan.blocked, [""; 0]);
        let script = plan.script.expose().to_owned();
        let out = Command::new("bash").args(["-eo", "pipefail", "-c", &script]).current_dir(&home).output().unwrap();
        assert!(out.status.success(), "{script}\n{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let with = |script: &str, value: &str| {
        let lines: String = script.split('\n').map(|l| format!("  {l}\n")).collect();
        let plan = format!("{}\n[params]\nx = {{ ask = \"What?\" }}\n", super::PLAN);
        let mut room = room(&format!("# R\n\n## P\n\n- [ ] switch\n\n  ```bash\n{lines}  ```\n"), &plan);
        room.journal = JournalHealth::Safe;
        let answer = Fact::ParamSet { name: "x".to_owned(), value: Some(value.into()) };
        Ledger::default().record(&mut room, vec![draft(&author("ic"), answer)]);
        let id = step(&room, "switch");
        (room, id)
    };
    for value in HOSTILE {
        for place in places {
            let (room, id) = with(place, value);
            assert_eq!(run(&room, &id), value, "{value} in {place}");
        }
        let (room, id) = with("cat <<END\n<x>\nEND", value);
        assert_eq!(run(&room, &id), format!("{value}\n"), "{value} in a here-document");
        let (room, id) = with("cat <<'END'\n<x>\nEND", value);
        assert_eq!(run(&room, &id), format!("{value}\n"), "{value} in a quoted here-document");
    }
    assert!(!home.path().join("canary").exists());
    // Where it would be read a second time, cannot be quoted, or is no text at all, nothing runs.
    for (place, value) in [
        ("ssh db \"psql -h <x>\"", "a; touch canary"),
        ("ssh db <<EOF\necho <x>\nEOF", "$(touch canary)"),
        ("bash -c \"echo <x>\"", "a b"),
        ("eval echo <x>", "$(touch canary)"),
        ("echo `echo <x>`", "a b"),
        ("echo ${y:-<x>}", "a b"),
        ("echo $((<x> + 1))", "a[$(touch canary)]"),
        ("[[ <x> -eq 1 ]]", "a[$(touch canary)]"),
        ("cat <<END\n$(echo <x>)\nEND", "a; touch canary"),
        ("echo \"$(case a in a) echo <x>;; esac)\"", "a; touch canary"),
        ("echo <x>", "two\nlines"),
        ("echo 'open <x>", "a b"),
    ] {
        let (room, id) = with(place, value);
        let plan = room.would_run(&id).remove(0);
        assert!(
            plan.blocked.iter().any(|why| why.contains("cannot stand") || why.contains("is open")),
            "{place}: {:?}",
            plan.blocked
        );
        let intent = Intent::Run {
            step: id,
            command: 0,
            hash: plan.hash,
            word: plan.word,
            reason: None,
            confirmed: Confirmed::Twice,
        };
        assert!(warroom::room::decide::decide(&room, &author("ic"), &intent).is_err());
    }
    let (room, id) = with("ssh db-1 \"psql -h <x>\"", "db-2.example.com");
    assert_eq!(room.would_run(&id)[0].script.expose(), "ssh db-1 \"psql -h db-2.example.com\"\n");
}

/// A character that this terminal cannot show stands as its number, so that no two look alike.
#[test]
fn in_ascii_every_other_character_is_a_number() {
    let shown = |line| tui::panes::run::visible(line, Charset::Ascii).into_iter().map(|(t, _)| t).collect::<String>();
    assert_eq!(shown("echo ✅ é"), "echo <U+2705> <U+00E9>");
    assert_eq!(shown("a <U+0020> "), "a <U+003C>U+0020><U+0020>");
}
