import type { Finding } from '../../topicCheck/report.ts';
import { percent as spaced, type Words } from './words.ts';

const percent = (share: number) => spaced(share).replace(' %', '%');

const FORMAT: Words['format'] = {
  boolean: 'true/false',
  object: '객체',
  array: '배열',
  integer: '정수',
  decimal: '소수',
  exponent: '지수 표기 숫자',
  epoch_seconds: '1970년 기준 초 단위 숫자',
  epoch_milliseconds: '1970년 기준 밀리초 단위 숫자',
  epoch_microseconds: '1970년 기준 마이크로초 단위 숫자',
  epoch_nanoseconds: '1970년 기준 나노초 단위 숫자',
  date_parts: '연·월·일 등의 배열',
  seconds_and_nanos: 'seconds와 nanos 객체',
  java_time: 'java.time 문자열',
  scaled_bytes: 'scale과 base64 객체(Connect decimal)',
  epoch_text: '숫자로만 된 문자열(1970년 기준 초 또는 밀리초)',
  time_with_offset: '오프셋이 있는 RFC 3339 시각',
  time_without_offset: '오프셋이 없는 시각',
  date: '시각이 없는 날짜',
  compact_time: '구분자 없이 숫자로만 된 시각',
  other_time: '다른 형식의 시각',
  digits: '숫자로만 된 문자열',
  decimal_text: '십진수 문자열',
  grouped_number: '쉼표가 들어간 숫자 문자열',
  number_with_unit: '단위가 붙은 숫자 문자열',
  base64: 'base64 문자열',
  uuid: 'UUID',
  text: '문자열',
};

const formats = ({ formats = [] }: Finding) => formats.map((format) => FORMAT[format]).join(', ');
const names = ({ names = [] }: Finding) => names.map((name) => `\`${name}\``).join(', ');
const share = ({ share = 0 }: Finding) => percent(share);

const TIME = '오프셋이 있는 RFC 3339 시각(`2026-11-22T10:00:00.123Z`) 또는 1970년 기준 밀리초(JSON 숫자)';
const NEEDED: Readonly<Record<string, string>> = {
  amount: '통화의 기본 단위로 나타낸 십진수(JSON 숫자 또는 `12.50` 같은 문자열)',
  amount_signed: '십진수(JSON 숫자 또는 `-12.50` 같은 문자열)',
  event_time: TIME,
  source_created_at: TIME,
  created_at: TIME,
  updated_at: TIME,
  occurred_at: TIME,
  version: '0 이상의 정수',
  schema_version: '`1` 또는 `1.x`',
};
const needed = (field: string) => NEEDED[field] ?? '비어 있지 않은 문자열(ID는 정수도 가능)';

/** Where such values usually come from. */
const hint = ({ formats = [] }: Finding) =>
  formats.includes('date_parts')
    ? ' Jackson의 기본값입니다. WRITE_DATES_AS_TIMESTAMPS=false이면 문자열로 기록합니다.'
    : formats.includes('base64')
      ? ' Debezium을 쓴다면 decimal.handling.mode=string으로 설정하십시오. 또는 컬럼의 scale을 알려 주십시오: 프로파일의 `connect_decimal`로 읽습니다(docs/profiles.md). 숫자처럼 보이는 base64도 마찬가지입니다.'
      : formats.includes('epoch_microseconds')
        ? ' Debezium을 쓴다면 time.precision.mode=isostring으로 설정하십시오(connect는 밀리초에서 잘립니다).'
        : '';

