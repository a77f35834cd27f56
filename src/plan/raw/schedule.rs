//! Holds, anchors of phases and drumbeats as typed.

use std::ops::Range;

use super::Text;
use crate::plan::table::{Reader, Table};

pub(in crate::plan) struct RawHold {
    pub span: Range<usize>,
    pub name: Option<Text>,
    pub at: Option<Text>,
    pub for_: Option<Text>,
    pub until: Option<Text>,
}

pub(in crate::plan) struct RawPhase {
    pub at: Option<Text>,
    pub anchor: Option<Text>,
}

pub(in crate::plan) struct RawDrumbeat {
    pub every: Option<Text>,
    pub say: Option<Text>,
    pub role: Option<Text>,
    pub from: Option<Text>,
    pub until: Option<Text>,
}

impl RawHold {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            span: t.span(),
            name: t.text(r, "name"),
            at: t.required(r, "at"),
            for_: t.duration(r, "for"),
            until: t.text(r, "until"),
        };
        t.close(r, &[]);
        it
    }
}

impl RawPhase {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self { at: t.required(r, "at"), anchor: t.text(r, "anchor") };
        t.close(r, &[]);
        it
    }
}

impl RawDrumbeat {
    pub(super) fn read(mut t: Table<'_>, r: &mut Reader<'_>) -> Self {
        let it = Self {
            every: {
                t.demand(r, "every");
                t.duration(r, "every")
            },
            say: t.required(r, "say"),
            role: t.text(r, "role"),
            from: t.text(r, "from"),
            until: t.text(r, "until"),
        };
        t.close(r, &[]);
        it
    }
}
