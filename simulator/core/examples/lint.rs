//! An `aws-auth` ConfigMap, linted before anybody applies it.
//!
//! ```sh
//! cargo run -p eks-auth-core --example lint
//! ```

use std::error::Error;
use std::io;
use std::io::Write;

use eks_auth_core::explain::lint::Context;
use eks_auth_core::explain::lint::Severity;
use eks_auth_core::explain::lint::lint;

/// The role stands with its path, which STS never shows, and `groups` is a text.
const AWS_AUTH: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/nodes
      username: system:node:{{EC2PrivateDNSName}}
      groups: [system:bootstrappers, system:nodes]
    - rolearn: arn:aws:iam::111122223333:role/team/dev
      username: dev
      groups: system:masters
";

/// Writes a line a finding; the number of errors.
fn run(out: &mut impl Write) -> io::Result<usize> {
    let findings = lint(AWS_AUTH, &Context::default());
    for finding in &findings {
        writeln!(
            out,
            "aws-auth.yaml:{}:{}: {}: {} [{}]",
            finding.line,
            finding.column,
            finding.severity,
            finding.message,
            finding.rule.id(),
        )?;
    }
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    Ok(errors.count())
}

fn main() -> Result<(), Box<dyn Error>> {
    match run(&mut io::stdout().lock())? {
        0 => Ok(()),
        errors => Err(format!("{errors} errors").into()),
    }
}

#[test]
fn both_mistakes_are_found_where_they_stand() {
    let mut out = Vec::new();
    assert_eq!(run(&mut out).unwrap(), 2);
    let out = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("aws-auth.yaml:9:16: error: "), "{out}");
    assert!(lines[0].ends_with("[aws-auth/role-with-path]"), "{out}");
    assert!(lines[1].starts_with("aws-auth.yaml:11:15: error: "), "{out}");
    assert!(lines[1].ends_with("[aws-auth/groups-not-a-list]"), "{out}");
}
