//! `{{ if … }} … {{ else if … }} … {{ else }} … {{ end }}` in the words of an alert.

/// A block from behind its `{{ if … }}` on.
pub(super) struct Block<'t> {
    /// Each with its condition; the last may have none.
    pub(super) branches: Vec<(Option<&'t str>, &'t str)>,
    /// What stands behind its end.
    pub(super) behind: &'t str,
}

/// An action without its dashes, and whether it takes the blanks before and behind it away.
pub(super) fn bare(inner: &str) -> (bool, &str, bool) {
    let (left, right) = (inner.starts_with("- "), inner.ends_with(" -"));
    let inner = inner.strip_prefix("- ").unwrap_or(inner);
    (left, inner.strip_suffix(" -").unwrap_or(inner).trim(), right)
}

/// The block whose first condition this is, where it comes to an end.
pub(super) fn block<'t>(condition: &'t str, rest: &'t str) -> Option<Block<'t>> {
    let (mut depth, mut from, mut at) = (0_usize, 0, 0);
    let mut branches = Vec::new();
    let mut condition = Some(condition);
    loop {
        let open = at + rest.get(at..)?.find("{{")?;
        let close = open + rest.get(open..)?.find("}}")?;
        let (left, action, right) = bare(rest.get(open + 2..close)?);
        at = close + 2;
        match action.split_whitespace().next().unwrap_or_default() {
            "if" | "with" | "range" | "define" | "block" => depth += 1,
            "end" if depth > 0 => depth -= 1,
            word @ ("else" | "end") if depth == 0 => {
                let body = rest.get(from..open)?;
                branches.push((condition, if left { body.trim_end() } else { body }));
                let behind = rest.get(at..)?;
                from = at + if right { behind.len() - behind.trim_start().len() } else { 0 };
                if word == "end" {
                    return Some(Block { branches, behind: rest.get(from..)? });
                }
                // Nothing comes behind an `else` but the end.
                condition?;
                condition = match action.strip_prefix("else")?.trim() {
                    "" => None,
                    more => Some(more.strip_prefix("if ")?.trim()),
                };
            }
            _ => {}
        }
    }
}
