//! `explain`: why a token or a principal is let in or not.

use std::env;
use std::process::ExitCode;

use clap::Args;
use eks_auth_core::explain::ClientContext;
use eks_auth_core::explain::Explanation;
use eks_auth_core::explain::LogExplanation;
use eks_auth_core::explain::explain_client_error;
use eks_auth_core::explain::explain_log_line;
use eks_auth_core::explain::fix_commands;
use eks_auth_core::explain::unexplained_client_error;
use eks_auth_core::scenario;
use eks_auth_core::scenario::import;
use eks_auth_core::scenario::import::Artifact;
use eks_auth_core::scenario::import::ArtifactKind;
use eks_auth_core::scenario::import::Mapped;
use eks_auth_core::scenario::import::Options;
use eks_auth_core::scenario::import::PrincipalExplanation;
use eks_auth_core::scenario::import::newest_denial;
use eks_auth_core::scenario::ticket;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::Output;
use super::answer;
use super::answer::finding_value;
use super::ctl::RunningSimulator;
use super::import::Artifacts;
use super::read_or;
use super::scenario::Spoken;
use super::terminal;
use super::world_text;
use crate::control;
use crate::control::Subject;
use crate::control::api;
use crate::environment::profile::ClientConfig;
use crate::environment::profile::plugin_environment;
use crate::state::clock::Clock;
use crate::state::clock::SystemClock;

/// Say why: the decision, each check, the cause, the fix
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  eks-auth-sim explain ticket.txt aws-auth.yaml\n  \
                        kubectl get svc 2>&1 | eks-auth-sim explain\n  \
                        eks-auth-sim explain --last\n  \
                        kubectl get svc 2>&1 | eks-auth-sim explain --client-error -\n  \
                        eks-auth-sim explain --log-line - --aws-auth aws-auth.yaml < authenticator.log\n  \
                        eks-auth-sim explain --arn arn:aws:iam::111122223333:role/admin-test-role --scenario unmapped-role\n  \
                        eks-auth-sim explain --arn arn:aws:iam::111122223333:role/dev --aws-auth aws-auth.yaml \\\n    \
                        --cluster-json cluster.json --access-entries entries.json\n\n\
                        Without one of --token, --arn, --last, --client-error and --log-line, the files or standard input \
                        are read, whatever they hold; the exit code is then 1 where the cause is not known.")]
