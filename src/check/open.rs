//! What somebody still has to fill in: `TBD`, `XXX`, a contact that is a placeholder.

use super::pattern::pattern;
use super::sheet::{Kind, Row, Sheet};
use super::sink::Sink;
use crate::finding::codes::OPEN_END;

pattern! {
    /// As a cell, after a colon or a dash, in brackets, or alone.
    STANDS_FOR = r"(?:^|[|:=(\[>–—-]|\*\*)\s*[*_`]*((?:TBD|TBC|TBA|(?-i:TODO|FIXME|XXX+|N\.N\.)|T\.B\.D\.?|to be (?:determined|decided|defined|confirmed|announced)|\?{3,}|à définir|por definir|noch offen|待定|未定)\b?)[*_`]*\s*(?:$|[|,;.)\]–—(:-]|\*\*)";
    /// Letters in place of digits: a phone, a meeting, a ticket.
    CROSSED = r"(?:^|[^A-Za-z0-9.])([A-Za-z+0-9/-]*[-/+#](?-i:X{3,})(?:-(?-i:[A-Z])+)*)(?:$|[^A-Za-z0-9])";
    /// `<Phone>` beside a person.
    CONTACT = r"<(?:your |insert |enter )?(?:phone|e-?mail|slack|mobile|pager|telefon|téléphone)[^<>]{0,20}>";
    PEOPLE = r"\b(?:contacts?|escalat\w*|roles?|team|on-?call|emergency|people|kontakte?|contactos?)\b";
    MADE_UP = r"mktemp|X{3,}[A-Za-z]*\.(?:tmp|log)|\bXXX[- ]large";
}

/// What stands together: a table, a fence, a list.
struct Group {
    first: u32,
    last: u32,
    section: usize,
    words: String,
    count: usize,
}

/// More groups than this in one file are told as one.
const MOST: usize = 3;

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    let mut groups: Vec<Group> = Vec::new();
    let mut ended = true;
    for row in &sheet.rows {
        let words = words(sheet, row);
        let Some(first) = words.first() else {
            // Rows without any may stand between.
            ended |= matches!(row.kind, Kind::Nothing | Kind::Heading);
            continue;
        };
        let full = groups.len() == MOST;
        match groups.last_mut() {
            Some(group) if full || !ended && group.section == row.section => {
                group.last = row.line;
                group.count += words.len();
            }
            _ => groups.push(Group {
                first: row.line,
                last: row.line,
                section: row.section,
                words: first.clone(),
                count: words.len(),
            }),
        }
        ended = false;
    }
    for Group { first, last, words, count, .. } in groups {
        let more = match count - 1 {
            0 => String::new(),
            more if last == first => format!(", and {more} more beside it"),
            more => format!(", and {more} more to line {last}"),
        };
        out.words(
            sheet,
            OPEN_END,
            first,
            &words,
            &format!("\"{words}\" is still to be filled in{more}"),
            "write the name, number or link, or say where it is found at T-0",
        );
    }
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
    // Between backticks it is an example of how something looks.
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    // A box such as `TODO: write tests` is a note; a line about all TODOs is not.
    let said = row.said();
    let crossed: Vec<&str> =
        CROSSED.all(&plain).filter_map(|c| c.get(1)).map(|m| m.as_str().trim_start_matches(['/', '#'])).collect();
    for cell in said.split('|') {
        let cell = format!("|{cell}|");
        let stands = STANDS_FOR.all(&cell).filter_map(|c| c.get(1)).map(|m| m.as_str().to_owned());
        // `+1-XXX-XXXX` is one open end.
        out.extend(stands.filter(|w| crossed.is_empty() || !w.starts_with('X')));
    }
    out.extend(crossed.into_iter().map(str::to_owned));
    if text.contains('<') && sheet.titles(row.section).any(|t| PEOPLE.is_in(t)) {
        out.extend(CONTACT.all(text).filter_map(|c| c.get(0)).map(|m| m.as_str().to_owned()));
    }
    out
}
