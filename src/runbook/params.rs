//! Placeholders: what somebody has to fill in before a text can be used.

use std::collections::HashMap;

use super::Placeholder;

/// Placeholders in the order of their first line, each with the lines that hold it.
#[derive(Default)]
pub(super) struct Found {
    order: Vec<Placeholder>,
    by_text: HashMap<String, usize>,
}

impl Found {
    /// Notes a placeholder on a line.
    pub(super) fn add(&mut self, text: &str, line: u32) {
        let ix = *self.by_text.entry(text.to_owned()).or_insert_with(|| {
            self.order.push(Placeholder { text: text.into(), lines: Vec::new() });
            self.order.len() - 1
        });
        if let Some(p) = self.order.get_mut(ix)
            && p.lines.last() != Some(&line)
        {
            p.lines.push(line);
        }
    }

    /// All of them.
    pub(super) fn all(mut self) -> Vec<Placeholder> {
        for p in &mut self.order {
            p.lines.sort_unstable();
            p.lines.dedup();
        }
        self.order.sort_by_key(|p| p.lines.first().copied());
        self.order
    }
}

/// Where a text stands decides what counts as a placeholder in it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    Prose,
    Shell,
    /// A fence of another language: braces and dollars are its own.
    Code,
}

/// The placeholders of one line, in order, with repetitions: `<sha>`, `${NAME}`, `$NAME`, `{id}`, `vX.Y.Z`, `TBD`, `XXX`.
/// `own` holds shell variables that the fence sets itself.
pub(super) fn in_line(line: &str, place: Place, own: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = line;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let found = match c {
            '<' if before != '<' => angle(rest),
            '$' if place != Place::Code && before != '\\' => dollar(rest, place, own),
            '{' if place != Place::Code && !matches!(before, '%' | '$' | '\\') => brace(rest),
            '+' if !before.is_alphanumeric() => phone(rest),
            'v' | 'V' | 'X' | 'T' | 'Y' if !before.is_alphanumeric() && before != '_' => word(rest, before),
            _ => None,
        };
        let len = found.map_or(c.len_utf8(), |(len, name)| {
            out.extend(name);
            len
        });
        before = rest.get(..len).and_then(|t| t.chars().last()).unwrap_or(c);
        rest = rest.get(len..).unwrap_or_default();
    }
    out
}

/// Shell variables that a fence sets: `NAME=…`, `export NAME=…`, `for x in`, `read x`.
pub(super) fn assigned(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace().peekable();
        while let Some(word) = words.next() {
            if let Some((name, _)) = word.split_once('=') {
                out.push(name.to_owned());
            } else if matches!(word, "for" | "read") {
                out.extend(words.peek().map(|w| (*w).to_owned()));
            }
        }
    }
    out
}

type Hit = Option<(usize, Option<String>)>;

/// `<project-ref>`, `<previous image>`; not a tag, a link, an address, a here document or a comparison.
fn angle(rest: &str) -> Hit {
    let inner = rest.get(1..)?;
    let end = inner.bytes().take(49).position(|b| matches!(b, b'>' | b'<' | b'\n')).filter(|e| *e > 0)?;
    if !inner.get(end..)?.starts_with('>') {
        return None;
    }
    let name = inner.get(..end)?;
    let first = name.chars().next()?;
    let fine = first.is_alphabetic()
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '|' | '/' | '#'))
        && !name.ends_with([' ', '/'])
        && !name.contains("//")
        && name.split(' ').count() <= 5
        && !super::markdown::is_html_tag(name.split([' ', '/']).next().unwrap_or(name));
    fine.then(|| (end + 2, Some(format!("<{name}>"))))
}

/// `$TOKEN`, `${TOKEN}`, `${{ … }}`; not `$1`, `$(…)`, `$?`, nor what the fence itself sets.
fn dollar(rest: &str, place: Place, own: &[String]) -> Hit {
    let inner = rest.get(1..)?;
    let braced = inner.starts_with('{');
    let body = if braced { inner.get(1..)? } else { inner };
    let len = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(body.len());
    let name = body.get(..len)?;
    let skip = 1 + usize::from(braced) + len;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    // In prose only capitals: `$env` there may be anything.
    let shouted = name.chars().all(|c| !c.is_ascii_lowercase());
    let given = matches!(
        name,
        "HOME" | "PATH" | "PWD" | "USER" | "RANDOM" | "SECONDS" | "HOSTNAME" | "SHELL" | "LINENO" | "IFS"
    );
    if own.iter().any(|o| o == name) || given || (place == Place::Prose && !shouted && !braced) || name.len() < 2 {
        return Some((skip, None));
    }
    Some((skip, Some(if braced { format!("${{{name}}}") } else { format!("${name}") })))
}

/// `{id}`, `{{ version }}`.
fn brace(rest: &str) -> Hit {
    let double = rest.starts_with("{{");
    let open = 1 + usize::from(double);
    let inner = rest.get(open..)?;
    let end = inner.bytes().take(41).position(|b| b == b'}').filter(|e| *e > 0)?;
    let name = inner.get(..end)?;
    let trimmed = if double { name.trim() } else { name };
    let fine = trimmed.starts_with(|c: char| c.is_ascii_alphabetic())
        && trimmed.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || (double && c == '.'));
    if !fine {
        return None;
    }
    let close = if double { "}}" } else { "}" };
    inner.get(end..)?.starts_with(close).then(|| {
        let whole = rest.get(..open + end + close.len()).unwrap_or_default();
        (open + end + close.len(), Some(whole.to_owned()))
    })
}

/// `+1-XXX-XXXX`, as a whole.
fn phone(rest: &str) -> Hit {
    let body = rest.get(1..)?;
    let len = body.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))).unwrap_or(body.len());
    let whole = rest.get(..=len)?.trim_end_matches(['-', '.']);
    let fine = whole.contains("XXX") && body.starts_with(|c: char| c.is_ascii_digit());
    fine.then(|| (whole.len(), Some(whole.to_owned())))
}

/// `vX.Y.Z`, `X.Y.Z`, `TBD`, `TODO`, `XXX`, `YYYY-MM-DD`.
fn word(rest: &str, before: char) -> Hit {
    let len = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))).unwrap_or(rest.len());
    let whole = rest.get(..len)?.trim_end_matches(['.', '-', '_']);
    let plain = whole.trim_start_matches(['v', 'V']);
    let name = match plain {
        "X.Y.Z" | "X.Y" | "x.y.z" | "X.X.X" | "x.x.x" | "XX.YY.ZZ" | "X.Y.Z-rc" => whole,
        _ => match whole {
            "TBD" | "TODO" | "TBC" | "TBA" | "YYYY-MM-DD" | "YYYYMMDD" | "YYYY-MM" => whole,
            w if w.starts_with("XXX") || (w.contains("XXX") && matches!(before, '+' | ' ' | '-' | '/')) => w,
            _ => return Some((whole.len().max(1), None)),
        },
    };
    Some((name.len(), Some(name.to_owned())))
}
