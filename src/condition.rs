//! The little language of objectives: a comparator, a number and a unit, judged with three values.

use serde::Serialize;

/// `< 1%`, `<= 500ms`, `== 0`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// Comparator.
    pub op: Op,
    /// In the metric's own unit.
    pub value: f64,
    /// As written, for people.
    pub text: String,
}

/// A comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Op {
    /// `<`
    #[serde(rename = "<")]
    Lt,
    /// `<=`
    #[serde(rename = "<=")]
    Le,
    /// `>`
    #[serde(rename = ">")]
    Gt,
    /// `>=`
    #[serde(rename = ">=")]
    Ge,
    /// `==`
    #[serde(rename = "==")]
    Eq,
}

impl Threshold {
    /// Whether `value` satisfies it; `None` when there is no value.
    pub fn holds(&self, value: Option<f64>) -> Option<bool> {
        let value = value.filter(|v| v.is_finite())?;
        Some(match self.op {
            Op::Lt => value < self.value,
            Op::Le => value <= self.value,
            Op::Gt => value > self.value,
            Op::Ge => value >= self.value,
            Op::Eq => value == self.value,
        })
    }
}
