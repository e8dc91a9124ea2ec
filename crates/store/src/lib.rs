//! The one door to the data: every connection to PostgreSQL that this program opens is opened here.
//!
//! What it offers:
//! - [`Database`]: the private pool of the *application role* (no superuser, owns nothing, cannot bypass row
//!   security), with [`Database::read`] for reads in one round trip;
//! - [`Cursor`]: a long answer, read piece by piece from one snapshot;
//! - [`Tx`]: a transaction on behalf of a [`Principal`]; [`SystemTx`]: one that acts for no user and says so;
//! - [`StoreError`]: the one table from SQLSTATE to what went wrong, free of database text in what it displays;
//! - [`migrations`], [`Listener`], the private server ([`embedded`]) and [`Server`], which puts them together.
//!
//! What it must not know: entities, fields, HTTP, permissions. It moves statements and rows. A connection never
//! leaves this crate; statements and rows do.

pub mod embedded;
pub mod migrations;

mod acting;
mod admin;
mod connection;
mod cursor;
mod database;
mod error;
mod listen;
mod pipeline;
mod pool;
mod roles;
mod server;
mod settings;
mod statement;
mod target;
mod tls;
mod transaction;
mod tx;

pub use acting::{Origin, Principal};
pub use admin::AdminConnection;
pub use cursor::{Cursor, Patience};
pub use database::Database;
pub use error::StoreError;
pub use listen::{Listener, Notice};
pub use pool::PoolUse;
pub use roles::{APPLICATION_ROLE, ASKER_ROLE, DEFINER_ROLE, ensure_roles};
pub use server::{Migrate, Server};
pub use settings::{DatabaseSettings, Prepare};
pub use statement::{Param, Statement};
pub use target::Target;
pub use tokio_postgres::{Row, types};
pub use transaction::Transaction;
pub use tx::{SystemTx, Tx};
