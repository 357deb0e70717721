//! A test authority and its certificates.
//!
//! The keys are fixed (`keys/`, made by `keys/make.sh`), since RSA keys take long to make and a fixed key makes a
//! fixed certificate: RSA PKCS#1 v1.5 signs deterministically, so every run works with the same bytes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData,
    RevokedCertParams, SanType, SerialNumber, SubjectPublicKeyInfo, date_time_ymd,
};

/// A certificate with its private key.
pub struct Identity {
    /// The name of its files, without extension.
    pub name: &'static str,
    /// The certificate, then its chain if it has one, as PEM.
    pub certificate_pem: String,
    /// The certificate alone, as DER.
    pub certificate_der: Vec<u8>,
    /// The private key as PKCS#8 PEM.
    pub key_pem: &'static str,
}

impl Identity {
    /// Writes `<name>.pem` and `<name>.key` into `dir`; returns both paths.
    pub fn write(&self, dir: &Path) -> (PathBuf, PathBuf) {
        let certificate = dir.join(format!("{}.pem", self.name));
        let key = dir.join(format!("{}.key", self.name));
        put(&certificate, self.certificate_pem.as_bytes());
        put(&key, self.key_pem.as_bytes());
        (certificate, key)
    }
}

/// Writes a file at one stroke, since several threads of a test may write the same one while a program reads it.
fn put(path: &Path, content: &[u8]) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let apart = path.with_extension(format!("new{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&apart, content).expect("the test directory is writable");
    std::fs::rename(&apart, path).expect("the test directory is writable");
}

/// Every certificate that tests use.
pub struct Pki {
    /// The authority that the server trusts.
    pub ca: Identity,
    /// An authority that it does not trust.
    pub other_ca: Identity,
    /// The server, for `localhost`, `127.0.0.1` and `::1`: TLS and message signatures.
    pub server: Identity,
    /// The server with another certificate and key for the same names.
    pub renewed: Identity,
    /// A partner in order with §4.2.2 of the specification.
    pub partner: Identity,
    /// Another partner in order.
    pub second: Identity,
    /// In order and trusted; meant to be registered for no application (code 100).
    pub unregistered: Identity,
    /// Issued by an intermediate authority under [`Pki::ca`]; its PEM holds the chain.
    pub chained: Identity,
    /// Ended on 1 January 2026.
    pub expired: Identity,
    /// Begins on 1 January 2035.
    pub not_yet_valid: Identity,
    /// Issued by [`Pki::other_ca`].
    pub wrong_ca: Identity,
    /// RSA of 1024 bits.
    pub small_key: Identity,
    /// EC P-256.
    pub ec: Identity,
    /// One year of validity where §4.2.2 recommends three.
    pub one_year: Identity,
    /// Key usage without digitalSignature.
    pub no_signature_usage: Identity,
    /// In [`Pki::crl`].
    pub revoked: Identity,
    /// The authority's revocation list as PEM: holds [`Pki::revoked`].
    pub crl: String,
    /// The list before it: holds nobody.
    pub earlier_crl: String,
}

/// The certificates, made once per process.
pub fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(make)
}

const CA: &str = include_str!("../keys/ca.key");
const OTHER_CA: &str = include_str!("../keys/other-ca.key");
const INTERMEDIATE: &str = include_str!("../keys/intermediate.key");
const SERVER: &str = include_str!("../keys/server.key");
const PARTNER: &str = include_str!("../keys/partner.key");
const SECOND: &str = include_str!("../keys/second.key");
const UNREGISTERED: &str = include_str!("../keys/unregistered.key");
const DEFECTIVE: &str = include_str!("../keys/defective.key");
const SMALL: &str = include_str!("../keys/small.key");
const SMALL_PUBLIC: &str = include_str!("../keys/small.pub");
const EC: &str = include_str!("../keys/ec.key");

