//! Tables as the programs print them, and as nobody should.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn table(state: &str, up: &[&str]) -> TableExpect {
    let state = state.parse().map_or_else(|_| Column::Named(state.to_owned()), Column::Number);
    TableExpect { state, up: up.iter().map(|w| (*w).to_owned()).collect(), need: Need::All }
}

fn says(table: &TableExpect, text: &str) -> (Outcome, String) {
    let (outcome, says) = table.judge(text);
    (outcome, says.map(|s| s.raw().to_owned()).unwrap_or_default())
}

const COMPOSE: &str = "\
NAME          IMAGE                 COMMAND                  SERVICE   CREATED       STATUS                   PORTS
retail-api-1  registry/api:v2.0     \"/docker-entrypoint.…\"   api       2 hours ago   Up 2 hours (healthy)     0.0.0.0:80->80/tcp
retail-db-1   postgres:16           \"docker-entrypoint.s…\"   db        2 hours ago   Up 2 hours (healthy)
retail-job-1  registry/job:v2.0     \"node job.js\"            job       2 hours ago   Restarting (1) 3 seconds ago
";

#[test]
fn docker_compose_is_counted_by_state() {
    let up = table("STATUS", &["Up", "running"]);
    let (outcome, counted) = says(&up, COMPOSE);
    assert_eq!(counted, "2 Up, 1 Restarting");
    assert_eq!(outcome, Outcome::Fail("1 of 3 not up: 2 Up, 1 Restarting".to_owned()));
    let fine = COMPOSE.replace("Restarting (1) 3 seconds ago", "Up 3 seconds");
    assert_eq!(says(&up, &fine), (Outcome::Pass, "3 Up".to_owned()));
    for unwell in [
        "Up 2 hours (unhealthy)",
        "Up 3 seconds (health: starting)",
        "Up 2 hours (Paused)",
        "Upgrading",
        "Exited (0) 1 hour ago",
        "Up-to-date",
        "not Up",
    ] {
        let text = fine.replace("Up 3 seconds", unwell);
        assert!(matches!(says(&up, &text).0, Outcome::Fail(_)), "{unwell}");
    }
    let two = TableExpect { need: Need::AtLeast(2), ..up.clone() };
    assert_eq!(says(&two, COMPOSE).0, Outcome::Pass);
    let three = TableExpect { need: Need::AtLeast(3), ..up };
    assert!(matches!(says(&three, COMPOSE).0, Outcome::Fail(_)));
}

#[test]
fn a_pod_that_is_not_ready_is_not_up() {
    let text = "\
NAME                   READY   STATUS             RESTARTS      AGE
api-7d4b9c6f5d-x2x7z   1/1     Running            0             3d
api-7d4b9c6f5d-y9y9y   0/1     Running            0             3d
job-28475              0/1     CrashLoopBackOff   12 (2m ago)   3d
seed-1                 0/1     Completed          0             3d
";
    let (outcome, counted) = says(&table("STATUS", &["Running", "Completed"]), text);
    assert_eq!(counted, "1 Running, 1 Completed, 1 Running 0/1, 1 CrashLoopBackOff");
    assert!(matches!(outcome, Outcome::Fail(_)));
    let ready = table("READY", &["1/1"]);
    assert!(matches!(says(&ready, text).0, Outcome::Fail(_)));
    assert!(matches!(says(&table("3", &["Running"]), text).0, Outcome::Fail(_)));
}

#[test]
fn units_stand_in_close_columns_and_end_at_the_legend() {
    let text = "  UNIT            LOAD   ACTIVE SUB     DESCRIPTION
  cron.service    loaded active running Regular background program processing
● nginx.service   loaded failed failed  A high performance web server
  postgres.service-with-a-name loaded active running PostgreSQL

LOAD   = Reflects whether the unit definition was properly loaded.
3 loaded units listed.
";
    let (outcome, counted) = says(&table("ACTIVE", &["active"]), text);
    // The row whose name pushed its columns is not guessed at.
    assert_eq!(counted, "1 active, 1 failed, 1 without a state");
    assert!(matches!(outcome, Outcome::Fail(_)));
}

#[test]
fn wide_letters_and_wide_cells_keep_the_column() {
    let wide = "NAME        STATUS   AGE\n日本語-1    Up       3d\nweb         Up       3d\n";
    assert_eq!(says(&table("STATUS", &["Up"]), wide).1, "2 Up");
    let pushed = "NAME   STATUS   AGE\na-name-wider-than-all   Up   3d\n";
    assert_eq!(says(&table("STATUS", &["Up"]), pushed), (Outcome::Pass, "1 Up".to_owned()));
}

