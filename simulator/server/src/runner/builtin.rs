//! Stands in for `aws` and `kubectl` where they are not there: it makes the same requests, signed and authenticated, and
//! prints what they would print. It knows the commands of AWS's article, no more.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eks_auth_core::scenario::Edit;
use eks_auth_core::value::instant::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Outcome;
use crate::environment;
use crate::environment::profile::ClientConfig;
use crate::environment::profile::ProfileError;
use crate::environment::profile::plugin_environment;
use crate::environment::profile::xml_text;
use crate::net::client;
use crate::net::client::Answer;
use crate::simulator::Running;
use crate::state::private_file;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
/// What kubectl prints for a 401.
const UNAUTHORIZED: &str = "error: You must be logged in to the server (Unauthorized)";

/// Does what the real client would; nothing where the command is none that it knows.
pub(super) fn run(
    running: &Running,
    words: &[String],
    env: &BTreeMap<String, String>,
    edit: Option<&Edit>,
) -> Option<Outcome> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let command = Command {
        running,
        env,
        words: &words,
        now: running.state().now(),
    };
    let done = match words[..] {
        ["aws", "sts", "get-caller-identity", ..] => command.get_caller_identity(),
        ["aws", "iam", "create-user", ..] => command.create_user(),
        ["aws", "iam", "attach-user-policy", ..] => command.attach_user_policy(),
        ["aws", "iam", "create-access-key", ..] => command.create_access_key(),
        ["aws", "eks", "update-kubeconfig", ..] => command.update_kubeconfig(),
        ["kubectl", "get", resource, ..] => command.get(resource),
        ["kubectl", "auth", "whoami", ..] => command.whoami(),
        ["kubectl", "describe", "configmap", name, ..] => command.describe(name),
        ["kubectl", "edit", "configmap", name, ..] => command.edit(name, edit),
        ["kubectl", "config", "view", ..] => command.kubeconfig().and_then(|value| Ok(environment::yaml(&value)?)),
        _ => return None,
    };
    Some(match done {
        Ok(output) => Outcome::printed(output, String::new(), 0),
        Err(failure) => Outcome::printed(String::new(), format!("{}\n", failure.message), failure.code),
    })
}

struct Failure {
    code: i32,
    message: String,
}

impl Failure {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(1, error.to_string())
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        Self::new(255, error.to_string())
    }
}

struct Command<'a> {
    running: &'a Running,
    env: &'a BTreeMap<String, String>,
    words: &'a [&'a str],
    now: Timestamp,
}

