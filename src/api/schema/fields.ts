/**
 * Building blocks of the schemas. Go's encoding/json is the measure: `null` or an absent field is the
 * type's zero, unknown fields are ignored; a wrong type is an error that names the field.
 */
import { z } from 'zod';
import { InvalidError } from '../../errors/errors.ts';

export const text = (unset = '') =>
  z
    .string()
    .refine((value) => !value.includes('\0'), 'a NUL is not allowed')
    .nullish()
    .transform((value) => value ?? unset);
export const flag = () =>
  z
    .boolean()
    .nullish()
    .transform((value) => value ?? false);
export const integer = (min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) =>
  z
    .int()
    .min(min)
    .max(max)
    .nullish()
    .transform((value) => value ?? 0);
const plainText = z.string().refine((value) => !value.includes('\0'), 'a NUL is not allowed');
export const orNull = <T extends z.ZodType>(type: T) =>
  type.nullish().transform((value) => value ?? null);
export const texts = () => orNull(z.array(plainText));
/** A list of strings that may also be written as one string (docker's `strslice`). */
export const words = () =>
  orNull(
    z.union(
      [z.array(plainText), plainText.transform((one) => [one])],
      'expected a list of strings',
    ),
  );
export const textMap = () => orNull(z.record(z.string(), z.string()));
/** A set, written as a map to empty objects. */
export const set = () =>
  orNull(
    z.record(
      z.string(),
      z
        .looseObject({})
        .nullable()
        .transform((value): object => value ?? {}),
    ),
  );

/**
 * @param where what the value is, for a fault of the whole
 * @throws InvalidError naming the first field that is wrong
 */
export function check<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.') || where;
  throw new InvalidError(
    `invalid value for ${field}: ${issue?.message.replace(/^Invalid input: /, '')}`,
  );
}
