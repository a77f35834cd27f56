//! How many sockets and pipes the pollers may hold, so that journal and screen always find a free descriptor.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit of open files as far as allowed and says how many of them the pollers may use.
pub(super) fn descriptors() -> usize {
    let limit = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard)) if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() => hard,
        Ok((soft, _)) => soft,
        Err(_) => 256,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(1 << 20);
    // The rest is for journal, terminal, files and whatever opens one for a moment.
    limit - (limit / 2).min(256)
}
