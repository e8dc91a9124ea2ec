//! What an entity *is*: its fields, kinds, bounds, references, access path and layout.
//!
//! The catalogue is plain data and pure functions. It knows no SQL, no HTTP, no clock and does no
//! I/O: the engine turns declarations into statements, the HTTP crate into routes and documents,
//! the web application into tables and forms. Anything that may differ between two calls (the time,
//! who is asking, the organization's own fields) is handed in.

pub mod access;
pub mod col;
pub mod custom;
pub mod entity;
pub mod fault;
pub mod field;
pub mod filter;
pub mod identity;
pub mod kind;
pub mod kinds;
pub mod period;
pub mod registry;
pub mod storable;
pub mod value;

pub use access::{Action, Grants, Scope};
pub use col::{Col, col};
pub use custom::{CustomField, Overlay};
pub use entity::{Access, Child, Entity, Layout, Ownership, Section, Verbs};
pub use fault::{Fault, Faults};
pub use field::{AnyField, Choice, Default, Field, Writer};
pub use filter::{Filter, Operator, Test};
pub use identity::{Identity, Likeness};
pub use kind::{Hue, Kind};
pub use registry::Catalogue;
pub use value::{Value, ValueType};
