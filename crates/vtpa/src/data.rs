//! The database that an operator's command works on.

use std::path::Path;

use server::at_rest::{self, OpenError};
use server::{Config, Overrides};
use storage::{Options, Store};

use crate::cli::Data;
use crate::exit::{Failure, Outcome};

impl Data {
    /// The configuration, if one was named, `--database` applied.
    pub(crate) fn configuration(&self) -> Outcome<Option<Config>> {
        let Some(file) = &self.config else { return Ok(None) };
        let overrides = Overrides { database: self.database.clone(), ..Overrides::default() };
        Ok(Some(Config::load_with(file, &overrides)?))
    }

    /// Opens the database, which must be there.
    pub(crate) async fn open(&self) -> Outcome<Store> {
        self.must_be_there(&self.target()?.url)?;
        self.open_or_create().await
    }

    /// The database's URL.
    pub(crate) fn url(&self) -> Outcome<String> {
        self.target().map(|target| target.url)
    }

    fn must_be_there(&self, url: &str) -> Outcome {
        if let Some(path) = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path))
            && !Path::new(path).exists()
        {
            return Err(Failure::because(format!(
                "there is no database at {path}: start the server once (vtpa serve --config FILE), or look at \
                 the path that --config or --database leads to"
            )));
        }
        Ok(())
    }

    /// Opens the database, which must be there, to look at what is not encrypted.
    pub(crate) async fn open_without_keys(&self) -> Outcome<Store> {
        let Target { url, options, .. } = self.target()?;
        self.must_be_there(&url)?;
        Store::open_with(&url, options).await.map_err(|error| told(&url, &error))
    }

    /// Opens the database, made where it is missing. With a configuration its keys encrypt what is personal; without one,
    /// what is encrypted cannot be read, and all else can.
    pub(crate) async fn open_or_create(&self) -> Outcome<Store> {
        let Target { url, options, config } = self.target()?;
        let opened = match &config {
            Some(config) => at_rest::open_store(config, options).await,
            None => Store::open_with(&url, options).await.map_err(OpenError::from),
        };
        opened.map_err(|error| match error {
            OpenError::Storage(error) => told(&url, &error),
            OpenError::KeyFile(error) => error.into(),
        })
    }

    /// The database's URL and how it is reached. A command does one thing at a time.
    fn target(&self) -> Outcome<Target> {
        const ONE: Options = Options { connections: 1, pgbouncer: false };
        match (&self.database, self.configuration()?) {
            (_, Some(config)) => {
                let options = Options { pgbouncer: config.database.options().pgbouncer, ..ONE };
                Ok(Target { url: config.database.url.clone(), options, config: Some(config) })
            }
            (Some(url), None) => Ok(Target { url: url.clone(), options: ONE, config: None }),
            (None, None) => {
                Err(Failure::Usage("say where the data are: --config FILE or --database URL".to_owned()))
            }
        }
    }
}

fn told(url: &str, error: &storage::Error) -> Failure {
    Failure::because(format!("database {}: {error}", without_password(url)))
}

/// The database that is meant.
struct Target {
    url: String,
    options: Options,
    config: Option<Config>,
}

/// A database URL as it may be shown.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("sqlite:/var/lib/vtpa.db", "sqlite:/var/lib/vtpa.db"),
            ("postgres://vtpa:secret@db:5432/vtpa", "postgres://…@db:5432/vtpa"),
        ] {
            assert_eq!(super::without_password(url), shown);
        }
    }
}
