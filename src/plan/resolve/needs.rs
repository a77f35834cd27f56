//! What services need: a circle of needs explains nothing.

use super::super::ServicePlan;
use super::super::raw::RawService;
use super::Resolver;
use crate::finding::codes;

impl Resolver<'_> {
    /// Services that explain each other's failure explain nothing.
    pub(super) fn circles(&mut self, raw: &[RawService], services: &[ServicePlan]) {
        for (start, service) in services.iter().enumerate() {
            let mut path = vec![start];
            if !circle(services, start, &mut path) {
                continue;
            }
            // Told once, at the first of the circle.
            if path.iter().any(|ix| *ix < start) {
                continue;
            }
            let names: Vec<_> =
                path.iter().filter_map(|ix| services.get(*ix)).map(|s| format!("\"{}\"", s.name)).collect();
            let next = path.get(1).and_then(|ix| services.get(*ix)).unwrap_or(service);
            let span = raw
                .get(start)
                .and_then(|raw| raw.needs.iter().find(|need| *need.get_ref() == next.name))
                .map_or(0..0, toml::Spanned::span);
            let message = if path.len() == 1 {
                format!("{} needs itself", names.join(""))
            } else {
                format!("{} need each other in a circle", names.join(" and "))
            };
            self.r.report(codes::CYCLE, span, message, "a service needs what it stands on; leave out one `needs`");
        }
    }
}

/// Whether `needs` lead from the end of `path` back to `start`; then `path` is the way.
fn circle(services: &[ServicePlan], start: usize, path: &mut Vec<usize>) -> bool {
    let mut seen = vec![false; services.len()];
    // Depth first with an explicit stack: a hostile plan may chain thousands.
    let mut stack: Vec<Vec<usize>> = vec![path.clone()];
    while let Some(way) = stack.pop() {
        let Some(service) = way.last().and_then(|ix| services.get(*ix)) else { continue };
        for need in &service.needs {
            let Some(ix) = services.iter().position(|s| s.name == *need) else { continue };
            if ix == start {
                *path = way;
                return true;
            }
            if let Some(seen) = seen.get_mut(ix)
                && !*seen
            {
                *seen = true;
                let mut longer = way.clone();
                longer.push(ix);
                stack.push(longer);
            }
        }
    }
    false
}
