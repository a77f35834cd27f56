//! The real binary in a real terminal: it leaves every terminal as it found it and is never held up or taken over by one.

#![expect(clippy::expect_used, reason = "a test says what it needs")]
#![expect(clippy::disallowed_methods, reason = "tests measure and give up in time")]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::pty::{LIMIT, Pty, Start, cpu, foreign_sequences, resident, warroom_under};
use crate::support::watch::warroom;

const RUNBOOK: &str = "# Go live\n\n## Before\n\n- [ ] Freeze the deploys\n- [ ] Tell the support desk\n\n## Switch\n\n- [ ] Move the traffic\n";

/// What every way out must have written, each once.
const RESTORED: [&[u8]; 9] = [
    b"\x1b[<u",
    b"\x1b[?1000l",
    b"\x1b[?1002l",
    b"\x1b[?1003l",
    b"\x1b[?1006l",
    b"\x1b[?1004l",
    b"\x1b[?2004l",
    b"\x1b[?1049l",
    b"\x1b[?25h",
];

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("go-live.md"), RUNBOOK).expect("written");
    home
}

fn run(home: &Path) -> Pty {
    run_with(home, &[], None)
}

fn run_with(home: &Path, env: &[(&str, &str)], shell: Option<&str>) -> Pty {
    let mut pty = Pty::start_at(home, &Start { args: &["run", "go-live.md"], env, shell, ..Start::default() });
    pty.wait_drawn();
    pty
}

fn assert_left(pty: &mut Pty) {
    for sequence in RESTORED {
        assert_eq!(pty.count(sequence), 1, "{} in\n{}", sequence.escape_ascii(), pty.bytes.escape_ascii());
    }
    assert!(pty.modes_restored());
    assert!(
        !pty.vt.screen().alternate_screen() && !pty.vt.screen().hide_cursor() && !pty.vt.screen().bracketed_paste()
    );
    assert_eq!(foreign_sequences(&pty.bytes), [""; 0]);
}

/// T48, signals: the screen is given back, once, and the exit code says which signal it was.
#[test]
fn signals_leave_the_terminal_as_it_was() {
    let home = home();
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130), (Signal::SIGHUP, 129), (Signal::SIGQUIT, 131)]
    {
        let mut pty = run(home.path());
        assert!(pty.vt.screen().alternate_screen() && !pty.modes_restored());
        pty.signal(signal);
        assert_eq!(pty.wait_exit(), code, "{signal}");
        assert_left(&mut pty);
    }
}

/// T48, panic of the loop, in a drop, and a second one while the first unwinds: the report is readable on the screen that was
/// there before. (A panic of a task leaves the screen up: the tests of the pollers.)
#[test]
fn a_panic_leaves_the_terminal_as_it_was_and_says_what_happened() {
    let home = home();
    for (how, code) in [("1", Some(101)), ("drop", Some(101)), ("twice", None)] {
        let mut pty = run_with(home.path(), &[("WARROOM_PANIC", how)], None);
        pty.send("!");
        let exit = pty.wait_exit();
        assert!(code.is_none_or(|code| code == exit) && exit != 0, "{how}: {exit}");
        assert_left(&mut pty);
        assert!(pty.screen().contains("asked to"), "{how}: {}", pty.screen());
    }
}

/// T48, an error on the way: said on the screen that was there before, with the code for unusable input.
#[test]
fn an_error_leaves_the_terminal_as_it_was() {
    let home = home();
    let mut pty = Pty::start_at(
        home.path(),
        &Start { args: &["run", "go-live.md", "--journal", "/dev/null/x/y.db"], ..Start::default() },
    );
    assert_ne!(pty.wait_exit(), 0);
    assert!(pty.modes_restored() && !pty.vt.screen().alternate_screen());
    assert!(pty.count(b"\x1b[?1049l") <= 1 && pty.count(b"\x1b[?1049h") <= 1);
    assert!(!pty.screen().trim().is_empty());
}

/// T49: stopped, the terminal is the shell's; continued, the screen is whole again.
#[test]
fn a_stop_gives_the_terminal_back_until_continued() {
    let home = home();
    let mut pty = run(home.path());
    pty.signal(Signal::SIGTSTP);
    pty.wait_until("the terminal back", |pty| pty.modes_restored() && !pty.vt.screen().alternate_screen());
    let stopped =
        |pty: &Pty| std::fs::read_to_string(format!("/proc/{}/stat", pty.pid())).is_ok_and(|s| s.contains(") T "));
    pty.wait_until("the stop", |pty| stopped(pty));
    let before = pty.bytes.len();
    pty.signal(Signal::SIGCONT);
    pty.wait_until("the screen again", |pty| pty.vt.screen().alternate_screen() && !pty.screen().trim().is_empty());
    assert!(pty.bytes.len() - before > 300, "all of it is drawn again");
    pty.signal(Signal::SIGTERM);
    assert_eq!(pty.wait_exit(), 143);
    assert!(pty.modes_restored());
}

