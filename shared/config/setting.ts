import { Secret } from './secret.ts';

/** One setting, declared once: how it is read, and what the reference says of it. */
export type Setting<T> = {
  /** Name of the environment variable; of a connector's setting, the part behind `CONNECTOR_<NAME>_`. */
  readonly name: string;
  /** What may be given: `whole number, 1 to 1,000,000`. */
  readonly expects: string;
  readonly unit?: string;
  readonly description: string;
  readonly example?: string;
  /** Default as an operator would write it; undefined when the setting has none. */
  readonly fallback?: string;
  /** Value when neither the environment nor a default gives one. */
  readonly absent: T;
  /** The value; undefined when the text is not what `expects` says. Units are turned into ms and bytes. */
  readonly parse: (text: string) => T | undefined;
};

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What reading a table of settings yields. */
export type ValuesOf<T extends Settings> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never;
};

type About = { readonly description: string; readonly example?: string };
type Range = { readonly min: number; readonly max: number; readonly fallback: number };

const grouped = (value: number): string => value.toLocaleString('en-US', { useGrouping: 'min2' });

function scaled(name: string, unit: string, scale: number, range: Range, about: About): Setting<number> {
  const { min, max, fallback } = range;
  return {
    name,
    unit,
    expects: `whole number, ${grouped(min)} to ${grouped(max)} (${unit})`,
    fallback: String(fallback),
    absent: fallback * scale,
    parse: (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value * scale : undefined;
    },
    ...about,
  };
}

/** A count of things. */
export const integer = (name: string, unit: string, range: Range, about: About): Setting<number> =>
  scaled(name, unit, 1, range, about);

/** A duration given in seconds, read as ms. */
export const seconds = (name: string, range: Range, about: About): Setting<number> =>
  scaled(name, 'seconds', 1000, range, about);

/** A duration given and read in ms. */
export const milliseconds = (name: string, range: Range, about: About): Setting<number> =>
  scaled(name, 'ms', 1, range, about);

/** A size in bytes, read as bytes. */
export const bytes = (name: string, range: Range, about: About): Setting<number> =>
  scaled(name, 'bytes', 1, range, about);

/** One of a few words. */
export function choice<const W extends string>(
  name: string,
  words: readonly W[],
  fallback: W,
  about: About,
): Setting<W> {
  return {
    name,
    expects: `one of ${words.join(', ')}`,
    fallback,
    absent: fallback,
    parse: (text) => words.find((word) => word === text),
    ...about,
  };
}

/** Yes or no. */
export const flag = (name: string, fallback: boolean, about: About): Setting<boolean> => ({
  name,
  expects: 'true or false',
  fallback: String(fallback),
  absent: fallback,
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  ...about,
});

/** Text that must match a pattern; undefined when not given. */
export const text = (
  name: string,
  expects: string,
  pattern: RegExp,
  about: About,
): Setting<string | undefined> => ({
  name,
  expects,
  absent: undefined,
  parse: (value) => (pattern.test(value) ? value : undefined),
  ...about,
});

/**
 * Address of a service, without the slash at its end. Which hosts may be named is for whoever sends something there to check; plain
 * http is taken here because this machine may be one of them.
 */
export const address = (name: string, about: About): Setting<string | undefined> => ({
  name,
  expects: 'address beginning with https://',
  absent: undefined,
  parse: (value) =>
    /^https?:\/\/\S+$/.test(value) && URL.canParse(value) ? value.replace(/\/+$/, '') : undefined,
  ...about,
});

/** Id of something in Entra ID. */
export const guid = (name: string, about: About): Setting<string | undefined> =>
  text(name, 'GUID', /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i, about);

/** When a timer runs. */
export const schedule = (name: string, fallback: string, about: About): Setting<string> =>
  textOr(
    name,
    'six-field NCRONTAB expression in UTC',
    fallback,
    (value) => /^(?:[\d*/,-]+ ){5}[\d*/,A-Za-z-]+$/.test(value),
    about,
  );

/** Text with a default, accepted when `good` says so. */
export const textOr = (
  name: string,
  expects: string,
  fallback: string,
  good: (value: string) => boolean,
  about: About,
): Setting<string> => ({
  name,
  expects,
  fallback,
  absent: fallback,
  parse: (value) => (good(value) ? value : undefined),
  ...about,
});

/** A value never to be shown; undefined when not given. `\n` written as two characters is taken for a line end (PEM). */
export const secret = (name: string, expects: string, about: About): Setting<Secret | undefined> => ({
  name,
  expects,
  absent: undefined,
  parse: (value) => new Secret(value.replaceAll('\\n', '\n')),
  ...about,
});

/**
 * Read a table of settings from an environment. An empty value counts as not given.
 * Every fault goes to `faults` as a sentence that names the setting and what it expects, and never the value.
 */
export function readSettings<T extends Settings>(
  table: T,
  env: Readonly<Record<string, string | undefined>>,
  faults: string[],
  prefix = '',
): ValuesOf<T> {
  const values = Object.entries(table).map(([key, setting]) => {
    const given = env[`${prefix}${setting.name}`]?.trim();
    if (!given) return [key, setting.absent];
    const value = setting.parse(given);
    if (value === undefined) faults.push(`${prefix}${setting.name}: expected ${setting.expects}.`);
    return [key, value ?? setting.absent];
  });
  return Object.fromEntries(values) as ValuesOf<T>;
}
