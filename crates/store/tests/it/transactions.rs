//! Transactions: who acts, all or nothing, savepoints, copies, errors by meaning.

use bytes::Bytes;
use futures_util::TryStreamExt;
use kith_store::{Prepare, Statement, StoreError, SystemTx, Tx, types::Type};

use crate::fixture::{Fixture, SETTINGS, insert, origin, someone, text};

#[tokio::test]
async fn states_who_acts_and_from_where() {
    for prepare in [Prepare::Auto, Prepare::Never] {
        let fixture = Fixture::with(1, |settings| settings.prepare = prepare).await;
        let (who, origin) = (someone(), origin());
        let tx = Tx::begin(&fixture.database, &who, &origin).await.unwrap();
        let rows = tx.query(&Statement::new(SETTINGS)).await.unwrap();
        let expected = format!(
            "{}{}{}api192.0.2.7curl/8",
            who.organization_id, who.user_id, origin.change_set_id
        );
        assert_eq!(text(&rows), expected);
        assert_eq!(tx.principal(), &who);
        tx.commit().await.unwrap();
        let tx = SystemTx::begin(&fixture.database, Some(who.organization_id), &origin)
            .await
            .unwrap();
        let rows = tx
            .query(&Statement::new("select current_setting('kith.user', true)"))
            .await
            .unwrap();
        assert_eq!(text(&rows), "");
        drop(tx);
        let rows = fixture
            .database
            .system_read(None, &[Statement::new(SETTINGS)])
            .await
            .unwrap();
        assert_eq!(text(&rows[0]), "");
    }
}

#[tokio::test]
async fn keeps_what_it_commits_and_nothing_else() {
    let fixture = Fixture::new(2).await;
    let who = someone();
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    assert_eq!(tx.execute(&insert(&who, 1, "kept")).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    tx.execute(&insert(&who, 2, "dropped")).await.unwrap();
    drop(tx);
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    let rows = tx
        .query_many(&[insert(&who, 3, "many"), insert(&who, 4, "many")])
        .await
        .unwrap();
    assert_eq!(
        (rows[0][0].get::<_, i32>(0), rows[1][0].get::<_, i32>(0)),
        (3, 4)
    );
    assert_eq!(
        tx.commit_with(&[insert(&who, 5, "last")])
            .await
            .unwrap()
            .len(),
        1
    );
    // Nothing was sent, so nothing is committed and nothing is wrong.
    Tx::begin(&fixture.database, &who, &origin())
        .await
        .unwrap()
        .commit()
        .await
        .unwrap();
    assert_eq!(fixture.count().await, 4);
}

#[tokio::test]
async fn an_error_is_never_committed_over() {
    let fixture = Fixture::new(1).await;
    let who = someone();
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    tx.execute(&insert(&who, 1, "first")).await.unwrap();
    let error = tx.execute(&insert(&who, 1, "again")).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Unique { constraint, .. } if constraint == "notes_pkey"),
        "{error:?}"
    );
    assert!(
        tx.commit().await.is_err(),
        "a commit after an error must not look like one"
    );
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    let batch = [
        insert(&who, 2, "ok"),
        insert(&who, 3, "forbidden"),
        insert(&who, 4, "ok"),
    ];
    let error = tx.commit_with(&batch).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Check { table, .. } if table == "notes"),
        "{error:?}"
    );
    assert_eq!(fixture.count().await, 0);
}

#[tokio::test]
async fn a_savepoint_undoes_an_error() {
    let fixture = Fixture::new(1).await;
    let who = someone();
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    tx.savepoint("row").await.unwrap();
    assert!(tx.execute(&insert(&who, 1, "forbidden")).await.is_err());
    tx.rollback_to("row").await.unwrap();
    tx.execute(&insert(&who, 1, "fine")).await.unwrap();
    tx.release("row").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(fixture.count().await, 1);
}