impl Command<'_> {
    /// The value of `--name VALUE` or `-n VALUE`.
    fn option(&self, name: &str) -> Option<&str> {
        let at = self.words.iter().position(|word| *word == name)?;
        self.words.get(at + 1).copied()
    }

    fn required(&self, name: &str) -> Result<&str, Failure> {
        self.option(name)
            .ok_or_else(|| Failure::new(2, format!("aws: error: the following arguments are required: {name}")))
    }

    fn aws_config(&self) -> Result<ClientConfig, Failure> {
        Ok(ClientConfig::load(self.env.clone(), self.option("--profile"))?)
    }

    /// Calls a service of the query protocol and returns its document.
    fn query(&self, service: &str, operation: &str, version: &str, form: &[(&str, &str)]) -> Result<String, Failure> {
        let config = self.aws_config()?;
        let credentials = config.credentials(self.now)?;
        let mut pairs = vec![("Action", operation), ("Version", version)];
        pairs.extend(form);
        let answer = config.call(service, &self.running.aws_endpoint(), &credentials, &pairs, self.now)?;
        let document = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 200 {
            return Ok(document);
        }
        let field = |name| xml_text(&document, name).unwrap_or_default();
        Err(aws_failure(operation, &field("Code"), &field("Message")))
    }

    fn get_caller_identity(&self) -> Result<String, Failure> {
        let document = self.query("sts", "GetCallerIdentity", "2011-06-15", &[])?;
        Ok(aws_output("", &document, &["UserId", "Account", "Arn"]))
    }

    fn create_user(&self) -> Result<String, Failure> {
        let name = self.required("--user-name")?;
        let document = self.query("iam", "CreateUser", "2010-05-08", &[("UserName", name)])?;
        Ok(aws_output(
            "User",
            &document,
            &["Path", "UserName", "UserId", "Arn", "CreateDate"],
        ))
    }

    fn attach_user_policy(&self) -> Result<String, Failure> {
        let parameters = [
            ("UserName", self.required("--user-name")?),
            ("PolicyArn", self.required("--policy-arn")?),
        ];
        self.query("iam", "AttachUserPolicy", "2010-05-08", &parameters)?;
        Ok(String::new())
    }

    fn create_access_key(&self) -> Result<String, Failure> {
        let name = self.required("--user-name")?;
        let document = self.query("iam", "CreateAccessKey", "2010-05-08", &[("UserName", name)])?;
        let names = ["UserName", "AccessKeyId", "Status", "SecretAccessKey", "CreateDate"];
        Ok(aws_output("AccessKey", &document, &names))
    }

    fn update_kubeconfig(&self) -> Result<String, Failure> {
        let name = self.required("--name")?;
        let config = self.aws_config()?;
        let credentials = config.credentials(self.now)?;
        let region = self.option("--region").map(str::to_owned).or_else(|| config.region());
        let answer = client::send_signed(
            client::ServerAddress::plain(&self.running.aws_endpoint())?,
            &credentials.signer("eks", &region.unwrap_or_default(), self.now),
            &client::Request {
                method: "GET",
                path_and_query: &format!("/clusters/{name}"),
                headers: &[],
                body: b"",
            },
        )?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let clusters = self.running.clusters();
        let listener = clusters.iter().find(|cluster| cluster.name == name);
        let (200, Some(listener)) = (answer.status, listener) else {
            let message = body.get("message").and_then(Value::as_str).unwrap_or_default();
            let code = answer.error_code.as_deref().unwrap_or("Unknown");
            return Err(aws_failure("DescribeCluster", code, message));
        };
        let authority = body
            .pointer("/cluster/certificateAuthority/data")
            .and_then(Value::as_str);
        let authority = STANDARD.decode(authority.unwrap_or_default()).unwrap_or_default();
        let profile = self
            .option("--profile")
            .or_else(|| self.env.get("AWS_PROFILE").map(String::as_str));
        let plugin_env: Vec<(&str, &str)> = profile.map(|profile| ("AWS_PROFILE", profile)).into_iter().collect();
        let value = environment::kubeconfig_value(listener, &String::from_utf8_lossy(&authority), &plugin_env)?;
        let path = self.kubeconfig_path();
        let existed = Path::new(path).exists();
        private_file::write_private(Path::new(path), &environment::yaml(&value)?)?;
        let context = value.get("current-context").and_then(Value::as_str).unwrap_or_default();
        Ok(if existed {
            format!("Updated context {context} in {path}\n")
        } else {
            format!("Added new context {context} to {path}\n")
        })
    }

    fn kubeconfig_path(&self) -> &str {
        self.env.get("KUBECONFIG").map_or("", String::as_str)
    }

    fn kubeconfig(&self) -> Result<Value, Failure> {
        let text = fs::read_to_string(self.kubeconfig_path())?;
        serde_saphyr::from_str(&text).map_err(|error| Failure::new(1, error.to_string()))
    }

    /// Sends a request to the cluster of the kubeconfig, as the profile that its plugin would use.
    fn kube(&self, method: &str, path: &str, accept: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let kubeconfig = self.kubeconfig()?;
        let text = |pointer: &str| kubeconfig.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let env = plugin_environment(self.env);
        let config = ClientConfig::load(env, None)?;
        let context = text("/current-context");
        let region = context.split(':').nth(3).unwrap_or_default();
        let cluster = context.rsplit('/').next().unwrap_or_default();
        let endpoint = config.sts_endpoint();
        let credentials = config.credentials(self.now)?;
        let token = credentials.bearer_token(region, endpoint.as_deref(), cluster, self.now);
        let authority = STANDARD
            .decode(text("/clusters/0/cluster/certificate-authority-data"))
            .unwrap_or_default();
        let answer = client::send(
            client::ServerAddress::tls(text("/clusters/0/cluster/server"), &String::from_utf8_lossy(&authority))?,
            &client::Request {
                method,
                path_and_query: path,
                headers: &[
                    ("authorization".to_owned(), format!("Bearer {token}")),
                    ("accept".to_owned(), accept.to_owned()),
                    ("content-type".to_owned(), "application/json".to_owned()),
                ],
                body: body.map(Value::to_string).unwrap_or_default().as_bytes(),
            },
        )?;
        read_answer(&answer)
    }

    fn namespace(&self) -> &str {
        self.option("-n")
            .or_else(|| self.option("--namespace"))
            .unwrap_or("default")
    }

    fn get(&self, resource: &str) -> Result<String, Failure> {
        let plural = match resource {
            "cm" | "configmap" => "configmaps",
            "no" | "node" => "nodes",
            "ns" | "namespace" => "namespaces",
            "po" | "pod" => "pods",
            "svc" | "service" => "services",
            other => other,
        };
        let path = match plural {
            "nodes" | "namespaces" => format!("/api/v1/{plural}?limit=500"),
            plural => format!("/api/v1/namespaces/{}/{plural}?limit=500", self.namespace()),
        };
        Ok(table_text(&self.kube("GET", &path, TABLE, None)?))
    }

    fn whoami(&self) -> Result<String, Failure> {
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let answer = self.kube("POST", path, "application/json", Some(&review))?;
        let user = answer.pointer("/status/userInfo").cloned().unwrap_or_default();
        let text = |name: &str| user.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = |value: &Value| {
            let items = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            format!("[{}]", items.collect::<Vec<_>>().join(" "))
        };
        let mut rows = vec![
            vec!["ATTRIBUTE".to_owned(), "VALUE".to_owned()],
            vec!["Username".to_owned(), text("username")],
            vec!["UID".to_owned(), text("uid")],
            vec!["Groups".to_owned(), list(user.get("groups").unwrap_or(&Value::Null))],
        ];
        for (name, value) in user.get("extra").and_then(Value::as_object).into_iter().flatten() {
            rows.push(vec![format!("Extra: {name}"), list(value)]);
        }
        Ok(columns(&rows))
    }

    fn config_map_path(&self, name: &str) -> String {
        format!("/api/v1/namespaces/{}/configmaps/{name}", self.namespace())
    }

    fn describe(&self, name: &str) -> Result<String, Failure> {
        let object = self.kube("GET", &self.config_map_path(name), "application/json", None)?;
        let mut text = format!(
            "Name:         {name}\nNamespace:    {}\n\nData\n====\n",
            self.namespace()
        );
        for (key, value) in object.get("data").and_then(Value::as_object).into_iter().flatten() {
            let _ = write!(text, "{key}:\n----\n{}\n\n", value.as_str().unwrap_or_default());
        }
        Ok(text)
    }

    fn edit(&self, name: &str, edit: Option<&Edit>) -> Result<String, Failure> {
        let path = self.config_map_path(name);
        let mut object = self.kube("GET", &path, "application/json", None)?;
        let data = object.get_mut("data").and_then(Value::as_object_mut);
        let (Some(edit), Some(data)) = (edit, data) else {
            return Ok("Edit cancelled, no changes made.\n".to_owned());
        };
        if !change(data, edit) {
            let (Edit::Insert { after: line, .. } | Edit::Replace { line, .. }) = edit;
            return Err(Failure::new(1, format!("error: no line `{line}` to edit")));
        }
        self.kube("PUT", &path, "application/json", Some(&object))?;
        Ok(format!("configmap/{name} edited\n"))
    }
}

