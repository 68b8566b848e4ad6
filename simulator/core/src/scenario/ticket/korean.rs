//! Each cause in Korean: what happened, and what to do. Ids, commands and messages stay as they are.

use crate::explain::Cause;

/// A cause in Korean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Korean {
    /// What happened, in one sentence.
    pub sentence: &'static str,
    /// What to do, without the names that the text has.
    pub fix: &'static str,
}

/// The words for a cause.
#[must_use]
pub fn korean(cause: Cause) -> Option<Korean> {
    let &(_, sentence, fix) = TEXTS.iter().find(|(known, ..)| *known == cause)?;
    Some(Korean { sentence, fix })
}

/// By id.
const TEXTS: &[(Cause, &str, &str)] = &[
    (
        Cause::AccessEntryOfRecreatedPrincipal,
        "액세스 항목이 같은 이름으로 다시 만들기 전의 주체에 묶여 있습니다.",
        "액세스 항목을 삭제하고 다시 만드세요.",
    ),
    (
        Cause::AccessEntryShadowsAwsAuth,
        "액세스 항목이 aws-auth보다 우선하며, 항목에는 필요한 권한이 없습니다.",
        "액세스 항목에 그룹을 추가하거나 액세스 정책을 연결하세요.",
    ),
    (
        Cause::AccessEntryWithOtherPath,
        "액세스 항목이 이름은 같지만 경로가 다른 주체의 것입니다.",
        "경로까지 포함한 전체 ARN으로 액세스 항목을 만드세요.",
    ),
    (
        Cause::AccountMappedWithoutGroups,
        "mapAccounts로 인증되었지만 그룹이 없어 권한이 없습니다.",
        "mapRoles나 mapUsers에 항목을 추가하거나 사용자 이름에 바인딩을 만드세요.",
    ),
    (
        Cause::AdmissionRefused,
        "권한은 있지만 어드미션이 객체를 거부했습니다. RBAC 문제가 아닙니다.",
        "메시지가 말하는 정책이나 네임스페이스 상태를 고치세요. 바인딩으로는 해결되지 않습니다.",
    ),
    (
        Cause::AggregationLabelMissing,
        "ClusterRole에 규칙이 있지만 레이블이 달라 집계된 역할에 포함되지 않습니다.",
        "집계된 역할이 선택하는 값으로 ClusterRole의 레이블을 고치세요. 집계된 역할의 규칙은 덮어써집니다.",
    ),
    (
        Cause::Anonymous,
        "요청에 토큰이 없어 system:anonymous로 처리되었습니다.",
        "kubeconfig나 프로바이더에 exec 설정을 추가하세요.",
    ),
    (
        Cause::AssumeRoleDenied,
        "역할을 수임할 수 없습니다.",
        "역할의 신뢰 정책과 호출자의 sts:AssumeRole 권한을 확인하세요.",
    ),
    (
        Cause::AwsAuthBroken,
        "aws-auth의 YAML이나 항목이 잘못되어 매핑이 읽히지 않습니다.",
        "아직 접근할 수 있는 주체로 aws-auth를 고치세요.",
    ),
    (
        Cause::AwsAuthIgnored,
        "aws-auth에만 매핑이 있는데 인증 모드가 API여서 읽히지 않습니다.",
        "액세스 항목을 만드세요.",
    ),
    (
        Cause::AwsAuthKeyMisspelled,
        "aws-auth의 키 이름이 틀려 매핑이 읽히지 않습니다.",
        "키를 mapRoles, mapUsers, mapAccounts로 정확히 적으세요.",
    ),
    (
        Cause::BindingInOtherNamespace,
        "바인딩이 요청한 것과 다른 네임스페이스에 있습니다.",
        "`-n`으로 그 네임스페이스를 지정하거나 요청한 네임스페이스에 바인딩을 만드세요.",
    ),
    (
        Cause::CertificateForOtherName,
        "서버 인증서가 다른 이름의 것입니다. 터널이나 프록시가 응답하고 있습니다.",
        "터널을 쓴다면 kubeconfig에 `tls-server-name`을 지정하고, 아니면 프록시를 확인하세요.",
    ),
    (
        Cause::CertificateNotTrusted,
        "서버의 인증서가 kubeconfig에 있는 인증 기관의 것이 아닙니다.",
        "kubeconfig를 다시 만드세요: aws eks update-kubeconfig",
    ),
    (
        Cause::ClockAhead,
        "클라이언트의 시계가 빨라 서명이 아직 유효하지 않습니다.",
        "클라이언트의 시계를 맞추세요.",
    ),
    (
        Cause::ClusterNotFound,
        "그 계정과 리전에 그런 이름의 클러스터가 없습니다.",
        "계정, 리전, 클러스터 이름을 확인하세요.",
    ),
    (
        Cause::CreatorDeleted,
        "클러스터를 생성한 주체가 삭제되었고 다른 관리자가 없습니다.",
        "같은 이름으로 생성자를 다시 만들거나, 액세스 항목으로 관리자를 추가하세요.",
    ),
    (
        Cause::CredentialsMissing,
        "클라이언트에 AWS 자격 증명이 없어 토큰을 만들지 못했습니다.",
        "자격 증명이 있는 프로필을 지정하거나 로그인하세요.",
    ),
    (
        Cause::DuplicateShadowsMapping,
        "같은 ARN이 두 번 매핑되어 권한이 적은 마지막 항목이 적용됩니다.",
        "ARN마다 항목을 하나만 두세요.",
    ),
    (
        Cause::EntriesNotInMode,
        "인증 모드가 CONFIG_MAP이어서 액세스 항목을 쓸 수 없습니다.",
        "aws-auth에 매핑하거나 인증 모드를 API_AND_CONFIG_MAP으로 바꾸세요. 되돌릴 수는 없습니다.",
    ),
    (
        Cause::EntryExists,
        "그 주체의 액세스 항목이 이미 있습니다.",
        "새로 만들지 말고 기존 항목을 수정하세요.",
    ),
    (
        Cause::EntryGroupReserved,
        "액세스 항목에는 `system:`으로 시작하는 그룹을 넣을 수 없습니다.",
        "그룹 대신 액세스 정책을 연결하세요. 노드라면 EC2_LINUX 유형의 항목을 만드세요.",
    ),
    (
        Cause::EntryNotFound,
        "정책을 연결할 액세스 항목이 없습니다.",
        "먼저 액세스 항목을 만드세요.",
    ),
    (
        Cause::EntryNotStandard,
        "노드용 유형의 액세스 항목에는 그룹, 사용자 이름, 액세스 정책을 넣을 수 없습니다.",
        "그 항목에서 그룹, 사용자 이름, 액세스 정책을 빼세요.",
    ),
    (
        Cause::EntryOfServiceLinkedRole,
        "서비스 연결 역할의 액세스 항목은 AWS만 만들 수 있습니다.",
        "직접 관리하는 역할을 사용하세요.",
    ),
    (
        Cause::EntryPrincipalInvalid,
        "액세스 항목에 적은 ARN의 주체가 없습니다.",
        "IAM에 나오는, 경로를 포함한 ARN을 사용하세요.",
    ),
    (
        Cause::EnvironmentOverridesProfile,
        "환경 변수의 액세스 키가 AWS_PROFILE보다 먼저 사용됩니다.",
        "환경 변수의 키를 해제하거나 kubeconfig의 인수에 `--profile`을 넣으세요.",
    ),
    (
        Cause::ExecApiVersionUnsupported,
        "kubeconfig나 플러그인의 exec API 버전을 kubectl이 지원하지 않습니다.",
        "최신 AWS CLI로 kubeconfig를 다시 만드세요: aws eks update-kubeconfig",
    ),
    (
        Cause::ExecOutputNotJson,
        "AWS CLI의 출력 형식이 json이 아니어서 kubectl이 토큰을 읽지 못합니다.",
        "kubeconfig의 exec 인수에 `--output json`을 추가하거나 AWS_DEFAULT_OUTPUT=json으로 설정하세요.",
    ),
    (
        Cause::ExecPluginFailed,
        "토큰을 만드는 exec 플러그인이 실패했습니다. 서버는 아직 아무것도 판단하지 않았습니다.",
        "kubeconfig의 exec 명령을 같은 환경에서 직접 실행해 오류 메시지를 확인하세요.",
    ),
    (
        Cause::ExecPluginNotAllowed,
        "kubectl의 자격 증명 플러그인 정책이 exec 플러그인을 허용하지 않습니다.",
        "kuberc의 credentialPluginPolicy와 허용 목록에 플러그인을 추가하세요.",
    ),
    (
        Cause::ExecPluginNotFound,
        "클라이언트가 토큰을 만드는 exec 플러그인을 찾지 못했습니다.",
        "AWS CLI를 설치하거나, 클라이언트를 실행하는 환경의 PATH에 추가하세요.",
    ),
    (
        Cause::FederatedUserNotMapped,
        "호출자가 페더레이션 사용자여서 같은 이름의 IAM 사용자 매핑과 일치하지 않습니다.",
        "매핑된 역할을 수임해서 사용하세요.",
    ),
    (Cause::Granted, "호출자는 인증됩니다.", "고칠 것이 없습니다."),
    (
        Cause::GrantedFromCache,
        "API 서버가 전에 허용한 토큰을 캐시에서 다시 허용했습니다.",
        "캐시가 만료되기를 기다리거나 토큰을 새로 만드세요.",
    ),
    (
        Cause::GroupsNotAList,
        "매핑의 groups가 목록이 아니어서 그룹이 하나도 없습니다.",
        "groups를 목록으로 적으세요.",
    ),
    (
        Cause::IamNotAllowed,
        "호출자의 IAM 정책이 AWS API 호출을 허용하지 않습니다. 쿠버네티스 권한과는 관계가 없습니다.",
        "IAM에서 작업을 허용하거나 허용된 주체를 사용하세요.",
    ),
    (
        Cause::IdentityNotMapped,
        "호출자가 액세스 항목과 aws-auth 어디에도 매핑되어 있지 않습니다.",
        "액세스 항목이나 aws-auth에 매핑을 추가하거나, 매핑된 주체의 프로필을 사용하세요.",
    ),
    (
        Cause::IdentityUnusable,
        "호출자가 매핑할 수 있는 사용자나 역할이 아닙니다.",
        "IAM 사용자나 역할을 사용하세요. EC2에서는 인스턴스 프로파일의 역할입니다.",
    ),
    (
        Cause::KeyInactive,
        "액세스 키가 비활성 상태입니다.",
        "키를 활성화하거나 다른 키를 사용하세요.",
    ),
    (
        Cause::KeyOfDeletedPrincipal,
        "액세스 키의 소유자가 삭제되었습니다.",
        "존재하는 주체의 자격 증명을 사용하세요.",
    ),
    (
        Cause::KeyUnknown,
        "그런 액세스 키가 없습니다.",
        "클라이언트가 어떤 자격 증명을 쓰는지 `aws sts get-caller-identity`로 확인하세요.",
    ),
    (
        Cause::KubeconfigInvalid,
        "kubeconfig를 읽을 수 없습니다. YAML이 아니거나 값의 형식이 잘못되었습니다.",
        "메시지가 가리키는 줄이나 필드를 고치거나 다시 만드세요: aws eks update-kubeconfig",
    ),
    (
        Cause::KubeconfigMissing,
        "클라이언트에 쓸 수 있는 kubeconfig가 없습니다.",
        "`aws eks update-kubeconfig`로 만들고, KUBECONFIG가 가리키는 파일을 확인하세요.",
    ),
    (
        Cause::ManifestInvalid,
        "매니페스트를 읽을 수 없어 아무것도 바뀌지 않았습니다.",
        "파일을 고치세요. ConfigMap의 값은 문자열이므로 `mapRoles: |`처럼 적습니다.",
    ),
    (
        Cause::MappedAsOtherKind,
        "이름은 같지만 역할이 아니라 사용자로, 또는 그 반대로 매핑되어 있습니다.",
        "호출자의 ARN으로 매핑하세요.",
    ),
    (
        Cause::MappedAsSession,
        "역할 ARN이 아니라 세션(assumed-role) ARN이 매핑되어 있습니다.",
        "역할의 ARN으로 매핑하세요.",
    ),
    (
        Cause::MappedInOtherAccount,
        "같은 이름이 다른 계정 ID로 매핑되어 있습니다.",
        "호출자의 ARN으로 매핑하세요.",
    ),
    (
        Cause::MappedInOtherPartition,
        "aws-auth의 ARN이 클러스터와 다른 파티션의 것입니다.",
        "클러스터의 파티션(arn:aws-cn, arn:aws-us-gov 등)으로 ARN을 쓰세요.",
    ),
    (
        Cause::MappedWithOtherSsoSuffix,
        "권한 세트가 다시 프로비저닝되어 역할 이름의 접미사가 바뀌었습니다.",
        "새 역할을 매핑하세요.",
    ),
    (
        Cause::MappedWithPath,
        "역할이 경로를 포함한 ARN으로 매핑되어 있는데, STS는 경로를 알려 주지 않습니다.",
        "aws-auth에는 경로를 뺀 ARN을 적으세요.",
    ),
    (
        Cause::MappedWithSsoPath,
        "IAM Identity Center 역할이 aws-reserved 경로를 포함해 매핑되어 있습니다.",
        "aws-auth에는 경로를 뺀 ARN을 적으세요.",
    ),
    (
        Cause::MappedWithWhiteSpace,
        "aws-auth의 ARN에 공백이 들어 있습니다.",
        "공백을 지우세요.",
    ),
    (
        Cause::MfaCodeWanted,
        "역할에 MFA 코드가 필요한데 exec 플러그인은 입력받을 수 없습니다.",
        "코드를 한 번 제시해 세션을 받고, 그 세션의 프로필을 사용하세요.",
    ),
    (
        Cause::ModeUpdateOneWay,
        "인증 모드는 되돌릴 수 없습니다.",
        "현재 모드를 유지하고, aws-auth에 있던 주체의 액세스 항목을 만드세요.",
    ),
    (
        Cause::NoBinding,
        "사용자와 그룹에 연결된 바인딩이 없습니다.",
        "필요한 만큼의 Role에 바인딩을 만들거나 액세스 정책을 연결하세요.",
    ),
    (
        Cause::NodeNameDiffers,
        "노드의 사용자 이름이 노드 자신의 이름과 다릅니다.",
        "노드 역할을 system:node:{{EC2PrivateDNSName}}으로 매핑하거나 EC2_LINUX 유형의 액세스 항목을 만드세요.",
    ),
    (
        Cause::NodeRoleNotMapped,
        "호출자가 노드이고, 노드의 역할이 매핑되어 있지 않습니다.",
        "EC2_LINUX 유형의 액세스 항목을 만들거나, aws-auth에 노드용 그룹과 사용자 이름으로 매핑하세요.",
    ),
    (
        Cause::NotAuthorized,
        "사용자에게 권한이 있지만 이 요청은 포함되지 않습니다.",
        "요청에 필요한 규칙만 추가하거나 범위를 넓히세요.",
    ),
    (
        Cause::ProfileNotFound,
        "AWS CLI에 그런 이름의 프로필이 없습니다.",
        "AWS_PROFILE이나 kubeconfig의 프로필 이름을 고치세요.",
    ),
    (
        Cause::RbacEscalation,
        "호출자가 갖지 않은 권한을 역할이나 바인딩으로 부여하려 했습니다.",
        "클러스터 관리자가 만들거나, 그 역할에 대한 `bind` 권한을 부여하세요.",
    ),
    (
        Cause::RefusedFromCache,
        "API 서버가 이전 매핑의 그룹을 캐시하고 있습니다.",
        "캐시가 만료될 때까지 기다리거나 새 토큰을 만드세요.",
    ),
    (
        Cause::RegionDisabled,
        "그 리전의 STS가 비활성화되어 있습니다.",
        "리전의 STS를 활성화하거나 다른 리전의 엔드포인트를 사용하세요.",
    ),
    (
        Cause::RegionMissing,
        "AWS CLI에 리전이 설정되어 있지 않습니다.",
        "`--region`, AWS_REGION 또는 프로파일의 region을 설정하세요.",
    ),
    (
        Cause::RoleAssumesItself,
        "역할의 세션이 같은 역할을 다시 수임하려 합니다.",
        "kubeconfig나 프로파일에서 `--role-arn`(role_arn)을 빼세요.",
    ),
    (
        Cause::RoleNotFound,
        "바인딩이 가리키는 역할이 없습니다.",
        "역할을 만들거나 바인딩을 다시 만드세요. roleRef는 바꿀 수 없습니다.",
    ),
    (
        Cause::RootNotMapped,
        "호출자가 계정의 루트 사용자입니다.",
        "매핑된 역할이나 사용자로 접근하세요.",
    ),
    (
        Cause::ServerUnreachable,
        "kubeconfig의 주소에서 응답이 없습니다. 인증 이전의 문제입니다.",
        "서버 주소, VPC나 VPN, 프록시, 터널을 확인하세요.",
    ),
    (
        Cause::ServiceAccountInsteadOfIam,
        "파드 안의 클라이언트가 IAM이 아니라 파드의 서비스 계정으로 요청했습니다.",
        "클라이언트에 kubeconfig나 host, CA, exec 설정을 주거나 파드에 역할을 연결하세요.",
    ),
    (
        Cause::SessionExpired,
        "임시 자격 증명이 만료되었습니다.",
        "다시 로그인하거나 역할을 다시 수임하세요.",
    ),
    (
        Cause::SessionNameInvalid,
        "STS가 세션 이름을 거부했습니다.",
        "세션 이름에는 영문자, 숫자, `_+=,.@-`만 사용하세요.",
    ),
    (
        Cause::SessionNameRewritten,
        "{{SessionName}}이 @를 -로 바꾸어 바인딩의 이름과 맞지 않습니다.",
        "바인딩에 -로 바뀐 이름을 적거나 {{SessionNameRaw}}를 사용하세요.",
    ),
    (
        Cause::SessionTokenWrong,
        "액세스 키와 세션 토큰이 서로 맞지 않습니다.",
        "세 환경 변수를 함께 설정하거나 함께 해제하세요.",
    ),
    (
        Cause::SignatureMismatch,
        "서명이 STS가 계산한 것과 다릅니다.",
        "비밀 액세스 키와 토큰의 클러스터 이름을 확인하세요.",
    ),
    (
        Cause::SsoMappingGated,
        "`sso` 항목만 일치하는데 EKS에서는 지원하지 않습니다.",
        "권한 세트의 역할 ARN을 매핑하세요.",
    ),
    (
        Cause::SsoNotSignedIn,
        "IAM Identity Center에 로그인되어 있지 않습니다.",
        "`aws sso login`을 실행하세요.",
    ),
    (
        Cause::StsThrottled,
        "STS 요청이 제한되어 호출자를 확인하지 못했습니다.",
        "나중에 다시 시도하고, 토큰과 세션을 재사용하세요.",
    ),
    (
        Cause::StsUnavailable,
        "STS가 응답하지 않았거나 자체 오류를 반환했습니다.",
        "나중에 다시 시도하고 AWS Health Dashboard를 확인하세요.",
    ),
    (
        Cause::SubjectHoldsTemplate,
        "바인딩의 주체에 템플릿이 그대로 적혀 있습니다.",
        "매핑의 그룹이나 세션의 실제 이름에 바인딩하세요.",
    ),
    (
        Cause::SubjectKindWrong,
        "바인딩의 주체 종류(User, Group, ServiceAccount)가 다릅니다.",
        "올바른 종류로 바인딩을 고치세요.",
    ),
    (
        Cause::SubjectMisspelled,
        "바인딩의 주체 이름이 호출자의 이름이나 그룹과 조금 다릅니다.",
        "`kubectl auth whoami`가 보여 주는 이름을 쓰세요.",
    ),
    (
        Cause::TemplateUnrenderable,
        "매핑은 있지만 사용자 이름이나 그룹의 템플릿을 채울 수 없습니다.",
        "노드가 아니면 일반 사용자 이름을 쓰세요. {{EC2PrivateDNSName}}은 노드 전용입니다.",
    ),
    (
        Cause::TokenExpired,
        "토큰이 15분보다 전에 서명되었거나 클라이언트의 시계가 느립니다.",
        "exec 플러그인으로 토큰을 새로 만들고 시계를 맞추세요.",
    ),
    (
        Cause::TokenForNoCluster,
        "토큰에 클러스터 이름이 서명되어 있지 않습니다.",
        "`aws eks get-token`으로 토큰을 만드세요.",
    ),
    (
        Cause::TokenForOtherCluster,
        "다른 클러스터용으로 서명된 토큰입니다.",
        "이 클러스터로 kubeconfig를 다시 만드세요: aws eks update-kubeconfig",
    ),
    (
        Cause::TokenMalformed,
        "토큰의 형식이 잘못되었습니다.",
        "`aws eks get-token`의 출력을 바꾸지 말고 그대로 사용하세요.",
    ),
    (
        Cause::TokenWrongHost,
        "토큰이 STS가 아닌 호스트나 다른 파티션의 STS를 가리킵니다.",
        "AWS_REGION과 AWS_ENDPOINT_URL을 확인하세요.",
    ),
    (
        Cause::UsernameMissing,
        "매핑에 사용자 이름이 없어 집계된 API(metrics-server 등)가 요청을 거부합니다.",
        "매핑 항목에 username을 추가하세요.",
    ),
    (
        Cause::UsernameReserved,
        "매핑의 사용자 이름이 예약된 접두사로 시작합니다.",
        "다른 사용자 이름을 사용하세요.",
    ),
    (
        Cause::WrongDateOrScope,
        "서명의 날짜, 리전 또는 서비스가 엔드포인트와 다릅니다.",
        "시계를 맞추고 엔드포인트의 리전으로 서명하세요.",
    ),
    (
        Cause::WrongProfile,
        "매핑되지 않은 프로필로 접근하고 있습니다.",
        "매핑된 프로필을 사용하세요.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_words() {
        let missing: Vec<&str> = Cause::ALL
            .into_iter()
            .filter(|cause| korean(*cause).is_none())
            .map(Cause::id)
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
        for (cause, sentence, fix) in TEXTS {
            for text in [sentence, fix] {
                let is_korean = text.chars().any(|c| ('\u{ac00}'..='\u{d7a3}').contains(&c));
                assert!(is_korean, "{}: {text}", cause.id());
            }
        }
    }
}
