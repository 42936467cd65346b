//! The built program, run as its users run it: as a process of its own, on real databases.

// The attribute is for the linter: all of this is tests.
#[cfg(test)]
mod commands;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod import;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod moved;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod skills;
#[cfg(test)]
mod support;
