import type { Command } from 'commander';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { commandTree } from './tree.ts';
import { zshCompletion } from './zsh.ts';

/** @param shell bash, zsh or fish */
export function completionFor(shell: string, msgw: Command): string {
  const tree = commandTree(msgw);
  if (shell === 'zsh') return zshCompletion(tree);
  return shell === 'fish' ? fishCompletion(tree) : bashCompletion(tree);
}
