//! Offsets from T-0: `T-30 minutes`, `T+60 to T+180 min`, `72 Hours Before`, `First Week`.

use super::length::{duration, unit};
use crate::runbook::tokens::{Kind, Token};

/// An offset from T-0 at `i`, as start, end where a range is given, and the next index.
pub(super) fn offset(t: &[Token<'_>], i: usize) -> Option<(i64, Option<i64>, usize)> {
    let (first, next) = one_offset(t, i)?;
    let joins = |k: &Token<'_>| {
        k.dash()
            || k.is_any(&["to", "until", "till", "through", "bis", "a", "à", "до"])
            || matches!(k.kind, Kind::Sign('→' | '～' | '〜' | '~'))
            || matches!(k.text, "до" | "至" | "到" | "から")
    };
    if t.get(next).is_some_and(joins)
        && let Some((second, after)) = one_offset(t, next + 1)
    {
        // `T+60 to T+180 min`: a unit said once is meant twice.
        return Some((first.seconds(second.unit), Some(second.seconds(first.unit)), after));
    }
    Some((first.seconds(None), None, next))
}

/// A signed number and its unit in seconds, where one is said.
#[derive(Clone, Copy)]
struct Offset {
    amount: f64,
    unit: Option<f64>,
}

impl Offset {
    /// Without any unit the number counts minutes.
    fn seconds(self, lent: Option<f64>) -> i64 {
        (self.amount * self.unit.or(lent).unwrap_or(60.0)).round() as i64
    }
}

fn one_offset(t: &[Token<'_>], i: usize) -> Option<(Offset, usize)> {
    let letter = t.get(i)?;
    if i > 0
        && t.get(i - 1).is_some_and(|p| {
            p.to == letter.from
                && !matches!(p.kind, Kind::Sign('(' | '[' | '|' | '*' | '_' | '（' | '【' | '：' | '，' | ','))
        })
    {
        return None;
    }
    if letter.text == "T0" {
        return Some((Offset { amount: 0.0, unit: None }, i + 1));
    }
    if letter.text != "T" {
        return None;
    }
    let sign = t.get(i + 1)?;
    let minus = sign.dash() || sign.is("minus");
    if !minus && !sign.sign('+') && !sign.sign('＋') && !sign.is("plus") {
        return None;
    }
    let number = t.get(i + 2)?;
    let amount = number.number()?;
    let sign = if minus { -1.0 } else { 1.0 };
    let mut next = i + 3;
    if t.get(next).is_some_and(|k| k.sign(':') && k.from == number.to)
        && let Some(minutes) =
            t.get(next + 1).filter(|m| m.text.len() == 2 && m.from == number.to + 1).and_then(Token::number)
    {
        next += 2;
        let mut seconds = amount * 3600.0 + minutes * 60.0;
        if t.get(next).is_some_and(|k| k.sign(':'))
            && let Some(s) = t.get(next + 1).filter(|m| m.text.len() == 2).and_then(Token::number)
        {
            seconds += s;
            next += 2;
        }
        return Some((Offset { amount: sign * seconds, unit: Some(1.0) }, next));
    }
    let unit = t.get(next).filter(|w| w.kind == Kind::Word).and_then(|w| unit(w.text));
    if let Some(unit) = unit
        && let Some((seconds, after)) = duration(t, i + 2)
    {
        return Some((Offset { amount: sign * seconds / unit, unit: Some(unit) }, after));
    }
    (amount < 1e7).then_some((Offset { amount: sign * amount, unit: None }, next))
}

/// `72 Hours Before`, `48 Hours Post-Launch`, `First 24 Hours`.
pub(super) fn spoken_offset(t: &[Token<'_>], i: usize) -> Option<(i64, Option<i64>, usize)> {
    if t.get(i)?.is("first") {
        let seconds = match duration(t, i + 1) {
            Some((seconds, next)) => (seconds, next),
            None => (t.get(i + 1).filter(|w| w.kind == Kind::Word).and_then(|w| unit(w.text))?, i + 2),
        };
        return (seconds.0 >= 60.0).then_some((0, Some(seconds.0 as i64), seconds.1));
    }
    // `Hour 1`, `Week 1`: the first one, from T-0.
    if t.get(i)?.is_any(&["hour", "day", "week"]) && t.get(i + 1).is_some_and(|n| n.text == "1") {
        let seconds = unit(t.get(i)?.text)?;
        return Some((0, Some(seconds as i64), i + 2));
    }
    let (seconds, next) = duration(t, i)?;
    let word = t.get(next)?;
    const BEFORE: &[&str] = &["before", "prior", "ahead", "vor", "antes", "avant", "prima", "до"];
    const AFTER: &[&str] = &["after", "post", "nach", "después", "après", "dopo", "depois", "после"];
    if word.is_any(BEFORE) {
        Some((-(seconds as i64), None, next + 1))
    } else if word.is_any(AFTER) {
        Some((seconds as i64, None, next + 1))
    } else {
        None
    }
}
