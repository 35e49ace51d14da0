//! plimsoll's binary: parse, run, exit code.

mod cli;

use clap::Parser;
use clap::error::ErrorKind;
use plimsoll::verdict::Exit;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is a fault of usage.
            let asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            let _ = error.print();
            return code(if asked { Exit::Within } else { Exit::Trouble });
        }
    };
    match cli::run(cli) {
        Ok(exit) => code(exit),
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            code(Exit::Trouble)
        }
    }
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}
