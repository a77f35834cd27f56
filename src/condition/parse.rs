//! Reading a condition: a small descent over the text, names first, so that a metric may be called "5xx and timeouts".

use std::ops::Range;
use std::sync::Arc;

use super::{
    ConditionError, Expr, GateRef, MetricRef, Names, Op, ServiceRef, Side, SloAsk, SloRef, Test, Threshold, Trouble,
    parse_value, part,
};
use crate::clock::parse_duration;
use crate::fact::{ServiceState, Verdict};
use crate::probe::{MetricIx, ServiceIx};

/// Brackets within brackets.
const DEPTH: usize = 32;

/// Reads all of `text`.
pub(super) fn expr(text: &str, names: Names<'_>) -> Result<Expr, ConditionError> {
    let mut reader = Reader { text, at: 0, names, depth: 0, listed: false };
    let expr = reader.any()?;
    let rest = reader.rest().trim();
    if rest.is_empty() {
        return Ok(expr);
    }
    let help = "join two conditions with `and` or `or`";
    Err(ConditionError::unreadable(format!("\"{rest}\" is too much"), help, reader.span_of(rest)))
}

/// The comparator at the start of `text[at..]`, and where what follows it begins.
pub(super) fn comparator(text: &str, at: usize) -> Result<(Op, usize), ConditionError> {
    const OPS: [(&str, Op); 7] =
        [("<=", Op::Le), (">=", Op::Ge), ("==", Op::Eq), ("≤", Op::Le), ("≥", Op::Ge), ("<", Op::Lt), (">", Op::Gt)];
    let tail = text.get(at..).unwrap_or_default();
    let rest = tail.trim_start();
    let start = at + tail.len() - rest.len();
    if let Some((sign, op)) = OPS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((*op, start + sign.len()));
    }
    let sign = rest.len() - rest.trim_start_matches(['=', '!', '<', '>']).len();
    let (typed, number) = rest.split_at(sign);
    let (message, meant, end) = match typed {
        "" => (format!("\"{}\" has no comparator", rest.trim()), "<", text.len()),
        "=<" => (format!("\"{typed}\" is no comparator"), "<=", start + sign),
        "=>" => (format!("\"{typed}\" is no comparator"), ">=", start + sign),
        _ => (format!("\"{typed}\" is no comparator"), "==", start + sign),
    };
    let help = format!("write one of < <= > >= == before the number, as in \"{meant} {}\"", number.trim());
    Err(ConditionError::unreadable(message, &help, start..end))
}

const COMPARATORS: [char; 6] = ['<', '>', '=', '≤', '≥', '!'];

const STATES: [(&str, ServiceState); 7] = [
    ("up", ServiceState::Up),
    ("degraded", ServiceState::Degraded),
    ("slow", ServiceState::Degraded),
    ("down", ServiceState::Down),
    ("in maintenance", ServiceState::Maintenance),
    ("maintenance", ServiceState::Maintenance),
    ("stale", ServiceState::Stale),
];

const VERDICTS: [(&str, Verdict); 4] =
    [("go", Verdict::Go), ("no-go", Verdict::NoGo), ("no go", Verdict::NoGo), ("nogo", Verdict::NoGo)];

