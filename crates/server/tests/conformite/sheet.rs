//! A sheet of rows asked of one server: each answer's signature, code, message and schema are held against what the
//! row says, and at the end the database holds what was accepted and nothing else.

use std::collections::BTreeMap;
use std::process::Command;

use sqlx::{Connection as _, Row as _};
use testkit::pki::{Identity, pki};
use xmlsec::Document;

use crate::harness::{Answer, Harness, answers};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract/pa.xsd");

impl Answer {
    /// Every CodeRetour, its code and its message.
    pub(crate) fn codes(&self) -> Vec<String> {
        let document = Document::parse(self.body.as_bytes(), &answers()).unwrap();
        let codes = document.root().descendants().filter(|node| node.local_name() == "CodeRetour");
        codes.map(|code| code.children().map(|part| part.text()).collect::<Vec<_>>().join(" ")).collect()
    }
}

/// The rows of one test. Differences are gathered, so that a run shows all of them.
pub(crate) struct Sheet {
    pub(crate) harness: Harness,
    answers: Vec<(String, String)>,
    differences: Vec<String>,
    before: BTreeMap<String, i64>,
    new: BTreeMap<&'static str, i64>,
    codes: BTreeMap<String, i64>,
}

impl Sheet {
    /// A sheet whose server has the usual configuration.
    pub(crate) async fn new() -> Self {
        Self::of(Harness::new().await).await
    }

    /// A sheet that starts from what is in this server's database.
    pub(crate) async fn of(harness: Harness) -> Self {
        let before = stored(&harness).await;
        Self {
            harness,
            answers: Vec::new(),
            differences: Vec::new(),
            before,
            new: BTreeMap::new(),
            codes: BTreeMap::new(),
        }
    }

    /// One row: what is asked, and the codes with their messages in the answer's order.
    pub(crate) async fn row(&mut self, case: &str, request: &str, expected: &[String]) -> Answer {
        self.row_of(&pki().partner, case, request, expected).await
    }

    /// A row that another signs.
    pub(crate) async fn row_of(
        &mut self,
        signer: &Identity,
        case: &str,
        request: &str,
        expected: &[String],
    ) -> Answer {
        let answer = self.harness.call(signer, request).await;
        self.judge(case, request, expected, &answer);
        answer
    }

    /// A row of CreerDossierPA whose envelope is given as it goes over the wire.
    pub(crate) async fn sent(&mut self, case: &str, envelope: &str, expected: &[String]) -> Answer {
        let soap = "application/soap+xml; charset=utf-8";
        let reply = self.harness.post("/ws/creation", soap, envelope.to_owned()).await;
        assert!(reply.status.is_success(), "{case}: {}", String::from_utf8_lossy(&reply.body));
        let answer = Answer::read(&reply.body, self.harness.now());
        self.judge(case, envelope, expected, &answer);
        answer
    }

    /// Rows of CreerDossierPA that do not depend on each other, several at a time: the case, the request, the code.
    pub(crate) async fn creations(&mut self, rows: impl IntoIterator<Item = (String, String, String)>) {
        let rows: Vec<_> = rows.into_iter().collect();
        for some in rows.chunks(16) {
            let asked = some.iter().map(|(_, request, _)| self.harness.call(&pki().partner, request));
            let answers = futures::future::join_all(asked).await;
            for ((case, request, expected), answer) in some.iter().zip(&answers) {
                self.judge(case, request, std::slice::from_ref(expected), answer);
            }
        }
    }

    fn judge(&mut self, case: &str, request: &str, expected: &[String], answer: &Answer) {
        let codes = answer.codes();
        if codes != expected {
            self.differences.push(format!("{case}\n  expected {expected:?}\n  answered {codes:?}"));
        }
        for code in &codes {
            *self.codes.entry(code.chars().take(3).collect()).or_default() += 1;
        }
        let accepted = codes.iter().filter(|code| code.starts_with("999")).count();
        let (created, issued) = (answer.texts("IdDossier").len(), answer.texts("JetonSecurite").len());
        match () {
            () if request.contains("<CreerDossierPA") => {
                self.check(case, created == accepted, "an IdDossier goes with 999 and with nothing else");
                self.expect("dossier", i64::from(accepted == 1));
                self.expect("lien", i64::from(accepted == 1));
            }
            () if request.contains("<GenererJetonSecuritePA") => {
                self.check(case, issued == accepted, "a token goes with 999 and with nothing else");
                self.expect("jeton", i64::from(accepted == 1));
            }
            () => {
                let shown = answer.texts("Demandeur").len();
                self.check(case, shown == accepted, "a Dossier goes with 999 and with nothing else");
            }
        }
        self.answers.push((case.to_owned(), answer.body.clone()));
    }

