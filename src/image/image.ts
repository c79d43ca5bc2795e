/** What the rest of the engine knows of an image. The store that keeps them is `ImageStore`. */

import type { HistoryEntry } from './oci-config.ts';

/** The OCI image configuration's `config` object (image-spec, config.md), as the image has it. */
export interface ImageConfig {
  User?: string;
  ExposedPorts?: Record<string, object> | null;
  Env?: string[] | null;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, object> | null;
  WorkingDir?: string;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  Healthcheck?: object | null;
  OnBuild?: string[] | null;
  Shell?: string[] | null;
}

export interface Image {
  /** `sha256:` and the digest of the configuration's bytes. */
  id: string;
  /** Familiar references that point here, e.g. `busybox:latest`. */
  tags: string[];
  /** Familiar `name@sha256:…` references. */
  digests: string[];
  /** RFC 3339. */
  created: string;
  architecture: string;
  os: string;
  /** Of the architecture: `v7`. */
  variant?: string | undefined;
  author: string;
  comment: string;
  config: ImageConfig;
  /** The steps it was made in, the first first; empty when it does not tell. */
  history: HistoryEntry[];
  /** Uncompressed digests of the layers, bottom first (`rootfs.diff_ids`). */
  diffIds: string[];
  /** Folders of the unpacked layers, absolute, top first: overlay's `lowerdir` order. */
  layerDirs: string[];
  /** Sum of the layers' file sizes, bytes. */
  sizeBytes: number;
}
