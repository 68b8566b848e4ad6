//! Which module of a crate uses which, read from its sources.
//!
//! A file is a module. What is for tests only does not count: `#[cfg(test)]`, and files and folders called `tests` or
//! `testing`. A path leads to the file in which the named item stands, through modules that only pass it on.

#![expect(
    clippy::indexing_slicing,
    reason = "a test that cannot read the sources should end at once"
)]

use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// A module's path in its crate.
type Path = Vec<String>;

/// Names that lead from an import to another; no chain of them is so long.
const MAX_STEPS: usize = 32;

/// The modules of a crate.
pub(crate) struct Modules {
    uses: BTreeMap<Path, BTreeSet<Path>>,
}

impl Modules {
    /// The modules of these files: paths below the crate's `src/`, and their texts.
    pub(crate) fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut index = Index::default();
        let mut read = Vec::new();
        for (file, text) in files {
            let Some(module) = module_of(file) else { continue };
            let tokens = without_tests(&tokens(text));
            let paths = paths(&tokens, &module);
            for used in &paths {
                if let Some(name) = &used.imported_as {
                    index.imports.insert((used.module.clone(), name.clone()), used.clone());
                }
            }
            index.modules.insert(module.clone());
            read.push((module, paths));
        }
        let mut uses = BTreeMap::new();
        for (module, paths) in read.into_iter().filter(|(module, _)| !module.is_empty()) {
            let mut used: BTreeSet<Path> = paths.iter().filter_map(|path| index.file_of(path, MAX_STEPS)).collect();
            used.retain(|used| !used.is_empty() && *used != module);
            uses.insert(module, used);
        }
        Self { uses }
    }

    /// Each use of one wing by another: the user, and what it uses.
    pub(crate) fn between_wings(&self) -> impl Iterator<Item = (&[String], &[String])> {
        self.uses
            .iter()
            .flat_map(|(module, used)| used.iter().map(move |used| (module.as_slice(), used.as_slice())))
            .filter(|(module, used)| module[0] != used[0])
    }

    /// Every wing that has a file.
    pub(crate) fn wings(&self) -> BTreeSet<&str> {
        self.uses.keys().map(|module| module[0].as_str()).collect()
    }

    /// The modules that use each other, directly or by way of others, a list for each circle. A module and what is below
    /// it may use each other.
    pub(crate) fn circles(&self) -> Vec<Vec<String>> {
        let reached: BTreeMap<&Path, BTreeSet<&Path>> = self
            .uses
            .keys()
            .map(|module| (module, self.reached_from(module)))
            .collect();
        let mut circles = BTreeSet::new();
        for (module, far) in &reached {
            let circle: Vec<String> = far
                .iter()
                .filter(|other| reached[*other].contains(module))
                .map(|other| other.join("::"))
                .collect();
            if !circle.is_empty() {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    /// The uses that make a circle, a line each.
    pub(crate) fn describe(&self, circle: &[String]) -> String {
        let mut lines = String::new();
        for (module, _) in self
            .uses
            .iter()
            .filter(|(module, _)| circle.contains(&module.join("::")))
        {
            let used: Vec<String> = self
                .neighbours(module)
                .map(|used| used.join("::"))
                .filter(|used| circle.contains(used))
                .collect();
            lines.push_str(&format!("  {} uses {}\n", module.join("::"), used.join(", ")));
        }
        lines
    }

    fn neighbours<'a>(&'a self, module: &'a Path) -> impl Iterator<Item = &'a Path> {
        let used = self.uses.get(module).into_iter().flatten();
        used.filter(move |used| !used.starts_with(module) && !module.starts_with(used))
    }

    fn reached_from<'a>(&'a self, module: &'a Path) -> BTreeSet<&'a Path> {
        let mut reached = BTreeSet::new();
        let mut open = vec![module];
        while let Some(next) = open.pop() {
            open.extend(self.neighbours(next).filter(|used| reached.insert(*used)));
        }
        reached
    }
}

/// The module in a file, the crate's root being empty; nothing for tests, and for the program that uses the library.
fn module_of(file: &str) -> Option<Path> {
    let names: Path = file.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["lib"] => Some(Vec::new()),
        ["main"] => None,
        _ => (!names.iter().any(|name| name == "tests" || name == "testing")).then_some(names),
    }
}

/// A path as it is written.
#[derive(Clone)]
struct Used {
    /// The module in which it is written, with those inside the file.
    module: Path,
    /// Its names.
    names: Vec<String>,
    /// The name that it has from then on, where it is an import.
    imported_as: Option<String>,
}

/// What is known of a crate when paths are followed.
#[derive(Default)]
struct Index {
    modules: BTreeSet<Path>,
    imports: BTreeMap<(Path, String), Used>,
}

impl Index {
    /// The file in which what the path names stands; nothing where it is of another crate, or no module is in it.
    fn file_of(&self, path: &Used, steps: usize) -> Option<Path> {
        let steps = steps.checked_sub(1)?;
        let mut at = path.module.clone();
        let mut names = path.names.iter().peekable();
        match names.peek()?.as_str() {
            "crate" => {
                names.next();
                at.clear();
            }
            "self" | "super" => {
                names.next_if(|name| *name == "self");
                while names.next_if(|name| *name == "super").is_some() {
                    at.pop();
                }
            }
            first => {
                let is_module = self.modules.contains(&[at.as_slice(), &[first.to_owned()]].concat());
                let import = self.imports.get(&(at.clone(), first.to_owned()));
                // An import of a name that is written alike, such as `use log;`, is of another crate.
                let is_other = import.is_none_or(|import| import.names == [first]);
                if !is_module && is_other {
                    return None;
                }
            }
        }
        while let Some(name) = names.next() {
            let below = [at.as_slice(), std::slice::from_ref(name)].concat();
            if self.modules.contains(&below) {
                at = below;
                continue;
            }
            if let Some(import) = self.imports.get(&(at.clone(), name.clone())) {
                // The rest is followed from what was imported.
                let mut whole = import.clone();
                whole.names.extend(names.cloned());
                return self.file_of(&whole, steps);
            }
            break;
        }
        // Modules inside a file are in it.
        while !self.modules.contains(&at) {
            at.pop()?;
        }
        Some(at)
    }
}

/// The paths of a file, with the module inside the file in which each stands.
fn paths(tokens: &[String], file: &[String]) -> Vec<Used> {
    let mut found = Vec::new();
    let mut module = file.to_vec();
    // At which depth of braces each module inside the file began.
    let mut inner = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let previous = at.checked_sub(1).map_or("", |before| tokens[before].as_str());
        at += 1;
        match token.as_str() {
            "{" => {
                depth += 1;
                if at >= 3 && tokens[at - 3] == "mod" {
                    inner.push(depth);
                    module.push(tokens[at - 2].clone());
                }
            }
            "}" => {
                if inner.last() == Some(&depth) {
                    inner.pop();
                    module.pop();
                }
                depth = depth.saturating_sub(1);
            }
            name if is_name(name) && !["::", "."].contains(&previous) => {
                let mut names = vec![name.to_owned()];
                while tokens.get(at).is_some_and(|token| token == "::")
                    && let Some(next) = tokens.get(at + 1).filter(|next| is_name(next))
                {
                    names.push(next.clone());
                    at += 2;
                }
                let rest: Vec<&str> = tokens.iter().skip(at).take(2).map(String::as_str).collect();
                assert!(rest != ["::", "{"], "one import a line, please: {file:?} {names:?}");
                let imported_as = (previous == "use").then(|| match rest[..] {
                    ["as", name] => name.to_owned(),
                    _ => names[names.len() - 1].clone(),
                });
                if names.len() > 1 || imported_as.is_some() {
                    found.push(Used {
                        module: module.clone(),
                        names,
                        imported_as: imported_as.filter(|_| rest[..] != ["::", "*"]),
                    });
                }
            }
            _ => {}
        }
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single other characters; no comments, texts, characters and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let is_at = |at: usize, wanted: char| chars.get(at) == Some(&wanted);
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let part_of_name = |c: &char| c.is_alphanumeric() || *c == '_';
        if c == '/' && is_at(at + 1, '/') {
            at += chars[at..].iter().take_while(|c| **c != '\n').count();
        } else if c == '"' {
            at += 1;
            while at < chars.len() && !is_at(at, '"') {
                at += if is_at(at, '\\') { 2 } else { 1 };
            }
            at += 1;
        } else if c == '\'' {
            // A character ends with another quote; a lifetime does not.
            if is_at(at + 1, '\\') {
                at += 3 + chars[at + 3..].iter().take_while(|c| **c != '\'').count() + 1;
            } else {
                at += if is_at(at + 2, '\'') { 3 } else { 1 };
            }
        } else if part_of_name(&c) {
            let name: String = chars[at..].iter().take_while(|c| part_of_name(c)).collect();
            at += name.chars().count();
            let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
            if ["r", "br", "cr"].contains(&name.as_str()) && is_at(at + hashes, '"') {
                at += hashes + 1;
                let end = [vec!['"'], vec!['#'; hashes]].concat();
                at += chars[at..].windows(end.len()).take_while(|found| *found != end).count() + end.len();
            } else if !["b", "c"].contains(&name.as_str()) || !is_at(at, '"') {
                tokens.push(name);
            }
        } else if c == ':' && is_at(at + 1, ':') {
            tokens.push("::".to_owned());
            at += 2;
        } else {
            if !c.is_whitespace() {
                tokens.push(c.to_string());
            }
            at += 1;
        }
    }
    tokens
}

