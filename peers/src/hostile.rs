//! How long hostile documents take: ours with its usual limits and with the bounds on nodes and attributes taken away,
//! at three sizes; the peers at the largest, each in a process of its own that is ended after some seconds.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use xmlsec::{Canonicalization, DSIG_NAMESPACE, Document, Ids, Limits, StandardIds, Verifier, canonicalize};

use crate::shapes::SHAPES;

const SIZES: [usize; 3] = [250_000, 500_000, 1_000_000];
/// Milliseconds to read 1 MB, or to refuse it, at the most.
const BAR: f64 = 10.0;
/// Times as long for four times as much: linear work shows 4, and up to 8 where memory is handed back to the system and
/// asked for again; quadratic work shows 16. The exact growth is `cargo xtask gate`'s, in instructions.
const GROWTH: f64 = 10.0;
/// Below so many milliseconds a ratio is noise.
const NOISE: f64 = 1.0;
const PATIENCE: Duration = Duration::from_secs(10);
const PREFIXES: [&str; 6] = ["#default", "p0", "p1", "p59", "x", "unknown"];

/// Prints the table; an error when a bar is missed.
pub fn run() -> Result<()> {
    println!(
        "milliseconds (best of 5) to parse a document, index its IDs and read its signature, or to refuse it; documents of 250, 500, 1000 kB"
    );
    println!("C14N: of the whole 1000 kB besides, with a PrefixList of 6; peers: parsing 1000 kB\n");
    println!("{:<44} {:^35} {:^35}", "", "usual limits", "any number of nodes, attributes");
    println!(
        "{:<44} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9}",
        "shape", 250, 500, 1000, "C14N", 250, 500, 1000, "C14N", "roxmltree", "uppsala"
    );
    let usual = Limits { bytes: 2 << 20, ..Limits::default() };
    let raised = Limits { nodes: usize::MAX, attributes: usize::MAX, ..usual.clone() };
    let mut missed = Vec::new();
    for (name, make) in SHAPES {
        let mut line = format!("{name:<44}");
        for limits in [&usual, &raised] {
            let times = SIZES.map(|size| read(&make(size), limits));
            for time in times {
                line += &format!(" {time:>8.2}");
            }
            if times[2] > BAR {
                missed.push(format!("{name}: {:.1} ms", times[2]));
            }
            if times[2] > NOISE && times[2] > GROWTH * times[0] {
                missed
                    .push(format!("{name}: {:.2} ms, then {:.2} for four times as much", times[0], times[2]));
            }
            let form =
                Document::parse(make(SIZES[2]).as_bytes(), limits).ok().and_then(|document| form(&document));
            line += &form.map_or(format!(" {:>8}", "–"), |time| format!(" {time:>8.2}"));
        }
        for peer in ["roxmltree", "uppsala"] {
            line += &format!(" {:>9}", by_peer(peer, name)?);
        }
        println!("{line}");
    }
    println!("\nbar: {BAR} ms for 1000 kB, and at most {GROWTH} times as long as for 250 kB");
    ensure!(missed.is_empty(), "missed:\n{}", missed.join("\n"));
    Ok(())
}

fn best(mut work: impl FnMut()) -> f64 {
    let time = |()| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64() * 1e3
    };
    [(); 5].map(time).into_iter().fold(f64::MAX, f64::min)
}

fn read(text: &str, limits: &Limits) -> f64 {
    best(|| {
        if let Ok(document) = Document::parse(text.as_bytes(), limits) {
            let Ok(ids) = Ids::new(&document, &StandardIds) else { return };
            let first = document.root().children().next();
            if let Some(signature) = first.filter(|node| node.is(DSIG_NAMESPACE, "Signature")) {
                let _ = black_box(Verifier::default().read(&ids, signature).is_ok());
            }
        }
    })
}

/// Canonicalising, if there is a form.
fn form(document: &Document) -> Option<f64> {
    let how = Canonicalization { with_comments: false, prefixes: &PREFIXES };
    canonicalize(document.root(), &how, None, &mut Vec::new()).ok()?;
    Some(best(|| {
        let _ = black_box(canonicalize(document.root(), &how, None, &mut Vec::new()));
    }))
}

fn by_peer(peer: &str, shape: &str) -> Result<String> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["one", peer, shape])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let started = Instant::now();
    while child.try_wait()?.is_none() {
        if started.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(format!("> {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output()?;
    Ok(if output.status.success() {
        String::from_utf8(output.stdout)?.trim().to_owned()
    } else {
        "crashes".to_owned()
    })
}

/// The child: one peer, one shape.
pub fn one(peer: &str, shape: &str) -> Result<()> {
    let (_, make) = SHAPES.iter().find(|(name, _)| *name == shape).context("no such shape")?;
    let text = make(SIZES[2]);
    let started = Instant::now();
    let read = match peer {
        "roxmltree" => roxmltree::Document::parse(&text).is_ok(),
        "uppsala" => uppsala::parse(&text).is_ok(),
        _ => bail!("no such peer"),
    };
    black_box(read);
    println!("{:.2}", started.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
