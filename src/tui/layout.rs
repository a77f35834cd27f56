//! Which panes stand where: three arrangements that give way as the screen shrinks, and one pane at a time below 120 columns.
//!
//! ```text
//! header    ───────────────────────────────────────────────────────────
//! verdict   ═══════════════════════════════════════════════════════════
//!           checklist            services
//!           ┊                    error rate
//!           ┊                    latency
//!           step                 alarms · budgets · metrics │ timeline
//! footer    ───────────────────────────────────────────────────────────
//! ```

use ratatui::layout::Rect;

/// Columns from which several panes stand side by side.
pub const WIDE: u16 = 120;
/// Columns from which there are three columns.
pub const WALL: u16 = 200;
/// The smallest screen that is drawn.
pub const LEAST: (u16, u16) = (40, 10);

/// A region of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pane {
    /// Environment, room, T-clock, who.
    Header,
    /// GO, NO-GO or WAIT, why, and what is next.
    Verdict,
    /// Which pane is shown, where one is shown at a time.
    Tabs,
    /// Phases and steps.
    Checklist,
    /// The selected step or service in full.
    Detail,
    /// Services.
    Services,
    /// The first error-like metric.
    Errors,
    /// The first latency-like metric.
    Latency,
    /// What is wrong now.
    Alarms,
    /// All metrics.
    Metrics,
    /// What happened, newest first.
    Timeline,
    /// Objectives with budgets; only where the plan has one.
    Budgets,
    /// Keys and journal.
    Footer,
}

impl Pane {
    /// How many there are.
    pub const COUNT: usize = 13;

    /// Those that can have the keys, in the order of Tab and of the digits.
    pub const FOCUSABLE: [Pane; 9] = [
        Pane::Checklist,
        Pane::Detail,
        Pane::Services,
        Pane::Errors,
        Pane::Latency,
        Pane::Alarms,
        Pane::Metrics,
        Pane::Timeline,
        Pane::Budgets,
    ];

    /// Its place in tables.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its title in tabs.
    pub fn title(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Verdict => "verdict",
            Self::Tabs => "tabs",
            Self::Checklist => "Checklist",
            Self::Detail => "Detail",
            Self::Services => "Services",
            Self::Errors => "Errors",
            Self::Latency => "Latency",
            Self::Alarms => "Alarms",
            Self::Metrics => "Metrics",
            Self::Timeline => "Timeline",
            Self::Budgets => "Budgets",
            Self::Footer => "footer",
        }
    }
}

/// An arrangement of panes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LayoutName {
    /// Everything, the checklist first.
    #[default]
    Commander,
    /// Health first: services and charts large, the checklist small.
    Oncall,
    /// The list and the step, and little else.
    Checklist,
}

impl LayoutName {
    /// By the name of `--layout`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "commander" => Self::Commander,
            "oncall" => Self::Oncall,
            "checklist" => Self::Checklist,
            _ => return None,
        })
    }

    /// The name of `--layout`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commander => "commander",
            Self::Oncall => "oncall",
            Self::Checklist => "checklist",
        }
    }

    /// The one after, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Commander => Self::Oncall,
            Self::Oncall => Self::Checklist,
            Self::Checklist => Self::Commander,
        }
    }
}

/// A pane and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plot {
    /// Which.
    pub pane: Pane,
    /// Where.
    pub area: Rect,
}

/// What a layout has to know of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wants {
    /// Services in the plan.
    pub services: usize,
    /// Metrics beside those in the two charts.
    pub metrics: usize,
    /// There is an error-like metric.
    pub errors: bool,
    /// There is a latency-like metric.
    pub latency: bool,
    /// Rows that objectives with budgets fill; 0 without any.
    pub budgets: u16,
    /// There is something that nobody may overlook: it takes a row of its own, and what is next keeps its.
    pub shouting: bool,
}

