//! `plimsoll init --workflow`: the workflow that measures on GitHub.

use super::super::args::Init as Args;
use super::super::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::git::Git;
use serde_json::Value;

/// The one that is documented, proved to be sound, and used.
const WORKFLOW: &str = include_str!("../../../examples/workflows/plimsoll.yml");
/// Where it goes.
const FILE: &str = ".github/workflows/plimsoll.yml";
/// The name of its action, before anybody says who hosts it.
const ACTION: &str = "OWNER/plimsoll@v1";

/// Files of a project, and what measures it.
const COMMANDS: [(&str, &str); 4] = [
    ("Cargo.toml", "cargo bench"),
    ("go.mod", "go test -run='^$' -bench=. ./..."),
    ("package.json", "npm run bench"),
    (
        "pyproject.toml",
        "pytest --benchmark-only --benchmark-json=benchmark.json",
    ),
];

/// Writes the workflow, unless there is one; says what was done.
pub(super) fn write(world: &World, git: &Git, args: &Args) -> Result<String> {
    let path = world.root().join(FILE);
    if std::fs::symlink_metadata(&path).is_ok() {
        return Ok(format!("kept     {FILE}: it is there already\n"));
    }
    let command = match &args.run {
        Some(command) => command.trim().to_owned(),
        None => guessed(world)?,
    };
    let action = args.action.as_deref().unwrap_or(ACTION);
    let text = workflow(&branch(git), &command, action)?;
    let folder = path.parent().map_or_else(|| world.root(), Into::into);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let mut file =
        std::fs::File::create_new(&path).with_context(|| format!("cannot write {FILE}"))?;
    std::io::Write::write_all(&mut file, text.as_bytes())
        .with_context(|| format!("cannot write {FILE}"))?;
    let owner = if args.action.is_none() {
        "; replace OWNER by whoever hosts the action"
    } else {
        ""
    };
    Ok(format!("written  {FILE}: runs `{command}`{owner}\n"))
}

fn guessed(world: &World) -> Result<String> {
    let root = world.root();
    let known = COMMANDS
        .iter()
        .find(|(file, _)| root.join(file).exists())
        .map(|(_, command)| (*command).to_owned());
    match known {
        Some(command) => Ok(command),
        None => bail!(
            "what measures this project is not known: say it with --run, as in plimsoll init --workflow --run 'make bench'"
        ),
    }
}

/// The branch whose pushes are history.
fn branch(git: &Git) -> String {
    let known = git.default_branch().map(|branch| branch.name);
    let known = known.map(|name| name.strip_prefix("origin/").unwrap_or(&name).to_owned());
    known
        .or_else(|| git.head_branch())
        .unwrap_or_else(|| "main".to_owned())
}

/// A plain word stays as it is; anything else becomes a quoted string, which YAML takes from JSON.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '/' | '.');
    let safe = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(plain)
        && !text.ends_with(' ');
    if safe {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

fn workflow(branch: &str, command: &str, action: &str) -> Result<String> {
    if command.contains("${{") || command.is_empty() {
        bail!("--run `{command}` is no command that a workflow can hold");
    }
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '@');
    if !(action.contains('/') && action.contains('@') && action.chars().all(name)) {
        bail!("--action `{action}` is not like OWNER/plimsoll@v1");
    }
    Ok(WORKFLOW
        .replace(
            "branches: [main]",
            &format!("branches: [{}]", scalar(branch)),
        )
        .replace("run: cargo bench", &format!("run: {}", scalar(command)))
        .replace(ACTION, action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_differs_from_the_example_only_where_it_must() {
        assert_eq!(workflow("main", "cargo bench", ACTION).unwrap(), WORKFLOW);
        let own = workflow("trunk", "make 'bench: all' #x", "acme/plimsoll@v1").unwrap();
        assert_eq!(own.lines().count(), WORKFLOW.lines().count());
        assert!(own.contains("branches: [trunk]"), "{own}");
        assert!(own.contains(r##"run: "make 'bench: all' #x" }"##), "{own}");
        assert!(!own.contains("OWNER"), "{own}");
    }

    #[test]
    fn what_a_workflow_would_expand_is_refused() {
        assert!(workflow("main", "echo ${{ github.token }}", ACTION).is_err());
        assert!(workflow("main", "x", "acme/plimsoll@v1 }\n").is_err());
    }
}
