//! Small things that panes are drawn with.

pub mod chart;
pub mod glyphs;
pub mod pen;
pub mod spark;
