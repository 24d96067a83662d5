/** Why the launcher won't start, in one line for a person who can change it. */
export class Refusal extends Error {
  override name = 'Refusal';
}
