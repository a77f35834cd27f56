//! Bands of one metric over levels that stand beside each other: overlaps, gaps, and numbers that belong to two.

use std::collections::{BTreeMap, HashMap};

use super::measure::Range;
use super::pattern::pattern;
use super::sheet::{Kind, Sheet};
use super::sink::Sink;
use crate::finding::codes::{BANDS_GAP, BANDS_OVERLAP, BANDS_TOUCH};

pattern! {
    LEVEL = r"\b(?:level|sev(?:erity)?|tier|stage|stufe|niveau|nivel|p(?:rio(?:rity)?)?)[ -]?\d|\b(?:minor|major|critical|warning|green|yellow|amber|orange|red|low|medium|moderate|high|severe)\b";
    LEADS = r"→|⇒|->|=>|\b(?:page|escalat\w*|warn\w*|alert\w*|abort|hold|proceed|continue|roll ?back|revert|investigat\w*|go|no-go)\b";
    TARGET = r"\b(?:target|objective|goal|slo|should|expected|ziel|normal\w*|typical\w*|actual|usual\w*|current|baseline|allocated)\b";
    ESCALATES = r"immediate|escalat|page\b|rollback|roll back";
}

/// Bands with their sections, by ladder, metric and unit. A ladder is the section that holds the levels, or, past the number of
/// sections, a section whose lines are the levels.
type Ladders = BTreeMap<(usize, String, String), Vec<(Range, usize)>>;

pub(super) fn check(sheet: &Sheet<'_>, out: &mut Sink) {
    // Sections beside each other, or lines of one section, are one ladder.
    let mut ladders = Ladders::new();
    for threshold in &sheet.book.thresholds {
        let Some(row) = sheet.row(threshold.line) else { continue };
        let Some(range) = Range::of(threshold).filter(|_| !TARGET.is_in(row.text)) else { continue };
        let Some(section) = sheet.sections.get(row.section) else { continue };
        // A line alone is a rung only if it says what it leads to; else it describes.
        if !LEVEL.is_in(section.title) && !LEVEL.is_in(row.text) && !LEADS.is_in(row.text) {
            continue;
        }
        let ladder =
            if LEVEL.is_in(section.title) { section.parent.unwrap_or(0) } else { row.section + sheet.sections.len() };
        ladders.entry((ladder, range.metric.clone(), range.unit.clone())).or_default().push((range, row.section));
    }
    for ((ladder, metric, _), mut bands) in ladders.clone() {
        bands.sort_by(|a, b| a.0.lo.total_cmp(&b.0.lo).then(a.0.hi.total_cmp(&b.0.hi)));
        bands.dedup_by(|a, b| a.0.lo == b.0.lo && a.0.hi == b.0.hi);
        // One band is a target; a ladder has at least two rungs, one of them with two ends.
        if bands.len() < 2 || !bands.iter().any(|b| b.0.is_band()) || metric.is_empty() {
            continue;
        }
        for pair in bands.windows(2) {
            if let [(below, _), (above, _)] = pair {
                between(sheet, below, above, out);
            }
        }
        if ladder < sheet.sections.len() {
            top(sheet, ladder, &metric, &bands, &ladders, out);
        }
    }
    inside(sheet, out);
}

