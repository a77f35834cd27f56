//! Where journals lie: folders and files made private, links and network file systems refused, rooms found again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg, OFlag};
use sha2::{Digest, Sha256};

use super::{JournalError, store, utc_now};

/// Who may read and write: the owner, or a group too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 0600 in 0700.
    Private,
    /// 0660 in 2770, of this group.
    Group(u32),
}

impl Mode {
    /// Looks the group up.
    pub fn resolve(group: Option<&str>) -> Result<Self, JournalError> {
        let Some(name) = group else { return Ok(Self::Private) };
        match nix::unistd::Group::from_name(name) {
            Ok(Some(group)) => Ok(Self::Group(group.gid.as_raw())),
            _ => Err(JournalError::Group(name.to_owned())),
        }
    }

    fn file(self) -> u32 {
        if self == Self::Private { 0o600 } else { 0o660 }
    }

    fn folder(self) -> u32 {
        if self == Self::Private { 0o700 } else { 0o2770 }
    }
}

/// Makes the folder and the empty file where missing; gives the canonical path.
pub fn prepare(path: &Path, mode: Mode) -> Result<PathBuf, JournalError> {
    let (folder, name) = split(path)?;
    make_folder(&folder, mode)?;
    let path = real_folder(&folder)?.join(name);
    create(&path, mode)?;
    check_sidecars(&path)?;
    Ok(path)
}

/// The canonical path of a journal that is only read, while others may write it; it need not exist.
pub fn canonical(path: &Path) -> Result<PathBuf, JournalError> {
    let path = unlinked(path)?;
    if let Some(folder) = path.parent().filter(|f| f.is_dir()) {
        real_folder(folder)?;
    }
    Ok(path)
}

/// The canonical path of a journal that nobody writes any more, wherever it lies; it need not exist.
pub fn unlinked(path: &Path) -> Result<PathBuf, JournalError> {
    let (folder, name) = split(path)?;
    let path = folder.canonicalize().unwrap_or(folder).join(name);
    match path.symlink_metadata() {
        Ok(meta) if meta.is_symlink() => Err(JournalError::Link(path)),
        Ok(meta) if !meta.is_file() => Err(JournalError::NotAFile(path)),
        _ => Ok(path),
    }
}

fn split(path: &Path) -> Result<(PathBuf, std::ffi::OsString), JournalError> {
    let name = path.file_name().ok_or_else(|| JournalError::NotAFile(path.to_owned()))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((folder, name.to_owned()))
}

fn real_folder(folder: &Path) -> Result<PathBuf, JournalError> {
    let real = folder.canonicalize().map_err(|source| io("cannot open the folder", folder, source))?;
    if !real.is_dir() {
        return Err(JournalError::NotAFile(real));
    }
    #[cfg(target_os = "linux")]
    if let Ok(stat) = nix::sys::statfs::statfs(&real)
        && let Some(fs) = network_file_system(i128::from(stat.filesystem_type().0))
    {
        return Err(JournalError::Network { path: real, fs });
    }
    Ok(real)
}

/// Names the file systems on which SQLite's locks or its shared memory do not hold between machines, by the magic number
/// of statfs(2). (linux/magic.h and the file systems' own sources.)
pub fn network_file_system(magic: i128) -> Option<&'static str> {
    // The field is signed on some machines: only its lower 32 bits count.
    Some(match (magic & 0xffff_ffff) as u32 {
        0x6969 => "NFS",
        0x517b => "SMB",
        0xff53_4d42 => "CIFS",
        0xfe53_4d42 => "SMB 2",
        0x0102_1997 => "9p",
        0x6573_5546 => "FUSE",
        0x5346_414f => "AFS",
        0x7375_7245 => "Coda",
        0x564c => "NCP",
        0x00c3_6400 => "Ceph",
        0x0bd0_0bd0 => "Lustre",
        0x7461_636f => "OCFS2",
        0x0116_1970 => "GFS2",
        0x4750_4653 => "GPFS",
        0x786f_4256 => "a VirtualBox shared folder",
        0xbacb_acbc => "a VMware shared folder",
        _ => return None,
    })
}

fn make_folder(folder: &Path, mode: Mode) -> Result<(), JournalError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent()
        && !parent.as_os_str().is_empty()
    {
        make_folder(parent, mode)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        // Another process was faster.
        Err(e) if e.kind() == ErrorKind::AlreadyExists && folder.is_dir() => return Ok(()),
        Err(source) => return Err(io("cannot make the folder", folder, source)),
    }
    let opened = File::open(folder).map_err(|source| io("cannot open the folder", folder, source))?;
    give(&opened, folder, mode, mode.folder())
}

/// Sets group and exact mode, whatever the umask took away.
fn give(file: &File, path: &Path, mode: Mode, bits: u32) -> Result<(), JournalError> {
    if let Mode::Group(gid) = mode {
        std::os::unix::fs::fchown(file, None, Some(gid)).map_err(|e| io("cannot give to the group", path, e))?;
    }
    file.set_permissions(std::fs::Permissions::from_mode(bits)).map_err(|e| io("cannot set the mode of", path, e))
}

