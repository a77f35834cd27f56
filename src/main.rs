//! The command line: parse arguments, run, turn an error into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: a shim must not have opened anything.
    if std::env::args_os().nth(1).is_some_and(|a| a == warroom::proc::SHIM) {
        return warroom::proc::child_main();
    }
    ExitCode::SUCCESS
}
