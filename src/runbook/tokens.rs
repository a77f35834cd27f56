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
        } else if digit(c).is_some() {
            wide_number(rest)
        } else if c.is_alphabetic() || c == '_' {
            let after_number = out.last().is_some_and(|t| {
                (t.to == from || t.to + 1 == from && eastern(c))
                    && (matches!(t.kind, Kind::Number(_)) || t.text.chars().all(|c| is_numeral(c) || is_multiple(c)))
            });
            let len = rest.find(|c: char| {
                !(c.is_alphabetic() || c == '_' || c == '\'' || c == '’' || (!after_number && c.is_ascii_digit()))
            });
            // `l'1 %`: behind an apostrophe a number is one.
            let signs = rest.char_indices().take(8).filter(|(_, c)| matches!(c, '\'' | '’'));
            let elided = signs.map(|(at, sign)| at + sign.len_utf8());
            let elided = elided
                .take_while(|at| len.is_none_or(|l| *at <= l))
                .find(|at| *at <= 8 && rest.get(*at..).is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit())));
            let len = elided.or(len);
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

/// A letter of Chinese, Japanese or Korean.
pub(super) fn eastern(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0xff66..=0xff9f)
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
        "밀리초",
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
        "百分之",
        "大于等于",
        "小于等于",
        "大於等於",
        "小於等於",
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
        "跌破",
        "突破",
        "多于",
        "多於",
        "超出",
        "不到",
        "達到",
        "持續",
        "連續",
        "不得低於",
        "不低於",
        "不高於",
        "不超過",
        "不少於",
        "等於",
        "介於",
        "上限",
        "下限",
    ];
    if word.is_ascii() {
        return word.len();
    }
    let first = word.chars().next().is_some_and(eastern);
    let len = word.char_indices().find(|(_, c)| eastern(*c) != first).map_or(word.len(), |(at, _)| at);
    let run = word.get(..len).unwrap_or(word);
    if !first {
        return len;
    }
    if after_number && let Some(many) = run.chars().next().filter(|c| is_multiple(*c)) {
        return many.len_utf8();
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
    // `五分钟`, `百分之五`
    let numerals = run.find(|c| !is_numeral(c)).unwrap_or(len);
    let counted = |rest: &str| UNITS.iter().any(|u| rest.starts_with(u)) || rest.is_empty();
    if numerals > 0 && run.get(numerals..).is_some_and(counted) {
        return numerals;
    }
    let compared = COMPARES.iter().filter_map(|c| run.find(c)).filter(|at| *at > 0).min();
    // `不能超过`: the negation is a word of its own.
    let compared = compared.map(|at| {
        let not = run.get(..at).and_then(|head| head.rfind(['不', '勿', '未'])).filter(|not| at - not <= 9);
        not.filter(|not| *not > 0).unwrap_or(at)
    });
    let spelled = run.char_indices().skip(1).find(|(at, c)| {
        let rest = run.get(*at..).unwrap_or_default();
        let end = rest.find(|c| !is_numeral(c)).unwrap_or(0);
        is_numeral(*c) && rest.get(end..).is_some_and(|r| r.starts_with(['分', '秒']) || r.starts_with("小时"))
            || rest.starts_with("百分之")
    });
    let at = [compared, spelled.map(|(at, _)| at)].into_iter().flatten().min().unwrap_or(len);
    // The 内 before it is no part of the unit.
    let inside = run.get(..at).filter(|head| head.len() < run.len()).and_then(|head| head.strip_suffix('内'));
    inside.filter(|h| !h.is_empty()).map_or(at, str::len)
}

/// Ten thousand and its kin, as they stand behind digits.
fn is_multiple(c: char) -> bool {
    matches!(c, '万' | '萬' | '千' | '億' | '亿' | '만' | '천' | '억')
}

/// A numeral of Chinese and Japanese.
fn is_numeral(c: char) -> bool {
    matches!(c, '一' | '二' | '两' | '兩' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十')
}

/// The value of a digit in any of the scripts whose digits people type: ASCII, full-width, Arabic, Persian.
fn digit(c: char) -> Option<u32> {
    match u32::from(c) {
        n @ 0x30..=0x39 => Some(n - 0x30),
        n @ 0xff10..=0xff19 => Some(n - 0xff10),
        n @ 0x660..=0x669 => Some(n - 0x660),
        n @ 0x6f0..=0x6f9 => Some(n - 0x6f0),
        _ => None,
    }
}

/// Whether there is a digit of any of these scripts.
pub(super) fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit()) || !text.is_ascii() && text.chars().any(|c| digit(c).is_some())
}

/// `１０`, `０．５`, `٩٩٫٩`.
fn wide_number(rest: &str) -> (Kind, usize) {
    let mut plain = String::new();
    let mut ends = Vec::new();
    for c in rest.chars() {
        match c {
            _ if let Some(d) = digit(c).and_then(|d| char::from_digit(d, 10)) => plain.push(d),
            '．' | '.' | '٫' => plain.push('.'),
            '，' | ',' | '٬' => plain.push(','),
            _ => break,
        }
        ends.push(ends.last().copied().unwrap_or(0) + c.len_utf8());
    }
    let (kind, len) = number(&plain);
    (kind, len.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or(0))
}

fn number(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut len = digits(0);
    if rest.get(len..).is_some_and(|r| r.starts_with("xx") || r.starts_with("XX")) {
        return (Kind::Word, len + 2);
    }
    let mut text = rest.get(..len).unwrap_or_default().to_owned();
    let group = |sign: &str, len: &mut usize, text: &mut String| {
        while rest.get(*len..).is_some_and(|r| r.starts_with(sign)) && digits(*len + sign.len()) == 3 {
            let from = *len + sign.len();
            text.push_str(rest.get(from..from + 3).unwrap_or_default());
            *len = from + 3;
        }
    };
    // `1,000`, `10'000`, `10_000`; `0,500` has decimals.
    if len <= 3 && text != "0" {
        for sign in [",", "'", "’", "_"] {
            group(sign, &mut len, &mut text);
        }
        // `1.000.000` and `1.000,5`; one point alone may be a decimal one.
        let mut dotted = (len, text.clone());
        group(".", &mut dotted.0, &mut dotted.1);
        let more = bytes.get(dotted.0) == Some(&b',') && matches!(digits(dotted.0 + 1), 1 | 2);
        if dotted.0 > len + 4 || dotted.0 > len && more {
            (len, text) = dotted;
        }
    }
    if matches!(bytes.get(len), Some(b'.' | b',')) && digits(len + 1) > 0 {
        let more = digits(len + 1);
        text.push('.');
        text.push_str(rest.get(len + 1..=len + more).unwrap_or_default());
        len += 1 + more;
    }
    // `1e-5`
    if let Some(rest) = rest.get(len..).filter(|r| r.starts_with("e-") || r.starts_with("e+")) {
        let power = rest.bytes().skip(2).take_while(u8::is_ascii_digit).count();
        if power > 0 && !rest.get(2 + power..).is_some_and(|r| r.starts_with(char::is_alphabetic)) {
            text.push_str(rest.get(..2 + power).unwrap_or_default());
            len += 2 + power;
        }
    }
    (Kind::Number(text.parse().unwrap_or(f64::MAX)), len)
}
