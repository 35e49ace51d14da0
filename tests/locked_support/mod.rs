//! A small HTTP server with a lock in it. Every request takes some time beside the others and some alone,
//! while it holds the lock. Both are waiting, not computing, so that what is seen depends little on the
//! number of cores; both are drawn between nothing and twice their mean.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that cannot set up its scene fails"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Mean times of one request.
#[derive(Clone, Copy)]
pub struct Work {
    /// Beside the others.
    pub outside: Duration,
    /// With the lock.
    pub inside: Duration,
}

/// Starts a server on loopback; its address. It ends with the process.
pub fn start(work: Work) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let lock = Arc::new(Mutex::new(()));
        for (seed, stream) in (1_u64..).zip(listener.incoming().flatten()) {
            let lock = Arc::clone(&lock);
            std::thread::spawn(move || {
                // A client that went away is no fault.
                let _ = serve(&stream, &lock, work, seed);
            });
        }
    });
    address
}

fn serve(stream: &TcpStream, lock: &Mutex<()>, work: Work, seed: u64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut drawn = |mean: Duration| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let unit = ((random >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        mean.mul_f64(2.0 * unit)
    };
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    loop {
        // The end of a request's head; there is no body.
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
        }
        std::thread::sleep(drawn(work.outside));
        {
            let alone = drawn(work.inside);
            let _alone = lock.lock().unwrap_or_else(PoisonError::into_inner);
            std::thread::sleep(alone);
        }
        let mut out = stream;
        out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok")?;
    }
}
