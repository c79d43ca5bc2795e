/** The odd images of rootfs-fixtures/odd: each is loaded, shown, saved and loaded again, or refused with a reason. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerArchive, ociLayout } from '../../rootfs-fixtures/odd/archive.ts';
import { oddImages } from '../../rootfs-fixtures/odd/images.ts';
import { openImages, type TestImages } from '../support/images.ts';

let images: TestImages;
beforeAll(async () => {
  images = await openImages();
});
afterAll(() => images.close());

const forms = { 'docker archive': dockerArchive, 'OCI layout': ociLayout };

describe.each(Object.entries(forms))('as %s', (_form, archiveOf) => {
  it.each(oddImages.filter(({ refused }) => !refused))('$name works', async ({ make }) => {
    const parts = await make();
    const [id = ''] = await images.load(
      await archiveOf({ ...parts, tags: ['docker.io/library/odd:1'] }),
    );
    const image = images.store.find('odd:1');
    expect(image.id).toBe(id);
    expect(image.diffIds).toHaveLength(parts.layers.length);
    expect(images.history(image).length).toBeGreaterThan(0);
    const saved = await images.save('odd:1');
    await images.clear();
    expect(await images.load(saved)).toEqual([id]);
    expect((await images.save('odd:1')).equals(saved)).toBe(true);
    await images.clear();
    expect(images.leftovers()).toEqual([]);
  });

  it.each(oddImages.filter(({ refused }) => refused))(
    '$name is refused',
    async ({ make, refused }) => {
      const archive = await archiveOf(await make());
      await expect(images.load(archive)).rejects.toThrow(refused);
      await expect(images.load(archive)).rejects.toMatchObject({ kind: 'invalid' });
      expect(images.leftovers()).toEqual([]);
    },
  );
});
