//! What people write, and the thresholds a careful reader takes from it.

use serde_json::{Value, json};

use super::*;

/// Metric, comparator, value, unit, seconds, severity.
type Read = (String, String, Value, Option<String>, Option<u64>, Option<String>);

fn read(text: &str) -> Vec<Read> {
    let mut out = Vec::new();
    scan(Asked { text, line: 1, ..Asked::default() }, &mut out);
    out.into_iter().map(|t| (t.metric.raw().to_owned(), t.op, t.value, t.unit, t.for_s, t.severity)).collect()
}

type Expected<'a> = (&'a str, &'a str, Value, Option<&'a str>, Option<u64>, Option<&'a str>);

#[test]
fn what_people_write() {
    let cases: Vec<(&str, Vec<Expected<'_>>)> = vec![
        ("Error rate < 1%", vec![("Error rate", "<", json!(1), Some("%"), None, None)]),
        (
            "p95 latency > 250ms (sustained 5+ minutes)",
            vec![("p95 latency", ">", json!(250), Some("ms"), Some(300), None)],
        ),
        (
            "Error rate > 10% → Page on-call engineer",
            vec![("Error rate", ">", json!(10), Some("%"), None, Some("page"))],
        ),
        (
            "Bei Fehlerrate über 5 % zurückrollen",
            vec![("Fehlerrate", ">", json!(5), Some("%"), None, Some("rollback"))],
        ),
        (
            "Con tasa de error superior al 5 % se revierte",
            vec![("tasa de error", ">", json!(5), Some("%"), None, Some("rollback"))],
        ),
        (
            "Do not roll back if only p95 latency is 1-2 s",
            vec![("p95 latency", "in", json!([1, 2]), Some("s"), None, Some("warn"))],
        ),
        ("Error rate 1-3%", vec![("Error rate", "in", json!([1, 3]), Some("%"), None, None)]),
        ("p95 latency 500-1000ms", vec![("p95 latency", "in", json!([500, 1000]), Some("ms"), None, None)]),
        (
            "Total requests/sec: ⬚ (target: 100-500)",
            vec![("Total requests/sec", "in", json!([100, 500]), Some("rps"), None, None)],
        ),
        ("Redis memory MB: ⬚ (target: <500MB)", vec![("Redis memory", "<", json!(500), Some("MB"), None, None)]),
        (
            "Auth failure spike (>100 failures/minute - JWT/clock issues)",
            vec![("Auth failure spike", ">", json!(100), Some("/min"), None, None)],
        ),
        (
            "DB pool saturation (>80% connections used)",
            vec![("DB pool saturation", ">", json!(80), Some("%"), None, None)],
        ),
        (
            "Check DB connection pool usage (should be <50%)",
            vec![("DB connection pool usage", "<", json!(50), Some("%"), None, None)],
        ),
        ("Payments success rate ≥ 99%", vec![("Payments success rate", ">=", json!(99), Some("%"), None, None)]),
        (
            "Monitor table. Abort if error rate >0.5%.",
            vec![("error rate", ">", json!(0.5), Some("%"), None, Some("rollback"))],
        ),
        ("Zero 5xx errors during load test", vec![("5xx errors", "==", json!(0), None, None, None)]),
        ("Agent hallucination alerts = 0", vec![("Agent hallucination alerts", "==", json!(0), None, None, None)]),
        (
            "Performance: p95 ≤ 250ms, p99 ≤ 500ms",
            vec![("p95", "<=", json!(250), Some("ms"), None, None), ("p99", "<=", json!(500), Some("ms"), None, None)],
        ),
        (
            "Lighthouse thresholds met (Perf ≥90, PWA ≥95)",
            vec![("Perf", ">=", json!(90), None, None, None), ("PWA", ">=", json!(95), None, None, None)],
        ),
        (
            "Load test successful (≥ 1000 RPS)",
            vec![("Load test successful", ">=", json!(1000), Some("rps"), None, None)],
        ),
        (
            "If CPU stays above 80% for more than 5 minutes, page",
            vec![("CPU", ">", json!(80), Some("%"), Some(300), None)],
        ),
        ("Availability: >99.9% uptime", vec![("Availability", ">", json!(99.9), Some("%"), None, None)]),
        ("Monitor for at least 15 minutes before widening traffic", vec![]),
        ("feature_flag percentage=5 => next", vec![]),
        ("Use <sha> and -> 3 arrows", vec![]),
        ("30-min soak test at ≥3× expected RPS", vec![]),
        ("Node >= 18 installed", vec![]),
    ];
    for (text, expected) in cases {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(m, o, v, u, f, s)| (m.to_owned(), o.to_owned(), v, u.map(str::to_owned), f, s.map(str::to_owned)))
            .collect();
        assert_eq!(read(text), expected, "{text}");
    }
}

/// Comparator, value, unit, seconds.
type Short<'a> = (&'a str, Value, Option<&'a str>, Option<u64>);

