#!/usr/bin/env node
import { endWithNpm } from './npm-parent.ts';
import { program } from './program.ts';

endWithNpm();
await program().parseAsync(process.argv);
