/** Logs a text that a stranger chose, in every place of a line. */
import { createLogger } from '../../config/logging.ts';

const evil = JSON.parse(process.env['EVIL'] ?? '""') as string;
const logger = createLogger({ name: 'test', level: 'info' });
logger.info({ file: evil, error: evil, within: { [evil]: [evil] } }, evil);
logger.warn({ err: new Error(evil) }, 'failed');
