//! Environments from tables, labels, lists, addresses and the words that everybody uses for them.

use super::lines::{Place, Said, bare};
use super::{Seen, column};
use crate::runbook::markdown::{Kind, Row};
use crate::runbook::tokens::tokens;
use crate::runbook::{Environment, labels};

/// As many as one page holds.
const MAX: usize = 64;

/// Environments in document order; `prod` and `production` are one.
pub(in crate::runbook) fn environments(seen: &Seen<'_>, lines: &[Said<'_>]) -> Vec<Environment> {
    let mut out: Vec<Environment> = Vec::new();
    for (block, _) in seen.blocks() {
        if let Kind::Table(rows) = &block.kind {
            for found in from_table(rows) {
                add(&mut out, found);
            }
        }
    }
    for said in lines {
        let title = seen.title(said.heading).to_lowercase();
        if said.place == Place::Prose
            && (title.contains("environment") || title.contains("umgebung"))
            && let Some(found) = from_bullet(said)
        {
            add(&mut out, found);
        }
        if matches!(said.place, Place::Prose | Place::Heading | Place::Shown)
            && let Some((label, rest)) = said.text.split_once(':')
            && matches!(
                bare(label).trim().to_lowercase().as_str(),
                "environment"
                    | "environments"
                    | "env"
                    | "target environment"
                    | "umgebung"
                    | "environnement"
                    | "entorno"
            )
        {
            for name in rest
                .split([',', '/', ';'])
                .map(|n| n.trim().trim_start_matches("then ").trim())
                .filter(|n| plausible(n))
            {
                add(&mut out, Environment { name: name.into(), url: None, line: said.line });
            }
        }
        named(&said.text, said.line, said.place, &mut out);
    }
    out.sort_by_key(|e| e.line);
    out
}

fn add(out: &mut Vec<Environment>, found: Environment) {
    let name = canonical(found.name.raw());
    if let Some(known) = out.iter_mut().find(|e| canonical(e.name.raw()) == name) {
        known.url = known.url.take().or(found.url);
    } else if out.len() < MAX {
        out.push(found);
    }
}

/// One name for the spellings of one environment.
fn canonical(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    match lower.as_str() {
        "prod" | "prd" | "live" => "production".into(),
        "stage" | "stg" => "staging".into(),
        "dev" => "development".into(),
        "preprod" | "pre-prod" => "pre-production".into(),
        _ => lower,
    }
}

fn plausible(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= 32
        && name.split_whitespace().count() <= 3
        && name.chars().any(char::is_alphabetic)
        && !name.contains(['`', '{', '$'])
}

fn from_table(rows: &[Row]) -> Vec<Environment> {
    let Some((head, body)) = rows.split_first() else { return vec![] };
    let Some(name) = column(
        &head.cells,
        &[
            "env",
            "environment",
            "environments",
            "umgebung",
            "environnement",
            "entorno",
            "ambiente",
            "环境",
            "環境",
            "среда",
            "окружение",
        ],
    ) else {
        return vec![];
    };
    let url = head.cells.iter().position(|c| {
        let c = c.to_lowercase();
        c.contains("url") || matches!(c.trim(), "endpoint" | "host" | "address" | "domain" | "hostname" | "dns")
    });
    body.iter()
        .filter_map(|row| {
            let cell = |i: Option<usize>| i.and_then(|i| row.cells.get(i)).map_or("", |c| c.trim());
            let (name, url) = (cell(Some(name)), cell(url));
            plausible(name).then(|| Environment {
                name: name.into(),
                url: Some(url).filter(|u| u.contains('.') || u.contains("://")).map(Into::into),
                line: row.line,
            })
        })
        .collect()
}

/// `staging: https://…` under a heading about environments.
fn from_bullet(said: &Said<'_>) -> Option<Environment> {
    said.item?;
    let text = bare(&said.text);
    let (name, rest) = [": ", " - ", " – ", " — "].iter().find_map(|s| text.split_once(s)).unwrap_or((text, ""));
    let url = rest.split_whitespace().find(|w| w.contains("://")).map(|u| u.trim_end_matches([',', '.', ')']));
    (plausible(name) && !labels::imperative(name)).then(|| Environment {
        name: name.trim().into(),
        url: url.map(Into::into),
        line: said.line,
    })
}

/// `deploy to staging`, `https://staging.example.com`.
fn named(text: &str, line: u32, place: Place, out: &mut Vec<Environment>) {
    const HINTS: &[&str] = &["stag", "Stag", "STAG", "prod", "Prod", "PROD", "andbox", "ANDBOX", "uat", "UAT", "Uat"];
    if !HINTS.iter().any(|w| text.contains(w)) {
        return;
    }
    let t = tokens(text);
    for (i, word) in t.iter().enumerate() {
        let known = word.is_any(&["staging", "production", "prod", "preprod", "uat", "sandbox"])
            || word.is("stage")
                && i > 0
                && t.get(i - 1).is_some_and(|p| p.is_any(&["to", "on", "in"]))
                && t.get(i + 1).is_none_or(|n| !n.is_any(&["of"]));
        // `production-ready`, `prod.log` and `prod_db` name something else; an address names where it is.
        let before = i.checked_sub(1).and_then(|p| t.get(p)).filter(|p| p.to == word.from);
        let after = t.get(i + 1).filter(|n| n.from == word.to);
        let address = before.is_some_and(|p| p.sign('/')) && after.is_some_and(|n| n.sign('.'));
        let apart = before.is_none_or(|p| !matches!(p.text, "-" | "_" | "." | "/" | "="))
            && after.is_none_or(|n| {
                matches!(n.text, "," | "." | ")" | ":" | ";" | "`" | "\"" | "/" | "*")
                    && !(n.sign('.') && t.get(i + 2).is_some_and(|x| x.from == n.to))
            });
        if known && (address || apart && place != Place::Code) {
            let url = if address { address_in(text, word.text) } else { None };
            add(out, Environment { name: word.text.into(), url: url.map(Into::into), line });
        }
    }
}

/// The address in a text that begins with this word and has no path: what has one is a page, not where things run.
fn address_in<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let from = text.find(&format!("://{word}"))?;
    let scheme = text.get(..from)?.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    let rest = text.get(scheme..)?;
    let url = rest.get(..rest.find(|c: char| c.is_whitespace() || "`\"');,<>".contains(c)).unwrap_or(rest.len()))?;
    let url = url.trim_end_matches(['.', '/']);
    (url.matches('/').count() == 2).then_some(url)
}
