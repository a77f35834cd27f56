//! A line as numbers, words and signs, in one pass.

/// A piece of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// Byte range in the line.
    pub from: usize,
    pub to: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Digits, with groups of thousands and a decimal point or comma.
    Number(f64),
    /// Letters, digits after letters, `_`.
    Word,
    /// Any other single character that is no blank.
    Sign(char),
}

impl Token<'_> {
    /// Whether it is this word, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these words, given in lower case.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.iter().any(|w| self.text.eq_ignore_ascii_case(w))
    }

    /// Whether it is this sign.
    pub(super) fn sign(&self, c: char) -> bool {
        self.kind == Kind::Sign(c)
    }

    /// A hyphen, minus or dash of any kind.
    pub(super) fn dash(&self) -> bool {
        matches!(self.kind, Kind::Sign('-' | '‐' | '‑' | '‒' | '–' | '—' | '−' | '－'))
    }

    /// Its value, if it is a number.
    pub(super) fn number(&self) -> Option<f64> {
        match self.kind {
            Kind::Number(n) => Some(n),
            _ => None,
        }
    }
}

/// Splits a line. `5xx` is a word, `250ms` a number and a word, `1,000` and `0,5` are numbers.
pub(super) fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut out: Vec<Token<'_>> = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let from = line.len() - rest.len();
        let (kind, len) = if c.is_ascii_digit() {
            number(rest)
        } else if c.is_alphabetic() || c == '_' {
            let after_number = out.last().is_some_and(|t| t.to == from && matches!(t.kind, Kind::Number(_)));
            let len = rest.find(|c: char| {
                !(c.is_alphabetic() || c == '_' || c == '\'' || c == '’' || (!after_number && c.is_ascii_digit()))
            });
            (Kind::Word, script(rest.get(..len.unwrap_or(rest.len())).unwrap_or(rest), after_number))
        } else {
            (Kind::Sign(c), c.len_utf8())
        };
        let (head, tail) = rest.split_at(len.max(c.len_utf8()).min(rest.len()));
        if !c.is_whitespace() {
            out.push(Token { kind, text: head, from, to: from + head.len() });
        }
        rest = tail;
    }
    out
}

/// Where a word ends that runs on without blanks: between Latin letters and Chinese, Japanese or Korean, behind a unit of
/// time, before a word that compares.
fn script(word: &str, after_number: bool) -> usize {
    const UNITS: &[&str] = &[
        "毫秒",
        "ミリ秒",
        "秒間",
        "秒钟",
        "秒鐘",
        "秒",
        "分間",
        "分钟",
        "分鐘",
        "分",
        "小时",
        "小時",
        "時間",
        "天",
        "日間",
        "日",
        "周",
        "週間",
        "초",
        "분",
        "시간",
        "일",
        "件",
        "個",
        "个",
        "台",
        "回",
        "笔",
        "条",
        "次",
        "건",
        "개",
        "회",
    ];
    const COMPARES: &[&str] = &[
        "不超过",
        "不高于",
        "不大于",
        "不低于",
        "不少于",
        "至少",
        "至多",
        "低于",
        "小于",
        "少于",
        "超过",
        "高于",
        "大于",
        "超過",
        "等于",
        "持续",
        "连续",
        "每",
        "达到",
        "介于",
        "低於",
        "高於",
        "小於",
        "大於",
        "不足",
        "最多",
        "最低",
        "不得低于",
        "不得超过",
        "不应超过",
        "不小于",
    ];
    let east = |c: char| matches!(u32::from(c), 0x2e80..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0xff66..=0xff9f);
    if word.is_ascii() {
        return word.len();
    }
    let first = word.chars().next().is_some_and(east);
    let len = word.char_indices().find(|(_, c)| east(*c) != first).map_or(word.len(), |(at, _)| at);
    let run = word.get(..len).unwrap_or(word);
    if !first {
        return len;
    }
    if after_number && let Some(unit) = UNITS.iter().find(|u| run.starts_with(**u)) {
        return unit.len();
    }
    // `10 分钟内大于`
    if run.strip_prefix('内').is_some_and(|rest| COMPARES.iter().any(|c| rest.starts_with(c))) {
        return "内".len();
    }
    if let Some(word) = COMPARES.iter().find(|c| run.starts_with(**c)) {
        return word.len();
    }
    let at = COMPARES.iter().filter_map(|c| run.find(c)).filter(|at| *at > 0).min().unwrap_or(len);
    // The 内 before it is no part of the unit.
    let inside = run.get(..at).filter(|head| head.len() < run.len()).and_then(|head| head.strip_suffix('内'));
    inside.filter(|h| !h.is_empty()).map_or(at, str::len)
}

fn number(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut len = digits(0);
    if rest.get(len..).is_some_and(|r| r.starts_with("xx") || r.starts_with("XX")) {
        return (Kind::Word, len + 2);
    }
    let mut text = rest.get(..len).unwrap_or_default().to_owned();
    while bytes.get(len) == Some(&b',') && digits(len + 1) == 3 {
        text.push_str(rest.get(len + 1..len + 4).unwrap_or_default());
        len += 4;
    }
    if matches!(bytes.get(len), Some(b'.' | b',')) && digits(len + 1) > 0 {
        let more = digits(len + 1);
        text.push('.');
        text.push_str(rest.get(len + 1..=len + more).unwrap_or_default());
        len += 1 + more;
    }
    (Kind::Number(text.parse().unwrap_or(f64::MAX)), len)
}
