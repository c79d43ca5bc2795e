/** images, tag, rmi, history. */
import type { Case } from '../../support/compatibility.ts';
import { keepsLayers, newerWords } from './reasons.ts';

const tagged = '$D tag busybox $N:one; $D tag busybox $N:two';

export const imagesCases: readonly Case[] = [
  {
    row: 'images',
    script: `${tagged}; $D images $N; $D images -q $N; $D images --no-trunc $N:one; $D images --digests $N:two; $D image ls nosuch`,
  },
  {
    row: 'images',
    exact: true,
    script: `${tagged}; $D images --format 'table {{.Repository}}\\t{{.Tag}}' $N; $D images --format '{{.Repository}}:{{.Tag}} {{.Digest}}' $N; $D images --format json $N:one`,
    normalise: [
      [/"Size":"[\d.]+MB"|"VirtualSize":"[\d.]+MB"/g, 'SIZE'],
      [/"UniqueSize":"[^"]*"/g, 'UNIQUE'],
    ],
  },
  {
    row: 'images',
    alone: true,
    script: `${tagged}; $D images --filter reference=$N --format '{{.Tag}}'; $D images --filter dangling=true -q | wc -l; $D images --filter label=x -q; $D images --filter since=busybox -q; $D images --filter nosuch=x; $D images --filter bad; $D images -a -q | sort -u | wc -l`,
    engineDiffers: newerWords(/invalid filter 'nosuch'/),
  },
  {
    row: 'tag',
    script: `$D tag busybox $N; $D images --format '{{.Repository}}:{{.Tag}}' $N; $D tag nosuch x; $D tag busybox BAD; $D tag; $D tag busybox $N:'b d'; $D tag busybox sha256:$(printf a%.0s $(seq 64))`,
  },
  {
    row: 'rmi',
    script: `${tagged}; $D rmi $N:one; $D rmi $N:two nosuch; echo $?; $D rmi; $D rmi -f nosuch; echo $?; $D rmi BAD`,
    engineDiffers: newerWords(/repository name \(library\/BAD\) must be lowercase/),
  },
  {
    row: 'rmi',
    script: `$D import busybox.tar $N:own >/dev/null; $D create --name $N $N:own true >/dev/null; $D rmi $N:own; echo $?; $D tag $N:own $N:more; $D rmi $N:more; $D rmi $(docker images -q $N:own); $D rmi -f $N:own | tail -1; $D ps -a --filter name=$N --format '{{.Image}}'`,
    normalise: [
      [/sha256:ID64/g, 'ID'],
      [/ID12/g, 'ID'],
    ],
    engineDiffers: keepsLayers(/Untagged: /),
  },
  {
    row: 'rmi',
    script: `$D import busybox.tar $N:own >/dev/null; $D tag $N:own $N:more; id=$(docker images -q $N:own); $D rmi $id; echo $?; $D rmi -f $id | sort | head -2; $D images -q $N | wc -l`,
  },
  {
    row: 'history',
    script: `$D import -m hello -c 'ENV A=b' busybox.tar $N:h >/dev/null; $D history $N:h; $D history -q $N:h; $D history --no-trunc $N:h; $D history -H=false --format '{{.Size}} {{.Comment}} {{.CreatedBy}}' $N:h; $D history nosuch; $D history`,
    normalise: [[/\b[\d.]+MB|\d{7}/g, 'SIZE']],
  },
];
