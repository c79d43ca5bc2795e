/** What a pull tells while it goes on, in docker's words. */

export interface Progress {
  /** A layer's short digest, or a tag; undefined: it is about the whole. */
  id?: string;
  status: string;
  /** Bytes. */
  current?: number;
  total?: number;
}

export type Report = (progress: Progress) => void;
