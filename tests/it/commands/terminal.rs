//! Commands that are for a person: the terminal is theirs while they run, the room goes on behind, and the screen comes back whole.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;

use super::{PLAN, Place, eventually, living, would_run};
use crate::support::pty::{Pty, Start, warroom_under};

/// A room with one step for a person, and a metric that shows that polling goes on.
fn place(script: &str) -> Place {
    let lines: String = script.lines().map(|l| format!("  {l}\n")).collect();
    let runbook = format!("# Go\n\n## Do\n\n- [ ] talk\n\n  ```bash interactive\n{lines}  ```\n");
    let home = Place::new(&runbook, PLAN);
    let polled = home.path().join("polled");
    let plan = format!(
        "{PLAN}\n[[metric]]\nname = \"looks\"\ncommand = [\"sh\", \"-c\", \"echo x >> '{}'; echo 1\"]\nevery = \"200ms\"\n",
        polled.display()
    );
    std::fs::write(home.path().join("warroom.toml"), plan).unwrap();
    home
}

fn open(place: &Place) -> Pty {
    let args = ["run", "warroom.toml", "--as", "ic", "--journal", "j.db"];
    let mut pty = Pty::start_at(place.path(), &Start { args: &args, columns: 160, rows: 48, ..Start::default() });
    pty.wait_drawn();
    pty.wait_until("the runbook", |p| p.screen().contains("talk") && p.screen().contains("journal safe"));
    pty
}

fn settle(pty: &mut Pty) {
    pty.settle(Duration::from_millis(400));
}

/// Through the sheet, as a person goes: what will happen is said, a change takes its word.
fn begin(pty: &mut Pty) {
    pty.send("r");
    pty.wait_until("the sheet", |p| p.screen().contains("it gets this terminal until it ends"));
    settle(pty);
    for c in "STAGE\r".chars() {
        pty.send(&c.to_string());
    }
    pty.wait_until("the terminal left", |p| !p.vt.screen().alternate_screen());
}

fn back(pty: &mut Pty) {
    pty.wait_until("the screen again", |p| p.vt.screen().alternate_screen() && p.screen().contains("Checklist"));
}

fn end_of(place: &Place) -> serde_json::Value {
    let all = || place.facts().into_iter().find(|f| f["kind"] == "command-ended");
    eventually("the end recorded", || all().is_some());
    all().unwrap()
}

fn quit(mut pty: Pty) {
    settle(&mut pty);
    pty.send("q");
    assert_eq!(pty.wait_exit(), 0);
    assert!(pty.modes_restored());
}

#[test]
fn the_terminal_is_handed_over_and_taken_back() {
    let place = place(
        "test -t 0 && test -t 1 && test -t 2\necho \"term is $TERM\"\nps -o pgid=,tpgid= -p $$ >ids\nread -r -p 'say: ' word\necho \"$word\" >said",
    );
    let mut pty = open(&place);
    begin(&mut pty);
    pty.wait_until("the question", |p| p.screen().contains("say: "));
    assert!(pty.screen().contains("term is xterm-256color"), "{}", pty.screen());
    // Judging and polling never wait for a person.
    let polled = || place.file("polled").lines().count();
    let before = polled();
    eventually("polling behind the terminal", || polled() > before + 5);
    // Each of these keys would do something on the screen: none is taken from the command.
    pty.send(" qXrj\r");
    eventually("what was typed", || place.file("said") == "qXrj\n");
    back(&mut pty);
    pty.wait_until("the verdict", |p| {
        p.screen().contains("passed after") && p.screen().contains("it wrote to the terminal")
    });
    let ids: Vec<String> = place.file("ids").split_whitespace().map(str::to_owned).collect();
    assert_eq!(ids[0], ids[1], "it is in front of the terminal");
    let end = end_of(&place);
    assert_eq!((&end["exit"], &end["head"], &end["verdict"]), (&json!(0), &json!(""), &json!("pass")));
    assert!(place.facts().iter().all(|f| f["kind"] != "step-marked"), "no key ticked anything");
    // The keys are the room's again.
    pty.send(" ");
    eventually("a tick", || place.facts().iter().any(|f| f["kind"] == "step-marked"));
    quit(pty);
}

