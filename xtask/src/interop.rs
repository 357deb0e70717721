//! Foreign SOAP stacks against a live server (interop/README.md tells the interface). The driver says what it saw, this
//! file says what is right: a driver cannot pass by being lenient.

mod expect;
mod matrix;
mod record;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::demo::{self, Demo};
use crate::install;
use crate::shell::{command, root, run as execute};
use crate::test::Tally;

use expect::Profile;
use matrix::Row;
pub(crate) use matrix::is_told;

/// A SOAP stack and how its driver is run.
pub(crate) struct Stack {
    pub(crate) name: &'static str,
    driver: fn() -> Command,
    /// The profiles that it cannot do, and why: a footnote of the matrix.
    cannot: &'static [(Profile, &'static str)],
}

impl Stack {
    fn runs(&self, profile: Profile) -> bool {
        self.cannot.iter().all(|(other, _)| *other != profile)
    }
}

/// The stacks, in the order in which they run.
pub(crate) const STACKS: &[Stack] = &[
    Stack { name: "zeep", driver: zeep, cannot: &[] },
    Stack { name: "node", driver: node, cannot: &[] },
    Stack { name: "php", driver: php, cannot: &[] },
    Stack { name: "cxf-action", driver: || cxf("action"), cannot: &[] },
    Stack {
        name: "cxf-policy",
        driver: || cxf("policy"),
        cannot: &[(
            Profile::Encrypted,
            "the policy asks for no encryption, since it would ask it of every partner; the action mode encrypts",
        )],
    },
    Stack {
        name: "gsoap",
        driver: gsoap,
        cannot: &[(
            Profile::Encrypted,
            "its plugin announces RSA-OAEP and wraps the key by RSA 1.5 (mecevp.c of 2.8.124 with OpenSSL 3), which is refused",
        )],
    },
];

fn gsoap() -> Command {
    command(install::gsoap_driver())
}

fn cxf(mode: &str) -> Command {
    let mut driver = command("java");
    driver.args(["-cp", &install::cxf_classpath(), "partenaire.Run", mode]);
    driver
}

fn node() -> Command {
    let mut driver = command("node");
    driver.arg("interop/node/run.mjs");
    driver
}

fn php() -> Command {
    let mut driver = command("php");
    // warnings are for the terminal, not for the result
    driver.args(["-d", "display_errors=stderr", "interop/php/run.php"]);
    driver
}

fn zeep() -> Command {
    let mut driver = command(install::python());
    driver.arg("-B").arg("interop/zeep/run.py");
    driver
}

/// Runs all stacks, or the one of that name. A run of all writes the matrix into README. `record` keeps messages for crates/wss.
pub(crate) fn run(name: Option<&str>, record: bool) -> Result<()> {
    let chosen: Vec<&Stack> =
        STACKS.iter().filter(|stack| name.is_none_or(|name| name == stack.name)).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = STACKS.iter().map(|stack| stack.name).collect();
        bail!("no such stack; there are: {}", known.join(", "));
    }
    install::run()?;
    let vtpa = demo::built()?;
    let mut total = Tally::default();
    let mut rows = Vec::new();
    for stack in chosen {
        let (tally, row) = run_stack(stack, &vtpa, record)?;
        total.passed += tally.passed;
        total.failed += tally.failed;
        rows.push(row);
    }
    println!("\n{}", matrix::table(&rows));
    if rows.len() == STACKS.len() && total.failed == 0 {
        matrix::write(&rows)?;
    }
    total.close()
}

