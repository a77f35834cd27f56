//! Stems of what is measured, by which way each is better, and of what had better not happen, in a score of languages. They are
//! looked up by their letter, all at once: a name is gone through a single time.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::Better;

/// What a stem says of the name that holds it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Says {
    /// It fails: better when it is low, whatever else the name says.
    Fails,
    High,
    Low,
    /// The same in other languages, where English says nothing.
    AlsoHigh,
    AlsoLow,
    /// Turns [`Says::AlsoHigh`] round.
    Denied,
    /// A number to watch.
    Measured,
    /// Had better not happen.
    Bad,
}

/// All that the stems in a name say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said(u16);

impl Said {
    pub(super) fn any(self, says: Says) -> bool {
        self.0 & (1 << says as u16) != 0
    }

    /// Which way the metric is better. A success rate holds the word for rate: high is asked for before low.
    pub(super) fn better(self) -> Option<Better> {
        let order = [
            (Says::Fails, Better::Low),
            (Says::High, Better::High),
            (Says::Low, Better::Low),
            (Says::AlsoHigh, Better::High),
            (Says::AlsoLow, Better::Low),
        ];
        let denied = |says: &Says| matches!(says, Says::AlsoHigh) && self.any(Says::Denied);
        order.into_iter().find(|(says, _)| self.any(*says) && !denied(says)).map(|(_, better)| better)
    }
}

struct Stem {
    text: &'static str,
    /// Only at the beginning of a word.
    begins: bool,
    says: Says,
}

static BY_LETTER: LazyLock<HashMap<char, Vec<Stem>>> = LazyLock::new(|| {
    let mut all: HashMap<char, Vec<Stem>> = HashMap::new();
    for (says, stems) in [
        (Says::Fails, FAILS),
        (Says::High, HIGH),
        (Says::Low, LOW),
        (Says::AlsoHigh, ALSO_HIGH),
        (Says::AlsoLow, ALSO_LOW),
        (Says::Denied, DENIED),
        (Says::Measured, MEASURED),
        (Says::Measured, ALSO_MEASURED),
        (Says::Bad, BAD),
        (Says::Bad, ALSO_BAD),
    ] {
        for text in stems.split(", ") {
            let listed = matches!(says, Says::AlsoHigh | Says::AlsoLow) || stems == ALSO_BAD;
            if let Some(first) = text.chars().next() {
                all.entry(first).or_default().push(Stem { text, begins: listed && short(text), says });
            }
        }
    }
    all
});

/// Stems of three letters and fewer begin a word; longer ones may stand anywhere in one.
fn short(stem: &str) -> bool {
    !(stem.len() > 4 || !stem.is_ascii() && stem.chars().count() > 2 || stem.chars().any(|c| u32::from(c) > 0x2e80))
}

/// What the stems in a name, in lower case, say.
pub(super) fn said(lower: &str) -> Said {
    let mut said = Said::default();
    let mut inside = false;
    for (at, c) in lower.char_indices() {
        if let (Some(known), Some(rest)) = (BY_LETTER.get(&c), lower.get(at..)) {
            for stem in known {
                if !(stem.begins && inside) && rest.starts_with(stem.text) {
                    said.0 |= 1 << stem.says as u16;
                }
            }
        }
        inside = c.is_alphanumeric();
    }
    said
}

/// What fails.
const FAILS: &str = "unavailab, failure, failed, error, miss, abandon, free memory used, fehler, erreur, ошиб, 错误, エラー, 失败, 失敗";

/// Better when it is high.
const HIGH: &str = "availab, uptime, success, coverage, throughput, apdex, hit rate, hit ratio, cache hit, free, score, \
    delivery rate, conversion, completeness, verfügbarkeit, erfolg, disponib, exito, éxito, succès, 可用, 成功, \
    доступност, успеш";

/// Better when it is low.
const LOW: &str = "latency, duration, response time, load time, lag, cpu, memory, usage, utili, saturation, queue, backlog, \
    5xx, 4xx, loss, drop rate, heap, p50, p75, p90, p95, p99, ttfb, delay, restart, timeout, rto, rpo, \
    downtime, run time, runtime, processing time, time to, jitter, temperature, hang, latenz, latencia, \
    latence, antwortzeit, auslastung, speicher, 延迟, 延遅, レイテンシ, 遅延, задержк, 响应时间, 応答時間, время ответа, burn, \
    disk, bounce, crash, temps de réponse, tiempo de respuesta, 使用率, загрузк, retry, retries, rejected, \
    deadlock, connections";

/// Better when it is high, in other languages.
const ALSO_HIGH: &str = "verfügbar, erfolg, durchsatz, trefferquote, trefferrate, verbleibend, freier, freie, disponib, réussi, succès, débit, \
    éxito, exito, acierto, rendimiento, libre, disponív, sucesso, acerto, vazão, livre, successo, riuscit, libero, liber, throughput, \
    beschikbaar, slagings, succes, vrije, tillgänglig, lyckad, ledig, tilgænge, tilgjenge, vellyk, dostępno, sukces, powodz, \
    przepustowo, wolne, wolnego, skuteczno, dostupno, úspěš, volné, доступн, успеш, успіш, пропускн, свобод, вільн, erişilebil, \
    başarı, boş alan, 可用, 成功率, 成功, 吞吐, 命中, 空き, 稼働率, ヒット率, スループット, 가용, 성공, 처리량, 적중, 여유";

