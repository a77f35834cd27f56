//! What twenty commands see of the war room, and what those that ask a person for something get: nothing.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use super::{PLAN, Place, eventually, run, runbook, until};
use crate::support::pty::{Pty, Start, foreign_sequences};

/// Processes of this name.
fn pids(word: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let own = all.filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|b| *b == 0).next() == Some(word.as_bytes())
    });
    own.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn fields(pid: &str) -> Vec<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.split_whitespace().map(str::to_owned).collect()
}

/// T76 over twenty children, looked at from outside: names, secrets, descriptors, session, mask, folder.
#[test]
fn twenty_children_see_only_what_the_sheet_names() {
    const MANY: usize = 20;
    let word = format!("warroom-child-{}", std::process::id());
    let shapes = [
        format!("exec -a {word} sleep 300"),
        format!("test -n '<token>'\nexec -a {word} sleep 300"),
        format!("(exec -a {word} sleep 300) &\nwait"),
        format!("setsid bash -c 'exec -a {word} sleep 300'"),
        format!("trap '' INT TERM\nexec -a {word} sleep 300"),
    ];
    let scripts: Vec<(String, String)> =
        (0..MANY).map(|n| (format!("child {n}"), shapes[n % shapes.len()].clone())).collect();
    let pairs: Vec<(&str, &str)> = scripts.iter().map(|(name, script)| (name.as_str(), script.as_str())).collect();
    let plan = PLAN.replace("environment", "env = [\"REGION\"]\nenvironment");
    let plan = format!("{plan}\n[params]\ntoken = {{ env = \"ADMIN_TOKEN\" }}\n");
    let place = Place::new(&runbook(&pairs), &plan);
    let watch = place.start_with("ic", |c| {
        c.env("ADMIN_TOKEN", "s3cr3t-t0ken-value").env("REGION", "eu").env("OTHER", "not-for-children");
    });
    let mut client = watch.client();
    for step in place.steps() {
        assert_eq!(run(&mut client, "ic", &step)["answer"], "accepted");
    }
    eventually("all of them", || pids(&word).len() == MANY);
    let allowed: HashSet<&str> =
        ["PATH", "HOME", "LANG", "TZ", "TERM", "REGION", "PWD", "SHLVL", "_", "OLDPWD"].into_iter().collect();
    let here = fields(&std::process::id().to_string())[3].clone();
    let mut sessions = HashSet::new();
    for pid in pids(&word) {
        let environ = std::fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
        let names = environ.split('\0').filter(|e| !e.is_empty()).map(|e| e.split('=').next().unwrap());
        let foreign: Vec<&str> = names.filter(|name| !allowed.contains(name)).collect();
        assert!(foreign.is_empty(), "{foreign:?}");
        assert!(environ.contains("TERM=dumb") && environ.contains("REGION=eu"), "{environ}");
        // The command, the shell around it and the shim above: no argument, no variable holds what is secret.
        let mut at = pid.clone();
        for _ in 0..6 {
            for file in ["cmdline", "environ"] {
                let text = std::fs::read(format!("/proc/{at}/{file}")).unwrap_or_default();
                let text = String::from_utf8_lossy(&text).into_owned();
                let own = at == watch.child.id().to_string();
                assert!(
                    own || !text.contains("s3cr3t") && !text.contains("not-for-children"),
                    "{file} of {at}: {text}"
                );
            }
            at = fields(&at)[1].clone();
            if at == watch.child.id().to_string() {
                break;
            }
        }
        let mut fds: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .map(|fd| fd.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        fds.sort();
        assert_eq!(fds, ["0", "1", "2"]);
        assert_eq!(std::fs::read_link(format!("/proc/{pid}/fd/0")).unwrap().to_str(), Some("/dev/null"));
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        assert!(status.contains("Umask:\t0077"), "{status}");
        let cwd = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
        assert_eq!(cwd, place.path().canonicalize().unwrap());
        let (session, terminal) = (fields(&pid)[3].clone(), fields(&pid)[4].clone());
        assert_ne!(session, here);
        assert_eq!(terminal, "0", "no terminal controls it");
        sessions.insert(session);
    }
    assert_eq!(sessions.len(), MANY, "each has a session of its own");
    for started in until(&watch, "command-started", MANY) {
        client.ask(3, "ic", &json!({ "kind": "stop", "run": started["run"] }));
    }
    until(&watch, "command-ended", MANY);
    assert_eq!(pids(&word).len(), 0);
}

/// Answers every request with 401, as a server that wants a name and a password.
fn asks_for_a_password() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    port
}

