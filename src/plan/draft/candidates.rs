//! Queries that may fit a metric, in its unit, for a person to look at.

use super::words::has;

/// A query for a metric of this name, as a TOML string; `'…'` where none gives its unit.
pub(super) fn candidate(name: &str, unit: Option<&str>) -> String {
    let folded = name.to_lowercase();
    let percent = matches!(unit, Some("%") | None);
    let query = match () {
        () if folded.contains("p99") => quantile("0.99", unit),
        () if folded.contains("p50") => quantile("0.5", unit),
        () if folded.contains("p95") || has(&folded, &["latency", "latenz", "latence"]) => quantile("0.95", unit),
        () if percent && has(&folded, &["success", "availability", "uptime"]) => Some(
            "100 * sum(rate(http_requests_total{code!~\"5..\"}[5m])) / sum(rate(http_requests_total[5m]))".to_owned(),
        ),
        () if percent && has(&folded, &["error", "5xx", "fehler"]) => Some(
            "100 * sum(rate(http_requests_total{code=~\"5..\"}[5m])) / sum(rate(http_requests_total[5m]))".to_owned(),
        ),
        () if !matches!(unit, Some("%")) && has(&folded, &["rps", "request", "throughput"]) => match unit {
            Some("/min") => Some("60 * sum(rate(http_requests_total[1m]))".to_owned()),
            Some("rps" | "/s" | "count") | None => Some("sum(rate(http_requests_total[1m]))".to_owned()),
            Some(_) => None,
        },
        () if percent && has(&folded, &["cpu"]) => Some("100 * avg(rate(process_cpu_seconds_total[1m]))".to_owned()),
        () if has(&folded, &["memory", "ram", "speicher"]) => {
            let size = match unit {
                Some("MB") => Some("1e6"),
                Some("MiB") => Some("1048576"),
                Some("GB") => Some("1e9"),
                Some("GiB") => Some("1073741824"),
                _ => None,
            };
            size.map(|size| format!("process_resident_memory_bytes / {size}"))
        }
        () => None,
    };
    format!("'{}'", query.unwrap_or_else(|| "…".to_owned()))
}

/// A quantile of the durations, which exporters give in seconds.
fn quantile(of: &str, unit: Option<&str>) -> Option<String> {
    let scale = match unit {
        Some("ms") | None => "1000 * ",
        Some("s") => "",
        Some(_) => return None,
    };
    Some(format!("{scale}histogram_quantile({of}, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))"))
}
