//! The built program, run as its users run it: as a process of its own, on real databases.

mod commands;
mod demo;
mod kill;
mod serve;
mod support;