/// Where every pane stands. Nothing on a screen smaller than [`LEAST`].
pub fn arrange(name: LayoutName, focus: Pane, zoom: bool, area: Rect, wants: Wants) -> Vec<Plot> {
    let mut out = Vec::with_capacity(Pane::COUNT);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return out;
    }
    let roomy = area.height >= 30;
    let mut rest = area;
    out.push(Plot { pane: Pane::Header, area: top(&mut rest, 1) });
    let band = if roomy || wants.shouting { 3 } else { 2 };
    out.push(Plot { pane: Pane::Verdict, area: top(&mut rest, band) });
    let footer = bottom(&mut rest, 1);
    let single = area.width < WIDE;
    if single || zoom {
        if single {
            out.push(Plot { pane: Pane::Tabs, area: top(&mut rest, 1) });
        }
        if roomy || !single {
            top(&mut rest, 1);
        }
        let body = Rect { x: rest.x + 1, width: rest.width.saturating_sub(2), ..rest };
        out.push(Plot { pane: focus, area: body });
        out.push(Plot { pane: Pane::Footer, area: footer });
        return out;
    }
    top(&mut rest, 1);
    let body = Rect { x: rest.x + 1, width: rest.width.saturating_sub(2), ..rest };
    match name {
        LayoutName::Commander if area.width >= WALL => wall(&mut out, body, wants),
        LayoutName::Commander => commander(&mut out, body, wants),
        LayoutName::Oncall => oncall(&mut out, body, wants),
        LayoutName::Checklist => checklist(&mut out, body),
    }
    // A pane that has no place here is shown alone when it has the keys.
    if !out.iter().any(|p| p.pane == focus) {
        return arrange(name, focus, true, area, wants);
    }
    out.push(Plot { pane: Pane::Footer, area: footer });
    out
}

fn commander(out: &mut Vec<Plot>, body: Rect, wants: Wants) {
    let (left, right) = columns(body, 47);
    list_and_detail(out, left);
    let mut rest = right;
    let services = service_rows(wants, rest.height / 3);
    put(out, Pane::Services, &mut rest, services);
    charts(out, &mut rest, wants, 8);
    ending(out, rest, wants);
}

fn wall(out: &mut Vec<Plot>, body: Rect, wants: Wants) {
    let (left, rest) = columns(body, 34);
    let (middle, right) = columns(rest, 55);
    list_and_detail(out, left);
    let mut rest = middle;
    let services = service_rows(wants, rest.height / 3);
    put(out, Pane::Services, &mut rest, services);
    let both = u16::from(wants.errors) + u16::from(wants.latency);
    if let Some(each) = rest.height.checked_div(both) {
        if wants.errors {
            put(out, Pane::Errors, &mut rest, if wants.latency { each } else { each.min(24) });
        }
        if wants.latency {
            let all = rest.height;
            put(out, Pane::Latency, &mut rest, all.min(24));
        }
    }
    let mut rest = right;
    let alarms = rest.height / 4;
    put(out, Pane::Alarms, &mut rest, alarms.max(6));
    if wants.budgets > 0 {
        let rows = (wants.budgets + 1).min(rest.height / 2);
        put(out, Pane::Budgets, &mut rest, rows.max(4));
    }
    if wants.metrics > 0 {
        let rows = (wants.metrics as u16 + 2).min(rest.height / 3);
        put(out, Pane::Metrics, &mut rest, rows.max(4));
    }
    if rest.height >= 3 {
        out.push(Plot { pane: Pane::Timeline, area: rest });
    }
}

fn oncall(out: &mut Vec<Plot>, body: Rect, wants: Wants) {
    let (left, right) = columns(body, 54);
    let mut rest = left;
    let services = service_rows(wants, rest.height / 2);
    put(out, Pane::Services, &mut rest, services);
    let alarms = (rest.height / 4).max(5);
    put(out, Pane::Alarms, &mut rest, alarms);
    if rest.height >= 4 {
        out.push(Plot { pane: Pane::Checklist, area: rest });
    }
    let mut rest = right;
    charts(out, &mut rest, wants, 10);
    ending_of(out, rest, wants, Pane::Timeline);
}

