// Asks the gateway every two seconds and shows what it says. Text goes in by textContent alone.
const EVERY_MS = 2_000;
const MONTHS_SHOWN = 36;

const byId = (id) => document.getElementById(id);
const form = byId('range');
const number = new Intl.NumberFormat('en-US');

async function ask(query, variables) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}

const OVERVIEW = `query ($pickup: PickupRange) {
  p90(pickup: $pickup) { value trips tripsOver dataVersion dataThrough }
  source { name url generated paused lastPoll problem files { stage count } }
  files(first: 500) { nodes { filename month stage reason notes rows rejected progress { chunks chunksDone } live { trips } } }
}`;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function show(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = text === '';
}

function showAnswer({ value, trips, tripsOver, dataVersion, dataThrough }) {
  byId('value').textContent = value === null ? 'no trips' : `${number.format(value)} miles`;
  byId('counts').textContent =
    value === null
      ? 'No trip was picked up in this range.'
      : `exact, of ${number.format(trips)} trips; ${number.format(tripsOver)} are longer`;
  byId('version').textContent =
    `data version ${dataVersion}${dataThrough ? `, through ${dataThrough.replace('T', ' ')}` : ''}`;
}

function showSource({ name, url, generated, paused, lastPoll, problem, files }) {
  byId('source').textContent =
    `${name} · ${url}${paused ? ' · paused' : ''}${lastPoll ? ` · looked at ${new Date(lastPoll).toLocaleTimeString()}` : ''}`;
  byId('generated').hidden = !generated;
  show('problem', problem ?? '');
  byId('stages').textContent = files
    .filter(({ count }) => count > 0)
    .map(({ stage, count }) => `${number.format(count)} ${stage.toLowerCase()}`)
    .join(' · ');
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

const monthAfter = (month) =>
  new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 1)).toISOString().slice(0, 7);

async function showMonths(files) {
  const months = [...new Set(files.filter(({ live, month }) => live && month).map(({ month }) => month))]
    .toSorted((a, b) => a.localeCompare(b))
    .slice(-MONTHS_SHOWN);
  if (months.length === 0) return byId('months').replaceChildren();
  const fields = months.map((month) => {
    const range = `{ from: "${month}-01T00:00:00", to: "${monthAfter(month)}-01T00:00:00" }`;
    return `m${month.replace('-', '_')}: p90(pickup: ${range}) { value }`;
  });
  const answers = Object.values(await ask(`{ ${fields.join(' ')} }`)).map(({ value }) => value ?? 0);
  const highest = Math.max(...answers, 1);
  byId('months').replaceChildren(
    ...months.map((month, index) => {
      const bar = element('i');
      bar.style.height = `${(answers[index] / highest) * 70}%`;
      const column = element('div', undefined, 'month');
      column.setAttribute('role', 'listitem');
      column.append(element('span', number.format(answers[index])), bar, element('span', month));
      return column;
    }),
  );
}

let asked = 0;
async function refresh() {
  const mine = ++asked;
  const { from, to } = Object.fromEntries(new FormData(form));
  try {
    const { p90, source, files } = await ask(OVERVIEW, { pickup: { from: from || null, to: to || null } });
    // An answer that was overtaken by a newer question is not shown.
    if (mine !== asked) return;
    showAnswer(p90);
    showSource(source);
    showFiles(files.nodes);
    await showMonths(files.nodes);
  } catch (error) {
    if (mine === asked) show('problem', error.message);
  }
}

form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('input', () => void refresh());
form.addEventListener('reset', () => setTimeout(() => void refresh()));
await refresh();
setInterval(() => void refresh(), EVERY_MS);
