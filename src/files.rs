//! Runbooks and plans on disk: read under one root, watched for change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fstat};
use notify::{RecursiveMode, Watcher as _};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::text::escape;

/// Largest file that is read, in bytes; runbooks are a few hundred KiB at most.
pub const SIZE_CAP: u64 = 8 << 20;

/// A change is reported once the files were quiet for so long.
pub const QUIET: Duration = Duration::from_millis(150);

/// A file that never is quiet is reported this often.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How often files are looked at where the system does not tell.
const LOOK: Duration = Duration::from_secs(2);

/// Why a file was not read. Names are shown escaped.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Absolute, with `..`, or led outside by a link.
    #[error("{} is outside {}; a plan may only name files under its own folder", shown(path), shown(root))]
    Outside {
        /// As it was named.
        path: PathBuf,
        /// The folder that must hold it.
        root: PathBuf,
    },
    /// A folder, device, pipe or socket.
    #[error("{} is no ordinary file", shown(.0))]
    NotAFile(PathBuf),
    /// Over [`SIZE_CAP`].
    #[error("{} is larger than {} MiB", shown(.0), SIZE_CAP >> 20)]
    TooLarge(PathBuf),
    /// Not there, not allowed, or the disk failed.
    #[error("{}: {error}", shown(path))]
    Io {
        /// As it was named.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// No thread to watch with.
    #[error("files cannot be watched: {0}")]
    Watch(#[source] io::Error),
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// The bytes of a file under `root`. `relative` must not leave it: no absolute path, no `..`, no link that leads out; only an
/// ordinary file of at most [`SIZE_CAP`] bytes is read. Links within the root are followed.
pub fn read_under(root: &Path, relative: &str) -> Result<Vec<u8>, FilesError> {
    let path = Path::new(relative);
    let outside = || FilesError::Outside { path: path.to_owned(), root: root.to_owned() };
    let failed = |error: io::Error| FilesError::Io { path: path.to_owned(), error };
    if relative.contains('\0') || path.components().any(|c| !matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Err(outside());
    }
    let root = root.canonicalize().map_err(failed)?;
    let real = root.join(path).canonicalize().map_err(failed)?;
    let inside = real.strip_prefix(&root).map_err(|_| outside())?;
    // From the root down without following a link, so that nothing can be exchanged between the look and the opening.
    let folder = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let open = |at: &std::os::fd::OwnedFd, name: &Path, flags| {
        openat(at, name, flags, Mode::empty()).map_err(|e| failed(e.into()))
    };
    let mut at = openat(AT_FDCWD, &root, folder, Mode::empty()).map_err(|e| failed(e.into()))?;
    let mut names: Vec<_> = inside.components().collect();
    let Some(last) = names.pop() else { return Err(FilesError::NotAFile(path.to_owned())) };
    for name in names {
        at = open(&at, name.as_ref(), folder)?;
    }
    // Non-blocking: a pipe without a writer must not hold us up.
    let file = open(&at, last.as_ref(), OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)?;
    let kind = fstat(&file).map_err(|e| failed(e.into()))?.st_mode & SFlag::S_IFMT.bits();
    if kind != SFlag::S_IFREG.bits() {
        return Err(FilesError::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    File::from(file).take(SIZE_CAP + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > SIZE_CAP {
        return Err(FilesError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}

/// A watched file has other content than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The path as it was given to [`watch`].
    pub path: PathBuf,
    /// Whether it is there; an editor that removes and writes anew within [`QUIET`] is not noticed.
    pub exists: bool,
}

/// Keeps a watch going; dropping it ends the watch.
#[derive(Debug)]
pub struct Watch {
    stop: SyncSender<Event>,
    // Dropped with the watch: notify's own thread ends.
    _watcher: Option<notify::RecommendedWatcher>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.stop.try_send(Event::Stop);
    }
}

#[derive(Debug)]
enum Event {
    Touched,
    Stop,
}

/// Reports when the content of one of `paths` changes, appears or goes. The folders are watched, because editors write a new file
/// and rename it over the old one. Where the system does not tell of changes, files are looked at every two seconds.
///
/// The lane may be small: reports wait here, and a path that changes again meanwhile is reported once.
pub fn watch(paths: Vec<PathBuf>, out: mpsc::Sender<Changed>) -> Result<Watch, FilesError> {
    // One place is enough: "something happened" does not get truer by being said twice. Hashes tell what it was.
    let (touched, events) = sync_channel(1);
    let tell = touched.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|e| !e.kind.is_access()) {
            let _ = tell.try_send(Event::Touched);
        }
    })
    .ok();
    let folders: BTreeSet<PathBuf> = paths.iter().filter_map(|p| folder_of(p)).collect();
    let told =
        watcher.as_mut().is_some_and(|w| folders.iter().all(|f| w.watch(f, RecursiveMode::NonRecursive).is_ok()));
    let seen = paths.into_iter().map(|p| (Print::of(&p), p)).map(|(print, p)| (p, print)).collect();
    thread::Builder::new()
        .name("files".to_owned())
        .stack_size(256 << 10)
        .spawn(move || follow(seen, &events, &out, told))
        .map_err(FilesError::Watch)?;
    Ok(Watch { stop: touched, _watcher: watcher.filter(|_| told) })
}

fn folder_of(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() })
}

fn follow(mut seen: BTreeMap<PathBuf, Print>, events: &Receiver<Event>, out: &mpsc::Sender<Changed>, told: bool) {
    loop {
        if told {
            match events.recv() {
                Ok(Event::Touched) => {}
                Ok(Event::Stop) | Err(_) => return,
            }
            let mut waited = Duration::ZERO;
            // Until it is quiet; what never is, is looked at all the same.
            while waited < LONGEST_WAIT {
                match events.recv_timeout(QUIET) {
                    Ok(Event::Touched) => {
                        waited += Duration::from_millis(50);
                        thread::sleep(Duration::from_millis(50));
                    }
                    Err(RecvTimeoutError::Timeout) => break,
                    Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        } else {
            match events.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) | Ok(Event::Touched) => {}
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        for (path, before) in &mut seen {
            let now = Print::of(path);
            if now != *before {
                *before = now;
                let exists = now != Print::Gone;
                if out.blocking_send(Changed { path: path.clone(), exists }).is_err() {
                    return;
                }
            }
        }
    }
}

/// What tells one content from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Print {
    Gone,
    /// The hash of at most [`SIZE_CAP`] bytes and the length.
    Content([u8; 32], u64),
}

impl Print {
    fn of(path: &Path) -> Self {
        let open = || -> io::Result<Self> {
            let meta = std::fs::metadata(path)?;
            if !meta.is_file() {
                return Ok(Self::Gone);
            }
            let mut hash = Sha256::new();
            let mut file = File::open(path)?.take(SIZE_CAP);
            let mut block = vec![0; 64 << 10];
            loop {
                match file.read(&mut block)? {
                    0 => break,
                    n => hash.update(block.get(..n).unwrap_or_default()),
                }
            }
            Ok(Self::Content(hash.finalize().into(), meta.len()))
        };
        open().unwrap_or(Self::Gone)
    }
}
