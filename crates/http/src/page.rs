//! The envelope of lists and what may be asked of one (contract, section 3).

use openmoss_service::{Page, Window};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

/// Largest page that can be asked for.
const PAGE_SIZE_MAX: i64 = 100;
/// What "everything on one page" means at most: each row costs a model tokens.
const UNPAGED_MAX: i64 = 200;
/// Pages beyond this are as empty as any page past the end.
const PAGE_MAX: i64 = 1_000_000_000;

/// Which page of an agents' list.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// 1 is the first page; below 1 counts as 1.
    #[param(default = 1)]
    page: Option<i64>,
    /// Rows on a page, at most 100; 0 asks for all and gets at most 200 with `has_more`.
    #[param(default = 0)]
    page_size: Option<i64>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageView<T> {
    /// The rows of this page.
    items: Vec<T>,
    /// How many rows the whole list has.
    total: i64,
    /// Which page this is.
    page: i64,
    /// Rows on a page; 0 as asked.
    page_size: i64,
    /// How many pages there are, at least 1.
    total_pages: i64,
    /// Whether more rows come after these.
    has_more: bool,
}

impl PageQuery {
    /// Answers with the page that `list` gives for this question.
    pub(crate) fn answer<T, V: From<T>>(
        self,
        mut list: impl FnMut(Window) -> Result<Page<T>, Problem>,
    ) -> Result<PageView<V>, Problem> {
        let asked = self.page_size.unwrap_or(0).clamp(0, PAGE_SIZE_MAX);
        let limit = if asked == 0 { UNPAGED_MAX } else { asked };
        let mut page = self.page.unwrap_or(1).clamp(1, PAGE_MAX);
        let mut found = list(Window { offset: (page - 1) * limit, limit })?;
        if asked == 0 && page > 1 && found.total <= UNPAGED_MAX {
            // Everything fits on one page, so there is but one, whichever was asked for.
            page = 1;
            found = list(Window { offset: 0, limit })?;
        }
        let total_pages = ((found.total + limit - 1) / limit).max(1);
        Ok(PageView {
            items: found.items.into_iter().map(V::from).collect(),
            total: found.total,
            page,
            page_size: asked,
            total_pages,
            has_more: page < total_pages,
        })
    }

    /// Answers with an empty page: a filter that nothing can match.
    pub(crate) fn answer_nothing<V>(self) -> PageView<V> {
        PageView {
            items: Vec::new(),
            total: 0,
            page: 1,
            page_size: self.page_size.unwrap_or(0).clamp(0, PAGE_SIZE_MAX),
            total_pages: 1,
            has_more: false,
        }
    }
}