#[test]
fn json_is_read_as_a_list_or_line_by_line() {
    let up = table("State", &["running"]);
    let lines = "{\"Name\":\"a\",\"State\":\"running\",\"Health\":\"\"}\n{\"Name\":\"b\",\"State\":\"running\",\"Health\":\"unhealthy\"}\n";
    assert_eq!(says(&up, lines).1, "1 running, 1 running unhealthy");
    assert!(matches!(says(&up, lines).0, Outcome::Fail(_)));
    assert_eq!(says(&up, r#"[{"state":"running"},{"state":"running"}]"#), (Outcome::Pass, "2 running".to_owned()));
    let pods = r#"{"items":[{"status":{"phase":"Running"}},{"status":{"phase":"Pending"}}]}"#;
    assert_eq!(says(&table("/status/phase", &["Running"]), pods).1, "1 Running, 1 Pending");
    let crashing = r#"{"items":[{"status":{"phase":"Running","containerStatuses":[{"ready":true},{"ready":false}]}}]}"#;
    assert_eq!(says(&table("/status/phase", &["Running"]), crashing).1, "1 Running 1/2");
    assert!(matches!(says(&table("/status/phase", &["Running"]), crashing).0, Outcome::Fail(_)));
    for nothing in ["[]", "{\"items\":[]}", "[1,2]", "{\"Name\":\"a\"}", "[{", "{}\nError: no", "[{\"State\":null}]"] {
        assert!(matches!(says(&up, nothing).0, Outcome::NoData(_)), "{nothing}");
    }
}

#[test]
fn without_rows_or_heading_there_is_no_data() {
    let up = table("STATUS", &["Up"]);
    for nothing in [
        "",
        "\n\n",
        "NAME   STATUS\n",
        "error: no such host\n",
        "NAME   STATE\na   Up\n",
        "Up\nUp\n",
        "NAME STATUSES\na Up",
    ] {
        assert!(matches!(says(&up, nothing).0, Outcome::NoData(_)), "{nothing:?}");
    }
    let numbered = table("2", &["Up"]);
    assert_eq!(says(&numbered, "a\tUp 2 hours\nb\tUp 1 hour\n"), (Outcome::Pass, "2 Up".to_owned()));
    assert_eq!(says(&numbered, "NAME  STATUS\na     Up 2 hours\n"), (Outcome::Pass, "1 Up".to_owned()));
    assert!(matches!(says(&numbered, "DB  DOWN\na   Up\n").0, Outcome::Fail(_)), "no row is taken for a header");
    assert!(matches!(says(&table("7", &["Up"]), "a b\n").0, Outcome::NoData(_)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text gives an answer, and never a pass without a row that says so.
    #[test]
    fn no_text_panics_or_passes_without_the_word(
        header in "[ A-Z\u{e9}日]{0,12}", lines in proptest::collection::vec("[ -~\u{e9}日\t●…]{0,40}", 0..8), n in 0..5_usize
    ) {
        let text = format!("{header}STATUS   AGE\n{}", lines.join("\n"));
        let by = if n == 0 { "STATUS".to_owned() } else { n.to_string() };
        let (outcome, _) = table(&by, &["Up"]).judge(&text);
        let says_up = text.to_lowercase().contains("up");
        prop_assert!(says_up || !matches!(outcome, Outcome::Pass | Outcome::Degraded(_)), "{text:?}");
    }

    /// One cell more that is not up ends the pass, wherever it stands.
    #[test]
    fn one_row_that_is_not_up_is_seen(rows in 1..9_usize, bad in 0..9_usize, wide in 0..30_usize) {
        let mut text = format!("{:<20}STATUS                 PORTS\n", "NAME");
        for row in 0..rows {
            let name = if row == bad % rows { "x".repeat(wide.max(1)) } else { format!("web-{row}") };
            let state = if row == bad % rows { "Restarting (1) 1 s ago" } else { "Up 2 hours" };
            let _ = writeln!(text, "{name:<20}{state:<23}80/tcp");
        }
        let (outcome, _) = table("STATUS", &["Up"]).judge(&text);
        prop_assert!(matches!(outcome, Outcome::Fail(_)), "{text} {outcome:?}");
    }
}
