//! Backups of a SQLite file, and their way back.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use dossier::{TypeHebergement, UrgenceDemande};
use storage::{
    Acces, Acteur, ErasureReason, Error, Rights, Store,
    backup::{self, BackupError, BackupKey, Header, Making, Restored, Restoring},
};

use crate::support::{Base, demandeur, id, read, run, sha};

fn key(seed: u8) -> BackupKey {
    BackupKey::new(&std::array::from_fn::<u8, 32, _>(|at| seed ^ u8::try_from(at).unwrap())).unwrap()
}

fn now() -> jiff::Timestamp {
    "2026-11-27T17:00:00Z".parse().unwrap()
}

impl Base {
    fn file(&self, name: &str) -> PathBuf {
        self.place.dir.path().join(name)
    }

    fn back_up(&self, file: &Path) -> Result<Header, BackupError> {
        back_up(&self.url(), file, false)
    }

    async fn restore(&self, file: &Path) -> Result<Restored, BackupError> {
        restore(&Restoring { url: &self.url(), ..restoring(file) }).await
    }
}

fn back_up(url: &str, file: &Path, overwrite: bool) -> Result<Header, BackupError> {
    let making = Making { url, file, key: &key(1), version: "0.1.0", date: now(), salt: [3; 32], overwrite };
    backup::back_up(&making, &mut |_, _, _| {})
}

static KEY: std::sync::LazyLock<BackupKey> = std::sync::LazyLock::new(|| key(1));

fn restoring(file: &Path) -> Restoring<'_> {
    Restoring {
        file,
        url: "",
        key: &KEY,
        replace: true,
        erasures: &[],
        without_erasures: false,
        acteur: &Acteur::Systeme,
        now: now(),
    }
}

