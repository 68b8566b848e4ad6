//! The signatures of botocore, stage by stage: each folder of `testdata/sigv4` is one request. `generate.py` beside the
//! folders says what is in them.

#![expect(
    clippy::disallowed_methods,
    reason = "the core reads no files; this test of it reads the folders, so that none is forgotten"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a folder of another form fails the test; clippy knows only functions with #[test] as tests here"
)]

use std::fs;
use std::path::Path;

use eks_auth_core::aws::iam::AccessKey;
use eks_auth_core::aws::iam::Directory;
use eks_auth_core::aws::iam::KeyOwner;
use eks_auth_core::aws::iam::KeyStatus;
use eks_auth_core::aws::iam::SecretKey;
use eks_auth_core::aws::iam::Session;
use eks_auth_core::aws::iam::SessionFacts;
use eks_auth_core::aws::iam::SessionToken;
use eks_auth_core::aws::sigv4;
use eks_auth_core::aws::sigv4::CanonicalRequest;
use eks_auth_core::aws::sigv4::CredentialScope;
use eks_auth_core::aws::sigv4::Presign;
use eks_auth_core::aws::sigv4::Receiver;
use eks_auth_core::aws::sigv4::SignedRequest;
use eks_auth_core::aws::sigv4::Signer;
use eks_auth_core::aws::sigv4::StringToSign;
use eks_auth_core::value::arn::AccountId;
use eks_auth_core::value::arn::Partition;
use eks_auth_core::value::instant::Timestamp;
use serde::Deserialize;
use sha2::Digest;
use sha2::Sha256;

/// Fewer folders than this mean that the suite was not found whole.
const LEAST_CASES: usize = 80;

#[test]
fn every_stage_is_botocores_and_its_signature_verifies() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sigv4");
    let mut cases = 0;
    let mut differences = Vec::new();
    for entry in fs::read_dir(suite).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() {
            cases += 1;
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            if let Err((stage, ours, theirs)) = Case::read(&folder).run() {
                differences.push(format!("{name}, {stage}\n--- ours\n{ours}\n--- botocore's\n{theirs}"));
            }
        }
    }
    differences.sort();
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    assert!(cases >= LEAST_CASES, "{cases} cases");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Context {
    form: Form,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: String,
    service: String,
    date: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Header,
    Query,
}

struct Case {
    context: Context,
    method: String,
    path: String,
    /// Before signing.
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    canonical_request: String,
    string_to_sign: String,
    signature: String,
    /// The Authorization header, or the presigned query.
    signed: String,
}

