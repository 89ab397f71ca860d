#!/usr/bin/env node
import { endWithNpm } from './npm-parent.ts';
import { limitYoungHeap } from './young-heap.ts';

// Before anything else is loaded: it begins again.
if (process.argv[2] === 'run') limitYoungHeap();
const { program } = await import('./program.ts');
endWithNpm();
await program().parseAsync(process.argv);
