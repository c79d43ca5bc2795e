/** Names of containers: docker's grammar, and `adjective_noun` for those that were given none. */
import { randomInt } from 'node:crypto';
import { InvalidError, SystemError } from '../errors/errors.ts';

const ADJECTIVES =
  'able amber ample apt azure bold brave bright brisk calm candid clear clever crisp curious daring deft eager earnest fair fine fond free fresh gentle glad golden grand hardy honest humble jolly keen kind lively loyal lucid lucky merry mild modest neat noble patient plain polite prime proud quick quiet rapid ready serene sharp silent simple sleek smart smooth snug solid sound spry steady stout sunny swift tidy true upbeat vivid warm wise witty young zesty'.split(
    ' ',
  );
const NOUNS =
  'agar alga amoeba aster bacillus beaker birch burette cedar cell cilia clay clover colony comet coral crystal culture diatom enzyme fern flask fungus genome helix hyphae ivy kelp larch lens lichen lotus lupin mold moss mycelium nectar nucleus oak opal orchid organelle osmosis petal pine pipette plankton plasma pollen polyp quartz reed ribosome root sage seed slide spore sprout stamen stem sundew thistle tulip vacuole vial willow yeast yew zygote'.split(
    ' ',
  );

const GRAMMAR = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const MAX_LENGTH = 255;

/**
 * @param name with or without the leading slash that old clients send
 * @returns the name without it
 * @throws InvalidError with docker's words
 */
export function assertName(name: string): string {
  const plain = name.replace(/^\//, '');
  if (!GRAMMAR.test(plain))
    throw new InvalidError(
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  if (plain.length > MAX_LENGTH)
    throw new InvalidError(
      `Invalid container name: ${plain.length} characters, at most ${MAX_LENGTH} are allowed`,
    );
  return plain;
}

/** A name nobody has. */
export function randomName(taken: { byName(name: string): unknown }): string {
  for (let attempt = 0; attempt < 100; attempt++) {
    const name = `${pick(ADJECTIVES)}_${pick(NOUNS)}${attempt > 5 ? randomInt(10_000) : ''}`;
    if (!taken.byName(name)) return name;
  }
  throw new SystemError('cannot find a free name for the container: name it with --name');
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] as string;
}
