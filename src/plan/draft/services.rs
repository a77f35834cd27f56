//! `[[service]]` of the draft: what the runbook says answers somewhere.

use std::collections::HashSet;

use super::sheet::{Block, Names, name, quoted, quoted_plain, said};
use super::words::{has, line};
use crate::runbook::{Runbook, Service};

/// Certificates asked for when the runbook speaks of them.
const CERTIFICATES: usize = 5;

/// What is known of the services once they are drafted.
#[derive(Default)]
pub(super) struct Drafted {
    pub blocks: Vec<Block>,
    /// Whether any can be asked as drafted.
    pub any: bool,
}

/// Where a service can be asked.
enum Target {
    Http { url: String, assumed: bool },
    Tcp(String),
}

pub(super) fn services(books: &[Runbook]) -> Drafted {
    let mut out = Drafted::default();
    let mut names = Names::default();
    let mut seen: HashSet<String> = HashSet::new();
    let mut hosts: Vec<String> = Vec::new();
    let mut asked: Vec<String> = Vec::new();
    let mut nowhere: Option<Block> = None;
    for (book, service) in books.iter().flat_map(|b| b.services.iter().map(move |s| (b, s))) {
        let words = line(book, service.line);
        let Some(target) = target(book, service) else {
            let block = nowhere.get_or_insert_with(|| {
                let mut block = Block::default();
                block.ask("on which host do these answer? Write them out, or leave them away");
                block
            });
            let port = service.port.map_or_else(|| "PORT".to_owned(), |p| p.to_string());
            let called = name(service.name.raw());
            block.from(&book.path, service.line, words);
            block.wait("[[service]]").wait(format!("name = {}", quoted(&names.take(&called, "service"))));
            match &service.health {
                Some(path) => {
                    let host = if service.port.is_some() { format!("HOST:{port}") } else { "HOST".to_owned() };
                    block.wait(format!("http = {}", quoted_plain(&format!("https://{host}{}", rooted(path.raw())))))
                }
                None => block.wait(format!("tcp = {}", quoted_plain(&format!("HOST:{port}")))),
            };
            continue;
        };
        let key = match &target {
            Target::Http { url, .. } => url.clone(),
            Target::Tcp(address) => address.clone(),
        };
        if !seen.insert(key.clone()) {
            continue;
        }
        let mut block = Block::table("[[service]]");
        block.from(&book.path, service.line, words);
        block.need(format!("name = {}", quoted(&names.take(&name(service.name.raw()), "service"))));
        let open = key.contains(['<', '>', '{', '}', '$', ' ']) || key.chars().any(char::is_control);
        let here = has(&key, &["localhost", "127.0.0.1", "[::1]", "0.0.0.0"]);
        match &target {
            Target::Http { url, assumed } => {
                block.need(format!("http = {}", quoted_plain(url)));
                if let Some(expect) = service.expects.as_ref().and_then(|e| expect(e.raw())) {
                    block.put(format!("expect = {expect}"));
                }
                if *assumed {
                    block.note("the runbook names no scheme; https is taken");
                }
                if let Some(host) = url.strip_prefix("https://").and_then(|r| r.split(['/', ':', '?']).next())
                    && !open
                    && hosts.len() < CERTIFICATES
                    && !hosts.iter().any(|h| h == host)
                {
                    hosts.push(host.to_owned());
                }
            }
            Target::Tcp(address) => {
                block.need(format!("tcp = {}", quoted_plain(address)));
            }
        }
        if let Some((header, variable)) = key_header(book, service) {
            if !asked.contains(&variable) {
                block.ask(&format!(
                    "the runbook sends {header}: set {variable} where warroom runs, and take the # away here and below"
                ));
                asked.push(variable.clone());
            }
            block.wait(format!("headers = {{ {header} = {} }}", quoted(&format!("${{{variable}}}"))));
        }
        if open {
            block.ask("the address has something to fill in; write it out").off();
        } else if here {
            block.ask("which machine is this, seen from where warroom runs? Write its name").off();
        }
        out.any |= block.is_on();
        out.blocks.push(block);
    }
    let told = nowhere.is_some() || out.blocks.iter().any(|b| !b.is_on());
    out.blocks.extend(nowhere);
    out.blocks.extend(certificates(books, &hosts, &mut names));
    if !out.any && !told {
        let mut block = Block::default();
        block.ask("what should be polled? The runbook names nothing that can be asked as it stands; one is enough");
        block.wait("[[service]]").wait("name = \"api\"").wait("http = \"https://HOST/health\"");
        out.blocks.push(block);
    }
    out
}

