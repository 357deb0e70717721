//! `vtpa key`, `[at_rest]` and `[donnees]`: what is personal is encrypted, and keys change while the server runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use testkit::pki::pki;

use crate::house::{FINESS, House};
use crate::vtpa::{Ended, command, vtpa_in};

/// Name, mail, NumSecu and telephone of the dossiers of these tests, and a remark.
fn marked() -> Vec<String> {
    let creation = testkit::dossiers::creation("moi").to_string();
    let marked = ["Chastaing", "237050105300141", "Hospitalisation"];
    assert!(creation.contains(marked[0]) && creation.contains(marked[1]), "{creation}");
    marked.map(str::to_owned).to_vec()
}

/// Whether the database's files, the log included, hold `text`.
fn in_file(directory: &Path, text: &str) -> bool {
    let holds = |file: &str| {
        let content = fs::read(directory.join(file)).unwrap_or_default();
        content.windows(text.len()).any(|window| window == text.as_bytes())
    };
    ["vtpa.db", "vtpa.db-wal", "vtpa.db-shm"].into_iter().any(holds)
}

/// The house's configuration with more lines at its end.
fn configure(house: &House, more: &str) {
    let file = house.path().join("vtpa.toml");
    let toml = fs::read_to_string(&file).unwrap();
    let begin = toml.split("[at_rest]").next().unwrap();
    fs::write(file, format!("{begin}{more}")).unwrap();
}

fn new_key(house: &House, file: &str) -> String {
    let made = vtpa_in(house.path(), ["key", "new", file]).status(0).out;
    made.lines().next().unwrap().to_owned()
}

fn status(house: &House) -> serde_json::Value {
    house.operator(&["key", "status", "--json"]).status(0).json()
}

