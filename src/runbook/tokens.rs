//! A line as numbers, words and signs, in one pass.

/// A piece of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// Byte range in the line.
    pub from: usize,
    pub to: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Digits, with groups of thousands and a decimal point or comma.
    Number(f64),
    /// Letters, digits after letters, `_`.
    Word,
    /// Any other single character that is no blank.
    Sign(char),
}

impl Token<'_> {
    /// Whether it is this word, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these words, given in lower case.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.iter().any(|w| self.text.eq_ignore_ascii_case(w))
    }

    /// Whether it is this sign.
    pub(super) fn sign(&self, c: char) -> bool {
        self.kind == Kind::Sign(c)
    }

    /// A hyphen, minus or dash of any kind.
    pub(super) fn dash(&self) -> bool {
        matches!(self.kind, Kind::Sign('-' | '‐' | '‑' | '‒' | '–' | '—' | '−' | '－'))
    }

    /// Its value, if it is a number.
    pub(super) fn number(&self) -> Option<f64> {
        match self.kind {
            Kind::Number(n) => Some(n),
            _ => None,
        }
    }
}

/// Splits a line. `5xx` is a word, `250ms` a number and a word, `1,000` and `0,5` are numbers.
pub(super) fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut out: Vec<Token<'_>> = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let from = line.len() - rest.len();
        let (kind, len) = if c.is_ascii_digit() {
            number(rest)
        } else if c.is_alphabetic() || c == '_' {
            let after_number = out.last().is_some_and(|t| t.to == from && matches!(t.kind, Kind::Number(_)));
            let len = rest.find(|c: char| {
                !(c.is_alphabetic() || c == '_' || c == '\'' || c == '’' || (!after_number && c.is_ascii_digit()))
            });
            (Kind::Word, len.unwrap_or(rest.len()))
        } else {
            (Kind::Sign(c), c.len_utf8())
        };
        let (head, tail) = rest.split_at(len.max(c.len_utf8()).min(rest.len()));
        if !c.is_whitespace() {
            out.push(Token { kind, text: head, from, to: from + head.len() });
        }
        rest = tail;
    }
    out
}

fn number(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut len = digits(0);
    if rest.get(len..).is_some_and(|r| r.starts_with("xx") || r.starts_with("XX")) {
        return (Kind::Word, len + 2);
    }
    let mut text = rest.get(..len).unwrap_or_default().to_owned();
    while bytes.get(len) == Some(&b',') && digits(len + 1) == 3 {
        text.push_str(rest.get(len + 1..len + 4).unwrap_or_default());
        len += 4;
    }
    if matches!(bytes.get(len), Some(b'.' | b',')) && digits(len + 1) > 0 {
        let more = digits(len + 1);
        text.push('.');
        text.push_str(rest.get(len + 1..=len + more).unwrap_or_default());
        len += 1 + more;
    }
    (Kind::Number(text.parse().unwrap_or(f64::MAX)), len)
}
