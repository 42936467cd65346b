//! The admin over HTTP: one file for each thing that an admin sees and changes.

mod agent_logs;
mod dashboard;
mod session;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    session::routes(config);
    dashboard::routes(config);
    agent_logs::routes(config);
}
