//! The database that an operator's command works on.

use std::path::Path;

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
        let (url, options) = self.database()?;
        if let Some(path) = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path))
            && !Path::new(path).exists()
        {
            return Err(Failure::because(format!(
                "there is no database at {path}: start the server once (vtpa serve --config FILE), or look at \
                 the path that --config or --database leads to"
            )));
        }
        open(&url, options).await
    }

    /// Opens the database, made where it is missing.
    pub(crate) async fn open_or_create(&self) -> Outcome<Store> {
        let (url, options) = self.database()?;
        open(&url, options).await
    }

    /// The database's URL and how it is reached. A command does one thing at a time.
    fn database(&self) -> Outcome<(String, Options)> {
        const ONE: Options = Options { connections: 1, pgbouncer: false };
        match (&self.database, self.configuration()?) {
            (_, Some(config)) => {
                let options = Options { pgbouncer: config.database.options().pgbouncer, ..ONE };
                Ok((config.database.url, options))
            }
            (Some(url), None) => Ok((url.clone(), ONE)),
            (None, None) => {
                Err(Failure::Usage("say where the data are: --config FILE or --database URL".to_owned()))
            }
        }
    }
}

async fn open(url: &str, options: Options) -> Outcome<Store> {
    Store::open_with(url, options)
        .await
        .map_err(|error| Failure::because(format!("database {}: {error}", without_password(url))))
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
