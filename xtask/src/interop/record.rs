//! `cargo xtask interop --record`: one message of each stack and profile, as it went over the wire, for the tests of crates/wss,
//! which replay it without the stack.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Stack;
use super::expect::Profile;
use crate::demo::Demo;
use crate::shell::root;

/// Where the messages stand.
fn folder() -> PathBuf {
    root().join("crates/wss/tests/vectors/live")
}

/// Keeps the first accepted request of each profile, and the key that decrypts it: a demonstration's, made for this run.
pub(super) fn keep(stack: &Stack, demo: &Demo, trace: &Path) -> Result<()> {
    let folder = folder();
    std::fs::create_dir_all(&folder)?;
    for profile in Profile::ALL.into_iter().filter(|profile| stack.runs(*profile)) {
        let request = find(trace, profile)?
            .with_context(|| format!("no message of {} in the trace", profile.title()))?;
        let name = match profile {
            Profile::X509 => "x509",
            Profile::Saml => "saml",
            Profile::Encrypted => "encrypted",
        };
        let file = format!("{}-{name}", stack.name);
        std::fs::write(folder.join(format!("{file}.xml")), request)?;
        if profile == Profile::Encrypted {
            for (from, to) in [("server.pem", "pem"), ("server.key", "key")] {
                std::fs::copy(demo.file(from), folder.join(format!("{file}.{to}")))?;
            }
        }
    }
    Ok(())
}

fn find(trace: &Path, wanted: Profile) -> Result<Option<String>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(trace)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(number) = name.strip_suffix("-request.xml") else { continue };
        let request = std::fs::read_to_string(&file)?;
        let answer =
            std::fs::read_to_string(trace.join(format!("{number}-response.xml"))).unwrap_or_default();
        let profile = if request.contains(":EncryptedData ") {
            Profile::Encrypted
        } else if request.contains(":Assertion ") {
            Profile::Saml
        } else {
            Profile::X509
        };
        if profile == wanted && (answer.contains("<Code>999</Code>") || answer.contains(":EncryptedData ")) {
            return Ok(Some(request));
        }
    }
    Ok(None)
}
