//! Instructions of xmlsec's pieces, counted by callgrind and compared with what is on record: clocks are noisy, counts are
//! not. A piece that takes 5 % more fails; so does a hostile shape that takes more than twice as much for twice the size.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{command, executable, output, root};
use crate::test::Tally;

/// What is allowed over the record.
const TOLERANCE: f64 = 0.05;
/// The most that twice the input may take; sorting n attributes is n log n.
const GROWTH: f64 = 2.2;
const RECORD: &str = "crates/xmlsec/examples/gate/instructions.tsv";

/// Counts and compares; with `accept`, writes the record anew.
pub(crate) fn run(accept: bool) -> Result<Tally> {
    let gate = executable(
        &["build", "--release", "--quiet", "-p", "xmlsec", "--example", "gate"],
        "example",
        "gate",
    )?;
    let counts = counted(&gate)?;
    let (shapes, pieces): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(name, _)| name.contains(" × "));
    let mut tally = Tally::default();
    let record = root().join(RECORD);
    if accept {
        let lines = pieces.iter().fold(format!("# {}\n", compiler()?), |mut lines, (name, count)| {
            let _ = writeln!(lines, "{name}\t{count}");
            lines
        });
        std::fs::write(&record, lines)?;
    }
    let recorded = std::fs::read_to_string(&record).with_context(|| format!("no {RECORD}"))?;
    let made_by = recorded.lines().next().unwrap_or_default();
    let (then, now) = (made_by.trim_start_matches("# "), compiler()?);
    if then != now {
        println!("  recorded with {then}, this is {now}: a compiler may well change what a piece takes");
    }
    let recorded: Vec<(&str, u64)> = recorded
        .lines()
        .filter(|line| *line != made_by)
        .map(|line| {
            let (name, count) = line.split_once('\t').with_context(|| format!("{RECORD}: {line}"))?;
            Ok((name, count.parse()?))
        })
        .collect::<Result<_>>()?;
    ensure!(
        recorded.len() == pieces.len(),
        "{RECORD} has other pieces; cargo xtask gate --accept writes it anew"
    );
    for (name, count) in pieces {
        let before = recorded.iter().find(|(other, _)| *other == name).map(|(_, count)| *count);
        tally.record(&format!("{name}: {count} instructions"), compare(count, before));
    }
    for pair in shapes.chunks(2) {
        let [(name, small), (_, large)] = pair else { bail!("an odd number of sizes") };
        let name = name.split(" × ").next().unwrap_or(name);
        let growth = *large as f64 / *small as f64;
        let verdict =
            if growth <= GROWTH { Ok(()) } else { Err(anyhow::anyhow!("over {GROWTH}: not linear")) };
        tally.record(&format!("{name}: × {growth:.2} for twice the size"), verdict);
    }
    Ok(tally)
}

/// The compiler, which the counts depend on. On the processor they hardly do: valgrind shows programs one of its own.
fn compiler() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Ok(output(command(rustc).arg("--version"))?.trim().to_owned())
}

fn compare(count: u64, before: Option<u64>) -> Result<()> {
    let before =
        before.with_context(|| format!("not in {RECORD}; cargo xtask gate --accept writes it anew"))?;
    let change = count as f64 / before as f64 - 1.0;
    ensure!(
        change <= TOLERANCE,
        "{:+.1} % over {before}; make it cheaper, or say in the commit why it is worth that and run cargo xtask gate --accept",
        change * 100.0
    );
    Ok(())
}

/// The cases in order, each with what callgrind counted within `measured`.
fn counted(gate: &Path) -> Result<Vec<(String, u64)>> {
    let folder = root().join("target/xtask/gate");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let mut valgrind = command("valgrind");
    valgrind.args([
        "--quiet",
        "--tool=callgrind",
        "--toggle-collect=gate::measured",
        "--dump-after=gate::measured",
    ]);
    valgrind.arg(format!("--callgrind-out-file={}", folder.join("out").display()));
    let names = output(valgrind.arg(gate))?;
    let names: Vec<String> = names.lines().map(str::to_owned).collect();
    let dump = |number: usize| -> PathBuf { folder.join(format!("out.{number}")) };
    ensure!(dump(names.len()).exists(), "callgrind wrote fewer counts than there are cases");
    names.into_iter().enumerate().map(|(at, name)| Ok((name, total(&dump(at + 1))?))).collect()
}

fn total(dump: &Path) -> Result<u64> {
    let text = std::fs::read_to_string(dump)?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")));
    Ok(line.with_context(|| format!("no total in {}", dump.display()))?.trim().parse()?)
}
