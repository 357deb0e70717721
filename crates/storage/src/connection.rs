use std::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sqlx::{Postgres, Transaction};

use crate::{
    Error, Key, postgres,
    sql::{Row, Value},
    store::Shared,
    writer::{Turn, Writer},
};

/// What can be asked of the database. Its operations are in one file per aggregate.
///
/// `'env` is what the closure given to [`Store::read`](crate::Store::read) borrows from its surroundings.
pub struct Reader<'env> {
    source: Source,
    shared: Arc<Shared>,
    env: PhantomData<fn(&'env ()) -> &'env ()>,
}

enum Source {
    /// A connection that only reads, on the caller's thread.
    Here(Lent),
    /// The transaction in progress, on the caller's thread.
    Writer(Turn),
    /// PostgreSQL, each statement on any of its connections.
    Anywhere(postgres::Base),
    /// PostgreSQL, a transaction in progress.
    Held(postgres::Base, Transaction<'static, Postgres>),
}

/// A transaction in progress: all that a [`Reader`] can, and the operations that write.
///
/// `'env` is what the closure given to [`Store::run`](crate::Store::run) borrows from its surroundings.
pub struct Tx<'env> {
    reader: Reader<'env>,
    /// The key that it writes with, once it was asked for: none where nothing is encrypted.
    pub(crate) sealing: Option<Option<Arc<Key>>>,
    /// Whether it changed rows.
    wrote: bool,
    /// That it traced what it does, or why it does not.
    pub(crate) accounted: Option<&'static str>,
}

impl Reader<'_> {
    pub(crate) fn here(connection: Lent, shared: Arc<Shared>) -> Self {
        Self { source: Source::Here(connection), shared, env: PhantomData }
    }

    pub(crate) fn anywhere(base: postgres::Base, shared: Arc<Shared>) -> Self {
        Self { source: Source::Anywhere(base), shared, env: PhantomData }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Whether it is PostgreSQL that is asked.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.source, Source::Anywhere(_) | Source::Held(..))
    }

    /// Makes what follows see one state of the database, until the connection goes home.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<(), Error> {
        match &self.source {
            Source::Here(connection) => connection.get()?.execute_batch("BEGIN DEFERRED")?,
            Source::Anywhere(base) => {
                let base = base.clone();
                let transaction = base.snapshot().await?;
                self.source = Source::Held(base, transaction);
            }
            Source::Writer(_) | Source::Held(..) => {}
        }
        Ok(())
    }

    /// Reads rows, decoding each under the reader's eyes. `table` is named by errors.
    pub(crate) async fn rows<T>(
        &mut self,
        table: &'static str,
        sql: &'static str,
        values: &[Value<'_>],
        mut decode: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        self.each(table, sql, values, |row| {
            found.push(decode(row)?);
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Reads one row, or none.
    pub(crate) async fn row<T>(
        &mut self,
        table: &'static str,
        sql: &'static str,
        values: &[Value<'_>],
        mut decode: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut found = None;
        self.each(table, sql, values, |row| {
            found = Some(decode(row)?);
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Shows each row to `look`.
    pub(crate) async fn each(
        &mut self,
        table: &'static str,
        sql: &'static str,
        values: &[Value<'_>],
        mut look: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.shared.statement();
        match &mut self.source {
            Source::Here(connection) => {
                let read = each_here(connection.get()?, table, sql, values, look);
                if read.as_ref().is_err_and(Error::spoils) {
                    connection.spoil();
                }
                read
            }
            Source::Writer(turn) => each_here(turn.connection()?, table, sql, values, look),
            Source::Anywhere(base) => {
                let rows = base.fetch(sql, values).await?;
                rows.iter().try_for_each(|row| look(&Row::postgres(table, row)))
            }
            Source::Held(base, transaction) => {
                let rows = base.query(sql, values)?.fetch_all(&mut **transaction).await?;
                rows.iter().try_for_each(|row| look(&Row::postgres(table, row)))
            }
        }
    }
}

/// The whole of a read on the caller's thread: it never waits for another task, so it may hold what cannot be sent.
fn each_here(
    connection: &rusqlite::Connection,
    table: &'static str,
    sql: &'static str,
    values: &[Value<'_>],
    mut look: impl FnMut(&Row<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, values)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        look(&Row::rusqlite(table, row))?;
    }
    Ok(())
}

/// SQLite counts parameters in the order in which the statement names them first, whatever number is in the name.
fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value<'_>]) -> Result<(), Error> {
    for position in 1..=statement.parameter_count() {
        let number: Option<usize> =
            statement.parameter_name(position).and_then(|name| name.strip_prefix('$')?.parse().ok());
        let value = values.get(number.unwrap_or(position).wrapping_sub(1));
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), position))?;
        statement.raw_bind_parameter(position, value)?;
    }
    Ok(())
}

fn execute_here(
    connection: &rusqlite::Connection,
    sql: &'static str,
    values: &[Value<'_>],
) -> Result<u64, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, values)?;
    Ok(u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX))
}

impl<'env> Tx<'env> {
    fn of(reader: Reader<'env>) -> Self {
        Self { reader, sealing: None, wrote: false, accounted: None }
    }
}

impl Tx<'_> {
    pub(crate) fn on_sqlite(turn: Turn, shared: Arc<Shared>) -> Self {
        Self::of(Reader { source: Source::Writer(turn), shared, env: PhantomData })
    }

    pub(crate) fn on_postgres(
        base: postgres::Base,
        transaction: Transaction<'static, Postgres>,
        shared: Arc<Shared>,
    ) -> Self {
        Self::of(Reader { source: Source::Held(base, transaction), shared, env: PhantomData })
    }

    /// Executes a statement; gives the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Error> {
        self.shared.statement();
        let changed = match &mut self.reader.source {
            Source::Writer(turn) => execute_here(turn.connection()?, sql, values)?,
            Source::Held(base, transaction) => {
                base.query(sql, values)?.execute(&mut **transaction).await?.rows_affected()
            }
            // A `Tx` is made on a transaction alone.
            Source::Here(_) | Source::Anywhere(_) => return Err(Error::Unavailable(crate::Cause::ReadOnly)),
        };
        self.wrote |= changed > 0;
        Ok(changed)
    }

    /// Whether it changed data and neither traced it nor said why not.
    pub(crate) fn is_unaccounted(&self) -> bool {
        self.wrote && self.accounted.is_none()
    }

    /// SQLite: hands the turn on, and waits for the commit that others may share.
    pub(crate) async fn keep(self, writer: &Writer) -> Result<(), Error> {
        match self.reader.source {
            Source::Writer(turn) => turn.keep(writer).await,
            Source::Here(_) | Source::Anywhere(_) | Source::Held(..) => {
                Err(Error::Unavailable(crate::Cause::ReadOnly))
            }
        }
    }

    /// PostgreSQL.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self.reader.source {
            Source::Held(_, transaction) => {
                transaction.commit().await.map_err(|error| Error::of_commit(error.into()))
            }
            Source::Writer(_) | Source::Here(_) | Source::Anywhere(_) => {
                Err(Error::Unavailable(crate::Cause::ReadOnly))
            }
        }
    }

    /// Leaves the work undone because of `error`.
    pub(crate) async fn roll_back(self, error: &Error) {
        match self.reader.source {
            Source::Writer(turn) => turn.give_up(error),
            // If this fails too, the connection's next use rolls back; the first error is the one to tell.
            Source::Held(base, transaction) => {
                base.noted(error.clone());
                drop(transaction.rollback().await);
            }
            Source::Here(_) | Source::Anywhere(_) => {}
        }
    }
}