/// Where a verdict's word stands in a text.
fn verdict_at(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    [" is ", " go", " no-go", " no go", ",", ")", " and ", " or "].iter().filter_map(|word| lower.find(word)).min()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    names: Names<'a>,
    depth: usize,
    /// Within `2 of (…)`, where a comma ends a condition.
    listed: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Where `words` stand, looked for from here on.
    fn span_of(&self, words: &str) -> Range<usize> {
        let within = part(self.rest(), words);
        self.at + within.start..self.at + within.end
    }

    /// Takes a word or phrase, whatever its case; it must end where a word ends.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let mut at = 0;
        for piece in word.split(' ') {
            let rest = self.rest().get(at..).unwrap_or_default();
            let skipped = if at == 0 { 0 } else { rest.len() - rest.trim_start().len() };
            if at > 0 && skipped == 0 {
                return false;
            }
            let rest = rest.get(skipped..).unwrap_or_default();
            if !rest.get(..piece.len()).is_some_and(|found| found.eq_ignore_ascii_case(piece)) {
                return false;
            }
            at += skipped + piece.len();
        }
        if !ends_word(self.rest(), at) {
            return false;
        }
        self.at += at;
        true
    }

    fn sign(&mut self, sign: char) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len_utf8() } else { 0 };
        found
    }

    fn any(&mut self) -> Result<Expr, ConditionError> {
        let mut of = vec![self.all()?];
        while self.word("or") {
            of.push(self.all()?);
        }
        Ok(if of.len() > 1 { Expr::Any { of } } else { of.remove(0) })
    }

    fn all(&mut self) -> Result<Expr, ConditionError> {
        let mut of = vec![self.one()?];
        while self.word("and") {
            of.push(self.one()?);
        }
        Ok(if of.len() > 1 { Expr::All { of } } else { of.remove(0) })
    }

    fn one(&mut self) -> Result<Expr, ConditionError> {
        self.space();
        let nested = self.depth;
        if self.name_here().is_none() {
            if self.rest().starts_with('(') || self.starts_with_not() {
                self.depth += 1;
                if self.depth > DEPTH {
                    let span = self.at..self.text.len();
                    let message = "too many conditions within each other".to_owned();
                    return Err(ConditionError::unreadable(message, "split it in two", span));
                }
            }
            if self.word("not") {
                let of = Box::new(self.one()?);
                self.depth = nested;
                return Ok(Expr::Not { of });
            }
            if let Some(need) = self.some_of() {
                return self.listed(need);
            }
            if self.sign('(') {
                let open = self.at - 1;
                let inner = self.any()?;
                if !self.sign(')') {
                    let message = "the bracket is never closed".to_owned();
                    return Err(ConditionError::unreadable(message, "add a `)`", open..self.text.len()));
                }
                self.depth = nested;
                return Ok(inner);
            }
        }
        self.leaf()
    }

    /// `2 of` before a bracket.
    fn some_of(&mut self) -> Option<usize> {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let of = after.trim_start().get(..2).is_some_and(|word| word.eq_ignore_ascii_case("of"));
        let bracket = after.trim_start().get(2..).is_some_and(|after| after.trim_start().starts_with('('));
        let need = number.parse().ok().filter(|_| of && bracket)?;
        self.at += rest.len() - after.trim_start().get(2..).unwrap_or_default().trim_start().len();
        Some(need)
    }

    /// `(…, …, …)`, of which so many must hold; the bracket stands here.
    fn listed(&mut self, need: usize) -> Result<Expr, ConditionError> {
        let open = self.at;
        self.sign('(');
        let nested = self.depth;
        self.depth += 1;
        if self.depth > DEPTH {
            let message = "too many conditions within each other".to_owned();
            return Err(ConditionError::unreadable(message, "split it in two", open..self.text.len()));
        }
        let before = std::mem::replace(&mut self.listed, true);
        let mut of = vec![self.any()?];
        while self.sign(',') {
            of.push(self.any()?);
        }
        self.listed = before;
        if !self.sign(')') {
            let message = "the bracket is never closed".to_owned();
            return Err(ConditionError::unreadable(message, "add a `)`", open..self.text.len()));
        }
        self.depth = nested;
        if need == 0 || need > of.len() {
            let (message, most) = (format!("{need} of {} can never be meant", of.len()), of.len());
            let help = format!("ask for 1 to {most} of them, with a comma between two");
            return Err(ConditionError::unreadable(message, &help, 0..self.at));
        }
        Ok(Expr::Some { need, of })
    }

    /// `gate "deploy" go`, `gate deploy is no-go`; what stands after `gate` is here.
    fn gate(&mut self) -> Result<Expr, ConditionError> {
        self.space();
        let start = self.at;
        let Some(gates) = self.names.gates else {
            let message = "only the criteria of a gate can ask for another gate".to_owned();
            let help = "write what that gate asks for, as in \"error rate < 1%\"";
            return Err(ConditionError::unreadable(message, help, start..self.text.len()));
        };
        let (quoted, len) = self.quoted_or_word();
        let rest = self.rest();
        let bare = |name: &str| rest.starts_with(name) && !name.is_empty() && ends_word(rest, name.len());
        let in_quotes = len > quoted.len();
        let known = gates.iter().map(String::as_str);
        let found = longest(known, |name| if in_quotes { name == quoted } else { bare(name) });
        let Some((ix, wide)) = found else {
            let end = if in_quotes { start + len } else { start + verdict_at(rest).unwrap_or(rest.len()) };
            let name = self.text.get(start..end).unwrap_or_default().trim().trim_matches(['"', '`', '\'']);
            return Err(ConditionError {
                kind: Trouble::UnknownGate(name.to_owned()),
                message: format!("there is no gate \"{name}\""),
                help: String::new(),
                span: self.span_of(name),
            });
        };
        let name: Arc<str> = gates.get(ix).map_or("", String::as_str).into();
        self.at += if in_quotes { len } else { wide };
        let no = self.is_not() == Some(true) || self.word("not");
        for (word, verdict) in VERDICTS {
            if self.word(word) {
                return Ok(negated(Expr::Test(Test::Gate { gate: GateRef { ix, name }, verdict }), no));
            }
        }
        let words = self.text.get(start..).unwrap_or_default().trim();
        let message = format!("\"gate {words}\" says nothing of its verdict");
        Err(ConditionError::unreadable(message, &format!("write `gate \"{name}\" go`"), start..self.text.len()))
    }

    fn starts_with_not(&self) -> bool {
        self.rest().get(..3).is_some_and(|w| w.eq_ignore_ascii_case("not")) && ends_word(self.rest(), 3)
    }

    fn leaf(&mut self) -> Result<Expr, ConditionError> {
        self.space();
        if let Some(name) = self.name_here() {
            return self.named(&name);
        }
        if self.word("all services up") || self.word("services up") || self.word("services are up") {
            return Ok(Expr::Test(Test::ServicesUp));
        }
        if self.word("all steps done") || self.word("steps done") || self.word("steps are done") {
            return Ok(Expr::Test(Test::StepsDone));
        }
        if self.word("count of") {
            return self.count();
        }
        if self.word("gate") {
            return self.gate();
        }
        if self.rest().starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return self.number_first();
        }
        Err(self.nameless())
    }

    /// The longest known name that stands here, in quotes or bare: its metric and its service.
    fn name_here(&self) -> Option<Name> {
        let rest = self.rest();
        let quoted = ['"', '`', '\''].into_iter().find_map(|quote| {
            let inner = rest.strip_prefix(quote)?;
            Some((inner.split_once(quote)?.0, 1))
        });
        let fits = |name: &str| match quoted {
            Some((inner, _)) => inner == name,
            None => rest.starts_with(name) && !name.is_empty() && ends_word(rest, name.len()),
        };
        let metric = longest(self.names.metrics.iter().map(|(name, _)| name.as_str()), fits);
        let service = longest(self.names.services.iter().map(String::as_str), fits);
        let slo = longest(self.names.slos.iter().map(String::as_str), fits);
        let len = [metric, service, slo].into_iter().flatten().map(|(_, len)| len).max()?;
        let names = self.names.metrics.iter().map(|(n, _)| n).chain(self.names.services).chain(self.names.slos);
        let name = names.into_iter().find(|n| n.len() == len && fits(n))?;
        Some(Name {
            text: Arc::from(name.as_str()),
            metric: metric.filter(|(_, l)| *l == len).map(|(ix, _)| ix),
            service: service.filter(|(_, l)| *l == len).map(|(ix, _)| ix),
            slo: slo.filter(|(_, l)| *l == len).map(|(ix, _)| ix),
            len: len + if quoted.is_some() { 2 } else { 0 },
        })
    }

    /// What is asked of a name; it stands here.
    fn named(&mut self, name: &Name) -> Result<Expr, ConditionError> {
        let start = self.at;
        self.at += name.len;
        self.space();
        let compares = self.rest().starts_with(COMPARATORS);
        if let Some(ix) = name.slo
            && let Some(expr) = self.of_slo(&SloRef { ix, name: Arc::clone(&name.text) })
        {
            return Ok(expr);
        }
        if let Some(service) = name.service.filter(|_| !compares || name.metric.is_none())
            && let Some(expr) =
                self.of_service(&ServiceRef { ix: ServiceIx(service as u32), name: Arc::clone(&name.text) })?
        {
            return Ok(expr);
        }
        let Some(metric) = name.metric else {
            let words = self.text.get(start..).unwrap_or_default().trim();
            if name.service.is_none() {
                return Err(ConditionError::unreadable(
                    format!("\"{words}\" says nothing of the budget"),
                    &format!("write \"{0} burns\", \"{0} overspent\" or \"{0} within budget\"", name.text),
                    start..self.text.len(),
                ));
            }
            return Err(ConditionError::unreadable(
                format!("\"{words}\" says nothing of the service"),
                &format!("write \"{0} up\", \"{0} is down\" or \"{0} version is 2.0\"", name.text),
                start..self.text.len(),
            ));
        };
        let unit = self.names.metrics.get(metric).and_then(|(_, unit)| unit.as_deref());
        let metric = MetricRef { ix: MetricIx(metric as u32), name: Arc::clone(&name.text) };
        self.of_metric(metric, unit, start)
    }

    fn of_slo(&mut self, slo: &SloRef) -> Option<Expr> {
        let before = self.at;
        let no = self.is_not() == Some(true) || self.word("not");
        for (word, asks) in [
            ("burns", SloAsk::Burns),
            ("burning", SloAsk::Burns),
            ("overspent", SloAsk::Overspent),
            ("within budget", SloAsk::WithinBudget),
            ("in budget", SloAsk::WithinBudget),
        ] {
            if self.word(word) {
                return Some(negated(Expr::Test(Test::Slo { slo: slo.clone(), asks }), no));
            }
        }
        self.at = before;
        None
    }

    fn of_service(&mut self, service: &ServiceRef) -> Result<Option<Expr>, ConditionError> {
        let before = self.at;
        if self.word("version") {
            let no = self.is_not();
            let known = no.is_some() || self.equals();
            self.space();
            let (version, len) = self.quoted_or_word();
            if !known || version.is_empty() {
                let help = format!("write \"{} version is 2.0.0\"", service.name);
                let message = "the version is compared with nothing".to_owned();
                return Err(ConditionError::unreadable(message, &help, before..self.text.len()));
            }
            let version = version.to_owned();
            self.at += len;
            let test = Expr::Test(Test::Version { service: service.clone(), version });
            return Ok(Some(negated(test, no == Some(true))));
        }
        let no = self.is_not() == Some(true) || self.word("not");
        for (word, state) in STATES {
            if self.word(word) {
                return Ok(Some(negated(Expr::Test(Test::Service { service: service.clone(), state }), no)));
            }
        }
        self.at = before;
        Ok(None)
    }

    /// `is`, `is not`, `are`, `!=`, `==`: whether something is said at all, and whether it is denied.
    fn is_not(&mut self) -> Option<bool> {
        self.space();
        if self.rest().starts_with("!=") {
            self.at += 2;
            return Some(true);
        }
        if self.word("is not") || self.word("isn't") {
            return Some(true);
        }
        (self.word("is") || self.word("are")).then_some(false)
    }

    fn equals(&mut self) -> bool {
        self.space();
        let sign = self.rest().len() - self.rest().trim_start_matches('=').len();
        self.at += sign.min(2);
        matches!(sign, 1 | 2)
    }

    /// A text in quotes, or up to the next space or bracket; with the bytes it takes.
    fn quoted_or_word(&self) -> (&'a str, usize) {
        let rest = self.rest();
        for quote in ['"', '\'', '`'] {
            if let Some((inner, _)) = rest.strip_prefix(quote).and_then(|inner| inner.split_once(quote)) {
                return (inner, inner.len() + 2);
            }
        }
        let word = rest.split(|c: char| c.is_whitespace() || c == ')').next().unwrap_or_default();
        (word, word.len())
    }

    fn of_metric(&mut self, metric: MetricRef, unit: Option<&str>, start: usize) -> Result<Expr, ConditionError> {
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
    fn number_first(&mut self) -> Result<Expr, ConditionError> {
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
    fn count(&mut self) -> Result<Expr, ConditionError> {
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

    /// The words of a value: up to `and`, `or`, a bracket, or one of `ends`.
    fn value_words(&self, ends: &[&str]) -> &'a str {
        let rest = self.rest();
        let mut end = rest.find(')').unwrap_or(rest.len());
        end = end.min(rest.find(',').filter(|_| self.listed).unwrap_or(end));
        let lower = rest.to_ascii_lowercase();
        for word in [" and ", " or ", " and(", " or("].iter().chain(ends) {
            end = end.min(lower.find(word).unwrap_or(end));
        }
        let dangling = [" and", " or"].iter().find_map(|word| lower.trim_end().strip_suffix(word).map(str::len));
        end = end.min(dangling.unwrap_or(end));
        rest.get(..end).unwrap_or(rest).trim_end()
    }

    fn number(&mut self, unit: Option<&str>, ends: &[&str]) -> Result<f64, ConditionError> {
        let words = self.value_words(ends);
        let value = parse_value(words, unit).map_err(|e| {
            // An empty rest has no place of its own: all of the condition is shown.
            let whole = words.trim().is_empty();
            if whole { ConditionError { span: 0..self.text.len(), ..e } } else { e.moved(self.at) }
        })?;
        self.at += words.len();
        Ok(value)
    }

    /// No known name stands here: what people may have meant.
    fn nameless(&self) -> ConditionError {
        let rest = self.rest();
        let end = rest.find(COMPARATORS);
        if let Some(end) = end.filter(|end| !rest.get(..*end).unwrap_or_default().contains(" and ")) {
            let name = rest.get(..end).unwrap_or_default().trim();
            let message = if name.is_empty() {
                "no metric stands before the comparator".to_owned()
            } else {
                format!("there is no metric \"{name}\"")
            };
            let span = if name.is_empty() { self.at..self.text.len() } else { self.span_of(name) };
            return ConditionError {
                kind: Trouble::UnknownMetric(name.to_owned()),
                message,
                help: String::new(),
                span,
            };
        }
        let words = rest.split(" and ").next().unwrap_or_default().split(" or ").next().unwrap_or_default();
        let words = words.trim().trim_end_matches(')').trim();
        let service = STATES.iter().find_map(|(state, _)| {
            let name = words.strip_suffix(state)?.trim_end();
            let name = name.strip_suffix("not").unwrap_or(name).trim_end();
            Some(name.strip_suffix(" is").unwrap_or(name).trim()).filter(|n| !n.is_empty())
        });
        if let Some(name) = service {
            return ConditionError {
                kind: Trouble::UnknownService(name.to_owned()),
                message: format!("there is no service \"{name}\""),
                help: String::new(),
                span: self.span_of(name),
            };
        }
        if words.is_empty() {
            let message = "a condition is missing here".to_owned();
            return ConditionError::unreadable(message, "write one, as in \"error rate < 1%\"", 0..self.text.len());
        }
        ConditionError::unreadable(
            format!("\"{words}\" compares nothing"),
            "write a metric, a comparator and a number as in \"error rate < 1%\", or \"services up\", or \"steps done\"",
            self.span_of(words),
        )
    }
}

/// A known name where the reader stands.
struct Name {
    text: Arc<str>,
    metric: Option<usize>,
    service: Option<usize>,
    slo: Option<usize>,
    /// Bytes it takes, with its quotes.
    len: usize,
}

fn longest<'n>(names: impl Iterator<Item = &'n str>, fits: impl Fn(&str) -> bool) -> Option<(usize, usize)> {
    names.enumerate().filter(|(_, name)| fits(name)).map(|(ix, name)| (ix, name.len())).max_by_key(|(_, len)| *len)
}

fn negated(expr: Expr, no: bool) -> Expr {
    if no { Expr::Not { of: Box::new(expr) } } else { expr }
}

/// Whether a word may end at byte `at`: nothing that goes on with it follows.
fn ends_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|t| t.chars().next_back());
    let after = text.get(at..).and_then(|t| t.chars().next());
    let wordlike = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    !(before.is_some_and(wordlike) && after.is_some_and(wordlike))
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
