//! The outbox over HTTP: what people were told, what could not be delivered, and another try.

use actix_web::{get, post, web};
use openmoss_domain::notification::{Delivery, NotificationKind};
use openmoss_domain::outbox::DeliveryStatus;
use openmoss_domain::{AgentId, DeliveryId, EventId, SubTaskId, TaskId, Timestamp};
use openmoss_service::notification::Tried;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::call::{Answer, Call};
use crate::input::id;
use crate::page::{AdminPageQuery, PageView};
use crate::vocabulary;

/// A notification on its way to one channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationDelivery)]
struct DeliveryView {
    /// The receiver sees it, and it is the same in every try.
    #[schema(value_type = uuid::Uuid)]
    id: DeliveryId,
    /// Where to, with secrets masked.
    channel: String,
    #[schema(value_type = vocabulary::NotificationKind)]
    kind: NotificationKind,
    /// The event that it tells of.
    #[schema(value_type = uuid::Uuid)]
    event_id: EventId,
    #[schema(value_type = Option<uuid::Uuid>)]
    task_id: Option<TaskId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    sub_task_id: Option<SubTaskId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    agent_id: Option<AgentId>,
    #[schema(value_type = vocabulary::DeliveryStatus)]
    status: DeliveryStatus,
    /// How often it was tried since it was created or retried.
    tries: u32,
    /// When it is tried next, while it is pending.
    #[schema(value_type = Option<vocabulary::Time>)]
    next_try_at: Option<Timestamp>,
    /// Why the last try failed.
    last_error: Option<String>,
    #[schema(value_type = vocabulary::Time)]
    created_at: Timestamp,
    /// When it was delivered or given up.
    #[schema(value_type = Option<vocabulary::Time>)]
    finished_at: Option<Timestamp>,
}

impl From<Delivery> for DeliveryView {
    fn from(one: Delivery) -> Self {
        let sending = one.sending;
        let is_pending = sending.status == DeliveryStatus::Pending;
        Self {
            id: one.id,
            channel: one.channel,
            kind: one.kind,
            event_id: one.event_id,
            task_id: one.task_id,
            sub_task_id: one.sub_task_id,
            agent_id: one.agent_id,
            status: sending.status,
            tries: sending.tries,
            next_try_at: is_pending.then_some(sending.next_try_at),
            last_error: sending.last_error,
            created_at: one.created_at,
            finished_at: sending.finished_at,
        }
    }
}

type NotificationDeliveryPage = PageView<DeliveryView>;

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeliveryParams {
    /// In this status.
    #[param(inline, required = false, value_type = vocabulary::DeliveryStatus)]
    status: Option<DeliveryStatus>,
}

/// The channel to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationTest)]
struct TestBody {
    /// An entry of `notification.channels`, whole, or as the settings show it.
    #[schema(min_length = 1, max_length = 500)]
    channel: String,
}

/// What came of a try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TestResult)]
pub(super) struct TriedView {
    /// Whether the receiver took it.
    is_delivered: bool,
    /// What happened, as a sentence.
    detail: String,
}

impl From<Tried> for TriedView {
    fn from(one: Tried) -> Self {
        Self { is_delivered: one.is_delivered, detail: one.detail }
    }
}

/// What the server told people, newest first.
#[utoipa::path(tag = "Admin", params(AdminPageQuery, DeliveryParams), responses((status = 200, body = NotificationDeliveryPage)), security(("admin" = [])))]
#[get("/api/admin/notifications")]
async fn list_notifications(call: Call) -> Answer<NotificationDeliveryPage> {
    call.admin(|known| {
        let (page, asked): (AdminPageQuery, DeliveryParams) = known.request.list_query()?;
        page.answer(|window| Ok(known.service.list_notifications(asked.status, window)?))
    })
    .await
}

/// Sends a test message to a channel now, and says what came of it.
#[utoipa::path(tag = "Admin", request_body = TestBody, responses((status = 200, body = TriedView)), security(("admin" = [])))]
#[post("/api/admin/notifications/test")]
async fn test_notification(call: Call) -> Answer<TriedView> {
    call.admin(|known| {
        let body: TestBody = known.request.json()?;
        Ok(known.service.try_channel(&body.channel)?.into())
    })
    .await
}

/// Lets a notification that was given up have all its tries again.
#[utoipa::path(tag = "Admin", params(("delivery_id" = String, Path)), responses((status = 200, body = DeliveryView)), security(("admin" = [])))]
#[post("/api/admin/notifications/{delivery_id}/retry")]
async fn retry_notification(call: Call, path: web::Path<String>) -> Answer<DeliveryView> {
    call.admin(move |known| {
        Ok(known.service.retry_notification(&known.cx, id("delivery", &path)?)?.into())
    })
    .await
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_notifications).service(test_notification).service(retry_notification);
}
