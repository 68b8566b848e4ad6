//! The texts of an `aws-auth` ConfigMap.

#![no_main]

use eks_auth_core::cluster::mapping::aws_auth::AwsAuth;
use eks_auth_core::cluster::mapping::config::AuthenticatorConfig;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let object = json!({"data": {"mapRoles": text, "mapUsers": text, "mapAccounts": text}});
    let aws_auth = AwsAuth::from_config_map(&object);
    for item in aws_auth.roles().iter().chain(aws_auth.users()) {
        if !item.arn.is_empty() {
            assert!(aws_auth.find(&item.arn).is_some(), "{item:?}");
        }
    }
    let _ = AuthenticatorConfig::parse(&text);
});
