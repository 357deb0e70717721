//! Decisions §3, rows 1 and 2: whom an operation is for, and whether it is switched on.

use dossier::Operation;
use storage::Rights;
use testkit::pki::{Identity, pki};

use crate::acces::{consultation, jeton};
use crate::harness::Harness;
use crate::request::{accepted, code, creation};
use crate::sheet::Sheet;

/// Who asks. All but the last are the application `portail`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    /// With every right.
    Whole,
    /// With the right to the two other operations.
    WithoutThis,
    /// With no right.
    WithoutAny,
    /// With every right, suspended.
    Suspended,
    /// Its certificate is trusted, and no application's.
    Unknown,
}

const ALL: [Who; 5] = [Who::Whole, Who::WithoutThis, Who::WithoutAny, Who::Suspended, Who::Unknown];

impl Who {
    /// Makes `portail` this one, and gives whose certificate signs.
    async fn comes(self, harness: &Harness, operation: Operation) -> &'static Identity {
        let others = Operation::TOUTES.into_iter().filter(|other| *other != operation);
        let rights = match self {
            Self::WithoutThis => others.fold(Rights::NONE, Rights::with),
            Self::WithoutAny => Rights::NONE,
            _ => Rights::ALL,
        };
        let store = harness.server.store();
        store
            .run("test", |tx| {
                Box::pin(async move {
                    let portail = tx.application_by_name("portail").await?.unwrap().id;
                    tx.set_rights(portail, rights).await?;
                    tx.suspend_application(portail, self == Self::Suspended).await
                })
            })
            .await
            .unwrap();
        if self == Self::Unknown { &pki().unregistered } else { &pki().partner }
    }
}

fn request(operation: Operation, dossier: &str) -> String {
    match operation {
        Operation::CreerDossierPA => creation().xml(),
        Operation::ConsulterDossierPA => consultation(&[(dossier, "usager-7")]).xml(),
        Operation::GenererJetonSecuritePA => jeton(dossier, "usager-7").xml(),
    }
}

#[tokio::test]
async fn who_may_what() {
    let mut sheet = Sheet::new().await;
    let answer = sheet.creation("a dossier", &creation().xml(), &accepted()).await;
    let dossier = answer.texts("IdDossier").remove(0);
    for operation in Operation::TOUTES {
        for who in ALL {
            let signer = who.comes(&sheet.harness, operation).await;
            let expected = if who == Who::Whole { accepted() } else { code("100", "") };
            let case = format!("{}: {who:?}", operation.name());
            sheet.row_of(signer, &case, &request(operation, &dossier), &[expected]).await;
        }
    }
    sheet.end("who_may_what").await;
}

/// 100 before 020: whoever may not learns nothing of what there is. 020 before all that is wrong with a request.
async fn switched_off(off: Operation, test: &str) {
    let harness = Harness::with(|config| config.operations.disabled = vec![off.name().to_owned()]).await;
    let mut sheet = Sheet::of(harness).await;
    for operation in Operation::TOUTES {
        for who in ALL {
            let signer = who.comes(&sheet.harness, operation).await;
            let expected = match (who, operation) {
                (Who::Whole, operation) if operation == off => code("020", ""),
                (Who::Whole, Operation::CreerDossierPA) => accepted(),
                (Who::Whole, _) => code("460", ""),
                _ => code("100", ""),
            };
            let case = format!("{}: {who:?}", operation.name());
            sheet.row_of(signer, &case, &request(operation, "0000000000000"), &[expected]).await;
        }
    }
    let signer = Who::Whole.comes(&sheet.harness, off).await;
    let empty = format!("<{} xmlns=\"urn:viatrajectoire:ws:pa:1\"/>", off.name());
    sheet.row_of(signer, "empty", &empty, &[code("020", "")]).await;
    sheet.end(test).await;
}

#[tokio::test]
async fn creer_dossier_switched_off_is_020_for_whoever_may() {
    switched_off(Operation::CreerDossierPA, "creer_dossier_switched_off_is_020_for_whoever_may").await;
}

#[tokio::test]
async fn consulter_dossier_switched_off_is_020_for_whoever_may() {
    switched_off(Operation::ConsulterDossierPA, "consulter_dossier_switched_off_is_020_for_whoever_may")
        .await;
}

#[tokio::test]
async fn generer_jeton_switched_off_is_020_for_whoever_may() {
    switched_off(Operation::GenererJetonSecuritePA, "generer_jeton_switched_off_is_020_for_whoever_may")
        .await;
}

/// Decisions §9: removing an application ends its access; a later one of its name and certificate is another.
#[tokio::test]
async fn a_removed_application_s_namesake_is_another() {
    let mut sheet = Sheet::new().await;
    let answer = sheet.creation("a dossier", &creation().xml(), &accepted()).await;
    let dossier = answer.texts("IdDossier").remove(0);
    let store = sheet.harness.server.store();
    store
        .run("test", |tx| {
            Box::pin(async move {
                let portail = tx.application_by_name("portail").await?.unwrap().id;
                tx.remove_application(portail).await
            })
        })
        .await
        .unwrap();
    for operation in Operation::TOUTES {
        let case = format!("{}, removed", operation.name());
        sheet.row(&case, &request(operation, &dossier), &[code("100", "")]).await;
    }
    sheet.harness.register("portail", &pki().partner, Rights::ALL).await;
    sheet.expect("application", 1);
    sheet.creation("its namesake creates", &creation().xml(), &accepted()).await;
    for operation in [Operation::ConsulterDossierPA, Operation::GenererJetonSecuritePA] {
        let case = format!("{}, of the earlier one's dossier", operation.name());
        sheet.row(&case, &request(operation, &dossier), &[code("110", "")]).await;
    }
    sheet.end("a_removed_application_s_namesake_is_another").await;
}
