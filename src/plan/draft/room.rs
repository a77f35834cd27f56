//! `[room]` and `[[window]]` of the draft.

use super::sheet::{Block, Names, list, name, quoted, said};
use super::when;
use super::words::{date, duration, has, line, lines, offset_text, span, t0_clock};
use crate::runbook::{Runbook, Window};

pub(super) fn room(books: &[Runbook]) -> Block {
    let mut block = Block::table("[room]");
    if let Some(book) = books.first() {
        // A file's name in its first heading is no name for a room.
        let heading = book
            .headings
            .iter()
            .find(|h| h.text.raw().trim().to_lowercase().rsplit_once('.').is_none_or(|(_, end)| end != "md"));
        if let Some(heading) = heading {
            block.from(&book.path, heading.line, heading.text.raw());
            block.put(format!("name = {}", quoted(&name(heading.text.raw()))));
        }
    }
    block.need(format!("runbook = {}", list(books.iter().filter(|b| b.part_of.is_none()).map(|b| b.path.as_str()))));
    t0(books, &mut block);
    window(books, &mut block);
    match find(books, &["production", "prod", "produktion", "producción", "produzione", "本番", "продакшн"])
    {
        Some((book, n)) => {
            block.put_said("environment = \"prod\"", &format!("{}:{n} {}", said(&book.path), said(line(book, n))));
        }
        None => {
            block.wait("environment = \"…\"   # prod is shown in the danger colour");
        }
    }
    zone(books, &mut block);
    block
}

fn find<'a>(books: &'a [Runbook], words: &[&str]) -> Option<(&'a Runbook, u32)> {
    books.iter().find_map(|book| {
        let prose = |n: u32| !book.commands.iter().any(|c| c.line_start <= n && n <= c.line_end);
        let heading = book.headings.iter().find(|h| has(h.text.raw(), words)).map(|h| h.line);
        let early = || lines(book, 1, 40).find(|(n, l)| has(l, words) && prose(*n)).map(|(n, _)| n);
        Some((book, heading.or_else(early)?))
    })
}

fn t0(books: &[Runbook], block: &mut Block) {
    let day = books.iter().find_map(|book| {
        book.lines.iter().take(60).enumerate().find_map(|(n, l)| date(l.raw()).map(|d| (book, n as u32 + 1, d)))
    });
    let clock = books.iter().find_map(|book| when::start(book).map(|start| (book, start.line, start.minutes)));
    let mut said_at = Vec::new();
    if let Some((book, n, _)) = day {
        said_at.push(format!("{}:{n} \"{}\"", said(&book.path), said(line(book, n))));
    }
    if let Some((book, n, _)) = clock {
        said_at.push(format!("{}:{n} \"{}\"", said(&book.path), said(line(book, n))));
    }
    let when = if said_at.is_empty() { "the runbook names no day".to_owned() } else { said_at.join(", ") };
    block.ask(&format!(
        "when is T-0? ({when}) Write it here, give --t0, or set it live; ZONE is Z for UTC, or as in +01:00"
    ));
    let date = day.map(|(_, _, day)| day);
    let zone = clock.and_then(|(book, n, minutes)| when::zone(line(book, n), date, minutes));
    let zone = zone.unwrap_or_else(|| "ZONE".to_owned());
    let day = date.map_or_else(|| "YYYY-MM-DD".to_owned(), |day| day.format("%Y-%m-%d").to_string());
    let hour = clock.map_or_else(|| "HH:MM".to_owned(), |(_, _, m)| format!("{:02}:{:02}", m / 60, m % 60));
    // What is not known stands in capitals, so that TOML refuses it as it is.
    block.wait(format!("t0 = {day}T{hour}:00{zone}"));
}

fn window(books: &[Runbook], block: &mut Block) {
    let found = books.iter().find_map(|book| {
        book.lines.iter().enumerate().find_map(|(n, l)| {
            let text = l.raw();
            let named = has(
                text,
                &[
                    "maintenance window",
                    "change window",
                    "wartungsfenster",
                    "fenêtre de maintenance",
                    "ventana de mantenimiento",
                ],
            );
            named.then(|| duration(text)).flatten().map(|s| (book, n as u32 + 1, s))
        })
    });
    let range = || books.iter().find_map(|b| when::start(b).and_then(|s| Some((b, s.line, s.length?))));
    match found.or_else(range) {
        Some((book, n, seconds)) => {
            block.put_said(
                format!("window = {}", quoted(&span(seconds))),
                &format!("{}:{n} {}", said(&book.path), said(line(book, n))),
            );
        }
        None => {
            block.wait("window = \"3h\"   # the maintenance window, from T-0");
        }
    }
}

