//! A person before the screen: what is drawn for them, and keys that mean it.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use warroom::room::Room;
use warroom::tui::{self, Act, Keymap, Theme, View};

use super::screen::text;

/// A room, its screen and its keys.
pub struct Seat {
    pub room: Room,
    pub view: View,
    pub keys: Keymap,
    pub buf: Buffer,
}

impl Seat {
    pub fn new(room: Room) -> Self {
        let buf = Buffer::empty(Rect::new(0, 0, 160, 48));
        let mut seat = Self { room, view: View::new(), keys: Keymap::load(&[]).unwrap(), buf };
        seat.draw();
        seat
    }

    pub fn draw(&mut self) -> String {
        let area = self.buf.area;
        tui::draw(&self.room, &mut self.view, &Theme::default(), area, &mut self.buf);
        text(&self.buf)
    }

    pub fn key(&mut self, code: KeyCode) -> Vec<Act> {
        let acts = tui::on_key(&self.room, &mut self.view, &self.keys, KeyEvent::new(code, KeyModifiers::NONE));
        self.draw();
        acts
    }

    /// A key by somebody who has read what stands there.
    pub fn press(&mut self, c: char) -> Vec<Act> {
        self.room.now = self.room.now.plus(Duration::from_millis(500));
        self.key(KeyCode::Char(c))
    }

    pub fn type_in(&mut self, line: &str) -> Vec<Act> {
        line.chars().for_each(|c| drop(self.key(KeyCode::Char(c))));
        self.key(KeyCode::Enter)
    }
}
