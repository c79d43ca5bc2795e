/** Addresses, port numbers and links as Go and docker's command read them. */
import { isIP } from 'node:net';

/** Go's `net.ParseIP`: IPv4 without leading zeros, or IPv6 without a zone. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

const HARDWARE = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2})*$/i;
const DOTTED_HARDWARE = /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i;

/** Go's `net.ParseMAC`: 6, 8 or 20 bytes. @throws Error with docker's words */
export function checkMacAddress(text: string): void {
  const trimmed = text.trim();
  const isWritten = HARDWARE.test(trimmed) || DOTTED_HARDWARE.test(trimmed);
  const digits = trimmed.replace(/[^0-9a-f]/gi, '').length;
  if (!isWritten || ![12, 16, 40].includes(digits))
    throw new Error(`${text} is not a valid mac address`);
}

/** Go's `strconv.ParseUint` in 16 bits. @throws Error with Go's words */
export function parsePortNumber(text: string): number {
  const about = `strconv.ParseUint: parsing ${JSON.stringify(text)}:`;
  if (!/^\d+$/.test(text)) throw new Error(`${about} invalid syntax`);
  if (Number(text) > 65535) throw new Error(`${about} value out of range`);
  return Number(text);
}

/** `container[:alias]`. @throws Error with docker's words */
export function parseLink(text: string): string {
  if (text === '') throw new Error('empty string specified for links');
  if (text.split(':').length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}
