//! Outgoing mail: what each one says (`letter`), its form on the wire (`message`), the way out (`transport`), and the
//! queue (`outbox`).

mod letter;
mod message;
mod outbox;
mod transport;

pub use letter::{Kind, Letter};
pub use message::Sender;
pub use outbox::{Delivered, MAIL_CHANNEL, Outbox};
pub use transport::{SendError, Transport};

/// A setting that cannot be used; the text names what is wrong with it, never its value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub(crate) String);
