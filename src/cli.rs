//! The command line: raw arguments become a resolved start.
