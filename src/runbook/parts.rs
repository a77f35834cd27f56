//! Links to other Markdown files that make them part of this runbook: those that tell the reader to go there now.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::source::Source;

/// A file that belongs into the runbook after the section that links it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Of the link, 1-based.
    pub line: u32,
    /// As linked, relative to the file that links it.
    pub target: String,
}

/// What stands right before a link that is to be followed.
const GO: [&str; 26] = [
    "see",
    "follow",
    "run",
    "execute",
    "do",
    "complete",
    "perform",
    "include",
    "go through",
    "work through",
    "use",
    "continue with",
    "start with",
    "siehe",
    "befolge",
    "abarbeiten",
    "weiter mit",
    "voir",
    "suivre",
    "suivez",
    "exécuter",
    "ver",
    "véase",
    "seguir",
    "siga",
    "ejecutar",
];

/// Headings under which links are only for reading.
const READING: [&str; 16] = [
    "reference",
    "related",
    "see also",
    "further reading",
    "links",
    "resources",
    "documentation",
    "contents",
    "docs",
    "appendix",
    "referenz",
    "weiterführend",
    "références",
    "liens",
    "enlaces",
    "referencias",
];

/// What stands right before a link that is only for reading.
const READ_THERE: [&str; 11] = [
    "see",
    "see also",
    "refer to",
    "described in",
    "documented in",
    "details in",
    "consult",
    "siehe",
    "siehe auch",
    "voir",
    "véase",
];

/// Endings of files that people link; what ends otherwise may be a host, a package, a page of a wiki.
const FILES: [&str; 22] = [
    "md", "markdown", "mdown", "txt", "rst", "adoc", "pdf", "html", "htm", "sh", "sql", "yaml", "yml", "json", "toml",
    "csv", "xlsx", "docx", "png", "jpg", "svg", "py",
];

/// A block while it is read.
#[derive(Default)]
struct Open {
    /// Its words before the first link, and those after it.
    before: String,
    after: String,
    /// Where its links lead, and their lines.
    links: Vec<(u32, String)>,
    in_link: bool,
}

/// The links of a file.
#[derive(Default)]
pub(super) struct Links {
    /// Those that make another file part of this one.
    pub parts: Vec<Part>,
    /// Those to a file beside it that are only for reading: `refer to [the details](d.md)`.
    pub references: Vec<Part>,
}

/// The links of a file. The parts are, in order: a link that is all there is of an item, a paragraph or a heading, or that follows a
/// word such as "see" or "follow" and ends its sentence. A link within a sentence, in a table or in a list of references is none.
pub(super) fn links(source: &Source) -> Links {
    let mut out = Vec::new();
    let mut references: Vec<Part> = Vec::new();
    let mut open: Option<Open> = None;
    let mut reading = false;
    let mut table = 0_u32;
    let take = |open: Option<Open>, reading: bool, out: &mut Vec<Part>| {
        let Some(open) = open.filter(|o| o.links.len() == 1) else { return };
        let go = goes(&open.before);
        if ends(&open.after)
            && (go || !reading && bare(&open.before))
            && let Some((line, target)) = open.links.into_iter().next()
        {
            out.push(Part { line, target });
        }
    };
    for (event, range) in Parser::new_ext(&source.parsed, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Table(_)) => table += 1,
            Event::End(TagEnd::Table) => table = table.saturating_sub(1),
            // A tight item has no paragraph of its own.
            Event::Start(Tag::Item | Tag::Paragraph | Tag::Heading { .. }) if table == 0 => {
                take(open.replace(Open::default()), reading, &mut out);
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(heading) = open.take() {
                    let words = format!("{} {}", heading.before, heading.after).to_lowercase();
                    reading = READING
                        .iter()
                        .any(|word| words.trim().starts_with(word) || words.contains(&format!(" {word}")));
                    take(Some(heading), reading, &mut out);
                }
            }
            Event::End(TagEnd::Item | TagEnd::Paragraph)
            | Event::Start(Tag::List(_) | Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::BlockQuote(_)) => {
                take(open.take(), reading, &mut out);
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                if let Some(open) = &mut open {
                    open.in_link = true;
                    let before = if open.links.is_empty() { &open.before } else { &open.after };
                    if refers(before)
                        && let Some(target) = file(&dest_url)
                    {
                        references.push(Part { line: source.line(range.start), target });
                    }
                    if let Some(target) = markdown(&dest_url) {
                        open.links.push((source.line(range.start), target));
                    } else if open.links.is_empty() {
                        // Another link's words are words.
                        open.before.push_str(" link ");
                    } else {
                        open.after.push_str(" link ");
                    }
                }
            }
            Event::End(TagEnd::Link) => {
                if let Some(open) = &mut open {
                    open.in_link = false;
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(open) = open.as_mut().filter(|o| !o.in_link) {
                    if open.links.is_empty() { open.before.push_str(&text) } else { open.after.push_str(&text) }
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(open) = &mut open {
                    if open.links.is_empty() { open.before.push(' ') } else { open.after.push(' ') }
                }
            }
            _ => {}
        }
    }
    take(open, reading, &mut out);
    // Of a part that is not there its own finding speaks.
    references.retain(|r| !out.contains(r));
    Links { parts: out, references }
}

