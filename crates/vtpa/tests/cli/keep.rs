//! Backup and restore, retention, a person's rights: by the built binary, beside a running server.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::{FINESS, House};
use crate::vtpa::vtpa_in;

/// What marks the person of `testkit::dossiers::creation`.
const NAME: &str = "Chastaing";

/// A house with a key of backups and more lines at its configuration's end.
fn house(more: &str) -> House {
    let house = House::new();
    vtpa_in(house.path(), ["backup", "key", "sauvegarde.cle"]).status(0);
    configure(&house, more);
    house
}

fn configure(house: &House, more: &str) {
    let file = house.path().join("vtpa.toml");
    let toml = fs::read_to_string(&file).unwrap();
    let begin = toml.split("[backup]").next().unwrap();
    fs::write(file, format!("{begin}[backup]\nkey = \"sauvegarde.cle\"\n{more}")).unwrap();
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

/// Whether the database's files, the log included, hold `text`.
fn in_files(house: &House, text: &str) -> bool {
    ["vtpa.db", "vtpa.db-wal", "vtpa.db-shm"].into_iter().any(|file| {
        let content = fs::read(house.path().join(file)).unwrap_or_default();
        content.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

fn erasures(house: &House) -> Vec<(String, String)> {
    let list = house.operator(&["dossier", "erasures", "--json"]).status(0).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = list["erasures"].as_array().unwrap();
    all.iter().map(|one| (text(&one["IdDossier"]), text(&one["reason"]))).collect()
}

/// Waits for what a server does by itself.
fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: it does not happen");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_backup_made_under_load_restores_to_a_database_that_serves_every_answer_given_before_it() {
    let house = house("");
    let mut server = house.serve();
    let before: Vec<String> = (0..4).map(|number| server.create(&format!("avant-{number}"))).collect();
    let stop = AtomicBool::new(false);
    let (made, verified) = std::thread::scope(|scope| {
        let (server, stop) = (&server, &stop);
        let load: Vec<_> = (0..2)
            .map(|writer| {
                scope.spawn(move || {
                    let mut count = 0_u64;
                    while !stop.load(Ordering::Relaxed) {
                        server.create(&format!("pendant-{writer}-{count}"));
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let made = house.operator(&["backup", "a.vtpa", "--json"]).status(0).json();
        let verified = house.operator(&["backup", "verify", "a.vtpa", "--json"]).status(0).json();
        stop.store(true, Ordering::Relaxed);
        assert!(load.into_iter().map(|one| one.join().unwrap()).sum::<u64>() > 0, "there was no load");
        (made, verified)
    });
    assert_eq!(mode(&house.path().join("a.vtpa")), 0o600);
    assert_eq!((&verified["sound"], &verified["key"]), (&Value::Bool(true), &made["key"]));
    assert!(verified["dossiers"].as_u64().unwrap() >= 4, "{verified}");

    house.operator(&["backup", "a.vtpa"]).status(1).says("a.vtpa exists: --force replaces it");
    house.operator(&["restore", "a.vtpa", "--force"]).status(1).says("serves");
    assert_eq!(server.end_by("TERM"), Some(0));
    house.operator(&["restore", "a.vtpa"]).status(1).says("--force puts it aside");

    for file in ["vtpa.db", "vtpa.db-wal", "vtpa.db-shm", "vtpa.db.lock"] {
        let _ = fs::remove_file(house.path().join(file));
    }
    let restored = house.operator(&["restore", "a.vtpa", "--json"]).status(0).json();
    assert_eq!(restored["dossiers"], verified["dossiers"]);
    assert_eq!(mode(&house.path().join("vtpa.db")), 0o600);
    let mut server = house.serve();
    for (number, id) in before.iter().enumerate() {
        let dossier = server.consult(id, &format!("avant-{number}"));
        assert!(dossier.to_string().contains(NAME), "{dossier}");
    }
    assert_eq!(server.end_by("TERM"), Some(0));
}

#[test]
fn a_backup_that_was_cut_changed_or_made_by_another_key_is_told_as_such() {
    let house = house("");
    house.operator(&["backup", "a.vtpa"]).status(0);
    vtpa_in(house.path(), ["backup", "key", "autre.cle"]).status(0);
    assert_eq!(mode(&house.path().join("autre.cle")), 0o600);
    let good = fs::read(house.path().join("a.vtpa")).unwrap();
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    house.write("cut.vtpa", &good[..good.len() - 1]);
    house.write("changed.vtpa", changed);
    house.write("none.vtpa", "SQLite format 3");
    for (file, key, says) in [
        ("cut.vtpa", "sauvegarde.cle", "it was cut"),
        ("changed.vtpa", "sauvegarde.cle", "does not authenticate"),
        ("none.vtpa", "sauvegarde.cle", "none.vtpa is no backup"),
        ("a.vtpa", "autre.cle", "was made with the key"),
        ("a.vtpa", "nowhere.cle", "vtpa backup key FILE"),
    ] {
        vtpa_in(house.path(), ["backup", "verify", file, "--key-file", key]).status(1).says(says);
        let arguments = ["restore", file, "--database", "sqlite:new.db", "--key-file", key];
        vtpa_in(house.path(), arguments).status(1).says(says);
        assert!(!house.path().join("new.db").exists(), "{file}");
    }
    // nor is the key of the database one of backups
    vtpa_in(house.path(), ["key", "new", "vtpa.cle"]).status(0);
    configure(&house, "[at_rest]\nkey = \"vtpa.cle\"\n");
    let refused = house.operator(&["backup", "b.vtpa", "--key-file", "vtpa.cle"]).status(1);
    refused.says("is a key of the database itself");
    assert!(!house.path().join("b.vtpa").exists());
    vtpa_in(house.path(), ["backup", "verify", "a.vtpa"]).status(2).says("--config");
}

#[test]
fn who_was_erased_is_nowhere_in_the_files_and_does_not_come_back_by_a_restore() {
    let house = house("");
    let mut server = house.serve();
    let gone = server.create("partie");
    house
        .operator(&[
            "demande",
            "add",
            &gone,
            "--finess",
            FINESS,
            "--hebergement",
            "Permanent",
            "--urgence",
            "SixMois",
        ])
        .status(0);
    house.operator(&["backup", "a.vtpa"]).status(0);

    let export = house.operator(&["dossier", "export", &gone]).status(0).json();
    assert_eq!(export["content"]["IdDossier"], gone.as_str());
    assert_eq!(export["content"]["demandes"].as_array().unwrap().len(), 1);
    assert!(export["content"]["Demandeur"].to_string().contains(NAME), "{export}");
    assert!(export["around"]["trace"].to_string().contains("CreerDossierPA"), "who saw it: {export}");
    house.operator(&["dossier", "export", &gone, "--output", "export.json"]).status(0);
    assert_eq!(mode(&house.path().join("export.json")), 0o600);

    house.operator(&["dossier", "erase", &gone, "--reason", "request"]).status(2).says("--yes");
    house.operator(&["dossier", "hold", &gone, "--reason", "RG 26/01234"]).status(0);
    let erase = ["dossier", "erase", &gone, "--reason", "request", "--yes"];
    house.operator(&erase).status(1).says("legal hold");
    let shown = house.operator(&["dossier", "show", &gone]).status(0).out;
    assert!(shown.contains("last contact") && shown.contains("RG 26/01234"), "{shown}");
    house.operator(&["dossier", "unhold", &gone]).status(0);
    assert!(in_files(&house, NAME), "the test looks where it is");
    house.operator(&erase).status(0);
    assert!(!in_files(&house, NAME), "while the server runs");
    house.operator(&erase).status(1).says(&gone);
    assert_eq!(erasures(&house), [(gone.clone(), "request".to_owned())]);
    // the server goes on, and a new dossier of the same person is another one
    let again = server.create("revenue");
    assert_eq!(server.end_by("TERM"), Some(0));

    let restored = house.operator(&["restore", "a.vtpa", "--force", "--json"]).status(0).json();
    assert_eq!((&restored["erasedAgain"], &restored["dossiers"]), (&Value::from(1), &Value::from(0)));
    assert!(!in_files(&house, NAME));
    assert_eq!(erasures(&house).len(), 1);
    house.operator(&["dossier", "export", &again]).status(1).says("no such dossier");
}

#[test]
fn a_server_archives_and_erases_by_itself_what_purge_tells_before() {
    // in the archive for no day at all
    let house = house("[retention]\nerase_after_days = 0\n");
    let mut server = house.serve();
    let [over, held, active] = ["finie", "gardée", "active"].map(|id_local| server.create(id_local));
    assert_eq!(server.end_by("TERM"), Some(0));
    for id in [&over, &held] {
        house.operator(&["dossier", "archive", id]).status(0);
    }
    house.operator(&["dossier", "archive", &over]).status(1);
    house.operator(&["dossier", "hold", &held, "--reason", "RG 26/01234"]).status(0);
    let told = house.operator(&["purge", "--dry-run", "--json"]).status(0).json();
    assert_eq!((&told["erase"], &told["held"], &told["archive"]), (&1.into(), &1.into(), &0.into()));
    assert!(erasures(&house).is_empty(), "a dry run changes nothing");
    let text = house.operator(&["purge", "--dry-run"]).status(0).out;
    assert!(text.contains(&format!("erase    {over}")) && text.contains("kept by legal hold"), "{text}");
    // what was last done today counts for a server, not for an operator
    let mut server = house.serve();
    wait_until("retention", || erasures(&house) == [(over.clone(), "retention".to_owned())]);
    assert!(server.consult(&active, "active").to_string().contains(NAME));
    let closed = server.call(&testkit::pki::pki().partner, &["consulter", &format!("{held}:gardée")]);
    assert!(closed.out.contains("\"460\"") || closed.err.contains("460"), "{closed:?}");
    house.operator(&["dossier", "unhold", &held]).status(0);
    house.operator(&["dossier", "reactivate", &held]).status(0);
    assert!(server.consult(&held, "gardée").to_string().contains(NAME), "open again");
    house.operator(&["dossier", "archive", &held]).status(0);
    let done = house.operator(&["purge", "--json"]).status(0).json();
    assert_eq!((&done["erased"], &done["archived"]), (&1.into(), &0.into()));
    assert_eq!(server.end_by("TERM"), Some(0));
}

#[test]
fn wrong_delays_are_told_at_the_start() {
    for (toml, says) in [
        ("[retention]\narchive_after_days = 0\n", "retention takes days from 1"),
        ("[retention.states.ENVOYE]\nerase_after_days = 3\n", "knows no state \"ENVOYE\""),
        ("[retention]\narchive_after_day = 3\n", "did you mean \"retention.archive_after_days\"?"),
    ] {
        let house = house(toml);
        house.operator(&["purge", "--dry-run"]).status(1).says(says);
    }
    let house = house("");
    vtpa_in(house.path(), ["purge", "--database", "sqlite:vtpa.db"]).status(2).says("--config FILE");
}

#[test]
fn a_backup_of_an_encrypted_database_needs_both_keys_and_names_them() {
    let house = house("");
    let id = vtpa_in(house.path(), ["key", "new", "vtpa.cle"]).status(0).out;
    let id = id.lines().next().unwrap().to_owned();
    configure(&house, "[at_rest]\nkey = \"vtpa.cle\"\n");
    let mut server = house.serve();
    let dossier = server.create("moi");
    let made = house.operator(&["backup", "a.vtpa", "--json"]).status(0).json();
    assert_eq!(made["database_keys"], serde_json::json!([id]));
    assert_eq!(server.end_by("TERM"), Some(0));
    let restored = house.operator(&["restore", "a.vtpa", "--force"]).status(0).out;
    assert!(restored.contains(&id), "{restored}");
    assert!(!in_files(&house, NAME), "encrypted as before");
    configure(&house, "");
    house.operator(&["dossier", "show", &dossier]).status(1).says(&id);
    configure(&house, "[at_rest]\nkey = \"vtpa.cle\"\n");
    let mut server = house.serve();
    assert!(server.consult(&dossier, "moi").to_string().contains(NAME));
    assert_eq!(server.end_by("TERM"), Some(0));
}

/// PostgreSQL, by the very lines of docs/sauvegarde.md.
#[test]
fn postgresql_comes_back_from_pg_dump_by_the_lines_of_the_documentation() {
    let documentation = fs::read_to_string("../../docs/sauvegarde.md").unwrap();
    let line = |start: &str| documentation.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    let (lost, back) = (testkit::postgres::Place::new(), testkit::postgres::Place::new());
    let house = house("");
    let at = |place: &testkit::postgres::Place| {
        let file = house.path().join("vtpa.toml");
        let toml = fs::read_to_string(&file).unwrap();
        let lines = toml.lines().map(|line| match line.starts_with("url = ") {
            true => format!("url = \"{}\"\n", place.url()),
            false => format!("{line}\n"),
        });
        fs::write(file, lines.collect::<String>()).unwrap();
    };
    at(&lost);
    // a database that is not there yet is made by the server
    drop(house.serve());
    house.operator(&["partner", "add", "portail", "--cert", "partner.pem"]).status(0);
    let mut server = house.serve();
    let (gone, stays) = (server.create("partie"), server.create("reste"));
    lost.shell(house.path(), &line("pg_dump "));
    house.operator(&["dossier", "erase", &gone, "--reason", "request", "--yes"]).status(0);
    assert_eq!(server.end_by("TERM"), Some(0));
    assert_eq!(lost.count("SELECT count(*) FROM dossier"), 1);
    let list = house.operator(&["dossier", "erasures", "--json"]).status(0).out;
    house.write("effacements.json", list);

    back.shell(house.path(), &line("pg_restore "));
    at(&back);
    assert_eq!(back.count("SELECT count(*) FROM dossier"), 2, "as it was then");
    let after = line("vtpa restore --after-pg-restore");
    let arguments: Vec<&str> = after.split(' ').skip(1).collect();
    let done = vtpa_in(house.path(), &arguments).status(0);
    assert!(done.out.contains("1 dossiers erased again"), "{}", done.out);
    vtpa_in(house.path(), ["restore", "--after-pg-restore", "--config", "vtpa.toml"])
        .status(2)
        .says("--erasures");
    assert_eq!(erasures(&house), [(gone, "request".to_owned())]);
    let mut server = house.serve();
    assert!(server.consult(&stays, "reste").to_string().contains(NAME));
    assert_eq!(
        back.count("SELECT count(*) FROM trace WHERE action = 'restauration' AND acteur = 'operateur'"),
        1
    );
    assert_eq!(server.end_by("TERM"), Some(0));
    house.operator(&["backup", "a.vtpa"]).status(1).says("pg_dump");
}
