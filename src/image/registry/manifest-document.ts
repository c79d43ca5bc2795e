/** Whether a document is the one kind of thing its header, its media type and its fields all say it is. */
import { InvalidError } from '../../errors/errors.ts';
import { mediaTypes, parseDigest } from '../descriptor.ts';

const indexes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];
const manifests: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];

/** More parts than any image has; each is a request. */
const partsMax = 1000;

type Document = Record<string, unknown>;

/**
 * @param header the answer's Content-Type; without one the document must say what it is
 * @param name for the error
 * @returns the media type
 * @throws InvalidError saying what does not agree
 */
export function assertManifest(bytes: Buffer, header: string | undefined, name: string): string {
  const refuse = (why: string): never => {
    throw new InvalidError(`invalid manifest for ${name}: ${why}`);
  };
  const document = parse(bytes) ?? refuse('it is no JSON object');
  const { mediaType: own } = document;
  if (own !== undefined && typeof own !== 'string') refuse('its mediaType is no text');
  const mediaType = String(header ?? own ?? '');
  const isIndex = indexes.includes(mediaType);
  if (!isIndex && !manifests.includes(mediaType))
    refuse(`unsupported media type ${JSON.stringify(mediaType.slice(0, 100))}`);
  if (own !== undefined && own !== mediaType)
    refuse(
      `the registry says it is ${mediaType}, the document ${JSON.stringify(String(own).slice(0, 100))}`,
    );
  if (document.schemaVersion !== 2) refuse('its schemaVersion is not 2');
  assertOneSpelling(document, refuse);
  if (isIndex) assertIndex(document, refuse);
  else assertImage(document, refuse);
  return mediaType;
}

type Refuse = (why: string) => never;

const fields = ['schemaVersion', 'mediaType', 'config', 'layers', 'manifests', 'fsLayers'];

/** A reader in Go takes `Layers` for `layers`: what two readers understand differently is refused. */
function assertOneSpelling(document: Document, refuse: Refuse): void {
  for (const key of Object.keys(document)) {
    const meant = fields.find((field) => field.toLowerCase() === key.toLowerCase());
    if (meant !== undefined && meant !== key)
      refuse(`the field ${JSON.stringify(key.slice(0, 40))}`);
  }
}

function assertIndex(document: Document, refuse: Refuse): void {
  for (const field of ['config', 'layers', 'fsLayers'])
    if (document[field] !== undefined) refuse(`an index has no ${field}`);
  for (const one of list(document.manifests, 'manifests', refuse)) assertDescriptor(one, refuse);
}

function assertImage(document: Document, refuse: Refuse): void {
  for (const field of ['manifests', 'fsLayers'])
    if (document[field] !== undefined) refuse(`an image's manifest has no ${field}`);
  assertDescriptor(document.config, refuse);
  for (const one of list(document.layers, 'layers', refuse)) assertDescriptor(one, refuse);
}

function list(value: unknown, field: string, refuse: Refuse): unknown[] {
  if (!Array.isArray(value)) return refuse(`${field} is no list`);
  if (value.length > partsMax) refuse(`${field} has more than ${partsMax} entries`);
  return value;
}

/** The URLs of foreign layers are not read: nothing is fetched from where a manifest points to. */
function assertDescriptor(value: unknown, refuse: Refuse): void {
  if (typeof value !== 'object' || value === null) refuse('a descriptor is no object');
  const { mediaType, digest, size } = value as Document;
  if (typeof mediaType !== 'string' || mediaType === '') refuse('a descriptor has no mediaType');
  try {
    parseDigest(digest);
  } catch (error) {
    refuse((error as Error).message);
  }
  if (!Number.isSafeInteger(size) || (size as number) < 0)
    refuse(`a descriptor's size is ${String(JSON.stringify(size)).slice(0, 40)}`);
}

function parse(bytes: Buffer): Document | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Document) : undefined;
  } catch {
    return undefined; // told by the caller
  }
}
