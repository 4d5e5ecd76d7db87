//! From .proto files to descriptors.

use std::collections::BTreeMap;
use std::path::Path;

use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

use crate::GrpcError;

/// Deepest nesting of a file: what is deeper could exhaust the stack of a parser that recurs.
const DEEPEST: usize = 100;
const LONGEST: usize = 16 * 1024 * 1024;

/// Files by the names that imports use.
struct Files(BTreeMap<String, String>);

impl FileResolver for Files {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        path.to_str().map(str::to_owned)
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.get(name) {
            Some(text) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// Compiles the files `roots` and all they import; returns a serialized FileDescriptorSet.
///
/// `files` maps the names that imports use to texts; the well-known types are known anyway.
///
/// # Errors
/// [`GrpcError::Proto`] naming the file, and the place in it, that is wrong.
pub fn compile_protos(
    files: &BTreeMap<String, String>,
    roots: &[String],
) -> Result<Vec<u8>, GrpcError> {
    if let Some((name, text)) = files.iter().find(|(_, text)| is_monstrous(text)) {
        let length = text.len();
        let problem = format!("{name}: {length} bytes, or nested deeper than {DEEPEST} levels");
        return Err(GrpcError::Proto(problem));
    }
    let mut resolver = ChainFileResolver::new();
    resolver.add(Files(files.clone()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    for root in roots {
        compiler
            .open_file(root)
            .map_err(|error| GrpcError::Proto(describe(root, &error)))?;
    }
    Ok(compiler.encode_file_descriptor_set())
}

fn is_monstrous(text: &str) -> bool {
    let mut depth = 0_usize;
    text.len() > LONGEST
        || text.bytes().any(|byte| {
            match byte {
                b'{' | b'[' | b'(' | b'<' => depth += 1,
                b'}' | b']' | b')' | b'>' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > DEEPEST
        })
}

/// The compiler's long form has the line and the column, on one line each.
fn describe(root: &str, error: &protox::Error) -> String {
    let name = error.file().unwrap_or(root);
    let long = format!("{error:?}");
    let first = long.lines().next().unwrap_or_default();
    if first.starts_with(name) {
        first.to_owned()
    } else {
        format!("{name}: {error}")
    }
}
