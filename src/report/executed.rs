//! The executed runbook: the same Markdown byte for byte, with its boxes ticked and what was done under each step.
//!
//! Added lines are quotes, indented so that they belong to their step; each ends with [`MARK`], an HTML comment that no page
//! shows. So they can be told from the author's words, be taken out again, and are not read as part of the plan.

use std::collections::{BTreeMap, HashSet};

use super::lines::{Text, content, ended};
use super::said;
use crate::fact::{Entry, Fact, StepId};
use crate::room::{Book, Progress, Status};
use crate::runbook::{ADDED as MARK, Command, Repair, Runbook, Step, StepKind};
use crate::text::Untrusted;

/// UTF-8's byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why a runbook cannot be given as executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// UTF-16 that is none.
    #[error("{path}: UTF-16 with errors in it cannot be given byte for byte; save the runbook once as UTF-8")]
    Encoding {
        /// Which file.
        path: String,
    },
}

/// What is reported on.
#[derive(Clone, Copy, Debug)]
pub struct Executed<'a> {
    /// All runbooks of the room.
    pub book: &'a Book,
    /// What was recorded.
    pub progress: &'a Progress,
    /// What was decided of gates and done about ways back, each with the step that it belongs to, in order.
    pub at: &'a [(StepId, &'a Entry)],
    /// What belongs to no step of any runbook; told at the end of the one that has it, which is the first.
    pub rest: Option<Rest<'a>>,
    /// The variant of the runbook that was chosen, if one was.
    pub variant: Option<Variant<'a>>,
}

/// What belongs to no step, beside the steps that were added at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rest<'a> {
    /// Notes on the room itself.
    pub notes: &'a [&'a Entry],
    /// What was recorded of steps that no runbook has any more.
    pub lost: &'a [Lost],
}

/// A step that no runbook has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Which.
    pub step: StepId,
    /// What it said, where an earlier runbook that has it is known.
    pub words: Option<Untrusted>,
}

/// A variant of the runbook.
#[derive(Clone, Copy, Debug)]
pub struct Variant<'a> {
    /// Its name in the plan.
    pub name: &'a str,
    /// The steps that it leaves out; nothing where the plan, which alone says so, is not at hand.
    pub leaves_out: Option<&'a HashSet<StepId>>,
}

/// The runbook of these bytes with what was done.
pub fn executed(bytes: &[u8], runbook: &Runbook, of: Executed<'_>) -> Result<Vec<u8>, ReportError> {
    let mut text = Text::of(bytes).ok_or_else(|| ReportError::Encoding { path: runbook.path.clone() })?;
    // After which line (1-based; 0 is before the first) which lines are put.
    let mut added: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
    for step in &runbook.steps {
        tick(&mut text, step, of);
        let mut said = said::of_step(&step.id, of);
        said.extend(of.at.iter().filter(|(id, _)| *id == step.id).filter_map(|(_, entry)| of_the_room(entry)));
        if said.is_empty() {
            continue;
        }
        let place = place(&text, runbook, step);
        let label = matches!(step.kind, StepKind::Substep | StepKind::Timeline);
        let lines = added.entry(place.after).or_default();
        let guard = [place.prefix.as_slice(), MARK.as_bytes()].concat();
        if place.lead {
            lines.push(guard.clone());
        }
        for words in said {
            // Under a fence or a paragraph it would not be clear which of its steps is meant.
            let words = if label { format!("{}: {words}", said::plain(step.text.raw())) } else { words };
            lines.push(line(&place.prefix, &words, runbook));
        }
        if place.guard {
            lines.push(guard);
        }
    }
    let end = end_lines(of);
    if !end.is_empty() {
        let lines = added.entry(last_line(&text, runbook)).or_default();
        lines.push(MARK.as_bytes().to_vec());
        lines.extend(end.iter().map(|words| line(b"", words, runbook)));
        lines.push(MARK.as_bytes().to_vec());
    }
    put(&mut text, added);
    Ok(text.bytes())
}

/// Takes every added line out again: what is left is the runbook with its boxes ticked.
pub fn without_additions(bytes: &[u8]) -> Vec<u8> {
    let Some(mut text) = Text::of(bytes) else { return bytes.to_vec() };
    let ours = |line: &Vec<u8>| content(line).ends_with(MARK.as_bytes());
    // The last line had no end of its own, so what was put behind it has none either.
    let open = text.lines.last().is_some_and(|l| ours(l) && !ended(l));
    let marked = text.lines.first().is_some_and(|l| l.starts_with(BOM) && ours(l));
    text.lines.retain(|line| !ours(line));
    if marked {
        text.lines.insert(0, BOM.to_vec());
    }
    if open && let Some(last) = text.lines.last_mut() {
        last.truncate(content(last).len());
    }
    text.bytes()
}

