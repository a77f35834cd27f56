//! A run's output in one small file: its begin, and its newest bytes in a ring, readable while it is written.
//!
//! Eight bytes: how much was written in all, little endian; then the first bytes, up to half of [`KEEP`]; then a ring of the
//! same size with what came after them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::{KEEP, Kept};

const HALF: usize = KEEP / 2;
const HEADER: u64 = 8;

/// The sign by which a program says that it failed, whatever its status.
const CROSS: &[u8] = "❌".as_bytes();

/// Copies a stream to its end into a new file, which only its owner can read. Whether ❌ stood anywhere in it, also in what is
/// not kept.
pub(super) fn write(mut from: impl Read, path: &Path) -> io::Result<bool> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut buffer = vec![0_u8; HALF];
    let mut total = 0_usize;
    let mut crossed = false;
    // The last bytes of the chunk before: the sign may be cut between two.
    let mut edge: Vec<u8> = Vec::new();
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(crossed),
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let chunk = buffer.get(..read).unwrap_or_default();
        edge.extend_from_slice(chunk);
        crossed |= edge.windows(CROSS.len()).any(|bytes| bytes == CROSS);
        edge.drain(..edge.len().saturating_sub(CROSS.len() - 1));
        // A full disk must not hold up the command: what cannot be kept is lost, and counted.
        let _ = put(&file, chunk, total);
        total = total.saturating_add(read);
        let _ = file.write_all_at(&(total as u64).to_le_bytes(), 0);
    }
}

/// Puts a chunk of at most half of [`KEEP`] where it belongs.
fn put(file: &File, chunk: &[u8], total: usize) -> io::Result<()> {
    let (head, rest) = chunk.split_at(chunk.len().min(HALF.saturating_sub(total)));
    file.write_all_at(head, HEADER + total.min(HALF) as u64)?;
    let at = (total + head.len()).saturating_sub(HALF) % HALF;
    let (to_end, around) = rest.split_at(rest.len().min(HALF - at));
    let ring = HEADER + HALF as u64;
    file.write_all_at(to_end, ring + at as u64)?;
    file.write_all_at(around, ring)
}

/// How much was written, and what is kept of it; nothing where there is no file yet.
pub(super) fn read(path: &Path) -> Option<(u64, Kept)> {
    let bytes = std::fs::read(path).ok()?;
    let (header, body) = bytes.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    let total = u64::from_le_bytes(*header);
    let (head, ring) = body.split_at(body.len().min(HALF));
    let behind = usize::try_from(total).unwrap_or(usize::MAX).saturating_sub(HALF);
    let head = head.get(..head.len().min(usize::try_from(total).unwrap_or(usize::MAX))).unwrap_or_default().to_vec();
    let tail = if behind <= HALF {
        ring.get(..behind.min(ring.len())).unwrap_or_default().to_vec()
    } else {
        let (newest, oldest) = ring.split_at(ring.len().min(behind % HALF));
        [oldest, newest].concat()
    };
    Some((total, Kept { head, tail, dropped: behind.saturating_sub(HALF) as u64 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cross_is_seen_wherever_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        for (n, before) in [0, 1, HALF - 2, HALF - 1, HALF, 3 * HALF + 5].into_iter().enumerate() {
            let text = [vec![b'x'; before], "❌".as_bytes().to_vec(), vec![b'y'; 4 * HALF]].concat();
            assert!(write(&text[..], &folder.path().join(n.to_string())).unwrap(), "{before}");
        }
        assert!(!write(&[0xe2, 0x9d, b'x', 0x8c][..], &folder.path().join("none")).unwrap());
    }

    #[test]
    fn begin_and_end_are_kept_whatever_the_length() {
        let folder = tempfile::tempdir().unwrap();
        for (n, length) in
            [0, 1, HALF - 1, HALF, HALF + 1, KEEP, KEEP + 1, 5 * HALF + 77, 1 << 20].into_iter().enumerate()
        {
            let text: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let path = folder.path().join(n.to_string());
            write(&text[..], &path).unwrap();
            let (total, kept) = read(&path).unwrap_or_default();
            assert_eq!(total, length as u64);
            assert_eq!(kept.head, text[..length.min(HALF)], "{length}");
            let behind = length.saturating_sub(HALF);
            assert_eq!(kept.tail, text[length - behind.min(HALF)..], "{length}");
            assert_eq!(kept.dropped, behind.saturating_sub(HALF) as u64);
        }
    }
}
