//! The fake over HTTP/1.1 on loopback, one thread a connection, each connection closed after its
//! answer.

use super::{Fake, Fault, fault_answer};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

pub struct Server {
    pub url: String,
}

impl Server {
    /// Serves until the test ends.
    pub fn start(fake: &Fake) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (fake, base) = (fake.clone(), url.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (fake, base) = (fake.clone(), base.clone());
                std::thread::spawn(move || serve(&fake, stream, &base));
            }
        });
        Self { url }
    }
}

fn serve(fake: &Fake, stream: TcpStream, base: &str) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    let mut authorised = false;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => authorised = value.trim() == "Bearer ghs_test",
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut stream = stream;
    if !authorised {
        return send(&mut stream, 401, &[], "{\"message\":\"Bad credentials\"}");
    }
    let fault = fake.next_fault();
    match fault {
        Fault::DroppedBefore | Fault::NoConnection => return None,
        Fault::None | Fault::DroppedAfter | Fault::Slow | Fault::BadGatewayAfterWrite => {}
        refused => {
            let answer = fault_answer(refused)?;
            return send(&mut stream, answer.status, &answer.headers, &answer.body);
        }
    }
    let answer = fake.handle(&method, &path, serde_json::from_slice(&body).ok(), base);
    match fault {
        Fault::DroppedAfter => None,
        // Until the other side goes away.
        Fault::Slow => {
            let _ = stream.read(&mut [0]);
            None
        }
        Fault::BadGatewayAfterWrite => send(&mut stream, 502, &[], ""),
        _ => send(&mut stream, answer.status, &answer.headers, &answer.body),
    }
}

fn send(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    body: &str,
) -> Option<()> {
    let mut head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream
        .write_all(format!("{head}\r\n{body}").as_bytes())
        .ok()
}
