//! The real loop, driven from outside.
