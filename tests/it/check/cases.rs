//! For each rule what it finds, and what looks like it and is right.

use super::{brief, found};

/// Fences: what is found, by code and line of the fence's content (from 1), in a `bash` fence.
const COMMANDS: &[(&str, &[&str])] = &[
    // WR041
    ("test -n \"$A\" && echo ok || echo bad", &["WR041:1"]),
    ("./check.sh || echo \"check failed\"\nls", &["WR041:1"]),
    ("curl -fsS http://a/health || true", &["WR041:1"]),
    ("comm -3 a.txt b.txt", &["WR041:1"]),
    ("./check.sh || { echo bad; exit 1; }", &[]),
    ("./check.sh || (echo bad && exit 1)", &[]),
    ("test -f a && ./deploy.sh", &[]),
    ("docker rm -f old || true", &[]),
    ("rm stale.lock || echo \"nothing to remove\"", &[]),
    ("test -z \"$(comm -3 a b)\"", &[]),
    ("if ! grep -q x y || true; then exit 1; fi", &[]),
    // WR042
    ("curl http://a/health", &["WR042:1"]),
    ("ls\ncurl -s \\\n  http://a/health\ncurl -I http://b/", &["WR042:2"]),
    ("curl -X POST http://a/flags -d '{\"a\": 1}'", &["WR042:1"]),
    ("curl -s http://a/metrics | head -20", &["WR042:1"]),
    ("curl -o file http://a/f.tgz", &["WR042:1"]),
    ("curl -f http://a/health", &[]),
    ("curl -fsSL http://a/health", &[]),
    ("curl -sSf http://a/ | jq .status", &[]),
    ("curl --fail-with-body http://a/health", &[]),
    ("curl -s http://a/health | grep -q healthy", &[]),
    ("curl -s http://a/health | jq -e '.ok'", &[]),
    ("test \"$(curl -s -o /dev/null -w '%{http_code}' http://a/)\" = 200", &[]),
    ("curl --version", &[]),
    ("# curl http://a/health\necho \"curl http://a\"", &[]),
    ("cat <<EOF\ncurl http://a/\nEOF", &[]),
    // WR043
    ("git revert abc123", &["WR043:1"]),
    ("git rebase -i main", &["WR043:1"]),
    ("git commit -a", &["WR043:1"]),
    ("kubectl edit deployment/api", &["WR043:1"]),
    ("kubectl exec -it api-0 -- bash", &["WR043:1"]),
    ("crontab -e", &["WR043:1"]),
    ("read -p 'Sure? ' ANSWER", &["WR043:1"]),
    ("sudo vim /etc/hosts", &["WR043:1"]),
    ("psql -h db -U app shop", &["WR043:1"]),
    ("terraform apply", &["WR043:1"]),
    ("sudo apt-get install nginx", &["WR043:1"]),
    ("docker exec -it db psql -c 'select 1'", &["WR043:1"]),
    ("git revert --no-edit abc123\ngit revert -n abc123", &[]),
    ("git commit -am 'Release 1.2'\ngit commit -m x", &[]),
    ("git tag -s v1\ngit tag v1", &[]),
    ("kubectl get pods\nkubectl exec api-0 -- ls", &[]),
    ("crontab -l\ncrontab jobs.txt", &[]),
    ("cat hosts | while read host; do ping -c1 $host; done", &[]),
    ("while read -r host; do ping -c1 $host; done < hosts.txt", &[]),
    ("psql -h db -c 'select 1'\npsql -f a.sql\npsql shop < a.sql\necho 'select 1' | psql shop", &[]),
    ("terraform apply plan.out\nterraform apply -auto-approve", &[]),
    ("apt-get update\nsudo apt-get install -y nginx", &[]),
    ("docker exec db psql -c 'select 1'\ndocker run -t --rm x", &[]),
    ("docker build -t app:1 .", &[]),
    ("mysql -e 'select 1'\nmysql shop < dump.sql", &[]),
    // WR044
    ("git revert --no-edit -m 1 HEAD", &["WR044:1"]),
    ("git revert --no-edit -m 1 $(git rev-parse HEAD)", &["WR044:1"]),
    ("git revert --no-edit -m 1 4f2a91c", &[]),
    ("git revert --no-edit HEAD", &[]),
    // WR045, WR068
    (
        "E=$(curl -fs a/metrics | grep http_errors_total | awk '{print $2}')\nif [ \"$E\" -gt 100 ]; then exit 1; fi",
        &["WR045:1"],
    ),
    ("A=$(./get http_errors_total)\nsleep 60\nA=$(./get http_errors_total)\n[ $A -gt 3 ]", &[]),
    ("E=$(curl -fs a/metrics | grep http_errors_total | awk '{print $2}')\necho $E", &[]),
    ("Q=$(promql 'rate(http_errors_total[5m])')\n[ $Q -gt 3 ]", &[]),
    // WR046
    ("curl -f http://a/ || alert \"down\"", &["WR046:1"]),
    ("die() { echo \"$1\"; exit 1; }\n./x || die no", &[]),
    ("source lib.sh\n./x || die no", &[]),
    ("kubectl logs alert", &[]),
    // WR047
    ("./deploy.sh | tee deploy.log", &["WR047:1"]),
    ("pg_dump shop | gzip > shop.gz", &["WR047:1"]),
    ("set -o pipefail\n./deploy.sh | tee deploy.log", &[]),
    ("kubectl get pods | grep Running\nkubectl logs api | tail -20\njournalctl -u api | head", &[]),
    // WR048
    ("# Stop the old service\ndocker compose up -d", &["WR048:2"]),
    ("# Step 2: Enable the flag\ncurl -f -X POST a -d '{\"enabled\": false}'", &["WR048:2"]),
    ("# Stop the old service\ndocker compose stop old", &[]),
    ("# Stop and start the service\nsystemctl restart api", &[]),
    ("# Stop traffic\nkubectl scale deploy/api --replicas=0", &[]),
    ("# Disable the flag\ncurl -f -X POST a -d '{\"enabled\": false}'", &[]),
];

