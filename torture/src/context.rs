//! What a campaign is given: the binary, a folder, a seed, and how long it may take.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use rand::rngs::StdRng;

/// What a run, and each of its campaigns, is given.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) vtpa: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
    pub(crate) long: bool,
}

impl Context {
    /// From the command line; none if help was asked for. The second is the campaign that is named.
    pub(crate) fn read(arguments: Vec<String>) -> Result<Option<(Self, Option<String>)>> {
        let (mut vtpa, mut folder, mut seed, mut long, mut only) = (None, None, None, false, None);
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} takes a value"));
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--vtpa" => vtpa = Some(PathBuf::from(value()?)),
                "--folder" => folder = Some(PathBuf::from(value()?)),
                "--seed" => seed = Some(value()?.parse().context("--seed takes a whole number")?),
                "--long" => long = true,
                _ if argument.starts_with('-') => bail!("no such option: {argument}"),
                _ => only = Some(argument),
            }
        }
        let context = Self {
            vtpa: vtpa.context("--vtpa is required")?,
            folder: folder.context("--folder is required")?,
            seed: seed.unwrap_or_else(|| u64::from(rand::random::<u32>())),
            long,
        };
        Ok(Some((context, only)))
    }

    /// The same for one campaign: a folder of its own, empty.
    pub(crate) fn campaign(&self, name: &str) -> Result<Self> {
        let folder = self.folder.join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, ..self.clone() })
    }

    /// The campaign's randomness: the seed's, whichever campaigns ran before.
    pub(crate) fn rng(&self) -> StdRng {
        testkit::rng(self.seed)
    }

    /// The number for the short form, or the one for the long form.
    pub(crate) fn rounds(&self, short: u32, long: u32) -> u32 {
        if self.long { long } else { short }
    }
}
