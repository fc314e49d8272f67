const FIRST_AFTER_SECONDS = 120;
const LONGEST_SECONDS = 6 * 60 * 60;
/** 2, 4 ... 256 minutes. */
const DOUBLINGS = 8;

/**
 * Whether what was asked for so long ago, and last looked at so long ago, is to be asked for again: after 2, 4, 8 ... minutes,
 * then every six hours. Each request is a message of its own, and they pile up where nobody carries them out.
 */
export function isDueAgain({
  askedAgo,
  seenAgo,
}: {
  readonly askedAgo: number;
  readonly seenAgo: number;
}): boolean {
  return timesDue(askedAgo) > timesDue(Math.max(askedAgo - seenAgo, 0));
}

function timesDue(seconds: number): number {
  if (seconds < FIRST_AFTER_SECONDS) return 0;
  const doublings = Math.floor(Math.log2(seconds / FIRST_AFTER_SECONDS)) + 1;
  return Math.min(doublings, DOUBLINGS) + Math.floor(seconds / LONGEST_SECONDS);
}
