//! What somebody still has to fill in: `TBD`, `XXX`, a contact that is a placeholder.

use super::pattern::pattern;
use super::sheet::{Kind, Row, Sheet};
use super::sink::Sink;
use crate::finding::codes::OPEN_END;

pattern! {
    /// As a cell, after a colon or a dash, in brackets, or alone.
    STANDS_FOR = r"(?:^|[|:=(\[>–—-]|\*\*)\s*[*_`]*((?:TBD|TBC|TBA|TODO|FIXME|T\.B\.D\.?|N\.N\.|to be (?:determined|decided|defined|confirmed|announced)|\?{3,}|à définir|por definir|noch offen|待定|未定)\b?)[*_`]*\s*(?:$|[|,;.)\]–—(:-]|\*\*)";
    /// Letters in place of digits: a phone, a meeting, a ticket.
    CROSSED = r"(?:^|[^A-Za-z0-9.])((?:[A-Za-z+0-9/-]*[-/+ #])?X{3,}(?:-[A-Z]+)*)(?:$|[^A-Za-z0-9])";
    /// `<Phone>` beside a person.
    CONTACT = r"<(?:your |insert |enter )?(?:phone|e-?mail|slack|name|person|mobile|contact|pager|number|telefon)[^<>]{0,20}>";
    MADE_UP = r"mktemp|X{3,}[A-Za-z]*\.(?:tmp|log)|\bXXX[- ]large";
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    // One finding for what stands together: a table, a fence, a list.
    let mut open: Option<(u32, u32, String, usize, usize)> = None;
    for row in &sheet.rows {
        let words = words(sheet, row);
        let Some(first) = words.first() else {
            // Rows without any may stand between.
            if matches!(row.kind, Kind::Nothing | Kind::Heading)
                && let Some(group) = open.take()
            {
                report(sheet, group, out);
            }
            continue;
        };
        match &mut open {
            Some((_, last, _, count, section)) if *section == row.section => {
                *last = row.line;
                *count += words.len();
            }
            _ => {
                if let Some(group) = open.take() {
                    report(sheet, group, out);
                }
                open = Some((row.line, row.line, first.clone(), words.len(), row.section));
            }
        }
    }
    if let Some(group) = open {
        report(sheet, group, out);
    }
}

fn report(sheet: &Sheet<'_>, (first, last, words, count, _): (u32, u32, String, usize, usize), out: &mut Sink) {
    let more = if count > 1 { format!(", and {} more like it to line {last}", count - 1) } else { String::new() };
    out.words(
        sheet,
        OPEN_END,
        first,
        &words,
        &format!("\"{words}\" is still to be filled in{more}"),
        "write the name, number or link, or say where it is found at T-0",
    );
}

/// The words of a row that stand for something to come.
fn words(sheet: &Sheet<'_>, row: &Row<'_>) -> Vec<String> {
    let code = match row.kind {
        Kind::Nothing | Kind::Fence => return Vec::new(),
        Kind::Code(ix) => sheet.book.commands.get(ix),
        _ => None,
    };
    // Source code is full of marks that mean something else.
    let runs = code.is_some_and(|c| {
        c.lang.is_some() && !matches!(c.lang.as_ref().map_or("", |l| l.raw()), "text" | "txt" | "plain" | "plaintext")
    });
    if runs || MADE_UP.is_in(row.text) {
        return Vec::new();
    }
    let text = row.text;
    if !(text.contains(['T', 't', 'F', 'X', '?', 'N', 'p', 'o', '定']) || text.contains('<')) {
        return Vec::new();
    }
    let mut out: Vec<String> = Vec::new();
    // A box such as `TODO: write tests` is a note; a line about all TODOs is not.
    let said = row.said();
    for cell in said.split('|') {
        let cell = format!("|{cell}|");
        out.extend(STANDS_FOR.all(&cell).filter_map(|c| c.get(1)).map(|m| m.as_str().to_owned()));
    }
    out.extend(
        CROSSED.all(text).filter_map(|c| c.get(1)).map(|m| m.as_str().trim_start_matches([' ', '/', '#']).to_owned()),
    );
    if text.matches('<').count() < 8 {
        out.extend(CONTACT.all(text).filter_map(|c| c.get(0)).map(|m| m.as_str().to_owned()));
    }
    out
}
