//! Runbook → `warroom.toml`: what was read becomes entries with their sources, what is not known becomes questions.

mod candidates;
mod gates;
mod levels;
mod metrics;
mod params;
pub use params::is_secret;
mod room;
mod services;
mod sheet;
mod team;
mod ways;
mod when;
mod words;

use std::fmt::Write as _;

use super::{Input, Outside, load};
use crate::finding::{Level, codes};
use crate::runbook::Runbook;
use sheet::Block;

/// A draft never tries more often to find what does not load.
const TRIES: usize = 50;

/// What a user must know of the entries before trusting them.
pub const IN_FORCE: &str = "Rules, gates, windows, levels, rollbacks and breakers act as soon as no # stands before them: read them before T-0";

/// What the draft is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// A `warroom.toml` that loads without an error.
    pub text: String,
    /// What somebody has to decide, as numbered in the text.
    pub questions: usize,
    /// Entries that are in force, by kind, in the file's order: `service`, 4.
    pub entries: Vec<(&'static str, usize)>,
}

/// Drafts a plan from runbooks. Their paths must be relative to the folder the plan will stand in. Whatever is in them, the
/// draft loads: an entry that the loader refuses is commented out with the reason.
pub fn draft(books: &[Runbook]) -> Draft {
    let services = services::services(books);
    let metrics = metrics::metrics(books, services.any);
    let (roles, team) = team::roles(books);
    let mut blocks = vec![room::room(books)];
    blocks.extend(params::params(books));
    blocks.extend(roles);
    blocks.extend(services.blocks);
    blocks.extend(source(books, &metrics.metrics));
    blocks.extend(metrics.metrics);
    blocks.extend(metrics.rules);
    blocks.extend(gates::gates(books, &metrics.conditions, services.any, &team));
    blocks.extend(room::windows(books));
    blocks.extend(metrics.levels);
    blocks.extend(ways::rollbacks(books, &metrics.spans));
    blocks.extend(ways::breakers(books, &team));
    blocks.extend(ways::profiles(books));
    settle(books, &mut blocks);
    let written = sheet::write(&head(books), &blocks);
    Draft { questions: written.questions, entries: entries(&blocks), text: written.text }
}

fn head(books: &[Runbook]) -> Vec<String> {
    let names: Vec<String> = books.iter().filter(|b| b.part_of.is_none()).map(|b| sheet::said(&b.path)).collect();
    vec![
        format!("Drafted by `warroom init {}`; the runbook itself is never changed.", names.join(" ")),
        "Above each entry stands where it was read. What nobody but you can know is asked in numbered questions;"
            .to_owned(),
        "what waits for an answer is commented out. `warroom check` reads it all again.".to_owned(),
        format!("{IN_FORCE}."),
    ]
}

/// Where numbers could come from, once for all of them: a page of metrics that the runbook itself calls.
fn source(books: &[Runbook], metrics: &[Block]) -> Option<Block> {
    if !metrics.iter().any(|m| m.lines.iter().any(|l| l.text.starts_with("source = "))) {
        return None;
    }
    let mut block = Block::default();
    for book in books {
        for (n, line) in (1..).zip(book.lines.iter().map(crate::text::Untrusted::raw)) {
            let found = line
                .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | '<' | '>'))
                .find(|w| {
                    w.starts_with("http")
                        && w.contains("://")
                        && (w.trim_end_matches(['/', ',', '.', ';']).ends_with("/metrics") || w.contains(":9090"))
                });
            if let Some(url) = found
                && block.lines.len() < 6
            {
                let url = url.trim_end_matches([',', '.', ';']);
                let key = if url.ends_with("/metrics") { "scrape" } else { "prometheus" };
                let line_of = format!("{key} = {}", sheet::quoted_plain(url));
                if !block.lines.iter().any(|l| l.text == line_of) {
                    block.from(&book.path, n, line);
                    block.wait("[source.app]").wait(line_of);
                }
            }
        }
    }
    if block.lines.is_empty() {
        block
            .wait("[source.app]")
            .wait("prometheus = \"http://prometheus:9090\"   # or: scrape = \"http://HOST/metrics\"");
    }
    let named = |on: bool| -> Vec<String> {
        let names = metrics.iter().filter(|m| m.is_on() == on).filter_map(|m| m.lines.get(1));
        names.filter_map(|l| l.text.strip_prefix("name = ").map(str::to_owned)).collect()
    };
    let (probed, waiting) = (named(true), named(false));
    let mut question = "where are the metrics? One source is enough".to_owned();
    if !waiting.is_empty() {
        let _ = write!(question, "; then see to the queries of {}", waiting.join(", ")); // a String takes everything
    }
    if !probed.is_empty() {
        let _ = write!(question, "; until then {} are read from the services' own checks alone", probed.join(", "));
    }
    block.ask(&question);
    Some(block)
}

