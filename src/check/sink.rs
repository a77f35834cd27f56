//! Where rules put what they find, so that no rule floods the page.

use std::collections::HashMap;
use std::ops::Range;

use super::sheet::{Row, Sheet};
use crate::finding::{Code, Finding, finding_in_line};

/// More than so many of one code in one file say nothing new.
const MOST: usize = 10;

/// Findings of one runbook.
#[derive(Default)]
pub(super) struct Sink {
    findings: Vec<Finding>,
    /// Per code: how many were reported, and the last kept one.
    counts: HashMap<&'static str, (usize, usize)>,
}

impl Sink {
    /// About `span` (bytes of the file) in a row.
    pub(super) fn at(
        &mut self,
        sheet: &Sheet<'_>,
        code: Code,
        row: &Row<'_>,
        span: Range<usize>,
        message: &str,
        help: &str,
    ) {
        let count = self.counts.entry(code.id).or_insert((0, 0));
        count.0 += 1;
        if count.0 <= MOST {
            count.1 = self.findings.len();
            self.findings.push(finding_in_line(sheet.source, code, row.line, row.start, span, message, help));
        }
    }

    /// About some words of a line; all of the line where they are not in it.
    pub(super) fn words(&mut self, sheet: &Sheet<'_>, code: Code, line: u32, words: &str, message: &str, help: &str) {
        if let Some(row) = sheet.row(line) {
            self.at(sheet, code, row, row.span(words), message, help);
        }
    }

    /// About a line.
    pub(super) fn line(&mut self, sheet: &Sheet<'_>, code: Code, line: u32, message: &str, help: &str) {
        self.words(sheet, code, line, "", message, help);
    }

    /// Everything, the last of many saying how many more there are.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        for (count, last) in self.counts.values() {
            if *count > MOST
                && let Some(finding) = self.findings.get_mut(*last)
            {
                finding.message = format!("{}; and {} more like it in this file", finding.message, count - MOST);
            }
        }
        self.findings.sort_by_key(|f| (f.line, f.column, f.code));
        self.findings
    }
}
