//! Labels and annotations of a rule: templates that nobody here fills in, and names that a Prometheus would refuse.

use std::ops::Range;

use super::Reader;
use crate::finding::codes;
use crate::probe::{promql, template};
use crate::text::escape;

impl Reader<'_> {
    /// Templates that stay as they are written, and names that a Prometheus would refuse.
    pub(super) fn templates(&mut self, key: &str, texts: &[(String, String)], at: &Range<usize>) {
        for (name, text) in texts {
            if template::has_more(text) {
                let severity = key == "labels" && name == "severity";
                let worth = if severity { ", so its alerts wake somebody" } else { "" };
                let message = format!("the template of `{}` in `{key}` is not filled in here{worth}", escape(name));
                let help = "understood are $value, $labels, if and else, and the functions of numbers and texts";
                self.tell(codes::RULE_ODD, at.clone(), &message, help);
            }
            let mut letters = name.chars();
            let plain = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
                && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !plain || name == promql::NAME {
                let message = format!("`{}` is no name for one of the `{key}`", escape(name));
                let help =
                    "letters, digits and _ are taken everywhere; a Prometheus of before 3 refuses the whole file";
                self.tell(codes::RULE_ODD, at.clone(), &message, help);
            }
        }
    }
}