/// T43: gone within a second of its terminal, without spinning, whoever catches or ignores the hang-up. (The sixth way, a killed
/// ssh session, is the second one with a network.)
#[test]
fn a_vanished_terminal_ends_it() {
    let shells =
        [None, Some("trap '' HUP; \"$@\"; :"), Some("trap : HUP; \"$@\"; :"), Some("nohup \"$@\" 2>/dev/null; :")];
    for shell in shells {
        let home = home();
        let mut pty = run_with(home.path(), &[], shell);
        let pid = warroom_under(pty.pid()).expect("warroom runs");
        pty.settle(Duration::from_millis(300));
        let before = cpu(pid).expect("alive");
        let (start, mut used) = (Instant::now(), before);
        pty.hang_up();
        while let Some(now) = cpu(pid) {
            used = now;
            assert!(start.elapsed() < LIMIT, "still there under {shell:?}");
            std::thread::yield_now();
        }
        // A busy machine takes its time to let it run; what waits for somebody would wait for ever.
        let took = start.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?} under {shell:?}");
        // Closing the journal is work; spinning for a second would be ten times as much.
        assert!(
            used.saturating_sub(before) <= Duration::from_millis(200),
            "{:?} of CPU under {shell:?}",
            used.saturating_sub(before)
        );
        let export = warroom(home.path()).args(["export", "--format", "jsonl"]).arg(journal_in(home.path())).output();
        let told = String::from_utf8(export.expect("warroom").stdout).expect("text");
        assert!(told.contains("\"terminal-lost\""), "not in the journal under {shell:?}: {told}");
    }
}

/// The only journal under a home.
fn journal_in(home: &Path) -> PathBuf {
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "db") {
                return path;
            }
        }
    }
    panic!("no journal under {}", home.display());
}

/// T43, the way through tmux.
#[test]
fn a_killed_tmux_session_ends_it() {
    let home = home();
    let socket = home.path().join("tmux");
    let tmux = |args: &[&str]| {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&socket).args(["-f", "/dev/null"]).args(args);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", home.path());
        command.current_dir(home.path()).stdin(Stdio::null()).output()
    };
    let program = format!("HOME={0} {1} run {0}/go-live.md", home.path().display(), env!("CARGO_BIN_EXE_warroom"));
    match tmux(&["new-session", "-d", "-x", "100", "-y", "30", &program]) {
        Ok(out) if out.status.success() => {}
        _ => return eprintln!("skipped: no tmux here"),
    }
    let end = Instant::now() + LIMIT;
    let seen =
        |text: &str| tmux(&["capture-pane", "-p"]).is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains(text));
    while !seen("──") {
        assert!(Instant::now() < end, "nothing in tmux");
    }
    let shell = String::from_utf8(tmux(&["list-panes", "-F", "#{pane_pid}"]).expect("tmux").stdout).expect("a number");
    let pid = warroom_under(shell.trim().parse().expect("a number")).expect("warroom runs");
    let start = Instant::now();
    tmux(&["kill-server"]).expect("tmux");
    while cpu(pid).is_some() {
        assert!(start.elapsed() < Duration::from_secs(3), "still there");
        std::thread::yield_now();
    }
}

/// T44: streams that are closed, empty, full or not there never hang it and never make it spin.
#[test]
fn missing_streams_are_no_trouble_where_there_is_a_terminal() {
    let shells = [
        "exec \"$@\" </dev/null",
        "exec \"$@\" <&-",
        ": | \"$@\"; exit",
        "exec \"$@\" >/dev/null",
        "exec \"$@\" >&-",
        "\"$@\" | true; exit",
        "exec \"$@\" >/dev/full",
        "exec \"$@\" 2>&-",
        "exec \"$@\" 2>/dev/full",
        "exec \"$@\" <&- >&- 2>&-",
    ];
    let home = home();
    for shell in shells {
        let mut pty = run_with(home.path(), &[], Some(shell));
        let pid = warroom_under(pty.pid()).expect("warroom runs");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), Signal::SIGTERM).expect("signalled");
        pty.wait_exit();
        assert!(pty.modes_restored(), "after {shell}");
    }
}

