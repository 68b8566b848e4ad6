//! The API server's own cache of good judgements: the same token is not judged again for a while.
//!
//! Source: `apiserver/pkg/authentication/token/cache/cached_token_authenticator.go` of Kubernetes 1.32, as it stands before
//! a webhook: a success is kept for `--authentication-token-webhook-cache-ttl` (2 minutes where nothing is set) from the
//! judgement on. aws-iam-authenticator denies with status 403, which is an error to the API server, and errors are not
//! kept. So a new mapping works at once, and one that is taken away goes on working for the same token.

use imbl::OrdMap;
use sha2::Digest;
use sha2::Sha256;

use crate::cluster::mapping::Identity;
use crate::value::instant::Timestamp;
use crate::value::user::UserInfo;

/// Tokens kept at once; upstream keeps 4096 in each of 32 stripes.
const CAPACITY: usize = 4096;

/// Good judgements by token. Tokens themselves are not kept, only their hashes. A clone shares structure.
#[derive(Clone, Debug, Default)]
pub struct TokenCache {
    entries: OrdMap<[u8; 32], Judgement>,
}

/// A token that was good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Who signed it.
    pub identity: Identity,
    /// Who that is.
    pub user: UserInfo,
    /// When it was judged.
    pub since: Timestamp,
    /// From when on it must be judged again.
    pub until: Timestamp,
}

impl TokenCache {
    /// The judgement of a token that still counts at `now`.
    #[must_use]
    pub fn find(&self, cluster: &str, token: &str, now: Timestamp) -> Option<Judgement> {
        let key = key(cluster, token);
        // A clock that was moved back is before `since`.
        self.entries
            .get(&key)
            .filter(|judgement| judgement.since <= now && now < judgement.until)
            .cloned()
    }

    /// Forgets every judgement. When a cluster goes, those for it must go, lest they count for one of the same name;
    /// that the others are judged again costs nothing but time.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Keeps a judgement.
    pub fn keep(&mut self, cluster: &str, token: &str, judgement: Judgement) {
        let key = key(cluster, token);
        let now = judgement.since;
        if self.entries.len() >= CAPACITY {
            let kept = self
                .entries
                .iter()
                .filter(|(_, kept)| kept.since <= now && now < kept.until);
            self.entries = kept.map(|(key, kept)| (*key, kept.clone())).collect();
        }
        if self.entries.len() >= CAPACITY {
            self.entries.clear();
        }
        self.entries.insert(key, judgement);
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
        let mut cache = TokenCache::default();
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
        let mut cache = TokenCache::default();
        for at in 0..3 * CAPACITY {
            cache.keep("a", &at.to_string(), judgement(1000));
        }
        assert!(cache.entries.len() <= CAPACITY);
    }
}
