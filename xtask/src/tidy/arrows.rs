//! Which crate may depend on which (ARCHITECTURE.md, "Crates").

use serde_json::Value;

use super::Findings;

/// A crate of ours, what it may depend on, and what its tests may use besides.
struct Arrow {
    from: &'static str,
    to: &'static [&'static str],
    tests: &'static [&'static str],
}

/// `xmlsec` knows none of us; `wss` and `dossier` never know each other, but that tests of `dossier` open real
/// messages; only tests know `testkit`.
const ARROWS: &[Arrow] = &[
    Arrow { from: "xmlsec", to: &[], tests: &[] },
    Arrow { from: "wss", to: &["xmlsec"], tests: &["testkit"] },
    Arrow { from: "dossier", to: &["xmlsec"], tests: &["testkit", "wss"] },
    Arrow { from: "storage", to: &["dossier"], tests: &["testkit"] },
    Arrow { from: "server", to: &["storage", "wss", "dossier", "xmlsec"], tests: &["testkit"] },
    Arrow { from: "client", to: &["wss", "dossier", "xmlsec"], tests: &["testkit"] },
    Arrow {
        from: "vtpa",
        to: &["server", "client", "storage", "wss", "dossier", "xmlsec"],
        tests: &["testkit"],
    },
    Arrow { from: "testkit", to: &["server", "storage", "wss", "dossier", "xmlsec"], tests: &[] },
    Arrow {
        from: "torture",
        to: &["client", "dossier", "server", "storage", "testkit", "wss", "xmlsec"],
        tests: &[],
    },
    Arrow { from: "xtask", to: &[], tests: &[] },
];

/// External crates that belong to one crate of ours, so that what they do is done nowhere else.
const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["storage"]),
    ("rusqlite", &["storage"]),
    ("quick-xml", &["xmlsec"]),
    // xmlsec for signatures and wire encryption, storage for AES-256-GCM at rest, server for the
    // compact JWS of /liaison and of the OpenID Connect provider: nowhere else.
    ("aws-lc-rs", &["server", "storage", "xmlsec"]),
    ("argon2", &["server"]),
    ("reqwest", &["client", "server", "torture"]),
    ("anyhow", &["torture", "vtpa", "xtask"]),
];

pub(super) fn check(metadata: &Value, findings: &mut Findings) {
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    for name in &ours {
        if !ARROWS.iter().any(|arrow| arrow.from == *name) {
            findings.push(format!(
                "{name}: a new crate; draw its arrows in ARCHITECTURE.md and xtask/src/tidy/arrows.rs"
            ));
        }
    }
    for package in packages {
        let (Some(from), Some(dependencies)) = (package["name"].as_str(), package["dependencies"].as_array())
        else {
            continue;
        };
        for dependency in dependencies {
            let Some(to) = dependency["name"].as_str() else { continue };
            let in_tests = dependency["kind"] == "dev";
            if let Some(reason) = forbidden(from, to, in_tests, ours.contains(&to)) {
                findings.push(format!("{from} → {to}: {reason}"));
            }
        }
    }
}

/// Why `from` may not depend on `to`.
fn forbidden(from: &str, to: &str, in_tests: bool, ours: bool) -> Option<String> {
    if !ours {
        let (_, owners) = RESERVED.iter().find(|(name, _)| *name == to)?;
        return (!in_tests && !owners.contains(&from))
            .then(|| format!("{to} is for {} alone", owners.join(", ")));
    }
    let arrow = ARROWS.iter().find(|arrow| arrow.from == from)?;
    let allowed = arrow.to.contains(&to) || (in_tests && arrow.tests.contains(&to));
    (!allowed).then(|| "no such arrow in ARCHITECTURE.md".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows() {
        let (ours, theirs) = (true, false);
        let table = [
            ("server", "storage", false, ours, true),
            ("wss", "dossier", false, ours, false),
            ("dossier", "wss", true, ours, true),
            ("dossier", "wss", false, ours, false),
            ("wss", "dossier", true, ours, false),
            ("storage", "testkit", true, ours, true),
            ("storage", "testkit", false, ours, false),
            ("xmlsec", "wss", true, ours, false),
            ("server", "sqlx", false, theirs, false),
            ("storage", "sqlx", false, theirs, true),
            ("dossier", "serde", false, theirs, true),
        ];
        for (from, to, in_tests, ours, allowed) in table {
            assert_eq!(
                forbidden(from, to, in_tests, ours).is_none(),
                allowed,
                "{from} → {to}, in tests: {in_tests}"
            );
        }
    }
}
