//! Lists of one tag's or one value's records, sorted by what the records are called: the side table leads them, and
//! they have the same records in the same order as the whole list has.

use kith_catalogue::Entity;
use kith_engine::Caller;
use kith_entities::CATALOGUE;
use serde_json::{Value as Json, json};

use crate::bodies::full;
use crate::world::{World, id_of, ids};

/// Every page of a list, by cursor.
async fn paged(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    pairs: &[(&str, &str)],
) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut pairs = pairs.to_vec();
        pairs.extend([("limit", "2"), ("cursor", cursor.as_str())]);
        let page = world.list(caller, entity, &pairs).await.unwrap();
        found.extend(ids(&page));
        match page["page"]["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return found,
        }
    }
}

/// What the whole list has with this tag, in its order.
async fn expected(
    world: &World,
    caller: &Caller,
    entity: &'static Entity,
    sort: &str,
    deleted: &str,
) -> Vec<String> {
    let whole = [("sort", sort), ("deleted", deleted), ("limit", "200")];
    let whole = world.list(caller, entity, &whole).await.unwrap();
    let tagged = |record: &&Json| {
        let tags = record["tags"].as_array().unwrap();
        tags.iter()
            .any(|tag| tag.as_str().unwrap().to_lowercase() == "vip")
    };
    let records = whole["data"].as_array().unwrap().iter().filter(tagged);
    records
        .map(|record| record["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A change of what a record is called.
fn renamed(entity: &'static Entity, name: &str) -> Json {
    let title = entity.title_field().unwrap();
    if title.writable_on_update() {
        json!({title.name: name})
    } else {
        json!({"last_name": name})
    }
}

#[tokio::test]
async fn a_tags_records_are_those_of_the_whole_list_in_its_order() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    for entity in
        CATALOGUE.entities().iter().copied().filter(|entity| {
            entity.tagged && entity.title_field().is_some_and(|field| field.sortable)
        })
    {
        let mut made = Vec::new();
        for seed in 0..10_u32 {
            let mut body = full(&world, &owner, entity, 40 + seed).await;
            body["tags"] = match seed % 3 {
                0 => json!(["other"]),
                1 => json!(["VIP", "other"]),
                _ => json!(["new", "vip"]),
            };
            made.push(world.create(&owner, entity, body).await.unwrap());
        }
        // Called alike, called anew, deleted, tagged and untagged.
        for (index, name) in [
            (1, "Ärger"),
            (2, "Zoo"),
            (4, "Same"),
            (5, "Same"),
            (7, "aa"),
        ] {
            let id = id_of(&made[index]);
            world
                .update(&owner, entity, id, renamed(entity, name), None)
                .await
                .unwrap();
        }
        world
            .update(
                &owner,
                entity,
                id_of(&made[0]),
                json!({"tags": ["vip"]}),
                None,
            )
            .await
            .unwrap();
        world
            .update(&owner, entity, id_of(&made[8]), json!({"tags": []}), None)
            .await
            .unwrap();
        world.delete(&owner, entity, id_of(&made[2])).await.unwrap();
        let title = entity.title;
        for sort in [title.to_owned(), format!("-{title}")] {
            for deleted in ["no", "only", "with"] {
                let wanted = expected(&world, &owner, entity, &sort, deleted).await;
                let pairs = [
                    ("tags[has]", "Vip"),
                    ("sort", sort.as_str()),
                    ("deleted", deleted),
                ];
                let found = paged(&world, &owner, entity, &pairs).await;
                assert_eq!(
                    found, wanted,
                    "{} by {sort}, deleted={deleted}",
                    entity.name
                );
                let mut more = pairs.to_vec();
                more.extend([("offset", "1"), ("limit", "3"), ("total", "true")]);
                more.push(("created_at[gte]", "-30d"));
                let page = world.list(&owner, entity, &more).await.unwrap();
                let rest: Vec<String> = wanted.iter().skip(1).take(3).cloned().collect();
                assert_eq!(ids(&page), rest, "{} by {sort}", entity.name);
                assert_eq!(
                    page["page"]["total"],
                    json!(wanted.len()),
                    "{}",
                    entity.name
                );
            }
        }
        // Whose records they are is asked as ever.
        let member = world.role(&organization, "member").await;
        if let Ok(list) = world.list(&member, entity, &[("limit", "200")]).await {
            let visible = ids(&list);
            let seen = paged(
                &world,
                &member,
                entity,
                &[("tags[has]", "vip"), ("sort", title)],
            )
            .await;
            let wanted: Vec<String> = expected(&world, &owner, entity, title, "no")
                .await
                .into_iter()
                .filter(|id| visible.contains(id))
                .collect();
            assert_eq!(seen, wanted, "{}", entity.name);
        }
    }
}

#[tokio::test]
async fn a_custom_value_leads_with_what_records_are_called_now() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let company = CATALOGUE.by_name("company").unwrap();
    let mut made = Vec::new();
    for name in ["Beta", "alpha", "Gamma", "Delta"] {
        let body = json!({"name": name, "tags": ["İ", "i"]});
        made.push(world.create(&owner, company, body).await.unwrap());
    }
    let field = json!({"entity": "company", "label": "Tier", "key": "tier", "kind": "choice",
        "choices": [{"value": "gold", "label": "Gold"}, {"value": "iron", "label": "Iron"}]});
    let fields = CATALOGUE.by_name("custom_field").unwrap();
    let field = world.create(&owner, fields, field).await.unwrap();
    let owner = world.role(&organization, "owner").await;
    for record in &made[..3] {
        let body = json!({"custom_fields": {"tier": "gold"}});
        world
            .update(&owner, company, id_of(record), body, None)
            .await
            .unwrap();
    }
    let names = async |pairs: &[(&str, &str)]| -> Vec<String> {
        let list = world.list(&owner, company, pairs).await.unwrap();
        let records = list["data"].as_array().unwrap().iter();
        records
            .map(|record| record["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let gold = [("custom.tier", "gold")];
    assert_eq!(names(&gold).await, ["alpha", "Beta", "Gamma"]);
    let body = json!({"name": "Omega"});
    world
        .update(&owner, company, id_of(&made[1]), body, None)
        .await
        .unwrap();
    assert_eq!(names(&gold).await, ["Beta", "Gamma", "Omega"]);
    let body = json!({"is_filterable": false});
    world
        .update(&owner, fields, id_of(&field), body, None)
        .await
        .unwrap();
    let body = json!({"is_filterable": true});
    world
        .update(&owner, fields, id_of(&field), body, None)
        .await
        .unwrap();
    assert_eq!(names(&gold).await, ["Beta", "Gamma", "Omega"]);
    assert_eq!(
        names(&[("custom.tier", "gold"), ("name[starts]", "o")]).await,
        ["Omega"]
    );
    // Two tags that the database takes for one are one value, and their record is there once.
    assert_eq!(names(&[("tags[has]", "i")]).await.len(), 4);
}