/// Does in a ConfigMap's data what a person does in its YAML: the line is either a key's own or one of its text.
fn change(data: &mut Map<String, Value>, edit: &Edit) -> bool {
    let (line, lines, stays) = match edit {
        Edit::Insert { after, lines } => (after, lines, true),
        Edit::Replace { line, with } => (line, with, false),
    };
    if let Some(text) = line
        .strip_suffix(": |")
        .filter(|_| stays)
        .and_then(|key| data.get_mut(key))
    {
        let lines: Vec<&str> = lines
            .lines()
            .map(|line| line.strip_prefix("  ").unwrap_or(line))
            .collect();
        *text = json!(format!("{}\n{}", lines.join("\n"), text.as_str().unwrap_or_default()));
        return true;
    }
    for value in data.values_mut() {
        let text = value.as_str().unwrap_or_default().to_owned();
        if let Some(found) = text.lines().find(|found| found.trim_start() == line) {
            let indent = found.strip_suffix(line.as_str()).unwrap_or_default();
            let added: String = lines.lines().map(|line| format!("{indent}{line}\n")).collect();
            let kept = if stays { format!("{found}\n") } else { String::new() };
            *value = json!(text.replacen(&format!("{found}\n"), &format!("{kept}{added}"), 1));
            return true;
        }
    }
    false
}

