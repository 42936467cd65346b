//! What the sub-tasks of a task must have, over HTTP.

use actix_web::{get, put, web};
use openmoss_domain::requirements::{OwnRequirements, Requirements};
use openmoss_service::task_policy::TaskPolicy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::id;

/// What a task has of its own; what is null or absent is left to the settings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaskPolicySet)]
struct PolicyBody {
    /// Each sub-task must be in a module.
    require_module: Option<bool>,
    /// Each must have a description.
    require_description: Option<bool>,
    /// Each must say what to hand in.
    require_deliverable: Option<bool>,
    /// Each must say how it will be judged.
    require_acceptance: Option<bool>,
    /// How many reviewers must approve what is handed in.
    #[schema(minimum = 1, maximum = 10)]
    approvals: Option<u32>,
}

impl From<PolicyBody> for OwnRequirements {
    fn from(body: PolicyBody) -> Self {
        Self {
            module: body.require_module,
            description: body.require_description,
            deliverable: body.require_deliverable,
            acceptance: body.require_acceptance,
            approvals: body.approvals,
        }
    }
}

/// What a task has of its own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskPolicyOwn)]
struct OwnView {
    require_module: Option<bool>,
    require_description: Option<bool>,
    require_deliverable: Option<bool>,
    require_acceptance: Option<bool>,
    approvals: Option<u32>,
}

/// What holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskPolicyInForce)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
struct InForceView {
    require_module: bool,
    require_description: bool,
    require_deliverable: bool,
    require_acceptance: bool,
    approvals: u32,
}

impl From<Requirements> for InForceView {
    fn from(one: Requirements) -> Self {
        Self {
            require_module: one.module,
            require_description: one.description,
            require_deliverable: one.deliverable,
            require_acceptance: one.acceptance,
            approvals: one.approvals,
        }
    }
}

/// What holds for the sub-tasks of a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskPolicy)]
struct PolicyView {
    /// Null is left to the settings.
    own: OwnView,
    in_force: InForceView,
}

impl From<TaskPolicy> for PolicyView {
    fn from(policy: TaskPolicy) -> Self {
        let own = policy.own;
        Self {
            own: OwnView {
                require_module: own.module,
                require_description: own.description,
                require_deliverable: own.deliverable,
                require_acceptance: own.acceptance,
                approvals: own.approvals,
            },
            in_force: policy.in_force.into(),
        }
    }
}

/// What new sub-tasks of a task must have, and how often their work must be approved.
#[utoipa::path(tag = "Tasks", params(("task_id" = String, Path)), responses((status = 200, body = PolicyView)))]
#[get("/api/tasks/{task_id}/policy")]
async fn find_task_policy(call: Call, path: web::Path<String>) -> Answer<PolicyView> {
    call.actor(move |known| Ok(known.service.find_task_policy(id("task", &path)?)?.into())).await
}

/// Decides it for a task, as a whole; what exists stays as it is.
#[utoipa::path(tag = "Admin", params(("task_id" = String, Path)), request_body = PolicyBody, responses((status = 200, body = PolicyView)), security(("admin" = [])))]
#[put("/api/admin/tasks/{task_id}/policy")]
async fn set_task_policy(call: Call, path: web::Path<String>) -> Answer<PolicyView> {
    call.admin(move |known| {
        let body: PolicyBody = known.request.json()?;
        let id = id("task", &path)?;
        Ok(known.service.set_task_policy(&known.cx, id, body.into())?.into())
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(find_task_policy).service(set_task_policy);
}
