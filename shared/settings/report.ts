export type Environment = Readonly<Record<string, string | undefined>>;

/** Collects problems of the environment, so that all of them are named at once. */
export type Report = (problem: string) => void;
