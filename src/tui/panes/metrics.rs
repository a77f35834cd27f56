//! All metrics in rows: value, what it should be, the last five minutes.

use chrono::TimeDelta;
use ratatui::layout::Rect;

use super::chart::judge;
use crate::clock::age;
use crate::room::{Room, verdict};
use crate::text::escape;
use crate::tui::layout::Pane;
use crate::tui::theme::Role;
use crate::tui::view::View;
use crate::tui::widgets::pen::{Pen, cells};
use crate::tui::widgets::spark::spark;

/// Draws the pane.
pub fn paint(room: &Room, view: &View, area: Rect, pen: &mut Pen<'_>) {
    let n = room.plan.metrics.len();
    let says = if n == 0 { String::new() } else { format!("{n}") };
    pen.head(area, "Metrics", view.focus == Pane::Metrics, &[], &[(says.as_str(), Role::Dim)]);
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if n == 0 && list.height > 0 {
        pen.put(
            list.x + 2,
            list.y,
            list.width.saturating_sub(2),
            "no metric is measured: add [[metric]] to warroom.toml",
            Role::Dim,
        );
    }
    let names =
        room.plan.metrics.iter().map(|m| cells(&m.name)).max().unwrap_or_default().clamp(8, (list.width / 3).max(8));
    let from = view.scroll.get(Pane::Metrics.index()).copied().unwrap_or_default();
    let rows = room.plan.metrics.iter().zip(&room.live.metrics).skip(from).take(usize::from(list.height));
    for (i, (plan, live)) in rows.enumerate() {
        let y = list.y + i as u16;
        let old = live.fresh.map(|f| room.now.since(f));
        let stale = live.stale || live.trouble.is_some();
        let last = live.series.last();
        let role = match last {
            Some(p) if !stale => judge(plan, p.value),
            _ => Role::Stale,
        };
        let glyph = match role {
            Role::Bad => pen.glyphs().alarm,
            Role::Warn => pen.glyphs().warning,
            Role::Good if plan.objective.is_some() => pen.glyphs().done,
            _ => " ",
        };
        pen.put(list.x + 2, y, 1, glyph, role);
        pen.put(list.x + 4, y, names, &escape(&plan.name), if stale { Role::Stale } else { Role::Text });
        let x = list.x + 5 + names;
        let value = last.map_or_else(|| "no data".to_owned(), |p| escape(&verdict::number(plan, p.value)));
        let role = if role == Role::Good && plan.objective.is_none() { Role::Text } else { role };
        pen.right(x, y, 10.min(list.right().saturating_sub(x)), &value, role);
        let x = x + 12;
        let tail = 6;
        let limit = list.right().saturating_sub(tail);
        let objective = plan.objective.as_ref().map(|o| escape(&o.text)).unwrap_or_default();
        let wide = 10;
        pen.put(x, y, wide.min(limit.saturating_sub(x)), &objective, Role::Dim);
        let x = x + wide + 1;
        let columns = usize::from(limit.saturating_sub(x).min(30));
        if columns >= 6 {
            let step = (300_000 / columns as i64).max(1);
            let now = room.now.utc.timestamp_millis();
            if let Some(until) = chrono::DateTime::from_timestamp_millis((now.div_euclid(step) + 1) * step) {
                let data = live.series.columns(until - TimeDelta::minutes(5), until, columns);
                let tone = |i: usize| {
                    data.get(i)
                        .copied()
                        .flatten()
                        .map_or(Role::Rule, |e| if stale { Role::Stale } else { judge(plan, e.max) })
                };
                spark(pen, x, y, &data, tone);
            }
        }
        let text = old.map_or_else(|| "–".to_owned(), age);
        pen.right(limit, y, tail, &text, if stale && old.is_some() { Role::Bad } else { Role::Faint });
    }
}
