//! Headings and steps of the runbooks, as a plan names them: case apart, without trailing time or estimate.

use super::super::decisions::Place;
use super::super::raw::Text;
use super::Resolver;
use crate::finding::{codes, nearest};
use crate::runbook::Runbook;

/// What may be named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Heading,
    HeadingOrStep,
    Step,
}

/// Everything that may be named.
pub(super) struct Places {
    books: Vec<String>,
    headings: Vec<Entry>,
    steps: Vec<Entry>,
}

struct Entry {
    book: u32,
    line: u32,
    /// As shown in help.
    text: String,
    /// As compared: as written, and without trailing time.
    whole: String,
    bare: String,
}

impl Entry {
    fn new(book: usize, line: u32, text: &str) -> Self {
        let whole = folded(text);
        Self { book: book as u32, line, text: text.trim().to_owned(), bare: bare(&whole), whole }
    }
}

impl Places {
    pub(super) fn new(books: &[Runbook]) -> Self {
        let mut it = Self { books: Vec::new(), headings: Vec::new(), steps: Vec::new() };
        for (ix, book) in books.iter().enumerate() {
            it.books.push(book.path.clone());
            it.headings.extend(book.headings.iter().map(|h| Entry::new(ix, h.line, h.text.raw())));
            it.headings.extend(labels(book).into_iter().map(|(line, label)| Entry::new(ix, line, &label)));
            it.steps.extend(book.steps.iter().map(|s| Entry::new(ix, s.line, s.text.raw())));
        }
        it
    }

    /// Those that a name means: by the whole text first, then without trailing times; headings before steps.
    fn find(&self, name: &str, wanted: Wanted) -> Vec<&Entry> {
        let whole = folded(name);
        let bare = bare(&whole);
        let lists: &[&Vec<Entry>] = match wanted {
            Wanted::Heading => &[&self.headings],
            Wanted::HeadingOrStep => &[&self.headings, &self.steps],
            Wanted::Step => &[&self.steps],
        };
        for list in lists {
            let exact: Vec<&Entry> = list.iter().filter(|e| e.whole == whole).collect();
            let found = if exact.is_empty() { list.iter().filter(|e| e.bare == bare).collect() } else { exact };
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }
}

impl Resolver<'_> {
    /// The place a plan names; reported when there is none or more than one.
    pub(super) fn place(&mut self, places: &Places, text: &Text, wanted: Wanted) -> Place {
        let name = text.get_ref();
        let unknown = Place { name: name.clone(), book: None, line: None };
        if places.books.is_empty() {
            return unknown;
        }
        let found = places.find(name, wanted);
        match found.as_slice() {
            [one] => Place { name: name.clone(), book: Some(one.book), line: Some(one.line) },
            [] => {
                let what = match wanted {
                    Wanted::Heading => "heading",
                    Wanted::HeadingOrStep => "heading or step",
                    Wanted::Step => "step",
                };
                let headings = places.headings.iter().filter(|_| wanted != Wanted::Step);
                let all = headings.chain(places.steps.iter().filter(|_| wanted != Wanted::Heading));
                let help = match nearest(name, all.map(|e| e.text.as_str())) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("write a {what} as it stands in the runbook"),
                };
                let message = format!("the runbook has no {what} \"{name}\"");
                self.r.report(codes::HEADING, text.span(), message, help);
                unknown
            }
            several => {
                let mut list: Vec<String> = Vec::new();
                for entry in several.iter().take(5) {
                    let book = places.books.get(entry.book as usize).map_or("", String::as_str);
                    list.push(format!("{book}:{} \"{}\"", entry.line, entry.text));
                }
                if several.len() > 5 {
                    list.push(format!("and {} more", several.len() - 5));
                }
                let message = format!("\"{name}\" stands in the runbook {} times", several.len());
                let help = format!("make one of them differ: {}", list.join(", "));
                self.r.report(codes::AMBIGUOUS, text.span(), message, help);
                unknown
            }
        }
    }
}

