import { expect, it } from 'vitest';
import { requestUrl } from './request-url.ts';

it.each([
  ['/a?b=c', '/a'],
  ['//', '//'],
  ['//evil.example/a', '//evil.example/a'],
  ['http://evil.example/', '/http://evil.example/'],
  ['*', '/*'],
  ['//[', '//['],
  ['/\\\\evil.example', '///evil.example'],
  [undefined, '/'],
])('the path of %s is %s', (url, path) => {
  expect(requestUrl(url === undefined ? {} : { url }).pathname).toBe(path);
});
