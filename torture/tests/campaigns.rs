//! What the program says of itself, and what docs/torture.md says of it.
#![expect(clippy::expect_used, reason = "a test that cannot look at the program has failed")]

use std::process::Command;

fn torture(arguments: &[&str]) -> (bool, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_torture")).args(arguments).output().expect("it runs");
    let printed = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8(printed).expect("UTF-8"))
}

#[test]
fn every_campaign_has_its_row_in_the_document() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/torture.md");
    let document = std::fs::read_to_string(document).expect("docs/torture.md");
    let (good, help) = torture(&["--help"]);
    assert!(good);
    let names: Vec<&str> =
        help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(names.len() >= 9, "{names:?}");
    for name in names {
        assert!(document.contains(&format!("| `{name}` |")), "no row of {name}");
    }
}

#[test]
fn what_it_does_not_know_is_refused() {
    let known = ["--vtpa", "/bin/true", "--folder", "/nowhere"];
    for (wrong, said) in
        [("no-such-campaign", "no campaign no-such-campaign"), ("--lang", "no such option: --lang")]
    {
        let (good, printed) = torture(&[&known[..], &[wrong]].concat());
        assert!(!good);
        assert!(printed.contains(said), "{printed}");
    }
}
