//! A browser, and reports in folders for it.
#![allow(unreachable_pub, reason = "a test helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test helper")]

mod driver;

pub use driver::Browser;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A report in a temporary folder.
pub struct Folder(TempDir);

impl Folder {
    pub fn new(view: &plimsoll::report::view::ReportView) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in plimsoll::report::html::render(view).unwrap() {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let single = plimsoll::report::html::render_single(view).unwrap();
        std::fs::write(folder.path().join("single.html"), single).unwrap();
        Self(folder)
    }

    /// Where a page lies.
    pub fn path(&self, page: &str) -> PathBuf {
        self.0.path().join(page)
    }

    /// The address of a page without any server.
    pub fn page(&self, path: &str) -> String {
        format!("file://{}", self.path(path).display())
    }

    /// All pages of the report.
    pub fn pages(&self) -> Vec<String> {
        let mut pages = vec![
            "compare.html".to_owned(),
            "index.html".to_owned(),
            "regressions.html".to_owned(),
            "single.html".to_owned(),
        ];
        for kind in ["s", "f"] {
            let Ok(entries) = std::fs::read_dir(self.0.path().join(kind)) else {
                continue;
            };
            for entry in entries {
                let name = entry.unwrap().file_name().into_string().unwrap();
                pages.push(format!("{kind}/{name}"));
            }
        }
        pages.sort();
        pages
    }

    /// Serves the folder over HTTP until the process ends; the address of its root.
    pub fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let root = self.0.path().to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                answer(&root, stream);
            }
        });
        address
    }
}

fn answer(root: &Path, mut stream: TcpStream) {
    let mut line = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let _ = reader.read_line(&mut line);
    let mut header = String::new();
    while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
        header.clear();
    }
    let path: PathBuf = root.join(
        line.split(' ')
            .nth(1)
            .unwrap_or("/")
            .trim_start_matches('/'),
    );
    let kind = match path.extension().and_then(|e| e.to_str()) {
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("html") => "text/html",
        _ => "text/plain",
    };
    let (status, content) = match std::fs::read(&path) {
        Ok(content) => ("200 OK", content),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        content.len()
    );
    let _ = stream.write_all(&content);
}

/// A file of the checkers that come from npm, installed once.
pub fn from_npm(file: &str) -> PathBuf {
    static INSTALLED: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let folder = INSTALLED.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("npm");
        std::fs::create_dir_all(&folder).unwrap();
        let done = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"])
            .arg(&folder)
            .args(["axe-core@4.14.1", "html-validate@10.17.0"])
            .status()
            .expect("npm is needed");
        assert!(done.success(), "npm could not install the checkers");
        folder.join("node_modules")
    });
    folder.join(file)
}
