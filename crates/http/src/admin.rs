//! The admin over HTTP: one file for each thing that an admin sees and changes.

mod agent_logs;
mod agents;
mod config;
mod dashboard;
mod logs;
mod notifications;
mod prompts;
mod reviews;
mod scores;
mod session;
mod skills;
mod sub_tasks;
mod tasks;
mod track_record;
mod wake;
mod webui;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    session::routes(config);
    dashboard::routes(config);
    agents::routes(config);
    agent_logs::routes(config);
    track_record::routes(config);
    scores::routes(config);
    logs::routes(config);
    webui::routes(config);
    notifications::routes(config);
    wake::routes(config);
    sub_tasks::routes(config);
    tasks::routes(config);
    reviews::routes(config);
    config::routes(config);
    prompts::routes(config);
    skills::routes(config);
}
