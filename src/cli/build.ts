/** What tools/build.mjs knew when it made the bundle. */
declare const PETRI_VERSION: string | undefined;
declare const PETRI_COMMIT: string | undefined;

export const version = typeof PETRI_VERSION === 'string' ? PETRI_VERSION : '0.0.0-source';
export const commit = typeof PETRI_COMMIT === 'string' ? PETRI_COMMIT : '';
