// A converter that another language's toolchain makes.
//
// A frame is a command, a word with arguments behind it, as in the guest
// `misbehaving`. What has nothing to say returns no entity. Entities without a
// name of their own are called `javascript`.
//
// The contract's `result<list<entity>, string>` in JavaScript: returning is
// `ok`, throwing a string is `err`. Anything else that is thrown is a trap.

import { metadata } from 'tb:converter/context@0.1.0';
import { log } from 'tb:converter/logging@0.1.0';

/// How many calls this instance has served.
let calls = 0;

const COMMANDS = {
  // echo NAME KEY VALUE: an entity with one value, a text.
  echo(text) {
    const [, name, key, value] = /^(\S+) (\S+) (.*)$/s.exec(text) ?? [];
    if (name === undefined) {
      throw 'echo takes NAME KEY VALUE';
    }
    return [device(name, { key, value: { tag: 'text', val: value } })];
  },
  // metadata KEY: an entity whose telemetry has the key, if it is known.
  metadata(key) {
    const value = metadata(key);
    return value === undefined ? [] : [javascript(key, 'text', value)];
  },
  // count: how many calls this instance has served, this one included.
  count: () => [javascript('count', 'long', BigInt(calls))],
  // random: a number from 0 to 999 999 999, whole because ThingsBoard keeps a
  // double of many decimals as text.
  random: () => [javascript('random', 'long', BigInt(Math.floor(Math.random() * 1e9)))],
  // time: milliseconds since 1970.
  time: () => [javascript('time', 'long', BigInt(Date.now()))],

  // error TEXT: a frame that cannot be decoded.
  error(text) {
    throw text;
  },
  // throw TEXT: an exception that nobody catches. The toolchain takes it for the
  // text of an `err`, fails to, and traps; TEXT is lost.
  throw(text) {
    throw new Error(text);
  },
  // spin: until the deadline.
  spin() {
    for (;;) {}
  },

  // print TEXT, eprint TEXT: to WASI's standard output and error.
  print(text) {
    console.log(text);
    return [];
  },
  eprint(text) {
    console.error(text);
    return [];
  },
  // log TEXT: to the host's log, at level info.
  log(text) {
    log('info', text);
    return [];
  },
};

export const uplink = {
  decode(frame) {
    calls += 1;
    const [, command, text] = /^(\S*) ?(.*)$/s.exec(new TextDecoder().decode(frame));
    if (!Object.hasOwn(COMMANDS, command)) {
      throw `unknown command ${JSON.stringify(command)}`;
    }
    return COMMANDS[command](text);
  },
};

function javascript(key, tag, val) {
  return device('javascript', { key, value: { tag, val } });
}

function device(name, value) {
  return {
    kind: 'device',
    name,
    profile: 'default',
    telemetry: [{ values: [value] }],
    attributes: [],
  };
}
