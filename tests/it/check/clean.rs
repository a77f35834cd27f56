//! Ordinary checklists, of many styles and in several languages, about which the flight-check has nothing to say.

use std::path::Path;

use super::{brief, found};

#[test]
fn ordinary_checklists_are_silent() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/clean");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 15, "the folder of clean checklists is there");
    for path in paths {
        let findings = found(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(brief(&findings), Vec::<String>::new(), "{}: {findings:#?}", path.display());
    }
}

#[test]
fn the_rooms_that_ship_are_silent() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("checklists");
    for entry in std::fs::read_dir(home).unwrap() {
        let folder = entry.unwrap().path();
        let setup = warroom::app::setup::Setup::read(Some(&folder)).unwrap();
        let checked = warroom::app::check::Checked::of(&setup);
        assert_eq!(brief(&checked.report.findings), Vec::<String>::new(), "{}", folder.display());
    }
}
