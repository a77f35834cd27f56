//! The screen: what people see of an empty, a busy and a broken room, at three sizes; and that a still room costs nothing.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use warroom::clock::Now;
use warroom::fact::{Fact, Mark, ServiceState, StepId};
use warroom::plan::Plan;
use warroom::room::{Book, Intent, JournalHealth, Room};
use warroom::text::Untrusted;
use warroom::tui::keys::{Binding, Press};
use warroom::tui::layout::Pane;
use warroom::tui::view::{Filter, Mode, Spot};
use warroom::tui::{self, Act, Charset, Keymap, LayoutName, Theme, View};

use crate::support::screen::{self, Record, bad, budgets, busy, empty, frame, large, text};

fn key(name: &str) -> KeyEvent {
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "space" => KeyCode::Char(' '),
        "tab" => KeyCode::Tab,
        "down" => KeyCode::Down,
        "end" => KeyCode::End,
        "home" => KeyCode::Home,
        "pgdn" => KeyCode::PageDown,
        one => KeyCode::Char(one.chars().next().unwrap()),
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// A person at a screen.
struct Seat {
    room: Room,
    view: View,
    theme: Theme,
    keys: Keymap,
    buf: Buffer,
}

impl Seat {
    fn new(room: Room) -> Self {
        let mut seat = Self {
            room,
            view: View::new(),
            theme: Theme::default(),
            keys: Keymap::load(&[]).unwrap(),
            buf: Buffer::empty(Rect::new(0, 0, 160, 48)),
        };
        seat.draw();
        seat
    }

    fn draw(&mut self) -> tui::terminal::DirtyRows {
        let area = self.buf.area;
        tui::draw(&self.room, &mut self.view, &self.theme, area, &mut self.buf)
    }

    /// Presses keys one after the other, each half a second after the one before.
    fn press(&mut self, keys: &str) -> Vec<Act> {
        let mut acts = Vec::new();
        for name in keys.split_whitespace() {
            self.room.now = self.room.now.plus(Duration::from_millis(500));
            acts.extend(tui::on_key(&self.room, &mut self.view, &self.keys, key(name)));
            self.draw();
        }
        acts
    }

    fn type_in(&mut self, line: &str) {
        for c in line.chars() {
            tui::on_key(&self.room, &mut self.view, &self.keys, KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
        self.draw();
    }

    fn shown(&self) -> String {
        text(&self.buf)
    }

    fn select(&mut self, step: &str) {
        // As if somebody had moved there.
        self.view.follow = false;
        self.view.selected = Some(Spot::Step(step.into()));
    }
}

#[test]
fn whole_screens() {
    let theme = Theme::default();
    for (name, room) in [("empty", empty()), ("busy", busy()), ("bad", bad())] {
        for (width, height) in [(80, 24), (160, 48), (220, 60)] {
            let buf = frame(&room, &mut View::new(), &theme, width, height);
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&buf));
        }
    }
    for (name, layout) in [("oncall", LayoutName::Oncall), ("checklist", LayoutName::Checklist)] {
        let mut view = View::new();
        view.layout = layout;
        insta::assert_snapshot!(format!("busy_{name}_160x48"), text(&frame(&busy(), &mut view, &theme, 160, 48)));
    }
    let mut view = View::new();
    view.charset = Charset::Ascii;
    let ascii = text(&frame(&busy(), &mut view, &theme, 160, 48));
    assert!(ascii.is_ascii(), "{ascii}");
    insta::assert_snapshot!("busy_ascii_160x48", ascii);
}

/// A failure stands under its cause with the reason; versions and what services say of themselves stand in their row.
#[test]
fn causes_versions_and_words_stand_in_the_services_pane() {
    let mut room = busy();
    let mut plan = (*room.plan).clone();
    let says = [Some("half-open"), Some("blue up v2.0 ←, green down"), None, None, None];
    for (ix, words) in says.into_iter().enumerate() {
        plan.services[ix].target_version = (ix != 1).then(|| "v2.0".to_owned());
        plan.services[ix].kind = if ix == 1 { "blue and green" } else { "http" };
        let live = &mut room.live.services[ix];
        let last = live.last.as_mut().unwrap();
        last.says = words.map(Into::into);
        if let Some(version) = last.version.clone() {
            live.versions.push(room.now, &version);
        }
    }
    // The chat answers with two versions by turns.
    room.live.services[2].versions.push(room.now, &"v2.0".into());
    room.live.services[2].versions.push(room.now, &"v1.9".into());
    room.live.services[4].state = warroom::fact::ServiceState::Down;
    room.live.services[4].asked = Some(room.now);
    room.plan = std::sync::Arc::new(plan);
    let theme = Theme::default();
    for (width, height) in [(80, 24), (160, 48)] {
        let mut view = View::new();
        view.focus = warroom::tui::layout::Pane::Services;
        let shown = text(&frame(&room, &mut view, &theme, width, height));
        let row = |name: &str| shown.lines().find(|l| l.contains(name)).unwrap_or_else(|| panic!("{name}:\n{shown}"));
        assert!(row("└ ✕ frontend").contains("because redis is down"), "{shown}");
        assert!(row("Services ─").contains("versions: 1/4 on v2.0"), "{shown}");
        assert!(row("Services ─").contains("1 failure (+1)"), "{shown}");
        assert!(row("pipeline  ").contains("blue up v2.0 ←, green down"), "{shown}");
        assert!(shown.contains("mixed"), "{shown}");
        assert!(shown.contains("▲ 2 alarms"), "the header counts causes, not what follows from them:\n{shown}");
        insta::assert_snapshot!(format!("services_{width}x{height}"), shown);
    }
}

#[test]
fn budgets_in_words_at_every_size() {
    let theme = Theme::default();
    for (width, height) in [(80, 24), (160, 48), (220, 60)] {
        let mut view = View::new();
        if width < 120 {
            view.focus = Pane::Budgets;
        }
        insta::assert_snapshot!(
            format!("budgets_{width}x{height}"),
            text(&frame(&budgets(), &mut view, &theme, width, height))
        );
    }
    let mut view = View::new();
    view.layout = LayoutName::Oncall;
    insta::assert_snapshot!("budgets_oncall_160x48", text(&frame(&budgets(), &mut view, &theme, 160, 48)));
    let mut seat = Seat::new(budgets());
    seat.press("9 z");
    let shown = seat.shown();
    for words in ["burning", "good", "no data", "only", "left", "more than 400", "of 14.4×"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let mut view = View::new();
    view.charset = Charset::Ascii;
    let ascii = text(&frame(&budgets(), &mut view, &theme, 220, 60));
    assert!(ascii.is_ascii() && ascii.contains("####"), "{ascii}");
}

#[test]
fn a_plan_without_objectives_has_no_pane_of_budgets() {
    let mut seat = Seat::new(busy());
    seat.buf = Buffer::empty(Rect::new(0, 0, 80, 24));
    seat.draw();
    assert!(seat.shown().contains("8 Log") && !seat.shown().contains("9 SLO"), "{}", seat.shown());
    for _ in 0..12 {
        seat.press("tab");
        assert_ne!(seat.view.focus, Pane::Budgets);
    }
    seat.press("9");
    assert!(seat.shown().contains("no objective has a budget: add [[slo]]"), "{}", seat.shown());
}

#[test]
fn one_styled_screen_for_each_theme() {
    for name in Theme::names(&[]) {
        let theme = Theme::load(&name, &[]).unwrap();
        let buf = frame(&busy(), &mut View::new(), &theme, 120, 32);
        let mut out = String::new();
        for y in 0..buf.area.height {
            let mut last = None;
            for x in 0..buf.area.width {
                let cell = &buf[(x, y)];
                let style = (cell.fg, cell.bg, cell.modifier);
                if last != Some(style) && !(cell.symbol() == " " && last.is_some_and(|(_, bg, _)| bg == cell.bg)) {
                    let _ = write!(out, "⟨{} {} {:?}⟩", cell.fg, cell.bg, cell.modifier);
                    last = Some(style);
                }
                out.push_str(cell.symbol());
            }
            out.truncate(out.trim_end().len());
            out.push('\n');
        }
        insta::assert_snapshot!(format!("theme_{name}"), out);
    }
}

#[test]
fn no_size_breaks_it() {
    let theme = Theme::default();
    for room in [empty(), busy(), bad(), budgets()] {
        let mut view = View::new();
        let mut buf = Buffer::empty(Rect::ZERO);
        for layout in [LayoutName::Commander, LayoutName::Oncall, LayoutName::Checklist] {
            view.layout = layout;
            for width in (0..=40).chain([79, 119, 120, 121, 199, 200, 300]) {
                for height in (0..=15).chain([23, 29, 30, 31]) {
                    tui::draw(&room, &mut view, &theme, Rect::new(0, 0, width, height), &mut buf);
                }
            }
        }
        for pane in Pane::FOCUSABLE {
            view.focus = pane;
            for (width, height) in [(40, 10), (41, 11), (60, 12), (120, 10), (120, 14)] {
                for mode in
                    [Mode::Normal, Mode::Help, Mode::Palette { input: "q".into(), at: 3 }, Mode::Find("s".into())]
                {
                    view.mode = mode;
                    tui::draw(&room, &mut view, &theme, Rect::new(0, 0, width, height), &mut buf);
                }
            }
            view.mode = Mode::Normal;
        }
    }
    let small = text(&frame(&busy(), &mut View::new(), &theme, 39, 9));
    assert!(small.starts_with("WAIT needs 40×10, this is 39×9"), "{small}");
}

#[test]
fn nothing_a_terminal_obeys_is_ever_written() {
    let mut seat = Seat::new(bad());
    for keys in ["1", "2", "3 enter", "esc", "8", "v", "v", "z", "1 z z"] {
        seat.press(keys);
        for cell in seat.buf.content() {
            assert!(!cell.symbol().chars().any(warroom::text::is_unsafe), "{:?}", cell.symbol());
        }
    }
    seat.select("watch5");
    seat.press("1 enter z");
    let shown = seat.shown();
    assert!(shown.contains("\\e]52"), "an escape is shown, not obeyed: {shown}");
    assert!(shown.contains("\\u{202e}"), "{shown}");
}

#[test]
fn an_unchanged_room_sends_nothing() {
    for room in [empty(), busy(), bad(), budgets()] {
        let mut seat = Seat::new(room);
        assert!(seat.draw().is_empty());
        seat.press("tab tab tab :");
        assert!(seat.draw().is_empty(), "also with a dialog open");
    }
}

#[test]
fn a_second_touches_only_what_counts_seconds() {
    let mut room = busy();
    let mut record = Record::default();
    record.at(&mut room, screen::now().utc - TimeDelta::seconds(1), "ic", screen::mark("watch5", Mark::Done));
    let mut seat = Seat::new(room);
    let before = seat.shown();
    seat.room.now = seat.room.now.plus(Duration::from_secs(1));
    let dirty = seat.draw();
    assert!(dirty.contains(0), "the clock moves");
    let after = seat.shown();
    for (row, (a, b)) in before.lines().zip(after.lines()).enumerate() {
        assert_eq!(a != b, dirty.contains(row as u16), "row {row}:\n{a}\n{b}");
    }
    assert!(dirty.count() < 20, "{} rows", dirty.count());
}

#[test]
fn twelve_thousand_items_scroll_by_touching_few_rows() {
    let mut seat = Seat::new(large(12_000));
    seat.press("home");
    let before = seat.shown();
    tui::on_key(&seat.room, &mut seat.view, &seat.keys, key("j"));
    let dirty = seat.draw();
    assert!(dirty.count() <= 8, "{} rows for one step down:\n{before}", dirty.count());
    assert!(!dirty.is_empty());
    seat.press("end");
    assert!(seat.shown().contains("step number 11999 of many"), "{}", seat.shown());
    seat.press("/");
    seat.type_in("number 777 ");
    assert!(seat.shown().contains("step number 777 of many"), "{}", seat.shown());
    assert_eq!(seat.view.selected, Some(Spot::Step("s777".into())));
}

#[test]
fn a_still_room_twice_gives_the_same_as_a_fresh_one() {
    // What is kept between frames must never show: after any keys, a screen drawn anew is the same.
    let mut seat = Seat::new(busy());
    for keys in [
        "j j j",
        "h",
        "l",
        "tab",
        "3 j j enter",
        "esc",
        "z",
        "z",
        ":",
        "esc",
        "?",
        "pgdn",
        "esc",
        "v",
        "v",
        "v",
        "F",
        "f",
        "f",
        "esc",
        "/ a u d enter",
        "n",
        "esc",
        "s",
        "esc",
        "n",
        "esc",
    ] {
        seat.press(keys);
        let kept = seat.shown();
        seat.view.invalidate();
        seat.buf = Buffer::empty(seat.buf.area);
        seat.draw();
        for (row, (kept, fresh)) in kept.lines().zip(seat.shown().lines()).enumerate() {
            assert_eq!(kept, fresh, "row {row} after {keys}");
        }
    }
}

#[test]
fn keys_ask_the_room() {
    let mut seat = Seat::new(busy());
    let id = |s: &str| StepId::from(s);
    let one = |intent: Intent| vec![Act::Intent(intent)];
    seat.select("c25");
    assert_eq!(seat.press("space"), one(Intent::Tick { step: id("c25") }));
    assert_eq!(seat.press("x"), one(Intent::Start { step: id("c25") }));
    assert_eq!(seat.press("u"), one(Intent::Undo));
    assert_eq!(seat.press("n"), vec![]);
    seat.type_in("looks good, q? yes");
    let note = Intent::Note { step: Some(id("c25")), text: Untrusted::new("looks good, q? yes") };
    assert_eq!(seat.press("enter"), one(note));
    assert_eq!(seat.press("s n"), vec![]);
    assert_eq!(seat.press("enter"), vec![], "a reason is needed");
    seat.type_in("no such flag");
    let reason = Untrusted::new("no such flag");
    assert_eq!(seat.press("enter"), one(Intent::NotApplicable { step: id("c25"), reason }));
    assert_eq!(seat.press("q"), vec![Act::Quit]);
    assert_eq!(seat.press(":"), vec![]);
    seat.type_in("quit");
    assert_eq!(seat.press("enter"), vec![Act::Quit]);
}

#[test]
fn a_group_is_ticked_after_a_question_and_the_default_is_no() {
    let mut seat = Seat::new(busy());
    seat.select("security");
    assert_eq!(seat.press("space"), vec![]);
    assert!(seat.shown().contains("Tick the 4 remaining steps of \"Security audit\"?"), "{}", seat.shown());
    assert_eq!(seat.press("enter"), vec![], "enter is not yes");
    assert!(!seat.shown().contains("Tick the 4"), "{}", seat.shown());
    seat.press("space");
    assert_eq!(seat.press("y"), vec![Act::Intent(Intent::Tick { step: "security".into() })]);
}

#[test]
fn type_ahead_and_paste_decide_nothing() {
    let mut seat = Seat::new(busy());
    seat.select("security");
    let now = seat.room.now;
    let mut acts = Vec::new();
    // A thousand unbracketed "y\n" within a tenth of a second of the question.
    acts.extend(tui::on_key(&seat.room, &mut seat.view, &seat.keys, key("space")));
    for i in 0..1_000 {
        seat.room.now = now.plus(Duration::from_micros(i * 100));
        acts.extend(tui::on_key(&seat.room, &mut seat.view, &seat.keys, key("y")));
        acts.extend(tui::on_key(&seat.room, &mut seat.view, &seat.keys, key("enter")));
    }
    assert_eq!(acts, vec![]);
    acts.extend(tui::on_paste(&seat.room, &mut seat.view, "y\ny\n q"));
    assert_eq!(acts, vec![]);
    seat.press("esc");
    let huge = "space q\n".repeat(1 << 20);
    acts.extend(tui::on_paste(&seat.room, &mut seat.view, &huge));
    seat.press("n");
    acts.extend(tui::on_paste(&seat.room, &mut seat.view, &huge));
    assert_eq!(acts, vec![]);
    let Mode::Prompt { input, .. } = &seat.view.mode else { panic!("the note is still being typed") };
    assert!(input.value().len() <= 4_096 && input.value().starts_with("space q space q"), "{}", input.value().len());
}

#[test]
fn what_is_typed_replaces_the_owner_that_was_offered() {
    let owns = |acts: Vec<Act>| match acts.as_slice() {
        [Act::Intent(Intent::Own { owner, .. })] => owner.raw().to_owned(),
        _ => panic!("{acts:?}"),
    };
    let mut seat = Seat::new(busy());
    seat.select("c25");
    seat.press("o");
    seat.type_in("dba");
    assert_eq!(owns(seat.press("enter")), "dba");
    seat.press("o");
    assert_eq!(owns(seat.press("enter")), "ic");
    seat.press("o");
    tui::on_paste(&seat.room, &mut seat.view, "on-call");
    assert_eq!(owns(seat.press("enter")), "on-call");
    seat.press("o esc");
    assert!(!seat.shown().contains("cancelled"), "who pressed esc knows it");
}

#[test]
fn a_narrow_footer_keeps_the_help_and_the_way_out() {
    for width in [80, 100, 160] {
        let shown = text(&frame(&bad(), &mut View::new(), &Theme::default(), width, 24));
        assert!(shown.lines().last().is_some_and(|l| l.contains("? help   q quit")), "{shown}");
    }
    let mut seat = Seat::new(busy());
    seat.buf = Buffer::empty(Rect::new(0, 0, 80, 24));
    seat.press("/");
    seat.type_in("go/no-go canary 25 %");
    seat.press("enter");
    assert!(seat.shown().lines().last().is_some_and(|l| l.contains("? help   q quit")), "{}", seat.shown());
}

#[test]
fn a_read_only_screen_asks_for_nothing() {
    let mut room = busy();
    room.me.read_only = true;
    let mut seat = Seat::new(room);
    seat.select("c25");
    assert_eq!(seat.press("space x u n N X s U o + c"), vec![]);
    assert!(seat.shown().contains("read-only"));
}

#[test]
fn leaving_asks_while_something_is_not_saved() {
    let mut seat = Seat::new(bad());
    assert_eq!(seat.press("q"), vec![]);
    assert!(seat.shown().contains("2 changes are not saved yet"), "{}", seat.shown());
    assert_eq!(seat.press("q"), vec![], "any other key stays");
    assert_eq!(seat.press("q y"), vec![Act::Quit]);
}

#[test]
fn the_clock_is_set_in_two_steps() {
    let mut seat = Seat::new(busy());
    assert_eq!(seat.press("c n"), vec![]);
    assert!(seat.shown().contains("Set T-0 on PROD to now, 21 Oct 12:34:"), "{}", seat.shown());
    let acts = seat.press("y");
    let [Act::Intent(Intent::SetT0 { t0: Some(t0) })] = acts.as_slice() else { panic!("{acts:?}") };
    assert!((*t0 - screen::now().utc).num_seconds() < 10);
    seat.press("c a");
    seat.type_in("13:00");
    assert_eq!(seat.press("enter"), vec![]);
    let at = screen::now().utc + TimeDelta::seconds(25 * 60 + 48);
    assert_eq!(seat.press("y"), vec![Act::Intent(Intent::SetT0 { t0: Some(at) })]);
}

#[test]
fn find_and_filter() {
    let mut seat = Seat::new(busy());
    seat.press("/");
    seat.type_in("canary");
    assert!(seat.shown().contains("4 found"), "{}", seat.shown());
    seat.press("enter");
    let first = seat.view.selected.clone();
    seat.press("n");
    assert_ne!(first, seat.view.selected, "n goes on while a find is on");
    seat.press("N");
    assert_eq!(first, seat.view.selected);
    seat.press("esc");
    assert!(seat.view.find.is_none());
    assert_eq!(seat.press("n"), vec![]);
    assert!(matches!(seat.view.mode, Mode::Prompt { .. }), "n notes when no find is on");
    seat.press("esc f f f");
    assert_eq!(seat.view.filter, Filter::Late);
    let shown = seat.shown();
    assert!(
        shown.contains("only late") && shown.contains("go/no-go canary 5 %") && !shown.contains("API keys"),
        "{shown}"
    );
}

#[test]
fn a_frozen_chart_stays_while_measuring_goes_on() {
    let mut seat = Seat::new(busy());
    seat.press("4 F");
    let plot = |seat: &Seat| -> Vec<String> {
        let area = seat.view.region(Pane::Errors).unwrap();
        (area.y + 1..area.bottom())
            .map(|y| (area.x..area.right()).map(|x| seat.buf[(x, y)].symbol()).collect())
            .collect()
    };
    let before = plot(&seat);
    for i in 1..200 {
        seat.room.now = seat.room.now.plus(Duration::from_secs(1));
        let at = seat.room.now.utc;
        seat.room.live.metrics[0].series.push(at, f64::from(i));
        seat.room.revision.metrics += 1;
    }
    seat.draw();
    assert_eq!(before, plot(&seat));
    assert!(seat.shown().contains("FROZEN 3:"), "{}", seat.shown());
    seat.press("F");
    assert_ne!(before, plot(&seat));
}

#[test]
fn the_objective_stays_on_the_chart_of_a_tenth_of_it() {
    let mut room = busy();
    let series = &mut room.live.metrics[0].series;
    *series = warroom::probe::series::Series::new();
    for i in (0..600).rev() {
        series.push(screen::now().utc - TimeDelta::seconds(i * 3), 0.1);
    }
    let seat = Seat::new(room);
    let area = seat.view.region(Pane::Errors).unwrap();
    let labels: Vec<String> = (area.y + 1..area.bottom())
        .map(|y| (area.x..area.x + 8).map(|x| seat.buf[(x, y)].symbol()).collect::<String>().trim().to_owned())
        .collect();
    assert!(labels.contains(&"1%".to_owned()), "{labels:?}");
}

#[test]
fn without_unicode_what_is_good_does_not_look_failed() {
    let mut room = busy();
    std::sync::Arc::make_mut(&mut room.plan).metrics[0].name = "≥9 ≤8 non\u{2011}stop".into();
    let mut view = View::new();
    view.charset = Charset::Ascii;
    let shown = text(&frame(&room, &mut view, &Theme::default(), 220, 60));
    assert!(shown.contains(">=9 <=8 non-s"), "{shown}");
    assert!(shown.contains("+ set canary_5_percent") && !shown.contains("x set canary"), "{shown}");
}

#[test]
fn a_spike_of_one_sample_is_on_the_chart() {
    let mut room = busy();
    let series = &mut room.live.metrics[0].series;
    *series = warroom::probe::series::Series::new();
    for i in (0..600).rev() {
        series.push(screen::now().utc - TimeDelta::seconds(i * 3), if i == 300 { 40.0 } else { 0.2 });
    }
    let seat = Seat::new(room);
    let area = seat.view.region(Pane::Errors).unwrap();
    let row: String = (area.x + 8..area.right()).map(|x| seat.buf[(x, area.y + 1)].symbol()).collect();
    assert!(
        row.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)),
        "the top row of the chart holds the spike: {row}"
    );
}

