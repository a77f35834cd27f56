//! The command line: parse arguments, run, turn an error into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: a shim must not have opened anything.
    if std::env::args_os().nth(1).is_some_and(|a| a == warroom::proc::SHIM) {
        return warroom::proc::child_main();
    }
    // Before the first TLS client: the library panics without a provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    warroom::app::main()
}
