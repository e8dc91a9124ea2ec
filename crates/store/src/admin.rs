//! The owner's connection: migrations, roles and `kith doctor`. Row security may not bind it, so nothing that serves
//! a request may use it.

use tokio_postgres::{Client, Row};

use crate::{
    connection::Connection, error::StoreError, settings::Prepare, statement::Statement,
    target::Target,
};

/// A connection of the database's owner.
pub struct AdminConnection {
    connection: Connection,
    target: Target,
}

impl AdminConnection {
    /// Connects as the target's role.
    pub async fn connect(target: &Target) -> Result<AdminConnection, StoreError> {
        let client = target.connect().await?;
        Ok(AdminConnection {
            connection: Connection::new(client, Prepare::Never),
            target: target.clone(),
        })
    }

    /// The rows of one statement.
    pub async fn query(&self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        let ready = self.connection.ready(statement).await?;
        let mut answers = crate::database::collect(
            &self.connection,
            vec![self.connection.rows(&ready, statement)],
        )
        .await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// The number of rows a statement touched.
    pub async fn execute(&self, statement: &Statement) -> Result<u64, StoreError> {
        let ready = self.connection.ready(statement).await?;
        Ok(self.connection.count(&ready, statement).await?)
    }

    /// Runs SQL text of any number of statements, without parameters.
    pub async fn script(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.connection.client.batch_execute(sql).await?)
    }

    /// Where it connects and as whom.
    pub fn target(&self) -> &Target {
        &self.target
    }

    pub(crate) fn client(&self) -> &Client {
        &self.connection.client
    }
}
