//! What a run wrote, as people may see it: without colours, secrets masked, cut where it is long.

use crate::proc::{KEEP, Kept};
use crate::room::expect;
use crate::secret::Masks;

/// Lines of it that the screen keeps.
const LINES: usize = 500;

/// Whether more may come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    /// It still runs.
    Growing,
    /// It is all there is.
    Ended,
}

/// Output as it may be seen: without colours, secrets masked; where some of it was dropped, or more may come, nothing of a
/// secret that is cut there stays.
pub(super) fn shown(kept: &Kept, masks: &Masks, whole: Whole) -> (String, String, u64) {
    let text = |bytes: &[u8]| masks.mask(&expect::plain(&String::from_utf8_lossy(bytes)));
    if kept.dropped == 0 {
        let all = text(&[kept.head.as_slice(), kept.tail.as_slice()].concat());
        let end = if whole == Whole::Growing { cut_back(&all, masks) } else { all.len() };
        let half = (0..=end.min(KEEP / 2)).rev().find(|at| all.is_char_boundary(*at)).unwrap_or(0);
        let rest = end - half;
        // What is no text grows when it is made visible.
        let over = rest.saturating_sub(KEEP / 2);
        let from = (half + over..=end).find(|at| all.is_char_boundary(*at)).unwrap_or(end);
        let (head, tail) = (all.get(..half).unwrap_or_default(), all.get(from..end).unwrap_or_default());
        return (head.to_owned(), tail.to_owned(), (from - half) as u64);
    }
    let (head, tail) = (text(&kept.head), text(&kept.tail));
    let head = head.get(..cut_back(&head, masks)).unwrap_or_default().to_owned();
    let from = if masks.is_empty() { 0 } else { tail.find('\n').map_or(tail.len(), |at| at + 1) };
    let to = if whole == Whole::Growing { cut_back(&tail, masks) } else { tail.len() };
    (head, tail.get(from..to).unwrap_or_default().to_owned(), kept.dropped)
}

/// Where a text ends whose last line may be cut in the middle of a secret.
fn cut_back(text: &str, masks: &Masks) -> usize {
    if masks.is_empty() { text.len() } else { text.rfind('\n').map_or(0, |at| at + 1) }
}

/// Its lines for the screen, the newest where there are too many.
pub(super) fn lines(head: &str, tail: &str, dropped: u64) -> Vec<String> {
    let mut all: Vec<String> = if dropped == 0 {
        format!("{head}{tail}").lines().map(str::to_owned).collect()
    } else {
        let gap = format!("… {dropped} bytes dropped …");
        head.lines().map(str::to_owned).chain([gap]).chain(tail.lines().map(str::to_owned)).collect()
    };
    let over = all.len().saturating_sub(LINES);
    all.drain(..over);
    all
}
