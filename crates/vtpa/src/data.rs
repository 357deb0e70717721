//! The database that an operator's command works on.

use std::path::Path;

use server::{Config, Overrides};
use storage::Store;

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
        let url = self.url()?;
        if let Some(path) = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path))
            && !Path::new(path).exists()
        {
            return Err(Failure::because(format!(
                "there is no database at {path}: start the server once (vtpa serve --config FILE), or look at \
                 the path that --config or --database leads to"
            )));
        }
        open(&url).await
    }

    /// Opens the database, made where it is missing.
    pub(crate) async fn open_or_create(&self) -> Outcome<Store> {
        open(&self.url()?).await
    }

    fn url(&self) -> Outcome<String> {
        match (&self.database, self.configuration()?) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(config)) => Ok(config.database.url),
            (None, None) => {
                Err(Failure::Usage("say where the data are: --config FILE or --database URL".to_owned()))
            }
        }
    }
}

async fn open(url: &str) -> Outcome<Store> {
    Store::open(url)
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
