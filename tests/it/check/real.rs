//! The errors of real runbooks, where their folder exists.
