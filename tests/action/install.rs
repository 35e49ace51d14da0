//! Where the action's program comes from: `.github/action/install.sh` with a network and a cargo that
//! are files of the test.

use std::path::{Path, PathBuf};
use std::process::Command;

struct Installing {
    folder: tempfile::TempDir,
}

/// What the script said.
struct Said {
    code: i32,
    log: String,
    /// The path it wrote to the step's outputs.
    path: Option<PathBuf>,
}

impl Installing {
    /// A checkout of the action; `sums`: of this release, as its release workflow leaves them.
    fn new(sums: Option<&str>) -> Self {
        let made = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/action/install.sh");
        let text = std::fs::read_to_string(script).unwrap();
        made.program("action/.github/action/install.sh", &text);
        made.program("release/plimsoll", "#!/bin/sh\necho the release\n");
        let pack = made.shell(
            "tar -C release -czf plimsoll-x86_64-unknown-linux-musl.tar.gz plimsoll && sha256sum *.tar.gz",
        );
        if let Some(version) = sums {
            let text = format!("# {version}\n{pack}");
            std::fs::write(made.at("action/.github/action/SHA256SUMS"), text).unwrap();
        }
        // The network: it knows the one address and gives the one file.
        made.program(
            "bin/curl",
            "#!/bin/bash\nset -e\necho \"curl $*\" >> asked\n[[ \"${*: -1}\" == https://github.com/acme/plimsoll/releases/download/v1.2.3/* ]]\nwhile [ $# -gt 1 ]; do [ \"$1\" = --output ] && out=\"$2\"; shift; done\ncp plimsoll-x86_64-unknown-linux-musl.tar.gz \"$out\"\n",
        );
        made.program(
            "bin/cargo",
            "#!/bin/bash\nset -e\necho \"cargo $*\" >> asked\nroot=\"${*: -1}\"\nmkdir -p \"$root/bin\"\nprintf '#!/bin/sh\\necho built\\n' > \"$root/bin/plimsoll\"\nchmod +x \"$root/bin/plimsoll\"\n",
        );
        made
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn shell(&self, line: &str) -> String {
        let done = Command::new("bash")
            .args(["-ec", line])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{line}");
        String::from_utf8(done.stdout).unwrap()
    }

    fn run(&self, vars: &[(&str, &str)]) -> Said {
        let output = self.at("output");
        std::fs::write(&output, "").unwrap();
        let path = format!("{}:/usr/bin:/bin", self.at("bin").display());
        let done = Command::new("bash")
            .arg(self.at("action/.github/action/install.sh"))
            .current_dir(self.folder.path())
            .env_clear()
            .envs([
                ("PATH", path.as_str()),
                ("RUNNER_OS", "Linux"),
                ("RUNNER_ARCH", "X64"),
                ("SERVER", "https://github.com"),
                ("ACTION_REPOSITORY", "acme/plimsoll"),
            ])
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_ACTION_PATH", self.at("action"))
            .env("RUNNER_TEMP", self.at("temp"))
            .envs(vars.iter().copied())
            .output()
            .unwrap();
        let log = [done.stdout, done.stderr].concat();
        let outputs = std::fs::read_to_string(&output).unwrap();
        Said {
            code: done.status.code().unwrap(),
            log: String::from_utf8(log).unwrap(),
            path: outputs.trim().strip_prefix("path=").map(PathBuf::from),
        }
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.at("asked")).unwrap_or_default()
    }
}

#[test]
fn the_release_of_the_checkout_is_taken_by_tag_major_tag_and_commit() {
    for reference in ["v1.2.3", "v1", "0123456789012345678901234567890123456789"] {
        let scene = Installing::new(Some("v1.2.3"));
        let said = scene.run(&[("ACTION_REF", reference)]);
        assert_eq!(said.code, 0, "{reference}: {}", said.log);
        assert!(said.log.contains("the release"), "{}", said.log);
        assert!(said.path.is_some_and(|path| path.exists()));
        assert!(!scene.asked().contains("cargo"), "{}", scene.asked());
    }
}

#[test]
fn what_does_not_have_its_sum_is_never_run() {
    let scene = Installing::new(Some("v1.2.3"));
    scene.program("release/plimsoll", "#!/bin/sh\necho another\n");
    scene.shell("tar -C release -czf plimsoll-x86_64-unknown-linux-musl.tar.gz plimsoll");
    let said = scene.run(&[("ACTION_REF", "v1")]);
    assert_eq!((said.code, said.path), (2, None), "{}", said.log);
    assert!(said.log.contains("does not have the sum"), "{}", said.log);
    assert!(!said.log.contains("another"), "{}", said.log);
}

#[test]
fn without_sums_it_is_built_and_a_given_binary_comes_first() {
    let scene = Installing::new(None);
    let said = scene.run(&[("ACTION_REF", "main")]);
    assert_eq!(said.code, 0, "{}", said.log);
    assert!(said.log.contains("built"), "{}", said.log);
    assert!(scene.asked().contains("cargo install --locked --path"));
    assert!(!scene.asked().contains("curl"));
    let own = scene.at("release/plimsoll");
    let said = scene.run(&[("BINARY_PATH", own.to_str().unwrap())]);
    assert_eq!((said.code, said.path), (0, Some(own)), "{}", said.log);
    let said = scene.run(&[("BINARY_PATH", "/nowhere")]);
    assert_eq!((said.code, said.path), (2, None));
}

#[test]
fn another_version_is_never_replaced_by_this_one() {
    let scene = Installing::new(Some("v1.2.3"));
    for (version, words) in [
        ("v1.2.4", "no binary of v1.2.4"),
        ("1; echo", "write a tag"),
    ] {
        let said = scene.run(&[("VERSION", version), ("ACTION_REF", "v1")]);
        assert_eq!((said.code, said.path), (2, None), "{}", said.log);
        assert!(said.log.contains(words), "{}", said.log);
    }
}
