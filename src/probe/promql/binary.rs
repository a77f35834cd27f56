//! Operators between scalars and vectors. (Prometheus 3, promql/engine.go, `VectorBinop`, `VectorAnd`, `resultMetric`.)

use std::collections::{HashMap, HashSet};

use super::answer::EvalError;
use super::eval::{Elem, Val, nameless};
use super::expr::{Binary, Grouping, Many, Op};
use super::labels::{Labels, NAME};

/// `lhs op rhs`.
pub(super) fn binary(node: &Binary, lhs: Val, rhs: Val) -> Result<Val, EvalError> {
    Ok(match (lhs, rhs) {
        (Val::Scalar(a, at), Val::Scalar(b, bt)) => Val::Scalar(number(node.op, a, b), at.max(bt)),
        (Val::Vector(all), Val::Scalar(b, at)) => Val::Vector(with_scalar(node, all, at, |x| (x, b))),
        (Val::Scalar(a, at), Val::Vector(all)) => Val::Vector(with_scalar(node, all, at, |x| (a, x))),
        (Val::Vector(lhs), Val::Vector(rhs)) if node.op.is_set() => Val::Vector(set(node, lhs, rhs)),
        (Val::Vector(lhs), Val::Vector(rhs)) => Val::Vector(vectors(node, lhs, rhs)?),
        (Val::Text(_), other) | (other, Val::Text(_)) => other,
    })
}

/// The number that `a op b` is; comparisons are 0 or 1.
fn number(op: Op, a: f64, b: f64) -> f64 {
    match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Mod => a % b,
        Op::Pow => a.powf(b),
        Op::Atan2 => a.atan2(b),
        op => f64::from(u8::from(compare(op, a, b))),
    }
}

fn compare(op: Op, a: f64, b: f64) -> bool {
    match op {
        Op::Eq => a == b,
        Op::Ne => a != b,
        Op::Lt => a < b,
        Op::Le => a <= b,
        Op::Gt => a > b,
        Op::Ge => a >= b,
        _ => false,
    }
}

fn with_scalar(node: &Binary, all: Vec<Elem>, at: i64, sides: impl Fn(f64) -> (f64, f64)) -> Vec<Elem> {
    let filters = node.op.compares() && !node.as_bool;
    let each = |elem: Elem| {
        let (a, b) = sides(elem.value);
        let newest = elem.newest.max(at);
        if filters {
            return compare(node.op, a, b).then_some(Elem { newest, ..elem });
        }
        Some(Elem { labels: nameless(&elem.labels), value: number(node.op, a, b), newest })
    };
    all.into_iter().filter_map(each).collect()
}

/// What decides whether two elements belong together.
fn signature(node: &Binary, labels: &Labels) -> Labels {
    labels.filtered(|name| node.matching.by.keeps(name))
}

fn set(node: &Binary, lhs: Vec<Elem>, rhs: Vec<Elem>) -> Vec<Elem> {
    let signatures = |all: &[Elem]| all.iter().map(|e| signature(node, &e.labels)).collect::<HashSet<_>>();
    match node.op {
        Op::Or => {
            let known = signatures(&lhs);
            let mut all = lhs;
            all.extend(rhs.into_iter().filter(|e| !known.contains(&signature(node, &e.labels))));
            all
        }
        op => {
            let known = signatures(&rhs);
            lhs.into_iter().filter(|e| known.contains(&signature(node, &e.labels)) == (op == Op::And)).collect()
        }
    }
}

fn vectors(node: &Binary, lhs: Vec<Elem>, rhs: Vec<Elem>) -> Result<Vec<Elem>, EvalError> {
    if lhs.is_empty() || rhs.is_empty() {
        return Ok(Vec::new());
    }
    // Below, `one` has each group once, and `many` may have several of it.
    let swapped = matches!(node.matching.many, Many::Right(_));
    let (many, one) = if swapped { (rhs, lhs) } else { (lhs, rhs) };
    let mut groups: HashMap<Labels, &Elem> = HashMap::with_capacity(one.len());
    for elem in &one {
        if let Some(other) = groups.insert(signature(node, &elem.labels), elem) {
            let (a, b) = (other.labels.clone(), elem.labels.clone());
            return Err(if a < b { EvalError::ManyToMany(a, b) } else { EvalError::ManyToMany(b, a) });
        }
    }
    let mut out = Vec::with_capacity(many.len());
    let mut used: HashSet<Labels> = HashSet::new();
    for elem in many {
        let signature = signature(node, &elem.labels);
        let Some(other) = groups.get(&signature) else { continue };
        let (a, b) = if swapped { (other.value, elem.value) } else { (elem.value, other.value) };
        let kept = !node.op.compares() || compare(node.op, a, b);
        let value = if node.op.compares() && !node.as_bool { a } else { number(node.op, a, b) };
        let labels = result_labels(node, &elem.labels, &other.labels);
        let one_to_one = matches!(node.matching.many, Many::Neither);
        if !used.insert(if one_to_one { signature.clone() } else { labels.clone() }) {
            return Err(EvalError::ManyToOne(signature));
        }
        if kept || node.as_bool {
            out.push(Elem { labels, value, newest: elem.newest.max(other.newest) });
        }
    }
    Ok(out)
}

fn result_labels(node: &Binary, many: &Labels, one: &Labels) -> Labels {
    let named = node.op.compares() && !node.as_bool;
    match &node.matching.many {
        Many::Neither => many.filtered(|name| match &node.matching.by {
            Grouping::Only(_) => node.matching.by.keeps(name) && (named || name != NAME),
            Grouping::Without(_) if name == NAME => named,
            Grouping::Without(_) => node.matching.by.keeps(name),
        }),
        Many::Left(include) | Many::Right(include) => {
            let kept = many.filtered(|name| named || name != NAME);
            include.iter().fold(kept, |labels, name| labels.with_from(name, one))
        }
    }
}
