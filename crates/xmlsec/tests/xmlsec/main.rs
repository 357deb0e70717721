//! The public API, in one binary.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod both_ways;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod encryption;
#[cfg(test)]
mod fixtures;
mod inclusive;
#[cfg(test)]
mod parse;
#[cfg(test)]
mod support;
#[cfg(test)]
mod verify;