/// What an entry says that is no step's own, with when and who.
fn of_the_room(entry: &Entry) -> Option<String> {
    let (what, words) = match &entry.fact {
        Fact::Noted { step: None, text } => ("note", said::plain(text.raw())),
        fact => said::of_gate(fact)
            .map(|words| ("gate", words))
            .or_else(|| super::way_back::of_way_back(fact))
            .or_else(|| super::clock::of_clock(fact))?,
    };
    Some(format!("{what} {} · {}: {words}", said::time(entry.stamp), said::who(&entry.by)))
}

fn end_lines(of: Executed<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let Some(rest) = of.rest else { return out };
    if let Some(Variant { name, leaves_out: None }) = of.variant {
        let name = said::plain(name);
        out.push(format!("the profile \"{name}\" was chosen; the plan says which steps it leaves out"));
    }
    out.extend(rest.notes.iter().filter_map(|entry| of_the_room(entry)));
    for added in of.progress.added.values().filter(|a| a.after.is_none()) {
        out.push(format!("added on the run by {}: {}", said::who(&added.by), said::plain(added.text.raw())));
        out.extend(said::of_step(&added.step, of));
    }
    for lost in rest.lost {
        let step = lost.words.as_ref().map_or_else(|| lost.step.to_string(), |words| words.raw().to_owned());
        out.extend(
            said::of_step(&lost.step, of)
                .into_iter()
                .map(|words| format!("on a step that the runbook no longer has ({}): {words}", said::plain(&step))),
        );
    }
    out
}

/// Where the lines of a step go.
struct Place {
    after: u32,
    prefix: Vec<u8>,
    /// Whether the added lines would run on from what stands before.
    lead: bool,
    /// Whether what follows would run on into the added lines.
    guard: bool,
}

fn place(text: &Text, runbook: &Runbook, step: &Step) -> Place {
    let fence = runbook.commands.iter().find(|c| c.line_start < step.line && step.line <= c.line_end);
    if let Some(fence) = fence {
        let prefix = indent(line_at(text, fence.line_start));
        // Nothing can be put behind a fence that never ends.
        let after = if closed(text, fence) { fence.line_end } else { fence.line_start - 1 };
        return Place { lead: after < fence.line_start, after, prefix, guard: true };
    }
    let first = content(line_at(text, step.line));
    let prefix = behind_marker(first);
    let after = step.block_end.max(step.line);
    // A quote that follows would go on with ours.
    let quoted = quotes(content(line_at(text, after + 1))) > quotes(first);
    Place { lead: false, after, guard: prefix.is_none() || quoted, prefix: prefix.unwrap_or_else(|| indent(first)) }
}

/// Whether a fence has an end of its own: the same sign, at least as often.
fn closed(text: &Text, fence: &Command) -> bool {
    let opening = content(line_at(text, fence.line_start));
    let run = |line: &[u8], sign: u8| line.iter().take_while(|b| **b == sign).count();
    let opened = opening.iter().enumerate().find_map(|(at, sign)| {
        let length = if matches!(sign, b'`' | b'~') { run(opening.get(at..)?, *sign) } else { 0 };
        (length > 2).then_some((*sign, length))
    });
    let closing = content(line_at(text, fence.line_end));
    let closing = closing.get(indent(closing).len()..).unwrap_or_default().trim_ascii_end();
    fence.line_end > fence.line_start
        && opened.is_some_and(|(sign, length)| run(closing, sign) >= length && run(closing, sign) == closing.len())
}

fn line_at(text: &Text, line: u32) -> &[u8] {
    text.lines.get(line.wrapping_sub(1) as usize).map_or(&[], Vec::as_slice)
}

/// The blanks and quote signs that a line begins with.
fn indent(line: &[u8]) -> Vec<u8> {
    line.iter().copied().take_while(|b| matches!(b, b' ' | b'\t' | b'>')).collect()
}

/// What a line under an item begins with so that it belongs to it: the item's own beginning, its markers as blanks. Nothing
/// for a line that is no item.
fn behind_marker(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.strip_prefix(BOM).unwrap_or(line);
    let mut prefix = Vec::new();
    let mut rest = line;
    let mut any = false;
    loop {
        let blanks = indent(rest);
        rest = rest.get(blanks.len()..).unwrap_or_default();
        prefix.extend(blanks);
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let marker = match rest.get(digits) {
            Some(b'-' | b'*' | b'+') if digits == 0 => 1,
            Some(b'.' | b')') if (1..10).contains(&digits) => digits + 1,
            _ => break,
        };
        if !matches!(rest.get(marker), Some(b' ' | b'\t') | None) {
            break;
        }
        any = true;
        prefix.extend(std::iter::repeat_n(b' ', marker));
        rest = rest.get(marker..).unwrap_or_default();
        if rest.is_empty() {
            prefix.push(b' ');
        }
    }
    any.then_some(prefix)
}

