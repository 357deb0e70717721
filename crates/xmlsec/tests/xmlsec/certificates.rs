//! Certificates read, and paths that hold or do not, each for its cause.

use std::sync::LazyLock;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use xmlsec::*;

static KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap());
static CA_KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap());

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "FR");
    params.distinguished_name.push(DnType::OrganizationName, "Hôpital, Nord");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.serial_number = Some(SerialNumber::from(vec![0x00, 0xfe, 0xdc, 0xba]));
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![1, 2, 3]);
    params.use_authority_key_identifier_extension = true;
    params
}

fn ca(name: &str) -> (CertificateParams, Certificate) {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = Certificate::parse(params.self_signed(&*CA_KEY).unwrap().der()).unwrap();
    (params, certificate)
}

fn leaf(edit: impl Fn(&mut CertificateParams)) -> Certificate {
    let mut leaf = params("leaf");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    edit(&mut leaf);
    let (issuer, _) = ca("ca");
    let issuer = Issuer::from_params(&issuer, &*CA_KEY);
    Certificate::parse(leaf.signed_by(&*KEY, &issuer).unwrap().der()).unwrap()
}

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn anchors(policy: RevocationPolicy, crls: &[Vec<u8>]) -> TrustAnchors {
    TrustAnchors::new(&[ca("ca").1], crls, policy).unwrap()
}

fn verify(leaf: &Certificate) -> Result<(), PathError> {
    anchors(RevocationPolicy::UnknownAllowed, &[]).verify(leaf, &[], now())
}

fn crl(serials: &[u8], until: (i32, u8, u8)) -> Vec<u8> {
    let revoked = |serial: &u8| RevokedCertParams {
        serial_number: SerialNumber::from(vec![*serial]),
        revocation_time: date_time_ymd(2026, 2, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 2, 1),
        next_update: date_time_ymd(until.0, until.1, until.2),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::PreSpecified(vec![1, 2, 3]),
    };
    let (issuer, _) = ca("ca");
    params.signed_by(&Issuer::from_params(&issuer, &*CA_KEY)).unwrap().der().to_vec()
}

