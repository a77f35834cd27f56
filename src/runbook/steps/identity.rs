//! Which step is which when the runbook changes: the author's id, else a hash of where it stands and what it says.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::Builder;
use crate::fact::StepId;
use crate::text::Untrusted;

impl Builder<'_> {
    /// The author's id, or a hash of file, headings, text, and which of equals; the same text elsewhere is another step.
    pub(super) fn identities(&self, path: &str, order: &[usize], paths: &[Vec<Untrusted>]) -> Vec<StepId> {
        let mut ids = vec![StepId::from(""); self.drafts.len()];
        let mut own: HashMap<&str, u32> = HashMap::new();
        let mut equals: HashMap<(Option<usize>, String), u32> = HashMap::new();
        // Two headings of the same words under the same headings are one place: their equal steps are counted on.
        let mut first: HashMap<Vec<&str>, usize> = HashMap::new();
        let place: Vec<usize> = paths
            .iter()
            .enumerate()
            .map(|(h, p)| *first.entry(p.iter().map(Untrusted::raw).collect()).or_insert(h))
            .collect();
        let heads: Vec<Sha256> = std::iter::once(&[][..])
            .chain(paths.iter().map(Vec::as_slice))
            .map(|p| {
                let mut sha = Sha256::new();
                for part in std::iter::once(path).chain(p.iter().map(Untrusted::raw)) {
                    sha.update((part.len() as u64).to_le_bytes());
                    sha.update(part.as_bytes());
                }
                sha
            })
            .collect();
        for ix in order {
            let (Some(draft), Some(slot)) = (self.drafts.get(*ix), ids.get_mut(*ix)) else { continue };
            if let Some(id) = &draft.id {
                let seen = own.entry(id).or_default();
                *seen += 1;
                if *seen == 1 {
                    *slot = StepId::from(id.as_str());
                    continue;
                }
            }
            let text = normal(&draft.text);
            let Some(mut sha) = heads.get(draft.heading.map_or(0, |h| h + 1)).cloned() else { continue };
            sha.update(b"\0");
            sha.update(text.as_bytes());
            let which = equals.entry((draft.heading.and_then(|h| place.get(h).copied()), text)).or_default();
            sha.update(which.to_le_bytes());
            *which += 1;
            *slot = StepId(crate::runbook::hex(sha.finalize().get(..8).unwrap_or_default()).into());
        }
        ids
    }
}

/// Case, punctuation at the ends and runs of blanks do not make another step.
fn normal(text: &str) -> String {
    text.to_lowercase().trim_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation()).to_owned()
}
