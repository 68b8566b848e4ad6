//! The JSON Schema of scenario files.

use serde_json::Value;

/// The format as a JSON Schema, draft 2020-12. What the schema cannot say, such as that a name must stand for something, only
/// [`super::Scenario::parse`] tells.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(super::file::ScenarioFile).to_value();
    if let Some(map) = schema.as_object_mut() {
        map.insert("title".to_owned(), "A scenario of eks-auth-sim".into());
    }
    schema
}
