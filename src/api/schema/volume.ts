/** The body of `POST /volumes/create`. */
import { z } from 'zod';
import { InvalidError, NotBuiltError } from '../../errors/errors.ts';
import type { VolumeRequest } from '../../volume/create.ts';
import { check, orNull, text, textMap } from './fields.ts';

const body = z.object({
  Name: text(),
  Driver: text(),
  DriverOpts: textMap(),
  Labels: textMap(),
  ClusterVolumeSpec: orNull(z.looseObject({})),
});

/** @throws InvalidError naming the field, NotBuiltError for a volume of a swarm */
export function volumeRequest(value: unknown): VolumeRequest {
  if (value === undefined) throw new InvalidError('got EOF while reading request body');
  const { Name, Driver, DriverOpts, Labels, ClusterVolumeSpec } = check(
    body,
    value ?? {},
    'the body',
  );
  if (ClusterVolumeSpec) throw new NotBuiltError('swarm: volumes of a cluster are not built');
  return { name: Name, driver: Driver, options: DriverOpts, labels: Labels };
}