/// `vtpa serve` that is expected to end by itself.
fn refused(house: &House, environment: &[(&str, &str)]) -> Ended {
    let output = command()
        .current_dir(house.path())
        .args(["serve", "--config", "vtpa.toml", "--listen", "127.0.0.1:0"])
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn a_new_key_is_its_owners_alone_and_never_takes_the_place_of_another() {
    let house = House::new();
    let id = new_key(&house, "vtpa.cle");
    let file = house.path().join("vtpa.cle");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let content = fs::read_to_string(&file).unwrap();
    assert!(id.len() == 16 && content.contains(&id), "the file says its id: {id}");
    vtpa_in(house.path(), ["key", "new", "vtpa.cle"]).status(1).says("vtpa.cle");
    assert_eq!(fs::read_to_string(&file).unwrap(), content);
    assert_ne!(new_key(&house, "other.cle"), id);
}

#[test]
fn keys_change_while_the_server_runs_and_the_old_one_may_go() {
    let house = House::new();
    let old = new_key(&house, "vtpa.cle");
    configure(&house, "[at_rest]\nkey = \"vtpa.cle\"\n");
    let mut server = house.serve();
    let dossier = server.create("moi");
    let demande = house.operator(&[
        "demande",
        "add",
        &dossier,
        "--finess",
        FINESS,
        "--hebergement",
        "Permanent",
        "--urgence",
        "SixMois",
    ]);
    let demande = demande.status(0).out.trim().to_owned();
    for (statut, remarque) in [("ENVOYEE", None), ("RECUE", None), ("LISTE_ATTENTE", Some("Hospitalisation"))]
    {
        let remarque: Vec<_> =
            remarque.map(|remarque| ["--remarque", remarque]).into_iter().flatten().collect();
        house.operator(&[&["demande", "status", &demande, statut], &remarque[..]].concat()).status(0);
    }
    for text in marked() {
        assert!(!in_file(house.path(), &text), "{text}");
    }
    let before = status(&house);
    assert_eq!((&before["writes"], &before["needed"][0]), (&old.clone().into(), &old.clone().into()));

    let new = new_key(&house, "new.cle");
    configure(&house, "[at_rest]\nkey = \"new.cle\"\nprevious = [\"vtpa.cle\"]\n");
    let waiting = house.operator(&["key", "status"]).status(0).out;
    assert!(
        waiting.contains("values wait for `vtpa key rotate`") || status(&house)["writes"] == *old,
        "{waiting}"
    );
    let rotated = house.operator(&["key", "rotate"]).status(0);
    assert!(rotated.out.contains(&format!("All are under key {new}")), "{}", rotated.out);
    assert!(rotated.err.contains("dossier.demandeur: 1 of 1"), "{}", rotated.err);
    let answer = server.consult(&dossier, "moi");
    assert!(answer.to_string().contains("Chastaing"), "the server found the new key: {answer}");
    let second = server.create("toi");
    let after = status(&house);
    assert_eq!((&after["writes"], &after["needed"]), (&new.clone().into(), &serde_json::json!([new])));
    assert_eq!(server.end_by("TERM"), Some(0));

    configure(&house, "[at_rest]\nkey = \"new.cle\"\n");
    fs::remove_file(house.path().join("vtpa.cle")).unwrap();
    let mut server = house.serve();
    for (dossier, id_local) in [(&dossier, "moi"), (&second, "toi")] {
        assert!(server.consult(dossier, id_local).to_string().contains("Chastaing"));
    }
    assert_eq!(server.end_by("TERM"), Some(0));
}

#[test]
fn a_server_does_not_start_with_a_key_that_is_not_the_databases() {
    let house = House::new();
    let old = new_key(&house, "vtpa.cle");
    let other = new_key(&house, "other.cle");
    configure(&house, "[at_rest]\nkey = \"vtpa.cle\"\n");
    let mut server = house.serve();
    server.create("moi");
    assert_eq!(server.end_by("TERM"), Some(0));
    fs::write(house.path().join("broken.cle"), "not a key\n").unwrap();
    let needs = format!("the database is encrypted by key {old}");
    for (section, problem) in [
        ("[at_rest]\nkey = \"other.cle\"\n", format!("{needs}, and at hand is key {other}")),
        ("", format!("{needs}, and at hand is no key")),
        ("[at_rest]\nkey = \"absent.cle\"\n", "absent.cle: is not there".to_owned()),
        ("[at_rest]\nkey = \"broken.cle\"\n", "broken.cle: holds no key".to_owned()),
    ] {
        configure(&house, section);
        refused(&house, &[]).status(1).says(&problem);
    }
    configure(&house, "[at_rest]\nkey = \"other.cle\"\n");
    let told = house.operator(&["key", "status"]).status(1).out;
    assert!(told.contains(&format!("MISSING     {old}")), "{told}");

    // Back, by the environment.
    let line = fs::read_to_string(house.path().join("vtpa.cle")).unwrap();
    let line = line.lines().find(|line| !line.starts_with('#')).unwrap().to_owned();
    configure(&house, "");
    let shown = command()
        .current_dir(house.path())
        .args(["key", "rotate", "--config", "vtpa.toml"])
        .env("VTPA_AT_REST__KEY_VALUE", &line)
        .output()
        .unwrap();
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    refused(&house, &[("VTPA_AT_REST__KEY_VALUE", "c2hvcnQ=")])
        .status(1)
        .says("at_rest.key_value: is no key");
}

#[test]
fn a_service_that_others_reach_does_not_start_plain_unless_that_is_meant() {
    let house = House::new();
    let toml = fs::read_to_string(house.path().join("vtpa.toml")).unwrap();
    let public = |more: &str| {
        let toml =
            toml.replace("sandbox = true\n", "").replace("https://localhost:8443", "https://pa.exemple.fr");
        house.write("vtpa.toml", format!("{toml}{more}"));
    };
    public("");
    refused(&house, &[])
        .status(1)
        .says("at_rest.key is required for a service that others reach")
        .says("vtpa key new");
    public("[at_rest]\nplain = true\nkey = \"vtpa.cle\"\n");
    refused(&house, &[]).status(1).says("at_rest.plain = true and a key exclude each other");
    public("[at_rest]\nplain = true\n");
    assert_eq!(house.serve().end_by("TERM"), Some(0));
    new_key(&house, "vtpa.cle");
    public("[at_rest]\nkey = \"vtpa.cle\"\n");
    assert_eq!(house.serve().end_by("TERM"), Some(0));
}

#[test]
fn what_was_plain_is_gone_from_the_file_after_the_rotation_beside_a_running_server() {
    let house = House::new();
    let mut server = house.serve();
    let dossier = server.create("moi");
    assert!(in_file(house.path(), "Chastaing"), "no key: plain, and this test can see it");
    new_key(&house, "vtpa.cle");
    configure(&house, "[at_rest]\nkey = \"vtpa.cle\"\n");
    let rotated = house.operator(&["key", "rotate"]).status(0).out;
    assert!(
        rotated.contains("Nothing of what was stored before is left in the database's file"),
        "{rotated}"
    );
    assert!(server.consult(&dossier, "moi").to_string().contains("Chastaing"), "the same server reads it");
    server.create("toi");
    for text in ["Chastaing", "237050105300141"] {
        assert!(!in_file(house.path(), text), "{text}");
    }
    assert_eq!(server.end_by("TERM"), Some(0));
}

#[test]
fn a_num_secu_that_is_verified_is_checked_and_nowhere_to_be_found() {
    let house = House::new();
    configure(&house, "[donnees]\nnir = \"verify\"\n");
    let mut server = house.serve();
    let mut wrong = testkit::dossiers::creation("moi");
    wrong["Demandeur"]["NumSecu"] = "237050105300142".into();
    house.write("wrong.json", wrong.to_string());
    let answer = server.call(&pki().partner, &["creer", "wrong.json"]).status(3).json();
    assert_eq!(answer["CodeRetour"]["Code"], "203", "{answer}");
    let dossier = server.create("moi");
    let answer = server.consult(&dossier, "moi").to_string();
    assert!(answer.contains("Chastaing") && !answer.contains("NumSecu"), "{answer}");
    assert_eq!(server.end_by("TERM"), Some(0));
    assert!(in_file(house.path(), "Chastaing"), "no key: plain, and this test can see it");
    for number in ["237050105300141", "237050105300142"] {
        assert!(!in_file(house.path(), number), "{number}");
    }
}
