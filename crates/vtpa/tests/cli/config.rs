//! `vtpa config`: what an operator looks at before a server meets the configuration.

use crate::house::House;
use crate::vtpa::{command, vtpa_in};

#[test]
fn a_good_configuration_is_told_so_and_warnings_are_no_errors() {
    let house = House::new();
    let ended = house.operator(&["config", "check"]).status(0);
    assert!(ended.out.contains("warning: sandbox = true"), "{}", ended.out);
    assert!(ended.out.ends_with("vtpa.toml is good\n"), "{}", ended.out);
}

#[test]
fn what_would_keep_a_server_from_starting_is_told_all_at_once() {
    let house = House::new();
    house
        .write("vtpa.toml", "sandox = true\n[database]\nurl = \"sqlite:vtpa.db\"\n[limits]\nbody_byte = 1\n");
    let ended = house.operator(&["config", "check"]).status(1);
    for told in ["did you mean \"sandbox\"?", "did you mean \"limits.body_bytes\"?"] {
        assert!(ended.out.contains(told), "{told} is not in {}", ended.out);
    }

    house.write("broken.pem", "half a certif");
    house.write(
        "vtpa.toml",
        "sandbox = true\n[database]\nurl = \"sqlite:vtpa.db\"\n[tls]\ncertificate = \"none.pem\"\n[log]\nlevel = \"a=b=c\"\n\
         [trust]\nanchors = [\"broken.pem\"]\n[at_rest]\nkey = \"none.cle\"\n[signature]\nkey = \"partner.key\"\n",
    );
    let ended = house.operator(&["config", "check"]).status(1);
    for told in ["none.pem: cannot be read", "broken.pem", "none.cle", "partner.key", "log.level"] {
        let line = ended.out.lines().find(|line| line.starts_with("error: ") && line.contains(told));
        assert!(line.is_some(), "{told} is not in {}", ended.out);
    }
    assert!(!ended.out.contains("is good") && !ended.out.contains("certif\n"), "{}", ended.out);
}

#[test]
fn the_template_is_a_configuration() {
    let house = House::new();
    let template = vtpa_in(house.path(), ["config", "template"]).status(0).out;
    house.write("vtpa.toml", template.replace("#anchors = []", "anchors = [\"ca.pem\"]"));
    house.operator(&["config", "check"]).status(0);
}

#[test]
fn what_is_in_force_is_shown_with_its_origin_and_without_secrets() {
    let house = House::new();
    let show = |variables: &[(&str, &str)]| {
        let mut command = command();
        command.current_dir(house.path()).args(["config", "show", "--config", "vtpa.toml"]);
        let out = command.envs(variables.iter().copied()).output().unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let (status, out, _) = show(&[
        ("VTPA_DATABASE__URL", "postgres://vtpa:geheim@db/vtpa"),
        ("VTPA_AT_REST__KEY_VALUE", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("VTPA_LIMITS__BODY_BYTES", "4096"),
    ]);
    assert_eq!(status, Some(0));
    for line in [
        "sandbox = true # file",
        "url = \"postgres://vtpa:…@db/vtpa\" # VTPA_DATABASE__URL",
        "key_value = \"…\" # VTPA_AT_REST__KEY_VALUE",
        "body_bytes = 4096 # VTPA_LIMITS__BODY_BYTES",
        "idle_seconds = 75 # default",
    ] {
        assert!(out.lines().any(|shown| shown == line), "{line} is not in\n{out}");
    }
    assert!(!out.contains("geheim") && !out.contains("AAEC"), "{out}");

    let (status, _, err) = show(&[("VTPA_LIMITS__BODY_BYTE", "4096")]);
    assert_eq!(status, Some(1));
    assert!(err.contains("VTPA_LIMITS__BODY_BYTE, did you mean VTPA_LIMITS__BODY_BYTES?"), "{err}");
}

/// A mistake beside a secret must not bring it into the log.
#[test]
fn no_error_shows_a_secret() {
    let house = House::new();
    for text in [
        "[database]\nurl = \"postgres://vtpa:geheim@db/vtpa\" x\n",
        "[database]\nurl = [\"postgres://vtpa:geheim@db/vtpa\"]\n",
        "[database]\nurl = \"mysql://vtpa:geheim@db/vtpa\"\n",
        "[database]\nurl = \"sqlite:x\"\n[at_rest]\nprevious_values = \"geheim\"\n",
        "sandbox = true\n[database]\nurl = \"sqlite:x\"\n[at_rest]\nkey_value = \"geheim\"\n",
    ] {
        house.write("vtpa.toml", text);
        for arguments in [["config", "check"], ["config", "show"], ["partner", "list"]] {
            let ended = house.operator(&arguments);
            let said = format!("{}{}", ended.out, ended.err);
            assert!(!said.contains("geheim"), "{text} {arguments:?}: {said}");
            assert!(arguments != ["config", "check"] || said.contains("error: "), "{text}: {said}");
        }
    }
}