/// Two neighbours.
fn between(sheet: &Sheet<'_>, below: &Range, above: &Range, out: &mut Sink) {
    // `under 1 h` and `under 2 h` are two promises, one wider than the other.
    if !below.lo.is_finite() && !above.lo.is_finite() {
        return;
    }
    // One sentence with two numbers says how they belong together.
    if below.line == above.line {
        return;
    }
    let metric = &below.metric;
    // A list of `> 5%`, `> 10%` says what happens as it gets worse.
    if !below.hi.is_finite() {
        return;
    }
    let line = below.line.max(above.line);
    let other = below.line.min(above.line);
    if above.lo < below.hi {
        let message = format!(
            "{metric} {} and {} (line {other}) overlap: {} is in both",
            above.shown(),
            below.shown(),
            above.number(above.lo.midpoint(below.hi.min(above.hi)))
        );
        out.line(sheet, BANDS_OVERLAP, line, &message, "let one band end where the next begins");
    } else if above.lo > below.hi {
        // Counts step by one: 1-3 and 4-10 have no gap.
        let counts = matches!(below.unit.as_str(), "" | "count") && (above.lo - below.hi - 1.0).abs() < f64::EPSILON;
        if counts {
            return;
        }
        let message = format!(
            "between {} (line {}) and {} no band holds for {metric}",
            below.number(below.hi),
            below.line,
            above.number(above.lo)
        );
        out.line(sheet, BANDS_GAP, line, &message, "let one band end where the next begins");
    } else if above.lo_in && below.hi_in {
        let message = format!(
            "{metric} of exactly {} is in the bands of line {} and of line {}",
            above.number(above.lo),
            below.line,
            above.line
        );
        out.line(
            sheet,
            BANDS_TOUCH,
            line,
            &message,
            &format!("say which has it, as in \"under {}\"", above.number(above.lo)),
        );
    }
}

/// A metric that has a band on every level but the highest, where others have one.
fn top(sheet: &Sheet<'_>, ladder: usize, metric: &str, bands: &[(Range, usize)], ladders: &Ladders, out: &mut Sink) {
    let mut levels: Vec<usize> =
        ladders.iter().filter(|((l, ..), _)| *l == ladder).flat_map(|(_, b)| b.iter().map(|(_, s)| *s)).collect();
    levels.sort_unstable();
    levels.dedup();
    let mut own: Vec<usize> = bands.iter().map(|(_, s)| *s).collect();
    own.sort_unstable();
    own.dedup();
    let [below @ .., highest] = levels.as_slice() else { return };
    if levels.len() < 3 || own != below {
        return;
    }
    let Some((last, _)) = bands.last() else { return };
    let title = sheet.sections.get(*highest).map_or("", |s| s.title);
    let message = format!("{metric} has no band in \"{title}\": however bad it gets, it never leads there");
    out.line(sheet, BANDS_GAP, last.line, &message, &format!("end this band, and give \"{title}\" one for {metric}"));
}

/// `> 5% → immediate escalation`, where 3-10% is one level that waits.
fn inside(sheet: &Sheet<'_>, out: &mut Sink) {
    let ranges: Vec<(Range, usize)> =
        sheet.book.thresholds.iter().filter_map(|t| Some((Range::of(t)?, sheet.section_of(t)))).collect();
    let mut bands: HashMap<&str, Vec<&(Range, usize)>> = HashMap::new();
    for band in &ranges {
        if band.0.is_band() && sheet.sections.get(band.1).is_some_and(|s| LEVEL.is_in(s.title)) {
            let own = bands.entry(&band.0.metric).or_default();
            // Nobody writes more levels than this.
            if own.len() < 50 {
                own.push(band);
            }
        }
    }
    for (range, section) in &ranges {
        let Some(own) = bands.get(range.metric.as_str()) else { continue };
        let alarms = sheet.row(range.line).is_some_and(|r| ESCALATES.is_in(r.text) && !matches!(r.kind, Kind::Heading));
        if !alarms || !range.lo.is_finite() || range.hi.is_finite() {
            continue;
        }
        if let Some((band, level)) =
            own.iter().find(|(b, s)| b.same_metric(range) && s != section && b.lo < range.lo && range.lo < b.hi)
        {
            let title = sheet.sections.get(*level).map_or("", |s| s.title);
            let message = format!(
                "{} cuts through the band {} of \"{title}\" (line {}): from there on two answers hold",
                range.number(range.lo),
                band.shown(),
                band.line
            );
            out.line(
                sheet,
                BANDS_OVERLAP,
                range.line,
                &message,
                &format!("use an edge of the bands, such as {}", band.number(band.hi)),
            );
        }
    }
}