/// One probe for each host's certificate, where the runbook speaks of certificates.
fn certificates(books: &[Runbook], hosts: &[String], names: &mut Names) -> Vec<Block> {
    const WORDS: [&str; 8] =
        ["certificate", "ssl", "tls", "zertifikat", "certificat", "certificado", "証明書", "сертификат"];
    let speaks = books.iter().find_map(|book| {
        let n = book.lines.iter().position(|l| has(l.raw(), &WORDS))?;
        Some((book, n as u32 + 1))
    });
    let Some((book, n)) = speaks else { return Vec::new() };
    let draft = |host: &String| {
        let mut block = Block::table("[[service]]");
        block.from(&book.path, n, line(book, n));
        block.need(format!("name = {}", quoted(&names.take(&format!("{} certificate", name(host)), "certificate"))));
        block.need(format!("tls = {}", quoted_plain(&format!("{host}:443")))).put("expires_after = \"14d\"");
        block
    };
    hosts.iter().take(CERTIFICATES).map(draft).collect()
}

fn target(book: &Runbook, service: &Service) -> Option<Target> {
    if let Some(url) = whole(service) {
        return Some(Target::Http { url: url.to_owned(), assumed: false });
    }
    let words = line(book, service.line);
    if let Some(url) = service.url.as_ref().map(|u| u.raw().trim()).filter(|u| !u.is_empty()) {
        let assumed = !url.contains("://");
        let base = if assumed { format!("https://{url}") } else { url.to_owned() };
        if !base.starts_with("http") {
            return None;
        }
        let base = base.trim_end_matches('/');
        let path = service.health.as_ref().map(|h| rooted(h.raw())).filter(|path| !base.ends_with(path.as_str()));
        return Some(Target::Http { url: format!("{base}{}", path.unwrap_or_default()), assumed });
    }
    let (host, port) = (service.name.raw(), service.port?);
    let plain = !host.is_empty()
        && host.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'));
    let named = words.contains(&format!("{host}:{port}"))
        || words.contains(&format!("-h {host}"))
        || words.contains(&format!("--host {host}"))
        || words.contains(&format!("--host={host}"));
    (plain && named && service.health.is_none()).then(|| Target::Tcp(format!("{host}:{port}")))
}

/// What a healthy answer says: a status, or the plain values of a JSON object.
fn expect(words: &str) -> Option<String> {
    if let Ok(status) = words.trim().parse::<u16>() {
        return (100..600).contains(&status).then(|| format!("{{ status = [{status}] }}"));
    }
    let body: serde_json::Map<String, serde_json::Value> = serde_json::from_str(words).ok()?;
    let pairs: Vec<String> = body
        .iter()
        .filter_map(|(key, value)| {
            let pointer = quoted(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
            match value {
                serde_json::Value::String(text) if elided(text) => None,
                serde_json::Value::String(text) => Some(format!("{pointer} = {}", quoted(text))),
                serde_json::Value::Bool(it) => Some(format!("{pointer} = {it}")),
                _ => None,
            }
        })
        .collect();
    (!pairs.is_empty()).then(|| format!("{{ json = {{ {} }} }}", pairs.join(", ")))
}

/// Whether an example leaves the value open: `...`, `1.2.…`, `<version>`.
fn elided(text: &str) -> bool {
    text.trim().is_empty()
        || text.contains("..")
        || text.contains('…')
        || text.contains("${")
        || (text.contains('<') && text.contains('>'))
        || text.eq_ignore_ascii_case("x.y.z")
        || text.eq_ignore_ascii_case("vx.y.z")
}

/// The whole address in a column of health, where it is one.
fn whole(service: &Service) -> Option<&str> {
    let health = service.health.as_ref()?.raw().trim();
    (health.starts_with("https://") || health.starts_with("http://")).then_some(health)
}

fn rooted(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// The header with a secret that the runbook's own call of the service sends: its name and the variable.
fn key_header(book: &Runbook, service: &Service) -> Option<(String, String)> {
    let command = book.commands.iter().find(|c| c.line_start < service.line && service.line < c.line_end)?;
    let mut call = String::new();
    for n in command.line_start + 1..command.line_end {
        let text = line(book, n);
        let goes_on = text.trim_end().ends_with('\\');
        call.push_str(text.trim_end().trim_end_matches('\\'));
        if !goes_on {
            if n >= service.line {
                break;
            }
            call.clear();
        }
    }
    let (_, rest) = call.split_once("-H ")?;
    let rest = rest.trim_start().trim_start_matches(['"', '\'']);
    let (header, value) = rest.split_once(':')?;
    let variable = value.split_once('$')?.1.trim_start_matches('{');
    let end = variable.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(variable.len());
    let variable = variable.get(..end).filter(|v| v.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    let plain = !header.is_empty() && header.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    // `Authorization: Bearer $TOKEN` needs its scheme: it is left to a person.
    let bare = value.trim_start().starts_with('$');
    (plain && bare).then(|| (said(header), variable.to_owned()))
}
