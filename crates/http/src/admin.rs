//! The admin over HTTP: one file for each thing that an admin sees and changes.

mod agent_logs;
mod config;
mod dashboard;
mod prompts;
mod session;
mod skills;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    session::routes(config);
    dashboard::routes(config);
    agent_logs::routes(config);
    config::routes(config);
    prompts::routes(config);
    skills::routes(config);
}
