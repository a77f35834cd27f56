//! TOML tables read key by key: each taker reports what does not fit, and what nobody asked for is an unknown key.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::finding::{Code, Finding, Source, codes, finding_at, nearest};

/// What most slips of syntax come from.
const SYNTAX_HELP: &str = "a text stands in quotes and ends on its line; a table is [name], one of several [[name]]";

/// Keys that people write for others.
const MEANT: [(&str, &str); 12] = [
    ("interval", "every"),
    ("period", "every"),
    ("url", "http"),
    ("address", "tcp"),
    ("depends_on", "needs"),
    ("retry", "retries"),
    ("environment", "env"),
    ("members", "people"),
    ("expression", "query"),
    ("promql", "query"),
    ("condition", "when"),
    ("duration", "for"),
];

/// Findings of one file after which it is given up.
const MOST: usize = 500;

/// Collects what is found in one file.
pub(crate) struct Reader<'a> {
    source: Source<'a>,
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: Source<'a>) -> Self {
        Self { source, findings: Vec::new() }
    }

    pub(crate) fn report(&mut self, code: Code, span: Range<usize>, message: impl AsRef<str>, help: impl AsRef<str>) {
        // A place costs a walk through the file, and nobody reads more.
        if self.findings.len() >= MOST {
            if self.findings.len() == MOST {
                let message = format!("more than {MOST} findings");
                self.findings.push(finding_at(self.source, codes::BAD_VALUE, span, &message, "mend these first"));
            }
            return;
        }
        self.findings.push(finding_at(self.source, code, span, message.as_ref(), help.as_ref()));
    }

    /// A name that nothing has, with the nearest that something has.
    pub(crate) fn unknown<'n>(
        &mut self,
        span: Range<usize>,
        what: &str,
        name: &str,
        candidates: impl IntoIterator<Item = &'n str>,
    ) {
        let help = meant(what, name, candidates);
        self.report(codes::UNKNOWN_NAME, span, format!("there is no {what} \"{name}\""), help);
    }

    /// The bytes of the file where `words`, a part of the text of a value, stand within the value's span; all of it when
    /// escapes make them differ.
    pub(crate) fn within(&self, span: Range<usize>, words: &str) -> Range<usize> {
        let typed = self.source.text.get(span.clone()).unwrap_or_default();
        match typed.find(words) {
            Some(at) if !words.is_empty() => span.start + at..span.start + at + words.len(),
            _ => span,
        }
    }

    /// The bytes of the file of a range of the text of a value.
    pub(crate) fn inside(&self, value: &Spanned<String>, range: Range<usize>) -> Range<usize> {
        let text = value.get_ref();
        let typed = self.source.text.get(value.span()).unwrap_or_default();
        match typed.find(text.as_str()) {
            Some(at) if !text.is_empty() && range.start <= range.end && range.end <= text.len() => {
                let start = value.span().start + at;
                start + range.start..start + range.end
            }
            _ => value.span(),
        }
    }

    /// Parses the file; nothing when its syntax is broken, which is then reported.
    pub(crate) fn parse(&mut self) -> Option<Spanned<DeTable<'a>>> {
        let (root, errors) = DeTable::parse_recoverable(self.source.text);
        let mut broken = false;
        let mut lines = Vec::new();
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let twice = error.message().starts_with("duplicate key");
            broken |= !twice;
            let line = self.source.text.get(..span.start).unwrap_or_default().matches('\n').count();
            // One slip makes the parser stumble several times on the same line.
            if lines.contains(&line) {
                continue;
            }
            lines.push(line);
            if twice {
                let key = self.source.text.get(span.clone()).unwrap_or_default().to_owned();
                self.report(codes::DUPLICATE, span, format!("`{key}` stands here twice"), "keep one of them");
            } else {
                self.report(codes::SYNTAX, span, error.message(), SYNTAX_HELP);
            }
        }
        (!broken).then_some(root)
    }
}

/// `did you mean "x"?`, or what there is.
pub(crate) fn meant<'n>(what: &str, name: &str, candidates: impl IntoIterator<Item = &'n str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(name, candidates.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if candidates.is_empty() => format!("the plan declares no {what}"),
        None => format!("there is {}", listed(&candidates)),
    }
}

