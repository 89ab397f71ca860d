import type { Writable } from 'node:stream';
import { GatewayError } from '../../shared/error.ts';
import type { RecordSink, StoredRecord } from './types.ts';

/** Records into a stream such as standard output, which stays open: it is not ours to end. */
export class RecordStream implements RecordSink {
  readonly batch = 100;
  readonly #stream: Writable;
  /** Without a listener a broken pipe would end the process and with it every call. */
  readonly #onError = (): void => {};

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', this.#onError);
  }

  async take(records: readonly StoredRecord[]): Promise<void> {
    const stream = this.#stream;
    if (!stream.writable) throw new GatewayError('STORE_WRITE', 'The stream of records is not writable.');
    await new Promise<void>((resolve, reject) => {
      stream.write(records.map(({ line }) => `${line}\n`).join(''), (error) => {
        if (error) reject(new GatewayError('STORE_WRITE', `stream of records: ${error.message}`));
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    // An error is emitted after the callback of the write that met it.
    await new Promise((resolve) => setImmediate(resolve));
    this.#stream.off('error', this.#onError);
  }
}
