//! Undoing Mac Roman mojibake: UTF-8 that somebody's editor read as Mac Roman and saved again.

/// What the bytes 0x80 to 0xFF mean in Mac Roman (Apple's `ROMAN.TXT` as of Mac OS 8.5: 0xDB is the euro sign, 0xF0 the
/// apple in the private use area).
const HIGH: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";

/// The text as it was before it was misread, or `None` when it does not look damaged or does not go back as a whole.
///
/// A text goes back only when every character exists in Mac Roman and the bytes are then valid UTF-8 to the end: a real
/// text with a few accents never is, because its bytes form no UTF-8 sequences.
pub(super) fn mac_roman(text: &str) -> Option<String> {
    if !looks_damaged(text) {
        return None;
    }
    let mut codes: Vec<(char, u8)> = HIGH.chars().zip(0x80..=0xff).collect();
    codes.sort_unstable();
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            bytes.push(c as u8);
        } else {
            let at = codes.binary_search_by_key(&c, |(c, _)| *c).ok()?;
            bytes.push(codes.get(at)?.1);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The lead characters of what punctuation, arrows, emoji and accents turn into: `‚Ä…` (E2), `üö…` after the apple (F0),
/// `√…` (C3), `¬…` (C2), each followed by another character above ASCII.
fn looks_damaged(text: &str) -> bool {
    let mut before = ' ';
    for c in text.chars() {
        if matches!(before, '‚' | '\u{f8ff}' | '√' | '¬' | 'Ô' | '„') && !c.is_ascii() {
            return true;
        }
        before = c;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{HIGH, mac_roman};

    #[test]
    fn the_table_has_one_character_for_each_high_byte() {
        assert_eq!(HIGH.chars().count(), 128);
        assert_eq!(HIGH.chars().nth(0xe2 - 0x80), Some('‚'));
        assert_eq!(HIGH.chars().nth(0xf0 - 0x80), Some('\u{f8ff}'));
    }

    #[test]
    fn a_half_damaged_text_stays_as_it_is() {
        assert_eq!(mac_roman("‚úÖ done").as_deref(), Some("✅ done"));
        assert_eq!(mac_roman("‚úÖ done ✅"), None);
        assert_eq!(mac_roman("«Étape» déjà"), None);
    }
}