    /// A row of CreerDossierPA.
    pub(crate) async fn creation(&mut self, case: &str, request: &str, expected: &str) -> Answer {
        self.row(case, request, &[expected.to_owned()]).await
    }

    /// What a row shows beside its codes.
    pub(crate) fn check(&mut self, case: &str, holds: bool, what: &str) {
        if !holds {
            self.differences.push(format!("{case}\n  {what}"));
        }
    }

    /// Rows that a table of the database has at the end besides those it had before.
    pub(crate) fn expect(&mut self, table: &'static str, more: i64) {
        *self.new.entry(table).or_default() += more;
    }

    /// Schema of every answer, database, differences, and as many rows as [`compte`](crate::compte) says that the
    /// test has: a table that is generated wrongly must not pass by being short.
    pub(crate) async fn end(mut self, test: &str) {
        let (rows, wrong) = (self.answers.len(), self.against_schema());
        self.differences.extend(wrong);
        self.harness.server.traced().await;
        let traced = traced(&self.harness).await;
        for (code, answered) in std::mem::take(&mut self.codes) {
            let rows = traced.get(&code).copied().unwrap_or(0);
            self.check(&code, rows >= answered, &format!("answered {answered} times, traced {rows} times"));
        }
        let stored = stored(&self.harness).await;
        let mut expected = self.before;
        for (table, new) in self.new {
            *expected.entry(table.to_owned()).or_default() += new;
        }
        if stored != expected {
            self.differences.push(format!("the database\n  expected {expected:?}\n  holds {stored:?}"));
        }
        let differences = self.differences;
        assert!(differences.is_empty(), "{} of {rows} rows:\n{}", differences.len(), differences.join("\n"));
        println!("{rows} rows, each answer signed, of the right code and message, valid by the schema");
        assert_eq!(rows, crate::compte::rows_of(test), "rows of {test}");
    }

    /// All answers in one run of libxml2's validator.
    fn against_schema(&self) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let files = self.answers.iter().enumerate().map(|(number, (_, body))| {
            let file = directory.path().join(format!("{number}.xml"));
            std::fs::write(&file, body).unwrap();
            file
        });
        let outcome = Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema", SCHEMA])
            .args(files)
            .output()
            .expect("xmllint is needed: cargo xtask install");
        let said = String::from_utf8_lossy(&outcome.stderr);
        let valid = said.lines().filter(|line| line.ends_with(" validates")).count();
        if outcome.status.success() && valid == self.answers.len() {
            return Vec::new();
        }
        let case = |line: &str| {
            let number = line.rsplit('/').next()?.split('.').next()?.parse::<usize>().ok()?;
            Some(format!("{}\n  the answer is not the contract's: {line}", self.answers.get(number)?.0))
        };
        let wrong = said.lines().filter(|line| !line.ends_with(" validates"));
        wrong.map(|line| case(line).unwrap_or_else(|| line.to_owned())).collect()
    }
}

/// How often each code is in the audit trail.
async fn traced(harness: &Harness) -> BTreeMap<String, i64> {
    let url = format!("sqlite:{}", harness.directory.path().join("vtpa.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let counted = sqlx::query("SELECT code, count(*) FROM trace WHERE code IS NOT NULL GROUP BY code");
    let counted = counted.fetch_all(&mut connection).await.unwrap();
    counted.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// How many rows every table has, those aside that note each message, accepted or not: the replay protection's, the trail's.
async fn stored(harness: &Harness) -> BTreeMap<String, i64> {
    let url = format!("sqlite:{}", harness.directory.path().join("vtpa.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'";
    let tables = sqlx::query(tables).fetch_all(&mut connection).await.unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let table: String = table.get(0);
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
        if table != "rejeu" && !table.starts_with("trace") {
            rows.insert(table, count);
        }
    }
    rows
}
