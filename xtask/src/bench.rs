//! Requests per second of one server core, as a part of the RSA-2048 signatures that the same core makes in the same run: every
//! answer costs one, so that 1 is the bound whatever the machine. The server is alone on core 0, the load on core 1.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::demo::Demo;
use crate::shell::{command, executable, output, root, run as execute};

const ROUNDS: usize = 3;
/// Messages of a round: about five seconds.
const MESSAGES: &str = "16000";
const CONNECTIONS: &str = "8";
/// Creations of a round, and how many are in flight: one alone waits for the disk each time, many share its commit.
const CREATIONS: [(&str, &str); 2] = [("1500", "1"), ("8000", "64")];

/// What the load asks for, and how.
#[derive(Clone, Copy)]
struct Load<'a> {
    /// `IdDossier`, or the file of what to create.
    what: &'a str,
    id_local: &'a str,
    messages: &'a str,
    connections: &'a str,
    profile: &'a str,
}

/// What one round showed.
struct Round {
    signatures_per_second: f64,
    requests_per_second: f64,
    cpu_microseconds: f64,
    answer_bytes: u64,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.requests_per_second / self.signatures_per_second
    }

    /// The ratio that a core would show that nobody else takes time of.
    fn cpu_ratio(&self) -> f64 {
        1e6 / self.cpu_microseconds / self.signatures_per_second
    }
}

/// Builds, measures, prints, and adds a row to BENCHMARKS.md.
pub(crate) fn run() -> Result<()> {
    let build = ["build", "--release", "-p", "vtpa", "-p", "client", "--bin", "vtpa", "--example", "load"];
    let vtpa = executable(&build, "bin", "vtpa")?;
    let load = executable(&build, "example", "load")?;
    let folder = root().join("target/xtask/bench");
    let mut production = pinned("0", &vtpa);
    // a sandbox keeps every message whole
    production.env("VTPA_SANDBOX", "false");
    let demo = Demo::start_by(production, &vtpa, &folder.join("demo"))?;
    let id = dossier_with_demandes(&demo, &folder)?;

    let consult =
        Load { what: &id, id_local: "bench", messages: MESSAGES, connections: CONNECTIONS, profile: "x509" };
    measure(&demo, &load, Load { messages: "2000", ..consult })?; // warm: caches, allocator, the processor's clock
    for (profile, case) in
        [("x509", "X.509"), ("saml", "assertion signed too"), ("encrypted", "encrypted both ways")]
    {
        measure_case(&demo, &load, Load { profile, ..consult }, &format!("consult, 5 demandes, {case}"))?;
    }
    let creation = root().join("interop/creation.json").display().to_string();
    for (messages, connections) in CREATIONS {
        let create = Load { what: &creation, messages, connections, ..consult };
        measure_case(&demo, &load, create, &format!("create, X.509, {connections} in flight"))?;
    }
    demo.stop()
}

/// The middle one of some rounds becomes a row.
fn measure_case(demo: &Demo, load: &Path, what: Load<'_>, case: &str) -> Result<()> {
    println!("{case}");
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let round = measure(demo, load, what)?;
        println!(
            "{:>7.0} request/s   {:>7.0} signatures/s   ratio {:.2}   {:>4.0} µs CPU per request, ratio by CPU {:.2}",
            round.requests_per_second,
            round.signatures_per_second,
            round.ratio(),
            round.cpu_microseconds,
            round.cpu_ratio()
        );
        rounds.push(round);
    }
    rounds.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
    write_row(rounds.get(ROUNDS / 2).context("no round")?, case)
}

/// Attack catalogue 37, 38: crates/server/examples/oracle.rs says how it measures.
pub(crate) fn oracle(rounds: &str) -> Result<()> {
    let build = ["build", "--release", "-p", "server", "--example", "oracle"];
    let oracle = executable(&build, "example", "oracle")?;
    execute(pinned("0", &oracle).arg(rounds))
}

/// What each page of the site costs: crates/server/examples/pages.rs says how it measures. Its table takes the place of the
/// last one in BENCHMARKS.md.
pub(crate) fn pages() -> Result<()> {
    let build = ["build", "--release", "-p", "server", "--example", "pages"];
    let table = output(&mut pinned("0", &executable(&build, "example", "pages")?))?;
    let heading = format!("{}, {}\n\n", output(command("date").args(["-u", "+%F"]))?.trim(), machine()?);
    let file = root().join("BENCHMARKS.md");
    let text = std::fs::read_to_string(&file)?;
    let (before, section) =
        text.split_once("\n## Pages\n").context("BENCHMARKS.md has no section of pages")?;
    let (section, after) =
        section.split_once("\n## ").map_or((section, None), |(section, after)| (section, Some(after)));
    let words = section.split("\n\n").find(|part| part.contains("cargo xtask")).unwrap_or_default().trim();
    let after = after.map(|after| format!("\n## {after}")).unwrap_or_default();
    print!("{table}");
    std::fs::write(&file, format!("{before}\n## Pages\n\n{words}\n\n{heading}{table}{after}"))?;
    Ok(())
}

