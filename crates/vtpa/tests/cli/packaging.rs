//! What is packaged: every file is there, the unit and the image start what the command line knows.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::house::House;
use crate::vtpa::{command, is_in_the_binary, tool, vtpa_in};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Section, key, value; a key may come several times.
fn unit() -> Vec<(String, String, String)> {
    let text = read("packaging/vtpa.service");
    let mut section = String::new();
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else {
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("no key: {line}"));
            assert!(!section.is_empty() && key.chars().all(char::is_alphanumeric), "{line}");
            found.push((section.clone(), key.to_owned(), value.to_owned()));
        }
    }
    found
}

fn of(unit: &[(String, String, String)], key: &str) -> Vec<String> {
    unit.iter().filter(|(_, name, _)| name == key).map(|(_, _, value)| value.clone()).collect()
}

/// crates/vtpa/tests/seams finds the same words in the binary that is built with them.
#[test]
fn the_binary_cannot_be_made_to_fail_at_seams() {
    for word in ["FAILPOINTS", "after_shared_commit"] {
        assert!(!is_in_the_binary(word), "{word}");
    }
}

#[test]
fn every_file_of_the_debian_package_is_there() {
    let manifest: toml::Table = toml::from_str(&read("crates/vtpa/Cargo.toml")).unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let crate_directory = root().join("crates/vtpa");
    let mut targets = Vec::new();
    for asset in deb["assets"].as_array().unwrap() {
        let [source, target, mode] = [0, 1, 2].map(|at| asset[at].as_str().unwrap());
        assert!(source == "target/release/vtpa" || crate_directory.join(source).is_file(), "{source}");
        assert!(["644", "755"].contains(&mode), "{source}");
        targets.push(target);
    }
    for target in ["usr/bin/", "usr/lib/systemd/system/vtpa.service", "usr/lib/sysusers.d/vtpa.conf"] {
        assert!(targets.contains(&target), "{target}");
    }
    let scripts = crate_directory.join(deb["maintainer-scripts"].as_str().unwrap());
    for script in ["postinst", "prerm", "postrm"] {
        let text = std::fs::read_to_string(scripts.join(script)).unwrap();
        assert!(text.starts_with("#!/bin/sh\n") && text.contains("set -e"), "{script}");
        assert!(!text.contains("rm -r"), "{script} deletes nothing");
        tool(&scripts, "sh", &["-n", script]);
    }
}

#[test]
fn the_installed_configuration_keeps_the_database_where_the_service_may_write() {
    let postinst = read("packaging/debian/postinst");
    let script =
        postinst.lines().find_map(|line| line.trim().strip_prefix("sed -i '")?.split_once('\'')).unwrap().0;
    let template = tool(&root(), "sed", &[script, "crates/server/src/config/template.toml"]);
    assert!(template.contains("url = \"sqlite:/var/lib/vtpa/vtpa.db\""), "{template}");
    assert!(of(&unit(), "StateDirectory") == ["vtpa"], "systemd makes /var/lib/vtpa");
}

