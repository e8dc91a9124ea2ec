//! The answer of lists that are walked page by page and never counted.

use serde_json::{Value as Json, json};

/// A page in the shape that every list has: `{"data": […], "page": {…}}`, with no total.
///
/// `next` is where the following page begins, `None` after the last one.
#[must_use]
pub fn uncounted_page(data: Vec<Json>, limit: u32, next: Option<String>) -> Json {
    json!({
        "data": data,
        "page": {"limit": limit, "next_cursor": next, "total": null, "total_is_lower_bound": false},
    })
}
