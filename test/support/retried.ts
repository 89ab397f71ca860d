import type { Reporter, TestCase } from 'vitest/node';

/** Tells of tests that passed only when they were tried again; `.ci/run` repeats the line. */
export class RetriedReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    if ((test.diagnostic()?.retryCount ?? 0) === 0 || test.result().state !== 'passed') return;
    process.stdout.write(
      `\nNOTE: passed only when tried again: ${test.module.relativeModuleId} > ${test.fullName}\n`,
    );
  }
}
