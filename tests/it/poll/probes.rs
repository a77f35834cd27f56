//! The kinds of probe beside HTTP: TCP, certificates, commands.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use warroom::probe::{Ask, CommandExpect, CommandLine, Outcome, ServiceIx};
use warroom::secret::Filled;

use super::server::{Server, World, failure, probe, service};

fn tcp(addr: &str) -> Ask {
    Ask::Tcp { service: ServiceIx(0), addr: addr.to_owned(), within: None }
}

#[test]
fn tcp_connects_or_says_why_not() {
    let world = World::new();
    let server = world.serve(|_, _| async {});
    let sample = world.first(probe(0, tcp(&server.at.to_string())));
    assert_eq!(service(&sample).outcome, Outcome::Pass);
    assert!(service(&sample).phases.connect.is_some());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(failure(&world.first(probe(0, tcp(&free.to_string())))), "connection refused");
    assert_eq!(failure(&world.first(probe(0, tcp("nowhere")))), "the address is not host:port");
}

fn command(script: &str, expect: CommandExpect) -> Ask {
    let argv = ["sh", "-c", script].map(Filled::plain).to_vec();
    Ask::Command { service: ServiceIx(0), command: CommandLine { argv, env: Vec::new() }, expect }
}

#[test]
fn commands_are_judged_by_exit_and_output() {
    let world = World::new();
    let judge = |script: &str, expect: CommandExpect| {
        let mut probe = probe(0, command(script, expect));
        probe.timeout = Duration::from_secs(2);
        let sample = world.first(probe);
        let service = service(&sample).clone();
        (service.outcome, service.code, service.excerpt.raw().to_owned())
    };
    let any = CommandExpect::default;
    assert_eq!(judge("echo PONG", any()), (Outcome::Pass, Some(0), "PONG\n".to_owned()));
    let fail = |s: &str| Outcome::Fail(s.to_owned());
    assert_eq!(judge("echo no >&2; exit 2", any()), (fail("exit 2, expected 0"), Some(2), "no\n".to_owned()));
    assert_eq!(judge("exit 2", CommandExpect { exit: Some(2), ..any() }).0, Outcome::Pass);
    let pong = || CommandExpect { text: Some("PONG".to_owned()), ..any() };
    assert_eq!(judge("echo PONG", pong()).0, Outcome::Pass);
    assert_eq!(judge("echo error", pong()).0, fail("the text \"PONG\" is not in the output"));
    assert_eq!(judge("sleep 100", any()).0, fail("not done within 2 s, killed"));
    assert_eq!(judge("kill -9 $$", any()).0, fail("ended by signal 9"));
    let slow = CommandExpect { within: Some(Duration::from_millis(1)), ..any() };
    assert!(matches!(judge("sleep 0.1", slow).0, Outcome::Degraded(_)));
    let mut missing = probe(0, command("", any()));
    if let Ask::Command { command, .. } = &mut missing.ask {
        command.argv = vec![Filled::plain("/no/such/program")];
    }
    let sample = world.first(missing);
    assert_eq!(service(&sample).outcome, Outcome::NoData("cannot be started: not found".to_owned()));
}

/// Runs openssl; `None` where the machine has none.
fn openssl(dir: &Path, args: &str) -> Option<()> {
    let made = Command::new("openssl").args(args.split(' ')).current_dir(dir).output().ok()?;
    assert!(made.status.success(), "{args}: {}", String::from_utf8_lossy(&made.stderr));
    Some(())
}

/// A server that shows a self-signed certificate made in `dir`, valid for 30 days or between two moments.
fn tls_server(world: &World, dir: &Path, valid: Option<(&str, &str)>) -> Option<Server> {
    let key = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test -keyout key.pem";
    match valid {
        None => openssl(dir, &format!("{key} -x509 -days 30 -addext subjectAltName=IP:127.0.0.1 -out cert.pem"))?,
        Some((from, until)) => {
            std::fs::write(dir.join("index.txt"), "").unwrap();
            let config = "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\nrand_serial=yes\nnew_certs_dir=.\n\
                          default_md=sha256\npolicy=p\nx509_extensions=e\n[e]\nsubjectAltName=IP:127.0.0.1\n[p]\ncommonName=supplied\n";
            std::fs::write(dir.join("ca.cnf"), config).unwrap();
            openssl(dir, &format!("{key} -out asked.pem"))?;
            let sign = "ca -batch -selfsign -config ca.cnf -keyfile key.pem -in asked.pem -notext -out cert.pem";
            openssl(dir, &format!("{sign} -startdate {from} -enddate {until}"))?;
        }
    }
    let (key, cert) = (dir.join("key.pem"), dir.join("cert.pem"));
    let chain = CertificateDer::pem_file_iter(&cert).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    Some(world.serve(move |_, stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0_u8; 1_024]).await;
        }
    }))
}

#[test]
fn certificates_tell_their_days_and_what_is_wrong_with_them() {
    let world = World::new();
    let tls =
        |addr: String| probe(0, Ask::Tls { service: ServiceIx(0), addr, expires_after: Duration::from_hours(24 * 14) });
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = tls_server(&world, dir.path(), None) else {
        println!("openssl is not installed: certificates are not tested");
        return;
    };
    let sample = world.first(tls(server.at.to_string()));
    assert_eq!(failure(&sample), "TLS: certificate is self-signed");
    assert!(matches!(service(&sample).tls_days, Some(29 | 30)), "{:?}", service(&sample).tls_days);
    let https = Ask::Http {
        service: ServiceIx(0),
        request: warroom::probe::Request { url: Filled::plain(format!("https://{}/", server.at)), headers: Vec::new() },
        expect: warroom::probe::HttpExpect::default(),
    };
    assert_eq!(failure(&world.first(probe(0, https))), "TLS: certificate cannot be trusted");
    let at = |hours: i64| (chrono::Utc::now() + chrono::TimeDelta::hours(hours)).format("%Y%m%d%H%M%SZ").to_string();
    for (from, until, words, days) in [
        (at(-1_000), at(-24 * 5 - 1), "TLS: certificate expired 5 days ago", -6),
        (at(24 * 5 + 1), at(24 * 40 + 1), "TLS: certificate is not valid yet, for another 5 days", 40),
    ] {
        let server = tls_server(&world, dir.path(), Some((&from, &until))).unwrap();
        let sample = world.first(tls(server.at.to_string()));
        assert_eq!(failure(&sample), words);
        assert_eq!(service(&sample).tls_days, Some(days));
    }
    let plain = world.serve(|_, mut stream| async move {
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad\r\n\r\n").await;
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0_u8; 1_024]).await;
    });
    assert_eq!(failure(&world.first(tls(plain.at.to_string()))), "TLS: the answer is not TLS");
}