/// Makes an empty file before SQLite opens it (its sidecars inherit the mode: SAFETY M6); refuses links and what
/// everybody may write. Gives the file, open for reading and writing.
pub fn create(path: &Path, mode: Mode) -> Result<File, JournalError> {
    let no_follow = OFlag::O_NOFOLLOW.bits();
    match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).custom_flags(no_follow).open(path) {
        Ok(file) => {
            give(&file, path, mode, mode.file())?;
            sync_folder(path);
            Ok(file)
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            let meta = path.symlink_metadata().map_err(|source| io("cannot look at", path, source))?;
            if meta.is_symlink() {
                return Err(JournalError::Link(path.to_owned()));
            }
            if !meta.is_file() {
                return Err(JournalError::NotAFile(path.to_owned()));
            }
            if meta.mode() & 0o002 != 0 {
                return Err(JournalError::Exposed(path.to_owned()));
            }
            OpenOptions::new()
                .read(true)
                .write(true)
                .custom_flags(no_follow)
                .open(path)
                .map_err(|source| io("cannot open", path, source))
        }
        Err(source) => Err(io("cannot make", path, source)),
    }
}

fn check_sidecars(path: &Path) -> Result<(), JournalError> {
    for suffix in ["-wal", "-shm", ".bell", ".tape", ".tape-wal", ".tape-shm", ".tape.bell"] {
        let sidecar = beside(path, suffix);
        if sidecar.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
            return Err(JournalError::Link(sidecar));
        }
    }
    Ok(())
}

/// A name must survive a loss of power too, not only what the file holds.
pub fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|f| f.sync_all());
    }
}

/// The path with something put after it.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Moves a damaged database and its sidecars out of the way; gives the new name.
pub fn set_aside(path: &Path) -> Result<PathBuf, JournalError> {
    let stamp = utc_now().format("%Y%m%dT%H%M%S%.3fZ");
    let to = beside(path, &format!(".damaged-{stamp}"));
    for suffix in ["-shm", "-wal", ""] {
        match std::fs::rename(beside(path, suffix), beside(&to, suffix)) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(io("cannot set aside", path, source)),
        }
    }
    Ok(to)
}

pub fn io(what: &str, path: &Path, source: std::io::Error) -> JournalError {
    JournalError::Io { what: what.to_owned(), path: path.to_owned(), source }
}

/// A room's journal, found or begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The file; it exists, perhaps still empty.
    pub path: PathBuf,
    /// Whether the room goes on, or begins.
    pub resumed: bool,
}

/// The journal of the room of a plan: `<state_dir>/warroom/<slug>-<hash of the plan's canonical path>/<start>.db`. The newest
/// goes on while it holds no `RoomClosed`; else a new one is begun, named by the time (UTC). `state_dir` is
/// `$XDG_STATE_HOME`, `group` is `[room] group`. Processes that start together agree on one file.
pub fn locate(
    state_dir: &Path,
    plan_path: &Path,
    room_name: &str,
    group: Option<&str>,
) -> Result<Located, JournalError> {
    let mode = Mode::resolve(group)?;
    let folder = room_folder(state_dir, plan_path, room_name);
    make_folder(&folder, mode)?;
    let folder = real_folder(&folder)?;
    let lock = create(&folder.join(".lock"), mode)?;
    // Held until the file exists: two terminals started at once must not begin two rooms.
    let _lock = Flock::lock(lock, FlockArg::LockExclusive)
        .map_err(|(_, errno)| io("cannot lock the folder", &folder, errno.into()))?;
    if let Some(path) = journals_in(&folder).max()
        && !store::holds_room_closed(&path)
    {
        return Ok(Located { path, resumed: true });
    }
    let mut start = utc_now();
    loop {
        let path = folder.join(format!("{}.db", start.format("%Y-%m-%dT%H%M%SZ")));
        if path.symlink_metadata().is_err() {
            create(&path, mode)?;
            return Ok(Located { path, resumed: false });
        }
        // Closed and begun again within a second: the next free name still sorts after it.
        start += chrono::TimeDelta::seconds(1);
    }
}

/// The newest journal of the room of a plan, closed or not, for `report`, `verify`, `replay` and `export`; `None` where the
/// room never ran. What a start has made that came to nothing is none. Makes nothing.
pub fn newest(state_dir: &Path, plan_path: &Path, room_name: &str) -> Option<PathBuf> {
    let begun = |path: &PathBuf| path.metadata().is_ok_and(|meta| meta.len() > 0);
    journals_in(&room_folder(state_dir, plan_path, room_name)).filter(begun).max()
}

fn journals_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|e| e.file_type().is_ok_and(|t| t.is_file()))
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "db"))
}

fn room_folder(state_dir: &Path, plan_path: &Path, room_name: &str) -> PathBuf {
    let plan = plan_path.canonicalize().unwrap_or_else(|_| plan_path.to_owned());
    let hash = Sha256::digest(plan.as_os_str().as_encoded_bytes());
    let hash = hash.iter().take(6).fold(0_u64, |hash, b| hash << 8 | u64::from(*b));
    let mut slug = String::new();
    for c in room_name.chars() {
        if slug.len() >= 40 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() { "room" } else { slug };
    let rooms = state_dir.join("warroom");
    let named = rooms.join(format!("{slug}-{hash:012x}"));
    if named.is_dir() {
        return named;
    }
    // The path says which room it is; its name may have changed since it was begun.
    let ending = format!("-{hash:012x}");
    let known = std::fs::read_dir(&rooms).into_iter().flatten().flatten();
    let known = known.map(|e| e.path()).filter(|p| p.to_string_lossy().ends_with(&ending));
    known.max_by_key(|p| journals_in(p).max().and_then(|j| j.file_name().map(ToOwned::to_owned))).unwrap_or(named)
}

/// The journal that goes on for a plan, if there is one: its newest, unless that was closed. Makes nothing.
pub fn unfinished(state_dir: &Path, plan_path: &Path, room_name: &str) -> Option<PathBuf> {
    newest(state_dir, plan_path, room_name).filter(|path| !store::holds_room_closed(path))
}
