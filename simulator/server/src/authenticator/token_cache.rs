//! The API server's own cache of good judgements: the same token is not judged again for a while.
//!
//! Source: `apiserver/pkg/authentication/token/cache/cached_token_authenticator.go` of Kubernetes 1.32, as it stands before
//! a webhook: a success is kept for `--authentication-token-webhook-cache-ttl` (2 minutes where nothing is set) from the
//! judgement on. aws-iam-authenticator denies with status 403, which is an error to the API server, and errors are not
//! kept. So a new mapping works at once, and one that is taken away goes on working for the same token.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use eks_auth_core::cluster::mapping::Identity;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::user::UserInfo;
use sha2::Digest;
use sha2::Sha256;

/// Tokens kept at once; upstream keeps 4096 in each of 32 stripes.
const CAPACITY: usize = 4096;

/// Good judgements by token. Tokens themselves are not kept, only their hashes.
#[derive(Debug, Default)]
pub(crate) struct TokenCache {
    // A std Mutex: held for a look or an insertion, never across an await.
    entries: Mutex<BTreeMap<[u8; 32], Judgement>>,
}

/// A token that was good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Who signed it.
    pub(crate) identity: Identity,
    /// Who that is.
    pub(crate) user: UserInfo,
    /// When it was judged.
    pub(crate) since: Timestamp,
    /// From when on it must be judged again.
    pub(crate) until: Timestamp,
}

impl TokenCache {
    /// The judgement of a token that still counts at `now`.
    pub(crate) fn find(&self, cluster: &str, token: &str, now: Timestamp) -> Option<Judgement> {
        let key = key(cluster, token);
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was moved back is before `since`.
        entries
            .get(&key)
            .filter(|judgement| judgement.since <= now && now < judgement.until)
            .cloned()
    }

    /// Forgets every judgement. When a cluster goes, those for it must go, lest they count for one of the same name;
    /// that the others are judged anew costs nothing but time.
    pub(crate) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Keeps a judgement.
    pub(crate) fn keep(&self, cluster: &str, token: &str, judgement: Judgement) {
        let key = key(cluster, token);
        let now = judgement.since;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY {
            entries.retain(|_, kept| kept.since <= now && now < kept.until);
        }
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(key, judgement);
    }
}

fn key(cluster: &str, token: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(cluster.as_bytes());
    hash.update([0]);
    hash.update(token.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(since: i64) -> Judgement {
        Judgement {
            identity: Identity {
                arn: String::new(),
                canonical_arn: String::new(),
                account_id: String::new(),
                user_id: String::new(),
                session_name: String::new(),
                access_key_id: String::new(),
            },
            user: UserInfo::default(),
            since: Timestamp::from_unix_seconds(since),
            until: Timestamp::from_unix_seconds(since + 120),
        }
    }

    #[test]
    fn a_judgement_counts_for_its_time_and_its_cluster() {
        let cache = TokenCache::default();
        cache.keep("a", "t", judgement(1000));
        let found = |cluster: &str, token: &str, now| {
            let now = Timestamp::from_unix_seconds(now);
            cache.find(cluster, token, now).is_some()
        };
        assert!(found("a", "t", 1000));
        assert!(found("a", "t", 1119));
        assert!(!found("a", "t", 1120));
        assert!(!found("a", "t", 999));
        assert!(!found("b", "t", 1000));
        assert!(!found("a", "u", 1000));
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = TokenCache::default();
        for at in 0..3 * CAPACITY {
            cache.keep("a", &at.to_string(), judgement(1000));
        }
        assert!(cache.entries.lock().unwrap().len() <= CAPACITY);
    }
}
