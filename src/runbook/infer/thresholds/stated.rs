//! Limits that a sentence states without a comparison: held against a baseline or an objective, or declared to be one.

use serde_json::json;

use super::amount::{amount, number};
use super::metric::{self, Better, Names};
use super::scan::{One, fits};
use crate::runbook::tokens::{Kind, Token};

/// `No elevated 5xx rate compared to pre-release baseline`, `No significant increase in latency vs baseline`.
pub(super) fn not_elevated(text: &str) -> Option<One> {
    if !text.contains("aseline") {
        return None;
    }
    let lower = text.to_lowercase();
    let at = [
        "no elevated ",
        "increase in ",
        "increased ",
        "degradation in ",
        "degradation of ",
        "regression in ",
        "spike in ",
        "rise in ",
        "elevation in ",
        "increase of ",
        "change in ",
    ]
    .iter()
    .filter_map(|w| Some((lower.find(w)?, w.len())))
    .min()
    .filter(|(at, len)| lower.get(..at + len).is_some_and(|head| head.contains("no ") || head.contains("without ")))?;
    let rest = text.get(at.0 + at.1..)?;
    let end = [" compared", " vs", " versus", " over", " against", " from", " relative", " above", " than", " beyond"]
        .iter()
        .filter_map(|w| rest.find(w))
        .min()?;
    let metric = rest.get(..end)?.trim().to_owned();
    (!metric.is_empty()).then(|| One {
        metric,
        op: "<=",
        value: json!(1),
        unit: None,
        relative: Some("baseline"),
        severity: None,
        next: usize::MAX / 2,
    })
}

/// `p95 latency remains within SLO thresholds`, `latency meets its SLO`.
pub(super) fn within_objective(t: &[Token<'_>], text: &str, names: Names<'_>) -> Option<One> {
    let slo = t.iter().position(|w| w.is_any(&["slo", "slos"]))?;
    let from = (slo.saturating_sub(4)..slo).rev().find(|i| {
        t.get(*i).is_some_and(|w| w.is_any(&["within", "meets", "meet", "inside", "under", "below", "met", "above"]))
    })?;
    let (metric, severity) = metric::name(t, from, text, 0, names, slo + 1)?;
    metric::is_metric(&metric).then(|| One {
        op: if metric::better(&metric) == Some(Better::High) { ">=" } else { "<=" },
        metric,
        value: json!(1),
        unit: None,
        relative: Some("slo"),
        severity,
        next: slo + 1,
    })
}

/// `Availability SLO: 99.9%`, `Target p95 latency: 300 ms`: a number without a comparator, said to be the objective.
pub(super) fn declared(t: &[Token<'_>], text: &str, names: Names<'_>) -> Option<One> {
    const SAID: &[&str] =
        &["slo", "target", "objective", "goal", "threshold", "limit", "ziel", "objetivo", "objectif", "目標", "目标"];
    t.iter().find(|w| w.is_any(SAID) || SAID.contains(&w.text))?;
    let mut numbers = t.iter().enumerate().filter(|(_, k)| k.number().is_some());
    let at = numbers.find(|(i, _)| amount(t, *i).is_some_and(|(_, unit, _)| unit.is_some()))?.0;
    let here = t.get(at)?;
    let before = at.checked_sub(1).and_then(|b| t.get(b))?;
    if !(matches!(before.kind, Kind::Sign(':' | '=' | '：' | '(' | '（')) || before.is_any(&["is", "of", "ist"])) {
        return None;
    }
    let (value, unit, next) = amount(t, at)?;
    if t.get(next).is_some_and(|n| n.dash() || n.sign('→') || n.is("to")) || here.text.is_empty() {
        return None;
    }
    let (metric, severity) = metric::name(t, at, text, 0, names, next)?;
    let better = metric::better(&metric)?;
    fits(&metric, unit).then_some(())?;
    let op = if better == Better::High { ">=" } else { "<=" };
    Some(One { metric, op, value: number(value), unit, relative: None, severity, next })
}

/// Headings and labels under which each line is a limit: `Thresholds`, `Abort criteria`, `Grenzwerte`, `Пороги`.
pub(super) fn promises(title: &str) -> bool {
    const LIMITS: &[&str] = &[
        "threshold",
        "limits",
        "alert limits",
        "slo",
        "objectives",
        "acceptance",
        "abort criteria",
        "success criteria",
        "rollback criteria",
        "rollback triggers",
        "go criteria",
        "no-go criteria",
        "go/no-go criteria",
        "exit criteria",
        "guardrail",
        "tolerances",
        "targets",
        "grenzwert",
        "schwellwert",
        "schwellenwert",
        "abbruchkriterien",
        "abnahmekriterien",
        "erfolgskriterien",
        "zielwert",
        "seuil",
        "limites",
        "critères",
        "objectifs",
        "umbral",
        "límites",
        "criterios",
        "objetivos",
        "limiares",
        "critérios",
        "soglie",
        "soglia",
        "criteri ",
        "drempel",
        "grenswaarden",
        "criteria voor",
        "stopcriteria",
        "tröskel",
        "gränsvärden",
        "grænseværdi",
        "terskel",
        "progi",
        "próg",
        "kryteria",
        "wartości graniczne",
        "prahy",
        "limity",
        "порог",
        "критери",
        "предел",
        "eşik",
        "sınır",
        "kriter",
        "阈值",
        "指标要求",
        "标准",
        "閾値",
        "しきい値",
        "基準",
        "임계",
        "기준",
    ];
    let lower = title.to_lowercase();
    LIMITS.iter().any(|w| lower.contains(w))
}

/// `Error rate: 1 %` under a heading that promises limits: a name, a sign and a number with its unit, and which way is worse is known.
pub(super) fn listed(t: &[Token<'_>], text: &str, severity: Option<&str>) -> Option<One> {
    let apart = t.iter().position(|k| matches!(k.kind, Kind::Sign(':' | '：' | '=' | '–' | '—' | '→')))?;
    let (value, unit, next) = amount(t, apart + 1)?;
    let ends = t.get(next).is_none_or(|k| {
        matches!(k.kind, Kind::Sign('(' | '（' | ',' | ';' | '.' | '，' | '。'))
            || k.is_any(&["for", "over", "per", "averaged", "sustained"])
    });
    let name = metric::clean(text.get(..t.get(apart)?.from)?);
    let better = metric::better(&name)?;
    let fine = ends
        && name.split_whitespace().count() <= 6
        && fits(&name, unit)
        && !matches!(unit, Some("min" | "h" | "d"))
        && !["rto", "rpo"].contains(&name.to_lowercase().as_str())
        && (unit.is_some() || value == 0.0);
    let op = match (better, matches!(severity, Some("rollback" | "page" | "warn"))) {
        (Better::Low, _) if value == 0.0 => "==",
        (Better::Low, false) => "<=",
        (Better::High, false) => ">=",
        (Better::Low, true) => ">",
        (Better::High, true) => "<",
    };
    fine.then(|| One { metric: name, op, value: number(value), unit, relative: None, severity: None, next })
}
