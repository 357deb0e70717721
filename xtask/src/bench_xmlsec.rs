//! xmlsec beside its peers in one run: `peers/`, a workspace of its own, and its C program for libxml2 and xmlsec1.

use anyhow::{Context, Result};

use crate::install;
use crate::shell::{cargo, command, output, root, run as execute};

/// Installs what the peers need, builds them, measures, prints.
pub(crate) fn run() -> Result<()> {
    install::debian(&["libxml2-dev", "libxmlsec1-dev", "libssl-dev"])?;
    let folder = root().join("peers");
    let target = folder.join("target");
    std::fs::create_dir_all(&target)?;
    let c = target.join("peers-c");
    let flags = output(command("xmlsec1-config").args(["--cflags", "--libs"]))?;
    execute(
        command("cc")
            .args(["-O2", "-o"])
            .arg(&c)
            .arg(folder.join("c/peers.c"))
            .args(flags.split_whitespace().map(|flag| flag.replace(['\\', '\'', '"'], "")))
            .arg("-lcrypto"),
    )
    .context("the peers in C")?;
    execute(cargo().current_dir(&folder).env("CARGO_TARGET_DIR", &target).args([
        "build",
        "--release",
        "--locked",
    ]))?;
    let peers = target.join("release/peers");
    execute(command(&peers).arg("speed").arg(&c))?;
    execute(command(&peers).arg("hostile"))
}
