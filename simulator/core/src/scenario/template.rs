//! Texts with places for what is known only when a scenario is played: `@{endpoint}`, `@{key_id default}`.
//!
//! Values are filled in by whoever plays it. No shell, no template language of Kubernetes and no editor writes `@{`.

use crate::value::instant::duration_seconds;

/// A text with places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Stands as it is.
    Text(String),
    /// Is filled in.
    Place(Placeholder),
}

/// What a place is filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// `aws_endpoint`: the URL of the AWS services.
    AwsEndpoint,
    /// `ca [CLUSTER]`: the certificate authority of a cluster, in base64 as kubeconfigs have it.
    CertificateAuthority(Option<String>),
    /// `endpoint [CLUSTER]`: the URL of a cluster's Kubernetes API.
    Endpoint(Option<String>),
    /// `home`: the person's home folder.
    Home,
    /// `key_id PROFILE`: the id of a profile's access key.
    KeyId(String),
    /// `saved NAME`: what an earlier step saved.
    Saved(String),
    /// `secret PROFILE`: the secret of a profile's access key.
    Secret(String),
    /// `session_token PROFILE`: the session token of a profile's access key.
    SessionToken(String),
    /// `token PROFILE [AGE [CLUSTER]]`: a bearer token that a profile's key signed so long ago.
    Token {
        /// The profile.
        profile: String,
        /// In seconds; negative for one that is signed in the future.
        age_seconds: i64,
        /// The cluster; the first where absent.
        cluster: Option<String>,
    },
}

impl Template {
    /// Reads a text with places.
    ///
    /// # Errors
    /// [`TemplateError`] of the first place that is none.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("@{") {
            let (place, behind) = after.split_once('}').ok_or(TemplateError::Open)?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Place(Placeholder::parse(place)?));
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            pieces,
        })
    }

    /// As it is written, for people.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// Its parts in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Its places in order.
    pub fn places(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Place(place) => Some(place),
            Piece::Text(_) => None,
        })
    }

    /// The text with every place filled in.
    ///
    /// # Errors
    /// That of `value`.
    pub fn fill<E>(&self, value: impl Fn(&Placeholder) -> Result<String, E>) -> Result<String, E> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Place(place) => text.push_str(&value(place)?),
            }
        }
        Ok(text)
    }
}

impl Placeholder {
    fn parse(text: &str) -> Result<Self, TemplateError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let own = |word: &str| word.to_owned();
        match words[..] {
            ["aws_endpoint"] => Ok(Self::AwsEndpoint),
            ["ca"] => Ok(Self::CertificateAuthority(None)),
            ["ca", cluster] => Ok(Self::CertificateAuthority(Some(own(cluster)))),
            ["endpoint"] => Ok(Self::Endpoint(None)),
            ["endpoint", cluster] => Ok(Self::Endpoint(Some(own(cluster)))),
            ["home"] => Ok(Self::Home),
            ["key_id", profile] => Ok(Self::KeyId(own(profile))),
            ["saved", name] => Ok(Self::Saved(own(name))),
            ["secret", profile] => Ok(Self::Secret(own(profile))),
            ["session_token", profile] => Ok(Self::SessionToken(own(profile))),
            ["token", profile] => Ok(Self::token(profile, 0, None)),
            ["token", profile, age] => Ok(Self::token(profile, read_age(age)?, None)),
            ["token", profile, age, cluster] => Ok(Self::token(profile, read_age(age)?, Some(own(cluster)))),
            _ => Err(TemplateError::Place(text.to_owned())),
        }
    }

    fn token(profile: &str, age_seconds: i64, cluster: Option<String>) -> Self {
        Self::Token {
            profile: profile.to_owned(),
            age_seconds,
            cluster,
        }
    }

    /// The profile whose key it needs.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::KeyId(profile)
            | Self::Secret(profile)
            | Self::SessionToken(profile)
            | Self::Token { profile, .. } => Some(profile),
            Self::AwsEndpoint | Self::CertificateAuthority(_) | Self::Endpoint(_) | Self::Home | Self::Saved(_) => None,
        }
    }

    /// The cluster that it names.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        match self {
            Self::CertificateAuthority(cluster) | Self::Endpoint(cluster) | Self::Token { cluster, .. } => {
                cluster.as_deref()
            }
            Self::AwsEndpoint
            | Self::Home
            | Self::KeyId(_)
            | Self::Saved(_)
            | Self::Secret(_)
            | Self::SessionToken(_) => None,
        }
    }
}

fn read_age(text: &str) -> Result<i64, TemplateError> {
    duration_seconds(text).ok_or_else(|| TemplateError::Age(text.to_owned()))
}

/// Why a text with places is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The age of a token is no duration.
    #[error("`{0}` is no duration: 90s, 16m, 2h or 1d")]
    Age(String),
    /// A place does not end.
    #[error("`@{{` has no `}}`")]
    Open,
    /// There is no such place.
    #[error(
        "`@{{{0}}}` is no place: aws_endpoint, ca [CLUSTER], endpoint [CLUSTER], home, key_id PROFILE, saved NAME, secret PROFILE, \
         session_token PROFILE, token PROFILE [AGE [CLUSTER]]"
    )]
    Place(String),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_are_read() {
        let template = Template::parse("a @{endpoint}b@{token default 20m}").unwrap();
        assert_eq!(
            template.pieces(),
            [
                Piece::Text("a ".to_owned()),
                Piece::Place(Placeholder::Endpoint(None)),
                Piece::Text("b".to_owned()),
                Piece::Place(Placeholder::Token {
                    profile: "default".to_owned(),
                    age_seconds: 1200,
                    cluster: None,
                }),
            ]
        );
        let filled = template.fill(|place| {
            match place {
                Placeholder::Endpoint(_) => Ok("X"),
                _ => Err("no"),
            }
            .map(str::to_owned)
        });
        assert_eq!(filled, Err("no"));
        let no_place = |text: &str| TemplateError::Place(text.to_owned());
        for (text, error) in [
            ("@{", TemplateError::Open),
            ("@{}", no_place("")),
            ("@{nothing}", no_place("nothing")),
            ("@{token}", no_place("token")),
            ("@{token default soon}", TemplateError::Age("soon".to_owned())),
            ("@{home x}", no_place("home x")),
        ] {
            assert_eq!(Template::parse(text), Err(error), "{text}");
        }
        assert!(
            Template::parse("{{SessionName}} ${HOME} $(x) a@b")
                .unwrap()
                .places()
                .next()
                .is_none()
        );
    }

    proptest! {
        #[test]
        fn a_text_without_places_stays_as_it_is(text in "[^@]{0,40}") {
            let template = Template::parse(&text).unwrap();
            prop_assert_eq!(template.fill(|_| Err::<String, ()>(())), Ok(text));
        }
    }
}
