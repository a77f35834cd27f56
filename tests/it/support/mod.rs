//! Shared by tests.

pub mod pty;
