// Asks the gateway every two seconds and shows what it says. Text goes in by textContent alone.
const EVERY_MS = 2_000;
const MONTHS_SHOWN = 36;

const byId = (id) => document.getElementById(id);
const form = byId('range');
const number = new Intl.NumberFormat('en-US');

// The documents that this page sends, by name: those that the gateway trusts.
let documents;
async function hashOf(name) {
  documents ??= await (await fetch('/documents.json')).json();
  return documents.operations.find((operation) => operation.name === name).id;
}

// By GET and hash, so that the gateway answers from memory, and 304 what has not changed.
async function ask(name, variables = {}) {
  const extensions = { persistedQuery: { version: 1, sha256Hash: await hashOf(name) } };
  const question = new URLSearchParams({
    operationName: name,
    variables: JSON.stringify(variables),
    extensions: JSON.stringify(extensions),
  });
  const key = sessionStorage.getItem('key');
  const response = await fetch(`/graphql?${question}`, {
    headers: { accept: 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
  });
  const { data, errors } = await response.json();
  if (!errors) return data;
  const { code } = errors[0].extensions ?? {};
  byId('access').hidden = code !== 'UNAUTHENTICATED';
  // A gateway of another version has other documents.
  if (code === 'PERSISTED_QUERY_NOT_FOUND' || code === 'DOCUMENT_NOT_TRUSTED') documents = undefined;
  throw new Error(errors[0].message);
}

// Names of files and what servers say may hold signs that turn the text round, or that nobody sees.
const visible = (text) =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) =>
    [...Array(sign.length).keys()]
      .map((at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = visible(text);
  if (className) made.className = className;
  return made;
}

function show(id, text) {
  byId(id).textContent = visible(text);
  byId(id).hidden = text === '';
}

function showAnswer({ value, trips, tripsOver, dataVersion, dataThrough, loading }) {
  byId('value').textContent = loading
    ? 'nothing is loaded yet'
    : value === null
      ? 'no trips'
      : `${number.format(value)} miles`;
  byId('counts').textContent = loading
    ? 'Answers are of no trips until the first file is published: see below how far it is.'
    : value === null
      ? 'No trip was picked up in this range.'
      : `exact, of ${number.format(trips)} trips; ${number.format(tripsOver)} are longer`;
  byId('version').textContent =
    `data version ${dataVersion}${dataThrough ? `, through ${dataThrough.replace('T', ' ')}` : ''}`;
}

function showSource({ name, url, generated, paused, lastPoll, problem, files }) {
  byId('source').textContent = visible(
    `${name} · ${url}${paused ? ' · paused' : ''}${lastPoll ? ` · looked at ${new Date(lastPoll).toLocaleTimeString()}` : ''}`,
  );
  byId('generated').hidden = !generated;
  show('problem', problem ?? '');
  byId('stages').textContent =
    files
      .filter(({ count }) => count > 0)
      .map(({ stage, count }) => `${number.format(count)} ${stage.toLowerCase()}`)
      .join(' · ') || 'The source has shown no file yet.';
}

function showFiles(files) {
  const rows = files.toReversed().map((file) => {
    const row = element('tr');
    const stage = element('td', file.stage.toLowerCase(), file.stage.toLowerCase());
    if (file.stage === 'FETCHING' && file.progress) {
      const bar = element('progress');
      bar.max = file.progress.chunks;
      bar.value = file.progress.chunksDone;
      stage.append(bar);
    }
    row.append(
      element('td', file.filename),
      stage,
      element('td', file.live ? number.format(file.live.trips) : '', 'number'),
      element('td', file.rejected === null ? '' : number.format(file.rejected), 'number'),
      element('td', [file.reason, ...file.notes].filter(Boolean).join('; ')),
    );
    return row;
  });
  byId('files').replaceChildren(...rows);
}

// From the first month that has a file to the last: one without a file has no bar, whatever strays of other files lie in it.
async function showMonths() {
  const { points } = (await ask('Months')).p90Series;
  const months = points.slice(-MONTHS_SHOWN);
  const highest = Math.max(...months.map(({ value, published }) => (published ? (value ?? 0) : 0)), 1);
  byId('months').replaceChildren(
    ...months.map(({ from, value, trips, published }) => {
      const bar = element('i');
      bar.style.height = `${published ? ((value ?? 0) / highest) * 70 : 0}%`;
      const column = element('div', undefined, 'month');
      column.setAttribute('role', 'listitem');
      const text = published ? number.format(value ?? 0) : 'no file';
      column.append(element('span', text), bar, element('span', from.slice(0, 7)));
      if (!published && trips > 0) column.title = `${number.format(trips)} trips of other months' files`;
      return column;
    }),
  );
}

let asked = 0;
async function refresh() {
  const mine = ++asked;
  const { from, to } = Object.fromEntries(new FormData(form));
  try {
    const pickup = { from: from || null, to: to || null };
    const [{ p90 }, { source, files }] = await Promise.all([ask('P90', { pickup }), ask('Ingestion')]);
    // An answer that was overtaken by a newer question is not shown.
    if (mine !== asked) return;
    showAnswer(p90);
    showSource(source);
    showFiles(files.nodes);
    await showMonths();
  } catch (error) {
    if (mine === asked) show('problem', error.message);
  }
}

byId('access').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('key', new FormData(event.target).get('key'));
  event.target.hidden = true;
  void refresh();
});
form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('input', () => void refresh());
form.addEventListener('reset', () => setTimeout(() => void refresh()));
await refresh();
// Who has no key is not asked for it by each look anew.
setInterval(() => void (byId('access').hidden && refresh()), EVERY_MS);
