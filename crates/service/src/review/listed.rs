//! Reading reviews as an admin does: with the names that belong to them.

use std::collections::HashMap;

use openmoss_domain::{Review, ReviewId, SubTask, SubTaskId};
use openmoss_storage::review::Search;
use openmoss_storage::{Page, Reader, Window, review, sub_task};

use crate::Service;
use crate::error::ServiceError;
use crate::names::Named;

/// A review with the names that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedReview {
    /// The review.
    pub review: Review,
    /// What was reviewed.
    pub sub_task: SubTask,
    /// Its task's name.
    pub task_name: String,
    /// Its module's name.
    pub module_name: Option<String>,
    /// The reviewer's name; none if an admin decided.
    pub reviewer_name: Option<String>,
    /// The name of whoever was asked to mend it.
    pub rework_agent_name: Option<String>,
}

impl Service {
    /// A page of the reviews that a search finds.
    pub fn search_reviews(
        &self,
        search: &Search,
        window: Window,
    ) -> Result<Page<ListedReview>, ServiceError> {
        self.read(|reader| {
            let found = review::search(reader, search, window)?;
            Ok(Page { items: named(reader, found.items)?, total: found.total })
        })
    }

    /// One review with the names that belong to it.
    pub fn find_listed_review(&self, id: ReviewId) -> Result<ListedReview, ServiceError> {
        self.read(|reader| {
            let found = review::find(reader, id)?.ok_or(ServiceError::not_found("review"))?;
            let listed = named(reader, vec![found])?;
            listed.into_iter().next().ok_or(ServiceError::not_found("review"))
        })
    }
}

/// Reviews with their names.
pub(crate) fn named(
    reader: &mut Reader,
    reviews: Vec<Review>,
) -> Result<Vec<ListedReview>, ServiceError> {
    let ids: Vec<SubTaskId> = reviews.iter().map(|review| review.sub_task_id).collect();
    let found = sub_task::find_many(reader, &ids)?.into_iter().map(|one| (one.id, one));
    let sub_tasks: HashMap<SubTaskId, SubTask> = found.collect();
    let mut named = Named::default();
    for review in &reviews {
        named.agents.extend(review.reviewer);
        named.agents.extend(review.rework_agent);
    }
    for sub_task in sub_tasks.values() {
        named.tasks.insert(sub_task.task_id);
        named.modules.extend(sub_task.module_id);
    }
    let names = named.read(reader)?;
    let listed = |review: Review| {
        let sub_task = sub_tasks.get(&review.sub_task_id)?.clone();
        Some(ListedReview {
            task_name: names.task(sub_task.task_id),
            module_name: names.module(sub_task.module_id),
            reviewer_name: names.agent(review.reviewer),
            rework_agent_name: names.agent(review.rework_agent),
            sub_task,
            review,
        })
    };
    Ok(reviews.into_iter().filter_map(listed).collect())
}
