//! Choosing keys, values and cursors.

use super::Generator;
use crate::backend::{Delta, Direction, Key, Value, Who};
use crate::program::keys::ODD_KEYS;
use crate::program::plan::Present;
use crate::program::values::{self, LONG_MAX, LONG_MIN, ODD_VALUES};

impl Generator {
    /// Any pool index; hot ones more often.
    pub(super) fn any_index(&mut self) -> u16 {
        let keys = self.config.keys;
        if self.dice.percent(self.mix.hot) {
            (self.hot + self.dice.below(u32::from(keys / 8).max(2)) as u16) % keys
        } else {
            self.dice.below(keys.into()) as u16
        }
    }

    /// A pool index to write to, so that sessions mostly keep out of each other's way.
    pub(super) fn write_index(&mut self) -> u16 {
        let index = self.any_index();
        let sessions = u16::from(self.config.sessions);
        if !self.mix.lanes || sessions == 1 || self.dice.percent(20) {
            return index;
        }
        let own = index - index % sessions + u16::from(self.who.session);
        if own < self.config.keys { own } else { index }
    }

    pub(super) fn pool_key(&mut self, index: u16) -> Key {
        self.index = Some(index);
        self.config.pool_key(index)
    }

    /// A key that is not in the pool.
    pub(super) fn stray_key(&mut self) -> Key {
        if !self.mix.orderly && self.dice.percent(25) {
            return self.config.odd_key(self.dice.index(ODD_KEYS.len()) as u16);
        }
        let index = self.any_index();
        self.config.gap_key(index)
    }

    /// A key that is (probably) there, or one that is not.
    pub(super) fn key(&mut self, existing: u32, any: fn(&mut Self) -> u16) -> Key {
        let start = any(self);
        let found = if self.dice.percent(existing) {
            self.present().from(start).or_else(|| self.present().from(0))
        } else if self.dice.percent(self.mix.gap_keys) {
            None
        } else {
            self.present().gap_from(start).or_else(|| self.present().gap_from(0))
        };
        match found {
            Some(index) => self.pool_key(index),
            None => self.stray_key(),
        }
    }

    pub(super) fn search_key(&mut self) -> Key {
        self.key(self.mix.search_existing, Self::any_index)
    }

    /// No key, if the cursor has one and the draw says so.
    pub(super) fn positional(&mut self, percent: u32) -> bool {
        let place = self.plan.place(self.who);
        // On a record that it has removed itself, less often: there is little left to find out.
        let gone = place.at.is_some() && !self.plan.on_record(self.who);
        let percent = if gone && !self.mix.orderly { percent / 3 } else { percent };
        let positional = percent > 0 && place.has_key && self.dice.percent(percent);
        if positional {
            self.index = place.at;
        }
        positional
    }

    pub(super) fn optional_search_key(&mut self) -> Option<Key> {
        (!self.positional(self.mix.other_positional / 4)).then(|| self.search_key())
    }

    /// The key of a write to an existing record; none if it is the one that the cursor stands on.
    pub(super) fn update_key(&mut self) -> Option<Option<Key>> {
        if self.positional(self.mix.update_positional) {
            return Some(None);
        }
        // Where updates are always positional, one that cannot be is none.
        let by_key = self.mix.update_positional < 100;
        by_key.then(|| Some(self.key(80, Self::write_index)))
    }

    /// A value; `key` goes into a unique one.
    pub(super) fn value(&mut self, key: &Key) -> Value {
        let seq = self.plan.index;
        if !self.dice.percent(self.mix.odd_values) {
            return self.config.unique_value(key, seq);
        }
        match self.dice.weighted(&[60, 8, 20]) {
            0 => self.config.odd_value(self.dice.index(ODD_VALUES.len()) as u16),
            1 => {
                let len = self.dice.log_uniform(LONG_MIN as u32, LONG_MAX as u32) as usize;
                self.config.long_value(key, seq, (len - LONG_MIN) as u16)
            }
            _ => self.plan.last_value.clone(),
        }
    }

    pub(super) fn deltas(&mut self) -> Box<[Delta]> {
        let count = self.dice.weighted(&[2, 70, 18, 10]);
        (0..count).map(|_| values::delta(self.dice.index(values::DELTAS.len()))).collect()
    }

    pub(super) fn direction(&mut self) -> Direction {
        if self.dice.percent(50) { Direction::Next } else { Direction::Prev }
    }

    /// A cursor that has a key; any other one now and then.
    pub(super) fn placed_cursor(&mut self) -> Option<Who> {
        let who = self.other_cursor();
        (self.plan.place(who).has_key || self.dice.percent(5)).then_some(who)
    }

    /// A cursor to compare this one with: one that has a key, on the same table; any other one now and then.
    pub(super) fn comparable_cursor(&mut self) -> Option<Who> {
        let who = self.placed_cursor()?;
        let same = self.plan.place(who).table == self.plan.place(self.who).table;
        (same || self.dice.percent(10)).then_some(who)
    }

    /// A table; mostly that of the cursor.
    pub(super) fn table(&mut self, own: u32) -> u8 {
        let table = self.plan.place(self.who).table;
        if self.config.tables > 1 && !self.dice.percent(own) { 1 - table } else { table }
    }

    /// What is probably there in the table of the cursor.
    pub(super) fn present(&self) -> &Present {
        self.plan.present(self.plan.place(self.who).table)
    }

    pub(super) fn other_cursor(&mut self) -> Who {
        // Mostly of the same session.
        let session =
            if self.dice.percent(70) { self.who.session } else { self.dice.below(self.config.sessions.into()) as u8 };
        Who { session, cursor: self.dice.below(self.config.cursors.into()) as u8 }
    }
}
