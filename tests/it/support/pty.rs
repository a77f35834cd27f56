//! A pseudo-terminal to test with: what the program wrote, read back by a VT parser.

use std::num::NonZero;

/// A VT parser of this size, at least one cell.
pub fn vt(rows: u16, columns: u16) -> vt100::Parser {
    let at_least_one = |n| NonZero::new(n).unwrap_or(NonZero::<u16>::MIN);
    vt100::Parser::new(at_least_one(rows), at_least_one(columns), 0)
}
