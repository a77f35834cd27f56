//! Stems of what is measured in other languages, by which way each is better, and of what had better not happen.

use super::words::Better;

/// Better when it is high. Looked for first: a success rate holds the word for rate.
const HIGH: &str = "verfügbar, erfolg, durchsatz, trefferquote, trefferrate, verbleibend, freier, freie, disponib, réussi, succès, débit, \
    éxito, exito, acierto, rendimiento, libre, disponív, sucesso, acerto, vazão, livre, successo, riuscit, libero, liber, throughput, \
    beschikbaar, slagings, succes, vrije, tillgänglig, lyckad, ledig, tilgænge, tilgjenge, vellyk, dostępno, sukces, powodz, \
    przepustowo, wolne, wolnego, skuteczno, dostupno, úspěš, volné, доступн, успеш, успіш, пропускн, свобод, вільн, erişilebil, \
    başarı, boş alan, 可用, 成功率, 成功, 吞吐, 命中, 空き, 稼働率, ヒット率, スループット, 가용, 성공, 처리량, 적중, 여유";

/// Better when it is low.
const LOW: &str = "fehler, antwortzeit, latenz, verzöger, rückstand, warteschlang, auslast, abweichung, laufzeit, ladezeit, ausfall, \
    erreur, échec, latence, délai, retard, temps de, file d'attente, charge cpu, charge moyenne, charge du, charge des, mémoire, écart, perte, error, fallo, latencia, retraso, \
    retardo, tiempo, memoria, cola de, carga, desvia, pérdida, erro, falha, latência, atraso, tempo de, tempo di, memória, fila, perda, \
    errore, errori, latenza, ritardo, coda, carico, scarto, fout, vertraging, wachtrij, achterstand, responstijd, reactietijd, fel, \
    svarstid, fördröj, kö, eftersläp, fejl, svartid, forsink, feil, błęd, opóźn, kolejk, obciąż, zajęto, użyci, czas odpow, chyb, zpožd, \
    fronta, doba odezvy, zatíž, ошиб, задерж, время, очеред, загруз, отстав, отказ, нагруз, потер, помил, затрим, черг, hata, gecik, csomagveszt, késlelt, hiba, hibá, kihasznált, viive, virhe, galat, antrean, latensi, độ trễ, lỗi, erori, întârz, latenț, \
    kuyru, yanıt süresi, kullanım, kayıp, 错误, 錯誤, 延迟, 延遲, 失败, 响应, 使用率, 占用, 积压, 超时, エラー, 遅延, レイテンシ, 失敗, 応答, \
    滞留, 오류, 에러, 지연, 실패, 응답, 사용률, 적체, 대기";

/// What had better not happen.
const BAD: &str = "difference, differenz, abweichung, écart, diferencia, diferença, differenza, verschil, skillnad, różnic, rozdíl, расхожд, розбіжн, fark, 差異, 差异, 차이, fehler, ausfall, verlor, verlust, abstürz, duplikat, alarm, erreur, échec, perdu, perte, doublon, panne, error, fallo, \
    perdid, pérdida, duplicad, alerta, erro, falha, perdida, errori, errore, persi, duplicat, fout, verlor, dubbel, fel, förlor, tappade, \
    fejl, mistet, tabte, feil, błęd, utracon, zgubion, awari, chyb, ztrat, ztracen, ошиб, потер, сбо, отказ, дубл, помил, втрат, hata, втрач, hibá, hiba, veszt, virhe, galat, gagal, lỗi, eroare, erori, \
    kayıp, 错误, 錯誤, 失败, 丢失, 告警, エラー, 失敗, 欠損, 重複, 不一致, オーバーフロー, 오류, 에러, 실패, 유실, 누락, 중복";

/// Which way a metric of this name, in lower case, is better.
pub(super) fn better(lower: &str) -> Option<Better> {
    let bad = [
        "fehler",
        "échec",
        "fallo",
        "falha",
        "ausfall",
        "отказ",
        "失败",
        "失敗",
        "실패",
        "nicht verfügbar",
        "indisponib",
        "недоступ",
    ];
    if has(lower, HIGH) && !bad.iter().any(|w| lower.contains(w)) {
        Some(Better::High)
    } else if has(lower, LOW) {
        Some(Better::Low)
    } else {
        None
    }
}

/// Whether what this name, in lower case, says had better not happen.
pub(super) fn bad(lower: &str) -> bool {
    has(lower, BAD)
}

/// Stems of three letters and fewer begin a word; longer ones may stand anywhere in one.
fn has(lower: &str, stems: &str) -> bool {
    stems.split(", ").any(|stem| {
        if stem.len() > 4 || !stem.is_ascii() && stem.chars().count() > 2 || stem.chars().any(|c| u32::from(c) > 0x2e80)
        {
            lower.contains(stem)
        } else {
            lower.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(stem))
        }
    })
}
