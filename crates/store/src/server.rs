//! From settings to a database that serves: start the private server when there is no URL, make the roles, migrate,
//! and connect as the role that row security binds.

use crate::{
    admin::AdminConnection,
    database::Database,
    embedded::EmbeddedServer,
    error::StoreError,
    migrations,
    roles::{self, ensure_roles},
    settings::DatabaseSettings,
    target::Target,
};

/// What a start does about migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Apply what is missing; with a role that may not, refuse a database that lacks something.
    Up,
    /// Leave the schema as it is, for commands that look at it or change it.
    Leave,
}

/// A database ready to serve, and what was needed to get there.
pub struct Server {
    database: Database,
    owner: Target,
    application: Target,
    embedded: Option<EmbeddedServer>,
}

impl Server {
    /// Starts everything.
    ///
    /// # Errors
    /// [`StoreError::Setup`] in words for the operator; [`StoreError::Unavailable`] when the server of the URL cannot
    /// be reached.
    pub async fn start(
        settings: &DatabaseSettings,
        migrate: Migrate,
    ) -> Result<Server, StoreError> {
        let (embedded, owner) = if let Some(url) = &settings.url {
            (None, Target::parse(url)?)
        } else {
            let embedded = EmbeddedServer::start(settings).await?;
            let owner = embedded.owner_target();
            (Some(embedded), owner)
        };
        match prepare(settings, &owner, migrate).await {
            Ok((database, application)) => Ok(Server {
                database,
                owner,
                application,
                embedded,
            }),
            Err(error) => {
                if let Some(embedded) = embedded {
                    embedded.stop().await;
                }
                Err(error)
            }
        }
    }

    /// For a command that may run beside the program: uses the private server that the program runs, or starts one for
    /// as long as the command takes. The schema stays as it is. With a URL this is [`Server::start`].
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn join(settings: &DatabaseSettings) -> Result<Server, StoreError> {
        if settings.url.is_some() || !crate::embedded::is_in_use(settings)? {
            return Server::start(settings, Migrate::Leave).await;
        }
        let owner = crate::embedded::owner_target(settings)?;
        let (database, application) = prepare(settings, &owner, Migrate::Leave).await?;
        Ok(Server {
            database,
            owner,
            application,
            embedded: None,
        })
    }

    /// As [`Server::join`], for a command that needs the tables as this program knows them.
    ///
    /// # Errors
    /// As [`Server::join`]; [`StoreError::Setup`] for a database that was not migrated, or by another version.
    pub async fn join_current(settings: &DatabaseSettings) -> Result<Server, StoreError> {
        let server = Server::join(settings).await?;
        let checked = async {
            let admin = server.admin().await?;
            migrations::require_current(&admin, migrations::all()).await
        };
        match checked.await {
            Ok(()) => Ok(server),
            Err(error) => {
                server.stop().await;
                Err(error)
            }
        }
    }

    /// The application's database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A connection of the owner, for migrations and `kith doctor`. Where the operator made the application's role
    /// and gave only that, it is that role's.
    pub async fn admin(&self) -> Result<AdminConnection, StoreError> {
        AdminConnection::connect(&self.owner).await
    }

    /// The owner's target.
    pub fn owner_target(&self) -> &Target {
        &self.owner
    }

    /// The application role's target, for a [`crate::Listener`].
    pub fn application_target(&self) -> &Target {
        &self.application
    }

    /// The private server, when it is one.
    pub fn embedded(&self) -> Option<&EmbeddedServer> {
        self.embedded.as_ref()
    }

    /// Closes the connections at rest and stops the private server, when it is one.
    pub async fn stop(self) {
        self.database.close_idle();
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

async fn prepare(
    settings: &DatabaseSettings,
    owner: &Target,
    migrate: Migrate,
) -> Result<(Database, Target), StoreError> {
    let admin = AdminConnection::connect(owner).await?;
    let application = if roles::is_owner(&admin).await? {
        let application = ensure_roles(&admin).await?;
        if migrate == Migrate::Up {
            migrations::up(&admin, migrations::all(), None).await?;
        }
        application
    } else {
        if migrate == Migrate::Up {
            migrations::require_current(&admin, migrations::all()).await?;
        }
        owner.clone()
    };
    let database = Database::connect(&application, settings).await?;
    Ok((database, application))
}
