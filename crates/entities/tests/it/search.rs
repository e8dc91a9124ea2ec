//! Free text: what is found, and in which order of trying.

use kith_entities::CATALOGUE;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn whole_words_come_first_and_less_is_tried_when_they_find_little() {
    let world = World::new().await;
    let organization = world.organization("Acme").await;
    let owner = world.role(&organization, "owner").await;
    let company = CATALOGUE.by_name("company").unwrap();
    for name in [
        "John Smith",
        "John Smithson",
        "Johnson Smithery",
        "Blacksmith Works",
    ] {
        let body = json!({"name": name});
        world.create(&owner, company, body).await.unwrap();
    }
    let found = async |text: &str| -> Vec<String> {
        let list = world.list(&owner, company, &[("q", text)]).await.unwrap();
        let mut names: Vec<String> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| record["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort_unstable();
        names
    };
    // One word may not be typed to its end.
    assert_eq!(
        found("smi").await,
        [
            "Blacksmith Works",
            "John Smith",
            "John Smithson",
            "Johnson Smithery"
        ]
    );
    // Of several, none may be; a short list is filled up.
    for text in ["john smith", "joh smit", "JOHN SMI"] {
        assert_eq!(
            found(text).await,
            ["John Smith", "John Smithson", "Johnson Smithery"],
            "{text}"
        );
    }
    assert_eq!(found("smithery").await, ["Johnson Smithery"]);
    assert_eq!(found("jonh smithson").await, ["John Smithson"]);
    // Whole words that are enough are not mixed with words that only begin like them.
    for number in 0..10 {
        let body = json!({"name": format!("Green Tea {number}")});
        world.create(&owner, company, body).await.unwrap();
    }
    let body = json!({"name": "Green Teapots"});
    world.create(&owner, company, body).await.unwrap();
    assert_eq!(found("green tea").await.len(), 10);
    assert_eq!(found("green te").await.len(), 11);
}
