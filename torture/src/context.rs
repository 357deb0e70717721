//! What a campaign is given: the binary, a folder, a seed, and how long it may take.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rand::rngs::StdRng;

/// What a run, and each of its campaigns, is given.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) vtpa: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
    pub(crate) long: bool,
    dossiers: Option<u32>,
    /// The one database to try, where a campaign tries both.
    on: Option<String>,
}

impl Context {
    /// From the command line; none if help was asked for. The second is the campaign that is named.
    pub(crate) fn read(arguments: Vec<String>) -> Result<Option<(Self, Option<String>)>> {
        let (mut dossiers, mut on) = (None, None);
        let (mut vtpa, mut folder, mut seed, mut long, mut only) = (None, None, None, true, None);
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} takes a value"));
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--vtpa" => vtpa = Some(PathBuf::from(value()?)),
                "--folder" => folder = Some(PathBuf::from(value()?)),
                "--seed" => seed = Some(value()?.parse().context("--seed takes a whole number")?),
                "--dossiers" => dossiers = Some(value()?.parse().context("--dossiers takes a whole number")?),
                "--on" => {
                    let database = value()?;
                    if !["sqlite", "postgres"].contains(&database.as_str()) {
                        bail!("--on takes sqlite or postgres");
                    }
                    on = Some(database);
                }
                "--short" => long = false,
                _ if argument.starts_with('-') => bail!("no such option: {argument}"),
                _ => only = Some(argument),
            }
        }
        let context = Self {
            // A server runs in its campaign's folder, from where they must be found too.
            vtpa: std::path::absolute(vtpa.context("--vtpa is required")?)?,
            folder: std::path::absolute(folder.context("--folder is required")?)?,
            seed: seed.unwrap_or_else(|| u64::from(rand::random::<u32>())),
            long,
            dossiers,
            on,
        };
        Ok(Some((context, only)))
    }

    /// Whether this database is one to try: both, unless `--on` names one.
    pub(crate) fn tries(&self, database: &str) -> bool {
        self.on.as_deref().is_none_or(|on| on == database)
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

    /// The same in a folder of that name within this one.
    pub(crate) fn within(&self, name: &str) -> Result<Self> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, ..self.clone() })
    }

    /// The campaign's randomness: the seed's, whichever campaigns ran before.
    pub(crate) fn rng(&self) -> StdRng {
        testkit::rng(self.seed)
    }

    /// Whoever waits for `rounds` of them is told how far it is.
    pub(crate) fn progress(&self, rounds: u32) -> Progress {
        let campaign = self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Progress { campaign, rounds, begun: Instant::now(), told: Instant::now() }
    }

    /// How many dossiers the large database of `scale` has.
    pub(crate) fn dossiers(&self) -> u32 {
        self.dossiers.unwrap_or_else(|| self.rounds(3_000, 1_000_000))
    }

    /// The number for the short form, or the one for the long form.
    pub(crate) fn rounds(&self, short: u32, long: u32) -> u32 {
        if self.long { long } else { short }
    }
}

/// Tells every now and then how far a campaign is.
pub(crate) struct Progress {
    campaign: String,
    rounds: u32,
    begun: Instant,
    told: Instant,
}

impl Progress {
    const EVERY: Duration = Duration::from_secs(15);

    /// After the round of this number, counted from 0.
    pub(crate) fn after(&mut self, round: u32, figures: &dyn std::fmt::Display) {
        if self.told.elapsed() >= Self::EVERY {
            self.told = Instant::now();
            let Self { campaign, rounds, .. } = self;
            println!(
                "  {campaign}: {} of {rounds} rounds, {} s; {figures}",
                round + 1,
                self.begun.elapsed().as_secs()
            );
        }
    }
}
