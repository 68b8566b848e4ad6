//! Tags: at most fifty of an entity, with keys that are unique without regard to case.

use imbl::OrdMap;
use serde::Deserialize;
use serde::Serialize;

use super::IamError;

/// IAM quota.
const TAGS: usize = 50;

/// The tags of an entity.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Tags(OrdMap<String, (String, String)>);

impl Tags {
    /// All of them by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.values().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Adds tags, in place of those with the same keys.
    ///
    /// # Errors
    /// [`IamError::DuplicateTagKeys`], [`IamError::TooManyTags`].
    pub fn add(&mut self, tags: &[(String, String)]) -> Result<(), IamError> {
        let mut new = OrdMap::new();
        for (key, value) in tags {
            if new.insert(key.to_lowercase(), (key.clone(), value.clone())).is_some() {
                return Err(IamError::DuplicateTagKeys);
            }
        }
        let all = new.union(self.0.clone());
        if all.len() > TAGS {
            return Err(IamError::TooManyTags);
        }
        self.0 = all;
        Ok(())
    }

    /// Takes tags away, those that are there.
    pub fn remove(&mut self, keys: &[String]) {
        for key in keys {
            self.0.remove(&key.to_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn keys_are_unique_without_regard_to_case() {
        let mut tags = Tags::default();
        tags.add(&[tag("Team", "a"), tag("app", "b")]).unwrap();
        tags.add(&[tag("TEAM", "c")]).unwrap();
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("app", "b"), ("TEAM", "c")]);
        let before = tags.clone();
        assert_eq!(
            tags.add(&[tag("x", "1"), tag("X", "2")]),
            Err(IamError::DuplicateTagKeys)
        );
        assert_eq!(tags, before);
        tags.remove(&["team".to_owned(), "none".to_owned()]);
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("app", "b")]);
    }

    #[test]
    fn there_are_fifty_at_most() {
        let mut tags = Tags::default();
        let fifty: Vec<_> = (0..50).map(|at| tag(&format!("k{at}"), "")).collect();
        tags.add(&fifty).unwrap();
        tags.add(&[tag("k0", "again")]).unwrap();
        assert_eq!(tags.add(&[tag("more", "")]), Err(IamError::TooManyTags));
    }
}
