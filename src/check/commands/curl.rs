//! `curl` says success when the server answers 500, unless it is told to fail.

use super::Block;
use crate::check::shell::Simple;
use crate::check::sink::Sink;
use crate::finding::codes::CURL;

pub(super) fn check(block: &Block<'_, '_>, out: &mut Sink) {
    let calls: Vec<&Simple> =
        block.script.commands.iter().filter(|s| s.program() == "curl" && !fails(s) && !judged(block, s)).collect();
    let Some(first) = calls.first() else { return };
    let lines: Vec<u32> = calls.iter().map(|s| s.line).collect();
    let message = match lines.len() {
        1 => "`curl` without `-f` says success even when the server answers 500".to_owned(),
        n => format!(
            "`curl` without `-f` says success even when the server answers 500: {n} calls here, {}",
            block.lines(&lines)
        ),
    };
    let help = "write `curl -fsS …`, or compare `-w '%{http_code}'` with what you expect";
    block.about(out, CURL, first, &message, help);
}

/// Whether it was told to fail, or asks no server.
fn fails(curl: &Simple) -> bool {
    curl.has(&["--fail", "--fail-with-body", "--fail-early", "--version", "--help"])
        || curl.args().any(|a| short(a).contains('f') || short(a).contains('V'))
        || curl.args().any(|a| a.contains("http_code") || a.contains("response_code"))
        || curl.words.len() < 2
}

/// Letters of a cluster of options, up to the first that takes a value: in `-sSfo` all, in `-ofile` only `o`.
fn short(arg: &str) -> &str {
    let Some(cluster) = arg.strip_prefix('-').filter(|c| !c.starts_with('-')) else { return "" };
    let end = cluster.find([
        'o', 'w', 'H', 'X', 'd', 'u', 'b', 'e', 'A', 'T', 'm', 'F', 'c', 'K', 'x', 'E', 'D', 'r', 'C', 'U', 'y', 'Y',
        'z', 't', 'P', 'Q',
    ]);
    cluster.get(..end.unwrap_or(cluster.len())).unwrap_or_default()
}

/// Whether what it prints is held against something, as in `curl … | grep -q healthy`.
fn judged(block: &Block<'_, '_>, curl: &Simple) -> bool {
    let Some(last) = block.pipeline(curl.pipeline).filter(|s| s.stage > curl.stage).last() else { return false };
    match last.program() {
        "grep" | "egrep" | "rg" => true,
        "jq" => last.has(&["--exit-status"]) || last.has_letter('e'),
        _ => false,
    }
}
