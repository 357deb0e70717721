//! The demonstration's authority and certificates: §4.2.2 of the specification to the letter.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use p12_keystore::{Certificate as P12Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use rand::Rng;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, SanType, SerialNumber,
};

/// The password of `partner.p12`.
pub(crate) const P12_PASSWORD: &str = "demo";

/// Makes what is missing of the certificates and keys in `directory`; touches nothing that is there.
pub(crate) fn make(directory: &Path, now: Timestamp, rng: &mut impl Rng) -> Result<()> {
    let maker = Maker { directory, today: jiff::tz::TimeZone::UTC.to_datetime(now).date() };
    let authority = maker.authority(rng)?;
    maker.server(&authority, rng)?;
    maker.application("partner", "portail-demo", &authority, rng)?;
    maker.application("unregistered", "application-non-enregistree", &authority, rng)?;
    maker.key_store()
}

struct Maker<'a> {
    directory: &'a Path,
    today: Date,
}

/// The authority, able to issue only while `ca.key` is there.
struct Authority {
    issuer: Option<Issuer<'static, KeyPair>>,
}

/// What is there already of a certificate and its key.
enum Present {
    Both,
    Key(Box<KeyPair>),
    Neither,
}

impl Maker<'_> {
    fn authority(&self, rng: &mut impl Rng) -> Result<Authority> {
        let (certificate, key) = (self.path("ca.pem"), self.path("ca.key"));
        if certificate.exists() && !key.exists() {
            return Ok(Authority { issuer: None });
        }
        let pair = match self.present("ca")? {
            Present::Both => {
                let pair = read_key(&key)?;
                let issuer = Issuer::from_ca_cert_pem(&read(&certificate)?, pair).with_context(|| {
                    format!("{} is no certificate of an authority", certificate.display())
                })?;
                return Ok(Authority { issuer: Some(issuer) });
            }
            Present::Key(pair) => *pair,
            Present::Neither => self.new_key("ca")?,
        };
        let mut params = self.params("Autorite de demonstration ViaTrajectoire PA", 20, rng)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        write_new(&certificate, params.self_signed(&pair)?.pem().as_bytes(), 0o644)?;
        Ok(Authority { issuer: Some(Issuer::new(params, pair)) })
    }

    fn server(&self, authority: &Authority, rng: &mut impl Rng) -> Result<()> {
        let mut params = self.params("localhost", 5, rng)?;
        params.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into()?),
            SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()),
            SanType::IpAddress(std::net::Ipv6Addr::LOCALHOST.into()),
        ];
        self.issue("server", params, authority)
    }

    fn application(&self, file: &str, name: &str, authority: &Authority, rng: &mut impl Rng) -> Result<()> {
        self.issue(file, self.params(name, 5, rng)?, authority)
    }

    fn issue(&self, file: &str, mut params: CertificateParams, authority: &Authority) -> Result<()> {
        let present = self.present(file)?;
        if matches!(present, Present::Both) {
            return Ok(());
        }
        let Some(issuer) = &authority.issuer else {
            bail!(
                "{} is missing, and without {} it cannot be issued: put the key back, or start afresh in \
                 another directory (--dir)",
                self.path(&format!("{file}.pem")).display(),
                self.path("ca.key").display()
            );
        };
        // §4.2.2: digitalSignature, keyEncipherment, dataEncipherment; serverAuth and clientAuth.
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::DataEncipherment,
        ];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let pair = match present {
            Present::Key(pair) => *pair,
            Present::Both | Present::Neither => self.new_key(file)?,
        };
        let certificate = params.signed_by(&pair, issuer)?;
        write_new(&self.path(&format!("{file}.pem")), certificate.pem().as_bytes(), 0o644)
    }

    /// `partner.p12`: the partner's key and chain, as Java, .NET and browsers take them.
    fn key_store(&self) -> Result<()> {
        let path = self.path("partner.p12");
        if path.exists() {
            return Ok(());
        }
        let key = PrivateKey::from_der(&crate::keyfile::private_key(&self.path("partner.key"))?)?;
        let mut chain = Vec::new();
        for file in ["partner.pem", "ca.pem"] {
            for der in crate::keyfile::certificates(&self.path(file))? {
                chain.push(P12Certificate::from_der(&der)?);
            }
        }
        let mut store = KeyStore::new();
        let entry = PrivateKeyChain::new("partner", key, chain);
        store.add_entry("partner", KeyStoreEntry::PrivateKeyChain(entry));
        write_new(&path, &store.writer(P12_PASSWORD).write()?, 0o600)
    }

    fn present(&self, name: &str) -> Result<Present> {
        let (certificate, key) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        match (certificate.exists(), key.exists()) {
            (true, true) => Ok(Present::Both),
            (false, false) => Ok(Present::Neither),
            (false, true) => Ok(Present::Key(Box::new(read_key(&key)?))),
            (true, false) => bail!(
                "{} is there without its key {}: put the key back, or move the certificate away and start again",
                certificate.display(),
                key.display()
            ),
        }
    }

    fn new_key(&self, name: &str) -> Result<KeyPair> {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        write_new(&self.path(&format!("{name}.key")), pair.serialize_pem().as_bytes(), 0o600)?;
        Ok(pair)
    }

    fn params(&self, common_name: &str, years: i16, rng: &mut impl Rng) -> Result<CertificateParams> {
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "FR");
        name.push(DnType::OrganizationName, "ViaTrajectoire PA demonstration");
        name.push(DnType::CommonName, common_name);
        params.distinguished_name = name;
        let mut serial = [0_u8; 16];
        rng.fill_bytes(&mut serial);
        params.serial_number = Some(positive(serial));
        // A day early, so that a machine whose clock is a little behind takes them.
        let midnight = |date: Date| {
            rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
        };
        params.not_before = midnight(self.today.checked_sub(1.day())?);
        params.not_after = midnight(self.today.checked_add(years.years())?);
        Ok(params)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// A serial number is positive and not zero (RFC 5280 §4.1.2.2).
fn positive(mut bytes: [u8; 16]) -> SerialNumber {
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    SerialNumber::from_slice(&bytes)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_key(path: &Path) -> Result<KeyPair> {
    let der = crate::keyfile::private_key(path)?;
    KeyPair::try_from(der).with_context(|| format!("{} holds a key that cannot sign", path.display()))
}

/// Writes a file that is not there yet, whole or not at all.
pub(crate) fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    // Left behind by a run that was killed here.
    let _ = fs::remove_file(&beside);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside).with_context(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).with_context(failed)?;
    // A link, unlike a rename, refuses to take the place of a file.
    let linked = fs::hard_link(&beside, path).with_context(failed);
    let _ = fs::remove_file(&beside);
    linked
}
