//! By what two records are taken for the same.

/// What makes two values alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Likeness {
    /// The same mailbox, however it is written.
    Email,
    /// The same number.
    Phone,
    /// The same domain of a web address.
    Domain,
    /// The same name, or one that differs by a misspelling.
    Name,
    /// The same value beside something else that is alike; says nothing alone.
    Context,
}

impl Likeness {
    /// The word for it outside: the `code` of a reason.
    pub const fn code(self) -> &'static str {
        match self {
            Likeness::Email => "same_email",
            Likeness::Phone => "same_phone",
            Likeness::Domain => "same_domain",
            Likeness::Name => "similar_name",
            Likeness::Context => "same_value",
        }
    }
}

/// How a field tells that two records are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub likeness: Likeness,
    /// The column that is compared: plain text that leads an index of its organization.
    pub column: &'static str,
    /// How sure it makes, from 0 to 100. Several together make surer.
    pub weight: u8,
}
