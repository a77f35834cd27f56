//! A runbook that is edited while it is driven: which steps are still the same.

use warroom::room::Book;
use warroom::room::renames::renames;
use warroom::runbook;

fn book(text: &str) -> Book {
    Book::new(vec![runbook::read("go.md", text.as_bytes()).unwrap()])
}

/// The renames as texts.
fn moved(before: &str, after: &str) -> Vec<(String, String)> {
    let (old, new) = (book(before), book(after));
    let text = |b: &Book, id: &_| b.find(id).unwrap().text.to_string();
    let mut pairs: Vec<_> = renames(&old, &new).iter().map(|(a, b)| (text(&old, a), text(&new, b))).collect();
    pairs.sort();
    pairs
}

#[test]
fn a_corrected_text_is_the_same_step() {
    let before =
        "# Go\n- [ ] Announce the maintanance window\n- [ ] Take a backup of the database\n- [ ] Tell support\n";
    let after =
        "# Go\n- [ ] Announce the maintenance window\n- [ ] Take a fresh backup of the database\n- [ ] Tell support\n";
    let pairs = moved(before, after);
    assert_eq!(pairs.len(), 1, "another word is another step: {pairs:?}");
    assert!(pairs[0].1.contains("maintenance"));
    assert!(moved(before, before).is_empty());
}

#[test]
fn a_renamed_heading_moves_every_step_under_it() {
    let steps = "- [ ] Drain the queue\n- [ ] Check the lag\n- [ ] Check the lag\n";
    let pairs = moved(&format!("# Deploy\n{steps}"), &format!("# Deployment of v2\n{steps}"));
    // Of the two that say the same nobody can tell which is which.
    assert_eq!(pairs, [("Drain the queue".to_owned(), "Drain the queue".to_owned())]);
    // Under headings that stayed, all of them: only the title above changed.
    let file = |title: &str| format!("# {title}\n## EU\n- [ ] Deploy the api\n## US\n- [ ] Deploy the api\n");
    assert_eq!(moved(&file("Release 2.3"), &file("Release 2.4")).len(), 2);
}

/// A section before it, or gone: the same words under another heading are another step.
#[test]
fn equal_words_in_another_section_are_not_the_same_step() {
    let section = |name: &str| format!("## {name}\n- [ ] Deploy the api\n");
    let file =
        |title: &str, sections: &[&str]| sections.iter().fold(format!("# {title}\n"), |all, name| all + &section(name));
    let (old, new) = (book(&file("2.3", &["EU", "US"])), book(&file("2.4", &["APAC", "EU", "US"])));
    let heading = |b: &Book, id: &_| b.find(id).unwrap().heading_path.last().unwrap().to_string();
    let pairs = renames(&old, &new);
    assert_eq!(pairs.len(), 2);
    assert!(pairs.iter().all(|(a, b)| heading(&old, a) == heading(&new, b)));
    let mut text = file("2.3", &["EU"]);
    text += "## US (second)\n- [ ] Deploy the api\n";
    assert!(moved(&file("2.3", &["EU", "US"]), &text).len() <= 1);
}

/// A tick must never go to a step that says something else: what is not surely the same is new.
#[test]
fn what_may_mean_something_else_is_another_step() {
    for (before, after) in [
        ("Enable the flag canary_users", "Disable the flag canary_users"),
        ("Send 5% of the traffic to the new version", "Send 25% of the traffic to the new version"),
        ("Deploy the api to staging", "Deploy the api to production"),
        ("Stop writes on the primary", "Do not stop writes on the primary"),
        ("Run ./migrate.sh accounts", "Run ./rollback.sh accounts"),
        ("Call the bank", "Open the champagne"),
        ("Deploy the api to eu-west", "Deploy the api to us-west"),
        ("Promote the replica", "Demote the replica"),
        ("Restore the grants", "Revoke the grants"),
        ("Connect the pipeline", "Correct the pipeline"),
        ("Scale web to 3", "Scale web to 4"),
    ] {
        let file = |text: &str| format!("# Go\n- [ ] First thing\n- [ ] {text}\n- [ ] Last thing\n");
        assert!(moved(&file(before), &file(after)).is_empty(), "{before} → {after}");
    }
}

#[test]
fn a_step_is_not_looked_for_beyond_its_neighbours() {
    let before = "# Go\n- [ ] Look at the dashboards\n- [ ] Migrate\n- [ ] Switch\n";
    let after = "# Go\n- [ ] Migrate\n- [ ] Switch\n- [ ] Look at the dashboard\n";
    assert!(moved(before, after).is_empty());
}