fn measure(demo: &Demo, load: &Path, what: Load<'_>) -> Result<Round> {
    // decrypting takes a private operation of its own
    let operations = if what.profile == "encrypted" { 2.0 } else { 1.0 };
    let signatures_per_second = signatures_per_second()? / operations;
    let mut load = pinned("1", load);
    load.arg(&demo.base).args(["ca.pem", "partner.pem", "partner.key"].map(|name| demo.file(name)));
    load.args([what.what, what.id_local, what.messages, what.connections, what.profile]);
    load.arg(demo.file("server.pem"));
    let before = demo.cpu_seconds()?;
    let seen: Value = serde_json::from_str(&output(&mut load)?)?;
    let cpu = demo.cpu_seconds()? - before;
    let requests = seen["requests"].as_f64().context("requests")?;
    Ok(Round {
        signatures_per_second,
        requests_per_second: requests / seen["seconds"].as_f64().context("seconds")?,
        cpu_microseconds: cpu * 1e6 / requests,
        answer_bytes: seen["answer_bytes"].as_u64().context("answer_bytes")?,
    })
}

/// By OpenSSL, on the server's core, while the server waits.
fn signatures_per_second() -> Result<f64> {
    let mut openssl = pinned("0", Path::new("openssl"));
    let printed = output(openssl.args(["speed", "-mr", "-elapsed", "-seconds", "3", "rsa2048"]))?;
    // "+F2:2:2048:<sign/s>:<verify/s>", seconds per operation in older versions
    let line =
        printed.lines().find(|line| line.starts_with("+F2:")).context("openssl speed printed no result")?;
    let figure: f64 = line.split(':').nth(3).context("openssl speed")?.parse()?;
    Ok(if figure < 1.0 { 1.0 / figure } else { figure })
}

/// The dossier of design/performance.md: five demandes, so that the answer's Body has about 5.5 kB.
fn dossier_with_demandes(demo: &Demo, folder: &Path) -> Result<String> {
    let mut creation: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("interop/creation.json"))?)?;
    creation.as_object_mut().context("creation.json")?.insert("IdLocal".to_owned(), Value::from("bench"));
    let file = folder.join("creation.json");
    std::fs::write(&file, creation.to_string())?;
    let mut call = Command::new(&demo.vtpa);
    call.args(["call", "creer"]).arg(&file).args(["--profile", "x509", "--json", "--url", &demo.base]);
    for (option, name) in [
        ("--cert", "partner.pem"),
        ("--key", "partner.key"),
        ("--ca", "ca.pem"),
        ("--server-cert", "server.pem"),
    ] {
        call.arg(option).arg(demo.file(name));
    }
    let created: Value = serde_json::from_str(&output(&mut call)?)?;
    let id = find(&created, "IdDossier").context("vtpa call creer gave no IdDossier")?;

    let listed: Value = serde_json::from_str(&demo.vtpa(&["etablissement", "list", "--json"])?)?;
    let finess: Vec<&str> =
        listed.as_array().into_iter().flatten().filter_map(|one| one["NumFINISS"].as_str()).take(5).collect();
    ensure!(finess.len() == 5, "vtpa etablissement list gave {listed}");
    for finess in finess {
        demo.vtpa(&[
            "demande",
            "add",
            &id,
            "--finess",
            finess,
            "--hebergement",
            "Permanent",
            "--urgence",
            "SixMois",
        ])?;
    }
    Ok(id)
}

/// The first text of that name, however deep.
fn find(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Object(members) => members
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| members.values().find_map(|member| find(member, name))),
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}

fn pinned(core: &str, program: &Path) -> Command {
    let mut taskset = command("taskset");
    taskset.args(["--cpu-list", core]).arg(program);
    taskset
}

/// The processor's name.
fn machine() -> Result<String> {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    Ok(model.trim_start_matches([' ', '\t', ':']).to_owned())
}

fn write_row(round: &Round, case: &str) -> Result<()> {
    let row = format!(
        "| {} | {} | {case}, HTTPS, {} B answer | {:.0} | {:.0} | {:.2} | {:.0} | {:.2} |\n",
        output(command("date").args(["-u", "+%F"]))?.trim(),
        machine()?,
        round.answer_bytes,
        round.requests_per_second,
        round.signatures_per_second,
        round.ratio(),
        round.cpu_microseconds,
        round.cpu_ratio(),
    );
    print!("{row}");
    let file = root().join("BENCHMARKS.md");
    let text = std::fs::read_to_string(&file)?;
    let (table, rest) = text.split_once("\n## xmlsec").context("BENCHMARKS.md has no section of xmlsec")?;
    std::fs::write(&file, format!("{}\n{row}\n## xmlsec{rest}", table.trim_end()))?;
    Ok(())
}
