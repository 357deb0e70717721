use super::*;

fn load(text: &str) -> Result<Config, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("vtpa.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(&file).map_err(|error| match error {
        ConfigError::UnknownKey { key, nearest, .. } => {
            ConfigError::UnknownKey { file: PathBuf::new(), key, nearest }
        }
        ConfigError::Syntax { problem, .. } => ConfigError::Syntax { file: PathBuf::new(), problem },
        other => other,
    })
}

#[test]
fn database_url_alone_is_enough() {
    let config = load("[database]\nurl = \"sqlite:vtpa.db\"").unwrap();
    assert_eq!(config.ws_security.max_age_seconds, 300);
    assert_eq!(config.ws_security.fault_status, FaultStatus::InternalServerError);
    assert_eq!(config.audience(), "https://localhost:8443");
    assert!(
        config.database.url.ends_with("/vtpa.db"),
        "counted from the file's directory: {}",
        config.database.url
    );
    assert!(config.tls.key.is_absolute());
}

#[test]
fn what_is_wrong_is_named() {
    let db = "[database]\nurl = \"sqlite:x\"\n";
    let openid = format!("{db}[openid]\nissuer = \"https://psc.exemple/realms/x\"\nclient_id = \"vtpa\"\n");
    let cases = [
        (String::new(), "configuration: database.url is required"),
        (
            format!("{db}[ws_security]\nmax_age_second = 3"),
            "unknown key \"ws_security.max_age_second\", did you mean \"ws_security.max_age_seconds\"?",
        ),
        (format!("{db}[ws_security]\nfault_status = 200"), "ws_security.fault_status: must be 500 or 400"),
        (format!("{db}[ws_security]\nfault_status = \"400\""), "ws_security.fault_status: invalid type"),
        (format!("sandox = true\n{db}"), "unknown key \"sandox\", did you mean \"sandbox\"?"),
        (format!("sandbox = 3\n{db}"), "sandbox: invalid type"),
        (format!("public_url = \"http://x\"\n{db}"), "public_url must begin with https://"),
        (format!("{db}[listen]\nhttp = \"0.0.0.0:80\""), "listen.http must be a loopback address"),
        (format!("{db}[operations]\ndisabled = [\"Creer\"]"), "knows no operation \"Creer\""),
        (
            format!("{db}[finess]\ncategories = [\"5000\"]"),
            "finess.categories must be categories of three digits",
        ),
        (format!("{db}[tls]\nclient_certificates = \"yes\""), "tls.client_certificates: unknown variant"),
        (format!("{db}[chaos]\nkinds = [\"slow\"]"), "chaos.kinds is for a sandbox alone"),
        (format!("{db}[chaos]\npercent = 101"), "chaos.percent must be from 0 to 100"),
        (
            format!("{db}[trust]\nunknown_revocation = \"refuse\""),
            "trust.unknown_revocation \"refuse\" without a list in trust.crls",
        ),
        ("[database]\nurl = \"mysql:x\"".to_owned(), "database.url must be sqlite:PATH or postgres://…"),
        (format!("{db}pool = \"odyssey\""), "pgbouncer"),
        (format!("{db}[retention]\narchive_after_days = 0"), "retention takes days from 1"),
        (
            format!("{db}[retention.states.ENVOYE]\nerase_after_days = 1"),
            "retention knows no state \"ENVOYE\"",
        ),
        (format!("{db}[backup]\nkeys = \"x\""), "did you mean \"backup.key\"?"),
        (
            format!("{db}[audit]\nkeep_requests = true\n[donnees]\nnir = \"verify\""),
            "audit.keep_requests would keep NumSecu",
        ),
        (format!("{db}[audit]\nkeep_months = 0"), "audit.keep_months must be from 1 to 1200"),
        (
            format!("{db}[telemetry]\notlp = \"127.0.0.1:4318\""),
            "telemetry.otlp must begin with http:// or https://",
        ),
        (format!("{db}[telemetry]\npercent = 101"), "telemetry.percent must be from 0 to 100"),
        (format!("{db}connections = 0"), "database.connections must be at least 1"),
        (
            format!("{db}[openid]\nonly = true"),
            "openid.only = true without openid.issuer would let nobody in",
        ),
        (format!("{db}[openid]\nclient_id = \"vtpa\""), "openid.issuer is required beside client_id"),
        (
            format!("{db}[openid]\nissuer = \"http://psc.exemple\""),
            "openid.issuer must be https://HOST[/PATH]",
        ),
        (
            format!("{db}[openid]\nissuer = \"https://psc.exemple/?x=1\""),
            "openid.issuer must be https://HOST[/PATH]",
        ),
        (format!("{db}[openid]\nissuer = \"https://psc.exemple\""), "openid.client_id is required"),
        (format!("{openid}metadata = \"well-known\""), "openid.metadata must be a path below openid.issuer"),
        (format!("{openid}client_secret = \"\""), "openid.client_secret is required"),
        (format!("{openid}client_secret_file = \"nulle-part\""), "openid.client_secret_file: cannot read"),
        (
            format!("{openid}client_secret = \"x\"\nscopes = \"scope_all\""),
            "openid.scopes must have \"openid\"",
        ),
        (format!("{openid}client_secret = \"x\"\nacr_values = \" \""), "openid.acr_values must name a level"),
        (format!("{openid}client_secret = \"x\"\nclaim = \"\""), "openid.claim must name a claim"),
        (format!("{openid}client_secret = \"x\"\nlabel = \"\""), "openid.label must be 1 to 40 characters"),
        (
            format!("{openid}client_secret = \"x\"\nproxy = \"proxy:3128\""),
            "openid.proxy must be http://HOST:PORT",
        ),
    ];
    for (text, expected) in cases {
        let message = load(&text).unwrap_err().to_string();
        assert!(message.contains(expected), "{text:?} gave {message:?}, expected {expected:?}");
    }
}