/// Comments out what does not load, until everything does.
fn settle(books: &[Runbook], blocks: &mut [Block]) {
    let nothing = |_: &str| None;
    let refused = |_: &str| Err("not read in a draft".to_owned());
    let outside = Outside { env: &nothing, file: &refused, cmd: &refused };
    for _ in 0..TRIES {
        empty_lists(blocks);
        let written = sheet::write(&head(books), blocks);
        let loaded = load(&Input { path: "warroom.toml", text: &written.text, outside: &outside, runbooks: books });
        let mut any = false;
        for finding in loaded.findings.iter().filter(|f| f.level == Level::Error) {
            let place = written.places.get((finding.line as usize).wrapping_sub(1)).copied().flatten();
            let Some(block) = place.and_then(|(b, _)| blocks.get_mut(b)) else { continue };
            let Some(line) = place.and_then(|(_, l)| block.lines.get_mut(l)).filter(|line| line.on) else { continue };
            any = true;
            let why = if finding.code == codes::AMBIGUOUS.id {
                format!("{}; {}", finding.message, finding.help)
            } else {
                finding.message.clone()
            };
            if line.vital {
                block.off();
                block.ask(&format!("not in force: {why}"));
            } else {
                line.on = false;
                line.remark = format!("not in force: {why}");
            }
        }
        if !any {
            // What is left has no line of an entry: only a bug could leave it, and then nothing is in force.
            if loaded.usable() {
                return;
            }
            break;
        }
    }
    for block in blocks.iter_mut().skip(1) {
        block.off();
    }
}

/// A list whose every element is commented out goes too; where it is vital, its entry goes with it.
fn empty_lists(blocks: &mut [Block]) {
    for block in blocks {
        let Some(open) = block.lines.iter().position(|l| l.on && l.text.ends_with("= [")) else { continue };
        let Some(close) = block.lines.iter().skip(open).position(|l| l.text == "]").map(|n| open + n) else { continue };
        if block.lines.iter().skip(open + 1).take(close - open - 1).any(|l| l.on) {
            continue;
        }
        if block.lines.get(open).is_some_and(|l| l.vital) {
            block.off();
            continue;
        }
        for at in [open, close] {
            if let Some(line) = block.lines.get_mut(at) {
                line.on = false;
            }
        }
    }
}

fn entries(blocks: &[Block]) -> Vec<(&'static str, usize)> {
    const KINDS: [(&str, &str); 10] = [
        ("[[role]]", "role"),
        ("[[service]]", "service"),
        ("[[metric]]", "metric"),
        ("[[rule]]", "rule"),
        ("[[gate]]", "gate"),
        ("[[window]]", "window"),
        ("[[level]]", "level"),
        ("[[rollback]]", "rollback"),
        ("[[breaker]]", "breaker"),
        ("[[profile]]", "profile"),
    ];
    let count =
        |header: &str| blocks.iter().filter(|b| b.lines.first().is_some_and(|l| l.on && l.text == header)).count();
    KINDS.iter().map(|(header, kind)| (*kind, count(header))).filter(|(_, n)| *n > 0).collect()
}
