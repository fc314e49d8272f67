import type { Texts } from './catalogue.ts';
import { DOCTOR, PARTS } from './doctor/ko.ts';
import { EXPLAIN } from './explain/ko.ts';
import { REPORT } from './report/ko.ts';
import { VIEW } from './view/ko.ts';

export const KO: Texts = {
  view: VIEW,
  doctor: DOCTOR,
  part: PARTS,
  explain: EXPLAIN,
  report: REPORT,
  reason: {
    unreadable_body: '본문에서 바이트도 텍스트도 얻을 수 없습니다.',
    empty_body: '본문이 비어 있습니다(0바이트).',
    not_utf8: '본문이 UTF-8 텍스트가 아닙니다.',
    not_json: '본문이 JSON이 아닙니다.',
    not_avro: '본문이 Avro 스키마와 맞지 않거나 스키마를 찾을 수 없습니다.',
    not_an_object: 'JSON이 객체 하나가 아닙니다.',
    unsupported_schema_version: '이 릴리스가 모르는 schema_version입니다.',
    alias_conflict: '한 필드의 두 이름에 서로 다른 값이 들어 있습니다.',
    core_missing: '행에 반드시 필요한 필드가 없습니다.',
    core_invalid: '행에 반드시 필요한 필드의 값을 읽을 수 없습니다.',
    field_invalid: '그 밖의 필드의 값을 읽을 수 없습니다.',
    timestamp_in_future: 'updated_at이 브로커가 이벤트를 받은 시각보다 늦습니다.',
    rejected_by_database: '테이블이 행을 거부했습니다.',
  },
  advice: {
    unreadable_body:
      '프로듀서가 바이트로 다시 보내야 합니다. 이런 AMQP value나 sequence에서는 정확한 내용을 얻을 수 없습니다.',
    empty_body:
      '툼스톤이거나, 프로듀서가 아무것도 보내지 않았습니다. 툼스톤은 프로필에서 무시할 수 있습니다(docs/profiles.md). 아니라면 프로듀서에게 문의하십시오.',
    not_utf8: '프로듀서가 UTF-8로 보내야 합니다. 무엇이 왔는지는 상세에 있습니다.',
    not_json:
      '프로듀서가 JSON을 보내거나, 바이트를 읽는 방법을 프로필에 적어야 합니다. 무엇이 왔는지는 상세에 있습니다.',
    not_avro:
      '레지스트리나 프로필의 avro_schemas에 메시지가 가리키는 스키마가 있습니까? 있다면 재처리하고, 아니라면 프로듀서가 바이트를 고쳐야 합니다.',
    not_an_object:
      '프로듀서가 레코드 하나를 JSON 객체로 보내야 합니다. 레코드까지의 경로는 프로필에 적을 수 있습니다.',
    unsupported_schema_version: '이 버전을 아는 릴리스를 배포한 뒤 재처리하십시오.',
    alias_conflict: '한 필드의 두 이름에 다른 값이 있습니다. 어느 쪽이 맞는지 프로듀서가 정해야 합니다.',
    core_missing:
      '필드가 다른 이름으로 들어 있습니까? 프로필에 별칭을 적고 재처리하면 저장됩니다. 아니라면 프로듀서가 보내야 합니다.',
    core_invalid:
      '프로필에 적을 수 있는 형식입니까(docs/profiles.md)? 그렇다면 적고 재처리하십시오. 아니라면 프로듀서가 값을 고쳐야 합니다.',
    field_invalid:
      '프로필에 적을 수 있는 형식입니까(docs/profiles.md)? 그렇다면 적고 재처리하십시오. 아니라면 프로듀서가 값을 고쳐야 합니다.',
    timestamp_in_future:
      '프로듀서의 시계가 빠릅니다. 시계를 맞추게 하십시오. replay run --ids ID --accept-future는 이벤트를 그대로 저장합니다.',
    rejected_by_database:
      '계약은 통과했으나 테이블이 거부했습니다. 이 제품의 결함이거나, 누군가 추가한 제약 조건입니다.',
  },
  adviceOfForm:
    '프로필로 읽을 수 있는 형식입니다(docs/profiles.md의 {section} 절). 프로필에 적고 함수를 다시 시작한 뒤 재처리하십시오.',
  alert: {
    DataFreshnessHigh:
      '토픽의 이벤트가 허브에서 기다리는 동안, 가장 최근 업무 이벤트가 임계값(초)보다 오래되었습니다.',
    SyncSilent: '지표 타이머가 아무것도 보내지 않았습니다. 동기화의 상태를 알 수 없습니다.',
    SequenceGap: '건너뛴 이벤트가 있고, 복구로도 들어오지 않았습니다.',
    PartitionStuck: 'Functions 호스트가 이벤트를 넘기지 못하고, 파티션이 스스로 지나가지 못합니다.',
    DatabaseRefusesRows:
      'PostgreSQL이 한 가지 이유로 대부분의 행을 거부합니다(추가된 제약 조건, 트리거, 열). 배치가 기다리고 있습니다.',
    KeyVersionMalformed: 'Key Vault에 있는 키의 최신 버전이 키가 아닙니다. 그 앞의 버전을 씁니다.',
    HubRecreated:
      '허브가 다시 만들어졌는데 예전 체크포인트를 지우지 못했습니다. 이벤트가 복구로만 들어옵니다.',
    BrokerUnreachable: '지표 타이머가 허브에 닿지 못합니다. 랙을 알 수 없습니다.',
    ConsumerLagHigh: '창 안의 모든 표본에서, 한 파티션에 임계값보다 많은 이벤트가 기다립니다.',
    ErrorRatioHigh: '창 안의 이벤트(100건 이상) 중 데드 레터의 비율입니다.',
    DlqActivity: '데드 레터가 된 이벤트가 있습니다.',
    ContractCoreViolationHigh: '저장된 이벤트 대비 핵심 필드 위반(7일).',
    MetadataCoverageLow: 'updated_at이나 version이 있는 저장된 이벤트의 비율(7일).',
    VersionMissingHigh: 'updated_at도 version도 없는 저장된 이벤트의 비율(7일).',
    AliasHitHigh: '별칭을 쓴 이벤트의 비율(7일).',
    PairIncompleteAgeHigh: '미완성 페어의 나이(초)의 95번째 백분위수.',
    SourceIncomplete:
      '원천이 센 구간의 행이 여기 없거나 여기서는 다릅니다. 브로커에 오지 않았거나 거부되었습니다.',
    SettlementViolation: '맞지 않는 결제가 있습니다(1분 이상): 환불 초과, 한쪽만 있는 항목, 통화 혼합 등.',
    DbPoolExhausted: '서버의 열린 연결 수. 동기화가 쓸 수 있는 연결 수에 대한 비율입니다.',
    DbPoolCheckoutSlow: '연결을 1초 넘게 기다린 비율. 0.05를 넘으면 95번째 백분위수가 1초를 넘습니다.',
  },
};