/// A relative path to a file of a kind that people link, without the place in it.
fn file(target: &str) -> Option<String> {
    let plain = percent_decoded(target.split(['?', '#']).next().unwrap_or_default());
    let ending = plain.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase())?;
    let elsewhere = plain.contains(':') || plain.starts_with(['/', '\\', '$', '{', '<']) || plain.contains('\0');
    (FILES.contains(&ending.as_str()) && !elsewhere).then_some(plain)
}

/// Ends with words that say where to read more.
fn refers(before: &str) -> bool {
    let folded = before.trim_end().trim_end_matches([':', '→']).trim_end().to_lowercase();
    let folded = folded.strip_suffix(" the").map_or(folded.as_str(), str::trim_end);
    READ_THERE.iter().any(|words| {
        folded.strip_suffix(words).is_some_and(|rest| rest.chars().next_back().is_none_or(|c| !c.is_alphanumeric()))
    })
}

/// A relative path to a Markdown file; not a place in one, not a page elsewhere.
fn markdown(target: &str) -> Option<String> {
    let plain = percent_decoded(target.split('?').next().unwrap_or_default());
    let ending = plain.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase())?;
    let elsewhere =
        plain.contains("://") || plain.starts_with("//") || plain.starts_with("mailto:") || plain.contains('\0');
    (matches!(ending.as_str(), "md" | "markdown" | "mdown") && !elsewhere).then_some(plain)
}

/// `%20` is a blank.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|h| std::str::from_utf8(h).ok());
        if let Some(byte) = hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Nothing but a box, a number or punctuation.
fn bare(before: &str) -> bool {
    let rest = before.trim_start().trim_start_matches("[ ]").trim_start_matches("[x]").trim_start_matches("[X]");
    rest.chars().all(|c| !c.is_alphabetic())
}

/// Ends with a word that sends the reader there.
fn goes(before: &str) -> bool {
    let folded = before.trim_end().trim_end_matches([':', '→']).trim_end().to_lowercase();
    let folded =
        ["the ", "to "].iter().find_map(|w| folded.strip_suffix(w.trim_end())).map_or(folded.as_str(), str::trim_end);
    GO.iter().any(|word| {
        folded.strip_suffix(word).is_some_and(|rest| {
            // At the start of what is said, not in a bracket: "(see …)" is a remark.
            let rest = rest.trim_end();
            rest.is_empty() || rest.ends_with(['.', ':', '-', '–', '—', ';', ',', '!', ']'])
        })
    })
}

/// The sentence ends with the link.
fn ends(after: &str) -> bool {
    after.chars().all(|c| c.is_whitespace() || matches!(c, '.' | '!' | ':' | ';' | ',' | '✓' | '*'))
}
