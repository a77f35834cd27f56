//! Objectives with budgets: what is left, how fast four pairs of windows burn, what the cutover has spent; all in words.

use ratatui::layout::Rect;

use crate::clock::{age, duration_text};
use crate::plan::slo::SloPlan;
use crate::probe::slo::{Budget, Burn, BurnState, Lasts};
use crate::room::Room;
use crate::room::slo::{SloNow, SloState, amount, judge, percent, sentence, times};
use crate::text::escape;
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::View;
use crate::tui::widgets::glyphs::Charset;
use crate::tui::widgets::pen::{Pen, cells};

/// Rows of one objective in full: its name, the budget, four pairs of windows, what the cutover spends.
pub const FULL: u16 = 7;
/// Rows of one objective in short: its name, the budget, what the cutover spends.
const SHORT: u16 = 3;
/// Cells of the widest bar.
const BAR: u16 = 20;
/// Less than this share of a budget is shown as a warning.
const LOW: f64 = 0.25;

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let n = room.plan.slos.len();
    let says = if n == 0 { String::new() } else { format!("{n}") };
    pen.head(area, "Budgets", view.focus == Pane::Budgets, &[], &[(says.as_str(), Role::Dim)]);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if n == 0 && list.height > 0 {
        let says = "no objective has a budget: add [[slo]] to warroom.toml";
        pen.put(list.x + 2, list.y, list.width.saturating_sub(2), says, Role::Dim);
    }
    let from = view.scroll.get(Pane::Budgets.index()).copied().unwrap_or_default();
    let shown = usize::from(list.height).min(n.saturating_sub(from));
    let all: Vec<(&SloPlan, SloNow)> =
        (from..from + shown).filter_map(|ix| Some((room.plan.slos.get(ix)?, judge(room, ix)?))).collect();
    let mut y = list.y;
    for ((plan, now), rows) in all.iter().zip(heights(&all, list.height)) {
        let at = Rect { y, height: rows, ..list };
        match rows {
            1 => one_line(plan, now, at, pen),
            rows => block(plan, now, at, rows == FULL, pen),
        }
        y += rows;
    }
}

/// Rows of each objective, all of them together at most `height`: one for each, and what is left goes to the worst first.
fn heights(all: &[(&SloPlan, SloNow)], height: u16) -> Vec<u16> {
    let mut rows = vec![1; all.len()];
    let mut left = height.saturating_sub(all.len() as u16);
    let mut worst: Vec<usize> = (0..all.len()).collect();
    worst.sort_by_key(|i| all.get(*i).map(|(_, now)| now.state));
    for (from, to) in [(1, SHORT), (SHORT, FULL)] {
        for i in &worst {
            if let Some(row) = rows.get_mut(*i)
                && *row == from
                && left >= to - from
            {
                *row = to;
                left -= to - from;
            }
        }
    }
    rows
}

/// The colour and the character of a state; its word stands beside them.
fn look(state: SloState, pen: &Pen<'_>) -> (Role, &'static str) {
    let glyphs = pen.glyphs();
    match state {
        SloState::Overspent | SloState::Burning | SloState::UsedUp => (Role::Bad, glyphs.alarm),
        SloState::NoData => (Role::Stale, glyphs.pending),
        SloState::Good => (Role::Good, glyphs.done),
    }
}

fn one_line(plan: &SloPlan, now: &SloNow, at: Rect, pen: &mut Pen<'_>) {
    let (role, glyph) = look(now.state, pen);
    let end = at.right();
    let name = escape(&plan.name);
    pen.put(at.x + 2, at.y, 1, glyph, role);
    let mut x = pen.put(at.x + 4, at.y, (at.width / 3).max(8), &name, Role::Strong) + 2;
    x = pen.put(x, at.y, end.saturating_sub(x), now.state.word(), role) + 2;
    if end > x + 12 {
        pen.put(x, at.y, end - x, &escape(&sentence(now)), Role::Dim);
    }
}

