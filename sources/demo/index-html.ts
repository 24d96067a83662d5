import type { PublishedFile } from './shelf.ts';

const TITLE = 'Index of / (generated trips, not real ones)';

/** As nginx prints a folder, with seconds. */
export function indexHtml(files: readonly PublishedFile[]): string {
  const lines = files.map(({ filename, publishedMs, sizeBytes }) => {
    const date = new Date(publishedMs).toISOString().slice(0, 19).replace('T', ' ');
    return `<a href="${filename}">${filename}</a>${' '.repeat(Math.max(52 - filename.length, 1))}${date} ${String(sizeBytes).padStart(20)}`;
  });
  return `<html>
<head><title>${TITLE}</title></head>
<body>
<h1>${TITLE}</h1><hr><pre>
${lines.join('\n')}
</pre><hr></body>
</html>
`;
}
