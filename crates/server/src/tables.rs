//! The nomenclatures of one process, which follow what operators import without a restart.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use dossier::nomenclature::Nomenclatures;
use jiff::civil::Date;
use storage::Store;

use crate::Clock;
use crate::clock::day_in_paris;

/// How often the database is asked whether there was an import: one row, read on this thread.
const EVERY: Duration = Duration::from_millis(500);

/// The nomenclatures that the next request is checked against.
#[derive(Debug)]
pub(crate) struct Tables(RwLock<Loaded>);

#[derive(Debug)]
struct Loaded {
    nomenclatures: Nomenclatures,
    /// What they were made from: they are made anew when either is another.
    revision: i64,
    day: Date,
}

impl Tables {
    /// The built-in tables and what was imported so far.
    pub(crate) async fn load(store: &Store, clock: &Clock) -> Result<Self, storage::Error> {
        Ok(Self(RwLock::new(Loaded::read(store, day_in_paris(clock.now())).await?)))
    }

    /// The tables of this moment; whoever took them keeps them to the end.
    pub(crate) fn current(&self) -> Nomenclatures {
        self.0.read().unwrap_or_else(PoisonError::into_inner).nomenclatures.clone()
    }

    /// Takes up imports, and at midnight the names that a new day brings. Does not end.
    pub(crate) async fn follow(&self, store: &Store, clock: &Clock) {
        let mut failing = false;
        loop {
            tokio::time::sleep(EVERY).await;
            match self.refresh(store, day_in_paris(clock.now())).await {
                Ok(()) => failing = false,
                // Told once: the readiness check tells it too, and the tables in use go on serving.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "the database was not asked for imports of nomenclatures");
                }
                Err(_) => {}
            }
        }
    }

    async fn refresh(&self, store: &Store, day: Date) -> Result<(), storage::Error> {
        let revision = store.nomenclature_revision().await?;
        {
            let present = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if (present.revision, present.day) == (revision, day) {
                return Ok(());
            }
        }
        // Read beside the tables in use; requests wait for no more than one move of pointers.
        let loaded = Loaded::read(store, day).await?;
        tracing::info!(revision = loaded.revision, "nomenclatures taken up");
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }
}

impl Loaded {
    async fn read(store: &Store, day: Date) -> Result<Self, storage::Error> {
        let (nomenclatures, revision) = store.nomenclatures(day).await?;
        Ok(Self { nomenclatures, revision, day })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use dossier::nomenclature::import::NosTable;
    use storage::ImportNomenclature;

    use super::*;

    /// A code whose name is another from 2027 on.
    const R13: &str = "<OID>;<Nom>\n1.2.250.1.213.2.23;TRE_R13-CommuneOM\n\
        <OID>;<Code>;<Libellé>;<Date valid>;<Date fin>\n1.2.250.1.213.2.23;01999;Valromey-Neuf;;20270101000000\n\
        1.2.250.1.213.2.23;01999;Valromey-Demain;20270101000000;\n";

    #[tokio::test]
    async fn an_import_and_midnight_change_what_the_next_request_sees_and_not_what_another_holds() {
        let directory = tempfile::tempdir().unwrap();
        let store =
            Store::open(&format!("sqlite:{}", directory.path().join("vtpa.db").display())).await.unwrap();
        let now = Arc::new(Mutex::new("2026-12-31T22:59:00Z".parse().unwrap()));
        let clock = Clock::from_fn({
            let now = Arc::clone(&now);
            move || *now.lock().unwrap()
        });
        let tables = Tables::load(&store, &clock).await.unwrap();
        let in_flight = tables.current();
        let day = || day_in_paris(clock.now());
        tables.refresh(&store, day()).await.unwrap();
        assert_eq!(tables.current().commune("01999"), None);
        store
            .run("test", |tx| {
                Box::pin(async {
                    let table = NosTable::read(R13.as_bytes()).unwrap();
                    let import = ImportNomenclature {
                        table: &table,
                        fichier: "r13.tabs",
                        sha256: &[1; 32],
                        plus_ancien: false,
                    };
                    tx.import_nomenclature(&import).await
                })
            })
            .await
            .unwrap();
        tables.refresh(&store, day()).await.unwrap();
        assert_eq!(tables.current().commune("01999"), Some("Valromey-Neuf"));
        *now.lock().unwrap() = "2026-12-31T23:00:00Z".parse().unwrap(); // midnight in Paris
        tables.refresh(&store, day()).await.unwrap();
        assert_eq!(tables.current().commune("01999"), Some("Valromey-Demain"));
        assert_eq!(in_flight.commune("01999"), None);
    }
}
