//! Pages of metrics in all their formats, cut anywhere, hostile, and too large.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use warroom::probe::exposition::{Format, Limits, Page, PageError, Parser};

fn read(format: Format, text: &[u8], chunk: usize) -> Result<Page, PageError> {
    let mut parser = Parser::new(format, Limits::default());
    for part in text.chunks(chunk.max(1)) {
        parser.feed(part)?;
    }
    parser.finish()
}

/// A page as lines `name{labels} value [time stamp]`, labels sorted.
fn shown(page: &Page) -> Vec<String> {
    let each = page.samples().map(|s| {
        let labels: Vec<String> = s.labels().map(|(n, v)| format!("{n}={v:?}")).collect();
        let at = s.at_ms().map_or(String::new(), |at| format!(" {at}"));
        format!("{}{{{}}} {}{at}", s.name(), labels.join(","), s.value())
    });
    each.collect()
}

const TEXT: &str = r#"
# HELP http_requests_total The total.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{code="400",method="post",} 3 -1
  spaced  {  a = "1" , b="2"  }   4.5e3	7
# a comment
escaped{path="C:\\DIR\\FILE.TXT",error="Cannot find:\n\"FILE\"",odd="\d"} 1.458255915e9
no_labels 12.47
empty_braces{} +Inf
with:colons:rate5m -Inf
gone{empty="",kept="x"} NaN
{"my.dotted.metric"} 1
{"other.metric", "label name"="é", b="c"} 2
mixed{"quoted"="1",bare="2"} 3"#;

#[test]
fn text_of_both_versions() {
    let page = read(Format::Text, TEXT.as_bytes(), usize::MAX >> 1).unwrap();
    assert_eq!(page.malformed(), 0, "{:?}", page.reported());
    let expected = [
        r#"http_requests_total{code="200",method="post"} 1027 1395066363000"#,
        r#"http_requests_total{code="400",method="post"} 3 -1"#,
        r#"spaced{a="1",b="2"} 4500 7"#,
        r#"escaped{error="Cannot find:\n\"FILE\"",odd="\\d",path="C:\\DIR\\FILE.TXT"} 1458255915"#,
        "no_labels{} 12.47",
        "empty_braces{} inf",
        "with:colons:rate5m{} -inf",
        r#"gone{kept="x"} NaN"#,
        "my.dotted.metric{} 1",
        r#"other.metric{b="c",label name="é"} 2"#,
        r#"mixed{bare="2",quoted="1"} 3"#,
    ];
    assert_eq!(shown(&page), expected);
}

#[test]
fn openmetrics() {
    let text = "# TYPE foo_seconds histogram\n# UNIT foo_seconds seconds\n\
        foo_seconds_bucket{le=\"0.1\"} 8 # {trace_id=\"KOO5S4vxi0o\"} 0.67\n\
        foo_seconds_bucket{le=\"+Inf\"} 17 1520879607.789 # {trace_id=\"oHg5SJYRHA0\"} 9.8 1520879607.789\n\
        foo_seconds_count 17\nfoo_seconds_created 1520430000.123\n# EOF\n";
    let page = read(Format::OpenMetrics, text.as_bytes(), 1 << 20).unwrap();
    assert_eq!(page.malformed(), 0, "{:?}", page.reported());
    let expected = [
        r#"foo_seconds_bucket{le="0.1"} 8"#,
        r#"foo_seconds_bucket{le="+Inf"} 17 1520879607789"#,
        "foo_seconds_count{} 17",
        "foo_seconds_created{} 1520430000.123",
    ];
    assert_eq!(shown(&page), expected);
    let cut = text.strip_suffix("# EOF\n").unwrap();
    assert_eq!(read(Format::OpenMetrics, cut.as_bytes(), 1 << 20).unwrap_err(), PageError::CutOff);
    assert_eq!(
        Format::of_content_type(Some("application/openmetrics-text; version=1.0.0; charset=utf-8")),
        Format::OpenMetrics
    );
    assert_eq!(Format::of_content_type(Some("text/plain; version=0.0.4")), Format::Text);
    assert_eq!(Format::of_content_type(None), Format::Text);
}

#[test]
fn a_line_that_cannot_be_read_takes_its_metric_with_it_and_no_other() {
    let lines = [
        "good 1",
        "no_value",
        "x{a=\"1\" 2",
        "x{a=1} 2",
        "x{=\"1\"} 2",
        "x{a=\"1\",a=\"2\"} 3",
        "x{a=\"1\",,b=\"2\"} 3",
        "x 0x10",
        "x 1_000",
        "y 1 2 3",
        "y 1 soon",
        "y 1e999",
        "good 2",
    ];
    let page = read(Format::Text, lines.join("\r\n").as_bytes(), 1 << 20).unwrap();
    assert_eq!(shown(&page), ["good{} 1", "good{} 2"]);
    assert_eq!(page.malformed(), 11, "{:#?}", page.reported());
    assert_eq!(page.reported().len(), 10);
    assert_eq!(page.reported().iter().map(|m| m.line).collect::<Vec<_>>(), (2..12).collect::<Vec<_>>());
    let spoils = |name: &str| page.spoils(|it| it == name);
    assert_eq!(spoils("good"), None);
    assert_eq!(spoils("no_value").as_deref(), Some("line 2 of the page cannot be read: the value is missing"));
    let said = "line 3 of the page cannot be read: \",\" or \"}\" is missing after a label";
    assert_eq!(spoils("x").as_deref(), Some(said));
    assert!(spoils("y").is_some_and(|why| why.starts_with("line 10 ")));
    // A page of something else is no page without metrics.
    let error = read(Format::Text, b"<!DOCTYPE html>\n<html></html>\n", 1 << 20).unwrap_err();
    assert!(matches!(error, PageError::NotMetrics { line: 1, .. }), "{error}");
    assert!(read(Format::Text, b"", 1).unwrap().is_empty());
}

