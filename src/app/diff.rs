//! The difference of two texts as `diff -u` prints it, made safe for a terminal.

use std::fmt::Write as _;

use crate::text::escape_block;

/// Lines around a change.
const AROUND: usize = 3;
/// Beyond so many comparisons everything between the common beginning and end is shown as changed.
const MOST: usize = 4_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Same,
    Gone,
    New,
}

/// What turns `old` into `new`; empty when they are the same.
pub fn unified(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let script = script(&a, &b);
    let changed: Vec<usize> =
        (0..script.len()).filter(|n| script.get(*n).is_some_and(|(op, _)| *op != Op::Same)).collect();
    let Some(&first) = changed.first() else { return String::new() };
    let mut out = format!("--- {old_name}\n+++ {new_name}\n");
    let mut from = first.saturating_sub(AROUND);
    let mut last = first;
    for &at in changed.iter().skip(1).chain(std::iter::once(&usize::MAX)) {
        if at != usize::MAX && at - last <= 2 * AROUND {
            last = at;
            continue;
        }
        hunk(&script, from, (last + AROUND + 1).min(script.len()), &mut out);
        if at != usize::MAX {
            from = at.saturating_sub(AROUND);
            last = at;
        }
    }
    out
}

fn hunk(script: &[(Op, &str)], from: usize, to: usize, out: &mut String) {
    let count = |part: &[(Op, &str)], other: Op| part.iter().filter(|(op, _)| *op != other).count();
    let (before, part) = (script.get(..from).unwrap_or_default(), script.get(from..to).unwrap_or_default());
    let range = |other: Op| {
        let (start, len) = (count(before, other), count(part, other));
        // An empty range names the line before it.
        if len == 1 { (start + 1).to_string() } else { format!("{},{len}", start + usize::from(len > 0)) }
    };
    let _ = writeln!(out, "@@ -{} +{} @@", range(Op::New), range(Op::Gone)); // a String takes everything
    for (op, line) in part {
        let sign = match op {
            Op::Same => ' ',
            Op::Gone => '-',
            Op::New => '+',
        };
        let whole = line.ends_with('\n');
        let _ = writeln!(out, "{sign}{}", escape_block(line.trim_end_matches('\n')));
        if !whole {
            out.push_str("\\ No newline at end of file\n");
        }
    }
}

/// Every line of both, in order: those of a longest common subsequence are the same.
fn script<'t>(a: &[&'t str], b: &[&'t str]) -> Vec<(Op, &'t str)> {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().skip(head).rev().zip(b.iter().skip(head).rev()).take_while(|(x, y)| x == y).count();
    let (mid_a, mid_b) =
        (a.get(head..a.len() - tail).unwrap_or_default(), b.get(head..b.len() - tail).unwrap_or_default());
    let mut out: Vec<(Op, &str)> = a.iter().take(head).map(|l| (Op::Same, *l)).collect();
    out.extend(middle(mid_a, mid_b));
    out.extend(a.iter().skip(a.len() - tail).map(|l| (Op::Same, *l)));
    out
}

fn middle<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(Op, &'t str)> {
    if old.len().saturating_mul(new.len()) > MOST {
        return old.iter().map(|l| (Op::Gone, *l)).chain(new.iter().map(|l| (Op::New, *l))).collect();
    }
    // At row * width + column: the length of a longest common subsequence of old[row..] and new[column..].
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    let get = |common: &[u32], row: usize, column: usize| common.get(row * width + column).copied().unwrap_or(0);
    for (row, gone) in old.iter().enumerate().rev() {
        for (column, come) in new.iter().enumerate().rev() {
            let best = if gone == come {
                get(&common, row + 1, column + 1) + 1
            } else {
                get(&common, row + 1, column).max(get(&common, row, column + 1))
            };
            if let Some(slot) = common.get_mut(row * width + column) {
                *slot = best;
            }
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut out = Vec::new();
    loop {
        let op = match (old.get(row), new.get(column)) {
            (None, None) => return out,
            (Some(gone), Some(come)) if gone == come => Op::Same,
            (Some(_), None) => Op::Gone,
            (Some(_), Some(_)) if get(&common, row + 1, column) >= get(&common, row, column + 1) => Op::Gone,
            _ => Op::New,
        };
        let line = if op == Op::New { new.get(column) } else { old.get(row) };
        out.extend(line.map(|line| (op, *line)));
        row += usize::from(op != Op::New);
        column += usize::from(op != Op::Gone);
    }
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn a_difference_reads_as_that_of_diff() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n";
        let new = "a\nB\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl";
        let expected = "--- x\n+++ y\n@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n@@ -9,3 +9,4 @@\n i\n j\n k\n+l\n\\ No newline at end of file\n";
        assert_eq!(unified(old, new, "x", "y"), expected);
        assert_eq!(unified(old, old, "x", "y"), "");
        assert_eq!(unified("", "a\n", "x", "y"), "--- x\n+++ y\n@@ -0,0 +1 @@\n+a\n");
        assert!(!unified("\u{1b}[2J\n", "a\n", "x", "y").contains('\u{1b}'));
    }
}
