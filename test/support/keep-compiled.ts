import { flushCompileCache } from 'node:module';
import { afterAll } from 'vitest';

// Node writes what it compiled when it ends, and Vitest ends its workers by a signal before that.
afterAll(() => flushCompileCache());
