//! The rooms of `checklists/`: each reads clean, names what is there, runs nothing but its own tool, and comes to its story.

use serde_json::json;
use warroom::clock::Offset;
use warroom::fact::StepId;
use warroom::plan::{self, Plan};
use warroom::probe::Ask;
use warroom::rehearse::scene::What;
use warroom::rehearse::{self, Scene};
use warroom::room::Earnest;
use warroom::runbook;

use crate::support;

#[test]
fn every_step_that_a_scene_names_stands_in_its_runbook() {
    for scene in rehearse::scenes().expect("all scenes read") {
        let runbook = runbook::read("runbook.md", scene.runbook_text().as_bytes()).expect("it is a runbook");
        let known = |id: &StepId| runbook.steps.iter().filter(|s| s.id == *id).count();
        for act in &scene.acts {
            let named = match &act.what {
                What::Do(_, intent) => serde_json::to_value(intent).expect("an intent is JSON")["step"].clone(),
                What::Run(_, step) => json!(step),
                What::Await(..) => continue,
            };
            if let Some(id) = named.as_str() {
                assert_eq!(known(&id.into()), 1, "{}: {id}", scene.name);
            }
        }
        assert!(scene.ends > scene.begins && scene.begins < Offset(0));
    }
    let error = Scene::find(Some("red-black")).expect_err("no such scene").to_string();
    assert_eq!(
        error,
        "there is no scene \"red-black\"; there is: blue-green-go-live, cloud-release, schema-rollout, patch-release, go-live-card"
    );
}

#[test]
fn the_plan_is_placed_where_the_production_is() {
    for scene in rehearse::scenes().expect("all scenes read") {
        let plan = scene.plan_text("http://127.0.0.1:4321", "127.0.0.1:4322", "/tmp/x/shopctl");
        assert!(plan.contains("base = { value = \"http://127.0.0.1:4321\" }"), "{}", scene.name);
        assert!(!plan.contains("127.0.0.1:8080") && !plan.contains("127.0.0.1:6379"), "{}", scene.name);
    }
}

/// The plan of a scene, and what was found in reading it and its runbook.
fn room_of(scene: &Scene) -> (Plan, Vec<String>) {
    let runbook = runbook::read("runbook.md", scene.runbook_text().as_bytes()).expect("it is a runbook");
    let outside = plan::Outside { env: &|_| None, file: &|_| Err("no".into()), cmd: &|_| Err("no".into()) };
    let text = scene.plan_text("http://127.0.0.1:1", "127.0.0.1:2", "/tmp/shopctl");
    let loaded = plan::load(&plan::Input {
        path: "warroom.toml",
        text: &text,
        outside: &outside,
        runbooks: std::slice::from_ref(&runbook),
    });
    let mut found: Vec<String> =
        loaded.findings.iter().map(|f| format!("{} line {}: {} ({})", f.code, f.line, f.message, f.text)).collect();
    found.extend(runbook.not_understood.iter().map(|l| format!("runbook line {}: {}", l.line, l.text)));
    (loaded.plan, found)
}

#[test]
fn every_room_of_the_checklists_reads_without_a_word() {
    for scene in rehearse::scenes().expect("all scenes read") {
        let (plan, found) = room_of(&scene);
        assert_eq!(found, Vec::<String>::new(), "{}", scene.name);
        assert!(!plan.services.is_empty() && !plan.roles.is_empty() && !plan.levels.is_empty(), "{}", scene.name);
        assert!(!plan.gates.is_empty() && !plan.rollbacks.is_empty() && !plan.metrics.is_empty(), "{}", scene.name);
        let scraped = plan.probes.iter().any(|p| matches!(&p.ask, Ask::Scrape { queries, .. } if queries.len() >= 3));
        assert!(scraped, "{}: its metrics are scraped", scene.name);
    }
}

