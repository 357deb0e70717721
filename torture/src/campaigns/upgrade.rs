//! T10: a database and a configuration that an earlier version made are opened by this one; a database of a later version is
//! refused.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use testkit::cluster::Cluster;

use crate::context::Context;
use crate::house::{House, output};
use crate::ledger::found;
use crate::load::{Shared, locked, noted};
use crate::partner::{Outcome, creation};

/// What the version of 27 November 2026 left behind: three dossiers of the partner's, one of them moved on, one cancelled.
const SQLITE: &str = include_str!("../../fixtures/schema-3-sqlite.sql");
const POSTGRES: &str = include_str!("../../fixtures/schema-3-postgres.sql");
/// A configuration with every key that it knew.
const CONFIGURATION: &str = include_str!("../../fixtures/schema-3-vtpa.toml");

/// IdLocal and the states of its demandes, in their order.
const OLD: [(&str, [&str; 3]); 3] = [
    ("ancien-un", ["LISTE_ATTENTE", "ENVOYEE", "NON_ENVOYEE"]),
    ("ancien-deux", ["ANNULEE", "ANNULEE", "ANNULEE"]),
    ("ancien-trois", ["NON_ENVOYEE", "NON_ENVOYEE", "NON_ENVOYEE"]),
];

pub(super) async fn run(context: Context) -> Result<String> {
    let file = context.folder.join("vtpa.db");
    let script = context.folder.join("schema-3.sql");
    std::fs::write(&script, SQLITE)?;
    let mut sqlite = Command::new("sqlite3");
    output(sqlite.arg(&file).arg(format!(".read {}", script.display())))?;
    let house = House::unregistered(&context, &format!("sqlite:{}", file.display()))?;
    configured_as_before(&house, &format!("sqlite:{}", file.display()))?;
    let sqlite = upgraded(&house).await.context("SQLite")?;

    let cluster = Cluster::start();
    let url = cluster.database("torture");
    cluster.psql("torture", POSTGRES);
    let context = context.within("postgres")?;
    let house = House::unregistered(&context, &url)?;
    configured_as_before(&house, &url)?;
    let postgres = upgraded(&house).await.context("PostgreSQL")?;
    Ok(format!(
        "schema 3 to {sqlite} on SQLite and {postgres} on PostgreSQL, {} dossiers each, all {} keys of \
         its configuration as they were; a later schema is refused",
        OLD.len(),
        settings(CONFIGURATION).len()
    ))
}

/// Writes the earlier version's configuration; this one reads each of its keys as it was written.
fn configured_as_before(house: &House, url: &str) -> Result<()> {
    let before = CONFIGURATION.replace("DATABASE", url);
    std::fs::write(house.folder.join("vtpa.toml"), &before)?;
    house.operator(&["config", "check"])?;
    let shown = house.operator(&["config", "show"])?;
    let shown = settings(&shown);
    for setting in settings(&before) {
        // A database's password is not shown.
        let known =
            shown.iter().any(|one| *one == format!("{setting} # file")) || setting.contains("postgres://");
        ensure!(known, "the earlier version's {setting} is not what this one reads");
    }
    Ok(())
}

/// `section.key = value` of each line that sets one.
fn settings(toml: &str) -> Vec<String> {
    let mut section = "";
    let mut settings = Vec::new();
    for line in toml.lines() {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(name) => section = name,
            None if line.contains(" = ") && !line.starts_with('#') => {
                settings.push(format!("{section}.{line}"))
            }
            None => {}
        }
    }
    settings
}

/// The schema that it has now.
async fn upgraded(house: &House) -> Result<u64> {
    let version = "SELECT MAX(version) FROM _sqlx_migrations";
    let before = house.database.count(version)?;
    let mut server = house.serve()?;
    let after = house.database.count(version)?;
    ensure!(after > before, "the schema is still {before}");
    let partner = server.partner()?;
    for (id_local, states) in OLD {
        let id = house.database.ask(&format!("SELECT dossier FROM lien WHERE id_local = '{id_local}'"))?;
        let id = format!("{:013}", id.parse::<u64>()?);
        let answer = partner.consult(&[(&id, id_local)]).await?;
        let dossier = serde_json::to_value(answer.first().and_then(|one| one.dossier.as_ref()))?;
        let text = |path: &str| dossier.pointer(path).and_then(serde_json::Value::as_str).map(str::to_owned);
        let mail = format!("ancien.{}@exemple.fr", id_local.trim_start_matches("ancien-"));
        ensure!(text("/Demandeur/Mail").as_ref() == Some(&mail), "{id_local}: its person's data");
        let found: Vec<_> = (0..3)
            .filter_map(|place| text(&format!("/DemandesEtablissement/{place}/StatutDemande")))
            .collect();
        ensure!(found == states, "{id_local}: its demandes are {found:?}");
        let medical = dossier.pointer("/EstRenseigneVoletMedical").and_then(serde_json::Value::as_bool);
        ensure!(medical == Some(id_local == "ancien-un"), "{id_local}: its medical part");
    }
    let ledger = Shared::default();
    let asked = creation("nouveau", &mut testkit::rng(1));
    let Outcome::Acknowledged(id) = partner.create(&asked).await else {
        bail!("no creation after the upgrade")
    };
    locked(&ledger).note(id, &asked, Instant::now());
    server.stop()?;
    // What the new version wrote, the new version reads: a second start changes nothing.
    let mut server = house.serve()?;
    ensure!(house.database.count(version)? == after, "a second start migrates again");
    found(&noted(&ledger, 0), &server.partner()?).await?;
    server.stop()?;
    house.is_whole().await?;

    // The other way: what a later version left is refused and stays as it is.
    let later = after + 1000;
    let mark = house.database.ask(&format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT {later}, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = {after}"
    ));
    mark?;
    let Err(refusal) = house.serve() else { bail!("a database of schema {later} was opened") };
    let refusal = format!("{refusal:#}");
    ensure!(refusal.contains(&later.to_string()), "the refusal does not name the schema: {refusal}");
    for command in [&["partner", "list"][..], &["etablissement", "list"][..]] {
        ensure!(house.operator(command).is_err(), "`vtpa {}` opened it", command.join(" "));
    }
    ensure!(house.database.count(version)? == later, "the refused database was changed");
    Ok(after)
}
