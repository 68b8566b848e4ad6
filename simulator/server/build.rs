//! Lists the scenarios of the repository, with the files beside them, so that the binary carries them.

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
    let mut table = String::from("const BUILT_IN: &[BuiltIn] = &[\n");
    for folder in folders {
        let scenario = folder.path().join("scenario.yaml");
        if !scenario.is_file() {
            continue;
        }
        let scenario = fs::canonicalize(scenario)?;
        let name = folder.file_name();
        writeln!(
            table,
            "BuiltIn {{ id: {:?}, text: include_str!({:?}), files: &[",
            name.to_string_lossy(),
            scenario.display().to_string()
        )?;
        let mut files: Vec<_> = fs::read_dir(folder.path())?.collect::<Result<_, _>>()?;
        files.sort_by_key(fs::DirEntry::file_name);
        for file in files {
            let path = fs::canonicalize(file.path())?;
            if path.is_file() && path != scenario {
                let name = file.file_name();
                writeln!(
                    table,
                    "    ({:?}, include_str!({:?})),",
                    name.to_string_lossy(),
                    path.display().to_string()
                )?;
            }
        }
        table.push_str("] },\n");
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("catalogue.rs"), table)?;
    Ok(())
}