#[tokio::test]
async fn errors_come_by_meaning() {
    let fixture = Fixture::new(4).await;
    let (who, other) = (someone(), someone());
    let cases = [
        (insert(&other, 1, "foreign"), "Permission"),
        (
            Statement::new("insert into notes (organization_id, id, body) values ($1, 1, null)")
                .with(who.organization_id, Type::UUID),
            "NotNull",
        ),
        (Statement::new("select 'x'::text::uuid"), "Value"),
        (Statement::new("selct"), "Internal"),
    ];
    for (statement, expected) in cases {
        let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
        let error = tx.query(&statement).await.unwrap_err();
        assert!(
            format!("{error:?}").starts_with(expected),
            "{expected}: {error:?}"
        );
        assert!(
            !error.to_string().contains("notes"),
            "the database's words are shown: {error}"
        );
    }
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    let error = tx
        .query(&Statement::new("select refuse()::text"))
        .await
        .unwrap_err();
    let StoreError::Raised {
        code,
        message,
        column,
        hint,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (code.as_str(), column.as_deref()),
        ("KT001", Some("is_active"))
    );
    assert_eq!(message, "Only three products may be active");
    assert_eq!(hint.as_deref(), Some("Retire one first"));
    // A deferred key speaks up at the commit.
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    let orphan = Statement::new(
        "insert into notes (organization_id, id, body, parent) values ($1, 1, 'x', 99)",
    )
    .with(who.organization_id, Type::UUID);
    tx.execute(&orphan).await.unwrap();
    let error = tx.commit().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::ForeignKey { constraint, .. } if constraint == "notes_parent"),
        "{error:?}"
    );
    assert_eq!(fixture.count().await, 0);
}

#[tokio::test]
async fn deadlock_and_serialization_are_retryable() {
    let fixture = Fixture::new(2).await;
    let who = someone();
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    tx.commit_with(&[insert(&who, 1, "a"), insert(&who, 2, "b")])
        .await
        .unwrap();
    let update =
        |id: i32| Statement::new("update notes set body = 'x' where id = $1").with(id, Type::INT4);
    let first = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    let second = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    first.execute(&update(1)).await.unwrap();
    second.execute(&update(2)).await.unwrap();
    let (one, two) = (update(2), update(1));
    // Whichever PostgreSQL picks as the victim must roll back for the other to go on.
    let finish = async |tx: Tx, statement: &Statement| tx.execute(statement).await;
    let (left, right) = tokio::join!(finish(first, &one), finish(second, &two));
    let failed: Vec<_> = [left, right].into_iter().filter_map(Result::err).collect();
    assert_eq!(failed.len(), 1);
    assert!(failed[0].is_retryable(), "{failed:?}");
}

#[tokio::test]
async fn copies_in_and_streams_out() {
    let fixture = Fixture::new(1).await;
    let who = someone();
    let sql = "copy notes (organization_id, id, body) from stdin";
    let line = |id: usize| format!("{}\t{id}\tcopied\n", who.organization_id);
    // Row security does not apply to COPY FROM in a plain way, so PostgreSQL refuses it: an import goes through a
    // temporary table.
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    assert!(tx.copy_in_bytes(sql, Bytes::from(line(1))).await.is_err());
    assert!(
        tx.rollback_to("any").await.is_err(),
        "the connection goes on after a refused copy"
    );
    drop(tx);
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    tx.execute(&Statement::new("create temporary table incoming (organization_id uuid, id integer, body text) on commit drop"))
        .await
        .unwrap();
    let pieces = (0..100).map(|hundred| {
        Ok::<Bytes, StoreError>(
            (0..100)
                .map(|one| line(hundred * 100 + one))
                .collect::<String>()
                .into(),
        )
    });
    let copied = tx
        .copy_in(
            "copy incoming from stdin",
            futures_util::stream::iter(pieces),
        )
        .await
        .unwrap();
    assert_eq!(copied, 10_000);
    tx.execute(&Statement::new("insert into notes select * from incoming"))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    let stream = tx
        .query_stream(&Statement::new("select id from notes order by id"))
        .await
        .unwrap();
    let ids: Vec<i32> = stream
        .map_ok(|row| row.get::<_, i32>(0))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids, (0..10_000).collect::<Vec<_>>());
    // Half-way through, the data fails: nothing stays, and the next one gets a working connection.
    drop(tx);
    let tx = Tx::begin(&fixture.database, &who, &origin()).await.unwrap();
    tx.execute(&Statement::new("create temporary table incoming (organization_id uuid, id integer, body text) on commit drop"))
        .await
        .unwrap();
    let broken = [
        Ok(Bytes::from(line(1))),
        Err(StoreError::internal("the file ends early")),
    ];
    assert!(
        tx.copy_in(
            "copy incoming from stdin",
            futures_util::stream::iter(broken)
        )
        .await
        .is_err()
    );
    assert!(tx.commit().await.is_err());
    fixture.database.ping().await.unwrap();
}
