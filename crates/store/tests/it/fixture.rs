//! A database with one table under row security, which is all the store needs to know of a schema.

use kith_store::{
    AdminConnection, Database, Origin, Principal, Statement, Target, ensure_roles, types::Type,
};
use kith_testkit::{TestDatabase, Transport};
use uuid::Uuid;

const SCHEMA: &str = "
    create table notes (
        organization_id uuid not null,
        id integer not null,
        body text not null check (body <> 'forbidden'),
        parent integer,
        primary key (organization_id, id),
        constraint notes_parent foreign key (organization_id, parent) references notes (organization_id, id)
            deferrable initially deferred
    );
    alter table notes enable row level security;
    alter table notes force row level security;
    create policy notes_tenant on notes
        using (organization_id = nullif(current_setting('kith.organization', true), '')::uuid);
    grant select, insert, update, delete on notes to kith_app;
    create function refuse() returns void language plpgsql as $$
    begin
        raise exception 'Only three products may be active' using errcode = 'KT001', column = 'is_active',
            hint = 'Retire one first';
    end $$;";

/// Every setting a transaction makes, as one text; empty when none is left.
pub(crate) const SETTINGS: &str = "select concat(current_setting('kith.organization', true),
    current_setting('kith.user', true), current_setting('kith.change_set', true),
    current_setting('kith.origin', true), current_setting('kith.ip', true), current_setting('kith.user_agent', true))";

pub(crate) struct Fixture {
    pub(crate) test: TestDatabase,
    pub(crate) database: Database,
}

impl Fixture {
    pub(crate) async fn new(pool_size: usize) -> Fixture {
        Fixture::with(pool_size, |_| {}).await
    }

    pub(crate) async fn with(
        pool_size: usize,
        change: impl FnOnce(&mut kith_store::DatabaseSettings),
    ) -> Fixture {
        let test = TestDatabase::empty(Transport::Socket).await;
        let admin = test.admin().await;
        ensure_roles(&admin).await.unwrap();
        admin.script(SCHEMA).await.unwrap();
        let mut settings = test.settings();
        settings.pool_size = pool_size;
        change(&mut settings);
        let database = Database::open(&settings).await.unwrap();
        Fixture { test, database }
    }

    pub(crate) async fn admin(&self) -> AdminConnection {
        self.test.admin().await
    }

    /// How many rows there really are.
    pub(crate) async fn count(&self) -> i64 {
        self.admin()
            .await
            .query(&Statement::new("select count(*) from notes"))
            .await
            .unwrap()[0]
            .get(0)
    }

    /// A pool of its own on the same database, without the check of the role.
    pub(crate) fn owner(&self) -> Target {
        Target::parse(self.test.url()).unwrap()
    }
}

pub(crate) fn someone() -> Principal {
    Principal::user(Uuid::now_v7(), Uuid::now_v7())
}

pub(crate) fn origin() -> Origin {
    Origin {
        ip: Some("192.0.2.7".parse().unwrap()),
        user_agent: Some("curl/8\u{0}\n".to_owned()),
        ..Origin::new("api")
    }
}

pub(crate) fn insert(who: &Principal, id: i32, body: &str) -> Statement {
    Statement::new("insert into notes (organization_id, id, body) values ($1, $2, $3) returning id")
        .with(who.organization_id, Type::UUID)
        .with(id, Type::INT4)
        .with(body.to_owned(), Type::TEXT)
}

pub(crate) fn text(rows: &[kith_store::Row]) -> String {
    rows[0].get(0)
}