#[test]
fn what_a_certificate_says() {
    let certificate = leaf(|_| {});
    assert_eq!(certificate.subject(), &"CN=leaf, O=\"Hôpital, Nord\", C=FR".parse().unwrap());
    assert_eq!(certificate.issuer().to_string(), "CN=ca,O=Hôpital\\, Nord,C=FR");
    assert_eq!(certificate.serial_hex(), "fedcba");
    assert_eq!(certificate.serial_decimal(), "16702650");
    assert_eq!(certificate.subject_key_identifier(), None, "an end entity of rcgen has none");
    assert_eq!(ca("ca").1.subject_key_identifier(), Some(&[1, 2, 3][..]));
    assert_eq!(certificate.not_after().to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(
        (certificate.digital_signature(), certificate.key_encipherment(), certificate.is_ca()),
        (true, false, false)
    );
    assert!(ca("ca").1.is_ca() && !ca("ca").1.digital_signature());
    assert_eq!(certificate.public_key().key_type(), KeyType::P256);
    assert!(format!("{certificate:?}").contains("fedcba"));
    assert_eq!(Certificate::parse(certificate.der()).unwrap(), certificate);
}

#[test]
fn pem_and_pki_path() {
    use base64::Engine as _;
    let (leaf, ca) = (leaf(|_| {}), ca("ca").1);
    let pem = |certificate: &Certificate| {
        let body = base64::engine::general_purpose::STANDARD.encode(certificate.der());
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    };
    let both = Certificate::from_pem((pem(&leaf) + &pem(&ca)).as_bytes()).unwrap();
    assert_eq!(both, [leaf.clone(), ca.clone()]);
    assert_eq!(Certificate::from_pem(b"nothing").unwrap_err(), CertificateError::Malformed);
    let path = |certificates: &[&Certificate]| {
        let content = certificates.iter().map(|certificate| certificate.der()).collect::<Vec<_>>().concat();
        let length = content.len() as u16;
        [&[0x30, 0x82][..], &length.to_be_bytes(), &content].concat()
    };
    assert_eq!(Certificate::pki_path(&path(&[&ca, &leaf])).unwrap(), [ca.clone(), leaf.clone()]);
    for bad in [
        vec![],
        path(&[]),
        path(&[&leaf])[1..].to_vec(),
        [path(&[&leaf]), vec![0]].concat(),
        path(&[&leaf; 11]),
    ] {
        assert_eq!(Certificate::pki_path(&bad).err(), Some(CertificateError::Malformed));
    }
    for cut in [0, 1, 10, leaf.der().len() - 1] {
        assert!(Certificate::parse(&leaf.der()[..cut]).is_err());
    }
    assert!(Certificate::parse(&[leaf.der(), &[0]].concat()).is_err());
}

#[test]
fn a_path_holds_or_fails_for_its_cause() {
    use ExtendedKeyUsagePurpose as E;
    assert_eq!(verify(&leaf(|_| {})), Ok(()));
    let usages = |usages: &[KeyUsagePurpose]| leaf(|leaf| leaf.key_usages = usages.to_vec());
    let purposes = |purposes: &[E]| leaf(|leaf| leaf.extended_key_usages = purposes.to_vec());
    for (what, certificate, expected) in [
        ("no key usage", usages(&[]), Ok(())),
        ("other key usage", usages(&[KeyUsagePurpose::KeyEncipherment]), Err(PathError::KeyUsage)),
        (
            "more key usages",
            usages(&[KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]),
            Ok(()),
        ),
        ("TLS client", purposes(&[E::ClientAuth]), Ok(())),
        ("TLS server", purposes(&[E::ServerAuth]), Ok(())),
        ("any purpose", purposes(&[E::Any]), Ok(())),
        ("mail", purposes(&[E::EmailProtection]), Err(PathError::ExtendedKeyUsage)),
        ("mail and TLS", purposes(&[E::EmailProtection, E::ClientAuth]), Ok(())),
        ("expired", leaf(|leaf| leaf.not_after = date_time_ymd(2026, 5, 1)), Err(PathError::Expired)),
        (
            "not yet valid",
            leaf(|leaf| leaf.not_before = date_time_ymd(2026, 7, 1)),
            Err(PathError::NotYetValid),
        ),
        (
            "an authority as end entity",
            leaf(|leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
            Err(PathError::BasicConstraints),
        ),
    ] {
        assert_eq!(verify(&certificate), expected, "{what}");
    }
    let mail = anchors(RevocationPolicy::UnknownAllowed, &[]).purposes(&[Purpose::EmailProtection]);
    assert_eq!(mail.verify(&purposes(&[E::EmailProtection]), &[], now()), Ok(()));
    assert_eq!(mail.verify(&purposes(&[E::ClientAuth]), &[], now()), Err(PathError::ExtendedKeyUsage));
    let early = "1960-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(
        anchors(RevocationPolicy::UnknownAllowed, &[]).verify(&leaf(|_| {}), &[], early),
        Err(PathError::NotYetValid)
    );
}

#[test]
fn strangers_and_forgers_are_not_trusted() {
    // Another authority, and one of the same name with another key.
    let other = TrustAnchors::new(&[ca("other").1], &[] as &[Vec<u8>], RevocationPolicy::default()).unwrap();
    assert_eq!(other.verify(&leaf(|_| {}), &[], now()), Err(PathError::UnknownIssuer));
    let forger = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let (issuer, _) = ca("ca");
    let forged = params("leaf").signed_by(&*KEY, &Issuer::from_params(&issuer, &forger)).unwrap();
    assert_eq!(verify(&Certificate::parse(forged.der()).unwrap()), Err(PathError::Signature));
    let own = params("leaf").self_signed(&*KEY).unwrap();
    assert_eq!(verify(&Certificate::parse(own.der()).unwrap()), Err(PathError::UnknownIssuer));
}

#[test]
fn intermediates_complete_the_path_and_prove_nothing() {
    let (root, _) = ca("ca");
    let (middle, _) = ca("middle");
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certified = middle.signed_by(&key, &Issuer::from_params(&root, &*CA_KEY)).unwrap();
    let certified = Certificate::parse(certified.der()).unwrap();
    let leaf = params("leaf").signed_by(&*KEY, &Issuer::from_params(&middle, &key)).unwrap();
    let leaf = Certificate::parse(leaf.der()).unwrap();
    let trust = anchors(RevocationPolicy::UnknownAllowed, &[]);
    assert_eq!(trust.verify(&leaf, std::slice::from_ref(&certified), now()), Ok(()));
    assert_eq!(trust.verify(&leaf, &[], now()), Err(PathError::UnknownIssuer));
    let own = Certificate::parse(middle.self_signed(&key).unwrap().der()).unwrap();
    assert_eq!(trust.verify(&leaf, &[own], now()), Err(PathError::UnknownIssuer));
    // An end entity is no authority.
    let under = params("under");
    let end = Certificate::parse(
        params("leaf").signed_by(&*KEY, &Issuer::from_params(&root, &*CA_KEY)).unwrap().der(),
    )
    .unwrap();
    let below = under.signed_by(&key, &Issuer::from_params(&params("leaf"), &*KEY)).unwrap();
    let below = Certificate::parse(below.der()).unwrap();
    assert_eq!(trust.verify(&below, &[end], now()), Err(PathError::BasicConstraints));
}

#[test]
fn revocation_lists_are_heeded() {
    let certificate = leaf(|leaf| leaf.serial_number = Some(SerialNumber::from(vec![7])));
    let fresh = |serials: &[u8]| crl(serials, (2026, 12, 1));
    for (what, policy, crls, expected) in [
        ("revoked", RevocationPolicy::UnknownAllowed, vec![fresh(&[7])], Err(PathError::Revoked)),
        ("revoked, strictly", RevocationPolicy::UnknownRefused, vec![fresh(&[7])], Err(PathError::Revoked)),
        ("another is revoked", RevocationPolicy::UnknownRefused, vec![fresh(&[8])], Ok(())),
        ("no list", RevocationPolicy::UnknownAllowed, vec![], Ok(())),
        ("no list, strictly", RevocationPolicy::UnknownRefused, vec![], Err(PathError::RevocationUnknown)),
        ("an old list", RevocationPolicy::UnknownAllowed, vec![crl(&[], (2026, 3, 1))], Ok(())),
        (
            "revoked in an old list",
            RevocationPolicy::UnknownAllowed,
            vec![crl(&[7], (2026, 3, 1))],
            Err(PathError::Revoked),
        ),
        (
            "an old list, strictly",
            RevocationPolicy::UnknownRefused,
            vec![crl(&[], (2026, 3, 1))],
            Err(PathError::RevocationListExpired),
        ),
    ] {
        assert_eq!(anchors(policy, &crls).verify(&certificate, &[], now()), expected, "{what}");
    }
    let bad = TrustAnchors::new(&[ca("ca").1], &[b"no list".to_vec()], RevocationPolicy::default());
    assert_eq!(bad.err(), Some(CertificateError::MalformedCrl));
}

#[test]
fn keys_that_are_too_small_or_of_another_kind() {
    assert_eq!(
        VerifyingKey::from_spki(include_bytes!("data/rsa1024.spki.der")).err(),
        Some(KeyRejected::Size)
    );
    let spki = |algorithm: &'static SignatureAlgorithm| {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        Certificate::parse(certificate.der()).map(|certificate| certificate.public_key().key_type())
    };
    assert_eq!(spki(&rcgen::PKCS_ED25519), Err(CertificateError::Key(KeyRejected::Algorithm)));
    assert_eq!(spki(&rcgen::PKCS_ECDSA_P521_SHA512), Err(CertificateError::Key(KeyRejected::Algorithm)));
    assert_eq!(spki(&rcgen::PKCS_ECDSA_P384_SHA384), Ok(KeyType::P384));
    for bad in [&b""[..], b"x", &[0x30, 0]] {
        assert_eq!(VerifyingKey::from_spki(bad).err(), Some(KeyRejected::Malformed));
        assert!(SigningKey::from_pkcs8(bad).is_err() && SigningKey::from_pem(bad).is_err());
        assert!(DecryptionKey::from_pkcs8(bad).is_err() && DecryptionKey::from_pem(bad).is_err());
    }
    let ec = crate::support::keys::P256.public_key();
    assert_eq!(EncryptionKey::from_spki(ec.spki()).err(), Some(KeyRejected::Algorithm));
}

#[test]
fn keys_read_from_every_form_of_pem() {
    // Made by `openssl genrsa -traditional` and `openssl ecparam -genkey`.
    let rsa = include_bytes!("data/rsa.pkcs1.pem");
    assert_eq!(SigningKey::from_pem(rsa).unwrap().public_key().key_type(), KeyType::Rsa(2048));
    assert!(DecryptionKey::from_pem(rsa).is_ok());
    let ec = include_bytes!("data/p384.sec1.pem");
    assert_eq!(SigningKey::from_pem(ec).unwrap().default_method(), SignatureMethod::EcdsaSha384);
    assert!(!format!("{:?}", SigningKey::from_pem(ec).unwrap()).contains("pair"));
}

#[test]
fn a_sha_1_certificate_is_not_accepted() {
    let sha1 = Certificate::parse(include_bytes!("data/sha1-leaf.der")).unwrap();
    let anchor = Certificate::parse(include_bytes!("data/sha1-ca.der")).unwrap();
    let trust = TrustAnchors::new(&[anchor], &[] as &[Vec<u8>], RevocationPolicy::default()).unwrap();
    let then = "2030-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(trust.verify(&sha1, &[], then), Err(PathError::Algorithm));
}
