//! Permissions: what may be done to a resource, and to which of its records.

use std::collections::HashMap;
use std::str::FromStr;

use serde::Serialize;

/// What may be done. The database stores these words in `role_permissions.action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Create,
    Read,
    Update,
    Delete,
    Import,
    Export,
    Bulk,
    /// Give a record to another owner.
    Assign,
    /// Say yes or no to what others submit: hours, for one.
    Approve,
    /// Change the set-up that others work in: pipelines, custom fields, roles.
    Configure,
}

impl Action {
    pub const ALL: &'static [Action] = &[
        Action::Create,
        Action::Read,
        Action::Update,
        Action::Delete,
        Action::Import,
        Action::Export,
        Action::Bulk,
        Action::Assign,
        Action::Approve,
        Action::Configure,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Read => "read",
            Action::Update => "update",
            Action::Delete => "delete",
            Action::Import => "import",
            Action::Export => "export",
            Action::Bulk => "bulk",
            Action::Assign => "assign",
            Action::Approve => "approve",
            Action::Configure => "configure",
        }
    }
}

/// Unknown word for an action or a scope.
#[derive(Debug, thiserror::Error)]
#[error("unknown permission word {0:?}")]
pub struct UnknownWord(String);

impl FromStr for Action {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Action::ALL
            .iter()
            .copied()
            .find(|action| action.name() == word)
            .ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// To which records a permission extends, from the narrowest to the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Owned by me, or of a company or a project that I am a member of.
    Assigned,
    /// As `Assigned`, and those that nobody owns. For reading.
    AssignedOrUnowned,
    /// As `Assigned`, and those owned by members of my teams.
    Team,
    /// Everything that is active; for companies, read by viewers.
    Active,
    All,
}

impl Scope {
    pub const ALL_SCOPES: &'static [Scope] = &[
        Scope::Assigned,
        Scope::AssignedOrUnowned,
        Scope::Team,
        Scope::Active,
        Scope::All,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Scope::Assigned => "assigned",
            Scope::AssignedOrUnowned => "assigned_or_unowned",
            Scope::Team => "team",
            Scope::Active => "active",
            Scope::All => "all",
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Scope::ALL_SCOPES
            .iter()
            .copied()
            .find(|scope| scope.name() == word)
            .ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// What one member may do, as the database holds it.
///
/// The server uses it to answer 403 before asking the database, to narrow a list's plan and to tell
/// the web application what to offer. It guards nothing: row security does.
#[derive(Clone, Debug, Default)]
pub struct Grants(HashMap<String, HashMap<Action, Scope>>);

impl Grants {
    /// Adds a grant.
    pub fn insert(&mut self, resource: &str, action: Action, scope: Scope) {
        self.0
            .entry(resource.to_owned())
            .or_default()
            .insert(action, scope);
    }

    /// The scope of a permission, `None` when it is not granted.
    pub fn scope(&self, resource: &str, action: Action) -> Option<Scope> {
        self.0.get(resource)?.get(&action).copied()
    }

    /// Whether a permission is granted for any record at all.
    pub fn allows(&self, resource: &str, action: Action) -> bool {
        self.scope(resource, action).is_some()
    }

    /// Every grant, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Action, Scope)> {
        self.0.iter().flat_map(|(resource, actions)| {
            actions
                .iter()
                .map(move |(action, scope)| (resource.as_str(), *action, *scope))
        })
    }
}
