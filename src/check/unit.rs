//! T-offsets without a unit: `T-30` is minutes to one reader and days to another.

use super::commands::listed;
use super::pattern::pattern;
use super::sheet::{Kind, Sheet};
use super::sink::Sink;
use crate::finding::codes::NO_UNIT;

pattern! {
    OFFSET = r"(?:^|[\s(\[|*_/,])(T\s?[+\-−–‑]\s?(\d+)(?::\d\d(?::\d\d)?)?)(\s*(?:ms|s|secs?|seconds?|sek\w*|m|mins?|minut\w*|h|hrs?|hours?|std|stunden?|d|days?|tage?n?|w|weeks?|woche\w*|segundos?|horas?|días?|dias?|heures?|jours?|ore|giorni|мин\w*|час\w*|дн\w*|ч|годин\w*|хв\w*|godz\w*|dni|saat\w*|dakika\w*|dk|gün\w*|uur|uren|dagen|timm\w*|tim|分\S*|分钟|小时|時間|天|日|분|시간)\b)?";
    RANGE = r"T\s?[+\-−–‑]?\s?\d+\s*(?:to|until|till|bis|a|à|до|\.\.\.?|[-–—→~…])\s*T?\s?[+\-−–‑]?\s?\d+\s*(?:s|min|m|h|d|hours?|minut|seconds?|days?|stunden|tage|分|小时)";
}

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    let mut first: Option<(u32, String)> = None;
    let mut lines: Vec<u32> = Vec::new();
    for row in sheet.spoken() {
        // In code and in running prose it is an argument, a name or a reference to the mark elsewhere.
        let text = match row.kind {
            Kind::Heading | Kind::Item | Kind::Table => row.text,
            Kind::Code(ix) if sheet.book.commands.get(ix).is_some_and(|c| c.lang.is_none()) => row.text,
            Kind::Prose if row.label == Some(row.line) => row.text,
            _ => continue,
        };
        let said = row.said();
        if !said.contains('T') || RANGE.is_in(text) {
            continue;
        }
        for found in OFFSET.all(text) {
            let (Some(mark), Some(number)) = (found.get(1), found.get(2)) else { continue };
            let clock = mark.as_str().contains(':');
            if found.get(3).is_some()
                || clock
                || number.as_str().trim_start_matches('0').is_empty()
                || number.as_str().len() > 5
            {
                continue;
            }
            if mark.as_str().starts_with('t') || !marks(text, mark.start(), mark.end(), row.kind) {
                continue;
            }
            if first.is_none() {
                first = Some((row.line, mark.as_str().to_owned()));
            }
            if lines.last() != Some(&row.line) {
                lines.push(row.line);
            }
        }
    }
    let Some((line, words)) = first else { return };
    let many =
        if lines.len() > 1 { format!(" (also {})", listed(lines.get(1..).unwrap_or_default())) } else { String::new() };
    let message = format!("\"{words}\" has no unit; it is read as minutes{many}");
    out.words(sheet, NO_UNIT, line, &words, &message, &format!("write the unit, as in \"{words} min\""));
}

/// Whether it marks a time: it opens the line, the cell or the bracket, or is followed by what happens.
fn marks(text: &str, from: usize, to: usize, kind: Kind) -> bool {
    let before = text.get(..from).unwrap_or_default().trim_end_matches(['*', '_', ' ', '\t']);
    let after = text.get(to..).unwrap_or_default().trim_start_matches(['*', '_', ' ', '\t']);
    let opens = before
        .trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '#' | '-' | '*' | '>' | '[' | ']' | 'x' | '.' | ')') || c.is_ascii_digit()
        })
        .is_empty()
        || before.ends_with(['|', '(']);
    opens || after.starts_with([':', '|', ')']) && kind == Kind::Heading
}
