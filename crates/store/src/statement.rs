//! SQL text with its parameters and their types.

use std::{borrow::Cow, fmt};

use tokio_postgres::types::{ToSql, Type};

/// A parameter's value.
pub type Param = Box<dyn ToSql + Sync + Send>;

/// One SQL statement. `params` and `types` have the same length: `$n` is `params[n - 1]` of type `types[n - 1]`.
///
/// Select columns of built-in types only (cast `citext`, enumerations and domains to `text`): the driver has to ask
/// the server about any other type, which costs a round trip and fails behind a transaction pooler.
pub struct Statement {
    /// The text. The same text with the same types is prepared once per connection.
    pub sql: Cow<'static, str>,
    /// The values of `$1`, `$2`, …
    pub params: Vec<Param>,
    /// The types the server is told for `$1`, `$2`, …
    pub types: Vec<Type>,
    /// Planned anew for these very values. For statements whose best plan depends on them: a plan kept
    /// for any value takes a tag of ten records for one of half a million.
    pub planned_each_time: bool,
}

impl Statement {
    /// A statement without parameters so far.
    #[must_use]
    pub fn new(sql: impl Into<Cow<'static, str>>) -> Statement {
        Statement {
            sql: sql.into(),
            params: Vec::new(),
            types: Vec::new(),
            planned_each_time: false,
        }
    }

    /// Adds a parameter and answers its number: 1 for `$1`.
    pub fn bind(&mut self, value: impl ToSql + Sync + Send + 'static, r#type: Type) -> usize {
        self.bind_boxed(Box::new(value), r#type)
    }

    /// Adds a parameter that is boxed already and answers its number: 1 for `$1`.
    pub fn bind_boxed(&mut self, value: Param, r#type: Type) -> usize {
        self.params.push(value);
        self.types.push(r#type);
        self.params.len()
    }

    /// The statement with one more parameter: `Statement::new("select $1::int").with(1_i32, Type::INT4)`.
    #[must_use]
    pub fn with(mut self, value: impl ToSql + Sync + Send + 'static, r#type: Type) -> Statement {
        self.bind(value, r#type);
        self
    }

    /// The parameters in the shape that the driver takes them.
    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = &(dyn ToSql + Sync)> {
        self.params.iter().map(|param| {
            let value: &(dyn ToSql + Sync) = &**param;
            value
        })
    }
}

/// The text and the types; never the values, which may be personal.
impl fmt::Debug for Statement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Statement")
            .field("sql", &self.sql)
            .field("types", &self.types)
            .finish_non_exhaustive()
    }
}
