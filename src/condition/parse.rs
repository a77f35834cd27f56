//! Reading a condition: a small descent over the text, names first, so that a metric may be called "5xx and timeouts".

use super::{ConditionError, Expr, Names, Op};

mod leaf;
mod metric;
mod reader;

use reader::{Reader, ends_word};

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

/// What a comparator begins with.
const COMPARATORS: [char; 6] = ['<', '>', '=', '≤', '≥', '!'];

impl Reader<'_> {
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

    fn starts_with_not(&self) -> bool {
        self.rest().get(..3).is_some_and(|w| w.eq_ignore_ascii_case("not")) && ends_word(self.rest(), 3)
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
}