#[test]
fn a_silent_service_is_never_green() {
    let mut seat = Seat::new(busy());
    assert!(seat.shown().contains("● api"));
    // No tick, no sample: the screen's own clock is enough.
    seat.room.now =
        Now { mono: seat.room.now.mono + Duration::from_secs(14), ..seat.room.now.plus(Duration::from_secs(14)) };
    seat.draw();
    let shown = seat.shown();
    assert!(shown.contains("◌ api") && shown.contains("stale"), "{shown}");
}

#[test]
fn keys_are_the_users_and_two_meanings_are_refused() {
    let own =
        Keymap::bindings("config.toml", "theme = \"dark\"\n[keys]\ntick = \"t\"\nnormal.quit = [\"q\", \"c-q\"]\n")
            .unwrap();
    let keys = Keymap::load(&own).unwrap();
    let mut seat = Seat::new(busy());
    seat.keys = keys;
    seat.select("c25");
    assert_eq!(seat.press("space"), vec![], "the old key is free");
    assert_eq!(seat.press("t"), vec![Act::Intent(Intent::Tick { step: "c25".into() })]);
    let bind = |action: &str, key: &str| Binding {
        action: action.into(),
        keys: vec![key.into()],
        place: "config.toml:7".into(),
    };
    let twice = Keymap::load(&[bind("tick", "q")]).unwrap_err().join("\n");
    assert!(
        twice.contains("config.toml:7: the key \"q\" would mean both \"tick\" and \"quit\" in normal mode"),
        "{twice}"
    );
    let typo = Keymap::load(&[bind("tik", "t")]).unwrap_err().join("\n");
    assert!(typo.contains("there is no action \"tik\"; did you mean \"tick\"?"), "{typo}");
    let no_key = Keymap::load(&[bind("tick", "spacebar")]).unwrap_err().join("\n");
    assert!(no_key.contains("\"spacebar\" is no key"), "{no_key}");
}