/// The tokens without the items that are marked `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at..].iter().take(MARK.len()).eq(MARK.iter()) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += MARK.len();
        // An item ends with the first semicolon or block that is in no other brackets.
        let mut depth = 0_usize;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                ";" if depth == 0 => break,
                _ => {}
            }
        }
    }
    kept
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&[&str]]) {
    assert_eq!(Modules::read(files.iter().copied()).circles(), expected, "{files:?}");
}

#[test]
fn circles_are_found_however_the_path_is_written() {
    const CIRCLE: &[&str] = &["w::a", "w::b"];
    for uses_b in [
        "use crate::w::b;",
        "use super::b::B;",
        "fn f() -> super::b::B { 1 }",
        "use crate::w; fn f() { w::b::f(); }",
        "use super::b as other;",
        "mod inner { use super::super::b::B; }",
        "use super::B;",
        "use crate::passed_on::Other;",
        "const C: char = '\"'; use super::b::B; const D: char = '\\'';",
        "const C: &str = r#\"a\"b\"#; fn f<'a>(b: &'a super::b::B) {}",
    ] {
        let files = [
            ("lib.rs", "pub mod w; pub mod passed_on;"),
            ("passed_on.rs", "pub use crate::w::b::B as Other;"),
            ("w.rs", "pub mod a; mod b; pub use self::b::B;"),
            ("w/a.rs", uses_b),
            ("w/b.rs", "pub use super::a::A;"),
        ];
        check(&files, &[CIRCLE]);
    }
}

