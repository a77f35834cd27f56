//! What services need: a circle of needs explains nothing.

use super::super::ServicePlan;
use super::super::raw::RawService;
use super::Resolver;
use super::circles::circles;
use crate::finding::codes;

impl Resolver<'_> {
    /// Services that explain each other's failure explain nothing.
    pub(super) fn circles(&mut self, raw: &[RawService], services: &[ServicePlan]) {
        let place = |name: &String| services.iter().position(|s| s.name == *name);
        let edges: Vec<Vec<usize>> = services.iter().map(|s| s.needs.iter().filter_map(place).collect()).collect();
        for path in circles(&edges) {
            let names: Vec<_> =
                path.iter().filter_map(|ix| services.get(*ix)).map(|s| format!("\"{}\"", s.name)).collect();
            let start = path.first().copied().unwrap_or_default();
            let next = path.get(1).or(path.first()).and_then(|ix| services.get(*ix));
            let span = raw
                .get(start)
                .and_then(|raw| raw.needs.iter().find(|need| next.is_some_and(|next| *need.get_ref() == next.name)))
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
