//! Written once into a database whose owner is no superuser, as managed servers have it, and looked at from
//! all sides; and a second time, to see that it is the same.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Zoned;
use kith_channels::storage::Storage;
use kith_demo::{Place, Wanted, What, plan, write};
use kith_engine::Engine;
use kith_entities::{CATALOGUE, rules};
use kith_store::types::Type;
use kith_store::{AdminConnection, Migrate, Server, Statement};
use kith_testkit::{TestDatabase, Transport};
use uuid::Uuid;

/// A first start waits for it, so it has to be quick; a debug build on a busy machine takes several times as long.
const BUDGET: Duration = Duration::from_secs(150);

fn now() -> Zoned {
    "2026-11-25T11:30:00+01:00[Europe/Berlin]".parse().unwrap()
}

fn wanted(seed: u64) -> Wanted {
    Wanted {
        seed,
        now: now(),
        slug: "larkspur-studio".to_owned(),
        password_hash: "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo".to_owned(),
    }
}

/// A database with the demo organization in it.
struct Shown {
    admin: AdminConnection,
    engine: Engine,
    server: Server,
    _test: TestDatabase,
    organization: Uuid,
}

async fn shown(seed: u64) -> Shown {
    let test = TestDatabase::empty(Transport::Tcp).await;
    let server = Server::start(&test.settings(), Migrate::Up).await.unwrap();
    let admin = server.admin().await.unwrap();
    let (organization, owner) = (Uuid::now_v7(), Uuid::now_v7());
    admin
        .script(&format!(
            "BEGIN; SET LOCAL ROLE kith_definer;
             INSERT INTO organizations (id, name, slug) VALUES ('{organization}', 'Larkspur Studio', 'larkspur-studio');
             SELECT set_config('kith.organization', '{organization}', true), seed_organization('{organization}');
             INSERT INTO users (id, full_name, email, password_hash) VALUES ('{owner}', 'Helena Brandt', 'helena@larkspur-studio.example', 'x');
             INSERT INTO memberships (organization_id, user_id, role_id) SELECT '{organization}', '{owner}', id FROM roles WHERE key = 'owner';
             COMMIT"
        ))
        .await
        .unwrap();
    let engine = Engine {
        database: server.database().clone(),
        catalogue: &CATALOGUE,
        rules: rules(),
    };
    let folder = std::env::temp_dir();
    let storage = Storage::folder(&folder.join(format!("kith-demo-{}", test.name()))).unwrap();
    let began = Instant::now();
    let place = Place {
        engine: &engine,
        admin: &admin,
        organization_id: organization,
        owner_id: owner,
        folder: &folder,
        storage: &storage,
    };
    let written = write(&place, &wanted(seed)).await.unwrap();
    let took = began.elapsed();
    println!("{written:?} in {took:?}");
    assert!(took < BUDGET, "the demo organization took {took:?}");
    admin.script("SET ROLE kith_definer").await.unwrap();
    Shown {
        admin,
        engine,
        server,
        _test: test,
        organization,
    }
}

