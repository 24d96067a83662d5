import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { requireSourceFolder } from './source-folder.ts';

it('takes a folder that is there, and says what is wrong with one that is not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-source-'));
  try {
    writeFileSync(join(folder, 'file'), '');
    const refusal = (path: string): string => {
      try {
        requireSourceFolder({ kind: 'folder', path });
        return 'taken';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refusal(folder)).toBe('taken');
    expect(refusal(join(folder, 'typo'))).toMatch(
      /^SOURCE_URL names file:.*typo, which does not exist: name a folder/,
    );
    expect(refusal(join(folder, 'file'))).toMatch(/, which is not a folder: /);
    expect(refusal(join(folder, 'file', 'x'))).toMatch(
      /, which does not exist, as a part of its path is a file: /,
    );
    requireSourceFolder({ kind: 'demo' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
