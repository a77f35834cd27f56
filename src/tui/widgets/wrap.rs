//! Breaking text into lines of a width in cells, at blanks where there are any.

use unicode_segmentation::UnicodeSegmentation;

use super::pen::cells;

/// Lines of at most `width` cells; a word that is longer than a line is cut. No line for an empty text.
pub fn wrap(text: &str, width: u16) -> Vec<String> {
    let mut lines = Vec::new();
    if width == 0 {
        return lines;
    }
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_word_bounds() {
        let wide = cells(word);
        if used + wide <= width {
            line.push_str(word);
            used += wide;
            continue;
        }
        if word.trim().is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0;
            continue;
        }
        if used > 0 {
            lines.push(line.trim_end().to_owned());
            line.clear();
            used = 0;
        }
        for grapheme in word.graphemes(true) {
            let wide = cells(grapheme);
            if used + wide > width && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(grapheme);
            used += wide;
        }
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}
