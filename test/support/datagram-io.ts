import { createDatagramIo } from '../../src/media/net/create.ts';

/** The socket engine that a worker would choose here; each port's owner closes it. */
export const { io } = await createDatagramIo('auto');
