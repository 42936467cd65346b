//! Statements of our own: what diesel would prepare anew each time it runs.
//!
//! Diesel remembers no prepared update, no upsert and no `IN` over a list, because their text may
//! depend on their values. Ours has few forms, so it is remembered under its text.

use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Integer, Nullable, SmallInt, Text};
use openmoss_domain::Version;

use crate::dialect::each_backend;
use crate::error::StorageError;
use crate::store::Writer;
use crate::sub_task::Swap;

/// A value that a statement carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    TextOrNull(Option<Cow<'a, str>>),
    SmallInt(i16),
    Integer(i32),
    BigInt(i64),
    BigIntOrNull(Option<i64>),
    Bool(bool),
}

/// How a Rust type becomes a [`Value`].
macro_rules! values {
    ($($from:ty => $variant:ident($bound:ident => $value:expr)),+ $(,)?) => {$(
        impl<'a> From<$from> for Value<'a> {
            fn from($bound: $from) -> Self { Self::$variant($value) }
        }
    )+};
}

values! {
    &'a str => Text(text => text.into()),
    String => Text(text => text.into()),
    Option<&'a str> => TextOrNull(text => text.map(Cow::from)),
    Option<String> => TextOrNull(text => text.map(Cow::from)),
    i16 => SmallInt(number => number),
    i32 => Integer(number => number),
    i64 => BigInt(number => number),
    Option<i64> => BigIntOrNull(number => number),
    bool => Bool(bit => bit),
}

#[derive(Debug)]
enum Part<'a> {
    Sql(Cow<'static, str>),
    Name(&'static str),
    Value(Value<'a>),
}

/// A statement, `Row` being the SQL types of what it answers.
#[derive(Debug)]
pub(crate) struct Statement<'a, Row = ()> {
    parts: Vec<Part<'a>>,
    row: PhantomData<Row>,
}

impl<'a, Row> Statement<'a, Row> {
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { parts: vec![Part::Sql(sql.into())], row: PhantomData }
    }

    pub(crate) fn sql(mut self, sql: impl Into<Cow<'static, str>>) -> Self {
        self.parts.push(Part::Sql(sql.into()));
        self
    }

    /// Tokens of an enum as a list within the text.
    pub(crate) fn tokens(mut self, tokens: &[&'static str]) -> Self {
        for (index, token) in tokens.iter().enumerate() {
            let quote = if index == 0 { "'" } else { ", '" };
            self = self.sql(quote).sql(*token).sql("'");
        }
        self
    }

    pub(crate) fn value(mut self, value: impl Into<Value<'a>>) -> Self {
        self.parts.push(Part::Value(value.into()));
        self
    }
}

impl<DB, Row> QueryFragment<DB> for Statement<'_, Row>
where
    DB: Backend + HasSqlType<Bool>,
    str: ToSql<Text, DB>,
    i16: ToSql<SmallInt, DB>,
    i32: ToSql<Integer, DB>,
    i64: ToSql<BigInt, DB>,
    bool: ToSql<Bool, DB>,
    for<'v> Option<Cow<'v, str>>: ToSql<Nullable<Text>, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Sql(sql) => out.push_sql(sql),
                Part::Name(name) => out.push_identifier(name)?,
                Part::Value(value) => match value {
                    Value::Text(text) => out.push_bind_param::<Text, str>(text)?,
                    Value::TextOrNull(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                    Value::SmallInt(n) => out.push_bind_param::<SmallInt, _>(n)?,
                    Value::Integer(n) => out.push_bind_param::<Integer, _>(n)?,
                    Value::BigInt(n) => out.push_bind_param::<BigInt, _>(n)?,
                    Value::BigIntOrNull(n) => out.push_bind_param::<Nullable<BigInt>, _>(n)?,
                    Value::Bool(bit) => out.push_bind_param::<Bool, _>(bit)?,
                },
            }
        }
        Ok(())
    }
}

/// Without a static id it is remembered under its text.
impl<Row> QueryId for Statement<'_, Row> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Row> Query for Statement<'_, Row> {
    type SqlType = Row;
}

impl<Conn, Row> RunQueryDsl<Conn> for Statement<'_, Row> {}

/// The columns that a step really changed: an update rewrites the index entries of every column
/// that it names, whether its value is another one or not.
#[derive(Debug, Default)]
pub(crate) struct Changes<'a>(Vec<(&'static str, Value<'a>)>);

impl<'a> Changes<'a> {
    /// Notes a column, if what it shall hold is not what it held.
    pub(crate) fn note<C: Column>(
        mut self,
        _column: C,
        before: impl Into<Value<'a>>,
        next: impl Into<Value<'a>>,
    ) -> Self {
        let (before, next) = (before.into(), next.into());
        if before != next {
            self.0.push((C::NAME, next));
        }
        self
    }

    /// Makes these changes to the row with this id, and to its version, if its version is still
    /// `before`. `update` names the table, such as `UPDATE task SET `.
    pub(crate) fn compare_and_set(
        self,
        writer: &mut Writer,
        update: &'static str,
        id: String,
        (before, next): (Version, Version),
    ) -> Result<Swap, StorageError> {
        let mut statement: Statement<'a> = Statement::new(update);
        for (column, value) in self.0 {
            statement.parts.push(Part::Name(column));
            statement = statement.sql(" = ").value(value).sql(", ");
        }
        let statement = statement
            .sql("version = ")
            .value(next.get())
            .sql(" WHERE id = ")
            .value(id)
            .sql(" AND version = ")
            .value(before.get());
        let changed = each_backend!(&mut writer.connection, c => statement.execute(c))?;
        Ok(if changed == 0 { Swap::Lost } else { Swap::Swapped })
    }
}