/// How many quotes a line stands in, as far as its beginning says.
fn quotes(line: &[u8]) -> usize {
    let line = line.strip_prefix(BOM).unwrap_or(line);
    indent(line).split(|b| *b == b'>').count() - 1
}

/// The line behind which nothing of the file stands: its last, or the one before a fence that never ends.
fn last_line(text: &Text, runbook: &Runbook) -> u32 {
    let all = text.lines.len() as u32;
    let open = runbook.commands.last().filter(|c| c.line_end >= all && !closed(text, c));
    open.map_or(all, |c| c.line_start - 1)
}

/// An added line.
fn line(prefix: &[u8], words: &str, runbook: &Runbook) -> Vec<u8> {
    let words = format!("> {words} {MARK}");
    // In a file that is repaired as a whole, only ASCII leaves the repair possible.
    let words = if runbook.repaired == Some(Repair::MacRoman) { references(&words) } else { words };
    [prefix, words.as_bytes()].concat()
}

fn references(words: &str) -> String {
    words.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("&#{};", u32::from(c)) }).collect()
}

fn put(text: &mut Text, mut added: BTreeMap<u32, Vec<Vec<u8>>>) {
    let end = text.end().as_bytes();
    let mut out: Vec<Vec<u8>> = Vec::with_capacity(text.lines.len() + added.len());
    let lines = std::mem::take(&mut text.lines);
    let mut mark = false;
    if let Some(first) = added.remove(&0) {
        // The byte order mark stays the first thing in the file.
        mark = lines.first().is_some_and(|l| l.starts_with(BOM));
        out.extend(first.into_iter().map(|l| [l.as_slice(), end].concat()));
    }
    for (n, mut line) in (1..).zip(lines) {
        if n == 1 && mark {
            line.drain(..3);
            if let Some(first) = out.first_mut() {
                first.splice(..0, BOM.iter().copied());
            }
        }
        let whole = ended(&line);
        let Some(more) = added.remove(&n) else {
            out.push(line);
            continue;
        };
        if !whole {
            line.extend_from_slice(end);
        }
        out.push(line);
        let last = more.len() - 1;
        for (m, mut added) in more.into_iter().enumerate() {
            if whole || m < last {
                added.extend_from_slice(end);
            }
            out.push(added);
        }
    }
    text.lines = out;
}

/// Ticks the step's box, or takes the tick away from one that was reopened.
fn tick(text: &mut Text, step: &Step, of: Executed<'_>) {
    let Some(checked) = step.checked else { return };
    let Some(wanted) = wanted(step, of).filter(|wanted| *wanted != checked) else { return };
    // An item may begin with an empty line; its box then stands on the next.
    for n in [step.line, step.line + 1] {
        let Some(line) = text.lines.get_mut(n.wrapping_sub(1) as usize) else { return };
        let at = line.iter().position(|b| *b == b'[');
        let Some(at) = at.filter(|at| line.get(at + 2) == Some(&b']') && line.get(..*at).is_some_and(before_box))
        else {
            continue;
        };
        if let Some(sign) = line.get_mut(at + 1) {
            *sign = if wanted { b'x' } else { b' ' };
        }
        return;
    }
}

/// What may stand before a box on its line.
fn before_box(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'\t' | b'>' | b'-' | b'*' | b'+' | b'.' | b')'))
}

/// Whether the box is ticked; nothing when nobody said anything of it.
fn wanted(step: &Step, of: Executed<'_>) -> Option<bool> {
    let status = |id: &StepId| of.progress.step(id).filter(|s| s.newest.is_some()).map(|s| s.status);
    if !of.book.is_group(&step.id) {
        return status(&step.id).map(|s| s == Status::Done);
    }
    // A group is done when all of it is.
    let leaves = of.book.leaves_of(&step.id).map(|leaf| (status(&leaf.id), of.book.checked(&leaf.id)));
    let said: Vec<(Option<Status>, bool)> = leaves.collect();
    let done = said.iter().all(|(status, checked)| status.map_or(*checked, |s| s == Status::Done));
    if done {
        return said.iter().any(|(status, _)| status.is_some()).then_some(true);
    }
    said.iter().any(|(status, _)| status.is_some_and(|s| s != Status::Done)).then_some(false)
}
