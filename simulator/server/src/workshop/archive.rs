//! The environment of a seat as a `.tar.gz`, for machines that cannot read the script: the files, and what to do with them.

use std::io;

use eks_auth_core::value::instant::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::Builder;
use tar::Header;

use super::script;
use super::script::Welcome;
use super::seat::Bundle;
use super::seat::HOME;

/// The archive: a folder `seat-N` with the files, `env.sh` and `README.txt`.
///
/// # Errors
/// When a path does not fit into the format.
pub(super) fn archive(welcome: &Welcome<'_>, bundle: &Bundle, now: Timestamp) -> io::Result<Vec<u8>> {
    let folder = format!("seat-{}", welcome.number);
    let seconds = u64::try_from(now.unix_millis() / 1000).unwrap_or_default();
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut add = |path: &str, content: &str| {
        let mut header = Header::new_gnu();
        header.set_size(u64::try_from(content.len()).unwrap_or(u64::MAX));
        header.set_mode(0o600);
        header.set_mtime(seconds);
        archive.append_data(&mut header, format!("{folder}/{path}"), content.as_bytes())
    };
    for (path, content) in &bundle.files {
        add(path, content)?;
    }
    add("env.sh", &script::beside_files(welcome, bundle))?;
    add("README.txt", &readme(welcome, bundle))?;
    archive.into_inner()?.finish()
}

/// What to do by hand where no shell reads `env.sh`.
fn readme(welcome: &Welcome<'_>, bundle: &Bundle) -> String {
    let number = welcome.number;
    let mut text = format!(
        "{} {number}: {}\n\n{}\n\n    cd seat-{number}\n    . ./env.sh\n\n{}\n\n",
        welcome.language.pick("eks-auth-sim workshop, seat", "eks-auth-sim 워크숍 자리"),
        welcome.url,
        welcome.language.pick(
            "In bash, zsh or sh, with the AWS CLI, kubectl and curl:",
            "AWS CLI, kubectl, curl이 있는 bash, zsh, sh에서:",
        ),
        welcome.language.pick(
            "In any other shell set these variables, with this folder's path in place of FOLDER. Then the seat's page has the \
             story, the hints and the check.",
            "다른 셸에서는 FOLDER를 이 폴더의 경로로 바꿔 아래 변수를 설정하세요. 이야기, 힌트, 확인 버튼은 자리 페이지에 있습니다.",
        ),
    );
    for (name, value) in bundle.env.iter().filter(|(name, _)| *name != "HOME") {
        text.push_str(&format!("    {name}={}\n", value.replace(HOME, "FOLDER")));
    }
    text
}
