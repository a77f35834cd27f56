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
    "meetwaarde",
    "mätvärde",
    "nyckeltal",
    "måltal",
    "wskaźnik",
    "miara",
    "metryka",
    "показник",
    "параметр",
    "gösterge",
    "ölçüm",
    "größe",
    "messgröße",
    "señal",
    "sinal",
    "segnale",
    "sygnał",
    "сигнал",
    "监控指标",
    "監視項目",
    "監視指標",
    "確認項目",
    "parametro",
    "parámetro",
    "parâmetro",
    "parametr",
    "지표",
    "항목",
    "메트릭",
    "ukazatel",
    "indicatore",
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
            "durata",
            "duração",
            "duur",
            "süre",
            "trwania",
            "varaktighet",
            "varighet",
            "trvání",
            "zeitraum",
            "période",
            "periodo",
            "período",
            "okres",
            "период",
            "тривал",
            "在多",
            "时长",
            "期間",
            "지속",
            "for how long",
            "how long",
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
        "varov",
        "경고",
        "주의",
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
        "切戻し",
        "中止",
        "rückroll",
        "отмен",
        "wycof",
        "reversión",
        "reversão",
        "retour arrière",
        "terugdraai",
        "återställ",
        "tilbakerull",
        "geri al",
        "롤백",
        "중단",
        "回退",
        "revert",
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
        "kritis",
        "심각",
        "위험",
        "치명",
        "긴급",
        "緊急",
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
            | "действия"
            | "реакция"
            | "actie"
            | "åtgärd"
            | "handling"
            | "działanie"
            | "reakcja"
            | "azione"
            | "ação"
            | "eylem"
            | "aksiyon"
            | "조치"
            | "대응"
            | "处置"
            | "措施"
            | "対処"
            | "réaction"
            | "reaktion"
            | "reacción"
            | "дія"
            | "if exceeded"
            | "if breached"
            | "on breach"
    ) {
        Role::Consequence
    } else if matches!(
        plain,
        "max"
            | "maximum"
            | "at most"
            | "upper"
            | "upper limit"
            | "ceiling"
            | "obergrenze"
            | "höchstwert"
            | "máximo"
            | "máx."
            | "massimo"
            | "plafond"
            | "maximaal"
            | "maks"
            | "maks."
            | "максимум"
            | "макс."
            | "上限"
            | "最大"
            | "最大值"
            | "상한"
            | "최대"
            | "max."
            | "límite superior"
            | "limite superior"
            | "limite superiore"
            | "en fazla"
    ) {
        Role::Limit(None, Side::Max)
    } else if matches!(
        plain,
        "min"
            | "minimum"
            | "at least"
            | "lower"
            | "lower limit"
            | "floor"
            | "untergrenze"
            | "mindestwert"
            | "mínimo"
            | "mín."
            | "minimo"
            | "plancher"
            | "minimaal"
            | "минимум"
            | "мин."
            | "下限"
            | "最小"
            | "最小值"
            | "하한"
            | "최소"
            | "min."
            | "límite inferior"
            | "limite inferior"
            | "limite inferiore"
            | "en az"
    ) {
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
        "schwelle",
        "grenz",
        "drempel",
        "gräns",
        "grænse",
        "tröskel",
        "terskel",
        "tærskel",
        "limiar",
        "предел",
        "лимит",
        "критери",
        "поріг",
        "ціль",
        "sınır",
        "ölçüt",
        "kriter",
        "kritéri",
        "práh",
        "hranice",
        "doelwaarde",
        "streef",
        "målvärde",
        "cel",
        "許容",
        "目安",
        "上限",
        "临界",
        "임계",
        "기준",
        "목표",
        "정상",
        "허용",
        "critère",
        "criterio",
        "critério",
    ]) && !plain.contains("category")
    {
        Role::Limit(None, Side::Keep)
    } else if metric::is_metric(plain) {
        Role::Metric
    } else {
        Role::Other
    }
}

/// Whether a column only tells how it usually is.
pub(super) fn usual(head: &str) -> bool {
    let lower = head.to_lowercase();
    [
        "normal",
        "usual",
        "typical",
        "current",
        "baseline",
        "today",
        "now",
        "üblich",
        "aktuell",
        "derzeit",
        "actuel",
        "habitu",
        "actual",
        "atual",
        "attual",
        "solit",
        "zwykle",
        "obvykl",
        "обычн",
        "сейчас",
        "зазвич",
        "平时",
        "平時",
        "通常",
        "現在",
        "当前",
        "평소",
        "현재",
        "genel",
    ]
    .iter()
    .any(|w| lower.contains(w))
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