#[test]
fn what_is_no_use_makes_no_circle() {
    for no_use in [
        "// use super::b;",
        "const A: &str = \"super::b::B\";",
        "const A: &str = r#\"\"super::b::B\"#;",
        "#[cfg(test)]\nmod tests { use super::super::b::B; }",
        "#[cfg(test)]\npub(crate) use super::b::B;",
        "mod b { use super::C; } use self::b::C;",
        "use b::C;",
        "fn f() { b::f() }",
        "use super::Mine;",
    ] {
        let files = [
            ("w.rs", "pub use self::a::Mine;"),
            ("w/a.rs", no_use),
            ("w/a/tests.rs", "use crate::w::b;"),
            ("w/b.rs", "use super::a::A;"),
        ];
        check(&files, &[]);
    }
}

#[test]
fn a_long_circle_is_one_and_parents_make_none() {
    let files = [
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "use crate::b::d::D;"),
        ("b/d.rs", "use super::B; use crate::c::C;"),
        ("c.rs", "use crate::a::A;"),
        ("e.rs", "use crate::a::A;"),
    ];
    check(&files, &[]);
    let files = [
        &files[..],
        &[("f.rs", "use crate::c::C;"), ("g.rs", "use crate::f::F;")],
    ]
    .concat();
    check(&files, &[]);
    let files = [
        &files[..3],
        &[("c.rs", "use crate::a::A; use crate::g::G;")],
        &files[4..],
    ]
    .concat();
    check(&files, &[&["c", "f", "g"]]);
    let modules = Modules::read(files);
    let lines = "  c uses g\n  f uses c\n  g uses f\n";
    assert_eq!(modules.describe(&modules.circles()[0]), lines);
    assert_eq!(modules.wings(), BTreeSet::from(["a", "b", "c", "e", "f", "g"]));
}