#[group(id = "subject", multiple = false, args = ["token", "arn", "last", "client_error", "log_line"])]
pub(super) struct Explain {
    /// Texts of any kind, or several in one, as they were pasted: tickets, logs, what clients printed, aws-auth, access entries,
    /// kubeconfigs; `-` is standard input [default: standard input]
    #[arg(value_name = "FILE", conflicts_with = "subject")]
    files: Vec<String>,
    /// A bearer token, `k8s-aws-v1.…`; `-` reads it from standard input
    #[arg(long)]
    token: Option<String>,
    /// A principal, as `aws sts get-caller-identity` shows it
    #[arg(long)]
    arn: Option<String>,
    /// What was seen last of the running simulator: a refusal, or that all is well
    #[arg(long)]
    last: bool,
    /// What a client printed when it failed; `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    client_error: Option<String>,
    /// A line of the authenticator's log, with or without its time, or its error alone; `-` reads it from standard input
    #[arg(long, value_name = "LINE")]
    log_line: Option<String>,
    #[command(flatten)]
    artifacts: Artifacts,
    /// The cluster, where there are several
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// Explain in this scenario as it begins, not in a running simulator
    #[arg(long, value_name = "NAME|PATH", conflicts_with = "last")]
    scenario: Option<String>,
    #[command(flatten)]
    simulator: RunningSimulator,
    #[command(flatten)]
    spoken: Spoken,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Explain {
    pub(super) fn run(mut self) -> Result<ExitCode, Failure> {
        if !self.has_subject() {
            return self.explain_texts();
        }
        self.token = self.token.map(read_or).transpose()?;
        if !self.artifacts.is_empty() {
            match &self.arn {
                Some(_) if self.scenario.is_some() => {
                    return Err(Failure::usage("give either --scenario or files"));
                }
                Some(arn) => return self.explain_principal(arn),
                None if self.log_line.is_none() => {
                    return Err(Failure::usage(
                        "--aws-auth, --access-entries and --cluster-json go with --arn or --log-line",
                    ));
                }
                None => {}
            }
        }
        if let Some(line) = self.log_line.take() {
            return self.explain_line(&read_or(line)?);
        }
        let explanation = if let Some(text) = self.client_error.take() {
            let text = read_or(text)?;
            let explanation =
                explain_client_error(&text).ok_or_else(|| Failure::not_so(unexplained_client_error(&text)))?;
            api::Explanation::of("", &explanation)
        } else if self.scenario.is_some() || (!self.last && !self.simulator.is_named()) {
            self.explain_here()?
        } else {
            let client = self.client().map(api::Client::from);
            self.simulator.call(api::Explain {
                token: self.token,
                arn: self.arn,
                last: self.last,
                cluster: self.cluster,
                client,
            })?
        };
        print(&explanation, self.output)?;
        Ok(ExitCode::SUCCESS)
    }

    fn has_subject(&self) -> bool {
        let texts = [&self.token, &self.arn, &self.client_error, &self.log_line];
        self.last || texts.iter().any(|text| text.is_some())
    }

    /// Everything that was pasted, together.
    fn explain_texts(mut self) -> Result<ExitCode, Failure> {
        if self.scenario.is_some() || self.cluster.is_some() {
            return Err(Failure::usage("--scenario and --cluster go with --token or --arn"));
        }
        let mut texts = self.artifacts.read()?;
        if self.files.is_empty() && texts.is_empty() {
            if terminal::is_in_terminal() {
                return Err(Failure::usage(
                    "name files, or lead a text in (`eks-auth-sim explain < ticket.txt`); a running simulator explains with --last",
                ));
            }
            self.files.push("-".to_owned());
        }
        answer::read_texts(&self.files, &mut texts)?;
        answer::print(&ticket::answer(&texts), self.output, self.spoken.language())
    }

    /// What a line says, alone or together with artifacts.
    fn explain_line(&self, line: &str) -> Result<ExitCode, Failure> {
        let alone = newest_denial(line)
            .or_else(|| line.lines().rev().find_map(explain_log_line))
            .or_else(|| explain_log_line(line));
        let alone = alone.ok_or_else(|| {
            Failure::not_so(
                "this is no line of the authenticator's log: give one with `msg=\"access denied\"`, or its error",
            )
        })?;
        if self.artifacts.is_empty() {
            let mut out = terminal::out();
            match self.output {
                Output::Json => out.json(format_args!("{:#}", line_value(&alone)))?,
                Output::Text => writeln!(out, "{}", alone.render_text().trim_end())?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        let mut artifacts = self.artifacts.read()?;
        artifacts.push(Artifact {
            file: "log line".to_owned(),
            text: line.to_owned(),
            kind: Some(ArtifactKind::Log),
        });
        let options = Options {
            id: "log-line".to_owned(),
            anonymise: None,
        };
        let imported = import::import(&artifacts, &options);
        let findings = match &imported {
            Ok(imported) => &imported.findings,
            Err(refusal) => &refusal.findings,
        };
        let mut err = terminal::err();
        for finding in findings {
            writeln!(err, "{finding}")?;
        }
        let explanation = imported.map_err(Failure::not_so)?.explanation;
        print(&api::Explanation::of("", &explanation), self.output)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Whether a principal is mapped, by files alone.
    fn explain_principal(&self, arn: &str) -> Result<ExitCode, Failure> {
        let explained = import::explain_principal(arn, &self.artifacts.read()?);
        let findings = match &explained {
            Ok(explained) => &explained.findings,
            Err(refusal) => &refusal.findings,
        };
        if self.output == Output::Text || explained.is_err() {
            let mut err = terminal::err();
            for finding in findings {
                writeln!(err, "{finding}")?;
            }
        }
        let explained = explained.map_err(|_| Failure::not_so("there is nothing to be explained by"))?;
        let mut out = terminal::out();
        match self.output {
            Output::Json => out.json(format_args!("{:#}", principal_value(&explained)))?,
            Output::Text => writeln!(out, "{}", explained.render_text().trim_end())?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// In the World of a scenario at its beginning.
    fn explain_here(&self) -> Result<api::Explanation, Failure> {
        let machine = SystemClock.now();
        let staging = scenario::stage(&world_text(self.scenario.as_deref())?, machine).map_err(Failure::usage)?;
        let now = staging.world.clock.now(machine);
        let subject = match (&self.token, &self.arn) {
            (Some(token), _) => Subject::Token(token),
            (None, Some(arn)) => Subject::Arn(arn),
            (None, None) => return Err(Failure::usage("give --token or --arn")),
        };
        let client = self.client();
        control::explain_in(&staging.world, now, subject, self.cluster.as_deref(), client.as_ref())
            .map_err(Failure::usage)
    }

    /// The AWS configuration of this shell, which tells who may have signed. Files that cannot be read tell nothing.
    fn client(&self) -> Option<ClientContext> {
        if self.arn.is_some() {
            return None;
        }
        let env = plugin_environment(&env::vars().collect());
        let config = ClientConfig::load(env, None).ok()?;
        Some(config.client_context())
    }
}

/// Prints an explanation, as JSON without its text.
fn print(explanation: &api::Explanation, output: Output) -> Result<(), Failure> {
    let mut out = terminal::out();
    match output {
        Output::Json => out.json(format_args!("{:#}", json!(explanation.parts)))?,
        Output::Text => writeln!(out, "{}", explanation.text.trim_end())?,
    }
    Ok(())
}

/// An explanation as in a simulator, where there is one, and what the modes and the files add.
fn principal_value(explained: &PrincipalExplanation) -> Value {
    let members = |explanation: Option<&Explanation>| {
        let parts = explanation.map(|explanation| json!(api::Explanation::of(&explained.cluster, explanation).parts));
        match parts {
            Some(Value::Object(members)) => members,
            _ => Map::from_iter([("cluster".to_owned(), json!(explained.cluster))]),
        }
    };
    let mapped = |mapped| match mapped {
        Mapped::Yes => json!(true),
        Mapped::No => json!(false),
        Mapped::NotKnown => Value::Null,
    };
    let answers = explained.answers.iter().map(|answer| {
        let mut members = members(Some(&answer.explanation));
        members.insert("authentication_mode".to_owned(), json!(answer.mode.as_str()));
        members.insert("mapped".to_owned(), mapped(answer.mapped));
        Value::Object(members)
    });
    let mut whole = members(explained.verdict());
    whole.insert("mapped".to_owned(), mapped(explained.mapped));
    whole.insert("answers".to_owned(), answers.collect());
    whole.insert("not_known".to_owned(), json!(explained.not_known));
    whole.insert(
        "findings".to_owned(),
        explained.findings.iter().map(finding_value).collect(),
    );
    Value::Object(whole)
}

fn line_value(explained: &LogExplanation) -> Value {
    let explanation = &explained.explanation;
    json!({
        "cause": explanation.cause.id(),
        "possible": explained.possible.iter().map(|cause| cause.id()).collect::<Vec<_>>(),
        "sentence": explanation.sentence,
        "caller": explained.caller,
        "evidence": explanation.evidence,
        "look_at": explained.look_at,
        "fix": explanation.fix,
        "commands": fix_commands(&explanation.fix),
    })
}
