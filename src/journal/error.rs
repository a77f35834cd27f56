//! Why a journal cannot be opened, each with what to do about it.

use std::path::PathBuf;

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A link where a file or folder of ours should be.
    #[error("{} is a link; a journal is opened only at its real place: name that, or remove the link", .0.display())]
    Link(PathBuf),
    /// A folder, a device …
    #[error("{} is no ordinary file; name another with --journal", .0.display())]
    NotAFile(PathBuf),
    /// SQLite's locks do not hold there.
    #[error("{} lies on {fs}, where locks do not hold between machines; put the journal on a local disk with --journal or [room] journal", path.display())]
    Network {
        /// The folder.
        path: PathBuf,
        /// What it lies on.
        fs: &'static str,
    },
    /// Everybody on the machine may write it.
    #[error("everybody on this machine may write {}; take that right away (chmod o-w)", .0.display())]
    Exposed(PathBuf),
    /// No such group.
    #[error("there is no group \"{0}\" on this machine; create it, or take it out of [room] group")]
    Group(String),
    /// The operating system refused.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: String,
        /// Where.
        path: PathBuf,
        /// Its answer.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("cannot open the journal {}: {source}", path.display())]
    Sql {
        /// Where.
        path: PathBuf,
        /// Its answer.
        source: rusqlite::Error,
    },
    /// Linked with an SQLite that has a known bug.
    #[error("SQLite {0} is linked; a journal needs 3.51.3 or newer, and not 3.52.0")]
    Library(&'static str),
    /// A setting did not take.
    #[error("SQLite did not accept {name} = {wanted} for {}: it reads {found}", path.display())]
    Pragma {
        /// Where.
        path: PathBuf,
        /// Which setting.
        name: &'static str,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// Somebody else's file.
    #[error("{} is no journal of warroom; it was left alone: name another with --journal", .0.display())]
    Foreign(PathBuf),
    /// A later format.
    #[error("{} was written by a newer warroom (format {version}); this one reads format 1", path.display())]
    Newer {
        /// Where.
        path: PathBuf,
        /// Its format.
        version: i64,
    },
    /// Damage that cannot be set aside now.
    #[error("the journal {} is damaged ({why})", path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// How.
        why: String,
    },
}