#[test]
fn more_of_what_people_write() {
    let none = Option::<&str>::None;
    let cases: Vec<(&str, &str, Vec<Short<'_>>)> = vec![
        ("Error rate stays below 0.1% for 15 minutes", "Error rate", vec![("<", json!(0.1), Some("%"), Some(900))]),
        ("p99 < 1.5s over 10m", "p99", vec![("<", json!(1.5), Some("s"), Some(600))]),
        ("CPU > 80% for 5m → page", "CPU", vec![(">", json!(80), Some("%"), Some(300))]),
        ("No more than 5 errors per minute", "errors", vec![("<=", json!(5), Some("/min"), None)]),
        ("Error count must stay under 5 errors/min", "Error count", vec![("<", json!(5), Some("/min"), None)]),
        ("p95 latency must not exceed 300 ms", "p95 latency", vec![("<=", json!(300), Some("ms"), None)]),
        ("p95 latency should never exceed 300ms", "p95 latency", vec![("<=", json!(300), Some("ms"), None)]),
        ("Memory usage doesn't exceed 90%", "Memory usage", vec![("<=", json!(90), Some("%"), None)]),
        ("Success rate does not drop below 99.5%", "Success rate", vec![(">=", json!(99.5), Some("%"), None)]),
        ("Cache hit ratio falls below 95%", "Cache hit ratio", vec![("<", json!(95), Some("%"), None)]),
        ("Max latency: 300ms", "", vec![]),
        ("Error rate max 2%", "Error rate", vec![("<=", json!(2), Some("%"), None)]),
        ("Availability min. 99.9 %", "Availability", vec![(">=", json!(99.9), Some("%"), None)]),
        ("Response time within 500ms", "Response time", vec![("<=", json!(500), Some("ms"), None)]),
        ("Roll back within 5 minutes", "", vec![]),
        ("Disk usage reaches 90% -> page", "Disk usage", vec![(">=", json!(90), Some("%"), None)]),
        ("Dead letter queue must be zero", "Dead letter queue", vec![("==", json!(0), none, None)]),
        ("Queue depth is 0 before cutover", "Queue depth", vec![("==", json!(0), none, None)]),
        ("Error rate at or below 1%", "Error rate", vec![("<=", json!(1), Some("%"), None)]),
        ("Error rate 1% or less", "Error rate", vec![("<=", json!(1), Some("%"), None)]),
        ("Uptime 99.95% or higher", "Uptime", vec![(">=", json!(99.95), Some("%"), None)]),
        ("If error rate exceeds 2x baseline, abort", "error rate", vec![(">", json!(2), none, None)]),
        ("Latency 20% above baseline for 10 min", "Latency", vec![(">", json!(20), Some("%"), Some(600))]),
        ("p95 no higher than baseline", "p95", vec![("<=", json!(1), none, None)]),
        ("Error rate within SLO", "Error rate", vec![("<=", json!(1), none, None)]),
        ("Availability SLO: 99.9%", "Availability", vec![(">=", json!(99.9), Some("%"), None)]),
        ("Target p95 latency: 300 ms", "p95 latency", vec![("<=", json!(300), Some("ms"), None)]),
        ("CPU between 40% and 60%", "CPU", vec![("in", json!([40, 60]), Some("%"), None)]),
        ("Error rate from 1% to 3%", "Error rate", vec![("in", json!([1, 3]), Some("%"), None)]),
        ("Error rate > 5% for 3 consecutive minutes", "Error rate", vec![(">", json!(5), Some("%"), Some(180))]),
        ("Error rate > 5% over a 5-minute window", "Error rate", vec![(">", json!(5), Some("%"), Some(300))]),
        ("Error rate > 5% in any 10 minute window", "Error rate", vec![(">", json!(5), Some("%"), Some(600))]),
        ("Error rate > 5% (5m avg)", "Error rate", vec![(">", json!(5), Some("%"), Some(300))]),
        ("p95 > 500ms, ≥5 min", "p95", vec![(">", json!(500), Some("ms"), Some(300))]),
        ("p95 > 500 ms for longer than two minutes", "p95", vec![(">", json!(500), Some("ms"), Some(120))]),
        ("If for 5 minutes p95 stays above 500ms, abort", "p95", vec![(">", json!(500), Some("ms"), Some(300))]),
        ("Restarts > 3 in 10 minutes", "Restarts", vec![(">", json!(3), none, Some(600))]),
        ("Replication lag under 5 seconds", "Replication lag", vec![("<", json!(5), Some("s"), None)]),
        ("Consumer lag < 1,000 messages", "Consumer lag", vec![("<", json!(1000), Some("count"), None)]),
        ("Throughput ≥ 2k rps", "Throughput", vec![(">=", json!(2000), Some("rps"), None)]),
        ("`http_errors` > `1%` for `5m`", "http_errors", vec![(">", json!(1), Some("%"), Some(300))]),
        ("Burn rate > 14.4x for 1h", "Burn rate", vec![(">", json!(14.4), none, Some(3600))]),
        ("RTO < 15 min", "RTO", vec![("<", json!(15), Some("min"), None)]),
        ("99.9% of requests complete in under 300 ms", "", vec![("<", json!(300), Some("ms"), None)]),
        ("Free disk > 20GB", "Free disk", vec![(">", json!(20), Some("GB"), None)]),
        ("Fehlerrate unter 0,5 % für 10 Minuten", "Fehlerrate", vec![("<", json!(0.5), Some("%"), Some(600))]),
        ("Antwortzeit p95 < 300 ms", "Antwortzeit p95", vec![("<", json!(300), Some("ms"), None)]),
        ("CPU-Auslastung > 85 % länger als 5 Minuten", "CPU-Auslastung", vec![(">", json!(85), Some("%"), Some(300))]),
        ("Taux d’erreur < 1 % pendant 10 min", "Taux d’erreur", vec![("<", json!(1), Some("%"), Some(600))]),
        ("Tasa de error > 2% durante 5 minutos", "Tasa de error", vec![(">", json!(2), Some("%"), Some(300))]),
        ("错误率 > 1% 持续 5 分钟", "错误率", vec![(">", json!(1), Some("%"), Some(300))]),
        ("错误率低于1%持续5分钟", "错误率", vec![("<", json!(1), Some("%"), Some(300))]),
        ("p95延迟 < 500ms", "p95延迟", vec![("<", json!(500), Some("ms"), None)]),
        ("エラー率が1%以上5分間継続", "エラー率が", vec![(">=", json!(1), Some("%"), Some(300))]),
        ("レイテンシp95 ≤ 300ミリ秒", "レイテンシp95", vec![("<=", json!(300), Some("ms"), None)]),
        ("Доля ошибок < 1 % в течение 10 минут", "Доля ошибок", vec![("<", json!(1), Some("%"), Some(600))]),
        ("Задержка p95 ≤ 300 мс", "Задержка p95", vec![("<=", json!(300), Some("ms"), None)]),
        ("CPU ≤ 70％", "CPU", vec![("<=", json!(70), Some("%"), None)]),
        ("Remaining lifetime under 14 days", "Remaining lifetime", vec![("<", json!(14), Some("d"), None)]),
        ("Mémoire : moins de 4 Gio", "Mémoire", vec![("<", json!(4), Some("GiB"), None)]),
        ("Disco máx. 75 %", "Disco", vec![("<=", json!(75), Some("%"), None)]),
        ("Sum difference exactly 0.00", "Sum difference", vec![("==", json!(0), none, None)]),
        ("Antal fel är som mest 90", "", vec![("<=", json!(90), none, None)]),
        ("utskickskön längre än 300", "utskickskön", vec![(">", json!(300), none, None)]),
        // None of these is a limit.
        ("Kubernetes >= 1.28 and Helm > 3", "", vec![]),
        ("See #123 -> 5 done", "", vec![]),
        ("Takes less than 10 minutes", "", vec![]),
        ("Rollout: 5% → 25% → 100%", "", vec![]),
        ("Enable for 10% of users", "", vec![]),
        ("Call +1-555-0100 or 10:00-12:00", "", vec![]),
        ("Backups kept for 30 days", "", vec![]),
        ("At least two approvals", "", vec![]),
        ("Wait up to 10 minutes", "", vec![]),
        ("Keep more than 3 backups", "", vec![]),
        ("It passes with more than 2/3 of the seats", "", vec![]),
        ("At least 60% of the voting members agree", "", vec![]),
        ("Live approvals drop under 85 %", "Live approvals", vec![("<", json!(85), Some("%"), None)]),
        ("Approval rate above 90 %", "Approval rate", vec![(">", json!(90), Some("%"), None)]),
        ("Requires TypeScript >= 5", "", vec![]),
        ("Switch duration: 10-15 minutes", "", vec![]),
        ("Raise coverage by 5-10%", "", vec![]),
        ("With 8 cores: (8 * 2) + 1 = 17 connections", "", vec![]),
        ("Drop support for node < 6", "", vec![]),
        ("20% of 300 hits = 60 rows", "", vec![]),
        ("We never skip more than two minor releases", "", vec![]),
        ("Min: 3, max: 10 replicas", "", vec![]),
        ("Actual memory: 400-600 MB", "", vec![]),
        ("Skipped for patch releases (where z > 0)", "", vec![]),
        ("Upgrade from 14 to 16", "", vec![]),
        ("Moved 500-1000 rows", "", vec![]),
        ("Step 3 of 5", "", vec![]),
        ("Release 2.4.1 - 2025-11-03", "", vec![]),
        ("Zero-downtime deploy", "", vec![]),
        ("Read over 200 pages", "", vec![]),
    ];
    let mut wrong = Vec::new();
    for (text, metric, expected) in cases {
        let found = read(text);
        let short: Vec<_> = found.iter().map(|(_, o, v, u, f, _)| (o.as_str(), v.clone(), u.as_deref(), *f)).collect();
        if short != expected || !metric.is_empty() && found.first().is_some_and(|f| f.0 != metric) {
            wrong.push(format!("{text}\n    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
