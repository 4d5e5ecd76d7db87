//! The command line.

use std::path::PathBuf;

pub const USAGE: &str = "usage: rust-search [--port PORT] --documents FOLDER";

/// What the service was asked to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub port: u16,
    /// Folder of *.md files.
    pub documents: PathBuf,
}

impl Options {
    /// Reads the arguments after the program's name.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let (mut port, mut documents) = (8080, None);
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
            match name.as_str() {
                "--port" => port = value.parse().map_err(|_| format!("{value:?} is not a port\n{USAGE}"))?,
                "--documents" => documents = Some(PathBuf::from(value)),
                _ => return Err(format!("unknown argument {name}\n{USAGE}")),
            }
        }
        let documents = documents.ok_or_else(|| format!("--documents is missing\n{USAGE}"))?;
        Ok(Self { port, documents })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn reads_port_and_folder() {
        let expected = Options { port: 9000, documents: PathBuf::from("texts") };
        assert_eq!(parse("--port 9000 --documents texts"), Ok(expected));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in ["", "--port", "--port x --documents d", "--folder d"] {
            assert!(parse(line).is_err_and(|message| message.contains(USAGE)), "{line}");
        }
    }
}