fn make() -> Pki {
    let (ca, ca_certificate) = authority("Autorité de test", "ca", CA, None);
    let (other, other_certificate) = authority("Autre autorité de test", "other-ca", OTHER_CA, None);
    let (below, below_certificate) =
        authority("Autorité intermédiaire de test", "intermediate", INTERMEDIATE, Some(&ca));

    let mut server = profile("Serveur de test", 10);
    server.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into().expect("a DNS name")),
        SanType::IpAddress([127, 0, 0, 1].into()),
        SanType::IpAddress(std::net::Ipv6Addr::LOCALHOST.into()),
    ];
    let mut renewed = profile("Serveur de test, renouvelé", 23);
    renewed.subject_alt_names.clone_from(&server.subject_alt_names);
    let mut chained = issue(profile("Application sous intermédiaire", 14), "chained", SECOND, &below);
    chained.certificate_pem.push_str(&below_certificate.certificate_pem);

    let mut expired = profile("Application au certificat expiré", 15);
    (expired.not_before, expired.not_after) = (date_time_ymd(2022, 1, 1), date_time_ymd(2026, 1, 1));
    let mut future = profile("Application au certificat futur", 16);
    (future.not_before, future.not_after) = (date_time_ymd(2035, 1, 1), date_time_ymd(2040, 1, 1));
    let mut one_year = profile("Application au certificat d'un an", 20);
    one_year.not_after = date_time_ymd(2027, 1, 1);
    let mut no_usage = profile("Application sans signature", 21);
    no_usage.key_usages = vec![KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::DataEncipherment];
    let small_public = SubjectPublicKeyInfo::from_pem(SMALL_PUBLIC).expect("keys/small.pub");

    let mut ec = profile("Application à clé elliptique", 19);
    ec.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    Pki {
        server: issue(server, "server", SERVER, &ca),
        renewed: issue(renewed, "renewed", DEFECTIVE, &ca),
        partner: issue(profile("Application partenaire", 11), "partner", PARTNER, &ca),
        second: issue(profile("Seconde application", 12), "second", SECOND, &ca),
        unregistered: issue(profile("Application inconnue", 13), "unregistered", UNREGISTERED, &ca),
        chained,
        expired: issue(expired, "expired", DEFECTIVE, &ca),
        not_yet_valid: issue(future, "not-yet-valid", DEFECTIVE, &ca),
        wrong_ca: issue(profile("Application d'une autre autorité", 17), "wrong-ca", DEFECTIVE, &other),
        small_key: issue_for(profile("Application à petite clé", 18), "small-key", SMALL, &small_public, &ca),
        ec: issue(ec, "ec", EC, &ca),
        one_year: issue(one_year, "one-year", DEFECTIVE, &ca),
        no_signature_usage: issue(no_usage, "no-signature-usage", DEFECTIVE, &ca),
        revoked: issue(profile("Application révoquée", REVOKED), "revoked", DEFECTIVE, &ca),
        crl: crl(&ca, 2, &[REVOKED]),
        earlier_crl: crl(&ca, 1, &[]),
        ca: ca_certificate,
        other_ca: other_certificate,
    }
}

const REVOKED: u64 = 22;

/// Parameters that follow §4.2.2 of the specification to the letter.
fn profile(common_name: &str, serial: u64) -> CertificateParams {
    let mut params = named(common_name, serial);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::DataEncipherment,
    ];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn named(common_name: &str, serial: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "FR");
    name.push(DnType::OrganizationName, "ViaTrajectoire PA, tests");
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from(serial));
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2036, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(
    common_name: &str,
    name: &'static str,
    key_pem: &'static str,
    above: Option<&Issuer<'static, KeyPair>>,
) -> (Issuer<'static, KeyPair>, Identity) {
    let key = KeyPair::from_pem(key_pem).expect("a key of keys/");
    let mut params = named(common_name, u64::from(above.is_some()) + 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = match above {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    let certificate = certificate.expect("a certificate");
    let identity = Identity {
        name,
        certificate_pem: certificate.pem(),
        certificate_der: certificate.der().to_vec(),
        key_pem,
    };
    (Issuer::new(params, key), identity)
}

fn issue(
    params: CertificateParams,
    name: &'static str,
    key_pem: &'static str,
    issuer: &Issuer<'static, KeyPair>,
) -> Identity {
    let key = KeyPair::from_pem(key_pem).expect("a key of keys/");
    issue_for(params, name, key_pem, &key, issuer)
}

fn issue_for(
    params: CertificateParams,
    name: &'static str,
    key_pem: &'static str,
    public: &impl PublicKeyData,
    issuer: &Issuer<'static, KeyPair>,
) -> Identity {
    let certificate = params.signed_by(public, issuer).expect("a certificate");
    Identity {
        name,
        certificate_pem: certificate.pem(),
        certificate_der: certificate.der().to_vec(),
        key_pem,
    }
}

fn crl(issuer: &Issuer<'static, KeyPair>, number: u64, serials: &[u64]) -> String {
    let revoked = |serial: &u64| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: date_time_ymd(2026, 6, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 6, 1),
        next_update: date_time_ymd(2036, 1, 1),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).and_then(|list| list.pem()).expect("a revocation list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_the_same_bytes_each_time() {
        assert_eq!(make().partner.certificate_der, pki().partner.certificate_der);
        assert_eq!(make().crl, pki().crl);
    }

    #[test]
    fn each_identity_has_its_own_certificate() {
        let pki = pki();
        let all = [
            &pki.ca,
            &pki.other_ca,
            &pki.server,
            &pki.renewed,
            &pki.partner,
            &pki.second,
            &pki.unregistered,
            &pki.chained,
            &pki.expired,
            &pki.not_yet_valid,
            &pki.wrong_ca,
            &pki.small_key,
            &pki.ec,
            &pki.one_year,
            &pki.no_signature_usage,
            &pki.revoked,
        ];
        let distinct: std::collections::HashSet<_> = all.iter().map(|i| &i.certificate_der).collect();
        assert_eq!(distinct.len(), all.len());
    }
}
