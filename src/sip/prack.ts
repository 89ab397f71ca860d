import { ChallengeAnswers } from './challenge.ts';
import type { OnLink } from './context.ts';
import type { InboundResponse } from './link.ts';
import type { Credentials } from './types.ts';

/**
 * Acknowledges a provisional response, when it is a reliable one (RFC 3262 4); where that is challenged, once more with
 * credentials (RFC 3261 22.2). It is not repeated here: the other side sends its response again until it has a PRACK.
 *
 * @param onAnswer gets the 2xx to it
 */
export function prack(
  { link, random }: Pick<OnLink, 'link' | 'random'>,
  response: InboundResponse,
  credentials: Credentials | undefined,
  onAnswer: (answer: InboundResponse) => void = () => {},
): void {
  const rseq = response.header('rseq');
  const { dialogId } = response;
  if (rseq === undefined || dialogId === '') return;
  const rack = { RAck: `${rseq} ${response.header('cseq') ?? ''}` };
  const answers = new ChallengeAnswers(credentials, random);
  const send = (signed: Readonly<Record<string, string>>): void => {
    let uri = '';
    link.send(
      { method: 'PRACK', dialogId, headers: { ...rack, ...signed } },
      {
        onSent: (sent) => {
          uri = sent.uri;
        },
        // The call has just ended: nothing is left to be acknowledged.
        onRefused: () => {},
        onResponse: (answer) => {
          if (answer.status < 200) return;
          const again = answers.next(answer, { method: 'PRACK', uri, body: '' });
          if (again) send(again);
          else if (answer.status < 300) onAnswer(answer);
        },
      },
    );
  };
  send({});
}
