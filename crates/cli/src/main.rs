//! The program: the server, the admin's commands, and a demonstration.
//!
//! Everything here wires and words; what may happen is decided below. Commands act on the
//! services in this process, so they work with and without a running server.

mod args;
mod command;
mod config;
mod demo;
mod error;
mod exit_code;
mod fast_clock;
mod logging;
mod output;
mod place;
mod serve;
mod signals;

use std::process::ExitCode as ProcessExitCode;

use args::{Cli, Command};
use error::CliError;
use exit_code::ExitCode;

/// Each request makes and drops many small texts on several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ProcessExitCode {
    let cli = Cli::parse_or_exit();
    logging::start(cli.command.default_log_filter());
    let code = run(cli).unwrap_or_else(|error| {
        output::complain(&error);
        error.exit_code()
    });
    code.into()
}

fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let place = cli.place;
    match cli.command {
        Command::Serve(args) => serve::run(&place, args),
        Command::Demo(args) => demo::run(&place, &args),
        Command::DemoExecutor(args) => demo::run_executor(&args),
        Command::Config(args) => command::config::run(&place, &args),
        Command::Agent(args) => command::agent::run(&place, &args),
        Command::Task(args) => command::task::run(&place, &args),
        Command::SubTask(args) => command::sub_task::run(&place, &args),
        Command::Admin(args) => command::admin::run(&place, &args),
        Command::Skills(args) => command::skills::run(&place, &args),
        Command::Db(args) => command::db::run(&place, &args),
    }
}
