//! A database of one's own, and people to put into it.

use dossier::{Demandeur, Etablissement, IdDossier, TypeHebergement, UrgenceDemande};
use serde_json::{from_value, json};
use storage::{ApplicationId, Coffre, Error, Key, KeyRing, Options, Refusal, Rights, Store, StoredDossier};

use crate::ours::Place;

pub(crate) struct Base {
    pub(crate) store: Store,
    pub(crate) place: Place,
}

impl Base {
    pub(crate) async fn new() -> Self {
        let place = Place::new();
        let store = Store::open(&place.url()).await.unwrap();
        Self { store, place }
    }

    /// A new database that is encrypted by the key of this number.
    pub(crate) async fn sealed(key: u8) -> Self {
        let place = Place::new();
        let store = open_sealed(&place, key, &[]).await.unwrap();
        Self { store, place }
    }

    /// The same database with the key it was made with, and others once keys are read anew.
    pub(crate) async fn store_with_later(&self, later: KeyRing) -> Store {
        Store::open_sealed(&self.url(), Options::default(), coffre(ring(1, &[]), Some(later))).await.unwrap()
    }

    /// The same database, opened again without a farewell.
    pub(crate) async fn reopened(self) -> Self {
        let Self { store, place } = self;
        drop(store);
        let store = Store::open(&place.url()).await.unwrap();
        Self { store, place }
    }

    pub(crate) fn url(&self) -> String {
        self.place.url()
    }

    pub(crate) fn execute(&self, sql: &str) {
        assert!(self.place.execute(sql) > 0, "{sql} should change something");
    }

    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.place.count(sql)
    }

    pub(crate) async fn application(&self, name: &str) -> ApplicationId {
        self.store
            .run("test", |tx| Box::pin(async move { tx.add_application(name, Rights::ALL).await }))
            .await
            .unwrap()
    }

    pub(crate) async fn dossier(&self, number: u64, application: ApplicationId, id_local: &str) -> IdDossier {
        let (id, demandeur) = (id(number), demandeur("DURAND"));
        let (id_ref, demandeur) = (&id, &demandeur);
        self.store
            .run("test", |tx| {
                Box::pin(async move { tx.create_dossier(id_ref, demandeur, application, id_local).await })
            })
            .await
            .unwrap();
        id
    }

    pub(crate) async fn etablissements(&self, count: usize) -> Vec<String> {
        let all: Vec<Etablissement> = (0..count).map(etablissement).collect();
        let all = &all;
        self.store
            .run("test", |tx| {
                Box::pin(async move {
                    for one in all {
                        tx.seed_etablissement(one).await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        all.iter().map(|one| one.num_finiss.to_string()).collect()
    }

    pub(crate) async fn demande(&self, dossier: &IdDossier, num_finiss: &str) -> Result<i64, Error> {
        let (hebergement, urgence) = (TypeHebergement::Permanent, UrgenceDemande::SixMois);
        self.store
            .run("test", |tx| {
                Box::pin(async move { tx.add_demande(dossier, num_finiss, hebergement, urgence).await })
            })
            .await
    }

    pub(crate) async fn stored(&self, id: &IdDossier) -> StoredDossier {
        self.store.dossier(id).await.unwrap().unwrap()
    }
}

/// The database, opened with a key that writes and others that read.
pub(crate) async fn open_sealed(place: &Place, key: u8, previous: &[u8]) -> Result<Store, Error> {
    Store::open_sealed(&place.url(), Options::default(), coffre(ring(key, previous), None)).await
}

/// A vault whose nonces are drawn by a seeded generator; `later` are the keys that it finds when it reads them anew.
pub(crate) fn coffre(ring: KeyRing, later: Option<KeyRing>) -> Coffre {
    let random = std::sync::Mutex::new(testkit::rng(7));
    let random = move |bytes: &mut [u8]| rand::Rng::fill_bytes(&mut *random.lock().unwrap(), bytes);
    Coffre::new(ring, std::sync::Arc::new(random), Box::new(move || later.clone()))
}

pub(crate) fn ring(key: u8, previous: &[u8]) -> KeyRing {
    KeyRing::new(Some(cle(key)), previous.iter().map(|number| cle(*number)).collect())
}

pub(crate) fn cle(number: u8) -> Key {
    let mut bytes = [number; Key::LEN];
    bytes[0] = 0;
    Key::new(&bytes).unwrap()
}

/// Twelve digits and their Luhn digit.
pub(crate) fn id(number: u64) -> IdDossier {
    let digits = format!("{number:012}");
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(position, byte)| {
            let digit = u32::from(byte - b'0') * if position % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    IdDossier::parse(&format!("{digits}{}", (10 - sum % 10) % 10)).unwrap()
}

pub(crate) fn demandeur(nom: &str) -> Demandeur {
    from_value(json!({
        "Civilite": {"Code": "MME", "CodeSystem": "1.2.250.1.213.1.6.1.69", "DisplayName": "Madame"},
        "NomNaissance": nom, "Prenom": "Jeanne", "DateNaissance": "1938-04-07", "Mail": "jeanne@example.fr",
        "Adresse": adresse(), "NumSecu": "238047511604422",
        "Contacts": [{"NomNaissance": "DURAND", "Type": [{"Code": "0"}], "TelephonePortable": "06 12 34 56 78"}],
    }))
    .unwrap()
}

pub(crate) fn etablissement(number: usize) -> Etablissement {
    from_value(json!({
        "NumFINISS": format!("75{number:07}"), "RaisonSociale": format!("Résidence des Tilleuls {number}"),
        "Adresse": adresse(), "Telephone": "0144556677",
    }))
    .unwrap()
}

fn adresse() -> serde_json::Value {
    json!({
        "NumeroVoie": "12", "TypeVoie": "rue", "LibelleVoie": "des Lilas",
        "CodePostal": {"Code": "75011", "CodeSystem": "1.2.250.1.214.2.45"},
        "Localite": {"Code": "75111", "CodeSystem": "1.2.250.1.213.2.23", "DisplayName": "Paris 11e"},
    })
}

pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Refusal {
    match outcome.unwrap_err() {
        Error::Refused(refusal) => refusal,
        error => panic!("{error:?} is no refusal"),
    }
}

pub(crate) fn sha(seed: u8) -> [u8; 32] {
    [seed; 32]
}

/// A transaction of one operation.
macro_rules! run {
    ($base:expr, $operation:ident($($argument:expr),*)) => {
        $base.store.run("test", |tx| Box::pin(async move { tx.$operation($($argument),*).await })).await
    };
}
pub(crate) use run;

/// A read of one operation.
macro_rules! read {
    ($base:expr, $operation:ident($($argument:expr),*)) => {
        $base.store.read(|reader| Box::pin(async move { reader.$operation($($argument),*).await })).await.unwrap()
    };
}
pub(crate) use read;