/// Zones that a runbook names by letters that are a place's in one way only.
fn zone(books: &[Runbook], block: &mut Block) {
    let zones = books.iter().flat_map(|b| &b.steps).filter_map(|s| s.at.as_ref());
    let mut named: Vec<&str> = zones
        .filter_map(|at| match at {
            crate::runbook::At::Clock { zone, .. } => zone.as_deref(),
            crate::runbook::At::T { .. } => None,
        })
        .filter(|z| !matches!(*z, "UTC" | "GMT" | "Z"))
        .collect();
    named.sort_unstable();
    named.dedup();
    if !named.is_empty() {
        block.ask(&format!("the runbook has times in {}; in which named zone is that?", said(&named.join(", "))));
        block.wait("zone = \"Europe/Berlin\"");
    }
}

/// Windows of monitoring: what the runbook calls one, and phases with a beginning and an end that watch.
pub(super) fn windows(books: &[Runbook]) -> Vec<Block> {
    const WATCHES: [&str; 8] = ["monitor", "watch", "observ", "beobacht", "überwach", "surveillance", "soak", "監視"];
    let mut names = Names::default();
    let mut out = Vec::new();
    let mut open = Block::default();
    for book in books {
        let t0 = t0_clock(book).map(|(minutes, _)| minutes);
        for window in &book.windows {
            let from = window.at.as_ref().and_then(|at| super::words::seconds(at, t0));
            let until = from.and_then(|from| Some(from + i64::try_from(window.length?).ok()?));
            match (from, until) {
                (Some(from), Some(until)) => out.push(draft_window(book, window, from, until, &mut names)),
                _ => {
                    open.from(&book.path, window.line, line(book, window.line));
                }
            }
        }
        let sections = super::words::sections(book);
        for phase in &book.phases {
            let title = line(book, phase.line);
            let told =
                |s: &super::words::Section<'_>| book.windows.iter().any(|w| (phase.line..=s.end).contains(&w.line));
            let Some((from, until)) = range(title).filter(|_| has(title, &WATCHES)) else { continue };
            if super::words::opened(&sections, phase.line).is_some_and(told) {
                continue;
            }
            let mut block = Block::table("[[window]]");
            block.from(&book.path, phase.line, title);
            block.need(format!("name = {}", quoted(&names.take(&name(phase.title.raw()), "window"))));
            block.need(format!("from = {}", quoted(&offset_text(from))));
            block.need(format!("until = {}", quoted(&offset_text(until))));
            out.push(block);
        }
    }
    if !open.notes.is_empty() {
        open.notes.insert(
            0,
            "Watching that hangs on a step, not on a time; a [[window]] needs its beginning and end:".to_owned(),
        );
        out.push(open);
    }
    out
}

fn draft_window(book: &Runbook, window: &Window, from: i64, until: i64, names: &mut Names) -> Block {
    let mut block = Block::table("[[window]]");
    block.from(&book.path, window.line, line(book, window.line));
    for check in &window.checks {
        block.from(&book.path, check.line, line(book, check.line));
    }
    block.need(format!("name = {}", quoted(&names.take(&name(window.title.raw()), "window"))));
    block.need(format!("from = {}", quoted(&offset_text(from))));
    block.need(format!("until = {}", quoted(&offset_text(until))));
    if let Some(every) = window.checks.iter().map(|c| c.every).filter(|s| *s > 0).min() {
        block.put(format!("check_in = {{ every = {} }}", quoted(&span(every))));
    }
    block
}

/// `T+60 to T+180 min`: two offsets in a title, in seconds. Bare numbers are minutes.
fn range(title: &str) -> Option<(i64, i64)> {
    let upper = title.to_uppercase().replace(['−', '–'], "-");
    let mut found = Vec::new();
    for (at, _) in upper.match_indices("T+").chain(upper.match_indices("T-")) {
        let sign = if upper.get(at + 1..at + 2) == Some("-") { -1 } else { 1 };
        let rest = upper.get(at + 2..)?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let Ok(number) = rest.get(..digits)?.parse::<i64>() else { continue };
        let unit = rest.get(digits..)?.trim_start();
        let size = if unit.starts_with('H') {
            3_600
        } else if unit.starts_with('D') {
            86_400
        } else {
            60
        };
        if number < 100_000 {
            found.push((at, sign * number * size));
        }
    }
    found.sort_unstable();
    match found.as_slice() {
        [(_, from), (_, until)] if from < until => Some((*from, *until)),
        _ => None,
    }
}
