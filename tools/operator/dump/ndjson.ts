import { decodeBody } from '../../../shared/contracts/decode.ts';
import type { DumpLine, DumpOptions } from './dumpLine.ts';
import { linesOf } from './lines.ts';

/** One JSON object a line; blank lines are skipped. Decoded as the body of an event is: numbers keep their digits. */
export async function* readNdjson(
  chunks: AsyncIterable<Buffer>,
  { skipTo = 0 }: Pick<DumpOptions, 'skipTo'>,
): AsyncGenerator<readonly DumpLine[]> {
  let line = 0;
  for await (const lines of linesOf(chunks)) {
    const page: DumpLine[] = [];
    for (const bytes of lines) {
      line++;
      if (line <= skipTo) continue;
      const decoded = decodeBody(bytes);
      if (decoded.accepted) page.push({ line, fields: decoded.object });
      else if (decoded.reason !== 'empty_body')
        page.push({ line, rejection: decoded, text: bytes.toString('utf8') });
    }
    yield page;
  }
}
