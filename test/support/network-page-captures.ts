/** What docs/network.md shows, in its order, and what each line means. */
import type { Capture } from './network-page.ts';

/** Runs a command in a place and gives what it prints. */
type Run = (command: string) => string;
type Meanings = Capture['meanings'];

export function captures(places: { host: Run; web: Run; lone: Run }): Capture[] {
  const on = (
    place: keyof typeof places,
    title: string,
    intro: string,
    command: string,
    meanings: Meanings,
  ): Capture => ({
    title,
    intro,
    command: place === 'host' ? command : `petri exec ${place} ${command}`,
    output: places[place](command),
    meanings,
  });
  return [
    on(
      'host',
      'Links',
      'On the host: its own two links, a bridge for each network, and the host’s end of a cable for each container.',
      'ip -br link',
      links,
    ),
    on(
      'host',
      'Addresses',
      'A bridge has its network’s first address: it is the way out for the containers.',
      'ip -br addr',
      addresses,
    ),
    on('host', 'Routes', 'Each network is one hop away, through its bridge.', 'ip route', routes),
    on(
      'web',
      'Inside web',
      'The container’s network namespace has two links of its own and sees none of the host’s.',
      'ip addr',
      inside,
    ),
    on(
      'web',
      'Routes of web',
      'What is not in its own network goes to the bridge.',
      'ip route',
      insideRoutes,
    ),
    on(
      'web',
      'IPv6 routes of web',
      'The network has IPv6, so the same again.',
      'ip -6 route',
      insideRoutes,
    ),
    on(
      'web',
      'Names in web',
      'On a network of a user names are asked of 127.0.0.11. Rules in the container’s own namespace lead there.',
      'nft list ruleset',
      names,
    ),
    on(
      'lone',
      'Names in lone',
      'The default network has no names: the container asks the host’s name servers itself, and there is no rule.',
      'nft list ruleset',
      [],
    ),
    on(
      'host',
      'Rules',
      'One table for all networks. Its rules name none of them: they look things up in sets and maps.',
      'nft list table inet petri',
      rules,
    ),
  ];
}

const links: Meanings = [
  [/^lo /, 'loopback'],
  [/^out0 /, 'the link by which this host reaches the outside'],
  [/^petri0 /, 'the bridge of the network called bridge; its address is made of 10.88.0.1'],
  [/^br-shop /, 'the bridge of shop'],
  [/^veth00000001 /, 'the other end is eth0 in lone'],
  [/^veth00000002 /, 'the other end is eth0 in db'],
  [/^veth00000003 /, 'the other end is eth0 in web'],
];

const addresses: Meanings = [
  [/^lo /, 'loopback'],
  [/^out0 /, 'what leaves for the outside gets this address'],
  [/^petri0 /, 'the gateway of lone'],
  [
    /^br-shop /,
    'the gateway of db and web, of both families; fe80:: is what IPv6 gives every link',
  ],
  [/^veth/, 'a port of a bridge needs no address'],
];

const routes: Meanings = [
  [/^default /, 'everything else: where the host is connected'],
  [/^10\.88\.0\.0\/16 /, 'the network bridge'],
  [/^10\.89\.0\.0\/24 /, 'the network shop'],
  [/^198\.51\.100\.0\/24 /, 'the host’s own neighbours'],
];

const inside: Meanings = [
  [/^lo:/, 'its own loopback: nothing of the host answers here'],
  [/link\/loopback/, ''],
  [/inet 127\.0\.0\.1/, 'and with it 127.0.0.11, where names are asked for'],
  [/inet6 ::1/, ''],
  [/^eth0:/, 'its end of the cable, with the MTU of the way out'],
  [/link\/ether/, '02:42 and the four bytes of its IPv4 address'],
  [/inet 10\.89\.0\.3/, 'from the network’s pool'],
  [
    /inet6 fd00:89::3/,
    'likewise; nobody is asked first whether he has it, for the engine knows (nodad)',
  ],
  [/inet6 fe80::/, 'what IPv6 gives every link; without IPv6 in the network it is switched off'],
  [/valid_lft/, ''],
];

const insideRoutes: Meanings = [
  [/^default via/, 'the bridge’s own address'],
  [/^10\.89\.0\.0\/24|^fd00:89::\/64/, 'its neighbours, without the host’s help'],
  [/^fe80::/, 'the link itself'],
];

