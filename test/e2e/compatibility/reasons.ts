/** Reasons of differences that several cases share. */
import type { Difference } from '../../support/compatibility.ts';

const because =
  (reason: string) =>
  (shows: RegExp): Difference => ({ reason, shows });

export const newerWords = because(
  'dockerd 20.10 says it in other words than newer Docker, which Petri follows',
);
export const newerFile = because(
  'dockerd 20.10 writes the lines of the file otherwise than newer Docker, which Petri follows',
);
export const newerField = because('newer Docker tells this too, and so does Petri');
export const newerCode = because(
  'dockerd 20.10 answers 126 to an exec of what is not found, newer Docker and Petri 127',
);
export const noPlugins = because('Petri has no plugins, and says which driver there is');
export const ownReason = because(
  'Petri names the step that failed, dockerd what runc was about to do',
);
export const notBuilt = because('the option is not built yet: it is refused, never ignored');
export const ownEngine = because('it is another engine, and says which');
export const ownCommand = because(
  'it is another command: its names, versions and help are its own',
);
export const ownTemplates = because(
  'an error in a template is told in petri’s words, without Go’s types',
);
export const ownJson = because(
  'petri shows what the engine answers, docker what it knows of the answer',
);
export const seesMounts = because(
  'cp sees what is mounted in a running container, dockerd 20.10 only its layers',
);
export const tellsCreateOnce = because(
  'dockerd 20.10 tells of a volume’s creation each time a container asks for it, newer Docker and Petri once',
);
export const prunesAnonymous = because(
  'since API 1.42 a prune of volumes takes those without a name only, and so does Petri’s',
);
export const refusesOtherOptions = because(
  'a volume that has other options than those asked for is a conflict, dockerd drops what was asked for',
);
export const keepsLayers = because(
  'rmi -f of an image that a container uses takes its name; the layers go with the container',
);
export const ownTarReader = because(
  'Petri reads archives itself and says what is wrong, dockerd has it done by a process',
);
