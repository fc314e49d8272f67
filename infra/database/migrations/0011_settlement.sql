-- Settlement (SPEC 16): the rules as the database reads them, what has changed since the timer looked, and what it found. The
-- view is not here: infra/database/functions, installed with each release.

-- What undoes an entry. Nearly no entry has the column, so nearly none is in the index.
CREATE INDEX ledger_entries_reverses ON bo.ledger_entries (reverses_tx_id) WHERE reverses_tx_id IS NOT NULL;

-- == The rules of the profile (shared/contracts/settlementRules.ts) ==

-- One row: which rules the next two tables hold, and how far the timer has come in holding every group against them.
CREATE TABLE sync.settlement_rules (
  one        boolean PRIMARY KEY DEFAULT true CHECK (one),
  sha256     text NOT NULL DEFAULT '',
  written_at timestamptz NOT NULL DEFAULT now(),
  next_group text COLLATE "C" DEFAULT ''
);
COMMENT ON COLUMN sync.settlement_rules.sha256 IS 'Of the rules; empty: none were written yet';
COMMENT ON COLUMN sync.settlement_rules.next_group IS
  'The timer goes through all groups in the order of their ids and has come to this one; NULL when it is through';
INSERT INTO sync.settlement_rules DEFAULT VALUES;

CREATE TABLE sync.settlement_types (
  entry_type text PRIMARY KEY,
  sign       smallint CHECK (sign IN (-1, 0, 1)),
  flow       text CHECK (flow IN ('charge', 'refund', 'chargeback', 'fee', 'hold')),
  is_out     boolean,
  one_to_one boolean,
  gives_back boolean,
  reverses   boolean NOT NULL,
  CHECK (num_nulls(flow, is_out, one_to_one, gives_back) IN (0, 4)),
  CHECK (reverses = (sign IS NULL) AND NOT (reverses AND flow IS NOT NULL))
);
COMMENT ON TABLE sync.settlement_types IS 'Entry types that the rules know: their sign, and their side of a flow';
COMMENT ON COLUMN sync.settlement_types.reverses IS 'Its entries undo the one that they name in reverses_tx_id';

CREATE TABLE sync.settlement_statuses (
  status    text PRIMARY KEY,
  cancelled boolean NOT NULL,
  states    text[]
);
COMMENT ON COLUMN sync.settlement_statuses.states IS 'States of the settlement that this status of the order allows; NULL: any';

-- == What changed ==

-- One row a batch, written in its transaction; deleted by the timer in the transaction that has looked at these groups. So
-- whoever sees the entries of a batch also sees either this row or what the timer made of it, whatever commits when: no
-- number has to be waited for.
--
-- A new PAYMENT or RECEIVE has written its pair anyway: the pairs of a batch are those whose updated_at lies in its time. Ids are
-- written of what no pair tells.
CREATE TABLE sync.settlement_changes (
  began_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL,
  ids      text[] COLLATE "C",
  reversed text[] COLLATE "C"
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE sync.settlement_changes IS 'Each batch, until the timer has looked at the settlements that it changed';
COMMENT ON COLUMN sync.settlement_changes.ids IS
  'Groups beside those of its pairs: of other entries, of updated ones before and after, of orders whose status counts';
COMMENT ON COLUMN sync.settlement_changes.reversed IS 'reverses_tx_id of its entries, before and after: their groups changed as well';

-- == What the timer found ==

CREATE TABLE sync.settlement_violations (
  payment_order_id text COLLATE "C",
  kind             text,
  since            timestamptz NOT NULL,
  awaited          text[] COLLATE "C",
  PRIMARY KEY (payment_order_id, kind)
);
-- Reversals that wait for the entry that they name.
CREATE INDEX settlement_violations_awaited ON sync.settlement_violations (payment_order_id) WHERE awaited IS NOT NULL;
COMMENT ON TABLE sync.settlement_violations IS 'What does not add up, and since which batch';
COMMENT ON COLUMN sync.settlement_violations.awaited IS 'reversal_of_unknown: the entries that were named and are not there';

-- Settlements of large groups, so that each is read and not computed. The view takes one where nothing has changed since.
CREATE TABLE sync.large_settlements (
  payment_order_id    text COLLATE "C" PRIMARY KEY,
  state               text NOT NULL,
  paid_amount         numeric NOT NULL,
  refunded_amount     numeric NOT NULL,
  charged_back_amount numeric NOT NULL,
  fee_amount          numeric NOT NULL,
  reversed_amount     numeric NOT NULL,
  net_amount          numeric NOT NULL,
  refundable_amount   numeric NOT NULL,
  currency            text,
  charge_entries      bigint NOT NULL,
  refund_entries      bigint NOT NULL,
  chargeback_entries  bigint NOT NULL,
  fee_entries         bigint NOT NULL,
  hold_entries        bigint NOT NULL,
  reversal_entries    bigint NOT NULL,
  violations          text[] NOT NULL,
  first_event_time    timestamptz NOT NULL,
  last_event_time     timestamptz NOT NULL,
  entries             bigint NOT NULL,
  awaited             text[] COLLATE "C"
);

GRANT SELECT, UPDATE ON sync.settlement_rules TO bo_sync;
GRANT SELECT, INSERT, DELETE ON sync.settlement_types, sync.settlement_statuses, sync.settlement_changes,
  sync.large_settlements TO bo_sync;
GRANT SELECT, INSERT, UPDATE, DELETE ON sync.settlement_violations TO bo_sync;
GRANT SELECT ON sync.settlement_rules, sync.settlement_types, sync.settlement_statuses, sync.settlement_changes,
  sync.large_settlements, sync.settlement_violations TO bo_operator;
GRANT INSERT ON sync.settlement_changes TO bo_operator;
