import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Called, Reading, SubjectCommand, SubjectEvent } from './subject-protocol.ts';

/** Server and application in one process, or one of them. */
export type SubjectPart = [] | ['server'] | ['app', controlPort: string];

/** The process under test, from outside. */
export class Subject {
  readonly #child: ChildProcess;
  /** `address:port` of its UDP listener. */
  readonly address: string;

  /** Where applications connect. */
  readonly controlPort: number;

  private constructor(child: ChildProcess, address: string, controlPort: number) {
    this.#child = child;
    this.address = address;
    this.controlPort = controlPort;
  }

  static async start(...part: SubjectPart): Promise<Subject> {
    const child = fork(new URL('./subject-main.ts', import.meta.url), part, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [event] = (await once(child, 'message')) as [SubjectEvent];
    if (event.type !== 'ready') throw new Error(`the subject began with ${event.type}`);
    // All of its threads on one core: what is promised is promised of one core.
    execFileSync('taskset', ['-a', '-p', '-c', '0', String(child.pid)], { stdio: 'ignore' });
    return new Subject(child, event.address, event.controlPort);
  }

  async #ask(command: SubjectCommand): Promise<SubjectEvent> {
    const answered = once(this.#child, 'message');
    this.#child.send(command);
    const [event] = (await answered) as [SubjectEvent];
    return event;
  }

  async read(type: 'read' | 'settle' = 'read'): Promise<Reading> {
    const event = await this.#ask({ type });
    if (event.type !== 'reading') throw new Error(`asked for a reading, got ${event.type}`);
    return event.reading;
  }

  async call(target: string, rate: number, calls: number): Promise<Called> {
    const event = await this.#ask({ type: 'call', target, rate, calls });
    if (event.type !== 'called') throw new Error(`asked for calls, got ${event.type}`);
    return event.called;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}
