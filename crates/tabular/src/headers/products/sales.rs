//! `HubSpot`, Pipedrive and Salesforce.

use super::{plain, same_concept, values};

/// Headers of `HubSpot` that others do not have, in lower case.
const HUBSPOT: &[&str] = &[
    "record id",
    "record id - contact",
    "record id - company",
    "record id - deal",
    "lifecycle stage",
    "lead status",
    "contact owner",
    "company owner",
    "deal owner",
    "ticket owner",
    "activity owner",
    "activity assigned to",
    "company domain name",
    "associated company",
    "associated companies",
    "associated company domain",
    "associated company ids",
    "primary associated company id",
    "associated contact",
    "associated contacts",
    "associated contact email",
    "associated contact ids",
    "associated deal",
    "marketing contact status",
    "create date",
    "last modified date",
    "last activity date",
    "closed lost reason",
    "closed won reason",
    "original source",
    "original traffic source",
    "number of associated contacts",
    "number of sales activities",
    "deal type",
    "deal stage",
    "ticket status",
];

/// Headers of Salesforce's objects, as they are written.
const SALESFORCE_NAMES: &[&str] = &[
    "AccountId",
    "OwnerId",
    "StageName",
    "MailingStreet",
    "MailingCity",
    "MailingState",
    "MailingPostalCode",
    "MailingCountry",
    "BillingStreet",
    "BillingCity",
    "BillingState",
    "BillingPostalCode",
    "BillingCountry",
    "ShippingStreet",
    "NumberOfEmployees",
    "AnnualRevenue",
    "LeadSource",
    "IsDeleted",
    "IsWon",
    "IsClosed",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "ForecastCategory",
    "ForecastCategoryName",
    "CloseDate",
    "MobilePhone",
    "FirstName",
    "LastName",
    "ReportsToId",
    "ContactId",
    "ParentId",
    "RecordTypeId",
    "ExpectedRevenue",
    "LastActivityDate",
    "AccountNumber",
    "HasOpportunityLineItem",
];

/// Headers of Salesforce's reports, in lower case.
const SALESFORCE_LABELS: &[&str] = &[
    "opportunity name",
    "opportunity owner",
    "opportunity id",
    "account owner",
    "fiscal period",
    "probability (%)",
    "billing state/province",
    "billing zip/postal code",
    "mailing state/province",
    "mailing zip/postal code",
    "mailing street",
    "mailing city",
    "mailing country",
    "company / account",
    "unread by owner",
    "state/province (text only)",
    "owner role",
];

/// What stands before the dash in Pipedrive's headers.
const PIPEDRIVE: &[&str] = &[
    "person",
    "organization",
    "organisation",
    "deal",
    "lead",
    "activity",
    "note",
    "product",
];

fn known(headers: &[String], list: &[&str]) -> usize {
    headers
        .iter()
        .filter(|header| list.contains(&plain(header).as_str()))
        .count()
}

pub(super) fn is_hubspot(headers: &[String]) -> bool {
    known(headers, HUBSPOT) >= 2
}

pub(super) fn is_salesforce(headers: &[String]) -> bool {
    let names = headers
        .iter()
        .filter(|header| SALESFORCE_NAMES.contains(&header.trim()))
        .count();
    names >= 2 || known(headers, SALESFORCE_LABELS) >= 2
}

pub(super) fn is_pipedrive(headers: &[String]) -> bool {
    let parted = headers
        .iter()
        .filter(|header| parts(header).is_some())
        .count();
    parted > 0 && parted * 2 >= headers.len()
}

/// What a header is about, and the rest of it: `Person - Email (Work)`.
fn parts(header: &str) -> Option<(String, String)> {
    let plain = plain(header);
    let (about, rest) = plain.split_once(" - ")?;
    PIPEDRIVE
        .contains(&about.trim())
        .then(|| (about.trim().to_owned(), rest.trim().to_owned()))
}

/// "Closed Won" is a stage of nearly every sales product, and nothing but "Won".
pub(super) fn other_name(name: &str) -> Option<&'static str> {
    let letters: String = name
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    match letters.as_str() {
        "closedwon" => Some("Won"),
        "closedlost" => Some("Lost"),
        _ => None,
    }
}

pub(super) fn hubspot(about: &str, headers: &[String]) -> Vec<Option<String>> {
    let has_website = headers
        .iter()
        .any(|header| matches!(plain(header).as_str(), "website" | "website url"));
    headers
        .iter()
        .map(|header| {
            let lower = plain(header);
            let words = match lower.as_str() {
                "create date"
                | "last modified date"
                | "last activity date"
                | "lead status"
                | "marketing contact status"
                | "number of associated contacts"
                | "number of sales activities"
                | "associated deal"
                | "deal type" => return None,
                "close date" => "Expected close date",
                "website url" => "Website",
                "country/region" => "Country",
                "associated company"
                | "associated companies"
                | "primary associated company"
                | "associated company domain" => "Company",
                "associated contact" | "associated contacts" | "associated contact email" => {
                    "Contact"
                }
                "company domain name" if same_concept(about, "company") => {
                    if has_website {
                        return None;
                    }
                    "Website"
                }
                "lead source" | "original source" | "original traffic source" => "Source",
                "closed lost reason" => "Lost reason",
                // Their identifiers mean nothing here.
                id if id.starts_with("record id")
                    || id.ends_with(" id")
                    || id.ends_with(" ids") =>
                {
                    return None;
                }
                _ => return Some(header.clone()),
            };
            Some(words.to_owned())
        })
        .collect()
}

