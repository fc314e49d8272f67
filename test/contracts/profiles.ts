import { type Profile, parseProfile } from '../../shared/contracts/profile.ts';

/** A profile with everything that one can have: an envelope, paths, paths through names, further core fields. */
export const ODD_PROFILE: Profile = parseProfile(
  {
    id: 'odd-v1',
    topics: {
      ledger: {
        topic: 'Wallet.Ledger',
        envelope: ['payload', 'after'],
        aliases: {
          tx_id: ['id', ['ids', 'entry']],
          wallet_id: [['ids', 'wallet']],
          amount: ['total', ['amount', 'value'], ['money', 'gross', 'value']],
          event_time: ['booked', ['times', 'booked']],
          source_created_at: [['times', 'created']],
          version: ['revision', ['meta', 'revision']],
        },
        core: ['tx_id', 'wallet_id', 'entry_type', 'amount', 'event_time', 'related_id', 'source_created_at'],
        time_zone: 'Asia/Seoul',
        precedence: ['version', 'updated_at'],
      },
      payment_order: {
        topic: 'Wallet.Orders',
        envelope: ['data'],
        aliases: {
          status: ['state', ['status', 'name']],
          updated_at: ['modified'],
          schema_version: ['schema'],
        },
        core: ['order_id', 'amount', 'status', 'created_at', 'updated_at', 'schema_version'],
        time_zone: 'America/New_York',
        precedence: ['updated_at', 'version'],
      },
      pair: {
        topic: '',
        aliases: { amount: [['amount', 'value']], status: [['amount', 'status']] },
        core: [
          'payment_order_id',
          'payment_tx_id',
          'receive_tx_id',
          'payer_wallet_id',
          'payee_wallet_id',
          'amount',
          'updated_at',
          'version',
        ],
        time_zone: 'UTC',
        precedence: ['updated_at', 'version'],
      },
    },
  },
  'odd-v1',
);
