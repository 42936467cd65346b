//! The envelope of lists and what may be asked of one (contract, section 3).

use std::borrow::Cow;

use openmoss_domain::Fields;
use openmoss_service::{Page, ServiceError, Window};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, Ref, RefOr, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::problem::Problem;

/// Largest page that can be asked for.
const PAGE_SIZE_MAX: i64 = 100;
/// What "everything on one page" means at most: each row costs a model tokens.
const UNPAGED_MAX: i64 = 200;
/// Pages beyond this are as empty as any page past the end.
const PAGE_MAX: i64 = 1_000_000_000;
/// What a page says of the list's length.
const TOTAL: &str = "How many rows the whole list has. What no counter is kept for, such as a list \
                     with a keyword, is counted up to 10000: a longer one says that.";
/// Rows on a page of an admin's list, unless asked otherwise.
const ADMIN_PAGE_SIZE: i64 = 20;

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

/// Which page of an admin's list.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdminPageQuery {
    /// 1 is the first page.
    #[param(default = 1, minimum = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(default = 20, minimum = 1, maximum = 100)]
    page_size: Option<i64>,
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct PageView<T> {
    items: Vec<T>,
    total: i64,
    page: i64,
    page_size: i64,
    total_pages: i64,
    has_more: bool,
}

/// By hand, because what is derived for a generic type repeats the item's schema in each page's.
/// Handlers name a page by an alias, such as `TaskPage`, for the same reason.
impl<T: ToSchema> PartialSchema for PageView<T> {
    fn schema() -> RefOr<Schema> {
        let number = |minimum: i64, description: &str| {
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                .minimum(Some(minimum))
                .description(Some(description))
        };
        let flag = |description: &str| {
            ObjectBuilder::new().schema_type(Type::Boolean).description(Some(description))
        };
        let items = ArrayBuilder::new()
            .items(Ref::from_schema_name(T::name()))
            .description(Some("The rows of this page."));
        ObjectBuilder::new()
            .description(Some("A page of a list."))
            .property("items", items)
            .property("total", number(0, TOTAL))
            .property("page", number(1, "Which page this is."))
            .property("page_size", number(0, "Rows on a page; 0 as asked."))
            .property("total_pages", number(1, "How many pages there are, at least 1."))
            .property("has_more", flag("Whether more rows come after these."))
            .into()
    }
}

impl<T: ToSchema> ToSchema for PageView<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

impl<V> PageView<V> {
    /// One page of those with `limit` rows each.
    fn of<T>(found: Page<T>, page: i64, limit: i64) -> Self
    where
        V: From<T>,
    {
        let total_pages = ((found.total + limit - 1) / limit).max(1);
        Self {
            items: found.items.into_iter().map(V::from).collect(),
            total: found.total,
            page,
            page_size: limit,
            total_pages,
            has_more: page < total_pages,
        }
    }
}

impl AdminPageQuery {
    fn page_and_limit(self) -> (i64, i64) {
        (self.page.unwrap_or(1), self.page_size.unwrap_or(ADMIN_PAGE_SIZE))
    }

    /// Notes what is out of range.
    pub(crate) fn check(self, fields: &mut Fields) {
        let (page, limit) = self.page_and_limit();
        if !(1..=PAGE_MAX).contains(&page) {
            fields.push("page", format!("must be 1 to {PAGE_MAX}"));
        }
        if !(1..=PAGE_SIZE_MAX).contains(&limit) {
            fields.push("page_size", format!("must be 1 to {PAGE_SIZE_MAX}"));
        }
    }

    /// Answers with the page that `list` gives for this question.
    pub(crate) fn answer<T, V: From<T>>(
        self,
        list: impl FnOnce(Window) -> Result<Page<T>, Problem>,
    ) -> Result<PageView<V>, Problem> {
        let mut fields = Fields::default();
        self.check(&mut fields);
        fields.finish().map_err(ServiceError::from)?;
        let (page, limit) = self.page_and_limit();
        let found = list(Window { offset: (page - 1) * limit, limit })?;
        Ok(PageView::of(found, page, limit))
    }
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
        Ok(PageView { page_size: asked, ..PageView::of(found, page, limit) })
    }

    /// Answers with an empty page: a filter that nothing can match.
    pub(crate) fn answer_nothing<V>(self) -> PageView<V> {
        let page_size = self.page_size.unwrap_or(0).clamp(0, PAGE_SIZE_MAX);
        PageView {
            items: Vec::new(),
            total: 0,
            page: if page_size == 0 { 1 } else { self.page.unwrap_or(1).clamp(1, PAGE_MAX) },
            page_size,
            total_pages: 1,
            has_more: false,
        }
    }
}
