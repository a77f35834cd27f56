//! The words of a query with their places: what `promql-parser` does not tell, needed to point at a mistake.

use std::ops::Range;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number or a duration.
    Number,
    /// A quoted text.
    Quoted,
    /// `(`, `[`, `{`.
    Open,
    /// `)`, `]`, `}`.
    Close,
    /// An operator, a comma, a colon, `@`.
    Sign,
    /// Nothing that a query may hold.
    Unknown,
}

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Bytes in the query.
    pub(super) span: Range<usize>,
}

/// The words of `text`, blanks and comments left out; a text that is not closed or badly escaped is an error at its place.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, (Range<usize>, &'static str)> {
    let mut out = Vec::new();
    let mut rest = text.char_indices().peekable();
    let mut brackets = false;
    while let Some((start, c)) = rest.next() {
        let kind = match c {
            c if c.is_ascii_whitespace() => continue,
            '#' => {
                while rest.next_if(|(_, c)| *c != '\n').is_some() {}
                continue;
            }
            '"' | '\'' | '`' => {
                let length = quoted(text.get(start..).unwrap_or(""), c).map_err(|why| (start..text.len(), why))?;
                while rest.next_if(|(i, _)| *i < start + length).is_some() {}
                Kind::Quoted
            }
            c if c.is_ascii_digit() || (c == '.' && rest.peek().is_some_and(|(_, d)| d.is_ascii_digit())) => {
                let mut before = c;
                while let Some((_, d)) = rest.next_if(|(_, d)| {
                    d.is_ascii_alphanumeric()
                        || *d == '.'
                        || *d == '_'
                        || (matches!(d, '+' | '-') && matches!(before, 'e' | 'E'))
                }) {
                    before = d;
                }
                Kind::Number
            }
            c if c.is_ascii_alphabetic() || c == '_' || (c == ':' && !brackets) => {
                while rest.next_if(|(_, d)| d.is_ascii_alphanumeric() || *d == '_' || *d == ':').is_some() {}
                Kind::Word
            }
            '(' | '[' | '{' => {
                brackets = c == '[';
                Kind::Open
            }
            ')' | ']' | '}' => {
                brackets = false;
                Kind::Close
            }
            '=' | '!' | '<' | '>' => {
                rest.next_if(|(_, d)| matches!(d, '=' | '~'));
                Kind::Sign
            }
            '+' | '-' | '*' | '/' | '%' | '^' | ',' | ':' | '@' => Kind::Sign,
            _ => Kind::Unknown,
        };
        let end = rest.peek().map_or(text.len(), |(i, _)| *i);
        let end = if kind == Kind::Quoted { end } else { start + text.get(start..end).unwrap_or("").trim_end().len() };
        out.push(Token { kind, span: start..end });
    }
    Ok(out)
}

/// The length of the quoted text that `text` begins with.
fn quoted(text: &str, quote: char) -> Result<usize, &'static str> {
    let mut rest = text.char_indices().skip(1);
    while let Some((i, c)) = rest.next() {
        match c {
            c if c == quote => return Ok(i + 1),
            '\n' if quote != '`' => return Err("the quoted text is not closed on its line"),
            '\\' if quote != '`' => {
                let digits = match rest.next().map(|(_, e)| e) {
                    Some('x') => 2,
                    Some('u') => 4,
                    Some('U') => 8,
                    Some('0'..='7') => {
                        let octal = (0..2).all(|_| rest.next().is_some_and(|(_, d)| matches!(d, '0'..='7')));
                        if octal { 0 } else { return Err("an octal escape has three digits, as in \\101") }
                    }
                    Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\') => 0,
                    Some(e) if e == quote => 0,
                    _ => {
                        return Err(
                            "this escape is unknown; in a regular expression write two backslashes, as in \"5\\\\d\"",
                        );
                    }
                };
                if !(0..digits).all(|_| rest.next().is_some_and(|(_, d)| d.is_ascii_hexdigit())) {
                    return Err("an escape with x, u or U has two, four or eight hexadecimal digits");
                }
            }
            _ => {}
        }
    }
    Err("the quoted text is not closed")
}
