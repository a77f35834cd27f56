//! The program's own log: a file in the state folder, never the screen.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Lines that may wait for the disk; more are dropped, never waited for.
const LANE: usize = 4_096;
/// A log larger than this is begun anew; the old one stays beside it with the ending `.old`.
const LARGEST: u64 = 8 << 20;

/// Opens `<state>/warroom/warroom.log` (0600). `WARROOM_LOG` says how much is written, as in `WARROOM_LOG=debug`.
/// A log that cannot be written is no reason not to run: then there is none.
pub fn open(state: &Path) -> Option<WorkerGuard> {
    let folder = state.join("warroom");
    std::fs::create_dir_all(&folder).ok()?;
    let path = folder.join("warroom.log");
    if std::fs::metadata(&path).is_ok_and(|m| m.len() > LARGEST) {
        let _ = std::fs::rename(&path, folder.join("warroom.log.old"));
    }
    let flags = nix::fcntl::OFlag::O_NOFOLLOW.bits();
    let file = OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(flags).open(path).ok()?;
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(LANE).lossy(true).finish(file);
    let filter = EnvFilter::try_from_env("WARROOM_LOG").unwrap_or_else(|_| EnvFilter::new("warroom=info,warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer).try_init().ok()?;
    Some(guard)
}
