//! Files of products that people come from: recognised by their headers, which become plain words.
//!
//! Each product says the same things in its own way, and says things that are of no use elsewhere: its own
//! identifiers, times that it keeps, a title that is an honorific. What a header means here is either plain words,
//! which then find their field like those of any file, or nothing.

mod contacts;
mod sales;

use std::borrow::Cow;

use super::words::Name;

/// A product whose files are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    HubSpot,
    Pipedrive,
    Salesforce,
    GoogleContacts,
    Outlook,
}

impl Product {
    pub const ALL: &'static [Product] = &[
        Product::Pipedrive,
        Product::GoogleContacts,
        Product::Outlook,
        Product::Salesforce,
        Product::HubSpot,
    ];

    /// The product's name in the interface.
    pub const fn name(self) -> &'static str {
        match self {
            Product::HubSpot => "hubspot",
            Product::Pipedrive => "pipedrive",
            Product::Salesforce => "salesforce",
            Product::GoogleContacts => "google_contacts",
            Product::Outlook => "outlook",
        }
    }

    /// The product that wrote these headers. Two that nobody else has are asked for, so that a table that merely looks
    /// alike is taken for what it is.
    pub fn recognise(headers: &[String]) -> Option<Product> {
        Product::ALL.iter().copied().find(|product| match product {
            Product::Pipedrive => sales::is_pipedrive(headers),
            Product::GoogleContacts => contacts::is_google(headers),
            Product::Outlook => contacts::is_outlook(headers),
            Product::Salesforce => sales::is_salesforce(headers),
            Product::HubSpot => sales::is_hubspot(headers),
        })
    }

    /// A cell without the product's own marks: of several values in one cell the first, of labels the telling ones.
    pub fn tidy<'a>(self, header: &str, cell: &'a str) -> Cow<'a, str> {
        match self {
            Product::GoogleContacts => contacts::tidy_google(header, cell),
            Product::HubSpot | Product::Pipedrive | Product::Salesforce | Product::Outlook => {
                Cow::Borrowed(cell)
            }
        }
    }

    /// What a name of the product's own is called elsewhere.
    pub fn other_name(self, name: &str) -> Option<&'static str> {
        match self {
            Product::HubSpot | Product::Salesforce | Product::Pipedrive => sales::other_name(name),
            Product::GoogleContacts | Product::Outlook => None,
        }
    }
}

/// Plain words for each header, `None` for what is of no use. `about` is what the records are called ("Contact").
pub fn translate(
    product: Product,
    about: &str,
    headers: &[String],
    samples: &[Vec<String>],
) -> Vec<Option<String>> {
    match product {
        Product::HubSpot => sales::hubspot(about, headers),
        Product::Pipedrive => sales::pipedrive(about, headers),
        Product::Salesforce => sales::salesforce(headers, samples),
        Product::GoogleContacts => contacts::google(headers, samples),
        Product::Outlook => contacts::outlook(headers, samples),
    }
}

/// Lower case, without the marks of required columns.
fn plain(header: &str) -> String {
    header.trim().trim_end_matches('*').trim().to_lowercase()
}

/// Whether two words are of one concept: "Person" and "Contact".
fn same_concept(one: &str, other: &str) -> bool {
    let (one, other) = (Name::new(one), Name::new(other));
    !one.concepts.is_empty() && one.concepts == other.concepts
}

/// The values of a column that are not blank.
fn values(samples: &[Vec<String>], column: usize) -> impl Iterator<Item = &str> {
    samples
        .iter()
        .filter_map(move |row| row.get(column))
        .map(|cell| cell.trim())
        .filter(|cell| !cell.is_empty())
}
