import { RFC3161Timestamp } from '@sigstore/core';
import { Der } from './der.ts';

/** GeneralizedTime in UTC, with any fraction of a second. */
const TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.\d{1,9})?Z$/;

/**
 * The library's RFC 3161 timestamp, which keeps its bytes and also reads times whose fraction has not three digits.
 * @see https://www.rfc-editor.org/rfc/rfc3161#section-2.4.2
 */
export class Timestamp extends RFC3161Timestamp {
  /** @throws Error if it is not DER. */
  static read(bytes: Uint8Array): Timestamp {
    return new Timestamp(Der.read(bytes));
  }

  /** Whole seconds. @throws Error if there is no such time in it. */
  override get signingTime(): Date {
    const node = this.tstInfo.root.subs[4];
    const text = node?.tag.isGeneralizedTime() === true ? node.value.toString('latin1') : '';
    const [, year, month, day, hour, minute, second] = TIME.exec(text) ?? [];
    const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    if (Number.isNaN(time.getTime())) throw new Error('the timestamp has no time');
    return time;
  }
}