/// Better when it is low, in other languages.
const ALSO_LOW: &str = "fehler, antwortzeit, latenz, verzöger, rückstand, warteschlang, auslast, abweichung, laufzeit, ladezeit, ausfall, \
    erreur, échec, latence, délai, retard, temps de, file d'attente, charge cpu, charge moyenne, charge du, charge des, mémoire, écart, perte, error, fallo, latencia, retraso, \
    retardo, tiempo, memoria, cola de, carga, desvia, pérdida, erro, falha, latência, atraso, tempo de, tempo di, memória, fila, perda, \
    errore, errori, latenza, ritardo, coda, carico, scarto, fout, vertraging, wachtrij, achterstand, responstijd, reactietijd, fel, \
    svarstid, fördröj, kö, eftersläp, fejl, svartid, forsink, feil, błęd, opóźn, kolejk, obciąż, zajęto, użyci, czas odpow, chyb, zpožd, \
    fronta, doba odezvy, zatíž, ошиб, задерж, время, очеред, загруз, отстав, отказ, нагруз, потер, помил, затрим, черг, hata, gecik, csomagveszt, késlelt, hiba, hibá, kihasznált, viive, virhe, galat, antrean, latensi, độ trễ, lỗi, erori, întârz, latenț, \
    kuyru, yanıt süresi, kullanım, kayıp, 错误, 錯誤, 延迟, 延遲, 失败, 响应, 使用率, 占用, 积压, 超时, エラー, 遅延, レイテンシ, 失敗, 応答, \
    滞留, 오류, 에러, 지연, 실패, 응답, 사용률, 적체, 대기";

/// What turns a success into none.
const DENIED: &str =
    "fehler, échec, fallo, falha, ausfall, отказ, 失败, 失敗, 실패, nicht verfügbar, indisponib, недоступ";

/// What is measured.
const MEASURED: &str = "latency, rate, error, cpu, memory, usage, throughput, rps, qps, connections, queue, lag, depth, disk, \
    saturation, availability, uptime, success, coverage, score, utiliza, verfügbar, ratio, response time, \
    failures, requests, 5xx, 4xx, utilization, utilisation, apdex, backlog, p50, p90, p95, p99, heap, load, \
    latenz, fehler, latencia, latence, erreur, delay, duration, hit, drop, loss, pause, taux, tasa, quote";

/// Parts of the words for times, rates, queues, errors and loads in other languages.
const ALSO_MEASURED: &str = "zeit, verzöger, rückstand, warteschlang, durchsatz, speicher, auslast, abweichung, anteil, wachtrij, \
    vertraging, beschikbaar, fout, svarstid, fel, kö, délai, retard, temps, disponibil, charge cpu, charge moyenne, charge du, mémoire, \
    réussite, échec, débit, occupation, retraso, tiempo, memoria, memória, tempo, atraso, taxa, erro, latência, \
    latenza, ritardo, utilizz, utiliz, uso de, uso della, uso del, tasso, fila, cola, coda, espacio, espaço, \
    spazio, carga, carico, rendimiento, vazão, czas, opóźn, błęd, kolejk, dostępno, użyci, obciąż, pamię, \
    zajęto, odsetek, chyb, zpožd, доля, ошиб, время, задерж, очеред, загруз, памят, доступн, отстав, использ, \
    нагруз, успеш, затрим, помил, диск, oran, süre, gecik, kuyru, kullanım, bellek, erişilebil, hata, 率, 延迟, 延遲, \
    centil, perzentil, percentil, персентил, median, médian, медиан, 量, tijd, wacht, doba, waktu, aika, timp, χρόν, elapsed, time of, time to, response, round trip, roundtrip, failover time, gültig, wygaś, 有効, 有效, 유효, 时间, 時間, 时长, 遅延, 応答, レイテンシ, キュー, 积压, 请求, 滞留, 队列, 指标, 负载, 지연, 오류, 시간";

/// What had better not happen.
const BAD: &str = "fail, error, alert, incident, breach, 5xx, violation, crash, regression, timeout, lost, loss, mismatch, \
    restart, duplicate, missing, exception, discrepanc, deadlock, oom, rejected, dropped, fehler, errores, \
    erreur, stuck, critical";

/// The same in other languages.
const ALSO_BAD: &str = "difference, differenz, abweichung, écart, diferencia, diferença, differenza, verschil, skillnad, różnic, rozdíl, расхожд, розбіжн, fark, 差異, 差异, 차이, fehler, ausfall, verlor, verlust, abstürz, duplikat, alarm, erreur, échec, perdu, perte, doublon, panne, error, fallo, \
    perdid, pérdida, duplicad, alerta, erro, falha, perdida, errori, errore, persi, duplicat, fout, verlor, dubbel, fel, förlor, tappade, \
    fejl, mistet, tabte, feil, błęd, utracon, zgubion, awari, chyb, ztrat, ztracen, ошиб, потер, сбо, отказ, дубл, помил, втрат, hata, втрач, hibá, hiba, veszt, virhe, galat, gagal, lỗi, eroare, erori, \
    kayıp, 错误, 錯誤, 失败, 丢失, 告警, エラー, 失敗, 欠損, 重複, 不一致, オーバーフロー, 오류, 에러, 실패, 유실, 누락, 중복";
