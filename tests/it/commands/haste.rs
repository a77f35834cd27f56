//! A stream of keys that the machine reads slowly: it takes longer than any dead time, and still nobody paused.

use std::time::Duration;

use warroom::room::Room;
use warroom::tui::haste::streams;
use warroom::tui::view::Mode;

use crate::support::seat::Seat;
use crate::support::watching;

const RUNBOOK: &str = "# Go live\n\n## Do\n\n- [ ] Open it\n\n  ```bash\n  ./flag.sh on\n  ```\n";
const PLAN: &str = "[room]\nname = \"retail\"\n\n[[gate]]\nname = \"go\"\ncriteria = [\"steps done\"]\n";

fn later(room: &mut Room, ms: u64) {
    room.now = room.now.plus(Duration::from_millis(ms));
}

#[test]
fn what_is_read_slowly_is_no_pause() {
    for (key, is_open) in [('r', "run"), ('g', "gate")] {
        let mut seat = Seat::new(watching(RUNBOOK, PLAN));
        while seat.view.current_step(&seat.room).is_none() {
            seat.press('j');
        }
        let before = seat.room.now;
        later(&mut seat.room, 400);
        seat.press(key);
        assert!(matches!(seat.view.mode, Mode::Run(_) | Mode::Gate { .. }), "{is_open}");
        // Each key of the stream is read half a second after the one before; the last pause was before the sheet came up.
        for _ in 0..20 {
            later(&mut seat.room, 500);
            assert!(streams(&mut seat.view, seat.room.now, Some(before)), "{is_open}");
            assert!(streams(&mut seat.view, seat.room.now, None), "{is_open}");
        }
        later(&mut seat.room, 500);
        let paused = seat.room.now;
        assert!(!streams(&mut seat.view, seat.room.now, Some(paused)), "{is_open}: a person waits, then presses");
    }
    let mut seat = Seat::new(watching(RUNBOOK, PLAN));
    assert!(!streams(&mut seat.view, seat.room.now, None), "no dialog is open");
}
