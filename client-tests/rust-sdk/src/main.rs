//! The story of client-tests/tests/it/sdks.rs, told by the AWS SDK for Rust: prints what it saw as one JSON object.

use std::error::Error;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use aws_config::BehaviorVersion;
use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::operation::start_query::StartQueryError;
use aws_sdk_cloudwatchlogs::types::QueryStatus;
use aws_sdk_eks::types::AccessScope;
use aws_sdk_eks::types::AccessScopeType;
use aws_sdk_eks::types::AuthenticationMode;
use aws_sdk_eks::types::UpdateAccessConfigRequest;
use aws_sdk_eks::types::UpdateStatus;
use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::config::SharedCredentialsProvider;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

const ROLE: &str = "arn:aws:iam::111122223333:role/admin-test-role";
const POLICY: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
const CLUSTER: &str = "my-cluster";
const GRANTED: &str = r#"fields @timestamp, @message
    | filter @logStream like /authenticator/ | filter @message like "access granted"
    | sort @timestamp desc | limit 20"#;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

async fn caller(config: &SdkConfig) -> Result<Option<String>> {
    let identity = aws_sdk_sts::Client::new(config).get_caller_identity().send().await?;
    Ok(identity.arn)
}

async fn access_entry(eks: &aws_sdk_eks::Client, told: &mut Map<String, Value>) -> Result<()> {
    let access = UpdateAccessConfigRequest::builder().authentication_mode(AuthenticationMode::ApiAndConfigMap);
    let answer = eks.update_cluster_config().name(CLUSTER).access_config(access.build());
    let mut update = answer.send().await?.update.ok_or("no update")?;
    let started = Instant::now();
    while update.status == Some(UpdateStatus::InProgress) && started.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let answer = eks.describe_update().name(CLUSTER).set_update_id(update.id);
        update = answer.send().await?.update.ok_or("no update")?;
    }
    let params: Map<String, Value> = update
        .params()
        .iter()
        .filter_map(|param| Some((param.r#type()?.as_str().to_owned(), json!(param.value()))))
        .collect();
    let (kind, status) = (update.r#type(), update.status());
    let (kind, status) = (kind.map(|kind| kind.as_str()), status.map(|status| status.as_str()));
    told.insert(
        "update".to_owned(),
        json!({"type": kind, "params": params, "status": status}),
    );

    let create = || {
        eks.create_access_entry()
            .cluster_name(CLUSTER)
            .principal_arn(ROLE)
            .kubernetes_groups("viewers")
            .tags("team", "sdk")
            .send()
    };
    let entry = create().await?.access_entry.ok_or("no entry")?;
    told.insert(
        "entry".to_owned(),
        json!({
            "principalArn": entry.principal_arn(),
            "username": entry.username(),
            "groups": entry.kubernetes_groups(),
            "type": entry.r#type(),
            "tags": entry.tags(),
            "created": entry.created_at().map(|time| time.secs()),
        }),
    );
    let error = create().await.err().ok_or("made twice")?.into_service_error();
    if error.is_resource_in_use_exception() {
        told.insert("duplicate".to_owned(), json!(error.meta().message()));
    }
    let scope = AccessScope::builder()
        .r#type(AccessScopeType::Namespace)
        .namespaces("default");
    let answer = eks
        .associate_access_policy()
        .cluster_name(CLUSTER)
        .principal_arn(ROLE)
        .policy_arn(POLICY);
    let answer = answer.access_scope(scope.build()).send().await?;
    let associated = answer.associated_access_policy().ok_or("no association")?;
    let scope = associated.access_scope().ok_or("no scope")?;
    told.insert(
        "association".to_owned(),
        json!({
            "policyArn": associated.policy_arn(),
            "type": scope.r#type().map(AccessScopeType::as_str),
            "namespaces": scope.namespaces(),
        }),
    );
    let mut pages = eks
        .list_access_entries()
        .cluster_name(CLUSTER)
        .into_paginator()
        .page_size(1)
        .items()
        .send();
    let mut entries = Vec::new();
    while let Some(arn) = pages.next().await {
        entries.push(arn?);
    }
    told.insert("entries".to_owned(), json!(entries));
    let policies = eks
        .list_associated_access_policies()
        .cluster_name(CLUSTER)
        .principal_arn(ROLE)
        .send()
        .await?;
    let policies: Vec<_> = policies
        .associated_access_policies()
        .iter()
        .map(|policy| policy.policy_arn())
        .collect();
    told.insert("policies".to_owned(), json!(policies));
    let describe = || {
        eks.describe_access_entry()
            .cluster_name(CLUSTER)
            .principal_arn(ROLE)
            .send()
    };
    let described = describe().await?.access_entry.ok_or("no entry")?;
    told.insert(
        "same".to_owned(),
        json!(described.access_entry_arn() == entry.access_entry_arn()),
    );

    let answer = eks
        .disassociate_access_policy()
        .cluster_name(CLUSTER)
        .principal_arn(ROLE);
    answer.policy_arn(POLICY).send().await?;
    eks.delete_access_entry()
        .cluster_name(CLUSTER)
        .principal_arn(ROLE)
        .send()
        .await?;
    let error = describe().await.err().ok_or("not gone")?.into_service_error();
    if error.is_resource_not_found_exception() {
        told.insert("gone".to_owned(), json!(error.meta().message()));
    }
    let error = eks
        .describe_cluster()
        .name("other")
        .send()
        .await
        .err()
        .ok_or("not missing")?;
    let status = error.raw_response().map(|response| response.status().as_u16());
    if let aws_sdk_eks::operation::describe_cluster::DescribeClusterError::ResourceNotFoundException(error) =
        error.into_service_error()
    {
        let missing = json!({"message": error.message(), "status": status, "clusterName": error.cluster_name()});
        told.insert("missing".to_owned(), missing);
    }
    Ok(())
}

async fn insights(logs: &aws_sdk_cloudwatchlogs::Client, told: &mut Map<String, Value>) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() as i64;
    let start = |text: &str| {
        logs.start_query()
            .log_group_name(format!("/aws/eks/{CLUSTER}/cluster"))
            .start_time(now - 3600)
            .end_time(now)
            .query_string(text)
            .send()
    };
    let query = start(GRANTED).await?.query_id.ok_or("no query")?;
    let results = || logs.get_query_results().query_id(&query).send();
    let mut answer = results().await?;
    let started = Instant::now();
    while matches!(answer.status(), Some(QueryStatus::Scheduled | QueryStatus::Running))
        && started.elapsed() < Duration::from_secs(30)
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
        answer = results().await?;
    }
    let cells = answer.results().iter().flatten();
    let granted: Vec<_> = cells
        .filter(|cell| cell.field() == Some("@message"))
        .map(|cell| cell.value())
        .collect();
    let status = answer.status().map(QueryStatus::as_str);
    told.insert("query".to_owned(), json!({"status": status, "granted": granted}));

    let error = start("filter ==").await.err().ok_or("not malformed")?;
    if let StartQueryError::MalformedQueryException(error) = error.into_service_error() {
        let compiled = error.query_compile_error().ok_or("no error of the query")?;
        let location = compiled.location().ok_or("no location")?;
        told.insert(
            "malformed".to_owned(),
            json!({
                "message": error.message(),
                "compiled": compiled.message(),
                "start": location.start_char_offset(),
                "end": location.end_char_offset(),
            }),
        );
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut told = Map::new();
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    told.insert("caller".to_owned(), json!(caller(&config).await?));
    let by_profile = aws_config::defaults(BehaviorVersion::latest())
        .profile_name("admin-test-role")
        .load()
        .await;
    told.insert("profile".to_owned(), json!(caller(&by_profile).await?));
    let assume = aws_sdk_sts::Client::new(&config).assume_role().role_arn(ROLE);
    let assumed = assume.role_session_name("sdk").duration_seconds(900).send().await?;
    let assumed = assumed.credentials.ok_or("no credentials")?;
    told.insert("expiration".to_owned(), json!(assumed.expiration.secs()));
    let token = Some(assumed.session_token);
    let credentials = Credentials::new(
        assumed.access_key_id,
        assumed.secret_access_key,
        token,
        None,
        "AssumeRole",
    );
    let provider = SharedCredentialsProvider::new(credentials);
    let config = config.into_builder().credentials_provider(provider).build();
    told.insert("session".to_owned(), json!(caller(&config).await?));
    let eks = aws_sdk_eks::Client::new(&config);
    let cluster = eks
        .describe_cluster()
        .name(CLUSTER)
        .send()
        .await?
        .cluster
        .ok_or("no cluster")?;
    let mode = cluster.access_config().and_then(|access| access.authentication_mode());
    told.insert(
        "cluster".to_owned(),
        json!({
            "name": cluster.name(),
            "status": cluster.status().map(|status| status.as_str()),
            "version": cluster.version(),
            "endpoint": cluster.endpoint(),
            "mode": mode.map(AuthenticationMode::as_str),
        }),
    );
    access_entry(&eks, &mut told).await?;
    insights(&aws_sdk_cloudwatchlogs::Client::new(&config), &mut told).await?;
    println!("{}", Value::Object(told));
    Ok(())
}