#[test]
fn the_help_names_every_key() {
    let keys = Keymap::load(&[]).unwrap();
    let mut seat = Seat::new(busy());
    seat.press("?");
    let mut all = seat.shown();
    for _ in 0..10 {
        seat.press("pgdn");
        all.push_str(&seat.shown());
    }
    for line in keys.lines() {
        // The panes share a row that names them all.
        let say = line.say.strip_prefix("To pane ").and_then(|pane| pane.split_once(": ")).map_or(&*line.say, |p| p.1);
        assert!(all.contains(say), "{say:?} is not in the help");
    }
    assert!(Press::parse("c-x").is_some() && Press::parse("hello").is_none());
}

/// On the smallest terminal no word of the help is cut: a line that is too long goes on in the next row.
#[test]
fn the_help_is_whole_on_a_small_terminal() {
    let mut view = View::new();
    view.mode = Mode::Help;
    let shown = text(&frame(&busy(), &mut view, &Theme::default(), 80, 200));
    let words: Vec<&str> = shown.split_whitespace().collect();
    for line in Keymap::load(&[]).unwrap().lines().iter().filter(|line| !line.say.starts_with("To pane ")) {
        let say: Vec<&str> = line.say.split_whitespace().collect();
        assert!(words.windows(say.len()).any(|part| part == say), "{:?} is not whole", line.say);
    }
}

