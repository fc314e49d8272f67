import { Command, Option } from 'commander';
import { wholeNumber } from '../terminal/options.ts';
import { costOf, type Line, PROFILES, type ProfileName, shortfalls } from './cost.ts';
import { PRICES } from './prices.ts';

// `npm run cost -- --events-per-second 300`: the table of docs/cost.md, in Markdown.

interface Options {
  eventsPerSecond: number;
  bytes: number;
  hours: number;
  profile: ProfileName;
}

const number = (value: number) =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });

new Command('npm run cost --')
  .description('What a month costs at list prices, line by line.')
  .requiredOption('--events-per-second <n>', 'of all topics together', wholeNumber(0))
  .option('--bytes <n>', 'of an event', wholeNumber(1), 1000)
  .option('--hours <n>', 'of the month in which events come', wholeNumber(1), 730)
  .addOption(
    new Option('--profile <name>', 'whose sizes').choices(Object.keys(PROFILES)).default('cloud-secure'),
  )
  .action(({ profile, ...load }: Options) => {
    const lines = costOf(profile, load);
    console.log('| item | quantity | US$ each | US$ a month | price rests on |\n|---|---|---|---|---|');
    for (const { item, quantity, price, dollars } of lines.filter((line: Line) => line.quantity > 0)) {
      const { amount, per, source } = PRICES[price];
      console.log(`| ${item} | ${number(quantity)} | ${amount} a ${per} | ${number(dollars)} | ${source} |`);
    }
    console.log(`| sum | | | ${number(lines.reduce((sum, { dollars }) => sum + dollars, 0))} | |`);
    for (const shortfall of shortfalls(profile, load)) console.log(`\n${shortfall}`);
  })
  .parse();
