/** Milliseconds. A registry answers within one second, as a rule, and a person looks again after ten. */
export const TIMES = { look: 500, silent: 7_000, slow: 20_000, again: 30_000, progress: 5_000 };

/**
 * Tells people how an installation goes: how far it is, every few seconds, and soon when the other side does not answer, with what to do. The installer's own
 * tries go on meanwhile.
 * @param {object} watched
 * @param {(line: string) => void} watched.say
 * @param {string} watched.what as in `installing packages`
 * @param {() => string} watched.from who is asked, as in `the npm registry`
 * @param {string} watched.advice what a person can do when that does not answer
 * @param {() => string} [watched.progress] how far it is; whatever changes in it is an answer
 * @param {typeof TIMES} [watched.times] `silent`: without any answer, until that is told; `slow`: the same between two answers; `again`: until it is told again
 */
export function watchInstallation({ say, what, from, advice, progress = () => '', times = TIMES }) {
  const began = performance.now();
  const secondsSince = (moment) => Math.round((performance.now() - moment) / 1_000);
  const told = new Set();
  let far = progress();
  let hasAnswered = false;
  let lastAnswer = began;
  let nextSilence = began + times.silent;
  let nextProgress = began + times.progress;

  function answered() {
    hasAnswered = true;
    lastAnswer = performance.now();
    nextSilence = lastAnswer + times.slow;
  }
  function tellSilence() {
    nextSilence = performance.now() + times.again;
    if (hasAnswered)
      say(
        `${from()} has given nothing for ${secondsSince(lastAnswer)} s; a large package takes that long where the network is slow. Otherwise ${advice}`,
      );
    else
      say(
        `${from()} has not answered for ${secondsSince(began)} s: ${advice}. It is still asked; Ctrl-C gives up`,
      );
  }
  function look() {
    const now = performance.now();
    const before = far;
    far = progress();
    if (far !== before) answered();
    if (now >= nextSilence) return tellSilence();
    if (!hasAnswered || now < nextProgress) return;
    nextProgress = now + times.progress;
    say(`${what}: ${far === '' ? '' : `${far}, `}${secondsSince(began)} s so far`);
  }
  const looking = setInterval(look, times.look);
  return {
    answered,
    /** It did not answer, and why. Each reason is told once. */
    failed(why) {
      if (told.has(why)) return;
      told.add(why);
      nextSilence = performance.now() + times.again;
      say(`${from()} does not answer (${why}): ${advice}. It is asked again; Ctrl-C gives up`);
    },
    end: () => clearInterval(looking),
  };
}
