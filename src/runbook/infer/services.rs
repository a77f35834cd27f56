//! Services from tables with ports and addresses, health requests in commands, and health paths in prose.

use super::{Seen, column};
use crate::runbook::Service;
use crate::runbook::class;
use crate::runbook::markdown::{Block, Kind, Row};
use crate::runbook::tokens::tokens;
use crate::text::Untrusted;

/// Services in document order; one address counts once.
pub(in crate::runbook) fn services(seen: &Seen<'_>) -> Vec<Service> {
    let mut out: Vec<Service> = Vec::new();
    let mut known = std::collections::HashSet::new();
    // What a healthy answer looks like, where one sentence says it for all.
    let mut said: Option<Untrusted> = None;
    for (block, heading) in seen.blocks() {
        let expects = match &block.kind {
            Kind::Paragraph => healthy_answer(block.plain()),
            _ => None,
        };
        if expects.as_ref().is_some_and(|e| e.raw().starts_with('{')) {
            said = said.or_else(|| expects.clone());
        }
        let found = match &block.kind {
            Kind::Table(rows) => from_table(rows),
            Kind::Fence { lang, text } => {
                let shell = class::is_shell(lang.as_deref()) || lang.is_none() && class::looks_like_shell(text);
                if shell { from_commands(text, block.first + 1) } else { from_ports(text, block.first + 1) }
            }
            Kind::Paragraph => from_prose(block, seen.title(heading)),
            _ => vec![],
        };
        for mut service in found {
            service.expects = service.expects.or_else(|| expects.clone());
            let key = match (&service.url, &service.health, service.port) {
                (Some(url), health, _) => format!("{} {}", host(url.raw()), health.as_ref().map_or("", |h| h.raw())),
                _ => service.name.raw().to_lowercase(),
            };
            if known.insert(key) && known.insert(format!("name {}", service.name.raw().to_lowercase())) {
                out.push(service);
            }
        }
    }
    for service in out.iter_mut().filter(|s| s.health.is_some() && s.expects.is_none()) {
        service.expects.clone_from(&said);
    }
    out
}

/// What a sentence about health says comes back: a JSON body, else a status code.
fn healthy_answer(text: &str) -> Option<Untrusted> {
    let lower = text.to_lowercase();
    if !lower.contains("health") && !lower.contains("/ready") && !lower.contains("/live") {
        return None;
    }
    let answers = ["return", "respond", "expect", "answer", "→", "should be", "should say"];
    if !answers.iter().any(|w| lower.contains(w)) {
        return None;
    }
    if let (Some(open), Some(close)) = (text.find('{'), text.rfind('}'))
        && text.get(open..=close).is_some_and(|b| b.contains('"') && b.contains(':'))
    {
        return text.get(open..=close).map(Into::into);
    }
    let t = tokens(text);
    t.iter()
        .find(|k| k.text.len() == 3 && k.number().is_some_and(|n| (200.0..400.0).contains(&n)))
        .map(|k| k.text.into())
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, r)| r);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

fn from_table(rows: &[Row]) -> Vec<Service> {
    let Some((head, body)) = rows.split_first() else { return vec![] };
    let head = &head.cells;
    let Some(name) = column(
        head,
        &[
            "service",
            "services",
            "component",
            "system",
            "app",
            "application",
            "name",
            "microservice",
            "dienst",
            "servicio",
            "server",
            "deployment",
            "container",
            "komponente",
            "composant",
            "サービス",
            "服务",
        ],
    ) else {
        return vec![];
    };
    let url = head.iter().position(|c| {
        let c = c.to_lowercase();
        c.contains("url")
            || matches!(c.trim(), "endpoint" | "host" | "address" | "domain" | "hostname" | "adresse" | "dns")
    });
    let port = column(head, &["port", "ports", "puerto", "端口"]);
    let health = head.iter().position(|c| {
        let c = c.to_lowercase();
        c.contains("health") || matches!(c.trim(), "check" | "probe" | "readiness" | "liveness")
    });
    if url.is_none() && port.is_none() && health.is_none() {
        return vec![];
    }
    let cell = |row: &Row, i: Option<usize>| {
        i.and_then(|i| row.cells.get(i)).map(|c| c.trim().to_owned()).filter(|c| !c.is_empty())
    };
    body.iter()
        .filter_map(|row| {
            let address = cell(row, url).filter(|u| u.contains('.') || u.contains("://") || u.contains(':'));
            let health = cell(row, health)
                .and_then(|h| path_in(&h).map(str::to_owned).or_else(|| h.contains("://").then_some(h)));
            Some(Service {
                name: cell(row, Some(name))?.into(),
                port: cell(row, port).and_then(|p| first_port(&p)).or_else(|| address.as_deref().and_then(port_of)),
                url: address.map(Into::into),
                health: health.map(Into::into),
                line: row.line,
                expects: None,
            })
        })
        .filter(|s| s.url.is_some() || s.port.is_some() || s.health.is_some())
        .collect()
}

fn first_port(cell: &str) -> Option<u16> {
    tokens(cell).iter().find_map(|t| t.text.parse().ok().filter(|p| *p > 0))
}

fn port_of(url: &str) -> Option<u16> {
    host(url).rsplit_once(':')?.1.parse().ok()
}

/// A path such as `/healthz` in `GET /healthz`.
fn path_in(text: &str) -> Option<&str> {
    text.split_whitespace()
        .map(|w| w.trim_matches(['`', '"', '\'', ',', '.']))
        .find(|w| w.starts_with('/') && w.len() > 1 && !w.starts_with("//"))
}

