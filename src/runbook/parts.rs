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

/// The parts that a file links, in order: a link that is all there is of an item, a paragraph or a heading, or that follows a
/// word such as "see" or "follow" and ends its sentence. A link within a sentence, in a table or in a list of references is none.
pub(super) fn parts(source: &Source) -> Vec<Part> {
    let mut out = Vec::new();
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
    out
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
