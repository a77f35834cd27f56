//! The difference of two texts as `diff -u` prints it, made safe for a terminal.

use std::time::Duration;

use similar::TextDiff;

use crate::text::escape_block;

/// After so long a rougher difference will do.
const PATIENCE: Duration = Duration::from_secs(1);

/// What turns `old` into `new`; empty when they are the same.
pub fn unified(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    let (old, new) = (escape_block(old), escape_block(new));
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(&*old, &*new);
    diff.unified_diff().header(old_name, new_name).to_string()
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
        assert!(!unified("\u{1b}[2J\n", "a\n", "x", "y").contains('\u{1b}'));
    }
}