const FINDING: Readonly<Record<Finding['code'], (finding: Finding) => string>> = {
  no_json_object: (found) =>
    `메시지의 ${share(found)}가 JSON 객체가 아닙니다(${found.detail}). 메시지마다 UTF-8로 된 JSON 객체 하나를 보내 주십시오. 삭제 이벤트는 없으므로 빈 메시지도 보내지 않습니다.`,
  envelope_missing: (found) =>
    `메시지의 ${share(found)}에 ${names(found)} 객체가 없습니다. 모든 메시지에서 이 위치에 레코드의 전체 상태를 보내 주십시오.`,
  field_missing: (found) =>
    `메시지의 ${share(found)}에 \`${found.field}\` 필드가 없습니다. 모든 메시지에 필요합니다. 형식: ${needed(found.field!)}.`,
  field_invalid: (found) =>
    `메시지의 ${share(found)}에서 \`${found.field}\` 필드를 읽을 수 없습니다${names(found) ? `(${names(found)}: ${formats(found)})` : ''}. 필요한 형식: ${needed(found.field!)}.${hint(found)}`,
  alias_conflict: (found) =>
    `메시지의 ${share(found)}에서 같아야 할 값이 서로 다릅니다(${found.detail}). 하나만 보내거나 모두 같은 값으로 보내 주십시오.`,
  future: (found) =>
    `메시지의 ${share(found)}에서 \`updated_at\`이 브로커가 메시지를 받은 시각보다 늦습니다. 서버 시계와 시각의 오프셋을 확인해 주십시오.`,
  schema_version: (found) =>
    `메시지의 ${share(found)}에서 \`schema_version\`이 1 또는 1.x가 아닙니다. 새로운 계약이므로 먼저 협의가 필요합니다.`,
  order_missing: (found) =>
    `메시지의 ${share(found)}에 읽을 수 있는 \`updated_at\`이나 \`version\`이 없습니다${names(found) ? `(${names(found)}: ${formats(found)})` : ''}. 둘 다 없으면 늦게 도착한 이전 상태와 최신 상태를 구분할 수 없습니다. 메시지의 99% 이상에 둘 중 하나가 필요합니다. \`updated_at\` 형식: ${needed('updated_at')}. \`version\` 형식: 레코드가 바뀔 때마다 커지는 ${needed('version')}.`,
  zone_unknown: (found) =>
    `${names(found)}: 오프셋이 없는 시각입니다. ${found.detail === undefined ? '메시지만으로는 어느 시간대인지 알 수 없습니다' : `오프셋이 ${found.detail}인 것으로 보이지만 서머타임을 쓰는 시간대일 수 있습니다`}. 오프셋을 함께 보내거나 시간대를 알려 주십시오(--time-zone).`,
  wall_clock: (found) =>
    `${names(found)}: 브로커가 메시지를 받은 시각보다 항상 ${found.detail!.slice(1)}만큼 늦습니다. 현지 시각(${found.detail})을 UTC로 표시한 것으로 보입니다. 실제 오프셋을 보내거나, 프로파일에서 \`${found.field}\`에 \`wall_time\`과 \`time_zone\`을 지정하십시오(docs/profiles.md#formats-of-values).`,
  records_in_array: (found) =>
    `레코드가 ${names(found)} 배열 안에 있어 읽을 수 없습니다. 메시지 하나에 레코드 하나를 보내 주십시오.`,
  avro: (found) =>
    `메시지의 ${share(found)}가 스키마 레지스트리 헤더 뒤의 바이너리(예: Avro)이며, 메시지가 가리키는 스키마를 알 수 없습니다. \`SCHEMA_REGISTRY_URL\` 또는 \`AZURE_SCHEMA_REGISTRY_URL\`을 설정하거나 --profile 파일의 \`avro_schemas\`에 스키마 파일을 적고(docs/profiles.md#avro) 이 검사를 다시 실행하면 Avro를 읽습니다. 또는 JSON으로 보내 주십시오.`,
  confirm_deletes: (found) =>
    `메시지의 ${share(found)}에서 ${names(found)}가 레코드 삭제(${found.detail})를 나타냅니다. 레코드가 삭제되기도 합니까? 삭제는 반영되지 않으므로 행이 그대로 남습니다. 의도한 것이라면 삭제 메시지를 건너뛰는 제안된 프로파일을 쓰십시오. 취소는 새 \`status\`로, 환불은 새 엔트리로 보내 주십시오.`,
  behind_header: (found) =>
    `메시지의 ${share(found)}는 스키마 레지스트리 헤더 뒤에 JSON이 있습니다(wire format). 프로파일의 \`encoding\`으로 읽습니다.`,
  json_in_text: (found) =>
    `메시지의 ${share(found)}는 JSON을 담은 JSON 문자열입니다. 프로파일의 \`{"parse": "json"}\`으로 읽습니다.`,
  never_paired: (found) =>
    `PAYMENT 또는 RECEIVE 엔트리 ${found.detail}건의 \`related_type\`이 \`PAYMENT_ORDER\`가 아닙니다. 저장되지만 페어링되지 않습니다. 다른 도메인입니까, 아니면 주문을 뜻하는 다른 표현입니까?`,
  through_double: (found) =>
    `${names(found)}: 지수 표기 숫자(1.2E16)입니다. double로 변환된 값이므로 15자리 이후는 이미 손실되었습니다. 문자열이나 decimal로 보내 주십시오.`,
  cut_to_milliseconds: () =>
    '`updated_at`이 밀리초 단위입니다. 같은 밀리초의 두 상태는 순서를 알 수 없습니다. 컬럼이 더 정밀하다면 `time.precision.mode=isostring`을 쓰십시오(connect는 잘립니다).',
  confirm_scale: (found) =>
    `${names(found)}: 보조 단위가 있는 통화인데 모두 정수입니다. 센트 단위라면 프로파일에 \`"${found.field}": { "format": "minor_units", "scale": 2 }\`를 지정하십시오. 지금은 기본 단위로 저장됩니다.`,
  minor_units: (found) =>
    `${names(found)}: 더 작은 단위(예: 센트)의 금액으로 보입니다. \`amount\`가 필요합니다. 형식: ${needed('amount')}.`,
  related_id: (found) =>
    `메시지의 ${share(found)}에 \`related_id\`(주문 ID)가 없습니다. 이런 원장 엔트리는 저장되지만 페어링되지 않습니다.`,
  rename: (found) =>
    `메시지의 ${share(found)}가 계약과 다른 이름을 씁니다(${names(found)}). 읽을 수는 있지만 비율이 한도를 넘으므로, 계약의 이름을 쓸 때까지 AliasHitHigh 알림이 계속됩니다.`,
  confirm_name: (found) =>
    `${names(found)} 필드가 \`${found.field}\`에 해당하는지 확인해 주십시오. 이름만으로는 확실하지 않습니다.`,
  confirm_envelope: (found) =>
    `${names(found)} 모두 레코드로 보입니다. 그중 첫 번째를 읽습니다. 레코드의 현재 상태가 그곳에 있는지 확인해 주십시오.`,
  confirm_zone: (found) =>
    `샘플이 적어 확인이 필요합니다. 오프셋이 없는 시각의 시간대가 ${found.detail} 맞습니까?`,
  confirm_format: (found) =>
    `${names(found)}: ${formats(found)}이며 UTC로 읽습니다. 원본 컬럼이 시간대 없는 timestamp입니까(Debezium은 그렇게 기록합니다)? 그렇다면 현지 시각이므로 프로파일에 \`wall_time\`과 \`time_zone\`을 지정하십시오(docs/profiles.md).`,
  read_format: (found) =>
    `${names(found)}: ${formats(found)}. 프로파일이 그대로 읽습니다(docs/profiles.md).${hint(found)}`,
  confirm_ignored: (found) =>
    `레코드가 없는 메시지(${names(found)})는 이 프로파일에서 건너뛰며 기존 행은 그대로 남습니다(삭제는 반영되지 않습니다). 의도한 것입니까? \`ignored\`가 없으면 각각 데드 레터가 됩니다.`,
  confirm_position: (found) =>
    `\`updated_at\`도 \`version\`도 없습니다. 원본 로그의 위치인 ${names(found)}(으)로 최신 상태를 정합니다. 원본이 같은 동안만 맞습니다. 복원이나 장애 조치 후에는 위치가 더 작아질 수 있으며, 프로파일의 \`epoch\`을 올릴 때까지 이전 행이 남습니다. 그래도 됩니까, 아니면 테이블에 \`updated_at\`을 둘 수 있습니까?`,
  key_missing: (found) =>
    `메시지의 ${share(found)}에 키가 없습니다. 레코드의 ID를 키로 보내 주십시오. 그래야 한 레코드의 상태가 순서대로 전달됩니다.`,
  key_differs: (found) =>
    `메시지의 ${share(found)}에서 키가 레코드의 ID와 다릅니다. 이 경우 브로커가 한 레코드의 상태 순서를 보장하지 않습니다.`,
  keys_scattered: (found) =>
    `레코드 ${found.detail}개의 상태가 여러 파티션에 나뉘어 있습니다. 도착 순서가 바뀔 수 있습니다.`,
  mixed_axes: (found) =>
    `최신 상태를 먼저 판단하는 \`${found.field}\`가 일부 메시지(${share(found)})에만 있습니다. 이 필드가 없는 상태는 있는 상태를 덮어쓰지 못합니다.`,
  axis_inversions: (found) =>
    `같은 파티션에서 레코드의 이전 상태가 최신 상태보다 나중에 온 경우가 ${found.detail}건 있습니다. 다시 발행한 것이 아니라면 레코드가 바뀌는 동안 \`${found.field}\`가 거꾸로 간 것이며(\`now()\`는 트랜잭션의 시작 시각입니다) 이전 상태가 남습니다. docs/clocks.md를 참고하십시오.`,
  contradictions: (found) =>
    `${found.detail}건에서 한 레코드의 두 상태에 대해 \`updated_at\`과 \`version\`의 순서가 서로 반대입니다. 어느 쪽이 맞는지 알려 주십시오.`,
  ties: (found) =>
    `${found.detail}건에서 한 레코드의 서로 다른 두 상태가 같은 \`updated_at\`과 \`version\`을 가집니다. 브로커가 나중에 받은 쪽이 적용됩니다.`,
  no_pair_types: () =>
    '`PAYMENT` 또는 `RECEIVE` 엔트리가 없습니다. 다른 유형의 엔트리는 저장되지만 페어링되지 않습니다.',
  currencies: (found) =>
    `${names(found)}: 통화가 둘 이상입니다. 통화는 저장되지 않으므로 서로 다른 통화의 금액을 구분할 수 없게 됩니다.`,
  deletions: (found) =>
    `${names(found)}: 레코드가 삭제되기도 합니까? 삭제는 반영되지 않으므로, 삭제된 레코드도 그대로 남습니다. 취소는 새 \`status\`로, 환불은 새 엔트리로 보내 주십시오.`,
  hub_name: (found) =>
    `${found.detail}=${found.names?.[0]}(으)로 설정하십시오. 프로파일에는 다른 허브 이름이 있습니다.`,
  other_profile: (found) => `내장 프로파일 ${names(found)}(으)로도 이 메시지를 읽을 수 있습니다.`,
};

