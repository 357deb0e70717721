//! An establishment that moves demandes on beside the server, by `vtpa demande status`, and notes what it was told.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::database::Database;
use crate::house::House;

/// A way that decisions §5 allows, and what the database keeps for each state (specification §2.4.1).
const WAY: [(&str, i64); 4] = [("ENVOYEE", 2), ("RECUE", 3), ("LISTE_ATTENTE", 4), ("ADMISSION_PROPOSEE", 5)];

/// What is known of demandes: the last state that was acknowledged, and one that was asked for without an answer.
#[derive(Debug, Default)]
pub(crate) struct Known {
    demandes: HashMap<String, Demande>,
    pub(crate) acknowledged: usize,
}

#[derive(Debug, Default, Clone)]
struct Demande {
    acknowledged: Option<usize>,
    asked: Option<usize>,
    /// A kill that came between: where it stands now must be looked up before it goes on.
    unknown: bool,
}

/// The changes in progress.
pub(crate) struct Changes {
    stop: Arc<AtomicBool>,
    running: Arc<Mutex<Option<Child>>>,
    thread: JoinHandle<()>,
}

impl Changes {
    /// Moves the demandes of `ids`, one step after the other, until it is killed.
    pub(crate) fn start(house: &House, ids: Vec<String>, known: &Arc<Mutex<Known>>) -> Self {
        let (stop, running) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
        let worker = Worker {
            stop: Arc::clone(&stop),
            running: Arc::clone(&running),
            known: Arc::clone(known),
            vtpa: house.vtpa.clone(),
            folder: house.folder.clone(),
        };
        let thread = thread::spawn(move || worker.work(&ids));
        Self { stop, running, thread }
    }

    /// SIGKILL to the command that runs.
    pub(crate) fn kill(self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(child) = held(&self.running).as_mut() {
            // It may have ended this very moment.
            drop(child.kill());
        }
        drop(self.thread.join());
    }
}

struct Worker {
    stop: Arc<AtomicBool>,
    running: Arc<Mutex<Option<Child>>>,
    known: Arc<Mutex<Known>>,
    vtpa: std::path::PathBuf,
    folder: std::path::PathBuf,
}

impl Worker {
    fn work(&self, ids: &[String]) {
        for id in ids {
            let Some(shown) = self.run(&["dossier", "show", id, "--json"]) else { continue };
            let shown: Value = serde_json::from_str(&shown).unwrap_or_default();
            for demande in demandes(&shown) {
                for (step, (statut, _)) in WAY.iter().enumerate() {
                    if self.stop.load(Ordering::SeqCst) {
                        return;
                    }
                    held(&self.known).demandes.entry(demande.clone()).or_default().asked = Some(step);
                    let done = self.run(&["demande", "status", &demande, statut]).is_some();
                    let mut known = held(&self.known);
                    let one = known.demandes.entry(demande.clone()).or_default();
                    if !done {
                        one.unknown = true;
                        break;
                    }
                    *one = Demande { acknowledged: Some(step), ..Demande::default() };
                    known.acknowledged += 1;
                }
            }
        }
    }

    /// Standard output of a command that ended well.
    fn run(&self, arguments: &[&str]) -> Option<String> {
        if self.stop.load(Ordering::SeqCst) {
            return None;
        }
        let mut child = Command::new(&self.vtpa)
            .current_dir(&self.folder)
            .args(arguments)
            .args(["--config", "vtpa.toml"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let out = child.stdout.take()?;
        *held(&self.running) = Some(child);
        let printed = std::io::read_to_string(out).ok();
        loop {
            let status = held(&self.running).as_mut()?.try_wait().ok()?;
            if let Some(status) = status {
                *held(&self.running) = None;
                return printed.filter(|_| status.success());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn demandes(shown: &Value) -> Vec<String> {
    let list = shown.pointer("/DemandesEtablissement").and_then(Value::as_array);
    let numbers = list.into_iter().flatten().filter_map(|one| one.get("IdDemande"));
    numbers.map(|number| number.as_str().map_or_else(|| number.to_string(), str::to_owned)).collect()
}

impl Known {
    /// Each demande is in the state that was last acknowledged, or in the one that was asked for when the kill came.
    pub(crate) fn holds(&mut self, database: &Database) -> Result<()> {
        if self.demandes.is_empty() {
            return Ok(());
        }
        let found = database.ask("SELECT id, statut FROM demande WHERE statut <> 1")?;
        let mut states = HashMap::new();
        for line in found.lines() {
            let (id, statut) = line.split_once('|').context("two columns")?;
            states.insert(id.to_owned(), statut.parse::<i64>()?);
        }
        let number = |step: usize| WAY.get(step).map_or(1, |(_, number)| *number);
        for (id, demande) in &mut self.demandes {
            let found = states.get(id).copied().unwrap_or(1);
            let acknowledged = demande.acknowledged.map_or(1, number);
            let asked = demande.asked.filter(|_| demande.unknown).map(number);
            ensure!(
                found == acknowledged || Some(found) == asked,
                "LOST: demande {id} was acknowledged in state {acknowledged} and is in {found}"
            );
            let step = WAY.iter().position(|(_, number)| *number == found);
            *demande = Demande { acknowledged: step, ..Demande::default() };
        }
        Ok(())
    }
}

/// What another thread left is whole.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
