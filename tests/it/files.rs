//! Files: nothing outside the root is read, changes are noticed once.

#![expect(clippy::expect_used, reason = "a test says what it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use warroom::files::{Changed, FilesError, SIZE_CAP, read_under, watch};

fn root() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_file_under_the_root_is_read_and_nothing_else() {
    let outer = root();
    fs::write(outer.path().join("secret"), "no").expect("written");
    let root = outer.path().join("plan");
    fs::create_dir_all(root.join("sub")).expect("made");
    fs::write(root.join("sub/a.md"), "# A").expect("written");
    std::os::unix::fs::symlink("sub/a.md", root.join("inside.md")).expect("linked");
    std::os::unix::fs::symlink("../secret", root.join("out.md")).expect("linked");
    std::os::unix::fs::symlink("/etc", root.join("etc")).expect("linked");
    std::os::unix::fs::symlink("/dev/zero", root.join("zero")).expect("linked");

    assert_eq!(read_under(&root, "sub/a.md").expect("read"), b"# A");
    assert_eq!(read_under(&root, "./sub/a.md").expect("read"), b"# A");
    assert_eq!(read_under(&root, "inside.md").expect("read"), b"# A");
    for bad in ["../secret", "sub/../../secret", "/etc/passwd", "out.md", "etc/passwd", "zero", "a\0b"] {
        let error = read_under(&root, bad).expect_err(bad);
        assert!(matches!(error, FilesError::Outside { .. }), "{bad}: {error}");
    }
    assert!(matches!(read_under(&root, "sub"), Err(FilesError::NotAFile(_))));
    assert!(matches!(read_under(&root, ""), Err(FilesError::NotAFile(_))));
    let error = read_under(&root, "mis\u{1b}[2Jsing.md").expect_err("not there");
    assert!(error.to_string().starts_with("mis\\e[2Jsing.md: "), "{error}");
}

#[test]
fn pipes_do_not_hold_us_up_and_giants_are_refused() {
    let root = root();
    nix::unistd::mkfifo(&root.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("made");
    assert!(matches!(read_under(root.path(), "pipe"), Err(FilesError::NotAFile(_))));
    fs::File::create(root.path().join("big")).expect("made").set_len(SIZE_CAP + 1).expect("grown");
    assert!(matches!(read_under(root.path(), "big"), Err(FilesError::TooLarge(_))));
}

async fn next(lane: &mut mpsc::Receiver<Changed>) -> Changed {
    timeout(Duration::from_secs(20), lane.recv()).await.expect("a change within 20 s").expect("the watch lives")
}

fn rename_over(path: &Path, text: &str) {
    let new: PathBuf = path.with_extension("new");
    fs::write(&new, text).expect("written");
    fs::rename(&new, path).expect("renamed");
}

#[tokio::test]
async fn a_save_is_reported_once_and_touching_is_not() {
    let root = root();
    let (plan, other) = (root.path().join("warroom.toml"), root.path().join("runbook.md"));
    fs::write(&plan, "one").expect("written");
    let (out, mut lane) = mpsc::channel(4);
    let watch = watch(vec![plan.clone(), other.clone()], out).expect("watched");

    rename_over(&plan, "two");
    assert_eq!(next(&mut lane).await, Changed { path: plan.clone(), exists: true });

    // The same content again, then another file: only the other one is news.
    fs::write(&plan, "two").expect("written");
    rename_over(&plan, "two");
    fs::write(&other, "# B").expect("written");
    assert_eq!(next(&mut lane).await, Changed { path: other.clone(), exists: true });

    fs::remove_file(&other).expect("removed");
    assert_eq!(next(&mut lane).await, Changed { path: other, exists: false });
    assert!(lane.try_recv().is_err());
    drop(watch);
    assert!(timeout(Duration::from_secs(20), lane.recv()).await.expect("the watch ends").is_none());
}