export const ko: Words = {
  percent,
  title: (topic) => `토픽 점검: ${topic}`,
  verdict: {
    ready: '사용 가능: 이 토픽을 그대로 사용할 수 있습니다.',
    ready_with_profile: '프로파일로 사용 가능: 제안된 프로파일을 쓰면 이 토픽을 사용할 수 있습니다.',
    ask_producer: '프로듀서 팀에 요청 필요: 아래 항목이 해결되어야 이 토픽을 사용할 수 있습니다.',
  },
  samples: ({ received, with_broker_data }) =>
    `메시지 ${received}건${with_broker_data === 0 ? '(키, 파티션, 수신 시각 없음)' : with_broker_data === received ? '(키, 파티션, 수신 시각 포함)' : `(그중 ${with_broker_data}건에 키, 파티션, 수신 시각 포함)`}.`,
  guessed: '토픽 종류는 필드 이름으로 추정했습니다. --topic으로 지정할 수 있습니다.',
  notAllMembers: '필드가 너무 많아 일부는 살펴보지 않았습니다. 뒤쪽 필드는 여기에 없을 수 있습니다.',
  envelope: (path) => `레코드는 메시지의 \`${path}\`에 있습니다.`,
  zone: (zone) => `오프셋이 없는 시각은 ${zone} 시간대로 읽습니다.`,
  heading: {
    asks: '요청 사항',
    wishes: '참고 사항',
    fields: '필드',
    others: '사용하지 않는 그 밖의 필드',
    profiles: '프로파일',
    ratios: '7일 비율 예측',
    history: '키, 순서, 페어링',
    failures: '처리되지 못하고 격리될 메시지',
    rules: '값의 형식',
  },
  finding: (finding) => FINDING[finding.code](finding),
  format: FORMAT,
  column: {
    field: '필드',
    need: '구분',
    found: '메시지의 이름',
    share: '비율',
    formats: '형식',
    profile: '프로파일',
    accepted: '처리 가능',
    lacks: '부족한 점',
    ratio: '비율',
    forecast: '예측값',
    threshold: '한도',
    ok: '충족',
    reason: '사유',
    detail: '규칙(원문)',
    count: '메시지 수',
    example: '첫 위치',
  },
  need: { core: '필수', wanted: '요청', optional: '선택' },
  source: { 'built-in': '내장', given: '지정', proposed: '제안' },
  ratio: {
    metadata_coverage_ratio: '`updated_at` 또는 `version`이 있는 메시지',
    core_violation_rate: '필수 필드 규칙을 어긴 메시지',
    alias_hit_ratio: '계약과 다른 이름을 쓰는 메시지',
    version_missing_ratio: '`updated_at`과 `version`이 모두 없는 메시지',
  },
  unsure: '확인 필요',
  notUsed: '사용 안 함',
  yes: '예',
  no: '아니요',
  absent: '없음',
  estimate: (oneIn) => `추정값입니다. ID의 해시로 고른 레코드만(${oneIn}개 중 1개) 살펴보았습니다.`,
  keys: (keys) => [
    `키: 키가 없는 메시지 ${keys.without_key}건, 키가 레코드 ID와 다른 메시지 ${keys.other_key}건.`,
    `파티션: ${keys.partitions}개. 가장 많은 파티션의 비율 ${percent(keys.largest_share)}. 여러 파티션에 나뉜 레코드 ${keys.records_in_several_partitions}개.`,
  ],
  noKeys: '샘플에 본문만 있어 키와 파티션은 알 수 없습니다.',
  order: (order) => [
    `순서: updated_at 있음 ${percent(order.updated_at_share)}, version 있음 ${percent(order.version_share)}, 둘 다 없음 ${percent(order.neither_share)}. ${order.first} 기준을 먼저 적용합니다.`,
    `레코드 ${order.records}개에 이어진 상태 ${order.further_states}건: 늦게 온 이전 상태 ${order.late}건, 중복 ${order.duplicates}건, 순서가 같은데 내용이 다른 상태 ${order.ties}건.`,
  ],
  pairs: (pairs) => [
    `related_id 없음 ${percent(pairs.related_id_null_share)}. 엔트리: PAYMENT ${pairs.entries.payment}건, RECEIVE ${pairs.entries.receive}건, 그 밖의 유형 ${pairs.entries.other}건.`,
    `related_id ${pairs.related_ids}개 중 페어 완성 ${pairs.complete}개, 판단 불가(중복 엔트리) ${pairs.ambiguous}개. 샘플의 시작과 끝에서는 한쪽 엔트리가 빠져 있을 수 있습니다.`,
  ],
  rules: [
    '모든 메시지는 레코드의 현재 상태 전체를 담습니다. 선택 필드가 없으면 값이 없다는 뜻입니다.',
    '시각: 오프셋이 있는 RFC 3339(`2026-11-22T10:00:00.123Z`) 또는 1970년 기준 밀리초(JSON 숫자). 초 단위는 받지 않습니다.',
    '금액: JSON 숫자 또는 `12.50` 같은 문자열. 전체 38자리, 소수점 아래 18자리까지. 쉼표와 통화 기호는 쓰지 않습니다.',
    'ID: 1~256자의 문자열 또는 정수. `version`: 레코드가 바뀔 때마다 커지는 정수.',
    '메시지의 키는 레코드의 ID입니다.',
  ],
};
