import type { AdminHandlers, Refusal } from '../../http/index.ts';
import type { Directory } from '../../store/index.ts';
import type { Accounts } from '../accounts.ts';
import { unknownPage } from './answers.ts';

export interface DirectorySources {
  readonly accounts: Accounts;
  /** Opened before the first request. */
  readonly directory: () => Directory;
}

/** Short numbers of consumers. */
export function directoryHandlers({
  accounts,
  directory,
}: DirectorySources): Pick<AdminHandlers, 'listNumbers' | 'setNumber' | 'removeNumber'> {
  return {
    listNumbers: () => ({ status: 200, body: directory().list() }),
    setNumber: ({ params: { number }, body }) => {
      if (!accounts.has(body.pageId)) return { ...unknownPage('pageId'), status: 400 };
      const entry = { number, ...body };
      return directory().set(entry) ? { status: 200, body: entry } : TAKEN;
    },
    removeNumber: ({ params: { number } }) => (directory().remove(number) ? { status: 204 } : NO_NUMBER),
  };
}

const TAKEN: Refusal = {
  status: 409,
  problem: {
    field: 'number',
    message: 'it is the number of another consumer.',
    remedy: 'DELETE it first, if nobody has it in a redial list any more.',
  },
};

const NO_NUMBER: Refusal = {
  status: 404,
  problem: {
    field: 'number',
    message: 'nobody has it.',
    remedy: 'GET /directory lists those that are there.',
  },
};
