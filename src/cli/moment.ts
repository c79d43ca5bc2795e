/** A moment as docker's `--since` and `--until` take it. */
export { parseDuration, parseMoment } from '../api/client/moment.ts';