#[test]
fn every_key_of_a_repeat_or_release_is_understood() {
    let mut seat = Seat::new(busy());
    seat.select("c25");
    let with = |kind| KeyEvent { kind, ..key("space") };
    assert_eq!(tui::on_key(&seat.room, &mut seat.view, &seat.keys, with(KeyEventKind::Release)), vec![]);
    assert_eq!(
        tui::on_key(&seat.room, &mut seat.view, &seat.keys, with(KeyEventKind::Repeat)),
        vec![],
        "holding space ticks once"
    );
}

#[test]
fn a_selection_survives_a_new_runbook() {
    let mut seat = Seat::new(busy());
    seat.select("go25");
    seat.draw();
    let again = busy();
    seat.room.book = again.book;
    seat.room.revision.steps += 1;
    seat.draw();
    assert_eq!(seat.view.current_step(&seat.room), Some("go25".into()));
}

/// A room with nothing but its timeline: what services did, by the clock's seconds, and what people did between.
fn with_timeline(says: &[(i64, &str, Option<ServiceState>)]) -> Room {
    let mut room = empty();
    room.journal = JournalHealth::Safe;
    let mut record = Record::default();
    for (second, name, to) in says {
        let fact = match to {
            Some(to) => Fact::ServiceChanged {
                service: (*name).into(),
                from: ServiceState::Pending,
                to: *to,
                reason: if *to == ServiceState::Up { "".into() } else { "refused".into() },
            },
            None => Fact::Noted { step: None, text: (*name).into() },
        };
        let utc = chrono::DateTime::from_timestamp(1_761_004_800 + second, 0).unwrap();
        record.at(&mut room, utc, "ic", fact);
    }
    room
}

