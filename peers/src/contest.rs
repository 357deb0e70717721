//! Several ways to do one thing, measured in turns, so that a moment's noise falls on all of them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Rounds in which each has its turn.
pub const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(60);

type Work<'a> = Box<dyn FnMut() -> Result<()> + 'a>;

/// The contest, its entrants and their times.
pub struct Contest<'a> {
    title: &'static str,
    entrants: Vec<(&'static str, Work<'a>, Vec<f64>)>,
    results: Vec<(&'static str, f64)>,
}

impl<'a> Contest<'a> {
    pub fn new(title: &'static str) -> Self {
        Self { title, entrants: Vec::new(), results: Vec::new() }
    }

    pub fn enter(&mut self, name: &'static str, work: impl FnMut() -> Result<()> + 'a) {
        self.entrants.push((name, Box::new(work), Vec::new()));
    }

    /// Gives each its turns; the first round warms up and does not count.
    pub fn run(&mut self) -> Result<()> {
        for round in 0..=ROUNDS {
            for (_, work, times) in &mut self.entrants {
                let (started, mut times_done) = (Instant::now(), 0_u32);
                while started.elapsed() < TURN {
                    for _ in 0..16 {
                        black_box(work()?);
                    }
                    times_done += 16;
                }
                if round > 0 {
                    times.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(times_done));
                }
            }
        }
        for (name, _, times) in &mut self.entrants {
            times.sort_by(f64::total_cmp);
            self.results.push((name, times[times.len() / 2]));
        }
        Ok(())
    }

    /// A time that another program measured.
    pub fn add(&mut self, name: &'static str, microseconds: f64) {
        self.results.push((name, microseconds));
    }

    pub fn print(&self) {
        let ours = self.results.first().map_or(1.0, |(_, time)| *time);
        println!("{:<46} {:>9} {:>8}", self.title, "µs", "ours ×");
        for (name, time) in &self.results {
            println!("  {name:<44} {time:>9.1} {:>8.2}", time / ours);
        }
        println!();
    }
}