async fn restore(restoring: &Restoring<'_>) -> Result<Restored, BackupError> {
    backup::restore(restoring, &mut |_, _, _| {}).await
}

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// What lies in the folder besides the database's own files.
fn left_behind(base: &Base) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(base.place.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("vtpa.db"))
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_others_write_has_all_that_was_acknowledged_before_it_began() {
    const BEFORE: u64 = 150;
    let base = Base::new().await;
    let application = base.application("portail").await;
    let finess = base.etablissements(1).await;
    for number in 0..BEFORE {
        let id = base.dossier(number, application, "dupont").await;
        base.demande(&id, &finess[0]).await.unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (1..=4)
        .map(|writer: u64| {
            let (store, stop, finess) = (base.store.clone(), Arc::clone(&stop), finess[0].clone());
            tokio::spawn(async move {
                let mut number = writer * 1_000_000;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    let (id, person, finess) = (&id(number), &demandeur("DURAND"), finess.as_str());
                    store
                        .run("create", |tx| {
                            Box::pin(async move {
                                tx.create_dossier(id, person, application, "dupont").await?;
                                let (kind, urgency) = (TypeHebergement::Permanent, UrgenceDemande::SixMois);
                                tx.add_demande(id, finess, kind, urgency).await
                            })
                        })
                        .await
                        .unwrap();
                }
                number - writer * 1_000_000
            })
        })
        .collect();
    let file = base.file("a.vtpa");
    let mut works = Vec::new();
    let header = {
        let (url, file) = (base.url(), file.clone());
        tokio::task::spawn_blocking(move || {
            let making = Making {
                url: &url,
                file: &file,
                key: &key(1),
                version: "0.1.0",
                date: now(),
                salt: [3; 32],
                overwrite: false,
            };
            let header = backup::back_up(&making, &mut |work, _, _| works.push(work)).unwrap();
            (header, works)
        })
        .await
        .unwrap()
    };
    stop.store(true, Ordering::Relaxed);
    let mut written = 0;
    for writer in writers {
        written += writer.await.unwrap();
    }
    let (header, works) = header;
    assert!(written > 0, "nobody wrote meanwhile");
    assert!(works.contains(&backup::Work::Encrypting));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(left_behind(&base), ["a.vtpa"], "no copy stays");

    let work = tempfile::tempdir().unwrap();
    let verified = backup::verify(&file, &key(1), work.path(), &mut |_, _, _| {}).unwrap();
    assert_eq!(verified.header, header);
    assert!((BEFORE..=BEFORE + written).contains(&verified.dossiers), "{}", verified.dossiers);
    assert_eq!(std::fs::read_dir(work.path()).unwrap().count(), 0, "nothing decrypted stays");

    let elsewhere = Base::new().await;
    elsewhere.store.close().await;
    let restored = elsewhere.restore(&file).await.unwrap();
    assert_eq!(restored.dossiers, verified.dossiers);
    let elsewhere = elsewhere.reopened().await;
    for number in 0..BEFORE {
        let dossier = elsewhere.stored(&id(number)).await;
        assert_eq!((dossier.demandeur, dossier.demandes.len()), (demandeur("DURAND"), 1));
    }
    assert_eq!(
        elsewhere.count(
            "SELECT count(*) FROM dossier d WHERE d.demandes <> \
                         (SELECT count(*) FROM demande q WHERE q.dossier = d.id)"
        ),
        0,
        "no half dossier"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_never_overwritten_nor_a_database_unless_it_is_said() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    base.dossier(1, application, "dupont").await;
    let file = base.file("a.vtpa");
    base.back_up(&file).unwrap();
    base.dossier(2, application, "dupont").await;
    let first = std::fs::read(&file).unwrap();
    assert!(matches!(base.back_up(&file), Err(BackupError::Exists { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), first);
    let refused = restore(&Restoring { url: &base.url(), replace: false, ..restoring(&file) }).await;
    assert!(matches!(refused, Err(BackupError::Exists { .. })));
    assert_eq!(base.count("SELECT count(*) FROM dossier"), 2);

    base.store.close().await;
    let restored = base.restore(&file).await.unwrap();
    assert_eq!(base.count("SELECT count(*) FROM dossier"), 1);
    let aside = restored.aside.unwrap();
    assert_eq!(aside.file_name().unwrap(), "vtpa.db.before-restore-20261127T170000Z");
    assert_eq!(Store::open(&url(&aside)).await.unwrap().dossier(&id(2)).await.unwrap().unwrap().id, id(2));

    back_up(&base.url(), &file, true).unwrap();
    assert_ne!(std::fs::read(&file).unwrap(), first, "replaced, since it was said");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_served_is_not_replaced() {
    let base = Base::new().await;
    let file = base.file("a.vtpa");
    base.back_up(&file).unwrap();
    let serving = base.store.serve().unwrap();
    let refused = base.restore(&file).await.unwrap_err();
    assert!(matches!(refused, BackupError::Storage(Error::ServedAlready)), "{refused}");
    drop(serving);
    base.restore(&file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_since_the_backup_does_not_come_back() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let (gone, also, stays) = (&id(1), &id(2), &id(3));
    for number in 1..=3 {
        base.dossier(number, application, "dupont").await;
    }
    let file = base.file("a.vtpa");
    base.back_up(&file).unwrap();
    run!(base, erase_dossier(gone, ErasureReason::Request)).unwrap();
    base.store.close().await;
    // the second one's erasure is known from a list of another place
    let list = {
        let elsewhere = Base::new().await;
        elsewhere.restore(&file).await.unwrap();
        let elsewhere = elsewhere.reopened().await;
        run!(elsewhere, erase_dossier(also, ErasureReason::Request)).unwrap();
        let json = storage::erasures_to_json(&read!(elsewhere, erasures())).to_string();
        storage::erasures_from_json(&json).unwrap()
    };
    let restored =
        restore(&Restoring { url: &base.url(), erasures: &list, ..restoring(&file) }).await.unwrap();
    assert_eq!((restored.erased, restored.dossiers), (2, 1));
    let base = base.reopened().await;
    for (id, there) in [(gone, false), (also, false), (stays, true)] {
        assert_eq!(base.store.dossier(id).await.unwrap().is_some(), there, "{id}");
    }
    let known: Vec<_> = read!(base, erasures()).into_iter().map(|one| one.dossier).collect();
    assert_eq!(known, [gone.clone(), also.clone()], "and stays known");
    for (action, count) in [("restauration", 1), ("dossier.efface", 2)] {
        assert_eq!(
            base.count(&format!("SELECT count(*) FROM trace WHERE action = '{action}'")),
            count,
            "{action}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_replaced_only_with_a_word_on_what_was_erased() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    base.dossier(1, application, "dupont").await;
    let file = base.file("a.vtpa");
    base.back_up(&file).unwrap();
    base.store.close().await;
    std::fs::write(base.file("vtpa.db"), "not a database any more ".repeat(500)).unwrap();
    let refused = base.restore(&file).await.unwrap_err();
    assert!(matches!(refused, BackupError::ErasuresUnreadable(_)), "{refused}");
    let restored =
        restore(&Restoring { url: &base.url(), without_erasures: true, ..restoring(&file) }).await.unwrap();
    assert_eq!(restored.dossiers, 1);
    let kept = std::fs::read(restored.aside.unwrap()).unwrap();
    assert!(kept.starts_with(b"not a database"), "it is kept for those who can mend it");
}

/// What was received after the backup must not be taken a second time, nor a token or a session revive.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_lets_nothing_of_before_in_again() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = &base.dossier(1, application, "dupont").await;
    let hour = std::time::Duration::from_secs(3600);
    run!(base, open_session(&sha(1), id, application, hour, hour)).unwrap();
    run!(base, issue_jeton(&sha(2), id, application)).unwrap();
    assert!(base.store.rejeu_demarrer(now()).await.unwrap().arret_propre);
    base.store.rejeu_arreter().await.unwrap();
    let file = base.file("a.vtpa");
    base.back_up(&file).unwrap();
    base.store.close().await;
    base.restore(&file).await.unwrap();
    let base = base.reopened().await;
    assert_eq!(base.store.live_session(&sha(1)).await, Ok(None));
    assert_eq!(run!(base, take_jeton(&sha(2))), Ok(None));
    assert!(!base.store.rejeu_demarrer(now()).await.unwrap().arret_propre, "as after a crash");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_older_schema_is_restored_by_this_version() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("old.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::migrate!("migrations/sqlite").run_to(1, &pool).await.unwrap();
    let person = serde_json::to_vec(&demandeur("DURAND")).unwrap();
    let number: i64 = id(1).as_str().parse().unwrap();
    sqlx::query("INSERT INTO dossier (id, demandeur, cree_le, modifie_le) VALUES ($1, $2, 0, 0)")
        .bind(number)
        .bind(&person)
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let file = dir.path().join("old.vtpa");
    let header = back_up(&url(&path), &file, false).unwrap();
    assert_eq!(header.schema, 1, "backing up migrates nothing");
    let work = tempfile::tempdir().unwrap();
    assert_eq!(backup::verify(&file, &key(1), work.path(), &mut |_, _, _| {}).unwrap().dossiers, 1);
    let new = dir.path().join("new.db");
    let restored = restore(&Restoring { url: &url(&new), ..restoring(&file) }).await.unwrap();
    assert!(restored.schema >= 6 && restored.aside.is_none(), "{restored:?}");
    let store = Store::open(&url(&new)).await.unwrap();
    assert_eq!(store.dossier(&id(1)).await.unwrap().unwrap().demandeur, demandeur("DURAND"));
    let application =
        store.run("test", |tx| Box::pin(async { tx.add_application("portail", Rights::ALL).await })).await;
    let seen = store.consult(id(1).as_str(), application.unwrap(), "dupont").await.unwrap();
    assert_eq!(seen, Acces::NonLie, "it works");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_later_schema_or_of_a_damaged_database_replaces_nothing() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    base.dossier(1, application, "dupont").await;
    let (later, damaged) = (base.file("later.vtpa"), base.file("damaged.vtpa"));
    let other = Base::new().await;
    other.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'of the future', true, x'00', 0)",
    );
    other.back_up(&later).unwrap();
    other.execute("DELETE FROM _sqlx_migrations WHERE version = 9999");
    // a row that refers to none: SQLite takes it where nobody asks for its foreign keys
    other.place.raw().execute_batch(
        "PRAGMA foreign_keys = OFF; INSERT INTO lien (dossier, application, id_local, cree_le) VALUES (1, 1, 'x', 0)",
    ).unwrap();
    other.back_up(&damaged).unwrap();
    base.store.close().await;
    let newer = base.restore(&later).await.unwrap_err();
    assert!(matches!(newer, BackupError::Storage(Error::NewerSchema { found: 9999, .. })), "{newer}");
    let broken = base.restore(&damaged).await.unwrap_err();
    assert!(matches!(&broken, BackupError::Damaged(why) if why.contains("refer")), "{broken}");
    assert_eq!(base.count("SELECT count(*) FROM dossier"), 1);
    assert_eq!(left_behind(&base), ["damaged.vtpa", "later.vtpa"], "no copy stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_a_killed_process_left_are_removed_and_those_in_use_are_not() {
    let base = Base::new().await;
    let (dead, live) = (base.file(".vtpa-dead.snapshot"), base.file(".vtpa-live.snapshot"));
    for path in [&dead, &live, &base.file(".vtpa-dead.snapshot-wal")] {
        std::fs::write(path, "x").unwrap();
    }
    let used = std::fs::File::open(&live).unwrap();
    used.lock_shared().unwrap();
    base.back_up(&base.file("a.vtpa")).unwrap();
    assert_eq!(left_behind(&base), [".vtpa-live.snapshot", "a.vtpa"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_told_which_tools_to_use() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.vtpa");
    let error = back_up("postgres://vtpa@db/vtpa", &file, false).unwrap_err().to_string();
    assert!(error.contains("pg_dump") && error.contains("docs/sauvegarde.md"), "{error}");
    let absent = back_up("sqlite:/nowhere/vtpa.db", &file, false).unwrap_err().to_string();
    assert!(absent.contains("/nowhere/vtpa.db"), "{absent}");
    assert!(!file.exists());
}
