//! `vtpa explain`: what a refusal's id means, how it comes about, what to do.

use std::fmt::Write as _;

use wss::explain::{ALL, Explanation, explanation};

use crate::exit::{Failure, Outcome, print};

/// Explain why a server refused a message
///
/// In a sandbox a fault's Detail names the id of its explanation; in production the server's log does, under the reference that
/// the fault gives. Without an id, all are listed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: vtpa explain VTPA-SEC-038")]
pub(crate) struct Explain {
    /// The id, as VTPA-SEC-038 or its number alone
    #[arg(value_name = "ID")]
    id: Option<String>,
}

pub(crate) fn run(Explain { id }: Explain) -> Outcome {
    let Some(id) = id else {
        let lines: Vec<String> = ALL.iter().map(|one| format!("{}  {}", one.id, one.title)).collect();
        return print(&lines.join("\n"));
    };
    let whole = match id.trim().parse::<u16>() {
        Ok(number) => format!("VTPA-SEC-{number:03}"),
        Err(_) => id.clone(),
    };
    match explanation(&whole) {
        Some(one) => print(&page(one)),
        None => Err(Failure::because(format!("{id} is no explanation's id; vtpa explain lists them all"))),
    }
}

fn page(one: &Explanation) -> String {
    let mut page = format!("{}  {}\n\n{}\n\nWhat to do: {}", one.id, one.title, one.meaning, one.remedy);
    if !one.stacks.is_empty() {
        page.push_str("\n\nIn particular:");
        for (stack, how) in one.stacks {
            let _ = write!(page, "\n  {stack:<10} {how}");
        }
    }
    page
}
