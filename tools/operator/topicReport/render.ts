import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Block } from './page.ts';

/** For a terminal; coloured only if standard output is one. */
export function terminalText(blocks: readonly Block[]): string {
  return blocks.map(terminalBlock).join('\n');
}

function terminalBlock(block: Block): string {
  switch (block.kind) {
    case 'title':
      return styled('bold', block.text);
    case 'verdict':
      return styled(block.good ? 'green' : 'yellow', block.text);
    case 'heading':
      return `\n${styled('bold', block.text)}`;
    case 'text':
      return plain(block.text);
    case 'list':
      return block.lines.map((line) => `- ${plain(line)}`).join('\n');
    case 'table':
      return tableText(
        block.head,
        block.rows.map((row) => row.map(plain)),
      );
    case 'code':
      return block.text;
  }
}

function styled(format: 'bold' | 'green' | 'yellow', text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

function plain(text: string): string {
  return text.replaceAll('`', '');
}

function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

/** A page to send. */
export function markdownText(blocks: readonly Block[]): string {
  return `${blocks.map(markdownOf).join('\n\n')}\n`;
}

function markdownOf(block: Block): string {
  switch (block.kind) {
    case 'title':
      return `# ${block.text}`;
    case 'verdict':
      return `**${block.text}**`;
    case 'heading':
      return `## ${block.text}`;
    case 'text':
      return block.text;
    case 'list':
      return block.lines.map((line) => `- ${line}`).join('\n');
    case 'table': {
      const row = (cells: readonly string[]) =>
        `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
      return [row(block.head), row(block.head.map(() => '---')), ...block.rows.map(row)].join('\n');
    }
    case 'code':
      return `\`\`\`json\n${block.text}\n\`\`\``;
  }
}
