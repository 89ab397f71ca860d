import { FAILURES, type FailureRow } from '../../meta/index.ts';
import { FAULT_KINDS } from '../../sim/index.ts';
import { type ContractRow, each, rows, type TestName, tests } from './covers.ts';

const meta = tests('meta');
const failure = meta('failure');
const ERRORS = 'errors';

/** Numbers under which Meta's codes stand for something else by their subcode: read in `code` only. */
const SMALLEST_SUBCODE = 1_000;
/** These come with a parent code of their own as well, and are tested as codes. */
const CODES = new Set([80001, 80006, 80008, 2022]);
/** What has no number is known by its words; examples that tests read. */
const WORDS: readonly string[] = [
  'Invalid appsecret_proof provided in the API argument',
  'The call was already accepted by another app',
  'Metrics of this call were already submitted',
  'The call is still in progress',
  'The call was already accepted',
  'Call already terminated',
  'Your app is not the owner of this call',
  'Call not found',
  'Conflicting media status',
  'The call rate limit was reached',
  'The recipient has not granted call permission',
  'The user gave no permission to be called',
];

/** The error catalogue as the client has it, the forms of an error, and what comes in place of one. */
export function errorRows(): ContractRow[] {
  return [...FAILURES.flatMap(rowsOf), ...formRows(), ...faultRows(), ...throttleRows()];
}

function rowsOf(row: FailureRow): ContractRow[] {
  const of = (what: string, test: TestName | undefined): ContractRow => ({
    of: ERRORS,
    kind: 'error',
    what: `${what}: ${row.meaning}`,
    test,
  });
  const { numbers = [], codes = [], under, text } = row;
  const words = text && WORDS.find((each) => FAILURES.find((other) => other.text?.test(each)) === row);
  return [
    ...numbers.map((number) => of(String(number), numberTest(number))),
    ...codes.map((code) => of(String(code), failure(`the error catalogue > knows code ${code}`))),
    ...(under
      ? [
          of(
            `${under.code}/${under.subcode}`,
            failure(
              'the error catalogue > reads small numbers as codes only: subcodes of other errors use them too',
            ),
          ),
        ]
      : []),
    ...(text
      ? [
          of(
            `"${words ?? text.source}"`,
            words === undefined ? undefined : failure(`the error catalogue > reads "${words}"`),
          ),
        ]
      : []),
  ];
}

function numberTest(number: number): TestName {
  const byCode = number < SMALLEST_SUBCODE || CODES.has(number);
  return failure(
    `the error catalogue > knows ${byCode ? `code ${number}` : `${number}, in code and in error_subcode`}`,
  );
}

function formRows(): ContractRow[] {
  const forms = failure('forms of an error > may be wrapped, flat, or a word');
  return [
    ...each(
      ERRORS,
      'error',
      ['458', '459', '460', '463', '464', '467', '492'].map((n) => `190/${n}`),
      (what) => failure(`the error catalogue > knows code 190 with subcode ${what.slice(4)}`),
    ),
    ...rows(ERRORS, 'form', {
      'wrapped in error': forms,
      flat: forms,
      'in a 2xx': failure('forms of an error > is a failure in a 2xx too'),
      'error_data as text': forms,
      'is_transient: true': failure(
        'forms of an error > gives way to "try again" where it is vague, and only there',
      ),
      fbtrace_id: failure(
        'forms of an error > keeps the trace in the alphabet that Meta uses, and nothing else',
      ),
    }),
    ...each(
      ERRORS,
      'error',
      [400, 401, 403, 404, 408, 429, 500, 503].map((n) => `HTTP ${n}`),
      (what) => failure(`forms of an error > falls back on ${what}`),
    ),
    ...rows(ERRORS, 'error', {
      'network time-out: ambiguous': meta('accept')(
        'a lost reply to accept > is ambiguous after the time-out, which covers the whole exchange',
      ),
      'lost reply: ambiguous': meta('accept')(
        'a lost reply to accept > is ambiguous and never sent again: a reset',
      ),
      'missing right of the app, or no permission of the consumer': failure(
        'the error catalogue > tells missing rights of the app from a consumer who does not want calls',
      ),
    }),
  ];
}

function faultRows(): ContractRow[] {
  const graph = tests('sim')('graph');
  const told: Readonly<Record<string, string>> = {
    error: '{"kind":"error","code":4,"subcode":7,"text":"slow down","httpStatus":429}',
    'flat-error': '{"kind":"flat-error","code":2}',
    'error-in-200': '{"kind":"error-in-200","code":1}',
    'html-500': '{"kind":"html-500"}',
    'success-false': '{"kind":"success-false"}',
    'result-failure': '{"kind":"result-failure"}',
    'empty-200': '{"kind":"empty-200"}',
  };
  const silent: Readonly<Record<string, string>> = {
    reset: 'reset',
    'reset-after': 'reset-after',
    hang: 'hang, until the simulator closes',
    'hang-after': 'hang-after, until the simulator closes',
    slow: 'slow: done at once, told after its time',
  };
  return FAULT_KINDS.map((kind) => {
    const [answer, silence] = [told[kind], silent[kind]];
    const title = answer
      ? `a fault that is told in an answer > ${answer}`
      : silence && `a fault without an answer > ${silence}`;
    return { of: 'simulator, faults', kind: 'error', what: kind, test: title ? graph(title) : undefined };
  });
}

function throttleRows(): ContractRow[] {
  const throttle = meta('throttle');
  return [
    ...each('throttling', 'error', [4, 17, 32, 341, 613, 80001, 80006], (code) =>
      throttle(
        `a Page that Meta throttles > is asked nothing for 60 s after code ${code}; calls are still accepted, rejected and ended`,
      ),
    ),
    ...rows('throttling', 'rule', {
      'Retry-After, estimated_time_to_regain_access': throttle(
        'a Page that Meta throttles > waits as long as Meta says: Retry-After, or the minutes in the usage header',
      ),
      'X-App-Usage, X-Business-Use-Case-Usage': meta('usage')(
        'usage of the rate limits > is the highest of all percentages, with the pool that has it',
      ),
      'simulator, both headers': tests('sim')('graph')(
        'tells the usage of the quota in both headers, or not at all',
      ),
    }),
  ];
}
