/** Everything about mounts: the calls, the table of what is mounted, overlay. */
export * from './mount-calls.ts';
export { type Mount, parseMountinfo } from './mountinfo.ts';
export { detachedOverlay, overlayLowerdirPlus } from './overlay.ts';
