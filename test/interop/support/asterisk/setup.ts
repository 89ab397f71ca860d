import { asteriskMissing, asteriskTree } from './tree.ts';

/** Before the test files: makes what all of them share, where it can be made. */
export async function setup(): Promise<void> {
  if (asteriskMissing() === undefined) await asteriskTree();
}
