//! Comparisons in a score of languages: what stands before its number, what stands behind it, and what is none.

use serde_json::{Value, json};

use super::super::scan::{Asked, scan};

/// Comparator, value, unit, seconds.
type Short = (String, Value, Option<String>, Option<u64>);

fn read(text: &str) -> Vec<Short> {
    let mut out = Vec::new();
    scan(Asked { text, line: 1, ..Asked::default() }, &mut out);
    out.into_iter().map(|t| (t.op, t.value, t.unit, t.for_s)).collect()
}

/// A text and what it says: comparator, value, unit, seconds.
type Case<'a> = (&'a str, &'a str, Value, Option<&'a str>, Option<u64>);

/// Each text has exactly one limit, this one.
fn each_is(cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for (text, op, value, unit, for_s) in cases {
        let want = vec![((*op).to_owned(), value.clone(), unit.map(str::to_owned), *for_s)];
        let found = read(text);
        if found != want {
            wrong.push(format!("{text}\n    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const PERCENT: Option<&str> = Some("%");
const MS: Option<&str> = Some("ms");

#[test]
fn a_negation_turns_a_comparison_round_whatever_stands_between() {
    each_is(&[
        ("The error rate must not at any point exceed 2%", "<=", json!(2), PERCENT, None),
        ("Cache hit ratio should never be allowed to fall below 92%", ">=", json!(92), PERCENT, None),
        ("p95 latency may not climb above 400 ms", "<=", json!(400), MS, None),
        ("Memory usage cannot ever be higher than 85%", "<=", json!(85), PERCENT, None),
        ("Die Fehlerquote darf zu keiner Zeit über 2 % liegen", "<=", json!(2), PERCENT, None),
        ("Die Verfügbarkeit darf niemals unter 99,9 % fallen", ">=", json!(99.9), PERCENT, None),
        ("Die Antwortzeit sollte 400 ms nicht übersteigen", "<=", json!(400), MS, None),
        ("Die Fehlerquote überschreitet 2 % nicht", "<=", json!(2), PERCENT, None),
        ("Le taux d’erreur ne doit en aucun cas dépasser 1,5 %", "<=", json!(1.5), PERCENT, None),
        ("La disponibilité ne peut jamais descendre en dessous de 99 %", ">=", json!(99), PERCENT, None),
        ("La tasa de errores nunca debe superar el 2 %", "<=", json!(2), PERCENT, None),
        ("A taxa de erro jamais pode ultrapassar 2 %", "<=", json!(2), PERCENT, None),
        ("Il tasso di errore non può mai superare il 2 %", "<=", json!(2), PERCENT, None),
        ("Het foutpercentage mag nooit boven 2 % komen", "<=", json!(2), PERCENT, None),
        ("Felfrekvensen får aldrig överstiga 2 %", "<=", json!(2), PERCENT, None),
        ("Odsetek błędów nigdy nie może przekroczyć 2 %", "<=", json!(2), PERCENT, None),
        ("Chybovost nesmí překročit 2 %", "<=", json!(2), PERCENT, None),
        ("Доля ошибок никогда не должна подниматься выше 2 %", "<=", json!(2), PERCENT, None),
        ("Доступность не должна падать ниже 99 %", ">=", json!(99), PERCENT, None),
        ("错误率不能超过2%", "<=", json!(2), PERCENT, None),
        ("错误率绝不允许高于2%", "<=", json!(2), PERCENT, None),
        ("エラー率は2%を超えてはならない", "<=", json!(2), PERCENT, None),
        ("가용성은 99%보다 낮지 않아야 한다", ">=", json!(99), PERCENT, None),
        ("오류율이 2%를 넘지 않을 것", "<=", json!(2), PERCENT, None),
    ]);
}

#[test]
fn a_verb_may_stand_before_or_behind_its_number_and_be_bent() {
    each_is(&[
        ("wenn die Fehlerrate 3 % übersteigt", ">", json!(3), PERCENT, None),
        ("sobald die Auslastung 90 % erreicht", ">=", json!(90), PERCENT, None),
        ("Die Fehlerrate ist größer als 3 %", ">", json!(3), PERCENT, None),
        ("zodra het foutpercentage hoger is dan 3 %", ">", json!(3), PERCENT, None),
        ("als de wachtrij 5.000 berichten overschrijdt", ">", json!(5000), Some("count"), None),
        ("Si la latence p95 dépassait 600 ms", ">", json!(600), MS, None),
        ("Cuando la latencia p95 rebase los 600 ms", ">", json!(600), MS, None),
        ("Se a latência p95 ultrapassar 600 ms", ">", json!(600), MS, None),
        ("Gdy opóźnienie p95 przekroczy 600 ms", ">", json!(600), MS, None),
        ("Если задержка p95 превысит 600 мс", ">", json!(600), MS, None),
        ("Om svarstiden överskrider 600 ms", ">", json!(600), MS, None),
        ("Hata oranı %3'ü aşarsa", ">", json!(3), PERCENT, None),
        ("p95 gecikme 600 ms'yi aşmamalı", "<=", json!(600), MS, None),
        ("오류율이 3%를 초과하면", ">", json!(3), PERCENT, None),
        ("p95 지연이 600ms보다 크면", ">", json!(600), MS, None),
        ("エラー率が3%より高い場合", ">", json!(3), PERCENT, None),
        ("成功率が99%を切ったら", "<", json!(99), PERCENT, None),
        ("成功率跌破99%", "<", json!(99), PERCENT, None),
        ("延迟大于等于600ms", ">=", json!(600), MS, None),
    ]);
}

#[test]
fn or_equal_and_the_nouns_of_bounds() {
    each_is(&[
        ("Error rate less than or equal to 2%", "<=", json!(2), PERCENT, None),
        ("Success rate equal to or greater than 99%", ">=", json!(99), PERCENT, None),
        ("Fehlerrate kleiner oder gleich 2 %", "<=", json!(2), PERCENT, None),
        ("Taux d'erreur inférieur ou égal à 2 %", "<=", json!(2), PERCENT, None),
        ("Доля ошибок меньше или равна 2 %", "<=", json!(2), PERCENT, None),
        ("CPU 90 % oder mehr", ">=", json!(90), PERCENT, None),
        ("CPU 90 % eller mer", ">=", json!(90), PERCENT, None),
        ("CPU 90 % i więcej", ">=", json!(90), PERCENT, None),
        ("p95 latency ceiling: 400 ms", "<=", json!(400), MS, None),
        ("Obergrenze der Fehlerrate: Obergrenze 2 %", "<=", json!(2), PERCENT, None),
        ("CPU使用率の上限は80%", "<=", json!(80), PERCENT, None),
        ("Availability better than 99.5%", ">", json!(99.5), PERCENT, None),
        ("p99 latency in excess of 2 seconds", ">", json!(2), Some("s"), None),
    ]);
}

#[test]
fn how_long_it_must_last() {
    each_is(&[
        ("Error rate above 2% for five minutes", ">", json!(2), PERCENT, Some(300)),
        ("Error rate above 2% for half an hour", ">", json!(2), PERCENT, Some(1800)),
        ("CPU above 90% for 3 minutes in a row", ">", json!(90), PERCENT, Some(180)),
        ("5-minute average error rate above 2%", ">", json!(2), PERCENT, Some(300)),
        ("Fehlerrate über 2 %, und das länger als fünf Minuten", ">", json!(2), PERCENT, Some(300)),
        ("Fehlerrate mehr als 10 Minuten lang über 2 %", ">", json!(2), PERCENT, Some(600)),
        ("Taux d'erreur supérieur à 2 % pendant cinq minutes", ">", json!(2), PERCENT, Some(300)),
        ("Tasa de error mayor que 2 % durante más de diez minutos", ">", json!(2), PERCENT, Some(600)),
        ("Tasso di errore oltre il 2 % per mezz'ora", ">", json!(2), PERCENT, Some(1800)),
        ("Foutpercentage boven 2 % gedurende 10 minuten", ">", json!(2), PERCENT, Some(600)),
        ("Felfrekvens över 2 % under 5 minuter", ">", json!(2), PERCENT, Some(300)),
        ("Доля ошибок выше 2 % в течение пяти минут", ">", json!(2), PERCENT, Some(300)),
        ("Доля ошибок выше 2 % дольше 10 минут", ">", json!(2), PERCENT, Some(600)),
        ("错误率超过2%并持续五分钟", ">", json!(2), PERCENT, Some(300)),
        ("エラー率が2%を超え、10分以上継続", ">", json!(2), PERCENT, Some(600)),
        ("오류율이 5분 동안 2%를 초과", ">", json!(2), PERCENT, Some(300)),
        // What is done then, and how long that takes, is another thing.
        ("Error rate above 2% → roll back and wait for 10 minutes", ">", json!(2), PERCENT, None),
        ("Error rate stays below 2%. Then observe for 30 minutes", "<", json!(2), PERCENT, None),
        ("Error rate > 5%: revert within 5 minutes", ">", json!(5), PERCENT, None),
    ]);
}

#[test]
fn numbers_as_people_write_them() {
    each_is(&[
        ("Fehlerrate unter zwei Prozent", "<", json!(2), PERCENT, None),
        ("错误率低于百分之五", "<", json!(5), PERCENT, None),
        ("エラー率 ＜ １．５％", "<", json!(1.5), PERCENT, None),
        ("Queue depth < 1'500", "<", json!(1500), None, None),
        ("Warteschlange unter 1.250.000 Nachrichten", "<", json!(1_250_000), Some("count"), None),
        ("File d’attente < 10 000 messages", "<", json!(10000), Some("count"), None),
        ("Cola por debajo de 10 mil mensajes", "<", json!(10000), Some("count"), None),
        ("キューが1万件を超える", ">", json!(10000), Some("count"), None),
        ("Lag < 0,500 s", "<", json!(0.5), Some("s"), None),
    ]);
}

#[test]
fn none_at_all() {
    each_is(&[
        ("Null verlorene Nachrichten nach dem Umschalten", "==", json!(0), None, None),
        ("Die Warteschlange muss 0 sein", "==", json!(0), None, None),
        ("Cero errores 5xx durante la prueba", "==", json!(0), None, None),
        ("Le nombre d'erreurs doit être zéro", "==", json!(0), None, None),
        ("Количество ошибок должно быть 0", "==", json!(0), None, None),
        ("エラーが0件であること", "==", json!(0), None, None),
    ]);
}

#[test]
fn what_is_no_limit() {
    for text in [
        "Shift at most 10 % of the traffic",
        "Höchstens 5 % des Datenverkehrs umleiten",
        "Attendre au moins 10 minutes",
        "Mindestens zwei Freigaben einholen",
        "Dura menos de 20 minutos",
        "El cambio empieza a las 22:00, puerto 8443, versión 2.14",
        "Резервные копии хранятся не менее 30 дней",
        "Всего около 25 минут",
        "备份保留至少30天",
        "作業は10分以内に完了する見込み",
        "Do not continue for 10 minutes",
    ] {
        assert_eq!(read(text), vec![], "{text}");
    }
}

#[test]
fn two_limits_side_by_side_are_one_band() {
    each_is(&[
        ("Fehlerrate über 1 % und unter 3 %", "in", json!([1, 3]), PERCENT, None),
        ("エラー率が1%以上3%未満", "in", json!([1, 3]), PERCENT, None),
    ]);
    for usual in ["p95 latency (normally 90-120 ms)", "CPU is usually 40–60 %"] {
        assert_eq!(read(usual), vec![], "{usual}");
    }
}