/// Where nobody can tell of which metric a line speaks, none of the page can be trusted; Prometheus refuses it as well.
#[test]
fn a_line_that_may_speak_of_any_metric_spoils_the_page() {
    let lines: [&[u8]; 9] = [
        b"x{a=\"1} 2",
        b"x{\"n\"} 1",
        b"1x 2",
        b"x+5",
        b"x{__name__=\"y\"} 1",
        b"{a=\"b\"} 1",
        b"b\xff 2",
        b"=======",
        b"\0",
    ];
    for line in lines {
        let text = [b"good 1\n", line, b"\ngood{a=\"b\"} 2\n"].concat();
        let error = read(Format::Text, &text, 3).unwrap_err();
        let said = String::from_utf8_lossy(line).into_owned();
        assert!(matches!(error, PageError::Unreadable { line: 2, .. }), "{said}: {error}");
    }
}

#[test]
fn limits_have_their_reason() {
    let small = Limits { bytes: 1_000, series: 10, text: 100, line: 200, label: 50, labels: 3 };
    let with = |text: &str| {
        let mut parser = Parser::new(Format::Text, small);
        text.as_bytes().chunks(7).try_for_each(|part| parser.feed(part))?;
        parser.finish()
    };
    assert_eq!(with(&"# x\n".repeat(300)).unwrap_err().to_string(), PageError::TooBig { limit: 1_000 }.to_string());
    assert_eq!(with(&"x 1\n".repeat(11)).unwrap_err(), PageError::TooManySeries { limit: 10 });
    let texts = (0..9).fold(String::new(), |text, i| text + &format!("x{{a=\"{i}2345678901234567890\"}} 1\n"));
    assert_eq!(with(&texts).unwrap_err(), PageError::TooMuchText { limit: 100 });
    let page = with(&format!("a 1\nx{{a=\"{}\"}} 1\nx{{a=\"{}\"}} 2\nb 3\n", "y".repeat(60), "z".repeat(300))).unwrap();
    assert_eq!(shown(&page), ["a{} 1", "b{} 3"]);
    assert_eq!(
        page.reported().iter().map(|m| (m.line, m.reason)).collect::<Vec<_>>(),
        [(2, "a label is too long"), (3, "the line is too long")]
    );
    let page = with("a 1\nx{a=\"1\",b=\"2\",c=\"3\",d=\"4\"} 1\n").unwrap();
    assert_eq!(page.reported()[0].reason, "the series has too many labels");
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// T66.
#[test]
fn a_hundred_thousand_series_or_fifty_megabytes_are_read_or_refused_within_bounds() {
    let mut page = String::new();
    for i in 0..100_000 {
        let value = ["1", "NaN", "+Inf", "0.25"][i % 4];
        writeln!(page, "http_requests_total{{method=\"GET\",path=\"/api/v1/items/{i}\",code=\"200\"}} {value}")
            .unwrap();
    }
    let before = cpu();
    let read_page = read(Format::Text, page.as_bytes(), 16 << 10).unwrap();
    let took = cpu().saturating_sub(before);
    println!("100,000 series, {} bytes: {took:?}", page.len());
    assert_eq!(read_page.len(), 100_000);
    // Half a second as people run it; a build without optimisation has more room.
    assert!(took < Duration::from_millis(if cfg!(debug_assertions) { 4_000 } else { 500 }), "{took:?}");
    assert_eq!(
        read(Format::Text, format!("{page}one_more 1\n").as_bytes(), 16 << 10).unwrap_err(),
        PageError::TooManySeries { limit: 100_000 }
    );

    let label = format!("x{{a=\"{}\"}} 1\nok 1\n", "y".repeat(1 << 20));
    let read_page = read(Format::Text, label.as_bytes(), 16 << 10).unwrap();
    assert_eq!((read_page.len(), read_page.malformed()), (1, 1));

    let mut parser = Parser::new(Format::Text, Limits::default());
    let chunk = "x{a=\"b\"} 1 # no end\n".repeat(1_000);
    let fed = (0..50 << 20).step_by(chunk.len()).try_for_each(|_| parser.feed(chunk.as_bytes()));
    assert_eq!(fed.unwrap_err(), PageError::TooBig { limit: 32 << 20 });
}

#[test]
fn any_bytes_in_any_cuts_never_panic_and_cuts_change_nothing() {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "x",
            "{",
            "}",
            "\"",
            "=",
            ",",
            " ",
            "\n",
            "\\",
            "\\n",
            "# EOF\n",
            "# ",
            "1",
            "NaN",
            "+Inf",
            "-",
            "é",
            "a=\"b\"",
            "name{l=\"v\"} 1\n",
            "\r\n",
        ])
        .prop_map(|s| s.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    proptest!(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() },
        |(pieces in prop::collection::vec(piece, 0..40), cut in 1_usize..20, open in any::<bool>())| {
        let text = pieces.concat();
        let format = if open { Format::OpenMetrics } else { Format::Text };
        let whole = read(format, &text, usize::MAX >> 1);
        let cut = read(format, &text, cut);
        match (whole, cut) {
            (Ok(a), Ok(b)) => {
                prop_assert_eq!(shown(&a), shown(&b));
                prop_assert_eq!(a.reported(), b.reported());
            }
            (a, b) => prop_assert_eq!(a.map(|_| ()), b.map(|_| ())),
        }
    });
}
