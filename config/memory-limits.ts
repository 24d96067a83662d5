/** How much memory the engine may take, by the machine's. */
import { totalmem } from 'node:os';

const MEBIBYTE = 2 ** 20;

/** Of the machine's memory: the rest is for gateway, worker, Temporal, Redis, and the files that the kernel keeps in memory. */
const ENGINE_SHARE = 0.5;
/** What the process takes beside its statements: 250 MB when nothing runs. */
const BESIDE_BYTES = 384 * MEBIBYTE;
/** Of the rest, for all statements together: what they take has been 16 % more than what the engine counts. */
const STATEMENTS_SHARE = 0.85;
/** Of that, for one statement; a process that only reads one file gets as much, so that both judge a file alike. */
const STATEMENT_SHARE = 0.85;

/** What `ENGINE_MEMORY_MB` is where it is not set: half of what the machine has, or of what its container may take (cgroup v1 or v2). */
export function defaultEngineMemoryMb(): number {
  // 0, or a number near 2^63, where there is no such limit.
  const allowed = process.constrainedMemory() ?? 0;
  const machine = totalmem();
  const bytes = allowed > 0 && allowed < machine ? allowed : machine;
  return Math.floor((bytes * ENGINE_SHARE) / MEBIBYTE);
}

/** All in bytes. */
export interface MemoryLimits {
  /** The process is ended beyond this. */
  process: number;
  /** All statements together are refused more (code 241). */
  statements: number;
  /** One statement is refused more (code 241). */
  statement: number;
}

/** What an engine with `ENGINE_MEMORY_MB` of this may take. */
export function engineLimits(memoryMb: number): MemoryLimits {
  const bytes = memoryMb * MEBIBYTE;
  const statements = Math.floor((bytes - BESIDE_BYTES) * STATEMENTS_SHARE);
  return {
    process: bytes,
    statements,
    statement: Math.floor(statements * STATEMENT_SHARE),
  };
}

/** What a process that reads one file, beside such an engine, may take. */
export function loneReaderLimits(memoryMb: number): MemoryLimits {
  const { statement } = engineLimits(memoryMb);
  return {
    process: BESIDE_BYTES + Math.floor(statement / STATEMENTS_SHARE),
    statements: statement,
    statement,
  };
}

/** Bytes as people read them in messages. */
export const inMegabytes = (bytes: number): string => `${Math.round(bytes / MEBIBYTE)} MB`;
