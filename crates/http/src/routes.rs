//! The table of contents: every group of routes.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{admin, agents, events, logs, reviews, rules, scores, setup, sub_tasks, tasks, tools};

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    tools::routes(config);
    setup::routes(config);
    admin::routes(config);
    agents::routes(config);
    tasks::routes(config);
    sub_tasks::routes(config);
    reviews::routes(config);
    scores::routes(config);
    logs::routes(config);
    rules::routes(config);
    events::routes(config);
}
