import type pg from 'pg';

export interface FoundId {
  readonly kind: 'ledger entry' | 'payment order' | 'payment' | 'wallet';
  readonly id: string;
}

/**
 * Ids that begin like this, each kind in order, up to a number of each. Reads no more of the indexes than it returns, however many
 * begin so: their keys are in byte order, and of a wallet's entries only the first is read.
 */
export async function findByPrefix(database: pg.Pool, prefix: string, most: number): Promise<FoundId[]> {
  const { rows } = await database.query<FoundId>(
    `WITH RECURSIVE wallets AS (
       (SELECT wallet_id, 1 AS number FROM bo.ledger_entries WHERE wallet_id >= $1 ORDER BY wallet_id LIMIT 1)
       UNION ALL
       SELECT next.wallet_id, number + 1
       FROM wallets w
       CROSS JOIN LATERAL (
         SELECT l.wallet_id FROM bo.ledger_entries l WHERE l.wallet_id > w.wallet_id ORDER BY l.wallet_id LIMIT 1
       ) next
       WHERE number < $2 AND starts_with(w.wallet_id, $1)
     )
     (SELECT 'ledger entry' AS kind, tx_id AS id FROM bo.ledger_entries WHERE tx_id ^@ $1 ORDER BY tx_id LIMIT $2)
     UNION ALL
     (SELECT 'payment order', order_id FROM bo.payment_orders WHERE order_id ^@ $1 ORDER BY order_id LIMIT $2)
     UNION ALL
     (SELECT 'payment', payment_order_id FROM bo.payment_ledger_pairs p
      WHERE payment_order_id ^@ $1 AND NOT EXISTS (SELECT FROM bo.payment_orders o WHERE o.order_id = p.payment_order_id)
      ORDER BY payment_order_id LIMIT $2)
     UNION ALL
     (SELECT 'wallet', wallet_id FROM wallets WHERE starts_with(wallet_id, $1) ORDER BY wallet_id)`,
    [prefix, most],
  );
  return rows;
}