#[test]
fn the_unit_starts_what_there_is_with_no_more_rights_than_it_uses() {
    let unit = unit();
    let house = House::new();
    for key in ["ExecStartPre", "ExecReload"] {
        for line in of(&unit, key).iter().filter(|line| line.contains("/usr/bin/vtpa")) {
            let arguments = line.split(' ').skip(1).map(|word| word.replace("/etc/vtpa/", ""));
            vtpa_in(house.path(), arguments.collect::<Vec<_>>()).status(0);
        }
    }
    assert_eq!(of(&unit, "ExecStart"), ["/usr/bin/vtpa serve --config /etc/vtpa/vtpa.toml"]);
    for (key, value) in [
        ("Type", "notify"),
        ("User", "vtpa"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE"),
        ("StateDirectory", "vtpa"),
        ("UMask", "0077"),
    ] {
        assert_eq!(of(&unit, key), [value], "{key}");
    }
    assert!(read("packaging/vtpa.sysusers").starts_with("u vtpa "));
}

/// Where systemd's own tool is there, it reads the unit too.
#[test]
fn systemd_finds_nothing_to_say_about_the_unit() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        println!("no systemd-analyze on this machine: the unit is read by the other tests alone");
        return;
    };
    assert!(version.status.success());
    let house = House::new();
    // what it starts must be there
    let text = read("packaging/vtpa.service").replace("/usr/bin/vtpa", env!("CARGO_BIN_EXE_vtpa"));
    let file = house.write("vtpa.service", text);
    let file = file.to_str().unwrap();
    for arguments in [&["verify", file][..], &["security", "--offline=yes", "--threshold=20", file]] {
        let ended = Command::new("systemd-analyze")
            .args(arguments)
            .env("SYSTEMD_LOG_LEVEL", "warning")
            .output()
            .unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.success(), "{arguments:?}: {said}");
        assert!(arguments[0] != "verify" || !said.contains("vtpa.service:"), "{said}");
    }
}

#[test]
fn the_image_is_built_of_what_there_is_and_runs_as_nobody_special() {
    let text = read("packaging/Dockerfile");
    let stages: Vec<_> = text.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(stages.len(), 2, "one builds, one runs");
    let after = |text: &str, mark: &str| text.split_once(mark).map(|(_, rest)| rest.to_owned()).unwrap();
    let number = |version: &str| {
        let digits = version.split(|c: char| !c.is_ascii_digit()).take(2);
        digits.map(|part| part.parse::<u32>().unwrap()).collect::<Vec<_>>()
    };
    let workspace: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let least = workspace["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(number(&after(stages[0], "rust:")) >= number(least), "{} is older than {least}", stages[0]);
    for line in text.lines().filter(|line| line.starts_with("COPY ") && !line.contains("--from=")) {
        let source = line.split(' ').nth(1).unwrap();
        assert!(root().join(source).exists(), "{line}");
    }
    assert!(text.contains("\nUSER 10001:10001\n") && text.contains("\nSTOPSIGNAL SIGTERM\n"));
    assert!(text.contains(
        "\nENTRYPOINT [\"/usr/bin/vtpa\"]\nCMD [\"serve\", \"--config\", \"/etc/vtpa/vtpa.toml\"]\n"
    ));
    let left_out = read(".dockerignore");
    for secret in ["**/*.key", "**/*.cle", "**/target"] {
        assert!(left_out.lines().any(|line| line == secret), "{secret}");
    }
}

#[test]
fn the_service_manager_is_told_when_it_answers_and_when_it_ends() {
    let house = House::new();
    for (at, name) in [(house.path().join("notify").into_os_string(), "file"), ("@".into(), "abstract")] {
        let mut socket = at;
        let manager = if name == "file" {
            UnixDatagram::bind(&socket).unwrap()
        } else {
            use std::os::linux::net::SocketAddrExt as _;
            let own = format!("vtpa-test-{}", std::process::id());
            socket.push(&own);
            UnixDatagram::bind_addr(&std::os::unix::net::SocketAddr::from_abstract_name(own).unwrap())
                .unwrap()
        };
        manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let told = || {
            let mut state = [0; 64];
            let length = manager.recv(&mut state).unwrap();
            String::from_utf8(state[..length].to_vec()).unwrap()
        };
        let mut server = command();
        server.current_dir(house.path()).args(["serve", "--config", "vtpa.toml", "--listen", "127.0.0.1:0"]);
        let mut server = server.env("NOTIFY_SOCKET", &socket).stdout(Stdio::null()).spawn().unwrap();
        assert_eq!(told(), "READY=1", "{name}");
        tool(house.path(), "kill", &["-TERM", &server.id().to_string()]);
        assert_eq!(told(), "STOPPING=1", "{name}");
        assert_eq!(server.wait().unwrap().code(), Some(0));
    }
}
