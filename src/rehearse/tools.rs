//! `shopctl` in a folder of its own, with the address of the production that it moves.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The program, as it stands in `checklists/`.
const SHOPCTL: &str = include_str!("../../checklists/shopctl");

/// A folder with `shopctl` in it; removed when dropped.
#[derive(Debug)]
pub struct Tools(PathBuf);

impl Tools {
    pub(super) fn put(folder: &Path, address: &str) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let tools = Self(std::path::absolute(folder)?);
        tools.file("shopctl", SHOPCTL, 0o700)?;
        tools.file("address", &format!("{address}\n"), 0o600)?;
        Ok(tools)
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(self.0.join(name))?;
        file.write_all(text.as_bytes())
    }

    /// Where it is, absolute.
    pub fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        // What is left hurts nobody: its address answers no more.
        let _ = fs::remove_dir_all(&self.0);
    }
}