#[test]
fn commands_are_judged_as_a_shell_runs_them() {
    let mut wrong = Vec::new();
    for (script, expected) in COMMANDS {
        let text = format!("## Rollback\n\n```bash\n{script}\n```\n");
        let expected: Vec<String> = expected
            .iter()
            .map(|e| {
                let (code, line) = e.split_once(':').unwrap();
                format!("{code}:{}", line.parse::<u32>().unwrap() + 3)
            })
            .collect();
        let found = brief(&found(&text));
        if found != expected {
            wrong.push(format!("{script}\n  found {found:?}, expected {expected:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn a_command_in_inline_code_that_is_the_whole_of_a_step_is_judged_like_a_fence() {
    for (step, wanted) in [
        ("1. `curl https://api.example.com/health`", "WR042:3"),
        ("- [ ] Run `curl https://api.example.com/health`.", "WR042:3"),
        ("1. Run the command:\n   `git revert 4f2a91c`", "WR043:4"),
        ("- [ ] **Run:** `pg_isready -h db || echo down`", "WR041:3"),
    ] {
        assert_eq!(brief(&found(&format!("# X\n\n{step}\n"))), [wanted], "{step}");
    }
    for silent in [
        "- [ ] Look at `curl https://api.example.com/health` and decide",
        "- [ ] `curl -fsS https://api.example.com/health`",
        "1. Run `kubectl rollout restart deploy/api`",
        "1. `curl`",
        "- [ ] `vim` is installed",
        "Run `curl https://api.example.com/health`",
    ] {
        assert_eq!(brief(&found(&format!("# X\n\n{silent}\n"))), Vec::<String>::new(), "{silent}");
    }
}
