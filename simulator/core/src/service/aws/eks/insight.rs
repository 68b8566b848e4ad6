//! Insights.

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::input;
use crate::cluster::eks::insight::Insight;
use crate::service::aws::Service;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;
use crate::value::instant::Timestamp;

/// The one category of the insights that there are.
const CATEGORY: &str = "UPGRADE_READINESS";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    #[serde(default)]
    filter: Filter,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// An absent list lets everything through, as an empty one does.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    categories: Vec<String>,
    kubernetes_versions: Vec<String>,
    statuses: Vec<String>,
}

impl Filter {
    fn takes(&self, insight: &Insight) -> bool {
        let has = |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == value);
        has(&self.categories, CATEGORY)
            && has(&self.kubernetes_versions, insight.kubernetes_version)
            && has(&self.statuses, insight.status.as_str())
    }
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: List = call.body()?;
    let cluster = call.cluster(call.label(0))?;
    let insights = cluster.insights(call.now);
    let insights = insights.iter().filter(|insight| asked.filter.takes(insight));
    // Pages go by the order of the keys.
    let insights = insights
        .enumerate()
        .map(|(at, insight)| (at.to_string(), summary(insight, cluster.created)))
        .collect();
    input::page_at("insights", insights, asked.max_results, asked.next_token)
}

pub(super) fn describe(call: &Context<'_>) -> Result<Value, AwsError> {
    let cluster = call.cluster(call.label(0))?;
    let insight = cluster.insight(call.label(1), call.now)?;
    let mut value = summary(&insight, cluster.created);
    if let Some(value) = value.as_object_mut() {
        let further: Map<String, Value> = insight
            .further
            .iter()
            .map(|(title, address)| ((*title).to_owned(), json!(address)))
            .collect();
        let resources = insight.resources.iter().map(|(path, status)| {
            json!({"kubernetesResourceUri": path, "insightStatus": {"status": status.as_str(), "reason": ""}})
        });
        value.insert("recommendation".to_owned(), json!(insight.recommendation));
        value.insert("additionalInfo".to_owned(), json!(further));
        value.insert("resources".to_owned(), resources.collect());
        value.insert(
            "categorySpecificSummary".to_owned(),
            json!({"deprecationDetails": [], "addonCompatibilityDetails": []}),
        );
    }
    Ok(json!({"insight": value}))
}

fn summary(insight: &Insight, created: Timestamp) -> Value {
    json!({
        "id": insight.id,
        "name": insight.name,
        "category": CATEGORY,
        "kubernetesVersion": insight.kubernetes_version,
        "lastRefreshTime": time(Service::Eks, insight.refreshed),
        "lastTransitionTime": time(Service::Eks, created),
        "description": insight.description,
        "insightStatus": {"status": insight.status.as_str(), "reason": insight.reason},
    })
}