/// T77: seven kinds of prompts, none of them marked as for a person, while somebody types: each fails or is stopped, each key is
/// the screen's, and the screen stays whole.
#[test]
fn what_asks_a_person_gets_no_key_and_ends_with_a_reason() {
    let port = asks_for_a_password();
    // What ssh, sudo and a pager do when they ask: they open the terminal itself.
    let ask = |what: &str| format!("exec 3<>/dev/tty; printf '{what}: ' >&3; read -r x <&3; echo \"stolen $x\"");
    let prompts: Vec<(&str, String)> = vec![
        ("ssh password", ask("password")),
        ("host key", ask("continue (yes/no)")),
        ("sudo", ask("[sudo] password")),
        ("git", format!("GIT_ASKPASS= SSH_ASKPASS= git ls-remote http://127.0.0.1:{port}/x.git")),
        ("tty", "read -r x </dev/tty; echo \"stolen $x\"".to_owned()),
        ("pager", "seq 500 | more; read -r x; echo \"stolen $x\"".to_owned()),
        ("editor", "./edit.sh".to_owned()),
    ];
    let mut text = String::from("# Go\n\n## Ask\n\n");
    for (name, script) in &prompts {
        let _ = write!(text, "- [ ] {name}\n\n  **Timeout**: 5s\n\n  ```bash\n  {script}\n  ```\n\n");
    }
    let place = Place::new(&text, PLAN);
    let edit = place.path().join("edit.sh");
    std::fs::write(&edit, "#!/bin/sh\nstty raw </dev/tty && head -c 1 </dev/tty && echo stolen\n").unwrap();
    std::fs::set_permissions(&edit, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let args = ["run", "warroom.toml", "--as", "ic", "--journal", "j.db"];
    let mut pty = Pty::start_at(place.path(), &Start { args: &args, columns: 140, rows: 44, ..Start::default() });
    pty.wait_drawn();
    pty.wait_until("the runbook", |p| p.screen().contains("editor") && p.screen().contains("journal safe"));
    let mut typed = 0;
    for n in 0..prompts.len() {
        if n > 0 {
            pty.send("j");
        }
        pty.send("r");
        pty.wait_until("the sheet", |p| p.screen().contains("run nothing"));
        pty.settle(Duration::from_millis(400));
        for c in "STAGE\r".chars() {
            pty.send(&c.to_string());
        }
        // What comes in one stream with the word would be taken for a paste; it is typed while the command asks.
        eventually("the begin", || place.facts().iter().filter(|f| f["kind"] == "command-started").count() > n);
        // Keys that do nothing, two to and fro, a hundred and fifty times.
        while typed < (n + 1) * 150 {
            pty.send("zz");
            typed += 2;
            pty.pump(Duration::ZERO);
        }
        eventually("the end", || place.facts().iter().filter(|f| f["kind"] == "command-ended").count() > n);
        pty.settle(Duration::from_millis(400));
    }
    assert!(typed >= 1_000, "{typed}");
    let ended: Vec<_> = place.facts().into_iter().filter(|f| f["kind"] == "command-ended").collect();
    for (end, (name, _)) in ended.iter().zip(&prompts) {
        let said = end["head"].as_str().unwrap();
        assert_eq!(end["verdict"], "fail", "{name}: {end}");
        assert!(!said.contains("stolen z") && !said.contains('\u{1b}'), "{name} got a key: {said}");
        assert!(!end["why"].as_str().unwrap().is_empty(), "{name}");
    }
    assert!(ended[3]["head"].as_str().unwrap().contains("could not read Username"), "{}", ended[3]);
    assert!(pty.vt.screen().alternate_screen() && pty.screen().contains("Checklist"), "{}", pty.screen());
    pty.send("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(foreign_sequences(&pty.bytes), Vec::<String>::new(), "nobody else wrote to the terminal");
    assert!(pty.modes_restored());
}
