//! A file's bytes as lines that can be put together again exactly: every line with its own end, whatever its encoding.

/// A text and how its bytes are made of it.
pub(super) struct Text {
    /// Each line with its end; the last may have none.
    pub lines: Vec<Vec<u8>>,
    encoding: Encoding,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// UTF-8, or anything in which ASCII is ASCII.
    Bytes,
    /// With its byte order mark.
    Wide { little: bool },
}

impl Text {
    /// Takes bytes apart; nothing for UTF-16 with errors in it, which could not be put together again.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let (encoding, narrow) = match bytes {
            [0xff, 0xfe, rest @ ..] => (Encoding::Wide { little: true }, Some(narrow(rest, u16::from_le_bytes)?)),
            [0xfe, 0xff, rest @ ..] => (Encoding::Wide { little: false }, Some(narrow(rest, u16::from_be_bytes)?)),
            _ => (Encoding::Bytes, None),
        };
        let lines = split(narrow.as_deref().map_or(bytes, str::as_bytes));
        Some(Self { lines, encoding })
    }

    /// The bytes again.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let joined = self.lines.concat();
        let Encoding::Wide { little } = self.encoding else { return joined };
        let text = String::from_utf8_lossy(&joined);
        std::iter::once(0xfeff_u16)
            .chain(text.encode_utf16())
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    }

    /// The line end that lines of this file have; that of its first line.
    pub(super) fn end(&self) -> &'static str {
        match self.lines.first().map_or(&b"\n"[..], |l| l.as_slice()) {
            [.., b'\r', b'\n'] => "\r\n",
            [.., b'\r'] => "\r",
            _ => "\n",
        }
    }
}

fn narrow(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    String::from_utf16(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>()).ok()
}

/// Lines end with `\r\n`, `\n` or `\r`, as the reader of runbooks counts them.
fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
        let len = match at {
            None => rest.len(),
            Some(at) if rest.get(at..at + 2) == Some(b"\r\n") => at + 2,
            Some(at) => at + 1,
        };
        let (line, tail) = rest.split_at(len);
        out.push(line.to_vec());
        rest = tail;
    }
    out
}

/// A line without its end.
pub(super) fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether a line has an end.
pub(super) fn ended(line: &[u8]) -> bool {
    matches!(line.last(), Some(b'\n' | b'\r'))
}
