//! Comparisons put together from their parts: a negation, a verb that moves, a word for above or below, *than*, *or equal*.
//! `darf zu keiner Zeit über`, `ne doit jamais dépasser`, `не должно опускаться ниже`, `größer ist als`, `不能高于`.

use super::amount::amount;
use super::tongues::said;
use crate::runbook::tokens::{Kind, Token};

mod words;

use words::{Part, part};

/// More words than this between a negation and its number are no comparison.
const MOST_WORDS: usize = 8;

/// What has been read of a comparison.
#[derive(Clone, Copy, Default)]
struct Read {
    negated: bool,
    equal: bool,
    op: Option<char>,
}

impl Read {
    /// Takes one more part; `false` where it does not belong.
    fn take(&mut self, part: Part, than_follows: bool) -> bool {
        match part {
            Part::No => {
                let first = self.op.is_none();
                self.negated |= first;
                first
            }
            // `größer ist als`: a verb may stand between an adjective and its than.
            Part::Move => self.negated && self.op.is_none() || self.op.is_some() && than_follows,
            Part::Above => self.side('>'),
            Part::Below => self.side('<'),
            Part::Reach => {
                self.equal = true;
                self.op.is_none_or(|op| op == '>') && self.side('>')
            }
            Part::Most => {
                self.equal = true;
                self.side('<')
            }
            Part::Least => {
                self.equal = true;
                self.side('>')
            }
            Part::Equal => {
                self.equal = true;
                true
            }
            Part::Or => self.op.is_some() || self.equal || self.negated,
            Part::Little => self.op.is_some() || self.negated || self.equal,
        }
    }

    fn side(&mut self, side: char) -> bool {
        let fits = self.op.is_none_or(|op| op == side);
        self.op = Some(side);
        fits
    }

    /// `nicht über` is at most, `nicht mindestens` below.
    fn sign(self) -> Option<char> {
        Some(match (self.op?, self.negated, self.equal) {
            ('>', false, false) | ('<', true, true) => '>',
            ('<', false, false) | ('>', true, true) => '<',
            ('>', false, true) | ('<', true, false) => '≥',
            _ => '≤',
        })
    }
}

