//! A series over time on cells.
