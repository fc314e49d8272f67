import assert from 'node:assert/strict';
import { request } from 'node:http';
import pg from 'pg';
import { afterAll, beforeAll, describe, it, onTestFinished } from 'vitest';
import { readOperatorSettings } from '../../../shared/settings/settings.ts';
import { LiveView } from '../../../tools/view/liveView.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

describe('the server of the live view', () => {
  let view: LiveView;
  let token: string;
  beforeAll(async () => {
    view = await LiveView.start({
      port: 0,
      setting: '--port',
      language: 'ko',
      takesMetrics: true,
      actor: 'test',
    });
    token = /view-token" content="([\w-]+)"/.exec((await ask('GET', '/')).text)![1]!;
  });
  afterAll(() => view.stop());

  function ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Answer> {
    return new Promise((answered, failed) => {
      const asked = request(`${view.address}${path}`, { method, headers }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          answered({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      });
      asked.once('error', failed);
      asked.end(body);
    });
  }

  const ofPage = () => ({ 'content-type': 'application/json', 'x-view-token': token });
  const REPLAY = '{"ids":[1],"force":true,"acceptFuture":true}';

  it('answers its own page', async () => {
    assert.equal((await ask('GET', '/api/state', ofPage())).status, 200);
    const own = { ...ofPage(), origin: view.address, 'sec-fetch-site': 'same-origin' };
    // Allowed; there is only nothing yet to work on.
    const replay = await ask('POST', '/api/replay', own, REPLAY);
    assert.deepEqual(
      [replay.status, JSON.parse(replay.text)],
      [400, { error: 'The view is starting: it has no database yet.' }],
    );
  });

  it('is in the language that it was started in, and lets nothing but its own files run', async () => {
    const { text, headers } = await ask('GET', '/');
    assert.match(text, /<html lang="ko">/);
    assert.match(
      String(headers['content-security-policy']),
      /default-src 'none'; script-src 'self'; style-src 'self';.* frame-ancestors 'none'/,
    );
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.doesNotMatch(text, /<script(?![^>]* src=)|<style| on\w+=/, 'no script or style within the page');
  });

  it('answers no other name of this machine: a page elsewhere can make one lead here', async () => {
    for (const host of ['elsewhere.example', `localhost:${new URL(view.address).port}`, '127.0.0.1']) {
      for (const path of ['/', '/api/state', '/view.css']) {
        assert.equal((await ask('GET', path, { ...ofPage(), host })).status, 403, `${host} ${path}`);
      }
      assert.equal((await ask('POST', '/api/replay', { ...ofPage(), host }, REPLAY)).status, 403);
    }
  });

  it('answers no other page, even with the token', async () => {
    for (const foreign of [
      { origin: 'https://elsewhere.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const headers = { ...ofPage(), ...foreign } as Record<string, string>;
      const name = JSON.stringify(foreign);
      assert.equal((await ask('GET', '/api/state', headers)).status, 403, name);
      assert.equal((await ask('POST', '/api/replay', headers, REPLAY)).status, 403, name);
      assert.equal((await ask('GET', '/state.js', headers)).status, 403, name);
    }
    // A link in a chat: it opens the page, which asks for the rest itself.
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    assert.equal((await ask('GET', '/dead-letters', link)).status, 200);
    assert.equal((await ask('GET', '/api/state', link)).status, 403);
    assert.equal((await ask('GET', '/', { ...link, 'sec-fetch-dest': 'iframe' })).status, 403);
  });

  it('takes no form, and nothing without its token', async () => {
    const forms = [
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain',
      'application/json; charset=utf-8',
    ];
    for (const type of forms) {
      const { status } = await ask('POST', '/api/replay', { ...ofPage(), 'content-type': type }, REPLAY);
      assert.equal(status, 403, type);
    }
    const { 'x-view-token': _token, ...without } = ofPage();
    for (const headers of [
      without,
      { ...without, 'x-view-token': '' },
      { ...without, 'x-view-token': `${token}x` },
    ]) {
      assert.equal((await ask('POST', '/api/replay', headers, REPLAY)).status, 403);
      assert.equal((await ask('GET', '/api/state', headers)).status, 403);
    }
  });

  it('does nothing on a GET, and gives nobody leave to ask from elsewhere', async () => {
    for (const path of [
      'groups',
      'letters',
      'matching',
      'payload',
      'try',
      'replay',
      'replay/result',
      'explain',
    ]) {
      assert.equal((await ask('GET', `/api/${path}?ids=1&id=1`, ofPage())).status, 405, path);
    }
    for (const method of ['OPTIONS', 'PUT', 'DELETE', 'HEAD']) {
      const { status, headers } = await ask(method, '/api/replay', ofPage());
      assert.ok(status >= 400, method);
      assert.equal(headers['access-control-allow-origin'], undefined);
    }
  });

  it('takes metrics of programs, and of no browser', async () => {
    const row = {
      time: '2026-11-22T12:00:00Z',
      data: { baseType: 'MetricData', baseData: { metrics: [{ name: 'x', value: 1 }] } },
    };
    const path = '/v2.1/track';
    const body = JSON.stringify([row]);
    assert.equal((await ask('POST', path, { 'content-type': 'application/json' }, body)).status, 200);
    for (const header of [{ origin: view.address }, { 'sec-fetch-site': 'none' }] as Record<
      string,
      string
    >[]) {
      assert.equal((await ask('POST', path, header, body)).status, 404);
    }
  });

  it('serves its own files and the runbooks of alerts, and no other', async () => {
    for (const path of [
      '/docs/runbooks/alerts/dlq-activity.md',
      '/docs/runbooks/alerts/dlq-activity.ko.md',
    ]) {
      const runbook = await ask('GET', path);
      assert.deepEqual(
        [runbook.status, String(runbook.headers['content-type'])],
        [200, 'text/plain; charset=utf-8'],
      );
    }
    for (const path of [
      '/../../package.json',
      '/..%2f..%2fpackage.json',
      '/docs/security.md',
      '/liveView.ts',
      '//etc/passwd',
    ]) {
      assert.equal((await ask('GET', path)).status, 404, path);
    }
  });

  it('says at a start that nothing is wrong', async () => {
    const { verdict } = JSON.parse((await ask('GET', '/api/state', ofPage())).text);
    assert.deepEqual([verdict.kind, verdict.problems], ['starting', []]);
  });

  it('gives its token to no page where it works elsewhere: the address that is printed has it', async () => {
    const settings = readOperatorSettings({
      DATABASE_URL: 'postgres://jo:secret@db.example.invalid:5432/bo',
    });
    const database = new pg.Pool({ connectionString: 'postgres://127.0.0.1:1/none' });
    const elsewhere = await LiveView.start({
      port: 0,
      setting: '--port',
      language: 'en',
      takesMetrics: false,
    });
    onTestFinished(() => elsewhere.stop());
    elsewhere.connect({ settings, database });
    const page = await (await fetch(elsewhere.address)).text();
    assert.match(page, /name="view-token" content=""/);
    const [, secret] = /#token=([\w-]{40,})$/.exec(elsewhere.addressToOpen)!;
    const state = (headers: Record<string, string>) => fetch(`${elsewhere.address}/api/state`, { headers });
    assert.equal((await state({})).status, 403);
    const answer = await state({ 'x-view-token': secret! });
    assert.equal(answer.status, 200);
    const { target, verdict } = (await answer.json()) as { target: string; verdict: { kind: string } };
    assert.match(target, /^Target: database bo at db\.example\.invalid:5432 as jo/);
    assert.doesNotMatch(target, /secret|this machine/);
    assert.equal(verdict.kind, 'wrong', 'its database does not answer');
  });
});
