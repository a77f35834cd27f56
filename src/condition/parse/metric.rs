//! What is asked of a metric: a number, a range, its baseline, how many samples there are.

use std::sync::Arc;

use super::leaf::negated;
use super::reader::Reader;
use super::{COMPARATORS, comparator};
use crate::clock::parse_duration;
use crate::condition::{ConditionError, Expr, MetricRef, Side, Test, Threshold, parse_value};
use crate::probe::MetricIx;

impl Reader<'_> {
    pub(super) fn of_metric(
        &mut self,
        metric: MetricRef,
        unit: Option<&str>,
        start: usize,
    ) -> Result<Expr, ConditionError> {
        self.space();
        if self.rest().starts_with(COMPARATORS) {
            return self.compared(metric, unit);
        }
        if self.word("has no data") {
            return Ok(negated(Expr::Test(Test::HasData { metric }), true));
        }
        if self.word("has data") {
            return Ok(Expr::Test(Test::HasData { metric }));
        }
        let no = self.is_not() == Some(true) || self.word("not");
        self.space();
        if self.rest().starts_with(COMPARATORS) {
            return self.compared(metric, unit).map(|e| negated(e, no));
        }
        for (word, side) in [("above", Side::Above), ("below", Side::Below), ("like", Side::Like)] {
            if self.word(&format!("{word} baseline")) || self.word(&format!("{word} the baseline")) {
                return Ok(negated(Expr::Test(Test::Ranks { metric, side }), no));
            }
        }
        if self.word("between") {
            let from = self.number(unit, &[" and "])?;
            self.word("and");
            let until = self.number(unit, &[])?;
            return self.range(metric, from, until, true, start).map(|e| negated(e, no));
        }
        if self.word("in") || self.word("within") {
            let bracket = self.sign('[');
            let from = self.number(unit, &["..", ","])?;
            let dots = self.rest().trim_start().starts_with("..");
            let _ = (dots && self.sign('.') && self.sign('.')) || self.sign(',');
            let until = self.number(unit, &["]"])?;
            let closed = bracket && self.sign(']');
            if bracket && !closed {
                self.sign(')');
            }
            return self.range(metric, from, until, closed, start).map(|e| negated(e, no));
        }
        let words = self.text.get(start..).unwrap_or_default().trim();
        Err(ConditionError::unreadable(
            format!("\"{words}\" compares nothing"),
            "write a metric, a comparator and a number as in \"error rate < 1%\", or \"services up\", or \"steps done\"",
            start..start + words.len(),
        ))
    }

    fn range(
        &self,
        metric: MetricRef,
        from: f64,
        until: f64,
        closed: bool,
        start: usize,
    ) -> Result<Expr, ConditionError> {
        if from > until || (!closed && from == until) {
            return Err(ConditionError::unreadable(
                format!("nothing lies between {from} and {until}"),
                "write the smaller number first",
                start..self.at,
            ));
        }
        Ok(Expr::Test(Test::Within { metric, from, until, closed }))
    }

    /// `< 1%`, `<= 1.2 * baseline`; the comparator stands here.
    fn compared(&mut self, metric: MetricRef, unit: Option<&str>) -> Result<Expr, ConditionError> {
        let from = self.at;
        let (op, right) = comparator(self.text, self.at)?;
        self.at = right;
        let words = self.value_words(&[]);
        if let Some(factor) = baseline(words) {
            self.at += words.len();
            return Ok(Expr::Test(Test::Baseline { metric, op, factor }));
        }
        let value = self.number(unit, &[])?;
        let text = self.text.get(from..self.at).unwrap_or_default().trim().to_owned();
        Ok(Expr::Test(Test::Metric { metric, threshold: Threshold { op, value, text } }))
    }

    /// `1% > error rate`, `100 <= rps < 500`.
    pub(super) fn number_first(&mut self) -> Result<Expr, ConditionError> {
        let start = self.at;
        let number_end = start + self.rest().find(COMPARATORS).unwrap_or(self.rest().len());
        let (op, right) = comparator(self.text, number_end)?;
        self.at = right;
        self.space();
        let Some(name) = self.name_here().filter(|name| name.metric.is_some()) else { return Err(self.nameless()) };
        let ix = name.metric.unwrap_or_default();
        let unit = self.names.metrics.get(ix).and_then(|(_, unit)| unit.as_deref());
        let metric = MetricRef { ix: MetricIx(ix as u32), name: Arc::clone(&name.text) };
        let written = self.text.get(start..number_end).unwrap_or_default();
        let value = parse_value(written, unit).map_err(|e| e.moved(start))?;
        self.at += name.len;
        let text = format!("{} {}", op.turned().sign(), written.trim());
        let low =
            Expr::Test(Test::Metric { metric: metric.clone(), threshold: Threshold { op: op.turned(), value, text } });
        self.space();
        if self.rest().starts_with(COMPARATORS) {
            let high = self.compared(metric, unit)?;
            return Ok(Expr::All { of: vec![low, high] });
        }
        Ok(low)
    }

    /// `count of failures over 1m > 100`; what stands after `count of` is here.
    pub(super) fn count(&mut self) -> Result<Expr, ConditionError> {
        self.space();
        let start = self.at;
        let Some(name) = self.name_here().filter(|name| name.metric.is_some()) else { return Err(self.nameless()) };
        let ix = name.metric.unwrap_or_default();
        self.at += name.len;
        let over = if self.word("over") || self.word("in") || self.word("within") {
            self.space();
            let words = self.rest().split(COMPARATORS).next().unwrap_or_default();
            let words = [" is ", " not ", " above", " below", " like"]
                .iter()
                .filter_map(|end| words.find(end))
                .min()
                .and_then(|end| words.get(..end))
                .unwrap_or(words)
                .trim();
            let over = parse_duration(words).ok().filter(|d| !d.is_zero());
            self.at += words.len();
            over
        } else {
            None
        };
        let Some(over) = over else {
            let message = "the count has no window".to_owned();
            let help = format!("write it as in \"count of {} over 1m > 100\"", name.text);
            return Err(ConditionError::unreadable(message, &help, start..self.text.len()));
        };
        self.space();
        let metric = MetricRef { ix: MetricIx(ix as u32), name: name.text };
        let no = self.is_not() == Some(true) || self.word("not");
        for side in [Side::Above, Side::Below, Side::Like] {
            if self.word(&format!("{} baseline", side.word())) {
                return Ok(negated(Expr::Test(Test::CountRanks { metric, over, side }), no));
            }
        }
        self.space();
        let from = self.at;
        let (op, right) = comparator(self.text, self.at)?;
        self.at = right;
        let value = self.number(None, &[])?;
        let text = self.text.get(from..self.at).unwrap_or_default().trim().to_owned();
        Ok(Expr::Test(Test::Count { metric, over, threshold: Threshold { op, value, text } }))
    }
}

/// `baseline`, `1.2 * baseline`, `1.2*baseline`, `1.2x baseline`, `baseline * 1.2`, `baseline + 20%`: the factor.
fn baseline(text: &str) -> Option<f64> {
    let folded = text.trim().to_lowercase();
    if folded == "baseline" {
        return Some(1.0);
    }
    let factor = if let Some(before) = folded.strip_suffix("baseline") {
        before.trim().strip_suffix(['*', 'x', '×'])?.trim().parse().ok()
    } else {
        let after = folded.strip_prefix("baseline")?.trim();
        let share = |sign: char| after.strip_prefix(sign)?.trim().strip_suffix('%')?.trim().parse::<f64>().ok();
        match (share('+'), share('-')) {
            (Some(more), _) => Some(1.0 + more / 100.0),
            (_, Some(less)) => Some(1.0 - less / 100.0),
            _ => after.strip_prefix(['*', 'x', '×'])?.trim().parse().ok(),
        }
    };
    factor.filter(|f: &f64| f.is_finite() && *f > 0.0)
}
