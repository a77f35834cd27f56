//! The last minutes of a series in one row.
