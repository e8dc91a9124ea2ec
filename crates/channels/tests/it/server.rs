//! A mail server as far as a client can tell: it speaks ESMTP (RFC 5321) and remembers what it was told.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// What the server answers to commands; `None` where it behaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    /// To `AUTH`.
    pub(crate) auth: Option<&'static str>,
    /// To `MAIL FROM`.
    pub(crate) mail: Option<&'static str>,
    /// To `RCPT TO`.
    pub(crate) rcpt: Option<&'static str>,
    /// To the message itself.
    pub(crate) data: Option<&'static str>,
    /// Hangs up instead of answering the message.
    pub(crate) hangs_up: bool,
}

/// A message that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// As it was meant: the dots that protect lines are gone.
    pub(crate) text: String,
}

pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    behaviour: Arc<Mutex<Behaviour>>,
    commands: Arc<Mutex<Vec<String>>>,
    pub(crate) received: UnboundedReceiver<Received>,
}

impl MailServer {
    pub(crate) async fn start() -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let behaviour = Arc::new(Mutex::new(Behaviour::default()));
        let commands = Arc::new(Mutex::new(Vec::new()));
        let (sender, received) = unbounded_channel();
        let shared = (Arc::clone(&behaviour), Arc::clone(&commands));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (behaviour, commands) = shared.clone();
                let sender = sender.clone();
                tokio::spawn(async move {
                    let _ = talk(stream, &behaviour, &commands, &sender).await;
                });
            }
        });
        MailServer {
            address,
            behaviour,
            commands,
            received,
        }
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Every line that clients sent outside messages.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }
}

async fn talk(
    stream: TcpStream,
    behaviour: &Mutex<Behaviour>,
    commands: &Mutex<Vec<String>>,
    received: &UnboundedSender<Received>,
) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 mail.example.com ESMTP\r\n").await?;
    let (mut from, mut to) = (String::new(), Vec::new());
    while let Some(line) = lines.next_line().await? {
        commands.lock().unwrap().push(line.clone());
        let behaviour = behaviour.lock().unwrap().clone();
        let upper = line.to_uppercase();
        let answer = if upper.starts_with("EHLO") {
            "250-mail.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN"
        } else if upper.starts_with("AUTH") {
            behaviour.auth.unwrap_or("235 2.7.0 welcome")
        } else if upper.starts_with("MAIL FROM:") {
            from = address_of(&line);
            behaviour.mail.unwrap_or("250 2.1.0 ok")
        } else if upper.starts_with("RCPT TO:") {
            to.push(address_of(&line));
            behaviour.rcpt.unwrap_or("250 2.1.5 ok")
        } else if upper == "DATA" {
            writing.write_all(b"354 go ahead\r\n").await?;
            let mut text = String::new();
            while let Some(line) = lines.next_line().await? {
                if line == "." {
                    break;
                }
                text.push_str(line.strip_prefix('.').unwrap_or(&line));
                text.push_str("\r\n");
            }
            if behaviour.hangs_up {
                return Ok(());
            }
            if behaviour.data.is_none() {
                let (from, to) = (std::mem::take(&mut from), std::mem::take(&mut to));
                let _ = received.send(Received { from, to, text });
            }
            behaviour.data.unwrap_or("250 2.0.0 queued")
        } else if upper == "QUIT" {
            writing.write_all(b"221 2.0.0 bye\r\n").await?;
            return Ok(());
        } else {
            if upper == "RSET" {
                to.clear();
            }
            "250 2.0.0 ok"
        };
        writing
            .write_all(format!("{answer}\r\n").as_bytes())
            .await?;
    }
    Ok(())
}

fn address_of(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}