/// T44: without any terminal there is a sentence, at once.
#[test]
fn without_a_terminal_there_is_a_sentence() {
    let home = home();
    for shell in ["\"$@\" </dev/null", "\"$@\" </dev/null >&-"] {
        let start = Instant::now();
        let out = Command::new("setsid")
            .args(["--wait", "sh", "-c", shell, "sh", env!("CARGO_BIN_EXE_warroom"), "run", "go-live.md"])
            .env("HOME", home.path())
            .env("XDG_STATE_HOME", home.path().join("state"))
            .current_dir(home.path())
            .stdin(Stdio::null())
            .output()
            .expect("started");
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(!out.status.success());
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(said.contains("terminal"), "{said}");
        assert!(!out.stdout.contains(&0x1b) && !out.stderr.contains(&0x1b));
    }
}

/// T51: no size and no storm of sizes breaks the screen.
#[test]
fn every_size_is_survived() {
    let home = home();
    let mut pty = run(home.path());
    let small: Vec<(u16, u16)> = (0..=20).step_by(2).flat_map(|c| (0..=10).map(move |r| (c, r))).collect();
    for sizes in small.chunks(40) {
        pty.resize_all(sizes);
        pty.settle(Duration::from_millis(30));
    }
    let mut seed = 7_u32;
    let mut next = |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((seed >> 8) % most) as u16
    };
    let storm: Vec<(u16, u16)> = (0..200).map(|_| (next(500), next(200))).chain([(100, 30)]).collect();
    pty.resize_all(&storm);
    pty.settle(Duration::from_millis(500));
    assert!(pty.screen().lines().count() > 20, "drawn at the last size:\n{}", pty.screen());
    pty.signal(Signal::SIGTERM);
    assert_eq!(pty.wait_exit(), 143);
    assert_left(&mut pty);
}

/// A plan with something that moves: a service on loopback that answers each second.
fn live_plan(home: &Path, server: &str) {
    std::fs::write(
        home.join("warroom.toml"),
        format!(
            "[room]\nname = \"storm\"\nrunbook = [\"go-live.md\"]\n\n[[service]]\nname = \"front\"\nhttp = \"{server}/health\"\nevery = \"1s\"\n"
        ),
    )
    .expect("written");
}

/// Answers every connection with these bytes and counts them.
fn serve(answer: Vec<u8>) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = format!("http://{}", listener.local_addr().expect("an address"));
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let asked = std::sync::Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4096];
            let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
            let _ = stream.read(&mut request);
            let _ = stream.write_all(&answer);
            asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    });
    (at, count)
}

/// T50: a terminal that is not read for five seconds costs frames and nothing else.
#[test]
fn a_stalled_terminal_stops_nothing() {
    let home = home();
    let (server, asked) = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".to_vec());
    live_plan(home.path(), &server);
    let mut pty =
        Pty::start_at(home.path(), &Start { args: &["run", "."], columns: 200, rows: 60, ..Start::default() });
    pty.wait_drawn();
    pty.wait_until("the first answer", |_| asked.load(std::sync::atomic::Ordering::SeqCst) > 0);
    // What a start brings with it, the flight-check beside the first frame among it, is over when nothing more is added.
    let mut memory = 0;
    while resident(pty.pid()) > memory + 128 {
        memory = resident(pty.pid());
        pty.settle(Duration::from_millis(500));
    }
    let before = asked.load(std::sync::atomic::Ordering::SeqCst);
    let start = Instant::now();
    pty.stall(true);
    // Frames in plenty, of several sizes; none of them can be written.
    for i in 0_u64.. {
        pty.send("\x1b[B\x1b[A\t");
        if i % 40 == 0 {
            pty.resize(200 - (i / 40 % 50) as u16, 60);
        }
        std::thread::sleep(Duration::from_millis(20));
        if start.elapsed() > Duration::from_secs(5) {
            break;
        }
    }
    pty.resize(120, 50);
    let polls = asked.load(std::sync::atomic::Ordering::SeqCst) - before;
    let grown = resident(pty.pid()).saturating_sub(memory);
    assert!(polls >= 3, "only {polls} polls in {:?}", start.elapsed());
    assert!(grown < 2048, "{grown} KiB more");
    let behind = pty.bytes.len();
    pty.stall(false);
    let resumed = Instant::now();
    pty.wait_until("the newest frame", |pty| {
        let last = pty.vt.screen().rows(0, 120).nth(49).unwrap_or_default();
        !last.trim().is_empty() && pty.bytes.ends_with(b"\x1b[?2026l")
    });
    // 500 ms on a machine that does nothing else.
    assert!(resumed.elapsed() < Duration::from_secs(2), "{:?}", resumed.elapsed());
    // One frame that was begun and the newest, not all that were drawn.
    assert!(pty.bytes.len() - behind < 200_000, "{} bytes", pty.bytes.len() - behind);
    pty.signal(Signal::SIGTERM);
    assert_eq!(pty.wait_exit(), 143);
    assert!(pty.modes_restored());
}

