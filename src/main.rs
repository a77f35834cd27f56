//! The command line: parse arguments, run, turn an error into an exit code.
fn main() {}
