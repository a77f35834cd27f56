//! The parts that runbooks link, read under one root: depth first, each once, with bounds.

use std::path::{Component, Path};
use std::sync::Arc;

use crate::check::{self, MissingPart};
use crate::files;
use crate::finding::{Finding, Source, codes, finding_on_line};
use crate::runbook::{self, PartOf, Runbook};

/// Parts of parts of parts; deeper than this nobody finds their way.
const DEPTH: usize = 8;
/// Files of one room.
const FILES: usize = 64;
/// Bytes of all of them.
const BYTES: usize = 16 << 20;

/// Runbooks with their bytes, each followed by its parts.
#[derive(Debug, Default)]
pub struct Followed {
    /// The runbooks.
    pub books: Vec<Runbook>,
    /// Their bytes, in the same order.
    pub texts: Vec<Arc<[u8]>>,
    /// Links that could not be followed.
    pub missing: Vec<MissingPart>,
    /// Links that were not followed for another reason.
    pub findings: Vec<Finding>,
    bytes: usize,
}

/// Follows the links of runbooks that a plan names. Nothing outside `root` is read; what cannot be read is told, never fatal.
pub fn follow(root: &Path, named: Vec<(Runbook, Arc<[u8]>)>) -> Followed {
    let mut out = Followed::default();
    let roots: Vec<String> = named.iter().map(|(book, _)| book.path.clone()).collect();
    for (book, text) in named {
        // Named by the plan and linked before: it stands where it was linked, once.
        if !out.books.iter().any(|b| b.path == book.path) {
            let mut above = Vec::new();
            out.take(root, book, text, &roots, &mut above);
        }
    }
    out
}

impl Followed {
    fn take(&mut self, root: &Path, book: Runbook, text: Arc<[u8]>, roots: &[String], above: &mut Vec<String>) {
        let at = self.books.len();
        let (path, parts, references) = (book.path.clone(), book.parts.clone(), book.references.clone());
        self.bytes += text.len();
        self.books.push(book);
        self.texts.push(text);
        above.push(path.clone());
        for part in parts {
            let missing = |why: String| MissingPart { book: at, line: part.line, target: part.target.clone(), why };
            let Some(name) = beside(&path, &part.target) else {
                self.missing.push(missing("it leads outside the runbook's folder".to_owned()));
                continue;
            };
            if above.contains(&name) {
                self.tell(at, part.line, codes::PART_CYCLE, &name);
            } else if self.books.iter().any(|b| b.path == name) || roots.contains(&name) {
                // Once is enough; one that the plan names itself stands where the plan says.
            } else if above.len() > DEPTH || self.books.len() >= FILES || self.bytes > BYTES {
                self.tell(at, part.line, codes::PART_LIMIT, &name);
            } else {
                let read = files::read_under(root, &name).map_err(|e| e.to_string());
                match read.and_then(|bytes| Ok((runbook::read(&name, &bytes).map_err(|e| e.to_string())?, bytes))) {
                    Ok((mut book, bytes)) => {
                        book.part_of = Some(PartOf { path: path.clone(), line: part.line });
                        self.take(root, book, bytes.into(), roots, above);
                    }
                    Err(why) => self.missing.push(missing(why)),
                }
            }
        }
        for link in references {
            // What lies outside the folder is not looked at.
            let Some(name) = beside(&path, &link.target) else { continue };
            if std::fs::symlink_metadata(root.join(&name)).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
                self.tell(at, link.line, codes::DEAD_LINK, &name);
            }
        }
        above.pop();
    }

    fn tell(&mut self, book: usize, line: u32, code: crate::finding::Code, name: &str) {
        let Some(book) = self.books.get(book) else { return };
        let text = check::text_of(book);
        let source = Source { file: &book.path, text: &text };
        let (message, help) = if code == codes::PART_CYCLE {
            let message = format!("the runbooks link each other in a circle: {name} is read already above this one");
            (message, "take one of the links away, or write it within a sentence if it is only for reading")
        } else if code == codes::DEAD_LINK {
            (format!("{name} is not there: whoever follows this link finds nothing"), "mend the link, or take it away")
        } else {
            (
                format!("{name} is not read: there are too many parts, or parts of parts"),
                "link fewer; a room has at most 64 files, eight deep, 16 MiB in all",
            )
        };
        self.findings.push(finding_on_line(source, code, line, &message, help));
    }
}

/// The path of a link's target from the root, given the file that links it; nothing for one that leads out.
pub fn beside(path: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    for component in folder.components().chain(Path::new(target).components()) {
        match component {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_link_is_taken_from_its_file_and_never_leads_out() {
        assert_eq!(beside("go-live.md", "parts/db.md").as_deref(), Some("parts/db.md"));
        assert_eq!(beside("parts/db.md", "../web.md").as_deref(), Some("web.md"));
        assert_eq!(beside("parts/db.md", "./x.md").as_deref(), Some("parts/x.md"));
        for out in ["../x.md", "a/../../x.md", "/etc/x.md", ""] {
            assert_eq!(beside("go-live.md", out), None, "{out}");
        }
    }
}