fn checklist(out: &mut Vec<Plot>, body: Rect) {
    let (left, right) = columns(body, 58);
    out.push(Plot { pane: Pane::Checklist, area: left });
    let mut rest = right;
    let detail = rest.height * 2 / 3;
    put(out, Pane::Detail, &mut rest, detail);
    if rest.height >= 4 {
        out.push(Plot { pane: Pane::Timeline, area: rest });
    }
}

fn list_and_detail(out: &mut Vec<Plot>, column: Rect) {
    let mut rest = column;
    if rest.height >= 24 {
        let detail = (rest.height / 3).clamp(9, 18);
        let detail = bottom(&mut rest, detail);
        bottom(&mut rest, 1);
        out.push(Plot { pane: Pane::Checklist, area: rest });
        out.push(Plot { pane: Pane::Detail, area: detail });
    } else {
        out.push(Plot { pane: Pane::Checklist, area: rest });
    }
}

fn charts(out: &mut Vec<Plot>, rest: &mut Rect, wants: Wants, best: u16) {
    let wanted = u16::from(wants.errors) + u16::from(wants.latency);
    if wanted == 0 || rest.height < 14 {
        return;
    }
    let each = (rest.height.saturating_sub(15) / wanted).clamp(6, best + 4);
    if wants.errors {
        put(out, Pane::Errors, rest, each);
    }
    if wants.latency && rest.height >= 12 {
        put(out, Pane::Latency, rest, each);
    }
}

/// Alarms, and metrics where there are more, beside the timeline.
fn ending(out: &mut Vec<Plot>, rest: Rect, wants: Wants) {
    if rest.height < 3 {
        return;
    }
    let (mut left, right) = columns(rest, 50);
    if wants.budgets > 0 && left.height >= 9 {
        let rows = (wants.budgets + 1).min(left.height - 5);
        let budgets = bottom(&mut left, rows);
        bottom(&mut left, 1);
        out.push(Plot { pane: Pane::Budgets, area: budgets });
    }
    if wants.metrics > 0 && left.height >= 8 {
        let rows = (wants.metrics as u16 + 1).min(left.height / 2);
        let metrics = bottom(&mut left, rows);
        bottom(&mut left, 1);
        out.push(Plot { pane: Pane::Alarms, area: left });
        out.push(Plot { pane: Pane::Metrics, area: metrics });
    } else {
        out.push(Plot { pane: Pane::Alarms, area: left });
    }
    out.push(Plot { pane: Pane::Timeline, area: right });
}

fn ending_of(out: &mut Vec<Plot>, mut rest: Rect, wants: Wants, pane: Pane) {
    if wants.budgets > 0 && rest.height >= 10 {
        let rows = (wants.budgets + 1).min(rest.height / 2);
        put(out, Pane::Budgets, &mut rest, rows);
    }
    if wants.metrics > 0 && rest.height >= 10 {
        let rows = (wants.metrics as u16 + 1).min(rest.height / 2);
        put(out, Pane::Metrics, &mut rest, rows);
    }
    if rest.height >= 3 {
        out.push(Plot { pane, area: rest });
    }
}

fn service_rows(wants: Wants, most: u16) -> u16 {
    (wants.services.clamp(1, 200) as u16 + 2).min(most.max(4))
}

/// Puts a pane of `height` rows at the top of `rest`, with a blank row below it.
fn put(out: &mut Vec<Plot>, pane: Pane, rest: &mut Rect, height: u16) {
    let area = top(rest, height);
    top(rest, 1);
    if area.height > 0 {
        out.push(Plot { pane, area });
    }
}

fn top(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    let area = Rect { height, ..*rest };
    rest.y += height;
    rest.height -= height;
    area
}

fn bottom(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    rest.height -= height;
    Rect { y: rest.y + rest.height, height, ..*rest }
}

/// Two columns with three blank ones between; the left one takes `percent`.
fn columns(area: Rect, percent: u16) -> (Rect, Rect) {
    let left = (u32::from(area.width) * u32::from(percent) / 100) as u16;
    let right = area.width.saturating_sub(left + 3);
    (Rect { width: left, ..area }, Rect { x: area.x + left + 3, width: right, ..area })
}