/// `"a", "b" and "c"`, at most ten.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(|n| format!("\"{n}\"")).collect();
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() && names.len() <= 10 => format!("{} and {last}", rest.join(", ")),
        _ if names.len() > 10 => format!("{} and {} more", shown.join(", "), names.len() - 10),
        _ => shown.join(""),
    }
}

/// A table being read.
pub(crate) struct Table<'t> {
    /// How messages call it: `[[service]]`.
    title: String,
    /// Its header, or all of an inline table.
    span: Range<usize>,
    entries: &'t DeTable<'t>,
    asked: Vec<&'static str>,
}

impl<'t> Table<'t> {
    pub(crate) fn new(title: impl Into<String>, span: Range<usize>, entries: &'t DeTable<'t>) -> Self {
        Self { title: title.into(), span, entries, asked: Vec::new() }
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of a key, whatever it is.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.entries.get(key)
    }

    /// A text that must be there.
    pub(crate) fn required(&mut self, r: &mut Reader<'_>, key: &'static str) -> Option<Spanned<String>> {
        self.demand(r, key);
        let text = self.text(r, key)?;
        if text.get_ref().trim().is_empty() {
            r.report(codes::BAD_VALUE, text.span(), format!("`{key}` is empty"), format!("write `{key} = \"…\"`"));
            return None;
        }
        Some(text)
    }

    /// Reports a key that must be there and is not.
    pub(crate) fn demand(&mut self, r: &mut Reader<'_>, key: &'static str) {
        let message = format!("{} has no `{key}`", self.title);
        self.demand_one(r, &[key], &message, &format!("add `{key} = …`"));
    }

    /// Reports that none of several keys is there. A slip of the pen will be reported as an unknown key, and a value of the
    /// wrong type as that: one finding for one mistake.
    pub(crate) fn demand_one(&mut self, r: &mut Reader<'_>, keys: &[&'static str], message: &str, help: &str) {
        let there = |key: &&str| self.entries.contains_key(*key);
        let slip = || self.entries.keys().any(|other| nearest(other.get_ref(), keys.iter().copied()).is_some());
        if !keys.iter().any(there) && !slip() {
            r.report(codes::MISSING, self.span(), message, help);
        }
    }

    pub(crate) fn text(&mut self, r: &mut Reader<'_>, key: &'static str) -> Option<Spanned<String>> {
        let value = self.value(key)?;
        if let Some(text) = value.get_ref().as_str() {
            return Some(Spanned::new(value.span(), text.to_owned()));
        }
        r.wrong_type(key, value, "a text in quotes", &format!("write `{key} = \"…\"`"));
        None
    }

    /// A duration as typed, `"5s"`; read later.
    pub(crate) fn duration(&mut self, r: &mut Reader<'_>, key: &'static str) -> Option<Spanned<String>> {
        let value = self.value(key)?;
        if let Some(text) = value.get_ref().as_str() {
            return Some(Spanned::new(value.span(), text.to_owned()));
        }
        let number = value.get_ref().as_integer().map_or("30", |n| n.as_str());
        // Nobody means five hundred seconds.
        let unit = if number.len() > 2 { "ms" } else { "s" };
        let help = format!("write a duration with its unit, as in `{key} = \"{number}{unit}\"`");
        r.wrong_type(key, value, "a duration in quotes", &help);
        None
    }

    /// A list of texts; a text alone is a list of one.
    pub(crate) fn texts(&mut self, r: &mut Reader<'_>, key: &'static str) -> Vec<Spanned<String>> {
        self.value(key).and_then(|value| r.texts(key, value)).unwrap_or_default()
    }

    pub(crate) fn boolean(&mut self, r: &mut Reader<'_>, key: &'static str) -> Option<Spanned<bool>> {
        let value = self.value(key)?;
        if let Some(it) = value.get_ref().as_bool() {
            return Some(Spanned::new(value.span(), it));
        }
        r.wrong_type(key, value, "true or false", &format!("write `{key} = true` or `{key} = false`, without quotes"));
        None
    }

    /// A whole number between `least` and `most`.
    pub(crate) fn integer(
        &mut self,
        r: &mut Reader<'_>,
        key: &'static str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<Spanned<i64>> {
        let value = self.value(key)?;
        r.integer(key, value, range)
    }

    /// A table, inline or with a header.
    pub(crate) fn table(&mut self, r: &mut Reader<'_>, key: &'static str, title: &str) -> Option<Table<'t>> {
        let value = self.value(key)?;
        if let Some(entries) = value.get_ref().as_table() {
            return Some(Table::new(title, value.span(), entries));
        }
        let help = if title.starts_with('`') {
            format!("write `{key} = {{ … }}`")
        } else {
            format!("write [{key}] with one pair of brackets, and its keys below")
        };
        r.wrong_type(key, value, "a table", &help);
        None
    }

    /// Tables of a list `[[key]]`, in file order.
    pub(crate) fn tables(&mut self, r: &mut Reader<'_>, key: &'static str) -> Vec<Table<'t>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let title = format!("[[{key}]]");
        let help = format!("write [[{key}]] with two pairs of brackets, once for each");
        let Some(items) = value.get_ref().as_array() else {
            r.wrong_type(key, value, "a list of tables", &help);
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            match item.get_ref().as_table() {
                Some(entries) => out.push(Table::new(title.clone(), item.span(), entries)),
                None => r.wrong_type(key, item, "a list of tables", &help),
            }
        }
        out
    }

    /// Every entry, in file order, for tables whose keys are names.
    pub(crate) fn named(&mut self) -> Vec<(Spanned<String>, &'t Spanned<DeValue<'t>>)> {
        let mut entries: Vec<_> =
            self.entries.iter().map(|(k, v)| (Spanned::new(k.span(), k.get_ref().to_string()), v)).collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    /// Reports every key that was not asked for. `elsewhere` says of keys of other tables where they belong.
    pub(crate) fn close(self, r: &mut Reader<'_>, elsewhere: &[(&str, &str)]) {
        let mut keys: Vec<_> = self.entries.keys().filter(|k| !self.asked.contains(&k.get_ref().as_ref())).collect();
        keys.sort_by_key(|k| k.span().start);
        for key in keys {
            let name = key.get_ref();
            let other =
                || nearest(name, MEANT.iter().filter(|(_, key)| self.asked.contains(key)).map(|(word, _)| *word));
            let near = nearest(name, self.asked.iter().copied())
                .or_else(|| other().and_then(|word| MEANT.iter().find(|(w, _)| *w == word)).map(|(_, key)| *key));
            let help = match (elsewhere.iter().find(|(other, _)| other == name), near) {
                (Some((_, place)), _) => format!("`{name}` belongs {place}"),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => format!("{} knows {}", self.title, known(&self.asked)),
            };
            r.report(codes::UNKNOWN_KEY, key.span(), format!("unknown key `{name}` in {}", self.title), help);
        }
    }
}