/// Bold labels that open a paragraph: `**Rollback**: …`, outside fences.
fn labels(book: &Runbook) -> Vec<(u32, String)> {
    let mut out = Vec::new();
    let mut fence: Option<&str> = None;
    let mut opens = true;
    for (n, line) in book.lines.iter().enumerate() {
        let line = line.raw();
        let text = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| text.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => {
                fence = None;
                opens = true;
                continue;
            }
            _ => {}
        }
        if fence.is_some() {
            continue;
        }
        if opens && let Some(rest) = text.strip_prefix("**").or_else(|| text.strip_prefix("__")) {
            let end = text.get(..2).and_then(|mark| rest.find(mark));
            if let Some(label) = end.and_then(|end| rest.get(..end)).filter(|label| !label.trim().is_empty()) {
                out.push((n as u32 + 1, label.trim().trim_end_matches(':').trim_end().to_owned()));
            }
        }
        opens = text.is_empty() || text.starts_with('#');
    }
    out
}

/// Lower case, one blank between words, inline markup and what stands around the words left out.
fn folded(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !matches!(c, '*' | '`')).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let start = |c: char| !c.is_alphanumeric() && !matches!(c, '(' | '[' | '<' | '$' | '/' | '"');
    words.trim_start_matches(start).trim_end_matches([':', ' ', '#']).to_owned()
}

/// Without times and estimates at its end: `(12:24 - 12:30)`, `[5 min]`, `- 12:05 pm`, `@ T+30m`.
fn bare(folded: &str) -> String {
    let mut text = folded.trim_end();
    loop {
        let shorter =
            bracket(text).or_else(|| clock(text)).map(|t| t.trim_end_matches([' ', '-', '–', '—', ':', ',', '@', '·']));
        match shorter {
            Some(shorter) if !shorter.is_empty() && shorter.len() < text.len() => text = shorter,
            _ => return text.to_owned(),
        }
    }
}

/// A bracket at the end that holds a number, a `t-0` or an estimate.
fn bracket(text: &str) -> Option<&str> {
    let (inner, open) = match text.strip_suffix(')') {
        Some(inner) => (inner, '('),
        None => (text.strip_suffix(']')?, '['),
    };
    let (before, content) = inner.rsplit_once(open)?;
    content.contains(|c: char| c.is_ascii_digit()).then_some(before)
}

/// A clock time or offset at the end, after a dash or an @.
fn clock(text: &str) -> Option<&str> {
    let at = text.rfind([' ', '@'])?;
    let (before, last) = text.split_at(at);
    let last = last.trim_start_matches([' ', '@']);
    if matches!(last, "am" | "pm" | "utc" | "min" | "minutes" | "z") {
        return clock(before).or_else(|| bare_number(before));
    }
    let time = last.contains(':') && last.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '-' | '–' | 'z'));
    let offset = last
        .strip_prefix('t')
        .is_some_and(|o| o.starts_with(['+', '-', '−']) && o.chars().any(|c| c.is_ascii_digit()) && o.len() < 12);
    let marked = before.ends_with(['-', '–', '—', '@', ',', ':', '·']) || text.contains('@') || before.ends_with(" at");
    (time || offset && marked).then(|| before.strip_suffix(" at").unwrap_or(before))
}

/// `- 5` before `min`.
fn bare_number(text: &str) -> Option<&str> {
    let (before, number) = text.rsplit_once(' ')?;
    let number = number.trim_start_matches('~');
    (before.ends_with(['-', '–', '—', '~', ':']) && number.chars().all(|c| c.is_ascii_digit())).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::{bare, folded};

    #[test]
    fn trailing_times_and_estimates_do_not_count() {
        for (text, expected) in [
            ("Canary: 5% of Traffic (12:30 PM)", "canary: 5% of traffic"),
            ("Phase 3: Gradual Rollout (T+30m, 10 min)", "phase 3: gradual rollout"),
            ("Deploy Backend [15 minutes]", "deploy backend"),
            ("Deploy - 12:05 PM", "deploy"),
            ("Smoke tests @ T+45m", "smoke tests"),
            ("✅ **Rollback Procedure**:", "rollback procedure"),
            ("Rollback (emergency)", "rollback (emergency)"),
            ("Step 3", "step 3"),
            ("(12:00)", "(12:00)"),
        ] {
            assert_eq!(bare(&folded(text)), expected, "{text}");
        }
    }
}
