/**
 * What activities leave in a workflow's history has an end, whatever they met: Temporal takes no more than 2 MB in one message, and tries a result that is
 * larger again for ever.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { RESULT_TOO_LARGE } from '../activities/failures.ts';

/** Bytes as JSON. Results are made small where they are made; the largest are pages of 64 kB. */
const MOST_BYTES = 256 << 10;
/** Characters of an error's message, and of its stack. */
const MESSAGE_CHARACTERS = 2_000;
const STACK_CHARACTERS = 4_000;
/** Errors that are the cause of each other. */
const MOST_CAUSES = 5;

/** @throws ApplicationFailure `ResultTooLarge`, not tried again, in place of a result that no history takes */
export function boundedResults(): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      let result: unknown;
      try {
        result = await next(input);
      } catch (error) {
        cut(error);
        throw error;
      }
      const bytes = Buffer.byteLength(JSON.stringify(result) ?? '');
      if (bytes <= MOST_BYTES) return result;
      throw ApplicationFailure.nonRetryable(
        `a result of ${bytes} bytes, more than the ${MOST_BYTES} that are kept of one activity`,
        RESULT_TOO_LARGE,
      );
    },
  };
}

function cut(error: unknown, causes = MOST_CAUSES): void {
  if (!(error instanceof Error)) return;
  const { message, stack } = error;
  if (message.length > MESSAGE_CHARACTERS) error.message = shortened(message, MESSAGE_CHARACTERS);
  // It begins with the message.
  if (stack !== undefined && stack.length > STACK_CHARACTERS)
    error.stack = shortened(stack, STACK_CHARACTERS);
  if (causes > 0) cut(error.cause, causes - 1);
  else if (error.cause !== undefined) error.cause = undefined;
}

const shortened = (text: string, length: number): string =>
  `${text.slice(0, length)}… (${text.length} characters)`;