/// The stage that differs, ours and botocore's.
type Difference = (&'static str, String, String);

fn check(stage: &'static str, ours: impl ToString, theirs: &str) -> Result<(), Difference> {
    let ours = ours.to_string();
    if ours == theirs {
        Ok(())
    } else {
        Err((stage, ours, theirs.to_owned()))
    }
}

impl Case {
    fn read(folder: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let context: Context = serde_json::from_str(&text("context.json")).unwrap();
        let request = text("request.txt");
        let (head, body) = request.split_once("\n\n").unwrap();
        let mut lines = head.split('\n');
        let (method, rest) = lines.next().unwrap().split_once(' ').unwrap();
        let target = rest.strip_suffix(" HTTP/1.1").unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Self {
            signed: text(match context.form {
                Form::Header => "authorization.txt",
                Form::Query => "presigned-query.txt",
            }),
            context,
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_owned(),
            canonical_request: text("canonical-request.txt"),
            string_to_sign: text("string-to-sign.txt"),
            signature: text("signature.txt"),
        }
    }

    fn run(&self) -> Result<(), Difference> {
        let mut headers = self.headers.clone();
        let mut query = &self.query;
        match self.context.form {
            Form::Header => headers.push(("authorization".to_owned(), self.signed.clone())),
            Form::Query => query = &self.signed,
        }
        let request = SignedRequest {
            method: &self.method,
            path: &self.path,
            query,
            headers: &headers,
            body: self.body.as_bytes(),
        };

        let payload_hash: String = Sha256::digest(request.body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let canonical = CanonicalRequest::new(&request, &self.signed_headers(), &payload_hash);
        check("canonical request", &canonical, &self.canonical_request)?;

        let scope = CredentialScope {
            access_key_id: self.context.access_key_id.clone(),
            date: self.now().render_amz_date(),
            region: self.context.region.clone(),
            service: self.context.service.clone(),
        };
        let string_to_sign = StringToSign::new(&self.context.date, &scope, &canonical);
        check("string to sign", &string_to_sign, &self.string_to_sign)?;

        let signed = self.sign();
        let ours = signed.rsplit_once("Signature=").map(|(_, signature)| signature);
        check("signature", ours.unwrap_or_default(), &self.signature)?;
        check("signed request", &signed, &self.signed)?;
        self.verify(request)
    }

    /// The last line but one of the canonical request.
    fn signed_headers(&self) -> String {
        self.canonical_request.rsplit('\n').nth(1).unwrap().to_owned()
    }

    /// The Authorization header or the whole query, by our signer.
    fn sign(&self) -> String {
        let secret = SecretKey::new(self.context.secret_access_key.clone());
        let session_token = self.context.session_token.clone().map(SessionToken::new);
        let signer = Signer {
            access_key_id: &self.context.access_key_id,
            secret: &secret,
            session_token: session_token.as_ref(),
            region: &self.context.region,
            service: &self.context.service,
            now: self.now(),
        };
        let signed_headers = self.signed_headers();
        // Our signer signs all that it is given, and adds two of them itself.
        let headers: Vec<(String, String)> = self
            .headers
            .iter()
            .filter(|(name, _)| signed_headers.split(';').any(|signed| signed == name))
            .filter(|(name, _)| !["x-amz-date", "x-amz-security-token"].contains(&name.as_str()))
            .cloned()
            .collect();
        match self.context.form {
            Form::Header => signer
                .sign_header(&SignedRequest {
                    method: &self.method,
                    path: &self.path,
                    query: &self.query,
                    headers: &headers,
                    body: self.body.as_bytes(),
                })
                .into_iter()
                .find_map(|(name, value)| (name == "authorization").then_some(value))
                .unwrap(),
            Form::Query => signer.presign(&Presign {
                method: &self.method,
                path: &self.path,
                query: &self.query,
                headers: &headers,
                expires: self.expires(),
            }),
        }
    }

    fn expires(&self) -> u32 {
        let (_, rest) = self.signed.split_once("X-Amz-Expires=").unwrap();
        rest.split('&').next().unwrap().parse().unwrap()
    }

    fn now(&self) -> Timestamp {
        Timestamp::parse_amz(&self.context.date).unwrap()
    }

    fn verify(&self, request: SignedRequest<'_>) -> Result<(), Difference> {
        let account = AccountId::parse("111122223333").unwrap();
        let mut directory = Directory::default();
        directory.add_account(account.clone(), Partition::Aws);
        directory.add_key(AccessKey {
            id: self.context.access_key_id.clone(),
            secret: SecretKey::new(self.context.secret_access_key.clone()),
            account,
            owner: KeyOwner::Root,
            status: KeyStatus::Active,
            created: self.now(),
            session: self.context.session_token.clone().map(|token| Session {
                token: SessionToken::new(token),
                expires: self.now().plus_seconds(3600),
                facts: SessionFacts::default(),
            }),
        });
        let receiver = Receiver {
            service: &self.context.service,
            region: Some(&self.context.region),
            skew_minutes: 5,
        };
        let verification = sigv4::verify(request, receiver, &directory, self.now());
        let outcome = match &verification.outcome {
            Ok(caller) => caller.scope().access_key_id.clone(),
            Err(error) => format!("{}: {error}", error.check()),
        };
        check("verification", outcome, &self.context.access_key_id)
    }
}