/// Plays a scene with the program itself, on real traffic, at a speed; what was wrong, or nothing.
fn headless(scene: &str, speed: u32, commands: usize) -> Result<(), String> {
    let state = tempfile::tempdir().expect("a folder");
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_warroom"))
        .args(["demo", scene, "--headless", "--speed", &speed.to_string()])
        .env("XDG_STATE_HOME", state.path())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let left = std::fs::read_dir(state.path().join("warroom/demo")).expect("its journal is there");
    let tools = left.filter_map(Result::ok).filter(|e| e.path().extension().is_some_and(|e| e == "tools")).count();
    let good = out.status.success()
        && said.contains(&format!("commands: {commands} ran and passed\nall of it came in the order of the scene"))
        && tools == 0;
    let error = String::from_utf8_lossy(&out.stderr);
    if good { Ok(()) } else { Err(format!("== {scene}: {}, {tools} folders left\n{said}{error}", out.status)) }
}

#[test]
fn the_whole_scene_of_every_room_comes_to_its_decisions_on_real_traffic() {
    // Speeds at which a minute of the scene holds half a second of looking, and the card's hundred minutes a third.
    let rooms = [
        ("blue-green-go-live", 100, 12),
        ("go-live-card", 240, 12),
        ("schema-rollout", 100, 18),
        ("cloud-release", 100, 13),
        ("patch-release", 80, 9),
    ];
    let names: Vec<&str> = rehearse::scenes().expect("all scenes read").iter().map(|s| s.name).collect();
    assert!(names.iter().all(|name| rooms.iter().any(|(room, ..)| room == name)), "{names:?}");
    // Two at a time: each waits more than it works.
    let next = std::sync::atomic::AtomicUsize::new(0);
    let lane = || {
        let take = || rooms.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        std::iter::from_fn(take).filter_map(|(room, speed, ran)| headless(room, *speed, *ran).err()).collect::<Vec<_>>()
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let lanes = [scope.spawn(lane), scope.spawn(lane)];
        lanes.into_iter().flat_map(|lane| lane.join().expect("a lane")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn on_a_make_believe_production_nothing_runs_but_its_own_tool() {
    for scene in rehearse::scenes().expect("all scenes read") {
        let plan = scene.plan_text("http://127.0.0.1:1", "127.0.0.1:2", "/tmp/shopctl");
        let mut room = support::room(scene.runbook_text(), &plan);
        room.site.earnest = Earnest::MakeBelieve;
        let steps: Vec<StepId> = room.book.steps().map(|s| s.id.clone()).collect();
        let breakers = plan.lines().filter_map(|line| line.strip_prefix("run = "));
        assert!(breakers.clone().all(|run| run.starts_with("\"./shopctl flag ")), "{}", scene.name);
        let all: Vec<_> = steps.iter().flat_map(|id| room.would_run(id)).collect();
        assert!(all.len() >= 9, "{}: {} commands", scene.name, all.len());
        for planned in &all {
            assert_eq!(planned.blocked, Vec::<String>::new(), "{}: {}", scene.name, planned.title());
        }
        room.site.earnest = Earnest::Rehearsal;
        let shown = steps.iter().flat_map(|id| room.would_run(id));
        assert!(shown.map(|p| p.blocked).all(|why| why[0].contains("rehearsal")), "{}", scene.name);
    }
    for script in [
        "curl http://example.com",
        "./shopctl get /health; reboot",
        "./shopctl get $(id)",
        "./shopctl get /health\n./other",
        "./shopctl get `id`",
        "./shopctl get /health > /etc/passwd",
        "./shopctl get /health & sleep 9",
        "x=1 ./shopctl get /health",
        "./shopctlx get /health",
        "../shopctl get /health",
    ] {
        let mut room = support::room(&format!("# Go\n\n- [ ] step\n\n```bash\n{script}\n```\n"), "");
        room.site.earnest = Earnest::MakeBelieve;
        let planned = room.would_run(&support::step(&room, "step"));
        assert!(
            planned[0].blocked.iter().any(|why| why.contains("make-believe")),
            "{script}: {:?}",
            planned[0].blocked
        );
    }
}
