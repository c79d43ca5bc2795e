/** volume create, ls, inspect, rm, prune; volumes and mounts of run. */
import type { Case } from '../../support/compatibility.ts';
import {
  newerWords,
  ownReason,
  prunesAnonymous,
  refusesOtherOptions,
  tellsCreateOnce,
} from './reasons.ts';

const RUN = '$D run --rm --network none';
/** Where an engine keeps its volumes is its own affair. */
const places: Case['normalise'] = [[/\/\S*\/volumes\//g, 'VOLUMES/']];

export const volumesCases: readonly Case[] = [
  {
    row: 'volume create',
    script: `$D volume create $N; $D volume create $N; $D volume create --label a=b --label c $N-2; $D volume inspect -f '{{json .Labels}} {{.Driver}} {{.Scope}}' $N-2; id=$($D volume create | wc -c); echo $id; $D volume create --name $N-3; $D volume create -d local -o type=tmpfs -o device=tmpfs -o o=size=1m $N-4; $D volume inspect -f '{{.Options.o}}' $N-4`,
  },
  {
    row: 'volume create',
    script: `$D volume create x; $D volume create a/b; $D volume create -- -x; $D volume create ..; $D volume create -o nosuch=x $N; $D volume create -o type=tmpfs $N; $D volume create -o o=bind $N; $D volume create --nosuch; $D volume create --name $N $N`,
    engineDiffers: newerWords(/too short/),
  },
  {
    row: 'volume create',
    script: '$D volume create -d nosuch $N',
  },
  {
    row: 'volume create',
    script: `$D volume create -o type=tmpfs -o device=tmpfs $N; $D volume create -o type=tmpfs -o device=other $N`,
    engineDiffers: refusesOtherOptions(/already exists with other options/),
  },
  {
    row: 'volume ls',
    script: `$D volume create $N-b >/dev/null; $D volume create --label a=b $N-a >/dev/null; $D create --name $N -v $N-b:/x busybox >/dev/null
      $D volume ls -f name=$N; $D volume ls -qf name=$N; $D volume list -q -f name=$N -f dangling=true; $D volume ls -qf name=$N -f dangling=false; $D volume ls -q -f name=$N -f label=a; $D volume ls -q -f label=a=c -f name=$N; $D volume ls -q -f driver=nosuch; $D volume ls -q -f driver=local -f name=$N-a`,
  },
  {
    row: 'volume ls',
    script: `$D volume create --label a.b=c $N >/dev/null; $D volume ls -f name=$N --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}} {{.Label "a.b"}} {{.Links}} {{.Size}} {{.Mountpoint}}'; $D volume ls -f name=$N --format 'table {{.Name}}\\t{{.Label "a.b"}}'; $D volume ls -f name=$N --format json; $D volume ls -f name=$N --format '{{json .}}'`,
    normalise: places,
  },
  {
    row: 'volume ls',
    script: `$D volume ls -f nosuch=x; $D volume ls -f dangling=x; $D volume ls x; $D volume ls --format '{{.Nosuch}}' -f name=none`,
    engineDiffers: newerWords(/invalid filter 'nosuch/),
  },
  {
    row: 'volume inspect',
    script: `$D volume create --label a=b -o type=tmpfs -o device=tmpfs $N >/dev/null; $D volume inspect $N; $D volume inspect -f '{{.Name}} {{.Mountpoint}}' $N; $D inspect --type volume -f '{{.Name}}' $N; $D inspect -f '{{.Driver}}' $N`,
    normalise: places,
  },
  {
    row: 'volume inspect',
    script: `$D volume inspect nosuch; echo $?; $D volume inspect; $D volume inspect -f '{{.Nosuch}}' nosuch`,
  },
  {
    row: 'volume rm',
    script: `$D volume create $N >/dev/null; $D volume create $N-2 >/dev/null; $D create --name $N -v $N:/x busybox >/dev/null; $D volume rm $N; echo $?; $D volume rm -f $N; echo $?; $D volume rm $N-2 nosuch; echo $?; $D volume rm -f nosuch; echo $?; $D rm $N; $D volume rm $N; $D volume rm; $D volume ls -qf name=$N`,
  },
  {
    row: 'volume prune',
    alone: true,
    script: `$D volume create $N >/dev/null; $D volume create >/dev/null; $D volume prune -f | grep -v "^Total" | sed "s/^[0-9a-f]\\{64\\}$/anonymous/" | sort; echo left; $D volume ls -q; $D volume rm -f $N >/dev/null`,
    engineDiffers: prunesAnonymous(/left\nc\d+$/m),
  },
  {
    row: 'volume prune',
    script: `$D volume prune -f --filter nosuch=x; $D volume prune x; $D volume prune -f --filter label=nobody-has-this`,
    engineDiffers: newerWords(/invalid filter 'nosuch/),
  },

  {
    row: 'run: volumes',
    script: `${RUN} -v $N:/data busybox sh -c 'echo kept > /data/f; ls -ld /data | cut -c 1-10'; ${RUN} -v $N:/data:ro busybox sh -c 'cat /data/f; touch /data/g'; echo $?; ${RUN} -v $N:/etc2:nocopy busybox ls /etc2; $D volume ls -qf name=$N`,
  },
  {
    row: 'run: volumes',
    script: `${RUN} -v $N:/etc busybox true; ${RUN} -v $N:/x busybox sh -c 'ls -l /x/passwd | cut -c 1-10; ls /x | grep -cE "^(group|passwd)$"'; ${RUN} -v $N-2:/etc:nocopy busybox ls /etc/passwd; ${RUN} -v $N-3:/bin/busybox busybox true; echo $?`,
    engineDiffers: newerWords(/cannot mount volume over existing file/),
  },
  {
    row: 'run: volumes',
    script: `$D run --name $N --network none -v /anonymous busybox sh -c 'echo x > /anonymous/f'; $D run --name $N-2 --network none --volumes-from $N busybox cat /anonymous/f; ${RUN} --volumes-from $N:ro busybox touch /anonymous/g; ${RUN} --volumes-from nosuch busybox; ${RUN} --volumes-from $N:x busybox; $D inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.Driver}} {{.Mode}} {{.RW}} {{.Propagation}}{{end}}' $N $N-2; $D rm -v $N $N-2`,
  },
  {
    row: 'run: volumes',
    script: `$D create --name $N -v $N:/a -v $N:/b:ro --mount type=volume,src=$N-2,dst=/c,readonly --mount type=volume,dst=/d -v /e busybox >/dev/null; $D inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.Driver}} {{.Mode}} {{.RW}}|{{end}}' $N | tr '|' '\\n' | sort; $D ps -a --filter volume=$N --format '{{.Names}} {{.LocalVolumes}}'; $D ps -aq --filter volume=/c | wc -l`,
  },
  {
    row: 'run: volumes',
    script: `for spec in x:/y a/b:/x $N:y $N:/proc $N:/ $N:/x:shared $N:/x:bad $N:/x:ro:z :/x /x: $N: ; do ${RUN} -v $spec busybox true 2>&1 | head -1; done; $D volume ls -qf name=$N`,
    engineDiffers: newerWords(/inside \/proc/),
  },
  {
    row: 'run: volumes',
    script: `for spec in type=volume,src=$N type=volume,dst=/x,readonly type=volume,src=$N,dst=/x,bind-propagation=shared type=volume,src=$N,dst=x type=bind,src=/nosuch,dst=/x type=bind,dst=/x type=tmpfs,src=x,dst=/x type=nosuch,dst=/x src=$N,dst=/x,nosuch=1 type=volume,src=$N,dst=/x,volume-opt=nosuch=1 type=bind,src=/tmp,dst=/x,bind-recursive=writable; do ${RUN} --mount $spec busybox true 2>&1 | head -1; done; $D volume ls -qf name=$N`,
    engineDiffers: newerWords(/invalid option: "nosuch"/),
  },
  {
    row: 'run: volumes',
    script: `$D volume create -o type=none -o device=/no/such -o o=bind $N >/dev/null; ${RUN} -v $N:/x busybox true; echo $?`,
    normalise: [[/\/\S*\/_data/g, 'DATA']],
    engineDiffers: ownReason(/failed to mount local volume/),
  },
  {
    row: 'events',
    script: `from=$(date +%s.%N); $D volume create $N >/dev/null; ${RUN} -v $N:/x:ro busybox true; $D volume rm $N >/dev/null; sleep 0.2
      $D events --since $from --until $(date +%s.%N) --filter volume=$N --format '{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.driver}} {{index .Actor.Attributes "destination"}} {{index .Actor.Attributes "read/write"}}'`,
    engineDiffers: tellsCreateOnce(/^exit 0\n--- stdout\nvolume create \w+ local +\nvolume mount/),
  },
  {
    row: 'cp',
    script: `$D create --name $N -v $N:/deep/data busybox cat /deep/data/f >/dev/null; echo in > f; $D cp -q f $N:/deep/data; $D start -a $N; $D cp $N:/deep/data/f - | tar xO; $D export $N | tar tf - | grep ^deep`,
  },
];
