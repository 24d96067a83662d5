/** What was typed, as a command; every mistake says what would be right. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { mistakeInBackfill } from '../workflows/backfill-request.ts';

export type Command =
  | { name: 'help'; about: string | undefined }
  | { name: 'status'; json: boolean }
  | { name: 'pause' | 'resume'; json: boolean }
  | { name: 'backfill'; json: boolean; from: string; to: string; force: boolean; wait: boolean }
  | { name: 'files'; json: boolean; stage: string | undefined }
  | { name: 'retry'; json: boolean; filenames: string[] }
  | { name: 'rollback'; json: boolean; filename: string }
  | { name: 'withdraw'; json: boolean; filename: string }
  | { name: 'accept'; json: boolean; filename: string }
  | {
      name: 'limits';
      json: boolean;
      min: number | undefined;
      max: number | undefined;
      host: string | undefined;
    }
  | {
      name: 'p90';
      json: boolean;
      from: string | undefined;
      to: string | undefined;
      interpolate: boolean;
    };

/** The command line makes no sense: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
  /** The command whose help would help. */
  readonly about: string | undefined;
  constructor(message: string, about?: string) {
    super(message);
    this.about = about;
  }
}

export const COMMANDS = [
  'status',
  'files',
  'p90',
  'backfill',
  'pause',
  'resume',
  'retry',
  'rollback',
  'withdraw',
  'accept',
  'limits',
] as const;
type CommandName = (typeof COMMANDS)[number];

/** Names of files, as they are. */
const TAKE_FILES: readonly CommandName[] = ['retry', 'rollback', 'withdraw', 'accept'];

const STAGES = ['DISCOVERED', 'FETCHING', 'LOADING', 'PUBLISHED', 'QUARANTINED'];

type Options = NonNullable<ParseArgsConfig['options']>;
const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const OPTIONS: Record<CommandName, Options> = {
  status: {},
  files: { stage: text },
  p90: { from: text, to: text, interpolate: flag },
  backfill: { from: text, to: text, force: flag, 'no-wait': flag },
  pause: {},
  resume: {},
  retry: {},
  rollback: {},
  withdraw: {},
  accept: {},
  limits: { min: text, max: text, host: text },
};

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    return { name: 'help', about: isCommand(rest[0]) ? rest[0] : undefined };
  }
  if (!isCommand(first)) {
    throw new UsageError(
      first.startsWith('-')
        ? `the command comes first: ${COMMANDS.join(', ')}`
        : `there is no command ${JSON.stringify(first)}; there are ${COMMANDS.join(', ')}`,
    );
  }
  const { values, positionals } = parseOptions(first, rest);
  if (values['help'] === true) return { name: 'help', about: first };
  return command(first, values, positionals);
}

function isCommand(word: string | undefined): word is CommandName {
  return COMMANDS.some((name) => name === word);
}

interface Parsed {
  values: Record<string, string | boolean | undefined>;
  positionals: string[];
}

function parseOptions(name: CommandName, args: string[]): Parsed {
  const options = { ...OPTIONS[name], json: flag, help: { ...flag, short: 'h' } };
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { values, positionals };
  } catch (error) {
    // Node's own sentence; some go on with advice that does not fit.
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw new UsageError(`${name}: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`, name);
  }
}

function command(name: CommandName, values: Parsed['values'], positionals: string[]): Command {
  const json = values['json'] === true;
  const given = (option: string): string | undefined => {
    const value = values[option];
    return typeof value === 'string' ? value : undefined;
  };
  const mistake = (message: string) => new UsageError(`${name}: ${message}`, name);
  const [surplus] = positionals;
  if (surplus !== undefined && !TAKE_FILES.includes(name))
    throw mistake(`${JSON.stringify(surplus)} is too much: it takes options alone`);
  switch (name) {
    case 'status':
    case 'pause':
    case 'resume':
      return { name, json };
    case 'backfill': {
      const from = given('from');
      const to = given('to') ?? from;
      if (from === undefined || to === undefined)
        throw mistake('--from is missing: the first month, as in --from 2023-01');
      const wrong = mistakeInBackfill({ from, to });
      if (wrong !== undefined) throw mistake(wrong.replaceAll(/"(from|to)"/g, '--$1'));
      return { name, json, from, to, force: values['force'] === true, wait: values['no-wait'] !== true };
    }
    case 'files': {
      const stage = given('stage')?.toUpperCase();
      if (stage !== undefined && !STAGES.includes(stage))
        throw mistake(`there is no stage ${JSON.stringify(stage)}; there are ${STAGES.join(', ')}`);
      return { name, json, stage };
    }
    case 'retry':
      return { name, json, filenames: positionals };
    case 'rollback':
    case 'withdraw':
    case 'accept': {
      const [filename, another] = positionals;
      if (filename === undefined) throw mistake(`which file? As in: ${name} yellow_tripdata_2023-01.parquet`);
      if (another !== undefined) throw mistake('one file at a time');
      return { name, json, filename };
    }
    case 'limits': {
      const whole = (option: 'min' | 'max'): number | undefined => {
        const value = given(option);
        if (value !== undefined && !/^\d{1,9}$/.test(value))
          throw mistake(`--${option} must be a whole number`);
        return value === undefined ? undefined : Number(value);
      };
      const [min, max] = [whole('min'), whole('max')];
      if (min === undefined && max === undefined)
        throw mistake('--min or --max is missing: requests at a time, as in --max 8');
      return { name, json, min, max, host: given('host') };
    }
    case 'p90':
      return {
        name,
        json,
        from: given('from'),
        to: given('to'),
        interpolate: values['interpolate'] === true,
      };
  }
}
