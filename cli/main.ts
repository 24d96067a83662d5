/** `npm run tripline -- …`: composition root of the command line. */
import { EnvironmentError, readClientEnvironment } from '../config/environment.ts';
import { visibleText } from '../config/visible-text.ts';
import { parseCommandLine, UsageError } from './command-line.ts';
import { runCommand } from './commands.ts';
import { connectGateway, GatewayError } from './gateway-client.ts';
import { helpText } from './help.ts';
import { createOutput } from './output.ts';
import { createPainter } from './progress-bars.ts';

const DONE = 0;
const FAILED = 1;
const SENSELESS = 2;

async function run(): Promise<number> {
  const command = parseCommandLine(process.argv.slice(2));
  if (command.name === 'help') {
    process.stdout.write(`${helpText(command.about)}\n`);
    return DONE;
  }
  await runCommand(command, {
    ask: connectGateway(readClientEnvironment(process.env)),
    output: createOutput({ json: command.json, stdout: process.stdout }),
    painter: createPainter(process.stderr),
  });
  return DONE;
}

/** One line that says what to do, and the exit code. */
function explain(error: unknown): number {
  const say = (message: string): void => void process.stderr.write(`tripline: ${visibleText(message)}\n`);
  if (error instanceof UsageError) {
    say(`${error.message} (npm run tripline -- ${error.about === undefined ? '' : `${error.about} `}--help)`);
    return SENSELESS;
  }
  if (error instanceof EnvironmentError) {
    error.mistakes.forEach(say);
    return SENSELESS;
  }
  if (error instanceof GatewayError) {
    say(error.message);
    return error.code === 'BAD_USER_INPUT' ? SENSELESS : FAILED;
  }
  say(error instanceof Error ? error.message : String(error));
  return FAILED;
}

// Whoever reads our lines may leave, as `head` does.
process.stdout.on('error', () => process.exit(DONE));
run().then(
  (code) => (process.exitCode = code),
  (error: unknown) => (process.exitCode = explain(error)),
);
