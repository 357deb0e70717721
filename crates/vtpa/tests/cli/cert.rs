//! `vtpa cert check`: the certificate held against §4.2.2, and every file that is no certificate.

use std::fs;
use std::path::Path;

use testkit::pki::{Identity, pki};

use crate::vtpa::{tool, vtpa, vtpa_in};

/// The rules of the report that did not hold.
fn failed(identity: &Identity, status: i32) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, _) = identity.write(directory.path());
    let report = vtpa([Path::new("cert"), Path::new("check"), &certificate, Path::new("--json")])
        .status(status)
        .json();
    let lines = report["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 6, "{report}");
    assert_eq!(report["ok"], status == 0);
    let failed = lines.iter().filter(|line| line["ok"] == false);
    failed
        .map(|line| {
            assert!(line["remedy"].is_string(), "a line that fails says what to do: {line}");
            line["rule"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn each_recommendation_has_its_verdict() {
    let pki = pki();
    let none: [&str; 0] = [];
    assert_eq!(failed(&pki.partner, 0), none);
    assert_eq!(failed(&pki.chained, 0), none);
    assert_eq!(failed(&pki.one_year, 1), ["validity"]);
    assert_eq!(failed(&pki.small_key, 1), ["key"]);
    assert_eq!(failed(&pki.ec, 1), ["key", "key_usage"]);
    assert_eq!(failed(&pki.no_signature_usage, 1), ["key_usage"]);
    assert_eq!(failed(&pki.expired, 1), ["dates"]);
    assert_eq!(failed(&pki.not_yet_valid, 1), ["dates"]);
    assert_eq!(failed(&pki.ca, 1), ["key_usage", "extended_key_usage"]);
}

#[test]
fn a_certificate_signed_with_sha1_fails_the_line_of_the_algorithm() {
    let directory = tempfile::tempdir().unwrap();
    pki().partner.write(directory.path());
    tool(
        directory.path(),
        "openssl",
        &[
            "req",
            "-x509",
            "-sha1",
            "-key",
            "partner.key",
            "-subj",
            "/CN=ancien",
            "-days",
            "1100",
            "-out",
            "sha1.pem",
        ],
    );
    let report = vtpa_in(directory.path(), ["cert", "check", "sha1.pem", "--json"]).status(1).json();
    let line = report["lines"].as_array().unwrap().iter().find(|line| line["rule"] == "signature").unwrap();
    assert_eq!(line["ok"], false);
    assert_eq!(line["found"], "sha1WithRSAEncryption");
}

#[test]
fn the_report_for_people_names_expected_and_found() {
    let directory = tempfile::tempdir().unwrap();
    pki().one_year.write(directory.path());
    let ended = vtpa_in(directory.path(), ["cert", "check", "one-year.pem"]).status(1);
    assert_eq!(ended.err, "", "what standard output says needs no second telling");
    insta::assert_snapshot!(ended.out);
}

#[test]
fn an_expired_certificate_is_named_with_its_date() {
    let directory = tempfile::tempdir().unwrap();
    pki().expired.write(directory.path());
    let ended = vtpa_in(directory.path(), ["cert", "check", "expired.pem"]).status(1);
    assert!(ended.out.contains("expired on 2026-01-01"), "{}", ended.out);
    assert!(ended.out.contains("openssl req -new -key"), "{}", ended.out);
}

/// Every kind of file that people give for a certificate: what it is called, and a command that mends it. The
/// command is run where it makes a certificate of the same file, and the result must be read.
#[test]
fn a_file_that_is_no_certificate_is_named_with_the_command_that_mends_it() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    pki().partner.write(at);
    pki().ca.write(at);
    for make in [
        "req -new -key partner.key -subj /CN=essai -out request.csr",
        "req -new -key partner.key -subj /CN=essai -outform DER -out request-der.csr",
        "x509 -in partner.pem -outform DER -out partner.cer",
        "crl2pkcs7 -nocrl -certfile partner.pem -out bundle.p7b",
        "crl2pkcs7 -nocrl -certfile partner.pem -outform DER -out bundle-der.p7b",
        "pkcs12 -export -in partner.pem -inkey partner.key -passout pass: -out store.p12",
        "pkcs8 -topk8 -in partner.key -passout pass:x -out locked.key",
        "rsa -in partner.key -traditional -out old.key",
        "pkcs8 -topk8 -nocrypt -in partner.key -outform DER -out binary.key",
        "pkey -in partner.key -pubout -out public.pem",
    ] {
        tool(at, "openssl", &make.split(' ').collect::<Vec<_>>());
    }
    fs::write(at.join("list.crl"), &pki().crl).unwrap();
    fs::write(at.join("empty.pem"), "").unwrap();
    fs::write(at.join("letter.pem"), "Bonjour,\nvoici le certificat.\n").unwrap();
    let damaged = pki().partner.certificate_pem.replacen("MII", "M*I", 1);
    fs::write(at.join("damaged.pem"), damaged).unwrap();
    let truncated = &pki().partner.certificate_pem[..600];
    fs::write(at.join("truncated.pem"), truncated).unwrap();
    let reversed = format!("{}{}", pki().ca.certificate_pem, pki().partner.certificate_pem);
    fs::write(at.join("reversed.pem"), reversed).unwrap();

    // file, problem, what it is called, the start of the mending command, the file that the command makes
    for (file, problem, named, mend, made) in [
        ("request.csr", "csr", "certificate request (CSR)", "openssl x509 -req", None),
        ("request-der.csr", "csr", "certificate request (CSR)", "openssl x509 -req", None),
        ("partner.cer", "der", "binary form (DER)", "openssl x509 -inform DER", Some("partner.pem")),
        ("bundle.p7b", "pkcs7", "PKCS#7", "openssl pkcs7 -print_certs", Some("bundle.pem")),
        ("bundle-der.p7b", "pkcs7", "PKCS#7", "openssl pkcs7 -inform DER", Some("bundle-der.pem")),
        ("store.p12", "pkcs12", "PKCS#12", "openssl pkcs12 -in", None),
        ("partner.key", "key-only", "a private key", "openssl req -new -key partner.key", None),
        ("old.key", "key-only", "a private key in an old form", "openssl req -new -key old.key", None),
        ("binary.key", "key-only", "a private key in binary form", "openssl req -new", None),
        ("locked.key", "encrypted-key", "under a password", "openssl req -new", None),
        ("public.pem", "public-key", "a public key", "give the certificate", None),
        ("list.crl", "crl", "revocation list", "give the certificate", None),
        ("empty.pem", "empty", "nothing", "file empty.pem", None),
        ("letter.pem", "unknown", "something else", "file letter.pem", None),
        ("damaged.pem", "damaged", "a damaged CERTIFICATE block", "openssl x509 -in damaged.pem", None),
        ("truncated.pem", "damaged", "a damaged CERTIFICATE block", "openssl x509 -in truncated.pem", None),
        ("reversed.pem", "wrong-order", "wrong order", "awk ", Some("reversed.ordered.pem")),
        ("absent.pem", "missing", "cannot be read", "ls -l .", None),
    ] {
        let ended = vtpa_in(at, ["cert", "check", file]).status(1).says(file).says(named).says(mend);
        assert_eq!(ended.out, "", "{file}");
        let report = vtpa_in(at, ["cert", "check", file, "--json"]).status(1).json();
        assert_eq!(
            (report["ok"].clone(), report["problem"].clone()),
            (false.into(), problem.into()),
            "{file}"
        );
        if let Some(made) = made {
            let command = ended.err[ended.err.find(mend).unwrap()..].trim();
            tool(at, "sh", &["-c", command]);
            vtpa_in(at, ["cert", "check", made]).status(0);
        }
    }
}

#[test]
fn a_certificate_saved_by_windows_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("\u{feff}{}", pki().partner.certificate_pem.replace('\n', "\r\n"));
    fs::write(directory.path().join("windows.pem"), text).unwrap();
    vtpa_in(directory.path(), ["cert", "check", "windows.pem"]).status(0);
}
