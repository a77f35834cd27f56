//! The errors of real runbooks, where their folder exists.

use std::path::Path;

use super::{brief, found, together};

/// The texts beside the repository; nothing where there are none.
fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = ["../shared/runbooks", "../../shared/runbooks"].iter().map(|f| root.join(f)).find(|f| f.is_dir());
    let Some(entries) = folder.and_then(|f| std::fs::read_dir(f).ok()) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|p| std::fs::read_to_string(p).unwrap()).collect()
}

/// The errors that were found by hand, by text, code and line.
const KNOWN: &[(usize, &str)] = &[
    (1, "WR049:248"), // canaries behind the maintenance page
    (1, "WR051:504"), // do not roll back, where a no-go rolls back
    (1, "WR054:518"), // 3% belongs to two levels
    (1, "WR052:329"), // 5% inside the second level
    (1, "WR053:519"), // p95 never reaches the third level
    (1, "WR069:453"), // 1000 and 2000 ms for the same call
    (1, "WR055:312"), // ten minutes after the full rollout
    (1, "WR055:261"),
    (1, "WR055:280"),
    (1, "WR045:482"), // a counter as a rate
    (1, "WR046:464"), // alert
    (1, "WR068:467"), // one request against p95
    (1, "WR042:536"), // rollback verified without -f
    (1, "WR042:565"),
    (1, "WR058:559"), // three lengths of the rollback
    (1, "WR048:185"), // stop that starts
    (1, "WR061:82"),  // API keys rotated twice
    (1, "WR063:394"), // TBD
    (1, "WR063:619"),
    (1, "WR064:283"), // a decision without criteria
    (2, "WR069:47"),  // aborts at half of the objective
    (4, "WR062:154"), // 432 for 500
    (4, "WR062:156"), // 8.6 for 1.44 minutes
    (4, "WR041:8"),   // || echo
    (4, "WR041:21"),  // comm
    (4, "WR043:106"), // an editor
    (4, "WR044:106"), // HEAD as a merge
    (4, "WR057:35"),  // T without unit
    (4, "WR067:51"),  // a canary of 5% and no next stage
];

#[test]
fn what_was_found_by_hand_is_found() {
    let texts = texts();
    if texts.is_empty() {
        println!("skipped: no ../shared/runbooks beside this repository");
        return;
    }
    let found: Vec<Vec<String>> = texts.iter().map(|t| brief(&found(t))).collect();
    for (text, expected) in KNOWN {
        assert!(found[*text].iter().any(|f| f == expected), "{expected} of text {text} is not in {:?}", found[*text]);
    }
    assert_eq!(found[2], ["WR069:47"]);
    // Two of them have nothing that is wrong by itself.
    for quiet in [0, 3] {
        assert_eq!(found[quiet], Vec::<String>::new(), "text {quiet}");
    }
    // Whose decision the rollback is: two of them differ.
    let both = together(&[("one.md", &texts[1]), ("three.md", &texts[3])], None);
    assert!(brief(&both).contains(&"WR059:8".to_owned()), "{:?}", brief(&both));
}