#[test]
fn postgresql_and_how_it_is_reached() {
    let url = "postgres://vtpa:geheim@db.example/vtpa";
    for (more, connections, pgbouncer) in [
        ("", storage::Options::default().connections, false),
        ("connections = 7", 7, false),
        ("pool = \"pgbouncer\"", storage::Options::default().connections, true),
    ] {
        let config = load(&format!("[database]\nurl = \"{url}\"\n{more}")).unwrap();
        assert_eq!(config.database.url, url);
        assert_eq!(config.database.options(), storage::Options { connections, pgbouncer });
        assert!(!format!("{config:?}").contains("geheim"), "a password is never shown");
    }
}

#[test]
fn a_state_has_its_own_delays_and_the_others_two_years_and_three() {
    use dossier::StatutDemande;
    use storage::Delays;
    let config = load(
        "[database]\nurl = \"sqlite:x\"\n[retention.states.NON_ENVOYEE]\narchive_after_days = 365\n[backup]\nkey = \"s.cle\"",
    )
    .unwrap();
    let rules = config.retention.rules();
    assert!(config.retention.enabled);
    assert_eq!(rules.delays(StatutDemande::Envoyee), Delays { archive: 730, erase: 1095 });
    assert_eq!(rules.delays(StatutDemande::NonEnvoyee), Delays { archive: 365, erase: 1095 });
    assert!(config.backup.key.unwrap().is_absolute());
}

#[test]
fn the_client_s_secret_is_shown_nowhere() {
    let text = "[database]\nurl = \"sqlite:x\"\n[openid]\nissuer = \"https://psc.exemple/realms/x\"\nclient_id = \"vtpa\"\n\
                client_secret = \"geheim\"\nca = \"ca.pem\"";
    let config = load(text).unwrap();
    assert_eq!(config.openid.client_secret.as_ref().unwrap().expose(), "geheim");
    assert!(config.openid.ca.as_ref().unwrap().is_absolute());
    assert!(!format!("{config:?}").contains("geheim"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("vtpa.toml");
    std::fs::write(&file, text).unwrap();
    assert!(!Config::shown(&file).unwrap().contains("geheim"));
}