#[test]
fn however_it_ends_and_whatever_it_leaves_the_screen_comes_back_whole() {
    for (script, verdict, why) in [
        ("echo x\nkill -s KILL $$", "fail", "ended by signal 9"),
        ("exit 3", "fail", "exit 3"),
        (
            "stty raw -echo\nprintf '\\033[?1049h\\033[?1000h\\033[?1006h\\033[?2004h\\033[31mme%s' ss\nexit 0",
            "pass",
            "exit 0",
        ),
        ("(trap '' HUP TERM INT; exec -a lent-left sleep 300) &\nexit 0", "pass", "exit 0"),
        ("no-such-program-here", "fail", "exit 127"),
    ] {
        let place = place(script);
        let mut pty = open(&place);
        pty.send("r");
        pty.wait_until("the sheet", |p| p.screen().contains("it gets this terminal"));
        settle(&mut pty);
        for c in "STAGE\r".chars() {
            pty.send(&c.to_string());
        }
        let end = end_of(&place);
        assert_eq!(end["verdict"], verdict, "{script}: {end}");
        assert!(end["why"].as_str().unwrap().contains(why), "{script}: {end}");
        pty.wait_until("the screen again", |p| {
            p.vt.screen().alternate_screen() && p.screen().contains("Checklist") && p.screen().contains(" after ")
        });
        assert_eq!(living("lent-left"), 0);
        assert!(!pty.screen().contains("mess"), "{}", pty.screen());
        quit(pty);
    }
}

#[test]
fn ctrl_z_brings_the_screen_back_and_r_the_command() {
    let place = place("read -r -p 'first: ' a\necho \"$a\" >said");
    let mut pty = open(&place);
    begin(&mut pty);
    pty.wait_until("the question", |p| p.screen().contains("first: "));
    pty.send("\u{1a}");
    back(&mut pty);
    pty.wait_until("that it stands still", |p| p.screen().contains("stands still"));
    settle(&mut pty);
    pty.send("r");
    pty.wait_until("the way back", |p| p.screen().contains("give it the terminal again"));
    settle(&mut pty);
    pty.send("\r");
    pty.wait_until("the terminal left", |p| !p.vt.screen().alternate_screen());
    pty.send("word\r");
    eventually("the word", || place.file("said") == "word\n");
    back(&mut pty);
    assert_eq!(end_of(&place)["exit"], 0);
    quit(pty);
}

#[test]
fn a_command_that_stands_still_is_stopped_by_a_key() {
    let place = place("exec -a still-here sleep 300");
    let mut pty = open(&place);
    begin(&mut pty);
    eventually("the command", || living("still-here") == 1);
    pty.send("\u{1a}");
    back(&mut pty);
    pty.wait_until("that it stands still", |p| p.screen().contains("stands still"));
    settle(&mut pty);
    pty.send("r");
    settle(&mut pty);
    pty.send("K");
    let end = end_of(&place);
    assert!(end["why"].as_str().unwrap().contains("stopped"), "{end}");
    eventually("its death", || living("still-here") == 0);
    settle(&mut pty);
    pty.send("\u{1b}");
    quit(pty);
}

/// The terminal vanishes, or the war room is killed: what had the terminal does not stay behind.
#[test]
fn it_does_not_outlive_its_terminal_or_its_war_room() {
    for killed in [false, true] {
        let place = place("trap '' HUP\nexec -a lent-alone sleep 300");
        let mut pty = open(&place);
        begin(&mut pty);
        eventually("the command", || living("lent-alone") == 1);
        if killed {
            let pid = warroom_under(pty.pid()).unwrap();
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), Signal::SIGKILL).unwrap();
        } else {
            pty.hang_up();
        }
        let took = eventually("its end", || living("lent-alone") == 0);
        assert!(took < Duration::from_secs(6), "{took:?}");
        drop(pty);
        let watch = place.start("ic");
        super::until(&watch, "command-ended", 1);
        let end = end_of(&place);
        assert_ne!(end["verdict"], "pass", "{end}");
    }
}

/// SIGTERM to the war room while somebody else has the terminal: it is given back as it was found.
#[test]
fn a_signal_meanwhile_gives_the_terminal_back_as_it_was_found() {
    let place = place("stty raw -echo\nexec -a lent-term sleep 300");
    let mut pty = open(&place);
    begin(&mut pty);
    eventually("the command", || living("lent-term") == 1);
    pty.signal(Signal::SIGTERM);
    assert_eq!(pty.wait_exit(), 143);
    assert!(pty.modes_restored());
    eventually("its end", || living("lent-term") == 0);
}

#[test]
fn without_a_terminal_it_does_not_run_and_says_so() {
    let place = place("read -r word");
    let step = place.steps().remove(0);
    let watch = place.start("ic");
    let mut client = watch.client();
    let would = would_run(&mut client, &step);
    let why = would["blocked"][0].as_str().unwrap();
    assert!(why.contains("no terminal here to hand over"), "{why}");
    let intent = json!({ "kind": "run", "step": step, "hash": would["hash"], "word": would["word"] });
    let answer = client.ask(1, "ic", &intent).unwrap();
    assert_eq!(answer["answer"], "refused", "{answer}");
}
