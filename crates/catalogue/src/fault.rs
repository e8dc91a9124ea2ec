//! What is wrong with a field, in words a person can act on.

use std::borrow::Cow;

use serde::Serialize;

/// One thing wrong with one field. `message` says what was wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The field's name as the caller wrote it; empty for the whole body.
    pub field: String,
    /// A stable word for programs: `required`, `too_long`, `not_a_date` …
    pub code: Cow<'static, str>,
    /// For people.
    pub message: String,
}

impl Fault {
    /// A fault without a field yet; the caller that knows the field adds it with [`Fault::at`].
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: String::new(),
            code: Cow::Borrowed(code),
            message: message.into(),
        }
    }

    /// The same fault, for this field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }
}

/// Every fault of a request, so that a person mends them all at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// No faults yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this field is already known to be wrong, so that one mistake is reported once.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|fault| fault.field == field)
    }

    /// The faults in the order they were found.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// `Ok` when nothing is wrong.
    ///
    /// # Errors
    /// The faults themselves when there are any.
    pub fn into_result(self) -> Result<(), Faults> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