/// T50 and T48 together: a terminal that is never read again does not keep it alive.
#[test]
fn a_stalled_terminal_does_not_keep_it() {
    let home = home();
    let mut pty =
        Pty::start_at(home.path(), &Start { args: &["run", "go-live.md"], columns: 200, rows: 60, ..Start::default() });
    pty.wait_drawn();
    pty.stall(true);
    pty.send("\t\x1b[B");
    pty.resize(150, 40);
    pty.signal(Signal::SIGTERM);
    let start = Instant::now();
    while pty.child.try_wait().expect("a child").is_none() {
        assert!(start.elapsed() < Duration::from_secs(5), "still there");
        std::thread::yield_now();
    }
    assert!(pty.modes_restored(), "even though the bytes could not be written");
}

/// One of each class of what has taken terminals over.
fn payloads() -> Vec<String> {
    [
        "\x1b]0;title\x07",
        "\x1b]2;title\x1b\\",
        "\x1b]4;1;rgb:00/00/00\x07",
        "\x1b]8;;http://evil\x1b\\x\x1b]8;;\x1b\\",
        "\x1b]9;note\x07",
        "\x1b]52;c;ZXZpbA==\x07",
        "\x1b]777;notify;a;b\x07",
        "\x1b]1337;File=:AAAA\x07",
        "\x1b]50;font\x07",
        "\x1b]10;?\x07",
        "\x1bP$qm\x1b\\",
        "\x1bP+q544e\x1b\\",
        "\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\",
        "\x1bPq#0;2;0;0;0\x1b\\",
        "\x1b_Gf=24,s=1,v=1;AAAA\x1b\\",
        "\x1b^pm\x1b\\",
        "\x1bXsos\x1b\\",
        "\x1b[6n",
        "\x1b[21t",
        "\x1b[5n",
        "\x1b[c",
        "\x1b[>c",
        "\x1b[2J",
        "\x1b[?1049l",
        "\x1b[31mred",
        "\x1b[999;999H",
        "\x1bc",
        "\x1b[!p",
        "\x1b(0",
        "\x1b#8",
        "\u{9b}2J",
        "\u{9d}0;x\u{9c}",
        "\u{90}$qm\u{9c}",
        "\x1b]0;never ended",
        "a\x07b\x08c\rd\x7fe",
        "\x0e\x0f",
        "\u{202e}drowssap\u{2066}x\u{2069}",
        "zero\u{200b}\u{200d}\u{2060}\u{feff}width",
        "\u{2028}\u{2029}\u{e0041}\u{115f}\u{3164}",
        "x\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Looks at everything: every pane, zoomed, every step opened, to the end and back.
fn tour(pty: &mut Pty) {
    for keys in [
        "\t", "\t", "z", "z", "\t", "\t", "\x1b[6~", "\x1b[6~", "\r", "\x1b", "G", "\r", "\x1b", "a", "\x1b", "?",
        "\x1b", ":", "\x1b", "A", "\x1b", "g", "\x1b", "B", "\x1b",
    ] {
        pty.send(keys);
        pty.settle(Duration::from_millis(120));
    }
}

/// T45, T46: what anybody else wrote reaches the terminal as text and as nothing else.
#[test]
#[expect(clippy::format_collect, reason = "a fixture, built once")]
fn no_foreign_byte_drives_the_terminal() {
    let payloads = payloads();
    let home = home();
    let toml = |text: &str| {
        text.chars()
            .map(|c| {
                if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '$') || c == ' ' {
                    c.to_string()
                } else {
                    format!("\\U{:08X}", c as u32)
                }
            })
            .collect::<String>()
    };
    // HTTP cannot carry line ends in its head; everything else goes as it is.
    let all = payloads.concat();
    let head: Vec<u8> = all.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let body = format!(
        "{{\"status\": {}, \"{}\": 1}}",
        serde_json::to_string(&all).expect("JSON"),
        payloads[0].replace(['\x1b', '\x07'], "")
    );
    let mut answer = b"HTTP/1.1 503 ".to_vec();
    answer.extend(&head);
    answer.extend(b"\r\nx-version: ");
    answer.extend(&head);
    answer.extend(format!("\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).bytes());
    let (server, asked) = serve(answer);
    let metrics: String = payloads
        .iter()
        .enumerate()
        .map(|(i, p)| format!("# HELP m{i} {p}\nm{i}{{l=\"{}\"}} {i}\n", p.replace(['\\', '"', '\n'], "")))
        .collect();
    let (scraped, _) = serve(
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{metrics}", metrics.len())
            .into_bytes(),
    );
    let mut runbook = String::from("# Go \x1b]0;x\x07live\n\n- [ ] Freeze the deploys\n\n");
    for (i, p) in payloads.iter().enumerate() {
        let line = p.replace(['\r', '\n'], "");
        let _ = write!(
            runbook,
            "## Phase {i} {line}\n\n> Note: {line}\n\n- [ ] Step {i} {line} `{line}` **{line}** [{line}](http://x/{i})\n\n```bash\necho {line}\n```\n\n"
        );
    }
    std::fs::write(home.path().join("go-live.md"), runbook).expect("written");
    let mut plan = format!(
        "[room]\nname = \"{}\"\nrunbook = [\"go-live.md\"]\n\n[source.app]\nscrape = \"{scraped}/metrics\"\nevery = \"1s\"\n\n",
        toml(&all)
    );
    for (i, p) in payloads.iter().enumerate() {
        let _ = write!(
            plan,
            "[[service]]\nname = \"s{i} {}\"\nhttp = \"{server}/{i}\"\nexpect = {{ version = \"/status\", json = {{ \"/status\" = \"ok\" }} }}\nevery = \"1s\"\n\n",
            toml(p)
        );
        let _ = write!(
            plan,
            "[[metric]]\nname = \"m{i} {}\"\nquery = 'm{i}'\nsource = \"app\"\nunit = \"%\"\nobjective = \"< 1%\"\n\n",
            toml(p)
        );
    }
    let shell = format!("printf %b '{}'; exit 3", all.bytes().map(|b| format!("\\0{b:03o}")).collect::<String>());
    let _ = write!(
        plan,
        "[[service]]\nname = \"command\"\ncommand = [\"sh\", \"-c\", \"{}\"]\nevery = \"1s\"\n\n",
        toml(&shell)
    );
    std::fs::write(home.path().join("warroom.toml"), plan).expect("written");
    // A name has at most 64 characters: the most hostile ones, each once.
    let mut person = String::new();
    for c in all.chars().filter(|c| *c != '\0' && !c.is_ascii_alphanumeric()) {
        if !person.contains(c) && person.chars().count() < 64 {
            person.push(c);
        }
    }
    let args = ["run", ".", "--as", person.as_str()];
    for (columns, rows) in [(160, 48), (80, 24)] {
        let mut pty = Pty::start_at(
            home.path(),
            &Start {
                args: &args,
                env: &[("WARROOM_PANIC", "1"), ("EDITOR", person.as_str())],
                shell: None,
                columns,
                rows,
            },
        );
        pty.wait_drawn();
        pty.wait_until("answers", |_| asked.load(std::sync::atomic::Ordering::SeqCst) > 40);
        tour(&mut pty);
        // A note, pasted.
        pty.send("n");
        pty.settle(Duration::from_millis(100));
        pty.send(&format!("\x1b[200~{all}\x1b[201~\r"));
        pty.settle(Duration::from_millis(300));
        pty.send("\x1b");
        tour(&mut pty);
        assert_eq!(foreign_sequences(&pty.bytes), [""; 0]);
        assert!(pty.screen().lines().count() > 3, "it is still drawn");
        pty.signal(Signal::SIGTERM);
        assert_eq!(pty.wait_exit(), 143);
        assert_left(&mut pty);
    }
}

/// The classifier itself tells good from bad.
#[test]
fn the_classifier_finds_what_it_should() {
    for payload in payloads() {
        let quiet = ["x\u{301}", "\r", "\x1b[31mred", "\x1b[2J", "\x1b[?1049l", "\x1b[999;999H"];
        if !quiet.iter().any(|q| payload.starts_with(q)) {
            assert!(!foreign_sequences(payload.as_bytes()).is_empty(), "{payload:?} passes");
        }
    }
    assert_eq!(foreign_sequences("\x1b[?2026h\x1b[4;2H\x1b[38;2;1;2;3m│ ok ✓\x1b[K".as_bytes()), [""; 0]);
}