/// The lines of the timeline alone, newest first.
fn timeline(room: &Room) -> Vec<String> {
    let mut view = View::new();
    view.focus = Pane::Timeline;
    view.zoom = true;
    let screen = text(&frame(room, &mut view, &Theme::default(), 100, 40));
    let lines = screen.lines().skip_while(|l| !l.contains("Timeline")).skip(1).map(str::trim);
    lines.filter(|l| l.starts_with("00:")).map(|l| l.trim_end_matches(['┊', '█', ' ']).trim_end().to_owned()).collect()
}

#[test]
fn a_service_that_flaps_is_one_line_a_minute_and_nothing_else_is_lost() {
    use ServiceState::{Down, Up};
    let flaps = [
        (0, "web", Some(Down)),
        (5, "api", Some(Down)),
        (12, "web", Some(Up)),
        (15, "api", Some(Up)),
        (20, "api", Some(Down)),
        (30, "call the bank", None),
        (40, "api", Some(Up)),
        (50, "api", Some(Down)),
        (99, "api", Some(Up)),
        (200, "api", Some(Down)),
    ];
    let lines = timeline(&with_timeline(&flaps));
    let wanted = [
        "00:03:20 ✕ api down, refused",
        "00:01:39 ● api up (3 changes in 59 s)",
        "00:00:30 · ic \"call the bank\"",
        "00:00:20 ✕ api down (3 changes in 15 s), refused",
        "00:00:12 ● web up (2 changes in 12 s)",
    ];
    let squeezed: Vec<String> = lines.iter().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(squeezed, wanted);
}

#[test]
fn a_command_that_is_not_known_is_said_to_change_something_perhaps() {
    let text_of = |command: &str| {
        let runbook = format!("# Go\n\n- [ ] do it\n\n  ```bash\n  {command}\n  ```\n");
        let book = Book::new(vec![warroom::runbook::read("go.md", runbook.as_bytes()).unwrap()]);
        let mut room = empty();
        room.replace(book, Plan::default());
        let mut seat = Seat::new(room);
        seat.press("down enter");
        seat.shown()
    };
    let known = text_of("kubectl apply -f a.yaml");
    assert!(known.contains("bash changes something"), "{known}");
    let guess = text_of("./deploy.sh v2");
    assert!(guess.contains("bash may change something") && !guess.contains("changes"), "{guess}");
}