/// The table behind the view through which people are listed.
fn table_of(table: &'static str) -> &'static str {
    if table == "members" {
        "memberships"
    } else {
        table
    }
}

impl Shown {
    /// The first column of every row, as text; `$1` is the organization.
    async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::new(format!("SELECT x::text FROM ({sql}) AS a (x)"))
            .with(self.organization, Type::UUID);
        let rows = self
            .admin
            .query(&statement)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error} {:?}", error.log_detail()));
        rows.iter()
            .map(|row| row.get::<_, Option<String>>(0).unwrap_or_default())
            .collect()
    }

    async fn count(&self, sql: &str) -> i64 {
        self.texts(&format!("SELECT count(*) FROM {sql}")).await[0]
            .parse()
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_something_to_show_and_it_hangs_together() {
    let demo = shown(7).await;
    let mut empty = Vec::new();
    for entity in CATALOGUE.entities() {
        // Whatever can be created is in the demo organization; whoever adds an entity adds its part of the story.
        if entity.verbs.create
            && demo
                .count(&format!(
                    "{} WHERE organization_id = $1",
                    table_of(entity.table)
                ))
                .await
                == 0
        {
            empty.push(entity.name);
        }
    }
    assert!(
        empty.is_empty(),
        "nothing in the demo organization: {empty:?}"
    );

    for (sql, least) in [
        (
            "companies WHERE organization_id = $1 AND parent_id IS NOT NULL",
            2,
        ),
        ("contacts WHERE organization_id = $1", 80),
        (
            "leads WHERE organization_id = $1 AND status = 'converted' AND converted_deal_id IS NOT NULL",
            5,
        ),
        ("leads WHERE organization_id = $1 AND owner_id IS NULL", 3),
        (
            "leads WHERE organization_id = $1 AND utm_source IS NOT NULL",
            5,
        ),
        ("leads WHERE organization_id = $1 AND is_archived", 1),
        ("deals WHERE organization_id = $1 AND status = 'won'", 20),
        (
            "deals WHERE organization_id = $1 AND status = 'lost' AND lost_reason IS NOT NULL",
            8,
        ),
        ("deals WHERE organization_id = $1 AND status = 'open'", 15),
        (
            "tasks WHERE organization_id = $1 AND completed_at IS NOT NULL",
            40,
        ),
        (
            "tasks WHERE organization_id = $1 AND status = 'todo' AND due_at < '2026-11-25'",
            3,
        ),
        (
            "tasks WHERE organization_id = $1 AND due_at::date = '2026-11-25'",
            10,
        ),
        (
            "tasks WHERE organization_id = $1 AND due_at > '2026-11-26'",
            10,
        ),
        ("notes WHERE organization_id = $1 AND is_pinned", 2),
        ("notes WHERE organization_id = $1 AND mentions <> '[]'", 2),
        (
            "interactions WHERE organization_id = $1 AND follow_up_at IS NOT NULL",
            10,
        ),
        (
            "imports WHERE organization_id = $1 AND status = 'completed'",
            2,
        ),
        (
            "audit_log WHERE organization_id = $1 AND action = 'EXPORT'",
            2,
        ),
        (
            "record_values WHERE organization_id = $1 AND field LIKE 'custom.%'",
            100,
        ),
        (
            "memberships WHERE organization_id = $1 AND status = 'invited'",
            1,
        ),
        (
            "(SELECT DISTINCT stage_id FROM deals WHERE organization_id = $1) s",
            8,
        ),
        (
            "(SELECT DISTINCT stage_id FROM leads WHERE organization_id = $1) s",
            6,
        ),
    ] {
        let found = demo.count(sql).await;
        assert!(found >= least, "{found} instead of {least}: {sql}");
    }
    assert_eq!(
        demo.count("products WHERE organization_id = $1 AND is_active")
            .await,
        3
    );

    // The numbers hang together.
    for (what, sql) in [
        (
            "a deal is worth what it consists of",
            "SELECT d.name FROM deals d JOIN deal_items i ON i.organization_id = d.organization_id AND i.deal_id = d.id WHERE d.organization_id = $1 GROUP BY d.organization_id, d.id HAVING sum(i.amount) <> d.amount",
        ),
        (
            "a deal's stages follow each other",
            "SELECT h.id FROM deal_stage_history h WHERE h.organization_id = $1 AND h.left_at < h.entered_at",
        ),
        (
            "a deal is where its history ends",
            "SELECT d.name FROM deals d JOIN deal_stage_history h ON h.organization_id = d.organization_id AND h.deal_id = d.id AND h.left_at IS NULL WHERE d.organization_id = $1 AND h.stage_id <> d.stage_id",
        ),
        (
            "a deal was closed on the day on which it entered its last stage",
            "SELECT d.name FROM deals d JOIN deal_stage_history h ON h.organization_id = d.organization_id AND h.deal_id = d.id AND h.left_at IS NULL WHERE d.organization_id = $1 AND d.actual_close_date IS NOT NULL AND (h.entered_at AT TIME ZONE 'Europe/Berlin')::date <> d.actual_close_date",
        ),
        (
            "a contact comes after its company",
            "SELECT c.full_name FROM contacts c JOIN companies f ON f.organization_id = c.organization_id AND f.id = c.company_id WHERE c.organization_id = $1 AND c.created_at < f.created_at",
        ),
        (
            "a lead is converted after it came",
            "SELECT full_name FROM leads WHERE organization_id = $1 AND converted_at < created_at",
        ),
        (
            "a task is done after it was set",
            "SELECT title FROM tasks WHERE organization_id = $1 AND completed_at < created_at",
        ),
        (
            "a record was last changed after it was made",
            "SELECT name FROM companies WHERE organization_id = $1 AND updated_at < created_at",
        ),
        (
            "every change is in the audit log, at its time",
            "SELECT d.name FROM deals d WHERE d.organization_id = $1 AND NOT EXISTS (SELECT 1 FROM audit_log a WHERE a.organization_id = d.organization_id AND a.record_id = d.id AND a.action = 'INSERT' AND a.created_at = d.created_at)",
        ),
        (
            "every address is one of those kept for examples",
            "SELECT email FROM contacts WHERE organization_id = $1 AND email NOT LIKE '%.example' UNION ALL SELECT email FROM leads WHERE organization_id = $1 AND email NOT LIKE '%.example' UNION ALL SELECT u.email FROM users u WHERE $1::uuid IS NOT NULL AND u.email NOT LIKE '%.example'",
        ),
    ] {
        let wrong = demo.texts(sql).await;
        assert!(wrong.is_empty(), "{what}: {wrong:?}");
    }

    // Everything happened before the story's end, and little in its last minutes.
    for table in [
        "companies",
        "contacts",
        "leads",
        "deals",
        "tasks",
        "notes",
        "interactions",
        "deal_items",
        "activities",
        "audit_log",
        "events",
        "imports",
        "tags",
        "stages",
        "memberships",
        "custom_fields",
    ] {
        let late = demo
            .count(&format!(
                "{table} WHERE organization_id = $1 AND created_at > '2026-11-25T10:30:00Z'"
            ))
            .await;
        let told = if table == "activities" {
            demo.texts("SELECT concat_ws(' ', type, entity_type, subject, description, created_at) FROM activities WHERE organization_id = $1 AND created_at > '2026-11-25T10:30:00Z' LIMIT 5").await
        } else {
            Vec::new()
        };
        assert_eq!(late, 0, "{table} of the future: {told:?}");
        let days = demo
            .count(&format!(
                "(SELECT DISTINCT created_at::date FROM {table} WHERE organization_id = $1) d"
            ))
            .await;
        assert!(days >= 1, "{table}");
    }
    let spread = demo.count("(SELECT DISTINCT date_trunc('month', created_at) FROM activities WHERE organization_id = $1) m").await;
    assert!(spread >= 12, "activities in {spread} months");
    // The audit log's documents are dated like its rows.
    let stale = demo.texts("SELECT entity_type || ' ' || new_values::text FROM audit_log, jsonb_each_text(new_values) m (key, value) WHERE organization_id = $1 AND key IN ('stage_entered_at', 'converted_at', 'completed_at', 'entered_at') AND value::timestamptz > '2026-11-25T10:30:00Z'").await;
    assert!(stale.is_empty(), "{:?}", stale.first());

    // Row security and triggers are as they were.
    let admin = demo.server.admin().await.unwrap();
    let off = admin
        .query(&Statement::new("SELECT tgname::text FROM pg_trigger WHERE tgenabled <> 'O' UNION ALL SELECT relname::text FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity"))
        .await
        .unwrap();
    assert!(
        off.is_empty(),
        "{:?}",
        off.iter()
            .map(|row| row.get::<_, String>(0))
            .collect::<Vec<_>>()
    );
    // Everybody's telephone number is one that is kept for fiction, and a number all the same.
    for number in demo.texts("SELECT phone FROM contacts WHERE organization_id = $1 AND phone IS NOT NULL UNION SELECT mobile FROM contacts WHERE organization_id = $1 AND mobile IS NOT NULL UNION SELECT phone FROM leads WHERE organization_id = $1 AND phone IS NOT NULL UNION SELECT phone FROM companies WHERE organization_id = $1 AND phone IS NOT NULL").await {
        let parsed = phonenumber::parse(None, &number).unwrap();
        assert!(phonenumber::is_valid(&parsed), "{number}");
    }
    nobody_else_can_date(&demo).await;
    assert_eq!(
        demo.engine.catalogue.entities().len(),
        CATALOGUE.entities().len()
    );
    demo.server.stop().await;
}

/// A member cannot write a past: not through the interface's rules, and not as the application's role either, which
/// may not make triggers or row security rest.
async fn nobody_else_can_date(demo: &Shown) {
    let principal = kith_store::Principal::user(
        demo.organization,
        demo.texts("SELECT user_id FROM memberships JOIN users ON users.id = user_id WHERE organization_id = $1 AND full_name = 'Amara Okafor'").await[0].parse().unwrap(),
    );
    let origin = kith_store::Origin::new("api");
    for forbidden in [
        "ALTER TABLE companies DISABLE TRIGGER USER",
        "ALTER TABLE companies NO FORCE ROW LEVEL SECURITY",
        "SET session_replication_role = replica",
        "SET ROLE kith_definer",
        "UPDATE activities SET created_at = '2020-01-01'",
        "UPDATE audit_log SET created_at = '2020-01-01'",
    ] {
        let tx = kith_store::Tx::begin(&demo.engine.database, &principal, &origin)
            .await
            .unwrap();
        assert!(
            tx.execute(&Statement::new(forbidden)).await.is_err(),
            "allowed: {forbidden}"
        );
    }
    let tx = kith_store::Tx::begin(&demo.engine.database, &principal, &origin)
        .await
        .unwrap();
    let changed = tx
        .query(&Statement::new("UPDATE companies SET created_at = '2020-01-01', name = name || '!' RETURNING created_at > '2020-01-02'"))
        .await
        .unwrap();
    assert!(!changed.is_empty());
    assert!(changed.iter().all(|row| row.get::<_, bool>(0)));
}

/// What the organization has, without what differs by nature: ids, and what holds ids.
async fn fingerprint(demo: &Shown) -> Vec<String> {
    let mut lines = Vec::new();
    for sql in [
        "SELECT concat_ws('|', name, status, website, employee_count, annual_revenue, tags::text, date_trunc('hour', created_at)) FROM companies WHERE organization_id = $1",
        "SELECT concat_ws('|', full_name, email, phone, mobile, job_title, status) FROM contacts WHERE organization_id = $1",
        "SELECT concat_ws('|', full_name, company_name, status, estimated_value, source, lost_reason, is_archived) FROM leads WHERE organization_id = $1",
        "SELECT concat_ws('|', d.name, d.amount, d.currency, d.status, d.actual_close_date, d.expected_close_date, s.key) FROM deals d JOIN stages s ON s.organization_id = d.organization_id AND s.id = d.stage_id WHERE d.organization_id = $1",
        "SELECT concat_ws('|', title, status, type, due_at, subject_type) FROM tasks WHERE organization_id = $1",
        "SELECT concat_ws('|', type, channel, note, occurred_at) FROM interactions WHERE organization_id = $1",
        "SELECT concat_ws('|', u.full_name, coalesce(u.email, m.email), m.status) FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organization_id = $1",
    ] {
        lines.extend(demo.texts(&format!("{sql} ORDER BY 1")).await);
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_makes_the_same_organization() {
    let (one, two) = (shown(11).await, shown(11).await);
    let (left, right) = (fingerprint(&one).await, fingerprint(&two).await);
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(&right) {
        // Dating keeps the distance from a transaction's begin: a few milliseconds, which differ.
        assert_eq!(left, right);
    }
}

#[test]
fn the_plan_depends_on_its_seed_and_moment_alone() {
    let text = |seed| {
        format!(
            "{:?}",
            plan(&wanted(seed))
                .iter()
                .map(|act| (act.moment, &act.by, &act.name, &act.body))
                .collect::<Vec<_>>()
        )
    };
    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
    // In order, and over before the story is.
    let acts = plan(&wanted(3));
    assert!(acts.windows(2).all(|pair| pair[0].moment <= pair[1].moment));
    assert!(acts.iter().all(|act| act.moment < now().timestamp()));
    // No name twice.
    let made: Vec<&str> = acts
        .iter()
        .filter(|act| matches!(act.what, What::Create(_)))
        .map(|act| act.name.as_str())
        .collect();
    assert_eq!(made.len(), made.iter().collect::<BTreeSet<_>>().len());
}