/// The last part of a path that says that it answers whether something is well.
fn is_health(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or(path).to_lowercase();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    matches!(
        last,
        "health"
            | "healthz"
            | "healthcheck"
            | "health-check"
            | "ready"
            | "readyz"
            | "live"
            | "livez"
            | "liveness"
            | "readiness"
            | "ping"
            | "heartbeat"
            | "_health"
            | "up"
    ) || last.ends_with("-health")
        || path.contains("/health/")
        || path.contains("/actuator/health")
}

/// Health requests in commands: `curl -f https://api.example.com/health`, `redis-cli -h cache ping`.
fn from_commands(text: &str, first: u32) -> Vec<Service> {
    let mut out = Vec::new();
    for (line, number) in text.lines().zip(first..) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let words: Vec<&str> =
            line.split_whitespace().map(|w| w.trim_matches(['"', '\'', '`', ')', ';', '(', ','])).collect();
        for word in words.iter().filter(|w| w.starts_with("http://") || w.starts_with("https://")) {
            let Some((base, path)) = split_url(word) else { continue };
            if is_health(path) && !host(base).contains(['$', '{', '<']) {
                out.push(Service {
                    name: name_of(base, path).into(),
                    url: Some(base.into()),
                    port: port_of(base),
                    health: Some(path.into()),
                    line: number,
                    expects: None,
                });
            }
        }
        let after = |flag: &str| words.iter().position(|w| *w == flag).and_then(|i| words.get(i + 1)).copied();
        let (program, default) = match words.iter().find(|w| matches!(**w, "redis-cli" | "pg_isready")) {
            Some(&"redis-cli") if words.contains(&"ping") || words.contains(&"PING") => ("redis-cli", 6379),
            Some(&"pg_isready") => ("pg_isready", 5432),
            _ => continue,
        };
        let host = after("-h").filter(|h| !h.starts_with('$')).unwrap_or(if program == "redis-cli" {
            "redis"
        } else {
            "postgres"
        });
        let port = after("-p").and_then(|p| p.parse().ok()).unwrap_or(default);
        out.push(Service { name: host.into(), url: None, port: Some(port), health: None, line: number, expects: None });
    }
    out
}

/// The base and the path of an address.
fn split_url(url: &str) -> Option<(&str, &str)> {
    let start = url.find("://")? + 3;
    let slash = url.get(start..)?.find('/')? + start;
    Some((url.get(..slash)?, url.get(slash..)?))
}

/// What stands before `-health`, else the host.
fn name_of(base: &str, path: &str) -> String {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    match last.strip_suffix("-health") {
        Some(part) if !part.is_empty() => part.to_owned(),
        _ => host(base).to_owned(),
    }
}

/// `Blue (Current): v1.0 running on ports 9000`.
fn from_ports(text: &str, first: u32) -> Vec<Service> {
    text.lines().zip(first..).filter_map(|(line, number)| on_port(line, number)).collect()
}

fn on_port(line: &str, number: u32) -> Option<Service> {
    let (name, rest) = line.trim().trim_start_matches(['-', '*', ' ']).split_once(':')?;
    let t = tokens(rest);
    let at = t.iter().position(|w| w.is_any(&["port", "ports"]))?;
    let port = t.get(at + 1)?.text.parse().ok()?;
    let short = name.split_whitespace().count() <= 4 && !name.is_empty();
    let name = name.split('(').next().unwrap_or(name).trim();
    short.then(|| Service { name: name.into(), url: None, port: Some(port), health: None, line: number, expects: None })
}

/// `Verify health endpoint /healthz responds 200.` names the service by its heading; an address names itself.
fn from_prose(block: &Block, title: &str) -> Vec<Service> {
    let mut out = Vec::new();
    for line in &block.rich {
        let text = block.line(line);
        if !["ealth", "EALTH", "/ready", "/live", "ort", "ORT"].iter().any(|w| text.contains(w)) {
            continue;
        }
        let lower = text.to_lowercase();
        if !lower.contains("health") && !lower.contains("/ready") && !lower.contains("/live") && !lower.contains("port")
        {
            continue;
        }
        for word in text.split_whitespace().map(|w| w.trim_matches(['`', '"', '\'', ',', '.', ')', '(', ';'])) {
            if let Some((base, path)) = split_url(word).filter(|(b, p)| b.starts_with("http") && is_health(p)) {
                out.push(Service {
                    name: name_of(base, path).into(),
                    url: Some(base.into()),
                    port: port_of(base),
                    health: Some(path.into()),
                    line: line.line,
                    expects: None,
                });
            } else if word.starts_with('/') && is_health(word) && asks_health(&lower) && !title.is_empty() {
                let name = crate::runbook::times::title(title);
                let name = name.split(" (").next().unwrap_or(name);
                out.push(Service {
                    name: name.into(),
                    url: None,
                    port: None,
                    health: Some(word.into()),
                    line: line.line,
                    expects: None,
                });
            }
        }
        out.extend(on_port(&text, line.line));
    }
    out
}

/// Whether a line asks for a look at the path, rather than remarking on it.
fn asks_health(lower: &str) -> bool {
    ["endpoint", "verify", "check", "curl", "returns 200", "respond"].iter().any(|w| lower.contains(w))
        && !lower.contains(" not `")
        && !lower.contains(" not /")
}
