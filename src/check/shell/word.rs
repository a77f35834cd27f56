//! Words of a script: quotes, substitutions and placeholders.

use super::Word;
use super::reader::{Around, DEEPEST, Reader};

impl Reader<'_> {
    pub(super) fn word(&mut self, around: &Around, bracketed: bool) -> Word {
        let start = self.at;
        let mut text = String::new();
        let mut double = false;
        while let Some(c) = self.peek() {
            match c {
                '\'' if !double => {
                    self.bump();
                    while let Some(c) = self.bump() {
                        if c == '\'' {
                            break;
                        }
                        text.push(c);
                    }
                }
                '"' => {
                    double = !double;
                    self.bump();
                }
                '\\' => {
                    self.bump();
                    if let Some(c) = self.bump()
                        && c != '\n'
                    {
                        text.push(c);
                    }
                }
                '$' if self.looking_at("$((") => {
                    let from = self.at;
                    self.at += 1;
                    self.arithmetic(around);
                    text.push_str(self.text.get(from..self.at).unwrap_or_default());
                }
                '$' if self.looking_at("$(") && around.nested < DEEPEST => {
                    let from = self.at;
                    self.at += 2;
                    let inside = Around { group: 0, nested: around.nested + 1, into: around.into.clone() };
                    self.list(&inside, Some(')'));
                    text.push_str(self.text.get(from..self.at).unwrap_or_default());
                }
                '$' if self.looking_at("${") => {
                    while let Some(c) = self.bump() {
                        text.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                }
                '`' if around.nested < DEEPEST => {
                    let from = self.at;
                    self.at += 1;
                    let inside = Around { group: 0, nested: DEEPEST, into: around.into.clone() };
                    self.list(&inside, Some('`'));
                    text.push_str(self.text.get(from..self.at).unwrap_or_default());
                }
                c if double => {
                    text.push(c);
                    self.bump();
                }
                ' ' | '\t' | '\r' | '\n' | '`' => break,
                ';' | '&' | '|' | '(' | ')' | '<' | '>' if !bracketed => {
                    // `<sha>` is a placeholder, not two redirections.
                    match placeholder(self.text.get(self.at..).unwrap_or_default()) {
                        Some(long) => {
                            text.push_str(self.text.get(self.at..self.at + long).unwrap_or_default());
                            self.at += long;
                        }
                        None => break,
                    }
                }
                c => {
                    text.push(c);
                    self.bump();
                }
            }
        }
        Word { text, span: start..self.at }
    }
}

/// How long a placeholder such as `<prev-sha>` at the beginning is.
pub(super) fn placeholder(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let end = inner.find('>')?;
    let name = inner.get(..end)?;
    let named = name.starts_with(|c: char| c.is_alphabetic())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | ':'))
        && name.len() <= 40;
    named.then_some(end + 2)
}

/// The name in `NAME=…`.
pub(super) fn assignment(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let name = text.get(..end)?;
    let rest = text.get(end..)?;
    (!name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && (rest.starts_with('=') || rest.starts_with("+=")))
    .then_some(name)
}

pub(super) fn is_keyword(word: &str) -> bool {
    matches!(word, "if" | "elif" | "while" | "until" | "then" | "do" | "else" | "{" | "!" | "time")
}