impl<'env> Deref for Tx<'env> {
    type Target = Reader<'env>;

    fn deref(&self) -> &Reader<'env> {
        &self.reader
    }
}

impl<'env> DerefMut for Tx<'env> {
    fn deref_mut(&mut self) -> &mut Reader<'env> {
        &mut self.reader
    }
}

/// The connections that read. As many are open as were ever in use at once, [`Readers::KEPT`] are kept.
pub(crate) struct Readers {
    path: std::path::PathBuf,
    idle: Mutex<Vec<rusqlite::Connection>>,
}

impl Readers {
    const KEPT: usize = 16;

    pub(crate) fn new(path: std::path::PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }

    pub(crate) fn lend(self: &Arc<Self>) -> Result<Lent, Error> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => crate::open::reader(&self.path)?,
        };
        Ok(Lent { connection: Some(connection), home: Arc::clone(self) })
    }

    pub(crate) fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<rusqlite::Connection>> {
        // A panic elsewhere cannot leave a list of connections half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading connection that goes home when dropped.
pub(crate) struct Lent {
    connection: Option<rusqlite::Connection>,
    home: Arc<Readers>,
}

impl Lent {
    pub(crate) fn get(&self) -> Result<&rusqlite::Connection, Error> {
        self.connection.as_ref().ok_or(Error::Unavailable(crate::Cause::NoConnection))
    }

    /// Closes the connection in place of bringing it home.
    fn spoil(&mut self) {
        self.connection = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let at_rest = connection.is_autocommit() || connection.execute_batch("COMMIT").is_ok();
        if at_rest {
            let mut idle = self.home.idle();
            if idle.len() < Readers::KEPT {
                idle.push(connection);
            }
        }
    }
}
