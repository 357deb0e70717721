//! What tests need besides Rust and a C compiler: Debian packages, a Python with zeep and lxml, Node modules.
//! All of it is looked for first, so that a second run takes no time.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{command, output, root, run as execute, which};

/// A program and the Debian package that brings it.
const PROGRAMS: &[(&str, &str)] = &[
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("chromium", "chromium"),
    ("java", "default-jre-headless"),
    ("javac", "default-jdk-headless"),
    ("mvn", "maven"),
    ("g++", "g++"),
    ("soapcpp2", "gsoap"),
    ("php", "php-cli"),
    ("xmlsec1", "xmlsec1"),
    ("xmllint", "libxml2-utils"),
    ("valgrind", "valgrind"),
    ("openssl", "openssl"),
    ("psql", "postgresql-client"),
    ("setpriv", "util-linux"),
    ("strace", "strace"),
    ("faketime", "faketime"),
    ("sqlite3", "sqlite3"),
];

/// Debian packages that bring no program, only what one of the above or a page needs.
const LIBRARIES: &[&str] = &[
    "libxmlsec1-openssl",
    "fonts-dejavu-core",
    "pgbouncer",
    "postgresql", // its programs are in no folder of PATH
    "php-soap",
    "php-xml",
    "libgsoap-dev",
    "libssl-dev",
    "zlib1g-dev",
    "nlohmann-json3-dev",
];

/// Folders with a `package-lock.json`.
const NODE_FOLDERS: &[&str] = &["browser", "interop/node", "testkit/openid"];

/// Installs what is missing.
pub(crate) fn run() -> Result<()> {
    packages()?;
    python_packages()?;
    cxf()?;
    gsoap()?;
    for folder in NODE_FOLDERS {
        node_modules(&root().join(folder))?;
    }
    Ok(())
}

/// The interpreter of the environment that [`run`] makes.
pub(crate) fn python() -> PathBuf {
    root().join(".tools/venv/bin/python3")
}

/// Where [`run`] puts the classes of interop/cxf, and what they need beside them.
pub(crate) fn cxf_classpath() -> String {
    let classes = cxf_folder().join("classes");
    let libraries = std::fs::read_to_string(cxf_folder().join("classpath")).unwrap_or_default();
    format!("{}:{}", classes.display(), libraries.trim())
}

fn cxf_folder() -> PathBuf {
    root().join(".tools/cxf")
}

/// Generates the classes of the contract and compiles the driver, as often as one of its files changes.
fn cxf() -> Result<()> {
    let folder = root().join("interop/cxf");
    let sources = folder.join("src/main/java/partenaire");
    let mut files = vec![folder.join("pom.xml")];
    for entry in std::fs::read_dir(&sources).with_context(|| format!("cannot read {}", sources.display()))? {
        files.push(entry?.path());
    }
    files.extend(
        ["pa.xsd", "creation.wsdl", "consultation.wsdl"].map(|name| root().join("contract").join(name)),
    );
    files.sort();
    up_to_date("cxf", &files, &cxf_folder().join("classpath"), || {
        let mut maven = command("mvn");
        maven.args(["--batch-mode", "--quiet", "process-classes"]).current_dir(&folder);
        execute(maven.arg(format!("-DoutputFolder={}", cxf_folder().display())))
    })
}

/// The driver of interop/gsoap, which [`run`] compiles.
pub(crate) fn gsoap_driver() -> PathBuf {
    root().join(".tools/gsoap/run")
}

fn gsoap() -> Result<()> {
    let folder = root().join("interop/gsoap");
    let mut files = Vec::from(
        ["build.sh", "definitions.sh", "run.cpp", "viatrajectoire.hpp"].map(|name| folder.join(name)),
    );
    files.extend(contract());
    up_to_date("gsoap", &files, &gsoap_driver(), || {
        let out = gsoap_driver().with_file_name("");
        execute(command("sh").arg(folder.join("build.sh")).arg(out))
    })
}

/// What the stacks that generate code generate it from.
fn contract() -> [PathBuf; 3] {
    ["pa.xsd", "creation.wsdl", "consultation.wsdl"].map(|name| root().join("contract").join(name))
}

/// Debian packages that only some task needs.
pub(crate) fn debian(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(package)).collect();
    install_debian(&missing)
}

fn packages() -> Result<()> {
    let mut missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| which(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    // Debian keeps what `python3 -m venv` needs in a package of its own
    if output(command("python3").args(["-c", "import ensurepip, venv"])).is_err() {
        missing.push("python3-venv");
    }
    missing.extend(LIBRARIES.iter().filter(|library| !installed(library)));
    install_debian(&missing)
}

fn install_debian(missing: &[&str]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("install them by hand, as root:  apt-get install {}", missing.join(" "));
    if which("apt-get").is_none() {
        bail!("tests need the Debian packages {missing:?}, and there is no apt-get here; install their like");
    }
    if output(command("id").arg("-u"))?.trim() != "0" {
        bail!("tests need the Debian packages {missing:?} and we are not root; {by_hand}");
    }
    let apt = || {
        let mut apt = command("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    execute(apt().args(["update", "--quiet"]))?;
    execute(apt().args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(missing))
        .context(by_hand)
}

fn installed(package: &str) -> bool {
    let query = output(command("dpkg-query").args(["--show", "--showformat", "${Status}", package]));
    query.is_ok_and(|status| status == "install ok installed")
}

fn python_packages() -> Result<()> {
    let requirements = root().join("interop/zeep/requirements.txt");
    up_to_date("python", std::slice::from_ref(&requirements), &python(), || {
        let venv = root().join(".tools/venv");
        execute(command("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut pip = Command::new(python());
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
        ]);
        execute(pip.arg("--requirement").arg(&requirements))
    })
}

fn node_modules(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    if !lock.exists() {
        return Ok(());
    }
    let stamp = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    up_to_date(&stamp, std::slice::from_ref(&lock), &folder.join("node_modules"), || {
        // PUPPETEER_SKIP_DOWNLOAD and the like: the browser is Debian's
        execute(
            command("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder),
        )
    })
}

/// Runs `make` unless it was run for these very `sources` before and its `product` still stands.
fn up_to_date(
    name: &str,
    sources: &[PathBuf],
    product: &Path,
    make: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = root().join(".tools").join(format!("{name}.stamp"));
    let mut wanted = Vec::new();
    for source in sources {
        wanted.extend(std::fs::read(source).with_context(|| format!("cannot read {}", source.display()))?);
    }
    if product.exists() && std::fs::read(&stamp).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    make()?;
    std::fs::create_dir_all(root().join(".tools"))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