fn block(plan: &SloPlan, now: &SloNow, at: Rect, full: bool, pen: &mut Pen<'_>) {
    let (role, glyph) = look(now.state, pen);
    let (x, end) = (at.x + 4, at.right());
    let width = end.saturating_sub(x);
    let word = now.state.word();
    pen.put(at.x + 2, at.y, 1, glyph, role);
    let tail = cells(word) + 1;
    let target = format!("  {} over {}", escape(&plan.target), duration_text(plan.period));
    let name = escape(&plan.name);
    pen.line(x, at.y, width.saturating_sub(tail), &[(&name, Role::Strong), (&target, Role::Dim)]);
    pen.right(end.saturating_sub(tail), at.y, tail, word, role);
    budget(now, x, at.y + 1, width, pen);
    let mut y = at.y + 2;
    if full {
        for burn in &now.burns {
            burning(burn, x, y, width, pen);
            y += 1;
        }
    }
    let (says, role) = match &now.spend {
        None => ("no cutover budget: add `spend` to the objective".to_owned(), Role::Faint),
        Some(Err(why)) => (format!("cutover no data: {why}"), Role::Stale),
        Some(Ok(spend)) if spend.spend.is_overdrawn() => (format!("cutover {}", spend.words()), Role::Bad),
        Some(Ok(spend)) => (format!("cutover {}", spend.words()), Role::Text),
    };
    pen.put(x, y, width, &escape(&says), role);
}

fn budget(now: &SloNow, x: u16, y: u16, width: u16, pen: &mut Pen<'_>) {
    let label = pen.put(x, y, width, "budget ", Role::Dim);
    let rest = width.saturating_sub(label - x);
    let (share, says, role) = match &now.budget {
        Err(why) => (None, format!("no data: {}", escape(why)), Role::Stale),
        Ok(it) => {
            let role = match it.share_left {
                left if left <= 0.0 => Role::Bad,
                left if left < LOW => Role::Warn,
                _ => Role::Good,
            };
            (Some(it.share_left), words(it), role)
        }
    };
    let bar = BAR.min(rest / 3);
    let mut at = label;
    if let Some(share) = share {
        let (whole, gone) = if pen.charset == Charset::Ascii { ("#", ".") } else { ("█", "░") };
        // Something left is never drawn as nothing, nor something gone as all.
        let cells = (share * f64::from(bar)).round().clamp(0.0, f64::from(bar)) as u16;
        let cells = match () {
            () if share > 0.0 && cells == 0 => 1.min(bar),
            () if share < 1.0 && cells == bar => bar.saturating_sub(1),
            () => cells,
        };
        for i in 0..bar {
            let (glyph, role) = if i < cells { (whole, role) } else { (gone, Role::Rule) };
            pen.put(at + i, y, 1, glyph, role);
        }
        at += bar + 1;
    }
    pen.put(at, y, (x + width).saturating_sub(at), &says, role);
}

fn words(it: &Budget) -> String {
    let lasts = match &it.lasts {
        Lasts::Minutes(minutes) => {
            let span = std::time::Duration::try_from_secs_f64(minutes * 60.0);
            span.map_or_else(|_| "lasts".to_owned(), |span| format!("lasts {}", age(span)))
        }
        Lasts::NothingFails => "nothing fails now".to_owned(),
        Lasts::Spent => "used up".to_owned(),
        Lasts::NoData(_) => "present rate not known".to_owned(),
    };
    let left = percent(it.share_left);
    format!("{left} left, {lasts}, {} of {} failed", amount(it.spent), amount(it.allowed))
}

fn burning(burn: &Burn, x: u16, y: u16, width: u16, pen: &mut Pen<'_>) {
    let windows = format!("{}/{}", duration_text(burn.pair.long), duration_text(burn.pair.short));
    let (says, role) = match &burn.state {
        BurnState::Firing => ("burning".to_owned(), Role::Bad),
        BurnState::Quiet => ("quiet".to_owned(), Role::Good),
        // Where the reason has no room the word stands alone, whole.
        BurnState::NoData(why) if width >= 52 => (format!("no data: {}", escape(why)), Role::Stale),
        BurnState::NoData(_) => ("no data".to_owned(), Role::Stale),
    };
    let end = x + width;
    let left = |x: u16, most: u16| most.min(end.saturating_sub(x));
    pen.put(x, y, left(x, 6), &windows, Role::Dim);
    pen.right(x + 7, y, left(x + 7, 5), &times(burn.long), Role::Text);
    pen.right(x + 13, y, left(x + 13, 5), &times(burn.short), Role::Text);
    pen.put(x + 19, y, left(x + 19, 8), &format!("of {}", times(Some(burn.factor))), Role::Faint);
    let at = (x + 29).min(end.saturating_sub(cells(&says)).max(x + 28));
    pen.put(at, y, end.saturating_sub(at), &says, role);
}
