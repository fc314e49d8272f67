import { claimPort } from './ports.ts';

const PORT_SETTINGS = [
  'LOCAL_POSTGRES_PORT',
  'LOCAL_EVENT_HUBS_PORT',
  'LOCAL_KAFKA_PORT',
  'LOCAL_BLOB_PORT',
  'LOCAL_QUEUE_PORT',
  'LOCAL_TABLE_PORT',
  'LOCAL_VIEW_PORT',
] as const;
export type PortSetting = (typeof PORT_SETTINGS)[number];

// Below the ports that systems give to outgoing connections, and other ones for each test process.
let nextPort = 20_000 + (process.pid % 1_000) * 12;

async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort++;
    const claimed = await claimPort({ service: 'A test', port, setting: '' }).catch(() => undefined);
    if (claimed !== undefined) return claimed;
  }
}

/** Ports for a local cloud beside others. */
export async function freeLocalPorts(): Promise<Record<PortSetting, number>> {
  const ports: [PortSetting, number][] = [];
  for (const setting of PORT_SETTINGS) ports.push([setting, await freePort()]);
  return Object.fromEntries(ports) as Record<PortSetting, number>;
}
