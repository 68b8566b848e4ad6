//! Lists the scenarios of the repository, so that the binary carries them.

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../scenarios");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut folders: Vec<_> = fs::read_dir(&root)?.collect::<Result<_, _>>()?;
    folders.sort_by_key(fs::DirEntry::file_name);
    let mut table = String::from("const BUILT_IN: &[(&str, &str)] = &[\n");
    for folder in folders {
        let file = folder.path().join("scenario.yaml");
        if file.is_file() {
            let file = fs::canonicalize(file)?;
            writeln!(
                table,
                "({:?}, include_str!({:?})),",
                folder.file_name().to_string_lossy(),
                file.display().to_string()
            )?;
        }
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("catalogue.rs"), table)?;
    Ok(())
}
