//! What reaches beyond the program, and the clients that it takes: outgoing mail, and the storage of files.
//!
//! [`mail::Outbox`] sends what the database says is due. Nothing else here decides that a mail is sent; whoever
//! wants one puts a row into the queue in the transaction of what the mail tells about.
//!
//! What it must not know: HTTP handlers, entities. Of sign-in it knows the shape of a link's token only.

pub mod mail;
pub mod storage;
pub mod webhook;