/// Runs one stack against a demonstration of its own.
pub(crate) fn run_stack(stack: &'static Stack, vtpa: &Path, record: bool) -> Result<(Tally, Row)> {
    let folder = root().join("target/xtask/interop").join(stack.name);
    let trace = folder.join("trace");
    if trace.exists() {
        std::fs::remove_dir_all(&trace)?;
    }
    let demo = Demo::start(vtpa, &folder.join("demo"))?;
    let id_local = format!("interop {} É<&>", stack.name);
    let scenario = scenario(stack, &demo, &folder, &id_local)?;
    let file = folder.join("scenario.json");
    std::fs::write(&file, serde_json::to_string_pretty(&scenario)?)?;

    let result = drive((stack.driver)().arg(&file), &folder)?;
    println!("{}", result["stack"].as_str().unwrap_or(stack.name));

    let mut tally = Tally::default();
    let mut row = Row::new(stack, &result);
    for (step, verdict) in expect::verdicts(&result, |profile| stack.runs(profile)) {
        row.record(step, verdict.is_ok());
        tally.record(step, verdict);
    }
    for (profile, marks) in [(Profile::Saml, "Assertion"), (Profile::Encrypted, "EncryptedData")] {
        if stack.runs(profile) {
            let step = format!("messages are secured as {} says", profile.title());
            tally.record(&step, secured(&trace, profile, marks));
        }
    }
    tally.record("the server has the dossier", dossier_stored(&demo, &result));
    tally.record("answers follow the contract", answers_valid(&demo, &folder));
    if record && tally.failed == 0 {
        record::keep(stack, &demo, &trace)?;
    }
    demo.stop()?;
    if tally.failed > 0 {
        println!("scenario, result, envelopes and the server's log are in {}", folder.display());
    }
    Ok((tally, row))
}

/// Runs a driver, its progress on our standard error; keeps and returns the result that it prints. Its exit status says no more
/// than the result does.
pub(crate) fn drive(driver: &mut Command, folder: &Path) -> Result<Value> {
    let ended =
        driver.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot run the driver")?;
    std::fs::write(folder.join("result.json"), &ended.stdout)?;
    serde_json::from_slice(&ended.stdout)
        .with_context(|| format!("the driver ended with {} and printed no JSON document", ended.status))
}

fn scenario(stack: &Stack, demo: &Demo, folder: &Path, id_local: &str) -> Result<Value> {
    let example = root().join("interop/creation.json");
    let text =
        std::fs::read_to_string(&example).with_context(|| format!("cannot read {}", example.display()))?;
    let mut creation: Value = serde_json::from_str(&text)?;
    creation["IdLocal"] = json!(id_local);
    Ok(json!({
        "base": demo.base,
        "ca": demo.file("ca.pem"),
        "server": { "certificate": demo.file("server.pem") },
        "partner": { "certificate": demo.file("partner.pem"), "key": demo.file("partner.key") },
        "unregistered": { "certificate": demo.file("unregistered.pem"), "key": demo.file("unregistered.key") },
        "creation": creation,
        "steps": expect::steps(|profile| stack.runs(profile)),
        "trace": folder.join("trace"),
    }))
}

/// The operator's own view of the dossier that the stack created.
fn dossier_stored(demo: &Demo, result: &Value) -> Result<()> {
    let created = expect::step(result, "create").context("no dossier was created")?;
    let id = created["id_dossier"].as_str().context("no dossier was created")?;
    let shown: Value = serde_json::from_str(&demo.vtpa(&["dossier", "show", id, "--json"])?)?;
    let text = shown.to_string();
    ensure!(text.contains(id) && text.contains("Lefèvre-Özdemir"), "`vtpa dossier show` says {text}");
    Ok(())
}

/// Whether the three operations of a profile went over the wire as it says: a driver that forgets to encrypt is answered all
/// the same.
fn secured(trace: &Path, profile: Profile, element: &str) -> Result<()> {
    let mut exchanges = 0;
    for entry in std::fs::read_dir(trace)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(number) = name.strip_suffix("-request.xml") else { continue };
        let holds = |text: &str| text.contains(&format!(":{element} "));
        let answer =
            std::fs::read_to_string(trace.join(format!("{number}-response.xml"))).unwrap_or_default();
        let answered = profile != Profile::Encrypted || holds(&answer);
        exchanges += usize::from(holds(&std::fs::read_to_string(&file)?) && answered);
    }
    ensure!(exchanges >= 3, "{exchanges} exchanges with {element} in the trace, 3 expected");
    Ok(())
}

/// Every envelope of the trace against the contract's schema, by a validator that is not ours.
fn answers_valid(demo: &Demo, folder: &Path) -> Result<()> {
    let mut validator = command(install::python());
    validator.arg("-B").arg("interop/validate.py").arg(root().join("contract")).arg(folder.join("trace"));
    execute(validator.arg(demo.file("partner.key")))
}
