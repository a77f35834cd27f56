//! The few characters with a meaning, for terminals with braille, with blocks, and with nothing but ASCII.

/// What the terminal's font and locale can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Charset {
    /// UTF-8 and a font with braille: charts at two by four dots a cell.
    #[default]
    Braille,
    /// UTF-8 without braille (the Linux console): charts of eighth blocks.
    Block,
    /// Nothing but ASCII.
    Ascii,
}

macro_rules! glyphs {
    ($($(#[$doc:meta])* $name:ident: $unicode:literal $ascii:literal),+ $(,)?) => {
        /// One character (of one cell) for each meaning.
        #[derive(Clone, Copy, Debug)]
        pub struct Glyphs { $($(#[$doc])* pub $name: &'static str),+ }

        const UNICODE: Glyphs = Glyphs { $($name: $unicode),+ };
        const ASCII: Glyphs = Glyphs { $($name: $ascii),+ };
    };
}

glyphs! {
    /// A step nobody has begun.
    todo: "○" ".",
    /// Begun.
    running: "◐" ">",
    /// Done; healthy.
    done: "✓" "+",
    /// Failed; broken.
    failed: "✕" "!",
    /// Left out.
    skipped: "»" "s",
    /// Does not apply.
    not_applicable: "–" "-",
    /// Waived.
    waived: "~" "w",
    /// On its way to the journal, or not answered yet.
    pending: "◌" "?",
    /// An unfolded phase or group.
    open: "▾" "v",
    /// A folded one.
    closed: "▸" ">",
    /// Up; somebody present.
    up: "●" "*",
    /// Passes, but not well.
    degraded: "◐" "~",
    /// Expected to be down.
    maintenance: "◇" "m",
    /// Something firing.
    alarm: "▲" "!",
    /// Something that may fire.
    warning: "△" "!",
    /// Explained by the line above.
    child: "└" "'",
    /// Horizontal thin rule.
    rule: "─" "-",
    /// Horizontal rule of the focused pane.
    heavy: "━" "=",
    /// Vertical line of an event.
    event: "┊" ":",
    /// Vertical line of the cross-hair.
    hair: "│" "|",
    /// A threshold.
    threshold: "┄" "-",
    /// Between two remarks.
    dot: "·" "-",
    /// The selected row.
    cursor: "▌" ">",
    /// More of this follows.
    more: "…" "~",
    /// Below.
    down: "↓" "v",
    /// Above.
    up_arrow: "↑" "^",
}

impl Charset {
    /// The characters for it.
    pub fn glyphs(self) -> &'static Glyphs {
        match self {
            Self::Braille | Self::Block => &UNICODE,
            Self::Ascii => &ASCII,
        }
    }

    /// Replaces our own punctuation by ASCII; what has no likeness becomes `?`. A likeness may be two cells wide.
    pub fn plain(c: char) -> &'static str {
        match c {
            '─' | '–' | '—' | '┄' | '━' | '·' | '•' | '−' | '\u{2010}' | '\u{2011}' => "-",
            '≥' => ">=",
            '≤' => "<=",
            '…' => "~",
            '“' | '”' => "\"",
            '‘' | '’' => "'",
            '→' | '▸' => ">",
            '←' => "<",
            '↑' => "^",
            '↓' | '▾' => "v",
            '×' => "x",
            '✓' => "+",
            '│' | '┊' | '▏' | '▌' => "|",
            '✕' | '▲' | '△' => "!",
            '○' | '◌' => "o",
            '●' => "*",
            _ => "?",
        }
    }
}
