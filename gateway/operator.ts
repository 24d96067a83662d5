/** Who may change things: whoever holds the operator token. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** For messages: where an operator finds the token. */
export const WHERE_THE_TOKEN_IS =
  'send the header "Authorization: Bearer <token>"; the token is OPERATOR_TOKEN, or else in the file operator-token in DATA_DIR (.data)';

/** Does this `Authorization` header carry the token? */
export type OperatorCheck = (authorization: string | null | undefined) => boolean;

/** Compares digests, so that neither the time nor a difference in length tells anything of the token. */
export function createOperatorCheck(token: string): OperatorCheck {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(token);
  return (authorization) => {
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}
