use storage::{Assertion, Encrypt, Error, KeyReference, Refusal, Rights, Settings, TimestampRule};

use crate::support::{Base, read, refused, run, sha};

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_found_by_each_of_its_certificates() {
    let base = Base::new().await;
    let id = base.application("portail").await;
    for seed in [1, 2] {
        assert_eq!(run!(base, add_certificate(id, &sha(seed), &[seed; 3])), Ok(true));
        let found = base.store.application_by_fingerprint(&sha(seed)).await.unwrap().unwrap();
        assert_eq!((found.id, found.name.as_str(), found.suspended), (id, "portail", false));
        assert_eq!((found.rights, found.settings), (Rights::ALL, Settings::default()));
    }
    assert_eq!(base.store.application_by_fingerprint(&sha(3)).await, Ok(None));
    assert_eq!(read!(base, certificates(Some(id))), [(id, vec![1; 3]), (id, vec![2; 3])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_belongs_to_one_application_at_most() {
    let base = Base::new().await;
    let (first, second) = (base.application("premier").await, base.application("second").await);
    assert_eq!(run!(base, add_certificate(first, &sha(1), b"der")), Ok(true));
    assert_eq!(run!(base, add_certificate(first, &sha(1), b"der")), Ok(false), "again is no error");
    assert_eq!(refused(run!(base, add_certificate(second, &sha(1), b"der"))), Refusal::CertificateTaken);
    assert_eq!(base.store.application_by_fingerprint(&sha(1)).await.unwrap().unwrap().id, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_one_applications() {
    let base = Base::new().await;
    base.application("portail").await;
    assert_eq!(run!(base, add_application("portail", Rights::ALL)), Err(Error::Conflict));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_application_says_so_until_it_is_resumed() {
    let base = Base::new().await;
    let id = base.application("portail").await;
    run!(base, add_certificate(id, &sha(1), b"der")).unwrap();
    for suspended in [true, false] {
        run!(base, suspend_application(id, suspended)).unwrap();
        assert_eq!(
            base.store.application_by_fingerprint(&sha(1)).await.unwrap().unwrap().suspended,
            suspended
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_application_has_no_access_and_no_heir() {
    let base = Base::new().await;
    let old = base.application("portail").await;
    run!(base, add_certificate(old, &sha(1), b"der")).unwrap();
    let dossier = base.dossier(1, old, "dupont").await;
    run!(base, remove_application(old)).unwrap();

    assert_eq!(base.store.application_by_fingerprint(&sha(1)).await, Ok(None));
    assert_eq!(read!(base, application_by_name("portail")), None);
    assert_eq!(read!(base, applications()), []);
    assert_eq!(read!(base, certificates(None)), []);
    assert_eq!(refused(run!(base, suspend_application(old, false))), Refusal::UnknownApplication);
    assert_eq!(refused(run!(base, add_certificate(old, &sha(1), b"der"))), Refusal::UnknownApplication);

    let new = base.application("portail").await;
    assert_ne!(new, old);
    assert_eq!(run!(base, add_certificate(new, &sha(1), b"der")), Ok(true), "its certificate is free again");
    let seen = base.store.consult(dossier.as_str(), new, "dupont").await.unwrap();
    assert_eq!(seen, storage::Acces::NonLie, "the links stay with the old one");
    assert_eq!(base.count("SELECT COUNT(*) FROM lien"), 1);
    base.stored(&dossier).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_and_settings_are_kept() {
    let base = Base::new().await;
    let id = base.application("portail").await;
    let rights = Rights::NONE.with(dossier::Operation::ConsulterDossierPA);
    let mut settings = Settings::default();
    for (key, value) in [
        ("assertion", "required"),
        ("timestamp", "optional"),
        ("key_reference", "issuer-serial"),
        ("signature_confirmation", "true"),
        ("encrypt", "always"),
        ("cbc", "true"),
        ("check_structure", "true"),
        ("unsigned_assertion", "true"),
        ("url_retour", "https://portail.example.fr/mes-dossiers?x=1"),
        ("url_liaison", "https://portail.example.fr/lie  https://autre.example.fr/lie"),
    ] {
        settings.set(key, value).unwrap();
    }
    let settings_ref = &settings;
    run!(base, set_rights(id, rights)).unwrap();
    run!(base, set_settings(id, settings_ref)).unwrap();

    let kept = read!(base, application(id)).unwrap();
    assert_eq!((kept.rights, &kept.settings), (rights, &settings));
    let expected = Settings {
        assertion: Assertion::Required,
        timestamp: TimestampRule::Optional,
        key_reference: KeyReference::IssuerSerial,
        signature_confirmation: true,
        encrypt: Encrypt::Always,
        cbc: true,
        check_structure: true,
        unsigned_assertion: true,
        url_retour: Some("https://portail.example.fr/mes-dossiers?x=1".into()),
        url_liaison: vec!["https://portail.example.fr/lie".into(), "https://autre.example.fr/lie".into()],
    };
    assert_eq!(kept.settings, expected);
}

#[test]
fn a_setting_that_is_none_says_what_would_be() {
    let cases = [
        ("assertions", "required", "unknown setting assertions; the settings are assertion, timestamp"),
        ("assertion", "yes", "assertion takes required or optional"),
        ("timestamp", "", "timestamp takes required or optional"),
        ("key_reference", "IssuerSerial", "key_reference takes bst, issuer-serial, ski or thumbprint"),
        ("signature_confirmation", "1", "signature_confirmation takes true or false"),
        ("encrypt", "never", "encrypt takes as-request or always"),
        ("url_liaison", "https://a javascript:b", "url_liaison takes an https:// or http:// address"),
        ("url_retour", "javascript:alert(1)", "url_retour takes an https:// or http:// address"),
        ("url_retour", "https://", "url_retour takes an https:// or http:// address"),
        ("url_retour", "https://a b", "url_retour takes an https:// or http:// address"),
    ];
    for (key, value, message) in cases {
        let mut settings = Settings::default();
        let error = settings.set(key, value).unwrap_err();
        assert!(error.to_string().starts_with(message), "{key}={value}: {error}");
        assert_eq!(settings, Settings::default());
    }
}
