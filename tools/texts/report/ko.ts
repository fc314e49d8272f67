import type { ReportText } from './en.ts';

export const REPORT: Readonly<Record<ReportText, string>> = {
  noGaps:
    '건너뛴 이벤트가 없습니다. 허브가 전달한 모든 시퀀스 번호가 처리되었거나, 잃은 것으로 기록되어 있습니다.',
  noLost: '잃은 것으로 기록된 이벤트가 없습니다.',
  foreignGap:
    '{topic}은 이 설정의 토픽이 아니므로 그 갭은 그대로 둡니다. 토픽의 이름은 LEDGER_TOPIC 등으로 정합니다.',
  gapBegun: '갭 {index}/{count}: {topic}, 파티션 {partition}, {from}부터 {to}까지 ...',
  gapDone: '갭 {index}/{count}: 끝났습니다.',
  gapsStopped: '기다리기를 멈췄습니다. 요청 {request}은 계속됩니다. 남은 갭은 다시 실행하십시오.',
  nothingCompared:
    '비교한 것이 없습니다. {file}의 행은 {read}개이고 그중 {outside}개가 기간 밖에 있으며, 데이터베이스에도 그 기간의 행이 없습니다. ' +
    '--since, --until, --days와 파일이 맞는지 확인하십시오.',
  controlOff:
    'CONTROL_TOPIC이 비어 있습니다. 이 설정에서는 컨트롤 토털이 꺼져 있어 아무것도 비교하지 않습니다. 아래 목록은 그 전의 것입니다.',
  noWindows: '비교한 모든 구간에 원천이 센 행이 있습니다.',
  windowsTodo:
    '할 일: 구간의 행이 데드 레터인지 봅니다(npm run cli -- replay list). 아니면 원천에 정확히 이 구간의 덤프를 요청해 적재합니다: ' +
    'npm run cli -- backfill {dump} --as-of TIME --window {window}',
  timesEarlier:
    '{file}: {compared}개 행 중 {rows}개에서 {field}의 시각이 여기보다 {clock} 이릅니다. 덤프가 UTC라고 표시한 현지 시각이거나, ' +
    '잘못된 시간대로 저장된 시각입니다. 덤프를 오프셋과 함께 내보내거나 프로필에서 time_zone을 정하십시오.',
  timesLater:
    '{file}: {compared}개 행 중 {rows}개에서 {field}의 시각이 여기보다 {clock} 늦습니다. 덤프가 UTC라고 표시한 현지 시각이거나, ' +
    '잘못된 시간대로 저장된 시각입니다. 덤프를 오프셋과 함께 내보내거나 프로필에서 time_zone을 정하십시오.',
  topic: '토픽',
  window: '구간',
  state: '상태',
  rows: '행(여기/원천)',
  count_difference: '행 차이',
  amounts: '금액(여기/원천)',
  sum_difference: '금액 차이',
  since: '첫 비교',
  last_compared: '마지막 비교',
  partition: '파티션',
  epoch: '에포크',
  from: '첫 번호',
  to: '마지막 번호',
  events: '이벤트',
  recorded_at: '기록 시각',
  stored: '저장됨',
  dead_lettered: '데드 레터',
  lost: '잃음',
  file: '파일',
  finished: '끝까지 함',
  read: '읽은 행',
  outside: '기간 밖',
  rejected: '거부된 줄',
  same: '같음',
  since_changed: '그 뒤 변경됨(since_changed)',
  missing: '여기 없음(missing)',
  extra: '덤프에 없음(extra)',
  older_here: '여기가 오래됨(older_here)',
  newer_here: '여기가 새로움(newer_here)',
  different_at_same_version: '같은 버전, 다른 내용(different_at_same_version)',
  repaired: '고친 행',
  left: '남은 차이',
  time_shifts: '시각 차이',
  windows_compared_again: '다시 비교할 구간',
  report: '보고서',
};
