/** Everything about mounts: the calls, the table of what is mounted, overlay. */
export { detachedOverlay } from './detached-overlay.ts';
export * from './mount-calls.ts';
export { type Mount, parseMountinfo } from './mountinfo.ts';
export { overlayLowerdirPlus } from './overlay.ts';
