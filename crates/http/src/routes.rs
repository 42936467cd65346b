//! The table of contents: every group of routes.

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    admin, agents, diagnosis, events, feed, logs, next, onboarding, patrol, policies, recurrence,
    reviews, rules, scores, setup, skills, sub_tasks, tasks, tools, usage,
};

pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    // Routes are tried in this order: what agents ask most comes first.
    tools::routes(config);
    next::routes(config);
    sub_tasks::routes(config);
    tasks::routes(config);
    diagnosis::routes(config);
    recurrence::routes(config);
    policies::routes(config);
    reviews::routes(config);
    logs::routes(config);
    usage::routes(config);
    rules::routes(config);
    events::routes(config);
    scores::routes(config);
    patrol::routes(config);
    agents::routes(config);
    admin::routes(config);
    feed::routes(config);
    skills::routes(config);
    onboarding::routes(config);
    setup::routes(config);
}