pub(super) fn pipedrive(about: &str, headers: &[String]) -> Vec<Option<String>> {
    let own = |subject: &str| same_concept(about, subject);
    let has = |wanted: &str| {
        headers
            .iter()
            .filter_map(|header| parts(header))
            .any(|(subject, rest)| own(&subject) && rest.contains(wanted))
    };
    let work_email = has("work") && has("email");
    headers
        .iter()
        .map(|header| {
            let Some((subject, rest)) = parts(header) else {
                return Some(header.clone());
            };
            if !own(&subject) {
                // Of other records the name alone says something: which one is meant.
                return matches!(rest.as_str(), "name" | "title").then(|| capitalised(&subject));
            }
            let words = match rest.as_str() {
                "id" | "add time" | "update time" | "creator" | "visible to" | "label id" => {
                    return None;
                }
                "label" | "labels" => "Tags",
                "value" => "Amount",
                "currency" | "currency of value" => "Currency",
                "organization" | "organisation" => "Company",
                "contact person" => "Contact",
                "address" | "full/combined address of address" => "Street",
                email if email.starts_with("email") => {
                    if work_email && !email.contains("work") {
                        return None;
                    }
                    "Email"
                }
                phone if phone.starts_with("phone") => {
                    if phone.contains("mobile") {
                        "Mobile"
                    } else {
                        "Phone"
                    }
                }
                _ => return Some(capitalised(&rest)),
            };
            Some(words.to_owned())
        })
        .collect()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

pub(super) fn salesforce(headers: &[String], samples: &[Vec<String>]) -> Vec<Option<String>> {
    headers
        .iter()
        .enumerate()
        .map(|(column, header)| {
            let tight: String = plain(header)
                .chars()
                .filter(|character| character.is_alphanumeric())
                .collect();
            let words = match tight.as_str() {
                "id"
                | "isdeleted"
                | "iswon"
                | "isclosed"
                | "createddate"
                | "createdbyid"
                | "lastmodifieddate"
                | "lastmodifiedbyid"
                | "systemmodstamp"
                | "lastactivitydate"
                | "lastactivity"
                | "lastvieweddate"
                | "lastreferenceddate"
                | "recordtypeid"
                | "forecastcategory"
                | "forecastcategoryname"
                | "fiscalperiod"
                | "fiscalyear"
                | "fiscalquarter"
                | "hasopportunitylineitem"
                | "salutation"
                | "ownerrole"
                | "photourl"
                | "accountnumber"
                | "site"
                | "nextstep"
                | "age"
                | "expectedrevenue"
                // Second addresses and numbers, of which a person has one of each here.
                | "othercity"
                | "otherstate"
                | "otherstreet"
                | "otherpostalcode"
                | "othercountry"
                | "otherphone"
                | "homephone"
                | "fax"
                | "assistantphone" => return None,
                "accountid" | "ownerid" | "contactid" | "parentid" | "reportstoid"
                | "campaignid" | "pricebook2id" | "opportunityid" | "leadid" => {
                    // Its identifiers name no record here.
                    if values(samples, column).any(is_identifier) {
                        return None;
                    }
                    match tight.as_str() {
                        "accountid" => "Company",
                        "ownerid" => "Owner",
                        "contactid" => "Contact",
                        "parentid" => "Parent company",
                        _ => return None,
                    }
                }
                "stagename" | "stage" => "Stage",
                "closedate" => "Expected close date",
                "leadsource" => "Source",
                "mobilephone" | "mobile" => "Mobile",
                "numberofemployees" | "employees" => "Employees",
                "annualrevenue" => "Annual revenue",
                "probability" => "Probability",
                "mailingstreet"
                | "billingstreet"
                | "mailingaddressline1"
                | "billingaddressline1" => "Street",
                "mailingcity" | "billingcity" => "City",
                "mailingstate"
                | "billingstate"
                | "mailingstateprovince"
                | "billingstateprovince" => "State",
                "mailingpostalcode"
                | "billingpostalcode"
                | "mailingzippostalcode"
                | "billingzippostalcode" => "Postal code",
                "mailingcountry" | "billingcountry" => "Country",
                "companyaccount" => "Company",
                "accountowner" | "opportunityowner" | "contactowner" | "leadowner" => "Owner",
                "opportunityname" => "Opportunity name",
                _ => return Some(header.clone()),
            };
            Some(words.to_owned())
        })
        .collect()
}

/// Fifteen or eighteen letters and digits, of which one is a digit.
fn is_identifier(value: &str) -> bool {
    matches!(value.len(), 15 | 18)
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && value.bytes().any(|byte| byte.is_ascii_digit())
}