fn read_answer(answer: &Answer) -> Result<Value, Failure> {
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status < 300 {
        return Ok(value);
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    Err(Failure::new(
        1,
        match answer.status {
            401 => UNAUTHORIZED.to_owned(),
            _ => format!("Error from server ({}): {}", text("reason"), text("message")),
        },
    ))
}

fn aws_failure(operation: &str, code: &str, message: &str) -> Failure {
    Failure::new(
        254,
        format!("\nAn error occurred ({code}) when calling the {operation} operation: {message}"),
    )
}

/// Fields of an answer as the AWS CLI prints them, inside a member where one is named.
fn aws_output(member: &str, document: &str, names: &[&str]) -> String {
    let indent = if member.is_empty() { "    " } else { "        " };
    let fields: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "{indent}\"{name}\": {}",
                json!(xml_text(document, name).unwrap_or_default())
            )
        })
        .collect();
    let fields = fields.join(",\n");
    if member.is_empty() {
        format!("{{\n{fields}\n}}\n")
    } else {
        format!("{{\n    \"{member}\": {{\n{fields}\n    }}\n}}\n")
    }
}

/// A server-side table as kubectl prints it: the columns that are not for wide output, ages left as they are.
fn table_text(table: &Value) -> String {
    let list = |name: &str| table.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let shown: Vec<(usize, String)> = list("columnDefinitions")
        .iter()
        .enumerate()
        .filter(|(_, column)| column.get("priority").and_then(Value::as_u64) == Some(0))
        .map(|(at, column)| {
            let name = column.get("name").and_then(Value::as_str).unwrap_or_default();
            (at, name.to_uppercase())
        })
        .collect();
    let mut rows: Vec<Vec<String>> = vec![shown.iter().map(|(_, name)| name.clone()).collect()];
    for row in list("rows") {
        let cell = |at: &usize| match row.pointer(&format!("/cells/{at}")) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        rows.push(shown.iter().map(|(at, _)| cell(at)).collect());
    }
    columns(&rows)
}

/// Rows with their columns aligned, three blanks apart.
fn columns(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            match widths.get_mut(at) {
                Some(width) => *width = (*width).max(cell.len()),
                None => widths.push(cell.len()),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let line: String = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}   "))
            .collect();
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_goes_behind_its_line() {
        let edit = |after: &str, lines: &str| Edit::Insert {
            after: after.to_owned(),
            lines: lines.to_owned(),
        };
        let mut data = Map::from_iter([("mapRoles".to_owned(), json!("- rolearn: a\n  groups:\n  - g\n"))]);
        assert!(change(
            &mut data,
            &edit("mapRoles: |", "  - rolearn: b\n    username: u\n")
        ));
        assert_eq!(
            data.get("mapRoles").unwrap(),
            "- rolearn: b\n  username: u\n- rolearn: a\n  groups:\n  - g\n"
        );
        assert!(change(&mut data, &edit("groups:", "- h\n")));
        assert_eq!(
            data.get("mapRoles").unwrap(),
            "- rolearn: b\n  username: u\n- rolearn: a\n  groups:\n  - h\n  - g\n"
        );
        assert!(!change(&mut data, &edit("nothing", "x")));
        let replace = |line: &str, with: &str| Edit::Replace {
            line: line.to_owned(),
            with: with.to_owned(),
        };
        assert!(change(&mut data, &replace("- h", "- i\n")));
        assert!(data["mapRoles"].as_str().unwrap().contains("- i\n"));
        assert!(change(&mut data, &replace("- i", "")));
        assert!(!data["mapRoles"].as_str().unwrap().contains("- i\n"));
    }

    #[test]
    fn tables_are_aligned_as_kubectl_does_it() {
        let table = json!({
            "columnDefinitions": [{"name": "Name", "priority": 0}, {"name": "Wide", "priority": 1}, {"name": "Age", "priority": 0}],
            "rows": [{"cells": ["kubernetes", "x", "77d"]}, {"cells": ["a", "y", 1]}],
        });
        assert_eq!(
            table_text(&table),
            "NAME         AGE\nkubernetes   77d\na            1\n"
        );
    }
}
