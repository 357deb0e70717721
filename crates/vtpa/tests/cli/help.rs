//! `--help` of every command: it teaches, with examples, and changes only on purpose.

use crate::vtpa::vtpa;

const COMMANDS: [&[&str]; 67] = [
    &[],
    &["demo"],
    &["serve"],
    &["partner"],
    &["partner", "add"],
    &["partner", "set"],
    &["partner", "list"],
    &["partner", "suspend"],
    &["partner", "resume"],
    &["partner", "remove"],
    &["dossier"],
    &["dossier", "show"],
    &["dossier", "volet"],
    &["dossier", "cancel"],
    &["dossier", "export"],
    &["dossier", "erase"],
    &["dossier", "erasures"],
    &["dossier", "hold"],
    &["dossier", "unhold"],
    &["dossier", "archive"],
    &["dossier", "reactivate"],
    &["demande"],
    &["demande", "add"],
    &["demande", "status"],
    &["etablissement"],
    &["etablissement", "list"],
    &["etablissement", "search"],
    &["etablissement", "add"],
    &["etablissement", "account"],
    &["etablissement", "account", "add"],
    &["etablissement", "account", "list"],
    &["etablissement", "account", "reset"],
    &["etablissement", "account", "disable"],
    &["etablissement", "account", "enable"],
    &["etablissement", "account", "link"],
    &["etablissement", "account", "unlink"],
    &["etablissement", "account", "sessions"],
    &["etablissement", "account", "revoke"],
    &["finess"],
    &["finess", "import"],
    &["nos"],
    &["nos", "import"],
    &["nos", "list"],
    &["key"],
    &["key", "new"],
    &["key", "rotate"],
    &["key", "status"],
    &["audit"],
    &["audit", "verify"],
    &["audit", "export"],
    &["backup"],
    &["backup", "key"],
    &["backup", "verify"],
    &["restore"],
    &["purge"],
    &["config"],
    &["config", "check"],
    &["config", "template"],
    &["config", "show"],
    &["cert"],
    &["cert", "check"],
    &["call"],
    &["call", "creer"],
    &["call", "consulter"],
    &["call", "jeton"],
    &["inspect"],
    &["explain"],
];

#[test]
fn every_command_explains_itself_with_an_example() {
    for command in COMMANDS {
        let ended = vtpa(command.iter().chain(&["--help"])).status(0);
        let name = if command.is_empty() { "vtpa".to_owned() } else { format!("vtpa-{}", command.join("-")) };
        assert!(ended.out.contains("Example") || command.is_empty(), "{name}: no example");
        assert!(
            ended.out.lines().all(|line| line.starts_with("Usage:") || line.chars().count() <= 100),
            "{name}: a line is too long"
        );
        insta::assert_snapshot!(name, ended.out);
    }
}

/// The list above is the list of commands: one that is added without its place here fails the test.
#[test]
fn the_list_of_commands_is_complete() {
    for parent in COMMANDS {
        let help = vtpa(parent.iter().chain(&["--help"])).status(0).out;
        let Some(list) = help.split("Commands:\n").nth(1) else { continue };
        let names = list.lines().take_while(|line| !line.is_empty()).filter_map(|line| {
            // A name stands two columns in; the lines that carry on an explanation stand further in.
            let line = line.strip_prefix("  ")?;
            (!line.starts_with(' ')).then(|| line.split(' ').next()).flatten()
        });
        for name in names.filter(|name| *name != "help") {
            let command = [parent, &[name]].concat();
            assert!(COMMANDS.contains(&command.as_slice()), "vtpa {command:?} has no help test");
        }
    }
}

#[test]
fn wrong_usage_ends_with_status_2_and_the_way_to_help() {
    for arguments in [
        &["frobnicate"][..],
        &[],
        &["partner", "add", "--config", "x"],
        &["partner", "list"],
        &["cert", "check"],
        &["demo", "--listen", "nowhere"],
        &["call", "jeton"],
        &["dossier", "volet", "1", "--config", "x"],
    ] {
        let ended = vtpa(arguments).status(2);
        assert!(ended.err.contains("--help") || ended.err.contains("Usage"), "{arguments:?}: {}", ended.err);
    }
}