/// The comparison that begins at `i` and ends before a number: its sign and its length in tokens.
pub(super) fn composed(t: &[Token<'_>], i: usize) -> Option<(char, usize)> {
    let mut read = Read::default();
    let mut at = i;
    let mut only = None;
    while at < i + MOST_WORDS {
        let here = t.get(at)?;
        if at > i && starts_number(t, at) {
            let enough = at > i + 1 || alone(t, i, only?);
            return read.sign().filter(|_| enough).map(|sign| (sign, at - i));
        }
        // `au-dessus`, `ca.`
        if at > i && here.sign(',') && t.get(at + 1).is_some_and(|n| n.is("mint")) {
            at += 1;
            continue;
        }
        if at > i && (here.dash() || here.sign('.')) && t.get(at - 1).is_some_and(|b| b.to == here.from) {
            at += 1;
            continue;
        }
        if here.kind != Kind::Word || said(here) {
            return None;
        }
        let than =
            t.get(at + 1).is_some_and(|n| n.kind == Kind::Word && part(n.text).is_some_and(|(_, p)| p == Part::Little));
        // `kisebb, mint 5 %`
        let (no, found) = match part(here.text)? {
            // `no debe pasar de 80 %`: these verbs are comparisons before a *de*.
            (no, Part::Move) if words::passes(here.text) && than && starts_number(t, at + 2) => (no, Part::Above),
            // `mais` and `plus` are also *but* and *plus*.
            (_, Part::Above) if at == i && (here.is("over") || here.is_any(&["plus", "mais"]) && !than) => return None,
            found => found,
        };
        if here.is("plus")
            && !t.get(at + 1).is_some_and(|n| n.is_any(&["de", "du", "des", "que"]) || n.text.starts_with("d'"))
        {
            return None;
        }
        if no && !read.take(Part::No, than) || !read.take(found, than) {
            return None;
        }
        only = Some(found);
        at += 1;
    }
    None
}

/// Whether a word needs no other before its number; short ones mean too much else unless a unit follows: `pod 5 %`, `sous 300 ms`.
fn alone(t: &[Token<'_>], i: usize, part: Part) -> bool {
    let Some(word) = t.get(i) else { return false };
    if words::is_verb(word.text) {
        return part != Part::Reach || amount(t, i + 1).is_some_and(|(_, unit, _)| unit.is_some());
    }
    let unit = amount(t, i + 1).and_then(|(_, unit, _)| unit);
    match words::stands_alone(word.text) {
        Some(true) => true,
        Some(false) => {
            // `sub 5.000`, where a cell holds nothing else.
            matches!(unit, Some("%" | "ms" | "s" | "rps" | "/s" | "/min" | "MB" | "GB"))
                || i == 0 && amount(t, 1).is_some_and(|(.., next)| next >= t.len())
        }
        None => false,
    }
}

/// A number, or the sign that stands before one.
fn starts_number(t: &[Token<'_>], at: usize) -> bool {
    t.get(at).is_some_and(|w| {
        w.number().is_some()
            || matches!(w.kind, Kind::Sign('%' | '~' | '≈' | '`'))
                && t.get(at + 1).is_some_and(|n| n.number().is_some())
    })
}

/// The comparison that begins at `i`, behind its number: `nicht übersteigen`, `of meer`, `overschrijdt`. Its operator and the
/// index behind it.
pub(super) fn behind(t: &[Token<'_>], i: usize) -> Option<(&'static str, usize)> {
    let first = t.get(i).filter(|w| w.kind == Kind::Word)?;
    let (no, kind) = part(first.text)?;
    let mut read = Read::default();
    let next_is_number = |at: usize| starts_number(t, at);
    match kind {
        // `5 % oder mehr`, `5 % и выше`
        Part::Or => {
            let mut at = i + 1;
            // `veya daha fazla`
            while at < i + 3 && t.get(at).is_some_and(|w| w.kind == Kind::Word && words::degree(w.text)) {
                at += 1;
            }
            let word = t.get(at).filter(|w| w.kind == Kind::Word)?;
            // `5 % und mehr als 3` begins another.
            if (at + 1..at + 4).any(next_is_number) {
                return None;
            }
            match part(word.text)?.1 {
                Part::Above => Some((">=", at + 1)),
                Part::Below => Some(("<=", at + 1)),
                _ => None,
            }
        }
        _ if no || kind == Part::No => {
            let mut at = i;
            read.negated = true;
            while at < i + 4 {
                let word = t.get(at).filter(|w| w.kind == Kind::Word)?;
                let (_, found) = part(word.text)?;
                if matches!(found, Part::Above | Part::Below | Part::Reach) {
                    let ends = words::ends_clause(word.text) && !next_is_number(at + 1);
                    if !ends || !read.take(found, false) {
                        return None;
                    }
                    return Some((op(read.sign()?), at + 1));
                }
                if !matches!(found, Part::No | Part::Move | Part::Little) {
                    return None;
                }
                at += 1;
            }
            None
        }
        _ => verb(t, i),
    }
}

/// The side of a word behind a number that is held against how it was: `40 % выше обычного`.
pub(super) fn side(word: &str) -> Option<&'static str> {
    match part(word)?.1 {
        Part::Above => Some(">"),
        Part::Below => Some("<"),
        _ => None,
    }
}

/// A verb at the end of its clause: `überschreitet`, `erreicht oder überschreitet`.
pub(super) fn verb(t: &[Token<'_>], i: usize) -> Option<(&'static str, usize)> {
    let first = t.get(i).filter(|w| w.kind == Kind::Word && words::ends_clause(w.text))?;
    if starts_number(t, i + 1) {
        return None;
    }
    let mut read = Read::default();
    let (no, kind) = part(first.text)?;
    read.negated = no;
    read.take(kind, false);
    let mut next = i + 1;
    if t.get(next).is_some_and(|w| w.kind == Kind::Word && part(w.text).is_some_and(|(_, p)| p == Part::Or))
        && let Some(second) = t.get(next + 1).filter(|w| w.kind == Kind::Word && words::ends_clause(w.text))
        && let Some((_, found)) = part(second.text)
    {
        read.take(found, false);
        read.equal = true;
        next += 2;
    }
    Some((op(read.sign()?), next))
}

fn op(sign: char) -> &'static str {
    match sign {
        '<' => "<",
        '>' => ">",
        '≤' => "<=",
        _ => ">=",
    }
}

#[cfg(test)]
mod tests;
