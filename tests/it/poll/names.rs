//! T61: a name server that never answers, or answers that there is no such name: who needs no name goes on.

use std::fmt::Write as _;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::server::{World, request};
use crate::support::watch::{LIMIT, Watched, warroom};

/// Where the silent name server listens.
const SERVER: &str = "127.0.0.61";

/// Answers only what begins with `nx` (no such name) and `fail` (server failure); everything else waits for ever.
fn name_server() -> Option<UdpSocket> {
    let socket = UdpSocket::bind((SERVER, 53)).ok()?;
    let answering = socket.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut packet = [0; 512];
        while let Ok((n, from)) = answering.recv_from(&mut packet) {
            let code = match packet.get(13..n) {
                Some(name) if name.starts_with(b"nx") => 3,
                Some(name) if name.starts_with(b"fail") => 2,
                _ => continue,
            };
            packet[2] = 0x81;
            packet[3] = 0x80 | code;
            let _ = answering.send_to(&packet[..n], from);
        }
    });
    Some(socket)
}

/// Fifty names hang, by HTTP and by TCP; `localhost` and a bare address are asked as planned, and the way out is free.
#[test]
fn names_that_hang_disturb_nobody() {
    let unshare = Command::new("unshare").args(["-m", "true"]).stderr(Stdio::null()).status();
    let Some(_server) = name_server().filter(|_| unshare.is_ok_and(|s| s.success())) else {
        println!("skipped: needs root, for a name server of its own");
        return;
    };
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("resolv.conf"), format!("nameserver {SERVER}\noptions timeout:1 attempts:1\n"))
        .unwrap();
    let world = World::new();
    let asked: Arc<[AtomicU32; 2]> = Arc::default();
    let servers: Vec<_> = (0..2)
        .map(|which| {
            let asked = Arc::clone(&asked);
            // Each asking is a new connection, and so a new look-up.
            world.serve(move |_, mut stream| {
                let asked = Arc::clone(&asked);
                async move {
                    use tokio::io::AsyncWriteExt as _;
                    if request(&mut stream).await.is_some() {
                        asked[which].fetch_add(1, Ordering::Relaxed);
                        let _ = stream
                            .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
                            .await;
                    }
                }
            })
        })
        .collect();
    let mut plan = String::from("[room]\nname = \"names\"\n[defaults]\nevery = \"500ms\"\n");
    for n in 0..25 {
        let _ = write!(plan, "[[service]]\nname = \"web-{n}\"\nhttp = \"http://hangs-{n}.test/health\"\n");
        let _ = write!(plan, "[[service]]\nname = \"tcp-{n}\"\ntcp = \"hangs-too-{n}.test:80\"\n");
    }
    let _ = write!(plan, "[[service]]\nname = \"bare\"\nhttp = \"http://{}/\"\n", servers[0].at);
    let _ = write!(plan, "[[service]]\nname = \"local\"\nhttp = \"http://localhost:{}/\"\n", servers[1].at.port());
    plan += "[[service]]\nname = \"nx\"\nhttp = \"http://nx.test/\"\n[[service]]\nname = \"fail\"\ntcp = \"fail.test:80\"\n";
    let plan_at = home.path().join("warroom.toml");
    std::fs::write(&plan_at, plan).unwrap();
    let socket = home.path().join("w.sock");
    let script = r#"mount --bind "$1/resolv.conf" /etc/resolv.conf && shift && exec "$@""#;
    let inner = warroom(home.path());
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]).arg(home.path()).arg(inner.get_program());
    command.arg("watch").arg(&plan_at).arg("--control").arg(&socket).arg("--journal").arg(home.path().join("j.db"));
    command.env("XDG_STATE_HOME", home.path()).env("XDG_CONFIG_HOME", home.path()).stdin(Stdio::null());
    let child = command.spawn().unwrap();
    let end = Instant::now() + LIMIT;
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(Instant::now() < end, "the socket never answered");
        std::thread::yield_now();
    }
    let watch = Watched { child, socket };
    let mut client = watch.client();
    let state = |status: &serde_json::Value, name: &str| {
        let services = status["services"].as_array().unwrap();
        services.iter().find(|s| s["name"] == name).map(|s| s["state"].as_str().unwrap().to_owned()).unwrap()
    };
    client.until("names that hang are known to", |s| state(s, "web-24") == "down" && state(s, "tcp-24") == "down");
    let (from, before) = (Instant::now(), [0, 1].map(|i| asked[i].load(Ordering::Relaxed)));
    client.until("both go on", |s| {
        let more = [0, 1].map(|i| asked[i].load(Ordering::Relaxed) - before[i]);
        more.iter().all(|n| *n >= 8) && state(s, "bare") == "up" && state(s, "local") == "up"
    });
    let took = from.elapsed();
    let due = took.as_millis() as u32 / 500;
    for i in [0, 1] {
        let more = asked[i].load(Ordering::Relaxed) - before[i];
        assert!(more + 2 >= due, "{more} askings of {due} in {took:?}");
    }
    let says = |status: &serde_json::Value, name: &str, words: &str| {
        let services = status["services"].as_array().unwrap();
        services.iter().any(|s| s["name"] == name && s["reason"].as_str().is_some_and(|why| why.contains(words)))
    };
    client.until("what is wrong with a name is told apart", |s| {
        says(s, "nx", "no such host") && says(s, "fail", "failed for now")
    });
    let threads = std::fs::read_dir(format!("/proc/{}/task", watch.child.id())).unwrap().count();
    assert!(threads <= 20, "{threads} threads");
    let from = Instant::now();
    assert_eq!(watch.end().code(), Some(143));
    assert!(from.elapsed() < Duration::from_secs(5), "quitting waited for names: {:?}", from.elapsed());
}
