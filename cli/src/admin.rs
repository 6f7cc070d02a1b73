//! Envoy's admin interface, over plain HTTP.

use crate::read::Message;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long it may take to connect, and between two parts of an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 64 << 20;
/// Where nothing is said of it.
const PORT: u16 = 9901;

/// Where an admin interface listens.
#[derive(Debug)]
pub(crate) struct Admin {
    /// `HOST:PORT`.
    authority: String,
}

impl Admin {
    /// Reads `http://HOST[:PORT]` or `HOST[:PORT]`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            return Err(format!(
                "--admin {text:?}: not http://HOST:PORT: Envoy's admin interface has no TLS"
            ));
        }
        let rest = text.strip_prefix("http://").unwrap_or(text);
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.is_empty() || authority.contains(['/', '@', '?', '#', ' ']) {
            return Err(format!(
                "--admin {text:?}: not http://HOST:PORT, as Envoy's admin interface has it"
            ));
        }
        let has_port = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let authority = if has_port {
            authority.to_owned()
        } else {
            format!("{authority}:{PORT}")
        };
        Ok(Self { authority })
    }

    /// The body of what it answers to a GET.
    pub(crate) fn get(&self, target: &str) -> Result<Vec<u8>, String> {
        let answer = self.ask(target).map_err(|error| {
            format!("{self}: {error}: no proxy answers there; --admin says where Envoy's admin interface is")
        })?;
        let message = Message::parse(&answer);
        match message.status() {
            Some(200) => Ok(message.body),
            Some(status) => Err(format!(
                "{self}: it answers {status}, not as Envoy's admin interface"
            )),
            None => Err(format!("{self}: what answers there does not speak HTTP/1.1")),
        }
    }

    fn ask(&self, target: &str) -> io::Result<Vec<u8>> {
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.authority
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
        Ok(answer)
    }

    /// Tries each address of the host.
    fn connect(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in self.authority.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl fmt::Display for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::Admin;

    #[test]
    fn hosts_with_and_without_ports() {
        for (text, shown) in [
            ("http://127.0.0.1:9901", "http://127.0.0.1:9901"),
            ("http://envoy/", "http://envoy:9901"),
            ("localhost:80", "http://localhost:80"),
            ("http://[::1]:9901", "http://[::1]:9901"),
            ("[::1]", "http://[::1]:9901"),
        ] {
            assert_eq!(Admin::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "https://envoy", "http://envoy/stats", "http://a@b", "http://"] {
            assert!(Admin::parse(text).is_err(), "{text}");
        }
    }
}