const names: Meanings = [
  [/^table ip petri_names/, 'a table in the container’s namespace; it comes and goes with it'],
  [/chain names/, ''],
  [
    /type filter hook output/,
    'before anything else sees the packet: no connection is tracked because of it',
  ],
  [/daddr 127\.0\.0\.11 udp dport 53/, 'a question goes to the socket that the engine reads …'],
  [/saddr 127\.0\.0\.11 udp sport/, '… and the answer seems to come from port 53'],
  [/daddr 127\.0\.0\.11 tcp dport 53/, 'the same over TCP'],
  [/saddr 127\.0\.0\.11 tcp sport/, ''],
];

const sets: Meanings = [
  [/set bridges/, 'all bridges of this engine'],
  [/set internal/, 'those whose network leads nowhere (--internal): none'],
  [/set within/, 'from which bridge to which containers talk freely: each within itself'],
  [/set subnets4/, 'what nobody outside may address directly'],
  [/set masked4/, 'whose senders take the host’s address on the way out'],
  [/set places4/, 'what a container may call itself, by the bridge it sends from'],
  [/set stays4/, 'what goes back to its own network is not on the way out'],
  [/map wildcard_addresses4/, '-p 8080:80: the container it leads to …'],
  [/map wildcard_ports4/, '… and the port there'],
  [/map exact_addresses4/, '-p 127.0.0.1:5432:5432: ports at one address of the host alone'],
  [/map exact_ports4/, ''],
  [/(set|map) \w+6 /, 'the same for IPv6'],
];

const rules: Meanings = [
  [/^table inet petri/, ''],
  ...sets,
  [/chain guard \{/, 'FIRST: who comes from elsewhere has no business with a container’s address'],
  [/hook prerouting priority raw/, 'before connections are tracked'],
  [/iifname "lo" accept/, 'what the host says to itself'],
  [/nfproto ipv4 goto guard4/, 'each packet meets what is of its family'],
  [/goto guard6/, ''],
  [/chain strangers\d/, 'who does not come from a container:'],
  [/ip6? daddr @subnets\d drop/, 'from outside nobody addresses a container, route or no route'],
  [/chain guard\d/, 'every packet from another link:'],
  [
    /ip daddr 127\.0\.0\.0\/8 drop/,
    'the bridges route loopback addresses for published ports: nobody else gets at them',
  ],
  [/ip saddr 127\.0\.0\.0\/8 drop/, 'nor answers under one'],
  [/iifname != @bridges goto strangers/, 'is it from a container of ours?'],
  [
    /iifname \. ip6? saddr != @places\d drop/,
    'then no container sends under an address that is not of its network',
  ],
  [
    /chain publish \{/,
    'THEN: what is sent to a published port of the host gets the container’s address',
  ],
  [/hook prerouting priority dstnat/, ''],
  [/chain publish_local/, 'the same for what the host itself sends'],
  [/hook output priority -100/, ''],
  [/@exact_addresses\d/, 'a port published at this address: one lookup, however many there are'],
  [/@wildcard_addresses\d/, 'a port published at all addresses'],
  [/chain forward/, 'THEN: what passes from one link to another'],
  [/hook forward priority filter/, ''],
  [/@within accept/, 'within a network'],
  [/[io]ifname @internal drop/, 'an internal network has no way out and none in'],
  [/oifname != @bridges accept/, 'outward, or no matter of ours'],
  [/ct status dnat accept/, 'to a published port, and its answers'],
  [/iifname @bridges drop/, 'from one network to another: no'],
  [/established,related accept/, 'answers from outside'],
  [/^\s*drop$/, 'anything else for a container: no'],
  [
    /chain unredirected/,
    'the host tells nobody of a shorter way: a neighbour reached through a published port is reached through it to the end',
  ],
  [/hook output priority filter/, ''],
  [/redirect drop/, ''],
  [/chain leave/, 'LAST: under which address it leaves'],
  [/hook postrouting/, ''],
  [
    /saddr 127\.0\.0\.0\/8 oifname @bridges masquerade/,
    'from the host’s loopback to a published port: under the bridge’s address',
  ],
  [
    /@stays\d ct status dnat masquerade/,
    'from a container through the host to its own network: the answer must come back the same way',
  ],
  [
    /@masked\d .*masquerade/,
    'outward under the host’s address, or no answer would find its way back',
  ],
];