/// The keys of a table for its help.
fn known(keys: &[&str]) -> String {
    let mut keys: Vec<&str> = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
}

impl Reader<'_> {
    /// A list of texts, or a text alone; nothing when it is something else.
    pub(crate) fn texts(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<Spanned<String>>> {
        if let Some(text) = value.get_ref().as_str() {
            return Some(vec![Spanned::new(value.span(), text.to_owned())]);
        }
        let help = format!("write `{key} = [\"…\", \"…\"]`");
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of texts", &help);
            return None;
        };
        let mut out = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => out.push(Spanned::new(item.span(), text.to_owned())),
                None => self.wrong_type(key, item, "a list of texts", &help),
            }
        }
        Some(out)
    }

    pub(crate) fn wrong_type(&mut self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str, help: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.report(codes::WRONG_TYPE, value.span(), format!("`{key}` is {wanted}, but this is {found}"), help);
    }

    pub(crate) fn integer(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<Spanned<i64>> {
        let Some(number) = value.get_ref().as_integer() else {
            let typed = value.get_ref().as_str().and_then(|text| text.parse().ok()).filter(|n| range.contains(n));
            let help = format!("write `{key} = {}` without quotes", typed.unwrap_or(*range.start()));
            self.wrong_type(key, value, "a whole number", &help);
            return None;
        };
        match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if range.contains(&number) => Some(Spanned::new(value.span(), number)),
            _ => {
                let (least, most) = (range.start(), range.end());
                self.report(
                    codes::BAD_VALUE,
                    value.span(),
                    format!("`{key}` is out of its range"),
                    format!("write a whole number from {least} to {most}"),
                );
                None
            }
        }
    }
}
