//! List items to steps: what each list is there for, which of its items are something to do, and whose.

use super::{Builder, Draft};
use crate::runbook::StepKind;
use crate::runbook::infer;
use crate::runbook::labels::{self, Label};
use crate::runbook::markdown::{Block, Kind, List, ListItem};
use crate::runbook::times;

impl Builder<'_> {
    /// A step for each list item that is something to do.
    pub(super) fn items(&mut self) {
        let doc = self.doc;
        let fenced: Vec<bool> = {
            let mut has = vec![false; doc.items.len()];
            for block in doc.blocks.iter().filter(|b| matches!(b.kind, Kind::Fence { .. })) {
                if let Some(slot) = block.item.and_then(|i| has.get_mut(i)) {
                    *slot = true;
                }
            }
            has
        };
        let asked: Vec<ListKind> =
            doc.lists.iter().zip(&self.introduced).map(|(l, label)| self.list_kind(l, label.as_ref())).collect();
        for (ix, item) in doc.items.iter().enumerate() {
            let Some(block_ix) = item.text else { continue };
            let Some(block) = doc.blocks.get(block_ix) else { continue };
            let text = block.plain().to_owned();
            let list = asked.get(item.list).copied().unwrap_or(ListKind::Tells);
            let Some(kind) = item_kind(item, &text, list, fenced.get(ix).copied().unwrap_or(false)) else { continue };
            let times = match times::timeline(&text) {
                Some((times, _)) if kind == StepKind::Timeline => times,
                _ => times::in_line(&text),
            };
            let parent = self.ancestor(item.parent);
            if let Some(slot) = self.of_item.get_mut(ix) {
                *slot = Some(self.drafts.len());
            }
            let role = self.role_of(&text).or_else(|| self.role_above(item));
            self.drafts.push(Draft {
                line: item.line,
                last: item.last,
                kind,
                checked: item.task,
                depth: item.depth,
                parent,
                heading: self.under.get(block_ix).copied().flatten(),
                text,
                times,
                role,
                id: item.id.clone(),
                commands: vec![],
                notes: vec![],
            });
        }
    }

    /// The step of the nearest enclosing list item that is one.
    pub(super) fn ancestor(&self, mut item: Option<usize>) -> Option<usize> {
        while let Some(i) = item {
            if let Some(draft) = self.of_item.get(i).copied().flatten() {
                return Some(draft);
            }
            item = self.doc.items.get(i)?.parent;
        }
        None
    }

    /// The block that introduces a list: directly before it, in the same item, under the same heading.
    pub(super) fn intro(&self, at: usize, parent: Option<usize>) -> Option<&Block> {
        self.doc.blocks.get(at.checked_sub(1)?).filter(|b| b.item == parent && matches!(b.kind, Kind::Paragraph))
    }

    /// The last label of the paragraph before a list, when nothing follows it there.
    pub(super) fn introduction(&self, list: &List) -> Option<Label> {
        labels::labels(self.intro(list.at, list.parent)?).pop().filter(|l| l.text.is_empty())
    }

    fn list_kind(&self, list: &List, label: Option<&Label>) -> ListKind {
        let texts =
            || list.items.iter().filter_map(|i| self.doc.items.get(*i)?.text).filter_map(|b| self.doc.blocks.get(b));
        if texts().next().is_none() || texts().all(only_links) {
            return ListKind::Tells;
        }
        let heading = self.under.get(list.at).copied().flatten();
        let title = |h: usize| self.sections.get(h).map_or("", |s| s.title.as_str());
        let telling = heading.is_some_and(|h| {
            labels::tells(title(h)) && !labels::heading_calls_for_action(title(h))
                || std::iter::successors(self.sections.get(h).and_then(|s| s.parent), |p| self.sections.get(*p)?.parent)
                    .any(|p| self.sections.get(p).is_some_and(|s| s.level > 1) && labels::tells(title(p)))
        });
        let label = label.map(|l| l.name.clone()).or_else(|| {
            let before = self.intro(list.at, list.parent)?.rich.last()?.plain();
            before.strip_suffix(':').map(str::to_owned)
        });
        if let Some(label) = &label {
            if labels::calls_for_action(label) {
                return ListKind::Asks;
            }
            if labels::tells(label) {
                return ListKind::Tells;
            }
        }
        if telling {
            return ListKind::Tells;
        }
        if list.ordered && self.numbers_a_section(list) {
            return ListKind::Tells;
        }
        // `1. Error rate < 1%`, `2. p95 < 300ms`: conditions, counted.
        if list.ordered && list.items.len() > 1 && list.items.len() <= 30 {
            let states = |b: &Block| infer::thresholds::states_limit(b.plain());
            if texts().all(states) {
                return ListKind::Tells;
            }
        }
        if list.ordered {
            return ListKind::Asks;
        }
        if list.parent.is_none()
            && label.is_none()
            && heading.is_some_and(|h| labels::heading_calls_for_action(title(h)))
        {
            return ListKind::Asks;
        }
        let orders = |b: &Block| labels::imperative(b.plain()) && !infer::roles::is_duty(b.plain());
        if texts().all(orders) && texts().any(|b| labels::surely_imperative(b.plain())) {
            return ListKind::Asks;
        }
        ListKind::Mixed
    }

    /// `1. Scope` and then a paragraph at the margin: a heading that somebody numbered by hand.
    pub(super) fn numbers_a_section(&self, list: &List) -> bool {
        let [only] = list.items[..] else { return false };
        let Some(item) = self.doc.items.get(only).filter(|i| i.parent.is_none() && i.task.is_none()) else {
            return false;
        };
        let Some(at) = item.text else { return false };
        let Some(text) = self.doc.blocks.get(at).map(Block::plain) else { return false };
        let Some(next) = self.doc.blocks.get(at + 1).filter(|b| b.item.is_none()) else { return false };
        let orders = match next.kind {
            Kind::Paragraph if labels::labels(next).is_empty() => labels::imperative(text),
            // `1. Test plan` and its table: a word that may be a noun is one.
            Kind::Table(_) => labels::surely_imperative(text),
            _ => true,
        };
        !orders && text.split_whitespace().count() <= 4 && !text.ends_with([':', '.', '：'])
    }

    /// A role that the line names: at its start, as `@role`, or in brackets.
    pub(super) fn role_of(&self, text: &str) -> Option<String> {
        if self.roles.is_empty() {
            return None;
        }
        let lower = text.to_lowercase();
        let found = self.roles.iter().find(|r| {
            lower.match_indices(r.as_str()).any(|(at, _)| {
                let before = lower.get(..at).and_then(|b| b.chars().last());
                let after = lower.get(at + r.len()..).and_then(|a| a.chars().next());
                let ends = !after.is_some_and(char::is_alphanumeric);
                match before {
                    None | Some('@') => ends,
                    Some('(') => after == Some(')'),
                    Some('[') => after == Some(']'),
                    _ => false,
                }
            })
        })?;
        // As it is written there, not as the table has it.
        let at = lower.find(found.as_str())?;
        text.get(at..at + found.len()).map(str::to_owned).or_else(|| Some(found.clone()))
    }

    /// The role that a label or the heading above a list names.
    pub(super) fn role_above(&self, item: &ListItem) -> Option<String> {
        let mut item = item;
        while let Some(parent) = item.parent.and_then(|p| self.doc.items.get(p)) {
            item = parent;
        }
        let list = self.doc.lists.get(item.list)?;
        let named = |name: &str| self.roles.contains(&name.to_lowercase()).then(|| name.to_owned());
        let label = self.introduced.get(item.list).and_then(Option::as_ref);
        if let Some(role) = label.and_then(|l| named(&l.name)) {
            return Some(role);
        }
        let heading = self.under.get(list.at).copied().flatten()?;
        named(times::title(&self.sections.get(heading)?.title))
    }
}

