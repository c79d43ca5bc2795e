/** Images as `GET /images/json`, `/images/{name}/json` and `/images/{name}/history` show them. */
import type { HistoryItem } from '../../image/history.ts';
import type { Image } from '../../image/image.ts';
import { unixSeconds } from './durations.ts';

/**
 * @param containers how many use it
 * @param sharedSize bytes it has in common with others; of both -1 says that nobody has counted
 */
export function imageSummary(image: Image, containers = -1, sharedSize = -1): object {
  return {
    Containers: containers,
    Created: unixSeconds(image.created),
    Id: image.id,
    Labels: image.config.Labels ?? null,
    ParentId: '',
    RepoDigests: image.digests,
    RepoTags: image.tags,
    SharedSize: sharedSize,
    Size: image.sizeBytes,
    VirtualSize: image.sizeBytes,
  };
}

export function imageDetail(image: Image): object {
  const [top, ...lower] = image.layerDirs;
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    Parent: '',
    Comment: image.comment,
    Created: image.created,
    DockerVersion: '',
    Author: image.author,
    Config: configView(image),
    // Left out by newer dockerds. docker-compose 1.29 looks there for the volumes it has to carry over.
    ContainerConfig: configView(image),
    Architecture: image.architecture,
    ...(image.variant && { Variant: image.variant }),
    Os: image.os,
    Size: image.sizeBytes,
    VirtualSize: image.sizeBytes,
    GraphDriver: {
      Data: { ...(lower.length ? { LowerDir: lower.join(':') } : {}), UpperDir: top ?? '' },
      Name: 'overlay2',
    },
    RootFS: { Type: 'layers', Layers: image.diffIds },
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
  };
}

/** Steps that end in no image of ours are docker's `<missing>`. */
export function imageHistory(items: readonly HistoryItem[]): object[] {
  return items.map(({ image, created, createdBy, comment, sizeBytes }) => ({
    Comment: comment,
    Created: unixSeconds(created),
    CreatedBy: createdBy,
    Id: image?.id ?? '<missing>',
    Size: sizeBytes,
    Tags: image?.tags.length ? image.tags : null,
  }));
}

function configView({ config }: Image): object {
  return {
    Hostname: '',
    Domainname: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Image: '',
    ...config,
    User: config.User ?? '',
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    Entrypoint: config.Entrypoint ?? null,
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? null,
  };
}
