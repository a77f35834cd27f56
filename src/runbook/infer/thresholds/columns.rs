//! What the columns of a table of limits are there for, by their heads and by what stands in them.

use super::metric;
use crate::runbook::markdown::Row;
use crate::runbook::times;
use crate::runbook::tokens::tokens;

/// What a column is there for, by its head.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// The metric's name.
    Name,
    /// Limits: of which severity, and which way a bare number is meant.
    Limit(Option<&'static str>, Side),
    /// How long it must last.
    Lasting,
    /// Warn, page, what to do then.
    Consequence,
    /// Units, operators and other parts of a limit.
    Op,
    Unit,
    /// Numbers about the metric that the head names.
    Metric,
    Other,
}

/// What a number without comparator means in a column.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Side {
    /// To be kept.
    Keep,
    /// Not to be crossed.
    Cross,
    Max,
    Min,
}

pub(super) const NAMES: &[&str] = &[
    "metric",
    "metrics",
    "kpi",
    "sli",
    "signal",
    "indicator",
    "measure",
    "measurement",
    "metrik",
    "kennzahl",
    "métrica",
    "métrique",
    "indicateur",
    "indicador",
    "metrica",
    "指标",
    "指標",
    "メトリクス",
    "метрика",
    "показатель",
    "condition",
    "alert",
    "name",
    "slo",
    "check",
    "parameter",
    "item",
    "messwert",
    "mesure",
    "监控项",
    "項目",
    "项目",
];

/// What a column is there for.
pub(super) fn role(head: &str) -> Role {
    let lower = head.to_lowercase();
    let plain = lower.split(['(', '（', '[']).next().unwrap_or("").trim().trim_end_matches(':');
    let has = |words: &[&str]| words.iter().any(|w| plain.contains(w));
    if matches!(plain, "op" | "operator" | "comparator" | "comparison") {
        Role::Op
    } else if matches!(plain, "unit" | "units" | "einheit" | "unité" | "unidad" | "单位" | "単位") {
        Role::Unit
    } else if matches!(plain, "for" | "for at least")
        || has(&[
            "duration",
            "sustained",
            "window",
            "dauer",
            "durée",
            "duración",
            "持续",
            "継続",
            "длительность",
            "period",
            "zeitfenster",
            "ventana",
            "fenêtre",
        ])
    {
        Role::Lasting
    } else if has(&[
        "warn",
        "yellow",
        "amber",
        "gelb",
        "警告",
        "предупр",
        "advert",
        "aviso",
        "avertiss",
        "worry",
        "alerta",
        "attention",
        "alerte",
        "avviso",
        "attenzione",
        "ostrzeż",
        "uyarı",
        "注意",
        "告警",
        "预警",
        "увага",
        "waarschuw",
        "varning",
        "atenção",
        "achtung",
    ]) {
        Role::Limit(Some("warn"), Side::Cross)
    } else if has(&[
        "rollback",
        "roll back",
        "abort",
        "no-go",
        "stop",
        "回滚",
        "откат",
        "abbruch",
        "abandon",
        "切り戻し",
        "中止",
    ]) && !has(&["command", "how", "step"])
    {
        Role::Limit(Some("rollback"), Side::Cross)
    } else if has(&[
        "crit",
        "page",
        "red",
        "kritisch",
        "critique",
        "严重",
        "緊急",
        "критич",
        "重大",
        "crít",
        "grave",
        "krytycz",
        "kritik",
        "異常",
        "异常",
        "危険",
        "危险",
        "kritiek",
        "bad",
        "failure",
        "emergency",
    ]) && !has(&["reduc", "required"])
    {
        Role::Limit(Some("page"), Side::Cross)
    } else if matches!(
        plain,
        "severity"
            | "action"
            | "actions"
            | "response"
            | "consequence"
            | "then"
            | "reaction"
            | "level"
            | "aktion"
            | "maßnahme"
            | "acción"
            | "动作"
            | "处理"
            | "アクション"
            | "対応"
            | "действие"
            | "if exceeded"
            | "if breached"
            | "on breach"
    ) {
        Role::Consequence
    } else if matches!(plain, "max" | "maximum" | "at most" | "upper" | "upper limit") {
        Role::Limit(None, Side::Max)
    } else if matches!(plain, "min" | "minimum" | "at least" | "lower" | "lower limit") {
        Role::Limit(None, Side::Min)
    } else if has(&["alert"]) && !has(&["name", "channel"]) {
        Role::Limit(Some("page"), Side::Cross)
    } else if has(&[
        "threshold",
        "tolerance",
        "limit",
        "target",
        "objective",
        "slo",
        "goal",
        "expected",
        "acceptable",
        "pass",
        "green",
        "healthy",
        "criteria",
        "criterion",
        "value",
        "budget",
        "condition",
        "schwell",
        "grenzwert",
        "ziel",
        "sollwert",
        "umbral",
        "límite",
        "objetivo",
        "seuil",
        "objectif",
        "cible",
        "阈值",
        "目标",
        "しきい値",
        "閾値",
        "目標",
        "基準",
        "порог",
        "цель",
        "soglia",
        "正常",
        "normal",
        "good",
        "healthy",
        "nominal",
        "soll",
        "abnahme",
        "attendu",
        "acept",
        "accett",
        "esperad",
        "atteso",
        "oczekiw",
        "prawidł",
        "beklenen",
        "hedef",
        "eşik",
        "limite",
        "próg",
        "progi",
        "norma",
        "норма",
        "допуст",
        "期待",
        "合格",
        "规格",
        "标准",
        "trigger",
        "go",
    ]) && !plain.contains("category")
    {
        Role::Limit(None, Side::Keep)
    } else if metric::is_metric(plain) {
        Role::Metric
    } else {
        Role::Other
    }
}

/// The column that holds lengths of time and nothing else, in whatever language its head is, unless that says how often.
pub(super) fn lengths(head: &Row, body: &[Row], roles: &[Role]) -> Option<usize> {
    const OFTEN: &[&str] = &[
        "interval",
        "every",
        "poll",
        "freq",
        "cadence",
        "intervall",
        "häufig",
        "frec",
        "fréq",
        "częst",
        "част",
        "间隔",
        "間隔",
        "频率",
        "頻度",
        "sıklık",
        "estimate",
        "takes",
    ];
    if !roles.iter().any(|r| matches!(r, Role::Limit(..))) {
        return None;
    }
    roles.iter().enumerate().skip(1).filter(|(_, r)| matches!(r, Role::Other | Role::Metric)).map(|(i, _)| i).find(
        |i| {
            let of = head.cells.get(*i).map(|c| c.to_lowercase()).unwrap_or_default();
            let mut cells =
                body.iter().filter_map(|r| r.cells.get(*i)).map(|c| c.trim()).filter(|c| !c.is_empty()).peekable();
            cells.peek().is_some()
                && !OFTEN.iter().any(|w| of.contains(w))
                && cells.all(|cell| {
                    let t = tokens(cell);
                    times::duration(&t, 0).is_some_and(|(seconds, next)| next >= t.len() && seconds >= 1.0)
                })
        },
    )
}
