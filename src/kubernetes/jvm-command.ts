import { asList, asText, own, type JsonObject } from '../core/json.ts';
import { javaPrograms, launcherRows } from './jvm-evidence-data.ts';
import { hasRuntimeWord, wordSet } from './jvm-image.ts';
import { pointsOf, type Sign } from './jvm-signs.ts';
import { shellRows, toolRows } from './jvm-veto-data.ts';

/** What a command line says: `java` decides, a launcher speaks for a JVM, tools alone speak against one. */
export interface CommandEvidence {
  readonly signs: readonly Sign[];
  /** A JVM is started by name: beats every doubt about the image. */
  readonly java: boolean;
  /** Nothing but tools runs, whatever the image holds. */
  readonly onlyTools: string | undefined;
}

type Kind = 'java' | 'launcher' | 'tool' | 'unknown';

/** One program of a command line. */
interface Program {
  readonly kind: Kind;
  readonly name: string;
}

/** Command lines are shorter by far; hostile ones are cut. */
const maxWordLength = 4096;
const maxWords = 64;
const maxParts = 128;

const tools = wordSet(toolRows);
const shellWords = wordSet(shellRows);
const launchers = pointsOf(launcherRows);
const shells = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'busybox']);
const userSwitchers = new Set(['gosu', 'su-exec', 'timeout', 'runuser', 'chroot']);

const heapFlags = [
  '-Xmx',
  '-Xms',
  '-Xss',
  '-XX:',
  '-javaagent:',
  '-agentlib:',
  '-agentpath:',
  '-Dspring.',
  '--spring.',
  '-Djava.',
];

/** Weighs `command` and `args` of a container. */
export function commandEvidence(container: JsonObject): CommandEvidence {
  const command = wordsOf(container, 'command');
  const words = [...command, ...wordsOf(container, 'args')].slice(0, maxWords);
  const programs = programsOf(words);
  const java =
    programs.some(({ kind }) => kind === 'java') || (words.includes('-jar') && !programs.some(({ kind }) => kind === 'tool'));
  return { java, signs: signsOf(words, programs, java), onlyTools: java ? undefined : onlyTools(programs, command.length > 0) };
}

function wordsOf(container: JsonObject, field: string): readonly string[] {
  return asList(own(container, field))
    .slice(0, maxWords)
    .map((word) => (asText(word) ?? '').slice(0, maxWordLength));
}

function signsOf(words: readonly string[], programs: readonly Program[], java: boolean): readonly Sign[] {
  if (java) return [{ reason: 'command:java', points: 100 }];
  const launcher = programs.find(({ kind }) => kind === 'launcher');
  if (launcher !== undefined) return [{ reason: `command:${launcher.name}`, points: 100 }];
  const flag = heapFlags.find((prefix) => words.some((word) => word.startsWith(prefix)));
  if (flag !== undefined) return [{ reason: `command:${flag}`, points: 60 }];
  if (words.some(isProperty)) return [{ reason: 'command:-D', points: 60 }];
  return words.some((word) => word.startsWith('org.springframework.boot.loader.') || isJar(word))
    ? [{ reason: 'command:jar', points: 60 }]
    : [];
}

/** `-Dhttp.port=80`: a system property. Other programs' -D takes no dotted name. */
function isProperty(word: string): boolean {
  if (!word.startsWith('-D')) return false;
  const [name = '', ...value] = word.slice(2).split('=', 2);
  return value.length > 0 && name.includes('.') && !name.includes('/');
}

function isJar(word: string): boolean {
  return (word.endsWith('.jar') || word.endsWith('.war')) && !word.includes(' ');
}

/** Only a command replaces the image's entrypoint; arguments alone do so when they are a shell, a sleep or a download. */
function onlyTools(programs: readonly Program[], isCommand: boolean): string | undefined {
  const first = programs[0];
  if (first === undefined || programs.some(({ kind }) => kind !== 'tool')) return undefined;
  return isCommand || first.name === 'sleep' || first.name === 'tail' || first.name === 'curl' ? first.name : undefined;
}

/** The programs that a command line starts: one, or those of the script behind `sh -c`. */
function programsOf(words: readonly string[]): readonly Program[] {
  const start = firstProgram(words);
  const word = words[start] ?? '';
  if (word === '') return [];
  if (!shells.has(nameOf(word))) return [programOf(word)];
  const rest = words.slice(start + 1);
  const script = rest.find((argument) => !argument.startsWith('-') && argument !== '') ?? '';
  return rest.some((argument) => argument.startsWith('-') && argument.endsWith('c'))
    ? scriptPrograms(script)
    : scriptFile(script);
}

/** A shell without -c runs a file, whose content nobody knows. */
function scriptFile(path: string): readonly Program[] {
  return path === '' ? [] : [programOf(path)];
}

/** Splits a script into simple commands, well enough to see which programs it starts. */
function scriptPrograms(script: string): readonly Program[] {
  return script
    .split(/[;\n|&`()]/, maxParts)
    .map(wordsOfPart)
    .flatMap((words) => {
      const word = words[firstProgram(words)];
      return word === undefined || word.startsWith('#') ? [] : shellProgram(word, words);
    });
}

/** Without the interpreter of a `#!` line: in one-line scripts the first command stands behind it. */
function wordsOfPart(part: string): readonly string[] {
  const words = part.split(/\s+/).filter((word) => word !== '');
  return words[0]?.startsWith('#!') === true ? words.slice(1).filter((word) => !shells.has(nameOf(word))) : words;
}

/** `java` counts anywhere behind a wrapper that is not known (`exec gosu app java`), but not behind a tool (`echo java`). */
function shellProgram(word: string, words: readonly string[]): readonly Program[] {
  const program = programOf(word);
  if (program.kind !== 'unknown') return [program];
  return words.some((other) => javaPrograms.has(nameOf(other))) ? [{ kind: 'java', name: 'java' }] : [program];
}

/** Index of the first word that is no wrapper, no assignment, no flag of a wrapper and no shell keyword. */
function firstProgram(words: readonly string[]): number {
  let index = 0;
  while (index < words.length && isPreamble(words[index] ?? '')) index += userSwitchers.has(nameOf(words[index] ?? '')) ? 2 : 1;
  return index;
}

function isPreamble(word: string): boolean {
  if (word.startsWith('-') || shellWords.has(word)) return true;
  const name = nameOf(word);
  return shellWords.has(name) || userSwitchers.has(name) || isAssignment(word);
}

function isAssignment(word: string): boolean {
  const equals = word.indexOf('=');
  return equals > 0 && !word.slice(0, equals).includes('/');
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).toLowerCase();
}

function programOf(path: string): Program {
  const name = nameOf(path);
  if (javaPrograms.has(name)) return { kind: 'java', name };
  const bare = name.endsWith('.sh') ? name.slice(0, -3) : name;
  if (launchers.has(name) || launchers.has(bare)) return { kind: 'launcher', name: bare };
  if (isFromServer(path) || (bare.startsWith('kafka-') && name !== bare)) return { kind: 'launcher', name: bare };
  return { kind: tools.has(name) ? 'tool' : 'unknown', name };
}

/** `/opt/apache-tomcat-9/bin/start.sh`: a script out of the directory of an application server. */
function isFromServer(path: string): boolean {
  const directory = path.slice(0, Math.max(0, path.lastIndexOf('/'))).toLowerCase();
  return path.endsWith('.sh') && hasRuntimeWord(directory.split(/[-_./]/));
}
