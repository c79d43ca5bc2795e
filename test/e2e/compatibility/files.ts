/** cp, export, import, commit. */
import type { Case } from '../../support/compatibility.ts';
import { ownTarReader, seesMounts } from './reasons.ts';

const made = '$D create --name $N --network none busybox sh -c "cat /in/f" >/dev/null';

export const filesCases: readonly Case[] = [
  {
    row: 'cp',
    script: `${made}; mkdir in; echo hello > in/f; $D cp in $N:/; $D cp $N:/in/f -| tar tf -; $D cp $N:/in out; cat out/f; $D start -a $N`,
  },
  {
    row: 'cp',
    script: `${made}; echo x > f; $D cp -q f $N:/etc/; $D cp f $N:/new; $D cp f $N:/no/such/; echo $?; $D cp nosuch $N:/; echo $?; $D cp $N:/nosuch .; echo $?; $D cp nosuch:/x .; $D cp f $N:/etc/passwd/; echo $?; $D cp a b; $D cp $N:/a $N:/b; $D cp`,
  },
  {
    row: 'cp',
    script: `${made}; tar cf t.tar -C /etc hostname; $D cp - $N:/tmp < t.tar; $D cp $N:/tmp/hostname - | tar xO | wc -l; $D cp - $N:/nosuch < t.tar; echo $?; $D cp -L $N:/bin/sh sh; test -L sh; echo $?; $D cp $N:/bin . ; ls bin | wc -l`,
  },
  {
    row: 'cp',
    script: `$D run -d --name $N --network none --tmpfs /t busybox sleep 1000 >/dev/null; echo x > f; $D cp f $N:/t/f; $D exec $N cat /t/f; $D cp $N:/proc/1/comm comm; cat comm; touch g; chown 12:34 g; chmod 640 g; $D cp -a g $N:/g; $D exec $N stat -c '%u %g %a' /g; $D cp g $N:/h; $D exec $N stat -c '%u %g %a' /h`,
    normalise: [[/Successfully copied [\d.]+k?B/g, 'Successfully copied N']],
    engineDiffers: seesMounts(/^x\nsleep$/m),
  },
  {
    row: 'export',
    script: `$D run --name $N --network none busybox sh -c 'echo x > /mine'; $D export $N | tar tf - | grep -E '^(mine|bin/sh|etc/passwd|dev/console|\\.dockerenv)$' | sort; $D export -o out.tar $N; tar xOf out.tar mine; $D export nosuch; $D export; $D export -o /no/such/dir/x $N`,
  },
  {
    row: 'import',
    script: `$D import busybox.tar $N:a | cut -c 1-7; $D import -c 'CMD ["echo","imported"]' -c 'ENV A=b' -c 'WORKDIR /w' -c 'LABEL l=m' -m 'a message' - $N:b < busybox.tar >/dev/null; $D run --rm --network none $N:b; $D inspect -f '{{json .Config.Cmd}} {{.Config.Env}} {{.Config.WorkingDir}} {{.Config.Labels}} {{.Comment}}' $N:b`,
  },
  {
    row: 'import',
    script: `$D import nosuch.tar; echo $?; $D import -c 'NOSUCH x' busybox.tar $N; echo $?; $D import; $D import busybox.tar BAD; echo not a tar | $D import - $N:c; echo $?`,
    engineDiffers: ownTarReader(/invalid archive: it ends early/),
  },
  {
    row: 'commit',
    script: `$D run --name $N --network none busybox sh -c 'echo kept > /kept'; $D commit -a me -m because -c 'CMD cat /kept' -c 'EXPOSE 80' $N $N:new | cut -c 1-7; $D run --rm --network none $N:new; $D inspect -f '{{.Author}} {{.Comment}} {{json .Config.Cmd}} {{json .Config.ExposedPorts}}' $N:new; $D history --format '{{.CreatedBy}}|{{.Comment}}' $N:new`,
  },
  {
    row: 'commit',
    script: `$D create --name $N busybox >/dev/null; $D commit nosuch; $D commit; $D commit $N BAD; $D commit -c 'NOSUCH x' $N; $D commit $N $N:bad:tag`,
  },
];