/// What a list is there for.
#[derive(Clone, Copy, PartialEq)]
enum ListKind {
    /// Every item is something to do.
    Asks,
    /// None is, but for boxes.
    Tells,
    /// Each must show it.
    Mixed,
}

fn item_kind(item: &ListItem, text: &str, list: ListKind, fenced: bool) -> Option<StepKind> {
    if item.task.is_some() {
        return Some(StepKind::Task);
    }
    if item.wish == Some(false) || text.is_empty() {
        return None;
    }
    let plain = if item.ordered { StepKind::Numbered } else { StepKind::Bullet };
    if item.wish == Some(true) || (list == ListKind::Asks && item.ordered) {
        return Some(plain);
    }
    if list != ListKind::Tells && !item.ordered && times::timeline(text).is_some() {
        return Some(StepKind::Timeline);
    }
    let own = list == ListKind::Mixed
        && (fenced && labels::imperative(text) || labels::surely_imperative(text))
        && !infer::roles::is_duty(text);
    (list == ListKind::Asks || own).then_some(plain)
}

/// Whether an item is a link and nothing else: a table of contents, a list of links.
fn only_links(block: &Block) -> bool {
    let mut spans = block.rich.iter().flat_map(|l| &l.spans).peekable();
    spans.peek().is_some()
        && block.rich.iter().flat_map(|l| &l.spans).any(|s| s.link)
        && spans.all(|s| s.link || !s.text.contains(char::is_alphanumeric))
}
