//! Foreign SOAP stacks against a live server (interop/README.md tells the interface). The driver says what it saw, this
//! file says what is right: a driver cannot pass by being lenient.

mod expect;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::demo::{self, Demo};
use crate::install;
use crate::shell::{command, root, run as execute};
use crate::test::Tally;

/// A SOAP stack and how its driver is run.
pub(crate) struct Stack {
    pub(crate) name: &'static str,
    driver: fn() -> Command,
}

/// The stacks, in the order in which they run.
pub(crate) const STACKS: &[Stack] = &[Stack { name: "zeep", driver: zeep }];

fn zeep() -> Command {
    let mut driver = command(install::python());
    driver.arg("-B").arg("interop/zeep/run.py");
    driver
}

/// Runs all stacks, or the one of that name.
pub(crate) fn run(name: Option<&str>) -> Result<()> {
    let chosen: Vec<&Stack> =
        STACKS.iter().filter(|stack| name.is_none_or(|name| name == stack.name)).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = STACKS.iter().map(|stack| stack.name).collect();
        bail!("no such stack; there are: {}", known.join(", "));
    }
    install::run()?;
    let vtpa = demo::built()?;
    let mut total = Tally::default();
    for stack in chosen {
        let tally = run_stack(stack, &vtpa)?;
        total.passed += tally.passed;
        total.failed += tally.failed;
    }
    total.close()
}

/// Runs one stack against a demonstration of its own.
pub(crate) fn run_stack(stack: &Stack, vtpa: &Path) -> Result<Tally> {
    let folder = root().join("target/xtask/interop").join(stack.name);
    let demo = Demo::start(vtpa, &folder.join("demo"))?;
    let id_local = format!("interop {} É<&>", stack.name);
    let scenario = scenario(&demo, &folder, &id_local)?;
    let file = folder.join("scenario.json");
    std::fs::write(&file, serde_json::to_string_pretty(&scenario)?)?;

    let result = drive((stack.driver)().arg(&file), &folder)?;
    println!("{}", result["stack"].as_str().unwrap_or(stack.name));

    let mut tally = Tally::default();
    for (step, verdict) in expect::verdicts(&result) {
        tally.record(step, verdict);
    }
    tally.record("the server has the dossier", dossier_stored(&demo, &result));
    tally.record("answers follow the contract", answers_valid(&folder));
    demo.stop()?;
    if tally.failed > 0 {
        println!("scenario, result, envelopes and the server's log are in {}", folder.display());
    }
    Ok(tally)
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

fn scenario(demo: &Demo, folder: &Path, id_local: &str) -> Result<Value> {
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
        "steps": expect::STEPS.iter().map(|step| step.name).collect::<Vec<_>>(),
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

/// Every envelope of the trace against the contract's schema, by a validator that is not ours.
fn answers_valid(folder: &Path) -> Result<()> {
    let mut validator = command(install::python());
    execute(
        validator.arg("-B").arg("interop/validate.py").arg(root().join("contract")).arg(folder.join("trace")),
    )
}
